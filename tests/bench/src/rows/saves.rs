//! Saves that wait for no disk, one commit each: `written` beside the bare `pwrite`, `behind` beside a plain map.
//!
//! 100,000 documents, overwritten in random order, and new keys. The peers commit without a sync (LMDB `MDB_NOSYNC`,
//! SQLite NORMAL). Short calls are timed in blocks. Invariant: everybody saves the same keys and texts in a round.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Pair};
use crate::floor::{BareFile, PlainMap, record_bytes};
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{Contender, Measured, in_blocks, interleave};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::ffi::CStr;

const BLOCK: usize = 64;
const BARE_FILE: usize = 4 << 20;

pub fn written(context: &Context, report: &mut Report) {
    let measured = measure(context, "written", coffer::WRITTEN);
    let pwrite = measured.get("pwrite");
    for (what, name) in [("existing keys", "existing"), ("new keys", "fresh")] {
        let ours = measured.get(name);
        let (took, ratio) = (ours.median(), ours.ratio(pwrite));
        let work = format!("written save of 200 B, {what}");
        let ratio_line = Line::new(&*work, format!("{}, {ratio:.2} × pwrite", time(took)));
        report.add(ratio_line.target("1.6 × pwrite", ratio / 1.6).floor(time(pwrite.median())));
        report.add(peers(Line::new(work, time(took)).target("1.5 µs", took / 1500.0), &measured, name));
    }
}

pub fn behind(context: &Context, report: &mut Report) {
    let measured = measure(context, "behind", coffer::BEHIND);
    for (what, name) in [("existing keys", "existing"), ("new keys", "fresh")] {
        let took = measured.get(name).median();
        let line = Line::new(format!("behind save of 200 B, {what}"), time(took)).target("0.6 µs", took / 600.0);
        let map = measured.get(if name == "fresh" { "map fresh" } else { "map" }).median();
        report.add(peers(line, &measured, name).floor(format!("{} (plain map)", time(map))));
    }
}

fn peers(line: Line, measured: &Measured, name: &str) -> Line {
    if name == "fresh" {
        return line;
    }
    line.peer(Peer::Lmdb, format!("{} (no sync)", time(measured.get("lmdb").median())))
        .peer(Peer::SqliteNormal, time(measured.get("normal").median()))
}

/// What everybody saves: in each round the next documents of one random order, or as many new ones.
struct Work {
    documents: Documents,
    order: Vec<usize>,
    fresh: Documents,
    saves: usize,
}

impl Work {
    fn new(context: &Context, rounds: usize) -> Self {
        let documents = Documents::new("slot", context.choose(MANY, 2000));
        let saves = context.choose(4096, 512);
        Work { order: documents.shuffled(3), fresh: Documents::new("new", rounds * saves), documents, saves }
    }

    fn all(&self) -> impl Iterator<Item = Pair<'_>> {
        (0..self.documents.len()).map(|at| (self.documents.key(at), self.documents.text(at)))
    }

    /// One that overwrites. `share` of the saves are enough to measure it, in blocks that are smaller by as much.
    fn existing<'a>(
        &'a self,
        name: &'static str,
        share: usize,
        mut save: impl FnMut(&CStr, &CStr) + 'a,
    ) -> Contender<'a> {
        Contender::new(name, move |round, samples| {
            let start = round * self.saves % self.order.len();
            let numbers: Vec<usize> = self.order.iter().copied().cycle().skip(start).take(self.saves / share).collect();
            in_blocks(samples, BLOCK / share, &numbers, |at| {
                save(self.documents.key(at), self.documents.text(at + round));
            });
        })
    }

    /// One that saves under new keys.
    fn fresh<'a>(&'a self, name: &'static str, mut save: impl FnMut(&CStr, &CStr) + 'a) -> Contender<'a> {
        Contender::new(name, move |round, samples| {
            let numbers: Vec<usize> = (round * self.saves..(round + 1) * self.saves).collect();
            in_blocks(samples, BLOCK, &numbers, |at| save(self.fresh.key(at), self.fresh.text(at)));
        })
    }
}

fn measure(context: &Context, label: &str, durability: i32) -> Measured {
    let progress = Progress::new(label);
    let rounds = context.choose(21, 3);
    let work = &Work::new(context, rounds);
    let folders = ["bare", "coffer", "fresh", "lmdb", "normal"].map(|name| context.workplace.folder(name));
    let mut bare = BareFile::new(&folders[0].file("bare"), BARE_FILE);
    let (store, second) = (Store::open(folders[1].path(), "{}"), Store::open(folders[2].path(), "{}"));
    let (mut map, mut second_map) = (PlainMap::default(), PlainMap::default());
    let mut lmdb = Lmdb::open(folders[3].path(), Sync::NoSync);
    let mut normal = Sqlite::open(folders[4].path(), Synchronous::Normal);
    lmdb.save_all(work.all());
    normal.save_all(work.all());
    for (key, text) in work.all() {
        map.save(key, text);
        second_map.save(key, text);
        store.save(key, text, coffer::BEHIND);
        second.save(key, text, coffer::BEHIND);
    }
    store.checkpoint();
    second.checkpoint();
    let contenders = vec![
        work.existing("pwrite", 1, |key, text| bare.write(record_bytes(key, text))),
        work.existing("existing", 1, |key, text| store.save(key, text, durability)),
        work.fresh("fresh", |key, text| second.save(key, text, durability)),
        work.existing("map", 1, |key, text| map.save(key, text)),
        work.fresh("map fresh", |key, text| second_map.save(key, text)),
        work.existing("lmdb", 8, |key, text| lmdb.save(key, text)),
        work.existing("normal", 8, |key, text| normal.save(key, text)),
    ];
    let measured = interleave(&progress, rounds, contenders);
    store.close();
    second.close();
    measured
}
