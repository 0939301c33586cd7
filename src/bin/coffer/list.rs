//! `coffer list`: the documents of a store by their keys.
//!
//! Reads only. Invariant: what is listed can be given to `coffer get`, and comes in the order of its bytes.

use crate::outcome::Outcome;
use crate::output::{Output, Shown, stdout, time};
use crate::store;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use coffer::database::{Database, Target, target};
use coffer::document::Collection;
use coffer::error::Error;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// List the keys of the documents, with sizes and times if wanted
#[derive(Args)]
#[command(
    after_help = "A past version of a Tier 1 document, a counter and the layer's own records are listed with --all, or if \
their collection is asked for.\n\nExample: coffer list my-game.db --prefix slot- --long"
)]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
    /// Only keys that begin so
    #[arg(long, default_value = "")]
    prefix: String,
    /// Only keys of this collection
    #[arg(long, value_parser = collections())]
    collection: Option<Collection>,
    /// Past versions, counters and the layer's records too
    #[arg(short, long)]
    all: bool,
    /// Bytes, revision and time of each
    #[arg(short, long)]
    long: bool,
    /// At most so many
    #[arg(long)]
    limit: Option<usize>,
    /// End each key with a zero byte instead of a line's end
    #[arg(short = '0', long, conflicts_with_all = ["long", "json"])]
    null: bool,
}

/// Takes the name of a collection.
fn collections() -> impl TypedValueParser<Value = Collection> {
    let of = |name: String| Collection::ALL.into_iter().find(|one| one.name() == name).ok_or("no collection");
    PossibleValuesParser::new(Collection::ALL.map(Collection::name)).try_map(of)
}

#[derive(Serialize)]
struct Listed<'k> {
    key: &'k str,
    collection: &'static str,
    bytes: u64,
    revision: u64,
    saved_at_ms: u64,
}

/// The collection of a key, and whether it is one that the user saves to by this very key.
fn place(key: &str) -> (Collection, bool) {
    match target(key) {
        Target::Newest(collection) => (collection, true),
        Target::Counter(collection) | Target::Version(collection, _) => (collection, false),
        Target::Layer(_) => (Collection::SaveMetadata, false),
        Target::Plugin(_) => (Collection::PluginData, true),
    }
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    let database = store::read(&wish.store, output)?;
    let mut out = stdout();
    let mut listed = 0;
    if output.json {
        out.write_all(b"[")?;
    }
    for key in database.list_keys(Some(&wish.prefix), None, 0)? {
        if wish.limit.is_some_and(|limit| listed >= limit) {
            break;
        }
        let (collection, is_saved_to) = place(&key);
        let is_wanted = match wish.collection {
            Some(wanted) => wanted == collection,
            None => is_saved_to || wish.all,
        };
        let Some(found) = (if is_wanted { look(&database, &key, collection)? } else { None }) else { continue };
        if output.json {
            out.write_all(if listed > 0 { b",\n" } else { b"" })?;
            out.write_all(serde_json::to_string(&found).unwrap_or_default().as_bytes())?;
        } else if wish.long {
            let (bytes, revision, saved) = (found.bytes, found.revision, time(found.saved_at_ms));
            writeln!(out, "{bytes:>10} {revision:>7}  {saved}  {}", Shown(&key))?;
        } else if wish.null {
            write!(out, "{key}\0")?;
        } else {
            writeln!(out, "{}", Shown(&key))?;
        }
        listed += 1;
    }
    if output.json {
        out.write_all(b"]\n")?;
    }
    Ok(out.flush()?)
}

/// What there is under a key; a collection's name is listed by the library whether it holds something or not.
fn look<'k>(database: &Database, key: &'k str, collection: Collection) -> Outcome<Option<Listed<'k>>> {
    let found = database.load_with(key, |found| Listed {
        key,
        collection: collection.name(),
        bytes: found.text.len() as u64,
        revision: found.revision,
        saved_at_ms: found.saved_at_ms,
    });
    match found {
        Err(Error::NotFound { .. }) => Ok(None),
        found => Ok(Some(found?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_collection_that_the_library_gives_it() {
        for (key, expected) in [
            ("character_roster", (Collection::CharacterRoster, true)),
            ("character_roster_v", (Collection::CharacterRoster, false)),
            ("equipment_sets_v12", (Collection::EquipmentSets, false)),
            ("equipment_sets_v012", (Collection::PluginData, true)),
            ("equipment_sets_old", (Collection::PluginData, true)),
            ("save_metadata/snapshots/snapshot-1", (Collection::SaveMetadata, false)),
            ("slot-1", (Collection::PluginData, true)),
        ] {
            assert_eq!(place(key), expected, "{key}");
        }
    }
}
