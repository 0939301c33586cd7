//! Who is inside: the threads that work on requests, and the streams that are open.
//!
//! Invariant: once the door is closed nobody enters, and whoever closed it waits until all others have left. A thread that
//! is inside itself cannot wait for itself, and is told so.

use super::problem::{Outcome, Problem};
use crate::sync::{Condvar, Mutex};
use http::{StatusCode, header};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most streams at once.
const MOST_STREAMS: usize = 16;

std::thread_local! {
    /// Its address tells threads apart; it has no destructor, which would keep the library loaded.
    static HERE: u8 = const { 0 };
}

fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here) as usize)
}

#[derive(Default)]
struct State {
    threads: Vec<usize>,
    closed: bool,
}

/// The threads that work on requests.
#[derive(Default)]
pub struct Inside {
    state: Mutex<State>,
    left: Condvar,
}

/// A thread's being inside.
pub struct Stay<'i>(&'i Inside);

impl Inside {
    pub fn enter(&self) -> Outcome<Stay<'_>> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Problem::closing());
        }
        state.threads.push(this_thread());
        Ok(Stay(self))
    }

    /// Whether this very thread is inside.
    pub fn is_here(&self) -> bool {
        self.state.lock().threads.contains(&this_thread())
    }

    /// Closes the door and waits for those who are inside.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        while !state.threads.is_empty() {
            state = self.left.wait(state);
        }
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if let Some(place) = state.threads.iter().rposition(|thread| *thread == this_thread()) {
            state.threads.swap_remove(place);
        }
        self.0.left.notify_all();
    }
}

/// The streams that are open.
#[derive(Default)]
pub struct Streams(AtomicUsize);

/// A stream's place among them.
pub struct Place(Arc<Streams>);

impl Streams {
    pub fn enter(self: &Arc<Self>) -> Outcome<Place> {
        if self.0.fetch_add(1, Ordering::Relaxed) < MOST_STREAMS {
            return Ok(Place(self.clone()));
        }
        self.0.fetch_sub(1, Ordering::Relaxed);
        let detail = format!("{MOST_STREAMS} streams of events are open, which is the most; end one of them");
        let problem = Problem::named(StatusCode::SERVICE_UNAVAILABLE, "streams", detail);
        Err(problem.with(header::RETRY_AFTER, "15"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn closing_waits_for_those_inside_and_lets_nobody_in() {
        let inside = Arc::new(Inside::default());
        let stay = inside.enter().ok().unwrap();
        assert!(inside.is_here());
        let closed = Arc::new(AtomicUsize::new(0));
        let closer = std::thread::spawn({
            let (inside, closed) = (inside.clone(), closed.clone());
            move || {
                assert!(!inside.is_here());
                inside.close();
                closed.store(1, Ordering::SeqCst);
            }
        });
        while inside.enter().is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(closed.load(Ordering::SeqCst), 0);
        drop(stay);
        closer.join().unwrap();
        assert_eq!(closed.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn places_for_streams_are_given_back() {
        let streams = Arc::new(Streams::default());
        let places: Vec<Place> = (0..MOST_STREAMS).map(|_| streams.enter().ok().unwrap()).collect();
        assert_eq!(streams.enter().err().unwrap().status, 503);
        drop(places);
        assert!(streams.enter().is_ok());
    }
}
