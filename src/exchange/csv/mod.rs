//! Documents as CSV: one table of rows that spreadsheets open, and that is read back exactly.
//!
//! The format. UTF-8 with a byte order mark (Excel takes a file without one for the local code page), lines that end in
//! CRLF, quoting as in RFC 4180. The first row is `collection,key,record,json` and then one name for each path that leads to
//! a leaf of some document (`path`). A document is one row; one that is itself a table (a non-empty array of objects, or a
//! non-empty object of objects) is one row for each element, and `record` says which. Cells hold the leaves (`cell`); what
//! cells cannot hold travels as JSON, in the nearest cell that stands for it or in `json`.
//!
//! This part knows rows, columns and cells; it must not know what a collection or a key may be. Invariants: what `write`
//! wrote, `read` gives back the same in JSON's sense, in order; no cell begins as a formula does; and neither holds more at
//! once than the columns and one document.

mod cell;
mod columns;
mod foreign;
mod gather;
mod input;
mod layout;
mod lines;
mod ours;
mod path;
mod reader;
mod rows;
mod shapes;
mod straight;
#[cfg(test)]
mod swift_tests;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use crate::exchange::{Failure, Place};

pub use reader::{Options, read};
pub use writer::write;

/// The columns that every file of ours has, before those of the leaves.
const FIXED: [&str; 4] = ["collection", "key", "record", "json"];

/// What is wrong with a row, and in which of its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flaw {
    cell: usize,
    reason: String,
}

impl Flaw {
    fn new(cell: usize, reason: impl Into<String>) -> Flaw {
        Flaw { cell, reason: reason.into() }
    }
}

fn unreadable(place: Place, reason: impl Into<String>) -> Failure {
    Failure::Unreadable { place, reason: reason.into() }
}
