//! A disk that fails: every call of a run in turn, once and for ever, in every way.
//!
//! Invariants tested: a failing call is an error and never a panic; once a commit's write or sync failed, every further
//! write is refused and reads go on; whatever failed, a store opened anew on what the disk has left holds everything that
//! was acknowledged, by its promise, with every snapshot, and leaves no file that nothing needs when it is closed.

mod support;

use coffer::disk::Disk;
use coffer::error::Error;
use coffer::options::Durability;
use std::path::Path;
use std::sync::Arc;
use support::crash_images::{Crash, CrashPoints};
use support::faults::{Fault, FaultPlan};
use support::history::History;
use support::model::{contents_of, difference};
use support::random::Random;
use support::run::Run;
use support::script::{Action, STORE, empty_disk, make_script, open, options};
use support::simulated_disk::SimulatedDisk;
use support::snapshots::{check_every, check_one};

const USUAL_SEED: u64 = 77;
const ACTIONS: usize = 70;

const DURABILITIES: [Durability; 3] = [Durability::Behind, Durability::Written, Durability::Durable];

/// What a failing disk made of a run.
struct Outcome {
    /// `None` if the store did not open.
    run: Option<Run>,
    /// The errors of actions that were not fatal, and of the one that was.
    errors: usize,
}

/// Runs the script until it is over or a commit fails.
fn run_until_failure(disk: &SimulatedDisk, script: &[Action], fault: Fault) -> Outcome {
    let Ok(mut run) = Run::start(Arc::new(disk.clone()), disk, &options()) else {
        return Outcome { run: None, errors: 1 };
    };
    run.disk_loses_bytes = fault == Fault::Sync;
    let mut errors = 0;
    for action in script {
        let Err(error) = run.step(action) else { continue };
        errors += 1;
        assert!(matches!(error, Error::Io { .. } | Error::Failed { .. }), "{action:?}: {error}");
        // What cannot be removed yet is in nobody's way, but for what a new log must not find when it begins.
        let begins = matches!(action, Action::Reopen | Action::Abandon);
        assert!(fault != Fault::Held || begins, "{action:?} waits for another program: {error}");
        if !run.is_open() {
            break;
        }
        check_reads(&run);
        match action {
            // These work ahead; failing at it need not stop the store, and if it did, the next commit will say so.
            Action::Maintain | Action::Checkpoint => {}
            // These read and write files before and after their commit, which need not stop the store either.
            Action::Restore { .. } | Action::Delete { .. } | Action::Import { .. } => {}
            _ => {
                check_refusal(&run);
                break;
            }
        }
    }
    Outcome { run: Some(run), errors }
}

/// Readers see a whole state: with the failed commit or without it.
fn check_reads(run: &Run) {
    let found = contents_of(run.db()).expect("reads go on after a failure");
    let wrong = run.history.newest_two().map(|state| difference(&found, &state.contents));
    assert!(wrong.contains(&None), "readers see neither state: {wrong:?}");
}

fn check_refusal(run: &Run) {
    for durability in DURABILITIES {
        let refused = run.db().save("refused", "1", None, Some(durability));
        assert!(matches!(refused, Err(Error::Failed { .. })), "{durability:?} after a failure: {refused:?}");
        let refused = run.db().clear("slot/1", None, Some(durability));
        assert!(matches!(refused, Err(Error::Failed { .. })), "{durability:?} after a failure: {refused:?}");
    }
    assert!(matches!(run.db().flush(), Err(Error::Failed { .. })), "a flush after a failure");
    check_reads(run);
}

/// The power goes while the disk is failing: what was durable must be there.
fn check_power_cuts(disk: &SimulatedDisk, history: &History, random: &mut Random) {
    let points = CrashPoints::at_end(disk);
    for crash in [Crash::AllLost, Crash::NamesLost, Crash::Sectors, Crash::Calls, Crash::Garbage] {
        let image = points.image(crash, random);
        let db = open(&(Arc::new(image.clone()) as _), &options()).unwrap_or_else(|error| panic!("{crash:?}: {error}"));
        let found = contents_of(&db).expect("a recovered store reads");
        let state = history.find(&found, disk.steps(), history.durable_at(disk.steps()));
        let state = state.unwrap_or_else(|wrong| panic!("{crash:?} while the disk fails: {wrong}"));
        let checked = check_one(&db, &history.state(state).model, random);
        checked.unwrap_or_else(|wrong| panic!("{crash:?} while the disk fails: {wrong}"));
        image.drop_as_if_killed(db);
    }
}

/// The disk works again: the store opens, holds what it must, takes a durable save that outlives a power cut, and closes
/// without leaving anything behind.
fn check_recovery(disk: &SimulatedDisk, mut run: Run, random: &mut Random) {
    run.reopen().expect("the disk works again");
    let save = Action::Save { key: "again".to_owned(), text: "[true]".into(), durability: Durability::Durable };
    let checked = check_every(run.db(), run.history.model(), random);
    checked.unwrap_or_else(|wrong| panic!("once the disk works again: {wrong}"));
    run.step(&save).expect("a store opened anew takes saves");
    check_power_cuts(disk, &run.history, random);
    run.close().expect("a store opened anew closes");
    check_power_cuts(disk, &run.history, random);
    run.reopen().expect("a closed store opens");
    run.close().expect("and closes again");
    let names = disk.list(Path::new(STORE)).expect("the folder is there");
    assert!(names.iter().all(|name| !name.ends_with(".tmp")), "left behind: {names:?}");
    check_no_leftovers(&run, &names);
}

/// A closed store is one image, and beside it only the files of snapshots that there are.
fn check_no_leftovers(run: &Run, names: &[String]) {
    let count = |kind: &str| names.iter().filter(|name| name.starts_with(kind)).count();
    let snapshots = &run.history.model().snapshots;
    let imports = snapshots.keys().filter(|id| id.starts_with("import-")).count();
    assert_eq!(
        (count("image-"), count("journal-"), count("import-")),
        (1, 0, imports),
        "{names:?} for {:?}",
        snapshots.keys()
    );
    assert!(count("history-") == 0 || snapshots.len() > imports, "a history of nothing: {names:?}");
}

/// Fails one call of the run, and perhaps all like it from there on. True if the fault came.
fn try_fault(plan: FaultPlan, script: &[Action], seed: u64) -> bool {
    let mut random = Random::new(seed ^ plan.spare as u64);
    let disk = empty_disk(random.next());
    disk.plan(Some(plan));
    let Outcome { run, errors } = run_until_failure(&disk, script, plan.fault);
    let hits = disk.hits();
    assert!(errors == 0 || hits > 0, "an error without a fault");
    disk.plan(None);
    let history_of_nothing = History::new();
    check_power_cuts(&disk, run.as_ref().map_or(&history_of_nothing, |run| &run.history), &mut random);
    match run {
        Some(mut run) => {
            run.abandon();
            check_recovery(&disk, run, &mut random);
        }
        None => check_recovery(&disk, run_of_nothing(&disk), &mut random),
    }
    hits > 0
}

/// A run on a disk on which no store could be opened yet.
fn run_of_nothing(disk: &SimulatedDisk) -> Run {
    let mut run = Run::start(Arc::new(disk.clone()), disk, &options()).expect("the disk works again");
    run.abandon();
    run
}

/// Says which plan a panic belongs to.
struct Context(FaultPlan);

impl Drop for Context {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("with the plan {:?}", self.0);
        }
    }
}

fn try_every(fault: Fault) {
    let seed = Random::seed_or(USUAL_SEED);
    let script = make_script(seed, ACTIONS);
    let disk = empty_disk(seed);
    disk.plan(None);
    let outcome = run_until_failure(&disk, &script, fault);
    assert_eq!(outcome.errors, 0, "nothing fails without a fault");
    let calls = disk.count(fault);
    println!("seed {seed}: {fault:?} can hit {calls} calls");
    assert!(calls > 0, "the script never makes a call that {fault:?} can hit");
    for spare in 0..calls {
        for forever in [false, true] {
            let plan = FaultPlan { fault, spare, forever };
            let _context = Context(plan);
            assert!(try_fault(plan, &script, seed), "the run is not the same twice");
        }
    }
}

#[test]
fn any_call_can_fail() {
    try_every(Fault::Io);
}

#[test]
fn space_can_run_out() {
    try_every(Fault::NoSpace);
}

#[test]
fn a_write_can_stop_short() {
    try_every(Fault::ShortWrite);
}

#[test]
fn a_sync_can_fail_and_lose_bytes() {
    try_every(Fault::Sync);
}

#[test]
fn a_rename_can_fail() {
    try_every(Fault::Rename);
}

#[test]
fn a_folder_sync_can_fail() {
    try_every(Fault::SyncFolder);
}

#[test]
fn reading_can_fail() {
    try_every(Fault::Read);
}

#[test]
fn a_file_can_be_held_by_another_program() {
    try_every(Fault::Held);
}

#[test]
fn what_was_held_goes_at_the_next_checkpoint() {
    let disk = empty_disk(USUAL_SEED);
    let db = open(&(Arc::new(disk.clone()) as _), &options()).unwrap();
    let save_and_checkpoint = |text: &str| {
        db.save("slot/1", text, None, None).unwrap();
        db.checkpoint().expect("a checkpoint waits for nobody");
        let names = disk.list(Path::new(STORE)).unwrap();
        let count = |kind: &str| names.iter().filter(|name| name.starts_with(kind)).count();
        (count("image-"), count("journal-"))
    };
    let usual = save_and_checkpoint("1");
    disk.plan(Some(FaultPlan { fault: Fault::Held, spare: 0, forever: true }));
    let held = save_and_checkpoint("2");
    assert_eq!((usual.0, held.0), (1, 2), "the older image is held");
    assert!(held.1 > usual.1, "a retired segment is held: {held:?} after {usual:?}");
    disk.plan(None);
    assert_eq!(save_and_checkpoint("3"), usual);
    db.close().unwrap();
}
