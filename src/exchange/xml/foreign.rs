//! Documents from XML that no export wrote.
//!
//! The children of the outermost element are its records, as `foreign_value` maps them. If the first one has a key (an
//! attribute or else a child element of the name that the options give), each is a document with its own key, and one
//! without is an error. Else all of them are one document, an array, and a file without records is one document of the
//! outermost element itself; neither has a key. The outermost element's own attributes say nothing of its records and
//! are left out.
//!
//! Holds the open elements: of one record, or of the whole file if that is one document. Invariant: what is held stays
//! within the limit of a document, give or take what an element costs beside its text.

use super::Options;
use super::events::{Events, Piece};
use super::foreign_value::{Element, Value};
use crate::exchange::{Failure, Found, Place, Sink};
use quick_xml::events::BytesStart;

/// What an element costs beside its name and text.
const ELEMENT_BYTES: u64 = 16;
const BETWEEN: &str = "there is text before or between the records of this file";

/// Hands out the documents of a file whose outermost tag has been read.
pub fn read(
    mut events: Events<'_>,
    tag: &BytesStart<'_>,
    is_empty: bool,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let place = events.place();
    let mut root = Element::new("");
    let mut reading = Reading {
        events,
        options,
        sink,
        open: Vec::new(),
        records: Records::Unknown,
        place,
        held: 0,
        root_place: place,
    };
    reading.add_attributes(tag, &mut root)?;
    let mut buffer = Vec::new();
    let mut is_open = !is_empty;
    while is_open {
        buffer.clear();
        is_open = reading.step(&mut buffer, &mut root)?;
    }
    reading.finish(root)
}

/// What the records are, which the first one decides.
enum Records {
    Unknown,
    Keyed,
    /// Their values, with commas between them.
    Array(Value),
}

struct Reading<'a, 'r> {
    events: Events<'r>,
    options: &'a Options,
    sink: &'a mut dyn Sink,
    /// The open elements, the record first.
    open: Vec<Element>,
    records: Records,
    /// Where the record begins.
    place: Place,
    /// The bytes that are held, about.
    held: u64,
    root_place: Place,
}

impl Reading<'_, '_> {
    /// Takes one piece of the file; false behind the outermost element.
    fn step(&mut self, buffer: &mut Vec<u8>, root: &mut Element) -> Result<bool, Failure> {
        match self.events.next(buffer)? {
            Piece::Start(tag) => self.start(&tag)?,
            Piece::Empty(tag) => {
                self.start(&tag)?;
                self.end()?;
            }
            Piece::End if self.open.is_empty() => return Ok(false),
            Piece::End => self.end()?,
            Piece::Text(text) => self.text(&text, root)?,
            Piece::Nothing => {}
            Piece::Eof => return Err(self.events.fail(super::CUT_OFF)),
        }
        let limit = self.options.limits.max_document_bytes;
        if self.held > limit {
            return Err(self.fail(format!("this record has more than {limit} bytes")));
        }
        Ok(true)
    }

    fn text(&mut self, text: &str, root: &mut Element) -> Result<(), Failure> {
        let element = match self.open.last_mut() {
            Some(element) => element,
            // Perhaps there are no records, and the outermost element is just this text.
            None if matches!(self.records, Records::Unknown) => root,
            None if self.options.lenient || text.trim_ascii().is_empty() => return Ok(()),
            None => return Err(self.events.fail(BETWEEN)),
        };
        self.held += text.len() as u64;
        element.push_text(text);
        Ok(())
    }

    /// What is wrong with the record.
    fn fail(&self, reason: String) -> Failure {
        Failure::Unreadable { place: self.place, reason }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Failure> {
        let name = tag.name().into_inner();
        if name.is_empty() {
            return Err(self.events.fail("an element without a name"));
        }
        if self.open.is_empty() && !matches!(self.records, Records::Array(_)) {
            self.place = self.events.place();
        }
        let mut element = Element::new(name);
        self.held += name.len() as u64 + ELEMENT_BYTES;
        self.add_attributes(tag, &mut element)?;
        self.open.push(element);
        Ok(())
    }

    fn add_attributes(&mut self, tag: &BytesStart<'_>, element: &mut Element) -> Result<(), Failure> {
        let held = &mut self.held;
        self.events.each_attribute(tag, &mut |name, value| {
            if name != "xmlns" && !name.starts_with("xmlns:") {
                *held += (name.len() + value.len()) as u64 + ELEMENT_BYTES;
                element.add_attribute(name, &value);
            }
            Ok(())
        })
    }

    fn end(&mut self) -> Result<(), Failure> {
        let Some(element) = self.open.pop() else { return Ok(()) };
        let Some(around) = self.open.last_mut() else { return self.end_record(element) };
        let name = element.name.clone();
        around.add(&name, element.into_value());
        Ok(())
    }

    fn end_record(&mut self, record: Element) -> Result<(), Failure> {
        let key = match &self.records {
            Records::Array(_) => None,
            _ => record.said_by(&self.options.key),
        };
        match (&mut self.records, key) {
            (Records::Array(array), _) => {
                let value = record.into_value();
                array.json.push(',');
                array.json.push_str(&value.json);
                array.depth = array.depth.max(value.depth);
                Ok(())
            }
            (Records::Unknown, None) => {
                self.records = Records::Array(record.into_value());
                Ok(())
            }
            (Records::Keyed, None) => {
                let key = &self.options.key;
                Err(self.fail(format!("this record has no {key:?}, as the records before it have")))
            }
            (_, key) => {
                self.records = Records::Keyed;
                self.held = 0;
                self.hand_out(key, record.into_value(), self.place)
            }
        }
    }

    fn hand_out(&mut self, key: Option<String>, value: Value, place: Place) -> Result<(), Failure> {
        let limits = &self.options.limits;
        let reason = if value.depth > limits.max_depth {
            format!("this record nests deeper than {}", limits.max_depth)
        } else if value.json.len() as u64 > limits.max_document_bytes {
            format!("this record has more than {} bytes", limits.max_document_bytes)
        } else {
            return self.sink.take(Found { collection: None, key, text: value.json, place });
        };
        Err(Failure::Unreadable { place, reason })
    }

    /// Behind the outermost element: only what ends well is handed out as one document.
    fn finish(mut self, root: Element) -> Result<(), Failure> {
        if !matches!(self.records, Records::Unknown) && root.has_text() && !self.options.lenient {
            return Err(self.events.fail(BETWEEN));
        }
        let value = match std::mem::replace(&mut self.records, Records::Unknown) {
            Records::Keyed => None,
            Records::Array(records) => Some(Value { json: format!("[{}]", records.json), depth: records.depth + 1 }),
            Records::Unknown => Some(root.into_value()),
        };
        self.events.drain()?;
        match value {
            Some(value) => self.hand_out(None, value, self.root_place),
            None => Ok(()),
        }
    }
}
