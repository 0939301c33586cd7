//! What belongs to a C callback: its context, and the function that frees it.
//!
//! Invariant: a context is freed once, when the callback that it belongs to is dropped, and never while it is still the
//! caller's.

use super::hub::coffer_free_callback;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Context {
    pointer: *mut c_void,
    free: coffer_free_callback,
    /// Whether the call that handed it over has succeeded.
    is_ours: AtomicBool,
}

// SAFETY: the header says that callback and context are used from whichever thread publishes, calls or polls, and that the
// context is freed by whichever ends what it was given for.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// A context that is still the caller's.
    pub fn new(pointer: *mut c_void, free: coffer_free_callback) -> Context {
        Context { pointer, free, is_ours: AtomicBool::new(false) }
    }

    /// Takes it over.
    pub fn take(&self) {
        self.is_ours.store(true, Ordering::Release);
    }

    pub fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(free) = self.free.filter(|_| self.is_ours.load(Ordering::Acquire)) {
            // SAFETY: the caller gave the two together, and a value is dropped once.
            unsafe { free(self.pointer) }
        }
    }
}
