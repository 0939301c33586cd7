//! Checkpoints: write the state at a sequence number as an image, then retire the journal before it.
//!
//! Order. 1. The journal is cut and the newest sequence number pinned, in one step against committers. 2. The image is
//! written, synced and named. 3. Only then the older image and the segments before the cut are removed. A crash between
//! any two leaves either the old image with the whole journal, or the new image with a journal part of which it holds.
//!
//! Committers go on all the while; what they replace stays readable at the pin.

use super::Core;
use crate::document::Collection;
use crate::error::{Error, Result};
use crate::journal::Log;
use crate::store::{ImageWriter, file_name};

/// Cleared documents are remembered up to this number, so that their revisions go on. Beyond it, new documents start
/// above the highest revision that was forgotten.
const CLEARED_KEPT: u64 = 65_536;
/// A journal smaller than this is never worth a checkpoint of its own.
const SMALLEST_JOURNAL: u64 = 1 << 20;

/// The newest image on the disk.
#[derive(Debug, Default)]
pub struct Published {
    /// `None` while there is no image.
    pub sequence: Option<u64>,
    pub length: u64,
}

impl Core {
    /// Whether the journal has grown so far that a checkpoint pays. Three quarters of the image: with the old image, the
    /// new one and the journal side by side, a store then takes less than three times its documents.
    pub(super) fn checkpoint_is_due(&self, log: &Log) -> bool {
        let (journal, segment) = log.sizes();
        let limit = match self.options.checkpoint_bytes {
            0 => self.published.lock().length / 4 * 3 + (segment / 2 * 3).max(SMALLEST_JOURNAL),
            chosen => chosen,
        };
        journal >= limit
    }

    /// Writes an image of now and retires what it makes superfluous. Does nothing if the newest image is as new.
    pub(super) fn checkpoint(&self) -> Result<()> {
        let log = self.log()?;
        log.check()?;
        let mut published = self.published.lock();
        if published.sequence == Some(log.last_sequence()) {
            return Ok(());
        }
        let sequence = log.cut(|newest| self.store.pin(newest))?;
        let written = self.write_image(sequence);
        self.store.unpin();
        let length = written?;
        let old = published.sequence.replace(sequence).filter(|old| *old != sequence);
        published.length = length;
        if let Some(old) = old {
            self.remove(&file_name(old))?;
        }
        log.retire(sequence)
    }

    fn write_image(&self, sequence: u64) -> Result<u64> {
        let mut writer = ImageWriter::new(&*self.disk, &self.folder, sequence)?;
        match self.fill_image(&mut writer, sequence) {
            Ok(floor) => writer.finish(floor),
            Err(error) => {
                writer.abandon();
                Err(error)
            }
        }
    }

    /// Adds every document; returns the revision floor that the image needs.
    fn fill_image(&self, writer: &mut ImageWriter<'_>, sequence: u64) -> Result<u64> {
        let forget = self.store.cleared_at_most() > CLEARED_KEPT;
        let mut floor = self.store.revision_floor();
        self.store.each_at(sequence, &mut |entry| -> Result<()> {
            // What a Tier 1 document was cleared at is never forgotten: it says that the newest version is not there.
            if forget && entry.cleared && entry.collection == Collection::PluginData as u8 {
                floor = floor.max(entry.revision);
                return Ok(());
            }
            if writer.add(entry)? {
                self.keep_up_meanwhile()?;
            }
            Ok(())
        })?;
        Ok(floor)
    }

    /// Removes a file of the store; that it is gone already is fine.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        match self.disk.remove(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &path, source)),
            _ => Ok(()),
        }
    }
}
