//! Subscriptions: the callback, its context, and who frees it.

use super::*;
use crate::ffi::hub::*;
use crate::ffi::status::COFFER_ERROR_NOT_FOUND;

// SAFETY (of every call in this file): texts are NULL or live for ever, results are NULL or may be written, and a context is a
// host that lives longer than its store.

/// # Safety
/// As for `Host::note_call`.
unsafe extern "C" fn told(
    context: *mut c_void,
    topic: Text,
    _sequence: u64,
    event_id: u64,
    source: Text,
    time_ms: i64,
    json: Text,
) {
    // SAFETY: the caller's promise is the same.
    unsafe { Host::note_call(context) };
    assert_eq!((copy(topic).as_str(), copy(source).as_str(), copy(json).as_str()), ("topic", "", "[1]"));
    assert!(event_id > 0 && time_ms > 1_600_000_000_000);
}

fn subscribe(db: coffer_db, host: &Host, options: Text, call: coffer_event_callback) -> (i32, u64) {
    let mut subscription = 0;
    // SAFETY: see above.
    let status =
        unsafe { coffer_hub_subscribe(db, c(c"topic"), options, call, host.context(), Some(free), &mut subscription) };
    (status, subscription)
}

fn publish(db: coffer_db, topic: Text, json: Text, id: *mut u64) -> i32 {
    // SAFETY: see above.
    unsafe { coffer_hub_publish(db, topic, json, id) }
}

fn end(subscription: u64) -> i32 {
    // SAFETY: any number may be ended.
    unsafe { coffer_hub_unsubscribe(subscription) }
}

#[test]
fn a_callback_is_called_with_its_context_which_is_freed_once() {
    let (host, store) = (Host::default(), Store::new());
    let (status, direct) = subscribe(store.0, &host, c(c"{\"direct\": true}"), Some(told));
    works(status);
    let mut id = 0;
    works(publish(store.0, c(c"topic"), c(c"[1]"), &mut id));
    assert_eq!((id, host.uses()), (1, (1, 0)));
    works(end(direct));
    assert_eq!(host.uses(), (1, 1));
    fails(COFFER_ERROR_INVALID_HANDLE, |_| end(direct));
    let (status, _) = subscribe(store.0, &host, NULL, Some(told));
    works(status + publish(store.0, c(c"topic"), c(c"[1]"), ptr::null_mut()));
    // SAFETY: see above.
    let poll = |db, delivered: *mut usize| unsafe { coffer_hub_poll(db, 0, 0, delivered) };
    let mut delivered = 0;
    works(poll(store.0, &mut delivered) + poll(store.0, ptr::null_mut()));
    assert_eq!((delivered, host.uses()), (1, (2, 1)));
    checks_handle(|db, _| poll(db, ptr::null_mut()));
    drop(store);
    assert_eq!(host.uses(), (2, 2), "it goes with the store");
}

#[test]
fn a_context_stays_the_callers_if_subscribing_fails_and_goes_at_once_without_a_callback() {
    let (host, store) = (Host::default(), Store::new());
    let context = host.context();
    let mut subscription = 0;
    for (topic, options) in
        [(NULL, NULL), (not_utf8(), NULL), (c(c"t"), not_utf8()), (c(c"t"), c(c"{")), (c(c"*a"), NULL)]
    {
        // SAFETY: see above.
        let status = unsafe {
            coffer_hub_subscribe(store.0, topic, options, Some(told), context, Some(free), &mut subscription)
        };
        assert!(status < 0 && subscription == 0);
    }
    // SAFETY: see above.
    unsafe {
        let status = coffer_hub_subscribe(store.0, c(c"t"), NULL, Some(told), context, Some(free), ptr::null_mut());
        assert_eq!(status, COFFER_ERROR_NULL_ARGUMENT);
        works(coffer_hub_subscribe(store.0, c(c"u"), NULL, Some(told), ptr::null_mut(), None, &mut subscription));
    }
    assert_eq!(host.uses(), (0, 0));
    let (status, asked) = subscribe(store.0, &host, NULL, None);
    works(status);
    assert_eq!(host.uses(), (0, 1));
    works(publish(store.0, c(c"topic"), c(c"[1]"), ptr::null_mut()));
    works(publish(store.0, c(c"topic"), c(c"[2]"), ptr::null_mut()));
    // SAFETY: see above, for both.
    let next = |subscription, out| unsafe { coffer_hub_next(subscription, out) };
    assert!(given(|out| next(asked, out)).contains("\"payload\":[1]"));
    works(next(asked, UNWANTED));
    fails(COFFER_ERROR_NOT_FOUND, |out| next(asked, out));
    checks_handle(next);
    // SAFETY: see above.
    checks_handle(|subscription, _| unsafe { coffer_hub_replay(subscription, 0) });
}

#[test]
fn what_is_published_and_registered_is_checked() {
    let store = Store::new();
    checks_text(&store, |db, topic, _| publish(db, topic, c(c"1"), ptr::null_mut()));
    checks_text(&store, |db, json, _| publish(db, c(c"topic"), json, ptr::null_mut()));
    // SAFETY: see above, for each.
    let sync = |db, out| unsafe { coffer_sync_tier1_data_to_hub(db, out) };
    // SAFETY: see above.
    let register = |db, out| unsafe { coffer_register_database_as_master_reference(db, out) };
    // SAFETY: see above.
    let references = |db, name, out| unsafe { coffer_hub_references(db, name, out) };
    assert!(given(|out| sync(store.0, out)).contains("\"success\":true"));
    assert!(given(|out| register(store.0, out)).contains("\"registered\":true"));
    assert!(given(|out| references(store.0, c(c"database-persistence-layer"), out)).len() > 2);
    assert!(given(|out| references(store.0, NULL, out)).starts_with('['));
    works(sync(store.0, UNWANTED) + register(store.0, UNWANTED) + references(store.0, NULL, UNWANTED));
    checks_handle(sync);
    checks_handle(register);
    checks_optional(&store, references);
}
