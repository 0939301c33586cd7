//! A scripted run of a store, made from a seed, with a record of what was promised when.
//!
//! It is the same for every test that crashes or fails a store. Invariant: an action is in the history before the store
//! is asked to do it, and acknowledged there only after the store said that it is done.

use super::file_system::{FileSystem, Node};
use super::history::History;
use super::model::{Change, Model, TIER1, VERSIONS_KEPT, contents_of, load};
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use coffer::database::{Database, Edit};
use coffer::disk::Disk;
use coffer::error::Result;
use coffer::options::{Durability, Options};
use std::path::Path;
use std::sync::Arc;

/// Where the store lies on the simulated disk.
pub const STORE: &str = "/saves/store";

/// One call to the store.
#[derive(Debug, Clone)]
pub enum Action {
    Save {
        key: String,
        text: Arc<str>,
        durability: Durability,
    },
    Clear {
        key: String,
        durability: Durability,
    },
    Batch {
        changes: Vec<Change>,
        durability: Durability,
    },
    Flush,
    Maintain,
    Checkpoint,
    /// Closes the store and opens it again.
    Reopen,
    /// Leaves the store as a dying process does, and opens it again.
    Abandon,
}

/// Options for a store whose every step is decided by the test: small segments, frequent checkpoints, no thread.
pub fn options() -> Options {
    Options {
        background: false,
        segment_bytes: 4096,
        checkpoint_bytes: 48 << 10,
        versions_kept: VERSIONS_KEPT,
        ..Options::default()
    }
}

/// A disk with nothing but the folder that the store's folder is to be made in.
pub fn empty_disk(seed: u64) -> SimulatedDisk {
    let folders = ["/", "/saves"].map(|path| (path.into(), Node::Folder));
    SimulatedDisk::holding(FileSystem::all_durable(Vec::new(), folders.into()), seed)
}

pub fn open(disk: &Arc<dyn Disk>, options: &Options) -> Result<Database> {
    Database::open_on(disk.clone(), Path::new(STORE), options)
}

/// Makes a script of so many actions, of every kind and size, behind a few that always come first.
pub fn make_script(seed: u64, length: usize) -> Vec<Action> {
    let mut random = Random::new(seed);
    let mut script = prologue();
    script.extend((script.len()..length).map(|number| make_action(number, &mut random)));
    script
}

/// What chance brings about too seldom: promises that rest on an earlier commit than their own.
fn prologue() -> Vec<Action> {
    use Durability::{Behind, Durable, Written};
    let text = |length| format!("\"{}\"", "x".repeat(length)).into();
    let save = |key: &str, length, durability| Action::Save { key: key.to_owned(), text: text(length), durability };
    let clear = |key: &str, durability| Action::Clear { key: key.to_owned(), durability };
    vec![
        save("slot/1", 10, Written),
        save("slot/2", 20, Durable),
        // The second clear finds nothing to do, and yet promises that the first one lasts.
        clear("slot/1", Behind),
        clear("slot/1", Durable),
        // Past half of a segment the next one is made ahead; one that ends there is sealed with bytes not yet synced.
        save("slot/3", 3000, Written),
        Action::Maintain,
        save("slot/4", 100, Written),
        save("slot/5", 2000, Written),
        save("slot/6", 30, Durable),
        // The first image has no older one to replace, only a journal.
        Action::Checkpoint,
    ]
}

fn make_action(number: usize, random: &mut Random) -> Action {
    let durability = *random.pick(&[Durability::Behind, Durability::Written, Durability::Durable]);
    match random.below(100) {
        0..49 => Action::Save { key: make_key(random), text: make_text(number, random), durability },
        49..58 => Action::Save { key: (*random.pick(&TIER1)).to_owned(), text: make_text(number, random), durability },
        58..66 => Action::Clear { key: make_key(random), durability },
        66..67 => Action::Clear { key: (*random.pick(&TIER1)).to_owned(), durability },
        67..77 => Action::Batch { changes: make_batch(number, random), durability },
        77..81 => Action::Flush,
        81..93 => Action::Maintain,
        93..96 => Action::Checkpoint,
        96..98 => Action::Reopen,
        _ => Action::Abandon,
    }
}

/// Few enough keys that they are overwritten and cleared again and again.
fn make_key(random: &mut Random) -> String {
    match random.below(24) {
        23 => format!("long/{}", "k".repeat(1000)),
        number => format!("slot/{number}"),
    }
}

/// Mostly small texts, some up to 20 KB; each names the action it came from, so that no two are alike.
fn make_text(number: usize, random: &mut Random) -> Arc<str> {
    let length = match random.below(20) {
        0..11 => random.below(200),
        11..17 => 200 + random.below(1800),
        17..19 => 2000 + random.below(4000),
        _ => 6000 + random.below(14_000),
    };
    let mut text = format!("[{number},\"");
    while text.len() < length {
        text.push_str(&format!("{:x}", random.next()));
    }
    text.push_str("\"]");
    text.into()
}

fn make_batch(number: usize, random: &mut Random) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..1 + random.below(6) {
        let key = if random.percent(12) { (*random.pick(&TIER1)).to_owned() } else { make_key(random) };
        if changes.iter().all(|(other, _)| *other != key) {
            changes.push((key, random.percent(75).then(|| make_text(number, random))));
        }
    }
    changes
}

/// A store that runs a script. `disk` is what the store sees, `recorder` the simulated disk behind it.
pub struct Run {
    disk: Arc<dyn Disk>,
    recorder: SimulatedDisk,
    options: Options,
    /// `None` only while it is being opened again.
    db: Option<Database>,
    pub history: History,
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
            disk_loses_bytes: false,
        };
        run.reopen()?;
        Ok(run)
    }

    /// Goes on with a store that is open and in the newest state of the history.
    pub fn resume(recorder: &SimulatedDisk, options: &Options, db: Database, history: History) -> Run {
        let disk = Arc::new(recorder.clone());
        let (recorder, options) = (recorder.clone(), options.clone());
        Run { disk, recorder, options, db: Some(db), history, disk_loses_bytes: false }
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
