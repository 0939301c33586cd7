//! The log as the rest of the store sees it: queue a commit, write through, sync through.
//!
//! Holds the three locks and their order: `turn`, then `files`, then `queue`. The queue's lock is the store's commit
//! lock: whoever holds it decides the next sequence number. No lock is held during a sync.
//!
//! Committers that arrive together share their work: whoever gets the file lock writes everything queued in one call,
//! and whoever gets the turn to sync covers everything written.

use super::record;
use super::recovery::{Apply, Recovered, Sealed};
use super::reread::reread;
use super::segment::{self, Blank};
use super::writer::{Batch, SyncWork, Writer};
use crate::change::{Change, Commit};
use crate::disk::{Disk, Leftovers};
use crate::document::LARGEST_NUMBER;
use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex, MutexGuard};
use once_cell::sync::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A write buffer larger than this is given back to the allocator after use.
const KEPT_BUFFER: usize = 1 << 20;
/// A commit that is not queued is written in pieces of this size.
const PIECE: usize = 1 << 20;

/// An open log.
pub struct Log {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    queue: Mutex<Queue>,
    files: Mutex<Files>,
    turn: Mutex<Turn>,
    /// Where those wait whom the sync under way covers, and those whom only the next will cover: one each, by turns, so
    /// that the end of a sync wakes nobody in vain.
    covered: [Condvar; 2],
    written: AtomicU64,
    synced: AtomicU64,
    /// What `Writer::bytes` says, to be read without the file lock.
    bytes: AtomicU64,
    /// Set when the background thread should look at the segments soon.
    attention: AtomicBool,
    failed: AtomicBool,
    failure: Mutex<Option<String>>,
    /// Retired segments that could not be removed.
    leftovers: Leftovers,
    /// Is told how long each sync took.
    on_sync: OnceCell<OnSync>,
}

pub type OnSync = Box<dyn Fn(Duration) + Send + Sync>;

/// Commits that have a sequence number and are not written yet.
struct Queue {
    bytes: Vec<u8>,
    last_sequence: u64,
    first_queued: u64,
    closed: bool,
}

struct Files {
    writer: Writer,
    /// The buffer that the queue does not use at the moment.
    other_buffer: Vec<u8>,
    /// The newest sequence number that the log on disk itself says is synced.
    marked: u64,
}

struct Turn {
    taken: bool,
    /// How many syncs were begun.
    round: usize,
    /// What the sync under way covers.
    target: u64,
}

/// The commit lock, held. Sequence numbers are given out here and nowhere else.
pub struct Committer<'a> {
    log: &'a Log,
    queue: MutexGuard<'a, Queue>,
    /// Held too for a commit that is written at once instead of being queued.
    files: Option<MutexGuard<'a, Files>>,
}

impl Committer<'_> {
    /// The sequence number of the newest commit.
    pub fn last_sequence(&self) -> u64 {
        self.queue.last_sequence
    }

    /// Queues one commit, or writes it if it was begun as a large one, and returns its sequence number. After an error the
    /// commit does not exist.
    pub fn append(&mut self, time_ms: u64, changes: &[Change<'_>]) -> Result<u64> {
        let sequence = self.queue.last_sequence + 1;
        if sequence > LARGEST_NUMBER {
            let reason = format!("its sequence numbers end at {LARGEST_NUMBER}");
            return Err(Error::corrupt(&self.log.folder, 0, reason));
        }
        let commit = Commit { sequence, time_ms, changes };
        if let Some(files) = &mut self.files {
            self.log.write_now(files, &mut self.queue, &commit)?;
        } else {
            make_room(&mut self.queue.bytes, record::length(&commit))?;
            if self.queue.bytes.is_empty() {
                self.queue.first_queued = sequence;
            }
            record::encode(&commit, self.log.synced(), &mut self.queue.bytes);
        }
        self.queue.last_sequence = sequence;
        Ok(sequence)
    }

    /// How many bytes wait to be written.
    pub fn queued_bytes(&self) -> usize {
        self.queue.bytes.len()
    }
}

/// Sees to it that a record of `length` bytes can be put behind what is queued.
#[inline]
fn make_room(queued: &mut Vec<u8>, length: u64) -> Result<()> {
    let wanted = usize::try_from(length).unwrap_or(usize::MAX);
    // Twice the room saves time if there is twice the memory.
    let room = queued.try_reserve(wanted).or_else(|_| queued.try_reserve_exact(wanted));
    room.map_err(|_| Error::OutOfMemory { bytes: length })
}

impl Log {
    /// Goes on where recovery ended, in a segment of its own that begins with the recovered records. `synced` is the
    /// sequence number that the disk has for certain, which is that of the image. The new segment, and all that was
    /// recovered, becomes certain with the first sync.
    pub fn start(disk: Arc<dyn Disk>, folder: &Path, recovered: Recovered, synced: u64, largest: u64) -> Result<Log> {
        let again = &recovered.replayed;
        let size = segment::SMALLEST.min(largest) + again.len() as u64;
        let active = segment::create(&*disk, folder, recovered.next_number, size)?;
        let last = recovered.last_sequence;
        let mut writer = Writer::new(active, recovered.sealed, last, largest);
        if !again.is_empty() {
            writer.append(&Batch { bytes: again, first_sequence: synced + 1, last_sequence: last, durable: synced })?;
        }
        let bytes = writer.bytes();
        Ok(Log {
            folder: folder.to_path_buf(),
            queue: Mutex::new(Queue { bytes: Vec::new(), last_sequence: last, first_queued: last + 1, closed: false }),
            files: Mutex::new(Files { writer, other_buffer: Vec::new(), marked: synced }),
            turn: Mutex::new(Turn { taken: false, round: 0, target: 0 }),
            covered: [Condvar::new(), Condvar::new()],
            written: AtomicU64::new(last),
            synced: AtomicU64::new(synced),
            bytes: AtomicU64::new(bytes),
            attention: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            leftovers: Leftovers::default(),
            on_sync: OnceCell::new(),
            disk,
        })
    }

    /// Takes the commit lock, unless the log has failed or is closed.
    pub fn begin(&self) -> Result<Committer<'_>> {
        self.check()?;
        let queue = self.queue.lock();
        if queue.closed {
            return Err(Error::Closed);
        }
        Ok(Committer { log: self, queue, files: None })
    }

    /// The same for a commit too large to be put together in memory: its record is written piece by piece while both locks
    /// are held, so others' commits wait for that.
    pub fn begin_large(&self) -> Result<Committer<'_>> {
        let files = self.files.lock();
        Ok(Committer { files: Some(files), ..self.begin()? })
    }

    /// Refuses every later commit.
    pub fn close(&self) {
        self.queue.lock().closed = true;
    }

    /// An error if an earlier write or sync failed.
    pub fn check(&self) -> Result<()> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let cause = self.failure.lock().clone().unwrap_or_default();
        Err(Error::Failed { cause })
    }

    fn fail(&self, error: Error) -> Error {
        self.failure.lock().get_or_insert_with(|| error.to_string());
        self.failed.store(true, Ordering::Release);
        error
    }

    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    pub fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub fn last_sequence(&self) -> u64 {
        self.queue.lock().last_sequence
    }

    /// How many bytes of commits wait in memory.
    pub fn queued_bytes(&self) -> usize {
        self.queue.lock().bytes.len()
    }

    /// Whether commits wait in memory.
    pub fn has_queued(&self) -> bool {
        !self.queue.lock().bytes.is_empty()
    }

    /// Returns once the operating system has everything up to `sequence`.
    pub fn write_through(&self, sequence: u64) -> Result<()> {
        if self.written() >= sequence {
            return Ok(());
        }
        self.write_queued(&mut self.files.lock(), sequence)
    }

    fn write_queued(&self, files: &mut Files, sequence: u64) -> Result<()> {
        if self.written() >= sequence {
            return Ok(());
        }
        self.check()?;
        let spare = std::mem::take(&mut files.other_buffer);
        let (mut bytes, first_sequence, last_sequence) = {
            let mut queue = self.queue.lock();
            (std::mem::replace(&mut queue.bytes, spare), queue.first_queued, queue.last_sequence)
        };
        if !bytes.is_empty() {
            self.append(files, &Batch { bytes: &bytes, first_sequence, last_sequence, durable: self.synced() })?;
        }
        bytes.clear();
        if bytes.capacity() <= KEPT_BUFFER {
            files.other_buffer = bytes;
        }
        Ok(())
    }

    fn append(&self, files: &mut Files, batch: &Batch<'_>) -> Result<()> {
        files.writer.append(batch).map_err(|error| self.fail(error))?;
        self.note_written(files, batch.last_sequence);
        Ok(())
    }

    fn note_written(&self, files: &Files, sequence: u64) {
        self.written.store(sequence, Ordering::Release);
        self.bytes.store(files.writer.bytes(), Ordering::Relaxed);
        if files.writer.wanted_blank().is_some() {
            self.attention.store(true, Ordering::Relaxed);
        }
    }

    /// Writes one commit behind what is queued.
    fn write_now(&self, files: &mut Files, queue: &mut Queue, commit: &Commit<'_>) -> Result<()> {
        self.check()?;
        let durable = self.synced();
        if !queue.bytes.is_empty() {
            let bytes = std::mem::take(&mut queue.bytes);
            let (first_sequence, last_sequence) = (queue.first_queued, queue.last_sequence);
            self.append(files, &Batch { bytes: &bytes, first_sequence, last_sequence, durable })?;
        }
        let give = |write: &mut dyn FnMut(&[u8]) -> Result<()>| record::encode_in_pieces(commit, durable, PIECE, write);
        let written = files.writer.append_in_pieces(record::length(commit), commit.sequence, durable, give);
        written.map_err(|error| self.fail(error))?;
        self.note_written(files, commit.sequence);
        Ok(())
    }

    /// Returns once the disk has everything up to `sequence`. Writes it first if need be.
    pub fn sync_through(&self, sequence: u64) -> Result<()> {
        self.write_through(sequence)?;
        let mut turn = self.turn.lock();
        loop {
            let outcome = self.check();
            if self.synced() >= sequence || outcome.is_err() {
                // Maybe this thread was to take the next turn, and an image that a checkpoint wrote spared it the sync. Others
                // may still wait, and each of them passes it on in the same way.
                if !turn.taken {
                    self.waiting(turn.round + 1).notify_one();
                }
                return if self.synced() >= sequence { Ok(()) } else { outcome };
            }
            if !turn.taken {
                break;
            }
            let round = if sequence <= turn.target { turn.round } else { turn.round + 1 };
            turn = self.waiting(round).wait(turn);
        }
        // Whoever waits for the next round has been written by now, so this one covers them all.
        let (work, target) = {
            let mut files = self.files.lock();
            (files.writer.take_sync_work(), self.written())
        };
        turn.round += 1;
        (turn.taken, turn.target) = (true, target);
        let round = turn.round;
        drop(turn);
        let outcome = self.sync_written(&work, target);
        self.turn.lock().taken = false;
        self.waiting(round).notify_all();
        if outcome.is_ok() {
            // One of the others takes the next turn.
            self.waiting(round + 1).notify_one();
        } else {
            self.waiting(round + 1).notify_all();
        }
        outcome
    }

    fn waiting(&self, round: usize) -> &Condvar {
        let [even, odd] = &self.covered;
        if round.is_multiple_of(2) { even } else { odd }
    }

    /// One sync for everything written up to `target`, by whoever has the turn.
    fn sync_written(&self, work: &SyncWork, target: u64) -> Result<()> {
        let timed = self.on_sync.get().map(|tell| (tell, Instant::now()));
        if work.folder {
            let synced = self.disk.sync_folder(&self.folder);
            synced.map_err(|source| self.fail(Error::io("sync", &self.folder, source)))?;
        }
        for (path, file) in &work.files {
            file.sync().map_err(|source| self.fail(Error::io("sync", path, source)))?;
        }
        self.synced.fetch_max(target, Ordering::AcqRel);
        if let Some((tell, started)) = timed {
            tell(started.elapsed());
        }
        Ok(())
    }

    /// Has `tell` told of every sync from now on.
    pub fn on_sync(&self, tell: OnSync) {
        // There is one store that listens.
        let _ = self.on_sync.set(tell);
    }

    /// The segments that hold commits, oldest first.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.lock().writer.paths()
    }

    /// Says once whether the segments want looking after.
    pub fn take_attention(&self) -> bool {
        self.attention.load(Ordering::Relaxed) && self.attention.swap(false, Ordering::Relaxed)
    }

    /// Whether it is time to make the next segment.
    pub fn wants_segment(&self) -> bool {
        self.files.lock().writer.wanted_blank().is_some()
    }

    /// Makes the next segment ahead of its use, if it is time. Failing is not fatal: the active segment grows instead. Only
    /// one thread at a time may do this or `cut`, so that a number stands for one segment.
    pub fn prepare_segment(&self) -> Result<()> {
        let wanted = self.files.lock().writer.wanted_blank();
        self.make_blank(wanted)
    }

    fn make_blank(&self, wanted: Option<(u64, u64)>) -> Result<()> {
        let Some((number, size)) = wanted else { return Ok(()) };
        let blank = segment::create(&*self.disk, &self.folder, number, size)?;
        segment::sync_blank(&*self.disk, &self.folder, &blank).inspect_err(|_| self.discard(&blank))?;
        self.files.lock().writer.put_blank(blank);
        Ok(())
    }

    fn discard(&self, blank: &Blank) {
        // If it stays, the next opening removes it: a blank segment holds nothing.
        let _ = self.disk.remove(&blank.path);
    }

    /// Notes in the log itself how far it is synced, if it does not say so yet and nothing is under way. From then on
    /// recovery can tell damage up to there from a tail that a power cut tore.
    pub fn mark_durable(&self) -> Result<()> {
        let mut files = self.files.lock();
        let synced = self.synced();
        if files.marked >= synced || self.written() != synced || self.has_queued() {
            return Ok(());
        }
        self.check()?;
        let mut bytes = Vec::new();
        record::encode(&Commit { sequence: synced, time_ms: 0, changes: &[] }, synced, &mut bytes);
        let batch = Batch { bytes: &bytes, first_sequence: synced + 1, last_sequence: synced, durable: synced };
        files.writer.append(&batch).map_err(|error| self.fail(error))?;
        files.marked = synced;
        Ok(())
    }

    /// Whether the log on disk says itself that all of it is synced.
    pub fn is_marked(&self) -> bool {
        self.files.lock().marked >= self.last_sequence()
    }

    /// Ends the active segment where it stands, so that a checkpoint can retire it, and returns the sequence number of
    /// the newest commit, taken while nobody can commit. `at_boundary` runs at that very point.
    pub fn cut(&self, at_boundary: impl FnOnce(u64)) -> Result<u64> {
        let missing = self.files.lock().writer.missing_blank();
        // Without a blank segment the active one is not sealed, and is retired by a later checkpoint.
        let _ = self.make_blank(missing);
        let mut files = self.files.lock();
        self.write_queued(&mut files, self.last_sequence())?;
        files.writer.seal();
        drop(files);
        let queue = self.queue.lock();
        at_boundary(queue.last_sequence);
        Ok(queue.last_sequence)
    }

    /// Removes the segments that hold nothing after `sequence`, which an image on the disk now holds. One that another
    /// program holds open is tried again the next time, and at the next opening: to recovery it says nothing new.
    pub fn retire(&self, sequence: u64) -> Result<()> {
        self.synced.fetch_max(sequence, Ordering::AcqRel);
        let retired: Vec<Sealed> = {
            let mut files = self.files.lock();
            files.marked = files.marked.max(sequence);
            let retired = files.writer.retire(sequence);
            self.bytes.store(files.writer.bytes(), Ordering::Relaxed);
            retired
        };
        self.leftovers.try_again(&*self.disk);
        retired.iter().try_for_each(|segment| self.remove(&segment.path))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.leftovers.remove(&*self.disk, path).map_err(|source| Error::io("remove", path, source))
    }

    /// Removes every segment; an image holds everything and nobody commits any more. The newest goes first, so that
    /// what a crash leaves is still a log without a gap. One that another program holds for longer than anybody would
    /// wait stays for the next opening: all that it holds is in the image.
    pub fn remove_all(&self) -> Result<()> {
        let paths = self.files.lock().writer.let_go();
        paths.iter().try_for_each(|path| self.remove(path))?;
        self.leftovers.wait(&*self.disk);
        Ok(())
    }

    /// Hands every commit after `after` up to `through`, which was committed before, to `apply`, from the files. The caller
    /// keeps checkpoints from retiring segments meanwhile.
    pub fn reread(&self, after: u64, through: u64, apply: Apply<'_>) -> Result<()> {
        self.write_through(through)?;
        let paths = self.files.lock().writer.paths();
        reread(&*self.disk, &paths, after, through, apply)
    }

    /// Bytes on disk in segments that hold records.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Sets to what size segments grow from now on.
    pub fn set_largest_segment(&self, bytes: u64) {
        self.files.lock().writer.set_largest(bytes);
    }
}
