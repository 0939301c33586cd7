//! `coffer snapshot`: making, listing, keeping, checking and carrying snapshots.
//!
//! Invariant: what only looks opens the store read-only.

use crate::outcome::Outcome;
use crate::output::{Output, Shown, bytes, count, time};
use crate::progress::Progress;
use crate::store;
use clap::{Args, Subcommand};
use coffer::database::{Database, Snapshot};
use coffer::error::Result;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Make, list, pin, delete, check or carry snapshots
#[derive(Args)]
#[command(
    after_help = "Where an id is asked for, a label or latest will do.\n\nExample: coffer snapshot create my-game.db \"before the boss\""
)]
pub struct Wish {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Subcommand)]
pub enum Action {
    /// Make a snapshot of now, which copies nothing
    Create {
        /// The store's folder
        store: PathBuf,
        label: Option<String>,
    },
    /// List the snapshots, oldest first
    List {
        /// The store's folder
        store: PathBuf,
    },
    /// Show what is known of a snapshot
    Show {
        /// The store's folder
        store: PathBuf,
        id: String,
    },
    /// Delete a snapshot
    Delete {
        /// The store's folder
        store: PathBuf,
        id: String,
    },
    /// Keep an automatic snapshot for good
    Pin {
        /// The store's folder
        store: PathBuf,
        id: String,
    },
    /// Let an automatic snapshot go in its turn
    Unpin {
        /// The store's folder
        store: PathBuf,
        id: String,
    },
    /// Read again and check every byte that a snapshot needs
    Verify {
        /// The store's folder
        store: PathBuf,
        id: String,
    },
    /// Write a snapshot to one file, for another store
    Export {
        /// The store's folder
        store: PathBuf,
        id: String,
        path: PathBuf,
    },
    /// Take in a file of coffer snapshot export, as one more snapshot
    Import {
        /// The store's folder
        store: PathBuf,
        path: PathBuf,
        /// Another label than that in the file
        #[arg(long)]
        label: Option<String>,
    },
}

pub fn run(action: &Action, output: Output) -> Outcome {
    match action {
        Action::Create { store, label } => {
            let made = change(store, |database| database.create_snapshot(label.as_deref()))?;
            output.result(&made, |out| writeln!(out, "made {} {}", made.id, Shown(&made.label)))
        }
        Action::List { store } => list(store, output),
        Action::Show { store, id } => {
            let snapshot = store::read(store, output)?.get_snapshot(id)?;
            output.result(&snapshot, |out| show(&snapshot, out))
        }
        Action::Delete { store, id } => {
            // The id of what a label names has to be found before it is gone.
            let found = change(store, |database| {
                let found = database.get_snapshot(id)?;
                database.delete_snapshot(&found.id)?;
                Ok(found)
            })?;
            output.result(&json!({"deleted": found.id}), |out| writeln!(out, "deleted {}", found.id))
        }
        Action::Pin { store, id } => pin(store, id, true, output),
        Action::Unpin { store, id } => pin(store, id, false, output),
        Action::Verify { store, id } => verify(store, id, output),
        Action::Export { store, id, path } => export(store, id, path, output),
        Action::Import { store, path, label } => {
            let working = Progress::of("importing", output);
            let made = change(store, |database| database.import_snapshot(path, label.as_deref()))?;
            drop(working);
            output.result(&made, |out| writeln!(out, "made {} {}", made.id, Shown(&made.label)))
        }
    }
}

/// Opens a store, changes it, and closes it.
fn change<T>(path: &Path, change: impl FnOnce(&Database) -> Result<T>) -> Outcome<T> {
    let database = store::write(path, None)?;
    let changed = change(&database);
    let closed = database.close();
    let changed = changed?;
    closed?;
    Ok(changed)
}

fn pin(path: &Path, id: &str, pinned: bool, output: Output) -> Outcome {
    let snapshot = change(path, |database| database.pin_snapshot(id, pinned))?;
    let state = if pinned { "pinned" } else { "no longer pinned" };
    output.result(&snapshot, |out| writeln!(out, "{} is {state}", snapshot.id))
}

fn verify(path: &Path, id: &str, output: Output) -> Outcome {
    let database = store::read(path, output)?;
    let working = Progress::of("checking", output);
    let verified = database.verify_snapshot(id)?;
    drop(working);
    output.result(&verified, |out| {
        let (documents, size) = (count(verified.documents, "document"), bytes(verified.bytes));
        writeln!(out, "{} is sound: {documents}, {size}", verified.id)
    })
}

fn export(path: &Path, id: &str, target: &Path, output: Output) -> Outcome {
    let database = store::read(path, output)?;
    let working = Progress::of("exporting", output);
    let file = database.export_snapshot(id, target)?;
    drop(working);
    output.result(&file, |out| {
        let (documents, size) = (count(file.documents, "document"), bytes(file.file_bytes));
        writeln!(out, "exported {} to {}: {documents}, {size}", file.id, Shown(&file.path))
    })
}

fn list(path: &Path, output: Output) -> Outcome {
    let list = store::read(path, output)?.list_snapshots()?;
    output.result(&list, |out| list.snapshots.iter().try_for_each(|one| line(one, out)))
}

fn line(one: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let kind = format!("{:?}", one.kind).to_lowercase();
    let pinned = if one.pinned { ", pinned" } else { "" };
    let (made, documents) = (time(one.created_at_ms), count(one.documents, "document"));
    writeln!(out, "{:<16} {made}  {documents}, {}  {kind}{pinned}  {}", one.id, bytes(one.bytes), Shown(&one.label))
}

fn show(one: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    line(one, out)?;
    for name in one.collections.keys() {
        let size = one.size_of(name);
        writeln!(out, "  {name:<18} {:>9}  {:>12}", size.documents, bytes(size.bytes))?;
    }
    Ok(())
}
