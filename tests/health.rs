//! The health report: a store that is well, one damaged in every known way, and figures against a plain recount.
//!
//! Runs on real files, and on the simulated disk where a disk has to fail. Invariant tested: what is wrong is told with its
//! file and place, what is right is not, and asking neither changes anything nor holds up a save.

mod support;

use coffer::analytics::{Cause, Direction, Integrity, Sample, Samples};
use coffer::database::{Database, Edit, Health, HealthOptions};
use coffer::disk::{Disk, RealDisk};
use coffer::document::Collection;
use coffer::error::{Error, Result};
use coffer::options::{Durability, Options, Recovery, Requested};
use coffer::store::{Entry, ImageWriter, file_name};
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use support::faults::{Fault, FaultPlan};
use support::random::Random;
use support::script;

const BLOCK: u64 = 64 << 10;
const HOUR_MS: u64 = 3_600_000;

fn quiet() -> Options {
    Options { background: false, segment_bytes: 64 << 10, ..Options::default() }
}

fn open_with(folder: &Path, options: &Options) -> Result<Database> {
    Database::open_on(Arc::new(RealDisk), folder, options)
}

fn open(folder: &Path) -> Database {
    open_with(folder, &quiet()).unwrap()
}

fn quick(db: &Database) -> Health {
    db.analyze_health(&HealthOptions::default(), &mut |_, _| panic!("the quick form tells nobody")).unwrap()
}

fn full(db: &Database) -> Health {
    db.analyze_health(&HealthOptions { full: true, quota_bytes: None }, &mut |_, _| true).unwrap()
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// File and offset of every cause.
fn places(health: &Health) -> Vec<(&str, u64)> {
    health.causes.iter().map(|Cause { file, offset, .. }| (file.as_str(), *offset)).collect()
}

fn assert_well(health: &Health) {
    assert_eq!(
        (health.integrity_status, health.score),
        (Integrity::Ok, 100),
        "{:?} {:?}",
        health.causes,
        health.findings
    );
    assert!(health.causes.is_empty() && health.findings.is_empty());
}

/// The files whose names begin so, in the order of their numbers.
fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(kind);
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(named).collect();
    found.sort();
    found
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Changes one byte in place; doing it again brings it back.
fn flip(path: &Path, place: u64) {
    use std::os::unix::fs::FileExt;
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
}

fn text(number: usize) -> String {
    format!(r#"{{"hp":{number},"name":"{}"}}"#, "x".repeat(number % 50 * 20))
}

/// An open store with an image of several blocks, a history file, sealed segments and an active one.
fn rich(folder: &Path) -> Database {
    let db = open(folder);
    for number in 0..300 {
        db.save(&format!("slot-{number:03}"), &text(number), None, None).unwrap();
    }
    db.save("character_roster", r#"["Ash"]"#, None, None).unwrap();
    db.create_snapshot(Some("before")).unwrap();
    for number in 0..100 {
        db.save(&format!("slot-{number:03}"), &text(number + 7), None, None).unwrap();
    }
    db.checkpoint().unwrap();
    for number in 0..400 {
        db.save(&format!("late-{number:03}"), &text(number), None, None).unwrap();
        if number % 20 == 0 {
            db.maintain().unwrap();
        }
    }
    db.flush().unwrap();
    db
}

#[test]
fn a_store_that_is_well_has_a_hundred_points() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    for health in [quick(&db), full(&db)] {
        assert_well(&health);
        assert_eq!(health.total_records, 701);
        assert_eq!((health.snapshots.count, health.snapshots.automatic), (1, 0));
        assert!(health.snapshots.history_bytes > 0 && health.journal.segments > 2);
        assert!(health.journal.live_share > 0.5, "{:?}", health.journal);
        assert_eq!(health.journal.live_bytes + health.journal.dead_bytes, health.journal.bytes);
        let sizes: u64 = files(folder.path(), "").iter().map(|path| fs::metadata(path).unwrap().len()).sum();
        assert_eq!(health.disk_bytes, sizes);
        assert_eq!(health.image.bytes, fs::metadata(&files(folder.path(), "image-")[0]).unwrap().len());
        assert_eq!(health.growth.samples.len(), 1);
    }
    let checked = full(&db).checked.unwrap();
    assert_eq!(checked.files, 2 + quick(&db).journal.segments);
    assert!(checked.bytes > 2 * BLOCK && checked.mb_per_s > 1.0, "{checked:?}");
    db.close().unwrap();
    let db = open(folder.path());
    assert_well(&full(&db));
    assert_eq!(quick(&db).total_records, 701);
}

#[test]
fn a_changed_byte_anywhere_in_the_image_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let image = &files(folder.path(), "image-")[0];
    let bytes = fs::read(image).unwrap();
    let length = bytes.len() as u64;
    let field = |number: u64| {
        let at = (length - 96 + 8 + 8 * number) as usize;
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    };
    let [order, index, checksums, manifest] = [4, 5, 7, 9].map(field);
    assert!(order > BLOCK && manifest > index && length > checksums);
    let block_of = |place: u64| place / BLOCK * BLOCK;
    for (place, expected) in [
        (0, 0),
        (20, 0),
        (63, 0),
        (64 + 36 + 20, 0),
        (BLOCK + 77, BLOCK),
        (order - 1, block_of(order - 1)),
        (order + 3, block_of(order + 3)),
        (index + 9, block_of(index + 9)),
        (manifest + 2, block_of(manifest + 2)),
        (checksums - 1, block_of(checksums - 1)),
        (checksums, checksums),
        (length - 96, length - 96),
        (length - 1, length - 96),
    ] {
        flip(image, place);
        let health = full(&db);
        assert_eq!(places(&health), [(name(image), expected)], "byte {place}: {:?}", health.causes);
        assert_eq!((health.integrity_status, health.score), (Integrity::Corrupt, 40), "byte {place}");
        assert_eq!(quick(&db).integrity_status, Integrity::Ok, "the quick form reads no file");
        flip(image, place);
    }
    assert_well(&full(&db));
}

#[test]
fn a_changed_byte_anywhere_in_a_history_costs_snapshots_only() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let history = &files(folder.path(), "history-")[0];
    let length = fs::metadata(history).unwrap().len();
    for place in (0..length).step_by(997).chain([8, 64, length - 32, length - 1]) {
        flip(history, place);
        let health = full(&db);
        let told = places(&health);
        assert_eq!(told[0].0, name(history), "byte {place}");
        assert!(told.iter().any(|(_, offset)| *offset <= place), "byte {place}: {told:?}");
        assert_eq!((health.integrity_status, told.len()), (Integrity::Degraded, 1), "byte {place}: {told:?}");
        assert!(health.findings[0].advice.contains("delete snapshots"));
        flip(history, place);
    }
    for places_of_two in [[70, length - 100], [2000, 5000]] {
        places_of_two.iter().for_each(|place| flip(history, *place));
        assert_eq!(full(&db).causes.len(), 2);
        places_of_two.iter().for_each(|place| flip(history, *place));
    }
    assert_well(&full(&db));
}

#[test]
fn a_changed_byte_in_a_sealed_or_active_segment_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let segments = files(folder.path(), "journal-");
    let used = |path: &Path| fs::read(path).unwrap().iter().rposition(|byte| *byte != 0).unwrap_or(0) as u64;
    let segments: Vec<&PathBuf> = segments.iter().filter(|path| used(path) > 0).collect();
    assert!(segments.len() > 2);
    for segment in [segments[0], segments[segments.len() - 2], segments[segments.len() - 1]] {
        // A flush leaves a mark behind the last commit, which proves something and holds nothing.
        let end = used(segment) - 64;
        for place in (0..end).step_by(1009).chain([9, 64, end]) {
            flip(segment, place);
            let health = full(&db);
            let told = places(&health);
            assert_eq!((told.len(), told[0].0), (1, name(segment)), "byte {place}: {:?}", health.causes);
            assert!(told[0].1 <= place && place - told[0].1 < 1200, "byte {place}: {told:?}");
            assert_eq!(health.integrity_status, Integrity::Corrupt);
            flip(segment, place);
        }
    }
    assert_well(&full(&db));
}

#[test]
fn all_damage_is_told_at_once_and_a_checkpoint_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let image = files(folder.path(), "image-")[0].clone();
    let history = files(folder.path(), "history-")[0].clone();
    let segment = files(folder.path(), "journal-")[0].clone();
    for (path, place) in [(&image, 5), (&image, BLOCK + 5), (&history, 100), (&segment, 100)] {
        flip(path, place);
    }
    let health = full(&db);
    let mut told: Vec<&str> = places(&health).iter().map(|(name, _)| *name).collect();
    told.sort_unstable();
    assert_eq!(told, [name(&history), name(&image), name(&image), name(&segment)], "{:?}", health.causes);
    assert_eq!((health.integrity_status, health.score), (Integrity::Corrupt, 0));
    assert!(health.findings.iter().map(|one| one.points).is_sorted_by(|one, next| one >= next));
    // The documents are in memory: the new image is whole, and only the snapshot stays lost.
    db.checkpoint().unwrap();
    let health = full(&db);
    assert_eq!(places(&health).iter().map(|(name, _)| *name).collect::<Vec<_>>(), [name(&history)]);
    assert_eq!(health.integrity_status, Integrity::Degraded);
    db.delete_snapshot("before").unwrap();
    db.save("slot-000", "1", None, None).unwrap();
    db.checkpoint().unwrap();
    assert_well(&full(&db));
}

#[test]
fn files_that_are_missing_or_cut_short_are_told_without_reading_them() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let spare = folder.path().join("elsewhere");
    for (kind, verdict) in
        [("image-", Integrity::Corrupt), ("history-", Integrity::Degraded), ("journal-", Integrity::Corrupt)]
    {
        let path = files(folder.path(), kind)[0].clone();
        fs::rename(&path, &spare).unwrap();
        for health in [quick(&db), full(&db)] {
            assert_eq!((places(&health), health.integrity_status), (vec![(name(&path), 0)], verdict), "{kind}");
            assert!(health.causes[0].reason.contains("missing"), "{:?}", health.causes);
        }
        fs::rename(&spare, &path).unwrap();
        let good = fs::read(&path).unwrap();
        let length = if kind == "journal-" { 3000 } else { good.len() - 1 };
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
        let health = full(&db);
        assert_eq!((health.causes[0].file.as_str(), health.integrity_status), (name(&path), verdict), "{kind}");
        assert!(health.causes[0].offset <= length as u64);
        if kind != "journal-" {
            assert_eq!(places(&quick(&db)), [(name(&path), length as u64)]);
        }
        fs::write(&path, &good).unwrap();
    }
    assert_well(&full(&db));
}

#[test]
fn an_image_that_is_gone_beside_its_journal_is_refused_at_opening_and_told() {
    let scratch = tempfile::tempdir().unwrap();
    let (live, left) = (scratch.path().join("live"), scratch.path().join("left"));
    let db = rich(&live);
    fs::create_dir(&left).unwrap();
    for path in files(&live, "").iter().filter(|path| !name(path).starts_with("image-") && name(path) != "lock") {
        fs::copy(path, left.join(name(path))).unwrap();
    }
    drop(db);
    assert!(matches!(open_with(&left, &quiet()), Err(Error::Corrupt { .. })));
    let db = open_with(&left, &Options { recovery: Recovery::Salvage, ..quiet() }).unwrap();
    let health = full(&db);
    // The late documents are whole, and what was set aside lies beside them.
    assert_eq!(health.total_records, 400);
    assert!(health.causes.iter().any(|cause| cause.file.ends_with(".damaged")), "{:?}", health.causes);
}

#[test]
fn what_was_left_behind_is_untidy_and_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let strays =
        ["image-00000000000000ff.coffer.tmp", "image-0000000000000001.coffer", "import-0000000000000009.coffer"];
    for stray in strays {
        fs::write(folder.path().join(stray), "x").unwrap();
        let health = quick(&db);
        assert_eq!((places(&health), health.integrity_status, health.score), (vec![(stray, 0)], Integrity::Ok, 99));
        fs::remove_file(folder.path().join(stray)).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "somebody else's").unwrap();
    assert_well(&quick(&db));
}

#[test]
fn a_salvaged_store_tells_what_it_could_not_keep() {
    let folder = tempfile::tempdir().unwrap();
    rich(folder.path()).close().unwrap();
    let image = files(folder.path(), "image-")[0].clone();
    flip(&image, BLOCK + 300);
    assert!(matches!(open_with(folder.path(), &quiet()), Err(Error::Corrupt { .. })));
    let db = open_with(folder.path(), &Options { recovery: Recovery::Salvage, ..quiet() }).unwrap();
    let health = full(&db);
    assert_eq!(health.integrity_status, Integrity::Degraded, "{:?}", health.causes);
    let lost = &health.causes[0];
    assert!(lost.file == name(&image) && lost.offset.abs_diff(BLOCK + 300) < 1200, "{lost:?}");
    assert!(lost.reason.contains("salvage"), "{lost:?}");
    assert!(health.causes.iter().any(|cause| cause.file == format!("{}.damaged", name(&image))));
    db.close().unwrap();
    let health = full(&open(folder.path()));
    assert_eq!((health.integrity_status, health.score), (Integrity::Ok, 99), "{:?}", health.causes);
}

#[test]
fn a_tail_that_a_crash_tore_takes_two_points() {
    let scratch = tempfile::tempdir().unwrap();
    let (live, left) = (scratch.path().join("live"), scratch.path().join("left"));
    let db = open(&live);
    db.save("slot", "[1]", None, None).unwrap();
    fs::create_dir(&left).unwrap();
    for path in files(&live, "journal-") {
        fs::copy(&path, left.join(name(&path))).unwrap();
        flip(&left.join(name(&path)), 120);
    }
    let health = full(&open(&left));
    assert_eq!((health.integrity_status, health.score), (Integrity::Ok, 98), "{:?}", health.causes);
    assert!(health.findings[0].what.contains("unfinished save"));
}

#[test]
fn a_disk_that_fails_is_told_with_its_cause() {
    for fault in [Fault::Sync, Fault::Io] {
        let disk = script::empty_disk(7);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let db = script::open(&shared, &script::options()).unwrap();
        db.save("slot", "[1]", None, Some(Durability::Durable)).unwrap();
        assert_well(&full(&db));
        disk.plan(Some(FaultPlan { fault, spare: 0, forever: true }));
        db.save("slot", "[2]", None, Some(Durability::Durable)).unwrap_err();
        disk.plan(None);
        for health in [quick(&db), full(&db)] {
            assert_eq!(health.integrity_status, Integrity::Degraded, "{fault:?}: {:?}", health.causes);
            assert!(health.causes[0].reason.contains("writes are refused"), "{:?}", health.causes);
            assert!(health.score < 80);
        }
        disk.drop_as_if_killed(db);
    }
}

#[test]
fn checkpoints_that_fail_are_told_until_one_succeeds() {
    let disk = script::empty_disk(7);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let db = script::open(&shared, &script::options()).unwrap();
    db.save("slot", "[1]", None, Some(Durability::Durable)).unwrap();
    disk.plan(Some(FaultPlan { fault: Fault::NoSpace, spare: 0, forever: true }));
    db.checkpoint().unwrap_err();
    disk.plan(None);
    let health = full(&db);
    assert_eq!(health.integrity_status, Integrity::Degraded);
    assert!(health.causes[0].reason.contains("last checkpoint failed"), "{:?}", health.causes);
    db.checkpoint().unwrap();
    assert_well(&full(&db));
    db.close().unwrap();
}

#[test]
fn saves_and_loads_go_on_while_everything_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path(), &Requested::parse(None).unwrap()).unwrap();
    for number in 0..2000 {
        db.save(&format!("slot-{number}"), &text(number), None, None).unwrap();
    }
    db.checkpoint().unwrap();
    let (stop, saved) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (db, stop, saved) = (&db, &stop, &saved);
            scope.spawn(move || {
                let mut random = Random::new(thread);
                while !stop.load(Ordering::Relaxed) {
                    let number = random.below(2000);
                    let durability = [Durability::Behind, Durability::Written, Durability::Durable][random.below(3)];
                    db.save(&format!("slot-{number}"), &text(number), None, Some(durability)).unwrap();
                    saved.fetch_add(1, Ordering::Relaxed);
                    if random.below(400) == 0 {
                        db.checkpoint().unwrap();
                    }
                }
            });
        }
        let mut health = full(&db);
        for round in 0..30 {
            // Within the check, saves are seen to go on: it waits for some.
            let mut seen = None;
            let mut tell = |_, _| {
                let before = *seen.get_or_insert_with(|| saved.load(Ordering::Relaxed));
                while saved.load(Ordering::Relaxed) < before + 20 {
                    std::thread::yield_now();
                }
                true
            };
            health = db.analyze_health(&HealthOptions { full: true, quota_bytes: None }, &mut tell).unwrap();
            assert_eq!(health.integrity_status, Integrity::Ok, "round {round}: {:?}", health.causes);
            assert_eq!(health.total_records, 2000);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(health.latency.save.times.count > 0 && health.latency.sync.count > 0);
    });
    db.flush().unwrap();
    assert_eq!(full(&db).integrity_status, Integrity::Ok);
}

#[test]
fn whoever_is_told_the_progress_may_end_it_and_may_save() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    for number in 0..3000 {
        db.save(&format!("slot-{number}"), &text(number % 50 + 2000), None, Some(Durability::Behind)).unwrap();
    }
    db.checkpoint().unwrap();
    let mut told = Vec::new();
    let options = HealthOptions { full: true, quota_bytes: None };
    db.analyze_health(&options, &mut |done, total| {
        if told.is_empty() {
            db.save("meanwhile", "1", None, None).unwrap();
            assert!(!quick(&db).full);
            for refused in [db.checkpoint(), db.analyze_health(&options, &mut |_, _| true).map(drop)] {
                assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{refused:?}");
            }
        }
        told.push((done, total));
        true
    })
    .unwrap();
    let (first, last) = (told[0], told[told.len() - 1]);
    assert!(told.len() >= 3 && first.0 == 0 && last.0 == last.1 && first.1 > 1 << 20, "{told:?}");
    assert!(told.is_sorted_by_key(|(done, _)| *done), "{told:?}");
    for stop_at in 0..told.len() {
        let mut left = stop_at;
        let ended = db.analyze_health(&options, &mut |_, _| {
            left = left.wrapping_sub(1);
            left < usize::MAX / 2
        });
        assert!(matches!(ended, Err(Error::Cancelled)), "{stop_at}");
    }
    db.checkpoint().unwrap();
    assert_well(&full(&db));
}

/// A store that was closed some time ago, with a record of its growth if there are samples.
fn make_old(folder: &Path, saved_ms: u64, samples: &[Sample], documents: usize) {
    let mut writer = ImageWriter::new(&RealDisk, folder, 9).unwrap();
    let record = serde_json::to_string(&Samples { samples: samples.to_vec() }).unwrap();
    fn entry<'a>(saved_ms: u64, collection: Collection, key: &'a str, text: &'a str) -> Entry<'a> {
        let (collection, key, text) = (collection as u8, key.as_bytes(), text.as_bytes());
        Entry { sequence: 9, revision: 1, time_ms: saved_ms, collection, cleared: false, key, text }
    }
    if !samples.is_empty() {
        writer.add(&entry(saved_ms, Collection::SaveMetadata, "growth", &record)).unwrap();
    }
    for number in 0..documents {
        let (key, text) = (format!("slot-{number:04}"), text(48));
        writer.add(&entry(saved_ms, Collection::PluginData, &key, &text)).unwrap();
    }
    writer.finish(0, Vec::new()).unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "{}", file_name(9));
}

#[test]
fn growth_over_days_gives_a_rate_and_the_days_until_a_quota() {
    let folder = tempfile::tempdir().unwrap();
    let now = now_ms();
    let bytes = 500 * text(48).len() as u64;
    // A tenth of what is there came each day.
    let sample = |ago: u64| Sample {
        time_ms: now - ago * 24 * HOUR_MS,
        documents: 500 - ago * 50,
        bytes: bytes - ago * bytes / 10,
    };
    let samples: Vec<Sample> = (1..=9).rev().map(sample).collect();
    make_old(folder.path(), now - 24 * HOUR_MS, &samples, 500);
    let db = open(folder.path());
    let asked =
        |quota| db.analyze_health(&HealthOptions { full: false, quota_bytes: Some(quota) }, &mut |_, _| true).unwrap();
    let health = asked(3 * bytes);
    assert_eq!((health.trend, health.growth.samples.len()), (Direction::Growing, 10));
    assert!((health.growth.bytes_per_day.unwrap() / (bytes as f64 / 10.0) - 1.0).abs() < 0.01);
    assert!((health.growth.documents_per_day.unwrap() - 50.0).abs() < 0.5);
    assert!((health.growth.days_until_quota.unwrap() - 20.0).abs() < 0.5, "{:?}", health.growth.days_until_quota);
    assert_eq!((health.score, health.findings.len()), (95, 1));
    assert_eq!((asked(bytes).growth.days_until_quota, asked(bytes).score), (Some(0.0), 80));
    assert_eq!((asked(900 * bytes).score, quick(&db).growth.days_until_quota), (100, None));
    // Something saves what it should not.
    for number in 0..200 {
        db.save(&format!("huge-{number}"), &text(49).replace('x', "xxxxxxxxxx"), None, None).unwrap();
    }
    let health = quick(&db);
    assert_eq!(health.anomalies.len(), 1, "{:?}", health.anomalies);
    assert_eq!(health.score, 97);
}

#[test]
fn growth_is_kept_once_an_hour_and_not_at_all_by_short_runs() {
    let commits = |folder: &Path| {
        let db = open(folder);
        let before = quick(&db).sequence;
        db.maintain().unwrap();
        db.maintain().unwrap();
        let (health, record) = (quick(&db), db.load("save_metadata/growth"));
        let kept = record.map_or(0, |record| Samples::parse(record.text.as_bytes()).samples.len());
        (health.sequence - before, kept, health.growth.samples.len())
    };
    let now = now_ms();
    let day_old = Sample { time_ms: now - 24 * HOUR_MS, documents: 1, bytes: 1 };
    let fresh = Sample { time_ms: now - HOUR_MS / 2, documents: 1, bytes: 1 };
    let ahead = Sample { time_ms: now + 24 * HOUR_MS, documents: 1, bytes: 1 };
    for (saved_ms, samples, documents, expected) in [
        (now, vec![], 3, (0, 0, 1)),
        (now - HOUR_MS / 2, vec![], 3, (0, 0, 1)),
        (now - 2 * HOUR_MS, vec![], 3, (1, 1, 1)),
        (now, vec![fresh], 3, (0, 1, 2)),
        (now, vec![day_old, fresh], 3, (0, 2, 3)),
        (now, vec![day_old], 3, (1, 2, 2)),
        (now, vec![day_old, ahead], 3, (1, 2, 2)),
        (now, vec![], 0, (0, 0, 1)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        make_old(folder.path(), saved_ms, &samples, documents);
        let mut found = commits(folder.path());
        // The newest in the record and now may be of one millisecond.
        found.2 = if expected.0 == 1 { expected.2 } else { found.2 };
        assert_eq!(found, expected, "{saved_ms} {samples:?}");
        assert_eq!(commits(folder.path()).0, 0, "an hour is not over");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(commits(folder.path()), (0, 0, 1), "a new store");
}

#[test]
fn what_the_hub_does_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let options = coffer::database::SubscriptionOptions { queue: 3, ..Default::default() };
    let subscription = db.subscribe("*", &options, None).unwrap();
    for number in 0..10 {
        db.save("slot", &text(number), None, None).unwrap();
    }
    let hub = quick(&db).hub;
    assert_eq!((hub.events, hub.subscribers, hub.queued, hub.lost, hub.plugins), (10, 1, 4, 7, 0));
    assert_eq!(quick(&db).score, 95);
    while subscription.take().is_some() {}
    assert_eq!(quick(&db).hub.queued, 0);
    db.unsubscribe(&subscription);
    assert_well(&quick(&db));
    let before = now_ms();
    db.sync_tier1().unwrap();
    assert!(quick(&db).last_sync.unwrap() >= before);
}

#[test]
fn what_takes_time_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    assert_eq!(quick(&db).latency.save.times.count, 0);
    for number in 0..10 {
        db.save("slot", &text(number), None, Some(Durability::Durable)).unwrap();
    }
    db.save_batch(&[Edit { key: "a", text: Some("1"), expected: None }], None).unwrap();
    for _ in 0..640 {
        db.load("slot").unwrap();
    }
    let latency = quick(&db).latency;
    assert_eq!((latency.save.times.count, latency.load.times.count), (11, 10));
    assert!(latency.sync.count >= 10, "{latency:?}");
    let times = latency.save.times;
    assert!(times.p50_us > 0.0 && times.p99_us >= times.p50_us && times.max_us >= times.p99_us, "{times:?}");
    db.save("slot", "1", Some(7), None).unwrap_err();
    assert_eq!(quick(&db).latency.save.times.count, 11, "what was refused took no time that says anything");
}

#[test]
fn a_reader_beside_the_writer_gets_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    let db = rich(folder.path());
    let reader = open_with(folder.path(), &Options { read_only: true, ..quiet() }).unwrap();
    for health in [quick(&reader), full(&reader)] {
        assert_well(&health);
        assert_eq!((health.total_records, health.journal.unsynced_commits), (701, 0));
        assert!(health.journal.bytes > 0 && health.disk_bytes > 0);
    }
    flip(&files(folder.path(), "image-")[0], 300);
    assert_eq!(places(&full(&reader)), [(name(&files(folder.path(), "image-")[0]), 0)]);
    db.save("slot", "1", None, None).unwrap();
    db.checkpoint().unwrap();
    assert_eq!(full(&reader).integrity_status, Integrity::Ok, "its writer has replaced what it reads");
}

/// Of a collection: its name, how many documents and bytes, the largest, newest, oldest.
type Recount = (String, u64, u64, u64, Option<u64>, Option<u64>);

/// What a plain look at every document says.
fn recount(db: &Database) -> Vec<Recount> {
    let mut found: Vec<_> = Collection::ALL.iter().map(|one| (one.name().to_owned(), 0, 0, 0, None, None)).collect();
    for key in db.list_keys(None, None, 0).unwrap() {
        let is_newest = Collection::ALL[..3].iter().any(|one| key == one.name() || key == format!("{}_v", one.name()));
        let Some(document) = (!is_newest).then(|| db.load(&key).ok()).flatten() else { continue };
        let tier1 = Collection::ALL[..3].iter().position(|one| key.starts_with(&format!("{}_v", one.name())));
        let place = tier1.unwrap_or(if key.starts_with("save_metadata/") { 3 } else { 4 });
        let (_, documents, bytes, largest, newest, oldest) = &mut found[place];
        (*documents, *bytes) = (*documents + 1, *bytes + document.text.len() as u64);
        *largest = (*largest).max(document.text.len() as u64);
        *newest = (*newest).max(Some(document.saved_at_ms));
        *oldest = Some(oldest.map_or(document.saved_at_ms, |oldest: u64| oldest.min(document.saved_at_ms)));
    }
    found
}

fn check_against_recount(db: &Database, step: usize) {
    let health = quick(db);
    let expected = recount(db);
    for (found, (name, documents, bytes, largest, newest, oldest)) in health.collections.iter().zip(&expected) {
        assert_eq!((found.name, found.documents, found.bytes), (name.as_str(), *documents, *bytes), "step {step}");
        assert_eq!((found.newest_save_ms, found.oldest_save_ms), (*newest, *oldest), "step {step}, {name}");
        assert_eq!(found.largest.as_ref().map_or(0, |one| one.bytes), *largest, "step {step}, {name}");
        if let Some(one) = &found.largest {
            assert_eq!(db.load(&one.key).unwrap().text.len() as u64, one.bytes, "step {step}, {}", one.key);
        }
    }
    assert_eq!(health.total_records, expected.iter().map(|one| one.1).sum::<u64>() - expected[3].1);
    for (tier1, size) in
        health.tier1.iter().zip([health.character_roster_size, health.equipment_sets_size, health.party_configs_size])
    {
        let newest = db.load(tier1.name).map_or(0, |document| document.text.len() as u64);
        assert_eq!((tier1.bytes, size), (newest, newest), "step {step}");
        assert_eq!(tier1.versions_kept, db.list_versions(tier1.name).unwrap().len() as u64);
        assert!(db.version_counters().unwrap().contains(&(format!("{}_v", tier1.name), tier1.version)));
    }
    assert_eq!(health.snapshots.count, db.list_snapshots().unwrap().snapshots.len() as u64);
    assert!(health.journal.live_bytes <= health.journal.bytes);
}

#[test]
fn the_figures_are_those_of_a_plain_recount() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { versions_kept: 3, ..quiet() };
    let mut random = Random::new(Random::seed_or(20261123));
    let mut db = open_with(folder.path(), &options).unwrap();
    for step in 0..1500 {
        let key = match random.below(10) {
            0 => Collection::ALL[random.below(3)].name().to_owned(),
            _ => format!("slot-{}", random.below(60)),
        };
        match random.below(100) {
            0..60 => drop(db.save(&key, &text(random.below(200)), None, None).unwrap()),
            60..85 => db.clear(&key, None, None).unwrap(),
            85..90 => {
                let other = format!("batch-{}", random.below(10));
                let edits = [(&key, Some("[1]")), (&other, None)].map(|(key, text)| Edit { key, text, expected: None });
                db.save_batch(&edits, None).unwrap();
            }
            90..93 => db.maintain().unwrap(),
            93..95 => db.checkpoint().unwrap(),
            95 => drop(db.create_snapshot(None).unwrap()),
            96 => drop(db.delete_snapshot("latest")),
            97 => std::thread::sleep(std::time::Duration::from_millis(2)),
            _ => {
                db.close().unwrap();
                db = open_with(folder.path(), &options).unwrap();
            }
        }
        if step % 7 == 0 {
            check_against_recount(&db, step);
        }
    }
    assert_eq!(full(&db).integrity_status, Integrity::Ok);
}
