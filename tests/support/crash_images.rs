//! The states in which a crash can leave a simulated disk.
//!
//! It walks a disk's log once, step by step, and from where it stands makes images: fresh disks with an empty log and no
//! lock. After a power cut what survived is certain; after the death of the process alone, what was pending still is.
//! Invariants: bytes and names that a sync covered are in every image; bytes that no unsynced write touched are
//! never changed (a torn sector takes no older neighbour with it, as disks have promised for decades).

use super::file_system::{FileState, FileSystem, Node, PendingName, PendingWrite, Step, overwrite};
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

const SECTOR: usize = 512;
const PAGE: usize = 4096;

/// What a crash does to everything that no sync has covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process dies and the system lives: everything is there to read, and no more certain than before.
    Process,
    /// Power cut: all of it is lost, bytes, lengths and names.
    AllLost,
    /// The names are kept, the bytes and lengths are lost.
    BytesLost,
    /// The names and lengths are kept, and where the bytes should be there are zeros.
    Zeros,
    /// The bytes are kept, the names are lost.
    NamesLost,
    /// What was done up to some moment is kept, and part of the write after it.
    Prefix,
    /// Each sector is as it was at some moment since the last sync.
    Sectors,
    /// The same by page of the cache.
    Pages,
    /// Each call is kept or lost, whatever came before it.
    Calls,
    /// As `Sectors`, and some sectors hold anything at all.
    Garbage,
}

impl Crash {
    pub const ALL: [Crash; 10] = [
        Crash::Process,
        Crash::AllLost,
        Crash::BytesLost,
        Crash::Zeros,
        Crash::NamesLost,
        Crash::Prefix,
        Crash::Sectors,
        Crash::Pages,
        Crash::Calls,
        Crash::Garbage,
    ];

    /// Whether another image of this kind at the same step can differ from the first.
    pub fn by_chance(self) -> bool {
        matches!(self, Crash::Prefix | Crash::Sectors | Crash::Pages | Crash::Calls | Crash::Garbage)
    }
}

/// A walk through a disk's log.
pub struct CrashPoints {
    state: FileSystem,
    log: Vec<Step>,
    done: usize,
}

impl CrashPoints {
    /// Stands before the first step.
    pub fn of(disk: &SimulatedDisk) -> CrashPoints {
        let (state, log) = disk.history();
        CrashPoints { state, log, done: 0 }
    }

    /// Stands where the disk is now.
    pub fn at_end(disk: &SimulatedDisk) -> CrashPoints {
        CrashPoints { state: disk.state(), log: Vec::new(), done: 0 }
    }

    /// How many steps are done.
    pub fn position(&self) -> usize {
        self.done
    }

    /// Takes one step; false at the end of the log.
    pub fn advance(&mut self) -> bool {
        let Some(step) = self.log.get(self.done) else { return false };
        self.state.apply(step);
        self.done += 1;
        true
    }

    /// Whether anything is pending; if not, all images of this moment are alike.
    pub fn has_pending(&self) -> bool {
        self.state.has_pending()
    }

    /// Whether the last step changed the names in a folder, and whether it replaced one by another.
    pub fn just_changed_names(&self) -> (bool, bool) {
        use Step::{Create, CreateFolder, Remove, Rename};
        match self.done.checked_sub(1).map(|last| &self.log[last]) {
            Some(Rename { .. }) => (true, true),
            Some(CreateFolder { .. } | Create { .. } | Remove { .. }) => (true, false),
            _ => (false, false),
        }
    }

    /// What the last step was, for messages.
    pub fn last_step(&self) -> String {
        match self.done.checked_sub(1).map(|last| &self.log[last]) {
            None => "nothing".to_owned(),
            Some(Step::Write { file, offset, bytes }) => {
                format!("Write {{ file: {file}, offset: {offset}, {} bytes }}", bytes.len())
            }
            Some(step) => format!("{step:?}"),
        }
    }

    /// A disk as a crash of this kind might leave it here.
    pub fn image(&self, crash: Crash, random: &mut Random) -> SimulatedDisk {
        if crash == Crash::Process {
            return SimulatedDisk::holding(self.state.clone(), random.next());
        }
        let fate = Fate::of(crash, &self.state, random);
        let names = fate.names(&self.state, random);
        let mut contents = Vec::new();
        let mut kept_names = BTreeMap::new();
        for (path, node) in &names {
            // A name lives in a folder: without it the name is nowhere. Folders sort before what they hold.
            if path.parent().is_some_and(|folder| kept_names.get(folder) != Some(&Node::Folder)) {
                continue;
            }
            let node = match node {
                Node::Folder => Node::Folder,
                Node::File(file) => {
                    contents.push(fate.content(&self.state.files[*file], random));
                    Node::File(contents.len() - 1)
                }
            };
            kept_names.insert(path.clone(), node);
        }
        SimulatedDisk::holding(FileSystem::all_durable(contents, kept_names), random.next())
    }
}

/// What happens to pending bytes.
enum Bytes {
    All,
    Lost,
    Zeros,
    Before(usize),
    Torn { unit: usize, garbage: bool },
    Calls,
}

/// What happens to pending names.
enum Names {
    All,
    Lost,
    Some,
    Before(usize),
}

/// The decisions that one image is made by. `keep` is the chance in percent of each pending piece to be kept, where
/// chance decides; low and high ones find other mistakes than the middle.
struct Fate {
    bytes: Bytes,
    names: Names,
    keep: usize,
}

impl Fate {
    fn of(crash: Crash, state: &FileSystem, random: &mut Random) -> Fate {
        let keep = *random.pick(&[10, 50, 90]);
        let any_names = match random.below(4) {
            0 => Names::All,
            1 => Names::Lost,
            _ => Names::Some,
        };
        let (bytes, names) = match crash {
            // No image is made by these decisions: the whole state goes on.
            Crash::Process => (Bytes::All, Names::All),
            Crash::AllLost => (Bytes::Lost, Names::Lost),
            Crash::BytesLost => (Bytes::Lost, Names::All),
            Crash::Zeros => (Bytes::Zeros, Names::All),
            Crash::NamesLost => (Bytes::All, Names::Lost),
            Crash::Prefix => {
                let cut = cut_among(&orders(state), random);
                (Bytes::Before(cut), Names::Before(cut))
            }
            Crash::Sectors => (Bytes::Torn { unit: SECTOR, garbage: false }, any_names),
            Crash::Pages => (Bytes::Torn { unit: PAGE, garbage: false }, any_names),
            Crash::Calls => (Bytes::Calls, any_names),
            Crash::Garbage => (Bytes::Torn { unit: SECTOR, garbage: true }, any_names),
        };
        Fate { bytes, names, keep }
    }

    fn names(&self, state: &FileSystem, random: &mut Random) -> BTreeMap<PathBuf, Node> {
        let mut names = state.durable_names.clone();
        for PendingName { order, change } in &state.pending_names {
            let kept = match self.names {
                Names::All => true,
                Names::Lost => false,
                Names::Some => random.percent(self.keep),
                Names::Before(cut) => *order < cut,
            };
            if kept {
                change.apply(&mut names);
            }
        }
        names
    }

    fn content(&self, file: &FileState, random: &mut Random) -> Arc<Vec<u8>> {
        if file.pending.is_empty() || matches!(self.bytes, Bytes::Lost) {
            return file.durable.clone();
        }
        let mut content = Vec::clone(&file.durable);
        match self.bytes {
            Bytes::Lost => {}
            Bytes::All => file.pending.iter().for_each(|write| overwrite(&mut content, write.offset, &write.bytes)),
            Bytes::Zeros => extend(&mut content, file),
            Bytes::Before(cut) => keep_before(&mut content, file, cut, random),
            Bytes::Torn { unit, garbage } => {
                keep_units(&mut content, file, unit, garbage.then_some(25), self.keep, random)
            }
            Bytes::Calls => {
                for write in file.pending.iter().filter(|_| random.percent(self.keep)) {
                    overwrite(&mut content, write.offset, &write.bytes);
                }
            }
        }
        // File systems that write lengths before bytes leave zeros at the end.
        if matches!(self.bytes, Bytes::Torn { .. } | Bytes::Calls) && random.percent(30) {
            extend(&mut content, file);
        }
        Arc::new(content)
    }
}

/// Gives the file the length that all pending writes together would give it.
fn extend(content: &mut Vec<u8>, file: &FileState) {
    let end = file.pending.iter().map(PendingWrite::end).max().unwrap_or(0);
    content.resize(content.len().max(end), 0);
}

/// The places of all pending pieces in the order of the whole disk.
fn orders(state: &FileSystem) -> BTreeSet<usize> {
    let writes = state.files.iter().flat_map(|file| file.pending.iter().map(|write| write.order));
    writes.chain(state.pending_names.iter().map(|name| name.order)).collect()
}

fn cut_among(orders: &BTreeSet<usize>, random: &mut Random) -> usize {
    match orders.len() {
        0 => 0,
        count => *orders.iter().nth(random.below(count)).expect("the number is below the count"),
    }
}

/// Keeps the writes before the cut whole and of the one at the cut a part.
fn keep_before(content: &mut Vec<u8>, file: &FileState, cut: usize, random: &mut Random) {
    for write in file.pending.iter().filter(|write| write.order <= cut) {
        let length = if write.order < cut { write.bytes.len() } else { random.below(write.bytes.len() + 1) };
        overwrite(content, write.offset, &write.bytes[..length]);
    }
}

/// Leaves each sector or page that was written to as it was at some moment since the last sync: with the first so many
/// of the writes to it. Garbage covers all bytes of the unit that were written to and no others.
fn keep_units(
    content: &mut Vec<u8>,
    file: &FileState,
    unit: usize,
    garbage: Option<usize>,
    keep: usize,
    random: &mut Random,
) {
    let mut writes_to: BTreeMap<usize, Vec<&PendingWrite>> = BTreeMap::new();
    for write in file.pending.iter().filter(|write| !write.bytes.is_empty()) {
        for number in write.offset / unit..=(write.end() - 1) / unit {
            writes_to.entry(number).or_default().push(write);
        }
    }
    for (number, writes) in writes_to {
        let spoilt = garbage.is_some_and(|chance| random.percent(chance));
        let moment = match random.percent(keep) {
            _ if spoilt => writes.len(),
            true => writes.len(),
            false => random.below(writes.len()),
        };
        for write in &writes[..moment] {
            let start = write.offset.max(number * unit);
            let end = write.end().min((number + 1) * unit);
            overwrite(content, start, &write.bytes[start - write.offset..end - write.offset]);
            if spoilt {
                random.fill(&mut content[start..end]);
            }
        }
    }
}
