//! Any bytes as a sequence of C calls with arbitrary arguments, against a plain model of a store.
//!
//! Each call goes through the exported function, on a store in a folder of its own. Invariants checked: a call works if and
//! only if its arguments allow it, says why not with a status that its arguments explain, and changes nothing then; what
//! works does what the model does; no call ends in a mistake of the library's own; the store opens again the same.

use super::arguments::{self, DEPTH, Source};
use super::c::{self, Text};
use super::support::model::{Contents, Model, VERSIONS_KEPT};
use super::support::snapshots::Part;
use coffer::ffi::status::*;
use serde_json::{Value, json};
use std::sync::Arc;

const MOST_CALLS: usize = 64;
/// More restores than this would make the store forget automatic snapshots.
const MOST_RESTORES: usize = 8;
const HANDLES: usize = 3;

#[derive(Clone, Copy, Default)]
struct Handle {
    /// As it was given out last; it stays when it is closed.
    number: u64,
    is_open: bool,
    read_only: bool,
}

struct Play {
    folder: tempfile::TempDir,
    handles: [Handle; HANDLES],
    /// Whether there is a store in the folder.
    exists: bool,
    model: Model,
    restores: usize,
}

/// Makes the calls that the bytes say.
pub fn check(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let handles = Default::default();
    let mut play = Play { folder, handles, exists: false, model: Model::default(), restores: 0 };
    let mut source = Source::new(bytes);
    // Most inputs are about an open store.
    play.open(0, false, true);
    for _ in 0..MOST_CALLS {
        if source.has_ended() {
            break;
        }
        play.call(&mut source);
    }
    play.end();
}

/// Holds a status against what may be wrong; true if the call worked.
fn worked(status: i32, faults: &[i32]) -> bool {
    if status == COFFER_OK {
        assert!(
            faults.is_empty(),
            "it worked, with {:?}",
            faults.iter().map(|one| c::status_name(*one)).collect::<Vec<_>>()
        );
        return true;
    }
    let (name, error) = (c::status_name(status), c::last_error());
    assert!(name.starts_with("COFFER_ERROR_"), "{status}: {name}");
    assert!(!error.is_empty() && !error.contains('\n'), "{name}: {error:?}");
    assert!(faults.contains(&status), "{name}: {error}, but only {faults:?} are wrong");
    false
}

impl Play {
    fn call(&mut self, source: &mut Source<'_>) {
        let number = source.byte();
        let slot = usize::from(number >> 4) % HANDLES;
        match number & 15 {
            0 => self.open(slot, source.flag(), source.byte() != 0),
            1 => self.close(slot),
            2 => self.save(slot, source),
            3 | 4 => self.save_entry(slot, source),
            5 => self.clear(slot, source),
            6 => self.clear_entry(slot, source),
            7 => self.load(slot, source),
            8 => self.load_into(slot, source),
            9 => self.load_entry(slot, source),
            10 => self.list(slot, source),
            11 => self.batch(slot, source),
            12 => self.snapshot(slot, source),
            13 => self.restore(slot, source),
            14 => self.load_version(slot, source),
            _ => self.make_certain(slot, source.flag()),
        }
    }

    /// The number of the handle, and what is wrong with it.
    fn handle(&self, slot: usize, writes: bool) -> (u64, Vec<i32>) {
        let handle = self.handles[slot];
        let mut faults = Vec::new();
        if !handle.is_open {
            faults.push(COFFER_ERROR_INVALID_HANDLE);
        } else if writes && handle.read_only {
            faults.push(COFFER_ERROR_READ_ONLY);
        }
        (handle.number, faults)
    }

    fn open(&mut self, slot: usize, read_only: bool, wanted: bool) {
        if self.handles[slot].is_open {
            return;
        }
        let options = json!({ "max_depth": DEPTH, "versions_kept": VERSIONS_KEPT, "read_only": read_only,
            "durability": "behind", "segment_bytes": 65_536 });
        let path = arguments::text(self.folder.path().to_str().expect("the path is UTF-8").as_bytes());
        let mut faults = Vec::new();
        if !wanted {
            faults.push(COFFER_ERROR_NULL_ARGUMENT);
        }
        if read_only && !self.exists {
            faults.push(COFFER_ERROR_NO_STORE);
        }
        let (status, number) = c::open(&path, &arguments::text(options.to_string().as_bytes()), wanted);
        if worked(status, &faults) {
            assert_ne!(number, 0, "no handle is 0");
            self.handles[slot] = Handle { number, is_open: true, read_only };
            self.exists = true;
        }
    }

    fn close(&mut self, slot: usize) {
        let (db, faults) = self.handle(slot, false);
        if worked(c::close(db), &faults) {
            self.handles[slot].is_open = false;
        }
    }

    fn make_certain(&self, slot: usize, checkpoint: bool) {
        let (db, faults) = self.handle(slot, checkpoint);
        worked(if checkpoint { c::checkpoint(db) } else { c::flush(db) }, &faults);
    }

    /// What is wrong with an edit, the state of the document included.
    fn of_edit(&self, key: &Text, expected: i64) -> Vec<i32> {
        let mut faults = arguments::of_key(key, true);
        faults.extend(arguments::of_expected(expected));
        let current = arguments::said(key).map_or(0, |key| self.model.revision(key));
        if expected >= 0 && expected as u64 != current {
            faults.push(COFFER_ERROR_CONFLICT);
        }
        faults
    }

    fn apply(&mut self, key: &Text, json: Option<&Text>) {
        let key = arguments::said(key).expect("it was taken").to_owned();
        self.model.apply(&(key, json.and_then(arguments::said).map(Arc::from)));
    }

    fn save(&mut self, slot: usize, source: &mut Source<'_>) {
        let (key, json) = (source.key(), source.json());
        let (db, mut faults) = self.handle(slot, true);
        faults.extend(arguments::of_key(&key, true).into_iter().chain(arguments::of_json(&json)));
        if worked(c::save(db, &key, &json), &faults) {
            self.apply(&key, Some(&json));
        }
    }

    fn save_entry(&mut self, slot: usize, source: &mut Source<'_>) {
        let (key, json) = (source.key(), source.json());
        let (expected, durability) = (source.expected(), source.durability());
        let (db, mut faults) = self.handle(slot, true);
        faults.extend(self.of_edit(&key, expected).into_iter().chain(arguments::of_json(&json)));
        faults.extend(arguments::of_durability(durability));
        let (status, revision) = c::save_entry(db, &key, &json, expected, durability);
        if worked(status, &faults) {
            let next = self.model.next_revision(arguments::said(&key).expect("it was taken"));
            assert_eq!(revision, next, "the revision of {key:?}");
            self.apply(&key, Some(&json));
        }
    }

    fn clear(&mut self, slot: usize, source: &mut Source<'_>) {
        let key = source.key();
        let (db, mut faults) = self.handle(slot, true);
        faults.extend(arguments::of_key(&key, true));
        if worked(c::clear(db, &key), &faults) {
            self.apply(&key, None);
        }
    }

    fn clear_entry(&mut self, slot: usize, source: &mut Source<'_>) {
        let (key, expected, durability) = (source.key(), source.expected(), source.durability());
        let (db, mut faults) = self.handle(slot, true);
        faults.extend(self.of_edit(&key, expected).into_iter().chain(arguments::of_durability(durability)));
        if worked(c::clear_entry(db, &key, expected, durability), &faults) {
            self.apply(&key, None);
        }
    }

    fn batch(&mut self, slot: usize, source: &mut Source<'_>) {
        let (count, with_revisions) = (source.below(5), source.flag());
        let wishes: Vec<c::Wish> = (0..count).map(|_| (source.key(), source.json(), source.expected())).collect();
        let durability = source.durability();
        let (db, mut faults) = self.handle(slot, true);
        faults.extend(arguments::of_durability(durability));
        for (at, (key, json, expected)) in wishes.iter().enumerate() {
            faults.extend(self.of_edit(key, if with_revisions { *expected } else { -1 }));
            // NULL clears.
            faults.extend(json.as_ref().map(|_| arguments::of_json(json)).unwrap_or_default());
            if wishes[..at].iter().any(|(other, ..)| other == key) {
                faults.push(COFFER_ERROR_INVALID_ARGUMENT);
            }
        }
        if worked(c::save_batch(db, &wishes, with_revisions, durability), &faults) {
            for (key, json, _) in &wishes {
                self.apply(key, Some(json));
            }
        }
    }

    /// The text and revision that loading a key must give; the text of a record only the store knows.
    fn wanted(&self, key: &Text) -> Option<(Arc<str>, u64)> {
        let entry = self.model.contents().remove(arguments::said(key)?)??;
        Some((entry.text, entry.revision))
    }

    /// What is wrong with loading a key.
    fn of_load(&self, slot: usize, key: &Text) -> (u64, Vec<i32>) {
        let (db, mut faults) = self.handle(slot, false);
        faults.extend(arguments::of_key(key, false));
        if arguments::said(key).is_some() && self.wanted(key).is_none() {
            faults.push(COFFER_ERROR_NOT_FOUND);
        }
        (db, faults)
    }

    fn compare(&self, key: &Text, found: &str) -> u64 {
        let (text, revision) = self.wanted(key).expect("it was loaded");
        assert!(text.is_empty() || found == &*text, "{key:?} is {found:?}, not {text:?}");
        revision
    }

    fn load(&self, slot: usize, source: &mut Source<'_>) {
        let (key, wanted) = (source.key(), source.byte() != 0);
        let (db, faults) = self.of_load(slot, &key);
        let (status, found) = c::load(db, &key, wanted);
        if worked(status, &faults) && wanted {
            self.compare(&key, &found.expect("it was given out"));
        }
    }

    fn load_entry(&self, slot: usize, source: &mut Source<'_>) {
        let key = source.key();
        let (db, faults) = self.of_load(slot, &key);
        let (status, found, revision) = c::load_entry(db, &key);
        if worked(status, &faults) {
            let expected = self.compare(&key, &found.expect("it was given out"));
            assert_eq!(revision, expected, "the revision of {key:?}");
        }
    }

    fn load_into(&self, slot: usize, source: &mut Source<'_>) {
        let (key, capacity, is_null) = (source.key(), source.below(256), source.byte() == 0);
        let (db, mut faults) = self.of_load(slot, &key);
        if is_null && capacity > 0 {
            faults.push(COFFER_ERROR_NULL_ARGUMENT);
        }
        let (status, length, buffer) = c::load_into(db, &key, capacity, is_null);
        let text = self.wanted(&key).map(|(text, _)| text).filter(|text| !text.is_empty());
        let is_small = status == COFFER_ERROR_BUFFER_TOO_SMALL;
        if faults.is_empty() && (is_small || text.is_some_and(|text| text.len() >= capacity)) {
            assert!(length >= capacity, "{length} bytes fit {capacity}");
            faults.push(COFFER_ERROR_BUFFER_TOO_SMALL);
        }
        if worked(status, &faults) {
            let (found, rest) = buffer.split_at(length);
            self.compare(&key, std::str::from_utf8(found).expect("documents are UTF-8"));
            assert_eq!(rest.first(), Some(&0), "no NUL behind the text");
            assert!(rest[1..].iter().all(|byte| *byte == 0xAA), "it wrote behind the NUL");
        } else if !is_small {
            assert_eq!(length, usize::MAX, "a failed call wrote a result");
        }
    }

    fn load_version(&self, slot: usize, source: &mut Source<'_>) {
        let (document, version) = (source.key(), u64::from(source.byte()));
        let (db, mut faults) = self.handle(slot, false);
        let name = arguments::said(&document);
        let is_tier1 = name.is_some_and(|name| matches!(name, "character_roster" | "party_configs" | "equipment_sets"));
        if !is_tier1 {
            faults.extend(arguments::of_key(&document, false));
            faults.push(COFFER_ERROR_INVALID_ARGUMENT);
        }
        let versions = self.model.versions_of(name.unwrap_or_default());
        let wanted = versions.iter().find(|one| one.revision == version);
        if wanted.is_none() {
            faults.push(COFFER_ERROR_NOT_FOUND);
            // Versions are counted from 1 on.
            faults.extend((version == 0).then_some(COFFER_ERROR_INVALID_ARGUMENT));
        }
        let (status, found) = c::load_version(db, &document, version);
        if worked(status, &faults) {
            assert_eq!(found.as_deref(), wanted.map(|one| &*one.text), "{document:?} {version}");
        }
    }

    fn list(&self, slot: usize, source: &mut Source<'_>) {
        let (prefix, after, limit) = (source.key(), source.key(), source.below(8));
        let (db, mut faults) = self.handle(slot, false);
        faults.extend(arguments::of_optional(&prefix).into_iter().chain(arguments::of_optional(&after)));
        let (status, found) = c::list(db, &prefix, &after, limit);
        if worked(status, &faults) {
            let prefix = arguments::said(&prefix).unwrap_or_default();
            let after = arguments::said(&after);
            let contents = self.model.contents();
            let keys =
                contents.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after));
            let expected: Vec<&String> = keys.take(if limit == 0 { usize::MAX } else { limit }).collect();
            let found: Vec<String> = serde_json::from_str(&found.expect("it was given out")).expect("keys are a list");
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{prefix:?} {after:?} {limit}");
        }
    }

    fn snapshot(&mut self, slot: usize, source: &mut Source<'_>) {
        let label = source.key();
        let (db, mut faults) = self.handle(slot, true);
        faults.extend(arguments::of_optional(&label));
        let length = arguments::said(&label).unwrap_or_default().len();
        if length > 256 {
            faults.push(COFFER_ERROR_INVALID_ARGUMENT);
        }
        let (status, told) = c::snapshot(db, &label);
        // Nothing that would be taken for an id or a moment: which those are, the messages say.
        let is_name = |label: &str| {
            ["snapshot-", "import-", "sequence:", "time:", "latest"].iter().any(|one| label.starts_with(one))
        };
        if status == COFFER_ERROR_INVALID_ARGUMENT
            && arguments::said(&label).is_some_and(|label| is_name(label) || label.chars().any(char::is_control))
        {
            faults.push(COFFER_ERROR_INVALID_ARGUMENT);
        }
        if worked(status, &faults) {
            let told: Value = serde_json::from_str(&told.expect("it was given out")).expect("a snapshot is JSON");
            self.model.keep(
                told["id"].as_str().expect("an id is a text"),
                told["label"].as_str().unwrap_or_default(),
                false,
            );
        }
    }

    fn restore(&mut self, slot: usize, source: &mut Source<'_>) {
        if self.restores == MOST_RESTORES {
            return;
        }
        let ids = self.model.snapshot_ids();
        let id = ids.get(source.below(ids.len() + 1)).cloned();
        let dry_run = source.flag();
        let (db, mut faults) = self.handle(slot, !dry_run);
        if id.is_none() {
            faults.push(COFFER_ERROR_UNKNOWN_SNAPSHOT);
        }
        let name = arguments::text(id.as_deref().unwrap_or("no such snapshot").as_bytes());
        let options = arguments::text(json!({ "dry_run": dry_run }).to_string().as_bytes());
        let (status, told) = c::restore(db, &name, &options);
        if !worked(status, &faults) {
            return;
        }
        let id = id.expect("another was refused");
        let told: Value = serde_json::from_str(&told.expect("it was given out")).expect("a restore is told as JSON");
        let target = self.model.snapshots[&id].state().clone();
        let changes = self.model.changes_to(&target, &Part::Everything);
        let count = told["saved"].as_u64().zip(told["cleared"].as_u64()).map(|(saved, cleared)| saved + cleared);
        assert_eq!(count, Some(changes.len() as u64), "{told}");
        assert_eq!(told["undo"].is_string(), !dry_run && !changes.is_empty(), "{told}");
        if let Some(undo) = told["undo"].as_str() {
            self.model.restore(&changes, undo, &id);
            self.restores += 1;
        }
    }

    /// Every listed key with what loading it gives, held against the model.
    fn compare_all(&self, slot: usize) {
        let db = self.handles[slot].number;
        let contents: Contents = self.model.contents();
        let (status, keys) = c::list(db, &None, &None, 0);
        assert!(worked(status, &[]));
        let keys: Vec<String> = serde_json::from_str(&keys.expect("it was given out")).expect("keys are a list");
        assert!(keys.iter().eq(contents.keys()), "{keys:?}, not {:?}", contents.keys());
        for (key, entry) in &contents {
            let key = arguments::text(key.as_bytes());
            let faults = if entry.is_none() { &[COFFER_ERROR_NOT_FOUND][..] } else { &[] };
            let (status, found, revision) = c::load_entry(db, &key);
            if worked(status, faults) {
                assert_eq!(revision, self.compare(&key, &found.expect("it was given out")), "the revision of {key:?}");
            }
        }
    }

    /// Looks at everything through every handle, closes them, and looks again.
    fn end(mut self) {
        for slot in 0..HANDLES {
            if self.handles[slot].is_open {
                self.compare_all(slot);
            }
        }
        (0..HANDLES).for_each(|slot| self.close(slot));
        self.open(0, false, true);
        self.compare_all(0);
        self.close(0);
    }
}
