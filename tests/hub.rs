//! The hub as plug-ins meet it: order, delivery, overflow, replay, ends of subscriptions, and many threads at once.
//!
//! Runs on real files. Invariant tested: every subscriber hears every event it asked for once and in order, or is told
//! what it missed; whatever ends a subscription, its receiver is dropped once and never called after.

use coffer::database::{Database, Edit, Selection, Subscription, SubscriptionOptions};
use coffer::error::Error;
use coffer::hub::{Receiver, Seen};
use coffer::options::{Durability, Requested};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// Calls a closure, and counts how often it was dropped.
struct Call<F> {
    call: F,
    dropped: Arc<AtomicUsize>,
}

impl<F: Fn(Seen<'_>) + Send + Sync> Receiver for Call<F> {
    fn receive(&self, seen: Seen<'_>) {
        assert_eq!(self.dropped.load(Ordering::SeqCst), 0, "called after its end");
        (self.call)(seen);
    }
}

impl<F> Drop for Call<F> {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn receiver(call: impl Fn(Seen<'_>) + Send + Sync + 'static) -> (Option<Arc<dyn Receiver>>, Arc<AtomicUsize>) {
    let dropped = Arc::new(AtomicUsize::new(0));
    (Some(Arc::new(Call { call, dropped: dropped.clone() })), dropped)
}

fn open_as(folder: &Path, plugin: &str) -> Database {
    let options = format!(r#"{{"plugin":"{plugin}","checkpoint_bytes":1099511627776}}"#);
    Database::open(folder, &Requested::parse(Some(&options)).unwrap()).unwrap()
}

fn options(json: &str) -> SubscriptionOptions {
    SubscriptionOptions::parse(Some(json)).unwrap()
}

fn pull(db: &Database, topic: &str, json: &str) -> Subscription {
    db.subscribe(topic, &options(json), None).unwrap()
}

/// Everything that waits: topic, commit and payload.
fn taken(subscription: &Subscription) -> Vec<(String, u64, serde_json::Value)> {
    std::iter::from_fn(|| subscription.take())
        .map(|(event, json)| (event.topic.to_string(), event.sequence, serde_json::from_str(&json).unwrap()))
        .collect()
}

#[test]
fn each_commit_is_told_in_order_with_what_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open_as(folder.path(), "one"), open_as(folder.path(), "other"));
    let (plain, full) = (pull(&one, "database_changed", "{}"), pull(&one, "data*", r#"{"data":true}"#));
    other.save("slot", "[1]", None, None).unwrap();
    other.save("slot", "[2]", None, Some(Durability::Behind)).unwrap();
    other.clear("slot", None, None).unwrap();
    other.clear("slot", None, None).unwrap();
    let edits = ["slot", "character_roster"].map(|key| Edit { key, text: Some("[3]"), expected: None });
    other.save_batch(&edits, None).unwrap();
    let heard = taken(&plain);
    assert_eq!(heard.iter().map(|(_, sequence, _)| *sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let change = |at: usize, number: usize| &heard[at].2["changes"][number];
    assert_eq!(change(0, 0)["old_revision"], 0);
    assert_eq!((&change(1, 0)["revision"], &change(1, 0)["old_revision"]), (&2.into(), &1.into()));
    assert_eq!((&change(2, 0)["cleared"], &change(2, 0)["old_revision"]), (&true.into(), &2.into()));
    assert_eq!(change(3, 0)["old_revision"], 0, "it was cleared before");
    assert_eq!(
        (&change(3, 1)["key"], &change(3, 1)["collection"]),
        (&"character_roster".into(), &"character_roster".into())
    );
    assert!(change(0, 0).get("data").is_none());
    let (event, json) = full.take().unwrap();
    assert_eq!(&*event.source, "other");
    assert_eq!(
        json,
        r#"{"changes":[{"collection":"plugin_data","key":"slot","revision":1,"old_revision":0,"cleared":false,"data":[1]}]}"#
    );
    let snapshot = other.create_snapshot(None).unwrap();
    other.save("slot", "[4]", None, None).unwrap();
    other.restore(&snapshot.id, &Selection::default()).unwrap();
    let heard = taken(&plain);
    assert_eq!(heard[0].2["changes"][0]["key"], "save_metadata/snapshots/snapshot-4");
    assert_eq!(heard[2].2["changes"].as_array().unwrap().len(), 2, "the restored document and the record");
}

#[test]
fn own_topics_go_to_those_who_hear_them() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "party");
    let (exact, prefix, others) = (pull(&db, "party", "{}"), pull(&db, "party*", "{}"), pull(&db, "x*", "{}"));
    db.publish("party", r#"{"members":4}"#).unwrap();
    db.publish("party.left", "1e400").unwrap();
    assert_eq!(taken(&exact).len(), 1);
    assert_eq!(taken(&others).len(), 0);
    assert_eq!(prefix.take().unwrap().1, r#"{"members":4}"#);
    assert_eq!(prefix.take().unwrap().1, "1e400");
    for (topic, json) in [("database_changed", "1"), ("overflow", "1"), ("", "1"), ("a*", "1"), ("a", "{")] {
        assert!(db.publish(topic, json).is_err(), "{topic} {json}");
    }
}

#[test]
fn polling_leaves_what_is_pulled() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    let pulled = pull(&db, "t", "{}");
    (0..3).for_each(|_| drop(db.publish("t", "1")));
    assert_eq!(db.poll(None, None).unwrap(), 0);
    assert_eq!(taken(&pulled).len(), 3);
}

#[test]
fn a_replay_that_fails_costs_nothing_that_waited() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    let waits = pull(&db, "database_changed", "{}");
    for number in 1..=6 {
        db.save("slot", &format!("[\"number {number}\"]"), None, None).unwrap();
    }
    let journal = std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().path());
    let journal = journal.into_iter().find(|path| path.to_string_lossy().contains("journal-")).unwrap();
    let mut bytes = std::fs::read(&journal).unwrap();
    let place = bytes.windows(8).position(|window| window == b"number 3").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&journal, &bytes).unwrap();
    assert!(matches!(waits.replay(1), Err(Error::Corrupt { .. })));
    assert_eq!(taken(&waits).iter().map(|(_, sequence, _)| *sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn several_subscriptions_are_polled_in_one_order_whoever_publishes_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let last = Arc::new(Mutex::new(0));
    for topic in ["a", "b", "c"] {
        let last = last.clone();
        let (called, _) = receiver(move |seen| {
            let mut last = last.lock().unwrap();
            assert!(seen.event.id > *last, "{} after {last}", seen.event.id);
            *last = seen.event.id;
        });
        db.subscribe(topic, &options(r#"{"queue":1000000}"#), called).unwrap();
    }
    let publishers: Vec<_> = (0..3)
        .map(|publisher| {
            let db = db.clone();
            std::thread::spawn(move || {
                for number in 0..20_000 {
                    db.publish(["a", "b", "c"][(publisher + number) % 3], "1").unwrap();
                }
            })
        })
        .collect();
    let mut delivered = 0;
    while delivered < 60_000 {
        delivered += db.poll(Some(100), None).unwrap();
    }
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
}

#[test]
fn subscribing_while_the_handle_closes_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let _stays = open_as(folder.path(), "");
    for _ in 0..300 {
        let db = Arc::new(open_as(folder.path(), ""));
        let closer = {
            let db = db.clone();
            std::thread::spawn(move || db.close().unwrap())
        };
        let (called, dropped) = receiver(|_| ());
        let made = db.subscribe("t", &SubscriptionOptions::default(), called);
        closer.join().unwrap();
        drop(made);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn what_does_not_fit_is_told_once_and_can_be_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    let slow = pull(&db, "database_changed", r#"{"queue":3}"#);
    for number in 1..=10 {
        db.save("slot", &format!("[{number}]"), None, None).unwrap();
    }
    let heard = taken(&slow);
    let sequences: Vec<u64> = heard.iter().map(|(_, sequence, _)| *sequence).collect();
    assert_eq!((&sequences[..3], heard.len()), (&[1, 2, 3][..], 4));
    assert_eq!(heard[3].0, "overflow");
    assert_eq!(heard[3].2, serde_json::json!({"events": 7, "from_sequence": 4, "to_sequence": 10}));
    db.save("slot", "[11]", None, None).unwrap();
    assert_eq!(taken(&slow)[0].1, 11);
    slow.replay(3).unwrap();
    db.save("slot", "[12]", None, None).unwrap();
    let again: Vec<u64> = taken(&slow).iter().map(|(_, sequence, _)| *sequence).collect();
    assert_eq!(again[..8], [4, 5, 6, 7, 8, 9, 10, 11], "what is brought back may be more than the queue holds");
    assert_eq!(again.len(), 9);
}

#[test]
fn everything_since_a_commit_is_heard_after_reopening_as_far_as_the_journal_reaches() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    db.save("before", "[0]", None, None).unwrap();
    db.save("equipment_sets", "[0]", None, None).unwrap();
    db.checkpoint().unwrap();
    db.save("before", "[1]", None, None).unwrap();
    db.clear("before", None, None).unwrap();
    db.save("before", "[2]", None, None).unwrap();
    db.save("equipment_sets", "[1]", None, None).unwrap();
    db.flush().unwrap();
    // As a killed process leaves it: the journal is still there.
    for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        if file.file_name() != "lock" {
            std::fs::copy(file.path(), scratch.path().join(file.file_name())).unwrap();
        }
    }
    let again = open_as(scratch.path(), "");
    let heard = taken(&pull(&again, "*", r#"{"since":2,"data":true}"#));
    let told: Vec<_> = heard
        .iter()
        .map(|(_, sequence, json)| {
            let change = &json["changes"][0];
            (*sequence, change["key"].as_str().unwrap().to_owned(), change["old_revision"].as_u64().unwrap())
        })
        .collect();
    let expected = [(3, "before", 1), (4, "before", 2), (5, "before", 0), (6, "equipment_sets", 1)];
    assert_eq!(told, expected.map(|(sequence, key, old)| (sequence, key.to_owned(), old)));
    assert_eq!(heard[2].2["changes"][0]["data"], serde_json::json!([2]));
    let older = taken(&pull(&again, "*", r#"{"since":0}"#));
    assert_eq!((older[0].0.as_str(), older.len()), ("overflow", 5));
    assert_eq!(older[0].2, serde_json::json!({"events": 2, "from_sequence": 1, "to_sequence": 2}));
    assert!(taken(&pull(&again, "*", r#"{"since":6}"#)).is_empty());
    let refused = again.subscribe("party", &options(r#"{"since":1}"#), None);
    assert!(matches!(refused, Err(Error::InvalidArgument(_))));
}

#[test]
fn direct_receivers_may_call_back_and_end_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (weak, log, itself): (Weak<Database>, _, _) = (Arc::downgrade(&db), heard.clone(), own.clone());
    let (direct, dropped) = receiver(move |seen| {
        let db = weak.upgrade().unwrap();
        log.lock().unwrap().push(seen.event.sequence);
        match seen.event.sequence {
            1 => drop(db.save("echo", "[1]", None, None).unwrap()),
            2 => {
                db.unsubscribe(&itself.lock().unwrap().take().unwrap());
                db.save("echo", "[2]", None, None).unwrap();
            }
            other => panic!("heard {other} after the end"),
        }
    });
    *own.lock().unwrap() = Some(db.subscribe("database_changed", &options(r#"{"direct":true}"#), direct).unwrap());
    db.save("slot", "[1]", None, None).unwrap();
    assert_eq!(*heard.lock().unwrap(), [1, 2], "both before the save returned");
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn direct_receivers_may_look_back_and_restore_when_told_of_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    db.save("slot", "[1]", None, None).unwrap();
    let id = db.create_snapshot(None).unwrap().id;
    let weak = Arc::downgrade(&db);
    let (direct, _) = receiver(move |seen| {
        let db = weak.upgrade().unwrap();
        if seen.json.contains("\"slot\"") && seen.event.sequence < 8 {
            db.diff_snapshots("latest", "now").unwrap();
            db.restore("latest", &Selection::default()).unwrap();
            db.checkpoint().unwrap();
        }
    });
    let subscription = db.subscribe("database_changed", &options(r#"{"direct":true}"#), direct).unwrap();
    db.save("slot", "[2]", None, None).unwrap();
    db.restore(&id, &Selection::default()).unwrap();
    db.unsubscribe(&subscription);
}

#[test]
fn the_end_waits_for_a_call_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let running = Arc::new(AtomicBool::new(false));
    let flag = running.clone();
    let (direct, dropped) = receiver(move |_| {
        flag.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(100));
        flag.store(false, Ordering::SeqCst);
    });
    let subscription = db.subscribe("go", &options(r#"{"direct":true}"#), direct).unwrap();
    let publisher = {
        let db = db.clone();
        std::thread::spawn(move || db.publish("go", "1").unwrap())
    };
    while !running.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    db.unsubscribe(&subscription);
    assert!(!running.load(Ordering::SeqCst) && dropped.load(Ordering::SeqCst) == 1);
    publisher.join().unwrap();
}

#[test]
fn polling_keeps_its_limits_and_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut subscriptions = Vec::new();
    for topic in ["a", "b", "*"] {
        let log = heard.clone();
        let (polled, _) = receiver(move |seen| log.lock().unwrap().push((seen.event.id, topic)));
        subscriptions.push(db.subscribe(topic, &SubscriptionOptions::default(), polled).unwrap());
    }
    for topic in ["a", "b", "a"] {
        db.publish(topic, "1").unwrap();
    }
    assert_eq!(db.poll(Some(2), None).unwrap(), 2);
    assert_eq!(db.poll(None, None).unwrap(), 4);
    assert_eq!(*heard.lock().unwrap(), [(1, "a"), (1, "*"), (2, "b"), (2, "*"), (3, "a"), (3, "*")]);
    let (slow, _) = receiver(|_| std::thread::sleep(Duration::from_millis(2)));
    let slow = db.subscribe("slow", &SubscriptionOptions::default(), slow).unwrap();
    for _ in 0..50 {
        db.publish("slow", "1").unwrap();
    }
    db.unsubscribe(&subscriptions[2]);
    let start = Instant::now();
    let delivered = db.poll(None, Some(Duration::from_millis(20))).unwrap();
    assert!((1..50).contains(&delivered) && start.elapsed() < Duration::from_millis(200), "{delivered}");
    drop(slow);
}

#[test]
fn the_tier_1_documents_are_broadcast_as_of_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "editor");
    assert_eq!(db.sync_tier1().unwrap().subscribers, 0, "with nobody there it is a success too");
    db.save("character_roster", r#"["Ash"]"#, None, None).unwrap();
    db.save("party_configs", "[1]", None, None).unwrap();
    db.clear("party_configs", None, None).unwrap();
    let hears = pull(&db, "database_sync", "{}");
    let synced = db.sync_tier1().unwrap();
    assert!(synced.success && synced.subscribers == 1);
    let (event, json) = hears.take().unwrap();
    assert_eq!((event.id, event.sequence), (synced.event_id, 3));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["character_roster"], serde_json::json!(["Ash"]));
    assert!(json["equipment_sets"].is_null() && json["party_configs"].is_null());
    assert_eq!(json["versions"]["party_configs_v"], 1);
    assert_eq!(json["timestamp_ms"], synced.time_ms);
}

#[test]
fn the_store_is_the_master_reference_of_whoever_registered_it_first() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open_as(folder.path(), "one"), open_as(folder.path(), "other"));
    assert!(matches!(one.reference("database-persistence-layer"), Err(Error::NotFound { .. })));
    let first = one.register_master_reference().unwrap();
    assert!(first.registered && first == one.register_master_reference().unwrap());
    let second = other.register_master_reference().unwrap();
    assert_eq!((second.registered, second.reference.holder.as_str()), (false, "one"));
    assert_eq!(other.references().unwrap(), [other.reference("database-persistence-layer").unwrap()]);
    assert_eq!(first.reference.about["capabilities"][3], "version_control");
    one.close().unwrap();
    assert!(other.register_master_reference().unwrap().registered, "who is gone holds nothing");
}

#[test]
fn closing_a_handle_ends_what_was_subscribed_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open_as(folder.path(), "one"), open_as(folder.path(), "other"));
    let (direct, dropped) = receiver(|_| ());
    let subscription = one.subscribe("*", &options(r#"{"direct":true}"#), direct).unwrap();
    one.close().unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    other.save("slot", "1", None, None).unwrap();
    subscription.end();
    assert!(one.subscribe("*", &SubscriptionOptions::default(), None).is_err());
}

const PUBLISHERS: usize = 8;
/// Events in all, unless `COFFER_HUB_EVENTS` says another number.
const USUAL_EVENTS: usize = 100_000;

/// Hears the topic `t`, checks that events come once and in order, and counts them.
struct Checker {
    last: Mutex<u64>,
    per_publisher: Mutex<[i64; PUBLISHERS]>,
    heard: AtomicUsize,
}

impl Checker {
    fn new() -> Arc<Checker> {
        Arc::new(Checker {
            last: Mutex::new(0),
            per_publisher: Mutex::new([-1; PUBLISHERS]),
            heard: AtomicUsize::new(0),
        })
    }

    fn check(&self, seen: &Seen<'_>) {
        let mut last = self.last.try_lock().expect("one call at a time");
        assert!(seen.event.id > *last, "{} after {last}", seen.event.id);
        *last = seen.event.id;
        let (publisher, number) = seen.json.split_once('.').unwrap();
        let (publisher, number): (usize, i64) =
            (publisher.parse().unwrap(), number.parse::<i64>().unwrap() - 1_000_000);
        let mut all = self.per_publisher.lock().unwrap();
        let before = std::mem::replace(&mut all[publisher], number);
        assert!(before == -1 || before + 1 == number, "publisher {publisher}: {number} after {before}");
        self.heard.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn many_threads_publish_while_others_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let wanted = std::env::var("COFFER_HUB_EVENTS").map(|text| text.parse().expect("a whole number"));
    let each = wanted.unwrap_or(USUAL_EVENTS) / PUBLISHERS;
    let whole = r#"{"queue":16777216}"#;
    // Four stay from the first event to the last, two of each kind; four come and go all the while.
    let staying: Vec<Arc<Checker>> = (0..4).map(|_| Checker::new()).collect();
    let mut subscriptions = Vec::new();
    let mut drops = Vec::new();
    for (number, checker) in staying.iter().enumerate() {
        let checker = checker.clone();
        let (called, dropped) = receiver(move |seen| checker.check(&seen));
        let how = if number < 2 { options(r#"{"direct":true,"queue":65536}"#) } else { options(whole) };
        subscriptions.push(db.subscribe("t", &how, called).unwrap());
        drops.push(dropped);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let comers: Vec<_> = (0..4).map(|number| come_and_go(db.clone(), number % 2 == 0, stop.clone())).collect();
    let poller = {
        let (db, stop) = (db.clone(), stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                db.poll(Some(1000), None).unwrap();
            }
            while db.poll(None, None).unwrap() > 0 {}
        })
    };
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|publisher| {
            let db = db.clone();
            std::thread::spawn(move || {
                for number in 0..each {
                    db.publish("t", &format!("{publisher}.{}", 1_000_000 + number)).unwrap();
                }
            })
        })
        .collect();
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    stop.store(true, Ordering::SeqCst);
    poller.join().unwrap();
    comers.into_iter().for_each(|comer| comer.join().unwrap());
    while db.poll(None, None).unwrap() > 0 {}
    for checker in &staying {
        assert_eq!(checker.heard.load(Ordering::SeqCst), PUBLISHERS * each);
    }
    subscriptions.iter().for_each(|one| db.unsubscribe(one));
    assert!(drops.iter().all(|dropped| dropped.load(Ordering::SeqCst) == 1));
}

/// Subscribes, hears something, ends, and again.
fn come_and_go(db: Arc<Database>, direct: bool, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            let checker = Checker::new();
            let hears = checker.clone();
            let (called, dropped) = receiver(move |seen| hears.check(&seen));
            let how = SubscriptionOptions { direct, queue: 1 << 20, ..SubscriptionOptions::default() };
            let subscription = db.subscribe("t", &how, called).unwrap();
            std::thread::sleep(Duration::from_micros(300));
            db.unsubscribe(&subscription);
            assert_eq!(dropped.load(Ordering::SeqCst), 1, "dropped once, before the end returned");
        }
    })
}
