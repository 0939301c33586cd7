//! Single cells: a JSON scalar as people read it, and back.
//!
//! Numbers, `true`, `false` and `null` stand as they are written in the document. A string stands as itself, or as its JSON
//! literal, quotation marks included, where it could be mistaken: by the reader for another value, or by a spreadsheet for
//! a formula, a number or a date. So what begins with a quotation mark, a brace or a bracket is always JSON. Knows no rows.
//! Invariant: `push_value` undoes `push_string`, and `text` undoes `push_text`.

use crate::json;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// Whether a text, written as it is, would be or become something else than this text.
pub fn is_mistakable(text: &str) -> bool {
    // A line feed survives in quotes; of the others, some do not.
    let has_control = text.bytes().fold(false, |found, byte| found | ((byte < b' ') & (byte != b'\n')));
    if has_control || is_harmless(text.as_bytes(), text.len()) {
        return has_control;
    }
    let Some(first) = text.chars().next() else { return true };
    // Spreadsheets run what begins with these, the last four being full-width forms, and readers drop a byte order mark.
    let leads = matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '"' | '{' | '[' | '\u{feff}');
    leads
        || first.is_whitespace()
        || text.ends_with(char::is_whitespace)
        || is_word(text).is_some()
        || (matches!(first, '0'..='9' | '.') && text.bytes().all(is_numeric))
}

/// Whether what a text begins with, this long, cannot be mistaken, without a closer look. Its bytes are no control
/// characters; for all others this is what `is_mistakable` would say, or false.
#[inline(always)]
pub fn is_harmless(text: &[u8], length: usize) -> bool {
    let (first, last) = (text.first(), length.checked_sub(1).and_then(|last| text.get(last)));
    // No word of JSON begins so, no number and no date, and nothing that leads.
    let is_letter = first.is_some_and(|byte| byte.is_ascii_alphabetic() && !matches!(byte | 0x20, b't' | b'f' | b'n'));
    is_letter && last.is_some_and(u8::is_ascii_graphic)
}

/// What numbers, dates and times are made of; spreadsheets rewrite them all.
fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b',' | b'\'' | b'/' | b':' | b'+' | b'-' | b'%' | b' ' | b'e' | b'E')
}

/// The word of JSON that a text is, however it is capitalised: spreadsheets write `TRUE`.
fn is_word(text: &str) -> Option<&'static str> {
    ["true", "false", "null"].into_iter().find(|word| word.eq_ignore_ascii_case(text))
}

/// The boolean that a text is.
pub fn boolean(text: &str) -> Option<&'static str> {
    is_word(text).filter(|word| *word != "null")
}

/// Adds the cell of a JSON string, which is given as it is written in a document.
pub fn push_string(literal: &str, into: &mut String) {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let text = if inner.as_bytes().contains(&b'\\') { json::said(literal) } else { Some(Cow::Borrowed(inner)) };
    into.push_str(text.as_deref().filter(|text| !is_mistakable(text)).unwrap_or(literal));
}

/// Adds the cell of a text that is a string in any case: a collection or a key.
pub fn push_text(text: &str, into: &mut String) {
    if is_mistakable(text) { json::push_literal(text, into) } else { into.push_str(text) }
}

/// The text of such a cell, also if it was written by hand and looks like a number.
pub fn text(cell: &str) -> Result<Cow<'_, str>, String> {
    if cell.starts_with('"') {
        return json::said(cell).ok_or_else(|| "begins with a quotation mark, but is no JSON string".to_owned());
    }
    Ok(Cow::Borrowed(cell))
}

/// Adds the JSON value of a cell that is not empty.
pub fn push_value(cell: &str, into: &mut String) -> Result<(), String> {
    match cell.as_bytes().first() {
        Some(b'"' | b'{' | b'[') => return push_json(cell, into),
        Some(b'-' | b'0'..=b'9') if json::is_number(cell) => into.push_str(cell),
        Some(b't' | b'T' | b'f' | b'F' | b'n' | b'N') => match is_word(cell) {
            Some(word) => into.push_str(word),
            None => json::push_literal(cell, into),
        },
        _ => json::push_literal(cell, into),
    }
    Ok(())
}

/// Adds the JSON text of a cell.
pub fn push_json(cell: &str, into: &mut String) -> Result<(), String> {
    serde_json::from_str::<IgnoredAny>(cell).map_err(|error| format!("is no JSON: {error}"))?;
    if cell.bytes().any(|byte| byte.is_ascii_whitespace()) {
        json::compact(cell, into);
    } else {
        into.push_str(cell);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_string(literal: &str) -> String {
        let mut cell = String::new();
        push_string(literal, &mut cell);
        cell
    }

    fn value(cell: &str) -> Result<String, String> {
        let mut text = String::new();
        push_value(cell, &mut text).map(|()| text)
    }

    #[test]
    fn numbers_are_those_of_json() {
        for text in ["0", "-0", "10", "1.0", "1.50", "1e400", "-1.5E+10", "1e-9", "18446744073709551616"] {
            assert!(json::is_number(text), "{text}");
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "{text}");
            assert_eq!(value(text).as_deref(), Ok(text));
        }
        for text in
            ["", "-", "007", "1,5", "1.", ".5", "1.e5", "1e", "1e+", "+1", "0x10", "1 ", "--1", "00", "1.5.1", "½"]
        {
            assert!(!json::is_number(text), "{text}");
        }
    }

    #[test]
    fn strings_stand_as_themselves_unless_they_could_be_mistaken() {
        for text in ["Sword", "it's", "a,b;c", "a=b", "18d10", "10 ft.", "two\\nlines", "Æ’•", "nulls", "a\\\"b", "{x"]
        {
            let literal = format!("\"{text}\"");
            let cell = of_string(&literal);
            assert_eq!(cell.starts_with('"'), text.starts_with('{'), "{text}");
            assert!(json::same(&value(&cell).unwrap(), &literal), "{text}");
        }
        let mistakable = [
            "",
            "1",
            "-1",
            "1.50",
            "1e5",
            "true",
            "TRUE",
            "Null",
            "\\\"",
            "{}",
            "[",
            "=1+1",
            "+1",
            "-",
            "@SUM(A1)",
            "\\t=1",
            "\\r",
            "a\\rb",
            "＝1",
            "＋",
            "－x",
            "＠x",
            " a",
            "a ",
            "a\\n",
            "\u{a0}a",
            "\\u0000",
            "a\\u001f",
            "\\ufeffa",
            "007",
            "1,5",
            "1/2",
            "2024-01-31",
            "12:30",
            "\\u003d1",
            ".5",
            "50%",
            "\\ud800",
            "a\\udfff",
        ];
        for text in mistakable {
            let literal = format!("\"{text}\"");
            assert_eq!(of_string(&literal), literal);
            assert_eq!(value(&literal), Ok(literal.clone()));
        }
    }

    #[test]
    fn what_a_spreadsheet_or_a_hand_wrote_is_read_too() {
        for (cell, expected) in [("TRUE", "true"), ("False", "false"), ("007", "\"007\""), ("1,5", "\"1,5\"")] {
            assert_eq!(value(cell).as_deref(), Ok(expected));
        }
        assert_eq!(value("[1, {\"a\" : 2}]").as_deref(), Ok("[1,{\"a\":2}]"));
        assert_eq!(value("a\tb\\\u{1}").as_deref(), Ok("\"a\\tb\\\\\\u0001\""));
        for cell in ["\"a", "\"a\"b", "{a", "[1,]", "\"\n\""] {
            assert!(value(cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn texts_come_back() {
        for text in ["slot-1", "", "007", "\"", "=x", "a\u{0}b", "true", "\u{2028}", "\\", " \n"] {
            let mut cell = String::new();
            push_text(text, &mut cell);
            assert_eq!(super::text(&cell).as_deref(), Ok(text));
        }
        assert_eq!(super::text("17").as_deref(), Ok("17"));
        assert!(super::text("\"a").is_err());
    }
}
