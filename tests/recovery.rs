//! Opening what crashes, damage and old versions left, on real files.
//!
//! A crash is a copy of the folder while the store is open: that is what a killed process leaves. Must not look into the
//! files except to damage them.

use coffer::database::Database;
use coffer::disk::RealDisk;
use coffer::document::Collection;
use coffer::error::Error;
use coffer::options::{Durability, Options, Recovery};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn quiet() -> Options {
    Options { background: false, ..Options::default() }
}

fn open_with(folder: &Path, options: &Options) -> coffer::error::Result<Database> {
    Database::open_on(Arc::new(RealDisk), folder, options)
}

fn open(folder: &Path) -> Database {
    open_with(folder, &quiet()).unwrap()
}

/// Opens without changing anything, which is as strict and takes no sync.
fn look_at(folder: &Path) -> coffer::error::Result<Database> {
    open_with(folder, &Options { read_only: true, ..quiet() })
}

fn salvage(folder: &Path) -> Database {
    open_with(folder, &Options { recovery: Recovery::Salvage, ..quiet() }).unwrap()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// The store's files but for the lock, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap() != "lock");
    found.sort();
    found
}

type State = BTreeMap<String, (String, u64)>;

/// Every document with its revision.
fn state(db: &Database) -> State {
    let keys = db.list_keys(None, None, 0).unwrap();
    let load = |key: String| db.load(&key).ok().map(|found| (key, (found.text, found.revision)));
    keys.into_iter().filter_map(load).collect()
}

/// Saves a few documents of each kind; the states after each commit, the empty one first.
fn fill(db: &Database) -> Vec<State> {
    let mut states = vec![state(db)];
    for (key, text) in [
        ("slot-1", Some(r#"{"hp":10}"#)),
        ("character_roster", Some(r#"["Ash"]"#)),
        ("slot-2", Some(r#"{"gold":250,"items":[1,2,3]}"#)),
        ("slot-1", Some(r#"{"hp":7}"#)),
        ("slot-2", None),
        ("party_configs", Some(r#"{"front":["Ash","Bryn"]}"#)),
        ("slot-3", Some("[true,false,null]")),
    ] {
        match text {
            Some(text) => drop(db.save(key, text, None, Some(Durability::Durable)).unwrap()),
            None => db.clear(key, None, Some(Durability::Durable)).unwrap(),
        }
        states.push(state(db));
    }
    states
}

/// A folder as a killed process leaves it: an image with the first half of the commits, a journal with the rest.
fn crashed(scratch: &Path) -> (PathBuf, Vec<State>) {
    let (live, left) = (scratch.join("live"), scratch.join("left"));
    let db = open(&live);
    let mut states = fill(&db);
    db.checkpoint().unwrap();
    let again = fill(&db);
    states.extend(again.into_iter().skip(1));
    db.maintain().unwrap();
    copy(&live, &left);
    (left, states)
}

#[test]
fn everything_saved_is_found_after_a_kill() {
    let scratch = tempfile::tempdir().unwrap();
    let (left, states) = crashed(scratch.path());
    let db = open(&left);
    assert_eq!(Some(&state(&db)), states.last());
    assert_eq!(db.recovery_report().unwrap().recovered_records, 7);
    assert_eq!(db.recovery_report().unwrap().torn_bytes, 0);
}

#[test]
fn a_clean_close_leaves_one_image_and_nothing_preallocated() {
    let scratch = tempfile::tempdir().unwrap();
    let db = open(scratch.path());
    let last = fill(&db).pop().unwrap();
    db.close().unwrap();
    let left = files(scratch.path());
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(fs::metadata(&left[0]).unwrap().len() < 4096);
    let db = open(scratch.path());
    assert_eq!(state(&db), last);
    assert_eq!(db.recovery_report().unwrap(), &Default::default());
}

#[test]
fn every_changed_byte_gives_the_right_data_or_an_error_that_names_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let (left, states) = crashed(scratch.path());
    let trial = scratch.path().join("trial");
    for file in files(&left) {
        let good = fs::read(&file).unwrap();
        let used = good.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 64;
        for place in 0..used.min(good.len()) {
            copy(&left, &trial);
            let name = file.file_name().unwrap();
            let mut damaged = good.clone();
            damaged[place] ^= 0x20;
            fs::write(trial.join(name), &damaged).unwrap();
            match look_at(&trial) {
                Ok(db) => assert_eq!(Some(&state(&db)), states.last(), "{name:?} byte {place}"),
                Err(Error::Corrupt { path, .. }) => assert_eq!(path.file_name(), Some(name), "byte {place}"),
                Err(error) => panic!("{name:?} byte {place}: {error}"),
            }
        }
    }
}

#[test]
fn every_shorter_length_gives_a_whole_state_or_an_error_that_names_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let (left, states) = crashed(scratch.path());
    let trial = scratch.path().join("trial");
    for file in files(&left) {
        let good = fs::read(&file).unwrap();
        let used = good.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
        for length in 0..used {
            copy(&left, &trial);
            let name = file.file_name().unwrap();
            fs::write(trial.join(name), &good[..length]).unwrap();
            match look_at(&trial) {
                Ok(db) => assert!(states.contains(&state(&db)), "{name:?} length {length}"),
                Err(Error::Corrupt { path, .. }) => assert_eq!(path.file_name(), Some(name), "length {length}"),
                Err(error) => panic!("{name:?} length {length}: {error}"),
            }
        }
    }
}

#[test]
fn salvage_keeps_every_undamaged_document_and_reports_the_rest() {
    let scratch = tempfile::tempdir().unwrap();
    let live = scratch.path().join("live");
    let db = open(&live);
    let keys: Vec<String> = (0..30).map(|number| format!("slot-{number:02}")).collect();
    for (number, key) in keys.iter().enumerate() {
        if number == 15 {
            db.checkpoint().unwrap();
        }
        db.save(key, &format!("[{number}]"), None, Some(Durability::Durable)).unwrap();
    }
    db.maintain().unwrap();
    let left = scratch.path().join("left");
    copy(&live, &left);
    for file in files(&left) {
        let mut bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[200.min(used)] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    assert!(matches!(open_with(&left, &quiet()), Err(Error::Corrupt { .. })));
    let db = salvage(&left);
    let report = db.recovery_report().unwrap().clone();
    let kept = keys.iter().filter(|key| db.load(key).is_ok()).count();
    assert!(report.salvaged);
    assert!(report.lost.len() >= 2, "{report:?}");
    assert_eq!(kept, 28, "one document in the image and one in the journal were hit");
    db.save("after", "1", None, Some(Durability::Durable)).unwrap();
    let before = state(&db);
    db.close().unwrap();
    let aside = files(&left).iter().filter(|path| path.to_string_lossy().ends_with(".damaged")).count();
    assert_eq!(aside, files(&left).len() - 1, "the damaged files are kept beside the new image");
    let db = open(&left);
    assert_eq!(state(&db), before);
}

#[test]
fn salvaging_a_healthy_store_changes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let (left, states) = crashed(scratch.path());
    let db = salvage(&left);
    assert_eq!(Some(&state(&db)), states.last());
    assert!(!db.recovery_report().unwrap().salvaged);
}

#[test]
fn a_revision_is_never_given_out_twice() {
    let scratch = tempfile::tempdir().unwrap();
    let db = open(scratch.path());
    assert_eq!(db.save("slot", "1", None, None).unwrap(), 1);
    db.clear("slot", None, None).unwrap();
    db.close().unwrap();
    let db = open(scratch.path());
    assert_eq!(db.save("slot", "2", Some(0), None).unwrap(), 2);
    db.clear("slot", Some(2), None).unwrap();
    db.checkpoint().unwrap();
    assert_eq!(db.save("slot", "3", None, None).unwrap(), 3);
}

#[test]
fn a_cleared_roster_stays_cleared_and_its_versions_and_counter_go_on() {
    let scratch = tempfile::tempdir().unwrap();
    let db = open(scratch.path());
    let roster = Collection::CharacterRoster.name();
    for text in ["[1]", "[2]"] {
        db.save(roster, text, None, None).unwrap();
    }
    db.clear(roster, None, None).unwrap();
    for _ in 0..2 {
        let db = open(&{ drop_and_copy(scratch.path()) });
        assert!(matches!(db.load(roster), Err(Error::NotFound { .. })));
        assert_eq!(db.load("character_roster_v2").unwrap().text, "[2]");
        assert_eq!(db.load("character_roster_v").unwrap().text, "2");
    }
    assert_eq!(db.save(roster, "[3]", None, None).unwrap(), 3);
    assert_eq!(db.load(roster).unwrap().text, "[3]");
    assert_eq!(db.list_versions(roster).unwrap().len(), 3);
}

/// A copy of the folder, beside it.
fn drop_and_copy(folder: &Path) -> PathBuf {
    let to = folder.join("copy");
    copy_files(folder, &to);
    to
}

fn copy_files(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for file in files(from).iter().filter(|path| path.is_file()) {
        fs::copy(file, to.join(file.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_read_only_open_reads_a_live_store_and_changes_no_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let live = open(scratch.path());
    let last = fill(&live).pop().unwrap();
    let before: Vec<_> = files(scratch.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    let reader = open_with(scratch.path(), &Options { read_only: true, ..quiet() }).unwrap();
    assert_eq!(state(&reader), last);
    assert!(matches!(reader.save("slot-1", "1", None, None), Err(Error::ReadOnly)));
    assert!(matches!(reader.checkpoint(), Err(Error::ReadOnly)));
    reader.close().unwrap();
    let after: Vec<_> = files(scratch.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after);
}

#[test]
fn a_store_that_is_not_there_is_created_only_if_wanted() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a/b/c");
    let missing = open_with(&path, &Options { create: false, ..quiet() });
    assert!(matches!(missing, Err(Error::NoStore { .. })));
    assert!(matches!(open_with(&path, &Options { read_only: true, ..quiet() }), Err(Error::NoStore { .. })));
    assert!(!path.exists());
    open(&path).close().unwrap();
    open_with(&path, &Options { create: false, ..quiet() }).unwrap();
}

#[test]
fn a_newer_format_is_named_and_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (left, _) = crashed(scratch.path());
    let image = files(&left).into_iter().find(|path| path.to_string_lossy().contains("image-")).unwrap();
    let mut bytes = fs::read(&image).unwrap();
    bytes[8] = 3;
    let checksum = crc32c::crc32c(&bytes[..60]).to_le_bytes();
    bytes[60..64].copy_from_slice(&checksum);
    fs::write(&image, &bytes).unwrap();
    let refused = open_with(&left, &quiet());
    assert!(matches!(refused, Err(Error::UnsupportedFormat { found: 3, newest: 2, .. })));
    assert_eq!(fs::read(&image).unwrap(), bytes);
}
