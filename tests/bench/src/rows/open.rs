//! Opening 1,000,000 documents of 200 B, and the memory that it takes, beside reading the store's files.
//!
//! Each measurement is a process of its own, so that memory is fresh and nothing was opened before; the files are in
//! the page cache, since the process before read them. Invariant: a child measures one thing and prints one line.

use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::Documents;
use crate::folder;
use crate::lmdb::{Lmdb, Sync};
use crate::measure::percentile;
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, bytes, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The word by which the program calls itself.
pub const CHILD: &str = "open-child";
const DOCUMENTS: usize = 1_000_000;
/// Documents saved in one transaction while the peers' stores are made.
const AT_ONCE: usize = 50_000;

/// What a child measured.
#[derive(Default)]
struct Opened {
    nanoseconds: Vec<f64>,
    grown: Vec<f64>,
}

impl Opened {
    fn time(&self) -> f64 {
        percentile(&self.nanoseconds, 0.5)
    }

    fn grown(&self) -> f64 {
        percentile(&self.grown, 0.5)
    }

    /// Starts a child and takes over its figures.
    fn add(&mut self, what: &str, folder: &Path) {
        let program = std::env::current_exe().expect("a program knows itself");
        let output = Command::new(program).arg(CHILD).arg(what).arg(folder).output().expect("a child that starts");
        let line = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        let mut figures = line.split_whitespace().map(|figure| figure.parse::<f64>().expect("a figure"));
        self.nanoseconds.extend(figures.next());
        self.grown.extend(figures.next());
    }
}

/// Resident memory of this process.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process may read its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the status says so");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") * 1024.0
}

/// The child's part: does one thing, and prints how long it took and how much memory it left in use.
pub fn child(what: &str, folder: &str) {
    let folder = Path::new(folder);
    let before = resident();
    let start = Instant::now();
    let held: Box<dyn std::any::Any> = match what {
        "read" => Box::new(read_all(folder)),
        "coffer" => Box::new(Store::open(folder, "{}")),
        "lmdb" => Box::new(Lmdb::open(folder, Sync::Sync)),
        "sqlite" => Box::new(Sqlite::open(folder, Synchronous::Full)),
        _ => panic!("{what} cannot be opened"),
    };
    let took = start.elapsed().as_nanos() as f64;
    println!("{took} {}", resident() - before);
    if let Some(store) = held.downcast_ref::<Store>() {
        // What was opened can be loaded from.
        black_box(store.load_owned(Documents::new("slot", 10).key(7)));
    }
}

fn read_all(folder: &Path) -> Vec<Vec<u8>> {
    let names = folder::names(folder, "");
    names.iter().map(|name| std::fs::read(folder.join(name)).expect("a file that can be read")).collect()
}

fn fill(documents: &Documents, coffer: &Path, lmdb: &Path, sqlite: &Path) {
    let store = Store::open(coffer, "{}");
    let numbers: Vec<usize> = (0..documents.len()).collect();
    for at in &numbers {
        store.save(documents.key(*at), documents.text(*at), coffer::BEHIND);
    }
    store.close();
    let mut peer = Lmdb::open(lmdb, Sync::NoSync);
    let mut other = Sqlite::open(sqlite, Synchronous::Normal);
    for part in numbers.chunks(AT_ONCE) {
        let pairs = || part.iter().map(|at| (documents.key(*at), documents.text(*at)));
        peer.save_all(pairs());
        other.save_all(pairs());
    }
}

pub fn run(context: &Context, report: &mut Report) {
    let progress = Progress::new("open");
    let count = context.choose(DOCUMENTS, 20_000);
    let rounds = context.choose(9, 2);
    let folders = ["coffer", "lmdb", "sqlite"].map(|name| context.workplace.folder(name));
    fill(&Documents::new("slot", count), folders[0].path(), folders[1].path(), folders[2].path());
    let [mut read, mut open, mut lmdb, mut sqlite] =
        [const { Opened { nanoseconds: Vec::new(), grown: Vec::new() } }; 4];
    for round in 0..rounds {
        for (opened, what, folder) in [
            (&mut read, "read", &folders[0]),
            (&mut open, "coffer", &folders[0]),
            (&mut lmdb, "lmdb", &folders[1]),
            (&mut sqlite, "sqlite", &folders[2]),
        ] {
            opened.add(what, folder.path());
        }
        progress.show((round + 1) as f64 / rounds as f64);
    }
    let files = folder::size(folders[0].path()) as f64;
    let ratios: Vec<f64> = open.nanoseconds.iter().zip(&read.nanoseconds).map(|(mine, floor)| mine / floor).collect();
    let ratio = percentile(&ratios, 0.5);
    report.add(
        Line::new(format!("open {count} documents"), format!("{}, {ratio:.2} × reading", time(open.time())))
            .target("2 × reading the files", ratio / 2.0)
            .floor(time(read.time()))
            .peer(Peer::Lmdb, time(lmdb.time()))
            .peer(Peer::SqliteFull, time(sqlite.time())),
    );
    let grown = open.grown() / files;
    report.add(
        Line::new("memory after it", format!("{}, {grown:.2} × the files", bytes(open.grown())))
            .target("1.3 × the files", grown / 1.3)
            .floor(bytes(files))
            .peer(Peer::Lmdb, bytes(lmdb.grown()))
            .peer(Peer::SqliteFull, bytes(sqlite.grown())),
    );
}
