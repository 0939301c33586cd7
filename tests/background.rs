//! The store's own thread on real files: what it owes is done in time, without anybody asking.
//!
//! Looks at the folder from outside, as a process kill would leave it. Waits are bounded and generous: what is tested is
//! that things happen, not how fast.

use coffer::database::Database;
use coffer::options::{Durability, Requested};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier, mpsc};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

fn open(folder: &Path, options: &str) -> Database {
    Database::open(folder, &Requested::parse(Some(options)).unwrap()).unwrap()
}

/// What a process that was killed now would leave to be found.
fn found_after_a_kill(folder: &Path, key: &str) -> Option<String> {
    let scratch = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // A file may be replaced while we copy; the next look will see the new one.
        let _ = fs::copy(&path, scratch.path().join(path.file_name().unwrap()));
    }
    let reader = Database::open(scratch.path(), &Requested::parse(Some(r#"{"read_only":true}"#)).unwrap()).ok()?;
    reader.load(key).ok().map(|found| found.text)
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not happen");
        sleep(Duration::from_millis(5));
    }
}

fn images(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("image-") && name.ends_with(".coffer")).collect()
}

#[test]
fn a_save_left_behind_is_written_without_another_call() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), r#"{"flush_interval_ms":20}"#);
    for round in 0..3 {
        // The last rounds come after pauses in which the thread may have gone to sleep.
        sleep(Duration::from_millis(600 * round));
        let text = round.to_string();
        db.save("slot", &text, None, Some(Durability::Behind)).unwrap();
        assert_eq!(db.load("slot").unwrap().text, text, "readers see it at once");
        eventually("the flush", || found_after_a_kill(folder.path(), "slot").as_ref() == Some(&text));
    }
}

#[test]
fn a_written_save_is_there_after_a_kill_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), r#"{"sync_interval_ms":60000,"flush_interval_ms":60000}"#);
    db.save("before", "0", None, Some(Durability::Behind)).unwrap();
    db.save("slot", "1", None, Some(Durability::Written)).unwrap();
    assert_eq!(found_after_a_kill(folder.path(), "slot").as_deref(), Some("1"));
    assert_eq!(found_after_a_kill(folder.path(), "before").as_deref(), Some("0"), "order is kept");
}

#[test]
fn a_long_journal_is_checkpointed_and_the_store_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), "{}");
    let text = format!("\"{}\"", "x".repeat(1000));
    for number in 0..20_000 {
        db.save(&format!("slot-{}", number % 50), &text, None, None).unwrap();
    }
    eventually("a checkpoint", || !images(folder.path()).is_empty());
    eventually("the end of the journal", || {
        let sizes = fs::read_dir(folder.path()).unwrap().filter_map(|entry| entry.unwrap().metadata().ok());
        sizes.map(|file| file.len()).sum::<u64>() < 4 << 20
    });
    assert_eq!(found_after_a_kill(folder.path(), "slot-49").as_deref(), Some(text.as_str()));
}

#[test]
fn a_checkpoint_on_demand_leaves_an_image_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), "{}");
    db.save("slot", "1", None, None).unwrap();
    db.checkpoint().unwrap();
    let first = images(folder.path());
    assert_eq!(first.len(), 1);
    db.checkpoint().unwrap();
    assert_eq!(images(folder.path()), first, "nothing is new, so nothing is written");
    db.save("slot", "2", None, None).unwrap();
    db.checkpoint().unwrap();
    assert_ne!(images(folder.path()), first);
}

#[test]
fn handles_of_one_process_share_a_store_whichever_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), "{}").close().unwrap();
    let early_reader = open(folder.path(), r#"{"read_only":true}"#);
    let writer = open(folder.path(), "{}");
    let other = open(folder.path(), r#"{"plugin":"party"}"#);
    writer.save("slot", "1", None, None).unwrap();
    assert_eq!(early_reader.load("slot").unwrap().text, "1");
    assert_eq!(other.load("slot").unwrap().text, "1");
    writer.close().unwrap();
    other.save("slot", "2", None, None).unwrap();
    assert_eq!(early_reader.load("slot").unwrap().text, "2");
    other.close().unwrap();
    assert_eq!(early_reader.load("slot").unwrap().text, "2", "a reader keeps what it saw");
    let again = open(folder.path(), "{}");
    again.save("slot", "3", None, None).unwrap();
    assert_eq!(early_reader.load("slot").unwrap().text, "3");
    assert!(Database::open(folder.path(), &Requested::parse(Some(r#"{"max_depth":7}"#)).unwrap()).is_err());
}

/// In each round a few savers and a checkpoint meet, and nobody comes after them: whoever is not woken then stays asleep.
#[test]
fn no_saver_is_forgotten_when_a_checkpoint_overtakes_its_sync() {
    const SAVERS: usize = 4;
    const ROUNDS: u32 = 1500;
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open(folder.path(), "{}"));
    let start = Arc::new(Barrier::new(SAVERS + 1));
    let (done, all_done) = mpsc::channel();
    for saver in 0..SAVERS {
        let (db, start, done) = (db.clone(), start.clone(), done.clone());
        thread::spawn(move || {
            for round in 0..ROUNDS {
                start.wait();
                db.save(&format!("slot-{saver}"), &round.to_string(), None, Some(Durability::Durable)).unwrap();
                done.send(()).unwrap();
            }
        });
    }
    for round in 0..ROUNDS {
        start.wait();
        db.checkpoint().unwrap();
        for _ in 0..SAVERS {
            let outcome = all_done.recv_timeout(Duration::from_secs(20));
            outcome.unwrap_or_else(|_| panic!("in round {round} a saver still waits for a sync that is over"));
        }
    }
}

#[test]
fn savers_wait_only_for_a_checkpoint_that_is_due() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path(), r#"{"segment_bytes":65536}"#);
    let text = format!("\"{}\"", "x".repeat(10_000));
    let start = Instant::now();
    // Far beyond some segments, and not yet at the smallest journal that is worth a checkpoint.
    for number in 0..60 {
        db.save(&format!("slot/{number}"), &text, None, None).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(10), "each save waited: {:?}", start.elapsed());
}
