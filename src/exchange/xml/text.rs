//! Strings between JSON and XML: what each escapes, and what XML 1.0 cannot hold.
//!
//! Knows no elements. A string that holds a character which XML 1.0 forbids travels *escaped*: as the inside of its JSON
//! string literal. Invariant: whatever is written as text or in an attribute comes back the same after all that XML does
//! to line ends and white space.

use crate::json;
use std::borrow::Cow;

/// Whether XML 1.0 cannot hold this text.
pub fn is_forbidden(text: &str) -> bool {
    let bytes = text.as_bytes();
    let control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without a branch for each byte this is done sixteen and more at a time.
    let (mut has_control, mut has_lead) = (false, false);
    for byte in bytes {
        has_control |= control(*byte);
        has_lead |= *byte == 0xEF;
    }
    has_control || has_lead && text.contains(['\u{fffe}', '\u{ffff}'])
}

/// How a string that was read from JSON travels.
pub struct Carried<'a> {
    pub text: Cow<'a, str>,
    /// The text is the inside of a JSON string literal.
    pub is_escaped: bool,
}

/// Of a JSON string with its quotes.
pub fn carried(literal: &str) -> Carried<'_> {
    let inside = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal);
    let said = if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        Some(Cow::Borrowed(inside))
    } else {
        crate::json::said(literal)
    };
    match said {
        Some(text) if !is_forbidden(&text) => Carried { text, is_escaped: false },
        _ => Carried { text: without_noncharacters(inside), is_escaped: true },
    }
}

/// Of a plain text.
pub fn carried_plain(text: &str) -> Carried<'_> {
    if !is_forbidden(text) {
        return Carried { text: Cow::Borrowed(text), is_escaped: false };
    }
    let mut literal = String::new();
    json::push_inside(text, &mut literal);
    Carried { text: Cow::Owned(without_noncharacters(&literal).into_owned()), is_escaped: true }
}

/// The two characters that JSON may hold as they are and XML may not.
fn without_noncharacters(inside: &str) -> Cow<'_, str> {
    if !is_forbidden(inside) {
        return Cow::Borrowed(inside);
    }
    Cow::Owned(inside.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

/// Adds a text as it stands between tags or, `quoted`, in an attribute. Line ends and tabs are written as references, and
/// so is white space at both ends, which many programs drop.
pub fn push_xml(text: &str, quoted: bool, into: &mut String) {
    let bytes = text.as_bytes();
    let last = bytes.len().saturating_sub(1);
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let reference = match byte {
            b'?'..=b'\xff' => continue,
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'"' if quoted => "&quot;",
            b'\t' => "&#9;",
            b'\n' => "&#10;",
            b'\r' => "&#13;",
            b' ' if at == 0 || at == last => "&#32;",
            _ => continue,
        };
        into.push_str(text.get(written..at).unwrap_or_default());
        into.push_str(reference);
        written = at + 1;
    }
    into.push_str(text.get(written..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_and_nothing_else() {
        for (literal, text, is_escaped) in [
            (r#""a\tb""#, "a\tb", false),
            (r#""\u0041\/""#, "A/", false),
            (r#""a\u0000\/""#, r"a\u0000\/", true),
            (r#""\ud800""#, r"\ud800", true),
            (r#""\ud83d\ude00\u007f\u0085""#, "😀\u{7f}\u{85}", false),
            ("\"x\u{fffe}\u{ffff}\"", r"x\ufffe\uffff", true),
            (r#""\uffff""#, r"\uffff", true),
            ("\"\u{fffd}\u{feff}\"", "\u{fffd}\u{feff}", false),
        ] {
            let carried = carried(literal);
            assert_eq!((&*carried.text, carried.is_escaped), (text, is_escaped), "{literal}");
        }
        let carried = carried_plain("a\0\"\\\n\u{ffff}");
        assert_eq!((&*carried.text, carried.is_escaped), (r#"a\u0000\"\\\n\uffff"#, true));
        assert!(!carried_plain("a\"\\\n").is_escaped);
    }

    #[test]
    fn json_escapes_say_the_text() {
        let text: String = ('\0'..'\u{300}').chain(['\u{2028}', '\u{ffff}', '😀']).collect();
        let mut inside = String::new();
        json::push_inside(&text, &mut inside);
        assert_eq!(serde_json::from_str::<String>(&format!("\"{inside}\"")).unwrap(), text);
    }

    #[test]
    fn white_space_that_xml_would_change_is_referred_to() {
        let written = |text: &str| {
            let mut out = String::new();
            push_xml(text, true, &mut out);
            out
        };
        assert_eq!(written(" a b "), "&#32;a b&#32;");
        assert_eq!(written(" "), "&#32;");
        assert_eq!(written("\t\r\n<>&\"'é"), "&#9;&#13;&#10;&lt;&gt;&amp;&quot;'é");
        let mut out = String::new();
        push_xml("\"]]>", false, &mut out);
        assert_eq!(out, "\"]]&gt;");
        assert_eq!(written(""), "");
    }
}
