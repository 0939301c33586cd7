//! Arguments of C calls out of bytes, and the statuses that each of them must or may lead to.
//!
//! Written from the header alone. Invariant: an argument's list of faults is empty if and only if the header allows it; where
//! several are wrong, the call may name any of them.

use super::c::Text;
use super::grammar;
use coffer::ffi::status::*;
use std::ffi::CString;

/// Stores here allow less depth than usual, so that short texts reach it.
pub const DEPTH: usize = 8;
const MOST_KEY_BYTES: usize = 1024;
const KEYS: [&[u8]; 11] = [
    b"a",
    b"b",
    b"slot/1",
    b"\xC3\xA9",
    b"character_roster",
    b"party_configs",
    b"plugin_data",
    b"character_roster_v",
    b"character_roster_v1",
    b"party_configs_v2",
    b"save_metadata/snapshots/snapshot-1",
];
const TEXTS: [&[u8]; 10] = [
    b"1",
    b"{}",
    b" {\"hp\": 10} ",
    b"[[[[[[[[]]]]]]]]",
    b"\"\xC3\xA9\"",
    b"[[[[[[[[[]]]]]]]]]",
    b"[1,]",
    b"",
    b"\xFF[",
    b"null",
];

/// The bytes, from which arguments are taken one by one; zeros when they have ended.
pub struct Source<'b> {
    rest: &'b [u8],
}

impl<'b> Source<'b> {
    pub fn new(bytes: &'b [u8]) -> Source<'b> {
        Source { rest: bytes }
    }

    pub fn has_ended(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                *first
            }
            None => 0,
        }
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// A text of the bytes' own: a length and as many bytes, up to the first NUL.
    fn own(&mut self) -> Text {
        let length = self.below(48).min(self.rest.len());
        let (own, rest) = self.rest.split_at(length);
        self.rest = rest;
        text(own.split(|byte| *byte == 0).next().unwrap_or_default())
    }

    pub fn key(&mut self) -> Text {
        match self.below(KEYS.len() + 5) {
            0 => None,
            1 => self.own(),
            2 => text(&[b'k'; MOST_KEY_BYTES + 1]),
            3 => text(b"\xFFkey"),
            4 => text(b""),
            number => text(KEYS[number - 5]),
        }
    }

    pub fn json(&mut self) -> Text {
        match self.below(TEXTS.len() + 2) {
            0 => None,
            1 => self.own(),
            number => text(TEXTS[number - 2]),
        }
    }

    /// A revision that is expected: mostly none or a small one.
    pub fn expected(&mut self) -> i64 {
        match self.byte() {
            number @ 0..=9 => i64::from(number),
            10 => i64::MIN,
            11 => i64::MAX,
            12 => -2,
            _ => -1,
        }
    }

    pub fn durability(&mut self) -> i32 {
        match self.byte() {
            number @ 0..=9 => i32::from(number) - 3,
            10 => i32::MAX,
            11 => i32::MIN,
            _ => 0,
        }
    }
}

/// A text as C has it.
pub fn text(bytes: &[u8]) -> Text {
    Some(CString::new(bytes).expect("no NUL is in it"))
}

/// What a text says, if it is one.
pub fn said(text: &Text) -> Option<&str> {
    text.as_ref()?.to_str().ok()
}

fn of_text(text: &Text) -> Vec<i32> {
    match text {
        None => vec![COFFER_ERROR_NULL_ARGUMENT],
        Some(text) if text.to_str().is_err() => vec![COFFER_ERROR_INVALID_UTF8],
        Some(_) => Vec::new(),
    }
}

/// The faults of a text that may be NULL.
pub fn of_optional(text: &Text) -> Vec<i32> {
    if text.is_none() { Vec::new() } else { of_text(text) }
}

/// The faults of a key.
pub fn of_key(key: &Text, writes: bool) -> Vec<i32> {
    let mut faults = of_text(key);
    let Some(key) = said(key) else { return faults };
    if !(1..=MOST_KEY_BYTES).contains(&key.len()) {
        faults.push(COFFER_ERROR_INVALID_KEY);
        if !writes {
            // There is nothing under such a key either.
            faults.push(COFFER_ERROR_NOT_FOUND);
        }
    }
    if writes && is_reserved(key) {
        faults.push(COFFER_ERROR_RESERVED_KEY);
    }
    faults
}

/// Whether a key belongs to the layer: its records, the counters, past versions.
fn is_reserved(key: &str) -> bool {
    let of_version = |rest: &str| {
        let is_number = rest.parse::<u64>().is_ok_and(|number| number > 0 && number.to_string() == rest);
        rest.is_empty() || is_number
    };
    let tier1 = ["character_roster_v", "equipment_sets_v", "party_configs_v"];
    key.starts_with("save_metadata/") || tier1.iter().any(|name| key.strip_prefix(name).is_some_and(of_version))
}

/// The faults of a document.
pub fn of_json(json: &Text) -> Vec<i32> {
    let mut faults = of_text(json);
    let Some(json) = said(json) else { return faults };
    let depth = grammar::depth_of(json);
    if depth.is_none() {
        faults.push(COFFER_ERROR_INVALID_JSON);
    }
    let brackets = json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if depth.unwrap_or(brackets) > DEPTH {
        faults.push(COFFER_ERROR_TOO_DEEP);
    }
    faults
}

/// The faults of a revision that is expected.
pub fn of_expected(expected: i64) -> Vec<i32> {
    if expected < -1 { vec![COFFER_ERROR_INVALID_ARGUMENT] } else { Vec::new() }
}

/// The faults of a durability.
pub fn of_durability(durability: i32) -> Vec<i32> {
    if (0..=3).contains(&durability) { Vec::new() } else { vec![COFFER_ERROR_INVALID_ARGUMENT] }
}
