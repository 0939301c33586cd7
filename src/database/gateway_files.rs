//! The gateway's files in the store's folder: exports that are served, and bodies that are imported from.
//!
//! Their names are the layer's own and never anything of a request; the next opening removes what a crash left. Invariant: of
//! each format at most one export lies there, no request ever waits for one that was made before it, and none outlives the
//! API.

use super::Core;
use super::export::ExportedFile;
use crate::disk::{Disk, DiskFile, numbered};
use crate::error::{Error, Result};
use crate::gateway::Exported;
use crate::store::UNFINISHED;
use crate::sync::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the names begin with.
pub const EXPORT: &str = "export";
const SPOOL: &str = "spool";
/// How much of a body is written in one call.
const PIECE: usize = 1 << 20;

/// A file of ours that is removed with this.
struct OwnFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        // One that stays is removed at the next opening.
        let _ = self.disk.try_remove(&self.path);
    }
}

/// A name that nobody has, neither another process that looks at the same store.
fn unused(core: &Core, kind: &str) -> Result<OwnFile> {
    let number = getrandom::u64()
        .map_err(|error| Error::InvalidArgument(format!("the system gives no random numbers ({error})")))?;
    let path = core.folder.join(numbered(kind, number) + UNFINISHED);
    Ok(OwnFile { disk: core.disk.clone(), path })
}

struct Kept {
    sequence: u64,
    exported: Exported,
    _file: OwnFile,
}

#[derive(Default)]
struct Slot {
    kept: Option<Kept>,
    is_writing: bool,
}

/// The newest export of each format.
#[derive(Default)]
pub struct Exports {
    slots: Mutex<BTreeMap<String, Slot>>,
    written: Condvar,
}

impl Exports {
    /// The export of the newest commit, written by `write` unless it is there.
    pub fn get(
        &self,
        core: &Core,
        format: &str,
        write: impl FnOnce(&Path) -> Result<ExportedFile>,
    ) -> Result<Exported> {
        let newest = core.last_sequence();
        let mut slots = self.slots.lock();
        loop {
            let slot = slots.entry(format.to_owned()).or_default();
            if let Some(kept) = slot.kept.as_ref().filter(|kept| kept.sequence >= newest) {
                return Ok(kept.exported.clone());
            }
            if !slot.is_writing {
                slot.is_writing = true;
                break;
            }
            slots = self.written.wait(slots);
        }
        drop(slots);
        let written = written(core, format, write);
        let mut slots = self.slots.lock();
        let slot = slots.entry(format.to_owned()).or_default();
        slot.is_writing = false;
        self.written.notify_all();
        let kept = written?;
        let exported = kept.exported.clone();
        let before = slot.kept.replace(kept);
        drop(slots);
        // Whoever is being sent it has it open.
        drop(before);
        Ok(exported)
    }

    /// Removes the files.
    pub fn clear(&self) {
        let slots = std::mem::take(&mut *self.slots.lock());
        drop(slots);
    }
}

fn written(core: &Core, format: &str, write: impl FnOnce(&Path) -> Result<ExportedFile>) -> Result<Kept> {
    let own = unused(core, EXPORT)?;
    let done = write(&own.path)?;
    let file = core.disk.open(&own.path).map_err(|source| Error::io("open", &own.path, source))?;
    // Two exports of one commit can differ in the time that they name, so the sequence alone would not do.
    let hash = done.sha256.get(..16).unwrap_or_default();
    let exported = Exported {
        file,
        length: done.bytes,
        tag: format!("{}-{format}-{hash}", done.sequence),
        name: format!("coffer-{}.{format}", done.sequence),
        time_ms: done.time_ms,
    };
    Ok(Kept { sequence: done.sequence, exported, _file: own })
}

/// The body of a request as a file, as long as this lives.
pub struct Spool(OwnFile);

impl Spool {
    pub fn write(core: &Core, body: &[u8]) -> Result<Spool> {
        let own = unused(core, SPOOL)?;
        let file: Arc<dyn DiskFile> =
            core.disk.create(&own.path).map_err(|source| Error::io("create", &own.path, source))?;
        let mut offset = 0;
        for piece in body.chunks(PIECE) {
            file.write_at(piece, offset).map_err(|source| Error::io("write", &own.path, source))?;
            offset += piece.len() as u64;
        }
        Ok(Spool(own))
    }

    pub fn path(&self) -> &Path {
        &self.0.path
    }
}
