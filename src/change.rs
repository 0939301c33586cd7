//! One change to one document, as it is journalled and applied.
//!
//! Holds borrowed views only, so that a save copies its text once into the journal and once into the store.
//! Invariant: a change carries its final revision, so that replaying it twice gives the same state as once.

use crate::document::DocumentId;

/// What a commit does to one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    pub id: DocumentId<'a>,
    /// The revision that the document has after this change; a clear keeps the one that it cleared.
    pub revision: u64,
    pub action: Action<'a>,
}

/// The two things that can happen to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// The document becomes this text. `checksum` is the CRC-32C of the text, computed before any lock is taken.
    Put { text: &'a str, checksum: u32 },
    /// The document is no more. Its revision stays known, so that it is not given out again.
    Clear,
}

/// A whole commit: all of it becomes true or none of it.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    pub sequence: u64,
    pub time_ms: u64,
    pub changes: &'a [Change<'a>],
}
