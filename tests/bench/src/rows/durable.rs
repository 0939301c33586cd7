//! One durable save of 200 B at a time: Coffer, and `pwrite` + `fdatasync` of as many bytes.
//!
//! Holds 1,000 documents that are overwritten at random. Invariant: what counts is the ratio within a round.

use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Random};
use crate::floor::{BareFile, record_bytes};
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{Contender, Series, each, interleave};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::ffi::CStr;

const KEYS: usize = 1000;

/// One that saves the documents of each round, which are the same for everybody.
fn contender<'a>(
    name: &'static str,
    documents: &'a Documents,
    saves: usize,
    mut save: impl FnMut(&CStr, &CStr) + 'a,
) -> Contender<'a> {
    Contender::new(name, move |round, samples| {
        let mut random = Random::new(round as u64 + 1);
        let keys: Vec<usize> = (0..saves).map(|_| random.below(KEYS)).collect();
        each(samples, keys.into_iter(), |at| save(documents.key(at), documents.text(at + round)));
    })
}

fn both(series: &Series) -> String {
    format!("{} / {}", time(series.percentile(0.5)), time(series.percentile(0.99)))
}

pub fn run(context: &Context, report: &mut Report) {
    let progress = Progress::new("durable");
    let documents = &Documents::new("slot", KEYS);
    let (rounds, saves) = (context.choose(31, 3), context.choose(100, 20));
    let folder = |name| context.workplace.folder(name);
    let (floor, coffer, lmdb, full, normal) =
        (folder("floor"), folder("coffer"), folder("lmdb"), folder("full"), folder("normal"));
    let mut bare = BareFile::new(&floor.file("bare"), 4 << 20);
    let store = Store::open(coffer.path(), "{}");
    let mut lmdb = (Lmdb::open(lmdb.path(), Sync::Sync), lmdb);
    let mut full = (Sqlite::open(full.path(), Synchronous::Full), full);
    let mut normal = (Sqlite::open(normal.path(), Synchronous::Normal), normal);
    let contenders = vec![
        contender("floor", documents, saves, |key, text| {
            bare.write(record_bytes(key, text));
            bare.sync();
        }),
        contender("coffer", documents, saves, |key, text| store.save(key, text, coffer::DURABLE)),
        contender("lmdb", documents, saves, |key, text| lmdb.0.save(key, text)),
        contender("full", documents, saves, |key, text| full.0.save(key, text)),
        contender("normal", documents, saves, |key, text| normal.0.save(key, text)),
    ];
    let measured = interleave(&progress, rounds, contenders);
    store.close();
    let (coffer, floor) = (measured.get("coffer"), measured.get("floor"));
    let ratio = coffer.ratio(floor);
    report.add(
        Line::new("durable save of 200 B, p50 / p99", format!("{}, {ratio:.2} × floor", both(coffer)))
            .target("p50 1.10 × floor", ratio / 1.10)
            .floor(both(floor))
            .peer(Peer::Lmdb, both(measured.get("lmdb")))
            .peer(Peer::SqliteFull, both(measured.get("full")))
            .peer(Peer::SqliteNormal, format!("{} (not durable)", both(measured.get("normal")))),
    );
}
