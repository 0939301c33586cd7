//! How the command opens stores.
//!
//! Invariant: what only reads opens read-only, which takes no lock and changes no byte, so that a game may have the store
//! open; nothing makes a store that the user did not ask for; and nothing that the game keeps goes because the command's
//! settings are others than the game's.

use crate::files;
use crate::outcome::{Code, Failure, Outcome};
use crate::output::Output;
use coffer::database::{Database, owner};
use coffer::options::Requested;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Opens a store to read.
pub fn read(path: &Path, output: Output) -> Outcome<Database> {
    let database = open(path, &json!({"read_only": true}))?;
    if let Some(pid) = owner(path) {
        output.detail(format_args!("process {pid} has the store open; this is its state of this moment"));
    }
    Ok(database)
}

/// Opens a store to read what is whole in it.
pub fn read_whole_parts(path: &Path) -> Outcome<Database> {
    open(path, &json!({"read_only": true, "recovery": "salvage"}))
}

/// Opens a store to change it.
pub fn write(path: &Path, options: Option<&str>) -> Outcome<Database> {
    open(path, &Value::Object(settings(false, options)?))
}

/// The same, and makes the store if there is nothing at `path` yet.
pub fn write_or_create(path: &Path, create: bool, options: Option<&str>) -> Outcome<Database> {
    let is_occupied = files::is_occupied(path);
    let opened = open(path, &Value::Object(settings(create && !is_occupied, options)?));
    match opened {
        Err(failure) if create && is_occupied && failure.code == Code::NotFound => {
            let reason = "is there and is no store; name a folder that is empty or not there yet";
            Err(Failure::new(Code::NotFound, format!("{} {reason}", path.display())))
        }
        opened => opened,
    }
}

/// Opens a damaged store to keep what is whole in it.
pub fn salvage(path: &Path) -> Outcome<Database> {
    let mut settings = settings(false, None)?;
    settings.insert("recovery".to_owned(), json!("salvage"));
    open(path, &Value::Object(settings))
}

fn open(path: &Path, settings: &Value) -> Outcome<Database> {
    let mut settings = settings.clone();
    if let Some(settings) = settings.as_object_mut() {
        settings.insert("plugin".to_owned(), json!("coffer command"));
    }
    Ok(Database::open(path, &Requested::parse(Some(&settings.to_string()))?)?)
}

fn settings(create: bool, options: Option<&str>) -> Outcome<Map<String, Value>> {
    let usual = json!({
        "create": create,
        "durability": "durable",
        // The most that can be kept: what the game keeps is not known here, and a save or a restore would clear the rest.
        "versions_kept": 1_u64 << 40,
        "snapshots_kept": 10_000,
    });
    let mut settings = usual.as_object().cloned().unwrap_or_default();
    let Some(options) = options else { return Ok(settings) };
    let wrong = |reason: String| Failure::new(Code::Usage, format!("--options: {reason}"));
    let given: Map<String, Value> = serde_json::from_str(options).map_err(|error| wrong(error.to_string()))?;
    if let Some(name) = ["create", "read_only", "recovery", "plugin"].iter().find(|name| given.contains_key(**name)) {
        return Err(wrong(format!("{name} is the command's to choose")));
    }
    settings.extend(given);
    Ok(settings)
}
