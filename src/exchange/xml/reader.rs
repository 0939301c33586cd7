//! Reads an export that was written as XML.
//!
//! Holds one document's JSON text, which is built as the elements come. Invariant: what is handed out is JSON, since a
//! token of it is added only after it was found to be one and where one may stand.

use super::events::{Events, Piece, short};
use super::{FORMAT, NAMESPACE, Options, straight};
use crate::exchange::{Failure, Found, Place, Sink};
use crate::json;
use quick_xml::events::BytesStart;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// Whether the outermost element is an export's, and then the prefix that its elements have: none, or one with its colon.
pub fn prefix_if_ours(tag: &BytesStart<'_>, options: &Options, events: &Events<'_>) -> Result<Option<String>, Failure> {
    let name = tag.name().into_inner();
    let (prefix, local) = name.split_at(name.find(':').map_or(0, |colon| colon + 1));
    if !named(local, "coffer", options) {
        return Ok(None);
    }
    let declaration =
        if prefix.is_empty() { "xmlns".into() } else { format!("xmlns:{}", prefix.trim_end_matches(':')) };
    let mut namespace = None;
    events.each_attribute(tag, &mut |name, value| {
        if name == declaration {
            namespace = Some(value.into_owned());
        }
        Ok(())
    })?;
    match namespace.as_deref().map(|namespace| namespace.strip_prefix(NAMESPACE)) {
        Some(Some(FORMAT)) => Ok(Some(prefix.to_owned())),
        Some(Some(format)) => Err(events.fail(format!(
            "this export has format {}; this version of the library reads format {FORMAT}",
            short(format)
        ))),
        Some(None) => Ok(None),
        None if options.lenient => Ok(Some(prefix.to_owned())),
        None => Err(events.fail(format!("an element coffer without the namespace {NAMESPACE}{FORMAT}"))),
    }
}

/// Hands out the documents of an export whose outermost tag has been read.
pub fn read(
    events: Events<'_>,
    tag: &BytesStart<'_>,
    prefix: String,
    is_empty: bool,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    let mut reading = Reading {
        events,
        options,
        sink,
        prefix,
        levels: Vec::new(),
        skipped: 0,
        text: String::new(),
        leaf: String::new(),
        document: None,
    };
    reading.attributes(tag, ["version", "sequence", "time", "documents"])?;
    if !is_empty {
        reading.levels.push(Level::Root);
        let mut buffer = Vec::new();
        while !reading.levels.is_empty() {
            reading.leaves();
            buffer.clear();
            reading.step(&mut buffer)?;
        }
    }
    reading.events.drain()
}

/// What an open element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Document {
        has_value: bool,
    },
    Object {
        is_empty: bool,
    },
    Array {
        is_empty: bool,
    },
    /// Where its literal begins in the text, if that is to be checked.
    String {
        escaped_from: Option<usize>,
    },
    Number,
    Boolean,
    Null,
}

impl Level {
    /// Of a value's element, with nothing in it yet.
    fn of(name: &str) -> Option<Level> {
        Some(match name {
            "string" => Level::String { escaped_from: None },
            "number" => Level::Number,
            "object" => Level::Object { is_empty: true },
            "array" => Level::Array { is_empty: true },
            "boolean" => Level::Boolean,
            "null" => Level::Null,
            _ => return None,
        })
    }
}

/// What a document's tag says, and where it stands.
struct Document {
    collection: Option<String>,
    key: Option<String>,
    place: Place,
}

struct Reading<'a, 'r> {
    events: Events<'r>,
    options: &'a Options,
    sink: &'a mut dyn Sink,
    prefix: String,
    levels: Vec<Level>,
    /// How many elements are open that are passed over.
    skipped: usize,
    /// The JSON of the document so far.
    text: String,
    /// The text of a number or boolean so far.
    leaf: String,
    document: Option<Document>,
}

impl Reading<'_, '_> {
    /// Takes the scalars that come next, as far as they are written as an export writes them.
    fn leaves(&mut self) {
        let (is_member, is_empty) = match self.levels.last_mut() {
            Some(Level::Object { is_empty }) => (true, is_empty),
            Some(Level::Array { is_empty }) => (false, is_empty),
            _ => return,
        };
        if self.skipped > 0 || !self.prefix.is_empty() {
            return;
        }
        let most = usize::try_from(self.options.limits.max_document_bytes).unwrap_or(usize::MAX);
        let ready = self.events.ready();
        let mut passed = 0;
        while let Some(leaf) = straight::leaf(ready.get(passed..).unwrap_or_default(), is_member) {
            // A document that may be too long is for others to refuse.
            if self.text.len().saturating_add(leaf.length) > most {
                break;
            }
            leaf.push_to(std::mem::take(is_empty), &mut self.text);
            passed += leaf.length;
        }
        self.events.pass(passed);
    }

    fn step(&mut self, buffer: &mut Vec<u8>) -> Result<(), Failure> {
        match self.events.next(buffer)? {
            Piece::Start(_) if self.skipped > 0 => self.skipped += 1,
            Piece::Start(tag) => self.start(&tag)?,
            Piece::Empty(_) if self.skipped > 0 => {}
            Piece::Empty(tag) => {
                self.start(&tag)?;
                self.end()?;
            }
            Piece::End => self.end()?,
            Piece::Text(text) if self.skipped == 0 => self.text(&text)?,
            Piece::Text(_) | Piece::Nothing => {}
            Piece::Eof => return Err(self.events.fail(super::CUT_OFF)),
        }
        if self.text.len() as u64 > self.options.limits.max_document_bytes {
            let place = self.document.as_ref().map(|document| document.place).unwrap_or_default();
            let reason = format!("this document has more than {} bytes", self.options.limits.max_document_bytes);
            return Err(Failure::Unreadable { place, reason });
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Failure> {
        let full_name = tag.name().into_inner();
        let name = full_name.strip_prefix(self.prefix.as_str()).unwrap_or_default();
        let within = self.levels.last().copied();
        let level = match within {
            Some(Level::Root) if named(name, "document", self.options) => return self.start_document(tag),
            Some(Level::Document { has_value: true }) => return self.pass_over("a document has one value", full_name),
            Some(Level::Document { .. } | Level::Object { .. } | Level::Array { .. }) => Level::of(name)
                .or_else(|| self.options.lenient.then(|| Level::of(&name.to_ascii_lowercase())).flatten()),
            _ => None,
        };
        let Some(level) = level else { return self.pass_over("no such element here", full_name) };
        self.start_value(tag, level, within)
    }

    /// What is not ours is an error, or else nothing.
    fn pass_over(&mut self, reason: &str, name: &str) -> Result<(), Failure> {
        if !self.options.lenient {
            return Err(self.events.fail(format!("{reason}: {}", short(name))));
        }
        self.skipped = 1;
        Ok(())
    }

    fn start_document(&mut self, tag: &BytesStart<'_>) -> Result<(), Failure> {
        let [collection, key, escaped] = self.attributes(tag, ["collection", "key", "key-escaped"])?;
        if !self.options.lenient && (collection.is_none() || key.is_none()) {
            return Err(self.events.fail("a document has a collection and a key"));
        }
        let is_escaped = self.truth(escaped.as_deref())?;
        let key = match key {
            Some(key) if is_escaped => match crate::json::said(&format!("\"{key}\"")) {
                Some(key) => Some(key.into_owned()),
                None => return Err(self.events.fail("this key is not the inside of a JSON string")),
            },
            key => key.map(Cow::into_owned),
        };
        let collection = collection.map(Cow::into_owned);
        self.document = Some(Document { collection, key, place: self.events.place() });
        self.levels.push(Level::Document { has_value: false });
        Ok(())
    }

    fn start_value(&mut self, tag: &BytesStart<'_>, level: Level, within: Option<Level>) -> Result<(), Failure> {
        let is_member = matches!(within, Some(Level::Object { .. }));
        let is_string = matches!(level, Level::String { .. });
        let [name, name_escaped, escaped] = match (is_member, is_string) {
            (true, true) => self.attributes(tag, ["name", "name-escaped", "escaped"])?,
            (true, false) => self.attributes(tag, ["name", "name-escaped"]).map(|[a, b]| [a, b, None])?,
            (false, true) => self.attributes(tag, ["escaped"]).map(|[a]| [None, None, a])?,
            (false, false) => self.attributes(tag, []).map(|[]| [None, None, None])?,
        };
        if matches!(within, Some(Level::Object { is_empty: false } | Level::Array { is_empty: false })) {
            self.text.push(',');
        }
        match self.levels.last_mut() {
            Some(Level::Object { is_empty } | Level::Array { is_empty }) => *is_empty = false,
            Some(Level::Document { has_value }) => *has_value = true,
            _ => {}
        }
        if is_member {
            let Some(name) = name else { return Err(self.events.fail("a member of an object has a name")) };
            let is_escaped = self.truth(name_escaped.as_deref())?;
            self.member_name(&name, is_escaped)?;
        }
        let level = match level {
            Level::String { .. } => {
                self.text.push('"');
                let is_escaped = self.truth(escaped.as_deref())?;
                Level::String { escaped_from: is_escaped.then_some(self.text.len()) }
            }
            Level::Object { .. } => {
                self.text.push('{');
                self.check_depth()?;
                level
            }
            Level::Array { .. } => {
                self.text.push('[');
                self.check_depth()?;
                level
            }
            _ => {
                self.leaf.clear();
                level
            }
        };
        self.levels.push(level);
        Ok(())
    }

    /// Called before an object or array is opened: those around it are all but the first two levels.
    fn check_depth(&self) -> Result<(), Failure> {
        let limit = self.options.limits.max_depth;
        if self.levels.len() - 1 > limit {
            return Err(self.events.fail(format!("this document nests deeper than {limit}")));
        }
        Ok(())
    }

    fn member_name(&mut self, name: &str, is_escaped: bool) -> Result<(), Failure> {
        self.text.push('"');
        let from = self.text.len();
        if is_escaped {
            self.text.push_str(name);
            self.check_escaped(from)?;
        } else {
            json::push_inside(name, &mut self.text);
        }
        self.text.push_str("\":");
        Ok(())
    }

    /// Checks what was added as the inside of a JSON string literal.
    fn check_escaped(&self, from: usize) -> Result<(), Failure> {
        let literal = format!("\"{}\"", self.text.get(from..).unwrap_or_default());
        match serde_json::from_str::<IgnoredAny>(&literal) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.events.fail(format!("this is not the inside of a JSON string: {error}"))),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        match self.levels.last() {
            Some(Level::String { escaped_from: Some(_) }) => self.text.push_str(text),
            Some(Level::String { escaped_from: None }) => json::push_inside(text, &mut self.text),
            Some(Level::Number | Level::Boolean) => self.leaf_text(text)?,
            _ if text.trim_ascii().is_empty() || self.options.lenient => {}
            _ => return Err(self.events.fail(format!("text where none belongs: {}", short(text.trim_ascii())))),
        }
        Ok(())
    }

    fn leaf_text(&mut self, text: &str) -> Result<(), Failure> {
        self.leaf.push_str(text);
        if self.leaf.len() as u64 > self.options.limits.max_document_bytes {
            return Err(self.events.fail("a number longer than a document may be"));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        match self.levels.pop() {
            Some(Level::Object { .. }) => self.text.push('}'),
            Some(Level::Array { .. }) => self.text.push(']'),
            Some(Level::String { escaped_from }) => {
                if let Some(from) = escaped_from {
                    self.check_escaped(from)?;
                }
                self.text.push('"');
            }
            Some(Level::Number) => self.end_number()?,
            Some(Level::Boolean) => {
                let leaf = std::mem::take(&mut self.leaf);
                let truth = if leaf.trim_ascii().is_empty() { None } else { Some(leaf.trim_ascii()) };
                let Some(truth) = truth else { return Err(self.events.fail("a boolean without a text")) };
                self.text.push_str(if self.truth(Some(truth))? { "true" } else { "false" });
            }
            Some(Level::Null) => self.text.push_str("null"),
            Some(Level::Document { has_value }) => self.end_document(has_value)?,
            Some(Level::Root) | None => {}
        }
        Ok(())
    }

    fn end_number(&mut self) -> Result<(), Failure> {
        let mut number = self.leaf.trim_ascii();
        if self.options.lenient {
            number = number.strip_prefix('+').unwrap_or(number);
        }
        if !json::is_number(number) {
            return Err(self.events.fail(format!("this is no number: {}", short(number))));
        }
        self.text.push_str(number);
        Ok(())
    }

    fn end_document(&mut self, has_value: bool) -> Result<(), Failure> {
        let Some(document) = self.document.take() else { return Ok(()) };
        if !has_value {
            return Err(Failure::Unreadable { place: document.place, reason: "this document has no value".to_owned() });
        }
        let Document { collection, key, place } = document;
        let text = std::mem::take(&mut self.text);
        self.sink.take(Found { collection, key, text, place })
    }

    /// A boolean as XML Schema writes it; what is not given is false.
    fn truth(&self, text: Option<&str>) -> Result<bool, Failure> {
        match text {
            Some("true" | "1") => Ok(true),
            None | Some("false" | "0") => Ok(false),
            Some(text) if self.options.lenient && text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if self.options.lenient && text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(self.events.fail(format!("this is neither true nor false: {}", short(text)))),
        }
    }

    /// The attributes of these names.
    fn attributes<'t, const N: usize>(
        &self,
        tag: &'t BytesStart<'_>,
        names: [&str; N],
    ) -> Result<[Option<Cow<'t, str>>; N], Failure> {
        let mut values = [const { None }; N];
        if tag.attributes_raw().is_empty() {
            return Ok(values);
        }
        let is_root = self.levels.is_empty();
        self.events.each_attribute(tag, &mut |name, value| {
            let place = names.iter().position(|wanted| named(name, wanted, self.options));
            if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
                *slot = Some(value);
                return Ok(());
            }
            // Namespaces and where the schema lies are told to others.
            let is_xml = name == "xmlns" || name.starts_with("xmlns:") || name.starts_with("xsi:");
            if self.options.lenient || is_root && is_xml {
                return Ok(());
            }
            Err(self.events.fail(format!("no such attribute here: {}", short(name))))
        })?;
        Ok(values)
    }
}

fn named(name: &str, wanted: &str, options: &Options) -> bool {
    name == wanted || options.lenient && name.eq_ignore_ascii_case(wanted)
}
