//! `coffer restore`: an earlier state brought back, all or in part.
//!
//! Invariant: it is one commit, the state before it is a snapshot, and without `--yes` the user is asked.

use crate::outcome::Outcome;
use crate::output::{Output, Shown, bytes, count};
use crate::progress::Progress;
use crate::{ask, store};
use clap::Args;
use coffer::database::{Restored, Selection};
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Bring back a snapshot, or some documents of it
#[derive(Args)]
#[command(
    after_help = "The state before becomes a snapshot, whose id is printed. STATE is a snapshot's id or label, latest, or \
as far as the journal reaches sequence:COMMIT or time:MILLISECONDS.\n\nExample: coffer restore my-game.db \"before the boss\" --dry-run"
)]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
    #[arg(value_name = "STATE")]
    id: String,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Only this collection; may be given several times
    #[arg(long, value_name = "NAME")]
    collection: Vec<String>,
    /// Only the document of this key; may be given several times
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
}

fn selection(wish: &Wish, dry_run: bool) -> Outcome<Selection> {
    let given = |names: &[String]| (!names.is_empty()).then(|| names.to_vec());
    let options =
        json!({"collections": given(&wish.collection), "keys": given(&wish.key), "dry_run": dry_run}).to_string();
    Ok(Selection::parse(Some(&options))?)
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    if wish.dry_run {
        let planned = store::read(&wish.store, output)?.restore(&wish.id, &selection(wish, true)?)?;
        return output.result(&planned, |out| tell(&planned, out));
    }
    let database = store::write(&wish.store, None)?;
    let planned = database.restore(&wish.id, &selection(wish, true)?)?;
    let (saved, cleared) = (count(planned.saved, "document"), count(planned.cleared, "document"));
    ask::agreed(wish.yes, &format!("{saved} would be saved and {cleared} cleared. Restore {}?", planned.id))?;
    let working = Progress::of("restoring", output);
    let restored = database.restore(&wish.id, &selection(wish, false)?);
    let closed = database.close();
    let restored = restored?;
    closed?;
    drop(working);
    output.result(&restored, |out| tell(&restored, out))
}

fn tell(restored: &Restored, out: &mut dyn Write) -> io::Result<()> {
    for one in restored.changes.iter().flatten() {
        writeln!(out, "{:<6} {}", one.action, Shown(&one.key))?;
    }
    let done = if restored.dry_run { "would restore" } else { "restored" };
    let (id, saved) = (&restored.id, count(restored.saved, "document"));
    writeln!(out, "{done} {id}: {saved} saved ({}), {} cleared", bytes(restored.bytes), restored.cleared)?;
    match &restored.undo {
        Some(undo) => writeln!(out, "the state before is snapshot {undo}; coffer restore brings it back"),
        None => Ok(()),
    }
}
