//! The panic boundary and the last error of each thread.
//!
//! Invariant: no panic unwinds into C, and the message tells of the thread's last call. The message lives in a plain
//! array: a thread-local with a destructor would keep the library loaded after `dlclose`.

use super::fork;
use super::status::{self, COFFER_ERROR_INTERNAL, COFFER_ERROR_NULL_ARGUMENT, COFFER_OK};
use crate::error::Error;
use safer_ffi::c_char;
use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest message, its NUL included.
const CAPACITY: usize = 1024;

thread_local! {
    static MESSAGE: UnsafeCell<[u8; CAPACITY]> = const { UnsafeCell::new([0; CAPACITY]) };
}

/// Why a call failed: an error of the library, or of the arguments themselves.
pub enum Failure {
    Error(Error),
    Argument { status: i32, message: String },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

impl Failure {
    #[cold]
    #[inline(never)]
    pub fn null(what: &str) -> Failure {
        Failure::Argument { status: COFFER_ERROR_NULL_ARGUMENT, message: format!("{what} is NULL") }
    }

    fn parts(self) -> (i32, String) {
        match self {
            Failure::Error(error) => (status::status_of(&error), error.to_string()),
            Failure::Argument { status, message } => (status, message),
        }
    }
}

/// Runs the body of an exported function: a panic becomes a status, a failure leaves its message.
#[inline]
pub fn guarded(body: impl FnOnce() -> Result<(), Failure>) -> i32 {
    if fork::is_child() {
        return forked();
    }
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => {
            clear_message();
            COFFER_OK
        }
        Ok(Err(failure)) => failed(failure),
        Err(payload) => panicked(payload),
    }
}

// What follows is a function each, not a copy in every exported function.

#[cold]
#[inline(never)]
fn failed(failure: Failure) -> i32 {
    let (status, message) = failure.parts();
    set_message(&message);
    status
}

#[cold]
#[inline(never)]
fn forked() -> i32 {
    failed(fork::refusal())
}

#[cold]
#[inline(never)]
fn panicked(payload: Box<dyn Any + Send>) -> i32 {
    set_message(&format!("Coffer failed inside, please report it: {}", panic_text(&payload)));
    // Dropping a payload may panic as well, and there is nobody left to tell.
    std::mem::forget(payload);
    COFFER_ERROR_INTERNAL
}

fn clear_message() {
    // SAFETY: the cell belongs to this thread alone, and no reference to its content outlives the function that made it.
    MESSAGE.with(|cell| unsafe { cell.get().cast::<u8>().write(0) });
}

fn panic_text(payload: &Box<dyn Any + Send>) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Keeps a message, cut at a character's boundary, without line breaks and NULs.
fn set_message(message: &str) {
    MESSAGE.with(|cell| {
        // SAFETY: the cell belongs to this thread alone, and no reference to its content outlives this function or
        // `message`, neither of which calls the other.
        let room = unsafe { &mut *cell.get() };
        let mut length = message.len().min(CAPACITY - 1);
        while !message.is_char_boundary(length) {
            length -= 1;
        }
        let (text, end) = room.split_at_mut(length);
        text.copy_from_slice(message.as_bytes().get(..length).unwrap_or_default());
        for byte in text.iter_mut().filter(|byte| byte.is_ascii_control()) {
            *byte = b' ';
        }
        if let Some(terminator) = end.first_mut() {
            *terminator = 0;
        }
    });
}

/// The thread's message as a C string; it changes with the thread's next call.
pub fn message() -> *const c_char {
    MESSAGE.with(|cell| cell.get().cast_const().cast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn shown() -> String {
        // SAFETY: `message` gives a NUL-terminated array of this thread.
        unsafe { CStr::from_ptr(message().cast()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_comes_back_as_a_status_and_success_clears_the_message() {
        assert_eq!(guarded(|| panic!("on purpose")), COFFER_ERROR_INTERNAL);
        assert!(shown().contains("on purpose"));
        assert_eq!(guarded(|| Ok(())), COFFER_OK);
        assert_eq!(shown(), "");
    }

    #[test]
    fn a_message_is_cut_between_characters_and_stays_one_line() {
        let long = "é\n".repeat(CAPACITY);
        guarded(|| Err(Failure::Argument { status: -7, message: long.clone() }));
        assert!(shown().len() >= CAPACITY - 3 && shown().starts_with("é é "));
        guarded(|| Err(Failure::null("key")));
        assert_eq!(shown(), "key is NULL");
    }
}
