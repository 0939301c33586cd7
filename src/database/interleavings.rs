//! A whole store under a model checker: saves, checkpoints, subscriptions and the end, by several threads at once.
//!
//! Compiled under `coffer_shuttle` only; `sync::orders` plays the scenes, on a disk in memory, `disk::Stage`, and without the
//! store's own thread. Invariants tested: a save that was acknowledged as durable is there after a power cut at any moment
//! from then on; after a close that succeeded every save is that was acknowledged at all, and the store can be opened anew;
//! a subscriber that begins with the past hears of each commit once, in order.

use super::{Database, SubscriptionOptions};
use crate::disk::{Call, Stage};
use crate::error::Error;
use crate::hub::{Receiver, Seen};
use crate::options::{Durability, Options};
use crate::sync::orders::{in_every_order, join, one_of};
use shuttle::thread::{JoinHandle, spawn};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

fn open(disk: &Stage) -> Database {
    let options = Options { background: false, segment_bytes: 4096, ..Options::default() };
    Database::open_on(Arc::new(disk.clone()), Path::new("/store"), &options).unwrap()
}

struct Scene {
    disk: Stage,
    store: Database,
    /// The keys of saves that were acknowledged, and whether as durable.
    acknowledged: Mutex<Vec<(String, bool)>>,
}

impl Scene {
    fn new() -> Arc<Scene> {
        let disk = Stage::new();
        let store = open(&disk);
        Arc::new(Scene { disk, store, acknowledged: Mutex::default() })
    }

    fn save(&self, key: String, durability: Durability) -> Result<(), Error> {
        self.store.save(&key, "1", Some(0), Some(durability))?;
        let is_durable = durability == Durability::Durable;
        self.acknowledged.lock().unwrap().push((key, is_durable));
        if is_durable {
            self.check(false);
        }
        Ok(())
    }

    /// What was acknowledged as durable, or all of it, is there after a power cut.
    fn check(&self, all: bool) {
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let after = open(&self.disk.after_a_power_cut());
        for (key, _) in acknowledged.iter().filter(|(_, is_durable)| all || *is_durable) {
            assert!(after.load(key).is_ok(), "{key} is lost");
        }
    }

    fn saver(self: &Arc<Scene>, name: &'static str, levels: &'static [Durability]) -> JoinHandle<()> {
        let scene = self.clone();
        spawn(move || {
            for (number, level) in levels.iter().enumerate() {
                match scene.save(format!("{name}{number}"), *level) {
                    Ok(()) => {}
                    Err(Error::Closed | Error::Failed { .. } | Error::Io { .. }) => break,
                    Err(other) => panic!("{other}"),
                }
            }
        })
    }
}

use Durability::{Behind, Durable, Written};

#[test]
fn a_store_that_was_closed_holds_every_save_that_was_acknowledged() {
    in_every_order(|| {
        let scene = Scene::new();
        let checkpoints = scene.clone();
        let others = [
            scene.saver("a", &[Durable, Behind]),
            scene.saver("b", &[Written, Behind]),
            spawn(move || drop(checkpoints.store.checkpoint())),
        ];
        scene.store.close().unwrap();
        scene.check(true);
        join(others);
        // Whoever came too late was told so.
        scene.check(true);
        drop(open(&scene.disk));
    });
}

#[test]
fn what_was_durable_before_a_failure_stays_and_nothing_is_promised_after_it() {
    in_every_order(|| {
        let scene = Scene::new();
        scene.disk.fail([Call::Sync, Call::SyncFolder, Call::Write][one_of(3)], one_of(5));
        let checkpoints = scene.clone();
        join([
            scene.saver("a", &[Durable, Durable]),
            scene.saver("b", &[Written, Durable]),
            spawn(move || drop(checkpoints.store.checkpoint())),
        ]);
        let is_clean = scene.store.close().is_ok();
        scene.check(is_clean);
    });
}

/// Writes down which commits it is told of.
#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<u64>>,
    is_over: AtomicBool,
}

impl Receiver for Listener {
    fn receive(&self, seen: Seen<'_>) {
        assert!(!self.is_over.load(Ordering::SeqCst), "called after its end");
        self.heard.lock().unwrap().push(seen.event.sequence);
    }
}

#[test]
fn a_subscriber_that_begins_with_the_past_hears_of_each_commit_once_and_in_order() {
    in_every_order(|| {
        let scene = Scene::new();
        scene.save("first".to_owned(), Behind).unwrap();
        let savers = [scene.saver("a", &[Behind, Written]), scene.saver("b", &[Written])];
        let listener = Arc::new(Listener::default());
        let options = SubscriptionOptions { direct: true, since: Some(0), ..SubscriptionOptions::default() };
        let subscription = scene.store.subscribe("database_changed", &options, Some(listener.clone())).unwrap();
        join(savers);
        assert_eq!(*listener.heard.lock().unwrap(), [1, 2, 3, 4]);
        scene.store.unsubscribe(&subscription);
        listener.is_over.store(true, Ordering::SeqCst);
        scene.save("last".to_owned(), Behind).unwrap();
    });
}

#[test]
fn a_subscriber_is_ended_by_its_store_and_by_itself_while_others_save() {
    in_every_order(|| {
        let scene = Scene::new();
        let listener = Arc::new(Listener::default());
        let options = SubscriptionOptions { direct: true, ..SubscriptionOptions::default() };
        let subscription = scene.store.subscribe("*", &options, Some(listener.clone())).unwrap();
        let late = Arc::new(Listener::default());
        let (closer, subscriber, its) = (scene.clone(), scene.clone(), late.clone());
        let threads = [
            spawn(move || drop(subscriber.store.subscribe("*", &SubscriptionOptions::default(), Some(its)))),
            scene.saver("a", &[Behind, Written]),
            scene.saver("b", &[Behind]),
            spawn(move || closer.store.close().unwrap()),
        ];
        scene.store.unsubscribe(&subscription);
        listener.is_over.store(true, Ordering::SeqCst);
        join(threads);
        assert_eq!(Arc::strong_count(&late), 1, "what was subscribed too late outlives its store's end");
        let heard = listener.heard.lock().unwrap().clone();
        assert!(heard.is_sorted_by(|one, next| one < next), "{heard:?}");
    });
}
