//! How much memory an import and an export need beside the documents: what a designer's tool or a game has to spare.
//!
//! Counts what this process has allocated, so it is a test program of its own with one test. Invariant tested: neither grows
//! with the file, in any format.

use coffer::database::{Database, Edit, ImportOptions};
use coffer::disk::RealDisk;
use coffer::options::Options;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, watched.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocated before, at most, and after some work.
fn watched<T>(work: impl FnOnce() -> T) -> (usize, usize, usize, T) {
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let outcome = work();
    (before, MOST.load(Ordering::Relaxed), NOW.load(Ordering::Relaxed), outcome)
}

const DOCUMENTS: usize = 2000;
/// Bytes of a document's text, about.
const TEXT: usize = 20_000;
/// What may be in use beside the documents, whatever the size of the file.
const SPARE: usize = 6 << 20;

fn open(folder: &Path) -> Database {
    // No checkpoint of the background thread's shall be counted.
    let options = Options { background: false, ..Options::default() };
    Database::open_on(Arc::new(RealDisk), folder, &options).unwrap()
}

fn text(number: usize) -> String {
    let members: Vec<String> = (0..TEXT / 40).map(|member| format!(r#""m{member}":"{number:020} of it""#)).collect();
    format!("{{{}}}", members.join(","))
}

fn fill(db: &Database) {
    for first in (0..DOCUMENTS).step_by(100) {
        let named: Vec<(String, String)> =
            (first..first + 100).map(|number| (format!("key/{number:05}"), text(number))).collect();
        let edits: Vec<Edit<'_>> =
            named.iter().map(|(key, text)| Edit { key, text: Some(text), expected: None }).collect();
        db.save_batch(&edits, None).unwrap();
    }
}

#[test]
fn neither_exporting_nor_importing_holds_more_than_the_documents() {
    let folder = tempfile::tempdir().unwrap();
    let from = open(&folder.path().join("from"));
    fill(&from);
    for format in ["json", "csv", "xml"] {
        let file = folder.path().join(format!("file.{format}"));
        let export = || from.export_for_sharing(Some(format), Some(&file), &mut |_, _| true).unwrap();
        let (before, most, _, written) = watched(export);
        let bytes = written.bytes as usize;
        assert!(bytes > 4 * SPARE, "{format}: {bytes} bytes show nothing");
        assert!(most - before < SPARE, "{format}: exporting {bytes} bytes took {} of memory", most - before);

        let into = open(&folder.path().join(format));
        let import = || into.import_from_external(&file, None, &ImportOptions::default(), &mut |_, _| true).unwrap();
        let (_, most, after, taken) = watched(import);
        assert_eq!(taken.saved, DOCUMENTS as u64);
        assert!(after > DOCUMENTS * TEXT / 2, "{format}: the documents are in memory now");
        assert!(most - after < SPARE, "{format}: importing {bytes} bytes took {} beside them", most - after);
    }
}
