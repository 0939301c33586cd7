//! The only way from Coffer to files.
//!
//! Everything that a store does to a disk is one of the calls below, so that a simulated disk can stand here and fail or
//! lose power at any of them. What differs by platform lives behind this trait and nowhere else.
//!
//! What callers may assume: bytes are on the disk for certain only after `DiskFile::sync` of that file returned, and a
//! name (created, renamed, removed) only after `sync_folder` of its folder returned. Until then any part of it may be
//! lost, in any order. A failed sync says that the bytes since the last one may be lost; syncing again proves nothing.

mod files;
mod leftovers;
mod memory;
mod names;
mod owner;
mod patience;
#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(windows), path = "unix.rs")]
mod platform;
#[cfg(test)]
mod stage;
mod thread;
#[cfg(any(windows, test))]
mod windows_names;

pub use files::RealDisk;
pub use leftovers::Leftovers;
pub use memory::Memory;
pub use names::{last_name, number_in, numbered};
pub use patience::is_held;
#[cfg(test)]
pub use stage::{Call, Stage};
pub use thread::Thread;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file system, or what stands in for one.
///
/// Where another program can keep a file from us, the calls that open, create, rename, remove, read and write go on asking
/// for two seconds before they fail with an error that `is_held` knows. A call that a signal interrupts is repeated.
pub trait Disk: Send + Sync {
    /// One name for all spellings of a folder that exists.
    fn canonical(&self, folder: &Path) -> io::Result<PathBuf>;
    /// Creates a folder and the ones above it; an existing one is fine.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// The names of the files in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Creates an empty file to write and read; an existing one is an error.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens an existing file to read.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file; an existing target is replaced in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Whether there is something at `path` that is no file: a folder, a device, a pipe.
    fn is_special(&self, _path: &Path) -> bool {
        false
    }
    /// The name of the file at `path`, spelled the same whatever other spellings lead to that file.
    fn spelling(&self, path: &Path) -> Option<String> {
        last_name(path)
    }
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The same without waiting for another program that holds it.
    fn try_remove(&self, path: &Path) -> io::Result<()> {
        self.remove(path)
    }
    /// Makes names created, renamed and removed in a folder certain.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes the lock that one process holds while it writes to a store; the file at `path` then names this process.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
    /// The process that holds the lock at `path`, as far as that can be told without touching it.
    fn owner(&self, _path: &Path) -> Option<u32> {
        None
    }
}

/// An open file. Calls may come from several threads.
pub trait DiskFile: Send + Sync {
    /// Reads into `buffer` from `offset` on; fewer bytes than asked for only at the file's end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`; after an error any part of them may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// The file's length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Makes the file's bytes and length certain.
    fn sync(&self) -> io::Result<()>;
}

/// What came of trying to take a lock.
pub enum Lock {
    /// It is ours until the guard is dropped.
    Taken(Box<dyn LockGuard>),
    /// Another process has it; its process id, if the file told.
    HeldBy(Option<u32>),
}

/// Keeps a lock until dropped.
pub trait LockGuard: Send + Sync {
    /// Whether the file at `path` is the one that is locked. A folder that was renamed or removed meanwhile may have been
    /// followed by another of its name, which is not ours. It is an error if there is none.
    fn is_at(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}
