//! Power cuts and dying processes after every step of a long run: nothing acknowledged may be lost, nothing half there.
//!
//! `COFFER_CRASH_IMAGES` says about how many images to try, `COFFER_SEED` repeats a run. Invariant: the check itself is
//! tested here against disks that lie about their syncs, so that it cannot pass for want of looking.

mod support;

use coffer::disk::Disk;
use std::sync::Arc;
use support::crash_check::{CrashCheck, Report};
use support::history::History;
use support::lying_disk::{Lie, LyingDisk};
use support::random::Random;
use support::run::Run;
use support::script::{Action, empty_disk, make_script, options};
use support::simulated_disk::SimulatedDisk;

const USUAL_SEED: u64 = 20_240_229;
/// So many images take seconds in an optimised build, and as many seconds in another one with a fifth of them.
const USUAL_IMAGES: usize = if cfg!(debug_assertions) { 15_000 } else { 75_000 };

/// Runs a script on a disk and returns what it promised.
fn record(disk: Arc<dyn Disk>, recorder: &SimulatedDisk, script: &[Action]) -> History {
    let mut run = Run::start(disk, recorder, &options()).expect("a store opens on an empty disk");
    for (number, action) in script.iter().enumerate() {
        run.step(action).unwrap_or_else(|error| panic!("action {number}, {action:?}: {error}"));
    }
    run.close().expect("the store closes");
    run.history
}

fn images_wanted() -> usize {
    match std::env::var("COFFER_CRASH_IMAGES") {
        Ok(text) => text.parse().expect("COFFER_CRASH_IMAGES is a whole number"),
        Err(_) => USUAL_IMAGES,
    }
}

fn assert_sound(report: &Report) {
    let shown: Vec<&str> = report.failures.iter().take(10).map(String::as_str).collect();
    assert!(shown.is_empty(), "{} images failed, among them:\n{}", report.failures.len(), shown.join("\n"));
}

/// The names of the files that ever were, to see that the run met what it is meant to meet.
fn names_ever(disk: &SimulatedDisk) -> Vec<String> {
    let (_, log) = disk.history();
    log.iter()
        .map(|step| format!("{step:?}"))
        .filter(|step| step.starts_with("Create") || step.starts_with("Rename"))
        .collect()
}

#[test]
fn every_crash_keeps_every_promise() {
    let seed = Random::seed_or(USUAL_SEED);
    let script = make_script(seed, 260);
    let disk = empty_disk(seed);
    let history = record(Arc::new(disk.clone()), &disk, &script);
    let names = names_ever(&disk);
    let segments = names.iter().filter(|name| name.contains("journal-")).count();
    let renames = names.iter().filter(|name| name.starts_with("Rename")).count();
    assert!(segments >= 10 && renames >= 5, "only {segments} segments and {renames} renames: too tame a run");
    // Five kinds of image at each step depend on chance. Second crashes make most of the images.
    let wanted = images_wanted();
    let rounds = (wanted / (60 * disk.steps())).max(1);
    let second_crash_every = (100 * 75_000 / wanted.max(1)).max(1);
    let rename_rounds = (wanted / 25_000).max(1);
    let check = CrashCheck { options: options(), seed, rounds, second_crash_every, rename_rounds };
    let report = check.run(&disk, &history);
    println!(
        "seed {seed}: {} actions, {} states, {} disk steps; tried {} images and {} of a second crash",
        script.len(),
        history.count(),
        disk.steps(),
        report.images,
        report.second_images
    );
    assert_sound(&report);
    assert!(report.images + report.second_images >= wanted, "fewer images than were wanted");
}

/// Runs the check against a disk whose promises are empty.
fn check_against(lie: Lie) -> Report {
    let script = make_script(USUAL_SEED, 60);
    let disk = empty_disk(USUAL_SEED);
    let history = record(Arc::new(LyingDisk::new(disk.clone(), lie)), &disk, &script);
    CrashCheck { options: options(), seed: USUAL_SEED, rounds: 1, second_crash_every: 0, rename_rounds: 0 }
        .run(&disk, &history)
}

#[test]
fn a_disk_that_only_says_it_synced_is_found_out() {
    let report = check_against(Lie::FileSyncs);
    assert!(report.failures.iter().any(|wrong| wrong.contains("lost")), "the check saw nothing: {:?}", report.failures);
}

#[test]
fn a_disk_that_only_says_it_synced_the_folder_is_found_out() {
    let report = check_against(Lie::FolderSyncs);
    assert!(report.failures.iter().any(|wrong| wrong.contains("lost")), "the check saw nothing: {:?}", report.failures);
}
