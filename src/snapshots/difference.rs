//! How two states differ: which documents came, changed and went.
//!
//! Holds the result's form and how it grows. It compares texts byte for byte; what changed within one is `patch`'s.
//! Invariant: a document is in one of the three lists or is the same in both states.

use super::patch::patch;
use serde::Serialize;
use serde_json::value::RawValue;

/// One of the two states, as the result names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// A snapshot's id, `"now"`, or `"sequence:<number>"`.
    pub id: String,
    pub sequence: u64,
}

/// A document that is in one state only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Whole {
    pub key: String,
    /// Of its text.
    pub bytes: u64,
}

/// A document that is in both and differs.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    pub key: String,
    /// RFC 6902; empty if only spaces, the order of members or members that stand twice differ.
    pub patch: Box<RawValue>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    pub from: Side,
    pub to: Side,
    pub added: Vec<Whole>,
    pub changed: Vec<Changed>,
    pub removed: Vec<Whole>,
}

impl Difference {
    pub fn new(from: Side, to: Side) -> Difference {
        Difference { from, to, added: Vec::new(), changed: Vec::new(), removed: Vec::new() }
    }

    /// Takes one document, as it is in either state.
    pub fn note(&mut self, key: &str, before: Option<&str>, after: Option<&str>) {
        let one = |text: &str| Whole { key: key.to_owned(), bytes: text.len() as u64 };
        match (before, after) {
            (None, Some(after)) => self.added.push(one(after)),
            (Some(before), None) => self.removed.push(one(before)),
            (Some(before), Some(after)) if before != after => {
                self.changed.push(Changed { key: key.to_owned(), patch: patch(before, after) });
            }
            _ => {}
        }
    }
}
