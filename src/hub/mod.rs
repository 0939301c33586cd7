//! The Integration Hub: events go from whoever publishes to whoever subscribed, in one order for all.
//!
//! Definitions. An *event* has a *topic*. A *subscriber* hears the topics that its pattern matches; it is *direct* if it is
//! called on the publishing thread, else *polled*: its events wait until its own thread asks for them. A *plug-in* has a
//! name and methods that others can call. The *host* is a hub of the engine's own, which is asked before this one acts.
//!
//! Invariants.
//! 1. Events get their numbers and go into every queue under one lock, so that all subscribers meet them in one order.
//! 2. No lock is held while a receiver runs. It runs on one thread at a time, and never again once its subscriber has been
//!    removed.
//! 3. A queue is bounded. What did not fit is told by one event that says what was missed; publishing never waits for a
//!    polled subscriber.
//!
//! This part knows nothing of stores and journals; `database` publishes the commits and brings back what was missed.

mod calls;
mod event;
mod host;
#[cfg(all(test, coffer_shuttle))]
mod interleavings;
mod plugins;
mod references;
mod subscriber;
mod threads;
mod topic;

pub use calls::{Asked, Call, Callee};
pub use event::{Changed, Event, Payload, Seen};
pub use host::{Host, NAME as HOST_NAME};
pub use plugins::{Plugin, PluginInfo, PluginView};
pub use references::Reference;
pub use subscriber::{Receiver, Subscriber, Wish};
pub use threads::this_thread;
pub use topic::{CHANGED, OVERFLOW, PLUGIN_LEFT, PLUGIN_REGISTERED, Pattern, SYNC, check_topic};

use crate::sync::Mutex;
use plugins::Plugins;
use references::References;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The hub of one store.
#[derive(Default)]
pub struct Hub {
    list: Mutex<List>,
    /// How many subscribers hear of commits, and how many of them want the documents too. A save looks here first.
    hear_changes: AtomicUsize,
    want_data: AtomicUsize,
    pub references: References,
    pub plugins: Plugins,
    pub host: Host,
}

#[derive(Default)]
struct List {
    subscribers: Vec<Arc<Subscriber>>,
    published: u64,
}

/// An event in the queues, that direct subscribers still have to be called with.
#[must_use = "direct subscribers are called by `deliver`"]
pub struct Published {
    pub id: u64,
    /// How many subscribers it went to.
    pub heard_by: u64,
    direct: Vec<Arc<Subscriber>>,
}

impl Published {
    /// Calls the direct subscribers. The caller holds no lock.
    pub fn deliver(self) {
        for subscriber in self.direct {
            subscriber.drain();
            subscriber.await_room();
        }
    }
}

/// Events whose direct subscribers are called when this is dropped: declared before a lock is taken, it is dropped after the
/// lock is given back, whatever happens between.
#[derive(Default)]
pub struct Outbox(Vec<Published>);

impl Outbox {
    pub fn put(&mut self, published: Option<Published>) {
        self.0.extend(published);
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_iter().for_each(Published::deliver);
    }
}

impl Hub {
    /// Whether anybody hears of commits.
    #[inline]
    pub fn hears_changes(&self) -> bool {
        self.hear_changes.load(Ordering::Relaxed) > 0
    }

    /// Whether anybody wants to be told the documents that were saved.
    pub fn wants_data(&self) -> bool {
        self.want_data.load(Ordering::Relaxed) > 0
    }

    /// Adds a subscriber; it hears what is published from now on. One that is `held` is not called before `bring_back`.
    pub fn subscribe(&self, wish: Wish, receiver: Option<Arc<dyn Receiver>>, held: bool) -> Arc<Subscriber> {
        let subscriber = Arc::new(Subscriber::new(wish, receiver, held));
        let mut list = self.list.lock();
        self.count(&subscriber, |count, one| count + one);
        list.subscribers.push(subscriber.clone());
        subscriber
    }

    fn count(&self, subscriber: &Subscriber, change: impl Fn(usize, usize) -> usize) {
        let wish = subscriber.wish();
        let hears = wish.pattern.matches(CHANGED);
        for (counter, counts) in [(&self.hear_changes, hears), (&self.want_data, hears && wish.with_data)] {
            // Under the list's lock nobody else changes it.
            counter.store(change(counter.load(Ordering::Relaxed), usize::from(counts)), Ordering::Relaxed);
        }
    }

    /// Removes a subscriber. When this returns, its receiver is not running and will not run again, and has been dropped;
    /// called by the receiver itself, that is so when the receiver returns.
    pub fn unsubscribe(&self, subscriber: &Arc<Subscriber>) {
        {
            let mut list = self.list.lock();
            let before = list.subscribers.len();
            list.subscribers.retain(|one| !Arc::ptr_eq(one, subscriber));
            if list.subscribers.len() < before {
                self.count(subscriber, usize::saturating_sub);
            }
        }
        subscriber.remove();
    }

    /// What is going on.
    pub fn figures(&self) -> Figures {
        let list = self.list.lock();
        let mut figures =
            Figures { events: list.published, subscribers: list.subscribers.len() as u64, ..Figures::default() };
        for (queued, lost) in list.subscribers.iter().map(|one| one.figures()) {
            figures.queued += queued;
            figures.lost += lost;
        }
        drop(list);
        figures.plugins = self.plugins.count();
        figures
    }

    /// Puts an event into the queues of those who hear its topic.
    pub fn publish(&self, make: impl FnOnce(u64) -> Event) -> Published {
        let mut list = self.list.lock();
        list.published += 1;
        let event = Arc::new(make(list.published));
        let mut published = Published { id: event.id, heard_by: 0, direct: Vec::new() };
        for subscriber in list.subscribers.iter().filter(|one| one.wish().pattern.matches(&event.topic)) {
            subscriber.push(event.clone());
            published.heard_by += 1;
            if subscriber.wish().direct {
                published.direct.push(subscriber.clone());
            }
        }
        published
    }
}

/// How much a hub has to do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Published since the hub began.
    pub events: u64,
    pub subscribers: u64,
    /// What waits in all their queues, and what did not fit since they subscribed.
    pub queued: u64,
    pub lost: u64,
    pub plugins: u64,
}

/// How long polling may go on.
pub struct Budget {
    pub events: usize,
    pub until: Option<Instant>,
    started: Instant,
}

impl Budget {
    pub fn new(events: usize, until: Option<Instant>) -> Budget {
        Budget { events, until, started: Instant::now() }
    }

    /// Whether one more event fits, if it takes as long as the ones before did. The first always does.
    fn has_room(&self, delivered: usize) -> bool {
        let Some(until) = self.until.filter(|_| delivered > 0) else { return delivered < self.events };
        let now = Instant::now();
        let each = now.duration_since(self.started) / u32::try_from(delivered).unwrap_or(u32::MAX);
        delivered < self.events && now + each <= until
    }
}

/// Calls polled plug-ins with the calls that wait, since somebody waits for the answers, and then polled subscribers with
/// their events, in the order of events. Returns how many calls and events there were.
pub fn poll(plugins: &[Arc<Plugin>], all: &Plugins, subscribers: &[Arc<Subscriber>], budget: &Budget) -> usize {
    let mut delivered = 0;
    let next = || subscribers.iter().filter_map(|one| Some((one.next_id()?, one))).min_by_key(|(id, _)| *id);
    while budget.has_room(delivered) {
        if plugins.iter().any(|plugin| plugin.run_one(&all.working)) {
            delivered += 1;
            continue;
        }
        // A subscriber that was looked at first may have got an event before the found one was published. By now it has it,
        // since events go into the queues in their order: so the second look finds the first of all.
        let Some((_, subscriber)) = next().and_then(|_| next()) else { break };
        delivered += usize::from(subscriber.deliver_one());
    }
    delivered
}
