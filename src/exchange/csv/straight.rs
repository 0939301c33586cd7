//! The value of a row straight from its line, for rows that are one line without quotes in a file that has our columns' order.
//!
//! Goes over a line once. What stands between the values of two columns is the same each time one follows the other, so it
//! is found out by `layout` once. Holds one value. Invariant: what is handed out is what `Layout::push_value` would add;
//! where that is not certain, and where there is anything wrong with a row, there is nothing.

use super::cell;
use super::layout::{Layout, Leaf};
use crate::exchange::buffer::{Buffer, Piece};
use crate::exchange::words;
use crate::json;

/// So many columns are remembered for each that its value has come behind.
const MOST_BEFORE: usize = 8;
/// The number of no column: no value comes before this one.
const NONE: usize = usize::MAX;

pub struct Straight {
    delimiter: u8,
    columns: Vec<Column>,
    value: Buffer,
    scratch: String,
}

struct Column {
    /// What stands before the value, by the number of the column whose value is the one before, or `NONE`.
    before: Vec<(usize, Piece)>,
    /// What stands behind the value if it is the last.
    close: Piece,
}

/// What a line begins with.
pub struct Head<'l> {
    pub collection: &'l str,
    pub key: &'l str,
    /// The cells of the leaves, each with the delimiter before it, and the line's end.
    rest: &'l str,
}

impl Straight {
    /// None if cells and values are not in the same order.
    pub fn new(layout: &Layout, delimiter: u8) -> Option<Straight> {
        let column = |leaf: &Leaf| {
            let mut close = String::new();
            layout.close(leaf, 0, &mut close);
            Column { before: Vec::new(), close: Piece::new(&close) }
        };
        let columns = layout.leaves_in_order()?.iter().map(column).collect();
        Some(Straight { delimiter, columns, value: Buffer::new(1024), scratch: String::new() })
    }

    /// Takes a line's own columns, if the line has its value in cells and is no part of a table.
    pub fn head<'l>(&self, line: &'l str) -> Option<Head<'l>> {
        let mut ends = memchr::memchr_iter(self.delimiter, line.as_bytes());
        let (first, second) = (ends.next()?, ends.next()?);
        let (collection, key) = (line.get(..first)?, line.get(first + 1..second)?);
        let (own, rest) = line.get(second..)?.split_at_checked(2)?;
        // The record is empty, and so is what follows, which is `json`.
        let is_behind = |byte: &u8| *byte == self.delimiter || is_end(*byte);
        let is_empty = own.bytes().all(|byte| byte == self.delimiter) && rest.as_bytes().first().is_some_and(is_behind);
        (is_empty && !key.is_empty()).then_some(Head { collection, key, rest })
    }

    /// The value of a line.
    #[inline(never)]
    pub fn value(&mut self, layout: &Layout, head: &Head<'_>) -> Option<&[u8]> {
        let Straight { delimiter, columns, value, scratch } = self;
        let delimiter = *delimiter;
        value.cut(0);
        let mut rest = head.rest.as_bytes();
        let mut last = NONE;
        for (number, column) in columns.iter_mut().enumerate() {
            match rest.split_first()? {
                (byte, behind) if *byte == delimiter => rest = behind,
                // Excel leaves out empty cells at the ends of rows.
                _ => break,
            }
            let first = *rest.first()?;
            if first == delimiter || is_end(first) {
                continue;
            }
            column.push_before(layout, last, number, value)?;
            last = number;
            let length = match integer_length(rest, delimiter) {
                Some(length) => {
                    value.push_start(rest, length);
                    length
                }
                None => push_cell(head.rest.get(head.rest.len() - rest.len()..)?, delimiter, scratch, value)?,
            };
            rest = rest.get(length..)?;
        }
        // More cells than columns are for others to refuse.
        if !is_end(*rest.first()?) {
            return None;
        }
        match columns.get(last) {
            Some(last) => last.close.push_to(value),
            None => value.push_all(b"{}"),
        }
        Some(self.value.bytes())
    }
}

impl Column {
    /// Adds what stands before the column's value, which has this number and comes behind that of the last column.
    #[inline(always)]
    fn push_before(&mut self, layout: &Layout, last: usize, number: usize, value: &mut Buffer) -> Option<()> {
        match self.before.first() {
            Some((before, piece)) if *before == last => piece.push_to(value),
            _ => self.push_other(layout, last, number, value)?,
        }
        Some(())
    }

    #[inline(never)]
    fn push_other(&mut self, layout: &Layout, last: usize, number: usize, value: &mut Buffer) -> Option<()> {
        if let Some((_, piece)) = self.before.iter().find(|(before, _)| *before == last) {
            piece.push_to(value);
            return Some(());
        }
        let piece = between(layout, last, number)?;
        piece.push_to(value);
        if self.before.len() < MOST_BEFORE {
            self.before.push((last, piece));
        }
        Some(())
    }
}

/// What stands before the value of a column.
fn between(layout: &Layout, last: usize, number: usize) -> Option<Piece> {
    let leaves = layout.leaves_in_order()?;
    let (before, leaf) = (leaves.get(last), leaves.get(number)?);
    // A container with a cell of its own has its column before all that is in it: if that were filled, and it were not
    // this one, the value behind it would have been refused already.
    let is_filled = |cell: usize| before.is_some_and(|before| before.cell == cell);
    let mut text = String::new();
    layout.push_between(before, leaf, &is_filled, &mut text).ok()?;
    Some(Piece::new(&text))
}

/// Whether this byte of a plain line is its end; others that are less than these are in cells.
#[inline(always)]
fn is_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The length of a cell that is a short natural number, as most are.
#[inline(always)]
fn integer_length(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let word = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
    let length = words::first(words::marks(word, delimiter) | words::marks_below(word, b' '));
    let end = bytes.get(length).filter(|_| length < 8)?;
    let is_natural = words::are_digits(word, length) && (length == 1 || word as u8 != b'0');
    (is_natural && (*end == delimiter || is_end(*end))).then_some(length)
}

/// Adds the value of a cell that is not empty, and gives the cell's length.
fn push_cell(rest: &str, delimiter: u8, scratch: &mut String, value: &mut Buffer) -> Option<usize> {
    let length = memchr::memchr3(delimiter, b'\r', b'\n', rest.as_bytes())?;
    let (cell, rest) = (rest.get(..length)?, rest.as_bytes());
    match cell.as_bytes().first()? {
        b'-' | b'0'..=b'9' if json::is_number(cell) => value.push_start(rest, length),
        b'0'..=b'9' | b't' | b'T' | b'f' | b'F' | b'n' | b'N' | b'-' | b'{' | b'[' => {
            scratch.clear();
            cell::push_value(cell, scratch).ok()?;
            value.push_all(scratch.as_bytes());
        }
        _ if cell.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == b'\\')) => {
            scratch.clear();
            json::push_literal(cell, scratch);
            value.push_all(scratch.as_bytes());
        }
        _ => {
            value.push(b'"');
            value.push_start(rest, length);
            value.push(b'"');
        }
    }
    Some(length)
}
