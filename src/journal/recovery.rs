//! Reads a log back after a crash, and judges how it ends.
//!
//! Reading never changes a file. Segments are read in the order of their numbers; each has to begin with the commit
//! after the last one read or with an earlier one, so a segment that was torn before an earlier recovery is followed by
//! one that goes on.
//!
//! The log ends at the first place where no valid record goes on. What lies behind that place is judged:
//! - if any header or record anywhere says that a later commit was synced, the break is damage, and an error;
//! - otherwise no commit behind the break was ever acknowledged as durable, a power cut may have taken any of it, and it
//!   is dropped. That keeps the order: what survives is a prefix of what was committed.
//!
//! Salvage applies every valid record wherever it lies, in the order of sequence numbers, and reports what is not one. Of a
//! commit that stands in two segments either copy serves; but what an earlier recovery dropped must not come back.

use super::record::{self, ALIGNMENT, MAGIC, Record};
use super::segment::{self, HEADER, Header, HeaderState};
use crate::change::Commit;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::options::Recovery;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A segment that is no longer written to.
pub struct Sealed {
    pub path: PathBuf,
    pub last_sequence: u64,
    pub bytes: u64,
}

/// Bytes that hold no valid record though they should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub path: PathBuf,
    pub offset: u64,
    pub bytes: u64,
    pub reason: String,
}

/// What a log came to.
#[derive(Default)]
pub struct Recovered {
    pub last_sequence: u64,
    /// How many commits were applied.
    pub records: u64,
    /// The applied records, byte for byte. A writer writes them anew: that they could be read says nothing about the
    /// disk, since the system's cache keeps what a failed sync dropped, and a later sync of the old file proves nothing.
    pub replayed: Vec<u8>,
    /// Bytes of an unacknowledged tail that were dropped.
    pub torn_bytes: u64,
    /// What salvage could not keep.
    pub lost: Vec<Loss>,
    /// Segments that hold applied commits.
    pub sealed: Vec<Sealed>,
    /// Segments that hold none, highest number first: a writer removes them before it starts its own segment.
    pub discarded: Vec<PathBuf>,
    pub next_number: u64,
    /// The newest sequence number that any header or record says is synced.
    pub proven: u64,
}

/// Takes one recovered commit.
pub type Apply<'a> = &'a mut dyn FnMut(&Commit<'_>) -> Result<()>;

/// Reads the log in `folder` and applies every commit after `image`, the sequence number that the image holds.
pub fn recover(
    disk: &dyn Disk,
    folder: &Path,
    names: &[String],
    image: u64,
    mode: Recovery,
    apply: Apply<'_>,
) -> Result<Recovered> {
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| segment::number_in(name)).collect();
    numbers.sort_unstable();
    let mut segments = Vec::with_capacity(numbers.len());
    for number in &numbers {
        segments.push(Segment::read(disk, folder.join(segment::name(*number)))?);
    }
    let mut recovered = Recovered {
        last_sequence: image,
        proven: image,
        next_number: numbers.last().map_or(1, |last| last + 1),
        ..Recovered::default()
    };
    match mode {
        Recovery::Strict => strict(segments, &mut recovered, apply)?,
        Recovery::Salvage => salvage(segments, &mut recovered, apply)?,
    }
    Ok(recovered)
}

/// A segment, read whole.
pub(super) struct Segment {
    pub path: PathBuf,
    bytes: Vec<u8>,
    pub header: HeaderState,
}

impl Segment {
    pub fn read(disk: &dyn Disk, path: PathBuf) -> Result<Segment> {
        let file = disk.open(&path).map_err(|source| Error::io("open", &path, source))?;
        let length = file.length().map_err(|source| Error::io("measure", &path, source))?;
        let mut bytes = Vec::new();
        let size = usize::try_from(length).map_err(|_| Error::OutOfMemory { bytes: length })?;
        bytes.try_reserve_exact(size).map_err(|_| Error::OutOfMemory { bytes: length })?;
        bytes.resize(size, 0);
        let count = file.read_at(&mut bytes, 0).map_err(|source| Error::io("read", &path, source))?;
        bytes.truncate(count);
        let header = Header::decode(&bytes);
        if let HeaderState::Newer(found) = header {
            return Err(Error::UnsupportedFormat { path, found, newest: segment::FORMAT });
        }
        Ok(Segment { path, bytes, header })
    }

    pub fn tail(&self, offset: usize) -> &[u8] {
        self.bytes.get(offset..).unwrap_or_default()
    }

    /// The length of what is not zero from `offset` on.
    fn used_after(&self, offset: usize) -> u64 {
        self.tail(offset).iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
    }

    /// The next valid record at or after `offset`, wherever it begins.
    pub fn find_record(&self, mut offset: usize) -> Option<(usize, Record<'_>)> {
        while let Some(start) = self.bytes.get(offset..offset + MAGIC.len()) {
            if start == MAGIC
                && let Ok(found) = record::decode(self.tail(offset))
            {
                return Some((offset, found));
            }
            offset += ALIGNMENT;
        }
        None
    }

    /// The newest sequence number that the header, or any valid record from `offset` on, says is synced.
    fn proof(&self, mut offset: usize) -> u64 {
        let mut proven = match self.header {
            HeaderState::Valid(header) => header.durable,
            _ => 0,
        };
        while let Some((at, found)) = self.find_record(offset) {
            proven = proven.max(found.durable);
            offset = at + found.length;
        }
        proven
    }

    fn sealed(self, last_sequence: u64) -> Sealed {
        let bytes = self.bytes.len() as u64;
        Sealed { path: self.path, last_sequence, bytes }
    }
}

/// Where and why the log does not go on.
struct Break {
    path: PathBuf,
    offset: u64,
    reason: &'static str,
    /// Nothing stands behind it. A segment that was sealed there looks like this, and one that was cut off as well.
    is_plain: bool,
}

fn strict(segments: Vec<Segment>, into: &mut Recovered, apply: Apply<'_>) -> Result<()> {
    let (mut ends, mut blank) = (None, None);
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    for segment in segments {
        // An older segment may be torn or its header lost, and yet a later one that was written anew goes on from the
        // image: what counts is how far the commits reach.
        let follows =
            matches!(segment.header, HeaderState::Valid(header) if header.first_sequence <= into.last_sequence + 1);
        if !follows {
            note_gap(&segment, into.last_sequence, &mut ends, &mut blank);
            into.proven = into.proven.max(segment.proof(HEADER));
            dropped.push(segment);
            continue;
        }
        let (offset, reason) = replay(&segment, into, apply)?;
        into.proven = into.proven.max(segment.proof(offset));
        let torn = segment.used_after(offset);
        into.torn_bytes += torn;
        blank = None;
        ends = Some(Break { path: segment.path.clone(), offset: offset as u64, reason, is_plain: torn == 0 });
        kept.push((segment, into.last_sequence));
    }
    if let Some(found) = ends.filter(|_| into.proven > into.last_sequence) {
        let reason = format!(
            "{}, yet commits up to {} were synced and only {} are whole",
            found.reason, into.proven, into.last_sequence
        );
        return Err(Error::corrupt(&found.path, found.offset, reason));
    }
    into.torn_bytes += dropped.iter().map(|segment| segment.used_after(0)).sum::<u64>();
    into.discarded = dropped.iter().rev().map(|segment| segment.path.clone()).collect();
    into.sealed = kept.into_iter().map(|(segment, last)| segment.sealed(last)).collect();
    Ok(())
}

/// Notes that the log, which came to the commit `last`, does not go on in this segment, and decides whether it broke here or
/// where it ended before: an older segment may well have a torn end that the segments after it made good.
fn note_gap(segment: &Segment, last: u64, ends: &mut Option<Break>, blank: &mut Option<Break>) {
    let reason = header_reason(&segment.header);
    let here = Break { path: segment.path.clone(), offset: 0, reason, is_plain: false };
    let Some(before) = ends else {
        *ends = Some(here);
        return;
    };
    // Its records would go on where the log ended, had it a header.
    let goes_on = || segment.find_record(HEADER).is_some_and(|(_, found)| found.sequence <= last + 1);
    match segment.header {
        HeaderState::Valid(_) => *ends = blank.take().or(ends.take()),
        HeaderState::Invalid if before.is_plain || goes_on() => *ends = Some(here),
        // Made ahead, or cut off in its header. Recovery leaves none of them between others, so if another was begun behind
        // it, it held commits.
        _ => *blank = blank.take().or(Some(here)),
    }
}

fn header_reason(header: &HeaderState) -> &'static str {
    match header {
        HeaderState::Valid(_) => "this segment does not go on where the one before it ends",
        HeaderState::Unused => "this segment's header is empty",
        HeaderState::Newer(_) | HeaderState::Invalid => "this segment's header is damaged",
    }
}

/// Applies the records of one segment in order; says where they end and why.
fn replay(segment: &Segment, into: &mut Recovered, apply: Apply<'_>) -> Result<(usize, &'static str)> {
    let HeaderState::Valid(header) = segment.header else { return Ok((0, "this segment has no header")) };
    let mut offset = HEADER;
    let mut next = header.first_sequence;
    loop {
        let found = match in_order(segment, offset, next) {
            Ok(found) => found,
            Err(reason) => return Ok((offset, reason)),
        };
        let end = offset + found.length;
        into.proven = into.proven.max(found.durable);
        next += u64::from(!found.changes.is_empty());
        // What an earlier recovery wrote anew stands in two segments; the image holds what is older than itself.
        if found.sequence > into.last_sequence {
            apply_one(&found, into, apply)?;
            into.replayed.extend_from_slice(segment.bytes.get(offset..end).unwrap_or_default());
        }
        offset = end;
    }
}

/// The record at `offset`, if it is the commit `next` or a mark before it.
fn in_order(segment: &Segment, offset: usize, next: u64) -> std::result::Result<Record<'_>, &'static str> {
    let found = record::decode(segment.tail(offset))?;
    let fits = if found.changes.is_empty() { found.sequence < next } else { found.sequence == next };
    if fits { Ok(found) } else { Err("a record is out of order") }
}

/// The newest commit that `replay` would find in a segment.
fn reach(segment: &Segment) -> u64 {
    let HeaderState::Valid(header) = segment.header else { return 0 };
    let (mut offset, mut next) = (HEADER, header.first_sequence);
    while let Ok(found) = in_order(segment, offset, next) {
        offset += found.length;
        next += u64::from(!found.changes.is_empty());
    }
    next.saturating_sub(1)
}

fn apply_one(found: &Record<'_>, into: &mut Recovered, apply: Apply<'_>) -> Result<()> {
    apply(&Commit { sequence: found.sequence, time_ms: found.time_ms, changes: &found.changes })?;
    into.last_sequence = found.sequence;
    into.records += 1;
    Ok(())
}

fn salvage(segments: Vec<Segment>, into: &mut Recovered, apply: Apply<'_>) -> Result<()> {
    let mut found: BTreeMap<u64, Record<'_>> = BTreeMap::new();
    // From the newest segment to the oldest. What an earlier recovery dropped from a segment's tail was replaced by what
    // the segments after it hold; but what it wrote anew there is the same here, if the newer copy is damaged.
    let (mut superseded, mut named) = (u64::MAX, 0);
    for segment in segments.iter().rev() {
        into.proven = into.proven.max(segment.proof(HEADER));
        let records = valid_records(segment, into);
        named = records.iter().map(|one| one.sequence).chain(first_in_header(segment)).fold(named, u64::max);
        let first = records.first().map_or(u64::MAX, |record| record.sequence);
        // It wrote anew all that it could read in order, which is at least what can be read so now. Beyond that a copy
        // tells that it came so far.
        let copied = records.iter().filter(|one| found.get(&one.sequence) == Some(*one)).map(|one| one.sequence).max();
        let anew = copied.unwrap_or(0).max(reach(segment));
        for record in records.into_iter().filter(|one| one.sequence < superseded || one.sequence <= anew) {
            found.entry(record.sequence).or_insert(record);
        }
        superseded = superseded.min(first).min(first_in_header(segment).unwrap_or(u64::MAX));
    }
    for (sequence, one) in found {
        if sequence > into.last_sequence {
            apply_one(&one, into, apply)?;
        }
    }
    // Numbers that were given out are not given out again, whatever became of their commits.
    into.last_sequence = into.last_sequence.max(into.proven).max(named);
    into.discarded = segments.iter().rev().map(|segment| segment.path.clone()).collect();
    Ok(())
}

fn first_in_header(segment: &Segment) -> Option<u64> {
    match segment.header {
        HeaderState::Valid(header) => Some(header.first_sequence),
        _ => None,
    }
}

/// Every valid commit in a segment, wherever it lies; the rest is reported as lost.
fn valid_records<'s>(segment: &'s Segment, into: &mut Recovered) -> Vec<Record<'s>> {
    if !matches!(segment.header, HeaderState::Valid(_) | HeaderState::Unused) {
        report(segment, 0, HEADER.min(segment.bytes.len()), header_reason(&segment.header), into);
    }
    let mut records = Vec::new();
    let mut offset = HEADER;
    while let Some((at, one)) = segment.find_record(offset) {
        report(segment, offset, at, "no valid record", into);
        offset = at + one.length;
        if !one.changes.is_empty() {
            records.push(one);
        }
    }
    let end = offset + segment.used_after(offset) as usize;
    report(segment, offset, end, "no valid record", into);
    records
}

fn report(segment: &Segment, from: usize, to: usize, reason: &str, into: &mut Recovered) {
    if from < to {
        let (offset, bytes) = (from as u64, (to - from) as u64);
        into.lost.push(Loss { path: segment.path.clone(), offset, bytes, reason: reason.to_owned() });
    }
}
