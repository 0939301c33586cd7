//! Real files, by way of the standard library.
//!
//! What differs by system is in `platform`, which is `unix.rs` or `windows.rs`. It must not know what the files mean.
//! Invariant: an interrupted call is repeated, a short write is continued, and a file that another program holds is asked
//! for until the patience is over; nothing else is ever retried: a failed sync in particular stays failed.

use super::owner::{named_in, owner_of};
use super::patience::{LIMIT, Pauses, patiently, undisturbed};
use super::{Disk, DiskFile, Lock, LockGuard, platform};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

/// The file system of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

struct RealFile(File);

/// The lock lasts until this is dropped.
struct RealLock(File);

impl LockGuard for RealLock {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        platform::is_at(&self.0, path)
    }
}

impl Drop for RealLock {
    fn drop(&mut self) {
        platform::unlock(&self.0);
    }
}

/// Does `work`, for up to `limit` longer if another program holds the file.
fn within<T>(limit: Duration, work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    patiently(limit, platform::holder, sleep, work)
}

impl Disk for RealDisk {
    fn canonical(&self, folder: &Path) -> io::Result<PathBuf> {
        undisturbed(|| platform::canonical(folder))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        undisturbed(|| fs::create_dir_all(folder))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        undisturbed(|| {
            let mut names = Vec::new();
            for entry in fs::read_dir(folder)? {
                // A name that is not UTF-8 is not one of ours.
                if let Ok(name) = entry?.file_name().into_string() {
                    names.push(name);
                }
            }
            Ok(names)
        })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let create = || OpenOptions::new().read(true).write(true).create_new(true).open(path);
        Ok(Arc::new(RealFile(within(LIMIT, create)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(within(LIMIT, || File::open(path))?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        within(LIMIT, || fs::rename(from, to))
    }

    fn is_special(&self, path: &Path) -> bool {
        platform::is_device(path) || fs::metadata(path).is_ok_and(|found| !found.is_file())
    }

    fn spelling(&self, path: &Path) -> Option<String> {
        platform::spelling(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        within(LIMIT, || fs::remove_file(path))
    }

    fn try_remove(&self, path: &Path) -> io::Result<()> {
        within(Duration::ZERO, || fs::remove_file(path))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        undisturbed(|| platform::sync_folder(folder))
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let (mut pauses, mut waited) = (Pauses::within(LIMIT), Duration::ZERO);
        loop {
            if let Some(mut file) = undisturbed(|| platform::open_exclusively(path))? {
                file.set_len(0)?;
                file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
                return Ok(Lock::Taken(Box::new(RealLock(file))));
            }
            let owner = named_in(path);
            match pauses.next().filter(|_| waited < platform::lock_limit(owner)) {
                Some(pause) => {
                    sleep(pause);
                    waited += pause;
                }
                None => return Ok(Lock::HeldBy(owner)),
            }
        }
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        owner_of(path)
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<usize> {
        let mut total = 0;
        while !buffer.is_empty() {
            match within(LIMIT, || platform::read_some(&self.0, buffer, offset)) {
                Ok(0) => break,
                Ok(count) => {
                    total += count;
                    offset += count as u64;
                    buffer = buffer.split_at_mut(count).1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    fn write_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match within(LIMIT, || platform::write_some(&self.0, bytes, offset)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    offset += count as u64;
                    bytes = bytes.split_at(count).1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(undisturbed(|| self.0.metadata())?.len())
    }

    // On Linux fdatasync, on macOS F_FULLFSYNC, on Windows FlushFileBuffers: the standard library picks them.
    fn sync(&self) -> io::Result<()> {
        undisturbed(|| self.0.sync_data())
    }
}
