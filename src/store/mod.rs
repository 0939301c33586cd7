//! The documents in memory: an immutable image and, over it, what changed since.
//!
//! Definitions. The *base* is the image that the store was opened from; it never changes while the store is open. The
//! *overlay* holds the newest version of every document that was saved or cleared since. *Fresh* keys are the ones that
//! the overlay has and the base has not; only they are kept in order, since the base has an order of its own.
//!
//! Invariants.
//! 1. A document's newest version is in the overlay, or else in the base.
//! 2. Changes come one at a time, in the order of commits; the caller holds the commit lock.
//! 3. No lock is held for longer than one look-up, one replacement, a few hundred keys of a walk, or a look at what one of
//!    the overlay's shards holds in brief.
//! 4. A version that a pinned sequence number needs is current, or in the overlay beside the current one, or in a history
//!    file that the newest image names.
//!
//! This part knows nothing of the journal and of documented names.

mod extremes;
pub mod history;
mod image;
mod overlay;
mod pins;
mod prefetch;
mod staged;
mod version;
mod view;
mod walk;

pub use extremes::Extremes;
pub use image::layout::{FORMAT as IMAGE_FORMAT, OLDEST_FORMAT as OLDEST_IMAGE_FORMAT};
pub use image::{
    Check, Entry, HistoryRef, Image, ImageWriter, Manifest, Salvaged, Total, check, file_name, salvage, sequences,
    verify,
};
pub use overlay::Superseded;
pub use staged::{EXPORTING, StagedFile, UNFINISHED};
pub use version::{Stamp, Version};
pub use view::{NOW, Older, View};

use crate::document::{Collection, DocumentId};
use crate::sync::Mutex;
use crate::sync::brief::RwLock;
use extremes::{Digest, Journalled, Replaced};
use once_cell::sync::OnceCell;
use overlay::{Before, Overlay};
use pins::Pins;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
    /// What each collection holds, in the order of `Collection::ALL`. Changed under the commit lock.
    totals: [(AtomicU64, AtomicU64); Collection::ALL.len()],
    replaced: Replaced,
    digest: OnceCell<Digest>,
    journalled: Journalled,
    pins: Pins,
    is_watched: AtomicBool,
    /// Collection and key of what was changed since `watch`.
    watched: Mutex<Vec<Box<[u8]>>>,
}

/// A document that was found.
pub enum Found<'s> {
    Changed(Version),
    Base(Entry<'s>),
}

impl Found<'_> {
    /// The whole of it, in the form of an image's entry.
    pub fn entry(&self) -> Entry<'_> {
        match self {
            Found::Changed(version) => version.entry(),
            Found::Base(entry) => *entry,
        }
    }

    pub fn key(&self) -> &[u8] {
        match self {
            Found::Changed(version) => version.key(),
            Found::Base(entry) => entry.key,
        }
    }

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
            replaced: Replaced::default(),
            digest: OnceCell::new(),
            journalled: Journalled::from(base.as_ref().map_or(0, Image::sequence)),
            base,
            overlay: Overlay::new(),
            fresh: RwLock::default(),
            clears: AtomicU64::new(0),
            highest: Default::default(),
            totals: Default::default(),
            pins: Pins::default(),
            is_watched: AtomicBool::new(false),
            watched: Mutex::default(),
        };
        store.note_highest_in_base();
        store.note_totals_of_base();
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

    fn note_totals_of_base(&self) {
        let Some(base) = &self.base else { return };
        for ((documents, bytes), total) in self.totals.iter().zip(base.manifest().totals) {
            documents.store(total.documents, Ordering::Relaxed);
            bytes.store(total.bytes, Ordering::Relaxed);
        }
    }

    /// What each collection holds, in the order of `Collection::ALL`. Exact under the commit lock.
    pub fn totals(&self) -> [Total; Collection::ALL.len()] {
        let mut totals = [Total::default(); Collection::ALL.len()];
        for (total, (documents, bytes)) in totals.iter_mut().zip(&self.totals) {
            total.documents = documents.load(Ordering::Relaxed);
            total.bytes = bytes.load(Ordering::Relaxed);
        }
        totals
    }

    fn note_total(&self, collection: Collection, before: Option<u64>, after: Option<u64>) {
        let Some((documents, bytes)) = self.totals.get(collection as usize - 1) else { return };
        let one = |text: Option<u64>| u64::from(text.is_some());
        let move_on = |total: &AtomicU64, less: u64, more: u64| {
            total.store(total.load(Ordering::Relaxed).wrapping_sub(less).wrapping_add(more), Ordering::Relaxed);
        };
        move_on(documents, one(before), one(after));
        move_on(bytes, before.unwrap_or(0), after.unwrap_or(0));
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
        self.overlay.with_ahead(id, hash, changed).or_else(|| {
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
        let in_base = || match self.base.as_ref().and_then(|base| base.get(id, hash)) {
            Some(entry) => {
                let is_needed = self.pins.holds_for_snapshot(entry.sequence);
                let bytes = (!entry.cleared).then_some(entry.text.len() as u64);
                self.note_replaced(&entry);
                (Before { known: true, bytes, changed: None }, is_needed.then(|| Version::of_entry(&entry)))
            }
            None => (Before::default(), None),
        };
        let put = self.overlay.put(id, hash, (stamp, text, made), &self.pins, in_base);
        if put.is_new && !put.before.known {
            self.fresh.write().insert(ordered(id.collection as u8, id.key.as_bytes()));
        }
        self.note_total(id.collection, put.before.bytes, text.map(|text| text.len() as u64));
        self.journalled.replace(id.key.len() + text.map_or(0, str::len), put.before.changed);
        if self.is_watched.load(Ordering::Relaxed) {
            self.watched.lock().push(ordered(id.collection as u8, id.key.as_bytes()));
        }
        // Last, so that whoever reads the highest revision finds its document.
        self.note_revision(id.collection as u8, stamp.revision);
    }

    /// Keeps the state at `sequence`, the newest commit, for the checkpoint that writes it down. The caller holds the
    /// commit lock.
    pub fn pin_checkpoint(&self, sequence: u64) {
        self.pins.set_checkpoint(sequence);
        self.journalled.begin(sequence);
    }

    /// Lets go of what only the checkpoint needed, and of what it filed: the versions replaced by commits up to `filed`.
    pub fn unpin_checkpoint(&self, filed: u64) {
        self.pins.clear_checkpoint();
        if filed > 0 {
            self.journalled.settle(filed);
        }
        self.overlay.release(filed, &self.pins);
    }

    /// Keeps the state at `sequence`, the newest commit, for a snapshot. The caller holds the commit lock.
    pub fn pin(&self, sequence: u64) {
        self.pins.add(sequence);
    }

    /// Lets go of what only this snapshot needed; the next checkpoint sees to the files.
    pub fn forget(&self, sequence: u64) {
        self.pins.remove(sequence);
        self.put_removed();
        self.overlay.release(0, &self.pins);
    }

    /// Keeps the state at `sequence`, the newest commit, while somebody looks at it. The caller holds the commit lock.
    pub fn begin_look(&self, sequence: u64) {
        self.pins.begin_look(sequence);
    }

    pub fn end_look(&self, sequence: u64) {
        self.pins.end_look(sequence);
        self.overlay.release(0, &self.pins);
    }

    /// Says once whether snapshots were forgotten.
    pub fn take_removed(&self) -> bool {
        self.pins.set_removed(false)
    }

    pub fn put_removed(&self) {
        self.pins.set_removed(true);
    }

    /// Whether any pin needs versions that were current some time from `oldest` until `newest`.
    pub fn has_pin_between(&self, oldest: u64, newest: u64) -> bool {
        self.pins.needs(oldest, newest)
    }

    /// Whether a snapshot needs this past version.
    pub fn needs(&self, past: &history::Past<'_>) -> bool {
        self.pins.needs(past.entry.sequence, past.by)
    }

    /// The versions replaced by commits up to `sequence` that snapshots need and that are in memory.
    pub fn superseded(&self, sequence: u64) -> Vec<Superseded> {
        self.overlay.superseded(sequence, &self.pins)
    }

    /// Keeps a past version, if a snapshot needs it.
    pub fn keep(&self, past: &history::Past<'_>) {
        if let Some(id) = past.entry.id().filter(|_| self.needs(past)) {
            let superseded = Superseded { version: Version::of_entry(&past.entry), by: past.by };
            self.overlay.keep(id.hash(), superseded);
        }
    }

    /// Notes from now on which documents are changed, until `unwatch`. The caller holds the commit lock.
    pub fn watch(&self) {
        self.watched.lock().clear();
        self.is_watched.store(true, Ordering::Relaxed);
    }

    /// Ends a watch and says which documents were changed: collection and key of each.
    pub fn unwatch(&self) -> Vec<(Collection, String)> {
        self.is_watched.store(false, Ordering::Relaxed);
        let watched = std::mem::take(&mut *self.watched.lock());
        let identities =
            watched.iter().filter_map(|key| walk::split(key)).filter_map(|(c, key)| walk::identity(c, key));
        identities.map(|id| (id.collection, id.key.to_owned())).collect()
    }
}

/// Collection and key as one byte string that sorts as the pair does.
fn ordered(collection: u8, key: &[u8]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(collection);
    bytes.extend_from_slice(key);
    bytes.into_boxed_slice()
}
