//! What changed since the image: the newest version of each changed document, in sharded hash tables.
//!
//! Each shard has a lock of its own that is held for one look-up or one replacement, never longer. Writers come one at a
//! time, under the commit lock; readers come whenever they like. Invariant: while a sequence number is pinned, the
//! version that was current at it stays to be found.

use super::prefetch::prefetch;
use super::version::{Stamp, Version};
use crate::document::DocumentId;
use hashbrown::HashTable;
use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const SHARDS: usize = 256;
const NO_PIN: u64 = u64::MAX;

/// The hash stands beside the pointer, so that growing a table touches no document.
struct Slot {
    hash: u64,
    version: Version,
}

#[derive(Default)]
struct Shard {
    current: HashTable<Slot>,
    /// Versions that the pin still needs and that are no longer current; at most one a document.
    pinned: HashTable<Slot>,
}

impl Shard {
    fn find<'t>(table: &'t HashTable<Slot>, id: DocumentId<'_>, hash: u64) -> Option<&'t Version> {
        let same = |slot: &Slot| {
            slot.hash == hash && {
                prefetch(slot.version.address());
                slot.version.is(id)
            }
        };
        table.find(hash, same).map(|slot| &slot.version)
    }
}

/// A shard and, beside its lock, whether it has anything: most shards of a store that was just opened have nothing, and
/// finding that out takes no lock.
#[derive(Default)]
struct Place {
    is_used: AtomicBool,
    shard: RwLock<Shard>,
}

pub struct Overlay {
    places: Box<[Place]>,
    pin: AtomicU64,
}

impl Overlay {
    pub fn new() -> Overlay {
        Overlay { places: (0..SHARDS).map(|_| Place::default()).collect(), pin: AtomicU64::new(NO_PIN) }
    }

    /// The tables place by the hash's low and topmost bits, so the shard is taken from the middle.
    fn place(&self, hash: u64) -> Option<&Place> {
        self.places.get((hash >> 32) as usize % SHARDS)
    }

    /// The shard of a hash, if it has anything.
    #[inline]
    fn shard(&self, hash: u64) -> Option<&RwLock<Shard>> {
        self.place(hash).filter(|place| place.is_used.load(Ordering::Acquire)).map(|place| &place.shard)
    }

    /// Asks for the memory of what a look-up will need, without waiting for it.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        if let Some(shard) = self.shard(hash)
            && let Some(slot) = shard.read().current.find(hash, |slot| slot.hash == hash)
        {
            prefetch(slot.version.address());
        }
    }

    /// The newest version, to keep.
    #[inline]
    pub fn get(&self, id: DocumentId<'_>, hash: u64) -> Option<Version> {
        Shard::find(&self.shard(hash)?.read().current, id, hash).cloned()
    }

    /// Looks at the newest version under the shard's lock; `look` must be brief.
    #[inline]
    pub fn with<T>(&self, id: DocumentId<'_>, hash: u64, look: impl FnOnce(&Version) -> T) -> Option<T> {
        Shard::find(&self.shard(hash)?.read().current, id, hash).map(look)
    }

    /// The version that was current at `sequence`, if it is held here. `sequence` is the pin, or the newest commit.
    pub fn get_at(&self, id: DocumentId<'_>, hash: u64, sequence: u64) -> Option<Version> {
        let shard = self.shard(hash)?.read();
        let current = Shard::find(&shard.current, id, hash)?;
        if current.head().stamp.sequence <= sequence {
            return Some(current.clone());
        }
        Shard::find(&shard.pinned, id, hash).cloned()
    }

    /// Gives a document its next version, for a long text one made beforehand. True if the document was not here before.
    pub fn put(&self, id: DocumentId<'_>, hash: u64, stamp: Stamp, text: Option<&str>, made: Option<Version>) -> bool {
        let Some(place) = self.place(hash) else { return false };
        let mut shard = place.shard.write();
        let shard = &mut *shard;
        let same = |slot: &Slot| slot.hash == hash && slot.version.is(id);
        let is_made = made.is_some();
        let fresh = || {
            let mut version = made.unwrap_or_else(|| Version::new(id, stamp, text));
            version.settle(stamp);
            version
        };
        let Some(slot) = shard.current.find_mut(hash, same) else {
            shard.current.insert_unique(hash, Slot { hash, version: fresh() }, |slot| slot.hash);
            place.is_used.store(true, Ordering::Release);
            return true;
        };
        let pin = self.pin.load(Ordering::Relaxed);
        if pin != NO_PIN && slot.version.head().stamp.sequence <= pin {
            let old = std::mem::replace(&mut slot.version, fresh());
            shard.pinned.insert_unique(hash, Slot { hash, version: old }, |slot| slot.hash);
        } else if is_made || !slot.version.replace(stamp, text) {
            slot.version = fresh();
        }
        false
    }

    /// Keeps what is current at `sequence`, the newest commit. The caller holds the commit lock.
    pub fn pin(&self, sequence: u64) {
        self.pin.store(sequence, Ordering::Relaxed);
    }

    /// Lets go of what only the pin needed.
    pub fn unpin(&self) {
        self.pin.store(NO_PIN, Ordering::Relaxed);
        for place in &self.places {
            let released = std::mem::take(&mut place.shard.write().pinned);
            // The versions are freed here, outside the lock.
            drop(released);
        }
    }
}
