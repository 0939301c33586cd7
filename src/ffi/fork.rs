//! Forks of the host: in the child nothing works that a store needs.
//!
//! Of the parent's threads the child has one, so locks may be held for ever and the store's own thread is missing; and the
//! files that it writes are the parent's. Holds how the library learns that it is in such a child; it must not take a lock
//! nor allocate there. Invariant: in a process that was forked while a store was in use, no call reaches a store.

use super::boundary::Failure;
use super::status::COFFER_ERROR_FORKED;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Handles that are open, being opened or being closed.
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static IS_CHILD: AtomicBool = AtomicBool::new(false);

/// Whether this process is a child whose parent was using a store.
#[inline]
pub fn is_child() -> bool {
    IS_CHILD.load(Ordering::Relaxed)
}

/// What every call says in such a child.
pub fn refusal() -> Failure {
    Failure::Argument {
        status: COFFER_ERROR_FORKED,
        message: "this process was forked while a store was open, which stays its parent's; \
                  fork before the first open, or start a new program in the child"
            .to_owned(),
    }
}

/// One handle's use of a store, from before it is opened until after it is closed.
pub struct InUse(());

impl InUse {
    /// From now on a fork is noticed.
    pub fn begin() -> Result<InUse, Failure> {
        notice_forks()?;
        IN_USE.fetch_add(1, Ordering::SeqCst);
        Ok(InUse(()))
    }

    /// Lasts beyond this call, until `resume`.
    pub fn keep(self) {
        std::mem::forget(self);
    }

    /// What was kept; the caller has just closed the handle that it was kept for.
    pub fn resume() -> InUse {
        InUse(())
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        IN_USE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs in the child, before `fork` returns there.
#[cfg(all(unix, not(miri)))]
unsafe extern "C" fn in_child() {
    if IN_USE.load(Ordering::SeqCst) > 0 {
        IS_CHILD.store(true, Ordering::SeqCst);
    }
}

/// Unloading the library takes this back: the C library knows whose code the handler is.
#[cfg(all(unix, not(miri)))]
fn notice_forks() -> Result<(), Failure> {
    use crate::error::Error;
    use once_cell::sync::OnceCell;

    static NOTICING: OnceCell<()> = OnceCell::new();
    NOTICING.get_or_try_init(|| {
        // SAFETY: the handler touches atomics only, which is allowed in a child of a process with threads.
        match unsafe { libc::pthread_atfork(None, None, Some(in_child)) } {
            0 => Ok(()),
            _ => Err(Error::OutOfMemory { bytes: size_of::<[usize; 4]>() as u64 }),
        }
    })?;
    Ok(())
}

// Miri has no forks.
#[cfg(any(not(unix), miri))]
fn notice_forks() -> Result<(), Failure> {
    Ok(())
}
