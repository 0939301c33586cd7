//! Writes an image: entries in order, then what finds them, then what proves them.
//!
//! The file appears under its own name only after all of it is on the disk. Syncs are spread over the writing, so that
//! neither the last one nor the kernel's own write-back stalls anybody else for long. Invariant: entries come in the
//! order of collection and key, each once.

use super::layout::{self, BLOCK, Entry, HEADER, TRAILER, Trailer};
use crate::disk::{Disk, DiskFile};
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes gathered before one write call.
const CHUNK: usize = 256 << 10;
/// Bytes written between two syncs.
const SYNC_EVERY: u64 = 4 << 20;

/// An image under way. Dropped before `finish`, it leaves only a temporary file that the next opening removes.
pub struct ImageWriter<'d> {
    disk: &'d dyn Disk,
    folder: PathBuf,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    flushed: u64,
    unsynced: u64,
    checksums: Vec<u8>,
    block: u32,
    block_length: usize,
    /// Hash and offset of each entry.
    places: Vec<(u64, u64)>,
    trailer: Trailer,
}

impl<'d> ImageWriter<'d> {
    /// Starts the image of `sequence` in `folder`.
    pub fn new(disk: &'d dyn Disk, folder: &Path, sequence: u64) -> Result<Self> {
        let path = folder.join(format!("{}.tmp", layout::name(sequence)));
        // One that an earlier attempt of this process left behind is of no use.
        let _ = disk.remove(&path);
        let file = disk.create(&path).map_err(|source| Error::io("create", &path, source))?;
        let mut writer = ImageWriter {
            disk,
            folder: folder.to_path_buf(),
            path,
            file,
            buffer: Vec::with_capacity(CHUNK),
            flushed: 0,
            unsynced: 0,
            checksums: Vec::new(),
            block: 0,
            block_length: 0,
            places: Vec::new(),
            trailer: Trailer { sequence, ..Trailer::default() },
        };
        writer.put(&layout::header(sequence))?;
        Ok(writer)
    }

    /// Adds the next entry. Returns true each time a stretch was written, where the caller may see to other work.
    pub fn add(&mut self, entry: &Entry<'_>) -> Result<bool> {
        let Some(collection) = Collection::from_number(entry.collection) else { return Ok(false) };
        let Ok(key) = std::str::from_utf8(entry.key) else { return Ok(false) };
        let offset = self.flushed + self.buffer.len() as u64;
        self.places.push((DocumentId::new(collection, key).hash(), offset));
        self.trailer.cleared += u64::from(entry.cleared);
        entry.encode(&mut self.buffer);
        let full = self.buffer.len() >= CHUNK;
        if full {
            self.flush()?;
        }
        Ok(full)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        for part in bytes.chunks(CHUNK) {
            self.buffer.extend_from_slice(part);
            if self.buffer.len() >= CHUNK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let mut rest = self.buffer.as_slice();
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
        self.write_out()
    }

    fn write_out(&mut self) -> Result<()> {
        let written = self.file.write_at(&self.buffer, self.flushed);
        written.map_err(|source| Error::io("write", &self.path, source))?;
        self.flushed += self.buffer.len() as u64;
        self.unsynced += self.buffer.len() as u64;
        self.buffer.clear();
        if self.unsynced >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.unsynced = 0;
        self.file.sync().map_err(|source| Error::io("sync", &self.path, source))
    }

    /// Writes order, index, checksums and trailer, and gives the file its name. Returns its length.
    pub fn finish(mut self, revision_floor: u64) -> Result<u64> {
        self.trailer.revision_floor = revision_floor;
        let places = std::mem::take(&mut self.places);
        self.trailer.entries = places.len() as u64;
        self.trailer.order = self.flushed + self.buffer.len() as u64;
        for (_, offset) in &places {
            self.put(&offset.to_le_bytes())?;
        }
        self.trailer.index = self.trailer.order + 8 * self.trailer.entries;
        self.trailer.slots = layout::slots_for(self.trailer.entries);
        for slot in index(&places, self.trailer.slots) {
            self.put(&slot.to_le_bytes())?;
        }
        self.flush()?;
        self.trailer.checksums = self.flushed;
        if self.block_length > 0 {
            self.checksums.extend_from_slice(&self.block.to_le_bytes());
        }
        let checksums = std::mem::take(&mut self.checksums);
        self.trailer.length = self.flushed + (checksums.len() + TRAILER) as u64;
        self.buffer.extend_from_slice(&checksums);
        self.buffer.extend_from_slice(&self.trailer.encode(crc32c::crc32c(&checksums)));
        self.write_out()?;
        self.sync()?;
        let target = self.folder.join(layout::name(self.trailer.sequence));
        self.disk.rename(&self.path, &target).map_err(|source| Error::io("rename", &self.path, source))?;
        self.disk.sync_folder(&self.folder).map_err(|source| Error::io("sync", &self.folder, source))?;
        Ok(self.trailer.length)
    }

    /// Gives up and removes what was written.
    pub fn abandon(self) {
        // What stays is removed at the next opening.
        let _ = self.disk.remove(&self.path);
    }
}

/// Fills the hash index: linear probing from each hash's first slot.
fn index(places: &[(u64, u64)], slots: u64) -> Vec<u64> {
    let mut table = vec![0u64; slots as usize];
    for (hash, offset) in places {
        let mut slot = layout::first_slot(*hash, slots) as usize;
        while table.get(slot).is_some_and(|value| *value != 0) {
            slot = if slot + 1 == table.len() { 0 } else { slot + 1 };
        }
        if let Some(place) = table.get_mut(slot) {
            *place = layout::slot_value(*hash, *offset);
        }
    }
    table
}

const _: () = assert!(HEADER > 0, "offset 0 stands for an empty slot");
