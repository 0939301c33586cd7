//! A 60 Hz loop that saves 20 documents a frame, out of 100,000, while checkpoints run.
//!
//! Each loop saves every frame's documents twice: in the store that is measured, and in a plain map, which goes first
//! in every other frame. On a shared machine other programs take the processor in some frames, and a ratio of the worst
//! frames would compare only that; so the frames that kept it are shown too, and the ratios are theirs. The peers have
//! loops of their own, so that their syncs disturb nobody else. Invariant: the thread that saves is called `frames` and
//! does nothing but save and sleep, so that a tracer can tell its calls apart.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Random};
use crate::floor::PlainMap;
use crate::folder;
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{percentile, switches};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::path::Path;
use std::sync::Once;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

const SAVES: usize = 20;
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Frames before anything is noted.
const WARM_UP: usize = 60;
/// The journal grows by about 0.3 MiB a second here, so a checkpoint starts every three seconds.
const OPTIONS: &str = r#"{"checkpoint_bytes": 1048576}"#;
/// How often the folder is looked at for a new image, in frames.
const LOOK: usize = 15;

/// What a loop came to: nanoseconds of each frame's saves, in the store and in the map.
#[derive(Default)]
struct Frames {
    store: Vec<f64>,
    map: Vec<f64>,
    /// Of each frame, whether no other program took the thread's processor.
    undisturbed: Vec<bool>,
    /// Names of the image files that were seen.
    images: BTreeSet<String>,
}

impl Frames {
    /// Only the frames in which no other program took the processor.
    fn without_disturbed(&self) -> Frames {
        let kept = |times: &[f64]| {
            times.iter().zip(&self.undisturbed).filter(|(_, kept)| **kept).map(|(time, _)| *time).collect()
        };
        Frames { store: kept(&self.store), map: kept(&self.map), ..Frames::default() }
    }

    fn ratio(&self, share: f64) -> f64 {
        percentile(&self.store, share) / percentile(&self.map, share)
    }

    /// The line of these frames, which are some of all.
    fn line(&self, all: &Frames, remark: &str) -> Line {
        let work = format!("… in the {} of {} frames that kept their processor", self.store.len(), all.store.len());
        let map = format!("{} (plain map)", summary(&self.map));
        Line::new(work, format!("{}{remark}", summary(&self.store))).floor(map)
    }
}

/// Median, tails and maximum.
fn summary(frames: &[f64]) -> String {
    let at = |share| time(percentile(frames, share));
    format!("{} / {} / {} / {}", at(0.5), at(0.99), at(0.999), at(1.0))
}

/// One loop: what is saved, how long, and who shows how far it is.
struct Loop<'a> {
    progress: Progress,
    documents: &'a Documents,
    frames: usize,
    folder: &'a Path,
}

impl Loop<'_> {
    /// Runs on a thread of its own.
    fn run(&self, save: impl FnMut(&CStr, &CStr) + Send) -> Frames {
        let (sender, receiver) = std::sync::mpsc::channel();
        let (documents, frames, folder) = (self.documents, self.frames + WARM_UP, self.folder);
        thread::scope(|scope| {
            let body = move || save_frames(documents, frames, folder, &sender, save);
            let saver = thread::Builder::new().name("frames".to_owned()).spawn_scoped(scope, body);
            let saver = saver.expect("a thread for the loop");
            receiver.iter().for_each(|frame: usize| self.progress.show(frame as f64 / frames as f64));
            saver.join().expect("the loop comes to its end")
        })
    }
}

/// The loop itself.
fn save_frames(
    documents: &Documents,
    frames: usize,
    folder: &Path,
    progress: &Sender<usize>,
    mut save: impl FnMut(&CStr, &CStr),
) -> Frames {
    let mut map = PlainMap::default();
    (0..documents.len()).for_each(|at| map.save(documents.key(at), documents.text(at)));
    let mut seen = Frames::default();
    let mut random = Random::new(60);
    let mut next = Instant::now();
    for frame in 0..frames {
        let keys: [usize; SAVES] = std::array::from_fn(|_| random.below(documents.len()));
        let timed = |save: &mut dyn FnMut(&CStr, &CStr)| {
            let start = Instant::now();
            keys.iter().for_each(|at| save(documents.key(*at), documents.text(at + frame)));
            start.elapsed().as_nanos() as f64
        };
        let mut in_map = |key: &CStr, text: &CStr| map.save(key, text);
        let (_, taken_before) = switches();
        next += FRAME;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let (of_store, of_map) = if frame % 2 == 0 {
            let of_store = timed(&mut save);
            (of_store, timed(&mut in_map))
        } else {
            let of_map = timed(&mut in_map);
            (timed(&mut save), of_map)
        };
        if frame >= WARM_UP {
            seen.store.push(of_store);
            seen.map.push(of_map);
            seen.undisturbed.push(switches().1 == taken_before);
        }
        if frame % LOOK == 0 {
            seen.images.extend(folder::names(folder, "image-"));
            // That nobody listens any more is no reason to stop.
            let _ = progress.send(frame);
        }
    }
    seen
}

/// A store that was filled, closed and opened again.
fn filled(folder: &Path, documents: &Documents) -> Store {
    let store = Store::open(folder, OPTIONS);
    for at in 0..documents.len() {
        store.save(documents.key(at), documents.text(at), coffer::BEHIND);
    }
    store.close();
    Store::open(folder, OPTIONS)
}

fn measure_coffer(context: &Context, documents: &Documents, name: &str, durability: i32, frames: usize) -> Frames {
    let folder = context.workplace.folder(name);
    let store = filled(folder.path(), documents);
    let one = Loop { progress: Progress::new(name), documents, frames, folder: folder.path() };
    let seen = one.run(|key, text| store.save(key, text, durability));
    store.close();
    seen
}

fn measure_peers(context: &Context, documents: &Documents, frames: usize) -> [Frames; 2] {
    let all = || (0..documents.len()).map(|at| (documents.key(at), documents.text(at)));
    let folder = context.workplace.folder("lmdb");
    let mut lmdb = Lmdb::open(folder.path(), Sync::NoSync);
    lmdb.save_all(all());
    let one = Loop { progress: Progress::new("LMDB"), documents, frames, folder: folder.path() };
    let of_lmdb = one.run(|key, text| lmdb.save(key, text));
    let folder = context.workplace.folder("sqlite");
    let mut sqlite = Sqlite::open(folder.path(), Synchronous::Normal);
    sqlite.save_all(all());
    let one = Loop { progress: Progress::new("SQLite"), documents, frames, folder: folder.path() };
    let of_sqlite = one.run(|key, text| sqlite.save(key, text));
    [of_lmdb, of_sqlite]
}

pub fn run(context: &Context, report: &mut Report) {
    let documents = &Documents::new("slot", context.choose(MANY, 5000));
    let frames = context.choose(20 * 60, 60);
    let written = measure_coffer(context, documents, "written", coffer::WRITTEN, frames);
    let behind = measure_coffer(context, documents, "behind", coffer::BEHIND, frames);
    let [lmdb, sqlite] = measure_peers(context, documents, frames);
    let work = |what: &str, seen: &Frames| {
        format!("60 Hz, 20 saves a frame, {what}, {} image files: p50 / p99 / p99.9 / max", seen.images.len())
    };
    let map = |seen: &Frames| format!("{} (plain map)", summary(&seen.map));
    let within = |line: Line, times: &[f64]| line.target("p99.9 200 µs", percentile(times, 0.999) / 200_000.0);
    report.add(
        within(Line::new(work("written", &written), summary(&written.store)), &written.store)
            .floor(map(&written))
            .peer(Peer::Lmdb, format!("{} (no sync)", summary(&lmdb.store)))
            .peer(Peer::SqliteNormal, summary(&sqlite.store)),
    );
    let kept = written.without_disturbed();
    report.add(within(kept.line(&written, ""), &kept.store));
    report.add(Line::new(work("behind", &behind), summary(&behind.store)).floor(map(&behind)));
    let kept = behind.without_disturbed();
    for (what, share) in [("p50", 0.5), ("p99.9", 0.999)] {
        let ratio = kept.ratio(share);
        let line = kept.line(&behind, &format!("; {what} {ratio:.2} × map"));
        report.add(line.target(format!("{what} 1.5 × a plain map"), ratio / 1.5));
    }
}

/// Only saves, with checkpoints and full segments meanwhile, for a tracer that counts calls by thread. Opening and
/// closing happen on the main thread. Prints which thread is which.
pub fn traced(context: &Context) {
    let documents = &Documents::new("slot", 20_000);
    for (name, durability) in [("written", coffer::WRITTEN), ("behind", coffer::BEHIND)] {
        let folder = context.workplace.folder(name);
        let store = filled(folder.path(), documents);
        let frames = context.choose(600, 120);
        let one = Loop { progress: Progress::new("traced"), documents, frames, folder: folder.path() };
        let named = Once::new();
        let seen = one.run(|key, text| {
            named.call_once(name_threads);
            // Ten times the usual, so that segments fill and checkpoints come due in a short run.
            (0..10).for_each(|_| store.save(key, text, durability));
        });
        println!("{name}: {} frames, {} image files seen", seen.store.len(), seen.images.len());
        store.close();
    }
}

/// Prints number and name of each thread of this process.
fn name_threads() {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a process may list its threads");
    for task in tasks.flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        println!("thread {} {}", task.file_name().to_string_lossy(), name.trim_end());
    }
}
