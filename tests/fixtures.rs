//! Stores of released formats open for ever.
//!
//! The fixtures are text in tests/fixtures, whose README says which is which. Must not make anew what stands for files
//! that players have.

use coffer::database::{Database, Selection};
use coffer::disk::RealDisk;
use coffer::error::Error;
use coffer::options::Options;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn open(folder: &Path) -> Database {
    let options = Options { background: false, ..Options::default() };
    Database::open_on(Arc::new(RealDisk), folder, &options).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Makes the files of a fixture: `name:` lines, each followed by the file's bytes in hexadecimal.
fn unpack(name: &str, folder: &Path) {
    let text = fs::read_to_string(fixture(name)).unwrap();
    let mut file: Option<(PathBuf, Vec<u8>)> = None;
    for line in text.lines().chain(["end:"]) {
        if let Some(name) = line.strip_suffix(':') {
            if let Some((path, bytes)) = file.replace((folder.join(name), Vec::new())) {
                fs::write(path, bytes).unwrap();
            }
        } else if let Some((_, bytes)) = &mut file {
            let digits = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
            bytes.extend((0..line.len()).step_by(2).map(digits));
        }
    }
}

#[test]
fn a_store_of_format_1_opens_for_ever() {
    for name in ["format-1-crashed.hex", "format-1-closed.hex"] {
        let scratch = tempfile::tempdir().unwrap();
        unpack(name, scratch.path());
        for _ in 0..2 {
            let db = open(scratch.path());
            assert_eq!(db.load("slot-1").unwrap().text, r#"{"hp":7}"#, "{name}");
            assert_eq!(db.load("slot-1").unwrap().revision, 4, "{name}");
            assert!(matches!(db.load("slot-2"), Err(Error::NotFound { .. })), "{name}");
            assert_eq!(db.load("slot-3").unwrap().text, "[true,false,null]", "{name}");
            assert_eq!(db.load("character_roster").unwrap().text, r#"["Ash"]"#, "{name}");
            assert_eq!(db.load("character_roster_v").unwrap().text, "2", "{name}");
            assert_eq!(db.load("party_configs_v1").unwrap().text, r#"{"front":["Ash","Bryn"]}"#, "{name}");
            db.close().unwrap();
        }
    }
}

#[test]
fn the_documents_of_a_store_of_format_1_are_counted() {
    for name in ["format-1-crashed.hex", "format-1-closed.hex"] {
        let scratch = tempfile::tempdir().unwrap();
        unpack(name, scratch.path());
        let db = open(scratch.path());
        let snapshot = db.create_snapshot(None).unwrap();
        let verified = db.verify_snapshot(&snapshot.id).unwrap();
        assert_eq!((verified.documents, verified.bytes), (snapshot.documents, snapshot.bytes), "{name}");
        assert!(snapshot.documents > 0, "{name}");
    }
}

#[test]
fn a_store_of_format_2_opens_with_its_snapshots_for_ever() {
    let scratch = tempfile::tempdir().unwrap();
    unpack("format-2-snapshots.hex", scratch.path());
    for _ in 0..2 {
        let db = open(scratch.path());
        let labels: Vec<String> = db.list_snapshots().unwrap().snapshots.into_iter().map(|one| one.label).collect();
        assert_eq!(labels, ["town", "cave", "from a friend"]);
        for (label, hp, roster) in
            [("town", "10", Some("[\"Ash\"]")), ("cave", "7", None), ("from a friend", "99", None)]
        {
            db.verify_snapshot(label).unwrap();
            let load =
                |key| db.load_from_snapshot(label, key, |loaded| String::from_utf8_lossy(loaded.text).into_owned());
            assert_eq!(load("hero").unwrap(), format!("{{\"hp\":{hp}}}"), "{label}");
            assert_eq!(load("character_roster").ok().as_deref(), roster, "{label}");
        }
        assert_eq!(db.load("hero").unwrap().text, r#"{"hp":3}"#);
        db.close().unwrap();
    }
    let db = open(scratch.path());
    db.restore("town", &Selection::default()).unwrap();
    assert_eq!(db.load("hero").unwrap().text, r#"{"hp":10}"#);
    assert_eq!(db.load("bag").unwrap().text, r#"["potion"]"#);
}

/// A store as a killed process leaves it, with a history file, an import, and a snapshot in the journal.
fn make_format_2(folder: &Path) {
    let friend = open(&folder.join("friend"));
    friend.save("hero", r#"{"hp":99}"#, None, None).unwrap();
    friend.export_snapshot("now", &folder.join("file")).unwrap();
    let db = open(&folder.join("live"));
    db.save("hero", r#"{"hp":10}"#, None, None).unwrap();
    db.save("bag", r#"["potion"]"#, None, None).unwrap();
    db.save("character_roster", "[\"Ash\"]", None, None).unwrap();
    db.create_snapshot(Some("town")).unwrap();
    db.save("hero", r#"{"hp":7}"#, None, None).unwrap();
    db.clear("bag", None, None).unwrap();
    db.clear("character_roster", None, None).unwrap();
    db.checkpoint().unwrap();
    db.create_snapshot(Some("cave")).unwrap();
    db.save("hero", r#"{"hp":3}"#, None, None).unwrap();
    db.import_snapshot(&folder.join("file"), Some("from a friend")).unwrap();
    db.maintain().unwrap();
    fs::create_dir(folder.join("left")).unwrap();
    for file in fs::read_dir(folder.join("live")).unwrap().map(Result::unwrap) {
        if file.file_name() != "lock" {
            fs::copy(file.path(), folder.join("left").join(file.file_name())).unwrap();
        }
    }
}

/// Makes the fixtures of the newest format; run by hand before a format is released, never after:
/// `COFFER_WRITE_FIXTURES=1 cargo test --test fixtures write_fixtures`.
#[test]
fn write_fixtures() {
    if std::env::var_os("COFFER_WRITE_FIXTURES").is_none() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    make_format_2(scratch.path());
    let mut files: Vec<PathBuf> =
        fs::read_dir(scratch.path().join("left")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut text = String::new();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        text += &format!("{}:\n", file.file_name().unwrap().to_string_lossy());
        for line in bytes[..used].chunks(48) {
            text += &line.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            text.push('\n');
        }
    }
    fs::write(fixture("format-2-snapshots.hex"), text).unwrap();
}
