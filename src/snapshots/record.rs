//! The record of one snapshot: a JSON document of `save_metadata` under `snapshots/<id>`.
//!
//! Holds the record's form. Invariant: the id tells what has to be kept, so that recovery can keep it before it has read a
//! single record: `snapshot-7` is the state after commit 7; `import-9` is a file of its own.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the keys of snapshot records begin with, within `save_metadata`.
pub const PREFIX: &str = "snapshots/";
/// The longest label, in bytes of UTF-8.
const LONGEST_LABEL: usize = 256;
/// What a snapshot without a label is called.
const USUAL_LABEL: &str = "database_snapshot";

/// How a snapshot came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody asked for it; it stays until somebody deletes it.
    Manual,
    /// The store made it, before a restore or on its schedule; old ones go.
    Automatic,
    /// It came from a file.
    Imported,
}

/// How much there is of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub documents: u64,
    /// Of the documents' texts.
    pub bytes: u64,
}

/// What is known of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: String,
    pub label: String,
    pub kind: Kind,
    /// Of an automatic snapshot: `"restore"` or `"schedule"`, what it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A pinned one stays, automatic or not.
    pub pinned: bool,
    /// The last commit that it holds. Of an imported one, that of the store it comes from.
    pub sequence: u64,
    pub created_at_ms: u64,
    /// In the collections that users save to.
    pub documents: u64,
    /// Of those documents' texts.
    pub bytes: u64,
    /// By the name of the collection.
    pub collections: Map<String, Value>,
    /// The Tier 1 counters by their names.
    pub versions: Map<String, Value>,
    /// The file that holds an imported snapshot, in the store's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Snapshot {
    /// The id of the snapshot of the state after commit `sequence`.
    pub fn id_of(sequence: u64) -> String {
        format!("snapshot-{sequence}")
    }

    /// The id of the import with this number.
    pub fn import_id_of(number: u64) -> String {
        format!("import-{number}")
    }

    /// Orders snapshots by when they were made here.
    pub fn number(&self) -> u64 {
        self.id.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// What the record says of a collection.
    pub fn size_of(&self, collection: &str) -> Size {
        self.collections.get(collection).and_then(|size| Size::deserialize(size).ok()).unwrap_or_default()
    }
}

/// The key of a record within `save_metadata`.
pub fn key_of(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// The sequence number that a record's key keeps, if it is such a key.
pub fn pinned_sequence(key: &str) -> Option<u64> {
    key.strip_prefix(PREFIX)?.strip_prefix("snapshot-")?.parse().ok()
}

/// The number of the import that a record's key names, if it is such a key.
pub fn import_number(key: &str) -> Option<u64> {
    key.strip_prefix(PREFIX)?.strip_prefix("import-")?.parse().ok()
}

/// The label to use: the usual one if none is given.
pub fn check_label(label: Option<&str>) -> Result<&str> {
    match label.unwrap_or_default() {
        "" => Ok(USUAL_LABEL),
        label if is_taken(label) => Err(Error::InvalidArgument(format!(
            "{label:?} is no label: it would be taken for an id or a moment; choose another"
        ))),
        label if label.len() > LONGEST_LABEL => {
            let reason = format!("the label has {} bytes; a label has up to {LONGEST_LABEL}", label.len());
            Err(Error::InvalidArgument(reason))
        }
        label => Ok(label),
    }
}

/// Whether a name means something else than the snapshot that it labels.
fn is_taken(name: &str) -> bool {
    let is_id = |start: &str| name.strip_prefix(start).is_some_and(|rest| rest.parse::<u64>().is_ok());
    matches!(name, "now" | "latest")
        || name.starts_with("sequence:")
        || name.starts_with("time:")
        || is_id("snapshot-")
        || is_id("import-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_what_it_keeps() {
        assert_eq!(pinned_sequence(&key_of(&Snapshot::id_of(42))), Some(42));
        assert_eq!(import_number(&key_of(&Snapshot::import_id_of(42))), Some(42));
        for key in ["snapshots/import-9", "snapshots/snapshot-", "snapshots/snapshot-x", "snapshot-3", "other"] {
            assert_eq!(pinned_sequence(key), None, "{key}");
        }
    }

    #[test]
    fn labels_have_a_default_and_a_limit() {
        assert_eq!(check_label(None).unwrap(), "database_snapshot");
        assert_eq!(check_label(Some("")).unwrap(), "database_snapshot");
        assert_eq!(check_label(Some("before the boss")).unwrap(), "before the boss");
        assert!(check_label(Some(&"x".repeat(256))).is_ok());
        assert!(check_label(Some(&"x".repeat(257))).is_err());
        for taken in ["now", "latest", "sequence:3", "time:", "snapshot-3", "import-3"] {
            assert!(check_label(Some(taken)).is_err(), "{taken}");
        }
        assert!(check_label(Some("snapshot-three")).is_ok());
    }
}
