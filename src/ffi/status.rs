//! The status numbers, and the one mapping from errors to them.
//!
//! Invariant: a number, once released, keeps its meaning. The mapping has no wildcard arm, so a new error needs a
//! decision here.

use crate::error::Error;

/// What a call came to: 0 is success, failures are negative. After a failure `coffer_last_error` says more.
#[allow(non_camel_case_types)]
pub type coffer_status = i32;

/// It worked.
pub const COFFER_OK: i32 = 0;
/// A pointer that may not be NULL was NULL.
pub const COFFER_ERROR_NULL_ARGUMENT: i32 = -1;
/// The handle was never given out, or is closed.
pub const COFFER_ERROR_INVALID_HANDLE: i32 = -2;
/// A text is not UTF-8.
pub const COFFER_ERROR_INVALID_UTF8: i32 = -3;
/// A document is not JSON as RFC 8259 defines it.
pub const COFFER_ERROR_INVALID_JSON: i32 = -4;
/// A key is empty or has more than 1,024 bytes.
pub const COFFER_ERROR_INVALID_KEY: i32 = -5;
/// An open option is unknown, out of range, or differs from the store that is already open; the message names it.
pub const COFFER_ERROR_INVALID_OPTION: i32 = -6;
/// Another argument is out of range.
pub const COFFER_ERROR_INVALID_ARGUMENT: i32 = -7;
/// A document has more bytes than the option `max_document_bytes` allows.
pub const COFFER_ERROR_TOO_LARGE: i32 = -8;
/// A document nests deeper than the option `max_depth` allows.
pub const COFFER_ERROR_TOO_DEEP: i32 = -9;
/// There is nothing under this key or version.
pub const COFFER_ERROR_NOT_FOUND: i32 = -10;
/// The document is at another revision than the caller expected.
pub const COFFER_ERROR_CONFLICT: i32 = -11;
/// The key belongs to the layer: a past version, a counter, or a record under `save_metadata/`.
pub const COFFER_ERROR_RESERVED_KEY: i32 = -12;
/// The caller's buffer is too small; the length that is needed was written.
pub const COFFER_ERROR_BUFFER_TOO_SMALL: i32 = -13;
/// Another process has the store open for writing; the message names its process id.
pub const COFFER_ERROR_BUSY: i32 = -14;
/// The handle was opened read-only.
pub const COFFER_ERROR_READ_ONLY: i32 = -15;
/// The operating system refused a file operation; the message names file and reason.
pub const COFFER_ERROR_IO: i32 = -16;
/// There is no store at the path, and the options say not to create one.
pub const COFFER_ERROR_NO_STORE: i32 = -17;
/// A file is damaged; the message names it and the offset.
pub const COFFER_ERROR_CORRUPT: i32 = -18;
/// An earlier write or sync failed: changes are refused until the store is closed and opened again. Loading works.
pub const COFFER_ERROR_FAILED: i32 = -19;
/// A file was written by a newer Coffer.
pub const COFFER_ERROR_UNSUPPORTED_FORMAT: i32 = -20;
/// Memory ran out; nothing changed.
pub const COFFER_ERROR_OUT_OF_MEMORY: i32 = -21;
/// No snapshot has this id or label; the message names the nearest ones.
pub const COFFER_ERROR_UNKNOWN_SNAPSHOT: i32 = -22;
/// The journal does not reach back to this moment; the message says how far it does.
pub const COFFER_ERROR_OUT_OF_REACH: i32 = -23;
/// No plug-in has this name, or it has no such method; the message names the nearest ones.
pub const COFFER_ERROR_UNKNOWN_PLUGIN: i32 = -24;
/// Another plug-in or host has this name or place already; the message says who.
pub const COFFER_ERROR_NAME_TAKEN: i32 = -25;
/// The plug-in or host that was called failed; the message is its own.
pub const COFFER_ERROR_CALL_FAILED: i32 = -26;
/// No answer came within the time limit.
pub const COFFER_ERROR_TIMED_OUT: i32 = -27;
/// Plug-ins call each other more than 32 deep on one thread.
pub const COFFER_ERROR_CALLS_TOO_DEEP: i32 = -28;
/// The answer of a call is not there yet; the call goes on.
pub const COFFER_ERROR_PENDING: i32 = -29;
/// The module that this operation needs is not in this build of the library; the message names it.
pub const COFFER_ERROR_MODULE_ABSENT: i32 = -30;
/// A file to import is not what it should be; the message names line and column.
pub const COFFER_ERROR_UNREADABLE: i32 = -31;
/// The progress callback said to stop; nothing changed.
pub const COFFER_ERROR_CANCELLED: i32 = -32;
/// This process was forked while a store was open in its parent, to which the store belongs.
pub const COFFER_ERROR_FORKED: i32 = -33;
/// A mistake in Coffer itself was caught at the boundary. Please report it with the message.
pub const COFFER_ERROR_INTERNAL: i32 = -99;

/// The status that stands for an error.
pub fn status_of(error: &Error) -> i32 {
    match error {
        Error::InvalidKey { .. } => COFFER_ERROR_INVALID_KEY,
        Error::InvalidJson { .. } => COFFER_ERROR_INVALID_JSON,
        Error::TooLarge { .. } => COFFER_ERROR_TOO_LARGE,
        Error::TooDeep { .. } => COFFER_ERROR_TOO_DEEP,
        Error::InvalidOption(_) => COFFER_ERROR_INVALID_OPTION,
        Error::InvalidArgument(_) => COFFER_ERROR_INVALID_ARGUMENT,
        Error::NotFound { .. } => COFFER_ERROR_NOT_FOUND,
        Error::Conflict { .. } => COFFER_ERROR_CONFLICT,
        Error::ReservedKey { .. } => COFFER_ERROR_RESERVED_KEY,
        Error::Busy { .. } => COFFER_ERROR_BUSY,
        Error::ReadOnly => COFFER_ERROR_READ_ONLY,
        Error::NoStore { .. } => COFFER_ERROR_NO_STORE,
        Error::Io { .. } => COFFER_ERROR_IO,
        Error::Corrupt { .. } | Error::Damaged { .. } => COFFER_ERROR_CORRUPT,
        Error::Failed { .. } => COFFER_ERROR_FAILED,
        // To the caller a store that was closed meanwhile is a handle that is closed.
        Error::Closed => COFFER_ERROR_INVALID_HANDLE,
        Error::UnsupportedFormat { .. } => COFFER_ERROR_UNSUPPORTED_FORMAT,
        Error::OutOfMemory { .. } => COFFER_ERROR_OUT_OF_MEMORY,
        Error::UnknownSnapshot { .. } => COFFER_ERROR_UNKNOWN_SNAPSHOT,
        Error::OutOfReach { .. } => COFFER_ERROR_OUT_OF_REACH,
        Error::UnknownPlugin { .. } => COFFER_ERROR_UNKNOWN_PLUGIN,
        Error::NameTaken { .. } => COFFER_ERROR_NAME_TAKEN,
        Error::CallFailed { .. } => COFFER_ERROR_CALL_FAILED,
        Error::TimedOut { .. } => COFFER_ERROR_TIMED_OUT,
        Error::CallsTooDeep { .. } => COFFER_ERROR_CALLS_TOO_DEEP,
        Error::ModuleAbsent { .. } => COFFER_ERROR_MODULE_ABSENT,
        Error::Unreadable { .. } => COFFER_ERROR_UNREADABLE,
        Error::Cancelled => COFFER_ERROR_CANCELLED,
        Error::Background(error) => status_of(error),
    }
}

/// A status's name as a C string.
pub fn name_of(status: i32) -> &'static std::ffi::CStr {
    match status {
        COFFER_OK => c"COFFER_OK",
        COFFER_ERROR_NULL_ARGUMENT => c"COFFER_ERROR_NULL_ARGUMENT",
        COFFER_ERROR_INVALID_HANDLE => c"COFFER_ERROR_INVALID_HANDLE",
        COFFER_ERROR_INVALID_UTF8 => c"COFFER_ERROR_INVALID_UTF8",
        COFFER_ERROR_INVALID_JSON => c"COFFER_ERROR_INVALID_JSON",
        COFFER_ERROR_INVALID_KEY => c"COFFER_ERROR_INVALID_KEY",
        COFFER_ERROR_INVALID_OPTION => c"COFFER_ERROR_INVALID_OPTION",
        COFFER_ERROR_INVALID_ARGUMENT => c"COFFER_ERROR_INVALID_ARGUMENT",
        COFFER_ERROR_TOO_LARGE => c"COFFER_ERROR_TOO_LARGE",
        COFFER_ERROR_TOO_DEEP => c"COFFER_ERROR_TOO_DEEP",
        COFFER_ERROR_NOT_FOUND => c"COFFER_ERROR_NOT_FOUND",
        COFFER_ERROR_CONFLICT => c"COFFER_ERROR_CONFLICT",
        COFFER_ERROR_RESERVED_KEY => c"COFFER_ERROR_RESERVED_KEY",
        COFFER_ERROR_BUFFER_TOO_SMALL => c"COFFER_ERROR_BUFFER_TOO_SMALL",
        COFFER_ERROR_BUSY => c"COFFER_ERROR_BUSY",
        COFFER_ERROR_READ_ONLY => c"COFFER_ERROR_READ_ONLY",
        COFFER_ERROR_IO => c"COFFER_ERROR_IO",
        COFFER_ERROR_NO_STORE => c"COFFER_ERROR_NO_STORE",
        COFFER_ERROR_CORRUPT => c"COFFER_ERROR_CORRUPT",
        COFFER_ERROR_FAILED => c"COFFER_ERROR_FAILED",
        COFFER_ERROR_UNSUPPORTED_FORMAT => c"COFFER_ERROR_UNSUPPORTED_FORMAT",
        COFFER_ERROR_OUT_OF_MEMORY => c"COFFER_ERROR_OUT_OF_MEMORY",
        COFFER_ERROR_UNKNOWN_SNAPSHOT => c"COFFER_ERROR_UNKNOWN_SNAPSHOT",
        COFFER_ERROR_OUT_OF_REACH => c"COFFER_ERROR_OUT_OF_REACH",
        COFFER_ERROR_UNKNOWN_PLUGIN => c"COFFER_ERROR_UNKNOWN_PLUGIN",
        COFFER_ERROR_NAME_TAKEN => c"COFFER_ERROR_NAME_TAKEN",
        COFFER_ERROR_CALL_FAILED => c"COFFER_ERROR_CALL_FAILED",
        COFFER_ERROR_TIMED_OUT => c"COFFER_ERROR_TIMED_OUT",
        COFFER_ERROR_CALLS_TOO_DEEP => c"COFFER_ERROR_CALLS_TOO_DEEP",
        COFFER_ERROR_PENDING => c"COFFER_ERROR_PENDING",
        COFFER_ERROR_MODULE_ABSENT => c"COFFER_ERROR_MODULE_ABSENT",
        COFFER_ERROR_UNREADABLE => c"COFFER_ERROR_UNREADABLE",
        COFFER_ERROR_CANCELLED => c"COFFER_ERROR_CANCELLED",
        COFFER_ERROR_FORKED => c"COFFER_ERROR_FORKED",
        COFFER_ERROR_INTERNAL => c"COFFER_ERROR_INTERNAL",
        _ => c"unknown status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    /// One error of each variant; adding a variant breaks `status_of`, whose match this list follows.
    fn every_error() -> Vec<Error> {
        let (key, path) = (String::from("slot"), Path::new("store").to_path_buf());
        vec![
            Error::InvalidKey { length: 0 },
            Error::InvalidJson { key: key.clone(), reason: "x".into() },
            Error::TooLarge { key: key.clone(), length: 2, limit: 1 },
            Error::TooDeep { key: key.clone(), limit: 1 },
            Error::InvalidOption("x".into()),
            Error::InvalidArgument("x".into()),
            Error::NotFound { what: "x".into() },
            Error::Conflict { key: key.clone(), expected: 1, current: 2 },
            Error::ReservedKey { key },
            Error::Busy { path: path.clone(), owner: Some(1) },
            Error::ReadOnly,
            Error::NoStore { path: path.clone() },
            Error::io("read", &path, io::ErrorKind::Other.into()),
            Error::corrupt(&path, 1, "x"),
            Error::Failed { cause: "x".into() },
            Error::Closed,
            Error::UnsupportedFormat { path, found: 2, newest: 1 },
            Error::OutOfMemory { bytes: 1 },
            Error::UnknownSnapshot { name: "x".into(), nearest: vec!["y".into()] },
            Error::OutOfReach { moment: "x".into(), reach: "y".into() },
            Error::UnknownPlugin { what: "x".into(), nearest: vec!["y".into()] },
            Error::NameTaken { what: "x".into(), holder: "y".into() },
            Error::CallFailed { what: "x".into(), reason: "y".into() },
            Error::TimedOut { what: "x".into(), limit: Duration::from_secs(1) },
            Error::CallsTooDeep { what: "x".into(), limit: 32 },
            Error::ModuleAbsent { module: "x" },
            Error::Unreadable { path: Path::new("x").to_path_buf(), line: 1, column: 1, reason: "y".into() },
            Error::Cancelled,
        ]
    }

    #[test]
    fn every_error_has_a_status_of_its_own_with_a_name() {
        let statuses: HashSet<i32> = every_error().iter().map(status_of).collect();
        assert_eq!(statuses.len(), every_error().len());
        for status in statuses {
            assert!(status < 0);
            assert_ne!(name_of(status), c"unknown status", "{status}");
        }
        assert_eq!(name_of(1), c"unknown status");
    }

    #[test]
    fn what_the_store_can_do_without_is_damaged_like_anything_else() {
        let damaged = Error::corrupt(Path::new("history"), 7, "torn").advise("delete it");
        assert_eq!(status_of(&damaged), COFFER_ERROR_CORRUPT);
        assert_eq!(damaged.to_string(), "history is damaged at byte 7: torn; delete it");
    }

    #[test]
    fn every_message_is_one_line() {
        for error in every_error() {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
