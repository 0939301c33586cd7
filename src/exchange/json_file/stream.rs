//! A JSON file that is read value by value.
//!
//! Holds a part of the file: what was read and not passed yet, and all of the value that is being cut out. Invariant:
//! never more than one value and one piece, whatever the file's size, and no value longer than allowed.

use super::compact::compact;
use crate::exchange::decode::{Decoded, MALFORMED};
use crate::exchange::{Failure, Place, count};
use serde::de::IgnoredAny;
use std::io::Read;

const PIECE: usize = 128 << 10;

/// A value of the file.
#[derive(Debug)]
pub struct Value {
    /// JSON, without white space between its tokens unless that is kept.
    pub text: String,
    pub place: Place,
    /// How deep it nests, or more, but not more than was allowed.
    pub depth: usize,
}

pub struct Stream<'r> {
    bytes: Decoded<'r>,
    buffer: Vec<u8>,
    /// The next byte.
    at: usize,
    /// Behind the last byte that was read.
    end: usize,
    /// From here on bytes are kept, so that they can be gone back to.
    held: Option<usize>,
    /// The place of the byte `placed`.
    place: Place,
    placed: usize,
    max_bytes: u64,
    keeps_space: bool,
}

impl<'r> Stream<'r> {
    pub fn new(source: &'r mut dyn Read, max_bytes: u64, keeps_space: bool) -> Stream<'r> {
        Stream {
            bytes: Decoded::new(source, false),
            buffer: vec![0; 2 * PIECE],
            at: 0,
            end: 0,
            held: None,
            place: Place::START,
            placed: 0,
            max_bytes,
            keeps_space,
        }
    }

    /// The next byte that is no white space; none at the end of the file.
    #[inline]
    pub fn peek(&mut self) -> Result<Option<u8>, Failure> {
        loop {
            let rest = self.buffer.get(self.at..self.end).unwrap_or_default();
            let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
            self.at += space;
            if let Some(byte) = rest.get(space) {
                return Ok(Some(*byte));
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Passes the byte that was seen.
    pub fn pass(&mut self) {
        self.at = self.end.min(self.at + 1);
    }

    /// Keeps what comes, for `go_back`.
    pub fn hold(&mut self) {
        self.held = Some(self.at);
    }

    pub fn release(&mut self) {
        self.held = None;
    }

    pub fn go_back(&mut self) {
        self.at = self.held.take().unwrap_or(self.at);
    }

    /// What is wrong with the next byte.
    pub fn fail(&self, reason: impl Into<String>) -> Failure {
        self.fail_at(self.at, reason)
    }

    /// Where the next byte is.
    pub fn next_place(&mut self) -> Place {
        let place = self.place_of(self.at);
        if self.held.is_none() {
            (self.place, self.placed) = (place, self.at);
        }
        place
    }

    /// Cuts out the value that begins with the byte that was seen, and behind which something must come: a number that
    /// ends with the file may have been longer.
    pub fn value(&mut self, max_depth: usize) -> Result<Value, Failure> {
        self.cut(max_depth, false)
    }

    /// Cuts out the value that is the whole file.
    pub fn last_value(&mut self, max_depth: usize) -> Result<Value, Failure> {
        self.cut(max_depth, true)
    }

    fn cut(&mut self, max_depth: usize, is_last: bool) -> Result<Value, Failure> {
        let place = self.next_place();
        loop {
            let rest = self.buffer.get(self.at..self.end).unwrap_or_default();
            match first_value(rest) {
                // A number or word at the end of what was read may go on behind it.
                Ok(length) if length < rest.len() || is_closed(rest) => return self.take(length, max_depth, place),
                // A number that is cut behind `-`, `.` or `e` is no end of the file to serde_json, but no number.
                Err(error) if !error.is_eof() && offset_of(&error, rest) + 1 < rest.len() => {
                    return Err(self.explain(&error, max_depth));
                }
                _ => {}
            }
            let had = rest.len();
            self.check_length(had, place)?;
            // With twice as much at each turn, looking at it anew costs no more than reading it twice.
            let wanted = (2 * had as u64).min(self.max_bytes.saturating_add(1)).max(PIECE as u64);
            while ((self.end - self.at) as u64) < wanted {
                if !self.refill()? {
                    return self.cut_at_end(max_depth, is_last, place);
                }
            }
        }
    }

    /// Cuts out a value that may end with the file.
    fn cut_at_end(&mut self, max_depth: usize, is_last: bool, place: Place) -> Result<Value, Failure> {
        let rest = self.buffer.get(self.at..self.end).unwrap_or_default();
        match first_value(rest) {
            Ok(length) if length < rest.len() || is_closed(rest) || is_last => self.take(length, max_depth, place),
            Err(error) if !error.is_eof() => Err(self.explain(&error, max_depth)),
            _ => {
                self.check_depth(rest, max_depth)?;
                Err(self.fail_at(self.end, "the file ends here, within a value: it is cut off"))
            }
        }
    }

    /// Takes the value of this length that serde_json found.
    fn take(&mut self, length: usize, max_depth: usize, place: Place) -> Result<Value, Failure> {
        self.check_length(length, place)?;
        let raw = self.buffer.get(self.at..self.at + length).unwrap_or_default();
        // Each `{` and `[`, be it in a string, bounds the depth: that spares most documents a closer look.
        let brackets = count(raw, |byte| byte | 0x20 == b'{');
        let (text, depth) = if brackets <= max_depth && (self.keeps_space || !may_have_space(raw)) {
            (raw.to_vec(), brackets)
        } else {
            let mut text = Vec::with_capacity(length);
            let depth = compact(raw, max_depth, &mut text).map_err(|at| self.too_deep(at, max_depth))?;
            (if self.keeps_space { raw.to_vec() } else { text }, depth)
        };
        match String::from_utf8(text) {
            Ok(text) => {
                self.at += length;
                Ok(Value { text, place, depth })
            }
            Err(_) => {
                let valid = std::str::from_utf8(raw).map_or_else(|error| error.valid_up_to(), str::len);
                Err(self.fail_at(self.at + valid, "not valid UTF-8 here"))
            }
        }
    }

    fn check_length(&self, length: usize, place: Place) -> Result<(), Failure> {
        if length as u64 > self.max_bytes {
            let reason = format!("the value that begins here has more than {} bytes", self.max_bytes);
            return Err(Failure::Unreadable { place, reason });
        }
        Ok(())
    }

    fn too_deep(&self, length: usize, max_depth: usize) -> Failure {
        self.fail_at(self.at + length, format!("arrays and objects nest deeper than {max_depth}"))
    }

    fn check_depth(&self, raw: &[u8], max_depth: usize) -> Result<(), Failure> {
        compact(raw, max_depth, &mut Vec::new()).map(drop).map_err(|at| self.too_deep(at, max_depth))
    }

    /// Says why the next value is no JSON.
    #[cold]
    fn explain(&self, error: &serde_json::Error, max_depth: usize) -> Failure {
        let rest = self.buffer.get(self.at..self.end).unwrap_or_default();
        let length = offset_of(error, rest);
        let before = rest.get(..length).unwrap_or_default();
        if let Err(failure) = self.check_depth(before, max_depth) {
            return failure;
        }
        if let Err(error) = std::str::from_utf8(before)
            && error.error_len().is_some()
        {
            return self.fail_at(self.at + error.valid_up_to(), "not valid UTF-8 here");
        }
        let reason = error.to_string();
        let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
        self.fail_at(self.at + length, format!("no JSON: {reason}"))
    }

    fn fail_at(&self, at: usize, reason: impl Into<String>) -> Failure {
        Failure::Unreadable { place: self.place_of(at), reason: reason.into() }
    }

    fn place_of(&self, at: usize) -> Place {
        let mut place = self.place;
        place.pass(self.buffer.get(self.placed..at.min(self.end)).unwrap_or_default());
        place
    }

    /// Reads on; false at the end of the file. What is passed and not held is given up.
    fn refill(&mut self) -> Result<bool, Failure> {
        let keep = self.held.unwrap_or(self.at);
        if (self.end - keep) as u64 > self.max_bytes.saturating_add(2 * PIECE as u64) {
            // White space counts too, where it has to be kept.
            let reason = format!("what begins here has more than {} bytes", self.max_bytes);
            return Err(self.fail_at(keep, reason));
        }
        self.place = self.place_of(keep);
        if keep > 0 {
            self.buffer.copy_within(keep..self.end, 0);
        }
        (self.at, self.end, self.placed) = (self.at - keep, self.end - keep, 0);
        self.held = self.held.map(|_| 0);
        if self.buffer.len() - self.end < PIECE {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        match self.bytes.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
            Ok(read) => {
                self.end += read;
                Ok(read > 0)
            }
            Err(_) if self.bytes.is_malformed() => Err(self.fail_at(self.end, MALFORMED)),
            Err(error) => Err(error.into()),
        }
    }
}

/// How many bytes of a text stand before what is wrong with it.
fn offset_of(error: &serde_json::Error, text: &[u8]) -> usize {
    let lines = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::len);
    lines.take(error.line().saturating_sub(1)).sum::<usize>() + error.column().saturating_sub(1)
}

/// The length of the value at the beginning.
fn first_value(rest: &[u8]) -> serde_json::Result<usize> {
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => Ok(values.byte_offset()),
        Some(Err(error)) => Err(error),
        // Nothing but white space, which was passed before.
        None => Ok(0),
    }
}

/// Whether a value shows its own end.
fn is_closed(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'{' | b'[' | b'"'))
}

/// Whether a valid text can have white space between its tokens: all but spaces is never a part of a string.
fn may_have_space(text: &[u8]) -> bool {
    memchr::memchr(b' ', text).is_some() || memchr::memchr3(b'\n', b'\r', b'\t', text).is_some()
}
