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
