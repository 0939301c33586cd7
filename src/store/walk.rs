//! Walks over documents in the order of collection and key.
//!
//! Merges the order of the image with that of the fresh keys, which are copied out a few hundred at a time so that no
//! save waits for a walk. Invariant: every document that exists from the walk's start to its end is met exactly once.

use super::image::Entry;
use super::{Found, Store, Version, ordered};
use crate::document::{Collection, DocumentId};
use std::collections::VecDeque;
use std::ops::Bound;

/// Fresh keys copied out under one lock.
const KEYS_AT_ONCE: usize = 256;

/// One document on the way: in the base, or only in the overlay.
enum Step<'s> {
    Base(Entry<'s>),
    Fresh(Box<[u8]>),
}

struct Walk<'s> {
    store: &'s Store,
    rank: u64,
    fresh: VecDeque<Box<[u8]>>,
    /// Fresh keys behind this one were not copied out yet.
    behind: Option<Bound<Box<[u8]>>>,
}

impl<'s> Walk<'s> {
    fn from(store: &'s Store, collection: u8, key: &[u8], after: bool) -> Walk<'s> {
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
        let fresh_first = match (&base, self.fresh.front().and_then(|key| key.split_first())) {
            (Some(entry), Some((collection, key))) => (*collection, key) < (entry.collection, entry.key),
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
fn identity(collection: u8, key: &[u8]) -> Option<DocumentId<'_>> {
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
            let (number, key) = match &step {
                Step::Base(entry) => (entry.collection, entry.key),
                Step::Fresh(key) => key.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest)),
            };
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

    /// Visits every document as it was at `sequence`, the pinned one, cleared ones included, in order. Stops at an error.
    pub fn each_at<E>(&self, sequence: u64, visit: &mut dyn FnMut(&Entry<'_>) -> Result<(), E>) -> Result<(), E> {
        for step in Walk::from(self, 0, &[], false) {
            match step {
                Step::Base(entry) => {
                    let id = identity(entry.collection, entry.key);
                    match id.and_then(|id| self.overlay.get_at(id, id.hash(), sequence)) {
                        Some(version) => visit(&entry_of(&version))?,
                        None => visit(&entry)?,
                    }
                }
                Step::Fresh(key) => {
                    let Some(id) = key.split_first().and_then(|(first, rest)| identity(*first, rest)) else { continue };
                    if let Some(version) = self.overlay.get_at(id, id.hash(), sequence) {
                        visit(&entry_of(&version))?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn entry_of(version: &Version) -> Entry<'_> {
    let head = version.head();
    Entry {
        sequence: head.stamp.sequence,
        revision: head.stamp.revision,
        time_ms: head.stamp.time_ms,
        collection: head.collection,
        cleared: head.cleared,
        key: version.key(),
        text: version.text(),
    }
}
