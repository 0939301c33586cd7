//! The hub under a model checker, which decides at every lock which thread goes on: thousands of orders for each of a few
//! short scenes, and no deadlock in any.
//!
//! Compiled under `coffer_shuttle` only; `sync::orders` plays the scenes. Invariant tested: a receiver hears each event once
//! and in order, on one thread at a time, is dropped once, and is neither called nor there when its end has returned.

use super::{Budget, Call, Callee, Event, Hub, Pattern, Payload, Plugin, PluginInfo, Receiver, Seen, Subscriber, Wish};
use crate::error::Error;
use crate::sync::orders::{in_every_order, join};
use shuttle::thread;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// What a receiver heard, and what became of it. The threads take turns, so the standard library's locks never wait here,
/// and are no points at which another thread goes on.
#[derive(Default)]
struct Told {
    heard: Mutex<Vec<u64>>,
    missed: AtomicUsize,
    is_running: AtomicBool,
    is_over: AtomicBool,
    dropped: AtomicUsize,
    subscriber: OnceLock<Weak<Subscriber>>,
}

impl Told {
    fn heard(&self) -> Vec<u64> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// To be called when an `unsubscribe` has returned.
    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        assert!(!self.is_running.load(Ordering::SeqCst), "it is still being called");
        assert_eq!(self.dropped.load(Ordering::SeqCst), 1, "dropped once, before the end returned");
    }
}

/// Writes down what it hears, and then acts.
struct Listener<F> {
    told: Arc<Told>,
    act: F,
}

impl<F: Fn(&Event) + Send + Sync> Receiver for Listener<F> {
    fn receive(&self, seen: Seen<'_>) {
        let told = &self.told;
        assert!(!told.is_over.load(Ordering::SeqCst), "called after its end");
        assert_eq!(told.dropped.load(Ordering::SeqCst), 0, "called after it was dropped");
        assert!(!told.is_running.swap(true, Ordering::SeqCst), "called by two at once");
        thread::yield_now();
        match seen.event.payload {
            Payload::Missed { events, .. } => drop(told.missed.fetch_add(events as usize, Ordering::SeqCst)),
            _ => told.heard.lock().unwrap().push(seen.event.id),
        }
        (self.act)(seen.event);
        thread::yield_now();
        assert!(!told.is_over.load(Ordering::SeqCst), "its end returned before it did");
        told.is_running.store(false, Ordering::SeqCst);
    }
}

impl<F> Drop for Listener<F> {
    fn drop(&mut self) {
        // A thread that came here with the subscriber's lock would wait for itself.
        if let Some(subscriber) = self.told.subscriber.get().and_then(Weak::upgrade) {
            subscriber.next_id();
        }
        self.told.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn event(id: u64, topic: &str) -> Event {
    Event { id, topic: topic.into(), sequence: id, source: "".into(), time_ms: 0, payload: Payload::Json("1".into()) }
}

fn publish(hub: &Hub, topic: &str) {
    hub.publish(|id| event(id, topic)).deliver();
}

fn wish(pattern: &str, direct: bool, capacity: usize) -> Wish {
    Wish { pattern: Pattern::parse(pattern).unwrap(), direct, with_data: false, capacity }
}

/// Adds a subscriber that does `act` with each event.
fn subscribe(hub: &Hub, wish: Wish, act: impl Fn(&Event) + Send + Sync + 'static) -> (Arc<Subscriber>, Arc<Told>) {
    let told = Arc::new(Told::default());
    let listener = Listener { told: told.clone(), act };
    let subscriber = hub.subscribe(wish, Some(Arc::new(listener)), false);
    told.subscriber.get_or_init(|| Arc::downgrade(&subscriber));
    (subscriber, told)
}

/// Calls receivers with at most so many events.
fn poll(subscribers: &[Arc<Subscriber>], events: usize) -> usize {
    super::poll(&[], &super::Plugins::default(), subscribers, &Budget::new(events, None))
}

/// A thread that publishes so many events.
fn publisher(hub: &Arc<Hub>, topic: &'static str, events: usize) -> thread::JoinHandle<()> {
    let hub = hub.clone();
    thread::spawn(move || (0..events).for_each(|_| publish(&hub, topic)))
}

#[test]
fn what_several_publish_is_heard_once_and_in_order_before_the_last_of_them_returns() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (subscriber, told) = subscribe(&hub, wish("*", true, 100), |_| ());
        join([publisher(&hub, "a", 2), publisher(&hub, "b", 2), publisher(&hub, "c", 1)]);
        assert_eq!(told.heard(), [1, 2, 3, 4, 5]);
        hub.unsubscribe(&subscriber);
        told.end();
    });
}

#[test]
fn a_full_queue_costs_events_but_not_their_number_nor_their_order() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (subscriber, told) = subscribe(&hub, wish("*", true, 2), |_| ());
        join([publisher(&hub, "a", 3), publisher(&hub, "b", 3), publisher(&hub, "c", 2)]);
        let heard = told.heard();
        assert!(heard.is_sorted_by(|one, next| one < next), "{heard:?}");
        assert_eq!(heard.len() + told.missed.load(Ordering::SeqCst), 8);
        hub.unsubscribe(&subscriber);
        told.end();
    });
}

#[test]
fn the_end_comes_between_calls_and_nothing_after_it() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (subscriber, told) = subscribe(&hub, wish("*", true, 2), |_| ());
        let publishers = [publisher(&hub, "a", 2), publisher(&hub, "b", 2)];
        hub.unsubscribe(&subscriber);
        told.end();
        join(publishers);
        assert_eq!(told.dropped.load(Ordering::SeqCst), 1);
        let heard = told.heard();
        assert_eq!(heard, (1..=heard.len() as u64).collect::<Vec<_>>());
    });
}

#[test]
fn a_receiver_ends_itself_while_another_thread_ends_it_too() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let itself: Arc<OnceLock<Arc<Subscriber>>> = Arc::default();
        let (its_hub, own) = (Arc::downgrade(&hub), itself.clone());
        let (subscriber, told) = subscribe(&hub, wish("*", true, 100), move |event| {
            if event.id == 2 {
                its_hub.upgrade().unwrap().unsubscribe(own.get().unwrap());
            }
            assert!(event.id <= 2, "called after it ended itself");
        });
        drop(itself.set(subscriber.clone()));
        let publishers = [publisher(&hub, "a", 2), publisher(&hub, "b", 2)];
        hub.unsubscribe(&subscriber);
        told.end();
        join(publishers);
        assert_eq!(told.dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn two_threads_end_the_same_subscriber() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (subscriber, told) = subscribe(&hub, wish("*", true, 100), |_| ());
        let publisher = publisher(&hub, "a", 2);
        let (other_hub, other_told, same) = (hub.clone(), told.clone(), subscriber.clone());
        let other = thread::spawn(move || {
            other_hub.unsubscribe(&same);
            other_told.end();
        });
        hub.unsubscribe(&subscriber);
        told.end();
        join([publisher, other]);
    });
}

#[test]
fn what_is_brought_back_comes_first_and_nothing_is_lost() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (subscriber, told) = subscribe(&hub, wish("*", true, 100), |_| ());
        let publishers = [publisher(&hub, "a", 2), publisher(&hub, "b", 2)];
        let waited = subscriber.hold();
        let brought = [101, 102].map(|id| Arc::new(event(id, "a")));
        subscriber.bring_back(brought.into_iter().chain(waited).collect::<VecDeque<_>>());
        subscriber.drain();
        join(publishers);
        let heard = told.heard();
        assert_eq!(heard.iter().filter(|id| **id < 100).copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
        let first = heard.iter().position(|id| *id == 101).unwrap();
        assert_eq!(heard.get(first + 1), Some(&102), "together: {heard:?}");
        hub.unsubscribe(&subscriber);
        told.end();
    });
}

#[test]
fn two_threads_poll_while_others_publish_and_one_ends() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (stays, told) = subscribe(&hub, wish("*", false, 100), |_| ());
        let (goes, told_until) = subscribe(&hub, wish("a", false, 100), |_| ());
        let both = [stays.clone(), goes.clone()];
        let pollers = [0, 1].map(|_| {
            let both = both.clone();
            thread::spawn(move || {
                poll(&both, 3);
            })
        });
        let publishers = [publisher(&hub, "a", 2), publisher(&hub, "b", 1)];
        hub.unsubscribe(&goes);
        told_until.end();
        join(publishers.into_iter().chain(pollers));
        while poll(&both, 100) > 0 {}
        assert_eq!(told.heard(), [1, 2, 3]);
        hub.unsubscribe(&stays);
        told.end();
    });
}

#[test]
fn one_poller_calls_all_receivers_in_one_order() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let last = Arc::new(AtomicUsize::new(0));
        let subscribers = ["a", "b"].map(|topic| {
            let last = last.clone();
            let in_order = move |event: &Event| {
                let before = last.swap(event.id as usize, Ordering::SeqCst);
                assert!(before < event.id as usize, "{} after {before}", event.id);
            };
            subscribe(&hub, wish(topic, false, 100), in_order).0
        });
        let publishers = [publisher(&hub, "a", 2), publisher(&hub, "b", 2)];
        let mut delivered = poll(&subscribers, 3);
        join(publishers);
        delivered += poll(&subscribers, 100);
        assert_eq!(delivered, 4);
    });
}

/// Whoever would wait in a circle does not.
#[test]
fn receivers_that_end_each_other_do_not_wait_for_each_other() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let others: [Arc<OnceLock<Arc<Subscriber>>>; 2] = Default::default();
        let [x, y] = [("x", 1), ("y", 0)].map(|(hears, other)| {
            let (its_hub, other) = (Arc::downgrade(&hub), others[other].clone());
            subscribe(&hub, wish(hears, true, 100), move |_| {
                its_hub.upgrade().unwrap().unsubscribe(other.get().unwrap());
            })
        });
        drop((others[0].set(x.0), others[1].set(y.0)));
        join([publisher(&hub, "x", 2), publisher(&hub, "y", 2)]);
        for told in [x.1, y.1] {
            assert!(told.dropped.load(Ordering::SeqCst) <= 1);
        }
    });
}

/// One thread ends what the other is called for, from its own callback; the other, once it is out of that, ends what the
/// first is still called for, and has to wait for it.
#[test]
fn the_end_waits_for_one_who_has_only_just_stopped_waiting() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (quick, quick_told) = subscribe(&hub, wish("quick", true, 100), |_| ());
        let (its_hub, ended) = (Arc::downgrade(&hub), quick_told.clone());
        let (slow, slow_told) = subscribe(&hub, wish("slow", true, 100), move |_| {
            its_hub.upgrade().unwrap().unsubscribe(&quick);
            ended.end();
        });
        let slow_publisher = publisher(&hub, "slow", 1);
        publish(&hub, "quick");
        hub.unsubscribe(&slow);
        slow_told.end();
        join([slow_publisher]);
    });
}

/// Each receiver asks the other, whose queue has room for one event: whoever is being called must not wait for the other.
#[test]
fn receivers_that_publish_to_each_other_do_not_wait_for_each_other() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let both = [("x*", "y told"), ("y*", "x told")].map(|(hears, tells)| {
            let its_hub = Arc::downgrade(&hub);
            subscribe(&hub, wish(hears, true, 1), move |event| {
                if event.topic.ends_with("asked") {
                    publish(&its_hub.upgrade().unwrap(), tells);
                }
            })
        });
        join([publisher(&hub, "x asked", 2), publisher(&hub, "y asked", 2)]);
        for (subscriber, told) in both {
            hub.unsubscribe(&subscriber);
            told.end();
        }
    });
}

/// A plug-in's callee: answers, and then acts.
struct Answering<F> {
    told: Arc<Told>,
    act: F,
}

impl<F: Fn() + Send + Sync> Callee for Answering<F> {
    fn call(&self, call: &Arc<Call>) {
        let told = &self.told;
        assert!(!told.is_over.load(Ordering::SeqCst), "called after its end");
        assert!(!told.is_running.swap(true, Ordering::SeqCst), "called by two at once");
        thread::yield_now();
        call.answer("1").unwrap();
        (self.act)();
        thread::yield_now();
        assert!(!told.is_over.load(Ordering::SeqCst), "its end returned before it did");
        told.is_running.store(false, Ordering::SeqCst);
    }
}

impl<F> Drop for Answering<F> {
    fn drop(&mut self) {
        self.told.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Registers a plug-in that acts when it is called.
fn register(hub: &Hub, name: &str, direct: bool, act: impl Fn() + Send + Sync + 'static) -> (Arc<Plugin>, Arc<Told>) {
    let told = Arc::new(Told::default());
    let info = PluginInfo {
        name: name.to_owned(),
        version: semver::Version::new(1, 0, 0),
        dependencies: Default::default(),
        exports: vec!["m".to_owned()],
        direct,
        holder: String::new(),
        owner: 1,
    };
    let callee = Arc::new(Answering { told: told.clone(), act });
    (hub.plugins.register(Plugin::new(info, Some(callee))).unwrap(), told)
}

/// A thread that calls a plug-in so often. Each call is answered, or fails because the plug-in left.
fn caller(hub: &Arc<Hub>, plugin: &Arc<Plugin>, calls: usize) -> thread::JoinHandle<()> {
    let (hub, plugin) = (hub.clone(), plugin.clone());
    thread::spawn(move || {
        for _ in 0..calls {
            let working = &hub.plugins.working;
            let call = working.begin("p", "m", "", "1", std::time::Duration::from_secs(3600)).unwrap();
            match plugin.hand_over(&call, working).and_then(|()| call.outcome()) {
                Ok(answer) => assert_eq!(answer, "1"),
                Err(Error::CallFailed { .. } | Error::UnknownPlugin { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    })
}

#[test]
fn two_threads_end_a_plugin_that_is_being_called() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (plugin, told) = register(&hub, "p", true, || ());
        let caller = caller(&hub, &plugin, 2);
        let (same, other_told) = (plugin.clone(), told.clone());
        let other = thread::spawn(move || {
            same.remove();
            other_told.end();
        });
        plugin.remove();
        told.end();
        join([caller, other]);
    });
}

#[test]
fn a_polled_plugin_leaves_no_caller_waiting() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (plugin, told) = register(&hub, "p", false, || ());
        let callers = [caller(&hub, &plugin, 1), caller(&hub, &plugin, 1)];
        super::poll(std::slice::from_ref(&plugin), &hub.plugins, &[], &Budget::new(1, None));
        plugin.remove();
        told.end();
        join(callers);
    });
}

#[test]
fn of_two_that_poll_one_at_a_time_calls_a_plugin() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let (plugin, told) = register(&hub, "p", false, || ());
        let callers = [caller(&hub, &plugin, 1), caller(&hub, &plugin, 1)];
        let pollers = [0, 1].map(|_| {
            let (hub, plugins) = (hub.clone(), [plugin.clone()]);
            thread::spawn(move || {
                super::poll(&plugins, &hub.plugins, &[], &Budget::new(2, None));
            })
        });
        join(pollers);
        plugin.remove();
        told.end();
        join(callers);
    });
}

#[test]
fn plugins_that_end_each_other_do_not_wait_for_each_other() {
    in_every_order(|| {
        let hub = Arc::new(Hub::default());
        let others: [Arc<OnceLock<Arc<Plugin>>>; 2] = Default::default();
        let [x, y] = [("x", 1), ("y", 0)].map(|(name, other)| {
            let other = others[other].clone();
            register(&hub, name, true, move || other.get().unwrap().remove())
        });
        drop((others[0].set(x.0.clone()), others[1].set(y.0.clone())));
        join([caller(&hub, &x.0, 1), caller(&hub, &y.0, 1)]);
        for told in [x.1, y.1] {
            assert!(told.dropped.load(Ordering::SeqCst) <= 1);
        }
    });
}
