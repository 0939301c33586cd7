//! `coffer verify`: every byte of a store read again and checked.
//!
//! Reads only. Invariant: it ends with 0 only if nothing is damaged; all that is found is told, with file and byte.

use crate::info::integrity;
use crate::outcome::{Code, Failure, Outcome};
use crate::output::{Output, Shown, bytes, count};
use crate::progress::Progress;
use crate::store;
use clap::Args;
use coffer::database::{Database, HealthOptions, Integrity};
use coffer::error::Error;
use serde::Serialize;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Check every byte of a store, and tell what is damaged
#[derive(Args)]
#[command(
    after_help = "Ends with 0 if the store is sound and with 5 if something is damaged, and changes nothing. OK: sound; \
DEGRADED: the documents are whole, snapshots are not; CORRUPT: documents are damaged.\n\nExample: coffer verify my-game.db && echo sound"
)]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
}

/// What checking a store came to.
#[derive(Serialize)]
pub struct Report {
    pub sound: bool,
    integrity_status: String,
    /// What was read; null of a store that cannot be opened.
    documents: Option<u64>,
    files: Option<u64>,
    bytes: Option<u64>,
    /// Of an unfinished end of the journal, which opening drops: nothing that was synced was in it.
    torn_bytes: u64,
    pub damage: Vec<Damage>,
    /// The snapshots whose state is not whole any more.
    pub lost_snapshots: Vec<LostSnapshot>,
}

impl Report {
    /// Whether the store cannot be opened as it is, or documents are damaged.
    pub fn is_corrupt(&self) -> bool {
        self.integrity_status == "CORRUPT"
    }
}

/// Something that is not as it should be.
#[derive(Serialize)]
pub struct Damage {
    /// Within the store's folder; empty if it is no file's.
    file: String,
    offset: u64,
    /// How much there is damaged, if that is known.
    bytes: Option<u64>,
    reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(out, "{}, byte {}", Shown(&self.file), self.offset)?;
            self.bytes.map_or(Ok(()), |bytes| write!(out, ", {bytes} bytes"))?;
            out.write_str(": ")?;
        }
        out.write_str(&self.reason)
    }
}

#[derive(Serialize)]
pub struct LostSnapshot {
    pub id: String,
    pub label: String,
    reason: String,
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    let mut progress = Progress::that_can_end("checking", output)?;
    let report = report(&wish.store, output, &mut |done, total| progress.tell(done, total))?;
    drop(progress);
    let store = wish.store.display().to_string();
    output.result(&report, |out| tell(&report, &store, out))?;
    if report.sound { Ok(()) } else { Err(Failure::quiet(Code::Damaged)) }
}

/// Checks a store.
pub fn report(path: &Path, output: Output, tell: &mut dyn FnMut(u64, u64) -> bool) -> Outcome<Report> {
    let database = match store::read(path, output) {
        Err(failure) if failure.code == Code::Damaged => return unopened(path, &failure),
        database => database?,
    };
    let health = database.analyze_health(&HealthOptions { full: true, quota_bytes: None }, tell)?;
    let damage = health.causes.iter().map(|cause| Damage {
        file: cause.file.clone(),
        offset: cause.offset,
        bytes: None,
        reason: cause.reason.clone(),
    });
    let read = health.checked.as_ref().map_or(0, |checked| checked.bytes);
    let lost_snapshots = lost_snapshots(&database, &mut || tell(read, read))?;
    Ok(Report {
        sound: health.integrity_status == Integrity::Ok && lost_snapshots.is_empty(),
        integrity_status: integrity(&health),
        documents: Some(health.total_records),
        files: health.checked.as_ref().map(|checked| checked.files),
        bytes: health.checked.as_ref().map(|checked| checked.bytes),
        torn_bytes: database.recovery_report()?.torn_bytes,
        damage: damage.collect(),
        lost_snapshots,
    })
}

/// What is damaged in a store that cannot be opened: all that salvage would have to do without.
fn unopened(path: &Path, failure: &Failure) -> Outcome<Report> {
    let database = store::read_whole_parts(path)?;
    let lost = database.recovery_report()?.lost.iter();
    let mut damage: Vec<Damage> = lost
        .map(|loss| Damage {
            file: loss.file.clone(),
            offset: loss.offset,
            bytes: Some(loss.bytes),
            reason: loss.reason.clone(),
        })
        .collect();
    if damage.is_empty() {
        // Nothing has to be left out, and yet it cannot be opened: the refusal itself says why.
        let reason = failure.text(false).unwrap_or_default();
        damage.push(Damage { file: String::new(), offset: 0, bytes: None, reason });
    }
    Ok(Report {
        sound: false,
        integrity_status: "CORRUPT".to_owned(),
        documents: None,
        files: None,
        bytes: None,
        torn_bytes: 0,
        damage,
        lost_snapshots: Vec::new(),
    })
}

/// The snapshots whose files are damaged. `go_on` may end the search before each.
pub fn lost_snapshots(database: &Database, go_on: &mut dyn FnMut() -> bool) -> Outcome<Vec<LostSnapshot>> {
    let mut lost = Vec::new();
    for snapshot in database.list_snapshots()?.snapshots {
        if !go_on() {
            return Err(Error::Cancelled.into());
        }
        match database.verify_snapshot(&snapshot.id).map_err(Failure::from) {
            Err(failure) if failure.code == Code::Damaged => {
                let reason = failure.text(false).unwrap_or_default();
                lost.push(LostSnapshot { id: snapshot.id, label: snapshot.label, reason });
            }
            // A game may have deleted it, or replaced its files, meanwhile.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(lost)
}

fn tell(report: &Report, store: &str, out: &mut dyn Write) -> io::Result<()> {
    tell_damage(report, out)?;
    if report.torn_bytes > 0 {
        let size = bytes(report.torn_bytes);
        writeln!(out, "{size} at the end of the journal were not finished and are dropped; that is no damage")?;
    }
    let store = Shown(store);
    match (report.sound, report.files, report.bytes) {
        (true, Some(files), Some(read)) => {
            let documents = count(report.documents.unwrap_or_default(), "document");
            writeln!(out, "{store} is sound: {documents}, {}, {} read", count(files, "file"), bytes(read))
        }
        (true, ..) => writeln!(out, "{store} is sound"),
        (false, ..) if report.is_corrupt() => {
            writeln!(out, "{store} is CORRUPT; coffer repair keeps what is whole")
        }
        (false, ..) => writeln!(out, "{store} is DEGRADED; coffer repair clears up what is lost"),
    }
}

/// A line for each thing that is damaged.
pub fn tell_damage(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.damage.iter().try_for_each(|one| writeln!(out, "{one}"))?;
    report.lost_snapshots.iter().try_for_each(|one| writeln!(out, "lost: {} {}", one.id, Shown(&one.label)))
}
