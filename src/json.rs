//! A JSON text cut into its tokens, in order, each as it is written.
//!
//! For texts that were checked before: numbers stay digits, members keep their order and their doubles, and nothing is
//! built. serde_json decides what JSON is and what a string says. Invariant: every token is a part of the text, and a text
//! that is no JSON after all ends the tokens early; it never panics and never recurses.

use memchr::memchr2;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt::Write;

/// One token. Texts are parts of the whole text, strings with their quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    /// A member's name; its value comes next.
    Name(&'a str),
    String(&'a str),
    /// A number, `true`, `false` or `null`.
    Plain(&'a str),
}

/// White space, comma and colon, as bits.
const BETWEEN: u64 = 1 << b' ' | 1 << b'\t' | 1 << b'\n' | 1 << b'\r' | 1 << b',' | 1 << b':';

/// The tokens of a text.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Tokens<'a> {
        Tokens { text, at: 0 }
    }

    /// Passes the next value, whatever it holds, and gives its text.
    pub fn value(&mut self) -> Option<&'a str> {
        let first = self.skip_between()?;
        let start = self.at;
        if !matches!(first, b'{' | b'[') {
            return match self.next()? {
                Token::String(text) | Token::Plain(text) => Some(text),
                _ => None,
            };
        }
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            let is_mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
            self.at += bytes.get(self.at..)?.iter().position(is_mark)?;
            match bytes.get(self.at)? {
                b'"' => self.at = self.string_end()?,
                b'{' | b'[' => depth += 1,
                _ => depth = depth.checked_sub(1)?,
            }
            self.at += 1;
            if depth == 0 {
                return self.text.get(start..self.at);
            }
        }
    }

    /// Whether the next token closes an array or an object, or there is none.
    pub fn at_close(&mut self) -> bool {
        matches!(self.skip_between(), None | Some(b']' | b'}'))
    }

    /// Passes white space, commas and colons, and gives the byte behind them.
    fn skip_between(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest.iter().position(|byte| *byte > b':' || (BETWEEN >> *byte) & 1 == 0)?;
        self.at += length;
        rest.get(length).copied()
    }

    /// Where the string that begins here has its closing quotation mark.
    fn string_end(&self) -> Option<usize> {
        const NEAR: usize = 12;
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            let rest = bytes.get(end..)?;
            // Most strings are too short for the search to earn what it costs to start.
            let near = rest.iter().take(NEAR).position(|byte| matches!(byte, b'"' | b'\\'));
            end += near.or_else(|| Some(NEAR + memchr2(b'"', b'\\', rest.get(NEAR..)?)?))?;
            if bytes.get(end) == Some(&b'"') {
                return Some(end);
            }
            end += 2;
        }
    }

    /// A string that begins here.
    fn string(&mut self) -> Option<Token<'a>> {
        let bytes = self.text.as_bytes();
        let end = self.string_end()?;
        let string = self.text.get(self.at..=end)?;
        self.at = end + 1;
        let between = bytes.get(self.at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if bytes.get(self.at + between) != Some(&b':') {
            return Some(Token::String(string));
        }
        self.at += between + 1;
        Some(Token::Name(string))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let bracket = match self.skip_between()? {
            b'{' => Token::BeginObject,
            b'}' => Token::EndObject,
            b'[' => Token::BeginArray,
            b']' => Token::EndArray,
            b'"' => return self.string(),
            _ => {
                let rest = self.text.get(self.at..)?;
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let length = rest.bytes().take_while(is_part).count();
                self.at += length;
                return rest.get(..length).filter(|plain| !plain.is_empty()).map(Token::Plain);
            }
        };
        self.at += 1;
        Some(bracket)
    }
}

/// What a string says, given with its quotes; none if it holds half a surrogate pair, which no Unicode text can.
pub fn said(string: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(string).ok().map(|text| text.0)
}

/// A string, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// Adds a text as the inside of a JSON string.
pub fn push_inside(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (plain, tail) = rest.split_at(at);
        into.push_str(plain);
        let mut tail = tail.chars();
        match tail.next() {
            Some('\n') => into.push_str("\\n"),
            Some('\r') => into.push_str("\\r"),
            Some('\t') => into.push_str("\\t"),
            Some('\u{8}') => into.push_str("\\b"),
            Some('\u{c}') => into.push_str("\\f"),
            Some(mark @ ('"' | '\\')) => into.extend(['\\', mark]),
            // Writing to a string cannot fail.
            Some(control) => drop(write!(into, "\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = tail.as_str();
    }
    into.push_str(rest);
}

/// Adds a text as a JSON string, which is not longer than any other way to write it.
pub fn push_literal(text: &str, into: &mut String) {
    into.push('"');
    push_inside(text, into);
    into.push('"');
}

/// Whether a text is a number by JSON's grammar.
pub fn is_number(text: &str) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.as_bytes();
    rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let whole = if rest.first() == Some(&b'0') { 1 } else { digits(rest) };
    rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        rest = if length == 0 { rest } else { fraction.get(length..).unwrap_or_default() };
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or(rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let length = digits(exponent);
        rest = if length == 0 { rest } else { exponent.get(length..).unwrap_or_default() };
    }
    whole > 0 && rest.is_empty()
}

/// Adds a text without the white space between its tokens.
pub fn compact(text: &str, into: &mut String) {
    let mut needs_comma = false;
    for token in Tokens::new(text) {
        let closes = matches!(token, Token::EndObject | Token::EndArray);
        if needs_comma && !closes {
            into.push(',');
        }
        needs_comma = !matches!(token, Token::BeginObject | Token::BeginArray | Token::Name(_));
        match token {
            Token::BeginObject => into.push('{'),
            Token::EndObject => into.push('}'),
            Token::BeginArray => into.push('['),
            Token::EndArray => into.push(']'),
            Token::String(text) | Token::Plain(text) => into.push_str(text),
            Token::Name(name) => {
                into.push_str(name);
                into.push(':');
            }
        }
    }
}

/// The UTF-16 code units that a valid string is made of, given with its quotes: halves of pairs are units too.
fn units(string: &str) -> impl Iterator<Item = u16> {
    let inside = string.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(string);
    let mut characters = inside.chars();
    let mut second = None;
    std::iter::from_fn(move || {
        if let Some(unit) = second.take() {
            return Some(unit);
        }
        let character = match characters.next()? {
            '\\' => match characters.next()? {
                'u' => {
                    let (digits, rest) = characters.as_str().split_at_checked(4)?;
                    characters = rest.chars();
                    return u16::from_str_radix(digits, 16).ok();
                }
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            },
            other => other,
        };
        let mut pair = [0; 2];
        let mut encoded = character.encode_utf16(&mut pair).iter().copied();
        let first = encoded.next();
        second = encoded.next();
        first
    })
}

/// Whether two texts are the same in JSON's sense: the same tokens in the same order, numbers digit for digit, strings by
/// what they say.
pub fn same(one: &str, other: &str) -> bool {
    let strings = |one: &str, other: &str| one == other || units(one).eq(units(other));
    let tokens = |one: Token<'_>, other: Token<'_>| match (one, other) {
        (Token::Name(one), Token::Name(other)) | (Token::String(one), Token::String(other)) => strings(one, other),
        _ => one == other,
    };
    let (mut left, mut right) = (Tokens::new(one), Tokens::new(other));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if tokens(one, other) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_as_they_are_written() {
        let text = r#" { "a\"b" : [1.0, -2e400 ,true],"":{} , "a\"b":"x:y" } "#;
        let tokens: Vec<Token<'_>> = Tokens::new(text).collect();
        use Token::*;
        let name = r#""a\"b""#;
        let expected = [
            BeginObject,
            Name(name),
            BeginArray,
            Plain("1.0"),
            Plain("-2e400"),
            Plain("true"),
            EndArray,
            Name("\"\""),
            BeginObject,
            EndObject,
            Name(name),
            String("\"x:y\""),
            EndObject,
        ];
        assert_eq!(tokens, expected);
        let mut compacted = std::string::String::new();
        compact(text, &mut compacted);
        assert_eq!(compacted, r#"{"a\"b":[1.0,-2e400,true],"":{},"a\"b":"x:y"}"#);
    }

    #[test]
    fn values_are_passed_whole() {
        let mut tokens = Tokens::new(r#"{"a": [1, {"b": 2}] ,"c":null}"#);
        assert_eq!((tokens.next(), tokens.next()), (Some(Token::BeginObject), Some(Token::Name("\"a\""))));
        assert_eq!(tokens.value(), Some(r#"[1, {"b": 2}]"#));
        assert_eq!((tokens.next(), tokens.value()), (Some(Token::Name("\"c\"")), Some("null")));
    }

    #[test]
    fn strings_end_where_they_end_whatever_their_length() {
        for length in 0..80 {
            for tail in ["", "\\\"", "\\\\", "\\\"\\u0041x", "é\\\\\\\""] {
                let string = format!("\"{}{tail}\"", "x".repeat(length));
                let text = format!("[{string} , {{{string}\n:{string}}} ]");
                let mut tokens = Tokens::new(&text);
                let mut next = || (tokens.at_close(), tokens.next().unwrap());
                assert_eq!((next(), next()), ((false, Token::BeginArray), (false, Token::String(&string))));
                assert_eq!((next(), next()), ((false, Token::BeginObject), (false, Token::Name(&string))));
                assert_eq!((next(), next()), ((false, Token::String(&string)), (true, Token::EndObject)));
                assert_eq!((next(), tokens.at_close(), tokens.next()), ((true, Token::EndArray), true, None));
            }
        }
    }

    #[test]
    fn what_is_no_json_ends_early() {
        for text in ["", "\"", "\"\\", "{\"a", "[1", "]", "é", "\"\\é"] {
            Tokens::new(text).take(10).for_each(drop);
            assert!(Tokens::new(text).value().is_none(), "{text}");
        }
    }

    #[test]
    fn sameness_is_by_digits_order_and_what_strings_say() {
        assert!(same("{\"a\":\"\\u0041\"}", " {\"\\u0061\" : \"A\"}"));
        for (one, other) in [("1", "1.0"), ("[1]", "[1,1]"), (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#), ("\"1\"", "1")] {
            assert!(!same(one, other), "{one} {other}");
        }
        assert!(same(r#""\ud800""#, r#""\ud800""#) && !same(r#""\ud800""#, r#""\ud801""#));
        assert!(
            same(r#""\ud800 A\/\n😀""#, r#""\uD800 \u0041/\u000a\ud83d\uDE00""#)
                && !same(r#""\ud800A""#, r#""\ud800""#)
        );
    }
}
