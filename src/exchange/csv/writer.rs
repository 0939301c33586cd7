//! Writes an export as CSV: goes through the documents once for the columns and once for the rows.
//!
//! Knows how documents become rows; what becomes of their values is for `columns`. It must not hold more than one row.
//! Invariant: a document is several rows only if `gather` can put it together again from them alone.

use super::columns::{Columns, Row};
use super::path::{self, Step};
use super::{FIXED, shapes};
use crate::exchange::{Failure, Record, Source};
use crate::json::{self, Token, Tokens};
use std::collections::HashSet;
use std::io;

/// Without it, Excel takes the file for one in the code page of the place.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes all documents of an export, in order. Spreadsheets' formulas cannot hide in it.
pub fn write(source: &dyn Source, out: &mut dyn io::Write) -> Result<(), Failure> {
    write_by(Columns::default(), source, out)
}

pub(super) fn write_by(mut columns: Columns, source: &dyn Source, out: &mut dyn io::Write) -> Result<(), Failure> {
    source.each(&mut |record| {
        learn(&mut columns, record.text);
        Ok(())
    })?;
    out.write_all(BYTE_ORDER_MARK)?;
    let names = columns.settle();
    let width = FIXED.len() + names.len();
    let mut rows = Rows { out, columns, width, row: Row::new(), record: String::new() };
    FIXED.into_iter().chain(names.iter().map(String::as_str)).for_each(|name| rows.row.lines.cell(name));
    drop(names);
    rows.row.lines.end_row(rows.out)?;
    source.each(&mut |record| rows.document(record))?;
    rows.row.lines.send(rows.out)?;
    Ok(rows.out.flush()?)
}

/// How a document becomes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One row.
    Single,
    /// An array, a row for each element.
    Array,
    /// An object, a row for each member.
    Object,
}

fn shape(text: &str) -> Shape {
    let mut tokens = Tokens::new(text);
    match tokens.next() {
        Some(Token::BeginArray) => {
            let mut elements = std::iter::from_fn(|| tokens.value()).peekable();
            let is_table = elements.peek().is_some() && elements.all(|element| element.starts_with('{'));
            if is_table { Shape::Array } else { Shape::Single }
        }
        Some(Token::BeginObject) => {
            let mut names = HashSet::new();
            while let Some(Token::Name(name)) = tokens.next() {
                let is_object = tokens.value().is_some_and(|value| value.starts_with('{'));
                // Rows that say twice who they are could not be told from a mistake.
                if !is_object || !names.insert(path::canonical(name)) {
                    return Shape::Single;
                }
            }
            if names.is_empty() { Shape::Single } else { Shape::Object }
        }
        _ => Shape::Single,
    }
}

/// Where the shape of a document begins that is one row; none if it takes more than its first value to tell.
fn start_of_single(text: &str) -> Option<usize> {
    let mut tokens = Tokens::new(text);
    if tokens.next() == Some(Token::BeginObject) {
        tokens.next();
    }
    tokens.value().is_some_and(|first| !first.starts_with('{')).then_some(shapes::DOCUMENT)
}

/// Takes in a document's paths. A text that is no JSON after all has none from there on, and its row has it in `json`.
fn learn(columns: &mut Columns, text: &str) {
    if columns.know(text, shapes::DOCUMENT) {
        return;
    }
    if shape(text) == Shape::Single {
        return columns.take_in(text, start_of_single(text));
    }
    let mut tokens = Tokens::new(text);
    tokens.next();
    loop {
        match tokens.clone().next() {
            None | Some(Token::EndArray | Token::EndObject) => return,
            Some(Token::Name(_)) => drop(tokens.next()),
            Some(_) => {}
        }
        let Some(value) = tokens.value() else { return };
        if !columns.know(value, shapes::RECORD) {
            columns.take_in(value, Some(shapes::RECORD));
        }
    }
}

/// The file under way, with the buffers that every row uses anew.
struct Rows<'o> {
    out: &'o mut dyn io::Write,
    columns: Columns,
    /// How many columns there are.
    width: usize,
    row: Row,
    record: String,
}

impl Rows<'_> {
    fn document(&mut self, record: Record<'_>) -> Result<(), Failure> {
        self.record.clear();
        let before = self.row.lines.mark();
        self.begin(record);
        if self.columns.fill_known(record.text, shapes::DOCUMENT, &mut self.row) {
            return self.end();
        }
        if shape(record.text) == Shape::Single {
            return self.fill(record.text, start_of_single(record.text));
        }
        self.row.lines.back_to(before);
        let mut tokens = Tokens::new(record.text);
        tokens.next();
        for index in 0.. {
            let step = match tokens.clone().next() {
                None | Some(Token::EndArray | Token::EndObject) => break,
                Some(Token::Name(name)) => {
                    tokens.next();
                    Step::Member(path::canonical(name))
                }
                Some(_) => Step::Element(index),
            };
            self.record.clear();
            path::push(&step, &mut self.record);
            self.begin(record);
            let value = tokens.value().unwrap_or_default();
            if self.columns.fill_known(value, shapes::RECORD, &mut self.row) {
                self.end()?;
            } else {
                self.fill(value, Some(shapes::RECORD))?;
            }
        }
        Ok(())
    }

    /// Begins a row, with all of its fixed cells but the last one.
    fn begin(&mut self, record: Record<'_>) {
        self.row.text_cell(record.collection);
        self.row.text_cell(record.key);
        self.row.lines.cell(&self.record);
    }

    /// Writes a value into the row that has begun.
    fn fill(&mut self, value: &str, start: Option<usize>) -> Result<(), Failure> {
        if !self.columns.fill(value, start, &mut self.row) {
            self.row.cell(|text| json::compact(value, text));
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.row.lines.fill_up(self.width);
        Ok(self.row.lines.end_row(self.out)?)
    }
}
