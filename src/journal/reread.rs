//! Reads commits of a running log again, from its files.
//!
//! It judges nothing but what it was asked for: commits that were written before it began must be there, whole and in
//! order; what is being written meanwhile is not looked at. Invariant: the caller keeps the segments from being retired.

use super::record;
use super::recovery::{Apply, Segment};
use super::segment::HEADER;
use crate::change::Commit;
use crate::disk::Disk;
use crate::error::{Error, Result};
use std::path::PathBuf;

/// Hands every commit after `after` up to `through` to `apply`, from the segments at `paths`, which come in their order.
pub fn reread(disk: &dyn Disk, paths: &[PathBuf], after: u64, through: u64, apply: Apply<'_>) -> Result<()> {
    let mut last = after;
    let mut broken: Option<Error> = None;
    for path in paths {
        if last >= through {
            break;
        }
        let segment = Segment::read(disk, path.clone())?;
        let mut offset = HEADER;
        loop {
            let found = match record::decode(segment.tail(offset)) {
                Ok(found) => found,
                Err(reason) => {
                    broken = Some(Error::corrupt(&segment.path, offset as u64, reason));
                    break;
                }
            };
            // What an earlier recovery wrote anew stands in two segments.
            if !found.changes.is_empty() && found.sequence == last + 1 {
                apply(&Commit { sequence: found.sequence, time_ms: found.time_ms, changes: &found.changes })?;
                last = found.sequence;
            }
            if last >= through {
                return Ok(());
            }
            offset += found.length;
        }
    }
    match broken {
        _ if last >= through => Ok(()),
        Some(error) => Err(error),
        None => Err(Error::InvalidArgument(format!("the journal ends before commit {through}"))),
    }
}
