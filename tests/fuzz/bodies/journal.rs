//! Any bytes as the journal of a store: up to two segments, behind an image or none.
//!
//! Written from `src/journal/FORMAT.md` alone. The first byte says which checksums are mended, so that a fuzzer gets behind
//! them. Invariants checked: those of `files`; a document that is found stands in a record whose checksums are right, or in
//! the image.

use super::files::{self, Files, State};
use super::image::{self, seal, u64_at};
use std::collections::BTreeSet;

const HEADER: usize = 64;
const MAGIC: [u8; 4] = [0xFF, 0xC0, 0xFE, 0xC1];
const FIXED: usize = 32;
const CHANGE: usize = 20;
/// What bits of the first byte ask for.
const MEND_HEADERS: u8 = 1;
const MEND_RECORDS: u8 = 2;
/// Sequence numbers, revisions and times as a store comes to them; then the store has to open again the same.
const TAME: u8 = 4;
const WITH_IMAGE: u8 = 8;
/// The commit whose image there is, and what it holds.
const IMAGE: u8 = 3;
const HELD: (&str, &str) = ("slot", "{\"hp\":1}");
/// The documents of plug-ins, whose keys are as they stand in the files; and what a key of others begins with.
const PLUGIN_DATA: u8 = 5;
const OTHERS: [&str; 4] = ["save_metadata/", "character_roster", "equipment_sets", "party_configs"];

/// Opens a store whose journal the bytes are: a byte that says what to mend, the length of the first segment in two bytes,
/// and the two segments.
pub fn check(bytes: &[u8]) {
    let Some((&[wish, low, high], rest)) = bytes.split_first_chunk() else { return };
    let cut = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (first, second) = rest.split_at(cut);
    let mut all = Files::new();
    for (number, segment) in [(1, first), (2, second)].into_iter().filter(|(_, segment)| !segment.is_empty()) {
        let mut segment = segment.to_vec();
        mend(&mut segment, number, wish);
        all.insert(format!("journal-{number:016x}.coffer"), segment);
    }
    if wish & WITH_IMAGE != 0 {
        let mut entry = vec![0; HEADER];
        entry[16] = IMAGE;
        entry.extend_from_slice(&[0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        entry.extend_from_slice(&[9, 0, 0, 0, 0, 0, 0, 0, HELD.1.len() as u8, 0, 0, 0, HELD.0.len() as u8, 0, 5, 1]);
        entry.extend_from_slice(format!("{}{}", HELD.0, HELD.1).as_bytes());
        all.insert(format!("image-{IMAGE:016x}.coffer"), image::rebuilt(&entry, &[]));
    }
    let mut written: BTreeSet<(&str, &str)> = [HELD].into_iter().filter(|_| wish & WITH_IMAGE != 0).collect();
    for (_, segment) in all.iter().filter(|(name, _)| name.starts_with("journal-")) {
        (HEADER..segment.len()).step_by(8).for_each(|at| _ = puts(&segment[at..], &mut written));
    }
    for state in files::check(&all, wish & TAME != 0).into_iter().flatten() {
        compare(&state, &written);
    }
}

/// Collects what the record that begins here saves for plug-ins, if one begins here and every checksum of it is right.
fn puts<'b>(bytes: &'b [u8], into: &mut BTreeSet<(&'b str, &'b str)>) -> Option<()> {
    let count = u64_at(bytes.strip_prefix(&MAGIC)?, 24) as u32 as usize;
    let rows = bytes.get(FIXED..FIXED.checked_add(count.checked_mul(CHANGE)?)?)?;
    let mut key = FIXED + rows.len();
    let lengths = rows.chunks(CHANGE).map(|row| usize::from(u64_at(row, 2) as u16));
    let mut text = key + lengths.sum::<usize>();
    let is_right = |checked: &[u8], checksum: u64| crc32c::crc32c(checked) == checksum as u32;
    if !is_right(bytes.get(8..text)?, u64_at(bytes, 4)) {
        return None;
    }
    let mut found = Vec::new();
    for row in rows.chunks(CHANGE) {
        let key_end = key + usize::from(u64_at(row, 2) as u16);
        if row[0] == 1 {
            let text_end = text + u64_at(row, 4) as u32 as usize;
            let saved = bytes.get(text..text_end).filter(|saved| is_right(saved, u64_at(row, 16)))?;
            if row[1] == PLUGIN_DATA {
                found.push((std::str::from_utf8(&bytes[key..key_end]).ok()?, std::str::from_utf8(saved).ok()?));
            }
            text = text_end;
        }
        key = key_end;
    }
    into.extend(found);
    Some(())
}

fn compare(state: &State, written: &BTreeSet<(&str, &str)>) {
    for (key, found) in state.iter().filter(|(key, _)| !OTHERS.iter().any(|other| key.starts_with(other))) {
        let Ok((text, _)) = found else { continue };
        assert!(written.contains(&(key.as_str(), text.as_str())), "{key:?} is {text:?}, which no sound record holds");
    }
}

/// Keeps the number at `at` as small as a store's, if that is asked for.
fn tame(bytes: &mut [u8], at: usize, wish: u8) {
    if let Some(high) = bytes.get_mut(at + 6..at + 8).filter(|_| wish & TAME != 0) {
        high.fill(0);
    }
}

fn mend(segment: &mut [u8], number: u8, wish: u8) {
    [16, 24, 32].into_iter().for_each(|at| tame(segment, at, wish));
    if wish & MEND_HEADERS != 0 && segment.len() >= HEADER {
        segment[..8].copy_from_slice(b"COFFERJ\xFF");
        segment[16..24].copy_from_slice(&u64::from(number).to_le_bytes());
        seal(segment, 0..HEADER - 4, HEADER - 4);
    }
    let mut at = HEADER;
    while at < segment.len() {
        at += mend_record(&mut segment[at..], wish).unwrap_or(8);
    }
}

/// Mends the record that begins here, if one does. Its length.
fn mend_record(bytes: &mut [u8], wish: u8) -> Option<usize> {
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    [8, 16].into_iter().for_each(|at| tame(bytes, at, wish));
    let count = u64_at(bytes, 28) as u32 as usize;
    let keys = FIXED.checked_add(count.checked_mul(CHANGE)?)?;
    let rows: Vec<usize> = (FIXED..keys).step_by(CHANGE).take_while(|row| row + CHANGE <= bytes.len()).collect();
    if rows.len() < count {
        return None;
    }
    let mut text = keys + rows.iter().map(|row| usize::from(u64_at(bytes, row + 2) as u16)).sum::<usize>();
    let texts = text;
    for row in rows {
        tame(bytes, row + 8, wish);
        let length = u64_at(bytes, row + 4) as u32 as usize;
        if wish & MEND_RECORDS != 0 && bytes[row] == 1 {
            seal(bytes, text..text.checked_add(length)?, row + 16);
            text += length;
        }
    }
    if wish & MEND_RECORDS != 0 {
        seal(bytes, 8..texts, 4);
        let end = text.next_multiple_of(8);
        bytes.get_mut(text..end)?.fill(0);
        return Some(end);
    }
    None
}
