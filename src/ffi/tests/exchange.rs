//! Export, import and the health report, with a callback that is told how far they are.

use super::*;
use crate::ffi::documents::coffer_save_persistent_data;
use crate::ffi::exchange::*;
use crate::ffi::health::coffer_analyze_database_health;
use crate::ffi::status::COFFER_ERROR_CANCELLED;

// SAFETY (of every call in this file): texts are NULL or live for ever, results are NULL or may be written, and a context is
// NULL where there is no callback and else a host that lives.

/// # Safety
/// As for `Host::note_call`.
unsafe extern "C" fn go_on(context: *mut c_void, _done: u64, _total: u64) -> i32 {
    // SAFETY: the caller's promise is the same.
    unsafe { Host::note_call(context) };
    0
}

/// # Safety
/// As for `Host::note_call`.
unsafe extern "C" fn stop(context: *mut c_void, _done: u64, _total: u64) -> i32 {
    // SAFETY: the caller's promise is the same.
    unsafe { Host::note_call(context) };
    1
}

fn with_documents() -> Store {
    let store = Store::new();
    for key in [c"a", c"b"] {
        // SAFETY: see above.
        works(unsafe { coffer_save_persistent_data(store.0, c(key), c(c"{\"n\": 1}")) });
    }
    store
}

#[test]
fn what_is_exported_is_imported_and_whoever_asks_is_told_of_it() {
    let (store, host, path) = (with_documents(), Host::default(), c(c"/elsewhere/out.json"));
    let write = |db, format, path, call, out| {
        // SAFETY: see above.
        unsafe { coffer_export_database_for_sharing(db, format, path, call, host.context(), out) }
    };
    let read = |db, path, format, options, call, out| {
        // SAFETY: see above.
        unsafe { coffer_import_database_from_external(db, path, format, options, call, host.context(), out) }
    };
    assert!(given(|out| write(store.0, c(c"JSON"), path, Some(go_on), out)).contains("\"documents\":2"));
    works(write(store.0, NULL, path, None, UNWANTED));
    let told = host.uses().0;
    assert!(told > 0, "the callback was never called");
    assert!(given(|out| read(store.0, path, c(c"json"), NULL, Some(go_on), out)).len() > 2);
    works(read(store.0, path, NULL, c(c"{\"dry_run\": true}"), None, UNWANTED));
    assert!(host.uses().0 > told, "the callback was never called");
    fails(COFFER_ERROR_CANCELLED, |out| write(store.0, NULL, path, Some(stop), out));
    fails(COFFER_ERROR_CANCELLED, |out| read(store.0, path, NULL, NULL, Some(stop), out));
    checks_optional(&store, |db, format, out| write(db, format, path, None, out));
    fails(COFFER_ERROR_INVALID_UTF8, |out| write(store.0, NULL, not_utf8(), None, out));
    checks_text(&store, |db, path, out| read(db, path, NULL, NULL, None, out));
    fails(COFFER_ERROR_INVALID_UTF8, |out| read(store.0, path, not_utf8(), NULL, None, out));
    fails(COFFER_ERROR_INVALID_UTF8, |out| read(store.0, path, NULL, not_utf8(), None, out));
}

#[test]
fn a_full_check_tells_how_far_it_is() {
    let (store, host) = (with_documents(), Host::default());
    let examine = |db, options, call, out| {
        // SAFETY: see above.
        unsafe { coffer_analyze_database_health(db, options, call, host.context(), out) }
    };
    assert!(given(|out| examine(store.0, NULL, None, out)).len() > 2);
    works(examine(store.0, c(c"{\"full\": true}"), Some(go_on), UNWANTED));
    checks_optional(&store, |db, options, out| examine(db, options, None, out));
}
