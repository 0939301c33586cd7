//! Calls across plug-ins: a question with a time limit, and the one answer to it.
//!
//! Definitions. A *call* goes from a *caller* to a method of a *callee*. It is *over* when it was answered, refused, or its
//! time was up. Invariants: a call has one outcome, which never changes; an answer after the limit does not count; how deep
//! calls nest on a thread is limited, so that plug-ins that call each other in a circle get a status and not a stack
//! overflow.

use super::threads::this_thread;
use crate::error::{Error, Result, quoted};
use crate::sync::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How deep calls nest on one thread.
pub const DEEPEST: u32 = 32;

/// Who takes calls.
pub trait Callee: Send + Sync {
    /// Takes one call. The answer may come now or later, from any thread.
    fn call(&self, call: &Arc<Call>);
}

enum Outcome {
    Open,
    Answered(String),
    Refused(String),
    TimedOut,
    /// It was handed to the caller.
    Told,
}

/// A call under way.
pub struct Call {
    pub plugin: String,
    pub method: String,
    /// The name that the caller gave when it opened the store.
    pub caller: String,
    pub json: String,
    limit: Duration,
    until: Instant,
    depth: u32,
    outcome: Mutex<Outcome>,
    changed: Condvar,
    /// Whether it failed because the callee left.
    is_abandoned: AtomicBool,
}

/// What asking for an outcome came to.
pub enum Asked {
    Pending,
    Outcome(Result<String>),
    /// Another has asked, and was told.
    ToldBefore,
}

impl Call {
    /// What the call is, for a message.
    fn name(&self) -> String {
        format!("{} of plug-in {}", quoted(&self.method), quoted(&self.plugin))
    }

    /// Whether its time is up or it has an outcome.
    pub fn is_over(&self) -> bool {
        !matches!(*self.outcome.lock(), Outcome::Open) || Instant::now() >= self.until
    }

    /// Answers it with JSON.
    pub fn answer(&self, json: &str) -> Result<()> {
        self.settle(Outcome::Answered(json.to_owned()))
    }

    /// Says why there is no answer.
    pub fn refuse(&self, reason: &str) -> Result<()> {
        self.settle(Outcome::Refused(reason.to_owned()))
    }

    /// Has it fail because the callee left, unless it is over.
    pub fn abandon(&self) {
        let mut state = self.outcome.lock();
        if matches!(*state, Outcome::Open) {
            self.is_abandoned.store(true, Ordering::Relaxed);
            *state = Outcome::Refused("the plug-in left".to_owned());
            self.changed.notify_all();
        }
    }

    /// Whether it failed because the callee left.
    pub fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    fn settle(&self, outcome: Outcome) -> Result<()> {
        let mut state = self.outcome.lock();
        let is_late = Instant::now() >= self.until;
        if !matches!(*state, Outcome::Open) {
            let over = || Error::InvalidArgument(format!("the call of {} is over already", self.name()));
            return Err(if is_late { self.timed_out() } else { over() });
        }
        *state = if is_late { Outcome::TimedOut } else { outcome };
        self.changed.notify_all();
        if is_late { Err(self.timed_out()) } else { Ok(()) }
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut { what: self.name(), limit: self.limit }
    }

    /// What came of it, waiting so long at most. That is told once.
    pub fn ask(&self, wait: Duration) -> Asked {
        let give_up = Instant::now().checked_add(wait).map_or(self.until, |end| end.min(self.until));
        let mut state = self.outcome.lock();
        while matches!(*state, Outcome::Open) {
            let now = Instant::now();
            if now >= self.until {
                *state = Outcome::TimedOut;
            } else if now >= give_up {
                return Asked::Pending;
            } else {
                (state, _) = self.changed.wait_for(state, give_up - now);
            }
        }
        Asked::Outcome(match std::mem::replace(&mut *state, Outcome::Told) {
            Outcome::Answered(json) => Ok(json),
            Outcome::Refused(reason) => Err(Error::CallFailed { what: self.name(), reason }),
            Outcome::TimedOut | Outcome::Open => Err(self.timed_out()),
            Outcome::Told => return Asked::ToldBefore,
        })
    }

    /// Waits for what comes of it.
    pub fn outcome(&self) -> Result<String> {
        match self.ask(Duration::MAX) {
            Asked::Outcome(outcome) => outcome,
            // Its time limit ends the wait, and who waits so is the only one to ask.
            Asked::Pending | Asked::ToldBefore => Err(self.timed_out()),
        }
    }
}

/// The calls that threads are just working on.
#[derive(Default)]
pub struct Working(Mutex<Vec<Work>>);

struct Work {
    call: Arc<Call>,
    thread: usize,
    /// Ends with the call's outcome instead of its callback.
    is_pulled: bool,
}

impl Working {
    /// Makes a call for this thread, unless it nests too deep.
    pub fn begin(&self, plugin: &str, method: &str, caller: &str, json: &str, limit: Duration) -> Result<Arc<Call>> {
        let this = this_thread();
        let depth = {
            let mut work = self.0.lock();
            work.retain(|one| !(one.is_pulled && one.call.is_over()));
            work.iter().filter(|one| one.thread == this).map(|one| one.call.depth).max().unwrap_or(0) + 1
        };
        if depth > DEEPEST {
            return Err(Error::CallsTooDeep { what: format!("{method:?} of plug-in {plugin:?}"), limit: DEEPEST });
        }
        Ok(Arc::new(Call {
            plugin: plugin.to_owned(),
            method: method.to_owned(),
            caller: caller.to_owned(),
            json: json.to_owned(),
            limit,
            until: Instant::now() + limit,
            depth,
            outcome: Mutex::new(Outcome::Open),
            changed: Condvar::new(),
            is_abandoned: AtomicBool::new(false),
        }))
    }

    /// Notes that this thread works on a call from now on.
    pub fn enter(&self, call: &Arc<Call>, is_pulled: bool) {
        self.0.lock().push(Work { call: call.clone(), thread: this_thread(), is_pulled });
    }

    /// Notes that it no longer does.
    pub fn leave(&self, call: &Arc<Call>) {
        let mut work = self.0.lock();
        if let Some(place) = work.iter().rposition(|one| Arc::ptr_eq(&one.call, call)) {
            work.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(working: &Working, limit_ms: u64) -> Arc<Call> {
        working.begin("equipment", "optimize", "party", "{}", Duration::from_millis(limit_ms)).unwrap()
    }

    #[test]
    fn a_call_has_one_outcome() {
        let working = Working::default();
        let call = begin(&working, 60_000);
        assert!(matches!(call.ask(Duration::ZERO), Asked::Pending) && !call.is_over());
        call.answer("[1]").unwrap();
        assert!(call.answer("[2]").is_err() && call.refuse("no").is_err() && call.is_over());
        assert!(matches!(call.ask(Duration::ZERO), Asked::Outcome(Ok(answer)) if answer == "[1]"));
        assert!(matches!(call.ask(Duration::ZERO), Asked::ToldBefore));
        let refused = begin(&working, 60_000);
        refused.refuse("no such hero").unwrap();
        let told = refused.outcome().unwrap_err().to_string();
        assert!(told.contains("no such hero") && told.contains("optimize"), "{told}");
    }

    #[test]
    fn an_answer_after_the_limit_does_not_count() {
        let call = begin(&Working::default(), 0);
        assert!(matches!(call.answer("1"), Err(Error::TimedOut { .. })));
        assert!(matches!(call.outcome(), Err(Error::TimedOut { .. })));
    }

    #[test]
    fn depth_counts_on_the_thread_that_works() {
        let working = Arc::new(Working::default());
        let calls: Vec<Arc<Call>> = (0..DEEPEST)
            .map(|at| {
                let call = begin(&working, 60_000);
                working.enter(&call, at % 2 == 0);
                call
            })
            .collect();
        let too_deep = || working.begin("a", "b", "c", "1", Duration::from_secs(1));
        assert!(matches!(too_deep(), Err(Error::CallsTooDeep { .. })));
        let elsewhere = working.clone();
        std::thread::spawn(move || assert_eq!(begin(&elsewhere, 1).depth, 1)).join().unwrap();
        calls.iter().filter(|call| call.depth == DEEPEST).for_each(|call| working.leave(call));
        assert!(too_deep().is_ok());
        calls.iter().for_each(|call| call.answer("1").unwrap());
        assert!(begin(&working, 1).depth < DEEPEST, "what was pulled and answered is done");
    }
}
