//! The files at the end of the log: the active segment, the blank one after it, and the sealed ones before it.
//!
//! Holds what is done under the file lock: appending whole records and changing segments. It never syncs, since the
//! callers' threads come through here, and makes no file, since that would cost a frame: while the background thread
//! has no blank segment ready, the active one simply grows. Invariant: records go to the file in the order of their
//! sequence numbers, each within one segment.

use super::recovery::Sealed;
use super::segment::{Blank, HEADER, Header, SMALLEST};
use crate::disk::DiskFile;
use crate::error::{Error, Result};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A segment that filled faster than this is followed by one twice its size.
const FAST: Duration = Duration::from_secs(1);
/// A segment that took longer than this is followed by one half its size.
const SLOW: Duration = Duration::from_secs(10);

/// The state under the file lock.
pub struct Writer {
    active: Blank,
    /// Where the next record goes; 0 while the header is not written yet.
    offset: u64,
    started: Instant,
    last_sequence: u64,
    largest: u64,
    /// The size that the next blank segment should have.
    next_size: u64,
    blank: Option<Blank>,
    sealed: Vec<Sealed>,
    /// Files with bytes that no sync has covered yet, oldest first; the active one is not among them.
    unsynced: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    /// Whether the active segment's name may still be unsynced.
    name_unsynced: bool,
}

/// What a sync has to cover, oldest first.
pub struct SyncWork {
    pub files: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    pub folder: bool,
}

/// Records in a row, as they came off the queue.
pub struct Batch<'a> {
    pub bytes: &'a [u8],
    pub first_sequence: u64,
    pub last_sequence: u64,
    /// Everything up to here is synced.
    pub durable: u64,
}

impl Writer {
    /// Goes on after `sealed` with a fresh segment, whose name is not synced yet.
    pub fn new(active: Blank, sealed: Vec<Sealed>, last_sequence: u64, largest: u64) -> Self {
        Writer {
            next_size: active.size.min(largest),
            active,
            offset: 0,
            started: Instant::now(),
            last_sequence,
            largest: largest.max(HEADER as u64),
            blank: None,
            sealed,
            unsynced: Vec::new(),
            name_unsynced: true,
        }
    }

    /// Appends records, in the next segment if they no longer fit and there is one.
    pub fn append(&mut self, batch: &Batch<'_>) -> Result<()> {
        self.begin(batch.bytes.len() as u64, batch.first_sequence, batch.durable)?;
        self.put(batch.bytes)?;
        self.last_sequence = batch.last_sequence;
        Ok(())
    }

    /// Appends one record that comes in pieces, `length` bytes together: `give` puts them one after the other.
    pub fn append_in_pieces(
        &mut self,
        length: u64,
        sequence: u64,
        durable: u64,
        give: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        self.begin(length, sequence, durable)?;
        give(&mut |piece| self.put(piece))?;
        self.last_sequence = sequence;
        Ok(())
    }

    /// Sees to it that `length` bytes go into one segment.
    fn begin(&mut self, length: u64, first_sequence: u64, durable: u64) -> Result<()> {
        if self.offset > 0 && self.offset + length > self.active.size {
            self.seal();
        }
        if self.offset == 0 {
            let header = Header { number: self.active.number, first_sequence, durable };
            self.write(&header.encode(), 0)?;
            self.offset = HEADER as u64;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.write(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.active.file.write_at(bytes, offset).map_err(|source| Error::io("write", &self.active.path, source))
    }

    /// Ends the active segment and starts the blank one. Without a blank one, or with nothing written, nothing changes.
    pub fn seal(&mut self) -> bool {
        if self.offset == 0 {
            return false;
        }
        let Some(blank) = self.blank.take() else { return false };
        let taken = self.started.elapsed();
        let size = self.active.size;
        self.next_size = match taken {
            _ if taken < FAST => size.saturating_mul(2),
            _ if taken > SLOW => size / 2,
            _ => size,
        }
        .clamp(SMALLEST.min(self.largest), self.largest);
        let full = std::mem::replace(&mut self.active, blank);
        self.unsynced.push((full.path.clone(), full.file.clone()));
        self.sealed.push(Sealed { path: full.path, last_sequence: self.last_sequence, bytes: size.max(self.offset) });
        self.offset = 0;
        self.started = Instant::now();
        self.name_unsynced = false;
        true
    }

    /// The number and size of the blank segment that should be made now, if any.
    pub fn wanted_blank(&self) -> Option<(u64, u64)> {
        let half_full = self.offset > self.active.size / 2;
        (self.blank.is_none() && half_full).then(|| (self.active.number + 1, self.next_size))
    }

    /// The same, for a caller that is about to seal whatever the fill.
    pub fn missing_blank(&self) -> Option<(u64, u64)> {
        (self.blank.is_none() && self.offset > 0).then(|| (self.active.number + 1, self.next_size))
    }

    pub fn put_blank(&mut self, blank: Blank) {
        self.blank = Some(blank);
    }

    /// Hands out what a sync has to cover. The caller syncs it without the lock; if it fails, the log fails.
    pub fn take_sync_work(&mut self) -> SyncWork {
        let mut files = std::mem::take(&mut self.unsynced);
        files.push((self.active.path.clone(), self.active.file.clone()));
        SyncWork { files, folder: std::mem::take(&mut self.name_unsynced) }
    }

    /// Takes out the sealed segments that hold nothing after `sequence`.
    pub fn retire(&mut self, sequence: u64) -> Vec<Sealed> {
        let (retired, kept) =
            std::mem::take(&mut self.sealed).into_iter().partition(|one| one.last_sequence <= sequence);
        self.sealed = kept;
        let gone: &Vec<Sealed> = &retired;
        self.unsynced.retain(|(path, _)| gone.iter().all(|one| one.path != *path));
        retired
    }

    /// Bytes on disk in segments that hold records.
    pub fn bytes(&self) -> u64 {
        self.sealed.iter().map(|one| one.bytes).sum::<u64>() + self.offset
    }

    /// Sets to what size segments grow from now on.
    pub fn set_largest(&mut self, largest: u64) {
        self.largest = largest.max(HEADER as u64);
        self.next_size = self.next_size.min(self.largest);
    }

    /// The paths of the segments that hold commits, oldest first.
    pub fn paths(&self) -> Vec<PathBuf> {
        let sealed = self.sealed.iter().map(|one| one.path.clone());
        sealed.chain((self.offset > 0).then(|| self.active.path.clone())).collect()
    }

    /// Closes every file and returns the paths of the segments that exist, newest first, for the removal at a clean close:
    /// on Windows the name of a file that is open can outlive its removal.
    pub fn let_go(&mut self) -> Vec<PathBuf> {
        self.unsynced.clear();
        self.active.file = Arc::new(LetGo);
        let blank = self.blank.take().map(|blank| blank.path);
        let active = std::iter::once(self.active.path.clone());
        blank.into_iter().chain(active).chain(self.sealed.iter().rev().map(|one| one.path.clone())).collect()
    }
}

/// Stands where the active segment's file was: the log is closed, so nobody writes or syncs any more.
struct LetGo;

impl DiskFile for LetGo {
    fn read_at(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn length(&self) -> io::Result<u64> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::{self, HeaderState};
    use super::*;
    use crate::disk::RealDisk;
    use std::fs;
    use std::path::Path;

    fn blank(folder: &Path, number: u64, size: u64) -> Blank {
        segment::create(&RealDisk, folder, number, size).unwrap()
    }

    /// Appends `length` bytes as the commit `sequence`.
    fn append(writer: &mut Writer, length: usize, sequence: u64) {
        let bytes = vec![1; length];
        let batch = Batch { bytes: &bytes, first_sequence: sequence, last_sequence: sequence, durable: sequence - 1 };
        writer.append(&batch).unwrap();
    }

    fn numbers(paths: &[PathBuf]) -> Vec<u64> {
        paths.iter().map(|path| segment::number_in(path.file_name().unwrap().to_str().unwrap()).unwrap()).collect()
    }

    #[test]
    fn a_segment_is_filled_to_its_last_byte_and_the_next_one_says_where_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(blank(folder.path(), 1, 200), Vec::new(), 0, 200);
        writer.put_blank(blank(folder.path(), 2, 200));
        assert!(!writer.seal(), "nothing is written yet");
        assert_eq!((writer.bytes(), writer.paths()), (0, Vec::new()));
        append(&mut writer, 36, 1);
        append(&mut writer, 100, 2);
        assert_eq!((writer.bytes(), numbers(&writer.paths())), (200, vec![1]));
        append(&mut writer, 1, 3);
        assert_eq!((writer.bytes(), numbers(&writer.paths())), (200 + 64 + 1, vec![1, 2]));
        let second = fs::read(folder.path().join(segment::name(2))).unwrap();
        let header = Header { number: 2, first_sequence: 3, durable: 2 };
        assert_eq!((Header::decode(&second), second[64], second[65]), (HeaderState::Valid(header), 1, 0));
    }

    #[test]
    fn without_a_blank_segment_the_active_one_grows() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(blank(folder.path(), 7, 200), Vec::new(), 0, 200);
        assert_eq!((writer.wanted_blank(), writer.missing_blank()), (None, None), "nothing is written yet");
        append(&mut writer, 36, 1);
        assert_eq!((writer.wanted_blank(), writer.missing_blank()), (None, Some((8, 200))), "just half full");
        append(&mut writer, 1, 2);
        assert_eq!((writer.wanted_blank(), writer.missing_blank()), (Some((8, 200)), Some((8, 200))));
        append(&mut writer, 300, 3);
        assert!(!writer.seal());
        assert_eq!((writer.bytes(), numbers(&writer.paths())), (64 + 337, vec![7]));
        writer.put_blank(blank(folder.path(), 8, 200));
        assert_eq!((writer.wanted_blank(), writer.missing_blank()), (None, None));
        append(&mut writer, 1, 4);
        assert_eq!((writer.bytes(), numbers(&writer.paths())), (64 + 337 + 64 + 1, vec![7, 8]), "it counts as it grew");
    }

    #[test]
    fn the_next_segment_is_larger_after_a_fast_one_and_smaller_after_a_slow_one() {
        let past = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let soon = Instant::now() + Duration::from_secs(3600);
        let kib = |count: u64| count << 10;
        for (size, largest, started, next) in [
            (kib(128), kib(1024), soon, kib(256)),
            (kib(128), kib(1024), past(5), kib(128)),
            (kib(512), kib(1024), past(60), kib(256)),
            (kib(64), kib(1024), past(60), SMALLEST),
            (kib(128), kib(150), soon, kib(150)),
            (kib(32), kib(32), past(60), kib(32)),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = Writer::new(blank(folder.path(), 1, size), Vec::new(), 0, largest);
            writer.started = started;
            append(&mut writer, 8, 1);
            writer.put_blank(blank(folder.path(), 2, 8));
            assert!(writer.seal());
            append(&mut writer, 8, 2);
            assert_eq!(writer.missing_blank(), Some((3, next)), "{size} of {largest}");
            writer.set_largest(next - 1);
            assert_eq!(writer.missing_blank(), Some((3, next - 1)));
            writer.set_largest(next);
            assert_eq!(writer.missing_blank(), Some((3, next - 1)), "only the next filling tells");
        }
    }

    #[test]
    fn a_record_in_pieces_lies_as_one_and_a_piece_that_fails_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(blank(folder.path(), 1, 100), Vec::new(), 0, 200);
        writer.put_blank(blank(folder.path(), 2, 200));
        append(&mut writer, 36, 1);
        let give = |put: &mut dyn FnMut(&[u8]) -> Result<()>| put(&[1, 2]).and_then(|()| put(&[3]));
        writer.append_in_pieces(3, 2, 1, give).unwrap();
        assert_eq!((writer.bytes(), numbers(&writer.paths())), (100 + 64 + 3, vec![1, 2]));
        let second = fs::read(folder.path().join(segment::name(2))).unwrap();
        assert_eq!(second[64..68], [1, 2, 3, 0]);
        writer.put_blank(blank(folder.path(), 3, 200));
        assert!(writer.seal());
        assert_eq!(writer.retire(1).len(), 1, "commit 2 is in the second segment");
        assert_eq!(writer.retire(2).len(), 1);
        let failing = |_: &mut dyn FnMut(&[u8]) -> Result<()>| Err(Error::Cancelled);
        assert!(matches!(writer.append_in_pieces(3, 3, 1, failing), Err(Error::Cancelled)));
    }

    #[test]
    fn a_sync_covers_what_is_written_and_not_retired_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(blank(folder.path(), 1, 200), Vec::new(), 4, 200);
        let covered = |work: &SyncWork| numbers(&work.files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>());
        append(&mut writer, 8, 5);
        for sequence in 6..=8 {
            writer.put_blank(blank(folder.path(), sequence - 4, 200));
            assert!(writer.seal());
            append(&mut writer, 8, sequence);
        }
        let retired = writer.retire(5);
        let of = |one: &Sealed| (one.last_sequence, one.bytes);
        assert_eq!(retired.iter().map(of).collect::<Vec<_>>(), [(5, 200)]);
        assert_eq!(numbers(&writer.paths()), [2, 3, 4]);
        let work = writer.take_sync_work();
        // Sealing in favour of a segment whose name was synced when it was made.
        assert_eq!((covered(&work), work.folder), (vec![2, 3, 4], false));
        assert_eq!(covered(&writer.take_sync_work()), [4]);
        let mut fresh = Writer::new(blank(folder.path(), 9, 200), Vec::new(), 0, 200);
        assert!(fresh.take_sync_work().folder);
        assert!(!fresh.take_sync_work().folder);
    }

    #[test]
    fn what_is_let_go_is_named_newest_first_and_is_not_reached_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(blank(folder.path(), 1, 200), Vec::new(), 0, 200);
        for number in 2..=4 {
            append(&mut writer, 8, number);
            writer.put_blank(blank(folder.path(), number, 200));
            assert!(number == 4 || writer.seal());
        }
        assert_eq!(numbers(&writer.let_go()), [4, 3, 2, 1]);
        let work = writer.take_sync_work();
        let [(_, file)] = &work.files[..] else { panic!("only the active segment is left") };
        let gone = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
        assert!(file.read_at(&mut [0], 0).is_err_and(gone));
        assert!(file.write_at(&[0], 0).is_err_and(gone));
        assert!(file.length().is_err_and(gone));
        assert!(file.sync().is_err_and(gone));
    }
}
