//! Receivers without a lock of their own, as those of C plug-ins are: the hub's word that it calls on one thread at a time,
//! and never after the end, has to be enough.
//!
//! Runs on real files. What the receivers write is plain memory, so `tests/sanitize/run` has ThreadSanitizer prove that
//! each call happens before the next one, and before the end returns, by the hub's own locks. Invariant tested: that, and
//! that each event is heard once and in order.

use coffer::database::{Database, SubscriptionOptions};
use coffer::hub::{Event, Payload, Receiver, Seen};
use coffer::options::Requested;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const THREADS: usize = 8;
/// Events in all, unless `COFFER_HUB_EVENTS` says another number.
const USUAL_EVENTS: usize = 100_000;

/// What a receiver remembers.
#[derive(Default, Clone, Copy)]
struct Memory {
    heard: usize,
    last: u64,
    late: usize,
}

#[derive(Default)]
struct Plain(UnsafeCell<Memory>);

// SAFETY: only what the hub calls writes to it, one call at a time, and others look at it only after the end. Whether the
// hub keeps that is what is tested.
unsafe impl Send for Plain {}
// SAFETY: as above.
unsafe impl Sync for Plain {}

/// Counts what it hears.
struct Count(Arc<Plain>);

impl Receiver for Count {
    fn receive(&self, seen: Seen<'_>) {
        // SAFETY: as the hub calls.
        let memory = unsafe { &mut *self.0.0.get() };
        // Said at the end: a panic here would leave the others waiting for this call.
        memory.late += usize::from(seen.event.id <= memory.last);
        memory.last = seen.event.id;
        memory.heard += 1;
    }
}

/// Subscribes, does something meanwhile, ends; returns how many events were heard.
fn heard_during(db: &Database, direct: bool, meanwhile: impl FnOnce()) -> usize {
    let plain = Arc::new(Plain::default());
    let how = SubscriptionOptions { direct, queue: 1 << 24, ..SubscriptionOptions::default() };
    let subscription = db.subscribe("t", &how, Some(Arc::new(Count(plain.clone())))).unwrap();
    meanwhile();
    db.unsubscribe(&subscription);
    // SAFETY: the subscription is over, so nobody writes any more.
    let memory = unsafe { *plain.0.get() };
    assert_eq!(memory.late, 0, "in order");
    memory.heard
}

#[test]
fn receivers_need_no_lock_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path(), &Requested::parse(None).unwrap()).unwrap();
    let wanted = std::env::var("COFFER_HUB_EVENTS").map(|text| text.parse().expect("a whole number"));
    let each = wanted.unwrap_or(USUAL_EVENTS) / THREADS;
    let stop = AtomicBool::new(false);
    // Relaxed, so that nothing but the hub brings the threads into an order.
    let goes_on = || !stop.load(Ordering::Relaxed);
    let publish_all = || {
        std::thread::scope(|scope| {
            let publisher = || {
                for _ in 0..each {
                    db.publish("t", "1").unwrap();
                }
            };
            let publishers = [(); THREADS].map(|()| scope.spawn(publisher));
            publishers.into_iter().for_each(|one| one.join().unwrap());
        });
    };
    std::thread::scope(|scope| {
        // Two poll the same subscriptions, and six come and go while two stay: one of each kind.
        let poller = || {
            while goes_on() || db.poll(Some(100), None).unwrap() > 0 {
                db.poll(Some(100), None).unwrap();
            }
        };
        let comer = |direct| {
            while goes_on() {
                heard_during(&db, direct, || std::thread::sleep(Duration::from_micros(300)));
            }
        };
        let pollers = [(); 2].map(|()| scope.spawn(poller));
        let comers = [0, 1, 2, 3, 4, 5].map(|number| scope.spawn(move || comer(number % 2 == 0)));
        let polled = heard_during(&db, false, || {
            assert_eq!(heard_during(&db, true, publish_all), THREADS * each);
            stop.store(true, Ordering::Relaxed);
            pollers.into_iter().for_each(|one| one.join().unwrap());
        });
        assert_eq!(polled, THREADS * each);
        comers.into_iter().for_each(|one| one.join().unwrap());
    });
}

/// What `tests/sanitize/run` looks for, so that it knows that it would see it.
#[test]
#[ignore = "a race on purpose"]
fn two_calls_at_once() {
    let count = Count(Arc::default());
    let call = |id| {
        let payload = Payload::Json("1".into());
        let event = Event { id, topic: "t".into(), sequence: 0, source: "".into(), time_ms: 0, payload };
        (0..1000).for_each(|_| count.receive(Seen { event: &event, json: "1" }));
    };
    std::thread::scope(|scope| drop([1, 2].map(|id| scope.spawn(move || call(id)))));
}
