//! Saves that wait for no disk, one commit each: `written` beside the bare `pwrite`, `behind` beside a plain map.
//!
//! 100,000 documents, overwritten in random order, and new keys. The peers commit without a sync (LMDB `MDB_NOSYNC`,
//! SQLite NORMAL). Short calls are timed in blocks. Invariant: everybody saves the same keys and texts in a round.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::Documents;
use crate::floor::{BareFile, PlainMap, record_bytes};
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{Contender, Measured, in_blocks, interleave};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, time};
use crate::sqlite::{Sqlite, Synchronous};

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

fn measure(context: &Context, label: &str, durability: i32) -> Measured {
    let progress = Progress::new(label);
    let documents = &Documents::new("slot", context.choose(MANY, 2000));
    let (rounds, saves) = (context.choose(21, 3), context.choose(4096, 512));
    let fresh = &Documents::new("new", rounds * saves);
    let order = documents.shuffled(3);
    let share = |round: usize| -> Vec<usize> {
        order.iter().copied().cycle().skip(round * saves % order.len()).take(saves).collect()
    };
    let folders = ["bare", "coffer", "fresh", "lmdb", "normal"].map(|name| context.workplace.folder(name));
    let mut bare = BareFile::new(&folders[0].file("bare"), BARE_FILE);
    let (store, second) = (Store::open(folders[1].path(), "{}"), Store::open(folders[2].path(), "{}"));
    let (mut map, mut fresh_map) = (PlainMap::default(), PlainMap::default());
    let mut lmdb = Lmdb::open(folders[3].path(), Sync::NoSync);
    let mut normal = Sqlite::open(folders[4].path(), Synchronous::Normal);
    let all = || (0..documents.len()).map(|at| (documents.key(at), documents.text(at)));
    lmdb.save_all(all());
    normal.save_all(all());
    for (key, text) in all() {
        map.save(key, text);
        fresh_map.save(key, text);
        store.save(key, text, coffer::BEHIND);
        second.save(key, text, coffer::BEHIND);
    }
    store.checkpoint();
    second.checkpoint();
    let (peer_saves, slow) = (saves / 8, BLOCK / 8);
    let contenders = vec![
        Contender::new("pwrite", |round, samples| {
            in_blocks(samples, BLOCK, &share(round), |at| {
                bare.write(record_bytes(documents.key(at), documents.text(at + round)));
            });
        }),
        Contender::new("existing", |round, samples| {
            in_blocks(samples, BLOCK, &share(round), |at| {
                store.save(documents.key(at), documents.text(at + round), durability);
            });
        }),
        Contender::new("fresh", |round, samples| {
            let numbers: Vec<usize> = (round * saves..(round + 1) * saves).collect();
            in_blocks(samples, BLOCK, &numbers, |at| second.save(fresh.key(at), fresh.text(at), durability));
        }),
        Contender::new("map", |round, samples| {
            in_blocks(samples, BLOCK, &share(round), |at| map.save(documents.key(at), documents.text(at + round)));
        }),
        Contender::new("map fresh", |round, samples| {
            let numbers: Vec<usize> = (round * saves..(round + 1) * saves).collect();
            in_blocks(samples, BLOCK, &numbers, |at| fresh_map.save(fresh.key(at), fresh.text(at)));
        }),
        Contender::new("lmdb", |round, samples| {
            in_blocks(samples, slow, &share(round)[..peer_saves], |at| {
                lmdb.save(documents.key(at), documents.text(at + round));
            });
        }),
        Contender::new("normal", |round, samples| {
            in_blocks(samples, slow, &share(round)[..peer_saves], |at| {
                normal.save(documents.key(at), documents.text(at + round));
            });
        }),
    ];
    let measured = interleave(&progress, rounds, contenders);
    store.close();
    second.close();
    measured
}
