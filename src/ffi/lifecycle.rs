//! Opening, flushing, checkpointing and closing.

use super::boundary::{Failure, guarded};
use super::export::exported;
use super::fork::InUse;
use super::handle::Table;
use super::status::{COFFER_ERROR_INVALID_HANDLE, coffer_status};
use super::strings;
use super::{hub, plugins};
use crate::database::{Database, Loaded};
use crate::error::Error;
use crate::options::Requested;
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use std::path::Path;
use std::sync::Arc;

/// A handle on an open store. 0 is never one. Any thread may use it, several at a time.
#[allow(non_camel_case_types)]
pub type coffer_db = u64;

/// Every open database handle of this process.
pub(super) static HANDLES: Table<Database> = Table::new(0xC0);

/// The database behind a handle.
#[inline]
pub(super) fn database(db: coffer_db) -> Result<Arc<Database>, Failure> {
    HANDLES.get(db).ok_or_else(|| unknown(db))
}

/// Hands a document to `look`, which copies it out. Waits for nothing, so the handle is only looked at, not kept.
#[inline]
pub(super) fn load<T>(db: coffer_db, key: &str, look: impl FnOnce(Loaded<'_>) -> T) -> Result<T, Failure> {
    let loaded = HANDLES.with(db, |database| database.load_with(key, look));
    Ok(loaded.ok_or_else(|| unknown(db))??)
}

#[cold]
fn unknown(db: coffer_db) -> Failure {
    let message = format!("{db:#x} is no open database handle; it was closed or never given out");
    Failure::Argument { status: COFFER_ERROR_INVALID_HANDLE, message }
}

/// Opens the store in the folder `path` and writes a handle to `*out_db`.
///
/// The folder is created if it is not there. A store that this process has open already is shared: the new handle sees
/// what the others save, at once. Another process keeps it from being opened, except read-only.
///
/// A child that is forked while a handle is open shares the parent's files but not its threads: there every call returns
/// `COFFER_ERROR_FORKED` and touches nothing. Fork before the first open, or start a new program in the child (`exec`,
/// `posix_spawn`, `system`), for which none of this matters.
///
/// - `path`: UTF-8.
/// - `options_json`: a JSON object, or NULL for the defaults. Every member may be left out; an unknown one is an error.
///   For this handle: `"durability"` (`"behind"`, `"written"`, `"durable"`; written), `"plugin"` (who opens; ""),
///   `"read_only"` (false). For the store, the same in every open of it: `"create"` (true), `"recovery"` (`"strict"`
///   reports damage, `"salvage"` keeps what is whole; strict), `"flush_interval_ms"` (1 to 60,000; 250),
///   `"sync_interval_ms"` (1 to 60,000; 1,000), `"checkpoint_bytes"` (journal bytes that make a checkpoint due, 0 to
///   choose by size; 0), `"segment_bytes"` (to what size journal segments grow, 65,536 to 67,108,864; 4,194,304),
///   `"max_document_bytes"` (1 to 1,073,741,824; 67,108,864), `"max_depth"` (1 to 1,024; 128), `"versions_kept"` (how
///   many versions of each Tier 1 document stay, 1 to 2 to the power of 40; 100), `"snapshot_every_minutes"` (how often
///   the store makes an automatic snapshot if something was saved, up to 527,040; 0, never), `"snapshots_kept"` (how many
///   automatic snapshots stay besides pinned ones, 1 to 10,000; 10).
/// - `out_db`: not NULL. Close the handle with `coffer_close`.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
/// `COFFER_ERROR_BUSY` (the message names the other process), `COFFER_ERROR_NO_STORE`, `COFFER_ERROR_IO`,
/// `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_UNSUPPORTED_FORMAT`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_open(
    path: *const c_char,
    options_json: *const c_char,
    out_db: *mut coffer_db,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (path, options) =
            unsafe { (strings::text("path", path)?, strings::optional("options_json", options_json)?) };
        if out_db.is_null() {
            return Err(Failure::null("out_db"));
        }
        let in_use = InUse::begin()?;
        let database = Database::open(Path::new(path), &Requested::parse(options)?)?;
        let handle = HANDLES.insert(Arc::new(database));
        if handle == 0 {
            return Err(
                Error::InvalidArgument("too many handles are open in this process; close some".to_owned()).into()
            );
        }
        // SAFETY: not NULL, and the caller lets it be written.
        unsafe { strings::write(out_db, handle) };
        in_use.keep();
        Ok(())
    })
}

/// Returns once everything that was saved before, through any handle on this store, is on the disk.
///
/// Waits for the disk: not for the thread that draws frames. Any other thread.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_flush(db: coffer_db) -> coffer_status {
    guarded(|| Ok(database(db)?.flush()?))
}

/// Has the store's own thread write a new image and retire the journal before it, and waits until that is done.
///
/// Stores do this by themselves as the journal grows; asking for it suits a loading screen. Saves go on meanwhile.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_checkpoint(db: coffer_db) -> coffer_status {
    guarded(|| Ok(database(db)?.checkpoint()?))
}

/// Closes a handle, whatever the status. The last handle on a store makes everything certain, leaves one image file, and
/// lets other processes open it.
///
/// Calls on the same handle from other threads come back with `COFFER_ERROR_INVALID_HANDLE`. A process that ends
/// without closing loses nothing that was `written` or `durable`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`; of the last handle `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`;
/// `COFFER_ERROR_INVALID_ARGUMENT` from a callback that is told the progress of an export, or that answers a request of the
/// API that was registered through this handle: the handle then stays.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_close(db: coffer_db) -> coffer_status {
    guarded(|| {
        database(db)?.check_may_close()?;
        let database = HANDLES.remove(db).ok_or_else(|| unknown(db))?;
        let _in_use = InUse::resume();
        hub::forget(db);
        plugins::forget(db);
        Ok(database.close()?)
    })
}

/// Tells what opening found on the disk.
///
/// `out_json` receives `{"recovered_records": 12, "torn_bytes": 0, "salvaged": false, "lost": []}`: commits replayed from
/// the journal, bytes of an unfinished tail that were dropped (nothing that was acknowledged as durable), whether damage
/// was salvaged, and for each stretch that could not be kept `{"file", "offset", "bytes", "reason"}`. The text is yours:
/// give it back with `coffer_string_free`. Any thread.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_recovery_report(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        let report = strings::json(database.recovery_report()?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, report.as_bytes()) }
    })
}
