//! Where the size of a store is going.
//!
//! The rate is the median of the slopes between samples (Theil and Sen), which up to a quarter of wild samples do not move.
//! Invariant: without enough to go by there is no rate, and no promise of days.

use super::growth::Sample;
use super::median;
use serde::Serialize;

/// Fewer samples than this, or a shorter time, give no rate.
const FEWEST: usize = 3;
const SHORTEST_MS: u64 = 3_600_000;
/// So many samples are compared with each other, spread over all there are.
const COMPARED: usize = 96;
/// A store that changes by less than this share of itself in a day, and by fewer bytes, is stable.
const STABLE_SHARE: f64 = 0.001;
const STABLE_BYTES: f64 = 1024.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Stable,
    Growing,
    Shrinking,
    Unknown,
}

/// How a store grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    pub direction: Direction,
    pub bytes_per_day: Option<f64>,
    pub documents_per_day: Option<f64>,
}

impl Trend {
    /// How many days it takes until the documents have so many bytes, if they do at this rate: 0 if they have them.
    pub fn days_until(&self, bytes: u64, quota: u64) -> Option<f64> {
        if bytes >= quota {
            return Some(0.0);
        }
        let rate = self.bytes_per_day.filter(|_| self.direction == Direction::Growing)?;
        Some((quota - bytes) as f64 / rate)
    }
}

/// Judges samples that are in the order of their times.
pub fn trend(samples: &[Sample]) -> Trend {
    let span = match (samples.first(), samples.last()) {
        (Some(first), Some(last)) => last.time_ms.saturating_sub(first.time_ms),
        _ => 0,
    };
    if samples.len() < FEWEST || span < SHORTEST_MS {
        return Trend { direction: Direction::Unknown, bytes_per_day: None, documents_per_day: None };
    }
    let chosen = spread_out(samples);
    let bytes_per_day = rate(&chosen, |sample| sample.bytes);
    let documents_per_day = rate(&chosen, |sample| sample.documents);
    let size = samples.last().map_or(0, |last| last.bytes) as f64;
    let least = (STABLE_SHARE * size).max(STABLE_BYTES);
    let direction = match bytes_per_day {
        None => Direction::Unknown,
        Some(rate) if rate >= least => Direction::Growing,
        Some(rate) if rate <= -least => Direction::Shrinking,
        Some(_) => Direction::Stable,
    };
    Trend { direction, bytes_per_day, documents_per_day }
}

/// At most `COMPARED` of the samples, the first and the last among them.
fn spread_out(samples: &[Sample]) -> Vec<Sample> {
    let last = samples.len().saturating_sub(1);
    let count = samples.len().min(COMPARED);
    let places = (0..count).map(|number| number * last / count.saturating_sub(1).max(1));
    places.filter_map(|place| samples.get(place)).copied().collect()
}

/// The change of a value in a day.
fn rate(samples: &[Sample], value: impl Fn(&Sample) -> u64) -> Option<f64> {
    let mut slopes = Vec::with_capacity(samples.len() * samples.len() / 2);
    for (number, later) in samples.iter().enumerate() {
        for earlier in samples.iter().take(number) {
            let days = earlier.days_until(later);
            if days > 0.0 {
                slopes.push((value(later) as f64 - value(earlier) as f64) / days);
            }
        }
    }
    median(&mut slopes)
}

#[cfg(test)]
mod tests {
    use super::super::growth::DAY_MS;
    use super::*;

    const DAY: u64 = DAY_MS as u64;

    fn daily(bytes: impl IntoIterator<Item = u64>) -> Vec<Sample> {
        let sample = |(day, bytes)| Sample { time_ms: day as u64 * DAY, documents: bytes / 100, bytes };
        bytes.into_iter().enumerate().map(sample).collect()
    }

    #[test]
    fn steady_growth_gives_its_rate_and_the_days_that_are_left() {
        let samples = daily((0..300).map(|day| 1_000_000 + day * 50_000));
        let found = trend(&samples);
        assert_eq!(found.direction, Direction::Growing);
        assert!((found.bytes_per_day.unwrap() - 50_000.0).abs() < 1.0, "{found:?}");
        assert!((found.documents_per_day.unwrap() - 500.0).abs() < 1.0, "{found:?}");
        let days = found.days_until(15_950_000, 17_000_000).unwrap();
        assert!((days - 21.0).abs() < 0.01, "{days}");
        assert_eq!(found.days_until(5, 5), Some(0.0));
    }

    #[test]
    fn a_few_wild_samples_do_not_turn_it() {
        let mut samples = daily((0..40).map(|day| 1_000_000 + day * 50_000));
        for wild in [5, 17, 30, 39] {
            samples[wild].bytes = 900_000_000;
        }
        let rate = trend(&samples).bytes_per_day.unwrap();
        assert!((rate / 50_000.0 - 1.0).abs() < 0.1, "{rate}");
    }

    #[test]
    fn what_hardly_changes_is_stable_and_gives_no_days() {
        let stable = trend(&daily((0..20).map(|day| 50_000_000 + day * 100)));
        assert_eq!((stable.direction, stable.days_until(50_000_000, 60_000_000)), (Direction::Stable, None));
        let shrinking = trend(&daily((0..20).map(|day| 50_000_000 - day * 1_000_000)));
        assert_eq!((shrinking.direction, shrinking.days_until(5, 60)), (Direction::Shrinking, None));
    }

    #[test]
    fn too_little_to_go_by_is_unknown() {
        for samples in [daily([]), daily([5]), daily([5, 5_000_000])] {
            assert_eq!(trend(&samples).direction, Direction::Unknown);
        }
        let mut brief = daily([1, 2, 3, 4]);
        brief.iter_mut().for_each(|sample| sample.time_ms /= 200);
        assert_eq!(trend(&brief).direction, Direction::Unknown);
    }
}
