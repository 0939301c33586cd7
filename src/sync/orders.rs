//! Plays a scene in many orders of its threads' steps.
//!
//! Compiled under `coffer_shuttle` only; `tests/sanitize/run` runs the scenes, the modules named `interleavings`.
//! `COFFER_INTERLEAVINGS` says how many orders to try for each scene, `COFFER_SEED` which ones. The model checker decides at
//! every lock, wait and shared number which thread goes on; a scene must not wait for anything else. Invariant: the same
//! seed plays the same orders, and a wait with a time limit never gives up, so whoever is not woken is found.

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread::JoinHandle;
use shuttle::{Config, Runner};

/// Orders for each scene, unless `COFFER_INTERLEAVINGS` says another number.
const USUAL_ORDERS: usize = 2000;
const USUAL_SEED: u64 = 1;
/// How often the second of the two searches changes its mind about which thread comes first.
const CHANGES: usize = 3;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a whole number"))
}

/// Plays a scene in many orders: half of them by the toss of a coin at each step, half with one thread far ahead.
pub fn in_every_order(scene: fn()) {
    let orders = number("COFFER_INTERLEAVINGS").map_or(USUAL_ORDERS, |orders| orders as usize);
    let seed = number("COFFER_SEED").unwrap_or(USUAL_SEED);
    println!("COFFER_SEED={seed} COFFER_INTERLEAVINGS={orders}");
    play(RandomScheduler::new_from_seed(seed, orders.div_ceil(2)), scene);
    play(PctScheduler::new_from_seed(seed, CHANGES, orders.div_ceil(2)), scene);
}

fn play(scheduler: impl Scheduler + 'static, scene: fn()) {
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    // It would say that it knows no order of memory weaker than the strongest.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(scene);
}

/// Waits for threads to end; a panic of one is the scene's.
pub fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    threads.into_iter().for_each(|one| one.join().expect("a thread of the scene has panicked"));
}

/// One of so many, by the same toss as the orders.
pub fn one_of(many: usize) -> usize {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_range(0..many)
}
