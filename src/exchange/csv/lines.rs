//! The lines of a CSV file that is being written: a row's cells, put down as they stand in the file.
//!
//! The csv crate's core says what has to be quoted, and quotes it. Knows no columns' names and no values. Invariant: what is
//! kept of a row is a beginning of it, cell by cell; and no more is held than what goes to the stream at once, and one row.

use crate::exchange::buffer::Buffer;
use std::io;

/// How much is gathered before it goes to the stream.
const PIECE: usize = 64 << 10;

pub struct Lines {
    buffer: Buffer,
    /// How many cells the row has so far.
    cells: usize,
    rules: csv_core::Writer,
}

/// A place between two cells of the row.
#[derive(Clone, Copy)]
pub struct Mark {
    length: usize,
    cells: usize,
}

impl Lines {
    pub fn new() -> Lines {
        let rules = csv_core::WriterBuilder::new().terminator(csv_core::Terminator::CRLF).build();
        Lines { buffer: Buffer::new(2 * PIECE), cells: 0, rules }
    }

    pub fn mark(&self) -> Mark {
        Mark { length: self.buffer.len(), cells: self.cells }
    }

    pub fn back_to(&mut self, mark: Mark) {
        self.buffer.cut(mark.length);
        self.cells = mark.cells;
    }

    /// Begins the next cell.
    #[inline(always)]
    fn next(&mut self) {
        if self.cells > 0 {
            self.buffer.push(b',');
        }
        self.cells += 1;
    }

    /// A cell that needs no quotes.
    pub fn bare_cell(&mut self, text: &str) {
        self.next();
        self.buffer.push_start(text.as_bytes(), text.len());
    }

    /// A cell of any text.
    pub fn cell(&mut self, text: &str) {
        if !self.rules.should_quote(text.as_bytes()) {
            return self.bare_cell(text);
        }
        let text = text.as_bytes();
        self.next();
        self.buffer.push(b'"');
        // At worst all of it is quotation marks, each of which becomes two.
        let (_, _, written) = csv_core::quote(text, self.buffer.room(2 * text.len()), b'"', b'"', true);
        self.buffer.filled(written);
        self.buffer.push(b'"');
    }

    /// The cell of this number, not the first, which needs no quotes: what `rest` begins with, this long. The cells before
    /// it stay empty.
    #[inline(always)]
    pub fn plain_cell(&mut self, number: usize, rest: &[u8], length: usize) {
        self.fill_up(number);
        self.cells += 1;
        self.buffer.push_behind(b',', rest, length);
    }

    /// Leaves cells empty until the row has so many.
    #[inline(always)]
    pub fn fill_up(&mut self, cells: usize) {
        while self.cells < cells {
            self.next();
        }
    }

    /// Ends the row, and hands out what there is if it is enough.
    pub fn end_row(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.buffer.push_all(b"\r\n");
        self.cells = 0;
        if self.buffer.len() < PIECE { Ok(()) } else { self.send(out) }
    }

    pub fn send(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let outcome = out.write_all(self.buffer.bytes());
        self.buffer.cut(0);
        outcome
    }
}
