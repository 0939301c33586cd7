//! Imports whose record is written in several pieces, on a disk that crashes and fails between them.
//!
//! Invariant tested: an import is there whole or not at all, whatever waited in the journal's queue before it is there too,
//! and once it returned it is there for good.

mod support;

use coffer::database::{Database, ImportOptions};
use coffer::disk::{Disk, DiskFile};
use coffer::error::{Error, Result};
use coffer::options::Durability;
use std::path::Path;
use std::sync::Arc;
use support::crash_images::{Crash, CrashPoints};
use support::faults::{Fault, FaultPlan};
use support::random::Random;
use support::script::{empty_disk, open, options};
use support::simulated_disk::SimulatedDisk;

const DOCUMENTS: usize = 40;
/// Together they take three pieces and a bit.
const TEXT: usize = 80_000;
const FILE: &str = "/file.json";
const EARLIER: [&str; 3] = ["a", "b", "c"];

fn text(number: usize) -> String {
    format!("[\"{}\",{number}]", ((b'a' + (number % 26) as u8) as char).to_string().repeat(TEXT))
}

fn put_file(disk: &SimulatedDisk) {
    let members: Vec<String> = (0..DOCUMENTS).map(|number| format!("\"k{number:02}\":{}", text(number))).collect();
    let file: Arc<dyn DiskFile> = disk.create(Path::new(FILE)).unwrap();
    file.write_at(format!("{{{}}}", members.join(",")).as_bytes(), 0).unwrap();
    file.sync().unwrap();
    disk.sync_folder(Path::new("/")).unwrap();
}

/// A disk with the file, and a store on it in whose queue saves are waiting.
fn prepare(seed: u64) -> (SimulatedDisk, Database) {
    let disk = empty_disk(seed);
    put_file(&disk);
    let db = open(&(Arc::new(disk.clone()) as _), &options()).unwrap();
    for key in EARLIER {
        db.save(key, "1", None, Some(Durability::Behind)).unwrap();
    }
    (disk, db)
}

fn import(db: &Database) -> Result<()> {
    let options = ImportOptions::parse(None)?;
    db.import_from_external(Path::new(FILE), Some("json"), &options, &mut |_, _| true).map(drop)
}

/// How many of the file's documents are there.
fn count(db: &Database, when: &str) -> usize {
    let there = (0..DOCUMENTS).filter(|number| match db.load(&format!("k{number:02}")) {
        Ok(found) => {
            assert_eq!(found.text, text(*number), "{when}");
            true
        }
        Err(Error::NotFound { .. }) => false,
        Err(other) => panic!("{when}: {other}"),
    });
    there.count()
}

/// Whether the import is there; nothing between yes and no is right.
fn is_imported(db: &Database, when: &str) -> bool {
    let there = count(db, when);
    assert!(there == 0 || there == DOCUMENTS, "{when}: {there} documents of {DOCUMENTS}");
    let record = db.load("save_metadata/last_import").is_ok();
    assert_eq!(record, there > 0, "{when}: the record tells of what is there");
    let earlier: Vec<bool> = EARLIER.iter().map(|key| db.load(key).is_ok()).collect();
    assert!(earlier.is_sorted_by(|one, next| one >= next), "{when}: the saves before it are no prefix: {earlier:?}");
    assert!(there == 0 || earlier.iter().all(|one| *one), "{when}: a save before it is missing: {earlier:?}");
    there > 0
}

#[test]
fn a_crash_at_any_step_of_an_import_leaves_all_of_it_or_nothing() {
    let seed = Random::seed_or(5);
    let mut random = Random::new(seed);
    let (disk, db) = prepare(random.next());
    let before = disk.steps();
    import(&db).unwrap();
    let after = disk.steps();
    disk.drop_as_if_killed(db);
    assert!(after - before > 4, "the record was not written in pieces");
    let mut points = CrashPoints::of(&disk);
    let (mut none, mut all) = (0, 0);
    loop {
        for crash in Crash::ALL {
            if points.position() < before {
                break;
            }
            let when = format!("seed {seed}, {crash:?} after step {}: {}", points.position(), points.last_step());
            let image = points.image(crash, &mut random);
            let db =
                open(&(Arc::new(image.clone()) as _), &options()).unwrap_or_else(|error| panic!("{when}: {error}"));
            let there = is_imported(&db, &when);
            assert!(there || points.position() < after, "{when}: an import that had returned is lost");
            (none, all) = (none + u32::from(!there), all + u32::from(there));
            image.drop_as_if_killed(db);
        }
        if !points.advance() {
            break;
        }
    }
    assert!(none > 10 && all > 5, "the crashes met both outcomes: {none} without, {all} with");
}

#[test]
fn an_import_on_a_failing_disk_is_an_error_and_nothing_or_all_is_there_afterwards() {
    for fault in [Fault::Io, Fault::NoSpace, Fault::ShortWrite, Fault::Sync] {
        let mut spare = 0;
        loop {
            let (disk, db) = prepare(7);
            disk.plan(Some(FaultPlan { fault, spare, forever: false }));
            let outcome = import(&db);
            let hits = disk.hits();
            disk.plan(None);
            let when = format!("{fault:?} at call {spare}");
            if hits == 0 {
                outcome.unwrap();
                assert!(spare > 0, "{when}: the import makes such calls");
                break;
            }
            assert!(outcome.is_err(), "{when}");
            if matches!(db.flush(), Err(Error::Failed { .. })) {
                assert!(matches!(db.save("later", "1", None, None), Err(Error::Failed { .. })), "{when}");
            }
            disk.drop_as_if_killed(db);
            let db = open(&(Arc::new(disk.clone()) as _), &options()).unwrap_or_else(|error| panic!("{when}: {error}"));
            is_imported(&db, &when);
            import(&db).unwrap_or_else(|error| panic!("{when}, again: {error}"));
            assert_eq!(count(&db, &when), DOCUMENTS, "{when}, again");
            disk.drop_as_if_killed(db);
            spare += 1;
        }
    }
}
