//! The image: one immutable file that holds every document at a sequence number, with its own index.
//!
//! It is read into memory as it is, block by block with its checksums, so that opening a store costs no step per
//! document; documents are found in those bytes by the hash index that the file carries. Never mapped: a file cut short
//! behind our back must not kill the game. This module writes no file; `writer` does. Invariant: an `Image` holds bytes
//! whose every block checksum was right.

mod check;
pub mod layout;
mod manifest;
mod salvage;
#[cfg(test)]
mod tests;
mod writer;

pub use check::{Check, check};
pub use layout::Entry;
pub use manifest::{HistoryRef, Manifest, Total};
pub use salvage::{Salvaged, salvage};
pub use writer::ImageWriter;

use super::prefetch::{prefetch, prefetch_line};
use crate::disk::{Disk, DiskFile, Memory};
use crate::document::DocumentId;
use crate::error::{Error, Result};
use layout::{BLOCK, ENTRY, HEADER, TRAILER, Trailer};
use std::path::{Path, PathBuf};
use std::slice::ChunksExact;
use std::sync::Arc;

/// Bytes read and verified in one go: they are still in the processor's cache when they are verified.
const CHUNK: usize = 4 * BLOCK;

/// So many entries ahead is asked for memory where all are gone through.
const AHEAD: u64 = 48;

/// An image in memory.
pub struct Image {
    /// Header, entries, order, index and manifest.
    bytes: Memory,
    trailer: Trailer,
    manifest: Manifest,
    pub path: PathBuf,
}

impl Image {
    /// Reads and verifies an image.
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<Image> {
        let (source, format, sequence) = Source::open(disk, path)?;
        let (trailer, checksums) = source.trailer(Some(sequence))?;
        let bytes = source.blocks(&trailer, &checksums)?;
        let mut image = Image { bytes, trailer, manifest: Manifest::default(), path: path.to_path_buf() };
        image.manifest = match format {
            layout::OLDEST_FORMAT => image.count(),
            _ => image.read_manifest()?,
        };
        Ok(image)
    }

    fn read_manifest(&self) -> Result<Manifest> {
        let bytes = self.bytes.get(self.trailer.index_end() as usize..);
        let manifest = bytes.filter(|_| self.trailer.manifest > 0).and_then(Manifest::decode);
        let manifest = manifest.filter(|manifest| manifest.fits(self.entries(), self.length()));
        let damaged = || Error::corrupt(&self.path, self.trailer.manifest, "the image's manifest cannot be read");
        manifest.ok_or_else(damaged)
    }

    /// The totals of an image that does not tell them.
    fn count(&self) -> Manifest {
        let mut manifest = Manifest::default();
        (0..self.entries()).filter_map(|rank| self.ranked(rank)).for_each(|entry| manifest.note(&entry));
        manifest
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The format that it was written in.
    pub fn format(&self) -> u32 {
        layout::read_header(&self.bytes).map_or(layout::FORMAT, |(format, _)| format)
    }

    pub fn sequence(&self) -> u64 {
        self.trailer.sequence
    }

    pub fn entries(&self) -> u64 {
        self.trailer.entries
    }

    pub fn cleared(&self) -> u64 {
        self.trailer.cleared
    }

    pub fn revision_floor(&self) -> u64 {
        self.trailer.revision_floor
    }

    /// The length of the file.
    pub fn length(&self) -> u64 {
        self.trailer.length
    }

    /// Finds a document by its identity and hash.
    #[inline]
    pub fn get(&self, id: DocumentId<'_>, hash: u64) -> Option<Entry<'_>> {
        let slots = self.trailer.slots;
        if slots == 0 {
            return None;
        }
        let mut slot = layout::first_slot(hash, slots);
        for _ in 0..slots {
            let value = layout::u64_at(&self.bytes, (self.trailer.index + 8 * slot) as usize)?;
            if value == 0 {
                return None;
            }
            if value >> 48 == hash & 0xFFFF {
                let offset = layout::slot_offset(value) as usize;
                prefetch(self.bytes.as_ptr().wrapping_add(offset));
                let entry = Entry::at(&self.bytes, offset)?;
                if entry.key == id.key.as_bytes() && entry.collection == id.collection as u8 {
                    return Some(entry);
                }
            }
            slot = if slot + 1 == slots { 0 } else { slot + 1 };
        }
        None
    }

    /// The entry at `rank` in the order of collection and key.
    pub fn ranked(&self, rank: u64) -> Option<Entry<'_>> {
        if rank >= self.trailer.entries {
            return None;
        }
        let offset = layout::u64_at(&self.bytes, (self.trailer.order + 8 * rank) as usize)?;
        Entry::at(&self.bytes, offset as usize)
    }

    /// The offsets of the entries from this rank on.
    pub fn offsets(&self, rank: u64) -> impl Iterator<Item = u64> {
        let start = self.trailer.order.saturating_add(8 * rank) as usize;
        let order = self.bytes.get(start..self.trailer.index as usize).unwrap_or_default();
        order.as_chunks::<8>().0.iter().map(|offset| u64::from_le_bytes(*offset))
    }

    /// Where an entry that was found here begins.
    pub fn offset_of(&self, entry: &Entry<'_>) -> usize {
        (entry.key.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize + ENTRY)
    }

    /// Where the entries end.
    pub fn entries_end(&self) -> usize {
        self.trailer.order as usize
    }

    /// Shows the length of the text, the time and whether it is cleared of every entry, in order.
    pub fn each_head(&self, look: &mut dyn FnMut(u32, u64, bool)) {
        let mut ahead = self.offsets(AHEAD);
        for offset in self.offsets(0) {
            // Each head lies in a line of its own: a processor asks for many at a time if it is told in time.
            if let Some(next) = ahead.next() {
                prefetch_line(self.bytes.as_ptr().wrapping_add(next as usize));
            }
            let head = self.bytes.get(offset as usize..).and_then(|rest| rest.first_chunk::<ENTRY>());
            let (bytes, time_ms, cleared) = head.map_or((0, 0, true), layout::brief);
            look(bytes, time_ms, cleared);
        }
    }

    /// When the newest entry was saved or cleared.
    pub fn newest_ms(&self) -> Option<u64> {
        let mut newest = None;
        self.each_head(&mut |_, time_ms, _| newest = newest.max(Some(time_ms)));
        newest
    }

    /// The rank of the first entry that is not before `(collection, key)`, or after it if `after`.
    pub fn rank_of(&self, collection: u8, key: &[u8], after: bool) -> u64 {
        let (mut low, mut high) = (0, self.trailer.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            let before = self.ranked(middle).is_some_and(|entry| {
                let order = (entry.collection, entry.key).cmp(&(collection, key));
                order.is_lt() || after && order.is_eq()
            });
            if before { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// Reads an image file again and verifies every byte, without keeping it. Returns its length.
pub fn verify(disk: &dyn Disk, path: &Path) -> Result<u64> {
    let (source, _, sequence) = Source::open(disk, path)?;
    let (trailer, checksums) = source.trailer(Some(sequence))?;
    let mut room = buffer((CHUNK as u64).min(trailer.checksums))?;
    let mut expected = checksums.chunks_exact(4);
    let mut offset = 0;
    while offset < trailer.checksums {
        let count = (trailer.checksums - offset).min(CHUNK as u64) as usize;
        let chunk = room.get_mut(..count).unwrap_or_default();
        source.verified(chunk, offset, &mut expected)?;
        offset += count as u64;
    }
    Ok(source.length)
}

/// An image file being read.
struct Source<'a> {
    file: Arc<dyn DiskFile>,
    path: &'a Path,
    length: u64,
}

impl<'a> Source<'a> {
    /// Opens a file and reads its header: the format and the sequence number.
    fn open(disk: &dyn Disk, path: &'a Path) -> Result<(Source<'a>, u32, u64)> {
        let file = disk.open(path).map_err(|source| Error::io("open", path, source))?;
        let length = file.length().map_err(|source| Error::io("measure", path, source))?;
        let source = Source { file, path, length };
        let mut head = [0; HEADER];
        source.read(&mut head, 0)?;
        match layout::read_header(&head) {
            None => Err(Error::corrupt(path, 0, "the image's header does not match its checksum")),
            Some((found, _)) if !(layout::OLDEST_FORMAT..=layout::FORMAT).contains(&found) => {
                Err(Error::UnsupportedFormat { path: path.to_path_buf(), found, newest: layout::FORMAT })
            }
            Some((format, sequence)) => Ok((source, format, sequence)),
        }
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let count = self.file.read_at(buffer, offset).map_err(|source| Error::io("read", self.path, source))?;
        if count < buffer.len() {
            return Err(Error::corrupt(self.path, offset + count as u64, "the image ends too early"));
        }
        Ok(())
    }

    /// The trailer and the table of block checksums; the trailer has to name `sequence`, if the header did.
    fn trailer(&self, sequence: Option<u64>) -> Result<(Trailer, Memory)> {
        let at = self.length.saturating_sub(TRAILER as u64);
        let damaged = |reason: &str| Error::corrupt(self.path, at, reason);
        let mut tail = [0; TRAILER];
        self.read(&mut tail, at)?;
        let (trailer, checksum) =
            Trailer::decode(&tail).ok_or_else(|| damaged("the image's trailer does not match its checksum"))?;
        let is_of_header = sequence.is_none_or(|sequence| trailer.sequence == sequence);
        if !trailer.is_sound() || trailer.length != self.length || !is_of_header {
            return Err(damaged("the image's trailer does not fit the file"));
        }
        let mut checksums = buffer(trailer.length - trailer.checksums - TRAILER as u64)?;
        self.read(&mut checksums, trailer.checksums)?;
        if crc32c::crc32c(&checksums) != checksum {
            let reason = "the table of block checksums does not match its checksum";
            return Err(Error::corrupt(self.path, trailer.checksums, reason));
        }
        Ok((trailer, checksums))
    }

    /// Everything before the checksums, verified.
    fn blocks(&self, trailer: &Trailer, checksums: &[u8]) -> Result<Memory> {
        let mut bytes = buffer(trailer.checksums)?;
        let mut expected = checksums.chunks_exact(4);
        let mut offset = 0;
        for chunk in bytes.chunks_mut(CHUNK) {
            self.verified(chunk, offset, &mut expected)?;
            offset += chunk.len() as u64;
        }
        Ok(bytes)
    }

    /// Reads whole blocks and holds them against the next checksums.
    fn verified(&self, chunk: &mut [u8], mut offset: u64, expected: &mut ChunksExact<'_, u8>) -> Result<()> {
        self.read(chunk, offset)?;
        for block in chunk.chunks(BLOCK) {
            if expected.next() != Some(&crc32c::crc32c(block).to_le_bytes()) {
                let reason = format!("the {} bytes from here do not match their checksum", block.len());
                return Err(Error::corrupt(self.path, offset, reason));
            }
            offset += block.len() as u64;
        }
        Ok(())
    }
}

/// A zeroed buffer, or a typed error where memory is short.
fn buffer(length: u64) -> Result<Memory> {
    let memory = usize::try_from(length).ok().and_then(Memory::zeroed);
    memory.ok_or(Error::OutOfMemory { bytes: length })
}

/// The sequence numbers of the images among a folder's files.
pub fn sequences(names: &[String]) -> Vec<u64> {
    let mut found: Vec<u64> = names.iter().filter_map(|name| layout::sequence_in(name)).collect();
    found.sort_unstable();
    found
}

/// The file name of the image of `sequence`.
pub fn file_name(sequence: u64) -> String {
    layout::name(sequence)
}
