//! Every way in which an operation can fail, with what a caller needs to act on it.
//!
//! Holds the `Error` type and `Result`. It knows no C numbers (those are in `ffi/status.rs`) and does no I/O.
//! Invariant: every message is one line that says what failed, where, and, if the caller can mend it, how.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// A key is empty or longer than the limit.
    InvalidKey { length: usize },
    /// A document is not JSON as RFC 8259 defines it.
    InvalidJson { key: String, reason: String },
    /// A document is longer than the store allows.
    TooLarge { key: String, length: u64, limit: u64 },
    /// A document nests arrays and objects deeper than the store allows.
    TooDeep { key: String, limit: usize },
    /// An option is unknown, of the wrong form, or differs from the store that is already open.
    InvalidOption(String),
    /// An argument other than a key, a document or an option is out of range.
    InvalidArgument(String),
    /// There is nothing under this key or version.
    NotFound { what: String },
    /// The caller expected another revision than the current one.
    Conflict { key: String, expected: u64, current: u64 },
    /// The key belongs to the layer itself: a past version, a counter, or the layer's own records.
    ReservedKey { key: String },
    /// Another process has the store open for writing.
    Busy { path: PathBuf, owner: Option<u32> },
    /// The store or this handle was opened read-only.
    ReadOnly,
    /// There is no store here and `create` is false.
    NoStore { path: PathBuf },
    /// The operating system refused a file operation.
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The bytes on disk are not what was written.
    Corrupt { path: PathBuf, offset: u64, reason: String },
    /// The same of a file that the store can do without.
    Damaged { path: PathBuf, offset: u64, reason: String, advice: &'static str },
    /// An earlier write or sync failed, so further writes are refused until the store is opened anew.
    Failed { cause: String },
    /// The store was closed while this call was on its way.
    Closed,
    /// The file was written by a newer Coffer than this one.
    UnsupportedFormat { path: PathBuf, found: u32, newest: u32 },
    /// What the background thread ran into on behalf of this call.
    Background(Arc<Error>),
    /// No snapshot has this id or label.
    UnknownSnapshot { name: String, nearest: Vec<String> },
    /// The journal does not reach back to this moment any more.
    OutOfReach { moment: String, reach: String },
    /// No plug-in has this name, or it has no such method.
    UnknownPlugin { what: String, nearest: Vec<String> },
    /// The name of a plug-in, or the place of the host's hub, has a holder.
    NameTaken { what: String, holder: String },
    /// The plug-in that was called says that it failed.
    CallFailed { what: String, reason: String },
    /// No answer came within the limit.
    TimedOut { what: String, limit: Duration },
    /// Plug-ins call each other deeper than the limit.
    CallsTooDeep { what: String, limit: u32 },
    /// The module that this needs is not in this build.
    ModuleAbsent { module: &'static str },
    /// A file that is to be imported is not what it should be.
    Unreadable { path: PathBuf, line: u64, column: u64, reason: String },
    /// Whoever was told of the progress said to stop.
    Cancelled,
    /// A buffer of the needed size could not be allocated.
    OutOfMemory { bytes: u64 },
}

/// The result of every fallible operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An I/O failure of `action` ("write", "sync", …) on `path`.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_path_buf(), source }
    }

    /// Says what to do about damage to a file that the store can do without.
    pub fn advise(self, advice: &'static str) -> Self {
        match self {
            Error::Corrupt { path, offset, reason } => Error::Damaged { path, offset, reason, advice },
            other => other,
        }
    }

    /// Damage found in `path` at byte `offset`.
    pub fn corrupt(path: &Path, offset: u64, reason: impl Into<String>) -> Self {
        Error::Corrupt { path: path.to_path_buf(), offset, reason: reason.into() }
    }
}

/// Shortens a key for a message, so that one line stays one line.
pub fn quoted(key: &str) -> String {
    const SHOWN: usize = 60;
    if key.chars().count() <= SHOWN {
        return format!("{key:?}");
    }
    let start: String = key.chars().take(SHOWN).collect();
    format!("{start:?}… ({} bytes)", key.len())
}

/// How many names a message offers.
const NEAREST: usize = 3;

/// The names most like `name`, the earlier first among those that are equally near.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let name = name.to_lowercase();
    let mut best: Vec<(u64, &String)> = Vec::new();
    for one in names {
        if best.iter().any(|(_, other)| *other == one) {
            continue;
        }
        let likeness = (strsim::jaro_winkler(&name, &one.to_lowercase()) * 1000.0) as u64;
        let at = best.iter().position(|(other, _)| *other < likeness).unwrap_or(best.len());
        if at < NEAREST {
            best.insert(at, (likeness, one));
            best.truncate(NEAREST);
        }
    }
    best.into_iter().map(|(_, one)| one.clone()).collect()
}

/// The end of a message that tells which names there are.
fn these(nearest: &[String]) -> String {
    let nearest: Vec<String> = nearest.iter().map(|one| quoted(one)).collect();
    match nearest.as_slice() {
        [] => "there is none".to_owned(),
        nearest => format!("the nearest are {}", nearest.join(", ")),
    }
}

impl Error {
    /// The messages of what stores and their files are.
    fn tell_of_files(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Busy { path, owner: Some(pid) } => {
                write!(out, "{} is open in process {pid}; close it there or open it read-only", path.display())
            }
            Error::Busy { path, owner: None } => {
                write!(out, "{} is open in another process; close it there or open it read-only", path.display())
            }
            Error::NoStore { path } => {
                write!(out, "there is no store at {}; open it with \"create\": true", path.display())
            }
            Error::Io { action, path, source } => write!(out, "cannot {action} {}: {source}", path.display()),
            Error::Corrupt { path, offset, reason } => write!(
                out,
                "{} is damaged at byte {offset}: {reason}; opening with \"recovery\": \"salvage\" keeps what is whole",
                path.display()
            ),
            Error::Damaged { path, offset, reason, advice } => {
                write!(out, "{} is damaged at byte {offset}: {reason}; {advice}", path.display())
            }
            Error::Failed { cause } => {
                write!(out, "writes are refused since an earlier failure ({cause}); close the store and open it again")
            }
            Error::UnsupportedFormat { path, found, newest } => {
                write!(out, "{} has format {found}, this library reads up to {newest}; update Coffer", path.display())
            }
            // The others are told by `fmt`.
            _ => Ok(()),
        }
    }

    /// The messages of what plug-ins do with each other.
    fn tell_of_calls(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownPlugin { what, nearest } => write!(out, "there is no {what}; {}", these(nearest)),
            Error::NameTaken { what, holder } => {
                write!(out, "{what} is held by {}, which has to leave first", quoted(holder))
            }
            Error::CallFailed { what, reason } => write!(out, "{what} failed: {reason}"),
            Error::TimedOut { what, limit } => write!(out, "{what} did not answer within {} ms", limit.as_millis()),
            Error::CallsTooDeep { what, limit } => {
                write!(out, "{what} would be call {} within calls on this thread; {limit} are allowed", limit + 1)
            }
            // The others are told by `fmt`.
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidKey { length: 0 } => write!(out, "the key is empty; a key has 1 to 1024 bytes"),
            Error::InvalidKey { length } => write!(out, "the key has {length} bytes; a key has 1 to 1024"),
            Error::InvalidJson { key, reason } => write!(out, "document {} is not JSON: {reason}", quoted(key)),
            Error::TooLarge { key, length, limit } => write!(
                out,
                "document {} has {length} bytes, over the limit of {limit}; raise max_document_bytes or split it",
                quoted(key)
            ),
            Error::TooDeep { key, limit } => {
                write!(out, "document {} nests deeper than {limit} levels; raise max_depth or flatten it", quoted(key))
            }
            Error::InvalidOption(reason) => write!(out, "options: {reason}"),
            Error::InvalidArgument(reason) => write!(out, "{reason}"),
            Error::NotFound { what } => write!(out, "there is no {what}"),
            Error::Conflict { key, expected, current } => write!(
                out,
                "{} is at revision {current}, not {expected} (0 means absent); load it again and redo the change",
                quoted(key)
            ),
            Error::ReservedKey { key } => {
                write!(out, "{} belongs to the layer itself and is not saved or cleared by hand", quoted(key))
            }
            Error::Busy { .. }
            | Error::NoStore { .. }
            | Error::Io { .. }
            | Error::Corrupt { .. }
            | Error::Damaged { .. }
            | Error::Failed { .. }
            | Error::UnsupportedFormat { .. } => self.tell_of_files(out),
            Error::ReadOnly => write!(out, "the store was opened read-only; open it without read_only to change it"),
            Error::Closed => write!(out, "the store was closed during this call"),
            Error::Background(error) => error.fmt(out),
            Error::UnknownSnapshot { name, nearest } => {
                write!(out, "there is no snapshot {}; {}", quoted(name), these(nearest))
            }
            Error::OutOfReach { moment, reach } => {
                write!(out, "{moment} is out of the journal's reach, which is {reach}; name a snapshot instead")
            }
            Error::UnknownPlugin { .. }
            | Error::NameTaken { .. }
            | Error::CallFailed { .. }
            | Error::TimedOut { .. }
            | Error::CallsTooDeep { .. } => self.tell_of_calls(out),
            Error::ModuleAbsent { module } => {
                write!(out, "this build of the library has no {module}; use one that was built with it")
            }
            Error::Unreadable { path, line, column, reason } => {
                write!(out, "{} cannot be imported: line {line}, column {column}: {reason}", path.display())
            }
            Error::Cancelled => write!(out, "it was cancelled; nothing changed"),
            Error::OutOfMemory { bytes } => write!(out, "no memory for a buffer of {bytes} bytes"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
