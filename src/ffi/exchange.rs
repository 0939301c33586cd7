//! Export to and import from files of other programs.

use super::boundary::{Failure, guarded};
use super::export::exported;
use super::lifecycle::{coffer_db, database};
use super::status::coffer_status;
use super::strings;
use crate::database::ImportOptions;
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use std::ffi::c_void;
use std::path::Path;

/// Called now and then during work that lasts: the context, and how much of it is done, in bytes. Return 0 to go on, anything
/// else to stop: the work then ends with `COFFER_ERROR_CANCELLED` and leaves nothing behind. Called on the thread that
/// works, which keeps checkpoints waiting: it may load and save; what would wait for the work itself (closing, checkpoints,
/// snapshots, another export, import or full check of the same store) is refused as an argument during an export or a check.
/// It must not throw an exception or jump out.
#[allow(non_camel_case_types)]
pub type coffer_progress_callback = Option<unsafe extern "C" fn(context: *mut c_void, done: u64, total: u64) -> i32>;

/// Has a C callback told how far a work is.
pub(super) fn telling(callback: coffer_progress_callback, context: *mut c_void) -> impl FnMut(u64, u64) -> bool {
    move |done, total| match callback {
        // SAFETY: the caller gave the two together, for this call.
        Some(call) => unsafe { call(context, done, total) == 0 },
        None => true,
    }
}

/// Writes every document of this moment to a file that other programs read: documented as exportDatabaseForSharing.
///
/// - `format`: `"json"`, `"csv"` or `"xml"`, in any case; NULL for JSON.
/// - `path`: UTF-8; NULL for `database_export_YYYYMMDD_HHMMSS.<format>` (UTC) in the store's folder, with `_2` and so on
///   before the dot if there is one already. A file that is there is
///   replaced when the new one is complete and on the disk; none of the store's own files can be named.
/// - `progress`, `context`: told how far it is; NULL for nobody.
/// - `out_json`: receives `{"path": "out.json", "format": "json", "bytes": 5120, "documents": 12, "sequence": 57, "sha256":
///   "9f86...", "time_ms": 1700000000000}`, bytes and hash of the file, and the last commit that is in it. NULL is allowed; it
///   is yours: give it back with `coffer_string_free`.
///
/// The file has the newest of each Tier 1 document, their past versions, and the plug-ins' documents; importing it into an
/// empty store gives the same documents, numbers digit for digit and members in order. README shows the formats. Others save
/// meanwhile; checkpoints wait. The record `save_metadata/last_export` is kept, unless the handle is read-only or the
/// store takes no changes.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_IO`,
/// `COFFER_ERROR_CANCELLED`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_export_database_for_sharing(
    db: coffer_db,
    format: *const c_char,
    path: *const c_char,
    progress: coffer_progress_callback,
    context: *mut c_void,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (format, path) = unsafe { (strings::optional("format", format)?, strings::optional("path", path)?) };
        let written = database.export_for_sharing(format, path.map(Path::new), &mut telling(progress, context))?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, strings::json(&written)?.as_bytes()) }
    })
}

/// Takes in the documents of a file, in one durable commit that keeps the state before as an automatic snapshot: documented
/// as importDatabaseFromExternal.
///
/// - `path`: UTF-8. What `coffer_export_database_for_sharing` wrote, or a JSON object or array, a CSV file with a row of names,
///   or an XML file of anybody's; UTF-8 or UTF-16. README says what becomes of those.
/// - `format`: `"json"`, `"csv"` or `"xml"`, in any case; NULL to tell by the file's beginning.
/// - `options_json`: NULL, or `{"mode": "merge", "on_conflict": "overwrite", "collections": ["plugin_data"], "key_column":
///   "id", "key": "monsters", "dry_run": false, "lenient": false, "whole": false, "data": false}`; each may be left out. `"mode"`: `"merge"`
///   leaves documents that the file does not have, `"replace"` clears them. `"on_conflict"`, of a document that is there with
///   another text: `"overwrite"`, `"skip"` or `"fail"`. `"collections"`: only these; all. `"key_column"`: the column or
///   member that is the key of a record in a file that is not ours; `key`. `"key"`: of a document that the file gives no
///   key; the file's name without its ending. `"dry_run"`: only say what would change. `"lenient"`: pass what is only
///   carelessly written in XML. `"whole"`: a JSON file is one document. `"data"`: the result has the Tier 1 documents of the file.
/// - `progress`, `context`: told how far the file is read; NULL for nobody.
/// - `out_json`: receives `{"path": "in.csv", "format": "csv", "file_bytes": 5120, "dry_run": false, "documents": 12, "saved":
///   9, "unchanged": 2, "cleared": 0, "skipped": 1, "skipped_documents": [{"key": "a", "line": 7, "column": 1, "reason":
///   "..."}], "commit": 58, "undo": "snapshot-57"}`, the first 100 of those that were skipped, with line and column 0 where it
///   was the store that decided; `"commit"` and `"undo"` are
///   null if nothing changed; restore `"undo"` to undo it. NULL is allowed; it is yours: give it back with
///   `coffer_string_free`.
///
/// On any error nothing has changed. Past versions of Tier 1 documents are taken in if the store has none of its own. All
/// documents together may have 2 GiB; besides them, which the store then holds, an import needs little memory. While its
/// one record is written (not while the file is read) others' saves wait. A dry run also works on a read-only handle.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_UNREADABLE` (the message names line and
/// column), `COFFER_ERROR_CONFLICT`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_CANCELLED`,
/// `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_import_database_from_external(
    db: coffer_db,
    path: *const c_char,
    format: *const c_char,
    options_json: *const c_char,
    progress: coffer_progress_callback,
    context: *mut c_void,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (path, format, options) = unsafe {
            (
                strings::text("path", path)?,
                strings::optional("format", format)?,
                strings::optional("options_json", options_json)?,
            )
        };
        let options = ImportOptions::parse(options)?;
        let mut tell = telling(progress, context);
        let taken: Result<_, Failure> =
            database.import_from_external(Path::new(path), format, &options, &mut tell).map_err(Failure::from);
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, strings::json(&taken?)?.as_bytes()) }
    })
}
