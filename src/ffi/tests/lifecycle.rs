//! Opening, flushing, checkpointing and closing.

use super::*;
use crate::ffi::library::coffer_load_phase11;
use crate::ffi::lifecycle::*;

// SAFETY (of every call in this file): texts are NULL or live as long as the call, and results are NULL or may be written.

#[test]
#[cfg_attr(miri, ignore = "it opens a store on the disk")]
fn a_store_is_opened_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = std::ffi::CString::new(folder.path().to_str().unwrap()).unwrap();
    let mut db = 7;
    // SAFETY: see above.
    let mut open = |path, options| {
        // SAFETY: see above.
        let status = unsafe { coffer_open(path, options, &mut db) };
        (status, db)
    };
    let path: Text = path.as_ptr().cast();
    assert_eq!(open(NULL, NULL), (COFFER_ERROR_NULL_ARGUMENT, 7));
    assert_eq!(open(not_utf8(), NULL), (COFFER_ERROR_INVALID_UTF8, 7));
    assert_eq!(open(path, not_utf8()), (COFFER_ERROR_INVALID_UTF8, 7));
    // SAFETY: see above.
    assert_eq!(unsafe { coffer_open(path, NULL, ptr::null_mut()) }, COFFER_ERROR_NULL_ARGUMENT);
    let (status, db) = open(path, c(c"{\"plugin\": \"one\"}"));
    works(status);
    drop(Store(db));
    fails(COFFER_ERROR_INVALID_HANDLE, |_| {
        // SAFETY: any number may be closed.
        unsafe { coffer_close(db) }
    });
}

#[test]
fn an_open_store_tells_of_itself_and_a_closed_one_does_not() {
    let store = Store::new();
    // SAFETY: see above, for each.
    let report = |db, out| unsafe { coffer_recovery_report(db, out) };
    // SAFETY: see above.
    let modules = |db, out| unsafe { coffer_load_phase11(db, out) };
    // SAFETY: see above.
    let flush = |db, _| unsafe { coffer_flush(db) };
    // SAFETY: see above.
    let checkpoint = |db, _| unsafe { coffer_checkpoint(db) };
    assert!(given(|out| report(store.0, out)).contains("\"recovered_records\":0"));
    assert!(given(|out| modules(store.0, out)).len() > 2);
    works(report(store.0, UNWANTED) + modules(store.0, UNWANTED));
    works(flush(store.0, UNWANTED) + checkpoint(store.0, UNWANTED));
    checks_handle(report);
    checks_handle(modules);
    checks_handle(flush);
    checks_handle(checkpoint);
    // SAFETY: any number may be closed.
    checks_handle(|db, _| unsafe { coffer_close(db) });
}
