//! Writes an export as CSV: goes through the documents once for the columns and once for the rows.
//!
//! Knows how documents become rows; what becomes of their values is for `columns`. It must not hold more than one row.
//! Invariant: a document is several rows only if `gather` can put it together again from them alone.

use super::columns::{Columns, Row};
use super::path::{self, Step};
use super::tree::ROOT;
use super::{FIXED, cell};
use crate::exchange::{Failure, Record, Source};
use crate::json::{self, Token, Tokens};
use std::collections::HashSet;
use std::io;

/// Without it, Excel takes the file for one in the code page of the place.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes all documents of an export, in order. Spreadsheets' formulas cannot hide in it.
pub fn write(source: &dyn Source, out: &mut dyn io::Write) -> Result<(), Failure> {
    let mut columns = Columns::default();
    source.each(&mut |record| {
        learn(&mut columns, record.text);
        Ok(())
    })?;
    out.write_all(BYTE_ORDER_MARK)?;
    let names = columns.settle();
    let file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).buffer_capacity(1 << 16).from_writer(out);
    let mut rows = Rows { file, columns, width: names.len(), row: Row::default(), record: String::new() };
    rows.file.write_record(FIXED.into_iter().chain(names.iter().map(String::as_str))).map_err(io_failure)?;
    drop(names);
    let (mut collection, mut key) = (String::new(), String::new());
    source.each(&mut |record| {
        collection.clear();
        key.clear();
        cell::push_text(record.collection, &mut collection);
        cell::push_text(record.key, &mut key);
        rows.document(&collection, &key, record)
    })?;
    rows.file.flush().map_err(Failure::Io)
}

fn io_failure(error: csv::Error) -> Failure {
    Failure::Io(io::Error::from(error))
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

/// Takes in a document's paths. A text that is no JSON after all has none from there on, and its row has it in `json`.
fn learn(columns: &mut Columns, text: &str) -> Option<()> {
    let mut tokens = Tokens::new(text);
    let shape = shape(text);
    if shape == Shape::Single {
        return columns.learn(ROOT, &mut tokens);
    }
    tokens.next()?;
    loop {
        match tokens.clone().next()? {
            Token::EndArray | Token::EndObject => return Some(()),
            Token::Name(_) => drop(tokens.next()),
            _ => {}
        }
        columns.learn(ROOT, &mut tokens)?;
    }
}

/// The file under way, with the buffers that every row uses anew.
struct Rows<W: io::Write> {
    file: csv::Writer<W>,
    columns: Columns,
    /// How many columns there are.
    width: usize,
    row: Row,
    record: String,
}

impl<W: io::Write> Rows<W> {
    fn document(&mut self, collection: &str, key: &str, record: Record<'_>) -> Result<(), Failure> {
        let mut tokens = Tokens::new(record.text);
        let shape = shape(record.text);
        self.record.clear();
        if shape == Shape::Single {
            return self.row(collection, key, &mut tokens);
        }
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
            self.row(collection, key, &mut tokens)?;
        }
        Ok(())
    }

    /// Writes the next value as a row.
    fn row(&mut self, collection: &str, key: &str, tokens: &mut Tokens<'_>) -> Result<(), Failure> {
        let before = tokens.clone();
        let row = &mut self.row;
        row.cells.clear();
        for cell in [collection, key, &self.record, ""] {
            row.cells.push_field(cell.as_bytes());
        }
        if !self.columns.fill(tokens, row) {
            *tokens = before;
            row.text.clear();
            json::compact(tokens.value().unwrap_or_default(), &mut row.text);
            row.cells.truncate(FIXED.len() - 1);
            row.cells.push_field(row.text.as_bytes());
        }
        row.leave_empty(Some(self.width));
        self.file.write_byte_record(&row.cells).map_err(io_failure)
    }
}
