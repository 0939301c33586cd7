//! The form of every answer, as the OpenAPI document describes it.
//!
//! Some are filled in here, others come from the database as JSON; tests read all of them back with the types below, which
//! know no other members. Invariant: an answer of the gateway has the members that its type has.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What `GET /api/database/status` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// `OK`, or `FAILED` where the store takes no changes since a write failed.
    #[schema(example = "OK")]
    pub status: String,
    /// Of the library.
    pub version: String,
    /// In the collections that users save to.
    pub documents: u64,
    /// Of those documents' texts.
    pub bytes: u64,
    /// The newest commit.
    pub sequence: u64,
    /// When the Tier 1 documents were last broadcast, in milliseconds since the Unix epoch.
    #[schema(required)]
    pub last_sync: Option<u64>,
    pub read_only: bool,
    /// Whether this API changes anything.
    pub write_allowed: bool,
    /// When the store was opened.
    pub opened_at_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct CollectionSize {
    pub name: String,
    pub documents: u64,
    /// Of the documents' texts.
    pub bytes: u64,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct Collections {
    pub collections: Vec<CollectionSize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct DocumentEntry {
    pub key: String,
    pub revision: u64,
    pub saved_at_ms: u64,
    pub bytes: u64,
}

/// Documents of a collection, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct Documents {
    pub documents: Vec<DocumentEntry>,
    /// What to pass as `after` for those that come behind; null if these were the last.
    #[schema(required)]
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct VersionEntry {
    pub version: u64,
    pub saved_at_ms: u64,
    pub bytes: u64,
}

/// The versions of a Tier 1 document, oldest first.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct Versions {
    pub document: String,
    pub versions: Vec<VersionEntry>,
}

/// How one endpoint's limit stands.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct LimitState {
    pub id: String,
    pub method: String,
    pub path: String,
    pub per_minute: u32,
    /// Requests of the last minute.
    pub used: u32,
    pub remaining: u32,
    /// Until the oldest of them does not count any more.
    pub reset_ms: u64,
    /// Requests that were refused since the API was registered.
    pub rejected: u64,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub endpoints: Vec<LimitState>,
    /// To the built-in server.
    pub connections: u64,
}

/// One change to a JSON text, as in RFC 6902.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct PatchStep {
    #[schema(example = "replace")]
    op: String,
    path: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    value: Value,
}

/// How much there is of something.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Size {
    documents: u64,
    bytes: u64,
}

/// What is known of a snapshot.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    id: String,
    label: String,
    /// `manual`, `automatic` or `imported`.
    kind: String,
    /// What an automatic one was made for.
    #[serde(default)]
    #[schema(nullable = false)]
    reason: Option<String>,
    pinned: bool,
    sequence: u64,
    created_at_ms: u64,
    documents: u64,
    bytes: u64,
    collections: BTreeMap<String, Size>,
    versions: BTreeMap<String, u64>,
    /// The file of an imported one.
    #[serde(default)]
    #[schema(nullable = false)]
    file: Option<String>,
}

/// Which moments can be brought back without a snapshot.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct JournalReach {
    from_sequence: u64,
    from_time_ms: u64,
    to_sequence: u64,
}

/// Every snapshot, oldest first.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    snapshots: Vec<Snapshot>,
    journal: JournalReach,
    /// Bytes of past versions on the disk, as of the last checkpoint.
    history_bytes: u64,
}

/// One change that a dry run announces.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Planned {
    key: String,
    /// `save` or `clear`.
    action: String,
    bytes: u64,
}

/// What restoring did or would do.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Restored {
    id: String,
    sequence: u64,
    dry_run: bool,
    /// The commit that did it; null if nothing differed.
    #[schema(required)]
    commit: Option<u64>,
    saved: u64,
    cleared: u64,
    bytes: u64,
    /// The automatic snapshot of the state before.
    #[schema(required)]
    undo: Option<String>,
    #[serde(default)]
    #[schema(nullable = false)]
    changes: Option<Vec<Planned>>,
}

/// One of two states that are compared.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Side {
    id: String,
    sequence: u64,
}

/// A document that is in one of two states only.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Whole {
    key: String,
    bytes: u64,
}

/// A document that differs.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Changed {
    key: String,
    patch: Vec<PatchStep>,
}

/// How two states differ.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Difference {
    from: Side,
    to: Side,
    added: Vec<Whole>,
    changed: Vec<Changed>,
    removed: Vec<Whole>,
}

/// A document of a file that was not taken in.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    key: String,
    line: u64,
    column: u64,
    reason: String,
}

/// What importing did or would do.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
#[serde(deny_unknown_fields)]
pub struct Imported {
    path: String,
    format: String,
    file_bytes: u64,
    dry_run: bool,
    documents: u64,
    saved: u64,
    unchanged: u64,
    cleared: u64,
    skipped: u64,
    skipped_documents: Vec<Skipped>,
    #[schema(required)]
    commit: Option<u64>,
    /// The automatic snapshot of the state before.
    #[schema(required)]
    undo: Option<String>,
}

/// What a new snapshot is to be called.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSnapshot {
    #[serde(default)]
    pub label: Option<String>,
}

/// Which documents to restore; all of them if nothing is said.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what the database reads")]
#[serde(deny_unknown_fields)]
pub struct Selection {
    #[schema(nullable)]
    collections: Option<Vec<RestorableCollection>>,
    keys: Option<Vec<String>>,
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what the database reads")]
#[schema(rename_all = "snake_case")]
pub enum RestorableCollection {
    CharacterRoster,
    EquipmentSets,
    PartyConfigs,
    PluginData,
}
