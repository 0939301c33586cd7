//! The form of a health report, as the OpenAPI document describes it.
//!
//! The database makes the report. Invariant: as in `schema`.

use utoipa::ToSchema;

/// A reason for which points were taken off.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Finding {
    points: u32,
    what: String,
    why: String,
    r#do: String,
}

/// A damaged place.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Cause {
    file: String,
    offset: u64,
    reason: String,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Largest {
    key: String,
    bytes: u64,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct CollectionHealth {
    name: String,
    documents: u64,
    bytes: u64,
    #[schema(required)]
    largest: Option<Largest>,
    #[schema(required)]
    newest_save_ms: Option<u64>,
    #[schema(required)]
    oldest_save_ms: Option<u64>,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Tier1Health {
    name: String,
    bytes: u64,
    version: u64,
    versions_kept: u64,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct JournalHealth {
    segments: u64,
    bytes: u64,
    live_bytes: u64,
    dead_bytes: u64,
    live_share: f64,
    #[schema(required)]
    checkpoint_age_ms: Option<u64>,
    unsynced_commits: u64,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct ImageHealth {
    bytes: u64,
    #[schema(required)]
    sequence: Option<u64>,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct SnapshotHealth {
    count: u64,
    automatic: u64,
    history_bytes: u64,
    #[schema(required)]
    oldest_ms: Option<u64>,
}

/// How long an operation took, in microseconds.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Latency {
    count: u64,
    p50_us: f64,
    p99_us: f64,
    max_us: f64,
    /// One of so many was measured.
    #[serde(default)]
    #[schema(nullable = false)]
    sampled: Option<u64>,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Latencies {
    save: Latency,
    load: Latency,
    sync: Latency,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct HubHealth {
    events: u64,
    subscribers: u64,
    queued: u64,
    lost: u64,
    plugins: u64,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Sample {
    time_ms: u64,
    documents: u64,
    bytes: u64,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Growth {
    samples: Vec<Sample>,
    #[schema(required)]
    bytes_per_day: Option<f64>,
    #[schema(required)]
    documents_per_day: Option<f64>,
    #[schema(required)]
    days_until_quota: Option<f64>,
}

#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Anomaly {
    /// `size_jump` or `rate_jump`.
    kind: String,
    at_ms: u64,
    what: String,
}

/// What the full form read again.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Checked {
    bytes: u64,
    files: u64,
    took_ms: f64,
    mb_per_s: f64,
}

/// How the store is, and what to do about it.
#[derive(ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[allow(dead_code, reason = "describes what the database answers")]
pub struct Health {
    total_records: u64,
    /// Bytes of the newest.
    character_roster_size: u64,
    equipment_sets_size: u64,
    party_configs_size: u64,
    #[schema(required)]
    last_sync: Option<u64>,
    /// `OK`, `DEGRADED` or `CORRUPT`.
    integrity_status: String,
    /// `stable`, `growing`, `shrinking` or `unknown`.
    trend: String,
    full: bool,
    took_ms: f64,
    time_ms: u64,
    sequence: u64,
    /// 100 less the points of the findings.
    score: u32,
    findings: Vec<Finding>,
    causes: Vec<Cause>,
    collections: Vec<CollectionHealth>,
    tier1: Vec<Tier1Health>,
    journal: JournalHealth,
    image: ImageHealth,
    snapshots: SnapshotHealth,
    disk_bytes: u64,
    latency: Latencies,
    hub: HubHealth,
    growth: Growth,
    anomalies: Vec<Anomaly>,
    #[schema(required)]
    checked: Option<Checked>,
}
