//! The JSON format as a whole: what was written comes back, what is wrong is refused where it stands, what is foreign is
//! mapped as it is documented.
//!
//! Invariant: every refusal is checked with its place.

use super::*;
use crate::exchange::sample_tests::{AWKWARD, All, Documents, check_found, refusal};
use crate::exchange::{Failure, Found, Place};
use std::io::{BufRead, BufReader, Read};

fn options() -> Options {
    Options::new(Limits::of_documents(64 << 20, 128))
}

fn lenient() -> Options {
    Options { lenient: true, ..options() }
}

fn written(documents: &Documents) -> Vec<u8> {
    let mut out = Vec::new();
    write(documents, &documents.head(), &mut out).unwrap();
    out
}

/// The documents in the order in which the file has them.
fn in_file_order(documents: Documents) -> Documents {
    let group = |(collection, key, _): &(String, String, String)| match collection.as_str() {
        PLUGIN_DATA => 1,
        _ if collection == key => 0,
        _ => 2,
    };
    let mut documents = documents.0;
    documents.sort_by_key(group);
    Documents(documents)
}

fn read_stream(input: &mut dyn BufRead, options: &Options) -> Result<Vec<Found>, Failure> {
    let mut all = All::default();
    read(input, options, &mut all)?;
    all.0.iter().for_each(check_found);
    Ok(all.0)
}

fn read_with(mut file: &[u8], options: &Options) -> Result<Vec<Found>, Failure> {
    read_stream(&mut file, options)
}

/// Collections, keys and texts, in a form that compares easily.
fn found(file: &str, options: &Options) -> Vec<[String; 3]> {
    let shown = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
    let found = read_with(file.as_bytes(), options).unwrap();
    found.into_iter().map(|found| [shown(found.collection), shown(found.key), found.text]).collect()
}

fn refused(file: &[u8], options: &Options) -> (u64, u64, String) {
    let (Place { line, column }, reason) = refusal(read_with(file, options));
    (line, column, reason)
}

/// Gives a few bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(self.1);
        self.0.read(&mut into[..count])
    }
}

#[test]
fn the_format_is_as_it_is_shown() {
    let document = |collection: &str, key: &str, text: &str| (collection.to_owned(), key.to_owned(), text.to_owned());
    let documents = Documents(vec![
        document("character_roster", "character_roster", r#"{"0":"Ash"}"#),
        document("character_roster", "character_roster_v1", "{ }"),
        document("party_configs", "party_configs", "[]"),
        document("plugin_data", "slot-1", r#"{"gold": 3}"#),
        document("plugin_data", "a\"\n", "null"),
    ]);
    let expected = r#"{"format":"coffer","version":"0.3.0","timestamp":1795435200,"sequence":57,
"character_roster":{"0":"Ash"},
"party_configs":[],
"versions":{"character_roster_v":3},
"plugin_data":{
"slot-1":{"gold": 3},
"a\"\n":null
},
"past_versions":{
"character_roster_v1":{ }
}}
"#;
    let file = written(&documents);
    assert_eq!(String::from_utf8(file.clone()).unwrap(), expected);
    let places: Vec<(u64, u64)> =
        read_with(&file, &options()).unwrap().iter().map(|found| (found.place.line, found.place.column)).collect();
    assert_eq!(places, [(2, 20), (3, 17), (6, 10), (7, 9), (10, 23)]);
    let none = Documents(Vec::new());
    assert_eq!(
        String::from_utf8(written(&none)).unwrap(),
        "{\"format\":\"coffer\",\"version\":\"0.3.0\",\"timestamp\":1795435200,\"sequence\":57,\n\
         \"versions\":{\"character_roster_v\":3}}\n"
    );
    none.check(&read_with(&written(&none), &options()).unwrap());
}

#[test]
fn what_has_no_place_in_the_format_is_not_left_out_quietly() {
    let document = |collection: &str, key: &str| (collection.to_owned(), key.to_owned(), "1".to_owned());
    for wrong in [
        vec![document("save_metadata", "x")],
        vec![document("plugin_data", "x"), document("party_configs", "party_configs")],
        vec![document("plugin_data", "x"), document("party_configs", "party_configs_v1")],
    ] {
        let documents = Documents(wrong);
        let outcome = write(&documents, &documents.head(), &mut Vec::new());
        assert!(matches!(outcome, Err(Failure::Ended(_))), "{outcome:?}");
    }
}

#[test]
fn awkward_documents_come_back_the_same() {
    let documents = Documents::of(&AWKWARD);
    documents.check(&read_with(&written(&documents), &options()).unwrap());
}

#[test]
fn random_documents_come_back_the_same_in_each_encoding() {
    for seed in 0..60 {
        let documents = Documents::random(seed, 40);
        let file = written(&documents);
        let documents = in_file_order(documents);
        documents.check(&read_with(&file, &options()).unwrap());
        documents.check(&read_with(&file, &lenient()).unwrap());
        for size in [1, 7, 1000] {
            documents.check(&read_stream(&mut BufReader::new(Drops(&file, size)), &options()).unwrap());
        }
        let text = format!("\u{feff}{}", String::from_utf8(file).unwrap());
        documents.check(&read_with(text.as_bytes(), &options()).unwrap());
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            documents.check(&read_with(&bytes, &options()).unwrap());
        }
    }
}

#[test]
fn space_is_kept_where_that_is_wanted() {
    let keeping = Options { keeps_space: true, ..options() };
    for seed in 200..220 {
        let documents = Documents::random(seed, 40);
        let file = written(&documents);
        let mut all = All::default();
        read(&mut &*file, &keeping, &mut all).unwrap();
        let documents = in_file_order(documents);
        let texts: Vec<&str> = documents.0.iter().map(|(_, _, text)| text.trim_ascii()).collect();
        assert_eq!(all.0.iter().map(|found| found.text.as_str()).collect::<Vec<_>>(), texts);
    }
}

#[test]
fn long_documents_come_back_the_same() {
    let long = format!("[\"{}\", {}1]", "é ".repeat(300_000), "1 , ".repeat(200_000));
    let documents = Documents::of(&["1", &long, "{}", &long, "\"x\""]);
    let file = written(&documents);
    documents.check(&read_with(&file, &options()).unwrap());
    let limits = Limits { max_document_bytes: long.len() as u64 - 1, ..options().limits };
    let refused = refused(&file, &Options::new(limits));
    assert_eq!((refused.0, refused.1, refused.2.contains("more than")), (5, 6, true), "{refused:?}");
}

#[test]
fn game_data_comes_back_the_same() {
    let Some(documents) = Documents::shared() else { return println!("skipped: the shared game data is not here") };
    documents.check(&read_with(&written(&documents), &options()).unwrap());
    let values: Vec<&str> = documents.0.iter().map(|(_, _, text)| text.as_str()).collect();
    let file = format!("[{}]", values.join(",\n"));
    let by_index = Options { key: "index".to_owned(), ..options() };
    let found = read_with(file.as_bytes(), &by_index).unwrap();
    assert_eq!(found.len(), values.len());
    for (found, value) in found.iter().zip(values) {
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        assert_eq!(found.key.as_deref(), value["index"].as_str());
    }
}

#[test]
fn the_members_of_an_export_come_in_any_order() {
    let file = r#" {"plugin_data": {"a": 1 , "b":[ ], "a":2}, "character_roster":{}, "past_versions":
        {"party_configs_v12":"x"}, "sequence":1, "format":"\u0063offer", "equipment_sets":[1],"plugin_data":{"c":3}, "version":"9"}"#;
    let expected = [
        ["plugin_data", "a", "1"],
        ["plugin_data", "b", "[]"],
        ["plugin_data", "a", "2"],
        ["character_roster", "character_roster", "{}"],
        ["party_configs", "party_configs_v12", "\"x\""],
        ["equipment_sets", "equipment_sets", "[1]"],
        ["plugin_data", "c", "3"],
    ];
    assert_eq!(found(file, &options()), expected.map(|found| found.map(str::to_owned)));
}

#[test]
fn files_of_the_plug_in_before_are_read() {
    let roster = ["character_roster", "character_roster", r#"{"0":"Ash"}"#].map(str::to_owned);
    for file in [
        r#"{"version":"1.2.0","timestamp":1700000000,"character_roster":{"0":"Ash"},"versions":{"character_roster_v":1}}"#,
        r#"{"versions":{},"character_roster":{"0":"Ash"}}"#,
        r#"{"character_roster":{"0":"Ash"},"timestamp":1,"version":"1.2.0"}"#,
    ] {
        assert_eq!(found(file, &options()), vec![roster.clone()], "{file}");
    }
    let file = r#"{"character_roster":{"0":"Ash"},"version":1}"#;
    assert_eq!(found(file, &options())[0], ["-", "character_roster", r#"{"0":"Ash"}"#]);
}

#[test]
fn what_is_not_ours_in_an_export_is_refused_where_it_stands() {
    for (members, column, reason) in [
        (r#""extra":1"#, 20, "no member \"extra\""),
        (r#""plugin_data":[]"#, 34, "plugin_data is not an object"),
        (r#""past_versions":{"slot":1}"#, 37, "\"slot\" is no past version"),
        (r#""past_versions":{"character_roster_v":1}"#, 37, "is no past version"),
        (r#""plugin_data":{"\ud800":1}"#, 35, "half a surrogate pair"),
        (r#""plugin_data":{"a":1,}"#, 41, "trailing comma"),
    ] {
        let file = format!(r#"{{"format":"coffer",{members}}}"#);
        let refused = refused(file.as_bytes(), &options());
        assert!(refused.2.contains(reason), "{members}: {refused:?}");
        assert_eq!((refused.0, refused.1), (1, column), "{members}: {refused:?}");
        let other_order = format!(r#"{{{members},"format":"coffer"}}"#);
        if !members.contains("extra") && !members.contains(",}") {
            assert!(self::refused(other_order.as_bytes(), &options()).2.contains(reason), "{members}");
        }
    }
    let file =
        r#"{"format":"coffer","extra":{"a":1},"past_versions":{"slot":1,"party_configs_v1":2},"plugin_data":{"a":3}}"#;
    let expected = [["party_configs", "party_configs_v1", "2"], ["plugin_data", "a", "3"]];
    assert_eq!(found(file, &lenient()), expected.map(|found| found.map(str::to_owned)));
}

#[test]
fn foreign_files_are_mapped() {
    let whole = Options { whole: true, ..options() };
    let by_id = Options { key: "id".to_owned(), ..options() };
    for (file, options, expected) in [
        (
            r#"{"b": {"x": 1}, "a":[ ], "b":2, "":3}"#,
            options(),
            vec![["b", r#"{"x":1}"#], ["a", "[]"], ["b", "2"], ["", "3"]],
        ),
        (r#"{"format":"other","x":1}"#, options(), vec![["format", "\"other\""], ["x", "1"]]),
        (r#"{"format":1,"versions":{}}"#, options(), vec![["format", "1"], ["versions", "{}"]]),
        (r#"{"plugin_data":{"a":1}}"#, options(), vec![["plugin_data", r#"{"a":1}"#]]),
        (
            r#"{"version":1,"timestamp":2,"name":3}"#,
            options(),
            vec![["version", "1"], ["timestamp", "2"], ["name", "3"]],
        ),
        (r#"{ "a" : 1 }"#, whole.clone(), vec![["-", r#"{"a":1}"#]]),
        (r#"[{"key":"a"}]"#, whole, vec![["-", r#"[{"key":"a"}]"#]]),
        ("{}", options(), vec![]),
        (" [ ] ", options(), vec![["-", "[]"]]),
        (" [ 1 , { \"key\" : \"a\" } ] ", options(), vec![["-", r#"[1,{"key":"a"}]"#]]),
        (r#"[{"a":1},{"key":"a"}]"#, options(), vec![["-", r#"[{"a":1},{"key":"a"}]"#]]),
        (r#"[{"key":null},{"key":"a"}]"#, options(), vec![["-", r#"[{"key":null},{"key":"a"}]"#]]),
        (
            r#"[{"a":[{"key":1}],"key":"a b"}, {"\u006bey":7.0}]"#,
            options(),
            vec![["a b", r#"{"a":[{"key":1}],"key":"a b"}"#], ["7.0", r#"{"\u006bey":7.0}"#]],
        ),
        (r#"[{"id":true,"key":"x"}]"#, by_id, vec![["true", r#"{"id":true,"key":"x"}"#]]),
        (" 1.0 ", options(), vec![["-", "1.0"]]),
        ("\"x\"", options(), vec![["-", "\"x\""]]),
        ("null", options(), vec![["-", "null"]]),
    ] {
        let expected: Vec<[String; 3]> =
            expected.iter().map(|[key, text]| ["-".to_owned(), (*key).to_owned(), (*text).to_owned()]).collect();
        assert_eq!(found(file, &options), expected, "{file}");
    }
}

#[test]
fn what_is_no_json_is_refused_where_it_stands() {
    let cases: [(&[u8], u64, u64, &str); 30] = [
        (b"", 1, 1, "the file is empty"),
        (b" \n\n ", 3, 2, "the file is empty"),
        (b"nul", 1, 4, "cut off"),
        (b"{\"a\":\n  tru}", 2, 6, "no JSON"),
        (b"{\"a\":1", 1, 7, "cut off"),
        (b"{\"a\":", 1, 6, "cut off"),
        (b"{\"a", 1, 4, "cut off"),
        (b"{\"a\"", 1, 5, "expected `:`"),
        (b"{", 1, 2, "cut off"),
        (b"{\"a\":1,", 1, 8, "cut off"),
        (b"{\"a\":[1,\n{}", 2, 3, "cut off"),
        (b"{\"a\":\n[1,]}", 2, 4, "expected value"),
        (b"{\"a\":1,}", 1, 8, "trailing comma"),
        (b"{\"a\":1 \"b\":2}", 1, 8, "expected `,` or `}`"),
        (b"{,}", 1, 2, "name is a string"),
        (b"{a:1}", 1, 2, "name is a string"),
        (b"{\"a\" 1}", 1, 6, "expected `:`"),
        (b"{\"a\":}", 1, 6, "expected value"),
        (b"{\"a\":[1 2]}", 1, 9, "expected `,` or `]`"),
        (b"{\"a\":[1}}", 1, 8, "no JSON"),
        (b"{\"a\\x\":1}", 1, 5, "invalid escape"),
        (b"{} x", 1, 4, "behind the end"),
        (b"[{\"key\":1},]", 1, 12, "trailing comma"),
        (b"[{\"key\":1},{}]", 1, 12, "no \"key\""),
        (b"[{\"key\":1},2]", 1, 12, "no \"key\""),
        (b"{\"\xc3\xa9\":\n\"\xc3\xa9\xff\"}", 2, 3, "UTF-8"),
        (b"{\"a\xc3\":1}", 1, 4, "UTF-8"),
        (b"{\"a\":\"\n\"}", 1, 6, "control character"),
        (b"{\"a\":\"\0\"}", 1, 6, "control character"),
        (b"{\0\"\0a\0\"\0:\x001\0}\0", 1, 2, "name is a string"),
    ];
    for (file, line, column, reason) in cases {
        let refused = refused(file, &options());
        let shown = String::from_utf8_lossy(file);
        assert!(refused.2.contains(reason), "{shown}: {refused:?}");
        assert_eq!((refused.0, refused.1), (line, column), "{shown}: {refused:?}");
    }
    let mut odd: Vec<u8> = "\u{feff}{\"a\":\"é".encode_utf16().flat_map(u16::to_le_bytes).collect();
    odd.extend([0, 0xDC]);
    assert_eq!(refused(&odd, &options()), (1, 8, "not valid UTF-16 here".to_owned()));
}

#[test]
fn a_cut_off_export_is_refused_wherever_it_is_cut() {
    let documents = Documents::random(11, 8);
    let file = written(&documents);
    let documents = in_file_order(documents);
    for length in 0..file.trim_ascii_end().len() {
        let mut all = All::default();
        refusal(read(&mut &file[..length], &options(), &mut all));
        Documents(documents.0[..all.0.len()].to_vec()).check(&all.0);
    }
}

#[test]
fn depth_and_size_are_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for file in [
        nested(128),
        format!("{{\"a\":{}}}", nested(128)),
        format!(r#"{{"format":"coffer","plugin_data":{{"a":{}}}}}"#, nested(128)),
    ] {
        assert_eq!(read_with(file.as_bytes(), &options()).unwrap().len(), 1);
    }
    assert_eq!(
        refused(nested(129).as_bytes(), &options()),
        (1, 129, "arrays and objects nest deeper than 128".to_owned())
    );
    for file in [
        format!("{{\"a\":{}}}", nested(129)),
        format!(r#"{{"format":"coffer","plugin_data":{{"a":{}}}}}"#, nested(129)),
        format!(r#"{{"plugin_data":{{"a":{}}},"format":"coffer"}}"#, nested(129)),
        format!(r#"{{"plugin_data":{}}}"#, nested(129)),
        "[".repeat(1_000_000),
        "{\"a\":".repeat(1_000_000),
    ] {
        assert!(refused(file.as_bytes(), &options()).2.contains("deeper than 12"));
    }
    let small = Options::new(Limits { max_document_bytes: 10, max_depth: 9, max_token_bytes: 10 });
    assert!(read_with(br#"{"a":[1,2,3,4], "b":"12345678"}"#, &small).is_ok());
    for (file, column) in
        [(r#"{"a":[1,2,3,4,5]}"#, 6), (r#"{"a":"123456789"}"#, 6), (r#"{"123456789":1}"#, 2), ("12345678901", 1)]
    {
        let refused = refused(file.as_bytes(), &small);
        assert_eq!((refused.1, refused.2.contains("more than 10 bytes")), (column, true), "{file} {refused:?}");
    }
    let held: String = (0..9).map(|_| r#""versions":[123456],"#).collect();
    assert!(
        refused(format!("{{{held}\"format\":\"coffer\"}}").as_bytes(), &small).2.contains("too much stands before")
    );
}

#[test]
fn an_endless_value_costs_no_endless_memory() {
    let limits = Limits { max_document_bytes: 1 << 20, max_depth: 8, max_token_bytes: 1 << 20 };
    for (start, repeated) in
        [("{\"a\":\"", b'1'), ("{\"a\":[", b' '), ("[", b' '), ("[", b'1'), ("{\"", b'1'), ("1", b'1'), ("\"", b'1')]
    {
        let mut endless = BufReader::new(start.as_bytes().chain(std::io::repeat(repeated)));
        let (place, reason) = refusal(read_stream(&mut endless, &Options::new(limits)));
        assert_eq!((place.line, reason.contains("1048576 bytes")), (1, true), "{start} {reason}");
    }
}

/// Pieces of the file end within numbers, at each of their characters.
#[test]
fn numbers_are_whole_wherever_a_piece_of_the_file_ends() {
    let number = "-12.50e-37";
    let numbers = vec![number; 40_000].join(",");
    for shift in 0..=number.len() {
        let text = format!("{{\"{}\":[{numbers}],\"b\":{{\"c\":[{numbers}]}}}}", "x".repeat(shift + 1));
        let found = read_with(text.as_bytes(), &options()).unwrap();
        assert_eq!(found.len(), 2, "{shift}");
        assert_eq!(found[0].text, format!("[{numbers}]"));
    }
}
