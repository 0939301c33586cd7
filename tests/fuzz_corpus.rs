//! Replays the corpus of the fuzz targets, so that what a fuzzer once found stays found.
//!
//! Each file is also cut at every length, and read as each of the other formats. Invariant tested: see support/importing.rs.

#[path = "support/importing.rs"]
mod importing;

use coffer::exchange::Format;
use std::fs;
use std::path::Path;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "the corpus of {name} is not here");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn replay(name: &str) {
    for bytes in corpus(name) {
        for format in [Format::Json, Format::Csv, Format::Xml] {
            importing::import(format, &bytes);
        }
        let format = Format::parse(name).unwrap();
        for length in 0..bytes.len().min(400) {
            importing::import(format, &bytes[..length]);
        }
        // The same in UTF-16.
        if let Ok(text) = String::from_utf8(bytes) {
            let units: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            importing::import(format, &units);
        }
    }
}

#[test]
fn the_json_corpus_is_read_or_refused() {
    replay("json");
}

#[test]
fn the_csv_corpus_is_read_or_refused() {
    replay("csv");
}

#[test]
fn the_xml_corpus_is_read_or_refused() {
    replay("xml");
}
