//! Durable saves from 16 threads: the rate, beside that of one thread, and the processor time for each.
//!
//! The peers save through one batching thread, since by themselves they would sync once a save. Invariant: both rates
//! of a ratio come from the same round.

use crate::Context;
use crate::batcher::Batcher;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Pair, Random};
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{percentile, processor_time};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, rate, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::sync::Barrier;
use std::time::Instant;

const KEYS: usize = 1000;
const THREADS: usize = 16;

/// Rates and processor time, a value a round.
#[derive(Default)]
struct Rates {
    one: Vec<f64>,
    many: Vec<f64>,
    processor: Vec<f64>,
}

impl Rates {
    fn ratio(&self) -> f64 {
        let ratios: Vec<f64> = self.many.iter().zip(&self.one).map(|(many, one)| many / one).collect();
        percentile(&ratios, 0.5)
    }

    fn text(&self) -> String {
        let (many, processor) = (percentile(&self.many, 0.5), percentile(&self.processor, 0.5));
        format!("{}, {:.1} × one thread, {} processor a save", rate(many), self.ratio(), time(processor))
    }
}

/// Saves a second with so many threads, and processor time a save.
fn race(threads: usize, saves: usize, save: &(impl Fn(usize, usize) + std::marker::Sync)) -> (f64, f64) {
    let line = Barrier::new(threads + 1);
    let (started, used) = std::thread::scope(|scope| {
        for thread in 0..threads {
            let line = &line;
            scope.spawn(move || {
                let mut random = Random::new(thread as u64 + 1);
                line.wait();
                for number in 0..saves {
                    save(random.below(KEYS), number * threads + thread);
                }
            });
        }
        line.wait();
        (Instant::now(), processor_time())
    });
    let count = (threads * saves) as f64;
    (count / started.elapsed().as_secs_f64(), (processor_time() - used) / count)
}

fn round(rates: &mut Rates, saves: usize, save: impl Fn(usize, usize) + std::marker::Sync) {
    rates.one.push(race(1, saves, &save).0);
    let (many, processor) = race(THREADS, saves, &save);
    rates.many.push(many);
    rates.processor.push(processor);
}

/// A round through a batching thread.
fn batched(
    rates: &mut Rates,
    saves: usize,
    documents: &Documents,
    commit: impl for<'a> FnMut(&mut dyn Iterator<Item = Pair<'a>>) + Send,
) {
    let batcher = Batcher::default();
    std::thread::scope(|scope| {
        scope.spawn(|| batcher.serve(documents, commit));
        round(rates, saves, |key, text| batcher.save(key, text));
        batcher.end();
    });
}

pub fn run(context: &Context, report: &mut Report) {
    let progress = Progress::new("threads");
    let documents = &Documents::new("slot", KEYS);
    let (rounds, saves) = (context.choose(11, 2), context.choose(300, 20));
    let folders = ["coffer", "lmdb", "full"].map(|name| context.workplace.folder(name));
    let store = Store::open(folders[0].path(), "{}");
    let mut lmdb = Lmdb::open(folders[1].path(), Sync::Sync);
    let mut full = Sqlite::open(folders[2].path(), Synchronous::Full);
    let (mut ours, mut lmdbs, mut fulls) = (Rates::default(), Rates::default(), Rates::default());
    for number in 0..rounds {
        round(&mut ours, saves, |key, text| store.save(documents.key(key), documents.text(text), coffer::DURABLE));
        batched(&mut lmdbs, saves, documents, |batch| lmdb.save_all(batch));
        batched(&mut fulls, saves, documents, |batch| full.save_all(batch));
        progress.show((number + 1) as f64 / rounds as f64);
    }
    store.close();
    report.add(
        Line::new("durable saves from 16 threads", ours.text())
            .target("5 × one thread", 5.0 / ours.ratio())
            .peer(Peer::Lmdb, format!("{} (batched)", lmdbs.text()))
            .peer(Peer::SqliteFull, format!("{} (batched)", fulls.text())),
    );
}
