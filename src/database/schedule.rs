//! The schedule of automatic snapshots, kept by the store's own thread.
//!
//! It goes by the clock on the wall and by the records, so that a game that is played for ten minutes a day gets its
//! hourly snapshots too. Invariant: a snapshot is made only if something was saved since the last one of the schedule.

use super::Core;
use super::commit::now_ms;
use crate::error::Result;
use crate::module::Module;
use std::sync::atomic::Ordering;
use std::time::Duration;

const REASON: &str = "schedule";

impl Core {
    /// Makes the snapshot that is due, if one is.
    pub(super) fn keep_schedule(&self) -> Result<()> {
        let now = now_ms();
        let Some(every_ms) = self.schedule_ms() else { return Ok(()) };
        let next = self.next_snapshot_ms.load(Ordering::Relaxed);
        // A clock that was set back must not put snapshots off for long.
        if now < next && next - now <= every_ms {
            return Ok(());
        }
        let snapshots = self.snapshots()?;
        let last = snapshots.iter().rev().find(|one| one.reason.as_deref() == Some(REASON));
        let made_at = last.map_or(0, |one| one.created_at_ms);
        let due = match made_at {
            0 => next > 0,
            made_at => now >= made_at + every_ms || now < made_at,
        };
        if !due {
            let from = if made_at == 0 { now } else { made_at };
            self.next_snapshot_ms.store(from + every_ms, Ordering::Relaxed);
            return Ok(());
        }
        self.next_snapshot_ms.store(now + every_ms, Ordering::Relaxed);
        // The record is itself a commit.
        let is_new = |sequence: u64| self.log.as_ref().is_some_and(|log| log.last_sequence() > sequence + 1);
        if last.is_none_or(|one| is_new(one.sequence)) {
            self.name_state("scheduled", Some(REASON), "")?;
        }
        Ok(())
    }

    fn schedule_ms(&self) -> Option<u64> {
        let every = self.options.snapshot_every.filter(|_| Module::BackupRestore.is_built_in());
        every.map(|every| every.as_millis() as u64)
    }

    /// How long the thread may sleep while nothing is owed.
    pub(super) fn until_schedule(&self) -> Option<Duration> {
        let every_ms = self.schedule_ms()?;
        let wait = self.next_snapshot_ms.load(Ordering::Relaxed).saturating_sub(now_ms());
        Some(Duration::from_millis(wait.clamp(1, every_ms.max(1))))
    }
}
