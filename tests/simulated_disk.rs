//! Tests of the simulated disk itself: what it keeps, what it may lose, how it fails.
//!
//! They use no store, so that a mistake of the disk is not taken for one of the store. Invariant tested throughout:
//! synced is kept in every image, unsynced may be lost in every part that a real disk could lose.

mod support;

use coffer::disk::{Disk, DiskFile, Lock};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use support::crash_images::{Crash, CrashPoints};
use support::faults::{Fault, FaultPlan};
use support::random::Random;
use support::simulated_disk::{OWNER, SimulatedDisk};

fn content(disk: &SimulatedDisk, path: &str) -> Option<Vec<u8>> {
    let file = disk.open(Path::new(path)).ok()?;
    let mut bytes = vec![0; file.length().unwrap() as usize];
    assert_eq!(file.read_at(&mut bytes, 0).unwrap(), bytes.len());
    Some(bytes)
}

fn create(disk: &SimulatedDisk, path: &str) -> Arc<dyn DiskFile> {
    disk.create(Path::new(path)).unwrap()
}

fn sync_root(disk: &SimulatedDisk) {
    disk.sync_folder(Path::new("/")).unwrap();
}

/// A disk with the synced file `/a` of `length` ones.
fn disk_with_ones(length: usize) -> (SimulatedDisk, Arc<dyn DiskFile>) {
    let disk = SimulatedDisk::new(1);
    let file = create(&disk, "/a");
    file.write_at(&vec![1; length], 0).unwrap();
    file.sync().unwrap();
    sync_root(&disk);
    (disk, file)
}

/// Every content of a file in many images of one kind, made where the disk is now.
fn outcomes(disk: &SimulatedDisk, crash: Crash, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    let points = CrashPoints::at_end(disk);
    let mut random = Random::new(7);
    (0..400).map(|_| content(&points.image(crash, &mut random), path)).collect()
}

fn only(outcome: Option<Vec<u8>>) -> BTreeSet<Option<Vec<u8>>> {
    BTreeSet::from([outcome])
}

#[test]
fn files_behave_like_files() {
    let disk = SimulatedDisk::new(1);
    disk.create_folder(Path::new("/games/saves/../saves/one")).unwrap();
    disk.create_folder(Path::new("/games/saves/one")).unwrap();
    assert_eq!(disk.canonical(Path::new("/games/./saves")).unwrap(), Path::new("/games/saves"));
    assert!(disk.canonical(Path::new("/nothing")).is_err());
    let file = create(&disk, "/games/saves/one/a");
    assert!(disk.create(Path::new("/games/saves/one/a")).is_err(), "an existing file is an error");
    assert!(disk.create(Path::new("/nowhere/a")).is_err(), "a missing folder is an error");
    file.write_at(b"bytes", 3).unwrap();
    assert_eq!(content(&disk, "/games/saves/one/a").unwrap(), b"\0\0\0bytes");
    let mut buffer = [9; 4];
    assert_eq!(file.read_at(&mut buffer, 6).unwrap(), 2, "fewer bytes at the end");
    assert_eq!(file.read_at(&mut buffer, 60).unwrap(), 0);
    let reader = disk.open(Path::new("/games/saves/one/a")).unwrap();
    assert!(reader.write_at(b"x", 0).is_err(), "opened to read");
    create(&disk, "/games/saves/one/b").write_at(b"b", 0).unwrap();
    disk.rename(Path::new("/games/saves/one/b"), Path::new("/games/saves/one/a")).unwrap();
    assert_eq!(content(&disk, "/games/saves/one/a").unwrap(), b"b", "a rename replaces");
    assert_eq!(reader.length().unwrap(), 8, "an open file outlives its name");
    assert_eq!(disk.list(Path::new("/games/saves/one")).unwrap(), ["a"]);
    disk.remove(Path::new("/games/saves/one/a")).unwrap();
    assert!(disk.remove(Path::new("/games/saves/one/a")).is_err());
    assert!(disk.list(Path::new("/games/saves/one")).unwrap().is_empty());
}

#[test]
fn a_lock_has_one_owner_and_ends_with_its_guard() {
    let disk = SimulatedDisk::new(1);
    let Lock::Taken(guard) = disk.lock(Path::new("/lock")).unwrap() else { panic!("the lock is free") };
    assert!(matches!(disk.lock(Path::new("/lock")).unwrap(), Lock::HeldBy(Some(OWNER))));
    let image = CrashPoints::at_end(&disk).image(Crash::Process, &mut Random::new(1));
    assert!(matches!(image.lock(Path::new("/lock")).unwrap(), Lock::Taken(_)), "a crash releases it");
    drop(guard);
    assert!(matches!(disk.lock(Path::new("/lock")).unwrap(), Lock::Taken(_)));
}

#[test]
fn what_is_synced_is_in_every_image() {
    let (disk, _file) = disk_with_ones(3000);
    for crash in Crash::ALL {
        assert_eq!(outcomes(&disk, crash, "/a"), only(Some(vec![1; 3000])), "{crash:?}");
    }
}

#[test]
fn bytes_without_a_sync_can_be_lost() {
    let (disk, file) = disk_with_ones(10);
    file.write_at(&[2; 10], 5).unwrap();
    let (old, new) = (vec![1; 10], [vec![1; 5], vec![2; 10]].concat());
    assert_eq!(outcomes(&disk, Crash::Process, "/a"), only(Some(new.clone())));
    assert_eq!(outcomes(&disk, Crash::NamesLost, "/a"), only(Some(new.clone())));
    assert_eq!(outcomes(&disk, Crash::AllLost, "/a"), only(Some(old.clone())));
    assert_eq!(outcomes(&disk, Crash::BytesLost, "/a"), only(Some(old.clone())));
    let longer = [vec![1; 10], vec![0; 5]].concat();
    assert_eq!(outcomes(&disk, Crash::Zeros, "/a"), only(Some(longer.clone())));
    assert_eq!(outcomes(&disk, Crash::Calls, "/a"), BTreeSet::from([Some(old), Some(new), Some(longer)]));
}

#[test]
fn a_later_call_can_be_kept_without_an_earlier_one() {
    let (disk, file) = disk_with_ones(2);
    file.write_at(&[2], 0).unwrap();
    file.write_at(&[3], 1).unwrap();
    let all = [[1, 1], [1, 3], [2, 1], [2, 3]].map(|bytes| Some(bytes.to_vec()));
    assert_eq!(outcomes(&disk, Crash::Calls, "/a"), BTreeSet::from(all));
    let in_order = [[1, 1], [2, 1], [2, 3]].map(|bytes| Some(bytes.to_vec()));
    for crash in [Crash::Prefix, Crash::Sectors, Crash::Pages] {
        assert!(outcomes(&disk, crash, "/a").is_subset(&BTreeSet::from(in_order.clone())), "{crash:?}");
    }
}

#[test]
fn units_tear_at_their_borders() {
    for (crash, unit) in [(Crash::Sectors, 512), (Crash::Pages, 4096)] {
        let (disk, file) = disk_with_ones(3 * 4096);
        file.write_at(&vec![2; 2 * 4096], 100).unwrap();
        let seen = outcomes(&disk, crash, "/a");
        assert!(seen.len() > 4, "{crash:?} gave only {} outcomes", seen.len());
        for bytes in seen.into_iter().flatten() {
            for (start, piece) in bytes.chunks(unit).enumerate() {
                let touched = piece.iter().enumerate().map(|(at, byte)| (start * unit + at, *byte));
                let mut inside = touched.clone().filter(|(at, _)| (100..100 + 8192).contains(at)).map(|(_, byte)| byte);
                let first = inside.next();
                assert!(inside.all(|byte| Some(byte) == first), "{crash:?}: a unit is torn inside");
                assert!(touched.filter(|(at, _)| !(100..100 + 8192).contains(at)).all(|(_, byte)| byte == 1));
            }
        }
    }
}

#[test]
fn garbage_stays_within_what_was_written() {
    let (disk, file) = disk_with_ones(2048);
    file.write_at(&[2; 300], 600).unwrap();
    let seen = outcomes(&disk, Crash::Garbage, "/a");
    let spoilt = |bytes: &Vec<u8>| bytes[600..900].iter().any(|byte| *byte > 2);
    assert!(seen.iter().flatten().any(spoilt));
    for bytes in seen.into_iter().flatten() {
        assert!(bytes[..600].iter().chain(&bytes[900..]).all(|byte| *byte == 1));
    }
}

#[test]
fn names_need_a_sync_of_their_folder() {
    let disk = SimulatedDisk::new(1);
    let file = create(&disk, "/new");
    file.write_at(b"x", 0).unwrap();
    file.sync().unwrap();
    assert_eq!(outcomes(&disk, Crash::AllLost, "/new"), only(None), "the bytes are safe, the name is not");
    assert_eq!(outcomes(&disk, Crash::BytesLost, "/new"), only(Some(b"x".to_vec())), "but it may be there");
    assert_eq!(outcomes(&disk, Crash::Calls, "/new"), BTreeSet::from([None, Some(b"x".to_vec())]));
    sync_root(&disk);
    assert_eq!(outcomes(&disk, Crash::AllLost, "/new"), only(Some(b"x".to_vec())));
    disk.create_folder(Path::new("/in/side")).unwrap();
    create(&disk, "/in/side/file");
    disk.sync_folder(Path::new("/in/side")).unwrap();
    sync_root(&disk);
    assert_eq!(outcomes(&disk, Crash::AllLost, "/in/side/file"), only(None), "the middle folder was not synced");
    disk.sync_folder(Path::new("/in")).unwrap();
    assert_eq!(outcomes(&disk, Crash::AllLost, "/in/side/file"), only(Some(Vec::new())));
}

#[test]
fn a_lost_rename_or_removal_brings_the_old_file_back() {
    let (disk, _file) = disk_with_ones(1);
    let newer = create(&disk, "/a.tmp");
    newer.write_at(b"new", 0).unwrap();
    newer.sync().unwrap();
    sync_root(&disk);
    disk.rename(Path::new("/a.tmp"), Path::new("/a")).unwrap();
    assert_eq!(outcomes(&disk, Crash::AllLost, "/a"), only(Some(vec![1])));
    assert_eq!(outcomes(&disk, Crash::AllLost, "/a.tmp"), only(Some(b"new".to_vec())));
    assert_eq!(outcomes(&disk, Crash::Calls, "/a"), BTreeSet::from([Some(vec![1]), Some(b"new".to_vec())]));
    sync_root(&disk);
    assert_eq!(outcomes(&disk, Crash::AllLost, "/a.tmp"), only(None));
    disk.remove(Path::new("/a")).unwrap();
    assert_eq!(outcomes(&disk, Crash::AllLost, "/a"), only(Some(b"new".to_vec())));
    assert_eq!(outcomes(&disk, Crash::Process, "/a"), only(None));
    assert_eq!(outcomes(&disk, Crash::Calls, "/a"), BTreeSet::from([None, Some(b"new".to_vec())]));
}

#[test]
fn the_walk_through_the_log_meets_every_state() {
    let (disk, file) = disk_with_ones(1);
    file.write_at(&[2], 0).unwrap();
    file.sync().unwrap();
    let mut points = CrashPoints::of(&disk);
    let mut seen = Vec::new();
    loop {
        let image =
            |crash| content(&points.image(crash, &mut Random::new(1)), "/a").map(|bytes| bytes.first().copied());
        seen.push((image(Crash::Process), image(Crash::AllLost)));
        if !points.advance() {
            break;
        }
    }
    let one = Some(Some(1));
    let two = Some(Some(2));
    let expected = [(None, None), (Some(None), None), (one, None), (one, None), (one, one), (two, one), (two, two)];
    assert_eq!(seen, expected, "created, written, synced, folder synced, written again, synced");
    assert_eq!(points.position(), disk.steps());
}

#[test]
fn images_are_disks_of_their_own_and_depend_on_the_seed_alone() {
    let (disk, file) = disk_with_ones(5000);
    file.write_at(&[2; 5000], 0).unwrap();
    let points = CrashPoints::at_end(&disk);
    for crash in Crash::ALL {
        let first = content(&points.image(crash, &mut Random::new(5)), "/a");
        assert_eq!(first, content(&points.image(crash, &mut Random::new(5)), "/a"), "{crash:?}");
    }
    let image = points.image(Crash::NamesLost, &mut Random::new(5));
    create(&image, "/b");
    image.remove(Path::new("/a")).unwrap();
    assert_eq!(image.steps(), 2, "an image logs what is done to it, so it can crash again");
    assert_eq!((content(&disk, "/a"), content(&disk, "/b")), (Some(vec![2; 5000]), None));
    assert_eq!(outcomes(&image, Crash::AllLost, "/a"), only(Some(vec![2; 5000])), "and its beginning is certain");
}

#[test]
fn the_death_of_the_process_makes_nothing_certain() {
    let (disk, file) = disk_with_ones(1);
    file.write_at(&[2], 0).unwrap();
    create(&disk, "/b");
    let image = CrashPoints::at_end(&disk).image(Crash::Process, &mut Random::new(1));
    assert_eq!((content(&image, "/a"), content(&image, "/b")), (Some(vec![2]), Some(Vec::new())));
    assert_eq!(outcomes(&image, Crash::AllLost, "/a"), only(Some(vec![1])));
    assert_eq!(outcomes(&image, Crash::AllLost, "/b"), only(None));
}

#[test]
fn a_killed_user_changes_nothing_and_loses_its_lock() {
    let disk = SimulatedDisk::new(1);
    let user = (disk.lock(Path::new("/lock")).unwrap(), Tidy(disk.clone()));
    let steps = disk.steps();
    disk.drop_as_if_killed(user);
    assert_eq!((disk.steps(), content(&disk, "/tidied")), (steps, None));
    assert!(matches!(disk.lock(Path::new("/lock")).unwrap(), Lock::Taken(_)));
    drop(Tidy(disk.clone()));
    assert_eq!(content(&disk, "/tidied"), Some(Vec::new()));
}

/// Changes the disk when it is dropped, as a store does that is closed then.
struct Tidy(SimulatedDisk);

impl Drop for Tidy {
    fn drop(&mut self) {
        let _ = self.0.create(Path::new("/tidied"));
    }
}

fn plan(fault: Fault, spare: usize, forever: bool) -> Option<FaultPlan> {
    Some(FaultPlan { fault, spare, forever })
}

#[test]
fn a_fault_comes_once_or_for_ever_at_its_turn() {
    for (forever, expected) in [(false, [true, true, false, true, true]), (true, [true, true, false, false, false])] {
        let (disk, file) = disk_with_ones(1);
        disk.plan(plan(Fault::Io, 2, forever));
        let results = [0; 5].map(|_| file.write_at(&[2], 0).is_ok());
        assert_eq!(results, expected);
        assert_eq!((disk.count(Fault::Io), disk.count(Fault::Rename)), (5, 0));
        assert_eq!(disk.hits(), expected.iter().filter(|fine| !**fine).count());
    }
}

#[test]
fn each_fault_hits_its_calls() {
    let works = |fault: Fault| {
        let (disk, file) = disk_with_ones(4);
        disk.plan(plan(fault, 0, true));
        [
            disk.create(Path::new("/b")).is_ok(),
            file.write_at(&[2], 0).is_ok(),
            file.write_at(&[2, 2], 3).is_ok(),
            file.sync().is_ok(),
            disk.rename(Path::new("/a"), Path::new("/c")).is_ok(),
            disk.sync_folder(Path::new("/")).is_ok(),
            file.length().is_ok(),
        ]
    };
    assert_eq!(works(Fault::Io), [false, false, false, false, false, false, true]);
    assert_eq!(works(Fault::NoSpace), [false, true, false, true, true, true, true]);
    assert_eq!(works(Fault::ShortWrite), [true, false, false, true, true, true, true]);
    assert_eq!(works(Fault::Sync), [true, true, true, false, true, true, true]);
    assert_eq!(works(Fault::Rename), [true, true, true, true, false, true, true]);
    assert_eq!(works(Fault::SyncFolder), [true, true, true, true, true, false, true]);
    assert_eq!(works(Fault::Read), [true, true, true, true, true, true, false]);
}

#[test]
fn a_short_write_leaves_a_part() {
    let (disk, file) = disk_with_ones(2);
    disk.plan(plan(Fault::ShortWrite, 0, false));
    assert!(file.write_at(&[2; 1000], 0).is_err());
    let left = content(&disk, "/a").unwrap();
    let written = left.iter().take_while(|byte| **byte == 2).count();
    assert!(written < 1000 && left[written..].iter().all(|byte| *byte == 1), "{written} bytes");
}

#[test]
fn a_failed_sync_loses_bytes_for_good() {
    let (mut lost, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..40 {
        let disk = SimulatedDisk::new(seed);
        let file = create(&disk, "/a");
        sync_root(&disk);
        file.write_at(&[1], 0).unwrap();
        disk.plan(plan(Fault::Sync, 0, false));
        assert!(file.sync().is_err());
        file.sync().unwrap();
        lost.insert(outcomes(&disk, Crash::NamesLost, "/a") == only(Some(Vec::new())));
        seen.insert(content(&disk, "/a") == Some(vec![1]));
    }
    assert_eq!(lost, BTreeSet::from([false, true]), "a second sync must not bring the bytes back, nor lose kept ones");
    assert_eq!(seen, BTreeSet::from([false, true]), "readers may still see lost bytes, or not");
}
