//! How a column is named: the path from a row's value to one of its leaves, as in `stats.hp`, `tags[0]`, `["a.b"].c`.
//!
//! A member whose name could be taken for something else, by the reader or by a spreadsheet, stands as a JSON string in
//! brackets. Knows no rows and no values. Invariant: two different paths have different names, and reading a name gives the
//! path that it was made of. Members' names are given as JSON literals here, in one form for each name (`canonical`).

use super::{FIXED, cell};
use crate::json::{self, Token, Tokens};
use std::borrow::Cow;
use std::fmt::Write;

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// To a member, its name as a canonical literal.
    Member(Cow<'a, str>),
    Element(u64),
}

/// The one form of all literals that say the same; a name that no Unicode text can say has only the form it came in.
pub fn canonical(literal: &str) -> Cow<'_, str> {
    if !literal.as_bytes().contains(&b'\\') {
        return Cow::Borrowed(literal);
    }
    match json::said(literal) {
        Some(text) => Cow::Owned(literal_of(&text)),
        None => Cow::Borrowed(literal),
    }
}

fn literal_of(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    json::push_literal(text, &mut literal);
    literal
}

/// Adds a step to the name of a path; it is the first if the name is still empty.
pub fn push(step: &Step<'_>, name: &mut String) {
    match step {
        // Writing to a string cannot fail.
        Step::Element(index) => drop(write!(name, "[{index}]")),
        Step::Member(literal) => {
            let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
            if !is_plain(inner) || (name.is_empty() && FIXED.contains(&inner)) {
                name.extend(["[", literal, "]"]);
            } else {
                name.extend([if name.is_empty() { "" } else { "." }, inner]);
            }
        }
    }
}

/// Whether a name can stand without brackets. It is what the literal has between its quotes, so a backslash in it is an
/// escape.
fn is_plain(name: &str) -> bool {
    let special = |c: char| c.is_control() || matches!(c, '.' | '[' | ']' | '"' | '\\' | ',' | ';');
    !name.contains(special) && !name.starts_with(|c: char| c.is_ascii_digit()) && !cell::is_mistakable(name)
}

/// Takes the next step off a path's name; none if it is malformed.
pub fn take<'a>(rest: &mut &'a str, is_first: bool) -> Option<Step<'a>> {
    if let Some(inner) = rest.strip_prefix('[') {
        return bracketed(inner, rest);
    }
    let name = if is_first { *rest } else { rest.strip_prefix('.')? };
    let (name, tail) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
    if name.is_empty() || name.contains([']', '"']) {
        return None;
    }
    *rest = tail;
    Some(Step::Member(Cow::Owned(literal_of(name))))
}

fn bracketed<'a>(inner: &'a str, rest: &mut &'a str) -> Option<Step<'a>> {
    let (step, tail) = if inner.starts_with('"') {
        let Some(Token::String(literal)) = Tokens::new(inner).next() else { return None };
        serde_json::from_str::<serde::de::IgnoredAny>(literal).ok()?;
        (Step::Member(canonical(literal)), inner.get(literal.len()..)?)
    } else {
        let (digits, tail) = inner.split_at(inner.find(']')?);
        let is_index =
            digits == "0" || (digits.starts_with(|c: char| matches!(c, '1'..='9')) && json::is_number(digits));
        (Step::Element(digits.parse().ok().filter(|_| is_index)?), tail)
    };
    *rest = tail.strip_prefix(']')?;
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(mut name: &str) -> Option<Vec<Step<'_>>> {
        let mut steps = Vec::new();
        while !name.is_empty() {
            steps.push(take(&mut name, steps.is_empty())?);
        }
        Some(steps)
    }

    #[test]
    fn names_and_paths_are_each_others_reverse() {
        let names = [
            "hp",
            "stats.hp",
            "tags[0]",
            "[0]",
            "[12][3].a",
            "[\"a.b\"].c",
            "a[\"b[0]\"]",
            "[\"\"]",
            "[\"key\"]",
            "a.key",
            "[\"json\"].a",
            "[\"007\"]",
            "[\"=1\"]",
            "[\"a\\\"b\"]",
            "[\"\\u0000\"]",
            "[\"\\ud800\"]",
            "[\"true\"]",
            "[\" a\"]",
            "[\"a,b\"]",
            "[\"a\\\\b\"]",
            "hit points",
            "Æ",
            "a-b",
            "$ref",
            "[\"-1\"].x",
        ];
        for name in names {
            let mut again = String::new();
            steps(name).unwrap().iter().for_each(|step| push(step, &mut again));
            assert_eq!(again, name);
        }
    }

    #[test]
    fn names_by_hand_are_understood() {
        for (by_hand, name) in [("key", "[\"key\"]"), ("a.1", "a[\"1\"]"), ("[\"\\u0061\"]", "a"), ("a[\"b\"]", "a.b")]
        {
            let mut again = String::new();
            steps(by_hand).unwrap().iter().for_each(|step| push(step, &mut again));
            assert_eq!(again, name);
        }
        for name in
            [".a", "a.", "a..b", "a[", "a[]", "a[01]", "a[-1]", "a[1e3]", "a]", "[\"a]", "[\"a\"", "a[0]b", "a\"b"]
        {
            assert_eq!(steps(name), None, "{name}");
        }
        assert_eq!(steps("[99999999999999999999]"), None);
    }

    #[test]
    fn what_says_the_same_has_one_form() {
        assert_eq!(canonical("\"\\u0061\\/\\t\""), "\"a/\\t\"");
        assert_eq!(canonical("\"\\ud83d\\ude00\""), "\"😀\"");
        assert_eq!(canonical("\"\\uD800\""), "\"\\uD800\"");
    }
}
