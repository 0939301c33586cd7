//! Thousands of random calls against a plain model: loads, revisions, listing, versions, counters, refusals.
//!
//! No crash and no fault here, so that every difference is a mistake of the store's meaning. Invariant: after each call
//! the store answers as the model does, and so it does after every reopening.

mod support;

use coffer::database::{Database, Edit};
use coffer::error::Error;
use coffer::options::Durability;
use std::sync::Arc;
use support::model::{Change, Model, TIER1, contents_of, difference, load, tier1};
use support::random::Random;
use support::script::{empty_disk, open, options};
use support::simulated_disk::SimulatedDisk;

const USUAL_SEED: u64 = 4711;
const CALLS: usize = 6000;

/// Keys that share prefixes, sort close to one another and to the documented names, or are long.
const KEYS: [&str; 26] = [
    "a",
    "a/",
    "a/b",
    "a/b/c",
    "a0",
    "aa",
    "b",
    "character",
    "character_roster_",
    "character_roster_v0",
    "character_roster_v01",
    "character_roster_x",
    "character_rosters",
    "equipment",
    "party",
    "party_configs_v-1",
    "plugin",
    "plugin_data/x",
    "save",
    "save_metadata_",
    "z",
    "zz",
    "é",
    "日本",
    "🎮",
    "\u{10ffff}",
];

struct Pair {
    disk: SimulatedDisk,
    db: Database,
    model: Model,
    random: Random,
    number: usize,
}

impl Pair {
    fn start(seed: u64) -> Pair {
        let disk = empty_disk(seed);
        let db = open(&(Arc::new(disk.clone()) as _), &options()).expect("a store opens on an empty disk");
        Pair { disk, db, model: Model::default(), random: Random::new(seed), number: 0 }
    }

    fn key(&mut self) -> String {
        match self.random.below(30) {
            0..4 => (*self.random.pick(&TIER1)).to_owned(),
            4..6 => format!("many/{:04}", self.random.below(600)),
            6 => "k".repeat(1024),
            _ => (*self.random.pick(&KEYS)).to_owned(),
        }
    }

    fn text(&mut self) -> Arc<str> {
        let padding = " ".repeat(self.random.below(300));
        format!("{{\"call\":{},{padding}\"value\":{}}}", self.number, self.random.next()).into()
    }

    fn durability(&mut self) -> Option<Durability> {
        *self.random.pick(&[None, Some(Durability::Behind), Some(Durability::Written), Some(Durability::Durable)])
    }

    /// An expectation, right or wrong or none.
    fn expectation(&mut self, key: &str) -> Option<u64> {
        match self.random.below(4) {
            0 => Some(self.model.revision(key)),
            1 => Some(self.random.below(4) as u64),
            _ => None,
        }
    }

    fn call(&mut self) {
        match self.random.below(100) {
            0..40 => self.save(),
            40..52 => self.clear(),
            52..64 => self.batch(),
            64..82 => self.list(),
            82..88 => self.refused(),
            88..93 => self.versions(),
            93..95 => self.db.flush().expect("a flush works"),
            95..97 => self.db.maintain().expect("maintenance works"),
            97..98 => self.db.checkpoint().expect("a checkpoint works"),
            _ => self.reopen(),
        }
    }

    fn save(&mut self) {
        let (key, text) = (self.key(), self.text());
        let (expected, durability) = (self.expectation(&key), self.durability());
        let saved = self.db.save(&key, &text, expected, durability);
        let current = self.model.revision(&key);
        if expected.is_some_and(|expected| expected != current) {
            assert_conflict(saved, expected, current);
        } else {
            assert_eq!(saved.expect("a save works"), self.model.next_revision(&key), "the revision of {key}");
            self.committed(&[(key.clone(), Some(text))]);
        }
        self.check(&key);
    }

    fn clear(&mut self) {
        let key = self.key();
        let (expected, durability) = (self.expectation(&key), self.durability());
        let cleared = self.db.clear(&key, expected, durability);
        let current = self.model.revision(&key);
        if expected.is_some_and(|expected| expected != current) {
            assert_conflict(cleared, expected, current);
        } else {
            cleared.expect("clearing works, also what is not there");
            self.committed(&[(key.clone(), None)]);
        }
        self.check(&key);
    }

    fn batch(&mut self) {
        let mut changes: Vec<Change> = Vec::new();
        for _ in 0..self.random.below(8) {
            let key = self.key();
            if changes.iter().all(|(other, _)| *other != key) {
                let text = self.random.percent(70).then(|| self.text());
                changes.push((key, text));
            }
        }
        let expected: Vec<Option<u64>> = match self.random.percent(30) {
            true => changes.iter().map(|(key, _)| self.expectation(key)).collect(),
            false => vec![None; changes.len()],
        };
        let edit = |((key, text), expected): (&'_ Change, &Option<u64>)| (key.clone(), text.clone(), *expected);
        let owned: Vec<_> = changes.iter().zip(&expected).map(edit).collect();
        let edits: Vec<Edit> = owned
            .iter()
            .map(|(key, text, expected)| Edit { key, text: text.as_deref(), expected: *expected })
            .collect();
        let durability = self.durability();
        let saved = self.db.save_batch(&edits, durability);
        let is_stale = |edit: &Edit| edit.expected.is_some_and(|expected| expected != self.model.revision(edit.key));
        match edits.iter().find(|edit| is_stale(edit)) {
            Some(stale) => assert_conflict(saved, stale.expected, self.model.revision(stale.key)),
            None => {
                saved.expect("a batch works");
                self.committed(&changes);
            }
        }
        changes.iter().for_each(|(key, _)| self.check(key));
    }

    fn committed(&mut self, changes: &[Change]) {
        for change in changes {
            self.model.apply(change);
        }
        for (key, _) in changes.iter().filter(|(_, text)| text.is_some()) {
            let saved = load(&self.db, key).expect("loading works").expect("it was just saved");
            self.model.note_time(key, saved.saved_at_ms.expect("documents have a time"));
        }
    }

    /// Listing with every mix of prefix, place to go on from, and limit.
    fn list(&mut self) {
        let all: Vec<String> = self.model.contents().into_keys().collect();
        let prefix = match self.random.below(3) {
            0 => None,
            1 => Some(
                (*self.random.pick(&["", "a", "a/", "many/", "many/01", "character_roster", "s", "no such", "é"]))
                    .to_owned(),
            ),
            _ => Some(self.key()),
        };
        let after = match self.random.below(3) {
            0 => None,
            1 => Some(self.random.pick(&all).clone()),
            _ => Some(self.key()),
        };
        let limit = *self.random.pick(&[0, 1, 2, 7, 100, usize::MAX]);
        let listed = self.db.list_keys(prefix.as_deref(), after.as_deref(), limit).expect("listing works");
        let wanted = |key: &&String| {
            prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix.as_str()))
                && after.as_ref().is_none_or(|after| *key > after)
        };
        let most = if limit == 0 { usize::MAX } else { limit };
        let expected: Vec<String> = all.iter().filter(wanted).take(most).cloned().collect();
        assert_eq!(listed, expected, "call {}: prefix {prefix:?} after {after:?} limit {limit}", self.number);
    }

    /// What belongs to the layer, and what is not JSON, changes nothing.
    fn refused(&mut self) {
        let name = *self.random.pick(&TIER1);
        let reserved =
            [format!("{name}_v"), format!("{name}_v1"), format!("{name}_v99999"), "save_metadata/x".to_owned()];
        for key in &reserved {
            let saved = self.db.save(key, "1", None, None);
            assert!(matches!(saved, Err(Error::ReservedKey { .. })), "{key}: {saved:?}");
            let cleared = self.db.clear(key, None, None);
            assert!(matches!(cleared, Err(Error::ReservedKey { .. })), "{key}: {cleared:?}");
            let edits = [edit("a", Some("1")), edit(key, Some("1"))];
            assert!(matches!(self.db.save_batch(&edits, None), Err(Error::ReservedKey { .. })), "{key} in a batch");
        }
        let twice = [edit("a", Some("1")), edit("a", None)];
        assert!(matches!(self.db.save_batch(&twice, None), Err(Error::InvalidArgument(_))), "a key twice in a batch");
        let key = self.key();
        assert!(matches!(self.db.save(&key, "{", None, None), Err(Error::InvalidJson { .. })));
        let broken = [edit("a", Some("1")), edit("b", Some("[1,]"))];
        assert!(
            matches!(self.db.save_batch(&broken, None), Err(Error::InvalidJson { .. })),
            "one bad document in a batch"
        );
        for key in ["", &"k".repeat(1025)] {
            assert!(matches!(self.db.save(key, "1", None, None), Err(Error::InvalidKey { .. })));
        }
        ["a", "b", &key].into_iter().for_each(|key| self.check(key));
    }

    fn versions(&mut self) {
        for name in TIER1 {
            let listed = self.db.list_versions(name).expect("listing versions works");
            let expected = self.model.versions_of(name);
            assert_eq!(listed.len(), expected.len(), "{name}");
            for (found, entry) in listed.iter().zip(expected) {
                let found = (found.version, Some(found.saved_at_ms), found.bytes);
                assert_eq!(found, (entry.revision, entry.saved_at_ms, entry.text.len() as u64), "{name}");
            }
            let missing = self.db.load(&format!("{name}_v{}", self.model.counter(name) + 1));
            assert!(matches!(missing, Err(Error::NotFound { .. })), "{name}: {missing:?}");
        }
    }

    fn reopen(&mut self) {
        self.db.close().expect("a store closes");
        self.db = open(&(Arc::new(self.disk.clone()) as _), &options()).expect("a closed store opens");
        self.check_all();
    }

    /// One key, as the model has it.
    fn check(&self, key: &str) {
        let found = load(&self.db, key).expect("loading works");
        let expected = self.model.contents().remove(key).flatten();
        let only = |entry| [(key.to_owned(), entry)].into();
        let wrong = difference(&only(found), &only(expected));
        assert!(wrong.is_none(), "call {}: {wrong:?}", self.number);
        if let Some(name) = tier1(key) {
            let counter =
                load(&self.db, &format!("{name}_v")).expect("loading works").expect("counters are always there");
            assert_eq!(
                (&*counter.text, counter.revision),
                (&*self.model.counter(name).to_string(), self.model.counter(name))
            );
        }
    }

    fn check_all(&self) {
        let wrong = difference(&contents_of(&self.db).expect("loading works"), &self.model.contents());
        assert!(wrong.is_none(), "call {}: {wrong:?}", self.number);
    }
}

fn edit<'a>(key: &'a str, text: Option<&'a str>) -> Edit<'a> {
    Edit { key, text, expected: None }
}

fn assert_conflict<T: std::fmt::Debug>(result: Result<T, Error>, wanted: Option<u64>, now: u64) {
    match result {
        Err(Error::Conflict { expected, current, .. }) => assert_eq!((Some(expected), current), (wanted, now)),
        other => panic!("expected {wanted:?} at revision {now}, and got {other:?}"),
    }
}

#[test]
fn the_store_answers_as_a_plain_map_does() {
    let seed = Random::seed_or(USUAL_SEED);
    let mut pair = Pair::start(seed);
    println!("seed {seed}");
    pair.check_all();
    for number in 0..CALLS {
        pair.number = number;
        pair.call();
        if number % 250 == 0 {
            pair.check_all();
        }
    }
    pair.reopen();
}
