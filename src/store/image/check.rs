//! Reads an image file again and finds everything that is wrong with it, without keeping it.
//!
//! Goes on after damage, so that whoever asks learns of all of it. Where no block is damaged, the entries are gone through as
//! well: that each is one, and whatever the caller wants to see of it. Invariant: it changes nothing, and what it says of a
//! place it read from there.

use super::layout::{self, BLOCK, ENTRY, Entry, HEADER, Trailer};
use super::{CHUNK, Source, buffer};
use crate::disk::Disk;
use crate::document::check_key;
use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::path::Path;

/// Who is told of a check, and may end it.
pub trait Check {
    /// So many more bytes were read. An error ends the check.
    fn passed(&mut self, bytes: u64) -> Result<()>;
    /// Something is wrong at this byte.
    fn flaw(&mut self, offset: u64, reason: String);
    /// Looks at an entry whose bytes are as they were written; says what is wrong with it.
    fn entry(&mut self, entry: &Entry<'_>) -> Option<String>;
}

/// Checks the image at `path`, of the commit `sequence` if that is known. An error is none of the file's.
pub fn check(disk: &dyn Disk, path: &Path, sequence: Option<u64>, into: &mut dyn Check) -> Result<()> {
    let (offset, reason) = match check_all(disk, path, sequence, into) {
        Ok(()) => return Ok(()),
        Err(Error::Corrupt { offset, reason, .. }) => (offset, reason),
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => (0, "the file is missing".to_owned()),
        Err(error @ (Error::Io { .. } | Error::UnsupportedFormat { .. })) => (0, error.to_string()),
        Err(error) => return Err(error),
    };
    into.flaw(offset, reason);
    Ok(())
}

fn check_all(disk: &dyn Disk, path: &Path, sequence: Option<u64>, into: &mut dyn Check) -> Result<()> {
    let file = disk.open(path).map_err(|source| Error::io("open", path, source))?;
    let length = file.length().map_err(|source| Error::io("measure", path, source))?;
    let source = Source { file, path, length };
    let mut head = [0; HEADER];
    source.read(&mut head, 0)?;
    let header =
        layout::read_header(&head).filter(|(format, _)| (layout::OLDEST_FORMAT..=layout::FORMAT).contains(format));
    if header.is_none() {
        into.flaw(0, "the image's header does not match its checksum".to_owned());
    }
    let (trailer, checksums) = source.trailer(header.map(|(_, sequence)| sequence))?;
    if sequence.is_some_and(|sequence| sequence != trailer.sequence) {
        into.flaw(16, format!("the image is of commit {}", trailer.sequence));
    }
    let mut walk = Some(Walk::new(&trailer));
    let mut room = buffer((CHUNK as u64).min(trailer.checksums))?;
    let mut expected = checksums.chunks_exact(4);
    let mut offset = 0;
    while offset < trailer.checksums {
        let count = (trailer.checksums - offset).min(CHUNK as u64) as usize;
        let chunk = room.get_mut(..count).unwrap_or_default();
        source.read(chunk, offset)?;
        for (block, at) in chunk.chunks(BLOCK).zip((offset..).step_by(BLOCK)) {
            if expected.next() == Some(&crc32c::crc32c(block).to_le_bytes()) {
                continue;
            }
            // Which entries begin where is not known behind this, and a damaged header was told already.
            walk = None;
            if at > 0 || header.is_some() {
                into.flaw(at, format!("the {} bytes from here do not match their checksum", block.len()));
            }
        }
        if let Some(going) = &mut walk
            && !going.take(chunk, into)?
        {
            walk = None;
        }
        offset += count as u64;
        into.passed(count as u64)?;
    }
    if let Some(walk) = walk.filter(|walk| walk.found != trailer.entries) {
        into.flaw(
            walk.offset,
            format!("the image says that it has {} entries, and has {}", trailer.entries, walk.found),
        );
    }
    into.passed(length - trailer.checksums)
}

/// Entries one behind the other, as their bytes come.
struct Walk {
    bytes: Vec<u8>,
    /// Where `bytes` begin in the file, and where the entries end.
    offset: u64,
    end: u64,
    /// What is still to be passed before the first entry.
    before: usize,
    /// How many bytes of the file came.
    come: u64,
    found: u64,
}

impl Walk {
    fn new(trailer: &Trailer) -> Walk {
        Walk { bytes: Vec::new(), offset: HEADER as u64, end: trailer.order, before: HEADER, come: 0, found: 0 }
    }

    /// Goes through what is whole by now; false if it cannot go on.
    fn take(&mut self, chunk: &[u8], into: &mut dyn Check) -> Result<bool> {
        let wanted = usize::try_from(self.end.saturating_sub(self.come)).unwrap_or(usize::MAX).min(chunk.len());
        self.come += chunk.len() as u64;
        let part = chunk.get(self.before..wanted).unwrap_or_default();
        self.before = 0;
        self.bytes.try_reserve(part.len()).map_err(|_| Error::OutOfMemory { bytes: part.len() as u64 })?;
        self.bytes.extend_from_slice(part);
        let mut used = 0;
        while let Some(rest) = self.bytes.get(used..).filter(|rest| rest.len() >= ENTRY) {
            let at = self.offset + used as u64;
            let length = Entry::length_at(rest).filter(|length| at + length <= self.end);
            let Some(length) = length else {
                into.flaw(at, "an entry does not fit the image".to_owned());
                return Ok(false);
            };
            if length > rest.len() as u64 {
                break;
            }
            let entry = Entry::at(rest, 0).filter(|entry| entry.id().is_some_and(|id| check_key(id.key).is_ok()));
            let flaw = entry
                .map_or_else(|| Some("an entry's key or collection cannot be".to_owned()), |entry| into.entry(&entry));
            if let Some(reason) = flaw {
                into.flaw(at, reason);
            }
            self.found += 1;
            used += length as usize;
        }
        self.offset += used as u64;
        self.bytes.drain(..used);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ImageWriter, file_name};
    use super::*;
    use crate::disk::RealDisk;
    use std::fs;

    #[derive(Default)]
    struct Notes {
        flaws: Vec<(u64, String)>,
        passed: u64,
        entries: u64,
        stop_after: Option<u64>,
    }

    impl Check for Notes {
        fn passed(&mut self, bytes: u64) -> Result<()> {
            self.passed += bytes;
            if self.stop_after.is_some_and(|most| self.passed > most) { Err(Error::Cancelled) } else { Ok(()) }
        }

        fn flaw(&mut self, offset: u64, reason: String) {
            self.flaws.push((offset, reason));
        }

        fn entry(&mut self, entry: &Entry<'_>) -> Option<String> {
            self.entries += 1;
            (entry.text == b"odd").then(|| "an odd text".to_owned())
        }
    }

    fn checked(path: &Path) -> Notes {
        let mut notes = Notes::default();
        check(&RealDisk, path, Some(7), &mut notes).unwrap();
        notes
    }

    fn write(folder: &Path, documents: u32, long: usize) -> std::path::PathBuf {
        let mut writer = ImageWriter::new(&RealDisk, folder, 7).unwrap();
        for number in 0..documents {
            let key = format!("key-{number:06}");
            let text = if number == 5 { "odd".to_owned() } else { "x".repeat(100 + number as usize % 40 * long) };
            let (key, text) = (key.as_bytes(), text.as_bytes());
            let entry = Entry { sequence: 1, revision: 1, time_ms: 1, collection: 5, cleared: false, key, text };
            writer.add(&entry).unwrap();
        }
        writer.finish(0, Vec::new()).unwrap();
        folder.join(file_name(7))
    }

    #[test]
    fn every_entry_of_a_whole_image_is_shown_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), 3000, 700);
        let notes = checked(&path);
        let length = fs::metadata(&path).unwrap().len();
        assert!(length > 10 * BLOCK as u64);
        let odd: Vec<&str> = notes.flaws.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!((odd, notes.entries, notes.passed), (vec!["an odd text"], 3000, length));
    }

    #[test]
    fn all_damage_is_found_block_by_block() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), 3000, 100);
        let good = fs::read(&path).unwrap();
        let mut damaged = good.clone();
        for place in [2, 3 * BLOCK + 7, 9 * BLOCK] {
            damaged[place] ^= 1;
        }
        fs::write(&path, &damaged).unwrap();
        let places: Vec<u64> =
            checked(&path).flaws.iter().map(|(offset, _)| *offset).filter(|at| *at != 64 + 5).collect();
        assert_eq!(places, [0, 3 * BLOCK as u64, 9 * BLOCK as u64]);
        for (length, reason) in [(good.len() - 1, "trailer"), (BLOCK, "trailer"), (10, "too early"), (0, "too early")] {
            fs::write(&path, &good[..length]).unwrap();
            let flaws = checked(&path).flaws;
            assert!(flaws.iter().any(|(_, found)| found.contains(reason)), "{length}: {flaws:?}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(checked(&path).flaws, [(0, "the file is missing".to_owned())]);
    }

    #[test]
    fn every_changed_byte_of_a_small_image_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), 3, 1);
        let good = fs::read(&path).unwrap();
        assert_eq!(checked(&path).flaws, []);
        for place in 0..good.len() {
            let mut damaged = good.clone();
            damaged[place] ^= 0x10;
            fs::write(&path, &damaged).unwrap();
            assert!(!checked(&path).flaws.is_empty(), "byte {place}");
        }
    }

    #[test]
    fn whoever_is_told_may_end_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), 3000, 700);
        let mut notes = Notes { stop_after: Some(CHUNK as u64), ..Notes::default() };
        assert!(matches!(check(&RealDisk, &path, None, &mut notes), Err(Error::Cancelled)));
        assert_eq!(notes.passed, 2 * CHUNK as u64);
    }
}
