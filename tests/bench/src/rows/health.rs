//! The health report: its quick form at 100,000 documents, its full form in bytes a second, and what measuring costs a save.
//!
//! Invariant: the files that the full form reads were just written, so that they are in the page cache; the store without
//! the module saves the same documents in turns with the other.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Random};
use crate::measure::{Contender, each, in_blocks, interleave, percentile};
use crate::progress::Progress;
use crate::report::{Line, Report, time};

const BLOCK: usize = 64;
/// Saves between two questions: what they touched is looked at anew.
const BETWEEN: usize = 1000;
/// The quick form has so many nanoseconds, and the full form should read so many megabytes a second.
const QUICK: f64 = 1e6;
const FULL: f64 = 500.0;

pub fn run(context: &Context, report: &mut Report) {
    asking(context, report);
    saving(context, report);
}

fn asking(context: &Context, report: &mut Report) {
    let documents = &Documents::new("slot", context.choose(MANY, 2000));
    let folder = context.workplace.folder("health");
    let store = Store::open(folder.path(), "{}");
    for at in 0..documents.len() {
        store.save(documents.key(at), documents.text(at), coffer::BEHIND);
    }
    let rounds = context.choose(200, 3);
    report.add(quick_line("all changed since opening", &store, documents, rounds));
    store.close();
    let store = Store::open(folder.path(), "{}");
    let mut first = Vec::new();
    each(&mut first, 0..1, |_| drop(store.health(c"{}")));
    report.add(Line::new("health, quick form, the first after opening", time(percentile(&first, 0.5))));
    report.add(quick_line("most as they were at opening", &store, documents, rounds));
    let mut rates = Vec::new();
    for _ in 0..context.choose(15, 2) {
        let told = store.health(c"{\"full\":true}");
        assert!(told.contains("\"integrity_status\":\"OK\""), "{told}");
        rates.push(number(&told, "\"mb_per_s\":"));
    }
    let rate = percentile(&rates, 0.5);
    report.add(Line::new("health, full form, page cache", format!("{rate:.0} MB/s")).target("500 MB/s", FULL / rate));
}

fn quick_line(what: &str, store: &Store, documents: &Documents, rounds: usize) -> Line {
    let mut random = Random::new(7);
    let mut samples = Vec::new();
    for round in 0..rounds {
        for _ in 0..BETWEEN.min(documents.len() / 10) {
            let at = random.below(documents.len());
            store.save(documents.key(at), documents.text(at + round), coffer::BEHIND);
        }
        each(&mut samples, 0..1, |_| drop(store.health(c"{}")));
    }
    let (middle, p99) = (percentile(&samples, 0.5), percentile(&samples, 0.99));
    let work = format!("health, quick form, {} documents, {what}, p50 / p99", documents.len());
    Line::new(work, format!("{} / {}", time(middle), time(p99))).target("1 ms", middle / QUICK)
}

/// The number behind a member's name.
fn number(json: &str, name: &str) -> f64 {
    let start = json.find(name).expect("the member is there") + name.len();
    let rest = &json[start..];
    let end = rest.find([',', '}']).unwrap_or(rest.len());
    rest[..end].parse().expect("a number")
}

/// Saves into a store that measures them, and one of a library without any module.
fn saving(context: &Context, report: &mut Report) {
    let progress = Progress::new("health");
    let documents = &Documents::new("slot", context.choose(MANY, 2000));
    for (words, durability) in [("behind", coffer::BEHIND), ("written", coffer::WRITTEN)] {
        let folders = ["measured", "bare"].map(|name| context.workplace.folder(name));
        let stores = [Store::open(folders[0].path(), "{}"), Store::open_bare(folders[1].path(), "{}")];
        for store in &stores {
            for at in 0..documents.len() {
                store.save(documents.key(at), documents.text(at), coffer::BEHIND);
            }
            store.checkpoint();
        }
        let contender = |name, store| {
            Contender::new(name, move |round, samples| {
                let mut random = Random::new(round as u64 + 1);
                let keys: Vec<usize> = (0..10 * BLOCK).map(|_| random.below(documents.len())).collect();
                let store: &Store = store;
                in_blocks(samples, BLOCK, &keys, |at| {
                    store.save(documents.key(at), documents.text(at + round), durability);
                });
            })
        };
        let contenders = vec![contender("measured", &stores[0]), contender("bare", &stores[1])];
        let measured = interleave(&progress, context.choose(61, 3), contenders);
        let (ours, bare) = (measured.get("measured"), measured.get("bare"));
        let ratio = ours.ratio(bare);
        report.add(
            Line::new(
                format!("`{words}` save that is measured, beside a build without the modules"),
                format!("{}, {ratio:.3} × without", time(ours.median())),
            )
            .target("1.03 × without", ratio / 1.03)
            .floor(time(bare.median())),
        );
    }
}
