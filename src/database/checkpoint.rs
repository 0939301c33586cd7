//! Checkpoints: write the state at a sequence number as an image, then retire the journal before it.
//!
//! Order. 1. The journal is cut and the newest sequence number pinned, in one step against committers. 2. The past versions
//! that snapshots need go into a history file, and the image, which names the history files that belong to it, is
//! written, synced and named. 3. Only then the older image, superfluous history files and the segments before the cut are
//! removed. A crash between any two leaves either the old image with its histories and the whole journal, or the new
//! image with its own and a journal part of which it holds. A superfluous file that another program holds open is left
//! for later: the checkpoint is done without that.
//!
//! Committers go on all the while; what they replace stays readable at the pin.

use super::{Core, keys};
use crate::document::Collection;
use crate::error::{Error, Result};
use crate::hub::this_thread;
use crate::journal::Log;
use crate::store::{HistoryRef, ImageWriter, Older, View, file_name, history};
use crate::sync::MutexGuard;
use std::io::ErrorKind;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Cleared documents are remembered up to this number, so that their revisions go on. Beyond it, new documents start
/// above the highest revision that was forgotten.
const CLEARED_KEPT: u64 = 65_536;
/// A journal smaller than this is never worth a checkpoint of its own.
const SMALLEST_JOURNAL: u64 = 1 << 20;

/// How long a saver is held back at most, and between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
const SHORT_WAIT: Duration = Duration::from_millis(1);

/// The newest image on the disk.
#[derive(Debug, Default)]
pub struct Published {
    /// `None` while there is no image.
    pub sequence: Option<u64>,
    /// The history files that it names.
    pub histories: Vec<HistoryRef>,
}

/// From where on the journal can bring back any moment.
#[derive(Debug, Default, Clone, Copy)]
pub struct Reach {
    /// The state after this commit is the oldest.
    pub sequence: u64,
    /// It was the newest at this time, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// What history files take on the disk.
    pub history_bytes: u64,
}

/// Keeps the files of a past state from being taken away, which checkpoints wait for.
pub struct Hold<'c> {
    published: MutexGuard<'c, Published>,
    holds: &'c AtomicUsize,
}

impl Deref for Hold<'_> {
    type Target = Published;

    fn deref(&self) -> &Published {
        &self.published
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.holds.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Core {
    /// Keeps the store's files as they are until the result is dropped. May wait for a checkpoint under way.
    pub(super) fn hold_files(&self) -> Result<Hold<'_>> {
        self.check_not_telling()?;
        let published = self.published.lock();
        self.holds.fetch_add(1, Ordering::Relaxed);
        Ok(Hold { published, holds: &self.holds })
    }

    /// Refuses what would wait for ever for an export or a check whose progress this very thread is being told.
    pub(super) fn check_not_telling(&self) -> Result<()> {
        if self.telling.load(Ordering::Relaxed) != this_thread() {
            return Ok(());
        }
        let reason = "this thread is being told the progress of an export or a check of this store; do this when that has returned";
        Err(Error::InvalidArgument(reason.to_owned()))
    }

    /// Whether the journal has grown so far that a checkpoint pays. Three quarters of the image: with the old image, the
    /// new one and the journal side by side, a store then takes less than three times its documents.
    pub(super) fn checkpoint_is_due(&self, log: &Log) -> bool {
        let limit = match self.options.checkpoint_bytes {
            0 => self.usual_limit(),
            chosen => chosen,
        };
        log.bytes() >= limit
    }

    /// How long the journal may become before something must be keeping checkpoints from being made.
    pub(super) fn longest_journal(&self) -> u64 {
        let usual = self.options.checkpoint_bytes.max(self.usual_limit());
        self.image_length() + 2 * usual + self.options.segment_bytes / 2 * 5
    }

    fn usual_limit(&self) -> u64 {
        self.image_length() / 4 * 3 + SMALLEST_JOURNAL
    }

    /// The size of the newest image, known without waiting for a checkpoint that is under way.
    pub(super) fn image_length(&self) -> u64 {
        self.image_length.load(Ordering::Relaxed)
    }

    /// Takes note of the newest image. A small store gets small segments: four of them are part of its size.
    pub(super) fn note_image(&self, log: &Log, length: u64) {
        self.image_length.store(length, Ordering::Relaxed);
        let largest = self.options.segment_bytes;
        log.set_largest_segment(length.max(SMALLEST_JOURNAL / 4).min(largest));
    }

    /// Holds a saver back while the journal is far longer than the store and a checkpoint is on its way: a program that
    /// saves without a pause, faster than the disk takes it, must not fill the disk. No game comes here.
    pub(super) fn hold_back(&self, log: &Log) {
        // Only where a checkpoint is due can waiting for it come to an end.
        let far = self.image_length() + self.options.segment_bytes / 2 * 5;
        let limit = far.max(self.usual_limit() + SMALLEST_JOURNAL);
        if self.options.checkpoint_bytes > 0 || !self.options.background || log.bytes() <= limit {
            return;
        }
        let until = Instant::now() + LONGEST_WAIT;
        // While somebody looks at a past state, no checkpoint would come of waiting.
        let may_come = || self.may_checkpoint() && self.holds.load(Ordering::Relaxed) == 0;
        while log.bytes() > limit && may_come() && log.check().is_ok() && Instant::now() < until {
            self.signal.urge();
            std::thread::sleep(SHORT_WAIT);
        }
    }

    /// Writes an image of now and retires what it makes superfluous. Does nothing if the newest image is as new.
    pub(super) fn checkpoint(&self) -> Result<()> {
        self.checkpoint_holding(self.published.lock())
    }

    /// The same, unless a snapshot is being read or restored, which a checkpoint has to wait for. True if it was done.
    pub(super) fn try_checkpoint(&self) -> Result<bool> {
        match self.published.try_lock() {
            Some(published) => self.checkpoint_holding(published).map(|()| true),
            None => Ok(false),
        }
    }

    fn checkpoint_holding(&self, published: MutexGuard<'_, Published>) -> Result<()> {
        let outcome = self.checkpoint_with(published);
        self.kept.note_checkpoint(&outcome);
        outcome
    }

    fn checkpoint_with(&self, mut published: MutexGuard<'_, Published>) -> Result<()> {
        let log = self.log()?;
        log.check()?;
        self.check_folder()?;
        self.forget_now();
        self.leftovers.try_again(&*self.disk);
        if published.sequence == Some(log.last_sequence()) {
            return Ok(());
        }
        let mut time_ms = 0;
        let sequence = log.cut(|newest| {
            self.store.pin_checkpoint(newest);
            time_ms = super::commit::now_ms();
        })?;
        let written = self.write_state(&published.histories, sequence);
        self.store.unpin_checkpoint(if written.is_ok() { sequence } else { 0 });
        let (length, histories) = written?;
        // What follows removes files by their names.
        self.check_folder()?;
        let history_bytes = histories.iter().map(|one| one.length).sum();
        *self.reach.lock() = Reach { sequence, time_ms, history_bytes };
        let old = std::mem::replace(&mut *published, Published { sequence: Some(sequence), histories });
        self.note_image(log, length);
        if let Some(old) = old.sequence.filter(|old| *old != sequence) {
            self.remove_superfluous(&file_name(old))?;
        }
        let stays = |number| published.histories.iter().any(|one| one.number == number);
        for gone in old.histories.iter().filter(|one| !stays(one.number)) {
            self.remove_superfluous(&history::name(gone.number))?;
        }
        log.retire(sequence)
    }

    /// Writes history and image; returns the image's length and the histories that it names.
    fn write_state(&self, known: &[HistoryRef], sequence: u64) -> Result<(u64, Vec<HistoryRef>)> {
        let histories = self.write_history(known, sequence)?;
        let length = self.write_image(sequence, &histories);
        // An image that has its name may outlive its failure to be made certain, and then needs its history.
        let image = self.folder.join(file_name(sequence));
        let has_no_name = || self.disk.open(&image).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if length.is_err() && histories.iter().any(|one| one.number == sequence) && has_no_name() {
            let _ = self.remove(&history::name(sequence));
        }
        Ok((length?, histories))
    }

    fn write_image(&self, sequence: u64, histories: &[HistoryRef]) -> Result<u64> {
        let mut writer = ImageWriter::new(&*self.disk, &self.folder, sequence)?;
        match self.fill_image(&mut writer, sequence) {
            Ok(floor) => writer.finish(floor, histories.to_vec()),
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
        let view = View::new(&self.store, sequence, Older::Base);
        for found in view.entries_from(0) {
            let entry = found.entry();
            let is_plugin_data = entry.collection == Collection::PluginData as u8;
            if entry.cleared && forget && is_plugin_data {
                floor = floor.max(entry.revision);
                continue;
            }
            // A version's number comes from the counter, and a snapshot's name from its commit, so that neither leaves a
            // trace. What a Tier 1 document itself was cleared at is never forgotten: it says that the newest version is
            // not there.
            if entry.cleared && !is_plugin_data && !keys::is_tier1(entry.key) {
                continue;
            }
            if writer.add(&entry)? {
                self.keep_up_meanwhile()?;
            }
        }
        Ok(floor)
    }

    /// Removes a file whose name is not used again, or leaves it for later if another program holds it.
    pub(super) fn remove_superfluous(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        self.leftovers.remove(&*self.disk, &path).map_err(|source| Error::io("remove", &path, source))
    }

    /// Removes a file of the store; that it is gone already is fine.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        match self.disk.remove(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::io("remove", &path, source)),
            _ => Ok(()),
        }
    }
}
