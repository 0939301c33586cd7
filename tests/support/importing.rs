//! What must hold of a reader whatever bytes it gets; for the fuzz targets and the replay of their corpus.
//!
//! Invariant checked: a reader neither panics nor hands out what is no document, it says where it stopped, and what it handed
//! out is read back the same after it was written in each format.

use coffer::exchange::{self, Failure, Format, Found, Head, Limits, ReadOptions, Record, Sink, Source};

#[derive(Default)]
struct Documents(Vec<Found>);

impl Sink for Documents {
    fn take(&mut self, found: Found) -> Result<(), Failure> {
        let valid = serde_json::from_str::<&serde_json::value::RawValue>(&found.text);
        assert!(valid.is_ok(), "{:?} is no JSON: {valid:?}", found.text);
        assert!(found.place.line > 0 && found.place.column > 0);
        self.0.push(found);
        Ok(())
    }
}

impl Source for Documents {
    fn each(&self, visit: &mut dyn FnMut(Record<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        for (number, found) in self.0.iter().enumerate() {
            visit(Record { collection: "plugin_data", key: &format!("document-{number:06}"), text: &found.text })?;
        }
        Ok(())
    }
}

/// Reads bytes as a file.
fn read(format: Format, bytes: &[u8], lenient: bool) -> (Documents, Result<(), Failure>) {
    let limits = Limits::of_documents(1 << 16, 32);
    let options = ReadOptions { key_column: None, lenient, whole: false, limits };
    let (mut documents, mut input) = (Documents::default(), bytes);
    let outcome = exchange::read(format, &mut input, &options, &mut documents);
    (documents, outcome)
}

/// Reads bytes as a file of a format, strictly and leniently, and checks what comes out.
pub fn import(format: Format, bytes: &[u8]) {
    for lenient in [false, true] {
        let (documents, outcome) = read(format, bytes, lenient);
        match outcome {
            Ok(()) => there_and_back(&documents),
            Err(Failure::Unreadable { place, reason }) => {
                assert!(place.line > 0 && !reason.is_empty() && !reason.contains('\n'), "{place:?} {reason}");
            }
            Err(other) => panic!("a reader of bytes in memory fails with {other:?}"),
        }
    }
}

fn there_and_back(documents: &Documents) {
    let count = documents.0.len() as u64;
    let head = Head { version: "0.0.0".to_owned(), sequence: 1, time_ms: 1, documents: count, counters: Vec::new() };
    for format in [Format::Json, Format::Csv, Format::Xml] {
        let mut file = Vec::new();
        exchange::write(format, documents, &head, &mut file).expect("memory takes it");
        let (again, outcome) = read(format, &file, false);
        assert!(outcome.is_ok(), "{format:?}: {outcome:?}\n{}", String::from_utf8_lossy(&file));
        assert_eq!(documents.0.len(), again.0.len(), "{format:?}");
        for (before, after) in documents.0.iter().zip(&again.0) {
            assert!(coffer::json::same(&before.text, &after.text), "{format:?}: {} {}", before.text, after.text);
        }
    }
}
