//! Saving, loading, clearing and listing documents by key.

use super::boundary::{Failure, guarded};
use super::export::exported;
use super::lifecycle::{coffer_db, database, load};
use super::status::{COFFER_ERROR_BUFFER_TOO_SMALL, coffer_status};
use super::strings;
use crate::database::{Edit, Loaded};
use crate::error::Error;
use crate::options::Durability;
use macro_rules_attribute::apply;
use safer_ffi::c_char;

/// As a durability: the handle's own, which the option `durability` sets.
pub const COFFER_DURABILITY_DEFAULT: i32 = 0;
/// The save returns once readers see it; it is on the disk within the flush interval.
pub const COFFER_DURABILITY_BEHIND: i32 = 1;
/// The save returns once the operating system has it: it outlives this process, and a power cut after the sync interval.
pub const COFFER_DURABILITY_WRITTEN: i32 = 2;
/// The save returns once the disk has it: it outlives a power cut.
pub const COFFER_DURABILITY_DURABLE: i32 = 3;

/// As an expected revision: do not check.
pub const COFFER_ANY_REVISION: i64 = -1;

/// The most documents in one batch.
pub const COFFER_MAX_BATCH: i32 = 1_000_000;

fn durability(number: i32) -> Result<Option<Durability>, Failure> {
    match number {
        COFFER_DURABILITY_DEFAULT => Ok(None),
        COFFER_DURABILITY_BEHIND => Ok(Some(Durability::Behind)),
        COFFER_DURABILITY_WRITTEN => Ok(Some(Durability::Written)),
        COFFER_DURABILITY_DURABLE => Ok(Some(Durability::Durable)),
        _ => Err(Error::InvalidArgument(format!("{number} is no durability; they go from 0 to 3")).into()),
    }
}

fn expected(revision: i64) -> Result<Option<u64>, Failure> {
    match revision {
        COFFER_ANY_REVISION => Ok(None),
        _ => u64::try_from(revision).map(Some).map_err(|_| {
            Error::InvalidArgument(format!("{revision} is no revision; -1 checks nothing, 0 means absent")).into()
        }),
    }
}

/// Saves a document: documented as savePersistentData.
///
/// - `key`: 1 to 1,024 bytes of UTF-8. `character_roster`, `equipment_sets` and `party_configs` name the Tier 1 documents:
///   saving there adds a version.
/// - `json`: any JSON value (RFC 8259), kept byte for byte; its size and depth are limited by the options.
///
/// It lasts as the handle's durability says. Any thread.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_KEY`, `COFFER_ERROR_RESERVED_KEY`, `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`,
/// `COFFER_ERROR_TOO_DEEP`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`,
/// `COFFER_ERROR_FAILED`. After any but the last two the store is as it was; after those two, reopening tells.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_save_persistent_data(
    db: coffer_db,
    key: *const c_char,
    json: *const c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (key, json) = unsafe { (strings::text("key", key)?, strings::text("json", json)?) };
        database.save(key, json, None, None)?;
        Ok(())
    })
}

/// Loads a document exactly as it was saved: documented as loadPersistentData.
///
/// - `key`: as for saving. `character_roster` is the newest roster, `character_roster_v` the number of its versions,
///   `character_roster_v3` its version 3.
/// - `out_json`: receives a text of your own, to give back with `coffer_string_free`; NULL only asks whether it is there.
///
/// Never waits for a disk. Any thread.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_KEY`, `COFFER_ERROR_NOT_FOUND`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_persistent_data(
    db: coffer_db,
    key: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let key = unsafe { strings::text("key", key)? };
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        load(db, key, |loaded| unsafe { strings::give(out_json, loaded.text) })?
    })
}

/// Loads a document into the caller's buffer, for code that allocates nothing in a frame.
///
/// - `buffer`, `capacity`: room for the text and its NUL. NULL with capacity 0 asks for the length only.
/// - `out_length`: receives the text's length in bytes without the NUL, also with `COFFER_ERROR_BUFFER_TOO_SMALL`, when
///   length + 1 bytes are needed. NULL is allowed. If the buffer is too small nothing is written to it.
///
/// Any thread.
///
/// Statuses: those of `coffer_load_persistent_data` and `COFFER_ERROR_BUFFER_TOO_SMALL`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_persistent_data_into(
    db: coffer_db,
    key: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let key = unsafe { strings::text("key", key)? };
        if buffer.is_null() && capacity > 0 {
            return Err(Failure::null("buffer"));
        }
        load(db, key, |loaded: Loaded<'_>| {
            // SAFETY: the caller lets `out_length` and `capacity` bytes of the buffer be written, or they are NULL.
            let fits = unsafe {
                strings::write(out_length, loaded.text.len());
                strings::fill(buffer, capacity, loaded.text)
            };
            if fits { Ok(()) } else { Err(too_small(loaded.text.len(), capacity)) }
        })?
    })
}

#[cold]
fn too_small(length: usize, capacity: usize) -> Failure {
    let message = format!("the document and its NUL need {} bytes, the buffer has {capacity}", length + 1);
    Failure::Argument { status: COFFER_ERROR_BUFFER_TOO_SMALL, message }
}

/// Clears a document: documented as clearDatabaseEntry. Succeeds also when there was nothing.
///
/// - `key`: as for saving. Clearing a Tier 1 document leaves its versions and its counter.
///
/// Statuses: those of `coffer_save_persistent_data` that concern no text. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_clear_database_entry(db: coffer_db, key: *const c_char) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let key = unsafe { strings::text("key", key)? };
        Ok(database.clear(key, None, None)?)
    })
}

/// Lists every key, in byte order: documented as listDatabaseKeys.
///
/// `out_json` receives a JSON array of strings: the five collections, the three counters, the Tier 1 versions, and every
/// plug-in document. It is yours: give it back with `coffer_string_free`. Any thread.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_list_database_keys(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    guarded(|| {
        let keys = strings::json(&database(db)?.list_keys(None, None, 0)?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, keys.as_bytes()) }
    })
}

/// Lists some keys, in byte order.
///
/// - `prefix`: only keys that begin so; NULL for all.
/// - `after`: only keys behind this one, which need not exist; NULL from the first. To page, pass the last key of the page
///   before.
/// - `limit`: at most so many; 0 for all.
/// - `out_json`: as for `coffer_list_database_keys`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_list_database_keys_with(
    db: coffer_db,
    prefix: *const c_char,
    after: *const c_char,
    limit: usize,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (prefix, after) = unsafe { (strings::optional("prefix", prefix)?, strings::optional("after", after)?) };
        let keys = strings::json(&database.list_keys(prefix, after, limit)?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, keys.as_bytes()) }
    })
}

/// Loads a document with its revision and the time of its save.
///
/// - `out_json`: as for `coffer_load_persistent_data`.
/// - `out_revision`: receives 1, 2, 3 …; of a Tier 1 document, its version.
/// - `out_saved_at_ms`: receives milliseconds since 1970-01-01 UTC.
///
/// Each of the three may be NULL. Statuses: those of `coffer_load_persistent_data`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_entry(
    db: coffer_db,
    key: *const c_char,
    out_json: *mut *mut c_char,
    out_revision: *mut u64,
    out_saved_at_ms: *mut i64,
) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let key = unsafe { strings::text("key", key)? };
        load(db, key, |loaded| {
            // SAFETY: the caller lets the results be written, or they are NULL. The one that can fail comes first.
            unsafe {
                strings::give(out_json, loaded.text)?;
                strings::write(out_revision, loaded.revision);
                strings::write(out_saved_at_ms, loaded.saved_at_ms as i64);
            }
            Ok(())
        })?
    })
}

/// Saves a document with everything that can be chosen.
///
/// - `key`, `json`: as for `coffer_save_persistent_data`.
/// - `expected_revision`: the revision that the save replaces, 0 if the document must not exist, or
///   `COFFER_ANY_REVISION`. If another save came between, the status is `COFFER_ERROR_CONFLICT` and nothing changed.
/// - `durability`: one of `COFFER_DURABILITY_…`.
/// - `out_revision`: receives the new revision; NULL is allowed.
///
/// Statuses: those of `coffer_save_persistent_data`, `COFFER_ERROR_CONFLICT`, `COFFER_ERROR_INVALID_ARGUMENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_save_entry(
    db: coffer_db,
    key: *const c_char,
    json: *const c_char,
    expected_revision: i64,
    durability: i32,
    out_revision: *mut u64,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (key, json) = unsafe { (strings::text("key", key)?, strings::text("json", json)?) };
        let revision = database.save(key, json, expected(expected_revision)?, self::durability(durability)?)?;
        // SAFETY: the caller lets `out_revision` be written, or it is NULL.
        unsafe { strings::write(out_revision, revision) };
        Ok(())
    })
}

/// Clears a document with everything that can be chosen; the parameters are those of `coffer_save_entry`.
///
/// Statuses: those of `coffer_clear_database_entry`, `COFFER_ERROR_CONFLICT`, `COFFER_ERROR_INVALID_ARGUMENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_clear_entry(
    db: coffer_db,
    key: *const c_char,
    expected_revision: i64,
    durability: i32,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let key = unsafe { strings::text("key", key)? };
        Ok(database.clear(key, expected(expected_revision)?, self::durability(durability)?)?)
    })
}

/// Saves and clears several documents as one commit: all of it is there afterwards, and after any crash, or none of it.
///
/// - `keys`: `count` keys, each once.
/// - `documents`: `count` JSON texts; a NULL clears the key.
/// - `expected_revisions`: `count` revisions as for `coffer_save_entry`, or NULL to check none. One conflict and nothing
///   changes.
/// - `count`: up to `COFFER_MAX_BATCH`; 0 changes nothing. The documents have at most 2 GiB together.
/// - `durability`: one of `COFFER_DURABILITY_…`.
/// - `out_sequence`: receives the commit's sequence number in the store; NULL is allowed.
///
/// Statuses: those of `coffer_save_entry`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_save_batch(
    db: coffer_db,
    keys: *const *const c_char,
    documents: *const *const c_char,
    expected_revisions: *const i64,
    count: usize,
    durability: i32,
    out_sequence: *mut u64,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        if count > COFFER_MAX_BATCH as usize {
            let reason = format!("a batch of {count} is too large; it takes up to {COFFER_MAX_BATCH} documents");
            return Err(Error::InvalidArgument(reason).into());
        }
        // SAFETY: the caller gives arrays of `count` elements or NULL.
        let (keys, documents) =
            unsafe { (strings::array("keys", keys, count)?, strings::array("documents", documents, count)?) };
        let revisions = if expected_revisions.is_null() { 0 } else { count };
        // SAFETY: as above.
        let revisions = unsafe { strings::array("expected_revisions", expected_revisions, revisions)? };
        let revisions = revisions.iter().copied().chain(std::iter::repeat(COFFER_ANY_REVISION));
        let mut edits = Vec::with_capacity(count);
        for ((key, document), revision) in keys.iter().zip(documents).zip(revisions) {
            // SAFETY: each element is a NUL-terminated string or NULL.
            let (key, text) = unsafe { (strings::text("a key", *key)?, strings::optional("a document", *document)?) };
            edits.push(Edit { key, text, expected: expected(revision)? });
        }
        let sequence = database.save_batch(&edits, self::durability(durability)?)?;
        // SAFETY: the caller lets `out_sequence` be written, or it is NULL.
        unsafe { strings::write(out_sequence, sequence) };
        Ok(())
    })
}
