//! Documents for the tests of the formats: awkward ones by hand, random ones by a seed, and collectors for both ends.
//!
//! Knows no format. Invariant: the same seed gives the same documents everywhere.

use super::{Failure, Found, Head, Place, Record, Sink, Source};
use serde::de::IgnoredAny;

/// What is easily lost or changed on the way.
pub const AWKWARD: [&str; 34] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1.0",
    "1E5",
    "1e400",
    "-2.50e-3",
    "12345678901234567890123",
    "\"\"",
    "{}",
    "[]",
    "\" \"",
    "\"  two  \"",
    r#""\t a \r\n b \n""#,
    r#""\u0000\u0001\u001f\u007f\u0085\u2028""#,
    r#""\ud800""#,
    r#""\uDFFF x \ud83d\ude00""#,
    "\"\u{fffe}\u{ffff}\u{fffd}\"",
    r#""<a href='x'>&amp;]]>\"\\\/</a>""#,
    "\"\u{85}\u{2028}\u{feff}é☃😀\"",
    r#"{"":""}"#,
    r#"{"a":1,"a":2,"b":{},"a":null}"#,
    r#"{" ":1," x ":2,"\t":3,"\n\r":4}"#,
    r#"{"\u0000":1,"\ud800":2,"\\":3,"\"":4,"<&>":5}"#,
    "{\"\u{ffff}\":[[],[[]],{}]}",
    " [ 1 , { \"a\" : [ ] } ] ",
    "\n{\n\t\"a\" : \"b\" ,\r\n\"c\":[ ]}\n",
    r#"["\\u0041","\u0041","\/"]"#,
    r#"{"name":"name","escaped":"true"}"#,
    r#"["]]>","<![CDATA[x]]>","<!-- x -->","&#13;"]"#,
    r#"[null,"null","true",1,"1"]"#,
    r#"{"format":"coffer","key":"k"}"#,
];

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn space(&mut self, into: &mut String) {
        if self.below(6) == 0 {
            let space = self.pick(&[" ", "\n", "\t", "\r\n", "    ", "\n\n  "]);
            into.push_str(space);
        }
    }

    fn string(&mut self, into: &mut String) {
        const PIECES: [&str; 32] = [
            "a",
            "b",
            "word",
            " ",
            "  ",
            "\\n",
            "\\r",
            "\\t",
            "\\\"",
            "\\\\",
            "\\/",
            "\\b",
            "\\f",
            "\\u0000",
            "\\u001F",
            "\\ud83d\\ude00",
            "\\ud800",
            "\\udc00",
            "<",
            ">",
            "&",
            "'",
            "]]>",
            "é",
            "☃",
            "😀",
            "\u{7f}",
            "\u{85}",
            "\u{fffe}",
            "\u{ffff}",
            "{[:,]}",
            "longer than eight bytes",
        ];
        into.push('"');
        for _ in 0..self.below(6) {
            let piece = self.pick(&PIECES);
            into.push_str(piece);
        }
        into.push('"');
    }

    fn number(&mut self, into: &mut String) {
        let whole = self.pick(&["0", "7", "-0", "-12", "18446744073709551615", "10"]);
        into.push_str(whole);
        let rest = self.pick(&["", "", "", ".0", ".50", "e5", "E+05", ".1e-400"]);
        into.push_str(rest);
    }

    /// Adds a value of JSON.
    pub fn value(&mut self, depth: usize, into: &mut String) {
        self.space(into);
        let (open, close) = match self.below(if depth == 0 { 6 } else { 10 }) {
            0 | 1 => return self.string(into),
            2 | 3 => return self.number(into),
            4 => return into.push_str(["true", "false"][self.below(2)]),
            5 => return into.push_str("null"),
            6 | 7 => ('[', ']'),
            _ => ('{', '}'),
        };
        into.push(open);
        for at in 0..self.below(5) {
            if at > 0 {
                into.push(',');
            }
            if open == '{' {
                self.space(into);
                self.string(into);
                self.space(into);
                into.push(':');
            }
            self.value(depth - 1, into);
            self.space(into);
        }
        into.push(close);
        self.space(into);
    }

    /// A key that is not like any other's.
    fn key(&mut self, at: usize) -> String {
        let pieces = [
            "slot", " ", "\t", "\n", "\r", "\0", "\u{1b}", "\"", "<", "&", "\\", "é", "😀", "\u{fffe}", "'", "\\u0041",
        ];
        let mut key: String = (0..self.below(4)).map(|_| self.pick(&pieces)).collect();
        key.push_str(&at.to_string());
        key
    }
}

/// The documents of an export: collection, key, text.
pub struct Documents(pub Vec<(String, String, String)>);

impl Documents {
    /// Documents of the generic collection.
    pub fn of(texts: &[&str]) -> Documents {
        let document = |(at, text): (usize, &&str)| ("plugin_data".to_owned(), format!("k{at}"), (*text).to_owned());
        Documents(texts.iter().enumerate().map(document).collect())
    }

    pub fn random(seed: u64, count: usize) -> Documents {
        let mut random = Random::new(seed);
        let mut documents = Vec::new();
        for collection in ["character_roster", "equipment_sets", "party_configs"] {
            for version in (0..random.below(4)).rev() {
                let mut text = String::new();
                random.value(3, &mut text);
                let is_newest = documents.last().is_none_or(|(last, _, _)| last != collection);
                let key = if is_newest { collection.to_owned() } else { format!("{collection}_v{}", version + 1) };
                documents.push((collection.to_owned(), key, text));
            }
        }
        for at in 0..count {
            let mut text = String::new();
            random.value(4, &mut text);
            documents.push(("plugin_data".to_owned(), random.key(at), text));
        }
        Documents(documents)
    }

    pub fn head(&self) -> Head {
        Head {
            version: "0.3.0".to_owned(),
            sequence: 57,
            time_ms: 1_795_435_200_000,
            documents: self.0.len() as u64,
            counters: vec![("character_roster_v".to_owned(), 3)],
        }
    }

    /// Whether these were found, in this order; names the first that was not.
    pub fn check(&self, found: &[Found]) {
        assert_eq!(self.0.len(), found.len());
        for ((collection, key, text), found) in self.0.iter().zip(found) {
            assert_eq!((found.collection.as_ref(), found.key.as_ref()), (Some(collection), Some(key)));
            assert!(crate::json::same(text, &found.text), "{key:?}: {text:?} came back as {:?}", found.text);
            check_found(found);
        }
    }
}

#[cfg(test)]
impl Documents {
    /// The shared game data, each record a document; none where it is not there.
    pub fn shared() -> Option<Documents> {
        let folder = std::env::var_os("COFFER_SHARED_DATA").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
            std::path::PathBuf::from,
        );
        let mut documents = Vec::new();
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(name) = name.strip_suffix(".json") else { continue };
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let records: Vec<&serde_json::value::RawValue> = serde_json::from_str(&text).unwrap();
            for (at, record) in records.iter().enumerate() {
                documents.push(("plugin_data".to_owned(), format!("{name}/{at}"), record.get().to_owned()));
            }
        }
        (!documents.is_empty()).then_some(Documents(documents))
    }
}

/// Checks what every reader promises of what it finds.
pub fn check_found(found: &Found) {
    serde_json::from_str::<IgnoredAny>(&found.text).unwrap();
    let mut compacted = String::new();
    crate::json::compact(&found.text, &mut compacted);
    assert_eq!(compacted, found.text);
}

impl Source for Documents {
    fn each(&self, visit: &mut dyn FnMut(Record<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        self.0.iter().try_for_each(|(collection, key, text)| visit(Record { collection, key, text }))
    }
}

/// Takes everything.
#[derive(Default)]
pub struct All(pub Vec<Found>);

impl Sink for All {
    fn take(&mut self, found: Found) -> Result<(), Failure> {
        self.0.push(found);
        Ok(())
    }
}

/// The place and reason of a file that could not be read.
pub fn refusal<T>(outcome: Result<T, Failure>) -> (Place, String) {
    match outcome {
        Err(Failure::Unreadable { place, reason }) => (place, reason),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was read"),
    }
}
