//! What a store promised, and when: every state it was in, and how far each promise reached at every step of the disk.
//!
//! It judges nothing and does no I/O. Invariant: `History` says for every moment of the disk's log which states can be
//! found after a crash there and which must not be lost; a check needs nothing else.

use super::model::{Contents, Model, difference};
use coffer::options::Durability;
use std::sync::Arc;

/// The store after one commit.
#[derive(Clone)]
pub struct State {
    pub model: Arc<Model>,
    pub contents: Arc<Contents>,
    /// The log position at which its commit began: no earlier crash can leave it.
    begun: usize,
    /// The log position from which on it cannot be found any more, because the store went on without it.
    ended: usize,
}

/// States are numbered in the order of their commits; 0 is the fresh store.
pub struct History {
    states: Vec<State>,
    /// The newest state.
    current: usize,
    /// The one that it came from. States in between are gone: the store went on without them.
    previous: usize,
    /// Log positions, with the newest state that from there on outlives a dying process.
    written: Vec<(usize, usize)>,
    /// The same for a power cut.
    durable: Vec<(usize, usize)>,
}

impl History {
    /// Starts from a fresh store.
    pub fn new() -> History {
        let mut history =
            History { states: Vec::new(), current: 0, previous: 0, written: vec![(0, 0)], durable: vec![(0, 0)] };
        history.begin(Model::default(), 0);
        history
    }

    /// The history of a disk that was found in the state `current`, of which `durable` and what is before it is certain.
    /// The log of that disk starts anew.
    pub fn going_on(&self, durable: usize, current: usize) -> History {
        let known = |state: &State| State { begun: 0, ended: usize::MAX, ..state.clone() };
        let states: Vec<State> =
            self.states[durable..=current].iter().filter(|state| state.ended > 0).map(known).collect();
        let current = states.len() - 1;
        History { states, current, previous: current, written: vec![(0, current)], durable: vec![(0, 0)] }
    }

    pub fn state(&self, number: usize) -> &State {
        &self.states[number]
    }

    pub fn count(&self) -> usize {
        self.states.len()
    }

    /// The newest state and the one that it came from: what readers may see while a commit is under way.
    pub fn newest_two(&self) -> [&State; 2] {
        [self.state(self.current), self.state(self.previous)]
    }

    pub fn model(&self) -> &Model {
        &self.states[self.current].model
    }

    /// Whether some state holds exactly this already, as when a new key is saved and cleared again.
    pub fn has_seen(&self, contents: &Contents) -> bool {
        self.states.iter().any(|state| difference(contents, &state.contents).is_none())
    }

    /// A commit begins; from now on its state can be found.
    pub fn begin(&mut self, model: Model, position: usize) {
        let contents = Arc::new(model.contents());
        self.states.push(State { model: Arc::new(model), contents, begun: position, ended: usize::MAX });
        self.previous = self.current;
        self.current = self.states.len() - 1;
    }

    /// The commit that began last never came into the log, and the store goes on without it.
    pub fn withdraw(&mut self, position: usize) {
        self.settle(self.previous, position);
    }

    /// Fills in what became known of the newest state only after its commit: the times.
    pub fn complete(&mut self, model: Model) {
        let state = &mut self.states[self.current];
        state.contents = Arc::new(model.contents());
        state.model = Arc::new(model);
    }

    /// The store turned out to be in this state, and goes on from it: every later one is gone.
    pub fn settle(&mut self, number: usize, position: usize) {
        (self.current, self.previous) = (number, number);
        for state in &mut self.states[number + 1..] {
            state.ended = state.ended.min(position);
        }
    }

    /// The present state, and with it all before it, got this promise.
    pub fn acknowledge(&mut self, promise: Durability, position: usize) {
        let entry = (position, self.current);
        if promise != Durability::Behind {
            self.written.push(entry);
        }
        if promise == Durability::Durable {
            self.durable.push(entry);
        }
    }

    /// The newest state that a dying process must have left at this log position.
    pub fn written_at(&self, position: usize) -> usize {
        newest_at(&self.written, position)
    }

    /// The newest state that a power cut must have left at this log position.
    pub fn durable_at(&self, position: usize) -> usize {
        newest_at(&self.durable, position)
    }

    /// Says in which state a store is that was found after a crash at this log position: one that can be there, and none
    /// older than `least`. If there is no such state, says what is wrong.
    pub fn find(&self, found: &Contents, position: usize, least: usize) -> Result<usize, String> {
        let is = |number: &usize| difference(found, &self.states[*number].contents).is_none();
        let possible = |number: &usize| self.states[*number].begun <= position && position < self.states[*number].ended;
        if let Some(state) = (least..self.states.len()).rev().filter(possible).find(is) {
            return Ok(state);
        }
        if let Some(older) = (0..least).rev().find(is) {
            return Err(format!("acknowledged commits are lost: state {older} came back, not {least} or a later one"));
        }
        if let Some(other) = (least..self.states.len()).find(is) {
            return Err(format!("state {other} came back, which cannot be there at that moment"));
        }
        let newest = (least..self.states.len()).rev().find(possible).unwrap_or(least);
        let how = difference(found, &self.states[newest].contents).unwrap_or_default();
        Err(format!("a state came back that never was; against state {newest}, {how}"))
    }
}

fn newest_at(acknowledged: &[(usize, usize)], position: usize) -> usize {
    let earlier = acknowledged.partition_point(|(at, _)| *at <= position);
    acknowledged[..earlier].last().map_or(0, |(_, state)| *state)
}
