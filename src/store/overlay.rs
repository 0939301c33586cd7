//! What changed since the image: the newest version of each changed document, in sharded hash tables, and the versions
//! before it that are still needed.
//!
//! Each shard has a lock of its own that is held for one look-up or one replacement, never longer. Writers come one at a
//! time, under the commit lock; readers come whenever they like. Invariant: while a sequence number is pinned, the
//! version that was current at it stays to be found.

use super::pins::Pins;
use super::prefetch::{prefetch, prefetch_line};
use super::version::{Stamp, Version};
use crate::document::DocumentId;
use crate::sync::brief::RwLock;
use hashbrown::HashTable;
use std::sync::atomic::{AtomicBool, Ordering};

const SHARDS: usize = 256;

/// The hash stands beside the pointer, so that growing a table touches no document.
struct Slot {
    hash: u64,
    version: Version,
}

/// What a newest version is in brief. In a list of its own, so that the tables that every load looks into stay small.
#[derive(Debug, Clone, Copy)]
pub struct Brief {
    pub time_ms: u64,
    /// Of the text.
    pub bytes: u32,
    pub collection: u8,
    pub cleared: bool,
}

/// Where a brief is.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    shard: usize,
    number: u32,
}

impl Brief {
    fn of(version: &Version) -> Brief {
        let head = version.head();
        let bytes = version.text().len() as u32;
        Brief { time_ms: head.stamp.time_ms, bytes, collection: head.collection, cleared: head.cleared }
    }
}

/// A version that is no longer current.
#[derive(Clone)]
pub struct Superseded {
    pub version: Version,
    /// The commit that replaced it.
    pub by: u64,
}

#[derive(Default)]
struct Shard {
    current: HashTable<Slot>,
    /// One of each, in the order in which the documents came here.
    briefs: Vec<Brief>,
    /// Versions that a pin needs; a document may have several.
    superseded: HashTable<(u64, Superseded)>,
}

impl Shard {
    fn find(&self, id: DocumentId<'_>, hash: u64) -> Option<&Version> {
        let same = |slot: &Slot| {
            slot.hash == hash && {
                prefetch(slot.version.address());
                slot.version.is(id)
            }
        };
        self.current.find(hash, same).map(|slot| &slot.version)
    }

    fn keep(&mut self, hash: u64, superseded: Superseded) {
        self.superseded.insert_unique(hash, (hash, superseded), |(hash, _)| *hash);
    }
}

/// A shard and, beside its lock, whether it has anything: most shards of a store that was just opened have nothing, and
/// finding that out takes no lock.
#[derive(Default)]
struct Place {
    is_used: AtomicBool,
    shard: RwLock<Shard>,
}

/// What a document was before a change, as far as is known here or told by the base.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before {
    /// It had a version, cleared or not.
    pub known: bool,
    /// It existed, with so many bytes of text.
    pub bytes: Option<u64>,
    /// The commit that made the version, and how long its key and text are, if it was changed since the base.
    pub changed: Option<(u64, usize)>,
}

impl Before {
    fn of(version: &Version) -> Before {
        let head = version.head();
        let bytes = version.text().len();
        let changed = Some((head.stamp.sequence, version.key().len() + bytes));
        Before { known: true, bytes: (!head.cleared).then_some(bytes as u64), changed }
    }
}

/// What the overlay knows of a document at a sequence number.
pub enum At {
    /// The document was not changed since the image.
    Unchanged,
    /// This is what it was.
    Version(Version),
    /// It was changed since, and what it was is not here.
    Elsewhere,
}

pub struct Overlay {
    places: Box<[Place]>,
}

impl Overlay {
    pub fn new() -> Overlay {
        Overlay { places: (0..SHARDS).map(|_| Place::default()).collect() }
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
        self.shard(hash)?.read().find(id, hash).cloned()
    }

    /// Looks at the newest version under the shard's lock; `look` must be brief.
    #[inline]
    pub fn with<T>(&self, id: DocumentId<'_>, hash: u64, look: impl FnOnce(&Version) -> T) -> Option<T> {
        self.shard(hash)?.read().find(id, hash).map(look)
    }

    /// The same for one who is about to replace it: the memory that this will need is asked for now.
    #[inline]
    pub fn with_ahead<T>(&self, id: DocumentId<'_>, hash: u64, look: impl FnOnce(&Version) -> T) -> Option<T> {
        let shard = self.shard(hash)?.read();
        let version = shard.find(id, hash)?;
        if let Some(brief) = shard.briefs.get(version.head().place as usize) {
            prefetch_line(std::ptr::from_ref(brief).cast());
        }
        Some(look(version))
    }

    /// What a document was at `sequence`.
    pub fn at(&self, id: DocumentId<'_>, hash: u64, sequence: u64) -> At {
        let Some(shard) = self.shard(hash) else { return At::Unchanged };
        let shard = shard.read();
        let Some(current) = shard.find(id, hash) else { return At::Unchanged };
        if current.head().stamp.sequence <= sequence {
            return At::Version(current.clone());
        }
        let was_current =
            |one: &Superseded| one.version.head().stamp.sequence <= sequence && sequence < one.by && one.version.is(id);
        let kept = shard.superseded.find(hash, |(other, one)| *other == hash && was_current(one));
        kept.map_or(At::Elsewhere, |(_, one)| At::Version(one.version.clone()))
    }

    /// Gives a document its next version, for a long text one made beforehand. `base` tells, for a document that is not
    /// here yet, what it was, and gives its version if a snapshot needs it.
    pub fn put(
        &self,
        id: DocumentId<'_>,
        hash: u64,
        next: (Stamp, Option<&str>, Option<Version>),
        pins: &Pins,
        base: impl FnOnce() -> (Before, Option<Version>),
    ) -> Put {
        let (stamp, text, made) = next;
        let Some(place) = self.place(hash) else { return Put { is_new: false, before: Before::default() } };
        let mut shard = place.shard.write();
        let shard = &mut *shard;
        let same = |slot: &Slot| slot.hash == hash && slot.version.is(id);
        let is_made = made.is_some();
        let fresh = |place| {
            let mut version = made.unwrap_or_else(|| Version::new(id, stamp, text));
            version.settle(stamp, place);
            version
        };
        let Some(slot) = shard.current.find_mut(hash, same) else {
            let (before, needed) = base();
            let version = fresh(shard.briefs.len() as u32);
            shard.briefs.push(Brief::of(&version));
            shard.current.insert_unique(hash, Slot { hash, version }, |slot| slot.hash);
            if let Some(version) = needed {
                shard.keep(hash, Superseded { version, by: stamp.sequence });
            }
            place.is_used.store(true, Ordering::Release);
            return Put { is_new: true, before };
        };
        let before = Before::of(&slot.version);
        let place = slot.version.head().place;
        if pins.holds_newest(slot.version.head().stamp.sequence) {
            let version = std::mem::replace(&mut slot.version, fresh(place));
            note(&mut shard.briefs, Brief::of(&slot.version), place);
            shard.keep(hash, Superseded { version, by: stamp.sequence });
        } else {
            if is_made || !slot.version.replace(stamp, text) {
                slot.version = fresh(place);
            }
            note(&mut shard.briefs, Brief::of(&slot.version), place);
        }
        Put { is_new: false, before }
    }

    /// Shows every newest version in brief and where it is, one shard after the other. `look` must be brief too.
    pub fn each_brief(&self, mut look: impl FnMut(&Brief, Spot)) {
        for (shard, place) in self.places.iter().enumerate() {
            if place.is_used.load(Ordering::Acquire) {
                let briefs = &place.shard.read().briefs;
                briefs.iter().zip(0_u32..).for_each(|(brief, number)| look(brief, Spot { shard, number }));
            }
        }
    }

    /// The key of the document there.
    pub fn key_at(&self, spot: Spot) -> Option<Box<[u8]>> {
        let shard = self.places.get(spot.shard)?.shard.read();
        let slot = shard.current.iter().find(|slot| slot.version.head().place == spot.number);
        slot.map(|slot| slot.version.key().into())
    }

    /// Keeps a version that something else replaced: what salvage found.
    pub fn keep(&self, hash: u64, superseded: Superseded) {
        if let Some(place) = self.place(hash) {
            place.shard.write().keep(hash, superseded);
        }
    }

    /// The versions replaced by commits up to `sequence` that a snapshot needs.
    pub fn superseded(&self, sequence: u64, pins: &Pins) -> Vec<Superseded> {
        let mut found = Vec::new();
        for place in &self.places {
            let shard = place.shard.read();
            let needed = shard
                .superseded
                .iter()
                .map(|(_, one)| one)
                .filter(|one| one.by <= sequence && pins.needs(one.version.head().stamp.sequence, one.by));
            found.extend(needed.cloned());
        }
        found
    }

    /// Lets go of superseded versions that nothing needs, and of those replaced by commits up to `filed`, which a file
    /// on the disk holds by now.
    pub fn release(&self, filed: u64, pins: &Pins) {
        for place in &self.places {
            let goes = |one: &Superseded| one.by <= filed || !pins.holds(one.version.head().stamp.sequence, one.by);
            let released: Vec<_> = {
                let mut shard = place.shard.write();
                let released = shard.superseded.extract_if(|(_, one)| goes(one)).collect();
                if shard.superseded.is_empty() {
                    shard.superseded = HashTable::new();
                }
                released
            };
            // The versions are freed here, outside the lock.
            drop(released);
        }
    }
}

fn note(briefs: &mut [Brief], brief: Brief, place: u32) {
    if let Some(known) = briefs.get_mut(place as usize) {
        *known = brief;
    }
}

/// What `Overlay::put` found.
pub struct Put {
    /// The document was not here before.
    pub is_new: bool,
    pub before: Before,
}
