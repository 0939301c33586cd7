//! Damaged stores: found to the byte, told, and repaired with a copy beside.

use crate::{Fixture, files_in, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The one file of the store whose name begins so.
pub fn file(fixture: &Fixture, start: &str) -> PathBuf {
    let found = fixture.files().into_keys().filter(|name| name.to_string_lossy().starts_with(start));
    let mut found = found.filter(|name| name.extension().is_some_and(|end| end == "coffer"));
    let name = found.next().unwrap_or_else(|| panic!("there is no {start}"));
    Path::new(&fixture.store).join(name)
}

/// Everything but the lock file, which names whoever had the store last.
fn contents(mut files: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    files.remove(Path::new("lock"));
    files
}

/// Spoils the byte in front of which `mark` ends.
pub fn spoil(path: &Path, mark: &str) -> usize {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(mark.len()).position(|window| window == mark.as_bytes()).unwrap() + mark.len();
    bytes[at] ^= 0x20;
    fs::write(path, bytes).unwrap();
    at
}

#[test]
fn a_sound_store_is_sound_and_is_not_repaired() {
    let fixture = Fixture::usual();
    let before = fixture.files();
    assert!(fixture.run(&["verify"]).fine().contains("is sound: 5 documents"));
    let report = fixture.run(&["verify", "--json"]).json();
    assert_eq!((&report["sound"], &report["damage"]), (&json!(true), &json!([])));
    assert!(report["bytes"].as_u64().unwrap() > 500);
    let repaired = fixture.run(&["repair", "--json"]).json();
    assert_eq!((&repaired["repaired"], &repaired["copy"]), (&json!(false), &json!(null)));
    assert_eq!(before, fixture.files());
}

#[test]
fn damaged_documents_are_told_and_the_rest_is_kept() {
    let fixture = Fixture::usual();
    let image = file(&fixture, "image-");
    let at = spoil(&image, "{\"hero\":\"A");
    let before = contents(fixture.files());
    let name = image.file_name().unwrap().to_str().unwrap();
    let line = fixture.run(&["get", "slot-1"]).failed(5);
    assert!(line.contains(name) && line.contains("coffer repair"), "{line}");
    let verified = fixture.run(&["verify"]);
    assert_eq!((verified.code, verified.err.as_str()), (5, ""));
    assert!(verified.out.contains(name) && verified.out.contains("CORRUPT"), "{}", verified.out);
    let verified = fixture.run(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&verified.out).unwrap();
    let damage = &report["damage"][0];
    let offset = damage["offset"].as_u64().unwrap() as usize;
    let length = damage["bytes"].as_u64().unwrap() as usize;
    assert_eq!((verified.code, &report["sound"], &damage["file"]), (5, &json!(false), &json!(name)));
    assert!((offset..offset + length).contains(&at), "{damage} has {at}");

    let planned = fixture.run(&["repair", "--dry-run"]).fine();
    assert!(planned.contains("4 documents would stay") && planned.contains(name), "{planned}");
    let refused = fixture.run(&["repair", "--quiet"]).failed(2);
    assert!(refused.contains("--yes"), "{refused}");
    assert!(before == contents(fixture.files()), "nothing was agreed to");

    let repaired: Value = serde_json::from_str(&fixture.run(&["repair", "--yes", "--json"]).fine()).unwrap();
    assert_eq!((&repaired["repaired"], &repaired["documents"]), (&json!(true), &json!(4)));
    let copy = files_in(Path::new(repaired["copy"].as_str().unwrap()));
    assert!(contents(copy) == before, "the copy is the store as it was");
    fixture.run(&["verify"]).fine();
    fixture.run(&["get", "slot-1"]).failed(3);
    assert_eq!(fixture.run(&["get", "party_configs"]).fine(), "[3]\n");
    assert_eq!(fixture.run(&["get", "slot-2"]).fine(), "{}\n");
}

#[test]
fn a_second_copy_gets_a_name_of_its_own_and_none_is_made_if_none_is_wanted() {
    let fixture = Fixture::usual();
    let beside = fixture.path("spiel stand.db.before-repair");
    fs::create_dir(&beside).unwrap();
    spoil(&file(&fixture, "image-"), "\"gold\":1.");
    let repaired = fixture.run(&["repair", "--yes", "--json"]).json();
    assert!(repaired["copy"].as_str().unwrap().ends_with(".before-repair-2"), "{repaired}");
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 0);
    spoil(&file(&fixture, "image-"), "[3");
    let repaired = fixture.run(&["repair", "--yes", "--no-copy", "--json"]).json();
    assert_eq!((&repaired["copy"], &repaired["repaired"]), (&json!(null), &json!(true)));
    assert!(!Path::new(&fixture.path("spiel stand.db.before-repair-3")).exists());
}

#[test]
fn lost_snapshots_are_told_and_cleared_up() {
    let fixture = Fixture::usual();
    spoil(&file(&fixture, "history-"), "\"gold\":25");
    assert_eq!(fixture.run(&["get", "slot-2"]).fine(), "{}\n", "the documents are whole");
    let verified = fixture.run(&["verify"]);
    assert_eq!(verified.code, 5);
    assert!(verified.out.contains("DEGRADED") && verified.out.contains("lost: snapshot-4"), "{}", verified.out);
    fixture.run(&["snapshot", "verify", "latest"]).failed(5);
    let repaired = fixture.run(&["repair", "--yes", "--json"]).json();
    assert_eq!(repaired["deleted_snapshots"][0]["id"], json!("snapshot-4"));
    assert_eq!(repaired["documents"], json!(5));
    fixture.run(&["verify"]).fine();
    assert_eq!(fixture.run(&["snapshot", "list"]).fine(), "");
}

#[test]
fn a_file_that_is_gone_is_told() {
    let fixture = Fixture::usual();
    let history = file(&fixture, "history-");
    fs::remove_file(&history).unwrap();
    let verified = fixture.run(&["verify"]);
    assert_eq!(verified.code, 5);
    for told in [history.file_name().unwrap().to_str().unwrap(), "is missing", "lost: snapshot-4", "DEGRADED"] {
        assert!(verified.out.contains(told), "{told}: {}", verified.out);
    }
    let repaired = fixture.run(&["repair", "--yes", "--json"]).json();
    assert_eq!(repaired["deleted_snapshots"][0]["label"], json!("before the boss"));
    assert_eq!(fixture.run(&["list"]).fine(), "party_configs\nslot-1\nslot-2\n");
    fixture.run(&["verify"]).fine();
    fs::remove_file(file(&fixture, "image-")).unwrap();
    assert!(fixture.run(&["verify"]).failed(3).contains("no store"), "nothing is left to be read");
}

#[test]
fn every_flipped_byte_of_an_image_is_found() {
    let fixture = Fixture::usual();
    let image = file(&fixture, "image-");
    let bytes = fs::read(&image).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut spoiled = bytes.clone();
        spoiled[at] ^= 1;
        fs::write(&image, &spoiled).unwrap();
        let ran = fixture.run(&["verify", "--json"]);
        assert!(ran.code == 5 || ran.code == 1 && ran.err.contains("format"), "byte {at}: {} {}", ran.code, ran.out);
    }
    fs::write(&image, bytes).unwrap();
    fixture.run(&["verify"]).fine();
}

#[test]
fn a_damaged_journal_is_told_with_its_file() {
    let fixture = Fixture::new(|_| {});
    let game = crate::held::Game::start(&fixture.store);
    game.wait_for_saves(50);
    game.kill();
    let journal = file(&fixture, "journal-");
    spoil(&journal, "{\"frame\":1");
    let name = journal.file_name().unwrap().to_str().unwrap();
    let ran = run(&["verify", &fixture.store]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(name), "{}", ran.out);
    fixture.run(&["repair", "--yes", "--quiet"]);
    fixture.run(&["verify"]).fine();
    assert!(fixture.run(&["list"]).fine().lines().count() > 1);
}
