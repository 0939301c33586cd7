//! Which past versions a checkpoint writes down, and into which files.
//!
//! Versions that were replaced since the last checkpoint go from memory into one new history file. It takes in older files
//! of up to twice its size, so that their number grows with the logarithm of what they hold, and files of which more than
//! half is needed no longer, so that what a deleted snapshot held is given back. Files that nothing needs are left out.
//! Invariant: what any snapshot needs is in the files that the result names, or came after the checkpoint.

use super::Core;
use crate::error::Result;
use crate::store::history::{self, HistoryWriter, Past};
use crate::store::{HistoryRef, Superseded};

impl Core {
    /// Writes what is to be written at the checkpoint of `sequence`. Returns the histories that its image has to name.
    pub(super) fn write_history(&self, known: &[HistoryRef], sequence: u64) -> Result<Vec<HistoryRef>> {
        let fresh = self.store.superseded(sequence);
        let was_removed = self.store.take_removed();
        let tidied = self.sort_out(known, &fresh, was_removed).and_then(|(kept, taken_in)| {
            let written = self.write_one(&fresh, &taken_in, sequence)?;
            Ok(kept.into_iter().chain(written).collect())
        });
        if tidied.is_err() && was_removed {
            self.store.put_removed();
        }
        // A history that cannot be read must not keep the store from checkpoints; whoever uses its snapshots is told.
        tidied.or_else(|_| Ok(known.iter().copied().chain(self.write_one(&fresh, &[], sequence)?).collect()))
    }

    /// The files that stay as they are, and the ones that the new file takes in.
    fn sort_out(
        &self,
        known: &[HistoryRef],
        fresh: &[Superseded],
        was_removed: bool,
    ) -> Result<(Vec<HistoryRef>, Vec<HistoryRef>)> {
        let mut total: u64 = fresh.iter().map(|one| past(one).encoded_length() as u64).sum();
        let (mut kept, mut taken_in) = (Vec::new(), Vec::new());
        let mut may_merge = total > 0;
        for one in known.iter().rev() {
            if !self.store.has_pin_between(one.oldest, one.newest) {
                continue;
            }
            let needed = if was_removed { self.needed_bytes(one)? } else { one.length };
            may_merge &= one.length <= 2 * total;
            match needed {
                0 => {}
                needed if may_merge || 2 * needed < one.length => {
                    total += needed;
                    taken_in.push(*one);
                }
                _ => kept.push(*one),
            }
        }
        kept.reverse();
        Ok((kept, taken_in))
    }

    /// How many bytes of a history file some snapshot needs.
    fn needed_bytes(&self, one: &HistoryRef) -> Result<u64> {
        let mut needed = 0;
        history::read(&*self.disk, &self.folder, one, &mut |past| {
            if self.store.needs(past) {
                needed += past.encoded_length() as u64;
            }
            self.keep_up_meanwhile()
        })?;
        Ok(needed)
    }

    /// Writes one file of what is fresh and what is still needed of others; none if that is nothing.
    fn write_one(&self, fresh: &[Superseded], taken_in: &[HistoryRef], sequence: u64) -> Result<Option<HistoryRef>> {
        if fresh.is_empty() && taken_in.is_empty() {
            return Ok(None);
        }
        let mut writer = HistoryWriter::new(&*self.disk, &self.folder, sequence)?;
        match self.fill_history(&mut writer, fresh, taken_in) {
            Ok(()) => writer.finish().map(Some),
            Err(error) => {
                writer.abandon();
                Err(error)
            }
        }
    }

    fn fill_history(
        &self,
        writer: &mut HistoryWriter<'_>,
        fresh: &[Superseded],
        taken_in: &[HistoryRef],
    ) -> Result<()> {
        let mut add = |past: &Past<'_>| match writer.add(past)? {
            true => self.keep_up_meanwhile(),
            false => Ok(()),
        };
        for one in taken_in {
            let mut add_needed = |past: &Past<'_>| if self.store.needs(past) { add(past) } else { Ok(()) };
            history::read(&*self.disk, &self.folder, one, &mut add_needed)?;
        }
        fresh.iter().try_for_each(|one| add(&past(one)))
    }
}

fn past(one: &Superseded) -> Past<'_> {
    Past { entry: one.version.entry(), by: one.by }
}
