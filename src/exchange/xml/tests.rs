//! The XML format as a whole: what was written comes back, what is wrong is refused where it stands, what is foreign is
//! mapped as it is documented.
//!
//! Invariant: every refusal is checked with its place.

use super::*;
use crate::exchange::sample_tests::{AWKWARD, All, Documents, check_found, refusal};
use crate::exchange::{Found, Place};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

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

fn read_with(mut file: &[u8], options: &Options) -> Result<Vec<Found>, Failure> {
    let mut all = All::default();
    read(&mut file, options, &mut all)?;
    all.0.iter().for_each(check_found);
    Ok(all.0)
}

/// Keys and texts, in a form that compares easily.
fn found(file: &str, options: &Options) -> Vec<(String, String)> {
    let found = read_with(file.as_bytes(), options).unwrap();
    found.into_iter().map(|found| (found.key.unwrap_or_else(|| "-".to_owned()), found.text)).collect()
}

fn refused(file: &[u8], options: &Options) -> (u64, u64, String) {
    let (Place { line, column }, reason) = refusal(read_with(file, options));
    (line, column, reason)
}

/// An export with this inside.
fn ours(inside: &str) -> String {
    format!("<coffer xmlns=\"urn:coffer:export:1\">\n{inside}</coffer>")
}

fn document(inside: &str) -> String {
    ours(&format!("<document collection=\"plugin_data\" key=\"k\">{inside}</document>"))
}

fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn awkward_documents_come_back_the_same() {
    let documents = Documents::of(&AWKWARD);
    documents.check(&read_with(&written(&documents), &options()).unwrap());
    documents.check(&read_with(&written(&documents), &lenient()).unwrap());
    let none = Documents(Vec::new());
    none.check(&read_with(&written(&none), &options()).unwrap());
}

#[test]
fn random_documents_come_back_the_same_in_each_encoding() {
    for seed in 0..60 {
        let documents = Documents::random(seed, 40);
        let file = written(&documents);
        documents.check(&read_with(&file, &options()).unwrap());
        let text = format!("\u{feff}{}", String::from_utf8(file).unwrap());
        documents.check(&read_with(text.as_bytes(), &options()).unwrap());
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            documents.check(&read_with(&utf_16(&text, unit), &options()).unwrap());
            let declared = text.replacen("UTF-8", "UTF-16", 1).split_off('\u{feff}'.len_utf8());
            documents.check(&read_with(&utf_16(&declared, unit), &options()).unwrap());
        }
        // Another program gave the elements a prefix, ended lines its own way and put in what means nothing.
        let other = text.replace("xmlns=", "xmlns:ns0=").replace("</", "</ns0:").replace("\n", "\r\n<!-- -->");
        let mut prefixed = String::new();
        for part in other.split_inclusive('<') {
            let plain = part.starts_with(['/', '?', '!']);
            prefixed.push_str(if prefixed.is_empty() || plain { "" } else { "ns0:" });
            prefixed.push_str(part);
        }
        documents.check(&read_with(prefixed.as_bytes(), &options()).unwrap());
    }
}

#[test]
fn documents_say_where_they_begin() {
    let documents = Documents::of(&["1", "[1,2]", "{}"]);
    let places: Vec<u64> =
        read_with(&written(&documents), &options()).unwrap().iter().map(|found| found.place.line).collect();
    assert_eq!(places, [3, 6, 12]);
}

#[test]
fn game_data_comes_back_the_same() {
    let Some(documents) = Documents::shared() else { return println!("skipped: the shared game data is not here") };
    let file = written(&documents);
    documents.check(&read_with(&file, &options()).unwrap());
    assert_valid(&file);
}

/// Holds a file against the schema, where there is a program for that.
fn assert_valid(file: &[u8]) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/src/exchange/xml/coffer-export.xsd");
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--huge", "--schema", schema, "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return println!("skipped: there is no xmllint here") };
    let mut input = child.stdin.take().unwrap();
    let mut errors = String::new();
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(file).unwrap());
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    });
    assert!(child.wait().unwrap().success(), "{errors}");
}

#[test]
fn exports_are_valid_by_the_schema() {
    assert!(SCHEMA.contains("targetNamespace=\"urn:coffer:export:1\""));
    assert_valid(&written(&Documents::of(&AWKWARD)));
    for seed in 100..110 {
        assert_valid(&written(&Documents::random(seed, 60)));
    }
}

#[test]
fn what_is_not_ours_is_refused_where_it_stands() {
    for (inside, line, column, reason) in [
        ("<document key=\"k\"><null/></document>", 2, 1, "a collection and a key"),
        ("<document collection=\"c\" key=\"k\"/>", 2, 1, "no value"),
        ("<documents/>", 2, 1, "no such element here: documents"),
        ("x", 1, 37, "text where none belongs: x"),
        ("<document collection=\"c\" key=\"k\">\n  <null/><null/></document>", 3, 10, "one value"),
        ("<document collection=\"c\" key=\"\\q\" key-escaped=\"true\"><null/></document>", 2, 1, "JSON string"),
        ("<document collection=\"c\" key=\"k\" lang=\"en\"><null/></document>", 2, 1, "attribute here: lang"),
        ("<document collection=\"c\" key=\"k\" key=\"l\"><null/></document>", 2, 1, "duplicated"),
    ] {
        let refused = refused(ours(inside).as_bytes(), &options());
        assert!(refused.2.contains(reason), "{inside}: {refused:?}");
        assert_eq!((refused.0, refused.1), (line, column), "{inside}");
    }
    for (value, behind, reason) in [
        ("<null>x</null>", 6, "text where none belongs"),
        ("<null><null/></null>", 6, "no such element here: null"),
        ("<number>1x</number>", 10, "no number: 1x"),
        ("<number/>", 0, "no number"),
        ("<number>01</number>", 10, "no number"),
        ("<number>+1</number>", 10, "no number"),
        ("<boolean>TRUE</boolean>", 13, "neither true nor false"),
        ("<boolean/>", 0, "a boolean without"),
        ("<object><null/></object>", 8, "has a name"),
        ("<array><null name=\"x\"/></array>", 7, "attribute here: name"),
        ("<object escaped=\"true\"/>", 0, "attribute here: escaped"),
        ("<string escaped=\"yes\"/>", 0, "neither true nor false"),
        ("<string escaped=\"true\">a\",\"b</string>", 28, "JSON string"),
        ("<object><null name=\"\\\" name-escaped=\"1\"/></object>", 8, "JSON string"),
        ("<x:null/>", 0, "no such element here: x:null"),
        ("<string><b>bold</b></string>", 8, "no such element here: b"),
    ] {
        let refused = refused(document(value).as_bytes(), &options());
        assert!(refused.2.contains(reason), "{value}: {refused:?}");
        assert_eq!((refused.0, refused.1), (2, 44 + behind), "{value}: {refused:?}");
    }
}

#[test]
fn other_formats_of_ours_are_refused_by_name() {
    let newer = "<coffer xmlns=\"urn:coffer:export:2\"/>";
    for options in [options(), lenient()] {
        assert!(
            refused(newer.as_bytes(), &options).2.contains("has format 2; this version of the library reads format 1")
        );
    }
    assert!(refused(b"<coffer/>", &options()).2.contains("without the namespace urn:coffer:export:1"));
    assert_eq!(found("<coffer xmlns=\"urn:other\">x</coffer>", &options()), [("-".into(), "\"x\"".into())]);
}

#[test]
fn lenient_reading_passes_what_is_not_ours() {
    let file = "<COFFER made-by='hand'>note <extra><document/></extra>
        <Document KEY='k' mood='good'><!-- x --><object>text<extra>1</extra><Number NAME='a'> +1.0
        </Number><BOOLEAN name='b'>TRUE</BOOLEAN><array name='c'><null name='x'/></array></object><null/></Document>
        <document collection='c'><string> as &lt;it&gt;<![CDATA[ <is> ]]>&#32;</string></document></COFFER>";
    let expected = [("k", r#"{"a":1.0,"b":true,"c":[null]}"#), ("-", r#"" as <it> <is>  ""#)];
    assert_eq!(found(file, &lenient()), expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
    refused(file.as_bytes(), &options());
    for still_wrong in ["<object><null/></object>", "<number>x</number>", "<boolean>yes</boolean>"] {
        refused(document(still_wrong).as_bytes(), &lenient());
    }
}

#[test]
fn what_is_no_xml_is_refused_where_it_stands() {
    let cases: [(&[u8], u64, u64, &str); 25] = [
        (b"", 1, 1, "holds no element"),
        (b" \n<!-- x -->\n", 3, 1, "holds no element"),
        (b"just text", 1, 1, "outside of all"),
        (b"<a>\n<b></a>", 2, 4, "expected `</b>`"),
        (b"<a>\n  <b>text", 2, 10, "cut off"),
        (b"<a>\n  <b name=\"x", 2, 3, "not closed"),
        (b"<a>\n<!-- ", 2, 1, "not closed"),
        (b"<a/>\n<b/>", 2, 1, "a second element"),
        (b"<a/>x", 1, 5, "outside of all"),
        (b"<a/>&#32;", 1, 5, "outside of all"),
        (b"</a>", 1, 1, "does not match"),
        (b"<a>\xc3\xa9&e;</a>", 1, 5, "unknown entity e"),
        (b"<a>&#0;</a>", 1, 4, "names no character"),
        (b"<a>&#xD800;</a>", 1, 4, "names no character"),
        (b"<a>&#1;</a>", 1, 4, "XML forbids"),
        (b"<a>\x00</a>", 1, 4, "XML forbids"),
        (b"<a>\n\xef\xbf\xbf</a>", 1, 4, "XML forbids"),
        (b"<a b=\"\x01\"/>", 1, 1, "XML forbids"),
        (b"<a b=\"&x;\"/>", 1, 1, "cannot be read"),
        (b"<a b=c/>", 1, 1, "cannot be read"),
        (b"<a>a & b</a>", 1, 6, "not closed"),
        (b"<a>\n ab\xff\xfe</a>", 2, 4, "UTF-8"),
        (b" <?xml version=\"1.0\"?><a/>", 1, 2, "at the very beginning"),
        (b"<?xml version=\"1.1\"?><a/>", 1, 1, "XML 1.1"),
        (b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", 1, 1, "save it as UTF-8"),
    ];
    for (file, line, column, reason) in cases {
        let refused = refused(file, &options());
        let shown = String::from_utf8_lossy(file);
        assert!(refused.2.contains(reason), "{shown}: {refused:?}");
        assert_eq!((refused.0, refused.1), (line, column), "{shown}: {refused:?}");
    }
}

#[test]
fn a_cut_off_export_is_refused_wherever_it_is_cut() {
    let documents = Documents::random(7, 6);
    let file = written(&documents);
    for length in 0..file.trim_ascii_end().len() {
        let mut all = All::default();
        refusal(read(&mut &file[..length], &options(), &mut all));
        let whole = Documents(documents.0[..all.0.len()].to_vec());
        whole.check(&all.0);
    }
}

#[test]
fn no_doctype_is_read() {
    let laughs = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;\">]>";
    let outside = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]>";
    for doctype in [laughs, outside, "<!DOCTYPE a SYSTEM \"a.dtd\">", "<!doctype html>"] {
        for root in ["<a>&b;</a>".to_owned(), ours("")] {
            for options in [options(), lenient()] {
                let refused = refused(format!("<?xml version=\"1.0\"?>\n {doctype}{root}").as_bytes(), &options);
                assert_eq!(
                    (refused.0, refused.1, refused.2.contains("DOCTYPE is refused")),
                    (2, 2, true),
                    "{refused:?}"
                );
            }
        }
    }
}

#[test]
fn depth_and_size_are_limited() {
    let nested = |depth: usize| format!("{}{}", "<array>".repeat(depth), "</array>".repeat(depth));
    assert_eq!(read_with(document(&nested(128)).as_bytes(), &options()).unwrap().len(), 1);
    assert!(refused(document(&nested(129)).as_bytes(), &options()).2.contains("deeper than 128"));
    assert!(refused(document(&"<array>".repeat(100_000)).as_bytes(), &options()).2.contains("deeper than"));
    assert!(refused("<a>".repeat(100_000).as_bytes(), &options()).2.contains("deeper than"));
    let small = Options::new(Limits { max_document_bytes: 10, max_depth: 3, max_token_bytes: 100 });
    let limited = |inside: &str| refused(inside.as_bytes(), &small).2;
    assert!(read_with(document("<string>12345678</string>").as_bytes(), &small).is_ok());
    assert!(limited(&document("<string>123456789</string>")).contains("more than 10 bytes"));
    assert!(limited(&document(&format!("<number>{}</number>", "1".repeat(80)))).contains("longer than a document"));
    assert!(limited(&format!("<a>{}</a>", "x".repeat(101))).contains("more than 100 bytes begins"));
    assert!(limited(&format!("<a><!--{}--></a>", "x".repeat(101))).contains("more than 100 bytes begins"));
    assert!(limited("<a><b>12345678901</b></a>").contains("more than 10 bytes"));
    let small = Options { limits: Limits { max_document_bytes: 1000, ..small.limits }, ..small };
    assert!(read_with(b"<r><a key='1'><b><c>1</c></b></a></r>", &small).is_ok());
    assert!(refused(b"<r><a key='1'><b><c x='1'><d><e/></d></c></b></a></r>", &small).2.contains("deeper than 3"));
    assert!(refused(b"<r><a><b><c x='1'></c></b></a></r>", &small).2.contains("deeper than 3"));
    let many: String = (0..1025).map(|at| format!(" a{at}=''")).collect();
    assert!(refused(format!("<a{many}/>").as_bytes(), &options()).2.contains("more than 1024 attributes"));
}

#[test]
fn an_endless_line_costs_no_endless_memory() {
    for start in ["<a><b>", "<a x='", "<a><!-- ", "<", "<a><![CDATA[", "<!DOCTYPE a ["] {
        let endless = start.as_bytes().chain(std::io::repeat(b'x'));
        let mut endless = std::io::BufReader::new(endless);
        let options = Options::new(Limits { max_token_bytes: 1 << 20, max_document_bytes: 1 << 20, max_depth: 8 });
        let (place, reason) = refusal(read(&mut endless, &options, &mut All::default()));
        assert_eq!((place.line, reason.contains("1048576 bytes")), (1, true), "{start} {reason}");
    }
}

#[test]
fn foreign_records_with_keys_are_documents() {
    let file = "<?xml version='1.0'?><monsters made='today'>
        <monster key='imp' level='3' dead='true'/>
        <monster><name>Ash &amp; Co</name> <key> 007 </key><hp unit='p'>12</hp><tag>a</tag><x/><tag>2</tag></monster>
        <m:other xmlns:m='urn:m' key='1.0'>some <b>bold</b> text<![CDATA[ <&> ]]></m:other></monsters>";
    let expected = [
        ("imp", r#"{"@key":"imp","@level":3,"@dead":true}"#),
        ("007", r##"{"name":"Ash & Co","key":"007","hp":{"@unit":"p","#text":12},"tag":["a",2],"x":""}"##),
        ("1.0", r##"{"@key":1.0,"b":"bold","#text":"some  text <&>"}"##),
    ];
    assert_eq!(found(file, &options()), expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
    let places: Vec<u64> =
        read_with(file.as_bytes(), &options()).unwrap().iter().map(|found| found.place.line).collect();
    assert_eq!(places, [2, 3, 4]);
    let by_name = Options { key: "id".to_owned(), ..options() };
    assert_eq!(
        found("<r><a id='x'/><a><id>y</id></a></r>", &by_name).iter().map(|found| &found.0).collect::<Vec<_>>(),
        ["x", "y"]
    );
    let missing = refused(b"<r><a key='x'/>\n<a/></r>", &options());
    assert_eq!((missing.0, missing.1, missing.2.contains("has no \"key\"")), (2, 1, true), "{missing:?}");
    refused(b"<r><a key='x'/><a><key>1</key><key>2</key></a></r>", &options());
}

#[test]
fn foreign_records_without_keys_are_one_array() {
    let one = |text: &str| vec![("-".to_owned(), text.to_owned())];
    for (file, text) in [
        ("<r><a>1</a><b x='2'/><a key='k'>3</a></r>", r##"[1,{"@x":2},{"@key":"k","#text":3}]"##),
        ("<r> <a/> </r>", r#"[""]"#),
        ("<r/>", "\"\""),
        ("<r> 5 </r>", "5"),
        ("<r a='1'>t</r>", r##"{"@a":1,"#text":"t"}"##),
        ("<r><a> &#32;x&#9; </a></r>", r#"["x"]"#),
        ("<r>\r\n<a>1\r\n2\r3</a></r>", r#"["1\n2\n3"]"#),
        ("<r><a x='1\t\r\n2'/></r>", r#"[{"@x":"1  2"}]"#),
    ] {
        assert_eq!(found(file, &options()), one(text), "{file}");
    }
    for file in ["<r>x<a/></r>", "<r><a/>x<b/></r>", "<r><a key='1'/>x</r>"] {
        assert!(refused(file.as_bytes(), &options()).2.contains("between the records"), "{file}");
        assert_eq!(found(file, &lenient()).len(), 1);
    }
}
