//! The name and the header of a journal segment, and how one is made.
//!
//! A segment is a file of records behind a header. It is made ahead of its use: zeros to its full size, synced, with a
//! zero header. The header is written when the first record goes in. Invariant: a segment with a valid header holds
//! records from `first_sequence` on, without a gap, or nothing.

use crate::disk::{self, Disk, DiskFile};
use crate::document::LARGEST_NUMBER;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const HEADER: usize = 64;
pub const FORMAT: u32 = 1;
/// The size of a store's first segment: a store of a few documents stays small.
pub const SMALLEST: u64 = 64 << 10;
const MAGIC: [u8; 8] = *b"COFFERJ\xFF";
const CHECKED: usize = 60;
/// How much of a new segment is written at once.
const PIECE: u64 = 64 << 10;

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub number: u64,
    /// The sequence number of the segment's first commit.
    pub first_sequence: u64,
    /// Everything up to this sequence number was synced when the header was written.
    pub durable: u64,
}

/// How the first bytes of a segment read.
#[derive(Debug, PartialEq, Eq)]
pub enum HeaderState {
    Valid(Header),
    /// All zero: made ahead and never used, or lost in a crash before it was synced.
    Unused,
    Newer(u32),
    Invalid,
}

impl Header {
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut fields = Vec::with_capacity(HEADER);
        fields.extend_from_slice(&MAGIC);
        fields.extend_from_slice(&FORMAT.to_le_bytes());
        fields.extend_from_slice(&[0; 4]);
        fields.extend_from_slice(&self.number.to_le_bytes());
        fields.extend_from_slice(&self.first_sequence.to_le_bytes());
        fields.extend_from_slice(&self.durable.to_le_bytes());
        fields.resize(CHECKED, 0);
        let checksum = crc32c::crc32c(&fields);
        fields.extend_from_slice(&checksum.to_le_bytes());
        bytes.copy_from_slice(&fields);
        bytes
    }

    pub fn decode(bytes: &[u8]) -> HeaderState {
        let Some(bytes) = bytes.first_chunk::<HEADER>() else {
            return if bytes.iter().all(|byte| *byte == 0) { HeaderState::Unused } else { HeaderState::Invalid };
        };
        if bytes.iter().all(|byte| *byte == 0) {
            return HeaderState::Unused;
        }
        let (checked, checksum) = bytes.split_at(CHECKED);
        if !checked.starts_with(&MAGIC) || checksum != crc32c::crc32c(checked).to_le_bytes() {
            return HeaderState::Invalid;
        }
        let format = checked.get(8..12).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
        if let Some(format) = format.filter(|format| *format != FORMAT) {
            return HeaderState::Newer(format);
        }
        let field = |at: usize| checked.get(at..at + 8).and_then(|field| field.try_into().ok()).map(u64::from_le_bytes);
        match (field(16), field(24), field(32)) {
            (Some(number), Some(first_sequence), Some(durable))
                if number.max(first_sequence).max(durable) <= LARGEST_NUMBER =>
            {
                HeaderState::Valid(Header { number, first_sequence, durable })
            }
            _ => HeaderState::Invalid,
        }
    }
}

/// The file name of segment `number`.
pub fn name(number: u64) -> String {
    disk::numbered("journal", number)
}

/// The number in a segment's file name.
pub fn number_in(name: &str) -> Option<u64> {
    disk::number_in("journal", name)
}

/// A segment file that is ready for its header.
pub struct Blank {
    pub number: u64,
    pub path: PathBuf,
    pub file: Arc<dyn DiskFile>,
    pub size: u64,
}

/// Makes a segment of `size` zeros. It is not synced: `sync_blank` does that where there is time.
pub fn create(disk: &dyn Disk, folder: &Path, number: u64, size: u64) -> Result<Blank> {
    let path = folder.join(name(number));
    if number > LARGEST_NUMBER {
        return Err(Error::corrupt(&path, 0, "the segment before it has the largest number"));
    }
    let file = disk.create(&path).map_err(|source| Error::io("create", &path, source))?;
    let blank = Blank { number, path, file, size };
    // Not a constant: the library would be larger by it.
    let zeros = vec![0; size.min(PIECE) as usize];
    let mut offset = 0;
    while offset < size {
        let count = (size - offset).min(PIECE);
        let zeros = zeros.get(..count as usize).unwrap_or(&zeros);
        if let Err(source) = blank.file.write_at(zeros, offset) {
            let failure = Error::io("write", &blank.path, source);
            // A half-made segment holds nothing; one that stays is removed at the next opening.
            let _ = disk.remove(&blank.path);
            return Err(failure);
        }
        offset += count;
    }
    Ok(blank)
}

/// Makes a blank segment and its name certain, so that using it later costs no more than syncing records.
pub fn sync_blank(disk: &dyn Disk, folder: &Path, blank: &Blank) -> Result<()> {
    blank.file.sync().map_err(|source| Error::io("sync", &blank.path, source))?;
    disk.sync_folder(folder).map_err(|source| Error::io("sync", folder, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_any_changed_bit_is_noticed() {
        let header = Header { number: 3, first_sequence: 70, durable: 61 };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), HeaderState::Valid(header));
        for bit in 0..HEADER * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&damaged), HeaderState::Invalid, "bit {bit}");
        }
        assert_eq!(Header::decode(&[0; HEADER]), HeaderState::Unused);
        assert_eq!(Header::decode(&[0; HEADER - 1]), HeaderState::Unused);
        let mut newer = bytes;
        newer[8] += 3;
        let checksum = crc32c::crc32c(&newer[..CHECKED]).to_le_bytes();
        newer[CHECKED..].copy_from_slice(&checksum);
        assert_eq!(Header::decode(&newer), HeaderState::Newer(FORMAT + 3));
        assert_eq!(Header::decode(&bytes[..HEADER - 1]), HeaderState::Invalid);
    }

    #[test]
    fn numbers_above_the_largest_are_refused() {
        let small = Header { number: 3, first_sequence: 70, durable: 61 };
        for (header, fits) in [
            (Header { number: LARGEST_NUMBER, first_sequence: LARGEST_NUMBER, durable: LARGEST_NUMBER }, true),
            (Header { number: LARGEST_NUMBER + 1, ..small }, false),
            (Header { first_sequence: LARGEST_NUMBER + 1, ..small }, false),
            (Header { durable: u64::MAX, ..small }, false),
        ] {
            let expected = if fits { HeaderState::Valid(header) } else { HeaderState::Invalid };
            assert_eq!(Header::decode(&header.encode()), expected);
        }
        let folder = tempfile::tempdir().unwrap();
        let made = |number| create(&crate::disk::RealDisk, folder.path(), number, 64).map(|blank| blank.number);
        assert_eq!(made(LARGEST_NUMBER).unwrap(), LARGEST_NUMBER);
        assert!(matches!(made(LARGEST_NUMBER + 1), Err(Error::Corrupt { .. })));
    }

    #[test]
    fn only_our_names_are_segments() {
        assert_eq!(number_in(&name(0x1f)), Some(0x1f));
        for other in ["journal-1.coffer", "journal-000000000000001g.coffer", "image-0000000000000001.coffer", "lock"] {
            assert_eq!(number_in(other), None, "{other}");
        }
    }
}
