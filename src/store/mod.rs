//! The documents in memory: an immutable image and, over it, what changed since.
//!
//! Definitions. The *base* is the image that the store was opened from; it never changes while the store is open. The
//! *overlay* holds the newest version of every document that was saved or cleared since. *Fresh* keys are the ones that
//! the overlay has and the base has not; only they are kept in order, since the base has an order of its own.
//!
//! Invariants.
//! 1. A document's newest version is in the overlay, or else in the base.
//! 2. Changes come one at a time, in the order of commits; the caller holds the commit lock.
//! 3. No lock is held for longer than one look-up, one replacement, or a few hundred keys of a walk.
//!
//! This part knows nothing of the journal and of documented names.

mod image;
mod overlay;
mod prefetch;
mod version;
mod walk;

pub use image::{Entry, Image, ImageWriter, Salvaged, file_name, salvage, sequences};
pub use version::{Stamp, Version};

use crate::document::{Collection, DocumentId};
use overlay::Overlay;
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Everything that is in memory.
pub struct Store {
    base: Option<Image>,
    overlay: Overlay,
    /// Collection number and key of every fresh document.
    fresh: RwLock<BTreeSet<Box<[u8]>>>,
    revision_floor: AtomicU64,
    /// Clears since the store was opened.
    clears: AtomicU64,
    /// The highest revision seen in each collection, by its number.
    highest: [AtomicU64; 6],
}

/// A document that was found.
pub enum Found<'s> {
    Changed(Version),
    Base(Entry<'s>),
}

impl Found<'_> {
    #[inline]
    pub fn text(&self) -> &[u8] {
        match self {
            Found::Changed(version) => version.text(),
            Found::Base(entry) => entry.text,
        }
    }

    pub fn revision(&self) -> u64 {
        match self {
            Found::Changed(version) => version.head().stamp.revision,
            Found::Base(entry) => entry.revision,
        }
    }

    pub fn time_ms(&self) -> u64 {
        match self {
            Found::Changed(version) => version.head().stamp.time_ms,
            Found::Base(entry) => entry.time_ms,
        }
    }
}

/// Documents of up to this size are copied under their shard's lock.
const BRIEF: usize = 4096;

/// What a look under a shard's lock came to.
enum Peek<T> {
    Nothing,
    Seen(T),
    Long(Version),
}

/// Where a document stands: its newest revision, and whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub revision: u64,
    /// The commit that made it so.
    pub sequence: u64,
    pub exists: bool,
}

impl Store {
    /// A store over an image, or an empty one.
    pub fn new(base: Option<Image>) -> Store {
        let store = Store {
            revision_floor: AtomicU64::new(base.as_ref().map_or(0, Image::revision_floor)),
            base,
            overlay: Overlay::new(),
            fresh: RwLock::default(),
            clears: AtomicU64::new(0),
            highest: Default::default(),
        };
        store.note_highest_in_base();
        store
    }

    /// The plug-in documents are many and their highest revision is of no use, so they are passed over.
    fn note_highest_in_base(&self) {
        let Some(base) = &self.base else { return };
        let end = base.rank_of(Collection::PluginData as u8, &[], false);
        for entry in (0..end).filter_map(|rank| base.ranked(rank)) {
            self.note_revision(entry.collection, entry.revision);
        }
    }

    fn note_revision(&self, collection: u8, revision: u64) {
        if let Some(highest) = self.highest.get(usize::from(collection)) {
            highest.fetch_max(revision, Ordering::AcqRel);
        }
    }

    pub fn base(&self) -> Option<&Image> {
        self.base.as_ref()
    }

    /// The highest revision in a collection. For plug-in documents it counts only those saved since opening.
    pub fn highest_revision(&self, collection: Collection) -> u64 {
        self.highest.get(collection as usize).map_or(0, |highest| highest.load(Ordering::Acquire))
    }

    /// Hands a document that exists to `look`: `None` if there is none. A short one is lent under its shard's lock, which
    /// saves counting its users; a long one outside, since `look` may take a while over it.
    #[inline]
    pub fn look<T>(&self, id: DocumentId<'_>, look: impl FnOnce(&[u8], u64, u64) -> T) -> Option<T> {
        let hash = id.hash();
        let mut look = Some(look);
        let mut show = |text: &[u8], revision, time_ms| look.take().map(|look| look(text, revision, time_ms));
        let brief = self.overlay.with(id, hash, |version| {
            let head = version.head();
            match version.text() {
                _ if head.cleared => Peek::Nothing,
                text if text.len() <= BRIEF => Peek::Seen(show(text, head.stamp.revision, head.stamp.time_ms)),
                _ => Peek::Long(version.clone()),
            }
        });
        match brief {
            Some(Peek::Nothing) => None,
            Some(Peek::Seen(seen)) => seen,
            Some(Peek::Long(version)) => {
                show(version.text(), version.head().stamp.revision, version.head().stamp.time_ms)
            }
            None => {
                let entry = self.base.as_ref()?.get(id, hash).filter(|entry| !entry.cleared)?;
                show(entry.text, entry.revision, entry.time_ms)
            }
        }
    }

    /// Finds a document that exists.
    #[inline]
    pub fn get(&self, id: DocumentId<'_>) -> Option<Found<'_>> {
        let hash = id.hash();
        if let Some(version) = self.overlay.get(id, hash) {
            return (!version.head().cleared).then_some(Found::Changed(version));
        }
        let entry = self.base.as_ref()?.get(id, hash)?;
        (!entry.cleared).then_some(Found::Base(entry))
    }

    /// Asks for the memory that saving a document will need. Called early, it comes while the document is checked.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        self.overlay.prefetch(hash);
    }

    /// Where a document stands, cleared ones included; `None` if it was never saved.
    pub fn standing(&self, id: DocumentId<'_>, hash: u64) -> Option<Standing> {
        let changed = |version: &Version| {
            let head = version.head();
            Standing { revision: head.stamp.revision, sequence: head.stamp.sequence, exists: !head.cleared }
        };
        self.overlay.with(id, hash, changed).or_else(|| {
            let entry = self.base.as_ref()?.get(id, hash)?;
            Some(Standing { revision: entry.revision, sequence: entry.sequence, exists: !entry.cleared })
        })
    }

    /// Revisions up to this one may have been given to documents that are no longer known.
    pub fn revision_floor(&self) -> u64 {
        self.revision_floor.load(Ordering::Acquire)
    }

    pub fn raise_revision_floor(&self, revision: u64) {
        self.revision_floor.fetch_max(revision, Ordering::AcqRel);
    }

    /// How many cleared documents there may be, at most.
    pub fn cleared_at_most(&self) -> u64 {
        self.base.as_ref().map_or(0, Image::cleared) + self.clears.load(Ordering::Relaxed)
    }

    /// Gives a document its next version; no text clears it. `made` is that version, if it was made beforehand to spend
    /// less time under the commit lock, which the caller holds.
    pub fn apply(&self, id: DocumentId<'_>, hash: u64, stamp: Stamp, text: Option<&str>, made: Option<Version>) {
        if text.is_none() {
            self.clears.fetch_add(1, Ordering::Relaxed);
        }
        let is_new = self.overlay.put(id, hash, stamp, text, made);
        if is_new && self.base.as_ref().is_none_or(|base| base.get(id, hash).is_none()) {
            self.fresh.write().insert(ordered(id.collection as u8, id.key.as_bytes()));
        }
        // Last, so that whoever reads the highest revision finds its document.
        self.note_revision(id.collection as u8, stamp.revision);
    }

    /// Keeps the state at `sequence`, the newest commit, until `unpin`. The caller holds the commit lock.
    pub fn pin(&self, sequence: u64) {
        self.overlay.pin(sequence);
    }

    pub fn unpin(&self) {
        self.overlay.unpin();
    }
}

/// Collection and key as one byte string that sorts as the pair does.
fn ordered(collection: u8, key: &[u8]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(collection);
    bytes.extend_from_slice(key);
    bytes.into_boxed_slice()
}
