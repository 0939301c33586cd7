//! Elements of scalars as an export has them, straight to JSON: without escapes or references, in one piece of the file.
//!
//! Most of a file is such elements, and taking each apart into tags and texts costs much more than what is in them. Knows
//! no levels and no places. Invariant: what is taken is what `events` and `reader` would make of it; of anything else, and
//! of anything that is wrong, nothing is taken.

use crate::exchange::words;
use crate::json;
use std::ops::Range;

/// An element that was found at the beginning of a text, with white space before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf<'b> {
    /// A member's name as a JSON literal.
    pub name: Option<&'b str>,
    pub value: Value<'b>,
    /// Of all that was passed.
    pub length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'b> {
    /// What is between a string's quotes.
    Inside(&'b str),
    /// A number, `true`, `false` or `null`.
    Plain(&'b str),
}

impl Leaf<'_> {
    /// Adds the member or element.
    #[inline(always)]
    pub fn push_to(&self, is_first: bool, text: &mut String) {
        // An element is longer than what becomes of it.
        text.reserve(self.length);
        if !is_first {
            text.push(',');
        }
        if let Some(name) = self.name {
            text.push_str(name);
            text.push(':');
        }
        match self.value {
            Value::Plain(plain) => text.push_str(plain),
            Value::Inside(inside) => {
                text.push('"');
                text.push_str(inside);
                text.push('"');
            }
        }
    }
}

/// The bytes that are not simply themselves, in an attribute or in a text, or would not be in JSON; with them the first byte
/// of U+FFFE and U+FFFF, which XML forbids.
static IS_SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let (mut rest, mut byte) = (special.as_mut_slice(), 0_u8);
    while let Some((is_special, behind)) = rest.split_first_mut() {
        *is_special = matches!(byte, 0..b' ' | b'"' | b'&' | b'<' | b'>' | b'\\' | 0xEF);
        (rest, byte) = (behind, byte.wrapping_add(1));
    }
    special
};

/// The leaf that a text begins with, a member of an object or an element of an array.
#[inline(always)]
pub fn leaf(bytes: &[u8], is_member: bool) -> Option<Leaf<'_>> {
    let mut cursor = Cursor { bytes, at: 0 };
    cursor.space()?;
    let begin = cursor.at;
    let kind = cursor.kind()?;
    let name = if is_member { cursor.name()? } else { 0..0 };
    let value = cursor.value(kind)?;
    let element = std::str::from_utf8(bytes.get(begin..cursor.at)?).ok()?;
    let part = |range: Range<usize>| element.get(range.start - begin..range.end - begin);
    let value = match kind {
        Kind::Number => Value::Plain(part(value).filter(|text| json::is_number(text))?),
        Kind::String => Value::Inside(part(value)?),
        Kind::Boolean => Value::Plain(part(value).filter(|text| matches!(*text, "true" | "false"))?),
        Kind::Null => Value::Plain("null"),
    };
    let name = if is_member { Some(part(name)?) } else { None };
    Some(Leaf { name, value, length: cursor.at })
}

#[derive(Clone, Copy)]
enum Kind {
    Number,
    String,
    Boolean,
    Null,
}

/// Goes over an element.
struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline(always)]
    fn take<const N: usize>(&mut self, expected: &[u8; N]) -> Option<()> {
        let is_there = self.bytes.get(self.at..)?.first_chunk::<N>()? == expected;
        is_there.then(|| self.at += N)
    }

    /// Passes what is simply itself.
    #[inline(always)]
    fn plain(&mut self) -> Option<()> {
        let is_special = |byte: &u8| IS_SPECIAL.get(usize::from(*byte)).copied().unwrap_or_default();
        self.at += self.bytes.get(self.at..)?.iter().position(is_special)?;
        Some(())
    }

    #[inline(always)]
    fn space(&mut self) -> Option<()> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' => {
                    let next = self.bytes.get(self.at..)?.first_chunk::<8>();
                    // Of the bytes that are no spaces some bit is left.
                    let others = next.map_or(1 << 8, |next| u64::from_le_bytes(*next) ^ words::each(b' '));
                    self.at += words::first(others);
                }
                b'\n' | b'\r' | b'\t' => self.at += 1,
                _ => return Some(()),
            }
        }
    }

    #[inline(always)]
    fn kind(&mut self) -> Option<Kind> {
        self.take(b"<")?;
        if self.take(b"number").is_some() {
            Some(Kind::Number)
        } else if self.take(b"string").is_some() {
            Some(Kind::String)
        } else if self.take(b"boolean").is_some() {
            Some(Kind::Boolean)
        } else {
            self.take(b"null").map(|()| Kind::Null)
        }
    }

    /// Where the name is, with its quotes.
    #[inline(always)]
    fn name(&mut self) -> Option<Range<usize>> {
        self.take(b" name=")?;
        let begin = self.at;
        self.take(b"\"")?;
        self.plain()?;
        self.take(b"\"")?;
        Some(begin..self.at)
    }

    /// Where the text is; passes the end of the element.
    #[inline(always)]
    fn value(&mut self, kind: Kind) -> Option<Range<usize>> {
        if matches!(kind, Kind::Null | Kind::String) && self.take(b"/>").is_some() {
            return Some(self.at..self.at);
        }
        self.take(b">")?;
        let begin = self.at;
        self.plain()?;
        let end = self.at;
        match kind {
            Kind::Number => self.take(b"</number>")?,
            Kind::String => self.take(b"</string>")?,
            Kind::Boolean => self.take(b"</boolean>")?,
            Kind::Null => return None,
        }
        Some(begin..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::sample_tests::{All, Documents, Random};
    use crate::exchange::xml::{Options, read, write};
    use crate::exchange::{Failure, Found, Limits};

    #[test]
    fn only_what_an_export_writes_is_taken() {
        let taken = |text: &str, is_member: bool| {
            let mut json = String::new();
            leaf(text.as_bytes(), is_member).map(|leaf| {
                leaf.push_to(true, &mut json);
                (json, leaf.length)
            })
        };
        for (element, json) in [
            ("<number name=\"a\">-1.50e3</number>", "\"a\":-1.50e3"),
            ("<string name=\"\">Zoë's [x]</string>", "\"\":\"Zoë's [x]\""),
            ("<string name=\"é\"/>", "\"é\":\"\""),
            ("<string name=\"a\"></string>", "\"a\":\"\""),
            ("<boolean name=\"a\">true</boolean>", "\"a\":true"),
            ("<null name=\"a\"/>", "\"a\":null"),
        ] {
            for space in ["", "\n", "\r\n\t ", "\n                 "] {
                let text = format!("{space}{element}");
                for behind in ["", "<", "\n        ", "&"] {
                    let expected = Some((json.to_owned(), text.len()));
                    assert_eq!(taken(&format!("{text}{behind}"), true), expected);
                }
                assert_eq!(taken(&text, false), None);
                for length in 0..text.len() {
                    assert_eq!(leaf(&text.as_bytes()[..length], true), None);
                }
            }
        }
        assert_eq!(taken(" <number>7</number>", false), Some(("7".to_owned(), 19)));
        assert_eq!(taken("<null/>", false), Some(("null".to_owned(), 7)));
        for other in [
            "<number>07</number>",
            "<number> 7</number>",
            "<number></number>",
            "<number/>",
            "<number>7</number >",
            "<number>7</string>",
            "<number >7</number>",
            "<boolean>1</boolean>",
            "<null></null>",
            "<string>a&amp;b</string>",
            "<string>a>b</string>",
            "<string>a\nb</string>",
            "<string>a\\b</string>",
            "<string>a\"b</string>",
            "<string>a\u{1}b</string>",
            "<string>a\u{fffe}b</string>",
            "<string escaped=\"true\">a</string>",
            "<string name=\"a\">b</string>",
            "x<null/>",
            "<object/>",
            "</array>",
        ] {
            assert_eq!(taken(other, false), None, "{other}");
        }
        assert_eq!(leaf(b"<string>a\xffb</string>", false), None);
        assert_eq!(leaf(b"<string name=\"\xc3\">b</string>", true), None);
    }

    /// What a file holds up to its end, or to what is wrong with it, and the line and reason of that.
    fn outcome(mut file: &[u8], limits: Limits) -> (Vec<Found>, Option<(u64, String)>) {
        let mut all = All::default();
        let failure = read(&mut file, &Options::new(limits), &mut all).err().map(|failure| match failure {
            Failure::Unreadable { place, reason } => (place.line, reason),
            other => panic!("{other:?}"),
        });
        (all.0, failure)
    }

    #[test]
    fn no_token_is_longer_than_it_may_be() {
        let long = format!("[1,\"{}\",2]", "x".repeat(300));
        let documents = Documents::of(&[&long]);
        let mut file = Vec::new();
        write(&documents, &documents.head(), &mut file).unwrap();
        let limits = |max_token_bytes| Limits { max_token_bytes, ..Limits::of_documents(1 << 20, 128) };
        assert_eq!(outcome(&file, limits(400)).1, None);
        let (line, reason) = outcome(&file, limits(200)).1.unwrap();
        assert!(line == 6 && reason.contains("more than 200 bytes"), "{line} {reason}");
    }

    /// The same file, with no element that is taken.
    fn spaced(file: &[u8]) -> Vec<u8> {
        let mut spaced = Vec::new();
        for (at, byte) in file.iter().enumerate() {
            let is_end = file[..at].ends_with(b"/") || file[..at].iter().rev().take(9).any(|byte| *byte == b'/');
            let ends = [b"</number".as_slice(), b"</string", b"</boolean", b"/"];
            if *byte == b'>' && is_end && ends.iter().any(|end| file[..at].ends_with(end)) {
                // In `/>` the space comes first.
                match spaced.pop_if(|last| *last == b'/') {
                    Some(slash) => spaced.extend([b' ', slash]),
                    None => spaced.push(b' '),
                }
            }
            spaced.push(*byte);
        }
        spaced
    }

    #[test]
    fn what_is_taken_is_what_the_parser_would_give() {
        let usual = Limits::of_documents(1 << 20, 128);
        let tight = Limits { max_document_bytes: 40, max_depth: 4, max_token_bytes: 60 };
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let count = 1 + random.below(20);
            let documents = Documents::random(seed, count);
            let mut file = Vec::new();
            write(&documents, &documents.head(), &mut file).unwrap();
            let (founds, failure) = outcome(&file, usual);
            assert_eq!(failure, None);
            documents.check(&founds);
            assert_eq!(outcome(&spaced(&file), usual), (founds, None), "{seed}");
            assert_eq!(outcome(&file, Limits { max_token_bytes: 1 << 20, ..tight }).0, {
                outcome(&spaced(&file), Limits { max_token_bytes: 1 << 20, ..tight }).0
            });
            outcome(&file, tight);
            for _ in 0..20 {
                let mut broken = file.clone();
                for _ in 0..1 + random.below(2) {
                    const BYTES: &[u8] = b"<>&\"= \n\0\xff\xef/a1-\\]";
                    let at = random.below(broken.len());
                    broken[at] = BYTES[random.below(BYTES.len())];
                }
                let (short, long) = (outcome(&broken, usual), outcome(&spaced(&broken), usual));
                let told = |outcome: &(Vec<Found>, Option<(u64, String)>)| outcome.1.as_ref().map(|(line, _)| *line);
                assert_eq!(short.0, long.0, "{seed}: {}", String::from_utf8_lossy(&broken));
                assert_eq!(told(&short), told(&long), "{seed}: {}", String::from_utf8_lossy(&broken));
            }
        }
    }
}
