//! Loading and listing.
//!
//! Takes no commit lock and never waits for a disk. Invariant: a text is given out exactly as it was saved.

use super::Core;
use super::keys::{self, TIER1, Target};
use crate::document::{Collection, DocumentId, check_key};
use crate::error::{Error, Result, quoted};
use crate::store::Found;
use serde::Serialize;

/// A loaded document, lent for the time of one look.
pub struct Loaded<'a> {
    pub text: &'a [u8],
    pub revision: u64,
    pub saved_at_ms: u64,
}

/// One version of a Tier 1 document, as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionInfo {
    pub version: u64,
    pub saved_at_ms: u64,
    pub bytes: u64,
}

impl Core {
    /// Hands the document under `key` to `look`.
    #[inline]
    pub(super) fn load<T>(&self, key: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        let started = self.kept.latency.begin_load();
        let loaded = self.load_target(key, look);
        self.kept.latency.load.end(started);
        loaded
    }

    #[inline]
    fn load_target<T>(&self, key: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        check_key(key)?;
        match keys::target(key) {
            Target::Plugin(key) => self.look(DocumentId::new(Collection::PluginData, key), key, look),
            Target::Layer(key) => self.look(DocumentId::new(Collection::SaveMetadata, key), key, look),
            Target::Newest(collection) => self.load_newest(collection, look),
            Target::Version(collection, version) => self.load_version(collection, version, look),
            Target::Counter(collection) => {
                let revision = self.store.highest_revision(collection);
                let text = revision.to_string();
                Ok(look(Loaded {
                    text: text.as_bytes(),
                    revision,
                    saved_at_ms: self.newest_time(collection, revision),
                }))
            }
        }
    }

    fn look<T>(&self, id: DocumentId<'_>, name: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        let look = |text: &[u8], revision, saved_at_ms| look(Loaded { text, revision, saved_at_ms });
        self.store.look(id, look).ok_or_else(|| Error::NotFound { what: format!("document {}", quoted(name)) })
    }

    pub(super) fn load_newest<T>(&self, collection: Collection, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T> {
        let standing = self.tier1_standing(collection);
        if !standing.exists {
            return Err(Error::NotFound { what: format!("saved {}", collection.name()) });
        }
        self.load_version(collection, standing.revision, look)
    }

    pub(super) fn load_version<T>(
        &self,
        collection: Collection,
        version: u64,
        look: impl FnOnce(Loaded<'_>) -> T,
    ) -> Result<T> {
        let key = keys::version_key(collection, version);
        self.look(DocumentId::new(collection, &key), &key, look)
    }

    fn newest_time(&self, collection: Collection, version: u64) -> u64 {
        self.load_version(collection, version, |loaded| loaded.saved_at_ms).unwrap_or(0)
    }

    /// The versions of a Tier 1 document that are there, oldest first.
    pub(super) fn list_versions(&self, collection: Collection) -> Vec<VersionInfo> {
        let mut versions = Vec::new();
        self.store.each_in(collection, "", false, &mut |key, found: Found<'_>| {
            if let Target::Version(_, version) = keys::target(key) {
                let bytes = found.text().len() as u64;
                versions.push(VersionInfo { version, saved_at_ms: found.time_ms(), bytes });
            }
            true
        });
        versions.sort_unstable_by_key(|one| one.version);
        versions
    }

    /// Keys in byte order: those that begin with `prefix`, behind `after`, at most `limit`.
    pub(super) fn list_keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
        let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        let mut listed = self.documented_keys();
        listed.retain(|key| wanted(key));
        let (start, behind) = match after {
            Some(after) if after >= prefix => (after, true),
            _ => (prefix, false),
        };
        let mut room = limit;
        self.store.each_in(Collection::PluginData, start, behind, &mut |key, _| {
            let goes_on = room > 0 && key.starts_with(prefix);
            if goes_on {
                listed.push(key.to_owned());
                room -= 1;
            }
            goes_on
        });
        listed.sort_unstable();
        listed.dedup();
        listed.truncate(limit);
        listed
    }

    /// The keys that are there without a plug-in's saving them: collections, counters, versions and the layer's records.
    fn documented_keys(&self) -> Vec<String> {
        let mut listed: Vec<String> = Collection::ALL.iter().map(|collection| collection.name().to_owned()).collect();
        listed.extend(TIER1.into_iter().map(keys::counter_key));
        for collection in TIER1 {
            listed.extend(
                self.list_versions(collection).into_iter().map(|one| keys::version_key(collection, one.version)),
            );
        }
        self.store.each_in(Collection::SaveMetadata, "", false, &mut |key, _| {
            listed.push(format!("{}/{key}", Collection::SaveMetadata.name()));
            true
        });
        listed
    }
}
