//! `coffer info`: what a store is, in a screenful.
//!
//! Reads only. Invariant: the JSON form's members stay; what is not known is null.

use crate::outcome::Outcome;
use crate::output::{Output, Shown, ago, bytes, count, time};
use crate::{files, store};
use clap::Args;
use coffer::database::{CollectionHealth, Health, HealthOptions, ImageHealth, JournalHealth, SnapshotHealth, owner};
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;

/// Show what a store holds, how large it is, and who has it open
#[derive(Args)]
#[command(after_help = "Example: coffer info my-game.db")]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
}

#[derive(Serialize)]
struct Info {
    path: String,
    /// The process that has the store open; null if there is none, or if the platform does not tell.
    open_in: Option<u32>,
    /// Of the image; null if there is none yet.
    format: Option<u32>,
    sequence: u64,
    documents: u64,
    document_bytes: u64,
    disk_bytes: u64,
    last_saved_ms: Option<u64>,
    collections: Vec<CollectionHealth>,
    image: ImageHealth,
    journal: JournalHealth,
    snapshots: SnapshotHealth,
    integrity_status: String,
    score: u32,
    findings: Vec<serde_json::Value>,
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    let database = store::read(&wish.store, output)?;
    let health = database.analyze_health(&HealthOptions::default(), &mut |_, _| true)?;
    let of_users = || health.collections.iter().filter(|one| one.name != "save_metadata");
    let info = Info {
        path: files::full(&wish.store).display().to_string(),
        open_in: owner(&wish.store),
        format: database.image_format()?,
        sequence: health.sequence,
        documents: of_users().map(|one| one.documents).sum(),
        document_bytes: of_users().map(|one| one.bytes).sum(),
        disk_bytes: health.disk_bytes,
        last_saved_ms: of_users().filter_map(|one| one.newest_save_ms).max(),
        integrity_status: integrity(&health),
        score: health.score,
        findings: health.findings.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
        collections: health.collections,
        image: health.image,
        journal: health.journal,
        snapshots: health.snapshots,
    };
    output.result(&info, |out| tell(&info, out))
}

/// The verdict as the health report writes it.
pub fn integrity(health: &Health) -> String {
    format!("{:?}", health.integrity_status).to_uppercase()
}

fn tell(info: &Info, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "store      {}", Shown(&info.path))?;
    match info.open_in {
        Some(pid) => writeln!(out, "open in    process {pid}")?,
        None if cfg!(target_os = "linux") => writeln!(out, "open in    no process")?,
        None => {}
    }
    let format = info.format.map_or_else(|| "none yet".to_owned(), |format| format.to_string());
    writeln!(out, "format     {format}")?;
    writeln!(out, "commit     {}", info.sequence)?;
    match info.last_saved_ms {
        Some(saved) => writeln!(out, "last save  {}, {}", time(saved), ago(saved))?,
        None => writeln!(out, "last save  none")?,
    }
    let (image, journal) = (bytes(info.image.bytes), bytes(info.journal.bytes));
    writeln!(out, "on disk    {} (image {image}, journal {journal})", bytes(info.disk_bytes))?;
    writeln!(out, "documents  {}, {}", info.documents, bytes(info.document_bytes))?;
    for one in &info.collections {
        writeln!(out, "  {:<18} {:>9}  {:>12}", one.name, one.documents, bytes(one.bytes))?;
    }
    let kept = bytes(info.snapshots.history_bytes);
    writeln!(
        out,
        "snapshots  {} ({} automatic), past versions {kept}",
        info.snapshots.count, info.snapshots.automatic
    )?;
    // Without reading every byte; who wants to be sure is told how.
    writeln!(
        out,
        "health     {}, {} of 100, at a glance; coffer verify checks all",
        info.integrity_status, info.score
    )?;
    for one in &info.findings {
        let part = |name: &str| one.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let points = one.get("points").and_then(serde_json::Value::as_u64).unwrap_or_default();
        writeln!(out, "  {}: {}; {} (-{})", part("what"), part("why"), part("do"), count(points, "point"))?;
    }
    Ok(())
}
