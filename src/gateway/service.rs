//! What the gateway needs of others: the store's operations, its events, the plug-ins' endpoints.
//!
//! Holds traits and the plain values that cross them. Invariant: nothing here names a thread, a socket or HTTP.

use super::schema::{CollectionSize, Documents, Status, VersionEntry};
use crate::disk::DiskFile;
use crate::error::Result;
use std::sync::Arc;

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub text: Vec<u8>,
    pub revision: u64,
    pub saved_at_ms: u64,
}

/// Which documents to list.
#[derive(Debug, Clone, Copy)]
pub struct Page<'p> {
    pub collection: &'p str,
    pub prefix: &'p str,
    pub after: Option<&'p str>,
    pub limit: usize,
}

/// A new snapshot.
pub struct Created {
    pub id: String,
    pub json: String,
}

/// An export that lies in a file, which stays readable as long as this is held.
#[derive(Clone)]
pub struct Exported {
    pub file: Arc<dyn DiskFile>,
    pub length: u64,
    /// The same for the same bytes only.
    pub tag: String,
    /// What to call it where it is kept.
    pub name: String,
    pub time_ms: u64,
}

/// How to import.
#[derive(Debug, Clone, Copy)]
pub struct ImportWish<'w> {
    pub format: Option<&'w str>,
    /// As the option of the same name.
    pub mode: &'w str,
    pub on_conflict: &'w str,
    pub dry_run: bool,
}

/// An event, ready to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The commit that it tells of or came after; what comes after it can be asked for.
    pub sequence: u64,
    pub topic: String,
    pub json: String,
}

/// A stream of events. Dropping it ends it.
pub trait Events: Send {
    /// The next event that waits; none if there is none. Does not wait.
    fn next(&mut self) -> Option<Told>;
}

/// Who answers the requests of an endpoint that a plug-in registered.
pub trait Handler: Send + Sync {
    /// Takes a request as JSON and gives an answer as JSON. Gives up when `is_stopping` says so.
    fn handle(&self, request: &str, is_stopping: &dyn Fn() -> bool) -> Result<String>;
}

/// The store's operations. Calls come from several threads. JSON texts are as `schema` describes them.
pub trait Service: Send + Sync {
    fn status(&self) -> Result<Status>;
    fn health(&self, full: bool, quota_bytes: Option<u64>) -> Result<String>;
    fn collections(&self) -> Result<Vec<CollectionSize>>;
    fn documents(&self, page: Page<'_>) -> Result<Documents>;
    fn document(&self, key: &str) -> Result<Stored>;
    /// A document's revision and when it was saved, if it is there.
    fn revision(&self, key: &str) -> Result<Option<(u64, u64)>>;
    /// Saves a document and returns its revision; 0 stands for a document that is not there yet.
    fn save(&self, key: &str, text: &str, expected: Option<u64>) -> Result<u64>;
    fn clear(&self, key: &str, expected: u64) -> Result<()>;
    fn versions(&self, document: &str) -> Result<Vec<VersionEntry>>;
    fn version(&self, document: &str, version: u64) -> Result<Stored>;
    /// 0 stands for the newest version.
    fn version_diff(&self, document: &str, from: u64, to: u64) -> Result<String>;
    fn snapshots(&self) -> Result<String>;
    fn create_snapshot(&self, label: Option<&str>) -> Result<Created>;
    fn snapshot(&self, id: &str) -> Result<String>;
    fn delete_snapshot(&self, id: &str) -> Result<()>;
    fn restore_snapshot(&self, id: &str, selection: Option<&str>) -> Result<String>;
    fn snapshot_document(&self, id: &str, key: &str) -> Result<Stored>;
    fn snapshot_diff(&self, from: &str, to: &str) -> Result<String>;
    fn export(&self, format: &str) -> Result<Exported>;
    fn import(&self, wish: ImportWish<'_>, body: &[u8]) -> Result<String>;
    /// What is published from now on, or everything since a commit.
    fn events(&self, since: Option<u64>) -> Result<Box<dyn Events>>;
    /// Long work that is under way comes to an end soon, with `Cancelled`.
    fn stop(&self);
    /// Ends it: nothing is called any more.
    fn close(&self);
}
