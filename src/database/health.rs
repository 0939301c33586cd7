//! The health report: what is known without reading the disk, and what `health_files` finds there.
//!
//! The quick form asks every part for its figures; that is at most a millisecond at 100,000 documents. Invariant: asking
//! changes nothing and holds up no commit.

use super::commit::now_ms;
use super::export::Tell;
use super::health_files::Findings;
use super::health_report::{
    CollectionHealth, Growth, Health, ImageHealth, JournalHealth, Largest, LatencyHealth, SampledTimes, SnapshotHealth,
    Tier1Health,
};
use super::keys::{self, TIER1};
use super::{Core, Database};
use crate::analytics::{
    self, Cause, Facts, LOADS_PER_SAMPLE, Latency, SAVES_PER_SAMPLE, Severity, Times, anomalies, findings, judge,
    score, trend,
};
use crate::document::Collection;
use crate::error::{Error, Result};
use crate::journal::Log;
use crate::module::Module;
use crate::options::read_object;
use crate::snapshots::Kind;
use crate::store::Extremes;
use crate::sync::Mutex;
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthOptions {
    /// Read everything on the disk again and check it.
    pub full: bool,
    /// How many bytes the documents may have.
    pub quota_bytes: Option<u64>,
}

impl HealthOptions {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<HealthOptions> {
        Module::Analytics.need()?;
        json.map_or_else(|| Ok(HealthOptions::default()), |json| read_object(json, r#"{"full": true}"#))
    }
}

/// What is measured and remembered of an open store.
#[derive(Default)]
pub(super) struct Kept {
    pub latency: Arc<Latency>,
    /// Why the last checkpoint failed, if it did.
    checkpoint_failure: Mutex<Option<String>>,
    /// When the next sample of the growth may be due.
    pub next_sample_ms: AtomicU64,
}

impl Kept {
    /// Measures the syncs of the log.
    pub fn listen_to(&self, log: &Log) {
        if Module::Analytics.is_built_in() {
            let latency = self.latency.clone();
            log.on_sync(Box::new(move |time| latency.sync.note(time)));
        }
    }

    pub fn note_checkpoint(&self, outcome: &Result<()>) {
        if Module::Analytics.is_built_in() {
            *self.checkpoint_failure.lock() = outcome.as_ref().err().map(Error::to_string);
        }
    }
}

impl Database {
    /// How the store fares. The full form tells `tell` how far it is; nobody else is told anything.
    pub fn analyze_health(&self, options: &HealthOptions, tell: Tell<'_>) -> Result<Health> {
        Module::Analytics.need()?;
        self.core()?.analyze_health(options, tell)
    }
}

impl Core {
    fn analyze_health(&self, options: &HealthOptions, tell: Tell<'_>) -> Result<Health> {
        let started = Instant::now();
        let mut causes = self.causes_of_session();
        let mut files = self.look_at_folder();
        let mut checked = None;
        if options.full {
            let (found, read) = self.check_files(tell)?;
            // What was checked to the last byte need not be told by its looks.
            files.causes.retain(|cause| found.iter().all(|one| one.file != cause.file));
            causes.extend(found);
            checked = Some(read);
        }
        causes.append(&mut files.causes);
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.severity));
        let mut health = self.figures(options, &files);
        (health.full, health.checked) = (options.full, checked);
        self.judge(&mut health, causes);
        health.took_ms = started.elapsed().as_secs_f64() * 1e3;
        Ok(health)
    }

    /// What this session itself has met.
    fn causes_of_session(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let Some(Err(error)) = self.log.as_ref().map(Log::check) {
            causes.push(Cause::of_store(Severity::Beside, error.to_string()));
        }
        if let Some(failure) = self.kept.checkpoint_failure.lock().clone() {
            causes.push(Cause::of_store(Severity::Beside, format!("the last checkpoint failed: {failure}")));
        }
        for lost in &self.report.lost {
            let reason = format!("salvage at opening could not keep {} bytes here: {}", lost.bytes, lost.reason);
            causes.push(Cause { file: lost.file.clone(), offset: lost.offset, reason, severity: Severity::Beside });
        }
        causes
    }

    /// Everything but the verdict.
    fn figures(&self, options: &HealthOptions, files: &Findings) -> Health {
        let size = self.size_now();
        let samples = self.samples_until_now().samples;
        let growing = trend(&samples);
        let days_until_quota = options.quota_bytes.and_then(|quota| growing.days_until(size.bytes, quota));
        let [character_roster_size, equipment_sets_size, party_configs_size] = TIER1.map(|one| self.newest_bytes(one));
        let last_sync = self.last_sync_ms.load(Ordering::Relaxed);
        Health {
            total_records: size.documents,
            character_roster_size,
            equipment_sets_size,
            party_configs_size,
            last_sync: (last_sync > 0).then_some(last_sync),
            integrity_status: judge(&[]),
            trend: growing.direction,
            full: false,
            took_ms: 0.0,
            time_ms: now_ms(),
            sequence: self.last_sequence(),
            score: 0,
            findings: Vec::new(),
            causes: Vec::new(),
            collections: self.collections_health(),
            tier1: TIER1.map(|one| self.tier1_health(one)).into(),
            journal: self.journal_health(files),
            image: ImageHealth { bytes: files.image_bytes, sequence: files.image },
            snapshots: SnapshotHealth::default(),
            disk_bytes: files.disk_bytes,
            latency: self.latency_health(),
            hub: self.hub.figures(),
            anomalies: anomalies(&samples),
            growth: Growth {
                samples,
                bytes_per_day: growing.bytes_per_day,
                documents_per_day: growing.documents_per_day,
                days_until_quota,
            },
            checked: None,
        }
    }

    /// Makes causes, findings and score of the figures.
    fn judge(&self, health: &mut Health, mut causes: Vec<Cause>) {
        match self.snapshot_health() {
            Ok(snapshots) => health.snapshots = snapshots,
            Err(error) => causes.push(Cause::of_store(Severity::Beside, error.to_string())),
        }
        let facts = Facts {
            torn_bytes: self.report.torn_bytes,
            journal_bytes: health.journal.bytes,
            journal_limit: self.longest_journal(),
            document_bytes: health.collections.iter().map(|one| one.bytes).sum(),
            largest_bytes: self.largest_of_users(health),
            largest_allowed: self.options.max_document_bytes,
            history_bytes: health.snapshots.history_bytes,
            save: health.latency.save.times,
            sync: health.latency.sync,
            events_lost: health.hub.lost,
            days_until_quota: health.growth.days_until_quota,
            anomalies: health.anomalies.clone(),
            causes,
        };
        health.integrity_status = judge(&facts.causes);
        health.findings = findings(&facts);
        health.score = score(&health.findings);
        health.causes = facts.causes;
    }

    fn largest_of_users(&self, health: &Health) -> u64 {
        let is_users = |one: &&CollectionHealth| one.name != Collection::SaveMetadata.name();
        let largest = health.collections.iter().filter(is_users).filter_map(|one| one.largest.as_ref());
        largest.map(|one| one.bytes).max().unwrap_or(0)
    }

    fn collections_health(&self) -> Vec<CollectionHealth> {
        let of_one =
            |((collection, total), extremes): ((Collection, crate::store::Total), Extremes)| CollectionHealth {
                name: collection.name(),
                documents: total.documents,
                bytes: total.bytes,
                largest: extremes.largest.map(|(key, bytes)| Largest { key: keys::loadable(collection, &key), bytes }),
                newest_save_ms: extremes.newest_ms,
                oldest_save_ms: extremes.oldest_ms,
            };
        Collection::ALL.into_iter().zip(self.store.totals()).zip(self.store.extremes()).map(of_one).collect()
    }

    fn newest_bytes(&self, collection: Collection) -> u64 {
        self.load_newest(collection, |loaded| loaded.text.len() as u64).unwrap_or(0)
    }

    fn tier1_health(&self, collection: Collection) -> Tier1Health {
        let total = self.store.totals().get(collection as usize - 1).copied().unwrap_or_default();
        Tier1Health {
            name: collection.name(),
            bytes: self.newest_bytes(collection),
            version: self.store.highest_revision(collection),
            versions_kept: total.documents,
        }
    }

    fn journal_health(&self, files: &Findings) -> JournalHealth {
        let bytes = self.log.as_ref().map_or(files.journal_bytes, Log::bytes);
        let live_bytes = self.store.live_journal_bytes().min(bytes);
        let reach = *self.reach.lock();
        JournalHealth {
            segments: files.segments,
            bytes,
            live_bytes,
            dead_bytes: bytes - live_bytes,
            live_share: if bytes > 0 { live_bytes as f64 / bytes as f64 } else { 1.0 },
            checkpoint_age_ms: now_ms().saturating_sub(reach.time_ms),
            unsynced_commits: self.log.as_ref().map_or(0, |log| log.last_sequence().saturating_sub(log.synced())),
        }
    }

    fn snapshot_health(&self) -> Result<SnapshotHealth> {
        let snapshots = self.snapshots()?;
        Ok(SnapshotHealth {
            count: snapshots.len() as u64,
            automatic: snapshots.iter().filter(|one| one.kind == Kind::Automatic).count() as u64,
            history_bytes: self.reach.lock().history_bytes,
            oldest_ms: snapshots.iter().map(|one| one.created_at_ms).min(),
        })
    }

    fn latency_health(&self) -> LatencyHealth {
        let analytics::Latency { save, load, sync } = &*self.kept.latency;
        let of = |times: Times, sampled: u32| SampledTimes { times, sampled };
        LatencyHealth {
            save: of(save.times(), SAVES_PER_SAMPLE),
            load: of(load.times(), LOADS_PER_SAMPLE),
            sync: sync.times(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_named() {
        assert_eq!(HealthOptions::parse(None).unwrap(), HealthOptions::default());
        let read = HealthOptions::parse(Some(r#"{"full": true, "quota_bytes": 5}"#)).unwrap();
        assert_eq!(read, HealthOptions { full: true, quota_bytes: Some(5) });
        assert_eq!(HealthOptions::parse(Some(r#"{"quota_bytes": null}"#)).unwrap(), HealthOptions::default());
        for (json, named) in [(r#"{"ful": true}"#, "ful"), (r#"{"quota_bytes": -1}"#, "-1"), ("[]", "expected")] {
            let message = HealthOptions::parse(Some(json)).unwrap_err().to_string();
            assert!(message.contains(named), "{json}: {message}");
        }
    }
}
