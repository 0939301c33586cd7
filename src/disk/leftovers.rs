//! Files that are of no use any more and could not be removed because another program holds them.
//!
//! Nobody waits for such a file: it is tried again later, and the next opening removes what is left even then. It must only
//! be given names that are never used again. Invariant: a file that is gone is forgotten, and no other failure is hidden.

use super::{Disk, is_held};
use crate::sync::Mutex;
use std::io;
use std::path::{Path, PathBuf};

/// What is to be removed later.
#[derive(Default)]
pub struct Leftovers(Mutex<Vec<PathBuf>>);

impl Leftovers {
    /// Removes a file, now or later; that it is gone already is fine.
    pub fn remove(&self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        match disk.try_remove(path) {
            Err(error) if is_held(&error) => {
                self.0.lock().push(path.to_path_buf());
                Ok(())
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Tries again what is left.
    pub fn try_again(&self, disk: &dyn Disk) {
        let left = std::mem::take(&mut *self.0.lock());
        for path in left {
            // What fails otherwise by now stays for the next opening.
            let _ = self.remove(disk, &path);
        }
    }

    /// Waits for the program that holds what is left, once and not for each file, and tries all again.
    pub fn wait(&self, disk: &dyn Disk) {
        let first = self.0.lock().first().cloned();
        if let Some(first) = first {
            let _ = disk.remove(&first);
            self.try_again(disk);
        }
    }
}
