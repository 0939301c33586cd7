//! What a store under test is asked to do, made from a seed, and how such a store is opened.
//!
//! It is the same for every test that crashes or fails a store; `run` does it. Invariant: a script depends on nothing but
//! its seed and its length.

use super::file_system::{FileSystem, Node};
use super::model::{Change, TIER1, VERSIONS_KEPT};
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use super::snapshots::{Part, SNAPSHOTS_KEPT};
use coffer::database::Database;
use coffer::disk::Disk;
use coffer::error::Result;
use coffer::options::{Durability, Options};
use std::path::Path;
use std::sync::Arc;

/// Where the store lies on the simulated disk.
pub const STORE: &str = "/saves/store";
/// Where snapshots are exported to.
pub const EXPORT: &str = "/saves/export";
/// Where documents are exported to, in whatever format.
pub const SHARED: &str = "/saves/shared";

/// One call to the store.
#[derive(Debug, Clone)]
pub enum Action {
    Save {
        key: String,
        text: Arc<str>,
        durability: Durability,
    },
    Clear {
        key: String,
        durability: Durability,
    },
    Batch {
        changes: Vec<Change>,
        durability: Durability,
    },
    /// Makes a snapshot.
    Name,
    /// These choose among the snapshots that there are; without any, nothing is done.
    Restore {
        chosen: usize,
        part: Part,
    },
    Delete {
        chosen: usize,
    },
    Pin {
        chosen: usize,
        pinned: bool,
    },
    /// Exports a snapshot and takes it in as another.
    Import {
        chosen: usize,
    },
    /// Exports all documents in this format.
    Share {
        format: &'static str,
    },
    /// Takes in what was exported last.
    TakeIn,
    /// Lists the versions of every document that keeps them.
    Versions,
    Flush,
    Maintain,
    Checkpoint,
    /// Closes the store and opens it again.
    Reopen,
    /// Leaves the store as a dying process does, and opens it again.
    Abandon,
}

/// Options for a store whose every step is decided by the test: small segments, frequent checkpoints, no thread.
pub fn options() -> Options {
    Options {
        background: false,
        segment_bytes: 4096,
        checkpoint_bytes: 48 << 10,
        versions_kept: VERSIONS_KEPT,
        snapshots_kept: SNAPSHOTS_KEPT,
        ..Options::default()
    }
}

/// A disk with nothing but the folder that the store's folder is to be made in.
pub fn empty_disk(seed: u64) -> SimulatedDisk {
    let folders = ["/", "/saves"].map(|path| (path.into(), Node::Folder));
    SimulatedDisk::holding(FileSystem::all_durable(Vec::new(), folders.into()), seed)
}

pub fn open(disk: &Arc<dyn Disk>, options: &Options) -> Result<Database> {
    Database::open_on(disk.clone(), Path::new(STORE), options)
}

/// Makes a script of so many actions, of every kind and size, behind a few that always come first.
pub fn make_script(seed: u64, length: usize) -> Vec<Action> {
    let mut random = Random::new(seed);
    let mut script = prologue();
    script.extend((script.len()..length).map(|number| make_action(number, &mut random)));
    script
}

/// What chance brings about too seldom: promises that rest on an earlier commit than their own.
fn prologue() -> Vec<Action> {
    use Durability::{Behind, Durable, Written};
    let text = |length| format!("\"{}\"", "x".repeat(length)).into();
    let save = |key: &str, length, durability| Action::Save { key: key.to_owned(), text: text(length), durability };
    let clear = |key: &str, durability| Action::Clear { key: key.to_owned(), durability };
    vec![
        save("slot/1", 10, Written),
        save("slot/2", 20, Durable),
        // The second clear finds nothing to do, and yet promises that the first one lasts.
        clear("slot/1", Behind),
        clear("slot/1", Durable),
        // Past half of a segment the next one is made ahead; one that ends there is sealed with bytes not yet synced.
        save("slot/3", 3000, Written),
        Action::Maintain,
        save("slot/4", 100, Written),
        save("slot/5", 2000, Written),
        save("slot/6", 30, Durable),
        Action::Name,
        save("slot/2", 40, Behind),
        // The first image has no older one to replace, only a journal. It names a history file.
        Action::Checkpoint,
        // What the restore brings back lies in the history, the state before it in memory.
        Action::Share { format: "json" },
        save("slot/3", 50, Behind),
        Action::TakeIn,
        Action::Restore { chosen: 0, part: Part::Everything },
        Action::Versions,
        Action::Import { chosen: 0 },
        // A snapshot that the newest image knows goes, and its history with the next image.
        Action::Delete { chosen: 0 },
        Action::Checkpoint,
    ]
}

fn make_action(number: usize, random: &mut Random) -> Action {
    let durability = *random.pick(&[Durability::Behind, Durability::Written, Durability::Durable]);
    let chosen = random.below(64);
    match random.below(128) {
        119..123 => Action::Share { format: make_format(random) },
        123..126 => Action::TakeIn,
        126 => Action::Versions,
        100..106 => Action::Name,
        106..111 => Action::Restore { chosen, part: make_part(random) },
        111..115 => Action::Delete { chosen },
        115..117 => Action::Pin { chosen, pinned: random.percent(60) },
        117..119 => Action::Import { chosen },
        0..49 => Action::Save { key: make_key(random), text: make_text(number, random), durability },
        49..58 => Action::Save { key: (*random.pick(&TIER1)).to_owned(), text: make_text(number, random), durability },
        58..66 => Action::Clear { key: make_key(random), durability },
        66..67 => Action::Clear { key: (*random.pick(&TIER1)).to_owned(), durability },
        67..77 => Action::Batch { changes: make_batch(number, random), durability },
        77..81 => Action::Flush,
        81..93 => Action::Maintain,
        93..96 => Action::Checkpoint,
        96..98 => Action::Reopen,
        _ => Action::Abandon,
    }
}

fn make_format(random: &mut Random) -> &'static str {
    match random.below(4) {
        0 => "csv",
        1 => "xml",
        // Only this is taken in again.
        _ => "json",
    }
}

fn make_part(random: &mut Random) -> Part {
    match random.below(4) {
        0 => Part::Collections(vec!["plugin_data"]),
        1 => Part::Keys(vec![make_key(random), make_key(random), (*random.pick(&TIER1)).to_owned()]),
        _ => Part::Everything,
    }
}

/// Few enough keys that they are overwritten and cleared again and again.
fn make_key(random: &mut Random) -> String {
    match random.below(24) {
        23 => format!("long/{}", "k".repeat(1000)),
        number => format!("slot/{number}"),
    }
}

/// Mostly small texts, some up to 20 KB; each names the action it came from, so that no two are alike.
fn make_text(number: usize, random: &mut Random) -> Arc<str> {
    let length = match random.below(20) {
        0..11 => random.below(200),
        11..17 => 200 + random.below(1800),
        17..19 => 2000 + random.below(4000),
        _ => 6000 + random.below(14_000),
    };
    let mut text = format!("[{number},\"");
    while text.len() < length {
        text.push_str(&format!("{:x}", random.next()));
    }
    text.push_str("\"]");
    text.into()
}

fn make_batch(number: usize, random: &mut Random) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..1 + random.below(6) {
        let key = if random.percent(12) { (*random.pick(&TIER1)).to_owned() } else { make_key(random) };
        if changes.iter().all(|(other, _)| *other != key) {
            changes.push((key, random.percent(75).then(|| make_text(number, random))));
        }
    }
    changes
}
