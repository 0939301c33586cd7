//! Snapshots that are deleted, pinned and let go while others look at them and restore them.
//!
//! Runs on real files, with threads that meet by chance. Invariant tested: a snapshot that is being looked at is whole or
//! unknown, and one that was pinned stays.

use coffer::database::{Database, Edit, Selection};
use coffer::error::Error;
use coffer::options::{Durability, Requested};
use std::path::Path;

const DOCUMENTS: usize = 100;
const ROUNDS: usize = 300;

fn open(folder: &Path) -> Database {
    Database::open(folder, &Requested::parse(Some(r#"{"snapshots_kept":1}"#)).unwrap()).unwrap()
}

fn fill(db: &Database, text: &str) {
    let keys: Vec<String> = (0..DOCUMENTS).map(|number| format!("slot/{number}")).collect();
    let edits: Vec<Edit> = keys.iter().map(|key| Edit { key, text: Some(text), expected: None }).collect();
    db.save_batch(&edits, Some(Durability::Behind)).unwrap();
}

fn dry_run() -> Selection {
    Selection::parse(Some(r#"{"dry_run":true}"#)).unwrap()
}

#[test]
fn a_snapshot_that_is_deleted_meanwhile_is_whole_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    for round in 0..ROUNDS {
        fill(&db, "[0]");
        let id = db.create_snapshot(None).unwrap().id;
        fill(&db, "[1]");
        std::thread::scope(|scope| {
            let looks = [0, 1].map(|_| {
                scope.spawn(|| {
                    loop {
                        match db.restore(&id, &dry_run()) {
                            Ok(planned) => assert_eq!((planned.saved, planned.cleared), (DOCUMENTS as u64, 0)),
                            Err(error) => break assert!(matches!(error, Error::UnknownSnapshot { .. }), "{error}"),
                        }
                    }
                })
            });
            std::thread::sleep(std::time::Duration::from_micros(37 * (round as u64 % 20)));
            db.delete_snapshot(&id).unwrap();
            looks.into_iter().for_each(|look| look.join().unwrap());
        });
    }
}

#[test]
fn a_snapshot_that_was_pinned_stays() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    fill(&db, "[0]");
    let first = db.create_snapshot(None).unwrap().id;
    fill(&db, "[1]");
    let second = db.create_snapshot(None).unwrap().id;
    for round in 0..ROUNDS {
        let (to, next) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        let undo = db.restore(to, &Selection::default()).unwrap().undo.unwrap();
        std::thread::scope(|scope| {
            let pin = scope.spawn(|| db.pin_snapshot(&undo, true));
            db.restore(next, &Selection::default()).unwrap();
            let pinned = pin.join().unwrap();
            let is_there = db.get_snapshot(&undo).is_ok();
            assert_eq!(pinned.is_ok(), is_there, "round {round}: {pinned:?}");
            if is_there {
                db.delete_snapshot(&undo).unwrap();
            }
        });
        db.restore(to, &Selection::default()).unwrap();
    }
}
