//! How long saves, loads and syncs take, in histograms.
//!
//! A histogram takes bounded memory: from 1 ns to 60 s in two significant digits; what takes longer counts as 60 s. Without
//! the module nothing is kept and no clock is read. Invariant: a histogram's lock is held for one increment, or for reading
//! three numbers.

use crate::module::Module;
use crate::sync::Mutex;
use serde::Serialize;
use std::cell::Cell;
use std::thread::LocalKey;
use std::time::{Duration, Instant};

/// One of so many loads is measured: a clock takes nearly as long to read as a document.
pub const LOADS_PER_SAMPLE: u32 = 64;
/// One of so many saves is measured of those that wait for no disk, so that the clock does not slow them down; of the others
/// every one.
pub const SAVES_PER_SAMPLE: u32 = 16;

#[cfg(feature = "analytics")]
type Histogram = hdrhistogram::Histogram<u32>;
#[cfg(not(feature = "analytics"))]
type Histogram = ();

/// When something began; nothing where it is not measured.
#[derive(Debug, Clone, Copy)]
pub struct Started(Option<Instant>);

impl Started {
    #[inline]
    pub fn now() -> Started {
        Started(Module::Analytics.is_built_in().then(Instant::now))
    }
}

/// What a histogram says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    pub count: u64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub max_us: f64,
}

/// The times of one kind of call. Takes no memory before the first.
#[derive(Default)]
pub struct Recorder(Mutex<Option<Histogram>>);

impl Recorder {
    /// Notes that what began then is over.
    #[inline]
    pub fn end(&self, started: Started) {
        if let Started(Some(started)) = started {
            self.note(started.elapsed());
        }
    }

    /// Notes a time.
    #[cfg(feature = "analytics")]
    pub fn note(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        let mut histogram = self.0.lock();
        if histogram.is_none() {
            *histogram = empty();
        }
        if let Some(histogram) = &mut *histogram {
            histogram.saturating_record(nanoseconds);
        }
    }

    #[cfg(not(feature = "analytics"))]
    pub fn note(&self, _time: Duration) {}

    #[cfg(feature = "analytics")]
    pub fn times(&self) -> Times {
        let histogram = self.0.lock();
        let Some(histogram) = &*histogram else { return Times::default() };
        let in_us = |nanoseconds: u64| nanoseconds as f64 / 1e3;
        Times {
            count: histogram.len(),
            p50_us: in_us(histogram.value_at_quantile(0.5)),
            p99_us: in_us(histogram.value_at_quantile(0.99)),
            max_us: in_us(histogram.max()),
        }
    }

    #[cfg(not(feature = "analytics"))]
    pub fn times(&self) -> Times {
        drop(self.0.lock());
        Times::default()
    }
}

#[cfg(feature = "analytics")]
fn empty() -> Option<Histogram> {
    const MINUTE: u64 = 60_000_000_000;
    const DIGITS: u8 = 2;
    Histogram::new_with_bounds(1, MINUTE, DIGITS).ok()
}

thread_local! {
    // Without a destructor, so that the library can be unloaded while a thread that loaded lives on.
    static LOADS: Cell<u32> = const { Cell::new(0) };
    static SAVES: Cell<u32> = const { Cell::new(0) };
}

/// Begins what is measured if it is this thread's turn.
#[inline]
fn in_turn(counter: &'static LocalKey<Cell<u32>>, per_sample: u32) -> Started {
    let number = counter.get().wrapping_add(1);
    counter.set(number);
    if number.is_multiple_of(per_sample) { Started::now() } else { Started(None) }
}

/// What is measured of a store.
#[derive(Default)]
pub struct Latency {
    pub save: Recorder,
    pub load: Recorder,
    pub sync: Recorder,
}

impl Latency {
    /// Begins a load, which is measured if it is this thread's turn.
    #[inline]
    pub fn begin_load(&self) -> Started {
        if Module::Analytics.is_built_in() { in_turn(&LOADS, LOADS_PER_SAMPLE) } else { Started(None) }
    }

    /// Begins a save.
    #[inline]
    pub fn begin_save(&self, waits_for_disk: bool) -> Started {
        if !Module::Analytics.is_built_in() || waits_for_disk {
            return Started::now();
        }
        in_turn(&SAVES, SAVES_PER_SAMPLE)
    }
}

#[cfg(all(test, feature = "analytics"))]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_in_two_digits() {
        let recorder = Recorder::default();
        assert_eq!(recorder.times(), Times::default());
        for microseconds in 1..=1000 {
            recorder.note(Duration::from_micros(microseconds));
        }
        let times = recorder.times();
        assert_eq!(times.count, 1000);
        for (found, expected) in [(times.p50_us, 500.0), (times.p99_us, 990.0), (times.max_us, 1000.0)] {
            assert!((found / expected - 1.0).abs() < 0.01, "{found} for {expected}");
        }
    }

    #[test]
    fn whatever_is_out_of_range_counts_at_its_end() {
        let recorder = Recorder::default();
        recorder.note(Duration::ZERO);
        recorder.note(Duration::from_secs(3600));
        let times = recorder.times();
        assert_eq!(times.count, 2);
        assert!((60e6..70e6).contains(&times.max_us), "{times:?}");
    }

    #[test]
    fn a_histogram_takes_little_memory() {
        assert!(empty().unwrap().distinct_values() * size_of::<u32>() < 32 << 10);
    }

    #[test]
    fn one_load_of_64_is_measured() {
        let latency = Latency::default();
        (0..640).for_each(|_| latency.load.end(latency.begin_load()));
        assert_eq!(latency.load.times().count, 10);
    }

    #[test]
    fn one_save_of_16_is_measured_and_every_durable_one() {
        let latency = Latency::default();
        (0..160).for_each(|_| latency.save.end(latency.begin_save(false)));
        assert_eq!(latency.save.times().count, 10);
        (0..40).for_each(|_| latency.save.end(latency.begin_save(true)));
        assert_eq!(latency.save.times().count, 50);
    }
}
