//! Snapshots as a user meets them: made, listed, compared, restored, exported, checked and deleted.
//!
//! Runs on real files. Invariant tested: whatever happens between, a snapshot gives back exactly what was.

use coffer::database::{Database, Selection};
use coffer::error::Error;
use coffer::options::{Options, Requested};
use coffer::snapshots::Kind;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn open(folder: &Path) -> Database {
    Database::open(folder, &Requested::default()).unwrap()
}

fn everything() -> Selection {
    Selection::default()
}

fn selection(json: &str) -> Selection {
    Selection::parse(Some(json)).unwrap()
}

fn text(db: &Database, key: &str) -> Option<String> {
    db.load(key).ok().map(|document| document.text)
}

#[test]
fn a_restore_brings_back_exactly_what_was_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    db.save("kept", "[0]", None, None).unwrap();
    db.save("changed", "[1]", None, None).unwrap();
    db.save("cleared", "[2]", None, None).unwrap();
    db.save("character_roster", "[\"Ash\"]", None, None).unwrap();
    let snapshot = db.create_snapshot(Some("before the boss")).unwrap();
    assert_eq!((snapshot.id.as_str(), snapshot.sequence, snapshot.documents), ("snapshot-4", 4, 4));
    assert_eq!(snapshot.size_of("plugin_data").documents, 3);
    assert_eq!(snapshot.versions["character_roster_v"], 1);
    db.save("changed", "[10]", None, None).unwrap();
    db.clear("cleared", None, None).unwrap();
    db.save("new", "[3]", None, None).unwrap();
    db.save("character_roster", "[]", None, None).unwrap();
    db.save("party_configs", "{}", None, None).unwrap();
    let planned = db.restore("snapshot-4", &selection(r#"{"dry_run":true}"#)).unwrap();
    let keys: Vec<_> = planned.changes.as_ref().unwrap().iter().map(|one| (one.key.as_str(), one.action)).collect();
    let expected = [
        ("character_roster", "save"),
        ("party_configs", "clear"),
        ("changed", "save"),
        ("cleared", "save"),
        ("new", "clear"),
    ];
    assert_eq!(keys, expected);
    assert_eq!(text(&db, "changed").unwrap(), "[10]", "a dry run changes nothing");
    let restored = db.restore("before the boss", &everything()).unwrap();
    assert_eq!((restored.saved, restored.cleared), (3, 2));
    for (key, expected) in [("kept", Some("[0]")), ("changed", Some("[1]")), ("cleared", Some("[2]")), ("new", None)] {
        assert_eq!(text(&db, key).as_deref(), expected, "{key}");
    }
    assert_eq!(text(&db, "character_roster").unwrap(), "[\"Ash\"]");
    assert_eq!(text(&db, "character_roster_v").unwrap(), "3", "counters go on");
    assert_eq!(text(&db, "party_configs"), None);
    assert_eq!(db.load("changed").unwrap().revision, 3, "revisions go on");
    assert_eq!(db.load("kept").unwrap().revision, 1, "what was the same stays as it was");
    let undone = db.restore(restored.undo.as_deref().unwrap(), &everything()).unwrap();
    assert_eq!(undone.saved + undone.cleared, 5);
    assert_eq!((text(&db, "changed").unwrap(), text(&db, "cleared")), ("[10]".to_owned(), None));
    assert_eq!((text(&db, "new").unwrap(), text(&db, "party_configs").unwrap()), ("[3]".to_owned(), "{}".to_owned()));
}

#[test]
fn snapshots_outlive_checkpoints_and_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    for round in 0..6 {
        for number in 0..40 {
            db.save(&format!("slot/{number}"), &format!("[{round},{number}]"), None, None).unwrap();
        }
        if round > 2 {
            db.clear("slot/0", None, None).unwrap();
        }
        db.create_snapshot(Some(&format!("round {round}"))).unwrap();
        match round % 3 {
            0 => db.checkpoint().unwrap(),
            1 => {
                db.close().unwrap();
                db = open(folder.path());
            }
            _ => {}
        }
    }
    for round in [0, 5, 2, 3, 1, 4] {
        let name = format!("round {round}");
        assert_eq!(db.verify_snapshot(&name).unwrap().documents, db.get_snapshot(&name).unwrap().documents);
        db.restore(&name, &everything()).unwrap();
        for number in 0..40 {
            let expected = (number > 0 || round <= 2).then(|| format!("[{round},{number}]"));
            assert_eq!(text(&db, &format!("slot/{number}")), expected, "round {round}, slot {number}");
        }
        db.checkpoint().unwrap();
    }
}

#[test]
fn a_part_can_be_restored_by_collection_and_by_key() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let all = ["a", "b", "character_roster", "party_configs"];
    for key in all {
        db.save(key, "[1]", None, None).unwrap();
    }
    db.create_snapshot(None).unwrap();
    let change = || {
        for key in all {
            db.save(key, "[2]", None, None).unwrap();
        }
    };
    let now = || all.map(|key| text(&db, key).unwrap());
    change();
    db.restore("database_snapshot", &selection(r#"{"collections":["plugin_data"]}"#)).unwrap();
    assert_eq!(now(), ["[1]", "[1]", "[2]", "[2]"]);
    change();
    db.restore("database_snapshot", &selection(r#"{"keys":["b","character_roster","never there"]}"#)).unwrap();
    assert_eq!(now(), ["[2]", "[1]", "[1]", "[2]"]);
    for wrong in ["[]", r#"{"collection":[]}"#, r#"{"collections":["save_metadata"]}"#, r#"{"keys":"a"}"#] {
        assert!(matches!(Selection::parse(Some(wrong)), Err(Error::InvalidOption(_))), "{wrong}");
    }
}

#[test]
fn unknown_names_and_moments_out_of_reach_say_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    db.save("a", "1", None, None).unwrap();
    assert!(matches!(db.get_snapshot("latest"), Err(Error::UnknownSnapshot { .. })));
    db.create_snapshot(Some("town")).unwrap();
    let message = db.restore("twon", &everything()).unwrap_err().to_string();
    assert!(message.contains("\"town\"") && message.contains("snapshot-1"), "{message}");
    assert_eq!(db.get_snapshot("latest").unwrap().label, "town");
    db.checkpoint().unwrap();
    for name in ["sequence:1", "sequence:99", "time:1"] {
        assert!(matches!(db.restore(name, &everything()), Err(Error::OutOfReach { .. })), "{name}");
    }
    assert!(matches!(db.restore("now", &everything()), Err(Error::InvalidArgument(_))));
    assert!(matches!(db.delete_snapshot("sequence:2"), Err(Error::InvalidArgument(_))));
}

#[test]
fn a_moment_that_the_journal_reaches_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    for number in 1..=5 {
        db.save("a", &format!("[{number}]"), None, None).unwrap();
    }
    db.checkpoint().unwrap();
    let reach = db.list_snapshots().unwrap().journal;
    assert_eq!((reach.from_sequence, reach.to_sequence), (5, 5));
    std::thread::sleep(Duration::from_millis(30));
    for number in 6..=8 {
        db.save("a", &format!("[{number}]"), None, None).unwrap();
        db.save("b", "[0]", None, None).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    let middle = db.load_from_snapshot("sequence:8", "a", |loaded| loaded.saved_at_ms).unwrap();
    db.restore("sequence:6", &everything()).unwrap();
    assert_eq!((text(&db, "a").unwrap(), text(&db, "b")), ("[6]".to_owned(), None));
    db.restore("sequence:5", &everything()).unwrap();
    assert_eq!((text(&db, "a").unwrap(), text(&db, "b")), ("[5]".to_owned(), None));
    db.restore(&format!("time:{middle}"), &everything()).unwrap();
    assert_eq!(text(&db, "a").unwrap(), "[7]");
    let difference = db.diff_snapshots("sequence:5", "now").unwrap();
    assert_eq!((difference.added.len(), difference.changed.len()), (1, 1));
}

#[test]
fn differences_are_json_patches() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    db.save("hero", r#"{"hp":10,"gold":5}"#, None, None).unwrap();
    db.save("gone", "1", None, None).unwrap();
    db.save("equipment_sets", r#"["sword"]"#, None, None).unwrap();
    db.create_snapshot(Some("first")).unwrap();
    db.save("hero", r#"{"hp":7,"gold":5}"#, None, None).unwrap();
    db.clear("gone", None, None).unwrap();
    db.save("new", "[1]", None, None).unwrap();
    db.save("equipment_sets", r#"["sword","bow"]"#, None, None).unwrap();
    db.create_snapshot(Some("second")).unwrap();
    db.checkpoint().unwrap();
    let difference = db.diff_snapshots("first", "second").unwrap();
    let shown = serde_json::to_value(&difference).unwrap();
    assert_eq!(shown["added"], serde_json::json!([{"key": "new", "bytes": 3}]));
    assert_eq!(shown["removed"], serde_json::json!([{"key": "gone", "bytes": 1}]));
    assert_eq!(
        shown["changed"],
        serde_json::json!([
            {"key": "equipment_sets", "patch": [{"op": "add", "path": "/1", "value": "bow"}]},
            {"key": "hero", "patch": [{"op": "replace", "path": "/hp", "value": 7}]},
        ])
    );
    assert_eq!(shown["to"]["id"], "snapshot-8");
    let nothing = db.diff_snapshots("second", "now").unwrap();
    assert!(nothing.added.is_empty() && nothing.changed.is_empty() && nothing.removed.is_empty());
    let patch = db.diff_versions("equipment_sets", 1, 0).unwrap();
    assert_eq!(patch.get(), r#"[{"op":"add","path":"/1","value":"bow"}]"#);
    assert!(matches!(db.diff_versions("equipment_sets", 1, 9), Err(Error::NotFound { .. })));
}

#[test]
fn a_snapshot_goes_to_another_store_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("town.coffer"), folder.path().join("other"));
    let db = open(&folder.path().join("one"));
    for number in 0..100 {
        db.save(&format!("slot/{number}"), &format!("[{number}]"), None, None).unwrap();
    }
    db.save("character_roster", "[1]", None, None).unwrap();
    db.save("party_configs", "[2]", None, None).unwrap();
    db.clear("party_configs", None, None).unwrap();
    db.create_snapshot(Some("town")).unwrap();
    db.save("slot/7", "[\"later\"]", None, None).unwrap();
    let exported = db.export_snapshot("town", &file).unwrap();
    assert_eq!((exported.documents, exported.file_bytes), (102, fs::metadata(&file).unwrap().len()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file stays");
    drop(db);

    let db = open(&other);
    db.save("slot/7", "[0]", None, None).unwrap();
    db.save("mine", "[0]", None, None).unwrap();
    db.save("party_configs", "[9]", None, None).unwrap();
    let imported = db.import_snapshot(&file, None).unwrap();
    assert_eq!((imported.kind, imported.label.as_str()), (Kind::Imported, "town"));
    fs::remove_file(&file).unwrap();
    db.close().unwrap();
    let db = open(&other);
    assert_eq!(db.verify_snapshot(&imported.id).unwrap().documents, 102);
    db.restore("latest", &everything()).unwrap();
    assert_eq!(text(&db, "slot/7").unwrap(), "[7]");
    assert_eq!((text(&db, "mine"), text(&db, "party_configs")), (None, None));
    assert_eq!(db.list_keys(Some("slot/"), None, 0).unwrap().len(), 100);
    let names = || fs::read_dir(&other).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
    assert!(names().any(|name| name.starts_with("import-")));
    db.delete_snapshot(&imported.id).unwrap();
    assert!(names().all(|name| !name.starts_with("import-")));
}

#[test]
fn what_is_no_whole_snapshot_file_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = (folder.path().join("store"), folder.path().join("file"));
    let db = open(&store);
    db.save("a", "[1]", None, None).unwrap();
    db.export_snapshot("now", &file).unwrap();
    let good = fs::read(&file).unwrap();
    let sequence = db.list_snapshots().unwrap().journal.to_sequence;
    for place in (0..good.len()).step_by(7) {
        let mut damaged = good.clone();
        damaged[place] ^= 4;
        fs::write(&file, &damaged).unwrap();
        let refused = db.import_snapshot(&file, None);
        assert!(matches!(refused, Err(Error::Damaged { .. } | Error::UnsupportedFormat { .. })), "byte {place}");
    }
    assert!(matches!(db.import_snapshot(&folder.path().join("none"), None), Err(Error::Io { .. })));
    db.checkpoint().unwrap();
    let image = fs::read_dir(&store).unwrap().map(|one| one.unwrap().path());
    let image = image.into_iter().find(|path| path.to_string_lossy().contains("image-")).unwrap();
    assert!(matches!(db.import_snapshot(&image, None), Err(Error::InvalidArgument(_))), "a store's own image");
    let listed = db.list_snapshots().unwrap();
    assert_eq!((listed.journal.to_sequence, listed.snapshots.len()), (sequence, 0));
    assert!(matches!(db.export_snapshot("now", &folder.path().join("no/such/folder")), Err(Error::Io { .. })));
    for own in [image, store.join("lock"), store.join("x").join("..").join("lock"), store.join("new.coffer")] {
        let refused = db.export_snapshot("now", &own);
        assert!(matches!(refused, Err(Error::InvalidArgument(_) | Error::Io { .. })), "{}", own.display());
    }
    assert!(matches!(db.export_snapshot("now", Path::new("")), Err(Error::InvalidArgument(_))));
    assert!(matches!(db.import_snapshot(Path::new(""), None), Err(Error::InvalidArgument(_))));
    let folder_there = db.export_snapshot("now", &store);
    assert!(matches!(folder_there, Err(Error::InvalidArgument(_))), "{folder_there:?}");
}

#[test]
fn an_exported_moment_is_not_taken_for_one_of_the_store_that_imports_it() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder.path().join("one")), open(&folder.path().join("other")));
    for (db, text) in [(&one, "[\"one\"]"), (&other, "[\"other\"]")] {
        db.save("a", text, None, None).unwrap();
        db.save("a", "[]", None, None).unwrap();
    }
    one.export_snapshot("sequence:1", &folder.path().join("file")).unwrap();
    let imported = other.import_snapshot(&folder.path().join("file"), None).unwrap();
    assert_eq!(imported.label, "commit 1");
    other.restore(&imported.label, &everything()).unwrap();
    assert_eq!(text(&other, "a").unwrap(), "[\"one\"]");
    assert!(matches!(other.create_snapshot(Some("sequence:1")), Err(Error::InvalidArgument(_))));
    assert!(matches!(other.import_snapshot(&folder.path().join("file"), Some("now")), Err(Error::InvalidArgument(_))));
}

#[test]
fn records_are_listed_and_cannot_be_touched_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    db.save("a", "1", None, None).unwrap();
    let id = db.create_snapshot(None).unwrap().id;
    let key = format!("save_metadata/snapshots/{id}");
    assert!(db.list_keys(Some("save_metadata/"), None, 0).unwrap().contains(&key));
    let record: serde_json::Value = serde_json::from_str(&text(&db, &key).unwrap()).unwrap();
    assert_eq!(record["label"], "database_snapshot");
    assert!(matches!(db.clear(&key, None, None), Err(Error::ReservedKey { .. })));
    db.delete_snapshot(&id).unwrap();
    assert_eq!(text(&db, &key), None);
    assert!(matches!(db.delete_snapshot(&id), Err(Error::UnknownSnapshot { .. })));
}

#[test]
fn automatic_snapshots_go_and_pinned_and_manual_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let options = Requested::parse(Some(r#"{"snapshots_kept":2}"#)).unwrap();
    let db = Database::open(folder.path(), &options).unwrap();
    db.save("a", "[0]", None, None).unwrap();
    db.create_snapshot(Some("mine")).unwrap();
    let mut undo = Vec::new();
    for number in 1..=6 {
        db.save("a", &format!("[{number}]"), None, None).unwrap();
        undo.push(db.restore("mine", &everything()).unwrap().undo.unwrap());
        if number == 2 {
            assert!(db.pin_snapshot(&undo[1], true).unwrap().pinned);
        }
    }
    let ids: Vec<String> = db.list_snapshots().unwrap().snapshots.into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["snapshot-1", &undo[1], &undo[4], &undo[5]]);
    db.restore(&undo[1], &everything()).unwrap();
    assert_eq!(text(&db, "a").unwrap(), "[2]");
}

/// The bytes of the history files in a store's folder.
fn history_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let histories = files.filter(|file| file.file_name().to_string_lossy().starts_with("history-"));
    histories.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn disk_grows_with_what_changed_and_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let big = |number: u64| format!("[{number},\"{}\"]", "x".repeat(10_000));
    for number in 0..50 {
        db.save(&format!("slot/{number}"), &big(number), None, None).unwrap();
    }
    for _ in 0..20 {
        db.create_snapshot(Some("same")).unwrap();
        db.checkpoint().unwrap();
    }
    assert_eq!(history_bytes(folder.path()), 0, "twenty names for one state");
    for number in 0..5 {
        db.save(&format!("slot/{number}"), "[]", None, None).unwrap();
    }
    db.checkpoint().unwrap();
    let grown = history_bytes(folder.path());
    assert!((50_000..60_000).contains(&grown), "{grown} bytes for five documents");
    assert_eq!(db.list_snapshots().unwrap().history_bytes, grown);
    for round in 0..30 {
        db.save("slot/9", &big(round), None, None).unwrap();
        db.create_snapshot(Some("more")).unwrap();
        db.checkpoint().unwrap();
    }
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert!(files < 12, "{files} files");
    for snapshot in db.list_snapshots().unwrap().snapshots.iter().skip(1) {
        db.delete_snapshot(&snapshot.id).unwrap();
    }
    db.checkpoint().unwrap();
    let left = history_bytes(folder.path());
    assert!((60_000..70_000).contains(&left), "{left} bytes for six documents");
    db.verify_snapshot("latest").unwrap();
    db.delete_snapshot("latest").unwrap();
    db.checkpoint().unwrap();
    assert_eq!(history_bytes(folder.path()), 0);
}

#[test]
fn the_stores_own_thread_keeps_the_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { snapshot_every: Some(Duration::from_millis(150)), snapshots_kept: 3, ..Options::default() };
    let db = Database::open_on(Arc::new(coffer::disk::RealDisk), folder.path(), &options).unwrap();
    let mut seen = 0;
    for number in 0..40 {
        db.save("a", &format!("[{number}]"), None, None).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        seen = db.list_snapshots().unwrap().snapshots.len();
        assert!(seen <= 3);
    }
    assert_eq!(seen, 3);
    let newest = || db.get_snapshot("latest").unwrap();
    assert_eq!(newest().reason.as_deref(), Some("schedule"));
    std::thread::sleep(Duration::from_millis(400));
    let idle = newest().id;
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(newest().id, idle, "nothing was saved, so nothing was made");
}

#[test]
fn damage_to_a_history_file_is_told_and_spares_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    db.save("a", "[1]", None, None).unwrap();
    db.save("b", "[1]", None, None).unwrap();
    db.create_snapshot(Some("town")).unwrap();
    db.save("a", "[2]", None, None).unwrap();
    db.close().unwrap();
    let file = fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().path());
    let file = file.into_iter().find(|path| path.to_string_lossy().contains("history-")).unwrap();
    let good = fs::read(&file).unwrap();
    for place in 0..good.len() {
        let mut damaged = good.clone();
        damaged[place] ^= 1;
        fs::write(&file, &damaged).unwrap();
        let db = open(folder.path());
        assert_eq!(text(&db, "a").unwrap(), "[2]");
        let refused = db.verify_snapshot("town");
        assert!(matches!(refused, Err(Error::Damaged { .. } | Error::UnsupportedFormat { .. })), "byte {place}");
        assert!(db.restore("town", &everything()).is_err(), "byte {place}");
    }
    fs::remove_file(&file).unwrap();
    let db = open(folder.path());
    let message = db.verify_snapshot("town").unwrap_err().to_string();
    assert!(message.contains("missing"), "{message}");
    db.save("a", "[3]", None, None).unwrap();
    db.checkpoint().unwrap();
    drop(db);
    fs::write(&file, &good).unwrap();
    let db = open(folder.path());
    db.verify_snapshot("town").unwrap();
    assert_eq!(db.load_from_snapshot("town", "a", |loaded| loaded.text.to_vec()).unwrap(), b"[1]");
}

#[test]
fn salvage_keeps_the_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    for number in 0..20 {
        db.save(&format!("slot/{number:02}"), &format!("[{number}]"), None, None).unwrap();
    }
    db.create_snapshot(Some("town")).unwrap();
    for number in 0..10 {
        db.save(&format!("slot/{number:02}"), "[\"new\"]", None, None).unwrap();
    }
    db.close().unwrap();
    let path = fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().path());
    let path = path.into_iter().find(|path| path.to_string_lossy().contains("image-")).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 200;
    bytes[end] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(Database::open(folder.path(), &Requested::default()), Err(Error::Corrupt { .. })));
    let db = Database::open(folder.path(), &Requested::parse(Some(r#"{"recovery":"salvage"}"#)).unwrap()).unwrap();
    db.verify_snapshot("town").unwrap();
    db.restore("town", &everything()).unwrap();
    for number in 0..20 {
        assert_eq!(text(&db, &format!("slot/{number:02}")).unwrap(), format!("[{number}]"));
    }
}

#[test]
fn a_reader_compares_and_checks_but_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    db.save("a", "[1]", None, None).unwrap();
    db.create_snapshot(Some("town")).unwrap();
    db.save("a", "[2]", None, None).unwrap();
    db.close().unwrap();
    let reader = Database::open(folder.path(), &Requested::parse(Some(r#"{"read_only":true}"#)).unwrap()).unwrap();
    assert_eq!(reader.diff_snapshots("town", "now").unwrap().changed.len(), 1);
    reader.verify_snapshot("town").unwrap();
    reader.export_snapshot("town", &folder.path().join("file")).unwrap();
    assert!(matches!(reader.create_snapshot(None), Err(Error::ReadOnly)));
    assert!(matches!(reader.restore("town", &everything()), Err(Error::ReadOnly)));
    assert!(matches!(reader.delete_snapshot("town"), Err(Error::ReadOnly)));
    assert!(matches!(reader.pin_snapshot("town", true), Err(Error::ReadOnly)));
    assert!(matches!(reader.import_snapshot(&folder.path().join("file"), None), Err(Error::ReadOnly)));
    assert!(matches!(reader.diff_snapshots("sequence:1", "now"), Err(Error::InvalidArgument(_))));
}
