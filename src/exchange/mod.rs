//! Documents as files of other programs, and back: JSON, CSV and XML.
//!
//! Definitions. An *export* holds the documents of one moment, each as a *record*: its collection, its key, and its JSON
//! text. A file is *ours* if an export wrote it, else *foreign*.
//!
//! Invariants.
//! 1. What an export wrote is read back the same in JSON's sense (`json::same`), whatever the format.
//! 2. Writers and readers stream: they hold one record at a time, and of a file no more than one of its rows or elements.
//! 3. A reader that meets what it cannot read says where, and has by then handed out nothing that is not whole.
//!
//! This part knows nothing of stores and files: `database` hands it records and byte streams, and decides what is kept.

mod buffer;
pub mod csv;
mod decode;
pub mod json_file;
#[cfg(test)]
mod sample_tests;
mod words;
pub mod xml;

use crate::error::Error;
use std::io;

/// One document of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub collection: &'a str,
    /// As users know it: `slot-1`, `character_roster`, `character_roster_v3`.
    pub key: &'a str,
    /// Valid JSON.
    pub text: &'a str,
}

/// What an export says of itself, where the format has a place for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The library's version.
    pub version: String,
    /// The moment: the last commit that is in it, and the time of the export in milliseconds since the Unix epoch.
    pub sequence: u64,
    pub time_ms: u64,
    /// How many documents there are in all, as far as is known.
    pub documents: u64,
    /// The version counters with their values: `character_roster_v` and so on.
    pub counters: Vec<(String, u64)>,
}

/// The documents of one moment, in order. Can be gone through more than once, and is then the same.
pub trait Source {
    fn each(&self, visit: &mut dyn FnMut(Record<'_>) -> Result<(), Failure>) -> Result<(), Failure>;
}

/// Takes what a reader finds.
pub trait Sink {
    fn take(&mut self, found: Found) -> Result<(), Failure>;
}

/// A document that was read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As the file says; nothing if it does not.
    pub collection: Option<String>,
    pub key: Option<String>,
    /// Valid JSON without white space between its tokens.
    pub text: String,
    /// Where it begins in the file.
    pub place: Place,
}

/// A place in a text file, both from 1 on; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

impl Place {
    /// Where a file begins.
    pub const START: Place = Place { line: 1, column: 1 };

    /// Goes on behind these bytes of UTF-8.
    pub fn pass(&mut self, bytes: &[u8]) {
        let mut line = bytes;
        if let Some(last) = memchr::memrchr(b'\n', bytes) {
            self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            self.column = 1;
            line = bytes.get(last + 1..).unwrap_or_default();
        }
        // Every byte but the continuation bytes 10xxxxxx begins a character.
        self.column += count(line, |byte| byte & 0xC0 != 0x80) as u64;
    }
}

/// Counts bytes. In a byte for each short run, since a processor then counts many at a time.
fn count(bytes: &[u8], is_counted: impl Fn(u8) -> bool) -> usize {
    let in_run = |run: &[u8]| usize::from(run.iter().fold(0_u8, |count, byte| count + u8::from(is_counted(*byte))));
    bytes.chunks(192).map(in_run).sum()
}

/// What a reader holds in memory at most, and how deep it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub max_document_bytes: u64,
    /// How deep arrays and objects of a document nest.
    pub max_depth: usize,
    /// The longest piece of a file that is looked at as one, as is a tag with its attributes.
    pub max_token_bytes: u64,
}

impl Limits {
    /// For a store's documents. What is one byte in a document takes up to five in XML (`&amp;`).
    pub fn of_documents(max_document_bytes: u64, max_depth: usize) -> Limits {
        let max_token_bytes = max_document_bytes.saturating_mul(5).saturating_add(64 << 10);
        Limits { max_document_bytes, max_depth, max_token_bytes }
    }
}

/// Why writing or reading ended early.
#[derive(Debug)]
pub enum Failure {
    /// The file is not what it should be.
    Unreadable { place: Place, reason: String },
    /// The stream failed.
    Io(io::Error),
    /// Whoever gave or took the documents had enough.
    Ended(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xml,
}

impl Format {
    const ALL: [Format; 3] = [Format::Json, Format::Csv, Format::Xml];

    /// The format of this name, in any case.
    pub fn parse(name: &str) -> Result<Format, Error> {
        Format::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            Error::InvalidArgument(format!("{name:?} is no format of a file; there are json, csv and xml"))
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Xml => "xml",
        }
    }

    /// How often writing goes through the documents.
    pub fn passes(self) -> u32 {
        match self {
            Format::Json | Format::Csv => 2,
            Format::Xml => 1,
        }
    }

    /// What a file is that begins so. Byte order marks and the zero bytes of UTF-16 are passed over.
    pub fn guess(start: &[u8]) -> Format {
        let is_passed = |byte: &&u8| matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) || byte.is_ascii_whitespace();
        match start.iter().find(|byte| !is_passed(byte)) {
            Some(b'{' | b'[') => Format::Json,
            Some(b'<') => Format::Xml,
            _ => Format::Csv,
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// The column or member that holds the key of a record in a foreign file.
    pub key_column: Option<String>,
    pub lenient: bool,
    /// A JSON file is one document, whatever it holds.
    pub whole: bool,
    pub limits: Limits,
}

/// Writes the documents of one moment.
pub fn write(format: Format, source: &dyn Source, head: &Head, out: &mut dyn io::Write) -> Result<(), Failure> {
    match format {
        Format::Json => json_file::write(source, head, out),
        Format::Csv => csv::write(source, out),
        Format::Xml => xml::write(source, head, out),
    }
}

/// Hands out the documents of a file, ours or foreign, in order.
pub fn read(
    format: Format,
    input: &mut dyn io::BufRead,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let ReadOptions { key_column, lenient, whole, limits } = options;
    let key = key_column.clone().unwrap_or_else(|| "key".to_owned());
    match format {
        Format::Json => {
            let options =
                json_file::Options { lenient: *lenient, key, whole: *whole, keeps_space: true, limits: *limits };
            json_file::read(input, &options, sink)
        }
        Format::Csv => {
            let max_document_bytes = usize::try_from(limits.max_document_bytes).unwrap_or(usize::MAX);
            let options =
                csv::Options { key_column: key_column.clone(), max_document_bytes, ..csv::Options::default() };
            let mut input = input;
            csv::read(&mut input, &options, sink)
        }
        Format::Xml => xml::read(input, &xml::Options { lenient: *lenient, key, limits: *limits }, sink),
    }
}

/// A time as `2026-11-23T12:00:00Z`, as XML Schema's dateTime and RFC 3339 have it.
pub fn timestamp(time_ms: u64) -> String {
    // The last second of the year 9999; a clock that is beyond it has no such form.
    const LAST: u64 = 253_402_300_799;
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs((time_ms / 1000).min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (time_ms, expected) in
            [(0, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"), (u64::MAX, "9999-12-31T23:59:59Z")]
        {
            assert_eq!(timestamp(time_ms), expected);
        }
    }

    #[test]
    fn a_format_is_told_by_name_or_by_how_a_file_begins() {
        assert_eq!(Format::parse("CsV").unwrap(), Format::Csv);
        assert!(Format::parse("yaml").is_err());
        let (utf16, marked) = ([0xFF, 0xFE, b'<', 0], [0xEF, 0xBB, 0xBF, b' ', b'[']);
        assert_eq!((Format::guess(&utf16), Format::guess(&marked)), (Format::Xml, Format::Json));
        assert_eq!((Format::guess(b"key,name"), Format::guess(b"")), (Format::Csv, Format::Csv));
    }
}
