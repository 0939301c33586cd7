//! Reads a file that `write` wrote, also when a spreadsheet saved it again.
//!
//! Rows of one table document must stand together; within it they may stand in any order. Knows no bytes. Invariant: every
//! row is part of exactly one document, and a document whose rows stand apart ends the reading.

use super::gather::Gather;
use super::layout::{Layout, in_cell};
use super::reader::{Options, check_width};
use super::rows::Rows;
use super::straight::Straight;
use super::{Flaw, cell, unreadable};
use crate::exchange::{Failure, Found, Place, Sink};
use std::collections::HashSet;
use xxhash_rust::xxh3::Xxh3;

/// Reads the rows behind the header, which `rows` stands on.
pub fn read(rows: &mut Rows<'_>, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let layout = Layout::new(rows).map_err(|flaw| rows.failure(flaw))?;
    let width = rows.cells();
    let mut straight = Straight::new(&layout, rows.delimiter());
    let mut reading = Reading { layout, options, sink, table: None, done: HashSet::new(), text: String::new() };
    while rows.advance()? {
        if let Some(straight) = &mut straight
            && reading.line(rows, straight)?
        {
            continue;
        }
        rows.cut()?;
        // Spreadsheets leave rows of empty cells behind.
        if !rows.is_blank() {
            // Excel leaves out empty cells at the ends of rows. A row that the file's end cuts off is another matter.
            if rows.cells() > width || !rows.has_line_end() {
                check_width(rows, width)?;
            }
            reading.row(rows)?;
        }
    }
    reading.end_table()
}

/// The documents of a file under way.
struct Reading<'o, 's> {
    layout: Layout,
    options: &'o Options,
    sink: &'s mut dyn Sink,
    table: Option<Table>,
    /// The table documents that are done, as hashes long enough to stand for them.
    done: HashSet<u128>,
    /// The text of a document that is one row; kept for its room.
    text: String,
}

/// A table document whose rows are coming in.
struct Table {
    collection: String,
    key: String,
    place: Place,
    rows: Gather,
}

impl Reading<'_, '_> {
    /// Takes a row that is one plain line and one document; false if it is not, or if anything is wrong with it.
    fn line(&mut self, row: &Rows<'_>, straight: &mut Straight) -> Result<bool, Failure> {
        let Some(line) = row.line().filter(|_| self.table.is_none()) else { return Ok(false) };
        let Some(head) = straight.head(line) else { return Ok(false) };
        if !self.done.is_empty() && self.done.contains(&hash(head.collection, head.key)) {
            return Ok(false);
        }
        let Some(text) = straight.value(&self.layout, &head) else { return Ok(false) };
        if text.len() > self.options.max_document_bytes {
            return Ok(false);
        }
        // What is put together of whole cells is whole characters.
        let Ok(text) = String::from_utf8(text.to_vec()) else { return Ok(false) };
        let collection = Some(head.collection).filter(|name| !name.is_empty()).map(str::to_owned);
        self.sink.take(Found { collection, key: Some(head.key.to_owned()), text, place: row.start() })?;
        Ok(true)
    }

    fn row(&mut self, row: &Rows<'_>) -> Result<(), Failure> {
        let (collection, key) = (row.cell(self.layout.collection), row.cell(self.layout.key));
        if key.is_empty() {
            return Err(row.failure(Flaw::new(self.layout.key, "the row has no key")));
        }
        // The cells themselves, not what they say: all rows of a document were written alike.
        let goes_on = self.table.as_ref().is_some_and(|table| table.key == key && table.collection == collection);
        if goes_on && !row.cell(self.layout.record).is_empty() {
            return self.add(row);
        }
        self.end_table()?;
        if !self.done.is_empty() && self.done.contains(&hash(collection, key)) {
            let reason = "rows of this document stand elsewhere in the file too; sort the rows by collection and key";
            return Err(row.failure(Flaw::new(self.layout.key, reason)));
        }
        if !row.cell(self.layout.record).is_empty() {
            let (collection, key) = (collection.to_owned(), key.to_owned());
            self.table = Some(Table { collection, key, place: row.start(), rows: Gather::default() });
            return self.add(row);
        }
        self.text.clear();
        self.layout.push_value(row, &mut self.text).map_err(|flaw| row.failure(flaw))?;
        self.check_length(row, self.text.len())?;
        let name = |cell: usize| self.name(row.cell(cell)).map_err(|reason| row.failure(in_cell(cell, &reason)));
        let (collection, key) = (name(self.layout.collection)?, name(self.layout.key)?);
        self.sink.take(Found { collection, key, text: self.text.clone(), place: row.start() })
    }

    /// What a cell names; nothing if it is empty.
    fn name(&self, cell: &str) -> Result<Option<String>, String> {
        if cell.is_empty() { Ok(None) } else { cell::text(cell).map(|text| Some(text.into_owned())) }
    }

    /// Adds a row to the table that is coming in.
    fn add(&mut self, row: &Rows<'_>) -> Result<(), Failure> {
        let Some(table) = self.table.as_mut() else { return Ok(()) };
        let push = |text: &mut String| self.layout.push_value(row, text);
        let refuse = |reason: String| in_cell(self.layout.record, &reason);
        table.rows.add(row.cell(self.layout.record), push, refuse).map_err(|flaw| row.failure(flaw))?;
        let length = table.rows.len();
        self.check_length(row, length)
    }

    fn check_length(&self, row: &Rows<'_>, length: usize) -> Result<(), Failure> {
        if length > self.options.max_document_bytes {
            return Err(row.failure(Flaw::new(0, self.options.too_long("the document"))));
        }
        Ok(())
    }

    /// Hands out the table that came in, if there is one.
    fn end_table(&mut self) -> Result<(), Failure> {
        let Some(table) = self.table.take() else { return Ok(()) };
        self.done.insert(hash(&table.collection, &table.key));
        let refuse = |reason: String| unreadable(table.place, reason);
        let name = |cell: &str| self.name(cell).map_err(|reason| refuse(format!("the collection or key {reason}")));
        let (collection, key) = (name(&table.collection)?, name(&table.key)?);
        let double = |index| refuse(format!("the document that begins here has two rows for its element [{index}]"));
        let text = table.rows.finish().map_err(double)?;
        self.sink.take(Found { collection, key, text, place: table.place })
    }
}

fn hash(collection: &str, key: &str) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(&(collection.len() as u64).to_le_bytes());
    hash.update(collection.as_bytes());
    hash.update(key.as_bytes());
    hash.digest128()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{documents, read_with, written};
    use super::*;

    const HEADER: &str = "collection,key,record,json,a,b.c,b.d,t[0],t[1]";

    fn texts(rows: &str) -> Result<Vec<String>, (u64, u64, String)> {
        let file = rows.strip_prefix('!').map_or_else(|| format!("{HEADER}\n{rows}"), str::to_owned);
        read_with(file.as_bytes(), &Options::default())
            .map(|founds| founds.into_iter().map(|found| found.text).collect())
    }

    #[track_caller]
    fn refused(rows: &str, line: u64, column: u64, part: &str) {
        let (at_line, at_column, reason) = texts(rows).unwrap_err();
        assert_eq!((at_line, at_column), (line, column), "{reason}");
        assert!(reason.contains(part), "{reason}");
    }

    #[test]
    fn what_a_spreadsheet_saved_again_is_read() {
        let texts = [
            r#"[{"name":"Orc; the first","hp":7,"boss":true},{"name":"a,b"},{"name":"=x"}]"#,
            r#"{"boss":false,"name":"\u0000","tags":["1/2","TRUE",null,[]]}"#,
        ];
        let file = written(&documents(&texts));
        let expected = read_with(&file, &Options::default()).unwrap();
        let rows =
            csv::ReaderBuilder::new().has_headers(false).from_reader(file.strip_prefix(b"\xef\xbb\xbf").unwrap());
        let rows: Vec<csv::StringRecord> = rows.into_records().map(Result::unwrap).collect();
        for delimiter in *b",;\t" {
            for style in [csv::QuoteStyle::Necessary, csv::QuoteStyle::Always] {
                let mut again =
                    csv::WriterBuilder::new().delimiter(delimiter).quote_style(style).from_writer(Vec::new());
                for row in &rows {
                    let upper =
                        |cell: &str| if matches!(cell, "true" | "false") { cell.to_uppercase() } else { cell.into() };
                    again.write_record(row.iter().map(upper)).unwrap();
                }
                assert_eq!(read_with(&again.into_inner().unwrap(), &Options::default()).unwrap(), expected);
            }
        }
    }

    #[test]
    fn columns_and_rows_may_be_moved() {
        let file = "!b.d,key,t[1],json,record,a,collection,b.c,t[0]\n2,k,y,,,1,c,3,x\n";
        assert_eq!(texts(file).unwrap(), [r#"{"b":{"d":2,"c":3},"t":["x","y"],"a":1}"#]);
        let rows = "c,k,[2],,3,,,,\nc,k,[0],,1,,,,\nc,k,[7],\"{\"\"z\"\": [1, 2]}\",,,,,\nc,l,y,,1,,,,\nc,l,x,,2,,,,\n";
        assert_eq!(texts(rows).unwrap(), [r#"[{"a":1},{"a":3},{"z":[1,2]}]"#, r#"{"y":{"a":1},"x":{"a":2}}"#]);
        assert_eq!(texts("c,k,,,,,,x,\n,,,,,,,,\nc,l,,,,,,,y\n").unwrap(), [r#"{"t":["x"]}"#, r#"{"t":["y"]}"#]);
        // As Excel leaves out what is empty at the ends of rows.
        assert_eq!(texts("c,k,,,1\nc,l\n").unwrap(), [r#"{"a":1}"#, "{}"]);
        assert_eq!(texts("").unwrap(), [""; 0]);
    }

    #[test]
    fn names_may_be_missing_or_quoted() {
        let file = format!("{HEADER}\n,17,,1,,,,,\n\"\"\"=c\"\"\",\"\"\"\\u0000\"\"\",,2,,,,,\n");
        let founds = read_with(file.as_bytes(), &Options::default()).unwrap();
        assert_eq!((founds[0].collection.as_deref(), founds[0].key.as_deref()), (None, Some("17")));
        assert_eq!((founds[1].collection.as_deref(), founds[1].key.as_deref()), (Some("=c"), Some("\0")));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        refused("c,k,[0],,1,,,,\nc,l,,,1,,,,\nc,k,[1],,1,,,,\n", 4, 3, "stand elsewhere");
        refused("c,k,[0],,1,,,,\nc,k,,,1,,,,\n", 3, 3, "stand elsewhere");
        refused("c,k,[0],,1,,,,\nc,k,[0],,2,,,,\n", 2, 1, "two rows for its element [0]");
        refused("c,k,x,,1,,,,\nc,k,x,,2,,,,\n", 3, 5, "same member");
        refused("c,k,x,,1,,,,\nc,k,[1],,2,,,,\n", 3, 5, "others an element");
        refused("c,k,a.b,,1,,,,\n", 2, 5, "names no element");
        refused("c,,,,1,,,,\n", 2, 3, "no key");
        refused("c,k,,1,1,,,,\n", 2, 8, "in the column json and in cells");
        refused("c,k,,[1,,,,,\n", 2, 6, "is no JSON");
        refused("c,k,,,\"\"\"a\",,,,\n", 2, 7, "is no JSON");
        refused("c,\"\"\"k\",,,1,,,,\n", 2, 3, "no JSON string");
        refused("c,k,,,1,,,,,\n", 2, 13, "10 cells, the header has 9");
        refused("c,k,,,1,,,,1\nc,k,,,1", 3, 8, "5 cells, the header has 9");
        refused("!collection,key,record,json,a,a\n", 1, 30, "same path");
        refused("!collection,key,record,json,a..b\n", 1, 28, "no path");
        refused("!collection,key,record,json,\nc,k,,,1\n", 2, 7, "no name");
        refused("!collection,key,record,json,b,b.c\nc,k,,,1,2\n", 2, 9, "b has a value of its own");
        refused("!collection,key,record,json,b.c,b[0]\nc,k,,,1,2\n", 2, 9, "members and elements");
        refused(&format!("!collection,key,record,json{}\n", ",a".to_owned() + &"[0]".repeat(2000)), 1, 28, "steps");
    }

    #[test]
    fn documents_are_limited() {
        let small = Options { max_document_bytes: 30, ..Options::default() };
        for (rows, line) in
            [("c,k,,,1234567890123456789012345,,,,\n", 2), ("c,k,[0],,1234567890,,,,\nc,k,[1],,1234567890,,,,\n", 3)]
        {
            let (at, _, reason) = read_with(format!("{HEADER}\n{rows}").as_bytes(), &small).unwrap_err();
            assert_eq!((at, reason.contains("more than 30 bytes")), (line, true));
        }
    }
}
