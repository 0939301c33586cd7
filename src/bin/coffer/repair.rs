//! `coffer repair`: what is whole in a damaged store made a store again.
//!
//! Says what will be lost, asks, copies the whole folder beside itself, and only then lets the library salvage. Invariant:
//! nothing is written in a store that is sound or that another process has open; and whatever goes wrong, the copy or the
//! damaged store is there as it was.

use crate::outcome::{Code, Failure, Outcome};
use crate::output::{Output, Shown, count};
use crate::progress::Progress;
use crate::{ask, files, store, verify};
use clap::Args;
use coffer::database::owner;
use coffer::error::Error;
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Keep what is whole in a damaged store, after copying it
#[derive(Args)]
#[command(
    after_help = "The store as it was stays beside it, as STORE.before-repair. Try --dry-run first: it tells what would be lost.\n\n\
Example: coffer repair my-game.db --dry-run"
)]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
    /// Only tell what is damaged and would be lost
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Make no copy, where there is no room for one
    #[arg(long)]
    no_copy: bool,
}

/// What repairing a store came to.
#[derive(Serialize)]
struct Repaired {
    dry_run: bool,
    repaired: bool,
    /// What is damaged, and so is or would be lost.
    damage: Vec<verify::Damage>,
    deleted_snapshots: Vec<verify::LostSnapshot>,
    /// How many documents the store has then.
    documents: u64,
    /// The store as it was.
    copy: Option<String>,
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    let mut progress = Progress::that_can_end("checking", output)?;
    let mut found = verify::report(&wish.store, output, &mut |done, total| progress.tell(done, total))?;
    drop(progress);
    let mut repaired = Repaired {
        dry_run: wish.dry_run,
        repaired: false,
        documents: documents(&wish.store)?,
        deleted_snapshots: std::mem::take(&mut found.lost_snapshots),
        damage: std::mem::take(&mut found.damage),
        copy: None,
    };
    if found.sound || wish.dry_run {
        return output.result(&repaired, |out| tell(&repaired, found.sound, out));
    }
    require_alone(&wish.store, found.is_corrupt())?;
    announce(&repaired, output);
    ask::agreed(wish.yes, &question(&repaired, wish.no_copy))?;
    let copy = if wish.no_copy { None } else { Some(copied(&wish.store, output)?) };
    repaired.deleted_snapshots.clear();
    repair(&wish.store, &mut repaired, output).inspect_err(|failure| {
        // Of a store that was not touched a copy is only in the way.
        copy.as_deref().filter(|_| failure.code == Code::Busy).map(files::remove);
    })?;
    repaired.copy = copy.map(|copy| copy.display().to_string());
    repaired.repaired = true;
    output.result(&repaired, |out| tell(&repaired, false, out))
}

/// How many documents there are, or would be.
fn documents(path: &Path) -> Outcome<u64> {
    let database = store::read_whole_parts(path)?;
    Ok(database.analyze_health(&Default::default(), &mut |_, _| true)?.total_records)
}

/// Refuses while another process has the store open. Opening a damaged store takes the lock first, and changes nothing before
/// it has read what is damaged; one that opens would be changed, so there the lock is only looked at.
fn require_alone(path: &Path, is_corrupt: bool) -> Outcome {
    if let (false, Some(pid)) = (is_corrupt, owner(path)) {
        return Err(Error::Busy { path: files::full(path), owner: Some(pid) }.into());
    }
    match if is_corrupt { store::write(path, None) } else { return Ok(()) } {
        Err(failure) if failure.code == Code::Damaged => Ok(()),
        // Somebody mended it meanwhile.
        database => Ok(database?.close()?),
    }
}

fn announce(repaired: &Repaired, output: Output) {
    for one in &repaired.damage {
        output.note(one);
    }
    for one in &repaired.deleted_snapshots {
        output.note(format_args!("snapshot {} {} is lost and will be deleted", one.id, Shown(&one.label)));
    }
}

fn question(repaired: &Repaired, no_copy: bool) -> String {
    let copy = if no_copy { "WITHOUT A COPY" } else { "after a copy of it was made" };
    format!("{} are whole and stay; the rest is lost. Repair the store, {copy}?", count(repaired.documents, "document"))
}

fn copied(path: &Path, output: Output) -> Outcome<PathBuf> {
    let mut progress = Progress::of("copying", output);
    files::copy_beside(path, &mut |done, total| progress.tell(done, total))
}

/// Salvages if that is needed, and deletes the snapshots that are lost.
fn repair(path: &Path, repaired: &mut Repaired, output: Output) -> Outcome {
    let working = Progress::of("repairing", output);
    store::salvage(path)?.close()?;
    let database = store::write(path, None)?;
    repaired.deleted_snapshots = verify::lost_snapshots(&database, &mut || true)?;
    for lost in &repaired.deleted_snapshots {
        database.delete_snapshot(&lost.id)?;
    }
    database.close()?;
    drop(working);
    let after = verify::report(path, output, &mut |_, _| true)?;
    repaired.documents = documents(path)?;
    if after.sound {
        return Ok(());
    }
    let mut text = Vec::new();
    verify::tell_damage(&after, &mut text)?;
    let text = String::from_utf8_lossy(&text).trim().replace('\n', "; ");
    Err(Failure::new(Code::Damaged, format!("{} is still damaged: {text}", path.display())))
}

fn tell(repaired: &Repaired, was_sound: bool, out: &mut dyn Write) -> io::Result<()> {
    if was_sound {
        return writeln!(out, "nothing is damaged, so nothing was changed");
    }
    let (lost, gone) =
        if repaired.dry_run { ("would be lost", "would be deleted") } else { ("is lost", "was deleted") };
    repaired.damage.iter().try_for_each(|one| writeln!(out, "{lost}: {one}"))?;
    for one in &repaired.deleted_snapshots {
        writeln!(out, "{gone}: snapshot {} {}", one.id, Shown(&one.label))?;
    }
    let kept = if repaired.dry_run { "would stay" } else { "stay" };
    writeln!(out, "{} {kept}", count(repaired.documents, "document"))?;
    match &repaired.copy {
        Some(copy) => writeln!(out, "the store as it was is {}", Shown(copy)),
        None => Ok(()),
    }
}
