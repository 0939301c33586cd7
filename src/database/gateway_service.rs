//! What the gateway asks of a store, answered by the operations of a handle.
//!
//! Invariant: nothing here goes past the handle: what it refuses to its user it refuses to HTTP.

use super::export::ExportedFile;
use super::gateway_files::{Exports, Spool};
use super::health::HealthOptions;
use super::import::ImportOptions;
use super::keys;
use super::plugins::usual_limit;
use super::restore::Selection;
use super::{Core, Database, Loaded, Subscription, SubscriptionOptions};
use crate::document::Collection;
use crate::error::{Error, Result, quoted};
use crate::gateway::schema::{CollectionSize, DocumentEntry, Documents, Status, VersionEntry};
use crate::gateway::{Created, Events, Exported, Handler, ImportWish, Page, Service, Stored, Told};
use crate::hub::Asked;
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often somebody who waits for a plug-in looks whether the gateway is being stopped.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A store, as its gateway sees it.
pub struct Api {
    database: Arc<Database>,
    exports: Exports,
    stopping: AtomicBool,
}

impl Api {
    pub fn on(database: Arc<Database>) -> Api {
        Api { database, exports: Exports::default(), stopping: AtomicBool::new(false) }
    }
}

/// An answer as JSON.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::InvalidArgument(format!("the answer has no JSON form: {error}")))
}

fn copy(loaded: Loaded<'_>) -> Stored {
    Stored { text: loaded.text.to_vec(), revision: loaded.revision, saved_at_ms: loaded.saved_at_ms }
}

/// An address that names no versioned document leads nowhere; to a program it is a wrong argument.
fn check_tier1(document: &str) -> Result<()> {
    let what = || format!("versioned document {}", quoted(document));
    keys::tier1(document).map(drop).map_err(|_| Error::NotFound { what: what() })
}

impl Service for Api {
    fn status(&self) -> Result<Status> {
        let core = self.database.core()?;
        let size = core.size_now();
        let works = core.log.as_ref().is_none_or(|log| log.check().is_ok());
        let last_sync = core.last_sync_ms.load(Ordering::Relaxed);
        Ok(Status {
            status: if works { "OK" } else { "FAILED" }.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            documents: size.documents,
            bytes: size.bytes,
            sequence: core.last_sequence(),
            last_sync: Some(last_sync).filter(|time| *time > 0),
            read_only: self.database.is_read_only() || core.log.is_none(),
            write_allowed: false,
            opened_at_ms: core.opened_ms,
        })
    }

    fn health(&self, full: bool, quota_bytes: Option<u64>) -> Result<String> {
        json(&self.database.analyze_health(&HealthOptions { full, quota_bytes }, &mut |_, _| true)?)
    }

    fn collections(&self) -> Result<Vec<CollectionSize>> {
        let totals = self.database.core()?.store.totals();
        let size = |collection: Collection| {
            let total = totals.get(collection as usize - 1).copied().unwrap_or_default();
            CollectionSize { name: collection.name().to_owned(), documents: total.documents, bytes: total.bytes }
        };
        Ok(Collection::ALL.into_iter().map(size).collect())
    }

    fn documents(&self, page: Page<'_>) -> Result<Documents> {
        let found = Collection::ALL.into_iter().find(|one| one.name() == page.collection);
        let collection =
            found.ok_or_else(|| Error::NotFound { what: format!("collection {}", quoted(page.collection)) })?;
        Ok(self.database.core()?.page(collection, page))
    }

    fn document(&self, key: &str) -> Result<Stored> {
        self.database.load_with(key, copy)
    }

    fn revision(&self, key: &str) -> Result<Option<(u64, u64)>> {
        match self.database.load_with(key, |loaded| (loaded.revision, loaded.saved_at_ms)) {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn save(&self, key: &str, text: &str, expected: Option<u64>) -> Result<u64> {
        self.database.save(key, text, expected, None)
    }

    fn clear(&self, key: &str, expected: u64) -> Result<()> {
        self.database.clear(key, Some(expected), None)
    }

    fn versions(&self, document: &str) -> Result<Vec<VersionEntry>> {
        check_tier1(document)?;
        let versions = self.database.list_versions(document)?.into_iter();
        let entry = |one: super::VersionInfo| VersionEntry {
            version: one.version,
            saved_at_ms: one.saved_at_ms,
            bytes: one.bytes,
        };
        Ok(versions.map(entry).collect())
    }

    fn version(&self, document: &str, version: u64) -> Result<Stored> {
        check_tier1(document)?;
        self.database.load_version(document, version, copy)
    }

    fn version_diff(&self, document: &str, from: u64, to: u64) -> Result<String> {
        check_tier1(document)?;
        Ok(self.database.diff_versions(document, from, to)?.get().to_owned())
    }

    fn snapshots(&self) -> Result<String> {
        json(&self.database.list_snapshots()?)
    }

    fn create_snapshot(&self, label: Option<&str>) -> Result<Created> {
        let snapshot = self.database.create_snapshot(label)?;
        Ok(Created { json: json(&snapshot)?, id: snapshot.id })
    }

    fn snapshot(&self, id: &str) -> Result<String> {
        json(&self.database.get_snapshot(id)?)
    }

    fn delete_snapshot(&self, id: &str) -> Result<()> {
        self.database.delete_snapshot(id)
    }

    fn restore_snapshot(&self, id: &str, selection: Option<&str>) -> Result<String> {
        json(&self.database.restore(id, &Selection::parse(selection)?)?)
    }

    fn snapshot_document(&self, id: &str, key: &str) -> Result<Stored> {
        self.database.load_from_snapshot(id, key, copy)
    }

    fn snapshot_diff(&self, from: &str, to: &str) -> Result<String> {
        json(&self.database.diff_snapshots(from, to)?)
    }

    fn export(&self, format: &str) -> Result<Exported> {
        crate::module::Module::ImportExport.need()?;
        let core = self.database.shared()?;
        let write = |path: &Path| -> Result<ExportedFile> {
            core.write_export(format, path, &mut |_, _| !self.stopping.load(Ordering::Relaxed))
        };
        self.exports.get(&core, format, write)
    }

    fn import(&self, wish: ImportWish<'_>, body: &[u8]) -> Result<String> {
        crate::module::Module::ImportExport.need()?;
        let choice = serde_json::json!({
            "mode": wish.mode, "on_conflict": wish.on_conflict, "dry_run": wish.dry_run, "key": "import"
        });
        let chosen = ImportOptions::parse(Some(&choice.to_string()))?;
        let options = ImportOptions { called: Some("the body of a request"), ..chosen };
        // Refused before anything is written, and not after.
        let core = self.database.writable()?;
        let spool = Spool::write(core, body)?;
        let mut tell = |_, _| !self.stopping.load(Ordering::Relaxed);
        let taken = self.database.import_from_external(spool.path(), wish.format, &options, &mut tell);
        let told = |error| match error {
            Error::Unreadable { line, column, reason, .. } => {
                Error::Unreadable { path: PathBuf::from("the body"), line, column, reason }
            }
            error => error,
        };
        json(&taken.map_err(told)?)
    }

    fn events(&self, since: Option<u64>) -> Result<Box<dyn Events>> {
        let options = SubscriptionOptions { since, ..SubscriptionOptions::default() };
        let subscription = self.database.subscribe("*", &options, None)?;
        Ok(Box::new(Heard { database: self.database.clone(), subscription }))
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn close(&self) {
        self.exports.clear();
        // It is not the last one: whoever registered the API has a handle.
        let _ = self.database.close();
    }
}

impl Core {
    /// A page of a collection's documents, by the keys that users know.
    fn page(&self, collection: Collection, page: Page<'_>) -> Documents {
        let lead = if collection == Collection::SaveMetadata { "save_metadata/" } else { "" };
        let mut documents = Vec::new();
        let nothing = Documents { documents: Vec::new(), next: None };
        let prefix = match page.prefix.strip_prefix(lead) {
            Some(rest) => rest,
            None if lead.starts_with(page.prefix) => "",
            None => return nothing,
        };
        let after = match page.after {
            None => None,
            Some(after) if after < lead => None,
            Some(after) => match after.strip_prefix(lead) {
                Some(rest) => Some(rest),
                None => return nothing,
            },
        };
        let (start, behind) = match after {
            Some(after) if after >= prefix => (after, true),
            _ => (prefix, false),
        };
        let mut next = None;
        self.store.each_in(collection, start, behind, &mut |key, found| {
            if !key.starts_with(prefix) {
                return false;
            }
            if documents.len() == page.limit {
                next = documents.last().map(|last: &DocumentEntry| last.key.clone());
                return false;
            }
            documents.push(DocumentEntry {
                key: format!("{lead}{key}"),
                revision: found.revision(),
                saved_at_ms: found.time_ms(),
                bytes: found.text().len() as u64,
            });
            true
        });
        Documents { documents, next }
    }
}

/// Events of a subscription.
struct Heard {
    database: Arc<Database>,
    subscription: Subscription,
}

#[derive(Serialize)]
struct ToldEvent<'e> {
    id: u64,
    topic: &'e str,
    sequence: u64,
    source: &'e str,
    time_ms: u64,
    payload: &'e RawValue,
}

impl Events for Heard {
    fn next(&mut self) -> Option<Told> {
        let (event, payload) = self.subscription.take()?;
        let payload = serde_json::from_str(&payload).unwrap_or(RawValue::NULL);
        let told = ToldEvent {
            id: event.id,
            topic: &event.topic,
            sequence: event.sequence,
            source: &event.source,
            time_ms: event.time_ms,
            payload,
        };
        Some(Told { sequence: event.sequence, topic: event.topic.to_string(), json: json(&told).unwrap_or_default() })
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.database.unsubscribe(&self.subscription);
    }
}

/// A method of a plug-in that answers requests.
pub struct PluginEndpoint {
    database: Arc<Database>,
    plugin: String,
    method: String,
}

impl PluginEndpoint {
    pub fn new(database: Arc<Database>, plugin: &str, method: &str) -> PluginEndpoint {
        PluginEndpoint { database, plugin: plugin.to_owned(), method: method.to_owned() }
    }
}

impl Handler for PluginEndpoint {
    fn handle(&self, request: &str, is_stopping: &dyn Fn() -> bool) -> Result<String> {
        let call = self.database.begin_call(&self.plugin, &self.method, request, usual_limit(0))?;
        loop {
            match call.ask(LOOK_EVERY) {
                Asked::Outcome(outcome) => return outcome,
                Asked::Pending if is_stopping() => return Err(Error::Closed),
                Asked::Pending => {}
                Asked::ToldBefore => return Err(Error::Closed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::schema;
    use crate::options::Requested;
    use serde::de::DeserializeOwned;

    fn filled() -> (tempfile::TempDir, Api) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path(), &Requested::default()).unwrap();
        for version in 1..=3 {
            database.save_newest(Collection::PartyConfigs, &version.to_string()).unwrap();
        }
        for key in ["a", "b/1", "b/2", "b/3", "c"] {
            database.save(key, "1", None, None).unwrap();
        }
        database.create_snapshot(Some("first")).unwrap();
        database.save("c", "2", None, None).unwrap();
        (folder, Api::on(Arc::new(database)))
    }

    /// The types know no members but those of the document that describes them.
    fn holds<T: DeserializeOwned>(json: &str) {
        let read = serde_json::from_str::<T>(json);
        assert!(read.is_ok(), "{:?}: {json}", read.err());
    }

    #[test]
    fn answers_have_the_members_that_are_described() {
        let (_folder, api) = filled();
        holds::<schema::Snapshots>(&api.snapshots().unwrap());
        holds::<schema::Snapshot>(&api.snapshot("first").unwrap());
        holds::<schema::Snapshot>(&api.create_snapshot(None).unwrap().json);
        holds::<schema::Difference>(&api.snapshot_diff("first", "now").unwrap());
        holds::<Vec<schema::PatchStep>>(&api.version_diff("party_configs", 1, 0).unwrap());
        for selection in [None, Some(r#"{"dry_run":true}"#)] {
            holds::<schema::Restored>(&api.restore_snapshot("first", selection).unwrap());
        }
        for dry_run in [true, false] {
            let wish = ImportWish { format: Some("csv"), mode: "merge", on_conflict: "skip", dry_run };
            holds::<schema::Imported>(&api.import(wish, b"key,hp\nash,7\na,8\n").unwrap());
        }
    }

    #[test]
    fn pages_follow_one_another_without_a_gap() {
        let (_folder, api) = filled();
        let page = |collection, prefix: &str, after: Option<&str>, limit| {
            let page = api.documents(Page { collection, prefix, after, limit }).unwrap();
            (page.documents.into_iter().map(|one| one.key).collect::<Vec<_>>(), page.next)
        };
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (keys, next) = page("plugin_data", "", after.as_deref(), 2);
            all.extend(keys);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, ["a", "b/1", "b/2", "b/3", "c"]);
        assert_eq!(page("plugin_data", "b/", None, 3), (vec!["b/1".into(), "b/2".into(), "b/3".into()], None));
        assert_eq!(page("plugin_data", "b/", Some("a"), 1), (vec!["b/1".into()], Some("b/1".into())));
        assert_eq!(page("plugin_data", "b/", Some("c"), 1), (vec![], None));
        let snapshot = vec!["save_metadata/snapshots/snapshot-8".to_owned()];
        for (prefix, after) in
            [("", None), ("save", None), ("save_metadata/snap", Some("a")), ("", Some("save_metadata/a"))]
        {
            assert_eq!(page("save_metadata", prefix, after, 9), (snapshot.clone(), None), "{prefix} {after:?}");
        }
        for (prefix, after) in [("a", None), ("", Some("t")), ("save_metadata/x", None)] {
            assert_eq!(page("save_metadata", prefix, after, 9), (vec![], None), "{prefix} {after:?}");
        }
        assert!(matches!(
            api.documents(Page { collection: "x", prefix: "", after: None, limit: 1 }),
            Err(Error::NotFound { .. })
        ));
    }
}
