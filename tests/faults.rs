//! A disk that fails: every call of a run in turn, once and for ever, in every way, and then the recovery as well.
//!
//! Invariants tested: a failing call is an error and never a panic; once a commit's write or sync failed, every further
//! write is refused and reads go on; whatever failed, a store opened anew on what the disk has left holds everything that
//! was acknowledged, by its promise, with every snapshot, and leaves no file that nothing needs when it is closed; nor is
//! one left in another folder. A share of it is tried that the seed chooses; `COFFER_LONG=1` tries all, and
//! `COFFER_SEED` repeats a run.

#[allow(dead_code)]
#[path = "damage/places.rs"]
mod places;
#[allow(dead_code)]
#[path = "damage/scene.rs"]
mod scene;
mod support;

use coffer::database::Database;
use coffer::disk::Disk;
use coffer::error::Error;
use coffer::options::{Durability, Options, Recovery};
use scene::{Left, Lost, Scene, is_counter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::crash_images::{Crash, CrashPoints};
use support::faults::{Fault, FaultPlan};
use support::history::History;
use support::model::{Contents, contents_of, difference};
use support::random::{Random, is_long};
use support::run::Run;
use support::script::{Action, STORE, empty_disk, make_script, open, options};
use support::simulated_disk::SimulatedDisk;
use support::snapshots::{check_every, check_one};

const USUAL_SEED: u64 = 77;
const ACTIONS: usize = 80;
/// One of so many faults is tried if there is no time for all.
const SHARE: usize = 2;
/// How often each fault is tried with another one behind it, if there is time.
const REPEATS: u64 = 12;

const DURABILITIES: [Durability; 3] = [Durability::Behind, Durability::Written, Durability::Durable];

/// What a failing disk made of a run.
struct Outcome {
    /// `None` if the store did not open.
    run: Option<Run>,
    /// The errors of actions that were not fatal, and of the one that was.
    errors: usize,
}

/// Runs the script until it is over or a commit fails.
fn run_until_failure(disk: &SimulatedDisk, script: &[Action], (fault, forever): (Fault, bool)) -> Outcome {
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
        let unfinished = disk.unfinished();
        let could_remove = !forever || !fault.keeps_files();
        assert!(unfinished.is_empty() || !could_remove, "{action:?} left {unfinished:?}: {error}");
        if !run.is_open() {
            break;
        }
        check_reads(&run);
        match action {
            // These work ahead; failing at it need not stop the store, and if it did, the next commit will say so.
            Action::Maintain | Action::Checkpoint => {}
            // These read and write files before and after their commit, which need not stop the store either.
            Action::Restore { .. } | Action::Delete { .. } | Action::Import { .. } => {}
            Action::Share { .. } | Action::TakeIn => {}
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
    let checked = check_every(run.db(), run.history.model(), random);
    checked.unwrap_or_else(|wrong| panic!("once the disk works again: {wrong}"));
    run.step(&durable_save("again")).expect("a store opened anew takes saves");
    check_power_cuts(disk, &run.history, random);
    // What a failure left in another folder goes when that file is written again.
    for action in [Action::Share { format: "json" }, Action::TakeIn, Action::Name, Action::Import { chosen: 0 }] {
        run.step(&action).unwrap_or_else(|error| panic!("{action:?} once the disk works again: {error}"));
    }
    run.close().expect("a store opened anew closes");
    check_power_cuts(disk, &run.history, random);
    run.reopen().expect("a closed store opens");
    run.close().expect("and closes again");
    assert_eq!(disk.unfinished(), Vec::<PathBuf>::new(), "left behind");
    check_no_leftovers(&run, &disk.list(Path::new(STORE)).expect("the folder is there"));
}

fn durable_save(key: &str) -> Action {
    Action::Save { key: key.to_owned(), text: "[true]".into(), durability: Durability::Durable }
}

/// The recovery fails too, and then the power goes: where the failure lasts, that is a cut in the midst of the recovery.
fn fail_again(disk: &SimulatedDisk, run: &mut Run, plan: FaultPlan, random: &mut Random) -> usize {
    let _context = Context("in the recovery", plan);
    disk.plan(Some(plan));
    run.disk_loses_bytes |= plan.fault == Fault::Sync;
    let save = durable_save("second");
    let outcome = run.reopen().and_then(|()| run.step(&save)).and_then(|()| run.close());
    let hits = disk.hits();
    if let Err(error) = outcome {
        assert!(hits > 0, "an error without a fault: {error}");
        assert!(matches!(error, Error::Io { .. } | Error::Failed { .. }), "{error}");
    }
    disk.plan(None);
    check_power_cuts(disk, &run.history, random);
    run.abandon();
    hits
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
fn try_fault(plan: FaultPlan, script: &[Action], seed: u64, repeat: u64) -> bool {
    let mut random = Random::new(seed ^ plan.spare as u64 ^ repeat << 32);
    let disk = empty_disk(random.next());
    disk.plan(Some(plan));
    let Outcome { run, errors } = run_until_failure(&disk, script, (plan.fault, plan.forever));
    let hits = disk.hits();
    assert!(errors == 0 || hits > 0, "an error without a fault");
    disk.plan(None);
    let history_of_nothing = History::new();
    check_power_cuts(&disk, run.as_ref().map_or(&history_of_nothing, |run| &run.history), &mut random);
    match run {
        Some(mut run) => {
            run.abandon();
            let (fault, spare) = (*random.pick(&Fault::ALL), random.below(40));
            let second = FaultPlan { fault, spare, forever: random.percent(50) };
            fail_again(&disk, &mut run, second, &mut random);
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
struct Context(&'static str, FaultPlan);

impl Drop for Context {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}, with the plan {:?}", self.0, self.1);
        }
    }
}

fn try_every(fault: Fault) {
    let seed = Random::seed_or(USUAL_SEED);
    let script = make_script(seed, ACTIONS);
    let disk = empty_disk(seed);
    disk.plan(None);
    let outcome = run_until_failure(&disk, &script, (fault, false));
    assert_eq!(outcome.errors, 0, "nothing fails without a fault");
    let calls = disk.count(fault);
    assert!(calls > 0, "the script never makes a call that {fault:?} can hit");
    let mut tried = 0;
    for plan in plans(fault, calls).filter(|plan| is_chosen(plan, seed)) {
        for repeat in 0..if is_long() { REPEATS } else { 1 } {
            let _context = Context("in the run", plan);
            assert!(try_fault(plan, &script, seed, repeat), "the run is not the same twice");
            tried += 1;
        }
    }
    println!("seed {seed}: {fault:?} can hit {calls} calls; tried {tried} failures, each with another behind it");
}

/// Every way in which a fault can hit so many calls.
fn plans(fault: Fault, calls: usize) -> impl Iterator<Item = FaultPlan> {
    (0..calls).flat_map(move |spare| [false, true].map(|forever| FaultPlan { fault, spare, forever }))
}

/// Whether a failure is of the share that is tried. Of each call, once and for ever belong to different shares.
fn is_chosen(plan: &FaultPlan, seed: u64) -> bool {
    is_long() || (plan.spare + usize::from(plan.forever) + seed as usize).is_multiple_of(SHARE)
}

/// Crashes that leave a recovery much to do: one at a place that the seed chooses, in each of so many stretches.
fn crashes(count: usize, seed: u64) -> Vec<(SimulatedDisk, History)> {
    let disk = empty_disk(seed);
    disk.plan(None);
    let run = run_until_failure(&disk, &make_script(seed, ACTIONS), (Fault::Io, false)).run;
    let history = run.expect("nothing fails without a fault").history;
    let (mut points, mut random) = (CrashPoints::of(&disk), Random::new(seed));
    let stretch = disk.steps() / count;
    let mut crashes = Vec::new();
    for number in 0..count {
        let place = number * stretch + 1 + random.below(stretch - 1);
        while points.position() < place && points.advance() {}
        let crash = *random.pick(&[Crash::Process, Crash::AllLost, Crash::Prefix, Crash::Sectors, Crash::Calls]);
        let image = points.image(crash, &mut random);
        let copy = SimulatedDisk::holding(image.state(), seed);
        let db = open(&(Arc::new(copy.clone()) as _), &options()).expect("a crashed store opens");
        let durable = history.durable_at(place);
        let least = if crash == Crash::Process { history.written_at(place) } else { durable };
        let found = history.find(&contents_of(&db).expect("it reads"), place, least);
        let state = found.unwrap_or_else(|wrong| panic!("{crash:?} at {place}: {wrong}"));
        copy.drop_as_if_killed(db);
        let certain = if crash == Crash::Process { durable } else { state };
        crashes.push((image, history.going_on(certain, state)));
    }
    crashes
}

/// A crash, and every call of the recovery behind it fails in turn.
#[test]
fn the_recovery_of_a_crash_can_fail_anywhere() {
    let seed = Random::seed_or(USUAL_SEED);
    let (mut calls, mut tried) = (0, 0);
    for (image, history) in crashes(if is_long() { 24 } else { 4 }, seed) {
        let mut random = Random::new(seed);
        let start = || {
            let disk = SimulatedDisk::holding(image.state(), seed);
            let run = Run::left(&disk, &options(), history.going_on(0, history.count() - 1));
            (disk, run)
        };
        for fault in Fault::ALL {
            let (disk, mut run) = start();
            let none = FaultPlan { fault, spare: usize::MAX, forever: false };
            assert_eq!(fail_again(&disk, &mut run, none, &mut random), 0);
            let count = calls_of_recovery(&image, fault);
            calls += count;
            for plan in plans(fault, count).filter(|plan| is_chosen(plan, seed)) {
                let (disk, mut run) = start();
                assert!(fail_again(&disk, &mut run, plan, &mut random) > 0, "{plan:?} never came");
                check_recovery(&disk, run, &mut random);
                tried += 1;
            }
        }
    }
    println!("seed {seed}: {calls} calls of recoveries can be hit; tried {tried}");
    assert!(tried > 100, "the recoveries have little to do");
}

/// How many calls of opening this disk, saving and closing a fault can hit.
fn calls_of_recovery(image: &SimulatedDisk, fault: Fault) -> usize {
    let disk = SimulatedDisk::holding(image.state(), 0);
    disk.plan(None);
    let db = open(&(Arc::new(disk.clone()) as _), &options()).expect("a crashed store opens");
    db.save("second", "[true]", None, Some(Durability::Durable)).expect("it takes saves");
    db.close().expect("it closes");
    disk.count(fault)
}

/// A damaged store, by what is damaged, and what is whole in it.
fn damaged_stores() -> Vec<(&'static str, SimulatedDisk, Contents)> {
    let scene = Scene::make(Left::Marked);
    let damaged = |kind: &str, place: fn(usize) -> usize| {
        let name = scene.files(kind).remove(0);
        let path = Path::new(STORE).join(&name);
        let mut bytes = Vec::clone(scene.bytes(&path));
        let place = place(bytes.len());
        bytes[place] ^= 1;
        let hit = scene.pieces(&name).into_iter().filter(|piece| (piece.start..piece.end).contains(&place));
        let lost: Lost = hit.map(|piece| (name.clone(), piece.start)).collect();
        (scene.disk_with(&[(&path, bytes)]), scene.contents_without(&lost))
    };
    let stores =
        [("the image's trailer", damaged("image-", |length| length - 1)), ("a commit", damaged("journal-", |_| 70))];
    stores.map(|(what, (disk, whole))| (what, disk, whole)).into()
}

/// A store as salvage must leave it, or as it was before.
fn check_salvage(disk: &SimulatedDisk, whole: &Contents) {
    let check = |db: &Database| {
        let mut found = contents_of(db).expect("it reads");
        found.retain(|key, _| !is_counter(key));
        assert_eq!(difference(&found, whole), None);
    };
    let open = |recovery| open(&(Arc::new(disk.clone()) as _), &Options { recovery, ..scene::options() });
    match open(Recovery::Strict) {
        Ok(db) => check(&db),
        Err(Error::Corrupt { path, .. }) => assert!(path.starts_with(STORE), "{path:?}"),
        Err(error) => panic!("{error}"),
    }
    let db = open(Recovery::Salvage).expect("salvage opens it");
    check(&db);
    disk.drop_as_if_killed(db);
    let db = open(Recovery::Strict).expect("what was salvaged is whole");
    check(&db);
    db.close().expect("it closes");
    assert_eq!(disk.unfinished(), Vec::<PathBuf>::new(), "left behind");
}

/// Salvage fails at every call in turn; then the power goes, or the process dies, and it is tried again.
#[test]
fn salvage_can_fail_anywhere() {
    let seed = Random::seed_or(USUAL_SEED);
    let options = Options { recovery: Recovery::Salvage, ..scene::options() };
    let mut tried = 0;
    for (what, damaged, whole) in damaged_stores() {
        let attempt = |plan: Option<FaultPlan>| {
            let disk = SimulatedDisk::holding(damaged.state(), seed);
            disk.plan(plan);
            let outcome = open(&(Arc::new(disk.clone()) as _), &options).and_then(|db| db.close());
            (disk, outcome)
        };
        let (healthy, outcome) = attempt(None);
        outcome.unwrap_or_else(|error| panic!("{what}: {error}"));
        for fault in Fault::ALL {
            for plan in plans(fault, healthy.count(fault)) {
                let _context = Context(what, plan);
                let (disk, outcome) = attempt(Some(plan));
                assert!(disk.hits() > 0, "it never came");
                if let Err(error) = outcome {
                    assert!(matches!(error, Error::Io { .. } | Error::Failed { .. }), "{error}");
                }
                disk.plan(None);
                let (points, mut random) = (CrashPoints::at_end(&disk), Random::new(seed));
                for crash in [Crash::AllLost, Crash::NamesLost, Crash::Sectors, Crash::Garbage, Crash::Process] {
                    check_salvage(&points.image(crash, &mut random), &whole);
                }
                tried += 1;
            }
        }
    }
    println!("seed {seed}: tried {tried} failures of a salvage");
    assert!(tried > 100, "salvage does little");
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
fn a_signal_can_interrupt_any_call() {
    try_every(Fault::Interrupted);
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
