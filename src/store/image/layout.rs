//! The bytes of an image file: header, entries, order, index, manifest, checksums, trailer.
//!
//! Holds constants and the encoding of the fixed parts; no I/O. `../../journal/FORMAT.md` describes them.
//! Invariant: every byte of the file is covered by a checksum, and every number in it is little-endian.

use crate::disk;
use crate::document::{Collection, DocumentId, LARGEST_NUMBER, MAX_KEY_BYTES};

/// The format that is written.
pub const FORMAT: u32 = 2;
/// The oldest format that is read; it has no manifest.
pub const OLDEST_FORMAT: u32 = 1;
pub const HEADER: usize = 64;
pub const TRAILER: usize = 96;
/// Each checksum covers this many bytes.
pub const BLOCK: usize = 64 << 10;
/// An entry before its key and text.
pub const ENTRY: usize = 36;
pub const PUT: u8 = 1;
pub const CLEAR: u8 = 2;
const HEADER_MAGIC: [u8; 8] = *b"COFFERI\xFF";
const TRAILER_MAGIC: [u8; 8] = *b"COFFERE\xFF";

/// The file name of the image of `sequence`.
pub fn name(sequence: u64) -> String {
    disk::numbered("image", sequence)
}

/// The sequence number in an image's file name.
pub fn sequence_in(name: &str) -> Option<u64> {
    disk::number_in("image", name)
}

/// The header: what this file is, before anything else is known.
pub fn header(sequence: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(&HEADER_MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(BLOCK as u32).to_le_bytes());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.resize(HEADER - 4, 0);
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Reads a header: the format it names and the sequence number.
pub fn read_header(bytes: &[u8]) -> Option<(u32, u64)> {
    let bytes = bytes.first_chunk::<HEADER>()?;
    let (checked, checksum) = bytes.split_at(HEADER - 4);
    if !checked.starts_with(&HEADER_MAGIC) || checksum != crc32c::crc32c(checked).to_le_bytes() {
        return None;
    }
    let sequence = u64_at(checked, 16).filter(|sequence| *sequence <= LARGEST_NUMBER)?;
    Some((u32_at(checked, 8)?, sequence))
}

/// Where the parts of an image are, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trailer {
    pub sequence: u64,
    /// Entries, cleared documents included.
    pub entries: u64,
    /// Entries of cleared documents, kept for their revisions.
    pub cleared: u64,
    /// Revisions up to this one may have belonged to cleared documents that are no longer listed.
    pub revision_floor: u64,
    /// Where the order table begins: the offset of each entry, sorted by collection and key.
    pub order: u64,
    /// Where the hash index begins.
    pub index: u64,
    /// Slots in the hash index.
    pub slots: u64,
    /// Where the block checksums begin.
    pub checksums: u64,
    /// The length of the whole file.
    pub length: u64,
    /// Where the manifest begins; 0 if there is none, as in format 1.
    pub manifest: u64,
}

impl Trailer {
    /// Encodes the trailer. `checksums` is the CRC-32C over the table of block checksums, which thereby is covered too.
    pub fn encode(&self, checksums: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TRAILER);
        bytes.extend_from_slice(&TRAILER_MAGIC);
        for field in [
            self.sequence,
            self.entries,
            self.cleared,
            self.revision_floor,
            self.order,
            self.index,
            self.slots,
            self.checksums,
            self.length,
            self.manifest,
        ] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes.resize(TRAILER - 8, 0);
        bytes.extend_from_slice(&checksums.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the trailer at the end of a file, and the checksum over the table of block checksums.
    pub fn decode(bytes: &[u8]) -> Option<(Trailer, u32)> {
        let bytes = bytes.last_chunk::<TRAILER>()?;
        let (checked, checksum) = bytes.split_at(TRAILER - 4);
        if !checked.starts_with(&TRAILER_MAGIC) || checksum != crc32c::crc32c(checked).to_le_bytes() {
            return None;
        }
        let field = |index: usize| u64_at(checked, 8 + 8 * index);
        let trailer = Trailer {
            sequence: field(0)?,
            entries: field(1)?,
            cleared: field(2)?,
            revision_floor: field(3)?,
            order: field(4)?,
            index: field(5)?,
            slots: field(6)?,
            checksums: field(7)?,
            length: field(8)?,
            manifest: field(9)?,
        };
        Some((trailer, u32_at(checked, TRAILER - 8)?))
    }

    /// Where the hash index ends.
    pub fn index_end(&self) -> u64 {
        if self.manifest == 0 { self.checksums } else { self.manifest }
    }

    /// Whether the parts lie in order within the file, and no number is above the largest.
    pub fn is_sound(&self) -> bool {
        let order_end = self.entries.checked_mul(8).and_then(|size| size.checked_add(self.order));
        let index_end = self.slots.checked_mul(8).and_then(|size| size.checked_add(self.index));
        let blocks = self.checksums.div_ceil(BLOCK as u64);
        let checksums_end = blocks.checked_mul(4).and_then(|size| size.checked_add(self.checksums));
        self.order >= HEADER as u64
            && order_end == Some(self.index)
            && index_end == Some(self.index_end())
            && self.index_end() <= self.checksums
            && checksums_end.and_then(|end| end.checked_add(TRAILER as u64)) == Some(self.length)
            && (self.slots > self.entries || self.entries == 0)
            && self.sequence.max(self.revision_floor) <= LARGEST_NUMBER
    }
}

/// How many slots the index of so many entries has: a load of two thirds.
pub fn slots_for(entries: u64) -> u64 {
    if entries == 0 { 0 } else { entries + entries / 2 + 1 }
}

/// The first slot to look at for a hash: its high bits, scaled to the number of slots.
pub fn first_slot(hash: u64, slots: u64) -> u64 {
    ((u128::from(hash) * u128::from(slots)) >> 64) as u64
}

/// A slot's value: the hash's low 16 bits above the entry's offset. 0 is an empty slot; no entry is at offset 0.
pub fn slot_value(hash: u64, offset: u64) -> u64 {
    (hash << 48) | offset
}

/// The offset in a slot's value.
pub fn slot_offset(value: u64) -> u64 {
    value & ((1 << 48) - 1)
}

pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// Of an entry's beginning: the length of its text, its time, and whether it is cleared.
pub fn brief(head: &[u8; ENTRY]) -> (u32, u64, bool) {
    (u32_at(head, 28).unwrap_or(0), u64_at(head, 20).unwrap_or(0), head[35] == CLEAR)
}

/// One entry, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    pub sequence: u64,
    pub revision: u64,
    pub time_ms: u64,
    pub collection: u8,
    pub cleared: bool,
    pub key: &'a [u8],
    pub text: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Reads the entry at `offset`; `None` if it does not fit or its numbers are above the largest. The image's block
    /// checksums were verified before.
    #[inline]
    pub fn at(bytes: &'a [u8], offset: usize) -> Option<Entry<'a>> {
        let (fixed, rest) = bytes.get(offset..)?.split_first_chunk::<ENTRY>()?;
        let key_length = usize::from(u16::from_le_bytes([fixed[32], fixed[33]]));
        let text_length = u32_at(fixed, 28)? as usize;
        let (key, rest) = rest.split_at_checked(key_length)?;
        let (sequence, revision) = (u64_at(fixed, 4)?, u64_at(fixed, 12)?);
        // One compare for both: the bit above the largest.
        if sequence | revision > LARGEST_NUMBER {
            return None;
        }
        Some(Entry {
            sequence,
            revision,
            time_ms: u64_at(fixed, 20)?,
            collection: fixed[34],
            cleared: fixed[35] == CLEAR,
            key,
            text: rest.get(..text_length)?,
        })
    }

    /// Reads the entry at `offset` if its own checksum is right: for what nothing else vouches for.
    pub fn verified_at(bytes: &'a [u8], offset: usize) -> Option<Entry<'a>> {
        let entry = Entry::at(bytes, offset)?;
        let kind = bytes.get(offset + ENTRY - 1)?;
        if !(1..=MAX_KEY_BYTES).contains(&entry.key.len()) || !matches!(*kind, PUT | CLEAR) {
            return None;
        }
        let checked = bytes.get(offset + 4..offset + entry.encoded_length())?;
        (crc32c::crc32c(checked) == u32_at(bytes, offset)?).then_some(entry)
    }

    /// How long the entry that begins with these bytes says that it is.
    pub fn length_at(fixed: &[u8]) -> Option<u64> {
        let key = fixed.get(32..34)?.try_into().ok().map(u16::from_le_bytes)?;
        Some(ENTRY as u64 + u64::from(key) + u64::from(u32_at(fixed, 28)?))
    }

    /// Whose it is; nothing if collection or key cannot be.
    pub fn id(&self) -> Option<DocumentId<'a>> {
        Some(DocumentId::new(Collection::from_number(self.collection)?, std::str::from_utf8(self.key).ok()?))
    }

    pub fn encoded_length(&self) -> usize {
        ENTRY + self.key.len() + self.text.len()
    }

    pub fn encode(&self, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&[0; 4]);
        into.extend_from_slice(&self.sequence.to_le_bytes());
        into.extend_from_slice(&self.revision.to_le_bytes());
        into.extend_from_slice(&self.time_ms.to_le_bytes());
        into.extend_from_slice(&(self.text.len() as u32).to_le_bytes());
        into.extend_from_slice(&(self.key.len() as u16).to_le_bytes());
        into.push(self.collection);
        into.push(if self.cleared { CLEAR } else { PUT });
        into.extend_from_slice(self.key);
        into.extend_from_slice(self.text);
        let checksum = crc32c::crc32c(into.get(start + 4..).unwrap_or_default());
        if let Some(place) = into.get_mut(start..start + 4) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_parts_come_back_and_notice_damage() {
        let head = header(77);
        assert_eq!(read_header(&head), Some((FORMAT, 77)));
        let trailer =
            Trailer { sequence: 77, entries: 3, order: 64, index: 88, slots: 5, checksums: 128, ..Default::default() };
        let trailer = Trailer { length: 128 + 4 + TRAILER as u64, ..trailer };
        assert!(trailer.is_sound() && Trailer { manifest: 128, ..trailer }.is_sound());
        assert!(!Trailer { manifest: 120, ..trailer }.is_sound());
        let tail = trailer.encode(9);
        assert_eq!(Trailer::decode(&tail), Some((trailer, 9)));
        for bit in 0..HEADER * 8 {
            let mut damaged = head.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_header(&damaged), None, "header bit {bit}");
        }
        for bit in 0..TRAILER * 8 {
            let mut damaged = tail.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Trailer::decode(&damaged), None, "trailer bit {bit}");
        }
    }

    #[test]
    fn an_entry_comes_back_and_any_changed_bit_is_noticed() {
        let entry =
            Entry { sequence: 9, revision: 2, time_ms: 3, collection: 5, cleared: false, key: b"slot", text: b"[1]" };
        let mut bytes = vec![0; 5];
        entry.encode(&mut bytes);
        assert_eq!(Entry::verified_at(&bytes, 5), Some(entry));
        for bit in 5 * 8..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Entry::verified_at(&damaged, 5), None, "bit {bit}");
        }
    }

    #[test]
    fn what_no_store_writes_is_refused() {
        for (sequence, revision, key_length, fits) in [
            (LARGEST_NUMBER, LARGEST_NUMBER, MAX_KEY_BYTES, true),
            (LARGEST_NUMBER + 1, 1, 1, false),
            (1, LARGEST_NUMBER + 1, 1, false),
            (1, 1, 0, false),
            (1, 1, MAX_KEY_BYTES + 1, false),
        ] {
            let (key, mut bytes) = (vec![b'k'; key_length], Vec::new());
            let entry = Entry { sequence, revision, time_ms: 3, collection: 5, cleared: false, key: &key, text: b"1" };
            entry.encode(&mut bytes);
            assert_eq!(Entry::verified_at(&bytes, 0).is_some(), fits, "{sequence} {revision} {key_length}");
        }
        assert_eq!(read_header(&header(LARGEST_NUMBER)), Some((FORMAT, LARGEST_NUMBER)));
        assert_eq!(read_header(&header(LARGEST_NUMBER + 1)), None);
        // An image without entries: its parts begin behind the header and are empty.
        let parts = HEADER as u64;
        let empty = Trailer {
            order: parts,
            index: parts,
            manifest: parts,
            checksums: parts,
            length: parts + 4 + TRAILER as u64,
            ..Trailer::default()
        };
        assert!(empty.is_sound());
        assert!(!Trailer { sequence: LARGEST_NUMBER + 1, ..empty }.is_sound());
        assert!(!Trailer { revision_floor: u64::MAX, ..empty }.is_sound());
    }
}
