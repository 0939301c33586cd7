//! Reads what is whole in a damaged image.
//!
//! Trusts nothing but each entry's own checksum. Entries are looked for one behind the other; where that chain breaks, at
//! every place that the order table or the hash index names, and failing those, byte by byte. It changes no file.

use super::layout::{ENTRY, Entry, HEADER, TRAILER, Trailer, read_header, slot_offset, u64_at};
use crate::disk::{Disk, Memory};
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// What is whole in an image.
pub struct Salvaged {
    bytes: Memory,
    offsets: Vec<usize>,
    /// The sequence number that the image held, as far as anything tells.
    pub sequence: u64,
    pub revision_floor: u64,
    /// Stretches without a valid entry: offset, length and reason.
    pub lost: Vec<(u64, u64, &'static str)>,
}

impl Salvaged {
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.offsets.iter().filter_map(|offset| Entry::at(&self.bytes, *offset))
    }
}

/// Reads every valid entry of the image at `path`, whose name gives `sequence`.
pub fn salvage(disk: &dyn Disk, path: &Path, sequence: u64) -> Result<Salvaged> {
    let file = disk.open(path).map_err(|source| Error::io("open", path, source))?;
    let length = file.length().map_err(|source| Error::io("measure", path, source))?;
    let mut memory = super::buffer(length)?;
    let count = file.read_at(&mut memory, 0).map_err(|source| Error::io("read", path, source))?;
    let bytes = memory.get(..count).unwrap_or_default();
    let trailer = Trailer::decode(bytes).map(|(trailer, _)| trailer).filter(Trailer::is_sound);
    let mut lost = Vec::new();
    if read_header(bytes).is_none() {
        lost.push((0, HEADER as u64, "the image's header"));
    }
    if trailer.is_none() {
        lost.push((bytes.len().saturating_sub(TRAILER) as u64, TRAILER as u64, "the image's trailer"));
    }
    let places = trailer.map(|trailer| named_places(bytes, &trailer)).unwrap_or_default();
    let end = trailer.map_or(bytes.len(), |trailer| trailer.order as usize);
    let offsets = valid_entries(bytes, end, &places, &mut lost);
    Ok(Salvaged {
        sequence: trailer.map_or(sequence, |trailer| trailer.sequence.max(sequence)),
        revision_floor: trailer.map_or(0, |trailer| trailer.revision_floor),
        offsets,
        bytes: memory,
        lost,
    })
}

/// Every offset that the order table or the hash index names; some may be nonsense.
fn named_places(bytes: &[u8], trailer: &Trailer) -> BTreeSet<usize> {
    let order = (trailer.order..trailer.index).step_by(8);
    let index = (trailer.index..trailer.index_end()).step_by(8);
    let order = order.filter_map(|at| u64_at(bytes, at as usize));
    let index = index.filter_map(|at| u64_at(bytes, at as usize)).map(slot_offset);
    order.chain(index).map(|offset| offset as usize).filter(|offset| *offset >= HEADER).collect()
}

fn valid_entries(
    bytes: &[u8],
    end: usize,
    places: &BTreeSet<usize>,
    lost: &mut Vec<(u64, u64, &'static str)>,
) -> Vec<usize> {
    let mut found = Vec::new();
    let mut offset = HEADER;
    let mut gap = None;
    while offset + ENTRY <= end {
        if let Some(entry) = Entry::verified_at(bytes, offset) {
            if let Some(start) = gap.take() {
                lost.push((start as u64, (offset - start) as u64, "no valid entry"));
            }
            found.push(offset);
            offset += entry.encoded_length();
            continue;
        }
        gap.get_or_insert(offset);
        offset = match places.range(offset + 1..).next() {
            Some(next) => *next,
            None if places.is_empty() => offset + 1,
            None => end,
        };
    }
    if let Some(start) = gap {
        lost.push((start as u64, end.saturating_sub(start) as u64, "no valid entry"));
    }
    found
}
