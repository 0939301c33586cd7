//! What an error may look like, whatever caused it.
//!
//! Invariant: a failure that passes here tells a person something, in one line, and is not a mistake of the library's own.

use coffer::error::Error;

/// Checks an error that bytes on a disk may cause.
pub fn of_files(error: &Error) {
    in_one_line(error);
    let is_expected = matches!(
        error,
        Error::Corrupt { .. } | Error::Damaged { .. } | Error::UnsupportedFormat { .. } | Error::NoStore { .. }
    );
    assert!(is_expected, "damaged files cause {error:?}");
}

/// Checks that an error is one line of text that has a status.
pub fn in_one_line(error: &Error) {
    let text = error.to_string();
    assert!(!text.is_empty() && !text.contains('\n'), "no line of text: {text:?}");
    assert!(coffer::status_name(error).starts_with("COFFER_ERROR_"), "{error:?}");
}
