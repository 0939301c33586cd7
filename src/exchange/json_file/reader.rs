//! Hands out the documents of a JSON file.
//!
//! Whether a file is ours its members tell, and they may come in any order. So they are held until one tells: `format`, or
//! a name that no export has. Invariant: what is held stays within four documents' limit, and is handed out in its order.

use super::members::{Members, Name};
use super::stream::{Stream, Value};
use super::{FORMAT, Options, PAST_VERSIONS, PLUGIN_DATA, TIER1};
use crate::exchange::{Failure, Found, Place, Sink};
use crate::json::{Token, Tokens, said};
use std::borrow::Cow;
use std::io;

/// Members of an export that hold no document.
const HEAD: [&str; 5] = ["format", "version", "timestamp", "sequence", "versions"];
/// How much is held before it is known what a file is, in documents of the greatest size.
const HELD_DOCUMENTS: u64 = 4;

/// Hands out the documents of a file, ours or foreign, in order.
pub fn read(input: &mut dyn io::BufRead, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    // A BufRead trait object cannot be passed on as a Read one.
    let mut input = input;
    let stream = Stream::new(&mut input, options.limits.max_document_bytes, options.keeps_space);
    let mut reading = Reading { stream, options, sink, kind: Kind::Unknown(Vec::new()) };
    match reading.stream.peek()? {
        None => return Err(reading.stream.fail("the file is empty")),
        Some(b'{') if !options.whole => reading.object()?,
        Some(b'[') if !options.whole => reading.array()?,
        Some(_) => reading.whole()?,
    }
    match reading.stream.peek()? {
        None => Ok(()),
        Some(_) => Err(reading.stream.fail("no JSON: something stands behind the end")),
    }
}

/// What a file's object is.
enum Kind {
    /// With the members so far, all of which can be an export's.
    Unknown(Vec<(String, Value)>),
    Ours,
    Foreign,
}

struct Reading<'a, 'r> {
    stream: Stream<'r>,
    options: &'a Options,
    sink: &'a mut dyn Sink,
    kind: Kind,
}

impl Reading<'_, '_> {
    fn whole(&mut self) -> Result<(), Failure> {
        let value = self.stream.last_value(self.options.limits.max_depth)?;
        self.hand_out(None, None, value)
    }

    fn array(&mut self) -> Result<(), Failure> {
        let key_of = |value: &Value| key_of(&value.text, &self.options.key);
        self.stream.hold();
        let mut items = Members::open(&mut self.stream, b'[');
        let mut first = None;
        if items.next_item(&mut self.stream)? && self.stream.peek()? == Some(b'{') {
            first = Some(self.stream.value(self.options.limits.max_depth)?);
        }
        let Some((mut value, mut key)) = first.and_then(|value| key_of(&value).map(|key| (value, key))) else {
            self.stream.go_back();
            return self.whole();
        };
        self.stream.release();
        loop {
            self.hand_out(None, Some(key), value)?;
            if !items.next_item(&mut self.stream)? {
                return Ok(());
            }
            value = self.stream.value(self.options.limits.max_depth)?;
            key = match key_of(&value) {
                Some(key) => key,
                None => {
                    let reason = format!("this item has no {:?}, as the items before it have", self.options.key);
                    return Err(Failure::Unreadable { place: value.place, reason });
                }
            };
        }
    }

    fn object(&mut self) -> Result<(), Failure> {
        let mut members = Members::open(&mut self.stream, b'{');
        while let Some(Name { name, place }) = members.next_member(&mut self.stream)? {
            match &self.kind {
                Kind::Ours => self.member_of_ours(&name, place)?,
                Kind::Foreign => self.document(None, name)?,
                Kind::Unknown(_) => self.telling_member(name)?,
            }
        }
        // The plug-in that was there before Coffer wrote no format.
        if let Kind::Unknown(held) = &self.kind {
            let has = |wanted: &str| held.iter().any(|(name, _)| name == wanted);
            let is_ours = has("versions") || has("version") && has("timestamp") && TIER1.into_iter().any(has);
            self.decide(if is_ours { Kind::Ours } else { Kind::Foreign })?;
        }
        Ok(())
    }

    /// A member of a file that may be ours.
    fn telling_member(&mut self, name: String) -> Result<(), Failure> {
        let is_group = name == PLUGIN_DATA || name == PAST_VERSIONS;
        if !is_group && !HEAD.contains(&name.as_str()) && !TIER1.contains(&name.as_str()) {
            self.decide(Kind::Foreign)?;
            return self.document(None, name);
        }
        let depth = self.options.limits.max_depth + usize::from(is_group);
        let value = self.stream.value(depth)?;
        let format = (name == "format").then(|| said(&value.text).is_some_and(|said| said == FORMAT));
        let Kind::Unknown(held) = &mut self.kind else { return Ok(()) };
        let place = value.place;
        held.push((name, value));
        let bytes: u64 = held.iter().map(|(_, value)| value.text.len() as u64).sum();
        match format {
            Some(true) => self.decide(Kind::Ours),
            Some(false) => self.decide(Kind::Foreign),
            None if bytes > self.options.limits.max_document_bytes.saturating_mul(HELD_DOCUMENTS) => {
                let reason = "too much stands before the member \"format\", which tells what this file is".to_owned();
                Err(Failure::Unreadable { place, reason })
            }
            None => Ok(()),
        }
    }

    /// From here on it is known what the file is.
    fn decide(&mut self, kind: Kind) -> Result<(), Failure> {
        let Kind::Unknown(held) = std::mem::replace(&mut self.kind, kind) else { return Ok(()) };
        for (name, value) in held {
            if matches!(self.kind, Kind::Foreign) {
                self.hand_out(None, Some(name), value)?;
            } else if name == PLUGIN_DATA || name == PAST_VERSIONS {
                self.held_group(&name, &value)?;
            } else if !HEAD.contains(&name.as_str()) {
                self.hand_out(Some(&name), Some(name.clone()), value)?;
            }
        }
        Ok(())
    }

    fn member_of_ours(&mut self, name: &str, place: Place) -> Result<(), Failure> {
        let is_ours = TIER1.contains(&name);
        if is_ours {
            return self.document(Some(name), name.to_owned());
        }
        if name == PLUGIN_DATA || name == PAST_VERSIONS {
            return self.group(name);
        }
        if !self.options.lenient && !HEAD.contains(&name) {
            return Err(Failure::Unreadable { place, reason: format!("an export has no member {name:?}") });
        }
        self.stream.value(self.options.limits.max_depth).map(drop)
    }

    /// An object of documents, one after the other.
    fn group(&mut self, name: &str) -> Result<(), Failure> {
        if self.stream.peek()? != Some(b'{') {
            return Err(self.stream.fail(format!("{name} is not an object")));
        }
        let mut members = Members::open(&mut self.stream, b'{');
        while let Some(Name { name: key, place }) = members.next_member(&mut self.stream)? {
            match self.collection_of(name, &key, place)? {
                Some(collection) => self.document(Some(collection), key)?,
                None => drop(self.stream.value(self.options.limits.max_depth)?),
            }
        }
        Ok(())
    }

    /// The same for an object that was held. Its documents have its place.
    fn held_group(&mut self, name: &str, group: &Value) -> Result<(), Failure> {
        let fail = |reason: String| Failure::Unreadable { place: group.place, reason };
        let mut tokens = Tokens::new(&group.text);
        if tokens.next() != Some(Token::BeginObject) {
            return Err(fail(format!("{name} is not an object")));
        }
        while let Some(Token::Name(literal)) = tokens.next() {
            let Some(key) = said(literal).map(Cow::into_owned) else {
                return Err(fail(format!("a name in {name} holds half a surrogate pair, which no key can")));
            };
            let text = tokens.value().unwrap_or_default().to_owned();
            if let Some(collection) = self.collection_of(name, &key, group.place)? {
                // The group may be one deeper than a document, so that this is no deeper than a document.
                self.hand_out(Some(collection), Some(key), Value { text, place: group.place, depth: 0 })?;
            }
        }
        Ok(())
    }

    /// The collection of a document in a group; none if that is to be passed.
    fn collection_of(&self, group: &str, key: &str, place: Place) -> Result<Option<&'static str>, Failure> {
        if group == PLUGIN_DATA {
            return Ok(Some(PLUGIN_DATA));
        }
        let is_version = |rest: &str| rest.strip_prefix("_v").is_some_and(|number| number.parse::<u64>().is_ok());
        let found = TIER1.into_iter().find(|name| key.strip_prefix(name).is_some_and(is_version));
        if found.is_none() && !self.options.lenient {
            let reason = format!("{key:?} is no past version, as in character_roster_v3");
            return Err(Failure::Unreadable { place, reason });
        }
        Ok(found)
    }

    /// The next value, as a document.
    fn document(&mut self, collection: Option<&str>, key: String) -> Result<(), Failure> {
        let value = self.stream.value(self.options.limits.max_depth)?;
        self.hand_out(collection, Some(key), value)
    }

    fn hand_out(&mut self, collection: Option<&str>, key: Option<String>, value: Value) -> Result<(), Failure> {
        let Value { text, place, depth } = value;
        let limit = self.options.limits.max_depth;
        if depth > limit {
            return Err(Failure::Unreadable { place, reason: format!("this document nests deeper than {limit}") });
        }
        self.sink.take(Found { collection: collection.map(str::to_owned), key, text, place })
    }
}

/// What the member `wanted` of an object says, if it is a string, a number or a boolean.
fn key_of(text: &str, wanted: &str) -> Option<String> {
    let mut tokens = Tokens::new(text);
    if tokens.next()? != Token::BeginObject {
        return None;
    }
    while let Some(Token::Name(name)) = tokens.next() {
        let value = tokens.value()?;
        if said(name).is_some_and(|name| name == wanted) {
            return match value.as_bytes().first()? {
                b'"' => said(value).map(Cow::into_owned),
                b'{' | b'[' | b'n' => None,
                _ => Some(value.to_owned()),
            };
        }
    }
    None
}
