//! The standard library's locks by name, but parking_lot's: ThreadSanitizer sees through those, since they are compiled
//! with the rest.
//!
//! Taken in by `src/sync.rs` under `coffer_tsan` only. It must not do more than the standard library's would. Invariant:
//! all waiting is parking_lot's, so that each lock given back happens before it is taken again for ThreadSanitizer too.

pub use parking_lot::MutexGuard;
use parking_lot::WaitTimeoutResult;
use std::sync::{LockResult, TryLockError, TryLockResult};
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Mutex<T>(parking_lot::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Mutex(parking_lot::Mutex::new(value))
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        Ok(self.0.lock())
    }

    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        self.0.try_lock().ok_or(TryLockError::WouldBlock)
    }
}

#[derive(Debug, Default)]
pub struct Condvar(parking_lot::Condvar);

impl Condvar {
    pub const fn new() -> Self {
        Condvar(parking_lot::Condvar::new())
    }

    pub fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(&mut guard);
        Ok(guard)
    }

    pub fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let outcome = self.0.wait_for(&mut guard, time);
        Ok((guard, outcome))
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// ThreadSanitizer's own `fetch_sub`, which compiled code calls for each one.
///
/// When an `Arc` is dropped, it gives its count back with `Release`, and only the last owner acquires, with a fence; of
/// fences ThreadSanitizer knows nothing, and it would find a race in each value that was shared. Linked with
/// `--wrap=__tsan_atomic64_fetch_sub`, every such `Release` acquires as well. So a race within a dropped value is still
/// found; what would be missed is a `fetch_sub` of our own that releases and should have acquired.
mod arc {
    const RELEASE: i32 = 3;
    const ACQUIRE_AND_RELEASE: i32 = 4;

    unsafe extern "C" {
        fn __real___tsan_atomic64_fetch_sub(place: *mut u64, by: u64, order: i32) -> u64;
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn __wrap___tsan_atomic64_fetch_sub(place: *mut u64, by: u64, order: i32) -> u64 {
        let order = if order == RELEASE { ACQUIRE_AND_RELEASE } else { order };
        // SAFETY: the caller's arguments, with an order that allows less.
        unsafe { __real___tsan_atomic64_fetch_sub(place, by, order) }
    }
}
