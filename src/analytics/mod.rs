//! How a store fares: how long its calls take, how it grows, what is unusual about that, and what all this is worth.
//!
//! Works on plain numbers that `database` gathers; it reads no file and knows no store. Invariant: the same facts give the
//! same report, and every point that is taken off has a finding that says why and what to do.

mod anomaly;
mod growth;
mod integrity;
mod latency;
mod score;
mod trend;

pub use anomaly::{Anomaly, AnomalyKind, anomalies};
pub use growth::{MOST as MOST_SAMPLES, Sample, Samples};
pub use integrity::{Cause, Integrity, Severity, judge};
pub use latency::{LOADS_PER_SAMPLE, Latency, Recorder, SAVES_PER_SAMPLE, Started, Times};
pub use score::{Facts, Finding, findings, score};
pub use trend::{Direction, Trend, trend};

/// The middle value; that of an even number of values is the mean of the two in the middle. Orders what it is given.
fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let is_even = values.len().is_multiple_of(2);
    let (below, at, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let below = below.iter().copied().max_by(f64::total_cmp).filter(|_| is_even);
    Some(below.map_or(*at, |below| (below + *at) / 2.0))
}

/// How far values lie from their median, in the unit of a standard deviation: unlike that one, a few wild values do not move
/// it.
fn spread(values: &[f64], median_of_all: f64) -> f64 {
    /// Of a normal distribution: its standard deviation over its median absolute deviation.
    const SCALE: f64 = 1.4826;
    let mut distances: Vec<f64> = values.iter().map(|value| (value - median_of_all).abs()).collect();
    SCALE * median(&mut distances).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_and_wild_values_do_not_move_the_spread() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0, 4.0]), Some(3.0));
        let values = [1.0, 2.0, 3.0, 4.0, 1e9];
        assert_eq!(spread(&values, 3.0), 1.4826);
    }
}
