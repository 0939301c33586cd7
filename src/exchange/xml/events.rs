//! XML cut into pieces by quick-xml, with what XML 1.0 demands beyond that and this library beyond XML.
//!
//! Knows no format. Adds to quick-xml: one root and nothing but white space beside it, the end of the file, characters
//! that XML forbids, depth, and places. Refuses every DOCTYPE. Invariant: text is handed out as XML means it, line ends
//! normal and references replaced.

use super::input::Input;
use super::text::is_forbidden;
use super::{CUT_OFF, MOST_ATTRIBUTES};
use crate::exchange::{Failure, Place};
use quick_xml::XmlVersion;
use quick_xml::encoding::EncodingError;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::io::{self, BufRead};

/// What a file is made of.
pub enum Piece<'b> {
    Start(BytesStart<'b>),
    /// A start and an end.
    Empty(BytesStart<'b>),
    End,
    /// A part of a text: what stands between two tags can come in several.
    Text(Cow<'b, str>),
    /// A comment and the like.
    Nothing,
    Eof,
}

pub struct Events<'r> {
    reader: Reader<Input<'r>>,
    depth: usize,
    max_depth: usize,
    has_begun: bool,
    has_root: bool,
    /// The piece that came last was a tag, so that the parser stands between pieces.
    is_behind_tag: bool,
    max_token_bytes: u64,
}

impl<'r> Events<'r> {
    pub fn new(source: &'r mut dyn io::Read, max_token_bytes: u64, max_depth: usize) -> Events<'r> {
        let mut reader = Reader::from_reader(Input::new(source, max_token_bytes));
        // `</a >` is the same as `</a>`, and a text's white space is for others to judge.
        reader.config_mut().trim_markup_names_in_closing_tags = true;
        reader.config_mut().check_comments = true;
        Events { reader, depth: 0, max_depth, has_begun: false, has_root: false, is_behind_tag: false, max_token_bytes }
    }

    /// What of the file is read and not parsed, if elements may be taken from it: the parser stands between two pieces, and
    /// what is not deeper than an element may be is not deeper than allowed.
    #[inline]
    pub fn ready(&self) -> &[u8] {
        let is_open = self.is_behind_tag && self.depth > 0 && self.depth < self.max_depth;
        let ready = self.reader.get_ref().ready();
        // Nothing that is taken is longer than a piece may be.
        let most = usize::try_from(self.max_token_bytes).unwrap_or(usize::MAX).min(ready.len());
        if is_open { ready.get(..most).unwrap_or_default() } else { &[] }
    }

    /// Passes whole elements of what is ready, without the parser: to it they are as good as nothing.
    #[inline]
    pub fn pass(&mut self, count: usize) {
        self.reader.get_mut().consume(count);
    }

    /// The next piece. What it borrows lies in `buffer`, which must be empty.
    pub fn next<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Piece<'b>, Failure> {
        self.reader.get_mut().mark();
        let event = match self.reader.read_event_into(buffer) {
            Ok(event) => event,
            Err(error) => return Err(self.explain(&error)),
        };
        if self.reader.get_ref().is_too_long() {
            return Err(self.reader.get_ref().too_long());
        }
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        self.is_behind_tag = matches!(event, Event::Start(_) | Event::Empty(_) | Event::End(_));
        let piece = match event {
            Event::Start(tag) => {
                self.open()?;
                self.depth += 1;
                Piece::Start(tag)
            }
            Event::Empty(tag) => {
                self.open()?;
                Piece::Empty(tag)
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Piece::End
            }
            Event::Text(text) if text.contains("]]>") => {
                return Err(self.fail("`]]>` stands in a text; it is written `]]&gt;` there"));
            }
            Event::Text(text) => self.text(text.xml10_content())?,
            Event::CData(text) => self.text(text.xml10_content())?,
            Event::GeneralRef(reference) => self.reference(&reference)?,
            Event::Comment(_) | Event::PI(_) => Piece::Nothing,
            Event::Decl(declaration) => self.declaration(&declaration, is_first)?,
            Event::DocType(_) => {
                return Err(self.fail("a DOCTYPE is refused: it can make a file grow or read other files; remove it"));
            }
            Event::Eof => self.end_of_file()?,
        };
        Ok(piece)
    }

    /// Goes on to the end of the file, where nothing may come that means anything.
    pub fn drain(&mut self) -> Result<(), Failure> {
        let mut buffer = Vec::new();
        while !matches!(self.next(&mut buffer)?, Piece::Eof) {
            buffer.clear();
        }
        Ok(())
    }

    /// Hands out the attributes of a tag, as XML means them.
    pub fn each_attribute<'t>(
        &self,
        tag: &'t BytesStart<'_>,
        visit: &mut dyn FnMut(&'t str, Cow<'t, str>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some((name, value)) = plain_attribute(tag.attributes_raw()) {
            return visit(name, Cow::Borrowed(value));
        }
        for (count, attribute) in tag.attributes().enumerate() {
            let attribute = attribute.map_err(|error| self.fail(format!("an attribute cannot be read: {error}")))?;
            if count >= MOST_ATTRIBUTES {
                return Err(self.fail(format!("an element with more than {MOST_ATTRIBUTES} attributes")));
            }
            let name = attribute.key.into_inner();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| {
                self.fail(format!("attribute {} cannot be read: {}", short(name), short(&error.to_string())))
            })?;
            if is_forbidden(&value) {
                return Err(self.fail(format!("attribute {} holds a character that XML forbids", short(name))));
            }
            visit(name, value)?;
        }
        Ok(())
    }

    /// Where the piece begins that came last.
    pub fn place(&mut self) -> Place {
        self.reader.get_mut().note_marked_place()
    }

    /// What is wrong with the piece that came last.
    pub fn fail(&self, reason: impl Into<String>) -> Failure {
        Failure::Unreadable { place: self.reader.get_ref().marked_place(), reason: reason.into() }
    }

    fn open(&mut self) -> Result<(), Failure> {
        if self.depth == 0 && std::mem::replace(&mut self.has_root, true) {
            return Err(self.fail("a second element stands beside the outermost one"));
        }
        if self.depth >= self.max_depth {
            return Err(self.fail(format!("elements nest deeper than {}", self.max_depth)));
        }
        Ok(())
    }

    fn text<'b>(&self, text: Cow<'b, str>) -> Result<Piece<'b>, Failure> {
        if is_forbidden(&text) {
            return Err(self.fail("this text holds a character that XML forbids"));
        }
        if self.depth > 0 {
            return Ok(Piece::Text(text));
        }
        if text.trim_ascii().is_empty() { Ok(Piece::Nothing) } else { Err(self.fail("text outside of all elements")) }
    }

    fn reference<'b>(&self, reference: &BytesRef<'_>) -> Result<Piece<'b>, Failure> {
        let name: &str = reference;
        let text = match reference.resolve_char_ref() {
            Ok(Some(character)) => Cow::Owned(character.to_string()),
            Ok(None) => match resolve_xml_entity(name) {
                Some(text) => Cow::Borrowed(text),
                None => {
                    return Err(self.fail(format!("unknown entity {}: there are lt, gt, amp, apos, quot", short(name))));
                }
            },
            Err(_) => return Err(self.fail(format!("{} names no character", short(name)))),
        };
        // A reference outside of all elements is wrong even if it means a space.
        if self.depth == 0 { Err(self.fail("text outside of all elements")) } else { self.text(text) }
    }

    fn declaration<'b>(&self, declaration: &BytesDecl<'_>, is_first: bool) -> Result<Piece<'b>, Failure> {
        if !is_first {
            return Err(self.fail("an XML declaration stands only at the very beginning"));
        }
        let version = declaration.version().map_err(|_| self.fail("the XML declaration names no version"))?;
        if version != "1.0" {
            return Err(self.fail(format!("XML {} is not read, only 1.0", short(&version))));
        }
        // How the file's bytes are to be read its first bytes have told; this name must not contradict that altogether.
        let encoding = match declaration.encoding() {
            Some(Ok(encoding)) => encoding,
            Some(Err(_)) => return Err(self.fail("the XML declaration's encoding cannot be read")),
            None => return Ok(Piece::Nothing),
        };
        match encoding.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Piece::Nothing),
            "utf-16" | "utf-16le" | "utf-16be" if self.reader.get_ref().is_utf_16() => Ok(Piece::Nothing),
            _ => {
                Err(self
                    .fail(format!("the file says its encoding is {}; save it as UTF-8 or UTF-16", short(&encoding))))
            }
        }
    }

    fn end_of_file<'b>(&self) -> Result<Piece<'b>, Failure> {
        match (self.depth, self.has_root) {
            (0, true) => Ok(Piece::Eof),
            (0, false) => Err(self.fail("the file ends here and holds no element")),
            _ => Err(self.fail(CUT_OFF)),
        }
    }

    fn explain(&mut self, error: &quick_xml::Error) -> Failure {
        if let Some(failure) = self.reader.get_mut().take_failure() {
            return failure;
        }
        match error {
            quick_xml::Error::Encoding(EncodingError::Utf8(error)) => Failure::Unreadable {
                place: self.reader.get_ref().place_behind_mark(error.valid_up_to()),
                reason: "not valid UTF-8 here".to_owned(),
            },
            other => self.fail(short(&other.to_string())),
        }
    }
}

/// The attribute of a tag that has just one, with nothing in it that XML would change.
fn plain_attribute(raw: &str) -> Option<(&str, &str)> {
    let inside = raw.strip_prefix(' ')?.strip_suffix('"')?;
    let name_length = memchr::memchr(b'=', inside.as_bytes())?;
    let (name, value) = inside.split_at_checked(name_length)?;
    let value = value.strip_prefix("=\"")?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_special = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'&' | b'<' | 0xEF);
    (is_name && !value.bytes().any(is_special)).then_some((name, value))
}

/// A part of the file as it is told in a reason, which is one line.
pub fn short(text: &str) -> String {
    const LONGEST: usize = 200;
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
