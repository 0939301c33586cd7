//! A plain model of a store: what every key must hold after each commit.
//!
//! It knows the documented meaning of keys and nothing of files; what snapshots do to it is in `snapshots`. Invariant:
//! `contents` lists exactly the keys that the store must list, each with what loading it must give.

use super::snapshots::{Kept, record_key};
use coffer::database::Database;
use coffer::error::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many versions the stores under test keep: few, so that old ones go all the time.
pub const VERSIONS_KEPT: u64 = 6;

/// The documents that keep their versions.
pub const TIER1: [&str; 3] = ["character_roster", "equipment_sets", "party_configs"];
/// The collections that are listed and hold no document of their own name.
const BARE: [&str; 2] = ["plugin_data", "save_metadata"];

/// What loading one key gives.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Empty until it is known: only the store can say what its records hold.
    pub text: Arc<str>,
    pub revision: u64,
    /// `None` until it is known, and for the counters, of which no time is promised.
    pub saved_at_ms: Option<u64>,
}

impl Entry {
    /// Whether this, as found, is what the model expects.
    pub(super) fn meets(&self, expected: &Entry) -> bool {
        let is_known = !self.text.is_empty() && !expected.text.is_empty();
        (!is_known || self.text == expected.text)
            && self.revision == expected.revision
            && (expected.saved_at_ms.is_none() || self.saved_at_ms == expected.saved_at_ms)
    }
}

/// Every listed key; `None` where loading says that there is nothing.
pub type Contents = BTreeMap<String, Option<Entry>>;

/// One edit of a commit: the key, and its new text or `None` to clear it.
pub type Change = (String, Option<Arc<str>>);

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub(super) documents: BTreeMap<String, Entry>,
    /// The newest revision of every key that was ever saved.
    revisions: BTreeMap<String, u64>,
    pub(super) versions: BTreeMap<&'static str, Vec<Entry>>,
    counters: BTreeMap<&'static str, u64>,
    cleared: BTreeMap<&'static str, bool>,
    /// By their ids.
    pub snapshots: BTreeMap<String, Kept>,
    /// What the layer notes of exports and imports, by the keys that load it.
    pub(super) notes: BTreeMap<String, Entry>,
}

/// The Tier 1 document that this key names, if it names one.
pub fn tier1(key: &str) -> Option<&'static str> {
    TIER1.into_iter().find(|name| *name == key)
}

impl Model {
    /// Whether loading this key gives a document.
    pub fn holds(&self, key: &str) -> bool {
        match tier1(key) {
            Some(name) => !self.versions_of(name).is_empty() && !self.is_cleared(name),
            None => self.documents.contains_key(key),
        }
    }

    /// The revision that the document has now; 0 if there is none.
    pub fn revision(&self, key: &str) -> u64 {
        match tier1(key) {
            _ if !self.holds(key) => 0,
            Some(name) => self.counter(name),
            None => self.documents[key].revision,
        }
    }

    /// The revision that the next save of this key gets.
    pub fn next_revision(&self, key: &str) -> u64 {
        match tier1(key) {
            Some(name) => self.counter(name) + 1,
            None => self.revisions.get(key).map_or(1, |revision| revision + 1),
        }
    }

    /// How many versions of this Tier 1 document were saved.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    pub fn versions_of(&self, name: &str) -> &[Entry] {
        self.versions.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_cleared(&self, name: &str) -> bool {
        self.cleared.get(name).copied().unwrap_or(false)
    }

    /// Applies one edit; true if it changed anything, as clearing what is not there does not.
    pub fn apply(&mut self, (key, text): &Change) -> bool {
        if text.is_none() && !self.holds(key) {
            return false;
        }
        let revision = self.next_revision(key);
        let entry = text.clone().map(|text| Entry { text, revision, saved_at_ms: None });
        match (tier1(key), entry) {
            (Some(name), Some(entry)) => {
                let versions = self.versions.entry(name).or_default();
                versions.push(entry);
                let aged = versions.len().saturating_sub(VERSIONS_KEPT as usize);
                versions.drain(..aged);
                self.counters.insert(name, revision);
                self.cleared.insert(name, false);
            }
            (Some(name), None) => drop(self.cleared.insert(name, true)),
            (None, Some(entry)) => {
                self.revisions.insert(key.clone(), revision);
                self.documents.insert(key.clone(), entry);
            }
            (None, None) => drop(self.documents.remove(key)),
        }
        true
    }

    /// The layer notes an export or an import.
    pub fn note(&mut self, record: &str) {
        let key = format!("save_metadata/{record}");
        let revision = self.notes.get(&key).map_or(1, |known| known.revision + 1);
        self.notes.insert(key, Entry { text: "".into(), revision, saved_at_ms: None });
    }

    /// Notes when the newest save of this key was, which only the store can say.
    pub fn note_time(&mut self, key: &str, saved_at_ms: u64) {
        let newest = match tier1(key) {
            Some(name) => self.versions.get_mut(name).and_then(|versions| versions.last_mut()),
            None => self.documents.get_mut(key),
        };
        newest.expect("the key was just saved").saved_at_ms = Some(saved_at_ms);
    }

    /// What listing and loading everything must give.
    pub fn contents(&self) -> Contents {
        let mut contents: Contents = BARE.iter().map(|name| ((*name).to_owned(), None)).collect();
        for name in TIER1 {
            let versions = self.versions_of(name);
            let newest = versions.last().filter(|_| !self.is_cleared(name));
            contents.insert(name.to_owned(), newest.cloned());
            let counter = self.counter(name);
            let counted = Entry { text: counter.to_string().into(), revision: counter, saved_at_ms: None };
            contents.insert(format!("{name}_v"), Some(counted));
            for version in versions {
                contents.insert(format!("{name}_v{}", version.revision), Some(version.clone()));
            }
        }
        contents.extend(self.documents.iter().map(|(key, entry)| (key.clone(), Some(entry.clone()))));
        contents.extend(self.snapshots.iter().map(|(id, kept)| (record_key(id), Some(kept.record.clone()))));
        contents.extend(self.notes.iter().map(|(key, entry)| (key.clone(), Some(entry.clone()))));
        contents
    }
}

/// What listing and loading everything gives.
pub fn contents_of(db: &Database) -> Result<Contents> {
    let keys = db.list_keys(None, None, 0)?;
    keys.into_iter().map(|key| load(db, &key).map(|entry| (key, entry))).collect()
}

/// What loading one key gives, in the model's form.
pub fn load(db: &Database, key: &str) -> Result<Option<Entry>> {
    let is_counter = key.strip_suffix("_v").is_some_and(|name| tier1(name).is_some());
    let loaded = db.load_with(key, |loaded| Entry {
        text: std::str::from_utf8(loaded.text).expect("documents are UTF-8").into(),
        revision: loaded.revision,
        saved_at_ms: (!is_counter).then_some(loaded.saved_at_ms),
    });
    match loaded {
        Ok(entry) => Ok(Some(entry)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first difference between what is there and what should be, in words; `None` if there is none.
pub fn difference(found: &Contents, expected: &Contents) -> Option<String> {
    let show = |entry: Option<&Option<Entry>>| match entry {
        None => "not listed".to_owned(),
        Some(None) => "listed without a document".to_owned(),
        Some(Some(entry)) => {
            let start: String = entry.text.chars().take(20).collect();
            format!("revision {} of {:?}, {} bytes {start:?}", entry.revision, entry.saved_at_ms, entry.text.len())
        }
    };
    let keys = found.keys().chain(expected.keys());
    let differs = |key: &&String| match (found.get(*key), expected.get(*key)) {
        (Some(Some(found)), Some(Some(expected))) => !found.meets(expected),
        (Some(None), Some(None)) => false,
        _ => true,
    };
    let differing = keys.filter(differs).min()?;
    Some(format!("{differing}: found {}, expected {}", show(found.get(differing)), show(expected.get(differing))))
}
