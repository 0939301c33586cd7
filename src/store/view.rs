//! The documents as they were at a sequence number.
//!
//! Puts together what is current, what was replaced and is still in memory, and what is told from elsewhere: history
//! files for a snapshot, the journal for a moment, the base for a checkpoint. It reads no file itself. Invariant: while
//! the sequence number is pinned, every document that existed at it is met exactly once, in order, as it was.

use super::history::Past;
use super::image::Image;
use super::overlay::At;
use super::version::{Stamp, Version};
use super::walk::{Step, Walk, identity, split};
use super::{Entry, Found, Store, ordered};
use crate::document::DocumentId;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;

/// Where a document is looked for that was changed since and is in neither the overlay nor what was told.
pub enum Older {
    /// Nowhere: everything that is needed was kept.
    Nothing,
    /// In the base, from which nothing was replaced before the sequence number.
    Base,
    /// In this image, likewise.
    Image(Box<Image>),
}

/// A past state, or the present one.
pub struct View<'s> {
    store: &'s Store,
    sequence: u64,
    /// What was told, by collection and key.
    told: BTreeMap<Box<[u8]>, Version>,
    older: Older,
}

/// The newest state, whatever is committed meanwhile.
pub const NOW: u64 = u64::MAX;

impl<'s> View<'s> {
    pub fn new(store: &'s Store, sequence: u64, older: Older) -> View<'s> {
        View { store, sequence, told: BTreeMap::new(), older }
    }

    /// Takes a past version, if it is the one that was current.
    pub fn take(&mut self, past: &Past<'_>) {
        let entry = &past.entry;
        if entry.sequence <= self.sequence && self.sequence < past.by {
            self.told.insert(ordered(entry.collection, entry.key), Version::of_entry(entry));
        }
    }

    /// Takes a change of a commit that is not after the view's sequence number. Changes come in the order of commits.
    pub fn replay(&mut self, id: DocumentId<'_>, stamp: Stamp, text: Option<&str>) {
        self.told.insert(ordered(id.collection as u8, id.key.as_bytes()), Version::new(id, stamp, text));
    }

    /// The document as it was, if it existed.
    pub fn get(&self, id: DocumentId<'_>) -> Option<Found<'_>> {
        let hash = id.hash();
        let base = self.store.base.as_ref().and_then(|base| base.get(id, hash));
        self.resolve(id, hash, base).filter(|found| !found.entry().cleared)
    }

    fn resolve(&self, id: DocumentId<'_>, hash: u64, base: Option<Entry<'s>>) -> Option<Found<'_>> {
        let base = base.filter(|entry| entry.sequence <= self.sequence);
        match (self.store.overlay.at(id, hash, self.sequence), base) {
            (At::Version(version), _) => Some(Found::Changed(version)),
            (At::Unchanged, Some(entry)) => Some(Found::Base(entry)),
            (At::Unchanged | At::Elsewhere, base) => {
                let told = self.told.get(&*ordered(id.collection as u8, id.key.as_bytes()));
                told.cloned().map(Found::Changed).or_else(|| match &self.older {
                    Older::Nothing => None,
                    Older::Base => base.map(Found::Base),
                    Older::Image(image) => image.get(id, hash).map(Found::Base),
                })
            }
        }
    }

    /// Every document from the first of a collection on, cleared ones included.
    pub fn entries_from(&self, collection: u8) -> Entries<'_, 's> {
        let start = ordered(collection, &[]);
        Entries {
            view: self,
            walk: Walk::from(self.store, collection, &[], false).peekable(),
            told: self.told.range::<[u8], _>((Bound::Included(&*start), Bound::Unbounded)).peekable(),
        }
    }
}

/// A walk through a view.
pub struct Entries<'v, 's> {
    view: &'v View<'s>,
    walk: Peekable<Walk<'s>>,
    told: Peekable<btree_map::Range<'v, Box<[u8]>, Version>>,
}

impl<'v> Iterator for Entries<'v, '_> {
    type Item = Found<'v>;

    fn next(&mut self) -> Option<Found<'v>> {
        loop {
            let told = self.told.peek().and_then(|(key, _)| split(key));
            let walked = self.walk.peek().map(Step::place);
            let told_first = match (told, walked) {
                (None, None) => return None,
                (told, None) => told.is_some(),
                (None, Some(_)) => false,
                (Some(told), Some(walked)) => {
                    if told == walked {
                        self.told.next();
                    }
                    told < walked
                }
            };
            // What only the files know is gone from the store for good; it existed at the view's time.
            if told_first {
                match self.told.next() {
                    Some((_, version)) => return Some(Found::Changed(version.clone())),
                    None => continue,
                }
            }
            let Some(step) = self.walk.next() else { continue };
            let (collection, key) = step.place();
            let found = identity(collection, key).and_then(|id| self.view.resolve(id, id.hash(), step.base()));
            if found.is_some() {
                return found;
            }
        }
    }
}
