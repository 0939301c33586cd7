//! Loads of 100,000 documents in random order: into memory of their own, freed at once, and into the caller's buffer.
//!
//! Coffer is measured with the documents just saved, and with a store that was closed and opened again. LMDB renews a
//! read transaction for each load, since a text that is kept needs one. The plain map does no more than any of them has
//! to. Each turn begins with a pass that is not noted, so that nobody pays for the caches that the one before left
//! cold. Invariant: everybody loads the same keys in the same order.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::Documents;
use crate::floor::PlainMap;
use crate::lmdb::{Lmdb, Sync};
use crate::measure::{Contender, Measured, in_blocks, interleave};
use crate::progress::Progress;
use crate::report::{Line, Peer, Report, time};
use crate::sqlite::{Sqlite, Synchronous};
use std::cell::RefCell;
use std::ffi::CStr;
use std::hint::black_box;

const BLOCK: usize = 500;

pub fn run(context: &Context, report: &mut Report) {
    let measured = measure(context);
    let lmdb = measured.get("lmdb owned");
    for (work, name, way, target, share) in [
        ("owned, from a store just filled", "filled owned", "owned", "1/3 of LMDB owned", 1.0 / 3.0),
        ("owned, from a store reopened", "reopened owned", "owned", "1/3 of LMDB owned", 1.0 / 3.0),
        ("into a buffer, just filled", "filled into", "into", "1/4 of LMDB owned", 0.25),
        ("into a buffer, reopened", "reopened into", "into", "1/4 of LMDB owned", 0.25),
    ] {
        let ours = measured.get(name);
        let ratio = ours.ratio(lmdb);
        let of = |who: &str| time(measured.get(&format!("{who} {way}")).median());
        let took = format!("{}, {ratio:.2} × LMDB owned", time(ours.median()));
        report.add(
            Line::new(format!("load, {work}"), took)
                .target(target, ratio / share)
                .floor(format!("{} (plain map)", of("map")))
                .peer(Peer::Lmdb, of("lmdb"))
                .peer(Peer::SqliteNormal, of("sqlite")),
        );
    }
}

/// One turn: a pass to warm up, and one that is noted.
fn turn<'a>(
    name: &'static str,
    documents: &'a Documents,
    order: &'a [usize],
    mut load: impl FnMut(&CStr) + 'a,
) -> Contender<'a> {
    Contender::new(name, move |_, samples| {
        for samples in [&mut Vec::new(), samples] {
            in_blocks(samples, BLOCK, order, |at| load(documents.key(at)));
        }
    })
}

fn measure(context: &Context) -> Measured {
    let progress = Progress::new("load");
    let documents = &Documents::new("slot", context.choose(MANY, 5000));
    let order = &documents.shuffled(7);
    let few = &order[..order.len() / 4];
    let folders = ["filled", "reopened", "lmdb", "sqlite"].map(|name| context.workplace.folder(name));
    let all = || (0..documents.len()).map(|at| (documents.key(at), documents.text(at)));
    let fill = |store: &Store| all().for_each(|(key, text)| store.save(key, text, coffer::BEHIND));
    let filled = Store::open(folders[0].path(), "{}");
    fill(&filled);
    filled.checkpoint();
    let first = Store::open(folders[1].path(), "{}");
    fill(&first);
    first.close();
    let reopened = Store::open(folders[1].path(), "{}");
    let lmdb = RefCell::new(Lmdb::open(folders[2].path(), Sync::NoSync));
    lmdb.borrow_mut().save_all(all());
    let sqlite = RefCell::new(Sqlite::open(folders[3].path(), Synchronous::Normal));
    sqlite.borrow_mut().save_all(all());
    let mut map = PlainMap::default();
    all().for_each(|(key, text)| map.save(key, text));
    let [mut b1, mut b2, mut b3, mut b4, mut b5] = [const { [0u8; 1024] }; 5];
    fn seen(byte: u8) {
        black_box(byte);
    }
    fn filled_to(length: usize) {
        black_box(length);
    }
    let contenders = vec![
        turn("filled owned", documents, order, |key| seen(filled.load_owned(key))),
        turn("reopened owned", documents, order, |key| seen(reopened.load_owned(key))),
        turn("filled into", documents, order, |key| filled_to(filled.load_into(key, &mut b1))),
        turn("reopened into", documents, order, |key| filled_to(reopened.load_into(key, &mut b2))),
        turn("map owned", documents, order, |key| seen(map.load_owned(key))),
        turn("map into", documents, order, |key| filled_to(map.load_into(key, &mut b3))),
        turn("lmdb owned", documents, order, |key| seen(lmdb.borrow_mut().load_owned(key))),
        turn("lmdb into", documents, order, |key| filled_to(lmdb.borrow_mut().load_into(key, &mut b4))),
        turn("sqlite owned", documents, few, |key| seen(sqlite.borrow_mut().load_owned(key))),
        turn("sqlite into", documents, few, |key| filled_to(sqlite.borrow_mut().load_into(key, &mut b5))),
    ];
    let measured = interleave(&progress, context.choose(15, 3), contenders);
    filled.close();
    reopened.close();
    measured
}
