//! A disk that says it synced and did not, to show that the crash check notices.
//!
//! It must differ from the disk behind it in nothing but its lie. Invariant: the lie hides from the caller: no call that
//! would succeed fails.

use super::simulated_disk::SimulatedDisk;
use coffer::disk::{Disk, DiskFile, Lock};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which syncs do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    FileSyncs,
    FolderSyncs,
}

pub struct LyingDisk {
    truth: SimulatedDisk,
    lie: Lie,
}

struct LyingFile {
    truth: Arc<dyn DiskFile>,
    lie: Lie,
}

impl LyingDisk {
    pub fn new(truth: SimulatedDisk, lie: Lie) -> LyingDisk {
        LyingDisk { truth, lie }
    }

    fn wrap(&self, truth: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(LyingFile { truth, lie: self.lie })
    }
}

impl Disk for LyingDisk {
    fn canonical(&self, folder: &Path) -> io::Result<PathBuf> {
        self.truth.canonical(folder)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.truth.create_folder(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.truth.list(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.truth.create(path).map(|file| self.wrap(file))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.truth.open(path).map(|file| self.wrap(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.truth.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.truth.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.lie == Lie::FolderSyncs {
            return Ok(());
        }
        self.truth.sync_folder(folder)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.truth.lock(path)
    }
}

impl DiskFile for LyingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.truth.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.truth.write_at(bytes, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.truth.length()
    }

    fn sync(&self) -> io::Result<()> {
        if self.lie == Lie::FileSyncs {
            return Ok(());
        }
        self.truth.sync()
    }
}
