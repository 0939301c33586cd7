//! Damage to every byte of a small store, and every shorter length of its files, on a disk in memory.
//!
//! A store with every kind of file is made once; each trial changes one of them and opens the store strictly, for reading
//! and for writing, and with salvage. Invariant tested: whatever single byte is other than it was, a strict opening gives
//! the right data or an error that names the file and a place at or before the damage; salvage gives every record that
//! is still whole, here and in the snapshots, and leaves nothing unfinished; nobody allocates by what damage says.
//! `COFFER_LONG=1` changes each byte in two ways, and every one where else a share will do.

#[path = "damage/places.rs"]
mod places;
#[path = "damage/scene.rs"]
mod scene;
mod support;

use coffer::database::Database;
use coffer::disk::{Disk, RealDisk};
use coffer::error::{Error, Result};
use coffer::options::{Options, Recovery};
use scene::{Left, Lost, Scene, is_counter, options};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::model::{Contents, contents_of, difference};
use support::random::{Random, is_long};
use support::script::{EXPORT, STORE, open};
use support::simulated_disk::SimulatedDisk;

/// The system's allocator, which notes the largest piece that each thread asked for. No store here has a thread of its own,
/// and what the other tests do meanwhile is none of ours: telling where a panic came from takes megabytes.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has none any more.
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

const USUAL_SEED: u64 = 8;

/// What a store of a few kilobytes may ask for at once: the buffer that image and history are written through, and room.
const LARGEST_USUAL: usize = 1 << 20;

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// This byte is other by these bits.
    Flip { place: usize, bits: u8 },
    /// The file ends here.
    Cut { length: usize },
}

impl Damage {
    fn apply(self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        match self {
            Damage::Flip { place, bits } => bytes[place] ^= bits,
            Damage::Cut { length } => bytes.truncate(length),
        }
        bytes
    }

    /// No byte before this one is other than it was.
    fn begins(self) -> usize {
        match self {
            Damage::Flip { place, .. } => place,
            Damage::Cut { length } => length,
        }
    }

    fn hits(self, start: usize, end: usize) -> bool {
        match self {
            Damage::Flip { place, .. } => (start..end).contains(&place),
            Damage::Cut { length } => end > length,
        }
    }
}

/// One file of the store with one damage.
struct Trial<'s> {
    scene: &'s Scene,
    name: &'s str,
    damage: Damage,
    path: PathBuf,
    bytes: Vec<u8>,
    lost: Lost,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("with {:?} of {}, which costs {:?}", self.damage, self.name, self.lost);
        }
    }
}

impl<'s> Trial<'s> {
    fn new(scene: &'s Scene, name: &'s str, damage: Damage) -> Trial<'s> {
        let path = Path::new(STORE).join(name);
        let bytes = damage.apply(scene.bytes(&path));
        let hit = scene.pieces(name).into_iter().filter(|piece| damage.hits(piece.start, piece.end));
        let lost = hit.map(|piece| (name.to_owned(), piece.start)).collect();
        Trial { scene, name, damage, path, bytes, lost }
    }

    fn disk(&self) -> SimulatedDisk {
        self.scene.disk_with(&[(&self.path, self.bytes.clone())])
    }

    fn open(&self, disk: &SimulatedDisk, read_only: bool, recovery: Recovery) -> Result<Database> {
        open(&(Arc::new(disk.clone()) as _), &Options { read_only, recovery, ..options() })
    }

    /// What a strict opening may give: all, or a beginning with everything that what is left says was synced.
    fn judge(&self, opened: &Result<Database>) {
        let db = match opened {
            Ok(db) => db,
            Err(Error::Corrupt { path, offset, reason }) => {
                assert_eq!(path, &self.path, "{reason}");
                assert!(*offset <= self.damage.begins() as u64, "told at {offset}: {reason}");
                return;
            }
            Err(error) => panic!("{error}"),
        };
        let found = contents_of(db).expect("an open store reads");
        if self.lost.is_empty() && !self.name.starts_with("image-") {
            assert_eq!(difference(&found, self.scene.whole()), None, "nothing that counts was hit");
            return;
        }
        assert!(!self.name.starts_with("image-"), "every byte of an image counts");
        let proven = self.scene.proven_without(&self.lost);
        let mut possible = self.scene.states.range(proven..).map(|(_, state)| state);
        assert!(possible.any(|state| difference(&found, state).is_none()), "no state from commit {proven} on");
    }

    /// Opens strictly, for reading and for writing. True if that was refused.
    fn strictly(&self) -> bool {
        let disk = self.disk();
        self.judge(&self.open(&disk, true, Recovery::Strict));
        assert_eq!(disk.steps(), 0, "a reader changed something");
        let opened = self.open(&disk, false, Recovery::Strict);
        self.judge(&opened);
        let refused = opened.is_err();
        if refused {
            let same = self.scene.files("").into_iter().filter(|name| name != "lock" && name != self.name);
            for path in same.map(|name| Path::new(STORE).join(name)) {
                assert!(read(&disk, &path) == **self.scene.bytes(&path), "{} was changed", path.display());
            }
            assert!(read(&disk, &self.path) == self.bytes, "the damaged file was changed");
        }
        if let Ok(db) = opened {
            disk.drop_as_if_killed(db);
        }
        refused
    }

    /// Opens what strict openings refuse: every record that is whole must be there, now and at every later opening.
    fn salvaged(&self) {
        let expected = self.scene.contents_without(&self.lost);
        let disk = self.disk();
        let reader = self.open(&disk, true, Recovery::Salvage).expect("salvage opens for reading");
        self.check_kept(&reader, &expected);
        assert_eq!(disk.steps(), 0, "a reader changed something");
        let db = self.open(&disk, false, Recovery::Salvage).expect("salvage opens");
        self.check_kept(&db, &expected);
        let report = db.recovery_report().expect("it is open");
        assert!(report.salvaged);
        let told = |start: usize| {
            let here = report.lost.iter().filter(|one| one.file == self.name);
            here.into_iter().any(|one| (one.offset..one.offset + one.bytes).contains(&(start as u64)))
        };
        if let Damage::Flip { .. } = self.damage {
            for (_, start) in &self.lost {
                assert!(told(*start), "byte {start} is lost and not told: {:?}", report.lost);
            }
        }
        let kept = contents_of(&db).expect("it reads");
        disk.drop_as_if_killed(db);
        let names = disk.list(Path::new(STORE)).expect("the folder is there");
        assert!(names.iter().all(|name| !name.ends_with(".tmp")), "left behind: {names:?}");
        let db = self.open(&disk, false, Recovery::Strict).expect("what was salvaged is whole");
        assert_eq!(difference(&contents_of(&db).expect("it reads"), &kept), None);
        self.check_snapshots(&db);
        db.close().expect("it closes");
    }

    fn check_kept(&self, db: &Database, expected: &Contents) {
        let mut found = contents_of(db).expect("a salvaged store reads");
        let mut counters = found.clone();
        counters.retain(|key, _| is_counter(key));
        found.retain(|key, _| !is_counter(key));
        assert_eq!(difference(&found, expected), None);
        for (key, counter) in counters {
            let count = counter.expect("a counter always loads").revision;
            let newest = found.keys().filter_map(|one| one.strip_prefix(&key)?.parse::<u64>().ok()).max();
            assert!(newest.unwrap_or(0) <= count, "{key} is {count}");
        }
        self.check_snapshots(db);
    }

    /// Of each snapshot that is still known: every version that is whole, and all of it if nothing was hit.
    fn check_snapshots(&self, db: &Database) {
        let known = db.list_snapshots().expect("it lists").snapshots;
        for one in known.iter().filter(|one| one.file.is_none()) {
            for (key, entry) in self.scene.snapshot_without(&one.id, &self.lost) {
                let loaded = db.load_from_snapshot(&one.id, &key, |loaded| (loaded.text.to_vec(), loaded.revision));
                let loaded = loaded.unwrap_or_else(|error| panic!("{key} in {}: {error}", one.id));
                assert_eq!(loaded, (entry.text.as_bytes().to_vec(), entry.revision), "{key} in {}", one.id);
            }
            if self.lost.is_empty() {
                db.verify_snapshot(&one.id).unwrap_or_else(|error| panic!("{}: {error}", one.id));
            }
        }
    }
}

fn read(disk: &SimulatedDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path).expect("the file is there");
    let mut bytes = vec![0; file.length().expect("it has a length") as usize];
    assert_eq!(file.read_at(&mut bytes, 0).expect("it reads"), bytes.len());
    bytes
}

/// Everything that can happen to one file: each byte changed, and each shorter length. One bit changes, another for each
/// byte, or all bits: to a checksum they are alike, as the tests of each format show of every one.
fn damages(length: usize) -> impl Iterator<Item = Damage> {
    let flip = |place| {
        let (one, all) = (Damage::Flip { place, bits: 1 << (place % 8) }, Damage::Flip { place, bits: 0xFF });
        match (is_long(), place % 2) {
            (true, _) => vec![one, all],
            (false, 0) => vec![one],
            (false, _) => vec![all],
        }
    };
    (0..length).flat_map(flip).chain((0..length).map(|length| Damage::Cut { length }))
}

/// Tries all damage to the files of one kind; how many trials were refused.
fn try_all(left: Left, kind: &str) -> (usize, usize) {
    try_one_of(1, left, kind)
}

/// The same with one of so many trials, which the seed chooses, unless there is time for all.
fn try_one_of(many: usize, left: Left, kind: &str) -> (usize, usize) {
    let seed = Random::seed_or(USUAL_SEED);
    let chosen = if is_long() { 0..many } else { (seed as usize % many)..(seed as usize % many + 1) };
    let scene = Scene::make(left);
    let names = scene.files(kind);
    let (mut trials, mut refused) = (0, 0);
    for name in &names {
        let all = damages(scene.bytes(&Path::new(STORE).join(name)).len()).enumerate();
        for damage in all.filter(|(number, _)| chosen.contains(&(number % many))).map(|(_, damage)| damage) {
            let trial = Trial::new(&scene, name, damage);
            trials += 1;
            if trial.strictly() {
                refused += 1;
                trial.salvaged();
            }
        }
    }
    println!("seed {seed}, {left:?}: {} files, {trials} trials, {refused} refused", names.len());
    let largest = LARGEST.get();
    assert!(largest <= LARGEST_USUAL, "somebody allocated {largest} bytes at once");
    (trials, refused)
}

#[test]
fn the_scene_has_every_kind_of_file() {
    let scene = Scene::make(Left::Marked);
    for (kind, least) in [("image-", 1), ("history-", 1), ("import-", 1), ("journal-", 3), ("lock", 1)] {
        assert!(scene.files(kind).len() >= least, "{kind}: {:?}", scene.files(""));
    }
    let nothing = Lost::new();
    let mut whole = scene.whole().clone();
    whole.retain(|key, _| !is_counter(key));
    assert_eq!(difference(&scene.contents_without(&nothing), &whole), None, "the notes say what was saved");
    assert_eq!(scene.snapshots.len(), 2);
    let proven = |left| Scene::make(left).proven_without(&nothing);
    let newest = *scene.states.last_key_value().unwrap().0;
    assert_eq!(proven(Left::Marked), newest);
    assert!((scene.image_at..newest).contains(&proven(Left::Unmarked)));
    assert!(Scene::make(Left::Torn).stale.len() >= 2, "a torn commit, and a whole one behind it");
}

#[test]
fn every_byte_and_length_of_an_image() {
    let (trials, refused) = try_all(Left::Marked, "image-");
    assert_eq!(trials, refused, "every byte of an image counts");
}

#[test]
fn every_byte_and_length_of_a_journal_that_says_it_is_whole() {
    let (trials, refused) = try_all(Left::Marked, "journal-");
    assert!(refused > 0 && refused < trials, "{refused} of {trials}");
}

#[test]
fn every_byte_and_length_of_a_journal_with_an_open_end() {
    let (trials, refused) = try_all(Left::Unmarked, "journal-");
    assert!(refused > 0 && refused < trials, "{refused} of {trials}");
}

#[test]
fn every_byte_and_length_of_a_journal_that_was_recovered_before() {
    let (trials, refused) = try_one_of(3, Left::Recovered, "journal-");
    assert!(refused > 0 && refused < trials, "{refused} of {trials}");
}

/// What a recovery dropped from a torn tail stands there still; it must not come back, whatever is lost.
#[test]
fn every_byte_and_length_of_a_journal_that_was_torn_before() {
    let (trials, refused) = try_one_of(3, Left::Torn, "journal-");
    assert!(refused > 0 && refused < trials, "{refused} of {trials}");
}

/// What only snapshots need is not read when the store opens; whoever asks for a snapshot is told.
#[test]
fn every_byte_and_length_of_what_snapshots_need() {
    let scene = Scene::make(Left::Marked);
    for name in [scene.files("history-"), scene.files("import-")].concat() {
        for damage in damages(scene.bytes(&Path::new(STORE).join(&name)).len()) {
            // What is lost here, no opening needs.
            let mut trial = Trial::new(&scene, &name, damage);
            trial.lost.clear();
            assert!(!trial.strictly());
            let db = trial.open(&trial.disk(), true, Recovery::Strict).expect("the store itself is whole");
            let listed = db.list_snapshots().expect("it lists").snapshots;
            let needs = |one: &&coffer::snapshots::Snapshot| match &one.file {
                Some(file) => *file == name,
                None => name.starts_with("history-") && one.sequence <= scene.image_at,
            };
            let (needing, others): (Vec<_>, Vec<_>) = listed.iter().partition(needs);
            assert!(!needing.is_empty() && !others.is_empty(), "{name}: {listed:?}");
            for one in needing {
                let outcomes = [
                    db.verify_snapshot(&one.id).map(drop),
                    db.load_from_snapshot(&one.id, "slot/1", |_| ()),
                    db.diff_snapshots(&one.id, "now").map(drop),
                    db.export_snapshot(&one.id, Path::new("/saves/other")).map(drop),
                ];
                outcomes.into_iter().for_each(|outcome| trial.expect_refusal(outcome));
            }
            others.iter().for_each(|one| drop(db.verify_snapshot(&one.id).expect("what others need is whole")));
        }
    }
}

impl Trial<'_> {
    fn expect_refusal(&self, outcome: Result<()>) {
        match outcome {
            Err(Error::Damaged { path, offset, reason, .. }) => {
                assert_eq!(path, self.path, "{reason}");
                assert!(offset <= self.damage.begins() as u64, "told at {offset}: {reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Damage to the image makes salvage read the history too: all of it that is whole must go on.
#[test]
fn every_byte_of_a_history_in_a_store_that_is_salvaged() {
    let scene = Scene::make(Left::Marked);
    let (image, history) = (scene.files("image-").remove(0), scene.files("history-").remove(0));
    let image = Path::new(STORE).join(image);
    // The last byte belongs to the trailer, so that no document is lost with it.
    let mut broken = Vec::clone(scene.bytes(&image));
    *broken.last_mut().expect("it is not empty") ^= 1;
    for damage in damages(scene.bytes(&Path::new(STORE).join(&history)).len()) {
        let trial = Trial::new(&scene, &history, damage);
        let disk = scene.disk_with(&[(&image, broken.clone()), (&trial.path, trial.bytes.clone())]);
        let db = trial.open(&disk, false, Recovery::Salvage).expect("salvage opens");
        assert_eq!(difference(&contents_of(&db).expect("it reads"), scene.whole()), None);
        trial.check_snapshots(&db);
        db.close().expect("it closes");
        let db = trial.open(&disk, false, Recovery::Strict).expect("what was salvaged is whole");
        trial.check_snapshots(&db);
        disk.drop_as_if_killed(db);
    }
}

#[test]
fn every_byte_and_length_of_an_exported_snapshot() {
    let scene = Scene::make(Left::Marked);
    let file = Path::new(EXPORT);
    let good = scene.bytes(file).clone();
    for damage in damages(good.len()) {
        let disk = scene.disk_with(&[(file, damage.apply(&good))]);
        let db = open(&(Arc::new(disk.clone()) as _), &options()).expect("the store itself is whole");
        let steps = disk.steps();
        match db.import_snapshot(file, None) {
            Err(Error::Damaged { path, offset, reason, .. }) => {
                assert_eq!(path, file, "{damage:?}: {reason}");
                assert!(offset <= damage.begins() as u64, "{damage:?}: told at {offset}: {reason}");
            }
            other => panic!("{damage:?}: {other:?}"),
        }
        assert_eq!(disk.steps(), steps, "{damage:?}: something was changed");
        disk.drop_as_if_killed(db);
    }
}

/// What is never read may hold anything: a lock, what was not finished, what salvage set aside.
#[test]
fn what_is_never_read_can_hold_anything() {
    let scene = Scene::make(Left::Marked);
    let names = [
        ("lock", true),
        ("image-00000000000000ff.coffer.tmp", false),
        ("history-00000000000000ff.coffer.tmp", false),
        ("import-00000000000000ff.coffer.tmp", false),
        ("database_export_20261124_040500.json.coffer-export.tmp", false),
        ("image-00000000000000ff.coffer.damaged", true),
        ("journal-00000000000000ff.coffer.damaged", true),
        ("readme.txt", true),
    ];
    for (name, stays) in names {
        for bytes in [Vec::new(), vec![0], vec![0xFF; 100], scene.bytes(Path::new(EXPORT)).to_vec()] {
            let disk = scene.disk_with(&[(&Path::new(STORE).join(name), bytes)]);
            let db = open(&(Arc::new(disk.clone()) as _), &options()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(difference(&contents_of(&db).unwrap(), scene.whole()), None, "{name}");
            let there = disk.list(Path::new(STORE)).unwrap().iter().any(|one| one == name);
            assert_eq!(there, stays, "{name}");
            db.close().unwrap();
        }
    }
}

/// Who holds a store is known by the lock and not by what its file says.
#[cfg(unix)]
#[test]
fn every_byte_and_length_of_a_lock_that_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = Options { background: false, ..Options::default() };
    let open = || Database::open_on(Arc::new(RealDisk), folder.path(), &quiet);
    let db = open().unwrap();
    db.save("slot/1", "[1]", None, None).unwrap();
    let lock = folder.path().join("lock");
    let good = std::fs::read(&lock).unwrap();
    assert!(matches!(open(), Err(Error::Busy { owner: Some(owner), .. }) if owner == std::process::id()));
    let longer = [b"4294967296".to_vec(), vec![b'9'; 100], vec![0xFF; 5000]];
    for bytes in damages(good.len()).map(|damage| damage.apply(&good)).chain(longer) {
        std::fs::write(&lock, &bytes).unwrap();
        let refused = open();
        assert!(matches!(refused, Err(Error::Busy { .. })), "{bytes:?}");
    }
    db.close().unwrap();
    assert_eq!(open().unwrap().load("slot/1").unwrap().text, "[1]");
    assert_eq!(std::fs::read(&lock).unwrap(), good, "the lock names its holder again");
}
