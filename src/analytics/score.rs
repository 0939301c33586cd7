//! One number for how well a store is, and what takes points off it.
//!
//! Invariant: the score is 100 less the points of the findings, and not below 0; a store with nothing wrong has none.

use super::anomaly::Anomaly;
use super::integrity::{Cause, Severity};
use super::latency::Times;
use serde::Serialize;

/// What the score is made of.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub causes: Vec<Cause>,
    /// Bytes of an unfinished tail that opening dropped.
    pub torn_bytes: u64,
    pub journal_bytes: u64,
    /// Beyond this the journal should have been taken into an image.
    pub journal_limit: u64,
    /// Of all documents' texts.
    pub document_bytes: u64,
    /// Of the largest document, and what one may have.
    pub largest_bytes: u64,
    pub largest_allowed: u64,
    pub history_bytes: u64,
    pub save: Times,
    pub sync: Times,
    /// Events that subscribers missed.
    pub events_lost: u64,
    pub days_until_quota: Option<f64>,
    pub anomalies: Vec<Anomaly>,
}

/// Why points were taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub points: u32,
    pub what: String,
    pub why: String,
    #[serde(rename = "do")]
    pub advice: String,
}

/// Fewer calls than this say nothing of a percentile.
const ENOUGH_CALLS: u64 = 100;
/// One save of a hundred may take three frames of a game at 60 Hz.
const SLOW_SAVE_US: f64 = 50_000.0;
const SLOW_SYNC_US: f64 = 1_000_000.0;
/// What snapshots hold is much only beyond this.
const MUCH_HISTORY: u64 = 64 << 20;

fn finding(points: u32, what: impl Into<String>, why: &str, advice: &str) -> Finding {
    Finding { points, what: what.into(), why: why.to_owned(), advice: advice.to_owned() }
}

/// 100 less all points.
pub fn score(findings: &[Finding]) -> u32 {
    let points = findings.iter().map(|one| one.points).fold(0, u32::saturating_add);
    100_u32.saturating_sub(points)
}

/// What takes points off, the worst first.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<Finding> = damage(&facts.causes).into_iter().chain(wear(facts)).chain(growth(facts)).collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.points));
    found
}

fn damage(causes: &[Cause]) -> Vec<Finding> {
    let of = |severity: Severity| {
        let causes: Vec<&Cause> = causes.iter().filter(|cause| cause.severity == severity).collect();
        let count = u32::try_from(causes.len()).unwrap_or(u32::MAX);
        (count, causes.first().map(|first| told(first, count)).unwrap_or_default())
    };
    let mut found = Vec::new();
    let (count, what) = of(Severity::Documents);
    if count > 0 {
        let why = "documents in it are lost at the next opening, and salvage keeps only what is whole";
        let advice = "save everything that you hold in memory and make a checkpoint, which writes a new image from \
                      memory; else restore a backup, or open with \"recovery\": \"salvage\"";
        found.push(finding(count.saturating_mul(10).saturating_add(50).min(100), what, why, advice));
    }
    let (count, what) = of(Severity::Beside);
    if count > 0 {
        let why = "documents are whole, but something that they rely on is not";
        let advice = "see the causes: delete snapshots whose files are damaged; after a failed write make room on the disk, \
                      close the store and open it again; after salvage compare with a backup";
        found.push(finding(count.saturating_mul(5).saturating_add(20).min(60), what, why, advice));
    }
    let (count, what) = of(Severity::Untidy);
    if count > 0 {
        let why = "files that nothing needs take room on the disk";
        let advice = "remove files that end with .damaged once you do not need them any more; unfinished ones go at the \
                      next opening";
        found.push(finding(1, what, why, advice));
    }
    found
}

fn told(first: &Cause, count: u32) -> String {
    let place =
        if first.file.is_empty() { String::new() } else { format!("{} at byte {}: ", first.file, first.offset) };
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    format!("{place}{}{more}", first.reason)
}

/// What comes of how the store is used.
fn wear(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.torn_bytes > 0 {
        let what = format!("{} bytes of an unfinished save were dropped at opening", facts.torn_bytes);
        let why = "the program or the machine stopped while a save was under way; nothing that was durable is lost";
        found.push(finding(2, what, why, "close the store before the program ends"));
    }
    if facts.journal_bytes > facts.journal_limit {
        let what = format!("the journal has {} bytes, over {}", facts.journal_bytes, facts.journal_limit);
        let why = "opening takes longer the longer the journal is, and the disk fills";
        let advice = "let exports, checks and restores end, and see that the disk has room: checkpoints wait for both";
        found.push(finding(10, what, why, advice));
    }
    if facts.save.count >= ENOUGH_CALLS && facts.save.p99_us > SLOW_SAVE_US {
        let what = format!("one save of a hundred takes over {:.0} ms", facts.save.p99_us / 1e3);
        let why = "a game that saves in its frame stalls for as long";
        let advice = "save with durability \"written\" or \"behind\", or from another thread";
        found.push(finding(5, what, why, advice));
    }
    if facts.sync.count >= ENOUGH_CALLS && facts.sync.p99_us > SLOW_SYNC_US {
        let what = format!("one sync of a hundred takes over {:.1} s", facts.sync.p99_us / 1e6);
        let why = "the disk is slow or busy, and durable saves wait for it";
        found.push(finding(5, what, why, "see what else writes to this disk, or move the store to another"));
    }
    if facts.events_lost > 0 {
        let what = format!("subscribers missed {} events", facts.events_lost);
        let why = "their queues were full, so that they do not know of every change";
        found.push(finding(5, what, why, "poll more often, or subscribe with a larger \"queue\""));
    }
    found
}

fn growth(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(days) = facts.days_until_quota.filter(|days| *days < 30.0) {
        let points = if days <= 0.0 {
            20
        } else if days < 7.0 {
            10
        } else {
            5
        };
        let what = if days <= 0.0 {
            "the quota is reached".to_owned()
        } else {
            format!("{days:.1} days are left until the quota")
        };
        let why = "beyond it saves may be refused by the platform";
        found.push(finding(points, what, why, "delete documents that are not needed, or raise the quota"));
    }
    if let Some(newest) = facts.anomalies.last() {
        let points = u32::try_from(facts.anomalies.len()).unwrap_or(u32::MAX).saturating_mul(3).min(9);
        let why = "the store does not grow as it used to: something may save what it should not, or clear too much";
        found.push(finding(points, newest.what.clone(), why, "compare a snapshot from before with now"));
    }
    if facts.largest_bytes > facts.largest_allowed / 10 * 8 {
        let what = format!("the largest document has {} bytes of {}", facts.largest_bytes, facts.largest_allowed);
        let why = "beyond the limit its save is refused";
        found.push(finding(5, what, why, "split it, or raise max_document_bytes"));
    }
    if facts.history_bytes > (2 * facts.document_bytes).max(MUCH_HISTORY) {
        let what = format!("snapshots hold {} bytes on the disk", facts.history_bytes);
        let why = "that is more than twice what the documents themselves take";
        found.push(finding(3, what, why, "delete old snapshots, or keep fewer automatic ones"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::AnomalyKind;

    /// A store with nothing wrong.
    fn well() -> Facts {
        Facts { journal_limit: 1000, largest_allowed: 1000, document_bytes: 1000, ..Facts::default() }
    }

    fn cause(severity: Severity) -> Cause {
        Cause { file: "image".to_owned(), offset: 7, reason: "is gone".to_owned(), severity }
    }

    #[test]
    fn a_store_with_nothing_wrong_has_a_hundred() {
        let found = findings(&well());
        assert_eq!((score(&found), found.len()), (100, 0));
    }

    #[test]
    fn every_fact_takes_its_points_and_says_what_to_do() {
        let slow = Times { count: 100, p99_us: 2e6, ..Times::default() };
        let anomaly = Anomaly { kind: AnomalyKind::SizeJump, at_ms: 1, what: "a jump".to_owned() };
        for (points, facts) in [
            (60, Facts { causes: vec![cause(Severity::Documents)], ..well() }),
            (25, Facts { causes: vec![cause(Severity::Beside)], ..well() }),
            (1, Facts { causes: vec![cause(Severity::Untidy); 5], ..well() }),
            (2, Facts { torn_bytes: 9, ..well() }),
            (10, Facts { journal_bytes: 1001, ..well() }),
            (5, Facts { save: slow, ..well() }),
            (5, Facts { sync: slow, ..well() }),
            (5, Facts { events_lost: 1, ..well() }),
            (20, Facts { days_until_quota: Some(0.0), ..well() }),
            (10, Facts { days_until_quota: Some(6.9), ..well() }),
            (5, Facts { days_until_quota: Some(29.0), ..well() }),
            (6, Facts { anomalies: vec![anomaly; 2], ..well() }),
            (5, Facts { largest_bytes: 801, ..well() }),
            (3, Facts { history_bytes: MUCH_HISTORY + 1, ..well() }),
        ] {
            let found = findings(&facts);
            assert_eq!((found.len(), score(&found)), (1, 100 - points), "{facts:?}");
            let Finding { what, why, advice, .. } = &found[0];
            assert!(!what.is_empty() && !why.is_empty() && !advice.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn what_is_within_its_limits_takes_nothing() {
        let few = Times { count: 99, p99_us: 2e6, ..Times::default() };
        let facts = Facts {
            journal_bytes: 1000,
            largest_bytes: 800,
            history_bytes: MUCH_HISTORY,
            save: few,
            sync: few,
            days_until_quota: Some(30.0),
            ..well()
        };
        assert_eq!(findings(&facts), []);
    }

    #[test]
    fn the_worst_comes_first_and_the_score_ends_at_nothing() {
        let causes = vec![cause(Severity::Untidy), cause(Severity::Beside), cause(Severity::Documents)];
        let found = findings(&Facts { causes: vec![causes.clone(); 9].concat(), ..well() });
        assert_eq!(found.iter().map(|one| one.points).collect::<Vec<_>>(), [100, 60, 1]);
        assert_eq!(score(&found), 0);
        assert_eq!(found[0].what, "image at byte 7: is gone (and 8 more)");
    }
}
