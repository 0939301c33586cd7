//! Where the records of a store's files lie, read as src/journal/FORMAT.md describes the bytes.
//!
//! It must not use the code under test: what is lost with a byte is said by the page. Only whole files come here.
//! Invariant: each piece is one checksummed unit, so that damage to one of its bytes costs this piece and no other.

/// What stands in a piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A segment's header: every commit up to `durable` was synced.
    Header { durable: u64 },
    /// A commit; `marks` if it is none, and only says how far the log was synced.
    Record { sequence: u64, durable: u64, marks: bool },
    /// A document of an image, by the name it loads under.
    Entry { key: String },
    /// A past version of a history file, and the commit that saved it.
    Past { key: String, sequence: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub start: usize,
    pub end: usize,
    pub what: What,
}

const HEADER: usize = 64;
const ENTRY: usize = 36;
const TRAILER_OF_HISTORY: usize = 32;

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The pieces of a file by the kind that its name gives.
pub fn pieces(name: &str, bytes: &[u8]) -> Vec<Piece> {
    match name.split('-').next() {
        Some("image" | "import" | "export") => entries(bytes),
        Some("journal") => records(bytes),
        Some("history") => past_versions(bytes),
        _ => Vec::new(),
    }
}

fn records(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if bytes[..HEADER].iter().any(|byte| *byte != 0) {
        pieces.push(Piece { start: 0, end: HEADER, what: What::Header { durable: number(bytes, 32, 8) } });
    }
    let mut at = HEADER;
    while bytes.get(at..at + 4) == Some(&[0xFF, 0xC0, 0xFE, 0xC1]) {
        let (sequence, lag, changes) =
            (number(bytes, at + 8, 8), number(bytes, at + 24, 4), number(bytes, at + 28, 4) as usize);
        let row = |index: usize| at + 32 + 20 * index;
        let sizes = (0..changes).map(|index| number(bytes, row(index) + 2, 2) + number(bytes, row(index) + 4, 4));
        let length = 32 + 20 * changes + sizes.sum::<u64>() as usize;
        let end = at + length.next_multiple_of(8);
        let what = What::Record { sequence, durable: sequence - lag, marks: changes == 0 };
        pieces.push(Piece { start: at, end, what });
        at = end;
    }
    assert!(bytes[at..].iter().all(|byte| *byte == 0), "behind the records there are zeros");
    pieces
}

/// The end, the name it loads under and the commit of the entry at `at`.
fn entry(bytes: &[u8], at: usize) -> (usize, String, u64) {
    let (text, key) = (number(bytes, at + 28, 4) as usize, number(bytes, at + 32, 2) as usize);
    let name = String::from_utf8(bytes[at + ENTRY..at + ENTRY + key].to_vec()).expect("keys are UTF-8");
    let name = if bytes[at + 34] == 4 { format!("save_metadata/{name}") } else { name };
    (at + ENTRY + key + text, name, number(bytes, at + 4, 8))
}

fn entries(bytes: &[u8]) -> Vec<Piece> {
    let order = number(bytes, bytes.len() - 96 + 40, 8) as usize;
    let mut pieces = Vec::new();
    let mut at = HEADER;
    while at < order {
        let (end, key, _) = entry(bytes, at);
        pieces.push(Piece { start: at, end, what: What::Entry { key } });
        at = end;
    }
    assert_eq!(at, order, "entries fill the file up to the order table");
    pieces
}

fn past_versions(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = HEADER;
    while at < bytes.len() - TRAILER_OF_HISTORY {
        let (end, key, sequence) = entry(bytes, at + 12);
        pieces.push(Piece { start: at, end, what: What::Past { key, sequence } });
        at = end;
    }
    pieces
}
