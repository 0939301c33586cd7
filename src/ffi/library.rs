//! The library itself: version, last error, status names, strings, live handles, and which modules it has.

use super::boundary::guarded;
use super::export::exported;
use super::lifecycle::{HANDLES, coffer_db, database};
use super::status::coffer_status;
use super::{boundary, fork, status, strings};
use macro_rules_attribute::apply;
use safer_ffi::c_char;

/// The shape of this interface. It goes up with every change that breaks a caller, and only then.
pub const COFFER_ABI_VERSION: u32 = 2;

/// The library's version as text, `"0.1.0"`.
///
/// The text is static: do not free it. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The `COFFER_ABI_VERSION` that the library was built with; compare it with the header's before the first call.
///
/// Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_abi_version() -> u32 {
    COFFER_ABI_VERSION
}

/// Why the last call on this thread failed, in one line that names the key, path or byte offset; empty after a success.
///
/// Never NULL. The text belongs to the library and changes with this thread's next call that returns a status: copy it
/// if it has to last. At most 1,023 bytes.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_last_error() -> *const c_char {
    boundary::message()
}

/// The name of a status, `"COFFER_ERROR_BUSY"`; `"unknown status"` for any other number.
///
/// The text is static: do not free it. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_status_name(status: i32) -> *const c_char {
    status::name_of(status).as_ptr().cast()
}

/// Says which modules of the documented layer are there: documented as load_phase11.
///
/// `out_json` receives `{"integration_hub": {"present": true, "version": "0.2.0", "origin": "built_in"}, "backup_restore":
/// {...}, "analytics": {...}, "import_export": {...}, "api_gateway": {"present": false, "version": null, "origin":
/// "left_out"}}`. `"origin"` is `"built_in"`, `"left_out"` of this build, or `"host"` if the host supplied it
/// (`coffer_hub_supply`). What is not there is no error here; an operation that needs it fails with
/// `COFFER_ERROR_MODULE_ABSENT` and changes nothing. It is yours: give it back with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_phase11(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    guarded(|| {
        let found = strings::json(&database(db)?.load_phase11()?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, found.as_bytes()) }
    })
}

/// How many handles are open in this process: 0 after everything was closed, for tests that look for leaks.
///
/// Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_live_handles() -> usize {
    // A forked child has none, and the locks of its parent's may be held for ever.
    if fork::is_child() { 0 } else { HANDLES.count() }
}

/// Gives back a text that this library handed out through a `char **`.
///
/// `text` may be NULL. Each text is given back once, from any thread, and with this function only.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_string_free(text: *mut c_char) {
    // SAFETY: the caller gives back a text of ours, once, or NULL.
    unsafe { strings::free(text) }
}
