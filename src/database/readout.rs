//! What reading a store's files came to, before anything is changed on the disk.
//!
//! Holds the plain results that `open` and `salvage` share, and how a recovered commit goes into the store. It reads no
//! file. Invariant: applying the same commits in the same order gives the same documents, revisions and times.

use super::checkpoint::Published;
use crate::change::{Action, Change, Commit};
use crate::document::Collection;
use crate::error::Result;
use crate::journal::Recovered;
use crate::snapshots::pinned_sequence;
use crate::store::{Stamp, Store};
use serde::Serialize;

/// What opening found on the disk.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct RecoveryReport {
    /// Commits that were replayed from the journal.
    pub recovered_records: u64,
    /// Bytes of an unfinished tail that were dropped: no acknowledged durable commit was among them.
    pub torn_bytes: u64,
    /// Whether damage was met and salvaged.
    pub salvaged: bool,
    /// What salvage could not keep.
    pub lost: Vec<LossReport>,
}

/// A stretch of a file that could not be read as what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LossReport {
    pub file: String,
    pub offset: u64,
    pub bytes: u64,
    pub reason: String,
}

/// What was read from the disk, before anything is changed on it.
pub struct Readout {
    pub store: Store,
    pub recovered: Recovered,
    pub published: Published,
    pub report: RecoveryReport,
    /// When the first replayed commit was made, if any was.
    pub first_time_ms: Option<u64>,
    /// Files that are of no more use once the store goes on: older images, unfinished ones.
    pub stale: Vec<String>,
    /// Damaged files that salvage replaces.
    pub damaged: Vec<String>,
}

/// The text that a change gives its document; none clears it.
pub fn text_of<'a>(change: &Change<'a>) -> Option<&'a str> {
    match change.action {
        Action::Put { text, .. } => Some(text),
        Action::Clear => None,
    }
}

/// Puts one recovered commit into the store. A snapshot's record keeps the state before its own commit, so records come
/// first.
pub fn apply(store: &Store, commit: &Commit<'_>) -> Result<()> {
    let records = commit.changes.iter().filter(|change| change.id.collection == Collection::SaveMetadata);
    for record in records {
        match pinned_sequence(record.id.key) {
            Some(sequence) if text_of(record).is_some() => store.pin(sequence),
            Some(sequence) => store.forget(sequence),
            None => {}
        }
    }
    for change in commit.changes {
        let stamp = Stamp { sequence: commit.sequence, revision: change.revision, time_ms: commit.time_ms };
        store.apply(change.id, change.id.hash(), stamp, text_of(change), None);
    }
    Ok(())
}
