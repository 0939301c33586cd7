//! The options that a store is opened with, and their JSON form.
//!
//! Holds defaults, ranges and parsing. It decides nothing about a store that is already open. Invariant: an option that
//! is unknown, of the wrong type or out of range is an error that names it; nothing is ignored or clamped.

use crate::error::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The longest time between two scheduled snapshots.
const YEAR_MINUTES: u64 = 366 * 24 * 60;

/// When a save counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// In memory; the background thread writes and syncs it within the flush interval.
    Behind,
    /// Handed to the operating system: outlives this process.
    Written,
    /// Synced: outlives a power cut.
    Durable,
}

/// What opening does about damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recovery {
    /// Damage is an error.
    Strict,
    /// Every undamaged record is kept, and the rest is reported.
    Salvage,
}

/// How to open a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The durability of saves that do not choose their own. Per handle.
    pub durability: Durability,
    /// Who opens the store, for events and reports. Per handle.
    pub plugin: String,
    /// Refuse every change through this handle; take no lock.
    pub read_only: bool,
    /// Create the store if there is none.
    pub create: bool,
    pub recovery: Recovery,
    /// How long a `behind` save may stay in memory.
    pub flush_interval: Duration,
    /// How long a `written` save may stay unsynced.
    pub sync_interval: Duration,
    /// Journal bytes after which a checkpoint is due; 0 lets the store choose by its size.
    pub checkpoint_bytes: u64,
    /// The largest size to which journal segments grow.
    pub segment_bytes: u64,
    pub max_document_bytes: u64,
    pub max_depth: usize,
    /// How many versions of each Tier 1 document stay; a save clears the ones before.
    pub versions_kept: u64,
    /// How often the store's own thread makes an automatic snapshot; never if `None`.
    pub snapshot_every: Option<Duration>,
    /// How many automatic snapshots stay, besides pinned ones.
    pub snapshots_kept: u64,
    /// Whether the store's own thread runs. Tests turn it off and call `Database::maintain` instead.
    pub background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            durability: Durability::Written,
            plugin: String::new(),
            read_only: false,
            create: true,
            recovery: Recovery::Strict,
            flush_interval: Duration::from_millis(250),
            sync_interval: Duration::from_millis(1000),
            checkpoint_bytes: 0,
            segment_bytes: 4 << 20,
            max_document_bytes: 64 << 20,
            max_depth: 128,
            versions_kept: 100,
            snapshot_every: None,
            snapshots_kept: 10,
            background: true,
        }
    }
}

/// The JSON form: every option may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Given {
    durability: Option<Durability>,
    plugin: Option<String>,
    read_only: Option<bool>,
    create: Option<bool>,
    recovery: Option<Recovery>,
    flush_interval_ms: Option<u64>,
    sync_interval_ms: Option<u64>,
    checkpoint_bytes: Option<u64>,
    segment_bytes: Option<u64>,
    max_document_bytes: Option<u64>,
    max_depth: Option<u64>,
    versions_kept: Option<u64>,
    snapshot_every_minutes: Option<u64>,
    snapshots_kept: Option<u64>,
}

/// Options together with which of the store-wide ones were given, so that a second open can be held against the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requested {
    pub options: Options,
    given: Vec<&'static str>,
}

impl Requested {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<Requested> {
        let Some(json) = json else { return Ok(Requested::default()) };
        let read = read_object(json, r#"{"durability": "durable"}"#)?;
        let mut requested = Requested::default();
        requested.take(read)?;
        Ok(requested)
    }

    fn take(&mut self, read: Given) -> Result<()> {
        let options = &mut self.options;
        let given = &mut self.given;
        let milliseconds = |name, value: Option<u64>, into: &mut Duration, given: &mut Vec<_>| {
            let mut count = into.as_millis() as u64;
            store_wide(name, value, 1, 60_000, &mut count, given)?;
            *into = Duration::from_millis(count);
            Ok(())
        };
        options.durability = read.durability.unwrap_or(options.durability);
        options.plugin = read.plugin.unwrap_or_default();
        options.read_only = read.read_only.unwrap_or(options.read_only);
        options.create = read.create.unwrap_or(options.create);
        options.recovery = read.recovery.unwrap_or(options.recovery);
        milliseconds("flush_interval_ms", read.flush_interval_ms, &mut options.flush_interval, given)?;
        milliseconds("sync_interval_ms", read.sync_interval_ms, &mut options.sync_interval, given)?;
        store_wide("checkpoint_bytes", read.checkpoint_bytes, 0, 1 << 40, &mut options.checkpoint_bytes, given)?;
        store_wide("segment_bytes", read.segment_bytes, 64 << 10, 64 << 20, &mut options.segment_bytes, given)?;
        store_wide("max_document_bytes", read.max_document_bytes, 1, 1 << 30, &mut options.max_document_bytes, given)?;
        let mut depth = options.max_depth as u64;
        store_wide("max_depth", read.max_depth, 1, 1024, &mut depth, given)?;
        options.max_depth = depth as usize;
        store_wide("versions_kept", read.versions_kept, 1, 1 << 40, &mut options.versions_kept, given)?;
        let mut minutes = 0;
        store_wide("snapshot_every_minutes", read.snapshot_every_minutes, 0, YEAR_MINUTES, &mut minutes, given)?;
        options.snapshot_every = (minutes > 0).then(|| Duration::from_secs(60 * minutes));
        store_wide("snapshots_kept", read.snapshots_kept, 1, 10_000, &mut options.snapshots_kept, given)?;
        Ok(())
    }

    /// Says whether a store opened with `running` can serve this request as well.
    pub fn check_against(&self, running: &Options) -> Result<()> {
        let wanted = &self.options;
        let same = |name: &str| match name {
            "flush_interval_ms" => wanted.flush_interval == running.flush_interval,
            "sync_interval_ms" => wanted.sync_interval == running.sync_interval,
            "checkpoint_bytes" => wanted.checkpoint_bytes == running.checkpoint_bytes,
            "segment_bytes" => wanted.segment_bytes == running.segment_bytes,
            "max_document_bytes" => wanted.max_document_bytes == running.max_document_bytes,
            "max_depth" => wanted.max_depth == running.max_depth,
            "versions_kept" => wanted.versions_kept == running.versions_kept,
            "snapshot_every_minutes" => wanted.snapshot_every == running.snapshot_every,
            "snapshots_kept" => wanted.snapshots_kept == running.snapshots_kept,
            _ => true,
        };
        match self.given.iter().find(|name| !same(name)) {
            None => Ok(()),
            Some(name) => Err(Error::InvalidOption(format!(
                "{name} differs from the store as it is already open in this process; leave it out or close the other handles"
            ))),
        }
    }
}

/// Reads options from the text of a JSON object, such as `example`.
pub fn read_object<T: DeserializeOwned>(json: &str, example: &str) -> Result<T> {
    // A struct can also be read from a JSON array, by position; that is nobody's intent here.
    if !json.trim_start().starts_with('{') {
        return Err(Error::InvalidOption(format!("expected a JSON object such as {example}")));
    }
    serde_json::from_str(json).map_err(|error| Error::InvalidOption(error.to_string()))
}

/// Takes over a store-wide option if it was given and lies within its range.
fn store_wide(
    name: &'static str,
    value: Option<u64>,
    least: u64,
    most: u64,
    into: &mut u64,
    given: &mut Vec<&'static str>,
) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    if !(least..=most).contains(&value) {
        return Err(Error::InvalidOption(format!("{name} is {value}; it goes from {least} to {most}")));
    }
    *into = value;
    given.push(name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_read() {
        let json = r#"{"durability":"durable","plugin":"party","read_only":true,"create":false,"recovery":"salvage",
            "flush_interval_ms":5,"sync_interval_ms":6,"checkpoint_bytes":7,"segment_bytes":65536,
            "max_document_bytes":9,"max_depth":10,"versions_kept":11,"snapshot_every_minutes":12,"snapshots_kept":13}"#;
        let read = Requested::parse(Some(json)).unwrap().options;
        let expected = Options {
            durability: Durability::Durable,
            plugin: "party".into(),
            read_only: true,
            create: false,
            recovery: Recovery::Salvage,
            flush_interval: Duration::from_millis(5),
            sync_interval: Duration::from_millis(6),
            checkpoint_bytes: 7,
            segment_bytes: 65536,
            max_document_bytes: 9,
            max_depth: 10,
            versions_kept: 11,
            snapshot_every: Some(Duration::from_secs(720)),
            snapshots_kept: 13,
            background: true,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_wrong_option_is_named() {
        for (json, named) in [
            (r#"{"durabilty":"durable"}"#, "durabilty"),
            (r#"{"durability":"sometimes"}"#, "sometimes"),
            (r#"{"max_depth":0}"#, "max_depth"),
            (r#"{"sync_interval_ms":60001}"#, "sync_interval_ms"),
            (r#"{"plugin":3}"#, "invalid type"),
            ("[]", "expected"),
        ] {
            let message = Requested::parse(Some(json)).unwrap_err().to_string();
            assert!(message.contains(named), "{json}: {message}");
        }
    }

    #[test]
    fn a_second_open_may_leave_options_out_but_not_change_them() {
        let running = Requested::parse(Some(r#"{"max_depth":10}"#)).unwrap().options;
        assert!(Requested::parse(None).unwrap().check_against(&running).is_ok());
        assert!(
            Requested::parse(Some(r#"{"max_depth":10,"durability":"behind"}"#))
                .unwrap()
                .check_against(&running)
                .is_ok()
        );
        let refused = Requested::parse(Some(r#"{"max_depth":11}"#)).unwrap().check_against(&running);
        assert!(refused.unwrap_err().to_string().contains("max_depth"));
    }
}
