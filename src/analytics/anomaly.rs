//! What is unusual about how a store grew.
//!
//! A change is unusual if it lies far from what is usual for this store, by the median and the median absolute deviation of
//! all its changes, and matters for its size too. Invariant: steady growth, however fast, is nothing unusual.

use super::growth::Sample;
use super::{median, spread};
use serde::Serialize;

/// Fewer changes than this do not say what is usual.
const FEWEST: usize = 6;
/// So many deviations off is far.
const FAR: f64 = 6.0;
/// What changes by less than this share of the store, or by fewer bytes, does not matter.
const LEAST_SHARE: f64 = 0.1;
const LEAST_BYTES: f64 = 65_536.0;
/// The rate has changed for good if it did so over so many samples.
const LASTING: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    /// The size changed at once.
    SizeJump,
    /// The store grows at another rate from then on.
    RateJump,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    pub kind: AnomalyKind,
    /// When it was seen first.
    pub at_ms: u64,
    pub what: String,
}

/// One step from a sample to the next.
struct Step {
    from: Sample,
    to: Sample,
    change: f64,
    per_day: f64,
}

/// What is unusual about samples that are in the order of their times, oldest first.
pub fn anomalies(samples: &[Sample]) -> Vec<Anomaly> {
    let steps: Vec<Step> = samples.windows(2).filter_map(step).collect();
    if steps.len() < FEWEST {
        return Vec::new();
    }
    let mut found = size_jumps(&steps);
    found.extend(rate_jump(&steps));
    found.sort_by_key(|one| one.at_ms);
    found
}

fn step(pair: &[Sample]) -> Option<Step> {
    let (from, to) = (*pair.first()?, *pair.get(1)?);
    let change = to.bytes as f64 - from.bytes as f64;
    let days = from.days_until(&to);
    (days > 0.0).then(|| Step { from, to, change, per_day: change / days })
}

/// Whether a change of so many bytes matters to a store of this size.
fn matters(change: f64, bytes: u64) -> bool {
    change.abs() >= (LEAST_SHARE * bytes as f64).max(LEAST_BYTES)
}

fn size_jumps(steps: &[Step]) -> Vec<Anomaly> {
    let changes: Vec<f64> = steps.iter().map(|one| one.change).collect();
    let rates: Vec<f64> = steps.iter().map(|one| one.per_day).collect();
    let is_far = |values: &[f64]| {
        let usual = median(&mut values.to_vec()).unwrap_or(0.0);
        let limit = FAR * spread(values, usual);
        values.iter().map(|value| (value - usual).abs() > limit).collect::<Vec<bool>>()
    };
    // Samples lie apart for different times: a step that is long has a large change, a short one may have a high rate.
    let far = is_far(&changes).into_iter().zip(is_far(&rates));
    let jumps = steps
        .iter()
        .zip(far)
        .filter(|(one, (by_change, by_rate))| *by_change && *by_rate && matters(one.change, one.from.bytes));
    let told = |one: &Step| Anomaly {
        kind: AnomalyKind::SizeJump,
        at_ms: one.to.time_ms,
        what: format!("the documents went from {} to {} bytes at once", one.from.bytes, one.to.bytes),
    };
    jumps.map(|(one, _)| told(one)).collect()
}

/// Whether the newest steps are at another rate than those before.
fn rate_jump(steps: &[Step]) -> Option<Anomaly> {
    let lasting = LASTING.max(steps.len() / 8);
    let (before, after) = steps.split_at(steps.len().checked_sub(lasting).filter(|before| *before >= LASTING)?);
    let rates = |steps: &[Step]| steps.iter().map(|one| one.per_day).collect::<Vec<f64>>();
    let (before, mut now) = (rates(before), rates(after));
    let usual = median(&mut before.clone())?;
    let newest = median(&mut now)?;
    // All of them, or it is one jump of the size.
    let limit = FAR * spread(&before, usual);
    let is_far = |rate: &f64| (rate - usual).abs() > limit && (rate - usual).is_sign_positive() == (newest > usual);
    let first = after.first()?;
    let in_a_week = 7.0 * (newest - usual);
    (now.iter().all(is_far) && matters(in_a_week, first.from.bytes)).then(|| Anomaly {
        kind: AnomalyKind::RateJump,
        at_ms: first.to.time_ms,
        what: format!("the documents changed by {usual:.0} bytes a day, and by {newest:.0} since then"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::growth::DAY_MS;
    use super::*;

    const DAY: u64 = DAY_MS as u64;

    fn daily(bytes: impl IntoIterator<Item = u64>) -> Vec<Sample> {
        let sample = |(day, bytes)| Sample { time_ms: (day as u64 + 1) * DAY, documents: 1, bytes };
        bytes.into_iter().enumerate().map(sample).collect()
    }

    /// Growth with a little noise.
    fn usual(day: u64) -> u64 {
        1_000_000 + day * 20_000 + day * 7919 % 5000
    }

    #[test]
    fn steady_growth_is_nothing_unusual() {
        assert_eq!(anomalies(&daily((0..60).map(usual))), []);
        assert_eq!(anomalies(&daily((0..60).map(|day| day * 1_000_000))), []);
        assert_eq!(anomalies(&daily(std::iter::repeat_n(5, 60))), []);
    }

    #[test]
    fn a_sudden_jump_of_size_is_found_up_and_down() {
        let jumped = |day: u64| usual(day) + if (20..40).contains(&day) { 3_000_000 } else { 0 };
        let found = anomalies(&daily((0..60).map(jumped)));
        let times: Vec<_> = found.iter().map(|one| (one.kind, one.at_ms / DAY)).collect();
        assert_eq!(times, [(AnomalyKind::SizeJump, 21), (AnomalyKind::SizeJump, 41)]);
        assert!(found[0].what.contains("at once"), "{found:?}");
    }

    #[test]
    fn another_rate_that_lasts_is_found_where_it_began() {
        let faster = |day: u64| usual(day) + day.saturating_sub(55) * 90_000;
        let found = anomalies(&daily((0..60).map(faster)));
        let rate: Vec<_> = found.iter().filter(|one| one.kind == AnomalyKind::RateJump).collect();
        assert_eq!(rate.len(), 0, "four days of fifty-nine are not lasting yet: {found:?}");
        let faster = |day: u64| usual(day) + day.saturating_sub(52) * 90_000;
        let found = anomalies(&daily((0..60).map(faster)));
        let rate: Vec<_> =
            found.iter().filter(|one| one.kind == AnomalyKind::RateJump).map(|one| one.at_ms / DAY).collect();
        assert_eq!(rate, [54], "{found:?}");
    }

    #[test]
    fn samples_that_lie_unevenly_are_nothing_unusual() {
        let days = (0..60_u64).map(|number| if number < 30 { number * 10 } else { 300 + (number - 30) });
        let samples: Vec<Sample> = days
            .map(|day| Sample { time_ms: (day + 1) * DAY, documents: 1, bytes: 1_000_000 + day * 300_000 })
            .collect();
        assert_eq!(anomalies(&samples), []);
    }

    #[test]
    fn what_does_not_matter_and_what_is_too_little_are_not_told() {
        let small = |day: u64| if day == 20 { 60_000 } else { 100 };
        assert_eq!(anomalies(&daily((0..60).map(small))), []);
        assert_eq!(anomalies(&daily([1, 1, 1, 900_000_000, 1])), []);
    }
}
