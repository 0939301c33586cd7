//! `coffer export` and `coffer import`: documents to and from the files of other programs.
//!
//! Invariant: the file or the store is what it was before, or all of the work, also if Ctrl-C comes between.

use crate::outcome::{Failure, Outcome};
use crate::output::{Output, Shown, bytes, count};
use crate::progress::Progress;
use crate::store;
use clap::{Args, ValueEnum};
use coffer::database::{Database, ExportSelection, ImportOptions, ImportedFile};
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Csv,
    Xml,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Xml => "xml",
        }
    }

    /// What a file's name says.
    fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_lowercase();
        [Format::Json, Format::Csv, Format::Xml].into_iter().find(|one| one.name() == extension)
    }
}

/// Write documents to a JSON, CSV or XML file
#[derive(Args)]
#[command(
    after_help = "Without --format the file's name says it, and JSON is written if it does not. Saves of the game meanwhile \
are not in the file: it is the state of one moment.\n\nExample: coffer export my-game.db shop.csv --key shop"
)]
pub struct ExportWish {
    /// The store's folder
    store: PathBuf,
    /// The file; one that is there is replaced
    path: PathBuf,
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The documents as they were in a snapshot: its id or label, or latest
    #[arg(long, value_name = "STATE")]
    at: Option<String>,
    /// Only this collection; may be given several times
    #[arg(long, value_name = "NAME")]
    collection: Vec<String>,
    /// Only the document of this key; may be given several times
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
}

/// Take documents in from a JSON, CSV or XML file, in one commit
#[derive(Args)]
#[command(
    after_help = "The state before becomes a snapshot, whose id is printed. Without --format the file's beginning says it.\n\n\
Example: coffer import my-game.db shop.csv --dry-run"
)]
pub struct ImportWish {
    /// The store's folder
    store: PathBuf,
    path: PathBuf,
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only tell what would be done; works while a game has the store open
    #[arg(long)]
    dry_run: bool,
    /// What becomes of a document that is there and differs
    #[arg(long, value_enum, default_value = "overwrite")]
    on_conflict: OnConflict,
    /// Clear the documents that the file does not have
    #[arg(long)]
    replace: bool,
    /// Only this collection; may be given several times
    #[arg(long, value_name = "NAME")]
    collection: Vec<String>,
    /// The column or member that holds the key of a record
    #[arg(long, value_name = "NAME")]
    key_column: Option<String>,
    /// The key of a document that the file gives none
    #[arg(long)]
    key: Option<String>,
    /// Take a JSON file as one document, whatever it holds
    #[arg(long)]
    whole: bool,
    /// Pass over what is not quite right in a JSON or XML file, where that is possible
    #[arg(long)]
    lenient: bool,
    /// Make the store if there is none
    #[arg(long)]
    create: bool,
    /// Options of the store as a JSON object, as games give them at opening
    #[arg(long, value_name = "JSON")]
    options: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnConflict {
    Overwrite,
    Skip,
    Fail,
}

fn given(names: &[String]) -> Option<Vec<String>> {
    (!names.is_empty()).then(|| names.to_vec())
}

pub fn export(wish: &ExportWish, output: Output) -> Outcome {
    let database = store::read(&wish.store, output)?;
    let format = wish.format.or_else(|| Format::of(&wish.path)).unwrap_or(Format::Json);
    let selection = ExportSelection {
        at: wish.at.clone(),
        collections: given(&wish.collection),
        keys: given(&wish.key).map(|keys| keys.into_iter().collect()),
    };
    let mut progress = Progress::that_can_end("exporting", output)?;
    let mut tell = |done, total| progress.tell(done, total);
    let file = database.export_selected(Some(format.name()), Some(&wish.path), &selection, &mut tell)?;
    drop(progress);
    output.result(&file, |out| {
        let (documents, size) = (count(file.documents, "document"), bytes(file.bytes));
        writeln!(
            out,
            "exported {documents} of commit {} to {}, {size} of {}",
            file.sequence,
            Shown(&file.path),
            file.format
        )
    })
}

fn options(wish: &ImportWish) -> Outcome<ImportOptions> {
    let on_conflict = match wish.on_conflict {
        OnConflict::Overwrite => "overwrite",
        OnConflict::Skip => "skip",
        OnConflict::Fail => "fail",
    };
    let options = json!({
        "mode": if wish.replace { "replace" } else { "merge" },
        "on_conflict": on_conflict,
        "collections": given(&wish.collection),
        "key_column": wish.key_column,
        "key": wish.key,
        "dry_run": wish.dry_run,
        "lenient": wish.lenient,
        "whole": wish.whole,
    });
    Ok(ImportOptions::parse(Some(&options.to_string()))?)
}

fn open(wish: &ImportWish, output: Output) -> Outcome<Database> {
    match (wish.dry_run, wish.create) {
        (true, true) => Err(Failure::usage("--dry-run makes no store, so it does not go with --create")),
        (true, false) => store::read(&wish.store, output),
        (false, create) => store::write_or_create(&wish.store, create, wish.options.as_deref()),
    }
}

pub fn import(wish: &ImportWish, output: Output) -> Outcome {
    let options = options(wish)?;
    let database = open(wish, output)?;
    let mut progress = Progress::that_can_end("importing", output)?;
    let format = wish.format.map(Format::name);
    let imported =
        database.import_from_external(&wish.path, format, &options, &mut |done, total| progress.tell(done, total));
    let closed = database.close();
    let imported = imported?;
    closed?;
    drop(progress);
    output.result(&imported, |out| tell_import(&imported, out))
}

fn tell_import(file: &ImportedFile, out: &mut dyn Write) -> io::Result<()> {
    let done = if file.dry_run { "would import" } else { "imported" };
    writeln!(
        out,
        "{done} {}: {} saved, {} unchanged, {} cleared, {} skipped, of {} of {}",
        Shown(&file.path),
        file.saved,
        file.unchanged,
        file.cleared,
        file.skipped,
        count(file.documents, "document"),
        file.format
    )?;
    for one in &file.skipped_documents {
        let place = if one.line > 0 { format!("line {}, column {}: ", one.line, one.column) } else { String::new() };
        writeln!(out, "  skipped {}: {place}{}", Shown(&one.key), one.reason)?;
    }
    match &file.undo {
        Some(undo) => writeln!(out, "the state before is snapshot {undo}; coffer restore brings it back"),
        None => Ok(()),
    }
}
