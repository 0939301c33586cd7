//! One subscriber: its queue, and how it is called.
//!
//! A subscriber has a lock of its own. Whoever delivers takes the right to do so, gives the lock back, calls, and takes
//! the lock again; so removing waits for a call under way, and none comes after. Invariant: at most one thread delivers
//! at a time, in the order of the queue; a removed subscriber's receiver is dropped exactly once, outside every lock.

use super::event::{Event, Payload, Seen};
use super::threads::{Wait, in_callback, is_in_callback, this_thread};
use super::topic::{OVERFLOW, Pattern};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a publisher waits at most for a direct subscriber that another thread is calling.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Who is called with events.
pub trait Receiver: Send + Sync {
    /// Takes one event. It may call everything, also what removes it.
    fn receive(&self, seen: Seen<'_>);
}

/// What a subscriber wants.
#[derive(Debug, Clone)]
pub struct Wish {
    pub pattern: Pattern,
    /// Called on the publishing thread, or else when it polls.
    pub direct: bool,
    /// Whether it wants the documents that were saved.
    pub with_data: bool,
    /// How many events wait for it at most.
    pub capacity: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<Event>>,
    receiver: Option<Arc<dyn Receiver>>,
    /// The thread that is delivering.
    delivering: Option<usize>,
    /// How many wait for that to end.
    waiting: usize,
    /// What is brought back from the journal comes first, so that nothing is delivered before it is here.
    held: bool,
    removed: bool,
    /// How many events did not fit.
    lost: u64,
}

pub struct Subscriber {
    wish: Wish,
    state: Mutex<State>,
    changed: Condvar,
}

impl Subscriber {
    /// One that is `held` delivers nothing until `bring_back`.
    pub fn new(wish: Wish, receiver: Option<Arc<dyn Receiver>>, held: bool) -> Subscriber {
        Subscriber { wish, state: Mutex::new(State { receiver, held, ..State::default() }), changed: Condvar::new() }
    }

    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// Queues an event. One that does not fit is counted in the last place of the queue.
    pub fn push(&self, event: Arc<Event>) {
        let mut state = self.state.lock();
        if state.removed {
            return;
        }
        if state.queue.len() < self.wish.capacity {
            state.queue.push_back(event);
            return;
        }
        state.lost += 1;
        let missed = match state.queue.back().map(|last| &last.payload) {
            Some(Payload::Missed { events, from_sequence, .. }) => {
                let (events, from_sequence) = (events + 1, *from_sequence);
                state.queue.pop_back();
                Payload::Missed { events, from_sequence, to_sequence: event.sequence }
            }
            _ => Payload::Missed { events: 1, from_sequence: event.sequence, to_sequence: event.sequence },
        };
        state.queue.push_back(Arc::new(overflow(&event, missed)));
    }

    /// How many events wait, and how many did not fit so far.
    pub fn figures(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.queue.len() as u64, state.lost)
    }

    /// Delivers nothing more until `bring_back`, and hands out what waited.
    pub fn hold(&self) -> VecDeque<Arc<Event>> {
        let mut state = self.state.lock();
        state.held = true;
        std::mem::take(&mut state.queue)
    }

    /// Puts what happened before in front of what was published since `hold`, and goes on.
    pub fn bring_back(&self, mut events: VecDeque<Arc<Event>>) {
        let mut state = self.state.lock();
        events.append(&mut state.queue);
        state.queue = events;
        state.held = false;
    }

    /// The number of the event that is next, if the receiver can be called with it now.
    pub fn next_id(&self) -> Option<u64> {
        let state = self.state.lock();
        let is_free = !state.held && state.receiver.is_some() && state.delivering.is_none();
        state.queue.front().filter(|_| is_free).map(|event| event.id)
    }

    /// Takes the next event away, for one who is not called but asks.
    pub fn take(&self) -> Option<Arc<Event>> {
        let mut state = self.state.lock();
        if state.held || state.removed { None } else { state.queue.pop_front() }
    }

    /// Calls the receiver with the next event. False if there is none, or another thread is delivering.
    pub fn deliver_one(&self) -> bool {
        let state = self.state.lock();
        if state.delivering.is_some() {
            return false;
        }
        let (state, delivered) = self.deliver_next(state);
        self.leave(state);
        delivered
    }

    /// Calls the receiver with everything that waits, unless a thread is at it already, which then goes on with it.
    pub fn drain(&self) {
        let mut state = self.state.lock();
        if state.delivering.is_some() {
            return;
        }
        loop {
            let delivered;
            (state, delivered) = self.deliver_next(state);
            if !delivered {
                break;
            }
            // Whoever waits for room looks again.
            self.changed.notify_all();
        }
        self.leave(state);
    }

    /// Gives back the right to deliver.
    fn leave(&self, mut state: MutexGuard<'_, State>) {
        state.delivering = None;
        if state.waiting > 0 {
            Wait::is_over(self.place());
        }
        self.changed.notify_all();
    }

    /// Tells it from others.
    fn place(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Calls the receiver with the next event, without the lock.
    fn deliver_next<'s>(&'s self, mut state: MutexGuard<'s, State>) -> (MutexGuard<'s, State>, bool) {
        state.delivering = Some(this_thread());
        let Some(receiver) = state.receiver.clone().filter(|_| !state.held && !state.removed) else {
            return (state, false);
        };
        let Some(event) = state.queue.pop_front() else { return (state, false) };
        drop(state);
        let json = event.json(self.wish.with_data);
        in_callback(|| receiver.receive(Seen { event: &event, json: &json }));
        // Before anybody can see that the call is over: a remover that waits must find it dropped.
        drop(receiver);
        (self.state.lock(), true)
    }

    /// Waits until a direct subscriber that another thread is calling has caught up by half. One who is being called
    /// waits for nobody, since the other may be waiting for it.
    pub fn await_room(&self) {
        if is_in_callback() {
            return;
        }
        let until = Instant::now() + LONGEST_WAIT;
        let mut state = self.state.lock();
        while state.queue.len() > self.wish.capacity / 2 && state.delivering.is_some() && Instant::now() < until {
            (state, _) = self.changed.wait_for(state, LONGEST_WAIT / 10);
        }
    }

    /// Ends it: waits for a call under way and drops the receiver. Does not wait for a call on this very thread, nor for
    /// one that is itself waiting for this thread: the receiver is then dropped when that returns.
    pub fn remove(&self) {
        let mut state = self.state.lock();
        state.removed = true;
        let queue = std::mem::take(&mut state.queue);
        while let Some(thread) = state.delivering.filter(|thread| *thread != this_thread()) {
            let Some(_noted) = Wait::begin(thread, self.place()) else { break };
            state.waiting += 1;
            state = self.changed.wait(state);
            state.waiting -= 1;
        }
        let receiver = state.receiver.take();
        // Another thread that ends it too waits for the drop as for a call.
        let is_free = state.delivering.is_none();
        if is_free {
            state.delivering = Some(this_thread());
        }
        drop(state);
        drop(queue);
        drop(receiver);
        if is_free {
            self.leave(self.state.lock());
        }
    }
}

fn overflow(event: &Event, payload: Payload) -> Event {
    let (id, sequence, time_ms) = (event.id, event.sequence, event.time_ms);
    Event { id, topic: OVERFLOW.into(), sequence, source: "".into(), time_ms, payload }
}
