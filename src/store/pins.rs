//! Which past states are kept: the sequence numbers that snapshots name, and the one that a checkpoint writes down.
//!
//! Holds numbers only. Invariant: a version that was replaced stays as long as a pin lies between its own commit and the
//! one that replaced it; a pin is set under the commit lock, at the newest commit, so that none comes too late.

use crate::sync::brief::RwLock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// No commit has this number, so a pin here keeps nothing.
const NONE: u64 = 0;

#[derive(Default)]
pub struct Pins {
    lists: RwLock<Lists>,
    /// The newest number in either list.
    newest: AtomicU64,
    checkpoint: AtomicU64,
    /// A snapshot went, so that history files may hold what nothing needs.
    was_removed: AtomicBool,
}

#[derive(Default)]
struct Lists {
    snapshots: BTreeSet<u64>,
    /// States that are being looked at, with how many look.
    looks: BTreeMap<u64, usize>,
}

impl Pins {
    /// Keeps the state at `sequence` for the snapshot that names it.
    pub fn add(&self, sequence: u64) {
        let mut lists = self.lists.write();
        lists.snapshots.insert(sequence);
        self.note_newest(&lists);
    }

    pub fn remove(&self, sequence: u64) {
        let mut lists = self.lists.write();
        lists.snapshots.remove(&sequence);
        self.note_newest(&lists);
    }

    /// Keeps the state at `sequence` while somebody looks at it.
    pub fn begin_look(&self, sequence: u64) {
        let mut lists = self.lists.write();
        *lists.looks.entry(sequence).or_default() += 1;
        self.note_newest(&lists);
    }

    pub fn end_look(&self, sequence: u64) {
        let mut lists = self.lists.write();
        if let Some(count) = lists.looks.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                lists.looks.remove(&sequence);
            }
        }
        self.note_newest(&lists);
    }

    /// Notes whether a snapshot went, and says what was noted before.
    pub fn set_removed(&self, was_removed: bool) -> bool {
        self.was_removed.swap(was_removed, Ordering::AcqRel)
    }

    fn note_newest(&self, lists: &Lists) {
        let look = lists.looks.last_key_value().map(|(sequence, _)| sequence);
        let newest = lists.snapshots.last().max(look).copied().unwrap_or(NONE);
        self.newest.store(newest, Ordering::Release);
    }

    /// Keeps the state at `sequence`, for the checkpoint under way.
    pub fn set_checkpoint(&self, sequence: u64) {
        self.checkpoint.store(sequence, Ordering::Release);
    }

    pub fn clear_checkpoint(&self) {
        self.checkpoint.store(NONE, Ordering::Release);
    }

    /// Whether the newest version, made by commit `sequence`, has to stay when the next commit replaces it.
    #[inline]
    pub fn holds_newest(&self, sequence: u64) -> bool {
        self.holds_for_snapshot(sequence) || self.checkpoint.load(Ordering::Relaxed) >= sequence
    }

    /// The same, as far as snapshots need it.
    #[inline]
    pub fn holds_for_snapshot(&self, sequence: u64) -> bool {
        self.newest.load(Ordering::Relaxed) >= sequence
    }

    /// Whether a snapshot needs a version that was current from `sequence` until `superseded` replaced it.
    pub fn needs(&self, sequence: u64, superseded: u64) -> bool {
        // A file without versions says that it goes from the newest number to the oldest.
        if sequence >= superseded {
            return false;
        }
        let lists = self.lists.read();
        let time = sequence..superseded;
        lists.snapshots.range(time.clone()).next().is_some() || lists.looks.range(time).next().is_some()
    }

    /// Whether a past version has to stay in memory: a snapshot needs it, or the checkpoint under way.
    pub fn holds(&self, sequence: u64, superseded: u64) -> bool {
        (sequence..superseded).contains(&self.checkpoint.load(Ordering::Acquire)) || self.needs(sequence, superseded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_needed_while_a_pin_lies_in_its_time() {
        let pins = Pins::default();
        for pin in [5, 9] {
            pins.add(pin);
        }
        assert!(pins.needs(5, 6) && pins.needs(1, 6) && pins.needs(6, 10) && pins.needs(9, 10));
        assert!(!pins.needs(1, 5), "it was replaced by the very commit that the pin names");
        assert!(!pins.needs(6, 9) && !pins.needs(10, 99) && !pins.needs(u64::MAX, 0));
        assert!(pins.holds_newest(9) && !pins.holds_newest(10));
        pins.remove(9);
        assert!(!pins.needs(6, 10) && !pins.holds_newest(6) && pins.holds_newest(5));
        pins.set_checkpoint(8);
        assert!(pins.holds(7, 9) && !pins.needs(7, 9) && !pins.holds(9, 12) && pins.holds_newest(8));
        pins.clear_checkpoint();
        assert!(!pins.holds(7, 9));
    }

    #[test]
    fn a_look_ends_alone() {
        let pins = Pins::default();
        pins.add(5);
        pins.begin_look(5);
        pins.begin_look(7);
        pins.begin_look(7);
        pins.end_look(7);
        assert!(pins.needs(6, 8) && pins.holds_newest(7));
        pins.end_look(7);
        pins.end_look(5);
        assert!(!pins.needs(6, 8) && !pins.holds_newest(6) && pins.needs(5, 6), "the snapshot is still there");
        pins.remove(5);
        assert!(!pins.needs(5, 6));
    }
}
