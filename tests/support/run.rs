//! A store that runs scripted actions, with a record of what was promised when.
//!
//! It asks the store for nothing that the model can say, but for the number of the newest commit, by which snapshots are
//! called. Invariant: an action is in the history before the store is asked to do it, and acknowledged there only after
//! the store said that it is done.

use super::history::History;
use super::model::{Change, Model, TIER1, contents_of, load, tier1};
use super::script::{Action, EXPORT, SHARED, open};
use super::simulated_disk::SimulatedDisk;
use super::snapshots::Part;
use coffer::database::{Database, Edit, ExportSelection, ImportOptions};
use coffer::disk::Disk;
use coffer::error::Result;
use coffer::options::{Durability, Options};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A store that runs a script. `disk` is what the store sees, `recorder` the simulated disk behind it.
pub struct Run {
    disk: Arc<dyn Disk>,
    recorder: SimulatedDisk,
    options: Options,
    /// `None` only while it is being opened again.
    db: Option<Database>,
    pub history: History,
    /// The texts in the file of documents that was exported last, if it is one to be taken in.
    shared: Option<BTreeMap<String, Arc<str>>>,
    /// Set where syncs may fail: then what was only written may be gone, and only what was synced must be there.
    pub disk_loses_bytes: bool,
}

impl Run {
    /// Opens a store that has no history yet.
    pub fn start(disk: Arc<dyn Disk>, recorder: &SimulatedDisk, options: &Options) -> Result<Run> {
        let mut run = Run {
            disk,
            recorder: recorder.clone(),
            options: options.clone(),
            db: None,
            history: History::new(),
            shared: None,
            disk_loses_bytes: false,
        };
        run.reopen()?;
        Ok(run)
    }

    /// Goes on with a store that is open and in the newest state of the history.
    pub fn resume(recorder: &SimulatedDisk, options: &Options, db: Database, history: History) -> Run {
        let disk = Arc::new(recorder.clone());
        let (recorder, options) = (recorder.clone(), options.clone());
        Run { disk, recorder, options, db: Some(db), history, shared: None, disk_loses_bytes: false }
    }

    /// Goes on with a disk on which a store of this history was left.
    pub fn left(recorder: &SimulatedDisk, options: &Options, history: History) -> Run {
        let disk = Arc::new(recorder.clone());
        let (recorder, options) = (recorder.clone(), options.clone());
        Run { disk, recorder, options, db: None, history, shared: None, disk_loses_bytes: false }
    }

    pub fn db(&self) -> &Database {
        self.db.as_ref().expect("the store is open")
    }

    /// Does one action. After a commit that failed, the history holds its state as begun and not acknowledged.
    pub fn step(&mut self, action: &Action) -> Result<()> {
        match action {
            Action::Save { key, text, durability } => self.commit(&[(key.clone(), Some(text.clone()))], *durability),
            Action::Clear { key, durability } => self.commit(&[(key.clone(), None)], *durability),
            Action::Batch { changes, durability } => self.commit(changes, *durability),
            Action::Name => self.name(),
            Action::Restore { chosen, part } => self.on_chosen(*chosen, |run, id| run.restore(id, part)),
            Action::Delete { chosen } => self.on_chosen(*chosen, Run::delete),
            Action::Pin { chosen, pinned } => self.on_chosen(*chosen, |run, id| run.pin(id, *pinned)),
            Action::Import { chosen } => self.on_chosen(*chosen, Run::import),
            Action::Share { format } => self.share(format),
            Action::TakeIn => self.take_in(),
            Action::Versions => self.check_versions(),
            Action::Flush => self.db().flush().map(|()| self.acknowledge(Durability::Durable)),
            Action::Checkpoint => self.db().checkpoint().map(|()| self.acknowledge(Durability::Durable)),
            Action::Maintain => self.db().maintain().map(|()| self.acknowledge(Durability::Durable)),
            Action::Reopen => {
                self.close()?;
                self.reopen()
            }
            Action::Abandon => {
                self.abandon();
                self.reopen()
            }
        }
    }

    pub fn close(&mut self) -> Result<()> {
        let closed = self.db().close();
        self.db = None;
        closed.map(|()| self.acknowledge(Durability::Durable))
    }

    /// Leaves the store as a dying process does.
    pub fn abandon(&mut self) {
        self.recorder.drop_as_if_killed(self.db.take());
    }

    pub fn is_open(&self) -> bool {
        self.db.is_some()
    }

    /// Opens the store again and finds out in which state it is. What was promised must be there.
    pub fn reopen(&mut self) -> Result<()> {
        let position = self.recorder.steps();
        let db = open(&self.disk, &self.options)?;
        let found = contents_of(&db)?;
        let least = match self.disk_loses_bytes {
            true => self.history.durable_at(position),
            false => self.history.written_at(position),
        };
        let state = self.history.find(&found, position, least);
        self.history.settle(state.unwrap_or_else(|wrong| panic!("on reopening, {wrong}")), position);
        self.db = Some(db);
        Ok(())
    }

    fn acknowledge(&mut self, promise: Durability) {
        self.history.acknowledge(promise, self.recorder.steps());
    }

    fn commit(&mut self, changes: &[Change], durability: Durability) -> Result<()> {
        let mut model = Model::clone(self.history.model());
        let effective = changes.iter().filter(|change| model.apply(change)).count();
        let changed = effective > 0;
        // States are told apart by what they hold. Only clearing can lead back to one that was there before, and differ
        // from it in nothing but the next revision; such a clear is left out.
        if changed && changes.iter().all(|(_, text)| text.is_none()) && self.history.has_seen(&model.contents()) {
            return Ok(());
        }
        if changed {
            self.history.begin(model.clone(), self.recorder.steps());
        }
        self.call(changes, durability, &model)?;
        if changed {
            for (key, _) in changes.iter().filter(|(_, text)| text.is_some()) {
                let saved = load(self.db(), key)?.unwrap_or_else(|| panic!("{key} was just saved"));
                model.note_time(key, saved.saved_at_ms.expect("documents have a time"));
            }
            self.history.complete(model);
        }
        self.acknowledge(durability);
        Ok(())
    }

    /// The number of the newest commit.
    fn last_sequence(&self) -> Result<u64> {
        Ok(self.db().list_snapshots()?.journal.to_sequence)
    }

    fn on_chosen(&mut self, chosen: usize, act: impl FnOnce(&mut Run, &str) -> Result<()>) -> Result<()> {
        let ids = self.history.model().snapshot_ids();
        match ids.len() {
            0 => Ok(()),
            count => act(self, &ids[chosen % count]),
        }
    }

    fn name(&mut self) -> Result<()> {
        let id = format!("snapshot-{}", self.last_sequence()?);
        let mut model = self.history.model().clone();
        model.keep(&id, "here", false);
        self.exchange(model, |db| db.create_snapshot(Some("here")).map(|made| assert_eq!(made.id, id)))
    }

    fn restore(&mut self, id: &str, part: &Part) -> Result<()> {
        let undo = format!("snapshot-{}", self.last_sequence()?);
        let mut model = self.history.model().clone();
        let changes = model.changes_to(&model.snapshots[id].state().clone(), part);
        if changes.is_empty() {
            let restored = self.db().restore(id, &part.selection(false))?;
            assert_eq!((restored.commit, restored.undo), (None, None));
            self.acknowledge(Durability::Durable);
            return Ok(());
        }
        model.restore(&changes, &undo, id);
        self.exchange(model, |db| {
            let restored = db.restore(id, &part.selection(false))?;
            assert_eq!((restored.undo, restored.saved + restored.cleared), (Some(undo), changes.len() as u64));
            Ok(())
        })
    }

    fn delete(&mut self, id: &str) -> Result<()> {
        let mut model = self.history.model().clone();
        model.snapshots.remove(id);
        // As with clears: it must not lead back to a state that was there before.
        if self.history.has_seen(&model.contents()) {
            return Ok(());
        }
        self.exchange(model, |db| db.delete_snapshot(id))
    }

    fn pin(&mut self, id: &str, pinned: bool) -> Result<()> {
        let mut model = self.history.model().clone();
        if model.snapshots[id].pinned == pinned {
            return self.db().pin_snapshot(id, pinned).map(|_| ());
        }
        model.pin(id, pinned);
        self.exchange(model, |db| db.pin_snapshot(id, pinned).map(|changed| assert_eq!(changed.pinned, pinned)))
    }

    fn import(&mut self, id: &str) -> Result<()> {
        self.db().export_snapshot(id, Path::new(EXPORT))?;
        let new = format!("import-{}", self.last_sequence()? + 1);
        let mut model = self.history.model().clone();
        model.take_in(&new, "there", model.snapshots[id].state().clone());
        self.exchange(model, |db| {
            db.import_snapshot(Path::new(EXPORT), Some("there")).map(|taken| assert_eq!(taken.id, new))
        })
    }

    /// Exports all documents. That it was done is noted in a commit that nobody waits for.
    fn share(&mut self, format: &str) -> Result<()> {
        self.shared = None;
        let texts = self.history.model().texts();
        let before = self.last_sequence()?;
        let mut after = self.history.model().clone();
        after.note("last_export");
        self.history.begin(after.clone(), self.recorder.steps());
        let path = Path::new(SHARED);
        let exported =
            self.db().export_selected(Some(format), Some(path), &ExportSelection::default(), &mut |_, _| true);
        if self.last_sequence()? == before {
            self.history.withdraw(self.recorder.steps());
        } else {
            after.learn(self.db())?;
            self.history.complete(after);
        }
        assert_eq!(exported?.sequence, before);
        self.shared = (format == "json").then_some(texts);
        Ok(())
    }

    fn take_in(&mut self) -> Result<()> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let mut model = self.history.model().clone();
        let now = model.texts();
        let differs = |(key, text): &(&String, &Arc<str>)| tier1(key).is_none() && now.get(*key) != Some(*text);
        let shared = shared.iter().filter(differs);
        let changes: Vec<Change> = shared.map(|(key, text)| (key.clone(), Some(text.clone()))).collect();
        let options = r#"{"collections": ["plugin_data"]}"#;
        let options = ImportOptions::parse(Some(options)).expect("the options are right");
        let import =
            |db: &Database| db.import_from_external(Path::new(SHARED), Some("json"), &options, &mut |_, _| true);
        if changes.is_empty() {
            let taken = import(self.db())?;
            assert_eq!((taken.commit, taken.undo), (None, None));
            self.acknowledge(Durability::Durable);
            return Ok(());
        }
        let undo = format!("snapshot-{}", self.last_sequence()?);
        model.replace(&changes, &undo, "before the import of shared", None);
        model.note("last_import");
        self.exchange(model, |db| {
            let taken = import(db)?;
            assert_eq!((taken.undo, taken.saved), (Some(undo), changes.len() as u64));
            Ok(())
        })
    }

    fn check_versions(&self) -> Result<()> {
        for name in TIER1 {
            let listed = self.db().list_versions(name)?;
            let mut listed: Vec<_> = listed.iter().map(|one| (one.version, one.bytes, Some(one.saved_at_ms))).collect();
            listed.sort_unstable();
            let kept = self.history.model().versions_of(name).iter();
            let kept: Vec<_> = kept.map(|one| (one.revision, one.text.len() as u64, one.saved_at_ms)).collect();
            assert_eq!(listed, kept, "the versions of {name}");
        }
        Ok(())
    }

    /// One commit of the layer's own, which leads to `after`.
    fn exchange(&mut self, mut after: Model, call: impl FnOnce(&Database) -> Result<()>) -> Result<()> {
        let before = self.last_sequence()?;
        self.history.begin(after.clone(), self.recorder.steps());
        if let Err(error) = call(self.db()) {
            // Much can fail before there is a commit.
            if self.last_sequence()? == before {
                self.history.withdraw(self.recorder.steps());
            }
            return Err(error);
        }
        after.learn(self.db())?;
        self.history.complete(after);
        self.acknowledge(Durability::Durable);
        Ok(())
    }

    /// Calls what the change needs: a save, a clear or a batch.
    fn call(&self, changes: &[Change], durability: Durability, after: &Model) -> Result<()> {
        match changes {
            [(key, Some(text))] => {
                let revision = self.db().save(key, text, None, Some(durability))?;
                assert_eq!(revision, after.revision(key), "the revision of {key}");
            }
            [(key, None)] => self.db().clear(key, None, Some(durability))?,
            _ => {
                let edits: Vec<Edit> = changes.iter().map(edit_of).collect();
                self.db().save_batch(&edits, Some(durability))?;
            }
        }
        Ok(())
    }
}

fn edit_of((key, text): &Change) -> Edit<'_> {
    Edit { key, text: text.as_deref(), expected: None }
}
