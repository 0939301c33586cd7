//! What snapshots mean to the plain model, and how a store's snapshots are held against it.
//!
//! It knows the public interface and nothing of how past states are kept. Invariant: a snapshot's state in the model is a
//! copy of the whole model, taken when the snapshot was named, so that nothing later can change it.

use super::model::{Change, Entry, Model, TIER1, load, tier1};
use super::random::Random;
use coffer::database::{Database, Selection};
use coffer::error::{Error, Result};
use coffer::snapshots::Whole;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many automatic snapshots the stores under test keep: few, so that old ones go all the time.
pub const SNAPSHOTS_KEPT: u64 = 3;

/// A snapshot as the model keeps it.
#[derive(Debug, Clone)]
pub struct Kept {
    pub label: String,
    pub automatic: bool,
    pub pinned: bool,
    pub record: Entry,
    /// The store as it was. A state that is itself kept knows its records only: nobody looks further back.
    state: Option<Arc<Model>>,
}

impl Kept {
    fn new(label: &str, automatic: bool, state: Arc<Model>) -> Kept {
        let record = Entry { text: "".into(), revision: 1, saved_at_ms: None };
        Kept { label: label.to_owned(), automatic, pinned: false, record, state: Some(state) }
    }

    pub fn state(&self) -> &Arc<Model> {
        self.state.as_ref().expect("only the newest model is asked for states")
    }
}

/// The key of a snapshot's record.
pub fn record_key(id: &str) -> String {
    format!("save_metadata/snapshots/{id}")
}

/// Orders snapshots by when they came.
fn number_of(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|digits| digits.parse().ok()).expect("ids end in a number")
}

/// Whether a snapshot came from a file.
pub fn is_import(id: &str) -> bool {
    id.starts_with("import-")
}

/// What of a state is to be restored.
#[derive(Debug, Clone)]
pub enum Part {
    Everything,
    Collections(Vec<&'static str>),
    Keys(Vec<String>),
}

impl Part {
    fn has(&self, key: &str) -> bool {
        match self {
            Part::Everything => true,
            Part::Collections(names) => names.contains(&tier1(key).unwrap_or("plugin_data")),
            Part::Keys(keys) => keys.iter().any(|one| one == key),
        }
    }

    pub fn selection(&self, dry_run: bool) -> Selection {
        let json = match self {
            Part::Everything => serde_json::json!({ "dry_run": dry_run }),
            Part::Collections(names) => serde_json::json!({ "collections": names, "dry_run": dry_run }),
            Part::Keys(keys) => serde_json::json!({ "keys": keys, "dry_run": dry_run }),
        };
        Selection::parse(Some(&json.to_string())).expect("the selection is right")
    }
}

impl Model {
    /// This state, to be kept.
    pub fn past(&self) -> Arc<Model> {
        let mut past = self.clone();
        past.snapshots.values_mut().for_each(|kept| kept.state = None);
        Arc::new(past)
    }

    /// The documents that are compared and restored.
    pub fn texts(&self) -> BTreeMap<String, Arc<str>> {
        let mut texts: BTreeMap<_, _> =
            self.documents.iter().map(|(key, entry)| (key.clone(), entry.text.clone())).collect();
        for name in TIER1.into_iter().filter(|name| self.holds(name)) {
            texts.extend(self.versions_of(name).last().map(|newest| (name.to_owned(), newest.text.clone())));
        }
        texts
    }

    /// What each collection holds: documents and their bytes. An imported state has no records.
    pub fn sizes(&self, imported: bool) -> BTreeMap<&'static str, (u64, u64)> {
        let size = |entries: &mut dyn Iterator<Item = &Entry>| {
            entries.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.text.len() as u64))
        };
        let mut sizes: BTreeMap<_, _> =
            TIER1.into_iter().map(|name| (name, size(&mut self.versions_of(name).iter()))).collect();
        let of_snapshots = self.snapshots.values().map(|kept| &kept.record);
        let records = of_snapshots.chain(self.notes.values()).filter(|_| !imported);
        sizes.insert("save_metadata", size(&mut { records }));
        sizes.insert("plugin_data", size(&mut self.documents.values()));
        sizes
    }

    /// Every snapshot's id, oldest first.
    pub fn snapshot_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.snapshots.keys().cloned().collect();
        ids.sort_by_key(|id| number_of(id));
        ids
    }

    /// Names the state as it is now.
    pub fn keep(&mut self, id: &str, label: &str, automatic: bool) {
        let kept = Kept::new(label, automatic, self.past());
        self.snapshots.insert(id.to_owned(), kept);
    }

    /// Takes in a state that was exported.
    pub fn take_in(&mut self, id: &str, label: &str, state: Arc<Model>) {
        self.snapshots.insert(id.to_owned(), Kept::new(label, false, state));
    }

    pub fn pin(&mut self, id: &str, pinned: bool) {
        let kept = self.snapshots.get_mut(id).expect("the snapshot is there");
        kept.pinned = pinned;
        kept.record = Entry { text: "".into(), revision: kept.record.revision + 1, saved_at_ms: None };
    }

    /// What has to be saved and cleared to have the chosen part of another state, in the order of collections and keys.
    pub fn changes_to(&self, target: &Model, part: &Part) -> Vec<Change> {
        let (from, to) = (self.texts(), target.texts());
        let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        let differs = |key: &&&String| part.has(key) && from.get(**key) != to.get(**key);
        let mut changes: Vec<Change> =
            keys.iter().filter(differs).map(|key| ((*key).clone(), to.get(*key).cloned())).collect();
        changes.sort_by_key(|(key, _)| tier1(key).is_none());
        changes
    }

    /// Restores: keeps the state before under `undo`, and lets the oldest automatic snapshots go, but not `restored`.
    pub fn restore(&mut self, changes: &[Change], undo: &str, restored: &str) {
        self.replace(changes, undo, &format!("before the restore of {restored}"), Some(restored));
    }

    /// Changes documents, and keeps the state before as an automatic snapshot.
    pub fn replace(&mut self, changes: &[Change], undo: &str, label: &str, restored: Option<&str>) {
        let before = self.past();
        let may_go = |id: &String| self.snapshots[id].automatic && !self.snapshots[id].pinned;
        let mut gone: Vec<String> = self.snapshot_ids().into_iter().filter(may_go).collect();
        gone.truncate((gone.len() + 1).saturating_sub(SNAPSHOTS_KEPT as usize));
        for id in gone.iter().filter(|id| Some(id.as_str()) != restored) {
            self.snapshots.remove(id);
        }
        for change in changes {
            self.apply(change);
        }
        self.snapshots.insert(undo.to_owned(), Kept::new(label, true, before));
    }

    /// Asks the store for what only it can say: the times of saves and the texts of records.
    pub fn learn(&mut self, db: &Database) -> Result<()> {
        let ask = |key: &str, entry: &mut Entry| {
            if entry.saved_at_ms.is_none() {
                let found = load(db, key)?.unwrap_or_else(|| panic!("{key} was just saved"));
                let as_expected = entry.text.is_empty() || entry.text == found.text;
                assert!(as_expected && entry.revision == found.revision, "{key}: {found:?} is not {entry:?}");
                *entry = found;
            }
            Ok(())
        };
        self.documents.iter_mut().try_for_each(|(key, entry)| ask(key, entry))?;
        for (name, versions) in &mut self.versions {
            versions.iter_mut().try_for_each(|one| ask(&format!("{name}_v{}", one.revision), one))?;
        }
        self.notes.iter_mut().try_for_each(|(key, entry)| ask(key, entry))?;
        self.snapshots.iter_mut().try_for_each(|(id, kept)| ask(&record_key(id), &mut kept.record))
    }
}

/// What loading one key from a named state gives.
fn load_past(db: &Database, name: &str, key: &str) -> Result<Option<Entry>> {
    let loaded = db.load_from_snapshot(name, key, |loaded| Entry {
        text: std::str::from_utf8(loaded.text).expect("documents are UTF-8").into(),
        revision: loaded.revision,
        saved_at_ms: Some(loaded.saved_at_ms),
    });
    match loaded {
        Ok(entry) => Ok(Some(entry)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A named state beside what it must be.
#[derive(Clone, Copy)]
pub struct Named<'m> {
    /// As the store is asked for it.
    pub name: &'m str,
    /// The id of the snapshot that is meant, if one is.
    pub id: &'m str,
    pub state: &'m Model,
}

impl<'m> Named<'m> {
    pub fn snapshot(model: &'m Model, id: &'m str) -> Named<'m> {
        Named { name: id, id, state: model.snapshots[id].state() }
    }

    pub fn now(model: &'m Model) -> Named<'m> {
        Named { name: "now", id: "now", state: model }
    }
}

type Checked = std::result::Result<(), String>;

/// How many documents are loaded one by one to hold a state against the model.
const LOADED: usize = 12;

/// Holds a state against the model: how it differs from the present, which was held against it before, and what some of
/// the keys that are or were load.
pub fn check_state(db: &Database, one: Named<'_>, now: &Model, random: &mut Random) -> Checked {
    let mut keys = check_difference(db, one, Named::now(now))?;
    let expected = one.state.contents();
    let known: Vec<&String> = expected.keys().collect();
    keys.extend((0..LOADED / 2).map(|_| (*random.pick(&known)).clone()));
    // A file has its own record only.
    keys.retain(|key| !is_import(one.id) || !key.starts_with("save_metadata/"));
    for _ in 0..LOADED.min(keys.len()) {
        let key = keys.swap_remove(random.below(keys.len()));
        let found = load_past(db, one.name, &key).map_err(|error| format!("{key} in {}: {error}", one.name))?;
        let wanted = expected.get(&key).cloned().flatten();
        let is_same = match (&found, &wanted) {
            (None, None) => true,
            (Some(found), Some(wanted)) => found.meets(wanted),
            _ => false,
        };
        if !is_same {
            return Err(format!("{key} in {} is {found:?} and should be {wanted:?}", one.name));
        }
    }
    Ok(())
}

/// Has the store compare two states, and holds that against the model. Returns the keys that differ.
pub fn check_difference(db: &Database, from: Named<'_>, to: Named<'_>) -> std::result::Result<Vec<String>, String> {
    let place = format!("from {} to {}", from.name, to.name);
    let found = db.diff_snapshots(from.name, to.name).map_err(|error| format!("{place}: {error}"))?;
    let whole =
        |list: &[Whole]| -> BTreeMap<String, u64> { list.iter().map(|one| (one.key.clone(), one.bytes)).collect() };
    let found = (whole(&found.added), whole(&found.removed), {
        found.changed.into_iter().map(|one| one.key).collect::<BTreeSet<String>>()
    });
    let (before, after) = (from.state.texts(), to.state.texts());
    let only_in = |one: &BTreeMap<String, Arc<str>>, other: &BTreeMap<String, Arc<str>>| -> BTreeMap<String, u64> {
        let only = one.iter().filter(|(key, _)| !other.contains_key(*key));
        only.map(|(key, text)| (key.clone(), text.len() as u64)).collect()
    };
    let differs = |(key, text): &(&String, &Arc<str>)| after.get(*key).is_some_and(|other| other != *text);
    let changed = before.iter().filter(differs).map(|(key, _)| key.clone()).collect();
    let expected = (only_in(&after, &before), only_in(&before, &after), changed);
    match found == expected {
        true => Ok(expected.0.into_keys().chain(expected.1.into_keys()).chain(expected.2).collect()),
        false => Err(format!("{place}, there were added, removed and changed {found:?}, and should be {expected:?}")),
    }
}

/// Checks that a store lists the model's snapshots, that one of them verifies, and at times that it is what it was.
pub fn check_one(db: &Database, model: &Model, random: &mut Random) -> Checked {
    let listed = db.list_snapshots().map_err(|error| format!("listing snapshots: {error}"))?;
    let ids: Vec<String> = listed.snapshots.into_iter().map(|one| one.id).collect();
    if ids != model.snapshot_ids() {
        return Err(format!("the snapshots are {ids:?} and should be {:?}", model.snapshot_ids()));
    }
    if ids.is_empty() {
        return Ok(());
    }
    let id = random.pick(&ids);
    db.verify_snapshot(id).map_err(|error| format!("{id} does not verify: {error}"))?;
    match random.percent(20) {
        true => check_state(db, Named::snapshot(model, id), model, random),
        false => Ok(()),
    }
}

/// Checks that every snapshot of a store verifies and is what it was.
pub fn check_every(db: &Database, model: &Model, random: &mut Random) -> Checked {
    for id in model.snapshots.keys() {
        db.verify_snapshot(id).map_err(|error| format!("{id} does not verify: {error}"))?;
        check_state(db, Named::snapshot(model, id), model, random)?;
    }
    Ok(())
}
