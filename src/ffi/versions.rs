//! The three Tier 1 documents and their versions.

use super::boundary::{Failure, guarded};
use super::export::exported;
use super::lifecycle::{coffer_db, database};
use super::status::coffer_status;
use super::strings;
use crate::document::Collection;
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use serde_json::{Map, Value};

/// # Safety
/// `json` is null or a NUL-terminated string.
unsafe fn save(db: coffer_db, document: Collection, json: *const c_char) -> Result<(), Failure> {
    let database = database(db)?;
    // SAFETY: the caller's promise is the same.
    let json = unsafe { strings::text("json", json)? };
    database.save_newest(document, json)?;
    Ok(())
}

/// # Safety
/// `out_json` is null or may be written to.
unsafe fn load(db: coffer_db, document: Collection, out_json: *mut *mut c_char) -> Result<(), Failure> {
    // SAFETY: the caller's promise is the same.
    database(db)?.load_newest(document, |loaded| unsafe { strings::give(out_json, loaded.text) })?
}

/// Saves the next version of the character roster: documented as saveCharacterRosterState.
///
/// `json` is any JSON value. Its version is one more than the counter `character_roster_v`. The newest versions stay, as
/// many as the option `versions_kept` says.
/// Statuses: those of `coffer_save_persistent_data`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_save_character_roster_state(db: coffer_db, json: *const c_char) -> coffer_status {
    // SAFETY: the caller gives a NUL-terminated string or NULL.
    guarded(|| unsafe { save(db, Collection::CharacterRoster, json) })
}

/// Loads the newest character roster: documented as loadCharacterRosterState.
///
/// `out_json` receives a text of your own, to give back with `coffer_string_free`; NULL only asks whether there is one.
/// Statuses: those of `coffer_load_persistent_data`; `COFFER_ERROR_NOT_FOUND` before the first save. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_character_roster_state(
    db: coffer_db,
    out_json: *mut *mut c_char,
) -> coffer_status {
    // SAFETY: the caller lets `out_json` be written, or it is NULL.
    guarded(|| unsafe { load(db, Collection::CharacterRoster, out_json) })
}

/// Saves the next version of the equipment: documented as saveEquipmentConfig. See
/// `coffer_save_character_roster_state`; the counter is `equipment_sets_v`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_save_equipment_config(db: coffer_db, json: *const c_char) -> coffer_status {
    // SAFETY: the caller gives a NUL-terminated string or NULL.
    guarded(|| unsafe { save(db, Collection::EquipmentSets, json) })
}

/// Loads the newest equipment: documented as loadEquipmentConfig. See `coffer_load_character_roster_state`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_equipment_config(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    // SAFETY: the caller lets `out_json` be written, or it is NULL.
    guarded(|| unsafe { load(db, Collection::EquipmentSets, out_json) })
}

/// Saves the next version of the party: documented as savePartyConfig. See `coffer_save_character_roster_state`; the
/// counter is `party_configs_v`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_save_party_config(db: coffer_db, json: *const c_char) -> coffer_status {
    // SAFETY: the caller gives a NUL-terminated string or NULL.
    guarded(|| unsafe { save(db, Collection::PartyConfigs, json) })
}

/// Loads the newest party: documented as loadPartyConfig. See `coffer_load_character_roster_state`.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_party_config(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    // SAFETY: the caller lets `out_json` be written, or it is NULL.
    guarded(|| unsafe { load(db, Collection::PartyConfigs, out_json) })
}

/// Loads one version of a Tier 1 document.
///
/// - `document`: `"character_roster"`, `"equipment_sets"` or `"party_configs"`.
/// - `version`: 1 or more.
/// - `out_json`: as for `coffer_load_persistent_data`.
///
/// Statuses: those of `coffer_load_persistent_data`; `COFFER_ERROR_INVALID_ARGUMENT` for another document. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_load_version(
    db: coffer_db,
    document: *const c_char,
    version: u64,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let document = unsafe { strings::text("document", document)? };
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        database.load_version(document, version, |loaded| unsafe { strings::give(out_json, loaded.text) })?
    })
}

/// Makes an earlier version of a Tier 1 document the newest one, by saving it again as a new version: nothing is lost, and
/// rolling back can itself be rolled back.
///
/// - `document`: as for `coffer_load_version`.
/// - `version`: the version to go back to.
/// - `out_version`: receives the number of the new version; NULL is allowed.
///
/// It lasts as the handle's durability says. Statuses: those of `coffer_load_version` and of
/// `coffer_save_persistent_data`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_roll_back_version(
    db: coffer_db,
    document: *const c_char,
    version: u64,
    out_version: *mut u64,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let document = unsafe { strings::text("document", document)? };
        let new_version = database.roll_back(document, version)?;
        // SAFETY: the caller lets `out_version` be written, or it is NULL.
        unsafe { strings::write(out_version, new_version) };
        Ok(())
    })
}

/// Tells how two versions of a Tier 1 document differ.
///
/// - `document`: as for `coffer_load_version`.
/// - `from`, `to`: versions; 0 stands for the newest.
/// - `out_json`: receives a JSON Patch (RFC 6902) that turns `from` into `to`, `[]` if both mean the same. It is yours:
///   give it back with `coffer_string_free`.
///
/// Statuses: those of `coffer_load_version`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_diff_versions(
    db: coffer_db,
    document: *const c_char,
    from: u64,
    to: u64,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let document = unsafe { strings::text("document", document)? };
        let patch = database.diff_versions(document, from, to)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, patch.get().as_bytes()) }
    })
}

/// Lists the versions of a Tier 1 document, oldest first.
///
/// - `document`: as for `coffer_load_version`.
/// - `out_json`: receives `[{"version": 1, "saved_at_ms": 1700000000000, "bytes": 12}, …]`, `[]` before the first save. It
///   is yours: give it back with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_list_versions(
    db: coffer_db,
    document: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let document = unsafe { strings::text("document", document)? };
        let versions = strings::json(&database.list_versions(document)?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, versions.as_bytes()) }
    })
}

/// Tells the three version counters.
///
/// `out_json` receives `{"character_roster_v": 3, "equipment_sets_v": 1, "party_configs_v": 0}`. It is yours: give it back
/// with `coffer_string_free`. Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_version_counters(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    guarded(|| {
        let counters = database(db)?.version_counters()?;
        let counters: Map<String, Value> = counters.into_iter().map(|(name, count)| (name, count.into())).collect();
        let counters = strings::json(&counters)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, counters.as_bytes()) }
    })
}
