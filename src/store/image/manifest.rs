//! What an image says of the store as a whole: how much each collection holds, and which history files belong to it.
//!
//! Holds the encoding only; `../../journal/FORMAT.md` describes it. Invariant: an image and the history files that it
//! names are one state of the store; whatever other history file lies beside it is none of its.

use super::layout::{Entry, u64_at};
use crate::document::{Collection, LARGEST_NUMBER};

/// No file is longer.
const LARGEST_HISTORY: u64 = 1 << 48;

/// How much a collection holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    pub documents: u64,
    /// Of their texts.
    pub bytes: u64,
}

/// A history file that belongs to a state of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRef {
    /// The checkpoint that wrote it, as in its name.
    pub number: u64,
    pub length: u64,
    /// The oldest commit that made one of its versions.
    pub oldest: u64,
    /// The newest commit that replaced one of its versions.
    pub newest: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// In the order of `Collection::ALL`.
    pub totals: [Total; Collection::ALL.len()],
    pub histories: Vec<HistoryRef>,
}

impl Manifest {
    /// Counts an entry of the image, unless it is that of a cleared document.
    pub fn note(&mut self, entry: &Entry<'_>) {
        let total = self.totals.get_mut(usize::from(entry.collection).wrapping_sub(1));
        if let Some(total) = total.filter(|_| !entry.cleared) {
            total.documents += 1;
            total.bytes += entry.text.len() as u64;
        }
    }

    /// Whether an image of so many entries and bytes can say this, and nothing in it is too large to count with.
    pub fn fits(&self, entries: u64, length: u64) -> bool {
        let is_possible = |total: &Total| total.documents <= entries && total.bytes <= length;
        let history = |one: &HistoryRef| {
            one.length <= LARGEST_HISTORY && one.number.max(one.oldest).max(one.newest) <= LARGEST_NUMBER
        };
        self.totals.iter().all(is_possible) && self.histories.iter().all(history)
    }

    pub fn encode(&self) -> Vec<u8> {
        let totals = self.totals.iter().flat_map(|total| [total.documents, total.bytes]);
        let histories = self.histories.iter().flat_map(|one| [one.number, one.length, one.oldest, one.newest]);
        let count = std::iter::once(self.histories.len() as u64);
        totals.chain(count).chain(histories).flat_map(u64::to_le_bytes).collect()
    }

    /// Reads a manifest that is exactly `bytes` long.
    pub fn decode(bytes: &[u8]) -> Option<Manifest> {
        let field = |index: usize| u64_at(bytes, index * 8);
        let mut manifest = Manifest::default();
        for (index, total) in manifest.totals.iter_mut().enumerate() {
            *total = Total { documents: field(2 * index)?, bytes: field(2 * index + 1)? };
        }
        let fixed = 2 * manifest.totals.len();
        let rest = bytes.get(8 * (fixed + 1)..)?;
        if field(fixed)?.checked_mul(32) != Some(rest.len() as u64) {
            return None;
        }
        for row in rest.chunks_exact(32) {
            let field = |index: usize| u64_at(row, index * 8);
            manifest.histories.push(HistoryRef {
                number: field(0)?,
                length: field(1)?,
                oldest: field(2)?,
                newest: field(3)?,
            });
        }
        Some(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_one_of_another_length_is_refused() {
        let history = HistoryRef { number: 9, length: 100, oldest: 2, newest: 8 };
        let mut manifest =
            Manifest { histories: vec![history, HistoryRef { number: 12, ..history }], ..Manifest::default() };
        manifest.totals[4] = Total { documents: 3, bytes: 70 };
        assert!(manifest.fits(3, 70) && !manifest.fits(2, 70) && !manifest.fits(3, 69));
        let endless = Manifest { histories: vec![HistoryRef { newest: u64::MAX, ..history }], ..Manifest::default() };
        assert!(!endless.fits(3, 70));
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes), Some(manifest));
        for length in 0..bytes.len() {
            assert_eq!(Manifest::decode(&bytes[..length]), None, "length {length}");
        }
        assert_eq!(Manifest::decode(&[bytes, vec![0]].concat()), None);
    }
}
