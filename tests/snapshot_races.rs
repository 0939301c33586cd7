//! Snapshots that are deleted, pinned, let go and restored while others look at them and save.
//!
//! Runs on real files, with threads that meet by chance. Invariant tested: a snapshot that is being looked at is whole or
//! unknown, one that was pinned stays, and a restore is one commit among the others.

use coffer::database::{Database, Edit, Selection};
use coffer::error::Error;
use coffer::options::{Durability, Requested};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

#[test]
fn saves_during_a_restore_are_not_lost_and_not_half_restored() {
    let folder = tempfile::tempdir().unwrap();
    // No checkpoint of its own: the journal has to reach back to each restore.
    let options = Requested::parse(Some(r#"{"checkpoint_bytes":1099511627776}"#)).unwrap();
    let db = Arc::new(Database::open(folder.path(), &options).unwrap());
    for number in 0..3000 {
        db.save(&format!("slot/{number}"), "[0]", None, None).unwrap();
    }
    db.create_snapshot(Some("zero")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let savers: Vec<_> = (0..2)
        .map(|thread| {
            let (db, stop) = (db.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut number = thread;
                while !stop.load(Ordering::Relaxed) {
                    number = (number + 7) % 3000;
                    db.save(&format!("slot/{number}"), "[1]", None, None).unwrap();
                    // The journal is read again for each restore, so it must not grow by millions.
                    std::thread::sleep(Duration::from_micros(20));
                }
            })
        })
        .collect();
    for _ in 0..10 {
        let restored = db.restore("zero", &Selection::default()).unwrap();
        let Some(commit) = restored.commit else { continue };
        // At its own commit, the store is exactly the snapshot.
        let difference = db.diff_snapshots("zero", &format!("sequence:{commit}")).unwrap();
        assert!(difference.added.is_empty() && difference.changed.is_empty() && difference.removed.is_empty());
        let before = db.diff_snapshots(&restored.undo.unwrap(), &format!("sequence:{}", commit - 1)).unwrap();
        assert!(before.added.is_empty() && before.changed.is_empty() && before.removed.is_empty());
    }
    stop.store(true, Ordering::Relaxed);
    savers.into_iter().for_each(|saver| saver.join().unwrap());
}
