//! A file that appears under its own name only after all of it is on the disk.
//!
//! Bytes are gathered and written in large calls, and syncs are spread over the writing, so that neither the last one nor
//! the kernel's own write-back stalls anybody else for long. It knows no format. Invariant: whatever happens, the target
//! is what it was before, or complete and synced.

use crate::disk::{Disk, DiskFile};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes gathered before one write call.
pub const CHUNK: usize = 256 << 10;
/// What the name of a store's own file ends with until it is complete. The next opening removes what stayed.
pub const UNFINISHED: &str = ".tmp";
/// What the name of a file for others ends with until then, in whatever folder it is to lie.
pub const EXPORTING: &str = ".coffer-export.tmp";
/// Bytes written between two syncs.
const SYNC_EVERY: u64 = 4 << 20;

/// A file under way. Dropped before it has its name, it removes what was written.
pub struct StagedFile<'d> {
    disk: &'d dyn Disk,
    target: PathBuf,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    /// What is to be written next; callers append to it.
    pub buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    written: u64,
    unsynced: u64,
    is_named: bool,
}

impl<'d> StagedFile<'d> {
    /// Starts a file that is to be called `target`, and until then so with `suffix` behind it.
    pub fn create(disk: &'d dyn Disk, target: &Path, suffix: &str) -> Result<Self> {
        let mut name = target.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        // One that an earlier attempt left behind is of no use.
        let _ = disk.remove(&path);
        let file = disk.create(&path).map_err(|source| Error::io("create", &path, source))?;
        let (target, buffer) = (target.to_path_buf(), Vec::new());
        let mut staged = StagedFile { disk, target, path, file, buffer, written: 0, unsynced: 0, is_named: false };
        match staged.make_room(CHUNK) {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.abandon();
                Err(error)
            }
        }
    }

    /// Sees to it that so many more bytes can be gathered; a document may be larger than the memory that is left.
    pub fn make_room(&mut self, bytes: usize) -> Result<()> {
        let room = self.buffer.try_reserve(bytes).or_else(|_| self.buffer.try_reserve_exact(bytes));
        room.map_err(|_| Error::OutOfMemory { bytes: bytes as u64 })
    }

    /// Where the next byte goes.
    pub fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Whether enough is gathered for a write call.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= CHUNK
    }

    /// Writes what is gathered.
    pub fn write_out(&mut self) -> Result<()> {
        let written = self.file.write_at(&self.buffer, self.written);
        written.map_err(|source| Error::io("write", &self.path, source))?;
        self.written += self.buffer.len() as u64;
        self.unsynced += self.buffer.len() as u64;
        self.buffer.clear();
        if self.unsynced >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.unsynced = 0;
        self.file.sync().map_err(|source| Error::io("sync", &self.path, source))
    }

    /// Completes the file and gives it its name. Returns its length.
    pub fn finish(mut self) -> Result<u64> {
        self.write_out()?;
        self.sync()?;
        self.disk.rename(&self.path, &self.target).map_err(|source| Error::io("rename", &self.path, source))?;
        self.is_named = true;
        let folder = folder_of(&self.target);
        self.disk.sync_folder(folder).map_err(|source| Error::io("sync", folder, source))?;
        Ok(self.written)
    }

    /// Gives up and removes what was written.
    pub fn abandon(self) {
        drop(self);
    }
}

impl Drop for StagedFile<'_> {
    fn drop(&mut self) {
        if !self.is_named {
            // Whatever failed, nobody may come to clear up in another's folder. What stays in a store's folder even so is
            // removed at the next opening.
            let _ = self.disk.try_remove(&self.path);
        }
    }
}

/// The folder that a file lies in; a bare name lies in the working folder.
fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}
