//! Replays the corpus of the fuzz targets, so that what a fuzzer once found stays found.
//!
//! Files whose bytes are no text are spelt in hexadecimal digits, with remarks. Each file is also cut at many lengths; and
//! the files of a store are damaged at every byte, with their checksums mended.
//! Invariants tested: see the modules of fuzz/bodies.

#[path = "fuzz/bodies/mod.rs"]
#[allow(dead_code)]
mod bodies;

use bodies::support::simulated_disk::SimulatedDisk;
use bodies::{calls, door, grammar, http, image, importing, journal, rules};
use coffer::database::Database;
use coffer::disk::Disk;
use coffer::exchange::Format;
use coffer::options::Options;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "the corpus of {name} is not here");
    paths.iter().map(|path| seed(path)).collect()
}

/// What a file of the corpus holds: its own bytes, or, of a `.hex`, those that it spells; what follows a `#` is a remark.
fn seed(path: &Path) -> Vec<u8> {
    if path.extension().is_none_or(|extension| extension != "hex") {
        return fs::read(path).unwrap();
    }
    let text = fs::read_to_string(path).unwrap();
    let spelt = text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    spelt
        .map(|pair| {
            assert_eq!(pair.len(), 2, "{}: {pair:?}", path.display());
            u8::from_str_radix(pair, 16).unwrap_or_else(|error| panic!("{}: {pair:?}: {error}", path.display()))
        })
        .collect()
}

/// Replays each file, whole and cut at every `step`-th length.
fn replay_cut(name: &str, step: usize, check: fn(&[u8])) {
    for bytes in corpus(name) {
        check(&bytes);
        (0..bytes.len().min(400)).step_by(step).for_each(|length| check(&bytes[..length]));
    }
}

fn replay_import(name: &str) {
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
    replay_import("json");
}

#[test]
fn the_csv_corpus_is_read_or_refused() {
    replay_import("csv");
}

#[test]
fn the_xml_corpus_is_read_or_refused() {
    replay_import("xml");
}

#[test]
fn the_door_takes_json_and_nothing_else() {
    replay_cut("door", 1, door::check);
}

#[test]
fn the_door_keeps_to_every_rule_of_the_rfc() {
    for rule in rules::RULES {
        for text in rule.json {
            assert!(grammar::depth_of(text).is_some(), "{}: the judge refuses {text:?}", rule.says);
            door::check(text.as_bytes());
            // Inside of something else it is JSON as well, and cut off it is none.
            for (text, is_json) in
                [(format!("[{text}]"), true), (format!("{{\"a\":{text}}}"), true), (format!("[{text}"), false)]
            {
                assert_eq!(grammar::depth_of(&text).is_some(), is_json, "{}: {text:?}", rule.says);
                door::check(text.as_bytes());
            }
        }
        for text in rule.not {
            assert!(grammar::depth_of(text).is_none(), "{}: the judge takes {text:?}", rule.says);
            door::check(text.as_bytes());
            door::check(format!("[1, {text} ]").as_bytes());
        }
    }
}

#[test]
fn the_gateway_answers_the_http_corpus() {
    replay_cut("http", 3, http::check);
}

#[test]
fn the_calls_corpus_does_what_the_model_does() {
    replay_cut("calls", 7, calls::check);
}

#[test]
fn the_image_corpus_is_opened_or_refused() {
    replay_cut("image", 5, image::check);
}

#[test]
fn the_journal_corpus_is_opened_or_refused() {
    replay_cut("journal", 5, journal::check);
}

/// The files of a store of a few documents: its journal as a dying process leaves it, and its image after a clean close.
fn store_files() -> (Vec<u8>, Vec<u8>) {
    let (disk, folder) = (SimulatedDisk::new(1), Path::new("/store"));
    let options = Options { background: false, segment_bytes: 64 << 10, ..Options::default() };
    let db = Database::open_on(Arc::new(disk.clone()), folder, &options).unwrap();
    for (key, text) in [("slot", "{\"hp\":10}"), ("é", "[]"), ("slot", "7"), ("party_configs", "[1]")] {
        db.save(key, text, None, None).unwrap();
    }
    db.create_snapshot(Some("s")).unwrap();
    db.clear("é", None, None).unwrap();
    let read = |prefix: &str| {
        let name = disk.list(folder).unwrap().into_iter().find(|name| name.starts_with(prefix)).unwrap();
        let file = disk.open(&folder.join(name)).unwrap();
        let mut bytes = vec![0; file.length().unwrap() as usize];
        file.read_at(&mut bytes, 0).unwrap();
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap() + 8);
        bytes
    };
    let journal = read("journal-");
    db.close().unwrap();
    (journal, read("image-"))
}

/// Damages a file at every byte and hands it to a target, once for every way to mend it or not.
fn damage(file: &[u8], wishes: &[u8], check: fn(&[u8])) {
    assert!(file.len() < 4096, "{}", file.len());
    let [low, high, ..] = file.len().to_le_bytes();
    for wish in wishes {
        for place in 0..file.len() {
            // A bit of each eight bytes, every bit in its turn, and the whole byte.
            for change in [1 << (place % 8), 0xFF] {
                let mut input = vec![*wish, low, high];
                input.extend_from_slice(file);
                input[3 + place] ^= change;
                check(&input);
            }
        }
    }
}

#[test]
fn an_image_damaged_before_and_behind_its_checksums_is_opened_or_refused() {
    damage(&store_files().1, &[0, 1, 2], image::check);
}

#[test]
fn a_journal_damaged_before_and_behind_its_checksums_is_opened_or_refused() {
    damage(&store_files().0, &[4, 3, 7, 15], journal::check);
}
