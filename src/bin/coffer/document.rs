//! `coffer get`, `put` and `delete`: single documents.
//!
//! Invariant: a document's text goes through byte for byte. `get` ends it with one line's end and `put` takes one off, so that
//! what the one prints the other saves; with `--raw` neither does.

use crate::outcome::{Code, Failure, Outcome};
use crate::output::{Output, Shown, stdout, write_json};
use crate::{files, pretty, store};
use clap::Args;
use coffer::database::{Database, Edit};
use coffer::document::Document;
use coffer::error::{Error, quoted};
use coffer::options::Durability;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Print a document, byte for byte as it was saved
#[derive(Args)]
#[command(after_help = "Prints the text and a line's end. Versions are those of character_roster, equipment_sets and \
party_configs.\n\nExample: coffer get my-game.db slot-1 --at \"before the boss\"")]
pub struct GetWish {
    /// The store's folder
    store: PathBuf,
    key: String,
    /// This version of a Tier 1 document
    #[arg(long, value_name = "NUMBER", conflicts_with = "at")]
    version: Option<u64>,
    /// As it was in a snapshot: its id or label, or latest
    #[arg(long, value_name = "STATE")]
    at: Option<String>,
    /// Laid out for reading
    #[arg(long, conflicts_with_all = ["revision", "entry", "raw", "json"])]
    pretty: bool,
    /// Its revision instead of its text
    #[arg(long, conflicts_with_all = ["entry", "raw"])]
    revision: bool,
    /// One JSON object with key, revision, time and value, as --json prints it
    #[arg(long, conflicts_with = "raw")]
    entry: bool,
    /// No line's end behind the text
    #[arg(long)]
    raw: bool,
}

/// Save a document from the command line, a file or standard input
#[derive(Args)]
#[command(
    after_help = "One line's end behind the text is not part of it, unless --raw is given. On character_roster, \
equipment_sets and party_configs it adds a version.\n\nExample: coffer get my-game.db slot-1 | coffer put other.db slot-1 --create"
)]
pub struct PutWish {
    /// The store's folder
    store: PathBuf,
    key: String,
    /// The JSON text; @FILE for what a file holds, - for standard input
    #[arg(value_name = "JSON", default_value = "-", allow_hyphen_values = true)]
    value: String,
    /// Only if this is its revision now; 0 if it must not be there
    #[arg(long, value_name = "NUMBER")]
    expect_revision: Option<u64>,
    /// Make the store if there is none
    #[arg(long)]
    create: bool,
    /// Take the text as it comes, a line's end behind it too
    #[arg(long)]
    raw: bool,
    /// Options of the store as a JSON object, as games give them at opening
    #[arg(long, value_name = "JSON")]
    options: Option<String>,
}

/// Clear documents, all or none
#[derive(Args)]
#[command(
    after_help = "A snapshot brings them back; see coffer snapshot and coffer restore.\n\nExample: coffer delete my-game.db slot-1 slot-2"
)]
pub struct DeleteWish {
    /// The store's folder
    store: PathBuf,
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// Only if this is the revision of the one document now
    #[arg(long, value_name = "NUMBER")]
    expect_revision: Option<u64>,
}

#[derive(Serialize)]
struct Entry<'d> {
    key: &'d str,
    revision: u64,
    saved_at_ms: u64,
    value: &'d RawValue,
}

pub fn get(wish: &GetWish, output: Output) -> Outcome {
    let database = store::read(&wish.store, output)?;
    let document = find(&database, wish)?;
    let mut out = stdout();
    if wish.entry || output.json {
        let wrong = |error| Failure::new(Code::Damaged, format!("document {} is not JSON: {error}", quoted(&wish.key)));
        let value: &RawValue = serde_json::from_str(&document.text).map_err(wrong)?;
        let Document { revision, saved_at_ms, .. } = document;
        write_json(&mut out, &Entry { key: &wish.key, revision, saved_at_ms, value })?;
    } else if wish.revision {
        writeln!(out, "{}", document.revision)?;
    } else if wish.pretty {
        writeln!(out, "{}", pretty::pretty(&document.text))?;
    } else {
        out.write_all(document.text.as_bytes())?;
        out.write_all(if wish.raw { b"" } else { b"\n" })?;
    }
    Ok(out.flush()?)
}

fn find(database: &Database, wish: &GetWish) -> Outcome<Document> {
    let copy = |loaded: coffer::database::Loaded<'_>| Document {
        text: String::from_utf8_lossy(loaded.text).into_owned(),
        revision: loaded.revision,
        saved_at_ms: loaded.saved_at_ms,
    };
    Ok(match (wish.version, &wish.at) {
        (Some(version), _) => database.load_version(&wish.key, version, copy)?,
        (None, Some(state)) => database.load_from_snapshot(state, &wish.key, copy)?,
        (None, None) => database.load(&wish.key)?,
    })
}

/// The text that is to be saved.
fn given(wish: &PutWish) -> Outcome<String> {
    let mut bytes = match wish.value.strip_prefix('@') {
        Some(path) => files::content(Path::new(path))?,
        None if wish.value == "-" => files::standard_input()?,
        None => return Ok(wish.value.clone()),
    };
    if !wish.raw && bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    let not_utf8 = |error: std::string::FromUtf8Error| {
        let place = error.utf8_error().valid_up_to();
        Failure::new(Code::Refused, format!("document {} is not UTF-8 from byte {place} on", quoted(&wish.key)))
    };
    String::from_utf8(bytes).map_err(not_utf8)
}

pub fn put(wish: &PutWish, output: Output) -> Outcome {
    let text = given(wish)?;
    let database = store::write_or_create(&wish.store, wish.create, wish.options.as_deref())?;
    let revision = database.save(&wish.key, &text, wish.expect_revision, Some(Durability::Durable))?;
    database.close()?;
    let told = json!({"key": wish.key, "revision": revision, "bytes": text.len()});
    output.result(&told, |out| writeln!(out, "saved {}, revision {revision}", Shown(&wish.key)))
}

pub fn delete(wish: &DeleteWish, output: Output) -> Outcome {
    if wish.expect_revision.is_some() && wish.keys.len() > 1 {
        return Err(Failure::usage("--expect-revision goes with one key; delete the documents one by one"));
    }
    let database = store::write(&wish.store, None)?;
    for key in &wish.keys {
        match database.load_with(key, |_| ()) {
            // To expect a revision of what is not there is a conflict, which the library tells.
            Err(Error::NotFound { .. }) if wish.expect_revision.is_some() => {}
            outcome => outcome?,
        }
    }
    let edit = |key| Edit { key, text: None, expected: wish.expect_revision };
    let edits: Vec<Edit<'_>> = wish.keys.iter().map(|key| edit(key.as_str())).collect();
    let sequence = database.save_batch(&edits, Some(Durability::Durable))?;
    database.close()?;
    output.result(&json!({"deleted": wish.keys, "commit": sequence}), |out| {
        wish.keys.iter().try_for_each(|key| writeln!(out, "deleted {}", Shown(key)))
    })
}
