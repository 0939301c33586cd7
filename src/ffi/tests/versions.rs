//! The three Tier 1 documents and their versions.

use super::*;
use crate::ffi::status::COFFER_ERROR_NOT_FOUND;
use crate::ffi::versions::*;

// SAFETY (of every call in this file): texts are NULL or live for ever, and results are NULL or may be written.

type Save = unsafe extern "C" fn(coffer_db, Text) -> i32;
type Load = unsafe extern "C" fn(coffer_db, Out) -> i32;

#[test]
fn each_document_is_saved_and_loaded() {
    let store = Store::new();
    let pairs: [(Save, Load); 3] = [
        (coffer_save_character_roster_state, coffer_load_character_roster_state),
        (coffer_save_equipment_config, coffer_load_equipment_config),
        (coffer_save_party_config, coffer_load_party_config),
    ];
    for (save, load) in pairs {
        // SAFETY: see above.
        let (save, load) = (|db, json| unsafe { save(db, json) }, |db, out| unsafe { load(db, out) });
        fails(COFFER_ERROR_NOT_FOUND, |out| load(store.0, out));
        works(save(store.0, c(c"{\"n\": 1}")));
        assert_eq!(given(|out| load(store.0, out)), "{\"n\": 1}");
        works(load(store.0, UNWANTED));
        checks_text(&store, |db, json, _| save(db, json));
        checks_handle(load);
    }
}

#[test]
fn versions_are_looked_at_compared_and_brought_back() {
    let store = Store::new();
    let document = c(c"character_roster");
    for json in [c"{\"n\": 1}", c"{\"n\": 2}"] {
        // SAFETY: see above.
        works(unsafe { coffer_save_character_roster_state(store.0, c(json)) });
    }
    // SAFETY: see above.
    let load = |db, name, out| unsafe { coffer_load_version(db, name, 1, out) };
    // SAFETY: see above.
    let compare = |db, name, out| unsafe { coffer_diff_versions(db, name, 1, 2, out) };
    // SAFETY: see above.
    let list = |db, name, out| unsafe { coffer_list_versions(db, name, out) };
    assert_eq!(given(|out| load(store.0, document, out)), "{\"n\": 1}");
    assert!(given(|out| compare(store.0, document, out)).contains("/n"));
    assert!(given(|out| list(store.0, document, out)).contains("\"version\":2"));
    works(load(store.0, document, UNWANTED) + compare(store.0, document, UNWANTED) + list(store.0, document, UNWANTED));
    let mut version = 0;
    // SAFETY: see above.
    let back = |db, name, version: *mut u64| unsafe { coffer_roll_back_version(db, name, 1, version) };
    works(back(store.0, document, &mut version));
    assert_eq!(version, 3);
    works(back(store.0, document, ptr::null_mut()));
    // SAFETY: see above.
    let counters = |db, out| unsafe { coffer_version_counters(db, out) };
    assert!(given(|out| counters(store.0, out)).contains("\"character_roster_v\":4"));
    checks_handle(counters);
    checks_text(&store, load);
    checks_text(&store, compare);
    checks_text(&store, list);
    checks_text(&store, |db, name, _| back(db, name, ptr::null_mut()));
}
