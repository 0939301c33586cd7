//! Snapshots, restoring, and how states differ.

use super::boundary::{Failure, guarded};
use super::export::exported;
use super::lifecycle::{coffer_db, database};
use super::status::coffer_status;
use super::strings;
use crate::database::{Database, Selection};
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use serde::Serialize;
use std::path::Path;

/// Calls `make` with the text that a caller gave and gives the result out as JSON.
///
/// # Safety
/// `text` is null or a NUL-terminated string, `out_json` is null or may be written to.
unsafe fn answer<T: Serialize>(
    db: coffer_db,
    (what, text): (&str, *const c_char),
    out_json: *mut *mut c_char,
    make: impl FnOnce(&Database, &str) -> crate::error::Result<T>,
) -> Result<(), Failure> {
    let database = database(db)?;
    // SAFETY: the caller's promise is the same.
    let text = unsafe { strings::text(what, text)? };
    let json = strings::json(&make(&database, text)?)?;
    // SAFETY: the caller's promise is the same.
    unsafe { strings::give(out_json, json.as_bytes()) }
}

/// Makes a snapshot of all documents as they are now: documented as createDatabaseSnapshot.
///
/// It costs one durable commit, whatever the size of the store, and keeps only what is changed afterwards. It stays until
/// it is deleted, through reopening, checkpoints and crashes.
///
/// - `label`: up to 256 bytes of UTF-8, not necessarily unique, and nothing that would be taken for an id or a moment; NULL
///   or empty for `database_snapshot`.
/// - `out_json`: receives `{"id": "snapshot-42", "label": "before the boss", "kind": "manual", "pinned": false,
///   "sequence": 42, "created_at_ms": 1700000000000, "documents": 3, "bytes": 512, "collections": {"plugin_data":
///   {"bytes": 480, "documents": 2}, …}, "versions": {"character_roster_v": 1, …}}`. `"kind"` is `"manual"`,
///   `"automatic"` (then `"reason"` is `"restore"` or `"schedule"`) or `"imported"` (then the id is `import-<number>`,
///   `"file"` names its file in the store's folder, and `"sequence"` counts in the store that it came from).
///   `"documents"` and `"bytes"` leave the layer's own records out. NULL is allowed; it is yours: give it back with
///   `coffer_string_free`.
///
/// Its record can be read as `save_metadata/snapshots/<id>` and is listed among the keys. It waits for the disk: not for
/// the thread that draws frames. Any thread.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_ARGUMENT`,
/// `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_create_database_snapshot(
    db: coffer_db,
    label: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let label = unsafe { strings::optional("label", label)? };
        let snapshot = strings::json(&database.create_snapshot(label)?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, snapshot.as_bytes()) }
    })
}

/// Brings back the documents of a snapshot or a moment: documented as restoreDatabaseFromSnapshot.
///
/// The documents that differ are saved or cleared in one durable commit: a crash leaves the state before or the restored
/// one. Revisions and version counters go on; the newest version of a Tier 1 document comes back as a new version, and the
/// versions between stay. Saves of other threads go on; each is before or after the restore. The state before is kept
/// as an automatic snapshot, so that restoring it undoes the restore.
///
/// - `id`: a snapshot's id; or `"latest"`, the newest snapshot; or a label, for the newest snapshot that has it; or
///   `"sequence:<number>"`, the state after that commit, or `"time:<milliseconds since 1970 UTC>"`, the state after the last
///   commit by then, as far back as the journal reaches (`coffer_list_snapshots` says how far).
/// - `options_json`: NULL, or `{"collections": ["plugin_data"], "keys": ["slot-1"], "dry_run": true}`; each may be left
///   out. With collections or keys, only those documents are restored. A dry run changes nothing and says what would be.
/// - `out_json`: receives `{"id": "snapshot-42", "sequence": 42, "dry_run": false, "commit": 57, "saved": 2, "cleared": 1,
///   "bytes": 300, "undo": "snapshot-56"}`; `"commit"` and `"undo"` are null if nothing differed, and in a dry run. A dry run adds
///   `"changes": [{"key": "slot-1", "action": "save", "bytes": 150}, …]`, with `"clear"` for what would go. NULL is
///   allowed; it is yours: give it back with `coffer_string_free`.
///
/// What is restored at once is limited to 2 GiB. Any thread but the one that draws frames.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_UNKNOWN_SNAPSHOT` (the message names the nearest ids and labels), `COFFER_ERROR_OUT_OF_REACH`,
/// `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_CORRUPT`,
/// `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_restore_database_from_snapshot(
    db: coffer_db,
    id: *const c_char,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let options = unsafe { strings::optional("options_json", options_json)? };
        // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
        unsafe { answer(db, ("id", id), out_json, |database, id| database.restore(id, &Selection::parse(options)?)) }
    })
}

/// Lists the snapshots, oldest first, and tells how far back the journal reaches.
///
/// `out_json` receives `{"snapshots": [{"id": "snapshot-42", …}, …], "journal": {"from_sequence": 40, "from_time_ms":
/// 1700000000000, "to_sequence": 57}, "history_bytes": 4096}`: each snapshot as `coffer_create_database_snapshot` tells
/// it, the moments that can be restored without a snapshot, and what past versions take on the disk, as of the last
/// checkpoint. The journal reaches back to the last checkpoint, and so to the opening of a store that was closed. It is
/// yours: give it back with `coffer_string_free`. Any thread.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_list_snapshots(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    guarded(|| {
        let list = strings::json(&database(db)?.list_snapshots()?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, list.as_bytes()) }
    })
}

/// Tells what is known of one snapshot.
///
/// - `id`: as for `coffer_restore_database_from_snapshot`, but no moment.
/// - `out_json`: as for `coffer_create_database_snapshot`.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_UNKNOWN_SNAPSHOT`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_get_snapshot(
    db: coffer_db,
    id: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
    guarded(|| unsafe { answer(db, ("id", id), out_json, Database::get_snapshot) })
}

/// Deletes a snapshot, durably. What only it kept is given back at the next checkpoint.
///
/// - `id`: as for `coffer_get_snapshot`.
///
/// Statuses: those of `coffer_get_snapshot`; `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`. Any
/// thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_delete_snapshot(db: coffer_db, id: *const c_char) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let id = unsafe { strings::text("id", id)? };
        Ok(database.delete_snapshot(id)?)
    })
}

/// Pins an automatic snapshot, so that the store never removes it by itself, or lets it go again. Others stay in any case.
///
/// - `id`: as for `coffer_get_snapshot`.
/// - `pinned`: 0 lets it go, anything else pins it.
/// - `out_json`: receives the snapshot as it is then, as for `coffer_create_database_snapshot`.
///
/// Statuses: those of `coffer_delete_snapshot`. Any thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_pin_snapshot(
    db: coffer_db,
    id: *const c_char,
    pinned: i32,
    out_json: *mut *mut c_char,
) -> coffer_status {
    // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
    guarded(|| unsafe { answer(db, ("id", id), out_json, |database, id| database.pin_snapshot(id, pinned != 0)) })
}

/// Reads again every byte on the disk that a snapshot needs, checks it, and counts the documents.
///
/// - `id`: as for `coffer_get_snapshot`.
/// - `out_json`: receives `{"id": "snapshot-42", "documents": 3, "bytes": 512, "files": 2, "file_bytes": 8192,
///   "journal_commits": 15}`: what was found and what was read. NULL is allowed; it is yours: give it back with
///   `coffer_string_free`.
///
/// Saves go on meanwhile, checkpoints wait. Statuses: those of `coffer_get_snapshot`; `COFFER_ERROR_CORRUPT` (the message
/// names file and offset), `COFFER_ERROR_IO`. Any thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_verify_snapshot(
    db: coffer_db,
    id: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
    guarded(|| unsafe { answer(db, ("id", id), out_json, Database::verify_snapshot) })
}

/// Tells how two states differ: which documents came, changed and went.
///
/// - `from`, `to`: each as `id` for `coffer_restore_database_from_snapshot`, or `"now"`. NULL as `to` means now.
/// - `out_json`: receives `{"from": {"id": "snapshot-42", "sequence": 42}, "to": {"id": "now", "sequence": 57}, "added":
///   [{"key": "slot-2", "bytes": 150}], "changed": [{"key": "slot-1", "patch": [{"op": "replace", "path": "/hp", "value":
///   7}]}], "removed": []}`. Each patch is a JSON Patch (RFC 6902), numbers digit for digit; it is empty if only the
///   layout differs. Of the Tier 1 documents, the newest are compared. It is yours: give it back with
///   `coffer_string_free`.
///
/// Statuses: those of `coffer_restore_database_from_snapshot` but for the last three and `COFFER_ERROR_READ_ONLY`. Any
/// thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_diff_snapshots(
    db: coffer_db,
    from: *const c_char,
    to: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let to = unsafe { strings::optional("to", to)? }.unwrap_or("now");
        // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
        unsafe { answer(db, ("from", from), out_json, |database, from| database.diff_snapshots(from, to)) }
    })
}

/// Loads one document as it was in a snapshot or at a moment, without restoring anything.
///
/// - `id`: as for `coffer_restore_database_from_snapshot`, or `"now"`.
/// - `key`, `out_json`: as for `coffer_load_persistent_data`.
///
/// Statuses: those of `coffer_load_persistent_data`; `COFFER_ERROR_UNKNOWN_SNAPSHOT`, `COFFER_ERROR_OUT_OF_REACH`,
/// `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_IO`. Any thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_from_snapshot(
    db: coffer_db,
    id: *const c_char,
    key: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (id, key) = unsafe { (strings::text("id", id)?, strings::text("key", key)?) };
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        database.load_from_snapshot(id, key, |loaded| unsafe { strings::give(out_json, loaded.text) })?
    })
}

/// Writes a snapshot or a moment to one file, which any store on any machine can import.
///
/// - `id`: as for `coffer_restore_database_from_snapshot`, or `"now"`.
/// - `path`: the file, UTF-8. It appears whole or not at all; a file that is there is replaced,
///   but nothing else, and none of the store's own.
/// - `out_json`: receives `{"id": "snapshot-42", "path": "town.coffer", "sequence": 42, "documents": 3, "bytes": 512,
///   "file_bytes": 1024}`. NULL is allowed; it is yours: give it back with `coffer_string_free`.
///
/// Statuses: those of `coffer_load_from_snapshot`. Any thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_export_snapshot(
    db: coffer_db,
    id: *const c_char,
    path: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let path = Path::new(unsafe { strings::text("path", path)? });
        // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
        unsafe { answer(db, ("id", id), out_json, |database, id| database.export_snapshot(id, path)) }
    })
}

/// Takes in a file that `coffer_export_snapshot` wrote, as one more snapshot. No document changes until it is restored.
///
/// - `path`: the file, UTF-8. Every byte and every document in it is checked, and it is not needed afterwards.
/// - `label`: what to call the snapshot; NULL or empty keeps the label that it had.
/// - `out_json`: receives the snapshot, as for `coffer_create_database_snapshot`.
///
/// Statuses: those of `coffer_create_database_snapshot`; `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_CORRUPT`,
/// `COFFER_ERROR_UNSUPPORTED_FORMAT`, and, for documents that this store does not take, `COFFER_ERROR_INVALID_JSON`,
/// `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`. Any thread but the one that draws frames.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_import_snapshot(
    db: coffer_db,
    path: *const c_char,
    label: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let label = unsafe { strings::optional("label", label)? };
        let import = |database: &Database, path: &str| database.import_snapshot(Path::new(path), label);
        // SAFETY: the caller gives a NUL-terminated string or NULL, and lets `out_json` be written, or it is NULL.
        unsafe { answer(db, ("path", path), out_json, import) }
    })
}
