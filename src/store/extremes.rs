//! The largest, the newest and the oldest document of each collection, and what of the journal is still current.
//!
//! Nothing of it is kept per save: the overlay's tables tell of what changed, and of the image there is a table of sizes and
//! times, made ahead for a store of usual size and else when somebody asks for the first time. A document that is cleared or becomes smaller therefore never leaves a
//! wrong answer behind, which running counters could not promise. Invariant: while nothing is committed the answers are
//! exact; else each document counts as it was at some time during the question.

use super::Store;
use super::image::{Entry, Image};
use super::overlay::Spot;
use crate::document::Collection;
use once_cell::sync::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of the image begin at least so many bytes apart: an entry without text and with a key of one byte.
const APART: usize = 32;
/// Of the size of a cleared document.
const CLEARED: u32 = u32::MAX;
/// A record of the journal with one change: what is fixed about it, and what its length is a multiple of.
const RECORD: u64 = 52;
const ALIGNMENT: u64 = 8;

/// What stands out in a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extremes {
    /// Key and bytes of the largest document; of equal ones any.
    pub largest: Option<(String, u64)>,
    /// When the document that was saved last was saved, and the one whose save is the longest ago.
    pub newest_ms: Option<u64>,
    pub oldest_ms: Option<u64>,
}

/// The image's part of it, in the order of the image.
#[derive(Default)]
pub struct Digest {
    bytes: Vec<u32>,
    times: Vec<u64>,
}

/// Which entries of the image were replaced since. Written under the commit lock; takes no memory before the first.
#[derive(Default)]
pub struct Replaced(OnceCell<Box<[AtomicU64]>>);

impl Replaced {
    fn note(&self, base: &Image, offset: usize) {
        let words = || (base.entries_end() / APART + 1).div_ceil(64);
        let bits = self.0.get_or_init(|| (0..words()).map(|_| AtomicU64::new(0)).collect());
        let place = offset / APART;
        if let Some(word) = bits.get(place / 64) {
            word.store(word.load(Ordering::Relaxed) | 1 << (place % 64), Ordering::Relaxed);
        }
    }

    fn has(&self, offset: u64) -> bool {
        let place = offset as usize / APART;
        let word = self.0.get().and_then(|bits| bits.get(place / 64));
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (place % 64) & 1 == 1)
    }
}

/// Bytes of the journal's records whose document is still as they say. Written under the commit lock, but for `settle`.
#[derive(Default)]
pub struct Journalled {
    /// What came until this commit is in an image on the disk.
    settled: AtomicU64,
    /// The checkpoint under way, or the last one that was tried, takes in what came until this commit.
    cut: AtomicU64,
    before_cut: AtomicU64,
    after_cut: AtomicU64,
}

impl Journalled {
    pub fn from(sequence: u64) -> Journalled {
        Journalled { settled: AtomicU64::new(sequence), cut: AtomicU64::new(sequence), ..Journalled::default() }
    }

    /// A version with key and text of so many bytes is current now, and the one before it no more.
    pub fn replace(&self, bytes: usize, before: Option<(u64, usize)>) {
        let mut gone = 0;
        if let Some((sequence, bytes)) = before {
            if sequence > self.cut.load(Ordering::Relaxed) {
                gone = record(bytes);
            } else if sequence > self.settled.load(Ordering::Relaxed) {
                self.before_cut.fetch_sub(record(bytes), Ordering::Relaxed);
            }
        }
        // Nobody else writes it, and a save has no time for what another processor has to see at once.
        let now = self.after_cut.load(Ordering::Relaxed).wrapping_add(record(bytes)).wrapping_sub(gone);
        self.after_cut.store(now, Ordering::Relaxed);
    }

    /// A checkpoint at the newest commit begins.
    pub fn begin(&self, sequence: u64) {
        let all = self.after_cut.swap(0, Ordering::Relaxed);
        self.before_cut.fetch_add(all, Ordering::Relaxed);
        self.cut.store(sequence, Ordering::Relaxed);
    }

    /// Its image is on the disk.
    pub fn settle(&self, sequence: u64) {
        self.settled.store(sequence, Ordering::Relaxed);
        self.before_cut.store(0, Ordering::Relaxed);
    }

    pub fn bytes(&self) -> u64 {
        // A save that replaced a version at the very moment of `settle` may have been taken off twice.
        let before = i64::try_from(self.before_cut.load(Ordering::Relaxed)).unwrap_or(0);
        before.unsigned_abs() + self.after_cut.load(Ordering::Relaxed)
    }
}

/// The length of the record of one document with key and text of so many bytes.
fn record(bytes: usize) -> u64 {
    (RECORD + bytes as u64).next_multiple_of(ALIGNMENT)
}

enum Largest<K> {
    None,
    /// Its bytes, and where it is.
    Some(u32, K),
}

/// What was found so far of one collection.
struct Seen<K> {
    largest: Largest<K>,
    newest_ms: u64,
    oldest_ms: u64,
}

impl<K> Default for Seen<K> {
    fn default() -> Self {
        Seen { largest: Largest::None, newest_ms: 0, oldest_ms: u64::MAX }
    }
}

impl<K> Seen<K> {
    #[inline]
    fn note(&mut self, bytes: u32, time_ms: u64, place: K) {
        if !matches!(&self.largest, Largest::Some(most, _) if *most >= bytes) {
            self.largest = Largest::Some(bytes, place);
        }
        self.newest_ms = self.newest_ms.max(time_ms);
        self.oldest_ms = self.oldest_ms.min(time_ms);
    }

    fn is_empty(&self) -> bool {
        matches!(self.largest, Largest::None)
    }
}

impl Store {
    /// Notes that an entry of the base is current no more. The caller holds the commit lock.
    pub(super) fn note_replaced(&self, entry: &Entry<'_>) {
        if let Some(base) = &self.base {
            self.replaced.note(base, base.offset_of(entry));
        }
    }

    /// Bytes of the journal's records whose document is still as they say; each document counts as a record of its own.
    pub fn live_journal_bytes(&self) -> u64 {
        self.journalled.bytes()
    }

    /// Looks at the image's entries ahead of the first question, unless there are so many that their table would be felt.
    pub fn prepare_extremes(&self) {
        const MOST: u64 = 200_000;
        if let Some(base) = self.base.as_ref().filter(|base| base.entries() <= MOST) {
            self.digest.get_or_init(|| digest(base));
        }
    }

    /// What stands out in each collection, in the order of `Collection::ALL`.
    pub fn extremes(&self) -> [Extremes; Collection::ALL.len()] {
        // The base first: what is replaced meanwhile is met twice rather than never.
        let base = self.base.as_ref().map(|base| self.seen_in_base(base)).unwrap_or_default();
        let mut changed: [Seen<Spot>; Collection::ALL.len()] = Default::default();
        self.overlay.each_brief(|brief, spot| {
            let seen = changed.get_mut(usize::from(brief.collection).wrapping_sub(1));
            if let Some(seen) = seen.filter(|_| !brief.cleared) {
                seen.note(brief.bytes, brief.time_ms, spot);
            }
        });
        let mut both = base.iter().zip(changed.iter()).map(|(base, changed)| self.both(base, changed));
        std::array::from_fn(|_| both.next().unwrap_or_default())
    }

    fn both(&self, base: &Seen<u64>, changed: &Seen<Spot>) -> Extremes {
        let text = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
        let base_key = |rank: u64| self.base.as_ref().and_then(|base| base.ranked(rank)).map(|entry| text(entry.key));
        let from_base = |bytes: u32, rank: u64| base_key(rank).map(|key| (key, u64::from(bytes)));
        let largest = match (&base.largest, &changed.largest) {
            (Largest::Some(bytes, rank), Largest::Some(other, _)) if bytes > other => from_base(*bytes, *rank),
            (_, Largest::Some(bytes, spot)) => self.overlay.key_at(*spot).map(|key| (text(&key), u64::from(*bytes))),
            (Largest::Some(bytes, rank), Largest::None) => from_base(*bytes, *rank),
            (Largest::None, Largest::None) => None,
        };
        let is_there = !base.is_empty() || !changed.is_empty();
        Extremes {
            largest,
            newest_ms: is_there.then_some(base.newest_ms.max(changed.newest_ms)),
            oldest_ms: is_there.then_some(base.oldest_ms.min(changed.oldest_ms)),
        }
    }

    fn seen_in_base(&self, base: &Image) -> [Seen<u64>; Collection::ALL.len()] {
        let digest = self.digest.get_or_init(|| digest(base));
        Collection::ALL.map(|collection| {
            let number = collection as u8;
            let (from, to) = (base.rank_of(number, &[], false), base.rank_of(number + 1, &[], false));
            let range = from as usize..to as usize;
            let sizes = digest.bytes.get(range.clone()).unwrap_or_default().iter();
            let times = digest.times.get(range).unwrap_or_default().iter();
            let mut seen = Seen::default();
            for (rank, ((bytes, time_ms), offset)) in (from..).zip(sizes.zip(times).zip(base.offsets(from))) {
                if *bytes != CLEARED && !self.replaced.has(offset) {
                    seen.note(*bytes, *time_ms, rank);
                }
            }
            seen
        })
    }
}

fn digest(base: &Image) -> Digest {
    let count = base.entries() as usize;
    let mut digest = Digest { bytes: Vec::with_capacity(count), times: Vec::with_capacity(count) };
    base.each_head(&mut |bytes, time_ms, cleared| {
        digest.bytes.push(if cleared { CLEARED } else { bytes });
        digest.times.push(time_ms);
    });
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;
    use crate::document::DocumentId;
    use crate::store::{ImageWriter, Stamp, file_name};

    fn save(store: &Store, key: &str, sequence: u64, time_ms: u64, text: Option<&str>) {
        let id = DocumentId::new(Collection::PluginData, key);
        store.apply(id, id.hash(), Stamp { sequence, revision: sequence, time_ms }, text, None);
    }

    fn found(store: &Store) -> (Option<(String, u64)>, Option<u64>, Option<u64>) {
        let [.., Extremes { largest, newest_ms, oldest_ms }] = store.extremes();
        (largest, newest_ms, oldest_ms)
    }

    fn of(key: &str, bytes: u64, newest: u64, oldest: u64) -> (Option<(String, u64)>, Option<u64>, Option<u64>) {
        (Some((key.to_owned(), bytes)), Some(newest), Some(oldest))
    }

    #[test]
    fn what_is_cleared_or_shrinks_stands_out_no_more() {
        let store = Store::new(None);
        assert_eq!(found(&store), (None, None, None));
        save(&store, "a", 1, 10, Some("[1,2,3]"));
        save(&store, "b", 2, 20, Some("[1,2]"));
        save(&store, "c", 3, 30, Some("[1]"));
        assert_eq!(found(&store), of("a", 7, 30, 10));
        save(&store, "a", 4, 40, Some("1"));
        assert_eq!(found(&store), of("b", 5, 40, 20));
        save(&store, "b", 5, 50, None);
        assert_eq!(found(&store), of("c", 3, 40, 30));
        save(&store, "c", 6, 60, None);
        save(&store, "a", 7, 70, None);
        assert_eq!(found(&store), (None, None, None));
    }

    #[test]
    fn the_image_counts_where_it_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ImageWriter::new(&RealDisk, folder.path(), 9).unwrap();
        for (key, text, time_ms, cleared) in
            [("a", "[1,2,3]", 10, false), ("b", "[1,2]", 5, false), ("gone", "", 99, true), ("z", "1", 30, false)]
        {
            let (key, text) = (key.as_bytes(), text.as_bytes());
            writer.add(&Entry { sequence: 9, revision: 1, time_ms, collection: 5, cleared, key, text }).unwrap();
        }
        writer.finish(0, Vec::new()).unwrap();
        let store = Store::new(Some(Image::open(&RealDisk, &folder.path().join(file_name(9))).unwrap()));
        assert_eq!(found(&store), of("a", 7, 30, 5));
        save(&store, "b", 10, 40, Some("2"));
        assert_eq!(found(&store), of("a", 7, 40, 10));
        save(&store, "a", 11, 50, None);
        save(&store, "z", 12, 60, Some("[]"));
        assert_eq!(found(&store), of("z", 2, 60, 40));
    }

    #[test]
    fn the_journal_s_live_bytes_follow_saves_and_checkpoints() {
        let store = Store::new(None);
        save(&store, "a", 1, 1, Some("1"));
        save(&store, "a", 2, 2, Some("[1,2,3,4,5]"));
        save(&store, "b", 3, 3, None);
        let (a, b) = (record(12), record(1));
        assert_eq!(store.live_journal_bytes(), a + b);
        store.pin_checkpoint(3);
        save(&store, "b", 4, 4, Some("1"));
        assert_eq!(store.live_journal_bytes(), a + record(2));
        store.unpin_checkpoint(0);
        assert_eq!(store.live_journal_bytes(), a + record(2), "a checkpoint that failed settles nothing");
        store.pin_checkpoint(4);
        save(&store, "c", 5, 5, Some("1"));
        store.unpin_checkpoint(4);
        assert_eq!(store.live_journal_bytes(), record(2));
        save(&store, "a", 6, 6, Some("1"));
        save(&store, "c", 7, 7, Some("[1]"));
        assert_eq!(store.live_journal_bytes(), record(2) + record(4));
    }
}
