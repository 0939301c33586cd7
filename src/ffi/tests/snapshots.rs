//! Snapshots: made, looked at, compared, restored, and taken elsewhere.

use super::*;
use crate::ffi::documents::coffer_save_persistent_data;
use crate::ffi::snapshots::*;

// SAFETY (of every call in this file): texts are NULL or live for ever, and results are NULL or may be written.

/// A store with a snapshot named `one`, after which its document was changed.
fn with_a_snapshot() -> Store {
    let store = Store::new();
    // SAFETY: see above.
    unsafe {
        works(coffer_save_persistent_data(store.0, c(c"key"), c(c"{\"n\": 1}")));
        works(coffer_create_database_snapshot(store.0, c(c"one"), UNWANTED));
        works(coffer_save_persistent_data(store.0, c(c"key"), c(c"{\"n\": 2}")));
    }
    store
}

#[test]
fn a_snapshot_is_made_with_a_label_or_without() {
    let store = with_a_snapshot();
    // SAFETY: see above.
    let make = |db, label, out| unsafe { coffer_create_database_snapshot(db, label, out) };
    assert!(given(|out| make(store.0, c(c"two"), out)).contains("two"));
    assert!(given(|out| make(store.0, NULL, out)).contains("\"id\""));
    checks_optional(&store, make);
    // SAFETY: see above.
    let list = |db, out| unsafe { coffer_list_snapshots(db, out) };
    assert!(given(|out| list(store.0, out)).contains("one"));
    checks_handle(list);
}

#[test]
fn each_function_that_takes_a_snapshot_checks_its_name_and_gives_its_result() {
    let store = with_a_snapshot();
    let id = c(c"one");
    type Call = fn(coffer_db, Text, Out) -> i32;
    // SAFETY: see above, for each.
    let calls: [Call; 6] = [
        |db, id, out| unsafe { coffer_get_snapshot(db, id, out) },
        |db, id, out| unsafe { coffer_pin_snapshot(db, id, 1, out) },
        |db, id, out| unsafe { coffer_verify_snapshot(db, id, out) },
        |db, id, out| unsafe { coffer_diff_snapshots(db, id, NULL, out) },
        |db, id, out| unsafe { coffer_load_from_snapshot(db, id, c(c"key"), out) },
        |db, id, out| unsafe { coffer_restore_database_from_snapshot(db, id, NULL, out) },
    ];
    for call in calls {
        assert!(given(|out| call(store.0, id, out)).len() > 2);
        works(call(store.0, id, UNWANTED));
        checks_text(&store, call);
    }
    // SAFETY: see above.
    unsafe {
        fails(COFFER_ERROR_INVALID_UTF8, |out| coffer_diff_snapshots(store.0, id, not_utf8(), out));
        fails(COFFER_ERROR_NULL_ARGUMENT, |out| coffer_load_from_snapshot(store.0, id, NULL, out));
        fails(COFFER_ERROR_INVALID_UTF8, |out| coffer_load_from_snapshot(store.0, id, not_utf8(), out));
        fails(COFFER_ERROR_INVALID_UTF8, |out| coffer_restore_database_from_snapshot(store.0, id, not_utf8(), out));
        works(coffer_restore_database_from_snapshot(store.0, id, c(c"{\"keys\": [\"key\"]}"), UNWANTED));
        checks_text(&store, |db, id, _| coffer_delete_snapshot(db, id));
        works(coffer_pin_snapshot(store.0, id, 0, UNWANTED));
        works(coffer_delete_snapshot(store.0, id));
    }
}

#[test]
fn a_snapshot_goes_to_a_file_and_comes_from_one() {
    let (store, path) = (with_a_snapshot(), c(c"/elsewhere/one.coffer"));
    // SAFETY: see above.
    let write = |db, id, path, out| unsafe { coffer_export_snapshot(db, id, path, out) };
    // SAFETY: see above.
    let read = |db, path, label, out| unsafe { coffer_import_snapshot(db, path, label, out) };
    assert!(given(|out| write(store.0, c(c"one"), path, out)).contains("one.coffer"));
    assert!(given(|out| read(store.0, path, c(c"from elsewhere"), out)).contains("from elsewhere"));
    works(read(store.0, path, NULL, UNWANTED));
    checks_text(&store, |db, id, out| write(db, id, path, out));
    fails(COFFER_ERROR_NULL_ARGUMENT, |out| write(store.0, c(c"one"), NULL, out));
    fails(COFFER_ERROR_INVALID_UTF8, |out| write(store.0, c(c"one"), not_utf8(), out));
    checks_text(&store, |db, path, out| read(db, path, NULL, out));
    fails(COFFER_ERROR_INVALID_UTF8, |out| read(store.0, path, not_utf8(), out));
}
