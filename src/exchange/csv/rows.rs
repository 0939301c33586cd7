//! The rows of a CSV file, one at a time, and the places of their cells.
//!
//! The cutting into cells is the csv crate's, by its core, which lets this part bound what a row may take before it is
//! whole. A row that is one line and has no quotation marks needs none of it: it is cut at its delimiters, and only if
//! somebody wants its cells. Knows no names and no values. Invariants: a row that is handed out is whole, is UTF-8 and holds
//! no NUL; and no more is held than one row within the limits, twice.

use super::{Flaw, input, unreadable};
use crate::exchange::decode::NotText;
use crate::exchange::{Failure, Place};
use csv_core::{ReadFieldResult, ReadRecordResult};
use memchr::{memchr, memchr_iter, memchr2};
use std::io::{self, BufRead, Read};

const NOT_TEXT: &str = "what follows is not UTF-16: half a surrogate pair, or half a character at the end of the file";

pub struct Rows<'a> {
    input: Box<dyn BufRead + 'a>,
    core: csv_core::Reader,
    delimiter: u8,
    /// The row as it stands in the file, from line `line` on, and the line ends before it. There is no line 0: it stands
    /// before the first row.
    raw: Vec<u8>,
    line: u64,
    /// Its cells, one behind the other: as they come, and when they are known to be UTF-8.
    bytes: Vec<u8>,
    text: String,
    kind: Kind,
    /// Where each of the first `cells` cells ends.
    ends: Vec<usize>,
    cells: usize,
    most_bytes: usize,
    most_cells: usize,
    /// Whether lines are taken as such where they can be.
    pub(super) takes_lines: bool,
}

/// What `text` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The cells of the row, one behind the other.
    Cells,
    /// The row as it stands in the file, with its line end, one line without quotation marks; `raw` is empty.
    Line { is_cut: bool },
}

impl<'a> Rows<'a> {
    /// The rows of a file, of which none may be longer or have more cells than this.
    pub fn open(
        input: &'a mut dyn Read,
        delimiter: Option<u8>,
        most_bytes: usize,
        most_cells: usize,
    ) -> Result<Self, Failure> {
        let input = input::open(input, delimiter)?;
        let mut rows = Rows {
            input: input.text,
            core: csv_core::ReaderBuilder::new().delimiter(input.delimiter).build(),
            delimiter: input.delimiter,
            raw: Vec::new(),
            line: 0,
            bytes: vec![0; 4096],
            text: String::new(),
            kind: Kind::Cells,
            ends: vec![0; 64],
            cells: 0,
            most_bytes,
            most_cells,
            takes_lines: !matches!(input.delimiter, 0 | b'\r' | b'\n' | b'"' | 0x80..),
        };
        if input.has_hint {
            rows.next()?;
        }
        Ok(rows)
    }

    pub fn cells(&self) -> usize {
        self.cells
    }

    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// A cell's text; empty if there is no such cell.
    pub fn cell(&self, cell: usize) -> &str {
        match self.ends.get(cell) {
            Some(end) if cell < self.cells => self.text.get(self.begin(cell)..*end).unwrap_or_default(),
            _ => "",
        }
    }

    /// Where a cell begins in the text.
    fn begin(&self, cell: usize) -> usize {
        let before = cell.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        before.map_or(0, |end| end + usize::from(self.kind != Kind::Cells))
    }

    /// Whether a cell is empty, or there is none.
    pub fn is_empty(&self, cell: usize) -> bool {
        cell >= self.cells || self.ends.get(cell) == Some(&self.begin(cell))
    }

    /// Whether no cell holds anything.
    pub fn is_blank(&self) -> bool {
        (0..self.cells).all(|cell| self.is_empty(cell))
    }

    /// Whether a line end follows the row, not just the end of the file.
    pub fn has_line_end(&self) -> bool {
        self.raw().ends_with(b"\n") || self.raw().ends_with(b"\r")
    }

    fn raw(&self) -> &[u8] {
        if self.kind == Kind::Cells { &self.raw } else { self.text.as_bytes() }
    }

    /// Goes to the next row that is no blank line; false at the end of the file.
    pub fn next(&mut self) -> Result<bool, Failure> {
        let is_there = self.advance()?;
        self.cut()?;
        Ok(is_there)
    }

    /// The same, but the row may have to be `cut` before its cells are looked at.
    pub fn advance(&mut self) -> Result<bool, Failure> {
        self.raw.clear();
        self.kind = Kind::Cells;
        // The core passes a byte order mark before the first row.
        let is_first = self.line == 0;
        self.line = self.core.line();
        if self.takes_lines && !is_first && self.take_line()? { Ok(true) } else { self.take_row() }
    }

    /// The row as it stands in the file, with its line end, if it is one line without quotation marks.
    pub fn line(&self) -> Option<&str> {
        if self.kind == Kind::Cells { None } else { Some(&self.text) }
    }

    /// Takes over the next row if it is such a line and has been read already.
    fn take_line(&mut self) -> Result<bool, Failure> {
        self.cells = 0;
        let chunk = match self.input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) => return Err(self.read_failure(error)),
        };
        // To the core a row ends with its CR.
        let before = usize::from(chunk.first() == Some(&b'\n'));
        let rest = chunk.get(before..).unwrap_or_default();
        let Some(end) = memchr2(b'\n', b'"', rest) else { return Ok(false) };
        let line = rest.get(..=end).unwrap_or_default();
        let is_plain = match memchr2(b'\r', 0, line) {
            None => line.len() > 1,
            Some(at) => at > 0 && line.get(at..) == Some(b"\r\n"),
        };
        let is_whole = line.ends_with(b"\n") && line.len() <= self.most_bytes;
        let Some(line) = std::str::from_utf8(line).ok().filter(|_| is_plain && is_whole) else { return Ok(false) };
        self.text.clear();
        self.text.push_str(line);
        self.input.consume(before + end + 1);
        self.line += before as u64;
        self.core.set_line(self.line + 1);
        self.kind = Kind::Line { is_cut: false };
        Ok(true)
    }

    /// Finds the cells of a row.
    pub fn cut(&mut self) -> Result<(), Failure> {
        if self.kind != (Kind::Line { is_cut: false }) {
            return Ok(());
        }
        self.kind = Kind::Line { is_cut: true };
        let length = self.text.trim_end_matches(['\r', '\n']).len();
        let line = self.text.as_bytes().get(..length).unwrap_or_default();
        self.ends.clear();
        self.ends.extend(memchr_iter(self.delimiter, line).chain([length]));
        self.cells = self.ends.len();
        self.check_limits()
    }

    /// Goes to the next row by the csv crate's core.
    fn take_row(&mut self) -> Result<bool, Failure> {
        self.cells = 0;
        self.ends.resize(self.ends.len().max(64), 0);
        let mut length = 0;
        loop {
            let is_end = match self.input.fill_buf() {
                Ok(chunk) => chunk.is_empty(),
                Err(error) => return Err(self.read_failure(error)),
            };
            // A line end more ends the last row, unless that is in quotes still.
            let chunk = if is_end { b"\n" } else { self.input.fill_buf()? };
            let room = self.bytes.get_mut(length..).unwrap_or_default();
            let ends = self.ends.get_mut(self.cells..).unwrap_or_default();
            let (result, read, written, ended) = self.core.read_record(chunk, room, ends);
            length += written;
            self.cells += ended;
            if !is_end {
                self.raw.extend_from_slice(chunk.get(..read).unwrap_or_default());
                self.input.consume(read);
            }
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                _ if is_end && written > 0 => {
                    return Err(self.flaw(self.cells, "the quotation mark here is never closed"));
                }
                _ if is_end => return Ok(false),
                _ => {}
            }
            self.check_limits()?;
        }
        self.check_limits()?;
        self.check_text(length)?;
        Ok(true)
    }

    fn check_limits(&self) -> Result<(), Failure> {
        if self.raw().len() > self.most_bytes {
            let reason = format!(
                "the row is longer than {} bytes; a quotation mark before its end may not be closed, or max_document_bytes \
                 is too low",
                self.most_bytes
            );
            return Err(self.flaw(self.cells, reason));
        }
        if self.cells > self.most_cells {
            return Err(self.flaw(self.most_cells, format!("the row has more than {} cells", self.most_cells)));
        }
        Ok(())
    }

    /// Takes the row over, of which `length` bytes are cells, if it is text.
    fn check_text(&mut self, length: usize) -> Result<(), Failure> {
        self.text.clear();
        let bytes = self.bytes.get(..length).unwrap_or_default();
        let ends = self.ends.get(..self.cells).unwrap_or_default();
        let cell_at = |at: usize| ends.iter().position(|end| at < *end).unwrap_or_default();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let reason = "the cell is not UTF-8 (nor UTF-16); save the file as UTF-8";
                return Err(self.flaw(cell_at(error.valid_up_to()), reason));
            }
        };
        // Two halves of a character, in two cells.
        if let Some(torn) = ends.iter().position(|end| !text.is_char_boundary(*end)) {
            return Err(self.flaw(torn, "the cell is not UTF-8 (nor UTF-16); save the file as UTF-8"));
        }
        if let Some(at) = memchr(0, bytes) {
            return Err(self.flaw(cell_at(at), "the cell holds a NUL, which no text file does"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn read_failure(&self, error: io::Error) -> Failure {
        match error.get_ref().is_some_and(|inner| inner.is::<NotText>()) {
            true => unreadable(self.place_at(self.raw.len()), NOT_TEXT),
            false => Failure::Io(error),
        }
    }

    fn flaw(&self, cell: usize, reason: impl Into<String>) -> Failure {
        unreadable(self.place(cell), reason)
    }

    /// Says where a flaw is.
    pub fn failure(&self, flaw: Flaw) -> Failure {
        unreadable(self.place(flaw.cell), flaw.reason)
    }

    /// Where the row begins.
    pub fn start(&self) -> Place {
        self.place_at(self.before_row())
    }

    /// How long the line ends before the row are.
    fn before_row(&self) -> usize {
        self.raw().iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
    }

    /// Where a cell begins, or would behind the row's end.
    pub fn place(&self, cell: usize) -> Place {
        let mut core = csv_core::ReaderBuilder::new().delimiter(self.delimiter).build();
        let mut at = self.before_row();
        let mut passed = 0;
        let mut nowhere = [0; 1024];
        while passed < cell {
            let (result, read, _) = core.read_field(self.raw().get(at..).unwrap_or_default(), &mut nowhere);
            at += read;
            match result {
                ReadFieldResult::Field { record_end: false } => passed += 1,
                ReadFieldResult::OutputFull => {}
                _ => {
                    let raw = self.raw();
                    let line_end = raw.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    return self.place_at(raw.len() - line_end);
                }
            }
        }
        self.place_at(at)
    }

    fn place_at(&self, at: usize) -> Place {
        let before = self.raw().get(..at).unwrap_or(self.raw());
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let is_first_of_character = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        let column = before.get(line_start..).unwrap_or_default().iter().filter(is_first_of_character).count() + 1;
        Place { line: self.line + lines as u64, column: column as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Options;
    use super::super::tests::{Founds, read_with};
    use super::*;

    fn refused(file: &[u8]) -> (u64, u64, String) {
        read_with(file, &Options::default()).unwrap_err()
    }

    #[track_caller]
    fn check(file: &[u8], line: u64, column: u64, part: &str) {
        let (at_line, at_column, reason) = refused(file);
        assert_eq!((at_line, at_column), (line, column), "{reason}");
        assert!(reason.contains(part), "{reason}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        check(b"", 1, 1, "empty");
        check(b"\xef\xbb\xbf", 1, 1, "empty");
        check(b"\r\n\n", 1, 1, "empty");
        check(b"a,b\r\n1,2\r\n1\r\n", 3, 2, "1 cells, the header has 2");
        check(b"a,b\r\n\r\n1,2,3\r\n", 3, 5, "3 cells, the header has 2");
        check("a,b\n\"é,\n漢\",2,3\n".as_bytes(), 3, 6, "3 cells");
        check(b"a,b\n1,2\n3,\"4\n5,6\n7,8\n", 3, 3, "never closed");
        check(b"a,b\n1,2\n3,\"", 3, 3, "never closed");
        check(b"\"a,b\n1,2\n", 1, 1, "never closed");
        check(b"a,b\n1,\0\n", 2, 3, "NUL");
        check(b"a,b\n1,2\n\"\",x\xff\n", 3, 4, "not UTF-8");
        check(b"a,b\n\xc3,\xa9\n", 2, 1, "not UTF-8");
        check(b"a,b\xe9\n", 1, 3, "not UTF-8");
        check(b"\xff\xfea\0,\0b\0\n\0\x3d\xd8,\0", 2, 1, "UTF-16");
        check(b"\xff\xfea\0\n\0b\0c", 2, 2, "UTF-16");
        check(&[b"a".as_slice(), &b",a".repeat(20_000)].concat(), 1, 20_001, "more than 10000 cells");
        check(&[b"a,b\n1".as_slice(), &b",".repeat(20_000)].concat(), 2, 10_002, "more than 10000 cells");
    }

    #[test]
    fn a_quotation_mark_in_a_cell_is_only_that() {
        let founds = read_with(b"size,b\n5\" nail,\"x\"\"\"\n\"a\"b,\"\"\n", &Options::default()).unwrap();
        assert_eq!(founds[0].text, r#"[{"size":"5\" nail","b":"x\""},{"size":"ab"}]"#);
    }

    /// A file of one endless line.
    struct Endless {
        start: &'static [u8],
        given: u64,
    }

    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if !self.start.is_empty() {
                return self.start.read(into);
            }
            into.fill(b'x');
            self.given += into.len() as u64;
            Ok(into.len())
        }
    }

    #[test]
    fn an_endless_line_ends_the_reading() {
        for start in [b"a,b\n1,\"".as_slice(), b"a,b\n1,", b"\"", b"x"] {
            let options = Options { max_document_bytes: 1 << 20, ..Options::default() };
            let mut file = Endless { start, given: 0 };
            let mut founds = Founds::default();
            let failure = super::super::read(&mut file, &options, &mut founds).unwrap_err();
            let Failure::Unreadable { place, reason } = failure else { panic!("{failure:?}") };
            assert_eq!(place.line, if start.len() > 1 { 2 } else { 1 });
            assert!(reason.contains("longer than"), "{reason}");
            assert!(file.given < 8 << 20, "{}", file.given);
        }
    }

    #[test]
    fn cells_are_the_same_however_the_bytes_come() {
        struct Drops<'a>(&'a [u8]);
        impl Read for Drops<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let length = into.len().min(1);
                self.0.read(&mut into[..length])
            }
        }
        for file in ["a,b\r\n\"x\"\"\r\ny\",2\r\n", "a;b\r1;2\r"] {
            let mut rows = Founds::default();
            super::super::read(&mut Drops(file.as_bytes()), &Options::default(), &mut rows).unwrap();
            assert_eq!(rows.0, read_with(file.as_bytes(), &Options::default()).unwrap());
        }
    }

    #[test]
    fn a_stream_that_fails_is_no_bad_file() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        for start in ["", "a,b\n1,"] {
            let failure =
                super::super::read(&mut start.as_bytes().chain(Fails), &Options::default(), &mut Founds::default());
            assert!(matches!(failure, Err(Failure::Io(error)) if error.to_string() == "gone"));
        }
    }
}
