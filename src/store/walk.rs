//! Walks over documents in the order of collection and key.
//!
//! Merges the order of the image with that of the fresh keys, which are copied out a few hundred at a time so that no
//! save waits for a walk. Invariant: every document that exists from the walk's start to its end is met exactly once.

use super::image::Entry;
use super::{Found, Store, ordered};
use crate::document::{Collection, DocumentId};
use std::collections::VecDeque;
use std::ops::Bound;

/// Fresh keys copied out under one lock.
const KEYS_AT_ONCE: usize = 256;

/// One document on the way: in the base, or only in the overlay.
pub enum Step<'s> {
    Base(Entry<'s>),
    Fresh(Box<[u8]>),
}

impl<'s> Step<'s> {
    /// Collection and key.
    pub fn place(&self) -> (u8, &[u8]) {
        match self {
            Step::Base(entry) => (entry.collection, entry.key),
            Step::Fresh(key) => split(key).unwrap_or_default(),
        }
    }

    pub fn base(&self) -> Option<Entry<'s>> {
        match self {
            Step::Base(entry) => Some(*entry),
            Step::Fresh(_) => None,
        }
    }
}

/// Collection and key of an ordered key.
pub fn split(ordered: &[u8]) -> Option<(u8, &[u8])> {
    ordered.split_first().map(|(collection, key)| (*collection, key))
}

pub struct Walk<'s> {
    store: &'s Store,
    rank: u64,
    fresh: VecDeque<Box<[u8]>>,
    /// Fresh keys behind this one were not copied out yet.
    behind: Option<Bound<Box<[u8]>>>,
}

impl<'s> Walk<'s> {
    pub fn from(store: &'s Store, collection: u8, key: &[u8], after: bool) -> Walk<'s> {
        let start = ordered(collection, key);
        Walk {
            store,
            rank: store.base.as_ref().map_or(0, |base| base.rank_of(collection, key, after)),
            fresh: VecDeque::new(),
            behind: Some(if after { Bound::Excluded(start) } else { Bound::Included(start) }),
        }
    }

    fn refill(&mut self) {
        if !self.fresh.is_empty() {
            return;
        }
        let Some(behind) = self.behind.take() else { return };
        let range = (behind.as_ref().map(|key| &**key), Bound::Unbounded);
        self.fresh.extend(self.store.fresh.read().range::<[u8], _>(range).take(KEYS_AT_ONCE).cloned());
        if let Some(last) = self.fresh.back().filter(|_| self.fresh.len() == KEYS_AT_ONCE) {
            self.behind = Some(Bound::Excluded(last.clone()));
        }
    }
}

impl<'s> Iterator for Walk<'s> {
    type Item = Step<'s>;

    fn next(&mut self) -> Option<Step<'s>> {
        self.refill();
        let base = self.store.base.as_ref().and_then(|base| base.ranked(self.rank));
        let fresh_first = match (&base, self.fresh.front().and_then(|key| split(key))) {
            (Some(entry), Some(place)) => place < (entry.collection, entry.key),
            (None, fresh) => fresh.is_some(),
            (Some(_), None) => false,
        };
        if fresh_first {
            return self.fresh.pop_front().map(Step::Fresh);
        }
        self.rank += 1;
        base.map(Step::Base)
    }
}

/// The identity in an ordered key. Both parts were checked when the key came in.
pub fn identity(collection: u8, key: &[u8]) -> Option<DocumentId<'_>> {
    Some(DocumentId::new(Collection::from_number(collection)?, std::str::from_utf8(key).ok()?))
}

impl Store {
    /// Visits the documents of one collection that exist, from `start` on (behind it if `after`), until `visit` is false.
    pub fn each_in(
        &self,
        collection: Collection,
        start: &str,
        after: bool,
        visit: &mut dyn FnMut(&str, Found<'_>) -> bool,
    ) {
        for step in Walk::from(self, collection as u8, start.as_bytes(), after) {
            let (number, key) = step.place();
            if number != collection as u8 {
                return;
            }
            let Some(id) = identity(number, key) else { continue };
            if let Some(found) = self.get(id)
                && !visit(id.key, found)
            {
                return;
            }
        }
    }
}
