//! The short ways through documents and rows, beside the long ways that they stand for: the same bytes, documents, places
//! and reasons, whatever the input.
//!
//! Invariant: each case is told by its seed.

use super::columns::Columns;
use super::reader::{Options, read_rows};
use super::rows::Rows;
use super::tests::{Documents, Founds, documents};
use super::{shapes, write, writer};
use crate::exchange::sample_tests::Random;
use crate::exchange::{Failure, Found};

/// Documents as programs keep them, and as nobody should: `#` is a scalar, `*` any number of them.
const TEMPLATES: [&str; 24] = [
    r##"{"id":#,"name":#,"level":#,"hp":[#,#],"at":{"map":#,"x":#},"items":[*]}"##,
    r##"{"id":#,"name":#,"level":#,"hp":[#,#],"at":{"map":#,"x":#},"items":[*]}"##,
    r##"{"id":#,"name":#,"level":#,"hp":[#,#],"at":null,"items":[*],"more":#}"##,
    r##"{"id":#,"level":#,"name":#,"at":{"x":#,"map":#}}"##,
    r##"{"id":#,"name":#,"name":#,"hp":[#,#,#]}"##,
    r##"{"id":#,"at":{"map":#},"level":#,"at":{"x":#}}"##,
    r##"{"id":#,"at":{"map":#},"at":{"x":#}}"##,
    r##"{"at":{"map":#,"x":#}}"##,
    r##"{"at":{"map":#,"x":#},"other":{"x":#,"y":[*]}}"##,
    r##"{"at":{"map":#,"x":#},"other":#}"##,
    r##"[{"name":#,"hp":[*]},{"name":#,"boss":#},{"hp":[#],"name":#}]"##,
    r##"[{"name":#},{"at":{"map":#,"x":#}},{},{"at":{}}]"##,
    r##"[#,{"name":#}]"##,
    r##"[*]"##,
    r##"[[*],[*],[[#],#]]"##,
    r##"#"##,
    r##"{}"##,
    r##" { "id" : # , "name":	#,
 "hp" : [ # , #] , "at": { } } "##,
    r##"{"id": #, "name": #, "items": [*], "at": {"map": #}}
"##,
    r##"{"\u0069d":#,"name":#,"a very long name that is longer than sixteen bytes":#,"é":#}"##,
    r##"{"key":#,"json":#,"a.b":{"c,d":#},"":#}"##,
    r##"{"items":[#,{"map":#},[*],{},#],"id":#}"##,
    r##"{"deep":{"deep":{"deep":[[[{"deep":#}]],#]}},"id":#}"##,
    r##"{"items":[#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,#,*]}"##,
];

const SCALARS: [&str; 44] = [
    "0",
    "7",
    "10",
    "-1",
    "1234567",
    "12345678",
    "123456789",
    "1.50",
    "-0.5e+10",
    "1E400",
    "12345678901234567890",
    "null",
    "true",
    "false",
    r#""""#,
    r#""a""#,
    r#""Sword""#,
    r#""Mira Thorn""#,
    r#""harbour""#,
    r#""true""#,
    r#""Null""#,
    r#""12""#,
    r#""1/2""#,
    r#""-""#,
    r#""=1""#,
    r#""a,b""#,
    r#""say \"hi\"""#,
    r#""two\nlines""#,
    r#""\u0041\/""#,
    r#""back\\slash""#,
    r#""Zoë""#,
    r#""é""#,
    r#""😀 twice 😀""#,
    r#""\ud800""#,
    r#"" a""#,
    r#""a ""#,
    "\"a\u{a0}\"",
    r#""exactly 16 bytes""#,
    r#""seventeen bytes !""#,
    r#""a much longer string, with a comma in it""#,
    r#""no comma in it but long, long""#,
    "\"\u{feff}x\"",
    r#""{x""#,
    "\"a\u{7f}b\"",
];

/// What breaks files.
const BYTES: &[u8] = b",;\t\r\n\0\xff\xc3{[]}.a1-0\\\"\x01e ";

fn scalar(random: &mut Random) -> &'static str {
    SCALARS[random.below(SCALARS.len())]
}

fn document(random: &mut Random) -> String {
    let mut text = String::new();
    for part in TEMPLATES[random.below(TEMPLATES.len())].chars() {
        match part {
            '#' => text.push_str(scalar(random)),
            '*' => {
                let scalars: Vec<&str> = (0..random.below(5)).map(|_| scalar(random)).collect();
                text.push_str(&scalars.join(","));
            }
            other => text.push(other),
        }
    }
    // Behind a comma there has to be something.
    text.replace(",]", ",null]")
}

fn many(random: &mut Random, count: usize) -> Documents {
    let texts: Vec<String> = (0..count).map(|_| document(random)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    documents(&texts)
}

#[test]
fn documents_of_known_shapes_are_written_as_all_others() {
    for seed in 0..600 {
        let mut random = Random::new(seed);
        let count = [1, 3, 30, 100][random.below(4)];
        let documents = many(&mut random, count);
        let (mut short, mut long) = (Vec::new(), Vec::new());
        write(&documents, &mut short).unwrap();
        writer::write_by(Columns::with_shapes(0), &documents, &mut long).unwrap();
        assert_eq!(String::from_utf8(short), String::from_utf8(long), "{seed}");
    }
}

#[test]
fn the_next_document_of_a_shape_is_known() {
    let mut columns = Columns::default();
    let first = r#"{"id":1,"name":"x","hp":[1,2,3],"at":{"map":"a","x":null}}"#;
    assert!(!columns.know(first, shapes::DOCUMENT));
    columns.take_in(first, Some(shapes::DOCUMENT));
    for known in [
        first,
        r#"{"id":-2.5e10,"name":"a \"longer\" one","hp":[1,2,"x"],"at":{"map":"a","x":true}}"#,
        "{\"id\":1,\"name\":\"x\",\"hp\":[1,2,3],\"at\":{\"map\":\"a\",\"x\":null}}\n ",
    ] {
        assert!(columns.know(known, shapes::DOCUMENT), "{known}");
        assert!(!columns.know(known, shapes::RECORD), "{known}");
    }
    for other in [
        r#"{"id":1,"name":"x","hp":[1,2],"at":{"map":"a","x":null}}"#,
        r#"{"id":1,"name":"x","hp":[1,2,3,4],"at":{"map":"a","x":null}}"#,
        r#"{"id":1,"name":"x","hp":[1,2,[]],"at":{"map":"a","x":null}}"#,
        r#"{"id":1, "name":"x","hp":[1,2,3],"at":{"map":"a","x":null}}"#,
        r#"{"id":1,"name":"x","hp":[1,2,3],"at":{"map":"a","x":null},"y":1}"#,
        r#"{"id":1,"name":"x","hp":[1,2,3],"at":{"map":"a","x":{}}}"#,
        r#"{"id":1,"name":"x","hp":[1,2,3],"at":{"map":"a","x""#,
        "",
    ] {
        assert!(!columns.know(other, shapes::DOCUMENT), "{other}");
    }
}

/// What a file holds up to its end, or to what is wrong with it, and that.
type Outcome = (Vec<Found>, Option<(u64, u64, String)>);

fn read_by(mut file: &[u8], takes_lines: bool, options: &Options) -> Outcome {
    let mut founds = Founds::default();
    let rows = Rows::open(&mut file, None, 1 << 20, options.max_columns);
    let outcome = rows.and_then(|mut rows| {
        rows.takes_lines = takes_lines;
        read_rows(&mut rows, options, &mut founds)
    });
    let failure = outcome.err().map(|failure| match failure {
        Failure::Unreadable { place, reason } => (place.line, place.column, reason),
        other => panic!("{other:?}"),
    });
    (founds.0, failure)
}

/// The same rows as another program may save them.
fn saved_again(file: &[u8], random: &mut Random) -> Vec<u8> {
    let rows = csv::ReaderBuilder::new().has_headers(false).from_reader(file.strip_prefix(b"\xef\xbb\xbf").unwrap());
    let delimiter = b",;\t"[random.below(3)];
    let ends = [csv::Terminator::CRLF, csv::Terminator::Any(b'\n')];
    let mut again = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(ends[random.below(2)])
        .flexible(true)
        .from_writer(Vec::new());
    let shortens = random.below(2) == 0;
    for row in rows.into_byte_records().map(Result::unwrap) {
        let used = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1).max(4);
        again.write_record(row.iter().take(if shortens { used } else { row.len() })).unwrap();
    }
    again.into_inner().unwrap()
}

#[test]
fn lines_are_read_as_rows_are() {
    for seed in 0..600 {
        let mut random = Random::new(seed);
        let mut file = Vec::new();
        let count = 1 + random.below(40);
        write(&many(&mut random, count), &mut file).unwrap();
        if random.below(2) == 0 {
            file = saved_again(&file, &mut random);
        }
        let whole = read_by(&file, true, &Options::default());
        assert_eq!(whole, read_by(&file, false, &Options::default()), "{seed}");
        assert_eq!((whole.0.len(), whole.1), (count, None), "{seed}");
        let tight = Options { max_document_bytes: 60, max_columns: 90, ..Options::default() };
        assert_eq!(read_by(&file, true, &tight), read_by(&file, false, &tight), "{seed}");
        for _ in 0..20 {
            let mut broken = file.clone();
            for _ in 0..1 + random.below(3) {
                let at = random.below(broken.len());
                broken[at] = BYTES[random.below(BYTES.len())];
            }
            if random.below(4) == 0 {
                broken.truncate(random.below(broken.len()));
            }
            let (short, long) = [true, false].map(|takes| read_by(&broken, takes, &Options::default())).into();
            assert_eq!(short, long, "{seed}: {:?}", String::from_utf8_lossy(&broken));
        }
    }
}

#[test]
fn lines_are_read_as_rows_are_where_the_pieces_of_a_file_end() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let mut file = Vec::new();
        write(&many(&mut random, 6000), &mut file).unwrap();
        assert!(file.len() > 5 << 16);
        let (short, long) = [true, false].map(|takes| read_by(&file, takes, &Options::default())).into();
        assert_eq!(short, long, "{seed}");
        assert_eq!(short.0.len(), 6000);
    }
}

#[test]
fn cells_by_hand_are_read_as_in_rows() {
    let cells = [
        "0",
        "00",
        "007",
        "0234567",
        "-0",
        "-",
        "-1.50",
        "1.",
        ".5",
        "1e5",
        "+1",
        "1234567x",
        "12 3",
        "12345678",
        "7\u{1}",
        "12345678901234567890",
        "TRUE",
        "nUll",
        "true",
        "trues",
        "fen",
        "x\\y",
        "\u{1}x",
        " a",
        "é",
        "{}",
        "[1, 2]",
        "{x",
        "[",
        "=1",
        "a\tb",
        "a long text that is longer than sixteen bytes",
        "\u{feff}x",
        "'",
        "😀",
    ];
    for delimiter in [",", ";", "\t"] {
        for cell in cells {
            for (before, behind) in [("1", "2"), ("", ""), ("x", "")] {
                let file = format!("collection,key,record,json,a,b.c,b.d\nc,k,,,{before},{cell},{behind}\nc,l,,,1\n");
                let file = file.replace(',', delimiter).into_bytes();
                let (short, long) = [true, false].map(|takes| read_by(&file, takes, &Options::default())).into();
                assert_eq!(short, long, "{delimiter:?} {cell:?}");
            }
        }
    }
}

#[test]
fn a_line_of_a_table_that_is_over_is_refused_as_in_rows() {
    let file = b"collection,key,record,json,a\nc,k,[0],,1\nc,l,,,2\nc,k,,,3\n";
    let (short, long) = [true, false].map(|takes| read_by(file, takes, &Options::default())).into();
    assert_eq!(short, long);
    assert!(short.0.len() == 2 && short.1.is_some_and(|(line, column, _)| (line, column) == (4, 3)));
}
