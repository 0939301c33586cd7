//! The bytes of one journal record: a commit, whole, or a durable mark.
//!
//! Holds encoding and decoding; no I/O, and no opinion on what follows a record. `FORMAT.md` gives the layout.
//!
//! A record is valid if and only if
//! 1. it starts with `MAGIC`, whose bytes occur in no UTF-8 text, so no document can look like a record;
//! 2. its head checksum is the CRC-32C of everything from the sequence number to the last key;
//! 3. the text checksum of every put is the CRC-32C of its text;
//! 4. every action and collection is known, every key and text is UTF-8, no key is empty or too long, and the padding is
//!    zero;
//! 5. its sequence number and revisions are not above the largest.
//!
//! Invariant: `decode(encode(commit)) == commit`, and changing any one byte makes decoding fail.

use crate::change::{Action, Change, Commit};
use crate::document::{Collection, DocumentId, LARGEST_NUMBER, check_key};

pub const MAGIC: [u8; 4] = [0xFF, 0xC0, 0xFE, 0xC1];
/// Records start at multiples of this, so that the next one can be looked for after damage.
pub const ALIGNMENT: usize = 8;
const FIXED: usize = 32;
const CHANGE: usize = 20;
const HEAD_CHECKSUM: std::ops::Range<usize> = 4..8;
const CHECKED_FROM: usize = 8;
const PUT: u8 = 1;
const CLEAR: u8 = 2;

/// A decoded record.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub sequence: u64,
    pub time_ms: u64,
    /// Everything up to this sequence number was synced when the record was written.
    pub durable: u64,
    /// Empty in a durable mark, whose sequence number is that of the commit before it.
    pub changes: Vec<Change<'a>>,
    /// How many bytes the record takes, padding included.
    pub length: usize,
}

/// Appends a commit, or a durable mark if it has no changes. `durable` is at most `commit.sequence`.
pub fn encode(commit: &Commit<'_>, durable: u64, into: &mut Vec<u8>) {
    let start = into.len();
    into.extend_from_slice(&MAGIC);
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(&counts(commit, durable));
    for change in commit.changes {
        into.extend_from_slice(&row(change));
    }
    for change in commit.changes {
        into.extend_from_slice(change.id.key.as_bytes());
    }
    let checked = into.get(start + CHECKED_FROM..).unwrap_or_default();
    let checksum = crc32c::crc32c(checked).to_le_bytes();
    if let Some(place) = into.get_mut(start + HEAD_CHECKSUM.start..start + HEAD_CHECKSUM.end) {
        place.copy_from_slice(&checksum);
    }
    for change in commit.changes {
        into.extend_from_slice(text(change).as_bytes());
    }
    let length = into.len() - start;
    into.resize(start + length.next_multiple_of(ALIGNMENT), 0);
}

/// Gives the bytes of `encode` to `write` in pieces of about `piece` bytes, so that no more of a large commit is ever held.
pub fn encode_in_pieces<E>(
    commit: &Commit<'_>,
    durable: u64,
    piece: usize,
    write: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let counts = counts(commit, durable);
    let rows = commit.changes.iter().fold(crc32c::crc32c(&counts), |sum, one| crc32c::crc32c_append(sum, &row(one)));
    let checksum = commit.changes.iter().fold(rows, |sum, one| crc32c::crc32c_append(sum, one.id.key.as_bytes()));
    let mut pieces = Pieces { buffer: Vec::with_capacity(2 * piece), piece, write };
    pieces.put(&MAGIC)?;
    pieces.put(&checksum.to_le_bytes())?;
    pieces.put(&counts)?;
    for change in commit.changes {
        pieces.put(&row(change))?;
    }
    for change in commit.changes {
        pieces.put(change.id.key.as_bytes())?;
    }
    for change in commit.changes {
        pieces.put(text(change).as_bytes())?;
    }
    let padding = length(commit) - unpadded(commit);
    pieces.put([0; ALIGNMENT].get(..padding as usize).unwrap_or_default())?;
    (pieces.write)(&pieces.buffer)
}

/// How many bytes a commit takes, padding included.
pub fn length(commit: &Commit<'_>) -> u64 {
    unpadded(commit).next_multiple_of(ALIGNMENT as u64)
}

fn unpadded(commit: &Commit<'_>) -> u64 {
    let sizes = commit.changes.iter().map(|change| (CHANGE + change.id.key.len() + text(change).len()) as u64);
    FIXED as u64 + sizes.sum::<u64>()
}

/// What the head says before the table of changes, from the sequence number on.
#[inline]
fn counts(commit: &Commit<'_>, durable: u64) -> [u8; FIXED - CHECKED_FROM] {
    let lag = commit.sequence.saturating_sub(durable).min(u64::from(u32::MAX)) as u32;
    let mut bytes = [0; FIXED - CHECKED_FROM];
    let (sequence, rest) = bytes.split_at_mut(8);
    let (time_ms, rest) = rest.split_at_mut(8);
    let (for_lag, count) = rest.split_at_mut(4);
    sequence.copy_from_slice(&commit.sequence.to_le_bytes());
    time_ms.copy_from_slice(&commit.time_ms.to_le_bytes());
    for_lag.copy_from_slice(&lag.to_le_bytes());
    count.copy_from_slice(&(commit.changes.len() as u32).to_le_bytes());
    bytes
}

/// A change's row of the table.
#[inline]
fn row(change: &Change<'_>) -> [u8; CHANGE] {
    let (kind, text_length, checksum) = match change.action {
        Action::Put { text, checksum } => (PUT, text.len() as u32, checksum),
        Action::Clear => (CLEAR, 0, 0),
    };
    let [key_0, key_1] = (change.id.key.len() as u16).to_le_bytes();
    let mut bytes = [0; CHANGE];
    let (names, rest) = bytes.split_at_mut(4);
    let (for_length, rest) = rest.split_at_mut(4);
    let (revision, for_checksum) = rest.split_at_mut(8);
    names.copy_from_slice(&[kind, change.id.collection as u8, key_0, key_1]);
    for_length.copy_from_slice(&text_length.to_le_bytes());
    revision.copy_from_slice(&change.revision.to_le_bytes());
    for_checksum.copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[inline]
fn text<'a>(change: &Change<'a>) -> &'a str {
    match change.action {
        Action::Put { text, .. } => text,
        Action::Clear => "",
    }
}

/// Gathers bytes and hands them on piece by piece.
struct Pieces<'w, E> {
    buffer: Vec<u8>,
    piece: usize,
    write: &'w mut dyn FnMut(&[u8]) -> Result<(), E>,
}

impl<E> Pieces<'_, E> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), E> {
        for part in bytes.chunks(self.piece) {
            self.buffer.extend_from_slice(part);
            if self.buffer.len() >= self.piece {
                (self.write)(&self.buffer)?;
                self.buffer.clear();
            }
        }
        Ok(())
    }
}

/// Decodes the record at the start of `bytes`, or says which of the conditions it breaks.
pub fn decode(bytes: &[u8]) -> Result<Record<'_>, &'static str> {
    let mut fixed = Cursor { rest: bytes };
    if fixed.take(4) != Some(&MAGIC) {
        return Err("no record starts here");
    }
    let head_checksum = fixed.u32().ok_or(SHORT)?;
    let sequence = fixed.u64().ok_or(SHORT)?;
    let time_ms = fixed.u64().ok_or(SHORT)?;
    let lag = fixed.u32().ok_or(SHORT)?;
    let count = fixed.u32().ok_or(SHORT)? as usize;
    let table_length = count.checked_mul(CHANGE).ok_or(SHORT)?;
    let table = fixed.take(table_length).ok_or(SHORT)?;
    let keys_length: usize =
        table.chunks_exact(CHANGE).filter_map(|row| Cursor { rest: row }.row()).map(|row| row.key_length).sum();
    let mut keys = Cursor { rest: fixed.take(keys_length).ok_or(SHORT)? };
    let checked = bytes.get(CHECKED_FROM..FIXED + table_length + keys_length).ok_or(SHORT)?;
    if crc32c::crc32c(checked) != head_checksum {
        return Err("the checksum over the record's head does not match");
    }
    if sequence > LARGEST_NUMBER {
        return Err("a sequence number is above the largest");
    }
    let mut texts = fixed;
    // The head is checked by now, so its count can be trusted with an allocation.
    let mut changes = Vec::with_capacity(count);
    for row in table.chunks_exact(CHANGE) {
        let row = Cursor { rest: row }.row().ok_or(SHORT)?;
        changes.push(change(&row, &mut keys, &mut texts)?);
    }
    let used = bytes.len() - texts.rest.len();
    let length = used.next_multiple_of(ALIGNMENT);
    if bytes.get(used..length).ok_or(SHORT)?.iter().any(|byte| *byte != 0) {
        return Err("the padding after the record is not zero");
    }
    Ok(Record { sequence, time_ms, durable: sequence.saturating_sub(u64::from(lag)), changes, length })
}

const SHORT: &str = "the record ends too early";

/// One row of the table of changes.
struct Row {
    kind: u8,
    collection: u8,
    key_length: usize,
    text_length: usize,
    revision: u64,
    checksum: u32,
}

fn change<'a>(row: &Row, keys: &mut Cursor<'a>, texts: &mut Cursor<'a>) -> Result<Change<'a>, &'static str> {
    let collection = Collection::from_number(row.collection).ok_or("a change names an unknown collection")?;
    if row.revision > LARGEST_NUMBER {
        return Err("a revision is above the largest");
    }
    let key = keys.take(row.key_length).ok_or(SHORT)?;
    let key = std::str::from_utf8(key).map_err(|_| "a key is not UTF-8")?;
    check_key(key).map_err(|_| "a key is empty or too long")?;
    let action = match row.kind {
        PUT => {
            let text = texts.take(row.text_length).ok_or(SHORT)?;
            if crc32c::crc32c(text) != row.checksum {
                return Err("the checksum over a document does not match");
            }
            let text = std::str::from_utf8(text).map_err(|_| "a document is not UTF-8")?;
            Action::Put { text, checksum: row.checksum }
        }
        CLEAR => Action::Clear,
        _ => return Err("a change is of an unknown kind"),
    };
    Ok(Change { id: DocumentId::new(collection, key), revision: row.revision, action })
}

/// Reads forward; `None` where the bytes end.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn row(&mut self) -> Option<Row> {
        let [kind, collection] = self.array()?;
        let key_length = usize::from(self.array().map(u16::from_le_bytes)?);
        let text_length = self.u32()? as usize;
        Some(Row { kind, collection, key_length, text_length, revision: self.u64()?, checksum: self.u32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put<'a>(key: &'a str, text: &'a str, revision: u64) -> Change<'a> {
        let checksum = crc32c::crc32c(text.as_bytes());
        Change { id: DocumentId::new(Collection::PluginData, key), revision, action: Action::Put { text, checksum } }
    }

    fn sample() -> (Vec<u8>, Vec<Change<'static>>) {
        let clear =
            Change { id: DocumentId::new(Collection::PartyConfigs, "party"), revision: 9, action: Action::Clear };
        let changes = vec![put("slot", r#"{"hp":10}"#, 1), clear, put("é", "[]", 7)];
        let mut bytes = Vec::new();
        encode(&Commit { sequence: 40, time_ms: 1_700_000_000_123, changes: &changes }, 38, &mut bytes);
        (bytes, changes)
    }

    #[test]
    fn a_commit_comes_back_as_it_was() {
        let (mut bytes, changes) = sample();
        let length = bytes.len();
        bytes.extend_from_slice(b"whatever follows");
        let record = decode(&bytes).unwrap();
        assert_eq!(record, Record { sequence: 40, time_ms: 1_700_000_000_123, durable: 38, changes, length });
        assert_eq!(length % ALIGNMENT, 0);
    }

    #[test]
    fn a_commit_in_pieces_has_the_same_bytes() {
        let (whole, changes) = sample();
        let commit = Commit { sequence: 40, time_ms: 1_700_000_000_123, changes: &changes };
        assert_eq!(length(&commit), whole.len() as u64);
        for piece in 1..whole.len() + 2 {
            let mut joined = Vec::new();
            let outcome: Result<(), ()> = encode_in_pieces(&commit, 38, piece, &mut |bytes| {
                assert!(bytes.len() < 2 * piece, "{piece}");
                joined.extend_from_slice(bytes);
                Ok(())
            });
            assert_eq!((outcome, &joined), (Ok(()), &whole), "{piece}");
        }
        let mut calls = 0;
        let outcome = encode_in_pieces(&commit, 38, 16, &mut |_| {
            calls += 1;
            if calls == 2 { Err("full") } else { Ok(()) }
        });
        assert_eq!((outcome, calls), (Err("full"), 2), "nothing is written behind a failure");
    }

    #[test]
    fn any_changed_bit_is_noticed() {
        let (bytes, _) = sample();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                assert!(decode(&damaged).is_err(), "byte {place}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_record_cut_at_any_length_is_refused() {
        let (bytes, _) = sample();
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_durable_mark_has_no_changes() {
        let mut bytes = Vec::new();
        encode(&Commit { sequence: 5, time_ms: 0, changes: &[] }, 5, &mut bytes);
        let mark = decode(&bytes).unwrap();
        assert_eq!((mark.sequence, mark.durable, mark.changes.len()), (5, 5, 0));
    }

    #[test]
    fn numbers_above_the_largest_are_refused() {
        for (sequence, revision, fits) in [
            (LARGEST_NUMBER, LARGEST_NUMBER, true),
            (LARGEST_NUMBER + 1, 1, false),
            (1, LARGEST_NUMBER + 1, false),
            (u64::MAX, u64::MAX, false),
        ] {
            let changes = [put("slot", "1", revision)];
            let mut bytes = Vec::new();
            encode(&Commit { sequence, time_ms: 0, changes: &changes }, 0, &mut bytes);
            assert_eq!(decode(&bytes).is_ok(), fits, "{sequence} {revision}");
        }
    }

    #[test]
    fn keys_that_no_store_writes_are_refused() {
        for (length, fits) in [(0, false), (1, true), (1024, true), (1025, false)] {
            let (key, mut bytes) = ("k".repeat(length), Vec::new());
            let changes = [put("slot", "1", 1), put(&key, "1", 1)];
            encode(&Commit { sequence: 1, time_ms: 0, changes: &changes }, 0, &mut bytes);
            assert_eq!(decode(&bytes).is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn a_count_of_four_thousand_million_allocates_nothing() {
        let mut bytes = MAGIC.to_vec();
        bytes.resize(FIXED, 0xFF);
        assert!(decode(&bytes).is_err());
    }
}
