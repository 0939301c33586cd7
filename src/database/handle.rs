//! One handle on a store: the Rust face of every operation.
//!
//! Holds what belongs to one user of a shared store (default durability, name, read-only) and forwards the rest.
//! Invariant: a closed handle refuses everything, and closing happens once.

use super::commit::{Caller, Edit};
use super::open;
use super::read::{Loaded, VersionInfo};
use super::readout::RecoveryReport;
use super::{Core, keys, registry};
use crate::analytics::Started;
use crate::disk::Disk;
use crate::document::{Collection, Document};
use crate::error::{Error, Result};
use crate::hub::Subscriber;
use crate::options::{Durability, Options, Requested};
use crate::sync::Mutex;
use crate::sync::atomic::AtomicBool;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many handles were ever given out, and one more.
static HANDLES: AtomicU64 = AtomicU64::new(1);

/// A handle on an open store. Dropping it closes it, without a word about failures; `close` tells.
pub struct Database {
    core: Arc<Core>,
    durability: Durability,
    plugin: String,
    read_only: bool,
    closed: AtomicBool,
    /// Tells this handle from all others of this process.
    pub(super) id: u64,
    /// What was subscribed through this handle and not unsubscribed.
    pub(super) subscribers: Mutex<Vec<Arc<Subscriber>>>,
}

impl Database {
    /// Opens the store in the folder `path`, or joins it if this process has it open already.
    pub fn open(path: &Path, requested: &Requested) -> Result<Database> {
        let core = registry::join(path, requested)?;
        Ok(Database::on(core, &requested.options))
    }

    /// Opens a store on any disk, as the only handle on it.
    pub fn open_on(disk: Arc<dyn Disk>, path: &Path, options: &Options) -> Result<Database> {
        Ok(Database::on(open::open(disk, path, options, None)?, options))
    }

    /// An empty store in memory without a thread of its own, for tests of what uses a store.
    #[cfg(test)]
    pub fn open_in_memory() -> Database {
        static STORES: AtomicU64 = AtomicU64::new(0);
        let options = Options { background: false, segment_bytes: 4096, ..Options::default() };
        // Handles on one path share a store, whatever their disks.
        let path = format!("/store-{}", STORES.fetch_add(1, Ordering::Relaxed));
        Database::open_on(Arc::new(crate::disk::Stage::new()), Path::new(&path), &options).expect("memory enough")
    }

    fn on(core: Arc<Core>, options: &Options) -> Database {
        Database {
            core,
            durability: options.durability,
            plugin: options.plugin.clone(),
            read_only: options.read_only,
            closed: AtomicBool::new(false),
            id: HANDLES.fetch_add(1, Ordering::Relaxed),
            subscribers: Mutex::default(),
        }
    }

    /// Another handle on the store with the settings of this one.
    #[cfg(feature = "api-gateway")]
    pub(super) fn twin(&self) -> Result<Database> {
        let core = self.shared()?;
        if !core.add_handle() {
            return Err(Error::Closed);
        }
        let options = Options {
            durability: self.durability,
            plugin: self.plugin.clone(),
            read_only: self.read_only,
            ..Options::default()
        };
        Ok(Database::on(core, &options))
    }

    #[cfg(feature = "api-gateway")]
    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The name that was given at opening.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Who commits through this handle, and how it is to last.
    pub(super) fn caller(&self, durability: Option<Durability>) -> Caller<'_> {
        Caller { source: &self.plugin, durability: durability.unwrap_or(self.durability) }
    }

    pub(super) fn core(&self) -> Result<&Core> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(self.core.newest()) }
    }

    /// The store that this handle works on by now, to keep.
    pub(super) fn shared(&self) -> Result<Arc<Core>> {
        self.core()?;
        Ok(self.newest_core())
    }

    pub(super) fn newest_core(&self) -> Arc<Core> {
        let mut core = &self.core;
        while let Some(next) = core.successor.get() {
            core = next;
        }
        core.clone()
    }

    pub(super) fn writable(&self) -> Result<&Core> {
        if self.read_only { Err(Error::ReadOnly) } else { self.core() }
    }

    /// Saves a document and returns its new revision. `expected` is the revision that has to be the current one, 0 for
    /// "none yet"; `durability` overrides the handle's own.
    pub fn save(&self, key: &str, text: &str, expected: Option<u64>, durability: Option<Durability>) -> Result<u64> {
        let (core, caller) = (self.writable()?, self.caller(durability));
        let started = core.kept.latency.begin_save(caller.durability == Durability::Durable);
        let committed = core.commit_one(Edit { key, text: Some(text), expected }, caller)?;
        core.kept.latency.save.end(started);
        Ok(committed.revision)
    }

    /// Clears a document; clearing nothing succeeds.
    pub fn clear(&self, key: &str, expected: Option<u64>, durability: Option<Durability>) -> Result<()> {
        let (core, caller) = (self.writable()?, self.caller(durability));
        let started = core.kept.latency.begin_save(caller.durability == Durability::Durable);
        core.commit_one(Edit { key, text: None, expected }, caller)?;
        core.kept.latency.save.end(started);
        Ok(())
    }

    /// Saves and clears several documents, all or none, and returns the commit's sequence number.
    pub fn save_batch(&self, edits: &[Edit<'_>], durability: Option<Durability>) -> Result<u64> {
        let (core, caller) = (self.writable()?, self.caller(durability));
        let started = Started::now();
        let committed = core.commit_batch(edits, caller)?;
        core.kept.latency.save.end(started);
        Ok(committed.sequence)
    }

    /// Loads a document.
    pub fn load(&self, key: &str) -> Result<Document> {
        self.load_with(key, |loaded| Document {
            text: String::from_utf8_lossy(loaded.text).into_owned(),
            revision: loaded.revision,
            saved_at_ms: loaded.saved_at_ms,
        })
    }

    /// Hands the document under `key` to `look` without copying it. A lock may be held meanwhile: `look` copies what it wants
    /// and must not call the database.
    #[inline]
    pub fn load_with<T>(&self, key: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        self.core()?.load(key, look)
    }

    /// Saves the next version of a Tier 1 document and returns its number.
    pub fn save_newest(&self, document: Collection, text: &str) -> Result<u64> {
        self.save(document.name(), text, None, None)
    }

    /// Hands the newest version of a Tier 1 document to `look`.
    pub fn load_newest<T>(&self, document: Collection, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        self.core()?.load_newest(document, look)
    }

    /// Hands one version of the Tier 1 document named `document` to `look`.
    pub fn load_version<T>(&self, document: &str, version: u64, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        self.core()?.load_version(keys::tier1(document)?, version, look)
    }

    /// Makes an earlier version of the Tier 1 document named `document` the newest one, as a new version whose number is
    /// returned. What was newest stays as the version before it.
    pub fn roll_back(&self, document: &str, version: u64) -> Result<u64> {
        let collection = keys::tier1(document)?;
        let copy = |loaded: Loaded<'_>| String::from_utf8_lossy(loaded.text).into_owned();
        let text = self.writable()?.load_version(collection, version, copy)?;
        self.save_newest(collection, &text)
    }

    /// The versions of the Tier 1 document named `document`, oldest first.
    pub fn list_versions(&self, document: &str) -> Result<Vec<VersionInfo>> {
        Ok(self.core()?.list_versions(keys::tier1(document)?))
    }

    /// The three version counters by the names of their keys.
    pub fn version_counters(&self) -> Result<Vec<(String, u64)>> {
        let core = self.core()?;
        let counter = |collection| (keys::counter_key(collection), core.store.highest_revision(collection));
        Ok(keys::TIER1.into_iter().map(counter).collect())
    }

    /// Keys in byte order that begin with `prefix` and come after `after`; at most `limit`, all if that is 0.
    pub fn list_keys(&self, prefix: Option<&str>, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        Ok(self.core()?.list_keys(prefix.unwrap_or_default(), after, limit))
    }

    /// Returns once everything saved before is on the disk.
    pub fn flush(&self) -> Result<()> {
        self.core()?.flush()
    }

    /// Writes a new image and retires the journal before it; returns when that is done.
    pub fn checkpoint(&self) -> Result<()> {
        self.writable()?.request_checkpoint()
    }

    /// One round of the background thread's work, for a store that was opened without the thread.
    pub fn maintain(&self) -> Result<()> {
        self.writable()?.maintain(true)
    }

    /// What opening found.
    pub fn recovery_report(&self) -> Result<&RecoveryReport> {
        Ok(&self.core()?.report)
    }

    /// Refuses what would wait for this very thread, which is being told the progress of an export or answers for the API.
    pub fn check_may_close(&self) -> Result<()> {
        self.core.newest().check_not_telling()?;
        self.check_may_leave_gateway()
    }

    /// Closes this handle. The last one on a store makes everything certain and leaves an image.
    pub fn close(&self) -> Result<()> {
        self.check_may_close()?;
        if self.closed.swap(true, Ordering::AcqRel) {
            return Err(Error::Closed);
        }
        self.leave_gateway();
        self.leave_hub();
        registry::leave(self.core.clone())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whoever wants to know of failures calls `close`.
        let _ = self.close();
    }
}
