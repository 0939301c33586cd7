//! Times, and what is made of them: medians, percentiles, and ratios within a run.
//!
//! Holds no output and no engine. Invariant: contenders take turns, in an order that rotates from round to round, and a
//! ratio is the median of the rounds' ratios, so that a machine that drifts or stalls does so for all of them.

use crate::progress::Progress;
use std::time::Instant;

/// A contender's share of a round: gets the round's number and adds nanoseconds to the samples.
type Share<'a> = Box<dyn FnMut(usize, &mut Vec<f64>) + 'a>;

/// One that is measured.
pub struct Contender<'a> {
    name: &'static str,
    run: Share<'a>,
}

impl<'a> Contender<'a> {
    pub fn new(name: &'static str, run: impl FnMut(usize, &mut Vec<f64>) + 'a) -> Self {
        Contender { name, run: Box::new(run) }
    }
}

/// What was measured of one contender.
#[derive(Debug, Default)]
pub struct Series {
    pub name: &'static str,
    /// The median of each round.
    pub rounds: Vec<f64>,
    /// Every sample of every round.
    pub samples: Vec<f64>,
}

impl Series {
    /// The value that this share of all samples does not exceed.
    pub fn percentile(&self, share: f64) -> f64 {
        percentile(&self.samples, share)
    }

    /// The median of the rounds' medians.
    pub fn median(&self) -> f64 {
        percentile(&self.rounds, 0.5)
    }

    /// The median over the rounds of this one's median divided by the other's.
    pub fn ratio(&self, other: &Series) -> f64 {
        let ratios: Vec<f64> = self.rounds.iter().zip(&other.rounds).map(|(mine, theirs)| mine / theirs).collect();
        percentile(&ratios, 0.5)
    }
}

/// All series of a run.
pub struct Measured(Vec<Series>);

impl Measured {
    pub fn get(&self, name: &str) -> &Series {
        self.0.iter().find(|series| series.name == name).expect("a contender of this run")
    }

    /// Gives a series away.
    pub fn take(&mut self, name: &str) -> Series {
        let place = self.0.iter().position(|series| series.name == name).expect("a contender of this run");
        self.0.swap_remove(place)
    }
}

/// Runs the contenders in turns.
pub fn interleave(progress: &Progress, rounds: usize, mut contenders: Vec<Contender<'_>>) -> Measured {
    let mut all: Vec<Series> = contenders.iter().map(|one| Series { name: one.name, ..Series::default() }).collect();
    let count = contenders.len();
    for round in 0..rounds {
        for turn in 0..count {
            let who = (round + turn) % count;
            let mut samples = Vec::new();
            (contenders[who].run)(round, &mut samples);
            all[who].rounds.push(percentile(&samples, 0.5));
            all[who].samples.append(&mut samples);
            progress.show((round * count + turn + 1) as f64 / (rounds * count) as f64);
        }
    }
    Measured(all)
}

/// The value that this share of the samples does not exceed.
pub fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Times every call.
pub fn each(samples: &mut Vec<f64>, numbers: impl Iterator<Item = usize>, mut work: impl FnMut(usize)) {
    for number in numbers {
        let start = Instant::now();
        work(number);
        samples.push(start.elapsed().as_nanos() as f64);
    }
}

/// Times calls in blocks of `block` and notes the mean of each block: reading the clock costs too much for short calls.
pub fn in_blocks(samples: &mut Vec<f64>, block: usize, numbers: &[usize], mut work: impl FnMut(usize)) {
    for numbers in numbers.chunks_exact(block) {
        let start = Instant::now();
        for number in numbers {
            work(*number);
        }
        samples.push(start.elapsed().as_nanos() as f64 / block as f64);
    }
}

/// Nanoseconds of processor time that this process has used, in all its threads.
pub fn processor_time() -> f64 {
    // SAFETY: all zeros is a valid `rusage`, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0, "the process may ask for its own usage");
        usage
    };
    let nanoseconds = |time: libc::timeval| time.tv_sec as f64 * 1e9 + time.tv_usec as f64 * 1e3;
    nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
}

/// How often this thread has given its processor away: of itself, to wait, and because another was to run.
pub fn switches() -> (i64, i64) {
    // SAFETY: as above.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_THREAD, &mut usage), 0, "the thread may ask for its own usage");
        usage
    };
    (usage.ru_nvcsw, usage.ru_nivcsw)
}
