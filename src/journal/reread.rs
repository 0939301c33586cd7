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

#[cfg(test)]
mod tests {
    use super::super::segment::{Header, name};
    use super::*;
    use crate::change::{Action, Change};
    use crate::disk::RealDisk;
    use crate::document::{Collection, DocumentId};
    use std::fs;
    use std::ops::RangeInclusive;
    use std::path::Path;

    /// Writes a segment of these commits, with a durable mark behind each. Returns its path and where the commits begin.
    fn segment(folder: &Path, number: u64, commits: RangeInclusive<u64>) -> (PathBuf, Vec<usize>) {
        let mut bytes = Header { number, first_sequence: *commits.start(), durable: 0 }.encode().to_vec();
        let mut offsets = Vec::new();
        for sequence in commits {
            offsets.push(bytes.len());
            let id = DocumentId::new(Collection::PluginData, "slot");
            let put = Action::Put { text: "[]", checksum: crc32c::crc32c(b"[]") };
            let changes = [Change { id, revision: sequence, action: put }];
            record::encode(&Commit { sequence, time_ms: 10 * sequence, changes: &changes }, 0, &mut bytes);
            record::encode(&Commit { sequence, time_ms: 0, changes: &[] }, sequence, &mut bytes);
        }
        bytes.resize(bytes.len() + 64, 0);
        let path = folder.join(name(number));
        fs::write(&path, bytes).unwrap();
        (path, offsets)
    }

    fn damage(path: &Path, place: usize) {
        let mut bytes = fs::read(path).unwrap();
        bytes[place] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    /// The commits that were handed out, and what came of it.
    fn reread_all(paths: &[PathBuf], after: u64, through: u64) -> (Vec<u64>, Result<()>) {
        let mut seen = Vec::new();
        let outcome = reread(&RealDisk, paths, after, through, &mut |commit| {
            assert_eq!((commit.time_ms, commit.changes.len()), (10 * commit.sequence, 1));
            seen.push(commit.sequence);
            Ok(())
        });
        (seen, outcome)
    }

    #[test]
    fn every_commit_that_was_asked_for_comes_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (first, offsets) = segment(folder.path(), 1, 5..=9);
        damage(&first, offsets[3]);
        // Commits 5 to 7 were recovered and stand in the next segment again.
        let (second, _) = segment(folder.path(), 2, 5..=12);
        let paths = [first, second, folder.path().join("not there")];
        for (after, through) in [(4, 12), (4, 7), (6, 12), (8, 9), (7, 8)] {
            let (seen, outcome) = reread_all(&paths, after, through);
            assert!(outcome.is_ok(), "{after} to {through}: {outcome:?}");
            assert_eq!(seen, (after + 1..=through).collect::<Vec<_>>());
        }
        let (seen, outcome) = reread_all(&paths[2..], 12, 12);
        assert!(outcome.is_ok() && seen.is_empty(), "no file is needed for nothing");
        assert!(matches!(reread_all(&paths, 4, 13).1, Err(Error::Io { .. })));
    }

    #[test]
    fn a_commit_that_is_damaged_or_missing_is_an_error_that_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let (path, offsets) = segment(folder.path(), 1, 5..=9);
        damage(&path, offsets[2] + 20);
        let (seen, outcome) = reread_all(std::slice::from_ref(&path), 4, 9);
        assert_eq!(seen, [5, 6]);
        match outcome {
            Err(Error::Corrupt { path: found, offset, .. }) => assert_eq!((found, offset), (path, offsets[2] as u64)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(reread_all(&[], 4, 5).1, Err(Error::InvalidArgument(reason)) if reason.contains("commit 5")));
    }

    #[test]
    fn who_is_told_may_end_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = segment(folder.path(), 1, 5..=9);
        let mut calls = 0;
        let outcome = reread(&RealDisk, &[path], 4, 9, &mut |_| {
            calls += 1;
            if calls == 2 { Err(Error::Cancelled) } else { Ok(()) }
        });
        assert!(matches!(outcome, Err(Error::Cancelled)));
        assert_eq!(calls, 2);
    }
}
