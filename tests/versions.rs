//! The history of the Tier 1 documents: how many versions stay, and going back to one.

use coffer::database::{Database, Edit};
use coffer::disk::RealDisk;
use coffer::error::Error;
use coffer::options::Options;
use std::path::Path;
use std::sync::Arc;

fn open(folder: &Path, versions_kept: u64) -> Database {
    let options = Options { background: false, versions_kept, ..Options::default() };
    Database::open_on(Arc::new(RealDisk), folder, &options).unwrap()
}

fn versions(db: &Database) -> Vec<u64> {
    db.list_versions("party_configs").unwrap().iter().map(|one| one.version).collect()
}

#[test]
fn the_oldest_versions_go_and_the_counter_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let db = open(folder.path(), 3);
        for number in 1..=4 {
            let version = round * 4 + number;
            assert_eq!(db.save("party_configs", &version.to_string(), None, None).unwrap(), version);
        }
        let newest = round * 4 + 4;
        assert_eq!(versions(&db), [newest - 2, newest - 1, newest]);
        assert!(matches!(db.load(&format!("party_configs_v{}", newest - 3)), Err(Error::NotFound { .. })));
        assert_eq!(db.load("party_configs_v").unwrap().text, newest.to_string());
        let listed = db.list_keys(Some("party_configs_v"), None, 0).unwrap();
        assert_eq!(listed.len(), 4, "the counter and three versions: {listed:?}");
        db.close().unwrap();
    }
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(files.max().unwrap() < 600, "versions that went leave nothing in the image");
}

#[test]
fn lowering_the_option_lets_the_surplus_go_with_the_next_save() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), 100);
    for _ in 0..20 {
        db.save("party_configs", "[]", None, None).unwrap();
    }
    assert_eq!(versions(&db).len(), 20);
    db.close().unwrap();
    let db = open(folder.path(), 2);
    assert_eq!(versions(&db).len(), 20, "opening alone takes nothing away");
    let edits = ["party_configs", "slot"].map(|key| Edit { key, text: Some("[1]"), expected: None });
    db.save_batch(&edits, None).unwrap();
    assert_eq!(versions(&db), [20, 21]);
}

#[test]
fn rolling_back_makes_a_new_version_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), 100);
    for text in ["[1]", "[2]"] {
        db.save("party_configs", text, None, None).unwrap();
    }
    assert_eq!(db.roll_back("party_configs", 1).unwrap(), 3);
    assert_eq!(db.load("party_configs").unwrap().text, "[1]");
    assert_eq!(db.load("party_configs_v2").unwrap().text, "[2]", "nothing is lost");
    assert_eq!(db.roll_back("party_configs", 2).unwrap(), 4);
    assert_eq!(db.load("party_configs").unwrap().text, "[2]");
    assert!(matches!(db.roll_back("party_configs", 9), Err(Error::NotFound { .. })));
    assert!(matches!(db.roll_back("party", 1), Err(Error::InvalidArgument(_))));
    assert_eq!(versions(&db), [1, 2, 3, 4]);
    db.clear("party_configs", None, None).unwrap();
    assert_eq!(db.roll_back("party_configs", 1).unwrap(), 5, "also after a clear");
    assert_eq!(db.load("party_configs").unwrap().text, "[1]");
}
