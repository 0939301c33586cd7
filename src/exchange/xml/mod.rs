//! Exports as XML, and XML of any kind as documents.
//!
//! ```xml
//! <?xml version="1.0" encoding="UTF-8"?>
//! <coffer xmlns="urn:coffer:export:1" version="0.3.0" sequence="57" time="2026-11-23T12:00:00Z" documents="1">
//!   <document collection="plugin_data" key="slot-1">
//!     <object>
//!       <string name="who">Terra</string>
//!       <number name="level">12</number>
//!     </object>
//!   </document>
//! </coffer>
//! ```
//!
//! [`SCHEMA`] is the whole truth on that format; `foreign` says what becomes of other files. The number at the end of the
//! namespace is the format's: this library reads 1 and refuses others.
//!
//! Invariants, beside those of [`exchange`](super). A file with a DOCTYPE is refused, so that no entity but the five that
//! XML knows is ever replaced and no other file is read. No depth of a file costs stack.

mod events;
mod foreign;
mod foreign_value;
mod input;
mod reader;
mod straight;
mod text;
mod writer;

#[cfg(test)]
mod tests;

use super::{Failure, Limits, Sink};
use events::{Events, Piece};
use std::io;

pub use writer::write;

/// The format as an XML Schema 1.0.
pub const SCHEMA: &str = include_str!("coffer-export.xsd");

/// The namespace without the format's number.
const NAMESPACE: &str = "urn:coffer:export:";
const FORMAT: &str = "1";
/// The most attributes that one element may have.
const MOST_ATTRIBUTES: usize = 1024;
const CUT_OFF: &str = "the file ends here, within an element: it is cut off";

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Of our own files, pass what is not ours, and take what is only carelessly written: no namespace, names and
    /// booleans in any case, a plus sign before a number, a document without collection or key.
    pub lenient: bool,
    /// The attribute or child element that holds the key of a record in a foreign file.
    pub key: String,
    pub limits: Limits,
}

impl Options {
    pub fn new(limits: Limits) -> Options {
        Options { lenient: false, key: "key".to_owned(), limits }
    }
}

/// Hands out the documents of a file, ours or foreign, in order.
pub fn read(input: &mut dyn io::BufRead, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    // A BufRead trait object cannot be passed on as a Read one.
    let mut input = input;
    // Our documents' values stand within two elements, and a foreign value may have its members in one more.
    let mut events = Events::new(&mut input, options.limits.max_token_bytes, options.limits.max_depth + 3);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let (tag, is_empty) = match events.next(&mut buffer)? {
            Piece::Start(tag) => (tag, false),
            Piece::Empty(tag) => (tag, true),
            Piece::Eof => return Ok(()),
            _ => continue,
        };
        return match reader::prefix_if_ours(&tag, options, &events)? {
            Some(prefix) => reader::read(events, &tag, prefix, is_empty, options, sink),
            None => foreign::read(events, &tag, is_empty, options, sink),
        };
    }
}
