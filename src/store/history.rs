//! History files: versions that are no longer current, kept on the disk for the snapshots that need them.
//!
//! A checkpoint writes the ones that were replaced since the last checkpoint into a file that never changes; its image
//! names the file. They are read only when a snapshot is used, one record after the other. `../journal/FORMAT.md`
//! describes the bytes. Invariant: every byte of a history file is covered by a checksum.

use super::image::layout::{ENTRY, Entry, u32_at, u64_at};
use super::image::{Check, HistoryRef};
use super::staged::{CHUNK, StagedFile, UNFINISHED};
use crate::disk::{self, Disk, DiskFile};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FORMAT: u32 = 1;
const HEADER: usize = 64;
const TRAILER: usize = 32;
/// Before each entry: the commit that replaced it, and a checksum over that and the entry's own checksum.
const PREFIX: usize = 12;
const HEADER_MAGIC: [u8; 8] = *b"COFFERH\xFF";
const TRAILER_MAGIC: [u8; 8] = *b"COFFERF\xFF";

/// The file name of the history that the checkpoint at `number` wrote.
pub fn name(number: u64) -> String {
    disk::numbered("history", number)
}

/// The number in a history file's name.
pub fn number_in(name: &str) -> Option<u64> {
    disk::number_in("history", name)
}

fn header(number: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(&HEADER_MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.resize(HEADER - 4, 0);
    seal(bytes)
}

fn trailer(records: u64, length: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TRAILER);
    bytes.extend_from_slice(&TRAILER_MAGIC);
    bytes.extend_from_slice(&records.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.resize(TRAILER - 4, 0);
    seal(bytes)
}

/// Adds the checksum over all that is before it.
fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn is_trailer(bytes: &[u8]) -> bool {
    bytes.starts_with(&TRAILER_MAGIC) && is_sealed(bytes)
}

fn is_sealed(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<4>().is_some_and(|(checked, sum)| crc32c::crc32c(checked).to_le_bytes() == *sum)
}

/// A version as a history file holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past<'a> {
    pub entry: Entry<'a>,
    /// The commit that replaced it.
    pub by: u64,
}

impl Past<'_> {
    /// The bytes that it takes in a file.
    pub fn encoded_length(&self) -> usize {
        PREFIX + self.entry.encoded_length()
    }
}

/// A history file under way.
pub struct HistoryWriter<'d> {
    file: StagedFile<'d>,
    records: u64,
    written: HistoryRef,
}

impl<'d> HistoryWriter<'d> {
    pub fn new(disk: &'d dyn Disk, folder: &Path, number: u64) -> Result<Self> {
        let mut file = StagedFile::create(disk, &folder.join(name(number)), UNFINISHED)?;
        file.buffer.extend_from_slice(&header(number));
        let written = HistoryRef { number, length: 0, oldest: u64::MAX, newest: 0 };
        Ok(HistoryWriter { file, records: 0, written })
    }

    /// Adds a version. Returns true each time a stretch was written, where the caller may see to other work.
    pub fn add(&mut self, past: &Past<'_>) -> Result<bool> {
        self.file.make_room(PREFIX + past.entry.encoded_length())?;
        let start = self.file.buffer.len();
        self.file.buffer.extend_from_slice(&past.by.to_le_bytes());
        self.file.buffer.extend_from_slice(&[0; 4]);
        past.entry.encode(&mut self.file.buffer);
        if let Some(record) = self.file.buffer.get_mut(start..) {
            set_checksum(record);
        }
        self.records += 1;
        self.written.oldest = self.written.oldest.min(past.entry.sequence);
        self.written.newest = self.written.newest.max(past.by);
        let full = self.file.is_full();
        if full {
            self.file.write_out()?;
        }
        Ok(full)
    }

    /// Completes the file, gives it its name and says what it is.
    pub fn finish(mut self) -> Result<HistoryRef> {
        let length = self.file.offset() + TRAILER as u64;
        let end = trailer(self.records, length);
        self.file.buffer.extend_from_slice(&end);
        Ok(HistoryRef { length: self.file.finish()?, ..self.written })
    }

    /// Gives up and removes what was written.
    pub fn abandon(self) {
        self.file.abandon();
    }
}

/// The checksum in a record's prefix, over the number before it and the entry's checksum behind it.
fn prefix_checksum(record: &[u8]) -> Option<u32> {
    let by = record.get(..8)?;
    let entry = record.get(PREFIX..PREFIX + 4)?;
    Some(crc32c::crc32c_append(crc32c::crc32c(by), entry))
}

fn set_checksum(record: &mut [u8]) {
    if let Some(checksum) = prefix_checksum(record)
        && let Some(place) = record.get_mut(8..PREFIX)
    {
        place.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// The record at the start of `bytes`, if it is whole.
fn decode(bytes: &[u8]) -> Option<Past<'_>> {
    if prefix_checksum(bytes)? != u32_at(bytes, 8)? {
        return None;
    }
    Some(Past { entry: Entry::verified_at(bytes, PREFIX)?, by: u64_at(bytes, 0)? })
}

/// Reads a history file and hands every version to `visit`, verifying each byte.
pub fn read(
    disk: &dyn Disk,
    folder: &Path,
    history: &HistoryRef,
    visit: &mut dyn FnMut(&Past<'_>) -> Result<()>,
) -> Result<()> {
    let mut reader = Reader::open(disk, folder.join(name(history.number)))?;
    reader.check_ends(history)?;
    let mut records = 0;
    while reader.rest() > 0 {
        let length = reader.next_length()?;
        let offset = reader.offset;
        let bytes = reader.take(length)?;
        let past = decode(bytes).filter(|past| past.encoded_length() as u64 == length);
        let damaged =
            || Error::corrupt(&folder.join(name(history.number)), offset, "a past version does not match its checksum");
        visit(&past.ok_or_else(damaged)?)?;
        records += 1;
    }
    if records != reader.records {
        return Err(reader.damaged(reader.end, "the history does not hold as many versions as it says"));
    }
    Ok(())
}

/// A file that is read forward.
struct Reader {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    length: u64,
    buffer: Vec<u8>,
    /// What is behind us in the buffer.
    used: usize,
    /// Where we are in the file.
    offset: u64,
    /// Where the records end.
    end: u64,
    records: u64,
}

impl Reader {
    fn open(disk: &dyn Disk, path: PathBuf) -> Result<Reader> {
        let file = disk.open(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::corrupt(&path, 0, "the file is missing, and snapshots need it"),
            _ => Error::io("open", &path, source),
        })?;
        let length = file.length().map_err(|source| Error::io("measure", &path, source))?;
        let end = length.saturating_sub(TRAILER as u64);
        Ok(Reader { file, path, length, buffer: Vec::new(), used: 0, offset: 0, end, records: 0 })
    }

    fn damaged(&self, offset: u64, reason: &str) -> Error {
        Error::corrupt(&self.path, offset, reason)
    }

    fn rest(&self) -> u64 {
        self.end.saturating_sub(self.offset)
    }

    /// Checks header and trailer, and goes to the first record.
    fn check_ends(&mut self, history: &HistoryRef) -> Result<()> {
        let mut tail = [0; TRAILER];
        let at = self.end;
        self.read(&mut tail, at)?;
        let is_ours = is_trailer(&tail) && u64_at(&tail, 16) == Some(self.length);
        if !is_ours || self.length != history.length {
            return Err(self.damaged(at, "the history's trailer does not fit the file"));
        }
        self.records = u64_at(&tail, 8).unwrap_or(0);
        let mut head = [0; HEADER];
        self.read(&mut head, 0)?;
        if !head.starts_with(&HEADER_MAGIC) || !is_sealed(&head) || u64_at(&head, 16) != Some(history.number) {
            return Err(self.damaged(0, "the history's header does not match its checksum"));
        }
        match u32_at(&head, 8) {
            Some(FORMAT) => {}
            found => {
                let found = found.unwrap_or(0);
                return Err(Error::UnsupportedFormat { path: self.path.clone(), found, newest: FORMAT });
            }
        }
        self.offset = HEADER as u64;
        Ok(())
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let count = self.file.read_at(buffer, offset).map_err(|source| Error::io("read", &self.path, source))?;
        if count < buffer.len() {
            return Err(self.damaged(offset + count as u64, "the history ends too early"));
        }
        Ok(())
    }

    /// How long the next record says that it is.
    fn next_length(&mut self) -> Result<u64> {
        let fixed = self.peek((PREFIX + ENTRY) as u64)?;
        let entry = fixed.get(PREFIX..).and_then(Entry::length_at).unwrap_or(ENTRY as u64);
        Ok(PREFIX as u64 + entry)
    }

    /// The next bytes, without going on.
    fn peek(&mut self, count: u64) -> Result<&[u8]> {
        if count > self.rest() {
            return Err(self.damaged(self.offset, "a past version does not fit the file"));
        }
        let count = count as usize;
        if self.buffer.len() - self.used < count {
            self.buffer.drain(..self.used);
            self.used = 0;
            let have = self.buffer.len();
            let from = self.offset + have as u64;
            let wanted = (CHUNK.max(count - have) as u64).min(self.end - from) as usize;
            self.buffer.try_reserve(wanted).map_err(|_| Error::OutOfMemory { bytes: wanted as u64 })?;
            self.buffer.resize(have + wanted, 0);
            let mut buffer = std::mem::take(&mut self.buffer);
            let outcome = self.read(buffer.get_mut(have..).unwrap_or_default(), from);
            self.buffer = buffer;
            outcome?;
        }
        Ok(self.buffer.get(self.used..self.used + count).unwrap_or_default())
    }

    fn take(&mut self, count: u64) -> Result<&[u8]> {
        self.peek(count)?;
        let start = self.used;
        self.used += count as usize;
        self.offset += count;
        Ok(self.buffer.get(start..self.used).unwrap_or_default())
    }
}

/// Reads a history file and finds everything that is wrong with it. An error is none of the file's.
pub fn check(disk: &dyn Disk, folder: &Path, history: &HistoryRef, into: &mut dyn Check) -> Result<()> {
    let mut rest = history.length;
    let mut pass = |past: &Past<'_>| {
        let length = past.encoded_length() as u64;
        rest = rest.saturating_sub(length);
        into.passed(length)
    };
    let first = match read(disk, folder, history, &mut pass) {
        Ok(()) => return into.passed(rest),
        Err(Error::Corrupt { offset, reason, .. }) => (offset, reason),
        Err(error @ (Error::Io { .. } | Error::UnsupportedFormat { .. })) => (0, error.to_string()),
        Err(error) => return Err(error),
    };
    let told = first.0;
    into.flaw(told, first.1);
    // One that is not there was told, and what cannot be read cannot be read again.
    for (start, length) in salvage(disk, &folder.join(name(history.number)), &mut |_| {}).unwrap_or_default() {
        if !(start..start + length).contains(&told) {
            into.flaw(start, "no valid past version".to_owned());
        }
    }
    into.passed(rest)
}

/// Hands every whole version of a damaged file to `visit`, wherever it lies. Returns the stretches that hold none.
pub fn salvage(disk: &dyn Disk, path: &Path, visit: &mut dyn FnMut(&Past<'_>)) -> Result<Vec<(u64, u64)>> {
    let file = disk.open(path).map_err(|source| Error::io("open", path, source))?;
    let length = file.length().map_err(|source| Error::io("measure", path, source))?;
    let mut bytes = Vec::new();
    let size = usize::try_from(length).map_err(|_| Error::OutOfMemory { bytes: length })?;
    bytes.try_reserve_exact(size).map_err(|_| Error::OutOfMemory { bytes: length })?;
    bytes.resize(size, 0);
    let count = file.read_at(&mut bytes, 0).map_err(|source| Error::io("read", path, source))?;
    bytes.truncate(count);
    let (mut offset, mut gap, mut lost) = (HEADER, None, Vec::new());
    // A file that was cut off has versions to its end.
    let before_trailer = bytes.len().saturating_sub(TRAILER);
    let is_complete = bytes.get(before_trailer..).is_some_and(is_trailer);
    let end = if is_complete { before_trailer } else { bytes.len() };
    while offset < end {
        match bytes.get(offset..end).and_then(decode) {
            Some(past) => {
                lost.extend(gap.take().map(|start: usize| (start as u64, (offset - start) as u64)));
                visit(&past);
                offset += past.encoded_length();
            }
            None => {
                gap.get_or_insert(offset);
                offset += 1;
            }
        }
    }
    // Where only the trailer is damaged, no version is.
    let gap = gap.filter(|start| is_complete || *start != before_trailer);
    lost.extend(gap.map(|start| (start as u64, (end - start) as u64)));
    Ok(lost)
}
