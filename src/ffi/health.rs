//! How the store fares.

use super::boundary::guarded;
use super::exchange::{coffer_progress_callback, telling};
use super::export::exported;
use super::lifecycle::{coffer_db, database};
use super::status::coffer_status;
use super::strings;
use crate::database::HealthOptions;
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use std::ffi::c_void;

/// Says how the store fares, and what to do about what is not well: documented as analyzeDatabaseHealth.
///
/// - `options_json`: NULL, or `{"full": false, "quota_bytes": null}`; each may be left out. `"full"`: read everything on the
///   disk again and check it; else only what is known without that, which takes at most a millisecond at 100,000 documents
///   (the first time after opening a larger store longer: it looks at each document once). `"quota_bytes"`: how many bytes the
///   documents may have, for `"days_until_quota"`.
/// - `progress`, `context`: of the full form, told how far it is; NULL for nobody. Stopping ends the check with
///   `COFFER_ERROR_CANCELLED` and no result.
/// - `out_json`: receives the report. NULL is allowed; it is yours: give it back with `coffer_string_free`.
///
/// The report, with every time in milliseconds since the Unix epoch: `{"total_records": 12, "character_roster_size": 90,
/// "equipment_sets_size": 0, "party_configs_size": 0, "last_sync": null, "integrity_status": "OK", "trend": "growing", "full":
/// true, "took_ms": 81.5, "time_ms": 1700000000000, "sequence": 57, "score": 98, "findings": [{"points": 2, "what": "...",
/// "why": "...", "do": "..."}], "causes": [{"file": "image-0000000000000039.coffer", "offset": 65536, "reason": "..."}],
/// "collections": [{"name": "plugin_data", "documents": 9, "bytes": 4000, "largest": {"key": "slot-1", "bytes": 900},
/// "newest_save_ms": 1700000000000, "oldest_save_ms": 1690000000000}], "tier1": [{"name": "character_roster", "bytes": 90,
/// "version": 3, "versions_kept": 3}], "journal": {"segments": 1, "bytes": 4096, "live_bytes": 3072, "dead_bytes": 1024,
/// "live_share": 0.75, "checkpoint_age_ms": 5000, "unsynced_commits": 0}, "image": {"bytes": 9000, "sequence": 40},
/// "snapshots": {"count": 2, "automatic": 1, "history_bytes": 700, "oldest_ms": 1690000000000}, "disk_bytes": 80000, "latency":
/// {"save": {"count": 57, "p50_us": 2.1, "p99_us": 9.0, "max_us": 800.0, "sampled": 16}, "load": {..., "sampled": 64}, "sync":
/// {...}}, "hub": {"events": 57, "subscribers": 1, "queued": 0, "lost": 0, "plugins": 2}, "growth": {"samples": [{"time_ms":
/// 1690000000000, "documents": 10, "bytes": 3500}], "bytes_per_day": 500.0, "documents_per_day": 1.5, "days_until_quota":
/// 40.5}, "anomalies": [{"kind": "size_jump", "at_ms": 1695000000000, "what": "..."}], "checked": {"bytes": 80000, "files": 3,
/// "took_ms": 80.9, "mb_per_s": 900.0}}`.
///
/// - `"total_records"`: documents in the collections that users save to, past versions included. `"..._size"`: bytes of the
///   newest; 0 without one. `"last_sync"`: when `coffer_sync_tier1_data_to_hub` last did.
/// - `"integrity_status"`: `"CORRUPT"` if something that documents need on the disk is damaged or missing, which the next
///   opening would refuse; `"DEGRADED"` if only something else is: snapshots that cannot be brought back, saves that are
///   refused after a failed write, checkpoints that fail, what salvage could not keep at opening; else `"OK"`. `"causes"` say
///   what: the file in the store's folder (empty if it is none's), the byte, the reason. Damage inside of files that were not
///   read since is found by the full form only.
/// - `"score"`: 100 less the points of all findings; each says what was found, why it matters and what to do.
/// - `"largest"`, `"newest_save_ms"` and `"oldest_save_ms"` are of the documents that are there, and exact while nobody saves;
///   null in an empty collection. `"versions_kept"`: how many past versions are there.
/// - `"journal"`: `"live_bytes"` are those of records whose document is still as they say, each counted as a record of its
///   own; the rest is what the next checkpoint gives back. `"checkpoint_age_ms"`: since the state in the image was the present.
/// - `"latency"`: since opening. Of saves that are not durable one of `"sampled"` is measured, of loads likewise.
/// - `"hub"`: `"lost"` are events that did not fit the queues of present subscribers.
/// - `"trend"`: `"growing"`, `"shrinking"`, `"stable"`, or `"unknown"` before there are samples of an hour. Samples are kept in
///   `save_metadata/growth` by the store's own thread, at most one an hour and 256 in all, the older the sparser.
///   `"days_until_quota"` is null unless the store grows and a quota was given.
/// - `"anomalies"`: `"size_jump"`, `"rate_jump"`: what is unusual for this store. `"checked"`: null unless `"full"`.
///
/// Others save meanwhile; during the full form checkpoints wait. What a store that was opened read-only says of its journal
/// is as of now, of its documents as of opening.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
/// `COFFER_ERROR_INVALID_ARGUMENT` (the full form within the progress of an export or a check), `COFFER_ERROR_IO`,
/// `COFFER_ERROR_CANCELLED`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_analyze_database_health(
    db: coffer_db,
    options_json: *const c_char,
    progress: coffer_progress_callback,
    context: *mut c_void,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let options = HealthOptions::parse(unsafe { strings::optional("options_json", options_json)? })?;
        let health = database.analyze_health(&options, &mut telling(progress, context))?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, strings::json(&health)?.as_bytes()) }
    })
}
