//! Text and numbers across the boundary: every pointer cast of the ABI is here.
//!
//! Invariant: a text that comes in was checked to be there and to be UTF-8; a text that goes out is memory from `malloc`
//! that `coffer_string_free` gives to `free`; a result is written only through a pointer that is not null.

use super::boundary::Failure;
use super::status::COFFER_ERROR_INVALID_UTF8;
use crate::error::Error;
use safer_ffi::c_char;
use std::ffi::CStr;
use std::ptr;

/// A text that has to be there.
///
/// # Safety
/// `text` is null or points to a NUL-terminated string that lives and does not change for `'a`.
pub unsafe fn text<'a>(what: &str, text: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise is the same.
    unsafe { optional(what, text) }?.ok_or_else(|| Failure::null(what))
}

/// A text that may be NULL.
///
/// # Safety
/// As for `text`.
pub unsafe fn optional<'a>(what: &str, text: *const c_char) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, and the caller promises the rest.
    let bytes = unsafe { CStr::from_ptr(text.cast()) }.to_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(not_text(what, error.valid_up_to())),
    }
}

#[cold]
#[inline(never)]
fn not_text(what: &str, valid: usize) -> Failure {
    Failure::Argument {
        status: COFFER_ERROR_INVALID_UTF8,
        message: format!("{what} is not UTF-8: byte {valid} breaks it"),
    }
}

/// An array of `count` elements; a NULL array of no elements is an empty one.
///
/// # Safety
/// `start` is null or points to `count` elements that live and do not change for `'a`.
pub unsafe fn array<'a, T>(what: &str, start: *const T, count: usize) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if start.is_null() {
        return Err(Failure::null(what));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Error::InvalidArgument(format!("{what} cannot have {count} elements")).into());
    }
    // SAFETY: not null, no longer than memory can be, and the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts(start, count) })
}

/// Writes a result that the caller may not want.
///
/// # Safety
/// `out` is null or may be written to.
pub unsafe fn write<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not null, and the caller promises the rest.
        unsafe { out.write(value) }
    }
}

/// Copies text to memory of the caller's own and writes its address, unless the caller does not want it.
///
/// # Safety
/// `out` is null or may be written to.
pub unsafe fn give(out: *mut *mut c_char, text: &[u8]) -> Result<(), Failure> {
    if out.is_null() {
        return Ok(());
    }
    // SAFETY: allocating is always allowed; null is looked for below.
    let copy = unsafe { libc::malloc(text.len() + 1) }.cast::<u8>();
    if copy.is_null() {
        return Err(Error::OutOfMemory { bytes: text.len() as u64 + 1 }.into());
    }
    // SAFETY: `copy` has room for the text and its NUL and is apart from `text`; `out` may be written to.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
        copy.add(text.len()).write(0);
        out.write(copy.cast());
    }
    Ok(())
}

/// Copies text and its NUL into the caller's buffer if it fits.
///
/// # Safety
/// `buffer` is null or points to `capacity` writable bytes.
pub unsafe fn fill(buffer: *mut c_char, capacity: usize, text: &[u8]) -> bool {
    if buffer.is_null() || capacity <= text.len() {
        return false;
    }
    // SAFETY: the buffer has room for the text and its NUL by the check above, and is not memory of ours.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len());
        buffer.cast::<u8>().add(text.len()).write(0);
    }
    true
}

/// Frees what `give` gave; null is fine.
///
/// # Safety
/// `text` is null or came from `give` and was not freed before.
pub unsafe fn free(text: *mut c_char) {
    // SAFETY: `give` allocates with `malloc`, and `free` takes null.
    unsafe { libc::free(text.cast()) }
}

/// A result of ours as JSON.
pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Error::InvalidArgument(format!("the result has no JSON form: {error}")).into())
}
