//! Images written, read, damaged and salvaged, on real files.

use super::*;
use crate::disk::RealDisk;
use crate::document::Collection;
use std::fs;

fn entry<'a>(key: &'a str, text: &'a str, revision: u64) -> Entry<'a> {
    let (key, text) = (key.as_bytes(), text.as_bytes());
    Entry { sequence: 1, revision, time_ms: 1_700_000_000_000, collection: 5, cleared: false, key, text }
}

fn write(folder: &Path, sequence: u64, entries: &[Entry<'_>], floor: u64) -> PathBuf {
    let mut writer = ImageWriter::new(&RealDisk, folder, sequence).unwrap();
    for entry in entries {
        writer.add(entry).unwrap();
    }
    writer.finish(floor, Vec::new()).unwrap();
    folder.join(file_name(sequence))
}

#[test]
fn many_entries_are_found_by_hash_and_by_rank() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..5000).map(|number| format!("key-{number:05}")).collect();
    let texts: Vec<String> = (0..5000).map(|number| format!("[{}]", "1,".repeat(number % 40) + "0")).collect();
    let entries: Vec<_> = keys.iter().zip(&texts).map(|(key, text)| entry(key, text, 1)).collect();
    let image = Image::open(&RealDisk, &write(folder.path(), 9, &entries, 3)).unwrap();
    assert_eq!(image.revision_floor(), 3);
    for (rank, expected) in entries.iter().enumerate() {
        let id = DocumentId::new(Collection::PluginData, std::str::from_utf8(expected.key).unwrap());
        assert_eq!(image.get(id, id.hash()).as_ref(), Some(expected));
        assert_eq!(image.rank_of(5, expected.key, false), rank as u64);
        assert_eq!(image.rank_of(5, expected.key, true), rank as u64 + 1);
    }
    for missing in ["key-", "key-05000", "key-000001"] {
        let id = DocumentId::new(Collection::PluginData, missing);
        assert_eq!(image.get(id, id.hash()), None);
    }
    let elsewhere = DocumentId::new(Collection::SaveMetadata, "key-00001");
    assert_eq!(image.get(elsewhere, elsewhere.hash()), None);
}

#[test]
fn an_empty_image_opens() {
    let folder = tempfile::tempdir().unwrap();
    let image = Image::open(&RealDisk, &write(folder.path(), 0, &[], 0)).unwrap();
    let id = DocumentId::new(Collection::PluginData, "slot");
    assert_eq!((image.entries(), image.get(id, id.hash()), image.ranked(0)), (0, None, None));
}

#[test]
fn every_changed_byte_and_every_length_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 2, &[entry("a", "[1,2,3]", 1), entry("slot", "{}", 2)], 0);
    let good = fs::read(&path).unwrap();
    for place in 0..good.len() {
        let mut damaged = good.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        assert!(matches!(Image::open(&RealDisk, &path), Err(Error::Corrupt { .. })), "byte {place}");
        fs::write(&path, &good[..place]).unwrap();
        assert!(matches!(Image::open(&RealDisk, &path), Err(Error::Corrupt { .. })), "length {place}");
    }
}

#[test]
fn salvage_keeps_every_entry_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..20).map(|number| format!("key-{number:02}")).collect();
    let entries: Vec<_> = keys.iter().map(|key| entry(key, r#"{"hp":10}"#, 1)).collect();
    let path = write(folder.path(), 2, &entries, 0);
    let good = fs::read(&path).unwrap();
    let length = entries[0].encoded_length();
    for place in 0..good.len() {
        let mut damaged = good.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        let salvaged = salvage(&RealDisk, &path, 2).unwrap();
        let hit = place.checked_sub(layout::HEADER).map(|offset| offset / length).filter(|hit| *hit < entries.len());
        let expected: Vec<_> =
            entries.iter().enumerate().filter(|(index, _)| Some(*index) != hit).map(|(_, entry)| *entry).collect();
        assert_eq!(salvaged.entries().collect::<Vec<_>>(), expected, "byte {place}");
        assert_eq!(salvaged.lost.is_empty(), hit.is_none() && (64..good.len() - 96).contains(&place), "byte {place}");
    }
}
