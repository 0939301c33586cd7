//! What only Unix systems do: locks, syncs of folders, reading and writing at a place.
//!
//! It must offer the same functions as `windows.rs`. Invariant: nothing here waits or asks twice; no program can keep
//! another from a file by opening it.

use super::patience::Holder;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn holder(_error: &io::Error) -> Holder {
    Holder::Nobody
}

/// A lock is taken by stores alone, so there is nobody to wait for.
pub fn lock_limit(_owner: Option<u32>) -> Duration {
    Duration::ZERO
}

/// Opens the lock file as its one owner, or says that there is another.
pub fn open_exclusively(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Whether this open file is the one that has this name.
pub fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (ours, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}

/// Gives a lock back. A process that the host forked has the file open as well until it starts its program, and with it
/// the lock, which closing it here would leave there.
pub fn unlock(file: &File) {
    // Where this fails the closing that follows does it.
    let _ = file.unlock();
}

pub fn canonical(folder: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(folder)
}

pub fn is_device(_path: &Path) -> bool {
    false
}

pub fn spelling(path: &Path) -> Option<String> {
    super::names::last_name(path)
}

pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

pub fn write_some(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}
