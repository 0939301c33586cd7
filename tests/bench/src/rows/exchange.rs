//! Export and import of 100,000 documents, beside the bare file and the bare parsers on the same bytes.
//!
//! Invariant: the bare contenders read and write exactly what the library reads and writes; an import goes into an empty
//! store, and only its call is timed.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::Documents;
use crate::folder::Folder;
use crate::measure::{Contender, Measured, interleave};
use crate::progress::Progress;
use crate::report::{Line, Report};
use quick_xml::events::Event;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

const FORMATS: [&str; 3] = ["json", "csv", "xml"];

/// What is measured of a format: the library's own work and the bare work on the same bytes.
const NAMES: [[&str; 4]; 3] = [
    ["json export", "json write", "json import", "json parse"],
    ["csv export", "csv write", "csv import", "csv parse"],
    ["xml export", "xml write", "xml import", "xml parse"],
];

pub fn run(context: &Context, report: &mut Report) {
    let progress = Progress::new("exchange");
    let documents = Documents::new("slot", context.choose(MANY, 2000));
    let folder = context.workplace.folder("exchange");
    let store = Store::open(&folder.path().join("from"), "{}");
    for at in 0..documents.len() {
        store.save(documents.key(at), documents.text(at), coffer::BEHIND);
    }
    store.checkpoint();
    let files = FORMATS.map(|format| folder.path().join(format!("data.{format}")));
    for (format, file) in FORMATS.iter().zip(&files) {
        store.export(&text(format), &path(file));
    }
    let mut contenders = Vec::new();
    for (at, file) in files.iter().enumerate() {
        contenders.extend(contenders_of(at, file, &store, &folder));
    }
    let measured = interleave(&progress, context.choose(9, 1), contenders);
    for (at, file) in files.iter().enumerate() {
        let bytes = fs::metadata(file).expect("the file is there").len() as f64;
        lines(at, bytes, &measured, report);
    }
}

fn text(text: &str) -> CString {
    CString::new(text).expect("text without NUL")
}

fn path(path: &Path) -> CString {
    text(path.to_str().expect("a path in UTF-8"))
}

/// Times one call a round.
fn timed<'a>(name: &'static str, mut work: impl FnMut() + 'a) -> Contender<'a> {
    Contender::new(name, move |_, samples| {
        let start = Instant::now();
        work();
        samples.push(start.elapsed().as_nanos() as f64);
    })
}

fn contenders_of<'a>(at: usize, file: &'a Path, store: &'a Store, folder: &'a Folder) -> Vec<Contender<'a>> {
    let [export, write, import, parse] = NAMES[at];
    let (format, out) = (FORMATS[at], folder.path().join(format!("out.{}", FORMATS[at])));
    let bare_out = folder.path().join("bare");
    vec![
        timed(export, move || store.export(&text(format), &path(&out))),
        bare_write(at, write, file, bare_out),
        Contender::new(import, move |round, samples| {
            let into = folder.path().join(format!("to-{format}-{round}"));
            let store = Store::open(&into, "{}");
            let start = Instant::now();
            store.import(&path(file), &text(format));
            samples.push(start.elapsed().as_nanos() as f64);
            store.close();
            fs::remove_dir_all(&into).expect("the store's folder");
        }),
        timed(parse, move || bare_parse(at, file)),
    ]
}

/// Writes the same bytes with the bare file calls or the bare writers, and makes them certain.
fn bare_write<'a>(at: usize, name: &'static str, file: &Path, out: std::path::PathBuf) -> Contender<'a> {
    let bytes = fs::read(file).expect("the file is there");
    let mut csv_rows = Vec::new();
    let mut events = Vec::new();
    match at {
        1 => {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
            csv_rows = reader.byte_records().map(|row| row.expect("a row")).collect();
        }
        2 => {
            let mut reader = quick_xml::Reader::from_reader(bytes.as_slice());
            loop {
                match reader.read_event().expect("an event") {
                    Event::Eof => break,
                    event => events.push(event.into_owned()),
                }
            }
        }
        _ => {}
    }
    timed(name, move || {
        let mut file = BufWriter::with_capacity(256 << 10, File::create(&out).expect("a file"));
        match at {
            0 => file.write_all(&bytes).expect("the disk takes it"),
            1 => {
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut file);
                for row in &csv_rows {
                    writer.write_byte_record(row).expect("the disk takes it");
                }
                writer.flush().expect("the disk takes it");
            }
            _ => {
                let mut writer = quick_xml::Writer::new(&mut file);
                for event in &events {
                    writer.write_event(event.borrow()).expect("the disk takes it");
                }
            }
        }
        let file = file.into_inner().expect("the disk takes it");
        file.sync_all().expect("the disk takes it");
    })
}

fn bare_parse(at: usize, file: &Path) {
    match at {
        0 => {
            let bytes = fs::read(file).expect("the file is there");
            let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            std::hint::black_box(value);
        }
        1 => {
            let reader = BufReader::with_capacity(256 << 10, File::open(file).expect("the file is there"));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(reader);
            let mut row = csv::ByteRecord::new();
            while reader.read_byte_record(&mut row).expect("a row") {
                std::hint::black_box(&row);
            }
        }
        _ => {
            let reader = BufReader::with_capacity(256 << 10, File::open(file).expect("the file is there"));
            let mut reader = quick_xml::Reader::from_reader(reader);
            let mut buffer = Vec::new();
            while !matches!(reader.read_event_into(&mut buffer).expect("an event"), Event::Eof) {
                buffer.clear();
            }
        }
    }
}

fn lines(at: usize, bytes: f64, measured: &Measured, report: &mut Report) {
    let [export, write, import, parse] = NAMES[at];
    let bare = [["a plain write", "serde_json"], ["the csv crate", "the csv crate"], ["quick-xml", "quick-xml"]][at];
    let least = [[0.5, 0.6], [0.5, 0.5], [0.5, 0.5]][at];
    for (number, (work, floor)) in [(export, write), (import, parse)].into_iter().enumerate() {
        let (mine, theirs) = (measured.get(work), measured.get(floor));
        let speed = 1.0 / mine.ratio(theirs);
        let rate = |time: f64| format!("{:.0} MB/s", bytes / time * 1e3);
        report.add(
            Line::new(
                format!("{work} of {:.0} MB", bytes / 1e6),
                format!("{}, {speed:.2} × {}", rate(mine.median()), bare[number]),
            )
            .target(format!("{} × {}", least[number], bare[number]), least[number] / speed)
            .floor(rate(theirs.median())),
        );
    }
}
