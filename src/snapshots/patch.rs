//! The difference of two documents as a JSON Patch (RFC 6902).
//!
//! It goes by the texts and reads only as deep as they differ, so that values are given out as they were written, numbers
//! digit for digit: a tree of parsed values would round some and rewrite others. serde_json cuts the texts apart.
//! Invariant: applying the patch to the first document, read as JSON, gives the second.

use crate::json::{Text, said};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Differences deeper than this are told as the whole value at this depth: the caller's thread may have a small stack.
const DEEPEST: usize = 64;

#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
}

/// The operations that turn `from` into `to`; none if they differ only in how they are written.
pub fn patch(from: &str, to: &str) -> Box<RawValue> {
    let mut operations = Vec::new();
    if let (Some(from), Some(to)) = (raw(from), raw(to)) {
        Comparison { path: String::new(), depth: 0, operations: &mut operations }.compare(from, to);
    }
    // Operations of texts always have a JSON form.
    to_raw_value(&operations).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

/// A value, cut apart as far as its first level.
enum Value<'a> {
    Object(Vec<(Cow<'a, str>, &'a RawValue)>),
    Array(Vec<&'a RawValue>),
    String(Cow<'a, str>),
    /// A number, `true`, `false`, `null`, or a string with half a surrogate pair: what is written is what it is.
    Other,
}

impl<'a> Value<'a> {
    fn of(raw: &'a RawValue) -> Value<'a> {
        let text = raw.get();
        let value = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Members<'a>>(text).ok().map(|members| Value::Object(members.0)),
            Some(b'[') => serde_json::from_str(text).ok().map(Value::Array),
            Some(b'"') => said(text).map(Value::String),
            _ => None,
        };
        value.unwrap_or(Value::Other)
    }
}

type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// A comparison under way.
struct Comparison<'o, 'a> {
    /// Where it is, as a JSON Pointer (RFC 6901).
    path: String,
    depth: usize,
    operations: &'o mut Vec<Operation<'a>>,
}

impl<'a> Comparison<'_, 'a> {
    fn compare(&mut self, from: &'a RawValue, to: &'a RawValue) {
        if from.get() == to.get() {
            return;
        }
        match (Value::of(from), Value::of(to)) {
            (Value::Object(from), Value::Object(to)) if self.depth < DEEPEST => self.compare_objects(&from, &to),
            (Value::Array(from), Value::Array(to)) if self.depth < DEEPEST => self.compare_arrays(&from, &to),
            (Value::String(from), Value::String(to)) if from == to => {}
            _ => self.note("replace", Some(to)),
        }
    }

    fn note(&mut self, op: &'static str, value: Option<&'a RawValue>) {
        self.operations.push(Operation { op, path: self.path.clone(), value });
    }

    fn compare_objects(&mut self, from: &[Member<'a>], to: &[Member<'a>]) {
        // Of members that stand twice, readers take the last.
        let old: HashMap<&str, &'a RawValue> = from.iter().map(|(name, value)| (&**name, *value)).collect();
        let new: HashMap<&str, &'a RawValue> = to.iter().map(|(name, value)| (&**name, *value)).collect();
        let mut done = HashSet::new();
        for (name, _) in to.iter().filter(|(name, _)| done.insert(&**name)) {
            let Some(value) = new.get(&**name) else { continue };
            self.within(name, |here| match old.get(&**name) {
                Some(old) => here.compare(old, value),
                None => here.note("add", Some(value)),
            });
        }
        for (name, _) in from.iter().filter(|(name, _)| !new.contains_key(&**name) && done.insert(&**name)) {
            self.within(name, |here| here.note("remove", None));
        }
    }

    /// Leaves out what is the same at both ends, so that what was put in or taken out in the middle is told as that.
    fn compare_arrays(&mut self, from: &[&'a RawValue], to: &[&'a RawValue]) {
        let same = |(one, other): &(&&RawValue, &&RawValue)| one.get() == other.get();
        let start = from.iter().zip(to).take_while(same).count();
        let (from, to) = (from.get(start..).unwrap_or_default(), to.get(start..).unwrap_or_default());
        let end = from.iter().rev().zip(to.iter().rev()).take_while(same).count();
        let (old, new) = (from.len() - end, to.len() - end);
        for (at, (one, other)) in from.iter().zip(to).enumerate().take(old.min(new)) {
            self.within(&(start + at).to_string(), |here| here.compare(one, other));
        }
        for at in (new..old).rev() {
            self.within(&(start + at).to_string(), |here| here.note("remove", None));
        }
        for (at, value) in to.iter().enumerate().take(new).skip(old) {
            self.within(&(start + at).to_string(), |here| here.note("add", Some(value)));
        }
    }

    /// Goes one step down for the time of `work`.
    fn within(&mut self, step: &str, work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push('/');
        for character in step.chars() {
            match character {
                '~' => self.path.push_str("~0"),
                '/' => self.path.push_str("~1"),
                other => self.path.push(other),
            }
        }
        self.depth += 1;
        work(self);
        self.depth -= 1;
        self.path.truncate(length);
    }
}

/// The members of an object in their order, those that stand twice included.
struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<Member<'de>>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name.0, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(All).map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, to: &str) -> String {
        patch(from, to).get().to_owned()
    }

    #[test]
    fn the_operations_turn_the_one_into_the_other() {
        let texts = [
            r#"{"hp":10,"bag":["potion","key"],"a/b":{"~":1}}"#,
            r#"{"hp":12,"bag":["potion"],"a/b":{"~":2},"new":null}"#,
            "[1,2,3]",
            "[3]",
            "[0,1,2,3]",
            "[1,2,9,8,3]",
            "[]",
            "{}",
            "1",
            "\"one\"",
            r#"{"a":[{"b":1},{"c":[2]}]}"#,
            r#"{"a":[{"b":1,"d":[]},{"c":[2,[3]]},4]}"#,
            r#"{"":{"":[]}}"#,
            r#"{"$serde_json::private::Number":"7"}"#,
        ];
        for from in texts {
            for to in texts {
                let patch: json_patch::Patch = serde_json::from_str(&between(from, to)).unwrap();
                let mut value: serde_json::Value = serde_json::from_str(from).unwrap();
                json_patch::patch(&mut value, &patch).unwrap();
                assert_eq!(value, serde_json::from_str::<serde_json::Value>(to).unwrap(), "{from} -> {to}");
                assert_eq!(patch.0.is_empty(), from == to, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn values_are_given_out_as_they_were_written() {
        for (from, to, operations) in [
            (r#"{"n":1}"#, r#"{"n":1.0}"#, r#"[{"op":"replace","path":"/n","value":1.0}]"#),
            ("[1E5]", "[1e+5]", r#"[{"op":"replace","path":"/0","value":1e+5}]"#),
            ("1e400", "12345678901234567890123", r#"[{"op":"replace","path":"","value":12345678901234567890123}]"#),
            // serde_json itself would read this as the number 8.
            (
                "1",
                r#"{"$serde_json::private::RawValue":"8"}"#,
                r#"[{"op":"replace","path":"","value":{"$serde_json::private::RawValue":"8"}}]"#,
            ),
            ("1", r#" "\ud800" "#, r#"[{"op":"replace","path":"","value":"\ud800"}]"#),
            (r#"["\ud800"]"#, r#"["\ud801"]"#, r#"[{"op":"replace","path":"/0","value":"\ud801"}]"#),
            (r#"{"a":0}"#, r#"{"a":0,"b":{"z":1, "y":2}}"#, r#"[{"op":"add","path":"/b","value":{"z":1, "y":2}}]"#),
        ] {
            assert_eq!(between(from, to), operations, "{from} -> {to}");
        }
    }

    #[test]
    fn how_a_document_is_written_makes_no_difference() {
        assert_eq!(between(r#"{"a":1,"b":[true, "x"]}"#, "{ \"b\":[true,\"\\u0078\"], \"\\u0061\":1 }"), "[]");
        assert_eq!(between(r#"{"a":1,"a":2}"#, r#"{"a":2}"#), "[]");
    }

    #[test]
    fn arrays_tell_what_was_put_in_and_taken_out() {
        assert_eq!(between("[1,2,3]", "[1,3]"), r#"[{"op":"remove","path":"/1"}]"#);
        assert_eq!(between("[1,3]", "[1,2,3]"), r#"[{"op":"add","path":"/1","value":2}]"#);
        assert_eq!(between("[1,1]", "[1]"), r#"[{"op":"remove","path":"/1"}]"#);
    }

    #[test]
    fn what_differs_deep_down_is_replaced_from_a_certain_depth_on() {
        let nested = |depth: usize, inner: &str| format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
        let path = "/0".repeat(DEEPEST);
        for depth in [DEEPEST, DEEPEST + 1, 1024] {
            let value = nested(depth - DEEPEST, "2");
            let expected = format!(r#"[{{"op":"replace","path":"{path}","value":{value}}}]"#);
            assert_eq!(between(&nested(depth, "1"), &nested(depth, "2")), expected);
        }
    }
}
