//! Thousands of random calls with snapshots, restores, checkpoints and reopenings, against a plain map per snapshot.
//!
//! No crash and no fault here, so that every difference is a mistake of the store's meaning. Invariant: after each restore,
//! each reopening and every so often, the store, each of its snapshots and each moment that its journal reaches are what
//! the model says.

mod support;

use coffer::database::{Database, Edit, Restored};
use coffer::error::Error;
use coffer::options::Durability;
use coffer::snapshots::Snapshot;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use support::model::{Change, Model, TIER1, contents_of, difference};
use support::random::Random;
use support::script::{EXPORT, empty_disk, open, options};
use support::simulated_disk::SimulatedDisk;
use support::snapshots::{Named, Part, check_difference, check_state, is_import};

const USUAL_SEED: u64 = 1313;
const CALLS: usize = 10_000;
/// More snapshots than these are not made by hand, so that comparing all of them takes no more than a moment.
const MOST_SNAPSHOTS: usize = 12;

struct Pair {
    disk: SimulatedDisk,
    db: Database,
    model: Model,
    random: Random,
    number: usize,
    /// The newest commit.
    sequence: u64,
    /// The states after the commits that the journal may reach.
    moments: BTreeMap<u64, Arc<Model>>,
    restores: usize,
}

impl Pair {
    fn start(seed: u64) -> Pair {
        let disk = empty_disk(seed);
        let db = open(&(Arc::new(disk.clone()) as _), &options()).expect("a store opens on an empty disk");
        let moments = [(0, Arc::new(Model::default()))].into();
        let random = Random::new(seed);
        Pair { disk, db, model: Model::default(), random, number: 0, sequence: 0, moments, restores: 0 }
    }

    fn key(&mut self) -> String {
        match self.random.below(20) {
            0..3 => (*self.random.pick(&TIER1)).to_owned(),
            3..6 => format!("many/{:04}", self.random.below(400)),
            _ => format!("slot/{}", self.random.below(30)),
        }
    }

    /// Small numbers often, so that a document has the same text again and a restore has nothing to do for it.
    fn text(&mut self) -> Arc<str> {
        match self.random.below(10) {
            0..3 => format!("[{}]", self.random.below(3)).into(),
            3..9 => format!("{{\"call\":{},\"{}\":[]}}", self.number, "x".repeat(self.random.below(200))).into(),
            _ => format!("[{},\"{}\"]", self.number, "y".repeat(self.random.below(5000))).into(),
        }
    }

    fn part(&mut self) -> Part {
        match self.random.below(6) {
            0 => Part::Collections(vec!["plugin_data"]),
            1 => Part::Collections(vec!["character_roster", "party_configs"]),
            2 => Part::Keys((0..8).map(|_| self.key()).collect()),
            _ => Part::Everything,
        }
    }

    fn chosen(&mut self) -> Option<String> {
        let ids = self.model.snapshot_ids();
        (!ids.is_empty()).then(|| self.random.pick(&ids).clone())
    }

    /// Another name for a snapshot, if it has one.
    fn name_of(&mut self, id: &str) -> String {
        let ids = self.model.snapshot_ids();
        let label = &self.model.snapshots[id].label;
        let newest = ids.iter().rev().find(|one| self.model.snapshots[*one].label == *label);
        match self.random.below(3) {
            0 if ids.last().is_some_and(|last| last == id) => "latest".to_owned(),
            1 if newest.is_some_and(|newest| newest == id) => label.clone(),
            _ => id.to_owned(),
        }
    }

    fn call(&mut self) {
        match self.random.below(1000) {
            0..560 => self.save(),
            560..660 => self.clear(),
            660..740 => self.batch(),
            740..790 => self.name(),
            790..830 => self.restore(),
            830..845 => self.restore_moment(),
            845..870 => self.delete(),
            870..890 => self.pin(),
            890..905 => self.import(),
            905..935 => self.look(),
            935..960 => self.db.maintain().expect("maintenance works"),
            960..980 => self.checkpoint(),
            980..990 => self.reopen(false),
            _ => self.reopen(true),
        }
    }

    fn save(&mut self) {
        let (key, text) = (self.key(), self.text());
        let durability = *self.random.pick(&[Durability::Behind, Durability::Written, Durability::Durable]);
        let saved = self.db.save(&key, &text, None, Some(durability)).expect("a save works");
        assert_eq!(saved, self.model.next_revision(&key), "the revision of {key}");
        self.apply(&[(key, Some(text))]);
    }

    fn clear(&mut self) {
        let key = self.key();
        self.db.clear(&key, None, None).expect("clearing works, also what is not there");
        self.apply(&[(key, None)]);
    }

    fn batch(&mut self) {
        let mut changes: Vec<Change> = Vec::new();
        for _ in 0..self.random.below(12) {
            let key = self.key();
            if changes.iter().all(|(other, _)| *other != key) {
                let text = self.random.percent(70).then(|| self.text());
                changes.push((key, text));
            }
        }
        let edit = |change: &'_ Change| (change.0.clone(), change.1.clone());
        let owned: Vec<_> = changes.iter().map(edit).collect();
        let edits: Vec<Edit> =
            owned.iter().map(|(key, text)| Edit { key, text: text.as_deref(), expected: None }).collect();
        self.db.save_batch(&edits, None).expect("a batch works");
        self.apply(&changes);
    }

    fn apply(&mut self, changes: &[Change]) {
        let effective = changes.iter().filter(|change| self.model.apply(change)).count();
        if effective > 0 {
            self.committed();
        }
    }

    /// There was one more commit, and the model has it.
    fn committed(&mut self) {
        self.sequence += 1;
        self.model.learn(&self.db).expect("loading works");
        self.moments.insert(self.sequence, self.model.past());
    }

    fn name(&mut self) {
        if self.model.snapshots.len() >= MOST_SNAPSHOTS {
            return self.delete();
        }
        let label = *self.random.pick(&["town", "boss", "before the boss", "latest?"]);
        let made = self.db.create_snapshot(Some(label)).expect("a snapshot is made");
        assert_eq!(made.id, format!("snapshot-{}", self.sequence));
        self.model.keep(&made.id, label, false);
        self.committed();
    }

    fn restore(&mut self) {
        let Some(id) = self.chosen() else { return };
        let name = self.name_of(&id);
        let state = self.model.snapshots[&id].state().clone();
        self.restore_state(&name, &id, &state);
    }

    fn restore_moment(&mut self) {
        let reach = self.reach();
        let moment = reach + self.random.below((self.sequence - reach + 1) as usize) as u64;
        let name = format!("sequence:{moment}");
        let state = self.moments[&moment].clone();
        self.restore_state(&name, &name, &state);
        for outside in [reach.checked_sub(1), Some(self.sequence + 1)].into_iter().flatten() {
            let refused = self.db.restore(&format!("sequence:{outside}"), &Part::Everything.selection(false));
            assert!(matches!(refused, Err(Error::OutOfReach { .. })), "{refused:?}");
        }
    }

    /// Where the journal's reach begins.
    fn reach(&mut self) -> u64 {
        let reach = self.db.list_snapshots().expect("listing works").journal;
        assert_eq!(reach.to_sequence, self.sequence);
        self.moments = self.moments.split_off(&reach.from_sequence);
        reach.from_sequence
    }

    fn restore_state(&mut self, name: &str, id: &str, state: &Model) {
        let part = self.part();
        let changes = self.model.changes_to(state, &part);
        if self.random.percent(30) {
            let planned = self.db.restore(name, &part.selection(true)).expect("a dry run works");
            check_plan(&planned, &changes);
            self.check_now();
        }
        let restored = self.db.restore(name, &part.selection(false)).expect("a restore works");
        self.restores += 1;
        let undo = (!changes.is_empty()).then(|| format!("snapshot-{}", self.sequence));
        let commit = undo.as_ref().map(|_| self.sequence + 1);
        let saved: Vec<_> = changes.iter().filter_map(|(_, text)| text.as_ref()).collect();
        let bytes = saved.iter().map(|text| text.len() as u64).sum();
        let counts = (saved.len() as u64, (changes.len() - saved.len()) as u64, bytes);
        assert_eq!((restored.id.as_str(), restored.commit, &restored.undo), (id, commit, &undo));
        assert_eq!((restored.saved, restored.cleared, restored.bytes), counts);
        if let Some(undo) = undo {
            self.model.restore(&changes, &undo, id);
            self.committed();
        }
        self.check_now();
        // Undoing it at once must lead back.
        if let (Some(undo), true) = (restored.undo, self.random.percent(20)) {
            let before = self.model.snapshots[&undo].state().clone();
            self.restore_state(&undo, &undo, &before);
        }
    }

    fn delete(&mut self) {
        let Some(id) = self.chosen() else { return };
        let name = self.name_of(&id);
        self.db.delete_snapshot(&name).expect("a snapshot is deleted");
        self.model.snapshots.remove(&id);
        self.committed();
        assert!(matches!(self.db.get_snapshot(&id), Err(Error::UnknownSnapshot { .. })), "{id} is still there");
    }

    fn pin(&mut self) {
        let Some(id) = self.chosen() else { return };
        let pinned = self.random.percent(40);
        let snapshot = self.db.pin_snapshot(&id, pinned).expect("pinning works");
        assert_eq!(snapshot.pinned, pinned);
        if self.model.snapshots[&id].pinned != pinned {
            self.model.pin(&id, pinned);
            self.committed();
        }
    }

    /// Exports a snapshot, the present or a moment, and takes it in again.
    fn import(&mut self) {
        let (name, state) = match (self.chosen(), self.random.below(4)) {
            (_, 0) => ("now".to_owned(), self.model.past()),
            (_, 1) => {
                let moment = self.reach();
                (format!("sequence:{moment}"), self.moments[&moment].clone())
            }
            (Some(id), _) if self.model.snapshots.len() < MOST_SNAPSHOTS => {
                let state = self.model.snapshots[&id].state().clone();
                (id, state)
            }
            _ => return,
        };
        let exported = self.db.export_snapshot(&name, Path::new(EXPORT)).expect("an export works");
        let sizes = state.sizes(true);
        let total = (sizes.values().map(|size| size.0).sum(), sizes.values().map(|size| size.1).sum());
        assert_eq!((exported.documents, exported.bytes), total, "exporting {name}");
        let taken = self.db.import_snapshot(Path::new(EXPORT), Some("taken in")).expect("an import works");
        assert_eq!(taken.id, format!("import-{}", self.sequence + 1));
        self.model.take_in(&taken.id, "taken in", state);
        self.committed();
    }

    fn checkpoint(&mut self) {
        self.db.checkpoint().expect("a checkpoint works");
        assert_eq!(self.reach(), self.sequence, "the journal before a checkpoint is gone");
        self.check_one();
    }

    /// Opens the store again, after it was closed or after its process died.
    fn reopen(&mut self, dies: bool) {
        let disk = Arc::new(self.disk.clone());
        if dies {
            self.db.flush().expect("a flush works");
            let other = open(&(Arc::new(empty_disk(0)) as _), &options()).expect("a store opens on an empty disk");
            self.disk.drop_as_if_killed(std::mem::replace(&mut self.db, other));
        } else {
            self.db.close().expect("a store closes");
        }
        self.db = open(&(disk as _), &options()).expect("a closed store opens");
        self.check_one();
    }

    /// A look at some past state, whole.
    fn look(&mut self) {
        let reach = self.reach();
        let (name, id, state) = match (self.chosen(), self.random.percent(30)) {
            (Some(id), false) => (self.name_of(&id), id.clone(), self.model.snapshots[&id].state().clone()),
            _ => {
                let moment = reach + self.random.below((self.sequence - reach + 1) as usize) as u64;
                let name = format!("sequence:{moment}");
                (name.clone(), name, self.moments[&moment].clone())
            }
        };
        let one = Named { name: &name, id: &id, state: &state };
        check_state(&self.db, one, &self.model, &mut self.random).unwrap_or_else(|wrong| self.fail(&wrong));
    }

    fn fail(&self, wrong: &str) -> ! {
        panic!("call {}: {wrong}", self.number)
    }

    /// The store as it is now.
    fn check_now(&self) {
        let found = contents_of(&self.db).expect("loading works");
        if let Some(wrong) = difference(&found, &self.model.contents()) {
            self.fail(&wrong);
        }
    }

    /// The store, what its snapshots' records say, and one snapshot whole.
    fn check_one(&mut self) {
        self.check_now();
        let listed = self.db.list_snapshots().expect("listing works").snapshots;
        let ids: Vec<&String> = listed.iter().map(|one| &one.id).collect();
        assert_eq!(ids, self.model.snapshot_ids().iter().collect::<Vec<_>>(), "call {}", self.number);
        listed.iter().for_each(|snapshot| self.check_record(snapshot));
        if let Some(id) = self.chosen() {
            self.check_snapshot(&id);
        }
    }

    /// The same with every snapshot, and two against one another.
    fn check_everything(&mut self) {
        self.check_one();
        self.model.snapshot_ids().iter().for_each(|id| self.check_snapshot(id));
        if let (Some(from), Some(to)) = (self.chosen(), self.chosen()) {
            let [from, to] = [&from, &to].map(|id| Named::snapshot(&self.model, id));
            check_difference(&self.db, from, to).unwrap_or_else(|wrong| self.fail(&wrong));
        }
    }

    fn check_snapshot(&mut self, id: &str) {
        let verified = self.db.verify_snapshot(id).unwrap_or_else(|error| self.fail(&error.to_string()));
        // The layer's own records are nothing that a user saved.
        let sizes = self.model.snapshots[id].state().sizes(true);
        let total = (sizes.values().map(|size| size.0).sum(), sizes.values().map(|size| size.1).sum());
        assert_eq!((verified.documents, verified.bytes), total, "call {}: {id}", self.number);
        let snapshot = self.db.get_snapshot(id).expect("the snapshot is known");
        assert_eq!((snapshot.documents, snapshot.bytes), total, "call {}: {id}", self.number);
        let one = Named::snapshot(&self.model, id);
        check_state(&self.db, one, &self.model, &mut self.random).unwrap_or_else(|wrong| self.fail(&wrong));
    }

    fn check_record(&self, snapshot: &Snapshot) {
        let kept = &self.model.snapshots[&snapshot.id];
        for (collection, size) in kept.state().sizes(is_import(&snapshot.id)) {
            let found = snapshot.size_of(collection);
            assert_eq!((found.documents, found.bytes), size, "call {}: {collection} in {snapshot:?}", self.number);
        }
        for name in TIER1 {
            assert_eq!(snapshot.versions[&format!("{name}_v")], kept.state().counter(name), "{snapshot:?}");
        }
        let is_automatic = snapshot.kind == coffer::snapshots::Kind::Automatic;
        assert_eq!((&snapshot.label, snapshot.pinned, is_automatic), (&kept.label, kept.pinned, kept.automatic));
    }
}

fn check_plan(planned: &Restored, changes: &[Change]) {
    let plan = planned.changes.as_deref().expect("a dry run tells what it would do");
    let plan: Vec<_> = plan.iter().map(|one| (one.key.as_str(), one.action, one.bytes)).collect();
    let action = |text: &Option<Arc<str>>| if text.is_some() { "save" } else { "clear" };
    let bytes = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len() as u64);
    let expected: Vec<_> = changes.iter().map(|(key, text)| (key.as_str(), action(text), bytes(text))).collect();
    assert_eq!(plan, expected);
    assert_eq!((planned.dry_run, planned.commit, &planned.undo), (true, None, &None));
}

#[test]
fn every_snapshot_is_what_a_plain_map_says() {
    let seed = Random::seed_or(USUAL_SEED);
    println!("seed {seed}");
    let mut pair = Pair::start(seed);
    for number in 0..CALLS {
        pair.number = number;
        pair.call();
        if number % 250 == 0 {
            pair.check_everything();
        }
    }
    pair.reopen(false);
    assert!(pair.restores > CALLS / 100, "only {} restores: too tame a run", pair.restores);
}
