//! The health report as callers get it: plain data with its JSON form, which the C header describes.
//!
//! Invariant: what is not known is null, never a guess.

use crate::analytics::{Anomaly, Cause, Direction, Finding, Integrity, Sample, Times};
use crate::hub::Figures;
use serde::Serialize;

/// How a store fares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// Documents in the collections that users save to.
    pub total_records: u64,
    /// Bytes of the newest Tier 1 documents; 0 where there is none.
    pub character_roster_size: u64,
    pub equipment_sets_size: u64,
    pub party_configs_size: u64,
    /// When the Tier 1 documents were last broadcast.
    pub last_sync: Option<u64>,
    pub integrity_status: Integrity,
    pub trend: Direction,
    pub full: bool,
    pub took_ms: f64,
    pub time_ms: u64,
    pub sequence: u64,
    pub score: u32,
    pub findings: Vec<Finding>,
    pub causes: Vec<Cause>,
    pub collections: Vec<CollectionHealth>,
    pub tier1: Vec<Tier1Health>,
    pub journal: JournalHealth,
    pub image: ImageHealth,
    pub snapshots: SnapshotHealth,
    /// Of all files in the store's folder.
    pub disk_bytes: u64,
    pub latency: LatencyHealth,
    pub hub: Figures,
    pub growth: Growth,
    pub anomalies: Vec<Anomaly>,
    /// Only of the full form.
    pub checked: Option<Checked>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CollectionHealth {
    pub name: &'static str,
    pub documents: u64,
    pub bytes: u64,
    pub largest: Option<Largest>,
    pub newest_save_ms: Option<u64>,
    pub oldest_save_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Largest {
    pub key: String,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tier1Health {
    pub name: &'static str,
    pub bytes: u64,
    /// The counter.
    pub version: u64,
    pub versions_kept: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalHealth {
    pub segments: u64,
    pub bytes: u64,
    /// Of records whose document is still as they say.
    pub live_bytes: u64,
    pub dead_bytes: u64,
    pub live_share: f64,
    /// Since the state that the newest image holds was current.
    pub checkpoint_age_ms: u64,
    pub unsynced_commits: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageHealth {
    pub bytes: u64,
    pub sequence: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SnapshotHealth {
    pub count: u64,
    pub automatic: u64,
    pub history_bytes: u64,
    pub oldest_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyHealth {
    /// Of a user's saves, clears and batches, until they are as durable as was asked for.
    pub save: SampledTimes,
    pub load: SampledTimes,
    /// Of the journal.
    pub sync: Times,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampledTimes {
    #[serde(flatten)]
    pub times: Times,
    /// One of so many is measured; of durable saves and of batches every one.
    pub sampled: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Growth {
    /// Oldest first; the last one is now.
    pub samples: Vec<Sample>,
    pub bytes_per_day: Option<f64>,
    pub documents_per_day: Option<f64>,
    pub days_until_quota: Option<f64>,
}

/// What the full form has read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    pub bytes: u64,
    pub files: u64,
    pub took_ms: f64,
    pub mb_per_s: f64,
}
