//! The check at the door: is a text a JSON document that this store takes?
//!
//! Holds no state. serde_json decides what JSON is (RFC 8259), and nothing is built from the text, which is kept as it
//! came. Invariant: a text is refused before it costs more than one pass and no recursion, however deep it nests.

use crate::error::{Error, Result};
use serde::de::IgnoredAny;

/// Checks a document's size, depth and syntax, in that order.
pub fn check_document(key: &str, text: &str, max_bytes: u64, max_depth: usize) -> Result<()> {
    if text.len() as u64 > max_bytes {
        return Err(Error::TooLarge { key: key.to_owned(), length: text.len() as u64, limit: max_bytes });
    }
    if brackets(text) > max_depth && depth(text) > max_depth {
        return Err(Error::TooDeep { key: key.to_owned(), limit: max_depth });
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::InvalidJson { key: key.to_owned(), reason: error.to_string() }),
    }
}

/// How many opening brackets there are, in strings or not: the depth is at most that, and counting is fast.
fn brackets(text: &str) -> usize {
    // Both opening brackets are 0x5B once bit 5 is cleared; so is nothing else.
    text.as_bytes()
        .chunks(128)
        .map(|chunk| chunk.iter().map(|byte| u8::from(byte & 0xDF == b'[')).sum::<u8>())
        .map(usize::from)
        .sum()
}

/// The greatest depth that the text reaches before it stops being JSON.
fn depth(text: &str) -> usize {
    let (mut now, mut greatest) = (0usize, 0usize);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                now += 1;
                greatest = greatest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    greatest
}

fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<()> {
        check_document("slot", text, 1 << 20, 128)
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth(r#"{"a":[1,{"b":"[[[["}],"c":"\"[["}"#), 3);
        assert!(check(&format!("{}1{}", "[".repeat(128), "]".repeat(128))).is_ok());
        let deep = format!("{}1{}", "[".repeat(129), "]".repeat(129));
        assert!(matches!(check(&deep), Err(Error::TooDeep { .. })));
        let wide = format!("[{}[]]", "[],".repeat(1000));
        assert!(check(&wide).is_ok());
        let quoted = format!("[\"{}\"]", "[{\\\"".repeat(1000));
        assert!(check(&quoted).is_ok());
    }

    #[test]
    fn a_hundred_thousand_brackets_are_refused_without_recursion() {
        assert!(matches!(check(&"[".repeat(100_000)), Err(Error::TooDeep { .. })));
        assert!(matches!(check(&"{\"a\":".repeat(100_000)), Err(Error::TooDeep { .. })));
    }

    #[test]
    fn the_greatest_depth_that_can_be_asked_for_is_parsed() {
        let deep = format!("{}{}", "[".repeat(1024), "]".repeat(1024));
        assert!(check_document("slot", &deep, 1 << 20, 1024).is_ok());
    }

    #[test]
    fn brackets_are_counted_whatever_the_length() {
        for length in [0, 1, 127, 128, 129, 300, 1000] {
            assert_eq!(brackets(&"{[".repeat(length)), 2 * length);
            assert_eq!(brackets(&"]}".repeat(length)), 0);
        }
    }

    #[test]
    fn size_is_checked_first() {
        assert!(matches!(check_document("slot", "nonsense", 3, 1), Err(Error::TooLarge { .. })));
        assert!(check_document("slot", "[1]", 3, 1).is_ok());
    }

    #[test]
    fn what_rfc_8259_calls_json_is_taken_and_nothing_else() {
        for good in ["null", " [1 , 2]\n", "1e400", "-0.0", r#""\ud800""#, r#"{"a":1,"a":2}"#, "\"\u{2028}\""] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            "[1,]",
            "01",
            "nul",
            "{a:1}",
            "'a'",
            "\"\u{1}\"",
            "[1] x",
            "NaN",
            "+1",
            ".5",
            "\u{feff}1",
            "[",
            "}",
            r#""\x""#,
        ] {
            assert!(matches!(check(bad), Err(Error::InvalidJson { .. })), "{bad:?}");
        }
    }
}
