//! The locks that a thread may have to wait for.
//!
//! parking_lot registers a thread-local destructor on a thread that waits, and that keeps the library loaded after
//! `dlclose` for as long as the thread lives: an editor that reloads a plug-in would go on with the old code. So whatever
//! is held during a disk call or waited on is one of these, over the standard library's; parking_lot guards what is held
//! for one look-up. Invariant: a lock whose holder panicked is taken like any other, since no critical section of ours
//! leaves its data half changed where it can panic.

use std::sync::{self, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// A lock for one.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Mutex(sync::Mutex::new(value))
    }

    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock if nobody has it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Waits for a change of what a `Mutex` guards.
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    pub const fn new() -> Self {
        Condvar(sync::Condvar::new())
    }

    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at most so long; says also whether the time was up.
    pub fn wait_for<'a, T>(&self, guard: MutexGuard<'a, T>, time: Duration) -> (MutexGuard<'a, T>, bool) {
        let (guard, outcome) = self.0.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner);
        (guard, outcome.timed_out())
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
