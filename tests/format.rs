//! The worked examples of src/journal/FORMAT.md are what the code reads and writes.
//!
//! Must not build the examples with the code that it checks: the bytes stand in the page.

use coffer::change::{Action, Change, Commit};
use coffer::database::Database;
use coffer::disk::RealDisk;
use coffer::document::{Collection, DocumentId};
use coffer::error::Error;
use coffer::journal::{decode, encode};
use coffer::options::Requested;
use coffer::store::history::{self, HistoryWriter, Past};
use coffer::store::{Entry, Image, ImageWriter, file_name};
use std::fs;
use std::path::Path;

const SEGMENT_HEADER: usize = 64;

/// The bytes of the code block that is marked `mark`.
fn example(mark: &str) -> Vec<u8> {
    let page = include_str!("../src/journal/FORMAT.md");
    let block = page.split(&format!("```text {mark}\n")).nth(1).unwrap().split("```").next().unwrap();
    let digits = block.lines().flat_map(|line| line.split_whitespace().skip(1));
    digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

fn open(folder: &Path) -> Database {
    Database::open(folder, &Requested::default()).unwrap()
}

#[test]
fn the_segment_example_holds_the_records_that_the_page_says() {
    let bytes = example("segment");
    let id = DocumentId::new(Collection::PluginData, "slot");
    let text = r#"{"hp":10}"#;
    let put = Change { id, revision: 1, action: Action::Put { text, checksum: crc32c::crc32c(text.as_bytes()) } };
    let clear = Change { id, revision: 1, action: Action::Clear };
    let commits = [
        (Commit { sequence: 1, time_ms: 1_700_000_000_000, changes: &[put] }, 0),
        (Commit { sequence: 2, time_ms: 1_700_000_001_000, changes: &[clear] }, 1),
        (Commit { sequence: 2, time_ms: 0, changes: &[] }, 2),
    ];
    let mut encoded = bytes[..SEGMENT_HEADER].to_vec();
    let mut offset = SEGMENT_HEADER;
    for (commit, durable) in commits {
        let record = decode(&bytes[offset..]).unwrap();
        assert_eq!((record.sequence, record.time_ms, record.durable), (commit.sequence, commit.time_ms, durable));
        assert_eq!(record.changes, commit.changes);
        offset += record.length;
        encode(&commit, durable, &mut encoded);
    }
    assert_eq!(offset, bytes.len());
    assert_eq!(encoded, bytes);
}

#[test]
fn the_segment_example_opens_as_a_store() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("journal-0000000000000001.coffer"), example("segment")).unwrap();
    let db = open(folder.path());
    assert_eq!(db.recovery_report().unwrap().recovered_records, 2);
    assert!(matches!(db.load("slot"), Err(Error::NotFound { .. })));
    assert_eq!(db.save("slot", "1", None, None).unwrap(), 2, "the cleared revision is known");
}

const OLD: Entry = Entry {
    sequence: 2,
    revision: 4,
    time_ms: 1_700_000_001_000,
    collection: 5,
    cleared: true,
    key: b"old",
    text: b"",
};

const SLOT: Entry = Entry {
    sequence: 3,
    revision: 2,
    time_ms: 1_700_000_002_000,
    cleared: false,
    key: b"slot",
    text: br#"{"hp":7}"#,
    ..OLD
};

const PAST: Past = Past {
    entry: Entry { sequence: 1, revision: 1, time_ms: 1_700_000_000_000, text: br#"{"hp":10}"#, ..SLOT },
    by: 3,
};

#[test]
fn the_image_and_history_examples_are_what_the_writers_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = HistoryWriter::new(&RealDisk, folder.path(), 3).unwrap();
    writer.add(&PAST).unwrap();
    let history = writer.finish().unwrap();
    assert_eq!(fs::read(folder.path().join(history::name(3))).unwrap(), example("history"));
    let mut writer = ImageWriter::new(&RealDisk, folder.path(), 3).unwrap();
    writer.add(&OLD).unwrap();
    writer.add(&SLOT).unwrap();
    writer.finish(0, vec![history]).unwrap();
    let path = folder.path().join(file_name(3));
    assert_eq!(fs::read(&path).unwrap(), example("image"));
    let image = Image::open(&RealDisk, &path).unwrap();
    assert_eq!((image.ranked(0), image.ranked(1), image.ranked(2)), (Some(OLD), Some(SLOT), None));
    assert_eq!(image.manifest().histories, [history]);
    let mut found = 0;
    history::read(&RealDisk, folder.path(), &history, &mut |past| {
        found += 1;
        assert_eq!(*past, PAST);
        Ok(())
    })
    .unwrap();
    assert_eq!(found, 1);
}

#[test]
fn the_image_and_history_examples_open_as_a_store_with_a_past() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file_name(3)), example("image")).unwrap();
    fs::write(folder.path().join(history::name(3)), example("history")).unwrap();
    let db = open(folder.path());
    let loaded = db.load("slot").unwrap();
    assert_eq!((loaded.text.as_str(), loaded.revision, loaded.saved_at_ms), (r#"{"hp":7}"#, 2, 1_700_000_002_000));
    assert_eq!(db.save("old", "1", None, None).unwrap(), 5, "the cleared revision is known");
    drop(db);
    assert!(!folder.path().join(history::name(3)).exists(), "no snapshot needs the history, so it is gone");
}
