//! Exports as one JSON object, and JSON of any kind as documents.
//!
//! ```json
//! {"format":"coffer","version":"0.3.0","timestamp":1795435200,"sequence":57,
//! "character_roster":{"0":"Ash"},
//! "versions":{"character_roster_v":2},
//! "plugin_data":{
//! "slot-1":{"gold": 3},
//! "slot-2":[]
//! },
//! "past_versions":{
//! "character_roster_v1":{}
//! }}
//! ```
//!
//! - A member is there if it has a document: `character_roster`, `equipment_sets` and `party_configs` are the newest ones,
//!   `past_versions` has those before them, and `versions` the counters. `timestamp` is in seconds of the Unix epoch.
//! - Documents stand byte for byte as they were saved, white space and all.
//! - The Lua plug-in that Coffer replaces wrote `version`, `timestamp`, the three documents and `versions`, and no
//!   `format`. That is read as well.
//!
//! Of a foreign file an object's members are documents under their names; an array's items are documents under their keys
//! if they are objects that have one; anything else is one document without a key.
//!
//! serde_json decides what JSON is. Invariant, beside those of [`exchange`](super): no depth of a file costs stack.

mod compact;
mod members;
mod reader;
mod stream;
mod writer;

#[cfg(test)]
mod tests;

use super::Limits;

pub use reader::read;
pub use writer::write;

/// What an export's `format` says.
const FORMAT: &str = "coffer";
/// The newest version of each is a member of an export, past ones are in `past_versions`.
const TIER1: [&str; 3] = ["character_roster", "equipment_sets", "party_configs"];
const PLUGIN_DATA: &str = "plugin_data";
const PAST_VERSIONS: &str = "past_versions";

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Of our own files, pass members that are not ours.
    pub lenient: bool,
    /// The member that holds the key of an array's items in a foreign file.
    pub key: String,
    /// The file is one document, whatever it holds.
    pub whole: bool,
    /// Documents are handed out byte for byte as they stand in the file, which takes less time. Else white space between
    /// their tokens is left out.
    pub keeps_space: bool,
    pub limits: Limits,
}

impl Options {
    pub fn new(limits: Limits) -> Options {
        Options { lenient: false, key: "key".to_owned(), whole: false, keeps_space: false, limits }
    }
}
