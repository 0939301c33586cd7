//! The check at the door: is a text a JSON document that this store takes?
//!
//! Holds no state. serde_json decides what JSON is (RFC 8259); `scan` saves asking it about what is plain. Nothing is
//! built from the text, which is kept as it came. Invariant: a text is refused before it costs more than one pass and no recursion, however deep it nests.

use super::scan::{Scan, scan};
use crate::error::{Error, Result};
use serde::de::IgnoredAny;

/// The text of what was text when it was taken in.
pub fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Checks a document's size, depth and syntax.
pub fn check_document(key: &str, text: &str, max_bytes: u64, max_depth: usize) -> Result<()> {
    if text.len() as u64 > max_bytes {
        return Err(Error::TooLarge { key: key.to_owned(), length: text.len() as u64, limit: max_bytes });
    }
    match scan(text, max_depth) {
        Scan::Valid => Ok(()),
        Scan::TooDeep => Err(Error::TooDeep { key: key.to_owned(), limit: max_depth }),
        Scan::Unsure => explain(key, text),
    }
}

/// Has serde_json judge what the scan did not recognise, and say where and why it is no JSON.
#[cold]
fn explain(key: &str, text: &str) -> Result<()> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::InvalidJson { key: key.to_owned(), reason: error.to_string() }),
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
        let three = r#"{"a":[1,{"b":"[[[["}],"c":"\"[["}"#;
        assert!(check_document("slot", three, 100, 3).is_ok());
        assert!(check_document("slot", three, 100, 2).is_err());
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
