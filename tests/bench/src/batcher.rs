//! Group commit for the peers that have none: one thread that saves for all others.
//!
//! Whatever waits when the thread comes back from a commit goes into the next one. Invariant: `save` returns after the
//! commit that holds the document.

use crate::documents::{Documents, Pair};
use std::sync::{Condvar, Mutex};

#[derive(Default)]
struct State {
    waiting: Vec<(usize, usize)>,
    /// Documents handed in, and documents committed, since the start.
    handed_in: u64,
    committed: u64,
    ended: bool,
}

/// A queue of saves, by the numbers of key and text.
#[derive(Default)]
pub struct Batcher {
    state: Mutex<State>,
    arrived: Condvar,
    done: Condvar,
}

impl Batcher {
    /// Saves one document and waits for its commit.
    pub fn save(&self, key: usize, text: usize) {
        let mut state = self.state.lock().expect("no saver panics");
        state.waiting.push((key, text));
        state.handed_in += 1;
        let mine = state.handed_in;
        self.arrived.notify_one();
        let committed = self.done.wait_while(state, |state| state.committed < mine);
        drop(committed.expect("no saver panics"));
    }

    /// Lets `serve` return once nothing waits.
    pub fn end(&self) {
        self.state.lock().expect("no saver panics").ended = true;
        self.arrived.notify_one();
    }

    /// Commits what comes in, until the end.
    pub fn serve(&self, documents: &Documents, mut commit: impl for<'a> FnMut(&mut dyn Iterator<Item = Pair<'a>>)) {
        loop {
            let state = self.state.lock().expect("no saver panics");
            let idle = |state: &mut State| state.waiting.is_empty() && !state.ended;
            let mut state = self.arrived.wait_while(state, idle).expect("no saver panics");
            let batch = std::mem::take(&mut state.waiting);
            drop(state);
            if batch.is_empty() {
                return;
            }
            commit(&mut batch.iter().map(|(key, text)| (documents.key(*key), documents.text(*text))));
            self.state.lock().expect("no saver panics").committed += batch.len() as u64;
            self.done.notify_all();
        }
    }
}
