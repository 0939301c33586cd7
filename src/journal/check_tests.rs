//! Logs checked whole and damaged, on real files.

use super::check::{CheckLog, Extent, check};
use super::segment::{HEADER, Header, name};
use super::{encode, number_in};
use crate::change::{Action, Change, Commit};
use crate::disk::RealDisk;
use crate::document::{Collection, DocumentId};
use crate::error::Result;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Default)]
struct Notes(Vec<(u64, u64, String)>);

impl CheckLog for Notes {
    fn passed(&mut self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    fn flaw(&mut self, path: &Path, offset: u64, reason: String) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.0.push((number_in(name).unwrap_or(0), offset, reason));
    }
}

fn record(sequence: u64, into: &mut Vec<u8>) {
    let text = format!("[{sequence}]");
    let checksum = crc32c::crc32c(text.as_bytes());
    let id = DocumentId::new(Collection::PluginData, "slot");
    let changes = [Change { id, revision: sequence, action: Action::Put { text: &text, checksum } }];
    encode(&Commit { sequence, time_ms: 1, changes: &changes }, 0, into);
}

/// Writes a segment with these commits and zeros behind them. Returns the offsets of its records.
fn segment(folder: &Path, number: u64, commits: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let mut bytes = Header { number, first_sequence: *commits.start(), durable: 0 }.encode().to_vec();
    let mut offsets = Vec::new();
    for sequence in commits {
        offsets.push(bytes.len() as u64);
        record(sequence, &mut bytes);
    }
    bytes.resize(bytes.len() + 100, 0);
    fs::write(folder.join(name(number)), bytes).unwrap();
    offsets
}

fn paths(folder: &Path, numbers: &[u64]) -> Vec<PathBuf> {
    numbers.iter().map(|number| folder.join(name(*number))).collect()
}

/// Segment and offset of everything that is wrong.
fn checked(folder: &Path, numbers: &[u64], after: u64, through: u64) -> Vec<(u64, u64)> {
    let mut notes = Notes::default();
    check(&RealDisk, &Extent { paths: paths(folder, numbers), after, through }, &mut notes).unwrap();
    notes.0.iter().map(|(number, offset, _)| (*number, *offset)).collect()
}

fn damage(folder: &Path, number: u64, place: u64) {
    let path = folder.join(name(number));
    let mut bytes = fs::read(&path).unwrap();
    bytes[place as usize] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_whole_log_has_no_flaw_whatever_is_written_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    segment(folder.path(), 1, 3..=10);
    let offsets = segment(folder.path(), 2, 11..=15);
    assert_eq!(checked(folder.path(), &[1, 2], 2, 15), []);
    assert_eq!(checked(folder.path(), &[1, 2], 7, 15), [], "the image has some of it");
    damage(folder.path(), 2, offsets[4]);
    assert_eq!(checked(folder.path(), &[1, 2], 2, 14), [], "the last one may be under way");
    assert_eq!(checked(folder.path(), &[], 5, 5), []);
}

#[test]
fn every_changed_byte_of_a_record_or_header_is_found_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let first = segment(folder.path(), 1, 1..=4);
    let end = first[3] + (first[3] - first[2]);
    let second = segment(folder.path(), 2, 5..=8);
    for (number, offsets) in [(1, &first), (2, &second)] {
        for place in 0..end {
            damage(folder.path(), number, place);
            let expected = offsets.iter().rev().find(|offset| **offset <= place).copied().unwrap_or(0);
            assert_eq!(checked(folder.path(), &[1, 2], 0, 8), [(number, expected)], "segment {number} byte {place}");
            damage(folder.path(), number, place);
        }
    }
    assert_eq!(checked(folder.path(), &[1, 2], 0, 8), []);
}

#[test]
fn all_damage_is_told_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let first = segment(folder.path(), 1, 1..=9);
    segment(folder.path(), 2, 10..=12);
    let third = segment(folder.path(), 3, 13..=15);
    for place in [first[1], first[5] + 9, third[2]] {
        damage(folder.path(), if place == third[2] { 3 } else { 1 }, place);
    }
    assert_eq!(checked(folder.path(), &[1, 2, 3], 0, 15), [(1, first[1]), (1, first[5]), (3, third[2])]);
    fs::remove_file(folder.path().join(name(2))).unwrap();
    assert_eq!(checked(folder.path(), &[1, 2, 3], 0, 15), [(1, first[1]), (1, first[5]), (2, 0), (3, third[2])]);
    assert_eq!(checked(folder.path(), &[3], 12, 15), [(3, third[2])]);
    assert_eq!(checked(folder.path(), &[3], 10, 15), [(3, 0), (3, third[2])], "commits 11 and 12 are missing");
    assert_eq!(checked(folder.path(), &[], 10, 15), [(0, 0)]);
}

#[test]
fn a_shorter_segment_ends_where_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let offsets = segment(folder.path(), 1, 1..=9);
    let good = fs::read(folder.path().join(name(1))).unwrap();
    for length in 0..=good.len() {
        fs::write(folder.path().join(name(1)), &good[..length]).unwrap();
        let is_in = |offset: &&u64| **offset <= (length as u64).max(HEADER as u64);
        let expected = match length {
            _ if length < HEADER => 0,
            _ => offsets.iter().rev().find(is_in).copied().unwrap_or(HEADER as u64),
        };
        let found = checked(folder.path(), &[1], 0, 9);
        let end = good.len() - 100;
        assert_eq!(found, if length < end { vec![(1, expected)] } else { vec![] }, "{length} of {end}");
    }
}

#[test]
fn what_an_earlier_recovery_dropped_and_wrote_anew_is_no_flaw() {
    let folder = tempfile::tempdir().unwrap();
    let torn = segment(folder.path(), 1, 5..=9);
    damage(folder.path(), 1, torn[3]);
    // The image has commit 4; commits 5 to 7 were recovered and stand in the next segment again.
    segment(folder.path(), 2, 5..=12);
    assert_eq!(checked(folder.path(), &[1, 2], 4, 12), []);
    damage(folder.path(), 1, 3);
    assert_eq!(checked(folder.path(), &[1, 2], 4, 12), [], "nor is its header");
}
