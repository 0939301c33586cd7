//! The difference of two documents as a JSON Patch (RFC 6902).
//!
//! Numbers are compared and given out digit for digit. Invariant: applying the patch to the first document, read as JSON,
//! gives the second.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// The operations that turn `from` into `to`; none if they differ only in how they are written.
pub fn patch(from: &str, to: &str) -> Box<RawValue> {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let operations = match (read(from), read(to)) {
        (Some(from), Some(to)) => to_raw_value(&json_patch::diff(&from, &to)).ok(),
        // Too deep to be built, or with half a surrogate pair: the document is replaced as a whole.
        _ => RawValue::from_string(format!(r#"[{{"op":"replace","path":"","value":{}}}]"#, to.trim())).ok(),
    };
    operations.unwrap_or_else(|| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, to: &str) -> String {
        patch(from, to).get().to_owned()
    }

    #[test]
    fn the_operations_turn_the_one_into_the_other() {
        for (from, to) in [
            (
                r#"{"hp":10,"bag":["potion","key"],"a/b":{"~":1}}"#,
                r#"{"hp":12,"bag":["potion"],"a/b":{"~":2},"new":null}"#,
            ),
            ("[1,2,3]", "[3]"),
            ("[]", "{}"),
            ("1", "\"one\""),
            (r#"{"a":[{"b":1},{"c":[2]}]}"#, r#"{"a":[{"b":1,"d":[]},{"c":[2,[3]]},4]}"#),
            ("{\"n\":1e400}", "{\"n\":12345678901234567890123}"),
        ] {
            let patch: json_patch::Patch = serde_json::from_str(&between(from, to)).unwrap();
            let mut value: Value = serde_json::from_str(from).unwrap();
            json_patch::patch(&mut value, &patch).unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(to).unwrap(), "{from} -> {to}");
            assert!(!patch.0.is_empty(), "{from} -> {to}");
        }
    }

    #[test]
    fn numbers_are_told_apart_by_their_digits_and_layout_is_not() {
        assert_eq!(between(r#"{"n":1}"#, r#"{"n":1.0}"#), r#"[{"op":"replace","path":"/n","value":1.0}]"#);
        assert_eq!(between(r#"{"a":1,"b":2}"#, "{ \"b\":2, \"a\":1 }"), "[]");
    }

    #[test]
    fn what_cannot_be_built_is_replaced_whole() {
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(between("1", &deep), format!(r#"[{{"op":"replace","path":"","value":{deep}}}]"#));
        assert_eq!(between("1", r#""\ud800""#), r#"[{"op":"replace","path":"","value":"\ud800"}]"#);
    }
}
