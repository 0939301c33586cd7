//! Salvage: build a store from whatever is whole in a damaged one.
//!
//! Reads every image and every segment leniently, takes the newest valid version of each document, and reports the rest.
//! It changes nothing on the disk: `open` writes a fresh image first and sets the damaged files aside after. Invariant: a
//! sequence number that anything left here names is not given out again, nor is the revision of a version that is left. A
//! document whose newest versions are lost goes on from the newest that is whole, so that their revisions come again; one
//! of which nothing is left begins above every revision that is.

use super::checkpoint::Published;
use super::open::is_unfinished;
use super::readout::{LossReport, Readout, RecoveryReport, apply};
use super::snapshot_files::is_import;
use super::snapshots::imports;
use crate::change::Commit;
use crate::disk::Disk;
use crate::document::{Collection, LARGEST_NUMBER};
use crate::error::Result;
use crate::journal::{self, Loss};
use crate::options::Recovery;
use crate::snapshots::pinned_sequence;
use crate::store::{Entry, Salvaged, Stamp, Store, file_name, history, salvage};
use std::path::Path;

/// A damaged store's files.
pub struct Pieces<'a> {
    pub disk: &'a dyn Disk,
    pub folder: &'a Path,
    pub names: &'a [String],
    pub images: &'a [u64],
}

/// Reads what is whole.
pub fn read(pieces: &Pieces<'_>) -> Result<Readout> {
    let store = Store::new(None);
    let mut report = RecoveryReport { salvaged: true, ..RecoveryReport::default() };
    let mut sequence = 0;
    for named in pieces.images {
        let name = file_name(*named);
        let image = salvage(pieces.disk, &pieces.folder.join(&name), *named)?;
        sequence = sequence.max(image.sequence);
        // What its snapshots need must be known before anything is replaced.
        image
            .entries()
            .filter(|entry| !entry.cleared)
            .filter_map(|entry| snapshot_in(&entry))
            .for_each(|at| store.pin(at));
        take_entries(&store, &image, &name, &mut report);
    }
    let mut replay = |commit: &Commit<'_>| {
        report.recovered_records += 1;
        apply(&store, commit)
    };
    let mut recovered =
        journal::recover(pieces.disk, pieces.folder, pieces.names, sequence, Recovery::Salvage, &mut replay)?;
    report.lost.extend(recovered.lost.iter().map(loss));
    // The damaged files used these numbers up; the image that replaces them takes the next.
    recovered.last_sequence = (recovered.last_sequence + 1).min(LARGEST_NUMBER);
    let highest = Collection::ALL.map(|collection| store.highest_revision(collection)).into_iter().max();
    store.raise_revision_floor(highest.unwrap_or(0));
    let histories: Vec<&String> = pieces.names.iter().filter(|name| history::number_in(name).is_some()).collect();
    for name in &histories {
        take_history(&store, pieces, name, &mut report)?;
    }
    // An import whose record is lost is set aside as well: the file is whole, and can be imported again.
    let imports = imports(&store);
    let orphans = pieces.names.iter().filter(|name| is_import(name) && !is_unfinished(name) && !imports.contains(name));
    let others =
        pieces.names.iter().filter(|name| journal::number_in(name).is_some()).chain(histories).chain(orphans).cloned();
    let damaged = pieces.images.iter().map(|sequence| file_name(*sequence)).chain(others).collect();
    let stale = pieces.names.iter().filter(|name| is_unfinished(name)).cloned().collect();
    Ok(Readout { store, recovered, published: Published::default(), report, first_time_ms: None, stale, damaged })
}

/// The state that a snapshot's record keeps, if the entry is one.
fn snapshot_in(entry: &Entry<'_>) -> Option<u64> {
    entry.id().filter(|id| id.collection == Collection::SaveMetadata).and_then(|id| pinned_sequence(id.key))
}

/// Keeps the past versions that snapshots need.
fn take_history(store: &Store, pieces: &Pieces<'_>, name: &str, report: &mut RecoveryReport) -> Result<()> {
    let lost = history::salvage(pieces.disk, &pieces.folder.join(name), &mut |past| store.keep(past))?;
    for (offset, bytes) in lost {
        let reason = "no valid past version".to_owned();
        report.lost.push(LossReport { file: name.to_owned(), offset, bytes, reason });
    }
    Ok(())
}

/// Applies an image's entries, the newest of each document.
fn take_entries(store: &Store, image: &Salvaged, name: &str, report: &mut RecoveryReport) {
    for entry in image.entries() {
        let Some(id) = entry.id() else { continue };
        let is_newer = store.standing(id, id.hash()).is_none_or(|known| known.sequence < entry.sequence);
        let text = if entry.cleared { Ok(None) } else { std::str::from_utf8(entry.text).map(Some) };
        if let (true, Ok(text)) = (is_newer, text) {
            let stamp = Stamp { sequence: entry.sequence, revision: entry.revision, time_ms: entry.time_ms };
            store.apply(id, id.hash(), stamp, text, None);
        }
    }
    store.raise_revision_floor(image.revision_floor);
    for (offset, bytes, reason) in &image.lost {
        report.lost.push(LossReport {
            file: name.to_owned(),
            offset: *offset,
            bytes: *bytes,
            reason: (*reason).to_owned(),
        });
    }
}

fn loss(loss: &Loss) -> LossReport {
    LossReport {
        file: loss.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        offset: loss.offset,
        bytes: loss.bytes,
        reason: loss.reason.clone(),
    }
}
