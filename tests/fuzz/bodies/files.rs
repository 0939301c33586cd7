//! A store's folder whose files are the input, and what must hold when it is opened in each way.
//!
//! It knows the names of the files and nothing of their bytes. Invariants checked: opening, reading, changing and closing
//! never panic; a failure is a typed one and leaves the files as they were; opening to read changes nothing; and where the
//! caller vouches for the files, what opened is closed and opened again the same.

use super::said;
use super::support::simulated_disk::SimulatedDisk;
use coffer::database::{Database, HealthOptions};
use coffer::disk::Disk;
use coffer::error::{Error, Result};
use coffer::options::{Options, Recovery};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const FOLDER: &str = "/store";
/// Saved to see whether a store that opened takes a save.
const NEW: (&str, &str) = ("fuzz/new", "[\"new\"]");

/// The folder's files by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What each listed key gives: text and revision, or the status's name.
pub type State = BTreeMap<String, std::result::Result<(String, u64), &'static str>>;

fn disk_with(files: &Files) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    disk.create_folder(Path::new(FOLDER)).expect("an empty disk");
    for (name, bytes) in files {
        let file = disk.create(&Path::new(FOLDER).join(name)).expect("an empty folder");
        file.write_at(bytes, 0).and_then(|()| file.sync()).expect("memory takes it");
    }
    disk
}

/// The files without the lock file.
fn files_on(disk: &SimulatedDisk) -> Files {
    let names = disk.list(Path::new(FOLDER)).expect("the folder is there").into_iter().filter(|name| name != "lock");
    names
        .map(|name| {
            let file = disk.open(&Path::new(FOLDER).join(&name)).expect("it was listed");
            let mut bytes = vec![0; file.length().expect("it is in memory") as usize];
            file.read_at(&mut bytes, 0).expect("it is in memory");
            (name, bytes)
        })
        .collect()
}

fn open(disk: &SimulatedDisk, read_only: bool, recovery: Recovery) -> Result<Database> {
    // As small as can be: every opening writes a whole segment.
    let options = Options { background: false, read_only, recovery, segment_bytes: 64 << 10, ..Options::default() };
    Database::open_on(Arc::new(disk.clone()), Path::new(FOLDER), &options)
}

fn state_of(db: &Database) -> State {
    let keys = db.list_keys(None, None, 0).expect("listing reads no file");
    let load = |key: &String| match db.load(key) {
        Ok(document) => Ok((document.text, document.revision)),
        Err(error) => {
            said::in_one_line(&error);
            // A key that the store would not have taken may stand in its files all the same.
            let is_expected =
                matches!(error, Error::NotFound { .. } | Error::Corrupt { .. } | Error::InvalidKey { .. });
            assert!(is_expected, "{key:?}: {error:?}");
            Err(coffer::status_name(&error))
        }
    };
    keys.into_iter().map(|key| (key.clone(), load(&key))).collect()
}

/// Everything that reads: none of it may do more than fail.
fn look_around(db: &Database) {
    let snapshots = db.list_snapshots().map(|list| list.snapshots.into_iter().map(|one| one.id).collect());
    for id in snapshots.unwrap_or_else(|error| {
        said::in_one_line(&error);
        Vec::<String>::new()
    }) {
        for outcome in [
            db.get_snapshot(&id).map(drop),
            db.verify_snapshot(&id).map(drop),
            db.diff_snapshots(&id, "latest").map(drop),
            db.load_from_snapshot(&id, "slot", |_| ()),
        ] {
            outcome.unwrap_or_else(|error| said::in_one_line(&error));
        }
    }
    for name in ["character_roster", "equipment_sets", "party_configs"] {
        db.list_versions(name).map(drop).unwrap_or_else(|error| said::in_one_line(&error));
    }
    db.version_counters().expect("counting reads no file");
    db.analyze_health(&HealthOptions { full: true, quota_bytes: None }, &mut |_, _| true)
        .map(drop)
        .unwrap_or_else(|error| said::in_one_line(&error));
    db.recovery_report().expect("it is open");
}

/// Opens the files in each way. `sound`: they are what a store could have written, but for damage that checksums show.
/// Gives what was found: by opening strictly, if that opens, and by salvage.
pub fn check(files: &Files, sound: bool) -> [Option<State>; 2] {
    let looked = look(files);
    let mut found = [None, None];
    for (found, recovery) in found.iter_mut().zip([Recovery::Strict, Recovery::Salvage]) {
        let disk = disk_with(files);
        match open(&disk, false, recovery) {
            Ok(db) => {
                let state = state_of(&db);
                if let (Ok(looked), true) = (&looked, sound) {
                    assert_eq!(looked, &state, "opened to read and to write");
                }
                *found = Some(state.clone());
                look_around(&db);
                go_on(&disk, db, state, sound);
            }
            Err(error) => {
                said::of_files(&error);
                assert_eq!(&files_on(&disk), files, "opening failed, and changed files: {error}");
                assert!(looked.is_err(), "{error}, yet it opens to read");
                // Salvage is for every damage; what a newer version wrote is none.
                let may_fail = recovery == Recovery::Strict || matches!(error, Error::UnsupportedFormat { .. });
                assert!(may_fail || !sound, "salvage fails: {error}");
            }
        }
    }
    found
}

fn look(files: &Files) -> std::result::Result<State, ()> {
    let disk = disk_with(files);
    let looked = open(&disk, true, Recovery::Strict);
    let state = looked.as_ref().map(state_of);
    if let Ok(db) = &looked {
        look_around(db);
        assert!(matches!(db.save(NEW.0, NEW.1, None, None), Err(Error::ReadOnly)));
        db.close().expect("nothing is written");
    }
    assert_eq!(&files_on(&disk), files, "opening to read changed files");
    state.map_err(said::of_files)
}

/// Changes a store that opened, closes it, and opens it again.
fn go_on(disk: &SimulatedDisk, db: Database, mut state: State, sound: bool) {
    let done = db.save(NEW.0, NEW.1, None, None).and_then(|revision| {
        let found = db.load(NEW.0)?;
        assert_eq!((found.text.as_str(), found.revision), (NEW.1, revision));
        db.flush()?;
        db.close()?;
        Ok(revision)
    });
    let revision = match done {
        Ok(revision) => revision,
        Err(error) => {
            said::in_one_line(&error);
            assert!(!sound, "it opened and cannot go on: {error}");
            return;
        }
    };
    let again = open(disk, false, Recovery::Strict);
    if !sound {
        again.map(|db| drop(state_of(&db))).unwrap_or_else(|error| said::of_files(&error));
        return;
    }
    let again = again.unwrap_or_else(|error| panic!("it was closed cleanly and does not open: {error}"));
    state.insert(NEW.0.to_owned(), Ok((NEW.1.to_owned(), revision)));
    assert_eq!(state, state_of(&again), "closed and opened again");
    again.close().expect("nothing is wrong with it");
}
