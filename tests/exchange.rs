//! Export and import through a store: what comes back, what an import plans, and that errors change nothing.
//!
//! Runs on real files. Invariant tested: what was exported is there again in JSON's sense, in every format; an import is one
//! commit that can be undone, or nothing at all.

use coffer::database::{Database, Edit, ImportOptions, ImportedFile, Selection};
use coffer::error::{Error, Result};
use coffer::options::Requested;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

const FORMATS: [&str; 3] = ["json", "csv", "XML"];

fn open(folder: &Path) -> Database {
    Database::open(folder, &Requested::parse(Some(r#"{"plugin":"tests"}"#)).unwrap()).unwrap()
}

fn text(db: &Database, key: &str) -> Option<String> {
    db.load(key).ok().map(|document| document.text)
}

/// Keys and texts of everything that users saved, past versions included.
fn everything(db: &Database) -> Vec<(String, String)> {
    let mut keys = db.list_keys(None, None, 0).unwrap();
    keys.retain(|key| !key.starts_with("save_metadata") && !key.ends_with("_v") && key != "plugin_data");
    for name in ["character_roster", "equipment_sets", "party_configs"] {
        keys.extend(db.list_versions(name).unwrap().iter().map(|one| format!("{name}_v{}", one.version)));
    }
    keys.iter().filter_map(|key| Some((key.clone(), text(db, key)?))).collect()
}

fn assert_same(one: &Database, other: &Database) {
    let (left, right) = (everything(one), everything(other));
    let names = |all: &[(String, String)]| all.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for ((key, before), (_, after)) in left.iter().zip(&right) {
        assert!(coffer::json::same(before, after), "{key}: {before} became {after}");
    }
    assert_eq!(one.version_counters().unwrap(), other.version_counters().unwrap());
}

fn export(db: &Database, format: &str, path: &Path) -> Result<coffer::database::ExportedFile> {
    db.export_for_sharing(Some(format), Some(path), &mut |_, _| true)
}

/// The SHA-256 of a file, in hexadecimal.
fn hash_of(path: &Path) -> String {
    Sha256::digest(fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn import(db: &Database, path: &Path, options: &str) -> Result<ImportedFile> {
    db.import_from_external(path, None, &ImportOptions::parse(Some(options))?, &mut |_, _| true)
}

/// Documents that each format finds hard.
fn fill(db: &Database) {
    for number in 1..=3 {
        let roster =
            format!(r#"{{"0":{{"name":"Ash","level":{number}}},"255":{{"name":"Ünï \"q\" 😀","level":1.0}}}}"#);
        db.save("character_roster", &roster, None, None).unwrap();
    }
    db.save("equipment_sets", "[]", None, None).unwrap();
    db.save("party_configs", r#"{"a":1}"#, None, None).unwrap();
    db.clear("party_configs", None, None).unwrap();
    for (key, text) in [
        (
            "slot-1",
            r#"{"big":18446744073709551616,"e":1e400,"d":1.0,"n":null,"t":true,"s":"=1+1","empty":{},"none":[]}"#,
        ),
        ("slot 2 \"odd\", key\n", r#"[{"a":1,"b.c":"x"},{"a":2,"b[0]":"\u0000","":[1,[2,{"deep":[]}]]}]"#),
        ("=formula", r#"{"a":"@x","a":"twice","-b":"\ud800 half"}"#),
        ("scalar", "\" leading and trailing \""),
        ("null", "null"),
        ("crlf", "\"line\\r\\nend\\ttab\""),
        ("order-1", r#"{"x":1,"y":2}"#),
        ("order-2", r#"{"y":2,"x":1}"#),
        ("white", "{ \"a\" : [ 1 , 2 ] }"),
    ] {
        db.save(key, text, None, None).unwrap();
    }
}

#[test]
fn every_format_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let from = open(&folder.path().join("from"));
    fill(&from);
    for format in FORMATS {
        let path = folder.path().join(format!("out.{format}"));
        let exported = export(&from, format, &path).unwrap();
        let bytes = fs::metadata(&path).unwrap().len();
        assert_eq!((exported.bytes, &exported.sha256), (bytes, &hash_of(&path)));
        assert_eq!((exported.format, exported.documents), (&*format.to_lowercase(), 14));
        let to = open(&folder.path().join(format!("to-{format}")));
        let imported = import(&to, &path, "{}").unwrap();
        assert_eq!((imported.documents, imported.saved, imported.skipped), (14, 14, 0), "{imported:?}");
        assert_same(&from, &to);
        let again = import(&to, &path, "{}").unwrap();
        assert_eq!((again.saved, again.commit, again.undo), (0, None, None), "importing twice changes nothing");
        // The same when both were closed and opened.
        let reopened = folder.path().join(format!("to-{format}"));
        to.close().unwrap();
        assert_same(&from, &open(&reopened));
    }
}

#[test]
fn an_export_without_a_path_lies_in_the_stores_folder() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    fill(&db);
    let exported = db.export_for_sharing(None, None, &mut |_, _| true).unwrap();
    let again = db.export_for_sharing(None, None, &mut |_, _| true).unwrap();
    assert!(again.path != exported.path && Path::new(&exported.path).exists() && Path::new(&again.path).exists());
    db.export_for_sharing(None, Some(Path::new(&exported.path)), &mut |_, _| true).unwrap();
    let path = PathBuf::from(&exported.path);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("database_export_20") && name.ends_with(".json") && name.len() == 36, "{name}");
    let json = fs::read_to_string(&path).unwrap().replace("\\ud800", "").replace("1e400", "1");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["format"], &json["versions"]["character_roster_v"]), (&"coffer".into(), &3.into()));
    let record: Value = serde_json::from_str(&text(&db, "save_metadata/last_export").unwrap()).unwrap();
    assert_eq!(record["sha256"], hash_of(&path));
    db.close().unwrap();
    assert!(path.exists());
    open(folder.path());
}

#[test]
fn an_import_can_be_undone_and_a_dry_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("store"));
    fill(&db);
    let path = folder.path().join("in.json");
    fs::write(&path, r#"{"slot-1":{"new":1},"order-1":{"x":1,"y":2},"added":[1]}"#).unwrap();
    let before = everything(&db);
    let planned = import(&db, &path, r#"{"dry_run":true}"#).unwrap();
    assert_eq!((planned.saved, planned.unchanged, planned.commit), (2, 1, None));
    assert_eq!(everything(&db), before);
    let reading = Requested::parse(Some(r#"{"read_only":true}"#)).unwrap();
    let reading = Database::open(&folder.path().join("store"), &reading).unwrap();
    assert_eq!(import(&reading, &path, r#"{"dry_run":true}"#).unwrap().saved, 2, "looking needs no right to write");
    assert!(matches!(import(&reading, &path, "{}"), Err(Error::ReadOnly)));
    let done = import(&db, &path, "{}").unwrap();
    assert_eq!((done.saved, done.unchanged, done.cleared), (2, 1, 0));
    assert_eq!(text(&db, "slot-1").unwrap(), r#"{"new":1}"#);
    assert_eq!(text(&db, "null").unwrap(), "null", "merging leaves the others");
    db.restore(&done.undo.unwrap(), &Selection::default()).unwrap();
    assert_eq!(everything(&db), before);
    fs::write(&path, r#"{"slot-1":7,"slot-1 new":1,"order-1":{"x":1,"y":2},"character_roster":[]}"#).unwrap();
    let imported = import(&db, &path, r#"{"data":true,"on_conflict":"skip"}"#).unwrap();
    let record: Value = serde_json::from_str(&text(&db, "save_metadata/last_import").unwrap()).unwrap();
    assert_eq!(
        (&record["commit"], &record["unchanged"], &record["skipped"]),
        (&imported.commit.into(), &1.into(), &2.into())
    );
    assert!(record.get("data").is_none() && imported.data.is_some());
    db.restore(&imported.undo.unwrap(), &Selection::default()).unwrap();
    fs::write(&path, r#"{"slot-1":{"new":1},"order-1":{"x":1,"y":2},"added":[1]}"#).unwrap();
    let replaced = import(&db, &path, r#"{"mode":"replace","collections":["plugin_data"]}"#).unwrap();
    assert_eq!((replaced.saved, replaced.unchanged, replaced.cleared), (2, 1, 7));
    assert_eq!(text(&db, "null"), None);
    assert!(text(&db, "equipment_sets").is_some(), "another collection was not asked for");
}

#[test]
fn conflicts_end_as_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("store"));
    db.save("a", "1", None, None).unwrap();
    let path = folder.path().join("in.json");
    fs::write(&path, r#"{"a":2,"b":2}"#).unwrap();
    assert!(matches!(import(&db, &path, r#"{"on_conflict":"fail"}"#), Err(Error::Conflict { .. })));
    assert_eq!(text(&db, "b"), None);
    let skipped = import(&db, &path, r#"{"on_conflict":"skip"}"#).unwrap();
    assert_eq!((skipped.saved, skipped.skipped, &*skipped.skipped_documents[0].key), (1, 1, "a"));
    assert_eq!((text(&db, "a").unwrap(), text(&db, "b").unwrap()), ("1".to_owned(), "2".to_owned()));
    import(&db, &path, "{}").unwrap();
    assert_eq!(text(&db, "a").unwrap(), "2");
}

#[test]
fn what_others_wrote_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("store"));
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    // The plug-in that Coffer replaces.
    let old = r#"{"version":"1.2.0","timestamp":1700000000,"character_roster":{"0":"Ash"},"equipment_sets":{},
        "party_configs":{"p":[1]},"versions":{"character_roster_v":4,"equipment_sets_v":0,"party_configs_v":1}}"#;
    let imported = import(&db, &file("old.json", old.as_bytes()), r#"{"data":true}"#).unwrap();
    assert_eq!(text(&db, "character_roster").unwrap(), r#"{"0":"Ash"}"#);
    assert_eq!(imported.data.unwrap()["party_configs"].get(), r#"{"p":[1]}"#);
    import(
        &db,
        &file("items.csv", "\u{feff}id;name;price\r\n7;Potion;50\r\n8;\"Mega; potion\";1.50\r\n".as_bytes()),
        "{}",
    )
    .unwrap();
    assert_eq!(
        text(&db, "items").unwrap(),
        r#"[{"id":7,"name":"Potion","price":50},{"id":8,"name":"Mega; potion","price":1.50}]"#
    );
    import(&db, &file("items.csv", b"id,name\n7,Potion\n8,Ether\n"), r#"{"key_column":"id"}"#).unwrap();
    assert!(text(&db, "8").unwrap().contains("Ether"));
    import(&db, &file("array.json", br#"[{"key":"m-1","hp":3},{"key":"m-2","hp":4}]"#), "{}").unwrap();
    assert!(text(&db, "m-2").unwrap().contains("4"));
    let utf16: Vec<u8> = [0xFFFE_u16.swap_bytes()]
        .into_iter()
        .chain("<r><i key='é' a='1'/></r>".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    import(&db, &file("utf16.xml", &utf16), "{}").unwrap();
    assert!(text(&db, "é").is_some());
    let taken =
        import(&db, &file("layer.json", br#"{"save_metadata/x":1,"character_roster_v":7,"fine":1}"#), "{}").unwrap();
    assert_eq!((taken.saved, taken.skipped), (1, 2));
}

#[test]
fn on_any_error_nothing_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("store"));
    fill(&db);
    let before = (everything(&db), db.list_snapshots().unwrap().snapshots.len());
    let refused = |name: &str, bytes: &[u8], place: (u64, u64)| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        match import(&db, &path, "{}") {
            Err(Error::Unreadable { line, column, .. }) => assert_eq!((line, column), place, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(everything(&db), before.0);
    };
    refused("torn.json", b"{\"a\":1,\n\"b\":[1,", (2, 8));
    refused("ragged.csv", b"a,b\n1,2\n1,2,3\n", (3, 5));
    refused("torn.xml", b"<r>\n<a key='1'>", (2, 12));
    refused("doctype.xml", b"<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY a \"b\">]>\n<r/>", (2, 1));
    refused("deep.json", format!("{{\"a\":{}}}", "[".repeat(200)).as_bytes(), (1, 134));
    assert_eq!(db.list_snapshots().unwrap().snapshots.len(), before.1);
    let path = folder.path().join("out.json");
    fs::write(&path, "old").unwrap();
    let cancelled = db.export_for_sharing(None, Some(&path), &mut |_, _| false);
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(
        fs::read_dir(folder.path())
            .unwrap()
            .filter(|one| one.as_ref().unwrap().file_name().to_string_lossy().contains("tmp"))
            .count(),
        0
    );
    export(&db, "json", &path).unwrap();
    let stopped = db.import_from_external(&path, None, &ImportOptions::default(), &mut |_, _| false);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    for (path, format) in [("lock", "json"), ("nowhere/x", "json"), ("x", "yaml")] {
        let path = folder.path().join("store").join(path);
        assert!(export(&db, format, &path).is_err());
    }
    assert_eq!(everything(&db), before.0);
}

#[test]
fn an_export_is_of_one_moment_while_others_save() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("store"));
    let both = |number: usize| {
        let text = format!("[{number}]");
        let edits = ["a", "z"].map(|key| Edit { key, text: Some(&text), expected: None });
        db.save_batch(&edits, None).unwrap();
    };
    both(0);
    for number in 0..2000 {
        db.save(&format!("middle-{number}"), "[\"something\"]", None, None).unwrap();
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                number += 1;
                both(number);
            }
        });
        for round in 0..10 {
            let path = folder.path().join(format!("{round}.json"));
            export(&db, "json", &path).unwrap();
            let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            assert_eq!(json["plugin_data"]["a"], json["plugin_data"]["z"]);
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
}

#[test]
fn the_shared_game_data_survives_each_format() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.exists() {
        println!("skipped: the game data is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let from = open(&folder.path().join("from"));
    for name in ["srd-monsters", "srd-equipment", "srd-magic-items", "srd-spells"] {
        let path = data.join(format!("{name}.json"));
        import(&from, &path, r#"{"whole":true}"#).unwrap();
        import(&from, &path, r#"{"key_column":"index"}"#).unwrap();
    }
    assert!(everything(&from).len() > 1000);
    for format in FORMATS {
        let path = folder.path().join(format!("out.{format}"));
        export(&from, format, &path).unwrap();
        let to = open(&folder.path().join(format!("to-{format}")));
        import(&to, &path, "{}").unwrap();
        assert_same(&from, &to);
    }
}

/// The first code block of the README that begins so.
fn pictured(start: &str) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let block =
        readme.split("```").find(|block| block.split_once('\n').is_some_and(|(_, text)| text.starts_with(start)));
    block.unwrap().split_once('\n').unwrap().1.to_owned()
}

#[test]
fn the_readme_pictures_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("store"));
    db.save("party_configs", r#"{"name":"Aria","stats":{"hp":10},"tags":["healer","=x"]}"#, None, None).unwrap();
    db.save("shop", r#"[{"name":"Potion","price":12.50},{"name":"Key","price":null}]"#, None, None).unwrap();
    let path = folder.path().join("out.csv");
    export(&db, "csv", &path).unwrap();
    let written = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert_eq!(written.trim_start_matches('\u{feff}'), pictured("collection,key"));
    let picture = pictured("<coffer xmlns");
    let path = folder.path().join("in.xml");
    fs::write(&path, &picture).unwrap();
    import(&db, &path, "{}").unwrap();
    assert_eq!(text(&db, "slot-1").unwrap(), r#"{"who":"Terra","level":12,"odd":"\u0000"}"#);
    let other = open(&folder.path().join("other"));
    import(&other, &path, "{}").unwrap();
    export(&other, "xml", &path).unwrap();
    let again = fs::read_to_string(&path).unwrap();
    let body = |text: &str| text.split_once("  <document").unwrap().1.to_owned();
    assert_eq!(body(&again), body(&picture));
}
