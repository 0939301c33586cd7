//! Logs recovered strictly and by salvage, on real files.
//!
//! Holds what recovery itself decides: where a log ends, what proves that an end is damage, and what stands in two segments.

use super::recovery::{Recovered, recover};
use super::segment::{FORMAT, HEADER, Header, name};
use super::{encode, number_in};
use crate::change::{Action, Change, Commit};
use crate::disk::RealDisk;
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result};
use crate::options::Recovery;
use std::fs;
use std::path::{Path, PathBuf};

/// A record to write: its sequence number, how far it says the log is synced, and whether it is a mark.
#[derive(Clone, Copy)]
struct Wanted(u64, u64, bool);

fn commits(sequences: impl IntoIterator<Item = u64>) -> Vec<Wanted> {
    sequences.into_iter().map(|sequence| Wanted(sequence, 0, false)).collect()
}

fn append(wanted: Wanted, revision: u64, into: &mut Vec<u8>) {
    let Wanted(sequence, durable, is_mark) = wanted;
    let put = Action::Put { text: "[]", checksum: crc32c::crc32c(b"[]") };
    let change = [Change { id: DocumentId::new(Collection::PluginData, "slot"), revision, action: put }];
    encode(&Commit { sequence, time_ms: 1, changes: if is_mark { &[] } else { &change } }, durable, into);
}

/// Writes a segment with zeros behind its records, whose revisions are the segment's number. Returns where each record
/// begins, and where the last one ends.
fn segment(folder: &Path, number: u64, first_sequence: u64, records: &[Wanted]) -> Vec<usize> {
    let mut bytes = Header { number, first_sequence, durable: 0 }.encode().to_vec();
    let mut offsets = vec![HEADER];
    for wanted in records {
        append(*wanted, number, &mut bytes);
        offsets.push(bytes.len());
    }
    bytes.resize(bytes.len() + 96, 0);
    fs::write(folder.join(name(number)), bytes).unwrap();
    offsets
}

fn change_file(folder: &Path, number: u64, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join(name(number));
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// What a log came to, and the sequence number and revision of each commit in the order in which they came.
fn recovered(folder: &Path, image: u64, mode: Recovery) -> Result<(Recovered, Vec<(u64, u64)>)> {
    let entries = fs::read_dir(folder).unwrap();
    let names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut seen = Vec::new();
    let outcome = recover(&RealDisk, folder, &names, image, mode, &mut |commit| {
        seen.push((commit.sequence, commit.changes[0].revision));
        Ok(())
    })?;
    Ok((outcome, seen))
}

fn strict(folder: &Path, image: u64) -> (Recovered, Vec<(u64, u64)>) {
    recovered(folder, image, Recovery::Strict).unwrap()
}

fn numbers<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Vec<u64> {
    paths.into_iter().map(|path| number_in(path.file_name().unwrap().to_str().unwrap()).unwrap()).collect()
}

fn sealed(log: &Recovered) -> Vec<(u64, u64)> {
    numbers(log.sealed.iter().map(|one| &one.path))
        .into_iter()
        .zip(log.sealed.iter().map(|one| one.last_sequence))
        .collect()
}

#[test]
fn what_stands_in_two_segments_is_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = segment(folder.path(), 1, 5, &commits(5..=9));
    change_file(folder.path(), 1, |bytes| bytes[first[3]] ^= 1);
    segment(folder.path(), 2, 5, &commits(5..=12));
    let (log, seen) = strict(folder.path(), 4);
    let expected: Vec<(u64, u64)> = (5..=12).map(|sequence| (sequence, if sequence < 8 { 1 } else { 2 })).collect();
    assert_eq!(seen, expected);
    let mut again = Vec::new();
    expected.iter().for_each(|(sequence, revision)| append(Wanted(*sequence, 0, false), *revision, &mut again));
    assert_eq!(log.replayed, again, "a writer writes just that anew");
    assert_eq!((log.last_sequence, log.records, log.next_number), (12, 8, 3));
    assert_eq!((sealed(&log), log.discarded), (vec![(1, 7), (2, 12)], Vec::new()));
    // The image holds some of it, or more than all of it.
    let (log, seen) = strict(folder.path(), 10);
    assert_eq!((seen, log.records, log.last_sequence), (vec![(11, 2), (12, 2)], 2, 12));
    let (log, seen) = strict(folder.path(), 20);
    assert_eq!((seen, log.replayed.len(), log.last_sequence, log.proven), (Vec::new(), 0, 20, 20));
}

#[test]
fn a_log_ends_where_its_records_are_out_of_order() {
    for (records, whole) in [
        (commits([1, 2, 4]), 2),
        (commits([1, 2, 2]), 2),
        (vec![Wanted(1, 0, false), Wanted(2, 0, true), Wanted(2, 0, false)], 1),
        (vec![Wanted(1, 0, false), Wanted(1, 1, true), Wanted(2, 0, false)], 3),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let offsets = segment(folder.path(), 1, 1, &records);
        let (log, seen) = strict(folder.path(), 0);
        let commits = records[..whole].iter().filter(|wanted| !wanted.2).count();
        assert_eq!((seen.len(), log.records), (commits, commits as u64));
        // A record's last bytes may be padding.
        let dropped = (offsets[3] - offsets[whole]) as u64;
        assert!(log.torn_bytes <= dropped && log.torn_bytes + 8 > dropped, "{} of {dropped}", log.torn_bytes);
    }
}

#[test]
fn what_is_said_to_be_synced_makes_an_end_damage() {
    let folder = tempfile::tempdir().unwrap();
    for (proof, is_damage) in [(2, false), (3, true)] {
        let mut records = commits(1..=5);
        records[4].1 = proof;
        let offsets = segment(folder.path(), 1, 1, &records);
        change_file(folder.path(), 1, |bytes| bytes[offsets[2] + 9] ^= 1);
        match recovered(folder.path(), 0, Recovery::Strict) {
            Ok((log, seen)) => assert_eq!((is_damage, seen.len(), log.proven), (false, 2, 2)),
            Err(Error::Corrupt { path, offset, .. }) => {
                assert_eq!((is_damage, path, offset), (true, folder.path().join(name(1)), offsets[2] as u64));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn segments_that_do_not_go_on_are_dropped_the_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let offsets = segment(folder.path(), 1, 1, &commits(1..=3));
    segment(folder.path(), 2, 5, &commits(5..=6));
    fs::write(folder.path().join(name(3)), [0; 200]).unwrap();
    let (log, seen) = strict(folder.path(), 0);
    assert_eq!((seen.len(), sealed(&log), numbers(&log.discarded)), (3, vec![(1, 3)], vec![3, 2]));
    assert_eq!(log.next_number, 4);
    // A header is proof as well.
    let header = Header { number: 3, first_sequence: 7, durable: 4 };
    change_file(folder.path(), 3, |bytes| bytes[..HEADER].copy_from_slice(&header.encode()));
    match recovered(folder.path(), 0, Recovery::Strict) {
        Err(Error::Corrupt { path, offset, reason }) => {
            assert_eq!((path, offset), (folder.path().join(name(1)), offsets[3] as u64));
            assert!(reason.ends_with("commits up to 4 were synced and only 3 are whole"), "{reason}");
        }
        other => panic!("{:?}", other.map(|(_, seen)| seen)),
    }
}

#[test]
fn garbage_behind_the_last_record_is_counted_to_its_last_byte() {
    let folder = tempfile::tempdir().unwrap();
    let end = segment(folder.path(), 1, 1, &commits(1..=3))[3];
    assert_eq!(strict(folder.path(), 0).0.torn_bytes, 0);
    change_file(folder.path(), 1, |bytes| bytes[end + 9] = 7);
    assert_eq!(strict(folder.path(), 0).0.torn_bytes, 10);
    fs::write(folder.path().join(name(2)), [7; 30]).unwrap();
    assert_eq!(strict(folder.path(), 0).0.torn_bytes, 40);
}

#[test]
fn a_segment_of_a_newer_format_is_refused_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    segment(folder.path(), 1, 1, &commits(1..=2));
    change_file(folder.path(), 1, |bytes| {
        bytes[8..12].copy_from_slice(&(FORMAT + 6).to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..HEADER - 4]).to_le_bytes();
        bytes[HEADER - 4..HEADER].copy_from_slice(&checksum);
    });
    for mode in [Recovery::Strict, Recovery::Salvage] {
        let outcome = recovered(folder.path(), 0, mode).map(|(_, seen)| seen);
        assert!(
            matches!(&outcome, Err(Error::UnsupportedFormat { found, newest: FORMAT, .. }) if *found == FORMAT + 6),
            "{outcome:?}"
        );
    }
}

#[test]
fn salvage_keeps_what_is_whole_and_tells_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = commits(1..=9);
    records[8].1 = 9;
    let offsets = segment(folder.path(), 1, 1, &records);
    change_file(folder.path(), 1, |bytes| {
        bytes[3] ^= 1;
        bytes[offsets[3] + 5] ^= 1;
    });
    let (log, seen) = recovered(folder.path(), 2, Recovery::Salvage).unwrap();
    assert_eq!(seen, [3, 5, 6, 7, 8, 9].map(|sequence| (sequence, 1)));
    let lost: Vec<(u64, u64)> = log.lost.iter().map(|loss| (loss.offset, loss.bytes)).collect();
    assert_eq!(lost, [(0, HEADER as u64), (offsets[3] as u64, (offsets[4] - offsets[3]) as u64)]);
    assert_eq!((numbers(&log.discarded), log.proven, log.last_sequence), (vec![1], 9, 9));
}

#[test]
fn salvage_takes_what_replaced_a_dropped_tail() {
    let folder = tempfile::tempdir().unwrap();
    // Its commit 8 was torn, so 9 was dropped with it, and another 8 took the place of both.
    let torn = segment(folder.path(), 1, 5, &commits(5..=9))[3];
    change_file(folder.path(), 1, |bytes| bytes[torn + 5] ^= 1);
    segment(folder.path(), 2, 8, &commits(8..=8));
    let (log, seen) = recovered(folder.path(), 4, Recovery::Salvage).unwrap();
    assert_eq!(seen, [(5, 1), (6, 1), (7, 1), (8, 2)]);
    assert_eq!((log.last_sequence, log.lost.len(), numbers(&log.discarded)), (9, 1, vec![2, 1]));
    // A number that was said to be synced is not given out again, even if its commit is gone.
    segment(folder.path(), 2, 8, &[Wanted(8, 0, false), Wanted(8, 8, true)]);
    change_file(folder.path(), 2, |bytes| {
        let header = Header { number: 2, first_sequence: 8, durable: 30 };
        bytes[..HEADER].copy_from_slice(&header.encode());
    });
    assert_eq!(recovered(folder.path(), 4, Recovery::Salvage).unwrap().0.last_sequence, 30);
}

#[test]
fn an_end_that_is_damage_says_what_is_wrong_with_the_header() {
    let proof = [Wanted(5, 0, false), Wanted(5, 5, true)];
    for (change, reason) in [
        ((|_| ()) as fn(&mut Vec<u8>), "this segment does not go on where the one before it ends"),
        (|bytes| bytes[..HEADER].fill(0), "this segment's header is empty"),
        (|bytes| bytes[1] ^= 1, "this segment's header is damaged"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        segment(folder.path(), 1, 5, &proof);
        change_file(folder.path(), 1, change);
        match recovered(folder.path(), 3, Recovery::Strict) {
            Err(Error::Corrupt { offset: 0, reason: said, .. }) => assert!(said.starts_with(reason), "{said}"),
            other => panic!("{:?}", other.map(|(_, seen)| seen)),
        }
    }
}

#[test]
fn salvage_tells_garbage_behind_the_last_record_to_its_last_byte() {
    let folder = tempfile::tempdir().unwrap();
    let end = segment(folder.path(), 1, 1, &commits(1..=3))[3];
    change_file(folder.path(), 1, |bytes| bytes[end + 9] = 7);
    let (log, seen) = recovered(folder.path(), 0, Recovery::Salvage).unwrap();
    let lost: Vec<(u64, u64)> = log.lost.iter().map(|loss| (loss.offset, loss.bytes)).collect();
    assert_eq!((seen.len(), lost), (3, vec![(end as u64, 10)]));
}
