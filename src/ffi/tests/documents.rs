//! Saving, loading, listing and clearing documents, one by one and together.

use super::*;
use crate::ffi::documents::*;
use crate::ffi::status::{COFFER_ERROR_BUFFER_TOO_SMALL, COFFER_ERROR_INVALID_ARGUMENT, COFFER_ERROR_NOT_FOUND};

// SAFETY (of every call in this file): texts are NULL or live for ever, arrays have the elements that are said, and results
// are NULL or may be written.

fn save(db: coffer_db, key: Text, json: Text) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_save_persistent_data(db, key, json) }
}

fn load(db: coffer_db, key: Text, out: Out) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_load_persistent_data(db, key, out) }
}

#[test]
fn a_document_comes_back_as_it_was_saved() {
    let store = Store::new();
    works(save(store.0, c(c"key"), c(c"{\"a\": 1}")));
    assert_eq!(given(|out| load(store.0, c(c"key"), out)), "{\"a\": 1}");
    works(load(store.0, c(c"key"), UNWANTED));
    fails(COFFER_ERROR_NOT_FOUND, |out| load(store.0, c(c"other"), out));
    checks_text(&store, |db, key, _| save(db, key, c(c"1")));
    checks_text(&store, |db, json, _| save(db, c(c"key"), json));
    checks_text(&store, load);
}

#[test]
fn a_buffer_takes_the_document_or_says_what_it_needs() {
    let store = Store::new();
    works(save(store.0, c(c"key"), c(c"[1, 2]")));
    let mut room = [b'x'; 8];
    let mut length = 0;
    let mut into = |capacity: usize, length: &mut usize| {
        let buffer = if capacity == 0 { ptr::null_mut() } else { room.as_mut_ptr().cast() };
        // SAFETY: see above; no more than the room is said to be there.
        let status = unsafe { coffer_load_persistent_data_into(store.0, c(c"key"), buffer, capacity, length) };
        (status, room)
    };
    assert_eq!(into(0, &mut length).0, COFFER_ERROR_BUFFER_TOO_SMALL);
    assert_eq!(length, 6);
    assert_eq!(into(6, &mut length), (COFFER_ERROR_BUFFER_TOO_SMALL, *b"xxxxxxxx"));
    assert_eq!(into(7, &mut length), (COFFER_OK, *b"[1, 2]\0x"));
    // SAFETY: see above.
    let (unwanted, none) = unsafe {
        (
            coffer_load_persistent_data_into(store.0, c(c"key"), room.as_mut_ptr().cast(), 8, ptr::null_mut()),
            coffer_load_persistent_data_into(store.0, c(c"key"), ptr::null_mut(), 8, &mut length),
        )
    };
    assert_eq!((unwanted, none), (COFFER_OK, COFFER_ERROR_NULL_ARGUMENT));
    checks_text(&store, |db, key, _| {
        // SAFETY: see above.
        unsafe { coffer_load_persistent_data_into(db, key, ptr::null_mut(), 0, ptr::null_mut()) }
    });
}

#[test]
fn an_entry_has_a_revision_and_a_time() {
    let store = Store::new();
    let (mut revision, mut time) = (0_u64, 0_i64);
    let save = |db, key, json, expected, durability, revision: *mut u64| {
        // SAFETY: see above.
        unsafe { coffer_save_entry(db, key, json, expected, durability, revision) }
    };
    works(save(store.0, c(c"key"), c(c"1"), 0, COFFER_DURABILITY_DURABLE, &mut revision));
    works(save(store.0, c(c"key"), c(c"2"), 1, COFFER_DURABILITY_BEHIND, ptr::null_mut()));
    assert_eq!(revision, 1);
    // SAFETY: see above.
    let loaded = given(|out| unsafe { coffer_load_entry(store.0, c(c"key"), out, &mut revision, &mut time) });
    assert_eq!((loaded.as_str(), revision), ("2", 2));
    assert!(time > 1_600_000_000_000);
    // SAFETY: see above.
    works(unsafe { coffer_load_entry(store.0, c(c"key"), UNWANTED, ptr::null_mut(), ptr::null_mut()) });
    for (expected, durability) in [(-2, 0), (i64::MIN, 0), (-1, 4), (-1, -1), (-1, i32::MAX)] {
        let status = save(store.0, c(c"key"), c(c"1"), expected, durability, &mut revision);
        assert_eq!((status, revision), (COFFER_ERROR_INVALID_ARGUMENT, 2));
    }
    checks_text(&store, |db, key, _| save(db, key, c(c"1"), -1, 0, ptr::null_mut()));
    checks_text(&store, |db, json, _| save(db, c(c"key"), json, -1, 0, ptr::null_mut()));
    checks_text(&store, |db, key, out| {
        // SAFETY: see above.
        unsafe { coffer_load_entry(db, key, out, ptr::null_mut(), ptr::null_mut()) }
    });
}

#[test]
fn keys_are_listed_and_cleared() {
    let store = Store::new();
    for key in [c"a1", c"a2", c"b"] {
        works(save(store.0, c(key), c(c"1")));
    }
    let list = |db, prefix, after, limit, out| {
        // SAFETY: see above.
        unsafe { coffer_list_database_keys_with(db, prefix, after, limit, out) }
    };
    // SAFETY: see above.
    let all = |db, out| unsafe { coffer_list_database_keys(db, out) };
    let listed = given(|out| all(store.0, out));
    assert!(listed.starts_with(r#"["a1","a2","b","character_roster","#), "with the collections' own keys: {listed}");
    works(all(store.0, UNWANTED));
    checks_handle(all);
    assert_eq!(given(|out| list(store.0, c(c"a"), c(c"a1"), usize::MAX, out)), r#"["a2"]"#);
    assert_eq!(given(|out| list(store.0, NULL, NULL, 1, out)), r#"["a1"]"#);
    checks_optional(&store, |db, prefix, out| list(db, prefix, NULL, 0, out));
    checks_optional(&store, |db, after, out| list(db, NULL, after, 0, out));
    // SAFETY: see above.
    let clear = |db, key| unsafe { coffer_clear_database_entry(db, key) };
    // SAFETY: see above.
    let clear_entry = |db, key| unsafe { coffer_clear_entry(db, key, COFFER_ANY_REVISION, COFFER_DURABILITY_WRITTEN) };
    works(clear(store.0, c(c"a1")));
    works(clear_entry(store.0, c(c"a2")));
    assert!(given(|out| all(store.0, out)).starts_with(r#"["b","character_roster","#));
    checks_text(&store, |db, key, _| clear(db, key));
    checks_text(&store, |db, key, _| clear_entry(db, key));
}

#[test]
fn a_batch_is_read_element_by_element() {
    let store = Store::new();
    let batch = |db, keys: &[Text], documents: &[Text], revisions: Option<&[i64]>, sequence: *mut u64| {
        let revisions = revisions.map_or(ptr::null(), <[i64]>::as_ptr);
        // SAFETY: see above; the arrays are equally long.
        unsafe { coffer_save_batch(db, keys.as_ptr(), documents.as_ptr(), revisions, keys.len(), 0, sequence) }
    };
    let (keys, mut sequence) = ([c(c"a"), c(c"b")], 0);
    works(batch(store.0, &keys, &[c(c"1"), c(c"2")], Some(&[0, -1]), &mut sequence));
    assert_eq!(sequence, 1);
    works(batch(store.0, &keys, &[NULL, c(c"3")], None, ptr::null_mut()));
    works(batch(store.0, &[], &[], None, ptr::null_mut()));
    assert_eq!(given(|out| load(store.0, c(c"b"), out)), "3");
    let wrong = |keys: &[Text; 2], documents: &[Text; 2]| batch(store.0, keys, documents, None, ptr::null_mut());
    assert_eq!(wrong(&[c(c"a"), NULL], &[NULL, NULL]), COFFER_ERROR_NULL_ARGUMENT);
    assert_eq!(wrong(&[c(c"a"), not_utf8()], &[NULL, NULL]), COFFER_ERROR_INVALID_UTF8);
    assert_eq!(wrong(&keys, &[NULL, not_utf8()]), COFFER_ERROR_INVALID_UTF8);
    // SAFETY: see above; too many elements are found before one is read.
    let counted = |keys: *const Text, documents: *const Text, count: usize| unsafe {
        coffer_save_batch(store.0, keys, documents, ptr::null(), count, 0, ptr::null_mut())
    };
    assert_eq!(counted(ptr::null(), keys.as_ptr(), 2), COFFER_ERROR_NULL_ARGUMENT);
    assert_eq!(counted(keys.as_ptr(), ptr::null(), 2), COFFER_ERROR_NULL_ARGUMENT);
    works(counted(ptr::null(), ptr::null(), 0));
    for many in [COFFER_MAX_BATCH as usize + 1, usize::MAX] {
        assert_eq!(counted(keys.as_ptr(), keys.as_ptr(), many), COFFER_ERROR_INVALID_ARGUMENT);
    }
    checks_handle(|db, _| batch(db, &keys, &[NULL, NULL], None, ptr::null_mut()));
}
