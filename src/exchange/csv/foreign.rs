//! Reads a file that another program or a hand wrote: a row of names, then rows of what is so called.
//!
//! Names are taken as they are, not as paths. Knows no bytes. Invariant: a row becomes an object of its cells that are not
//! empty, in the order of the columns; with keys, each is a document, without, all are one.

use super::reader::{Options, check_width};
use super::rows::Rows;
use super::{Flaw, cell, unreadable};
use crate::exchange::{Failure, Found, Sink};
use crate::json;
use std::collections::HashSet;

/// The column that names the documents if no other was asked for.
const KEY: &str = "key";

/// Reads the rows behind the header, which `rows` stands on.
pub fn read(rows: &mut Rows<'_>, options: &Options, sink: &mut dyn Sink) -> Result<(), Failure> {
    let columns = Columns::new(rows, options).map_err(|flaw| rows.failure(flaw))?;
    let mut all = String::new();
    let mut start = None;
    while rows.next()? {
        if rows.is_blank() {
            continue;
        }
        check_width(rows, columns.literals.len())?;
        let place = rows.start();
        let too_long = || unreadable(place, options.too_long("the document of this row"));
        let Some(key) = columns.key else {
            start.get_or_insert(place);
            all.push(if all.is_empty() { '[' } else { ',' });
            columns.push_object(rows, &mut all).map_err(|flaw| rows.failure(flaw))?;
            if all.len() >= options.max_document_bytes {
                let what = "the file has no column of keys, so it is one document, which";
                return Err(unreadable(place, options.too_long(what)));
            }
            continue;
        };
        if rows.cell(key).is_empty() {
            return Err(rows.failure(Flaw::new(key, "the row has no key")));
        }
        let mut text = String::new();
        columns.push_object(rows, &mut text).map_err(|flaw| rows.failure(flaw))?;
        if text.len() > options.max_document_bytes {
            return Err(too_long());
        }
        sink.take(Found { collection: None, key: Some(rows.cell(key).to_owned()), text, place })?;
    }
    if let Some(place) = start {
        all.push(']');
        sink.take(Found { collection: None, key: None, text: all, place })?;
    }
    Ok(())
}

struct Columns {
    /// The names as JSON strings; none where there is no name.
    literals: Vec<Option<String>>,
    key: Option<usize>,
}

impl Columns {
    fn new(header: &Rows<'_>, options: &Options) -> Result<Columns, Flaw> {
        if let Some(double) = first_double(header) {
            return Err(Flaw::new(double, format!("another column is called {:?} too", header.cell(double))));
        }
        let named = |name: &str| (0..header.cells()).find(|cell| header.cell(*cell) == name);
        let key = match &options.key_column {
            None => named(KEY),
            Some(name) => {
                let missing = || Flaw::new(0, format!("no column is called {name:?}, which was to hold the keys"));
                Some(named(name).ok_or_else(missing)?)
            }
        };
        let literal = |name: &str| {
            let mut literal = String::new();
            json::push_literal(name, &mut literal);
            Some(literal).filter(|_| !name.is_empty())
        };
        Ok(Columns { literals: (0..header.cells()).map(|cell| literal(header.cell(cell))).collect(), key })
    }

    fn push_object(&self, row: &Rows<'_>, into: &mut String) -> Result<(), Flaw> {
        into.push('{');
        let mut is_first = true;
        for (number, name) in self.literals.iter().enumerate() {
            let cell = row.cell(number);
            if cell.is_empty() {
                continue;
            }
            let Some(name) = name else { return Err(Flaw::new(number, "the cell's column has no name")) };
            into.extend([if is_first { "" } else { "," }, name, ":"]);
            is_first = false;
            match cell::boolean(cell) {
                Some(boolean) => into.push_str(boolean),
                None if json::is_number(cell) => into.push_str(cell),
                None => json::push_literal(cell, into),
            }
        }
        into.push('}');
        Ok(())
    }
}

/// The first name that stands twice in a header, which would make members that stand twice.
fn first_double(header: &Rows<'_>) -> Option<usize> {
    let mut seen = HashSet::new();
    (0..header.cells()).find(|cell| !header.cell(*cell).is_empty() && !seen.insert(header.cell(*cell)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read_with;
    use super::*;

    /// Keys and texts of what a file holds, or its line, column and flaw.
    type Read = Result<Vec<(Option<String>, String)>, (u64, u64, String)>;

    fn read_text(file: &[u8], options: &Options) -> Read {
        read_with(file, options).map(|founds| founds.into_iter().map(|found| (found.key, found.text)).collect())
    }

    fn one(text: &str) -> Read {
        Ok(vec![(None, text.to_owned())])
    }

    fn refused(file: &str) -> (u64, u64, String) {
        read_text(file.as_bytes(), &Options::default()).unwrap_err()
    }

    #[test]
    fn rows_are_objects_of_what_their_cells_seem_to_be() {
        let file = "name,hp,boss,note,a.b,tags[0]\r\n\
                    Orc,007,TRUE,,1.50,-1e5\r\n\
                    \"Elf, \"\"wood\"\"\",\"1,5\",false,null,+1,[1]\r\n\
                    ,,,,,\r\n\
                    \r\n\
                    \"two\nlines\",12345678901234567890,True,=1+1, 5,\"{\"\r\n";
        let expected = "[{\"name\":\"Orc\",\"hp\":\"007\",\"boss\":true,\"a.b\":1.50,\"tags[0]\":-1e5},\
                        {\"name\":\"Elf, \\\"wood\\\"\",\"hp\":\"1,5\",\"boss\":false,\"note\":\"null\",\"a.b\":\"+1\",\
                        \"tags[0]\":\"[1]\"},\
                        {\"name\":\"two\\nlines\",\"hp\":12345678901234567890,\"boss\":true,\"note\":\"=1+1\",\"a.b\":\" 5\",\
                        \"tags[0]\":\"{\"}]";
        assert_eq!(read_text(file.as_bytes(), &Options::default()), one(expected));
    }

    #[test]
    fn delimiters_and_encodings_are_found_out() {
        let expected = one(r#"[{"näme":"a,b;c","hp":7},{"näme":"漢😀"}]"#);
        for delimiter in [",", ";", "\t"] {
            for line_end in ["\n", "\r\n", "\r"] {
                let file = "näme|hp\n\"a,b;c\"|7\n漢😀|".replace('|', delimiter).replace('\n', line_end);
                let utf_16: Vec<u16> = file.encode_utf16().collect();
                let little: Vec<u8> = utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                let big: Vec<u8> = utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
                let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
                let files = [
                    file.clone().into_bytes(),
                    marked(b"\xef\xbb\xbf", file.as_bytes()),
                    marked(b"\xff\xfe", &little),
                    marked(b"\xfe\xff", &big),
                    little,
                    big,
                ];
                for file in files {
                    assert_eq!(read_text(&file, &Options::default()), expected, "{file:?}");
                }
            }
        }
        let piped = Options { delimiter: Some(b'|'), ..Options::default() };
        assert_eq!(read_text(b"a,b|c\n1|2\n", &piped), one("[{\"a,b\":1,\"c\":2}]"));
        assert_eq!(read_text(b"sep=;\r\na;b,c\r\n1;2", &Options::default()), one("[{\"a\":1,\"b,c\":2}]"));
        assert_eq!(read_text(b"note\na;b\n", &Options::default()), one("[{\"note\":\"a;b\"}]"));
        assert_eq!(read_text(b"\n\"a;b;c\",d\n1,2\n", &Options::default()), one("[{\"a;b;c\":1,\"d\":2}]"));
    }

    #[test]
    fn long_files_in_utf_16_are_read_on() {
        let file: String = (0..40_000).map(|at| format!("{at}, 漢😀\n")).collect();
        let file = format!("n,text\n{file}");
        let utf_16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let plain = read_text(file.as_bytes(), &Options::default()).unwrap();
        assert_eq!(read_text(&utf_16, &Options::default()).unwrap(), plain);
    }

    #[test]
    fn a_column_of_keys_makes_each_row_a_document() {
        let file = b"index,key,hp\nx,orc,7\ny,17,\n";
        let founds = read_with(file, &Options::default()).unwrap();
        assert_eq!((founds[1].place.line, founds[1].place.column), (3, 1));
        let documents = |keys: [&str; 2]| {
            let texts = ["{\"index\":\"x\",\"key\":\"orc\",\"hp\":7}", "{\"index\":\"y\",\"key\":17}"];
            Ok(keys.into_iter().map(|key| Some(key.to_owned())).zip(texts.map(str::to_owned)).collect::<Vec<_>>())
        };
        assert_eq!(read_text(file, &Options::default()), documents(["orc", "17"]));
        let index = Options { key_column: Some("index".to_owned()), ..Options::default() };
        assert_eq!(read_text(file, &index), documents(["x", "y"]));
        let missing = Options { key_column: Some("id".to_owned()), ..Options::default() };
        let (line, column, reason) = read_text(file, &missing).unwrap_err();
        assert_eq!((line, column, reason.contains("\"id\"")), (1, 1, true));
        assert_eq!(refused("key,hp\norc,1\n,2\n"), (3, 1, "the row has no key".to_owned()));
    }

    #[test]
    fn headers_must_name_their_columns() {
        assert_eq!(refused("a,b,a\n1,2,3\n"), (1, 5, "another column is called \"a\" too".to_owned()));
        assert_eq!(read_text(b"a,,b\n1,,2\n", &Options::default()), one("[{\"a\":1,\"b\":2}]"));
        assert_eq!(refused("a,,b\n1,,2\n1,9,2\n"), (3, 3, "the cell's column has no name".to_owned()));
        assert_eq!(read_text(b"a,b\n", &Options::default()), Ok(Vec::new()));
        assert_eq!(read_text(b"a,b\n,\n\n", &Options::default()), Ok(Vec::new()));
    }

    #[test]
    fn documents_are_limited() {
        let small = Options { max_document_bytes: 40, ..Options::default() };
        let flaw = |file: &str| read_text(file.as_bytes(), &small).unwrap_err();
        assert_eq!(flaw("a\n123456789\n123456789\n123456789\n").0, 4);
        assert_eq!(flaw("key,text\na,b\nb,123456789012345678901234567890\n").0, 3);
        assert!(read_text(b"a\n12345678901234567890123456789012\n", &small).is_ok());
    }
}
