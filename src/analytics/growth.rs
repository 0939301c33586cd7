//! How much a store held at which time, over months, in few numbers.
//!
//! Invariant: samples are in the order of their times, at most `MOST` of them, the first and the newest always among them;
//! the older a time is, the farther its samples lie apart.

use serde::{Deserialize, Serialize};

/// So many samples stay.
pub const MOST: usize = 256;

/// How much a store held at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub time_ms: u64,
    pub documents: u64,
    /// Of the documents' texts.
    pub bytes: u64,
}

/// A day in milliseconds, by which rates go.
pub const DAY_MS: f64 = 86_400_000.0;

impl Sample {
    /// How many days after this one another was taken; none if it was not.
    pub fn days_until(&self, later: &Sample) -> f64 {
        later.time_ms.saturating_sub(self.time_ms) as f64 / DAY_MS
    }
}

/// The samples that were kept, in the form of the store's own record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    pub samples: Vec<Sample>,
}

impl Samples {
    /// Reads a record; one that cannot be read is as good as none.
    pub fn parse(text: &[u8]) -> Samples {
        let read: Samples = serde_json::from_slice(text).unwrap_or_default();
        let mut samples = Samples::default();
        read.samples.into_iter().for_each(|sample| samples.add(sample));
        samples
    }

    pub fn newest(&self) -> Option<&Sample> {
        self.samples.last()
    }

    /// Adds the newest sample. What a clock that was set back makes appear later than now is forgotten.
    pub fn add(&mut self, sample: Sample) {
        self.samples.retain(|one| one.time_ms < sample.time_ms);
        self.samples.push(sample);
        if self.samples.len() > MOST
            && let Some(place) = self.least_missed(sample.time_ms)
        {
            self.samples.remove(place);
        }
    }

    /// The sample that leaves the smallest gap behind, in proportion to how long ago it was.
    fn least_missed(&self, now: u64) -> Option<usize> {
        let gap = |window: &[Sample]| match window {
            [before, this, after] => {
                let age = now.saturating_sub(this.time_ms).max(1);
                after.time_ms.saturating_sub(before.time_ms) as f64 / age as f64
            }
            _ => f64::INFINITY,
        };
        let gaps = self.samples.windows(3).map(gap).enumerate();
        gaps.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(before, _)| before + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn sample(time_ms: u64) -> Sample {
        Sample { time_ms, documents: time_ms, bytes: 2 * time_ms }
    }

    #[test]
    fn years_of_hours_stay_few_samples_dense_at_the_end() {
        let mut samples = Samples::default();
        for hour in 1..=20_000 {
            samples.add(sample(hour * HOUR));
        }
        let times: Vec<u64> = samples.samples.iter().map(|one| one.time_ms / HOUR).collect();
        assert_eq!((times.len(), times[0], times[MOST - 1]), (MOST, 1, 20_000));
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(times[MOST - 5..].windows(2).all(|pair| pair[1] - pair[0] <= 2), "{times:?}");
        let widest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest < 20_000 / 10, "a gap of {widest} hours: {times:?}");
    }

    #[test]
    fn a_record_comes_back_and_nonsense_is_none() {
        let mut samples = Samples::default();
        samples.add(sample(5));
        samples.add(sample(9));
        let text = serde_json::to_string(&samples).unwrap();
        assert_eq!(
            text,
            r#"{"samples":[{"time_ms":5,"documents":5,"bytes":10},{"time_ms":9,"documents":9,"bytes":18}]}"#
        );
        assert_eq!(Samples::parse(text.as_bytes()), samples);
        assert_eq!(Samples::parse(b"[1"), Samples::default());
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_no_later_samples() {
        let mut samples = Samples::default();
        [5, 9, 30].into_iter().for_each(|time| samples.add(sample(time)));
        samples.add(sample(9));
        assert_eq!(samples.samples, [sample(5), sample(9)]);
    }
}
