//! Snapshots of stores of 100,000 and 1,000,000 documents: making one, beside a durable save in the same store, what the
//! saves after it cost, and restoring one; the peers copy their files instead.
//!
//! Invariant: a snapshot is made where documents changed since the one before, as a game would make it.

use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Random};
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{Contender, Series, each, in_blocks, interleave, percentile};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::time::Instant;

const SIZES: [usize; 2] = [100_000, 1_000_000];
/// Documents saved between two snapshots.
const BETWEEN: usize = 10;
/// Documents that a restore brings back.
const CHANGED: usize = 1000;
/// Saves whose mean is one sample.
const BLOCK: usize = 100;

pub fn run(context: &Context, report: &mut Report) {
    for size in SIZES {
        of_size(context, report, context.choose(size, size / 50));
    }
}

fn of_size(context: &Context, report: &mut Report, size: usize) {
    let documents = &Documents::new("slot", size);
    let folder = context.workplace.folder("coffer");
    let store = &Store::open(folder.path(), "{}");
    for at in 0..size {
        store.save(documents.key(at), documents.text(at), coffer::BEHIND);
    }
    // Opened anew, as a game finds it.
    store.checkpoint();
    let (create, save) = creating(context, store, documents);
    let ratio = create.ratio(&save);
    let copies = copies(context, documents);
    report.add(
        Line::new(
            format!("snapshot of {size} documents, p50 / p99"),
            format!("{}, {ratio:.2} × a durable save", both(&create)),
        )
        .target("2 × a durable save", ratio / 2.0)
        .floor(both(&save))
        .peer(Peer::Lmdb, format!("{}, a copy", time(copies.0)))
        .peer(Peer::SqliteFull, format!("{}, a copy", time(copies.1))),
    );
    let (before, after) = saving_after(context, store, documents);
    report.add(
        Line::new(format!("first `written` save of a document after it, {size}"), time(after)).floor(time(before)),
    );
    let restored = restoring(context, store, documents);
    report.add(Line::new(format!("restoring {CHANGED} changed of {size} documents"), time(restored)));
}

fn both(series: &Series) -> String {
    format!("{} / {}", time(series.percentile(0.5)), time(series.percentile(0.99)))
}

/// Snapshots and durable saves in turns.
fn creating(context: &Context, store: &Store, documents: &Documents) -> (Series, Series) {
    let progress = Progress::new("snapshots");
    let (rounds, times) = (context.choose(31, 3), context.choose(10, 3));
    let contenders = vec![
        Contender::new("create", |round, samples| {
            let mut random = Random::new(round as u64 + 1);
            for _ in 0..times {
                for _ in 0..BETWEEN {
                    let at = random.below(documents.len());
                    store.save(documents.key(at), documents.text(at + round), coffer::WRITTEN);
                }
                each(samples, 0..1, |_| store.create_snapshot(c"bench"));
            }
            // Outside what is measured, so that the list stays as long as a user's.
            (0..times).for_each(|_| store.delete_snapshot(c"latest"));
        }),
        Contender::new("save", |round, samples| {
            let mut random = Random::new(round as u64 + 1);
            let keys: Vec<usize> = (0..times).map(|_| random.below(documents.len())).collect();
            each(samples, keys.into_iter(), |at| {
                store.save(documents.key(at), documents.text(at + round), coffer::DURABLE)
            });
        }),
    ];
    let mut measured = interleave(&progress, rounds, contenders);
    (measured.take("create"), measured.take("save"))
}

/// The means of saves without a snapshot, and of the first saves after one.
fn saving_after(context: &Context, store: &Store, documents: &Documents) -> (f64, f64) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let rounds = context.choose(9, 2);
    let share = documents.len() / (2 * rounds);
    for round in 0..rounds {
        let keys: Vec<usize> = (round * share..(round + 1) * share).take(10 * BLOCK).collect();
        let save = |at: usize| store.save(documents.key(at), documents.text(at + round), coffer::WRITTEN);
        in_blocks(&mut before, BLOCK, &keys, save);
        store.create_snapshot(c"bench");
        in_blocks(&mut after, BLOCK, &keys, save);
        store.delete_snapshot(c"latest");
    }
    (percentile(&before, 0.5), percentile(&after, 0.5))
}

fn restoring(context: &Context, store: &Store, documents: &Documents) -> f64 {
    let mut samples = Vec::new();
    store.create_snapshot(c"bench");
    for round in 0..context.choose(9, 2) {
        for at in (0..CHANGED).map(|number| number * 7 % documents.len()) {
            store.save(documents.key(at), documents.text(at + round + 5), coffer::WRITTEN);
        }
        let start = Instant::now();
        store.restore(c"bench");
        samples.push(start.elapsed().as_nanos() as f64);
    }
    store.delete_snapshot(c"bench");
    percentile(&samples, 0.5)
}

/// What the peers take for a copy of as many documents that another process could open.
fn copies(context: &Context, documents: &Documents) -> (f64, f64) {
    let folders = ["lmdb", "sqlite", "copies"].map(|name| context.workplace.folder(name));
    let mut lmdb = Lmdb::open(folders[0].path(), Sync::NoSync);
    let mut sqlite = Sqlite::open(folders[1].path(), Synchronous::Full);
    let numbers: Vec<usize> = (0..documents.len()).collect();
    for part in numbers.chunks(50_000) {
        let pairs = || part.iter().map(|at| (documents.key(*at), documents.text(*at)));
        lmdb.save_all(pairs());
        sqlite.save_all(pairs());
    }
    let (mut lmdb_times, mut sqlite_times) = (Vec::new(), Vec::new());
    for round in 0..context.choose(3, 1) {
        each(&mut lmdb_times, 0..1, |_| lmdb.copy(&folders[2].file(&format!("lmdb-{round}"))));
        each(&mut sqlite_times, 0..1, |_| sqlite.copy(&folders[2].file(&format!("sqlite-{round}"))));
    }
    (percentile(&lmdb_times, 0.5), percentile(&sqlite_times, 0.5))
}
