//! Reads a CSV file, ours or foreign, into documents.
//!
//! Decides by the header row which of the two a file is. Knows no cells. Invariant: a file is ours only if it has each of
//! our four columns once, wherever they stand.

use super::layout::Layout;
use super::rows::Rows;
use super::{foreign, ours, unreadable};
use crate::exchange::{Failure, Place, Sink};
use std::io;

/// What the reader is told and may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The column of a foreign file whose cells are the keys; else the one called `key`, if there is one.
    pub key_column: Option<String>,
    /// What stands between two cells; else it is found out.
    pub delimiter: Option<u8>,
    pub max_document_bytes: usize,
    pub max_columns: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { key_column: None, delimiter: None, max_document_bytes: 64 << 20, max_columns: 10_000 }
    }
}

impl Options {
    /// What a row may take in the file: a document of quotation marks, all of them doubled, and a delimiter for each cell;
    /// or a header of long names.
    fn max_row_bytes(&self) -> usize {
        self.max_document_bytes.saturating_mul(2).saturating_add(self.max_columns).saturating_add(4 << 20)
    }

    pub(super) fn too_long(&self, what: &str) -> String {
        format!("{what} has more than {} bytes; raise max_document_bytes or split it", self.max_document_bytes)
    }
}

/// Reads all documents of a file, in its order.
pub fn read(input: &mut dyn io::Read, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let mut rows = Rows::open(input, options.delimiter, options.max_row_bytes(), options.max_columns)?;
    read_rows(&mut rows, options, sink)
}

pub(super) fn read_rows(rows: &mut Rows<'_>, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    if !rows.next()? {
        return Err(unreadable(
            Place { line: 1, column: 1 },
            "the file is empty; a CSV file begins with a row of names",
        ));
    }
    if Layout::is_ours(rows) { ours::read(rows, options, sink) } else { foreign::read(rows, options, sink) }
}

/// Refuses a row that has more or fewer cells than the header.
pub(super) fn check_width(row: &Rows<'_>, width: usize) -> Result<(), Failure> {
    if row.cells() == width {
        return Ok(());
    }
    let reason = format!("the row has {} cells, the header has {width}", row.cells());
    Err(unreadable(row.place(row.cells().min(width)), reason))
}
