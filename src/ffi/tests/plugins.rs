//! Plug-ins and calls among them: requests, answers, and contexts.

use super::*;
use crate::ffi::plugins::*;
use crate::ffi::status::{COFFER_ERROR_CALL_FAILED, COFFER_ERROR_NOT_FOUND, COFFER_ERROR_PENDING};

// SAFETY (of every call in this file): texts are NULL or live for ever, results are NULL or may be written, and a context is a
// host that lives longer than its store.

const PLUGIN: &CStr = c"{\"name\": \"p\", \"version\": \"1.0.0\", \"exports\": [\"m\"]}";
const DIRECT: &CStr = c"{\"name\": \"p\", \"version\": \"1.0.0\", \"exports\": [\"m\"], \"direct\": true}";

/// # Safety
/// As for `Host::note_call`.
unsafe extern "C" fn called(context: *mut c_void, request: u64, caller: Text, method: Text, json: Text) {
    // SAFETY: the caller's promise is the same.
    unsafe { Host::note_call(context) };
    assert_eq!((copy(caller).as_str(), copy(method).as_str()), ("", "m"));
    // SAFETY: see above.
    let status = unsafe {
        match copy(json).as_str() {
            "1" => coffer_hub_answer(request, c(c"[1]")),
            _ => coffer_hub_refuse(request, c(c"not today")),
        }
    };
    assert_eq!(status, COFFER_OK);
}

fn register(store: &Store, plugin: Text, call: coffer_method_callback, host: &Host) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_hub_register_plugin(store.0, plugin, call, host.context(), Some(free)) }
}

fn unregister(db: coffer_db, name: Text) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_hub_unregister_plugin(db, name) }
}

fn call(db: coffer_db, plugin: Text, method: Text, json: Text, out: Out) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_hub_call(db, plugin, method, json, 0, out) }
}

fn begin(db: coffer_db, plugin: Text, method: Text, json: Text, out: *mut u64) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_hub_begin_call(db, plugin, method, json, 60_000, out) }
}

fn outcome(begun: u64, out: Out) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_hub_await_call(begun, 0, out) }
}

#[test]
fn a_direct_plugin_answers_and_refuses() {
    let (host, store) = (Host::default(), Store::new());
    works(register(&store, c(DIRECT), Some(called), &host));
    let (p, m) = (c(c"p"), c(c"m"));
    assert_eq!(given(|out| call(store.0, p, m, c(c"1"), out)), "[1]");
    works(call(store.0, p, m, c(c"1"), UNWANTED));
    fails(COFFER_ERROR_CALL_FAILED, |out| call(store.0, p, m, c(c"2"), out));
    checks_text(&store, |db, plugin, out| call(db, plugin, m, c(c"1"), out));
    checks_text(&store, |db, method, out| call(db, p, method, c(c"1"), out));
    checks_text(&store, |db, json, out| call(db, p, m, json, out));
    let mut begun = 0;
    for (plugin, method, json) in [(NULL, m, m), (p, NULL, m), (p, m, NULL), (p, m, not_utf8())] {
        assert!(begin(store.0, plugin, method, json, &mut begun) < 0 && begun == 0);
    }
    assert_eq!(begin(store.0, p, m, c(c"1"), ptr::null_mut()), COFFER_ERROR_NULL_ARGUMENT);
    works(begin(store.0, p, m, c(c"1"), &mut begun));
    assert_eq!(given(|out| outcome(begun, out)), "[1]");
    fails(COFFER_ERROR_INVALID_HANDLE, |out| outcome(begun, out));
    checks_handle(outcome);
    // SAFETY: see above.
    let find = |db, name, out| unsafe { coffer_hub_plugins(db, name, out) };
    assert!(given(|out| find(store.0, p, out)).contains("\"direct\":true"));
    assert!(given(|out| find(store.0, NULL, out)).starts_with('['));
    checks_optional(&store, find);
    checks_text(&store, |db, name, _| unregister(db, name));
    assert_eq!(host.uses(), (4, 0));
    works(unregister(store.0, p));
    assert_eq!(host.uses(), (4, 1));
}

#[test]
fn a_plugin_without_a_callback_asks_for_its_calls() {
    let (host, store) = (Host::default(), Store::new());
    works(register(&store, c(PLUGIN), None, &host));
    assert_eq!(host.uses(), (0, 1), "without a callback nobody uses the context");
    // SAFETY: see above, for each.
    let next = |db, request: *mut u64, out| unsafe { coffer_hub_next_call(db, request, out) };
    // SAFETY: see above.
    let answer = |request, json| unsafe { coffer_hub_answer(request, json) };
    // SAFETY: see above.
    let refuse = |request, reason| unsafe { coffer_hub_refuse(request, reason) };
    let (mut request, mut begun) = (0, 0);
    assert_eq!(next(store.0, &mut request, UNWANTED), COFFER_ERROR_NOT_FOUND);
    assert_eq!(next(store.0, ptr::null_mut(), UNWANTED), COFFER_ERROR_NULL_ARGUMENT);
    checks_handle(|db, out| next(db, &mut 0, out));
    for _ in 0..2 {
        works(begin(store.0, c(c"p"), c(c"m"), c(c"{\"n\": 1}"), &mut begun));
        fails(COFFER_ERROR_PENDING, |out| outcome(begun, out));
    }
    assert!(given(|out| next(store.0, &mut request, out)).contains("\"argument\":{\"n\": 1}"));
    assert_eq!(answer(request, NULL), COFFER_ERROR_NULL_ARGUMENT);
    assert_eq!(answer(request, not_utf8()), COFFER_ERROR_INVALID_UTF8);
    works(answer(request, c(c"2")));
    works(next(store.0, &mut request, UNWANTED));
    assert_eq!(refuse(request, NULL), COFFER_ERROR_NULL_ARGUMENT);
    assert_eq!(refuse(request, not_utf8()), COFFER_ERROR_INVALID_UTF8);
    works(refuse(request, c(c"no")));
    fails(COFFER_ERROR_CALL_FAILED, |out| outcome(begun, out));
    checks_handle(|request, _| answer(request, c(c"1")));
    checks_handle(|request, _| refuse(request, c(c"no")));
}

#[test]
fn a_context_stays_the_callers_if_registering_fails() {
    let (host, store) = (Host::default(), Store::new());
    assert_eq!(register(&store, NULL, Some(called), &host), COFFER_ERROR_NULL_ARGUMENT);
    assert_eq!(register(&store, not_utf8(), None, &host), COFFER_ERROR_INVALID_UTF8);
    assert!(register(&store, c(c"{"), Some(called), &host) < 0);
    works(register(&store, c(PLUGIN), Some(called), &host));
    assert!(register(&store, c(PLUGIN), Some(called), &host) < 0, "the name is taken");
    assert_eq!(host.uses(), (0, 0));
    drop(store);
    assert_eq!(host.uses(), (0, 1));
}

/// # Safety
/// As for `Host::note_call`.
unsafe extern "C" fn asked(context: *mut c_void, request: u64, _caller: Text, method: Text, _json: Text) {
    // SAFETY: the caller's promise is the same.
    unsafe { Host::note_call(context) };
    assert_eq!(copy(method), "broadcast");
    // SAFETY: see above.
    works(unsafe { coffer_hub_answer(request, c(c"{}")) });
}

#[test]
fn a_host_is_asked_until_it_is_withdrawn() {
    let (host, store) = (Host::default(), Store::new());
    // SAFETY: see above.
    let supply = |options, call| unsafe { coffer_hub_supply(store.0, options, call, host.context(), Some(free)) };
    assert_eq!(supply(not_utf8(), Some(asked)), COFFER_ERROR_INVALID_UTF8);
    assert_eq!(supply(NULL, None), COFFER_ERROR_NOT_FOUND);
    works(supply(c(c"{\"version\": \"1.0.0\"}"), Some(asked)));
    // SAFETY: see above.
    works(unsafe { super::super::hub::coffer_hub_publish(store.0, c(c"topic"), c(c"1"), ptr::null_mut()) });
    assert_eq!(host.uses(), (1, 0));
    works(supply(NULL, None));
    assert_eq!(host.uses(), (1, 1));
}
