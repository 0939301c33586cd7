//! Every `unsafe` of the C ABI, run with the arguments that matter to it: null, texts that are not UTF-8, results that
//! nobody wants and results that somebody does, arrays, buffers, callbacks with a context.
//!
//! Made to be watched: `tests/sanitize/run` runs these under AddressSanitizer, and under Miri where that is installed. So
//! stores are in memory, and what needs the system is left out under Miri. What the functions do otherwise is tested from C,
//! `tests/c`. Invariant: each test gives back all memory and closes every handle that it was given.

mod documents;
mod exchange;
mod gateway;
mod hub;
mod lifecycle;
mod plugins;
mod snapshots;
mod strings;
mod versions;

use super::fork::InUse;
use super::library::{coffer_last_error, coffer_string_free};
use super::lifecycle::{HANDLES, coffer_close, coffer_db};
use super::status::{COFFER_ERROR_INVALID_HANDLE, COFFER_ERROR_INVALID_UTF8, COFFER_ERROR_NULL_ARGUMENT, COFFER_OK};
use crate::database::Database;
use safer_ffi::c_char;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Text = *const c_char;
type Out = *mut *mut c_char;

/// A text as C has it.
fn c(text: &'static CStr) -> Text {
    text.as_ptr().cast()
}

/// No text.
const NULL: Text = ptr::null();
/// A result that nobody wants.
const UNWANTED: Out = ptr::null_mut();

/// A text that is not UTF-8, neither in whole nor cut anywhere.
fn not_utf8() -> Text {
    c(c"\xE4\xFF")
}

/// A handle on a store in memory, closed in the end.
struct Store(coffer_db);

impl Store {
    fn new() -> Store {
        InUse::begin().unwrap_or_else(|_| panic!("no room")).keep();
        Store(HANDLES.insert(Arc::new(Database::open_in_memory())))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: any number may be closed.
        let status = unsafe { coffer_close(self.0) };
        assert_eq!((status, message()), (COFFER_OK, String::new()));
    }
}

/// Why the last call failed.
fn message() -> String {
    // SAFETY: it is a text of this thread, copied before the next call.
    unsafe { CStr::from_ptr(coffer_last_error().cast()) }.to_str().unwrap().to_owned()
}

/// Copies a text that a callback or a result lends.
fn copy(text: Text) -> String {
    // SAFETY: the library gives NUL-terminated texts that live until its caller goes on.
    unsafe { CStr::from_ptr(text.cast()) }.to_str().unwrap().to_owned()
}

/// The text that a successful call gives, which is given back.
fn given(mut call: impl FnMut(Out) -> i32) -> String {
    let mut text = ptr::null_mut();
    let status = call(&mut text);
    assert_eq!(status, COFFER_OK, "{}", message());
    assert!(!text.is_null());
    let copied = copy(text);
    // SAFETY: it was given by the library and is not used again.
    unsafe { coffer_string_free(text) };
    copied
}

/// A call that fails so leaves the result alone.
fn fails(expected: i32, call: impl FnOnce(Out) -> i32) {
    let mut untouched = ptr::dangling_mut::<c_char>();
    let before = untouched;
    let status = call(&mut untouched);
    assert_eq!(status, expected, "{}", message());
    assert_eq!(untouched, before, "the result of a call that failed");
    assert!(!message().is_empty());
}

fn works(status: i32) {
    assert_eq!(status, COFFER_OK, "{}", message());
}

/// A call with a text that must be there, and a handle that must be open: all that can be wrong with these.
fn checks_text(store: &Store, mut call: impl FnMut(coffer_db, Text, Out) -> i32) {
    fails(COFFER_ERROR_NULL_ARGUMENT, |out| call(store.0, NULL, out));
    fails(COFFER_ERROR_INVALID_UTF8, |out| call(store.0, not_utf8(), out));
    checks_handle(|db, out| call(db, c(c"text"), out));
}

/// The same for a text that may be left out.
fn checks_optional(store: &Store, mut call: impl FnMut(coffer_db, Text, Out) -> i32) {
    fails(COFFER_ERROR_INVALID_UTF8, |out| call(store.0, not_utf8(), out));
    checks_handle(|db, out| call(db, NULL, out));
}

fn checks_handle(mut call: impl FnMut(coffer_db, Out) -> i32) {
    for wrong in [0, 1, u64::MAX] {
        fails(COFFER_ERROR_INVALID_HANDLE, |out| call(wrong, out));
    }
}

/// What stands behind a context: how often it was used, and freed.
#[derive(Default)]
struct Host {
    called: AtomicUsize,
    freed: AtomicUsize,
}

impl Host {
    fn context(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// How often it was called, and freed.
    fn uses(&self) -> (usize, usize) {
        (self.called.load(Ordering::SeqCst), self.freed.load(Ordering::SeqCst))
    }

    /// # Safety
    /// `context` comes from `context` above, and the host lives.
    unsafe fn note_call(context: *mut c_void) {
        // SAFETY: the caller's promise is the same.
        unsafe { &*context.cast::<Host>() }.called.fetch_add(1, Ordering::SeqCst);
    }
}

/// # Safety
/// As for `Host::note_call`.
unsafe extern "C" fn free(context: *mut c_void) {
    // SAFETY: the caller's promise is the same.
    unsafe { &*context.cast::<Host>() }.freed.fetch_add(1, Ordering::SeqCst);
}
