//! How a command ends: exit codes, and failures with their message for a terminal or as JSON.
//!
//! Holds the one mapping from the library's errors to exit codes, without a wildcard, so that a new error needs a decision
//! here. It prints nothing. Invariant: a code keeps its meaning, since scripts act on it; a failure is one line that says
//! what, where, and what to do with this command rather than with the library.

use coffer::error::Error;
use serde_json::json;
use std::fmt::Write as _;
use std::io;

/// What a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    Fine = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Busy = 4,
    Damaged = 5,
    Conflict = 6,
    Refused = 7,
    Cancelled = 130,
}

/// Every code and what it means, as `--help` and the README tell it.
pub const CODES: [(Code, &str); 9] = [
    (Code::Fine, "it worked"),
    (Code::Failed, "it failed, for the reason that the message gives"),
    (Code::Usage, "it was called wrongly: an option, a key or a label that cannot be"),
    (Code::NotFound, "there is no such store, document, version or snapshot"),
    (Code::Busy, "another process has the store open for writing; the message names it"),
    (Code::Damaged, "a file is damaged; the message names it and the byte"),
    (Code::Conflict, "the document is not as was expected, so nothing was changed"),
    (Code::Refused, "what was given is not taken: no JSON, an unreadable file, a reserved key"),
    (Code::Cancelled, "it was cancelled, by Ctrl-C or at the question; nothing was changed"),
];

/// The table of codes for `--help`.
pub fn codes() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in CODES {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {:<4} {meaning}", code as u8);
    }
    text
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    /// The library's name for it; of what is no error of the library, a name of the same form.
    status: &'static str,
    message: String,
}

/// What a command comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        let status = match code {
            Code::Fine => "COFFER_OK",
            Code::Failed => "COFFER_ERROR_IO",
            Code::Usage => "COFFER_ERROR_INVALID_ARGUMENT",
            Code::NotFound => "COFFER_ERROR_NOT_FOUND",
            Code::Busy => "COFFER_ERROR_BUSY",
            Code::Damaged => "COFFER_ERROR_CORRUPT",
            Code::Conflict => "COFFER_ERROR_CONFLICT",
            Code::Refused => "COFFER_ERROR_INVALID_JSON",
            Code::Cancelled => "COFFER_ERROR_CANCELLED",
        };
        Failure { code, status, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Code::Usage, message)
    }

    /// A file of the user's that could not be read or written.
    pub fn of_file(action: &str, path: &std::path::Path, error: &io::Error) -> Failure {
        Failure::new(Code::Failed, format!("cannot {action} {}: {error}", path.display()))
    }

    /// What is told on the way without being an error: the command's own result says why it ends so.
    pub fn quiet(code: Code) -> Failure {
        Failure { code, status: "", message: String::new() }
    }

    /// What stands on standard error; nothing if there is nothing to say.
    pub fn text(&self, as_json: bool) -> Option<String> {
        if self.message.is_empty() {
            return None;
        }
        let told = json!({"error": {"status": self.status, "code": self.code as u8, "message": self.message}});
        Some(if as_json { told.to_string() } else { format!("coffer: {}", self.message) })
    }
}

/// Output that nobody reads any more is no failure: `coffer list … | head` has had enough.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::quiet(Code::Fine),
            _ => Failure::new(Code::Failed, format!("cannot write the output: {error}")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let message = told(&error).replace(['\n', '\r'], " ");
        Failure { code: code_of(&error), status: coffer::status_name(&error), message }
    }
}

fn code_of(error: &Error) -> Code {
    match error {
        Error::InvalidKey { .. } | Error::InvalidOption(_) | Error::InvalidArgument(_) => Code::Usage,
        Error::InvalidJson { .. }
        | Error::TooLarge { .. }
        | Error::TooDeep { .. }
        | Error::ReservedKey { .. }
        | Error::Unreadable { .. } => Code::Refused,
        Error::NotFound { .. } | Error::NoStore { .. } | Error::UnknownSnapshot { .. } | Error::OutOfReach { .. } => {
            Code::NotFound
        }
        Error::Io { action: "list", source, .. } if source.kind() == io::ErrorKind::NotADirectory => Code::NotFound,
        Error::Busy { .. } => Code::Busy,
        Error::Corrupt { .. } | Error::Damaged { .. } => Code::Damaged,
        Error::Conflict { .. } => Code::Conflict,
        Error::Cancelled => Code::Cancelled,
        Error::Background(error) => code_of(error),
        Error::ReadOnly
        | Error::Io { .. }
        | Error::Failed { .. }
        | Error::Closed
        | Error::UnsupportedFormat { .. }
        | Error::UnknownPlugin { .. }
        | Error::NameTaken { .. }
        | Error::CallFailed { .. }
        | Error::TimedOut { .. }
        | Error::CallsTooDeep { .. }
        | Error::ModuleAbsent { .. }
        | Error::OutOfMemory { .. } => Code::Failed,
    }
}

/// The message; where the library's own says what to do in code, what to do with this command.
fn told(error: &Error) -> String {
    match error {
        Error::NoStore { path } => {
            format!("there is no store at {}; check the path (put and import make one with --create)", path.display())
        }
        Error::Io { action: "list", path, source } if source.kind() == io::ErrorKind::NotADirectory => {
            format!("{} is a file, and a store is a folder; check the path", path.display())
        }
        Error::Busy { path, owner } => {
            let by = owner.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            format!("{} is open in {by}; close it there first (commands that only read work meanwhile)", path.display())
        }
        Error::Corrupt { path, offset, reason } => format!(
            "{} is damaged at byte {offset}: {reason}; `coffer verify` tells all of it, `coffer repair` keeps what is whole",
            path.display()
        ),
        Error::TooLarge { key, length, limit } => format!(
            "document {key:?} has {length} bytes, over the limit of {limit}; raise it with --options '{{\"max_document_bytes\": …}}'"
        ),
        Error::TooDeep { key, limit } => format!(
            "document {key:?} nests deeper than {limit} levels; raise that with --options '{{\"max_depth\": …}}'"
        ),
        Error::Background(error) => told(error),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_once_and_in_order() {
        let numbers: Vec<u8> = CODES.iter().map(|(code, _)| *code as u8).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 130]);
        assert_eq!(codes().lines().count(), CODES.len() + 1);
    }

    #[test]
    fn a_failure_is_one_line_in_either_form() {
        let error = || Error::InvalidArgument("one\ntwo".to_owned());
        assert_eq!(Failure::from(error()).text(false).unwrap(), "coffer: one two");
        let text = Failure::from(error()).text(true).unwrap();
        assert_eq!(text, r#"{"error":{"code":2,"message":"one two","status":"COFFER_ERROR_INVALID_ARGUMENT"}}"#);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).text(false), None);
    }
}
