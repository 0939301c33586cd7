//! An element of any XML as a JSON value.
//!
//! - An element with nothing but text is a string, or the number or boolean that the text is written as. White space at
//!   both ends is left out.
//! - Any other is an object: of each attribute a member `@name`, of each child element a member of its name, and of text
//!   beside those a member `#text`. Children of one name become an array, at the first one's place.
//! - Names stay as they are written, prefixes included. Declarations of namespaces are left out, as are comments.
//!
//! Holds one open element. Invariant: values are JSON without white space between its tokens.

use crate::json;
use std::collections::HashMap;

/// From this many members on they are looked up by their hash.
const FEW: usize = 8;

/// A value and how deep it nests.
pub struct Value {
    pub json: String,
    pub depth: usize,
}

/// An element that is open.
#[derive(Default)]
pub struct Element {
    pub name: String,
    members: Vec<Member>,
    places: HashMap<String, usize>,
    text: String,
    /// The text is not only white space.
    has_text: bool,
}

struct Member {
    name: String,
    /// All values, with commas between them.
    values: String,
    count: usize,
    depth: usize,
}

impl Element {
    pub fn new(name: &str) -> Element {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// Adds a part of the text. White space before all else is left out at once, since it is no part of the value.
    pub fn push_text(&mut self, text: &str) {
        self.has_text = self.has_text || !text.trim_ascii().is_empty();
        if self.has_text {
            self.text.push_str(text);
        }
    }

    pub fn add_attribute(&mut self, name: &str, value: &str) {
        self.add(&format!("@{name}"), Value { json: scalar(value), depth: 0 });
    }

    pub fn add(&mut self, name: &str, value: Value) {
        match self.place(name).and_then(|place| self.members.get_mut(place)) {
            Some(member) => {
                member.values.push(',');
                member.values.push_str(&value.json);
                member.count += 1;
                member.depth = member.depth.max(value.depth);
            }
            None => {
                if self.members.len() >= FEW {
                    self.places.insert(name.to_owned(), self.members.len());
                }
                let member = Member { name: name.to_owned(), values: value.json, count: 1, depth: value.depth };
                self.members.push(member);
            }
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        let early = self.members.iter().take(FEW).position(|member| member.name == name);
        early.or_else(|| self.places.get(name).copied())
    }

    /// What a member says that is there once and is no object: the key of a record.
    pub fn said_by(&self, name: &str) -> Option<String> {
        let found = |name: &str| self.place(name).and_then(|place| self.members.get(place));
        let member = found(&format!("@{name}")).or_else(|| found(name)).filter(|member| member.count == 1)?;
        match member.values.as_bytes().first()? {
            b'{' | b'[' => None,
            b'"' => crate::json::said(&member.values).map(std::borrow::Cow::into_owned),
            _ => Some(member.values.clone()),
        }
    }

    pub fn has_text(&self) -> bool {
        self.has_text
    }

    pub fn into_value(self) -> Value {
        let text = self.text.trim_ascii();
        if self.members.is_empty() {
            return Value { json: scalar(text), depth: 0 };
        }
        let mut json = String::from("{");
        let mut depth = 0;
        for member in &self.members {
            push_name(&member.name, &mut json);
            let is_array = member.count > 1;
            depth = depth.max(member.depth + usize::from(is_array));
            let (open, close) = if is_array { ("[", "]") } else { ("", "") };
            for part in [open, &member.values, close] {
                json.push_str(part);
            }
        }
        if !text.is_empty() {
            push_name("#text", &mut json);
            json.push_str(&scalar(text));
        }
        json.push('}');
        Value { json, depth: depth + 1 }
    }
}

fn push_name(name: &str, json: &mut String) {
    if json.len() > 1 {
        json.push(',');
    }
    json.push('"');
    json::push_inside(name, json);
    json.push_str("\":");
}

/// A text that is all there is of a value.
fn scalar(text: &str) -> String {
    if matches!(text, "true" | "false") || json::is_number(text) {
        return text.to_owned();
    }
    let mut json = String::from("\"");
    json::push_inside(text, &mut json);
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_what_they_are_written_as() {
        for (text, json) in [
            ("12", "12"),
            ("-1.50e3", "-1.50e3"),
            ("007", "\"007\""),
            ("+1", "\"+1\""),
            ("1 ", "\"1 \""),
            ("0x1", "\"0x1\""),
            ("NaN", "\"NaN\""),
            ("true", "true"),
            ("True", "\"True\""),
            ("null", "\"null\""),
            ("", "\"\""),
            ("a\"\n", "\"a\\\"\\n\""),
        ] {
            assert_eq!(scalar(text), json);
        }
    }

    #[test]
    fn many_members_are_found_as_few_are() {
        let mut element = Element::new("e");
        for round in 0..2 {
            for at in 0..1000 {
                element.add(&format!("m{at}"), Value { json: round.to_string(), depth: 0 });
            }
        }
        assert_eq!(element.said_by("m5"), None);
        let json = element.into_value().json;
        assert!(json.starts_with(r#"{"m0":[0,1],"m1":[0,1],"#) && json.ends_with(r#""m999":[0,1]}"#));
    }
}
