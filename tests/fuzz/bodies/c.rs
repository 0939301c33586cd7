//! The functions of the C interface that `calls` makes, each with its pointers made here and nowhere else.
//!
//! It checks nothing of what comes back but who owns it. Invariant: every pointer that is passed is NULL or good for what the
//! header says; every text that is given out is freed.

use coffer::ffi::{documents, library, lifecycle, snapshots, versions};
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// A text as C has it: NUL-terminated, or NULL.
pub type Text = Option<CString>;

fn pointer<T>(text: &Text) -> *const T {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr().cast())
}

/// A status, and the text that was given out, if one was.
pub type Told = (i32, Option<String>);

/// Makes a call that gives out a text, or is given NULL in its place.
fn told<T>(wanted: bool, call: impl FnOnce(*mut *mut T) -> i32) -> Told {
    let mut out: *mut T = ptr::null_mut();
    let status = call(if wanted { &raw mut out } else { ptr::null_mut() });
    if out.is_null() {
        assert!(status != 0 || !wanted, "it worked, and gave out nothing");
        return (status, None);
    }
    assert_eq!(status, 0, "it failed, and gave out a text");
    // SAFETY: a text that was given out is NUL-terminated and ours until it is freed.
    let text = unsafe { CStr::from_ptr(out.cast::<c_char>()) }.to_str().expect("a text is UTF-8").to_owned();
    // SAFETY: it came from the library and is freed once.
    unsafe { library::coffer_string_free(out.cast()) };
    (status, Some(text))
}

pub fn open(path: &Text, options: &Text, wanted: bool) -> (i32, u64) {
    let mut handle = 0;
    let out = if wanted { &raw mut handle } else { ptr::null_mut() };
    // SAFETY: the texts are NUL-terminated or NULL, `out` is NULL or may be written.
    (unsafe { lifecycle::coffer_open(pointer(path), pointer(options), out) }, handle)
}

pub fn close(db: u64) -> i32 {
    // SAFETY: a handle may be any number.
    unsafe { lifecycle::coffer_close(db) }
}

pub fn flush(db: u64) -> i32 {
    // SAFETY: as above.
    unsafe { lifecycle::coffer_flush(db) }
}

pub fn checkpoint(db: u64) -> i32 {
    // SAFETY: as above.
    unsafe { lifecycle::coffer_checkpoint(db) }
}

pub fn save(db: u64, key: &Text, json: &Text) -> i32 {
    // SAFETY: the texts are NUL-terminated or NULL.
    unsafe { documents::coffer_save_persistent_data(db, pointer(key), pointer(json)) }
}

pub fn save_entry(db: u64, key: &Text, json: &Text, expected: i64, durability: i32) -> (i32, u64) {
    let mut revision = 0;
    let out = &raw mut revision;
    // SAFETY: the texts are NUL-terminated or NULL, `out` may be written.
    let status = unsafe { documents::coffer_save_entry(db, pointer(key), pointer(json), expected, durability, out) };
    (status, revision)
}

pub fn clear(db: u64, key: &Text) -> i32 {
    // SAFETY: the text is NUL-terminated or NULL.
    unsafe { documents::coffer_clear_database_entry(db, pointer(key)) }
}

pub fn clear_entry(db: u64, key: &Text, expected: i64, durability: i32) -> i32 {
    // SAFETY: the text is NUL-terminated or NULL.
    unsafe { documents::coffer_clear_entry(db, pointer(key), expected, durability) }
}

pub fn load(db: u64, key: &Text, wanted: bool) -> Told {
    // SAFETY: the text is NUL-terminated or NULL, `out` is NULL or may be written.
    told(wanted, |out| unsafe { documents::coffer_load_persistent_data(db, pointer(key), out) })
}

/// The status, the length that was told, and the buffer, which was full of 0xAA before.
pub fn load_into(db: u64, key: &Text, capacity: usize, is_null: bool) -> (i32, usize, Vec<u8>) {
    let (mut buffer, mut length) = (vec![0xAA_u8; capacity], usize::MAX);
    let room = if is_null { ptr::null_mut() } else { buffer.as_mut_ptr() };
    // SAFETY: the text is NUL-terminated or NULL, the buffer has `capacity` bytes or is NULL, the length may be written.
    let status = unsafe {
        documents::coffer_load_persistent_data_into(db, pointer(key), room.cast(), capacity, &raw mut length)
    };
    (status, length, buffer)
}

/// The status, the text and the revision.
pub fn load_entry(db: u64, key: &Text) -> (i32, Option<String>, u64) {
    let (mut revision, mut saved_at_ms) = (0, -1);
    let (status, text) = told(true, |out| {
        // SAFETY: the text is NUL-terminated or NULL, the results may be written.
        unsafe { documents::coffer_load_entry(db, pointer(key), out, &raw mut revision, &raw mut saved_at_ms) }
    });
    assert!((status == 0) == (saved_at_ms >= 0), "a time goes with a document");
    (status, text, revision)
}

pub fn list(db: u64, prefix: &Text, after: &Text, limit: usize) -> Told {
    // SAFETY: the texts are NUL-terminated or NULL, `out` may be written.
    told(true, |out| unsafe {
        documents::coffer_list_database_keys_with(db, pointer(prefix), pointer(after), limit, out)
    })
}

/// One wish of a batch: key, text or NULL, the revision that is expected.
pub type Wish = (Text, Text, i64);

pub fn save_batch(db: u64, wishes: &[Wish], with_revisions: bool, durability: i32) -> i32 {
    let keys: Vec<_> = wishes.iter().map(|(key, ..)| pointer(key)).collect();
    let texts: Vec<_> = wishes.iter().map(|(_, text, _)| pointer(text)).collect();
    let revisions: Vec<i64> = wishes.iter().map(|(.., expected)| *expected).collect();
    let revisions = if with_revisions { revisions.as_ptr() } else { ptr::null() };
    let (count, nowhere) = (wishes.len(), ptr::null_mut());
    // SAFETY: the arrays have `count` elements, each NUL-terminated or NULL; revisions may be NULL.
    unsafe { documents::coffer_save_batch(db, keys.as_ptr(), texts.as_ptr(), revisions, count, durability, nowhere) }
}

pub fn snapshot(db: u64, label: &Text) -> Told {
    // SAFETY: the text is NUL-terminated or NULL, `out` may be written.
    told(true, |out| unsafe { snapshots::coffer_create_database_snapshot(db, pointer(label), out) })
}

pub fn restore(db: u64, id: &Text, options: &Text) -> Told {
    // SAFETY: the texts are NUL-terminated or NULL, `out` may be written.
    told(true, |out| unsafe {
        snapshots::coffer_restore_database_from_snapshot(db, pointer(id), pointer(options), out)
    })
}

pub fn load_version(db: u64, document: &Text, version: u64) -> Told {
    // SAFETY: the text is NUL-terminated or NULL, `out` may be written.
    told(true, |out| unsafe { versions::coffer_load_version(db, pointer(document), version, out) })
}

pub fn last_error() -> String {
    // SAFETY: the text is this thread's until its next call, and copied at once.
    let text = unsafe { CStr::from_ptr(library::coffer_last_error().cast::<c_char>()) };
    text.to_str().expect("an error is UTF-8").to_owned()
}

pub fn status_name(status: i32) -> String {
    // SAFETY: the name is static.
    let name = unsafe { CStr::from_ptr(library::coffer_status_name(status).cast::<c_char>()) };
    name.to_str().expect("a name is ASCII").to_owned()
}
