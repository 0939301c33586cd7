//! The locks that a thread may have to wait for.
//!
//! parking_lot registers a thread-local destructor on a thread that waits, and that keeps the library loaded after
//! `dlclose` for as long as the thread lives: an editor that reloads a plug-in would go on with the old code. So whatever
//! is held during a disk call or waited on is one of these, over the standard library's; what is held for one look-up is
//! `brief`, parking_lot's. Invariant: a lock whose holder panicked is taken like any other, since no critical section of ours
//! leaves its data half changed where it can panic.
//!
//! `tests/sanitize/run` exchanges what is below: `coffer_tsan` puts locks there that ThreadSanitizer sees through, since
//! the standard library's waiting is compiled without it; `coffer_shuttle` puts those of a model checker there, which
//! decides who goes on, and its atomics. Of the rest only the scenes for that one know of it, the modules named
//! `interleavings`; `orders` plays them.

#[cfg(coffer_shuttle)]
use shuttle::sync as base;
#[cfg(not(any(coffer_tsan, coffer_shuttle)))]
use std::sync as base;

#[cfg(coffer_tsan)]
#[path = "../tests/sanitize/locks.rs"]
mod base;

#[cfg(all(test, coffer_shuttle))]
pub mod orders;

/// Locks for one look-up, which nobody holds while waiting for anything.
#[cfg(not(coffer_shuttle))]
pub mod brief {
    pub use parking_lot::{Mutex, RwLock};
}
#[cfg(coffer_shuttle)]
#[path = "sync/brief_in_scenes.rs"]
pub mod brief;

/// What threads tell each other without a lock, where a scene is to try all orders of that.
#[cfg(coffer_shuttle)]
pub use shuttle::sync::atomic;
#[cfg(not(coffer_shuttle))]
pub use std::sync::atomic;

pub use base::MutexGuard;
use std::sync::{PoisonError, TryLockError};
use std::time::Duration;

// The model checker's threads are all on one of the system's, and so have to be told apart by itself.
#[cfg(coffer_shuttle)]
pub use shuttle::thread_local;
#[cfg(not(coffer_shuttle))]
pub use std::thread_local;

/// A lock for one.
#[derive(Debug, Default)]
pub struct Mutex<T>(base::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Mutex(base::Mutex::new(value))
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
pub struct Condvar(base::Condvar);

impl Condvar {
    pub const fn new() -> Self {
        Condvar(base::Condvar::new())
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
