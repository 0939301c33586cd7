//! A small store with every kind of file in it, as a killed process leaves it, and what is in it.
//!
//! Notes while it saves what each commit changed; afterwards it never asks the store. Invariant: `contents_without` is made
//! from these notes and from the pieces that are lost, and from nothing that a damaged store says.

use crate::places::{Piece, What, pieces};
use crate::support::file_system::{FileSystem, Node};
use crate::support::model::{Contents, Entry, TIER1, contents_of, difference};
use crate::support::script::{EXPORT, STORE, empty_disk, open};
use crate::support::simulated_disk::SimulatedDisk;
use coffer::database::{Database, Edit};
use coffer::options::{Durability, Options};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A key as it is stored, and what a commit left there.
type Changes = BTreeMap<String, Option<Entry>>;
/// The states after each commit, and what each changed.
type Noted = (BTreeMap<u64, Contents>, BTreeMap<u64, Changes>);

/// How the store was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The log itself says that all of it was synced.
    Marked,
    /// It says so of a part only: the newest commits count as a tail that may be torn.
    Unmarked,
    /// As `Marked`, with commits that an earlier recovery wrote anew, so that they stand in two segments.
    Recovered,
    /// As `Recovered`, and that recovery dropped a tail: a damaged commit, and a whole one behind it.
    Torn,
}

pub struct Scene {
    contents: Vec<Arc<Vec<u8>>>,
    names: BTreeMap<PathBuf, Node>,
    /// What there was to load after each commit.
    pub states: BTreeMap<u64, Contents>,
    commits: BTreeMap<u64, Changes>,
    pub image_at: u64,
    /// The records that a recovery dropped: others have their numbers now.
    pub stale: Lost,
    /// The states that snapshots keep: the id, and its commit.
    pub snapshots: BTreeMap<String, u64>,
}

/// As the tests of crashes, with segments that few commits fill.
pub fn options() -> Options {
    Options { segment_bytes: 640, ..crate::support::script::options() }
}

/// What was saved is gone with these.
pub type Lost = BTreeSet<(String, usize)>;

struct Notes<'d> {
    db: &'d Database,
    before: Contents,
    states: BTreeMap<u64, Contents>,
    commits: BTreeMap<u64, Changes>,
}

impl Notes<'_> {
    fn note(&mut self) {
        let now = contents_of(self.db).expect("a whole store reads");
        let sequence = self.db.list_snapshots().expect("a whole store lists").journal.to_sequence;
        let keys: BTreeSet<&String> = self.before.keys().chain(now.keys()).collect();
        let entry = |contents: &Contents, key: &str| contents.get(key).cloned().flatten();
        let place = |one: &Option<Entry>| one.as_ref().map(|one| (one.revision, one.text.clone()));
        let mut changes = Changes::new();
        for key in keys.into_iter().filter(|key| !is_counter(key)) {
            let (old, new) = (entry(&self.before, key), entry(&now, key));
            let is_newest = TIER1.contains(&key.as_str());
            if place(&old) != place(&new) && (!is_newest || new.is_none()) {
                // Of a Tier 1 document its clear alone stands under its own name.
                changes.insert(key.clone(), if is_newest { old.map(cleared) } else { new });
            }
        }
        assert_eq!(self.states.last_key_value().map(|(last, _)| last + 1), Some(sequence), "one commit at a time");
        self.states.insert(sequence, now.clone());
        self.commits.insert(sequence, changes);
        self.before = now;
    }
}

fn cleared(one: Entry) -> Entry {
    Entry { text: "".into(), ..one }
}

pub fn is_counter(key: &str) -> bool {
    key.strip_suffix("_v").is_some_and(|name| TIER1.contains(&name))
}

fn fill_before_the_image(notes: &mut Notes<'_>) {
    let db = notes.db;
    let written = Some(Durability::Written);
    let save = |notes: &mut Notes<'_>, key: &str, text: &str| {
        db.save(key, text, None, written).expect("a save");
        notes.note();
    };
    save(notes, "slot/1", r#"{"hp":10}"#);
    save(notes, "character_roster", r#"["Ash"]"#);
    let edit = |key, text| Edit { key, text: Some(text), expected: None };
    db.save_batch(&[edit("slot/2", "[2]"), edit("slot/3", r#""three""#)], written).expect("a batch");
    notes.note();
    db.clear("slot/2", None, written).expect("a clear");
    notes.note();
    db.create_snapshot(Some("town")).expect("a snapshot");
    notes.note();
    save(notes, "slot/1", r#"{"hp":9}"#);
    save(notes, "character_roster", r#"["Ash","Bryn"]"#);
    db.export_snapshot("now", Path::new(EXPORT)).expect("an export");
    db.import_snapshot(Path::new(EXPORT), Some("there")).expect("an import");
    notes.note();
    save(notes, "slot/3", "3.50");
}

fn fill_behind_the_image(notes: &mut Notes<'_>, durability: Durability) {
    let db = notes.db;
    let durability = Some(durability);
    for (key, text) in [
        ("slot/1", Some("[8]")),
        ("slot/4", Some(r#"{"new":"é"}"#)),
        ("slot/3", None),
        ("character_roster", Some("[]")),
        ("slot/1", Some("[7,[7]]")),
        ("party_configs", Some(r#"{"front":1}"#)),
        ("party_configs", None),
    ] {
        match text {
            Some(text) => drop(db.save(key, text, None, durability).expect("a save")),
            None => db.clear(key, None, durability).expect("a clear"),
        }
        notes.note();
        db.maintain().expect("upkeep");
    }
    db.create_snapshot(Some("later")).expect("a snapshot");
    notes.note();
    db.maintain().expect("upkeep");
    for text in ["[6]", "[5,5]"] {
        let edit = |key| Edit { key, text: Some(text), expected: None };
        db.save_batch(&[edit("slot/1"), edit("slot/5")], durability).expect("a batch");
        notes.note();
    }
}

impl Scene {
    pub fn make(left: Left) -> Scene {
        let disk = empty_disk(1);
        let db = open(&(Arc::new(disk.clone()) as _), &options()).expect("a store opens on an empty disk");
        let before = contents_of(&db).expect("an empty store reads");
        let states = BTreeMap::from([(0, before.clone())]);
        let mut notes = Notes { db: &db, before, states, commits: BTreeMap::new() };
        fill_before_the_image(&mut notes);
        db.checkpoint().expect("a checkpoint");
        let image_at = *notes.states.keys().last().expect("there are states");
        fill_behind_the_image(&mut notes, Durability::Written);
        let (states, commits) = (notes.states, notes.commits);
        if matches!(left, Left::Recovered | Left::Torn) {
            let killed = Scene::of(&disk, db, (states, commits), image_at);
            return if left == Left::Torn { killed.torn().goes_on() } else { killed.goes_on() };
        }
        if left == Left::Marked {
            db.maintain().expect("upkeep");
        }
        Scene::of(&disk, db, (states, commits), image_at)
    }

    /// What is there once this process is killed.
    fn of(disk: &SimulatedDisk, db: Database, (states, commits): Noted, image_at: u64) -> Scene {
        let snapshots = db.list_snapshots().expect("it lists").snapshots.into_iter();
        let snapshots = snapshots.filter(|one| one.file.is_none()).map(|one| (one.id, one.sequence)).collect();
        disk.drop_as_if_killed(db);
        let state = disk.state();
        let contents = state.files.iter().map(|file| file.visible.clone()).collect();
        Scene { contents, names: state.names, states, commits, image_at, stale: Lost::new(), snapshots }
    }

    /// The same with the first of the commits damaged that nothing says were synced.
    fn torn(mut self) -> Scene {
        let torn = self.proven_without(&Lost::new()) + 1;
        for name in self.files("journal-") {
            let path = Path::new(STORE).join(&name);
            for piece in self.pieces(&name) {
                let What::Record { sequence, marks: false, .. } = piece.what else { continue };
                if sequence >= torn {
                    self.stale.insert((name.clone(), piece.start));
                }
                if sequence == torn {
                    // The head checksum; not a bit by which a trial would mend it.
                    let Node::File(file) = self.names[&path] else { continue };
                    Arc::make_mut(&mut self.contents[file])[piece.start + 4] ^= 3;
                }
            }
        }
        self.states.retain(|sequence, _| *sequence < torn);
        self.commits.retain(|sequence, _| *sequence < torn);
        self
    }

    /// The same after a recovery, with more saved behind it.
    fn goes_on(self) -> Scene {
        let disk = self.disk_with(&[]);
        let db = open(&(Arc::new(disk.clone()) as _), &options()).expect("a killed store opens");
        let before = contents_of(&db).expect("it reads");
        assert_eq!(difference(&before, self.whole()), None);
        let (image_at, stale) = (self.image_at, self.stale);
        let mut notes = Notes { db: &db, before, states: self.states, commits: self.commits };
        db.save("slot/3", "0", None, None).expect("a save");
        notes.note();
        fill_behind_the_image(&mut notes, Durability::Durable);
        let noted = (notes.states, notes.commits);
        db.maintain().expect("upkeep");
        Scene { stale, ..Scene::of(&disk, db, noted, image_at) }
    }

    pub fn whole(&self) -> &Contents {
        self.states.last_key_value().expect("there are states").1
    }

    /// The store's files whose names begin so.
    pub fn files(&self, kind: &str) -> Vec<String> {
        let inside = self.names.keys().filter_map(|path| path.strip_prefix(STORE).ok()?.to_str());
        inside.filter(|name| !name.is_empty() && name.starts_with(kind)).map(str::to_owned).collect()
    }

    pub fn bytes(&self, path: &Path) -> &Arc<Vec<u8>> {
        match self.names.get(path) {
            Some(Node::File(file)) => &self.contents[*file],
            _ => panic!("{} is no file", path.display()),
        }
    }

    /// A disk on which these files have other bytes.
    pub fn disk_with(&self, changed: &[(&Path, Vec<u8>)]) -> SimulatedDisk {
        let (mut contents, mut names) = (self.contents.clone(), self.names.clone());
        for (path, bytes) in changed {
            contents.push(Arc::new(bytes.clone()));
            names.insert(path.to_path_buf(), Node::File(contents.len() - 1));
        }
        SimulatedDisk::holding(FileSystem::all_durable(contents, names), 1)
    }

    /// The pieces of one of the store's files that count.
    pub fn pieces(&self, name: &str) -> Vec<Piece> {
        let mut pieces = pieces(name, self.bytes(&Path::new(STORE).join(name)));
        pieces.retain(|piece| !self.stale.contains(&(name.to_owned(), piece.start)));
        pieces
    }

    /// Every piece of the store that is not lost.
    fn kept(&self, kind: &str, lost: &Lost) -> Vec<What> {
        let of = |name: String| {
            let pieces = self.pieces(&name).into_iter();
            pieces.filter(move |piece| !lost.contains(&(name.clone(), piece.start))).map(|piece| piece.what)
        };
        self.files(kind).into_iter().flat_map(of).collect()
    }

    /// The newest commit that what is left says was synced.
    pub fn proven_without(&self, lost: &Lost) -> u64 {
        let durable = |what: What| match what {
            What::Header { durable } | What::Record { durable, .. } => durable,
            _ => 0,
        };
        self.kept("journal-", lost).into_iter().map(durable).max().unwrap_or(0).max(self.image_at)
    }

    /// Whether a whole copy of this commit is left in the journal.
    fn has_commit(&self, sequence: u64, kept: &[What]) -> bool {
        kept.iter().any(|what| matches!(what, What::Record { sequence: one, marks: false, .. } if *one == sequence))
    }

    /// What is to be loaded from a store that lost these pieces, but for the counters.
    pub fn contents_without(&self, lost: &Lost) -> Contents {
        let (entries, records) = (self.kept("image-", lost), self.kept("journal-", lost));
        let mut stored = Changes::new();
        for (_, changes) in self.commits.range(..=self.image_at) {
            stored.extend(changes.clone());
        }
        stored.retain(|key, _| entries.contains(&What::Entry { key: key.clone() }));
        for (_, changes) in self.commits.range(self.image_at + 1..).filter(|(one, _)| self.has_commit(**one, &records))
        {
            stored.extend(changes.clone());
        }
        as_loaded(stored)
    }

    /// The plug-in documents of a snapshot whose versions are left somewhere.
    pub fn snapshot_without(&self, id: &str, lost: &Lost) -> BTreeMap<String, Entry> {
        let at = self.snapshots[id];
        let (entries, records) = (self.kept("image-", lost), self.kept("journal-", lost));
        let past = self.kept("history-", lost);
        let changed = |key: &str, commits: std::ops::RangeInclusive<u64>| {
            self.commits.range(commits).filter(|(_, changes)| changes.contains_key(key)).map(|(one, _)| *one).collect()
        };
        let mut found = BTreeMap::new();
        for (key, entry) in self.states[&at].iter().filter(|(key, _)| key.starts_with("slot/")) {
            let (Some(entry), key) = (entry, key.clone()) else { continue };
            let made: Vec<u64> = changed(&key, 1..=at);
            let made = *made.last().expect("it was saved");
            let replaced: Vec<u64> = changed(&key, at + 1..=self.image_at.max(at + 1));
            let is_left = match made <= self.image_at {
                false => self.has_commit(made, &records),
                true if replaced.first().is_some_and(|by| *by <= self.image_at) => {
                    past.contains(&What::Past { key: key.clone(), sequence: made })
                }
                true => entries.contains(&What::Entry { key: key.clone() }),
            };
            if is_left {
                found.insert(key, entry.clone());
            }
        }
        found
    }
}

/// What loads where this is stored: of a Tier 1 document the newest version that was not cleared.
fn as_loaded(stored: Changes) -> Contents {
    let mut contents: Contents = ["plugin_data", "save_metadata"].map(|name| (name.to_owned(), None)).into();
    for name in TIER1 {
        let cleared = stored.get(name).and_then(|one| one.as_ref()).map_or(0, |one| one.revision);
        let is_version = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with("_v"));
        let versions = stored.iter().filter(|(key, _)| is_version(key)).filter_map(|(_, one)| one.as_ref());
        let newest = versions.max_by_key(|one| one.revision).filter(|one| one.revision > cleared);
        contents.insert(name.to_owned(), newest.cloned());
    }
    let documents = stored.into_iter().filter(|(key, one)| one.is_some() && !TIER1.contains(&key.as_str()));
    contents.extend(documents);
    contents
}
