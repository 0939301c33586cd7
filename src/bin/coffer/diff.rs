//! `coffer diff`: how two states of a store differ, or two versions of one document.
//!
//! Reads only. Invariant: the patches are printed as the library makes them, digit for digit.

use crate::outcome::{Failure, Outcome};
use crate::output::{Output, Shown, bytes, stdout, write_json};
use crate::store;
use clap::Args;
use coffer::database::Difference;
use coffer::error::{Error, quoted};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{self, Write};
use std::path::PathBuf;

/// Show how two states differ, or two versions of a document
#[derive(Args)]
#[command(after_help = "A state is a snapshot's id or label, latest, or now.\n\n\
Example: coffer diff my-game.db \"before the boss\"\n         coffer diff my-game.db --versions-of party_configs 3 4")]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
    #[arg(value_name = "FROM")]
    from: String,
    /// now, if left out; of versions the newest
    #[arg(value_name = "TO")]
    to: Option<String>,
    /// Compare two versions of this Tier 1 document; FROM and TO are their numbers
    #[arg(long, value_name = "DOCUMENT")]
    versions_of: Option<String>,
    /// Only the keys
    #[arg(long, conflicts_with = "json")]
    keys: bool,
    /// Only the JSON Patch (RFC 6902) of the document of this key
    #[arg(long, value_name = "KEY", conflicts_with_all = ["keys", "versions_of"])]
    patch: Option<String>,
}

/// One operation of a JSON Patch.
#[derive(Deserialize)]
struct Operation<'p> {
    op: String,
    path: String,
    from: Option<String>,
    #[serde(borrow)]
    value: Option<&'p RawValue>,
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    let database = store::read(&wish.store, output)?;
    if let Some(document) = &wish.versions_of {
        let number = |text: &str| {
            text.parse::<u64>().map_err(|_| Failure::usage(format!("{text:?} is no version; versions are numbers")))
        };
        let to = wish.to.as_deref().map_or(Ok(0), number)?;
        let patch = database.diff_versions(document, number(&wish.from)?, to)?;
        return output.result(&patch, |out| operations(&patch, "", out));
    }
    let difference = database.diff_snapshots(&wish.from, wish.to.as_deref().unwrap_or("now"))?;
    if let Some(key) = &wish.patch {
        let mut out = stdout();
        write_json(&mut out, &patch_of(&difference, key)?)?;
        return Ok(out.flush()?);
    }
    output.result(&difference, |out| tell(&difference, wish.keys, out))
}

fn patch_of<'d>(difference: &'d Difference, key: &str) -> Outcome<&'d RawValue> {
    let changed = difference.changed.iter().find(|one| one.key == key);
    let what = || format!("document {} that is in both states and differs", quoted(key));
    Ok(changed.map(|one| &*one.patch).ok_or_else(|| Error::NotFound { what: what() })?)
}

fn tell(difference: &Difference, only_keys: bool, out: &mut dyn Write) -> io::Result<()> {
    if !only_keys {
        let Difference { from, to, .. } = difference;
        writeln!(out, "{} (commit {}) to {} (commit {})", from.id, from.sequence, to.id, to.sequence)?;
    }
    for (sign, documents) in [('+', &difference.added), ('-', &difference.removed)] {
        for one in documents {
            let size = if only_keys { String::new() } else { format!(" ({})", bytes(one.bytes)) };
            writeln!(out, "{sign} {}{size}", Shown(&one.key))?;
        }
    }
    for one in &difference.changed {
        writeln!(out, "~ {}", Shown(&one.key))?;
        if !only_keys {
            operations(&one.patch, "    ", out)?;
        }
    }
    Ok(())
}

/// A patch, one operation a line.
fn operations(patch: &RawValue, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let Ok(operations) = serde_json::from_str::<Vec<Operation<'_>>>(patch.get()) else {
        return writeln!(out, "{indent}{}", patch.get());
    };
    if operations.is_empty() {
        return writeln!(out, "{indent}only white space or the order of members");
    }
    for Operation { op, path, from, value } in operations {
        let place = if path.is_empty() { "the whole document".to_owned() } else { Shown(&path).to_string() };
        write!(out, "{indent}{op} {place}")?;
        if let Some(from) = from {
            write!(out, " from {}", Shown(&from))?;
        }
        match value {
            Some(value) => writeln!(out, " {}", value.get())?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
