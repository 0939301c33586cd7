//! What can be told about stores besides what is in them: who has one open, and which formats there are.
//!
//! It opens nothing to write and takes no lock. Invariant: asking disturbs nobody, neither the process that has the store
//! open nor one that is just opening it.

use super::{Database, open};
use crate::disk::{Disk, RealDisk};
use crate::error::Result;
use crate::journal::SEGMENT_FORMAT;
use crate::store::{IMAGE_FORMAT, Image, OLDEST_IMAGE_FORMAT};
use std::path::Path;

/// The formats of files that this build reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// What images are written in, and the oldest that is read.
    pub image: u32,
    pub oldest_image: u32,
    pub journal: u32,
}

pub const FORMATS: Formats =
    Formats { image: IMAGE_FORMAT, oldest_image: OLDEST_IMAGE_FORMAT, journal: SEGMENT_FORMAT };

/// The process that has the store in the folder `path` open for writing. `None` if there is none, or if the platform has no
/// way to tell without trying the lock, which would be in the way of a process that is just opening the store.
pub fn owner(path: &Path) -> Option<u32> {
    RealDisk.owner(&path.join(open::LOCK))
}

impl Database {
    /// The format of the image that the store was opened from; `None` if it has none yet.
    pub fn image_format(&self) -> Result<Option<u32>> {
        Ok(self.core()?.store.base().map(Image::format))
    }
}
