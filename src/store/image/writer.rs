//! Writes an image: entries in order, then what finds them, then what proves them.
//!
//! Knows the format; how the file gets to the disk is `staged`'s. Invariant: entries come in the order of collection and
//! key, each once.

use super::layout::{self, BLOCK, Entry, HEADER, TRAILER, Trailer};
use super::manifest::{HistoryRef, Manifest};
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::store::staged::{CHUNK, EXPORTING, StagedFile, UNFINISHED};
use std::path::Path;

/// An image under way. Dropped before `finish`, it leaves only a temporary file.
pub struct ImageWriter<'d> {
    file: StagedFile<'d>,
    checksums: Vec<u8>,
    block: u32,
    block_length: usize,
    /// Hash and offset of each entry.
    places: Vec<(u64, u64)>,
    trailer: Trailer,
    manifest: Manifest,
}

impl<'d> ImageWriter<'d> {
    /// Starts the image of `sequence` in `folder`.
    pub fn new(disk: &'d dyn Disk, folder: &Path, sequence: u64) -> Result<Self> {
        ImageWriter::named(disk, &folder.join(layout::name(sequence)), sequence)
    }

    /// Starts an image that is to be called `target`, in a store's folder.
    pub fn named(disk: &'d dyn Disk, target: &Path, sequence: u64) -> Result<Self> {
        ImageWriter::in_file(StagedFile::create(disk, target, UNFINISHED)?, sequence)
    }

    /// Starts an image that is to be called `target`, in a folder that is not ours.
    pub fn elsewhere(disk: &'d dyn Disk, target: &Path, sequence: u64) -> Result<Self> {
        ImageWriter::in_file(StagedFile::create(disk, target, EXPORTING)?, sequence)
    }

    fn in_file(file: StagedFile<'d>, sequence: u64) -> Result<Self> {
        let mut writer = ImageWriter {
            file,
            checksums: Vec::new(),
            block: 0,
            block_length: 0,
            places: Vec::new(),
            trailer: Trailer { sequence, ..Trailer::default() },
            manifest: Manifest::default(),
        };
        writer.put(&layout::header(sequence))?;
        Ok(writer)
    }

    /// Adds the next entry. Returns true each time a stretch was written, where the caller may see to other work.
    pub fn add(&mut self, entry: &Entry<'_>) -> Result<bool> {
        let Some(id) = entry.id() else { return Ok(false) };
        self.places.try_reserve(1).map_err(|_| no_memory_for::<(u64, u64)>(self.places.len() + 1))?;
        self.file.make_room(entry.encoded_length())?;
        self.places.push((id.hash(), self.file.offset()));
        self.trailer.cleared += u64::from(entry.cleared);
        self.manifest.note(entry);
        entry.encode(&mut self.file.buffer);
        let full = self.file.is_full();
        if full {
            self.flush()?;
        }
        Ok(full)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        for part in bytes.chunks(CHUNK) {
            self.file.buffer.extend_from_slice(part);
            if self.file.is_full() {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes what is gathered, and takes it into the block checksums.
    fn flush(&mut self) -> Result<()> {
        let mut rest = self.file.buffer.as_slice();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.len().min(BLOCK - self.block_length));
            self.block = crc32c::crc32c_append(self.block, part);
            self.block_length += part.len();
            if self.block_length == BLOCK {
                self.checksums.extend_from_slice(&self.block.to_le_bytes());
                (self.block, self.block_length) = (0, 0);
            }
            rest = after;
        }
        self.file.write_out()
    }

    /// Writes order, index, manifest, checksums and trailer, and gives the file its name. Returns its length.
    pub fn finish(mut self, revision_floor: u64, histories: Vec<HistoryRef>) -> Result<u64> {
        self.trailer.revision_floor = revision_floor;
        self.manifest.histories = histories;
        let places = std::mem::take(&mut self.places);
        self.trailer.entries = places.len() as u64;
        self.trailer.order = self.file.offset();
        for (_, offset) in &places {
            self.put(&offset.to_le_bytes())?;
        }
        self.trailer.index = self.trailer.order + 8 * self.trailer.entries;
        self.trailer.slots = layout::slots_for(self.trailer.entries);
        for slot in index(&places, self.trailer.slots)? {
            self.put(&slot.to_le_bytes())?;
        }
        self.trailer.manifest = self.file.offset();
        self.put(&self.manifest.encode())?;
        self.flush()?;
        self.trailer.checksums = self.file.offset();
        if self.block_length > 0 {
            self.checksums.extend_from_slice(&self.block.to_le_bytes());
        }
        self.trailer.length = self.trailer.checksums + (self.checksums.len() + TRAILER) as u64;
        self.file.buffer.extend_from_slice(&self.checksums);
        self.file.buffer.extend_from_slice(&self.trailer.encode(crc32c::crc32c(&self.checksums)));
        self.file.finish()
    }

    /// Gives up and removes what was written.
    pub fn abandon(self) {
        self.file.abandon();
    }
}

/// Fills the hash index: linear probing from each hash's first slot.
fn index(places: &[(u64, u64)], slots: u64) -> Result<Vec<u64>> {
    let mut table = Vec::new();
    table.try_reserve_exact(slots as usize).map_err(|_| no_memory_for::<u64>(slots as usize))?;
    table.resize(slots as usize, 0u64);
    for (hash, offset) in places {
        let mut slot = layout::first_slot(*hash, slots) as usize;
        while table.get(slot).is_some_and(|value| *value != 0) {
            slot = if slot + 1 == table.len() { 0 } else { slot + 1 };
        }
        if let Some(place) = table.get_mut(slot) {
            *place = layout::slot_value(*hash, *offset);
        }
    }
    Ok(table)
}

fn no_memory_for<T>(count: usize) -> Error {
    Error::OutOfMemory { bytes: (count as u64).saturating_mul(size_of::<T>() as u64) }
}

const _: () = assert!(HEADER > 0, "offset 0 stands for an empty slot");
