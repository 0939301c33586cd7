//! How the store grew, kept in its own record over restarts.
//!
//! The record is a commit, so it is made seldom: at most once an hour, and the first only when the store has been there for an
//! hour. Invariant: the present state counts as the newest sample, whether or not it is in the record.

use super::Core;
use super::commit::now_ms;
use super::keys::RESTORABLE;
use crate::analytics::{Sample, Samples};
use crate::document::{Collection, DocumentId};
use crate::error::Result;
use crate::module::Module;
use crate::store::Total;
use std::sync::atomic::Ordering;

/// The record, within `save_metadata`.
const RECORD: &str = "growth";
const HOUR_MS: u64 = 3_600_000;

impl Core {
    /// What the collections that users save to hold together.
    pub(super) fn size_now(&self) -> Total {
        let totals = self.store.totals();
        let users = Collection::ALL.into_iter().zip(totals).filter(|(one, _)| RESTORABLE.contains(one));
        users.fold(Total::default(), |sum, (_, one)| Total {
            documents: sum.documents + one.documents,
            bytes: sum.bytes + one.bytes,
        })
    }

    /// The samples of the record, and the present state.
    pub(super) fn samples_until_now(&self) -> Samples {
        let Total { documents, bytes } = self.size_now();
        let mut samples = self.kept_samples();
        samples.add(Sample { time_ms: now_ms(), documents, bytes });
        samples
    }

    fn kept_samples(&self) -> Samples {
        let record = self.store.get(DocumentId::new(Collection::SaveMetadata, RECORD));
        record.map(|record| Samples::parse(record.text())).unwrap_or_default()
    }

    /// Adds a sample to the record, if it is time.
    pub(super) fn keep_growth(&self) -> Result<()> {
        if !Module::Analytics.is_built_in() {
            return Ok(());
        }
        let now = now_ms();
        let next = self.kept.next_sample_ms.load(Ordering::Relaxed);
        // A clock that was set back must not put samples off for long.
        if now < next && next - now <= HOUR_MS {
            return Ok(());
        }
        let last = self.kept_samples().newest().map(|newest| newest.time_ms);
        // Later rounds need not look at the image again.
        let last = last.or_else(|| if next == 0 { self.newest_at_opening() } else { None });
        let is_due = match last {
            Some(last) => now >= last + HOUR_MS || now < last,
            None => next > 0,
        };
        let from = last.filter(|_| !is_due).unwrap_or(now);
        self.kept.next_sample_ms.store(from + HOUR_MS, Ordering::Relaxed);
        if is_due { self.note(RECORD, &self.samples_until_now(), "") } else { Ok(()) }
    }

    /// When the newest document of the image was saved; where the journal had more, when that began.
    fn newest_at_opening(&self) -> Option<u64> {
        if self.report.recovered_records > 0 {
            return Some(self.reach.lock().time_ms);
        }
        self.store.base().and_then(|base| base.newest_ms())
    }
}
