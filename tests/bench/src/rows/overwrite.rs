//! 1,000 keys overwritten 200 times each: what the folder takes while it goes on, and after a clean close.
//!
//! A thread looks at the folder all the while, since a peak lasts no longer than a checkpoint. Invariant: live bytes
//! are those of the keys and texts that are there at the end, and nothing else.

use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Pair};
use crate::folder;
use crate::lmdb::{Lmdb, Sync};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, bytes};
use crate::sqlite::{Sqlite, Synchronous};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const KEYS: usize = 1000;
/// The option `segment_bytes`, as it is if nothing is said.
const SEGMENT: f64 = (4 << 20) as f64;

/// The folder's greatest size while `work` runs.
fn peak_while(folder: &Path, work: impl FnOnce()) -> u64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(folder::size(folder));
                std::thread::sleep(Duration::from_micros(500));
            }
            peak
        });
        work();
        done.store(true, Ordering::Relaxed);
        watcher.join().expect("the watcher only looks")
    })
}

/// Peak and end of a peer.
fn peer(folder: &Path, work: impl FnOnce()) -> String {
    let peak = peak_while(folder, work);
    format!("{}, peak {}", bytes(folder::size(folder) as f64), bytes(peak as f64))
}

pub fn run(context: &Context, report: &mut Report) {
    let progress = Progress::new("overwrite");
    let documents = &Documents::new("slot", KEYS);
    let times = context.choose(200, 10);
    let saves = || (0..times).flat_map(|time| (0..KEYS).map(move |at| (documents.key(at), documents.text(at + time))));
    let last = saves().skip((times - 1) * KEYS);
    let live: usize = last.map(|(key, text)| key.to_bytes().len() + text.to_bytes().len()).sum();
    let live = live as f64;
    let folders = ["lmdb", "normal"].map(|name| context.workplace.folder(name));
    for (name, durability) in [("written", coffer::WRITTEN), ("behind", coffer::BEHIND)] {
        let folder = context.workplace.folder("coffer");
        let store = Store::open(folder.path(), "{}");
        let peak = peak_while(folder.path(), || {
            saves().for_each(|(key, text)| store.save(key, text, durability));
            store.close();
        }) as f64;
        let end = folder::size(folder.path()) as f64;
        let work = format!("1,000 keys, {times} times each, {name}");
        let closed = format!("{}, {:.2} × live", bytes(end), end / live);
        let mut line = Line::new(format!("{work}: after a clean close"), closed)
            .target("1.5 × live + 64 KiB", end / (1.5 * live + 65536.0))
            .floor(format!("{} live", bytes(live)));
        if name == "written" {
            line = add_peers(line, [folders[0].path(), folders[1].path()], &saves, &progress);
        }
        report.add(line);
        report.add(
            Line::new(format!("{work}: at the most"), bytes(peak))
                .target("3 × live + 4 segments", peak / (3.0 * live + 4.0 * SEGMENT)),
        );
    }
}

fn add_peers<'a, I: Iterator<Item = Pair<'a>>>(
    line: Line,
    [lmdb, normal]: [&Path; 2],
    saves: &impl Fn() -> I,
    progress: &Progress,
) -> Line {
    let of_lmdb = peer(lmdb, || {
        let mut store = Lmdb::open(lmdb, Sync::NoSync);
        saves().for_each(|(key, text)| store.save(key, text));
    });
    progress.show(0.5);
    let of_sqlite = peer(normal, || {
        let mut store = Sqlite::open(normal, Synchronous::Normal);
        saves().for_each(|(key, text)| store.save(key, text));
    });
    line.peer(Peer::Lmdb, of_lmdb).peer(Peer::SqliteNormal, of_sqlite)
}
