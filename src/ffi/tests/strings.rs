//! Texts, arrays and buffers: every pointer that crosses the boundary.

use super::*;
use crate::ffi::boundary::Failure;
use crate::ffi::library::{coffer_abi_version, coffer_live_handles, coffer_status_name, coffer_version};
use crate::ffi::strings;

fn status(failure: Failure) -> i32 {
    crate::ffi::boundary::guarded(|| Err(failure))
}

#[test]
fn a_text_comes_in_whole_or_not_at_all() {
    let read = |text| {
        // SAFETY: the texts below are NULL or live for ever.
        unsafe { strings::text("a key", text) }.map_err(status)
    };
    assert_eq!(read(c(c"")), Ok(""));
    assert_eq!(read(c(c"h\xC3\xA4")), Ok("hä"));
    assert_eq!(read(NULL), Err(COFFER_ERROR_NULL_ARGUMENT));
    for cut in [c(c"\xC3"), c(c"ab\xE4\xBD"), c(c"\xED\xA0\x80"), c(c"\xC0\x80"), not_utf8()] {
        assert_eq!(read(cut), Err(COFFER_ERROR_INVALID_UTF8));
    }
    // SAFETY: NULL is a text that is not there.
    assert!(matches!(unsafe { strings::optional("a key", NULL) }, Ok(None)));
    assert_eq!(read(c(c"ab\xFF")), Err(COFFER_ERROR_INVALID_UTF8));
    assert!(message().contains("a key") && message().contains("byte 2"), "{}", message());
}

#[test]
fn an_array_of_none_may_be_null_and_one_too_long_for_memory_is_refused() {
    let numbers = [1_i64, 2, 3];
    let read = |start: *const i64, count: usize| {
        // SAFETY: the arrays below are NULL, or have so many elements, or more than any can have, which is found first.
        unsafe { strings::array("numbers", start, count) }.map_err(status)
    };
    assert_eq!(read(numbers.as_ptr(), 3), Ok(&numbers[..]));
    assert_eq!(read(numbers.as_ptr(), 0), Ok(&[][..]));
    assert_eq!(read(ptr::null(), 0), Ok(&[][..]));
    assert_eq!(read(ptr::null(), 1), Err(COFFER_ERROR_NULL_ARGUMENT));
    for count in [usize::MAX, isize::MAX as usize, isize::MAX as usize / 8 + 1] {
        assert_eq!(read(numbers.as_ptr(), count), Err(crate::ffi::status::COFFER_ERROR_INVALID_ARGUMENT));
    }
    // SAFETY: no element of an empty array is read, so where it would begin does not matter.
    assert!(matches!(unsafe { strings::array("none", ptr::without_provenance::<i64>(1), 0) }, Ok([])));
}

#[test]
fn a_buffer_is_filled_only_if_text_and_nul_fit() {
    let mut room = [b'x'; 6];
    let mut fill = |capacity: usize, text: &[u8]| {
        // SAFETY: the buffer has at least so many bytes.
        let fits = unsafe { strings::fill(room.as_mut_ptr().cast(), capacity, text) };
        (fits, std::mem::replace(&mut room, [b'x'; 6]))
    };
    assert_eq!(fill(5, b"abcd"), (true, *b"abcd\0x"));
    assert_eq!(fill(4, b"abcd"), (false, *b"xxxxxx"));
    assert_eq!(fill(1, b""), (true, *b"\0xxxxx"));
    assert_eq!(fill(0, b""), (false, *b"xxxxxx"));
    // SAFETY: nothing is written to no buffer.
    assert!(!unsafe { strings::fill(ptr::null_mut(), 0, b"") });
}

#[test]
fn what_is_given_is_a_copy_with_its_nul_and_is_given_back() {
    for text in ["", "a", "hä", &"long".repeat(5000)] {
        // SAFETY: the result may be written.
        let copied = given(|out| unsafe { strings::give(out, text.as_bytes()) }.map_or_else(status, |()| COFFER_OK));
        assert_eq!(copied, text);
    }
    let mut number = 1_u64;
    // SAFETY: nothing is given or written to whoever does not want it, and nothing freed that is not there.
    unsafe {
        assert!(strings::give(UNWANTED, b"text").is_ok());
        strings::write(ptr::null_mut(), 2_u64);
        strings::write(&mut number, 3);
        coffer_string_free(ptr::null_mut());
    }
    assert_eq!(number, 3);
}

#[test]
fn the_library_tells_of_itself() {
    // SAFETY: these take numbers only, and give texts that live for ever.
    unsafe {
        assert_eq!(copy(coffer_version()), env!("CARGO_PKG_VERSION"));
        assert_eq!(coffer_abi_version(), crate::ffi::library::COFFER_ABI_VERSION);
        for status in [COFFER_OK, COFFER_ERROR_NULL_ARGUMENT, 7, i32::MIN, i32::MAX] {
            assert!(!copy(coffer_status_name(status)).is_empty());
        }
        let _store = Store::new();
        assert!(coffer_live_handles() >= 1);
    }
}
