//! Snapshots, moments and differences as one handle on a store offers them.
//!
//! Forwards to the store, with what belongs to the handle. A state is named by a snapshot's id or label, `latest`, `now`,
//! `sequence:<number>` or `time:<milliseconds>`. Invariant: a read-only handle changes nothing.

use super::keys::{self, Target};
use super::read::Loaded;
use super::restore::{Restored, Selection};
use super::snapshot_files::{Exported, Verified};
use super::snapshots::SnapshotList;
use super::states::compare;
use super::{Core, Database};
use crate::document::{Collection, DocumentId, check_key};
use crate::error::{Error, Result, quoted};
use crate::module::Module;
use crate::snapshots::{Difference, Snapshot, patch};
use serde_json::value::RawValue;
use std::path::Path;

impl Database {
    /// The store, for what only reads.
    fn backups(&self) -> Result<&Core> {
        Module::BackupRestore.need()?;
        self.core()
    }

    fn backups_writable(&self) -> Result<&Core> {
        Module::BackupRestore.need()?;
        self.writable()
    }

    /// Makes a snapshot of now, durably: one commit, whatever the size of the store. Without a label it is called
    /// `database_snapshot`.
    pub fn create_snapshot(&self, label: Option<&str>) -> Result<Snapshot> {
        self.backups_writable()?.create_snapshot(label, self.plugin())
    }

    /// Every snapshot, oldest first, and how far back the journal reaches.
    pub fn list_snapshots(&self) -> Result<SnapshotList> {
        self.backups()?.list_snapshots()
    }

    /// What is known of a snapshot.
    pub fn get_snapshot(&self, name: &str) -> Result<Snapshot> {
        self.backups()?.snapshot(name)
    }

    /// Deletes a snapshot, durably. The next checkpoint gives back what only it kept.
    pub fn delete_snapshot(&self, name: &str) -> Result<()> {
        self.backups_writable()?.delete_snapshot(name, self.plugin())
    }

    /// Keeps an automatic snapshot from being removed by the store, or lets it go again.
    pub fn pin_snapshot(&self, name: &str, pinned: bool) -> Result<Snapshot> {
        self.backups_writable()?.pin_snapshot(name, pinned, self.plugin())
    }

    /// Reads again and checks every byte that a snapshot needs.
    pub fn verify_snapshot(&self, name: &str) -> Result<Verified> {
        self.backups()?.verify_snapshot(name)
    }

    /// Writes a state to one file, which another store can import.
    pub fn export_snapshot(&self, name: &str, path: &Path) -> Result<Exported> {
        self.backups()?.export_snapshot(name, path)
    }

    /// Takes in an exported snapshot, under its own label or a new one.
    pub fn import_snapshot(&self, path: &Path, label: Option<&str>) -> Result<Snapshot> {
        self.backups_writable()?.import_snapshot(path, label, self.plugin())
    }

    /// Brings back a state, as far as it is selected, in one durable commit that also keeps the state before.
    pub fn restore(&self, name: &str, selection: &Selection) -> Result<Restored> {
        // Looking changes nothing.
        let core = if selection.dry_run() { self.backups()? } else { self.backups_writable()? };
        core.restore(name, selection, self.plugin())
    }

    /// How two states differ.
    pub fn diff_snapshots(&self, from: &str, to: &str) -> Result<Difference> {
        self.backups()?.diff_snapshots(from, to)
    }

    /// Hands the document under `key`, as it was in a state, to `look`.
    pub fn load_from_snapshot<T>(&self, name: &str, key: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        self.backups()?.load_from_snapshot(name, key, look)
    }

    /// The JSON Patch (RFC 6902) that turns one version of the Tier 1 document named `document` into another; 0 stands
    /// for the newest.
    pub fn diff_versions(&self, document: &str, from: u64, to: u64) -> Result<Box<RawValue>> {
        let collection = keys::tier1(document)?;
        let text = |version| {
            let copy = |loaded: Loaded<'_>| String::from_utf8_lossy(loaded.text).into_owned();
            match version {
                0 => self.load_newest(collection, copy),
                version => self.load_version(document, version, copy),
            }
        };
        Ok(patch(&text(from)?, &text(to)?))
    }
}

impl Core {
    fn diff_snapshots(&self, from: &str, to: &str) -> Result<Difference> {
        let published = self.hold_files()?;
        let (from, to) = (self.point(from)?, self.point(to)?);
        let (from, to) = (self.choose(&from, &published)?, self.choose(&to, &published)?);
        let mut difference = Difference::new(from.side.clone(), to.side.clone());
        compare(&from.state, &to.state, &mut |before, after| {
            let Some(key) = before.as_ref().or(after.as_ref()).map(|one| one.key().to_owned()) else { return Ok(()) };
            difference.note(&key, before.as_ref().map(|one| one.text()), after.as_ref().map(|one| one.text()));
            Ok(())
        })?;
        Ok(difference)
    }

    fn load_from_snapshot<T>(&self, name: &str, key: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        check_key(key)?;
        let published = self.hold_files()?;
        let point = self.point(name)?;
        let chosen = self.choose(&point, &published)?;
        let found = match keys::target(key) {
            Target::Plugin(key) => chosen.state.get(DocumentId::new(Collection::PluginData, key)),
            Target::Layer(key) => chosen.state.get(DocumentId::new(Collection::SaveMetadata, key)),
            Target::Version(collection, _) => chosen.state.get(DocumentId::new(collection, key)),
            Target::Newest(collection) => chosen.state.newest(collection),
            Target::Counter(collection) => {
                let revision = chosen.state.counter(collection);
                return Ok(look(Loaded { text: revision.to_string().as_bytes(), revision, saved_at_ms: 0 }));
            }
        };
        let found =
            found.ok_or_else(|| Error::NotFound { what: format!("document {} in {}", quoted(key), chosen.side.id) })?;
        Ok(look(Loaded { text: found.text(), revision: found.revision(), saved_at_ms: found.time_ms() }))
    }
}
