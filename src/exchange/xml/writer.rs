//! Writes an export as XML: one element a line, indented.
//!
//! Holds one document's lines at most. Invariant: indentation stands only where no text can, so that it is never part of
//! a string.

use super::text::{Carried, carried, carried_plain, push_xml};
use super::{FORMAT, NAMESPACE};
use crate::exchange::{Failure, Head, Record, Source};
use crate::json::{Token, Tokens};
use std::fmt::Write as _;
use std::io;

/// Deeper lines are indented no further: that would only make them longer.
const DEEPEST_INDENT: usize = 32;
/// How much is gathered before it goes to the stream.
const PIECE: usize = 64 << 10;

/// Writes all documents of `source`.
pub fn write(source: &dyn Source, head: &Head, out: &mut dyn io::Write) -> Result<(), Failure> {
    let mut lines = Lines { text: String::with_capacity(2 * PIECE), out };
    lines.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = write!(lines.text, "<coffer xmlns=\"{NAMESPACE}{FORMAT}\" version=\"");
    push_xml(&head.version, true, &mut lines.text);
    let (sequence, time, documents) = (head.sequence, crate::exchange::timestamp(head.time_ms), head.documents);
    let _ = writeln!(lines.text, "\" sequence=\"{sequence}\" time=\"{time}\" documents=\"{documents}\">");
    source.each(&mut |record| lines.document(record))?;
    lines.text.push_str("</coffer>\n");
    lines.send()?;
    Ok(out.flush()?)
}

struct Lines<'o> {
    text: String,
    out: &'o mut dyn io::Write,
}

impl Lines<'_> {
    fn send(&mut self) -> io::Result<()> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    fn document(&mut self, record: Record<'_>) -> Result<(), Failure> {
        self.text.push_str("  <document");
        self.attribute("collection", &Carried { text: record.collection.into(), is_escaped: false });
        self.attribute("key", &carried_plain(record.key));
        self.text.push_str(">\n");
        self.value(record.text)?;
        self.text.push_str("  </document>\n");
        Ok(())
    }

    /// A value with all that is in it, below a document's tag.
    fn value(&mut self, text: &str) -> Result<(), Failure> {
        let mut depth = 2;
        let mut name = None;
        let mut tokens = Tokens::new(text).peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Name(text) => {
                    name = Some(text);
                    continue;
                }
                Token::BeginObject | Token::BeginArray => {
                    self.begin(depth, if token == Token::BeginObject { "object" } else { "array" }, name);
                    if matches!(tokens.peek(), Some(Token::EndObject | Token::EndArray)) {
                        tokens.next();
                        self.text.push_str("/>\n");
                    } else {
                        self.text.push_str(">\n");
                        depth += 1;
                    }
                }
                Token::EndObject | Token::EndArray => {
                    depth -= 1;
                    self.indent(depth);
                    self.text.push_str(if token == Token::EndObject { "</object>\n" } else { "</array>\n" });
                }
                Token::String(literal) => self.string(depth, name, literal),
                Token::Plain(plain) => self.plain(depth, name, plain),
            }
            name = None;
            if self.text.len() >= PIECE {
                self.send()?;
            }
        }
        Ok(())
    }

    fn string(&mut self, depth: usize, name: Option<&str>, literal: &str) {
        self.begin(depth, "string", name);
        let carried = carried(literal);
        if carried.is_escaped {
            self.text.push_str(" escaped=\"true\"");
        }
        if carried.text.is_empty() {
            return self.text.push_str("/>\n");
        }
        self.text.push('>');
        push_xml(&carried.text, false, &mut self.text);
        self.text.push_str("</string>\n");
    }

    fn plain(&mut self, depth: usize, name: Option<&str>, plain: &str) {
        let element = match plain {
            "null" => {
                self.begin(depth, "null", name);
                return self.text.push_str("/>\n");
            }
            "true" | "false" => "boolean",
            _ => "number",
        };
        self.begin(depth, element, name);
        for part in [">", plain, "</", element, ">\n"] {
            self.text.push_str(part);
        }
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth.min(DEEPEST_INDENT) {
            self.text.push_str("  ");
        }
    }

    /// A start tag without its end.
    fn begin(&mut self, depth: usize, element: &str, name: Option<&str>) {
        self.indent(depth);
        self.text.push('<');
        self.text.push_str(element);
        if let Some(literal) = name {
            self.attribute("name", &carried(literal));
        }
    }

    fn attribute(&mut self, name: &str, carried: &Carried<'_>) {
        for part in [" ", name, "=\""] {
            self.text.push_str(part);
        }
        push_xml(&carried.text, true, &mut self.text);
        self.text.push('"');
        if carried.is_escaped {
            for part in [" ", name, "-escaped=\"true\""] {
                self.text.push_str(part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::sample_tests::Documents;

    #[test]
    fn the_format_is_as_it_is_shown() {
        let text = r#"{"who":"Terra", "x":null,"level":1.0,"dead":false,"tags":["<a>"," ",{}],"\u0000":"\u0001"}"#;
        let documents = Documents(vec![("plugin_data".into(), "slot \"1\"".into(), text.into())]);
        let mut out = Vec::new();
        write(&documents, &documents.head(), &mut out).unwrap();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<coffer xmlns="urn:coffer:export:1" version="0.3.0" sequence="57" time="2026-11-23T12:00:00Z" documents="1">
  <document collection="plugin_data" key="slot &quot;1&quot;">
    <object>
      <string name="who">Terra</string>
      <null name="x"/>
      <number name="level">1.0</number>
      <boolean name="dead">false</boolean>
      <array name="tags">
        <string>&lt;a&gt;</string>
        <string>&#32;</string>
        <object/>
      </array>
      <string name="\u0000" name-escaped="true" escaped="true">\u0001</string>
    </object>
  </document>
</coffer>
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
