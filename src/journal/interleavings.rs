//! Group commit under a model checker: threads that write and sync for each other, while segments change, calls fail and the
//! log is closed.
//!
//! Compiled under `coffer_shuttle` only; `sync::orders` plays the scenes, on a disk in memory, `disk::Stage`. Invariants
//! tested, whenever a call returns: what was acknowledged as synced is there after a power cut, and what was acknowledged as
//! written after a crash; what is there is a prefix of the commits, in their order; the log never says that more is synced
//! than is; and nobody waits for ever.

use super::{Log, Recovered, recover};
use crate::change::{Action, Change};
use crate::disk::{Call, Disk, Stage};
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result};
use crate::options::Recovery;
use crate::sync::orders::{in_every_order, join, one_of};
use shuttle::thread::{JoinHandle, spawn};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const FOLDER: &str = "/store";
/// A segment holds a few commits.
const SEGMENT: u64 = 256;

/// The log, and what its users were told. The threads take turns, so the standard library's locks never wait here.
struct Scene {
    disk: Stage,
    log: Log,
    /// What a checkpoint's image holds.
    image: AtomicU64,
    /// The key of each commit that has a sequence number.
    given: Mutex<BTreeMap<u64, String>>,
}

/// How a commit is to last.
#[derive(Clone, Copy)]
enum Level {
    Behind,
    Written,
    Durable,
    /// Durable, and not put together in memory.
    Large,
}
use Level::{Behind, Durable, Large, Written};

/// What a disk holds of the log: each commit's key, and how far it says that it is synced.
struct Kept {
    commits: BTreeMap<u64, String>,
    last: u64,
    proven: u64,
}

impl Scene {
    fn new() -> Arc<Scene> {
        let disk = Stage::new();
        let fresh = Recovered { next_number: 1, ..Recovered::default() };
        let log = Log::start(Arc::new(disk.clone()), Path::new(FOLDER), fresh, 0, SEGMENT).unwrap();
        Arc::new(Scene { disk, log, image: AtomicU64::new(0), given: Mutex::default() })
    }

    /// Commits one document and waits for what the level promises, and checks the promise.
    fn commit(&self, key: &str, level: Level) -> Result<u64> {
        let mut committer = if matches!(level, Large) { self.log.begin_large() } else { self.log.begin() }?;
        let action = Action::Put { text: "1", checksum: crc32c::crc32c(b"1") };
        let change = Change { id: DocumentId::new(Collection::PluginData, key), revision: 1, action };
        // A large one is on the disk before it is known to be there.
        let next = committer.last_sequence() + 1;
        let before = self.given.lock().unwrap().insert(next, key.to_owned());
        assert!(before.is_none(), "{next} was given out twice");
        let sequence =
            committer.append(0, &[change]).inspect_err(|_| drop(self.given.lock().unwrap().remove(&next)))?;
        assert_eq!(sequence, next);
        drop(committer);
        match level {
            Behind => {}
            Written => self.log.write_through(sequence)?,
            Durable | Large => self.log.sync_through(sequence)?,
        }
        if matches!(level, Written) {
            assert!(self.kept(&self.disk.after_a_crash()).last >= sequence, "{sequence} is not written");
        }
        if matches!(level, Durable | Large) {
            self.check_durable(sequence);
        }
        self.check();
        Ok(sequence)
    }

    fn check_durable(&self, sequence: u64) {
        let kept = self.kept(&self.disk.after_a_power_cut());
        assert!(kept.last >= sequence, "{sequence} was acknowledged, and the disk has {}", kept.last);
    }

    /// What the log says of itself is true.
    fn check(&self) {
        let synced = self.log.synced();
        // Nobody else goes on between the two.
        let (present, certain) = (self.disk.after_a_crash(), self.disk.after_a_power_cut());
        let (present, certain) = (self.kept(&present), self.kept(&certain));
        assert!(certain.last >= synced, "{synced} is said to be synced, the disk has {}", certain.last);
        assert!(certain.last >= present.proven, "{} is noted as synced, the disk has {}", present.proven, certain.last);
        let given = self.given.lock().unwrap();
        for (sequence, key) in &present.commits {
            assert_eq!(given.get(sequence), Some(key), "commit {sequence}");
        }
    }

    /// What recovery finds on a disk. It has to find no damage, and no gap.
    fn kept(&self, disk: &Stage) -> Kept {
        let image = self.image.load(Ordering::SeqCst);
        let names = disk.list(Path::new(FOLDER)).unwrap();
        let mut commits = BTreeMap::new();
        let recovered = recover(disk, Path::new(FOLDER), &names, image, Recovery::Strict, &mut |commit| {
            if let [change] = commit.changes {
                commits.insert(commit.sequence, change.id.key.to_owned());
            }
            Ok(())
        });
        let recovered = recovered.unwrap();
        let wanted: Vec<u64> = (image + 1..=recovered.last_sequence).collect();
        assert_eq!(commits.keys().copied().collect::<Vec<_>>(), wanted, "a gap");
        Kept { commits, last: recovered.last_sequence, proven: recovered.proven }
    }

    /// A thread that commits, until the log refuses.
    fn committer(self: &Arc<Scene>, name: &'static str, levels: &'static [Level]) -> JoinHandle<()> {
        let scene = self.clone();
        spawn(move || {
            for (number, level) in levels.iter().enumerate() {
                match scene.commit(&format!("{name}{number}"), *level) {
                    Ok(_) => {}
                    Err(Error::Closed) => break,
                    Err(Error::Failed { .. } | Error::Io { .. }) => {
                        assert!(scene.log.check().is_err(), "a call failed, and the log goes on");
                        break;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        })
    }

    /// What the store's own thread does in a round.
    fn keep_up(&self) -> Result<()> {
        self.log.prepare_segment()?;
        self.log.sync_through(self.log.last_sequence())?;
        self.log.mark_durable()?;
        self.check();
        Ok(())
    }

    /// What a checkpoint does to the log.
    fn checkpoint(&self) -> Result<()> {
        let sequence = self.log.cut(|_| ())?;
        // While the image is written, the log goes on.
        self.log.prepare_segment()?;
        self.image.store(sequence, Ordering::SeqCst);
        self.log.retire(sequence)?;
        self.check();
        Ok(())
    }

    /// A thread that does this so often, until it fails.
    fn other(self: &Arc<Scene>, times: usize, act: fn(&Scene) -> Result<()>) -> JoinHandle<()> {
        let scene = self.clone();
        spawn(move || {
            (0..times)
                .try_for_each(|_| act(&scene))
                .unwrap_or_else(|error| assert!(scene.disk.has_failed(), "{error}"));
        })
    }

    /// The end of a scene in which a call failed: if it was one that concerns the log, nothing is accepted any more. If
    /// making the next segment fails, the active one grows.
    fn is_refused_if_failed(&self) {
        self.check();
        assert!(self.disk.has_failed() || self.log.check().is_ok());
        assert_eq!(self.log.check().is_err(), self.log.begin().is_err(), "it has failed, and accepts more");
    }
}

#[test]
fn what_several_commit_together_is_on_the_disk_before_any_is_told_so() {
    in_every_order(|| {
        let scene = Scene::new();
        join([
            scene.committer("a", &[Durable, Behind, Durable]),
            scene.committer("b", &[Durable, Written]),
            scene.committer("c", &[Behind, Durable]),
            scene.other(2, Scene::keep_up),
        ]);
        assert_eq!(scene.log.last_sequence(), 7);
        scene.log.sync_through(7).unwrap();
        scene.check_durable(7);
    });
}

#[test]
fn a_large_commit_goes_behind_what_was_queued_before_it() {
    in_every_order(|| {
        let scene = Scene::new();
        join([
            scene.committer("a", &[Behind, Durable]),
            scene.committer("b", &[Large, Written]),
            scene.committer("c", &[Written, Large]),
        ]);
        assert_eq!(scene.log.last_sequence(), 6);
    });
}

#[test]
fn a_checkpoint_takes_nothing_from_those_who_wait_for_a_sync() {
    in_every_order(|| {
        let scene = Scene::new();
        join([
            scene.committer("a", &[Durable, Durable]),
            scene.committer("b", &[Behind, Durable]),
            scene.committer("c", &[Written, Durable]),
            scene.other(2, Scene::checkpoint),
        ]);
        scene.log.sync_through(6).unwrap();
        scene.check_durable(6);
    });
}

/// The last to come has nobody after it that would wake it.
#[test]
fn whoever_a_checkpoint_spares_the_sync_passes_the_turn_on() {
    in_every_order(|| {
        let scene = Scene::new();
        join([
            scene.committer("a", &[Durable]),
            scene.committer("b", &[Durable]),
            scene.committer("c", &[Durable]),
            scene.committer("d", &[Durable]),
            scene.other(1, Scene::checkpoint),
        ]);
        scene.check_durable(4);
    });
}

#[test]
fn segments_change_while_several_sync() {
    in_every_order(|| {
        let scene = Scene::new();
        join([
            scene.committer("a", &[Durable, Durable, Durable, Written, Durable]),
            scene.committer("b", &[Written, Behind, Durable, Durable]),
            scene.other(3, |scene| {
                scene.log.prepare_segment()?;
                if scene.log.written() >= 3 { scene.checkpoint() } else { Ok(()) }
            }),
        ]);
        scene.check_durable(9);
    });
}

/// Plays a scene in which one call fails, at any of the first so many.
fn with_a_failing(call: Call, among: usize) {
    let scene = Scene::new();
    scene.disk.fail(call, one_of(among));
    join([
        scene.committer("a", &[Durable, Written, Durable]),
        scene.committer("b", &[Durable, Durable]),
        scene.committer("c", &[Behind, Written, Durable]),
        scene.other(1, Scene::keep_up),
    ]);
    scene.is_refused_if_failed();
}

#[test]
fn after_a_failed_sync_nobody_is_told_that_it_is_durable_and_nobody_waits() {
    in_every_order(|| with_a_failing(Call::Sync, 5));
}

#[test]
fn after_a_failed_sync_of_the_folder_nobody_is_told_that_it_is_durable() {
    in_every_order(|| with_a_failing(Call::SyncFolder, 2));
}

#[test]
fn after_a_failed_write_nobody_is_told_that_it_is_written_and_nobody_waits() {
    in_every_order(|| with_a_failing(Call::Write, 6));
}

#[test]
fn the_end_waits_for_all_and_lets_nobody_in_after_it() {
    in_every_order(|| {
        let scene = Scene::new();
        let committers = [
            scene.committer("a", &[Durable, Behind]),
            scene.committer("b", &[Written, Behind]),
            scene.committer("c", &[Large]),
        ];
        scene.log.close();
        let last = scene.log.last_sequence();
        scene.log.sync_through(last).unwrap();
        scene.check_durable(last);
        join(committers);
        assert_eq!(scene.log.last_sequence(), last, "committed after the end");
        assert_eq!(scene.given.lock().unwrap().len() as u64, last);
        assert!(matches!(scene.log.begin(), Err(Error::Closed)));
    });
}
