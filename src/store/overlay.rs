//! What changed since the image: the newest version of each changed document, in sharded hash tables.
//!
//! Each shard has a lock of its own that is held for one look-up or one replacement, never longer. Writers come one at a
//! time, under the commit lock; readers come whenever they like. Invariant: while a sequence number is pinned, the
//! version that was current at it stays to be found.

use super::prefetch::prefetch;
use super::version::Version;
use crate::document::DocumentId;
use hashbrown::HashTable;
use parking_lot::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

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

pub struct Overlay {
    shards: Box<[RwLock<Shard>]>,
    pin: AtomicU64,
}

impl Overlay {
    pub fn new() -> Overlay {
        Overlay { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), pin: AtomicU64::new(NO_PIN) }
    }

    /// The tables place by the hash's low and topmost bits, so the shard is taken from the middle.
    fn shard(&self, hash: u64) -> Option<&RwLock<Shard>> {
        self.shards.get((hash >> 32) as usize % SHARDS)
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
        if current.head().sequence <= sequence {
            return Some(current.clone());
        }
        Shard::find(&shard.pinned, id, hash).cloned()
    }

    /// Makes a version the newest one. Returns true if the document was not here before.
    pub fn put(&self, id: DocumentId<'_>, hash: u64, version: Version) -> bool {
        let Some(shard) = self.shard(hash) else { return false };
        let mut shard = shard.write();
        let shard = &mut *shard;
        let same = |slot: &Slot| slot.hash == hash && slot.version.is(id);
        let Some(slot) = shard.current.find_mut(hash, same) else {
            shard.current.insert_unique(hash, Slot { hash, version }, |slot| slot.hash);
            return true;
        };
        let old = std::mem::replace(&mut slot.version, version);
        let pin = self.pin.load(Ordering::Relaxed);
        if pin != NO_PIN && old.head().sequence <= pin {
            shard.pinned.insert_unique(hash, Slot { hash, version: old }, |slot| slot.hash);
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
        for shard in &self.shards {
            let released = std::mem::take(&mut shard.write().pinned);
            // The versions are freed here, outside the lock.
            drop(released);
        }
    }
}
