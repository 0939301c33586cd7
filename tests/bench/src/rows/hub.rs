//! The hub: what a `behind` save costs without a hub and with 0, 1 and 8 subscribers, how fast events are polled, and how well a budget is kept.
//!
//! Invariant: the contenders save the same documents into stores of one size; a subscriber's queue is emptied outside of
//! what is measured.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Random};
use crate::measure::{Contender, each, in_blocks, interleave, percentile};
use crate::progress::Progress;
use crate::report::{Line, Report, rate, time};
use std::time::Instant;

const BLOCK: usize = 100;
/// Whom a save has to tell.
#[derive(Clone, Copy)]
struct Role {
    name: &'static str,
    words: &'static str,
    /// None for a library that was built without its hub.
    subscribers: Option<usize>,
}

const ROLES: [Role; 4] = [
    Role { name: "hub-left-out", words: "hub left out of the build", subscribers: None },
    Role { name: "hub-0", words: "no subscriber", subscribers: Some(0) },
    Role { name: "hub-1", words: "1 polled subscriber", subscribers: Some(1) },
    Role { name: "hub-8", words: "8 polled subscribers", subscribers: Some(8) },
];

/// Microseconds that a poll may take, as in a frame's leftover.
const BUDGET_US: u64 = 200;

pub fn run(context: &Context, report: &mut Report) {
    saving(context, report);
    polling(context, report);
}

fn saving(context: &Context, report: &mut Report) {
    let progress = Progress::new("hub");
    let documents = &Documents::new("slot", context.choose(MANY, 2000));
    let rounds = context.choose(31, 3);
    let folders = ROLES.map(|role| (role, context.workplace.folder(role.name)));
    let stores: Vec<(Role, Store)> = folders
        .iter()
        .map(|(role, folder)| {
            let open = if role.subscribers.is_some() { Store::open } else { Store::open_bare };
            let store = open(folder.path(), "{}");
            for at in 0..documents.len() {
                store.save(documents.key(at), documents.text(at), coffer::BEHIND);
            }
            store.checkpoint();
            (0..role.subscribers.unwrap_or(0)).for_each(|_| store.subscribe(c"database_changed", c"{}"));
            (*role, store)
        })
        .collect();
    let contenders = stores
        .iter()
        .map(|(role, store)| {
            Contender::new(role.name, move |round, samples| {
                let mut random = Random::new(round as u64 + 1);
                let keys: Vec<usize> = (0..10 * BLOCK).map(|_| random.below(documents.len())).collect();
                in_blocks(samples, BLOCK, &keys, |at| {
                    store.save(documents.key(at), documents.text(at + round), coffer::BEHIND)
                });
                if role.subscribers.is_some() {
                    store.poll(0, 0);
                }
            })
        })
        .collect();
    let measured = interleave(&progress, rounds, contenders);
    let bare = measured.get("hub-left-out");
    for role in ROLES {
        let series = measured.get(role.name);
        let ratio = series.ratio(bare);
        let line = Line::new(
            format!("`behind` save, {}", role.words),
            format!("{}, {ratio:.3} × without a hub", time(series.median())),
        );
        report.add(if role.subscribers == Some(0) { line.target("1.03 × without a hub", ratio / 1.03) } else { line });
    }
}

fn polling(context: &Context, report: &mut Report) {
    let folder = context.workplace.folder("hub-poll");
    let store = Store::open(folder.path(), "{}");
    store.subscribe(c"database_changed", c"{\"queue\":1000000}");
    let documents = Documents::new("slot", 1000);
    let fill = || {
        for at in 0..context.choose(50_000, 1000) {
            store.save(documents.key(at % 1000), documents.text(at), coffer::BEHIND);
        }
    };
    let mut rates = Vec::new();
    for _ in 0..context.choose(9, 2) {
        fill();
        let start = Instant::now();
        let events = store.poll(0, 0);
        rates.push(events as f64 / start.elapsed().as_secs_f64());
    }
    report.add(Line::new("events polled, one subscriber", rate(percentile(&rates, 0.5))));
    let mut polls = Vec::new();
    for _ in 0..context.choose(20, 1) {
        fill();
        each(&mut polls, 0..context.choose(50, 2), |_| {
            store.poll(0, BUDGET_US);
        });
        store.poll(0, 0);
    }
    let p99 = percentile(&polls, 0.99);
    let ratio = p99 / (BUDGET_US as f64 * 1e3);
    report.add(
        Line::new(format!("poll with a budget of {BUDGET_US} µs, p99"), format!("{}, {ratio:.2} × it", time(p99)))
            .target("1.10 × the budget", ratio / 1.10),
    );
}
