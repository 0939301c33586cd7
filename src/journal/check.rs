//! Reads the segments of a running log again and finds everything in them that a recovery would stumble over.
//!
//! Judges as `recovery` does: what an earlier recovery dropped from a segment's tail, and wrote anew in the next one, is
//! nothing wrong, and neither is what is being written meanwhile. Goes on after damage at the next valid record. Invariant:
//! it changes nothing; and of a log about which it says nothing, a recovery applies every commit that it was asked for.

use super::record::{self, ALIGNMENT};
use super::recovery::Segment;
use super::segment::{HEADER, Header, HeaderState};
use crate::disk::Disk;
use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Who is told of the check.
pub trait CheckLog {
    /// So many more bytes were read. An error ends the check.
    fn passed(&mut self, bytes: u64) -> Result<()>;
    /// Something is wrong with a segment at this byte.
    fn flaw(&mut self, path: &Path, offset: u64, reason: String);
}

/// What is read of a log: its segments in their order, and which commits have to be in them.
pub struct Extent {
    pub paths: Vec<PathBuf>,
    /// An image has everything up to this commit.
    pub after: u64,
    /// Everything up to this commit was written before.
    pub through: u64,
}

/// Checks segments that nobody takes away meanwhile. An error is none of the files'.
pub fn check(disk: &dyn Disk, extent: &Extent, into: &mut dyn CheckLog) -> Result<()> {
    let firsts: Vec<Option<u64>> = extent.paths.iter().map(|path| first_in(disk, path)).collect();
    let mut reached = extent.after;
    for (number, path) in extent.paths.iter().enumerate() {
        let later = firsts.get(number + 1..).unwrap_or_default();
        let reason = match Segment::read(disk, path.clone()) {
            Ok(segment) => {
                reached = look_through(&segment, reached, later, extent, into);
                into.passed(segment.tail(0).len() as u64)?;
                continue;
            }
            Err(error @ Error::OutOfMemory { .. }) => return Err(error),
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => "the file is missing".to_owned(),
            Err(error) => error.to_string(),
        };
        into.flaw(path, 0, reason);
        // What was in it is not told as missing once more.
        reached = goes_on(later, extent).max(reached);
    }
    if reached < extent.through {
        let path = extent.paths.last().map_or(Path::new(""), PathBuf::as_path);
        into.flaw(path, 0, format!("the journal ends at commit {reached}, and {} were written", extent.through));
    }
    Ok(())
}

/// Up to where the commits go before the next segment that can be read.
fn goes_on(later: &[Option<u64>], extent: &Extent) -> u64 {
    later.iter().flatten().next().map_or(extent.through, |first| first.saturating_sub(1))
}

/// The first commit of a segment, if its header can be read.
fn first_in(disk: &dyn Disk, path: &Path) -> Option<u64> {
    let mut head = [0; HEADER];
    let count = disk.open(path).ok()?.read_at(&mut head, 0).ok()?;
    match Header::decode(head.get(..count)?) {
        HeaderState::Valid(header) => Some(header.first_sequence),
        _ => None,
    }
}

/// Whether one of these segments goes on from the commit after this one, so that whatever else stands before it is nothing
/// that a recovery needs.
fn is_followed(later: &[Option<u64>], at: u64) -> bool {
    later.iter().flatten().any(|first| *first <= at.saturating_add(1))
}

/// The first commit that a segment should hold; nothing if it need not hold any.
fn first_of(segment: &Segment, reached: u64, later: &[Option<u64>], into: &mut dyn CheckLog) -> Option<u64> {
    match segment.header {
        HeaderState::Valid(Header { first_sequence, .. }) => {
            if first_sequence > reached + 1 {
                let reason =
                    format!("commits {} to {} are missing before this segment", reached + 1, first_sequence - 1);
                into.flaw(&segment.path, 0, reason);
            }
            Some(first_sequence)
        }
        _ if is_followed(later, reached) => None,
        _ => {
            into.flaw(&segment.path, 0, "this segment's header is damaged".to_owned());
            // Whatever is whole in it counts as there, so that the rest is not told as missing too.
            Some(reached + 1)
        }
    }
}

/// Goes through the records of one segment; says how far the commits reach then, what is damaged having been told.
fn look_through(
    segment: &Segment,
    reached: u64,
    later: &[Option<u64>],
    extent: &Extent,
    into: &mut dyn CheckLog,
) -> u64 {
    let Some(mut next) = first_of(segment, reached, later, into) else { return reached };
    let (mut offset, mut at) = (HEADER, reached.max(next.saturating_sub(1)));
    loop {
        if later.is_empty() && at >= extent.through {
            return at;
        }
        let reason = match record::decode(segment.tail(offset)) {
            Ok(found) if found.changes.is_empty() || found.sequence == next => {
                offset += found.length;
                if !found.changes.is_empty() {
                    next = found.sequence.saturating_add(1);
                    at = at.max(found.sequence);
                }
                continue;
            }
            Ok(_) => "a record is out of order",
            Err(reason) => reason,
        };
        if is_followed(later, at) {
            return at;
        }
        let behind = if record::decode(segment.tail(offset)).is_ok() { 0 } else { ALIGNMENT };
        match segment.find_record(offset + behind).filter(|(_, found)| found.sequence.saturating_add(1) >= next) {
            Some((place, found)) => {
                into.flaw(&segment.path, offset as u64, reason.to_owned());
                (offset, next) = (place, found.sequence.saturating_add(u64::from(found.changes.is_empty())));
            }
            // The next segment cannot be read, which is told of that one; or nothing of this one, which was told.
            None if later.first() == Some(&None) => return at,
            None if offset == HEADER && !matches!(segment.header, HeaderState::Valid(_)) => {
                return at.max(goes_on(later, extent));
            }
            None => {
                let to = goes_on(later, extent);
                into.flaw(&segment.path, offset as u64, format!("{reason}, and commits up to {to} should follow"));
                return at.max(to);
            }
        }
    }
}
