//! The Integration Hub: subscribing, polling, publishing, broadcasting.

use super::boundary::{Failure, guarded};
use super::context::Context;
use super::export::exported;
use super::lifecycle::{coffer_db, database};
use super::owned::Owned;
use super::status::{COFFER_ERROR_INVALID_HANDLE, coffer_status};
use super::strings;
use crate::database::{Subscription, SubscriptionOptions};
use crate::error::Error;
use crate::hub::{Event, Receiver, Seen};
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use serde::Serialize;
use serde_json::value::RawValue;
use std::ffi::{CString, c_void};
use std::sync::Arc;
use std::time::Duration;

/// A subscription. 0 is never one. It ends with `coffer_hub_unsubscribe`, or with the handle that it was made through.
#[allow(non_camel_case_types)]
pub type coffer_subscription = u64;

/// Called with each event of a subscription: the context, the topic, the commit that the event tells of (or the newest one
/// when it was published), the event's number (0 if it was brought back from the journal), the option `plugin` of the handle that published it (empty if it was brought back from the
/// journal), the time in milliseconds since 1970-01-01 UTC, and the payload as JSON. The texts live until it returns. It
/// may call every function of this library, also to end its own subscription. It must not throw an exception or jump out.
#[allow(non_camel_case_types)]
pub type coffer_event_callback = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        topic: *const c_char,
        sequence: u64,
        event_id: u64,
        source: *const c_char,
        time_ms: i64,
        json: *const c_char,
    ),
>;

/// Called once with the context when its subscription has ended and its callback will not be called again.
#[allow(non_camel_case_types)]
pub type coffer_free_callback = Option<unsafe extern "C" fn(context: *mut c_void)>;

static SUBSCRIPTIONS: Owned<Subscription> = Owned::new(0xC1);

fn subscription(handle: coffer_subscription) -> Result<Arc<Subscription>, Failure> {
    SUBSCRIPTIONS.get(handle).ok_or_else(|| unknown(handle))
}

#[cold]
fn unknown(handle: coffer_subscription) -> Failure {
    let message = format!("{handle:#x} is no subscription; it was ended or never given out");
    Failure::Argument { status: COFFER_ERROR_INVALID_HANDLE, message }
}

/// Forgets the subscriptions of a handle that is being closed.
pub(super) fn forget(db: coffer_db) {
    SUBSCRIPTIONS.forget(db);
}

/// A C callback with what belongs to it.
struct Callback {
    call: unsafe extern "C" fn(*mut c_void, *const c_char, u64, u64, *const c_char, i64, *const c_char),
    context: Context,
}

/// Stands where there is no callback; never called.
unsafe extern "C" fn ignore(
    _context: *mut c_void,
    _topic: *const c_char,
    _sequence: u64,
    _event_id: u64,
    _source: *const c_char,
    _time_ms: i64,
    _json: *const c_char,
) {
}

/// Text as a C string; a topic or name has no NUL, and JSON cannot.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

impl Receiver for Callback {
    fn receive(&self, seen: Seen<'_>) {
        let Event { topic, sequence, id, source, time_ms, .. } = seen.event;
        let (topic, source, json) = (c_string(topic), c_string(source), c_string(seen.json));
        let (topic, source, json) = (topic.as_ptr().cast(), source.as_ptr().cast(), json.as_ptr().cast());
        // SAFETY: the subscriber gave the two together, and the texts live until the call returns.
        unsafe { (self.call)(self.context.pointer(), topic, *sequence, *id, source, *time_ms as i64, json) }
    }
}

/// Subscribes to events.
///
/// - `topic`: one topic, or with `*` at its end every topic that begins so; up to 256 bytes of UTF-8. Each commit publishes
///   `database_changed` with `{"changes": [{"collection": "plugin_data", "key": "slot-1", "revision": 4, "old_revision":
///   3, "cleared": false}]}`; an old revision of 0 says that the document was not there, and a clear has the revision that
///   it cleared.
/// - `options_json`: NULL, or `{"direct": false, "data": false, "since": 42, "queue": 4096}`; each may be left out.
///   `"direct"`: the callback is called on the publishing thread before its call returns, or, if another thread is just
///   calling it, by that one right after; else events wait until `coffer_hub_poll` or `coffer_hub_next`. `"data"`: changes
///   carry the saved document as `"data"`, without the white space at its ends. `"since"`: begin with everything that was committed after this commit, as far
///   back as the journal reaches (see `coffer_list_snapshots`); a direct callback is called with that before this function
///   returns. `"queue"`: how many events wait at most, 1 to 16,777,216.
/// - `callback`, `context`: what to call with each event, one at a time and in order. NULL if events are asked for with
///   `coffer_hub_next`; a context is then of no use, and is freed before this function returns.
/// - `free_context`: called once with the context when the subscription has ended; NULL is allowed. If this function
///   fails it is not called: the context stays yours, even if the callback was called already.
/// - `out_subscription`: not NULL.
///
/// All subscribers of a store, through whichever handle, meet the events in one order, commits in theirs. What does not
/// fit the queue is told by one event `overflow`, in its place, with `{"events": 7, "from_sequence": 40, "to_sequence":
/// 46}`; `coffer_hub_replay` brings the commits of it back. The same event comes first if the journal does not reach
/// back to `"since"`. A polled subscriber never holds up a save. A direct one should be brief: savers wait for it.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`; with `"since"` `COFFER_ERROR_READ_ONLY`,
/// `COFFER_ERROR_OUT_OF_REACH`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_IO`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_subscribe(
    db: coffer_db,
    topic: *const c_char,
    options_json: *const c_char,
    callback: coffer_event_callback,
    context: *mut c_void,
    free_context: coffer_free_callback,
    out_subscription: *mut coffer_subscription,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (topic, options) =
            unsafe { (strings::text("topic", topic)?, strings::optional("options_json", options_json)?) };
        if out_subscription.is_null() {
            return Err(Failure::null("out_subscription"));
        }
        let options = SubscriptionOptions::parse(options)?;
        let context = Context::new(context, free_context);
        let receiver = Arc::new(Callback { call: callback.unwrap_or(ignore), context });
        let called = callback.map(|_| receiver.clone() as Arc<dyn Receiver>);
        let made = Arc::new(database.subscribe(topic, &options, called)?);
        let handle = match SUBSCRIPTIONS.insert(db, made.clone()) {
            Ok(handle) => handle,
            Err(failure) => {
                database.unsubscribe(&made);
                return Err(failure);
            }
        };
        // Without a callback nobody uses the context, which then is freed here.
        receiver.context.take();
        // SAFETY: not NULL, and the caller lets it be written.
        unsafe { strings::write(out_subscription, handle) };
        Ok(())
    })
}

/// Ends a subscription. When this returns, its callback is not running and will not run again, and its context has been
/// freed. Called from the callback itself, both are so when the callback returns.
///
/// Waits for a call of the callback on another thread, so do not hold a lock that the callback takes. If that call is
/// itself waiting for this thread to leave a callback, as when two callbacks end each other's subscriptions, this returns
/// at once, and what it promises is so when that call returns.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_unsubscribe(subscription: coffer_subscription) -> coffer_status {
    guarded(|| {
        let (ended, through) = SUBSCRIPTIONS.remove(subscription).ok_or_else(|| unknown(subscription))?;
        match database(through) {
            Ok(database) => database.unsubscribe(&ended),
            Err(_) => ended.end(),
        }
        Ok(())
    })
}

/// Calls the callbacks of this handle's polled plug-ins with the calls that wait, and those of its polled subscriptions with
/// their events in order, all on this thread.
///
/// - `max_events`: how many calls and events at most; 0 for no limit.
/// - `budget_us`: stop when the next event would probably take longer than so many microseconds in all; 0 for no limit. The
///   first event is delivered in any case.
/// - `out_delivered`: receives how many were delivered; NULL is allowed.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_MODULE_ABSENT`. Any thread; what another thread is just polling
/// is left to it.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_poll(
    db: coffer_db,
    max_events: usize,
    budget_us: u64,
    out_delivered: *mut usize,
) -> coffer_status {
    guarded(|| {
        let (events, time) = ((max_events > 0).then_some(max_events), Duration::from_micros(budget_us));
        let delivered = database(db)?.poll(events, (budget_us > 0).then_some(time))?;
        // SAFETY: the caller lets `out_delivered` be written, or it is NULL.
        unsafe { strings::write(out_delivered, delivered) };
        Ok(())
    })
}

/// An event as `coffer_hub_next` tells it.
#[derive(Serialize)]
struct Told<'e> {
    topic: &'e str,
    sequence: u64,
    id: u64,
    source: &'e str,
    time_ms: u64,
    payload: &'e RawValue,
}

/// Takes the next event that waits for a polled subscription, instead of having a callback called.
///
/// `out_json` receives `{"topic": "database_changed", "sequence": 57, "id": 12, "source": "party-optimizer", "time_ms":
/// 1700000000000, "payload": {"changes": [...]}}`; NULL takes the event and drops it. It is yours: give it back with
/// `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_NOT_FOUND` if none waits, `COFFER_ERROR_OUT_OF_MEMORY`. Any
/// thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_next(
    subscription: coffer_subscription,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let taken = self::subscription(subscription)?.take();
        let (event, json) = taken.ok_or_else(|| Error::NotFound { what: "event waiting".to_owned() })?;
        let payload = serde_json::from_str(&json).unwrap_or(RawValue::NULL);
        let told = Told {
            topic: &event.topic,
            sequence: event.sequence,
            id: event.id,
            source: &event.source,
            time_ms: event.time_ms,
            payload,
        };
        let told = strings::json(&told)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, told.as_bytes()) }
    })
}

/// Forgets what waits for a subscription and goes on with everything that was committed after `since`, as if it had
/// been made so. For one that was told of an `overflow`, `since` is `from_sequence` less one. Events that are no commits
/// are not brought back.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_READ_ONLY`,
/// `COFFER_ERROR_OUT_OF_REACH`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_IO`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_replay(subscription: coffer_subscription, since: u64) -> coffer_status {
    guarded(|| Ok(self::subscription(subscription)?.replay(since)?))
}

/// Publishes an event of your own.
///
/// - `topic`: 1 to 256 bytes of UTF-8 without `*`, and none that the store publishes itself.
/// - `json`: any JSON value, limited like a document.
/// - `out_event_id`: receives the event's number; NULL is allowed.
///
/// A host's hub is asked first (`coffer_hub_supply`); what it refuses is not published.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`,
/// `COFFER_ERROR_MODULE_ABSENT`; with a host `COFFER_ERROR_CALL_FAILED`, `COFFER_ERROR_TIMED_OUT`,
/// `COFFER_ERROR_CALLS_TOO_DEEP`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_publish(
    db: coffer_db,
    topic: *const c_char,
    json: *const c_char,
    out_event_id: *mut u64,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (topic, json) = unsafe { (strings::text("topic", topic)?, strings::text("json", json)?) };
        let id = database.publish(topic, json)?;
        // SAFETY: the caller lets `out_event_id` be written, or it is NULL.
        unsafe { strings::write(out_event_id, id) };
        Ok(())
    })
}

/// Broadcasts the newest Tier 1 documents as the event `database_sync`: documented as syncTier1DataToHub.
///
/// The event carries `{"character_roster": ..., "equipment_sets": ..., "party_configs": ..., "versions":
/// {"character_roster_v": 3, ...}, "timestamp_ms": 1700000000000}`, null for what was not saved or was cleared, all as of
/// one commit.
///
/// `out_json` receives `{"success": true, "event_id": 12, "subscribers": 2, "time_ms": 1700000000000}`, with
/// a host's hub also its answer as `"host"`; without a subscriber it is a success too. NULL is allowed; it is yours: give it back with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`,
/// `COFFER_ERROR_MODULE_ABSENT`; with a host `COFFER_ERROR_CALL_FAILED`, `COFFER_ERROR_TIMED_OUT`,
/// `COFFER_ERROR_CALLS_TOO_DEEP`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_sync_tier1_data_to_hub(db: coffer_db, out_json: *mut *mut c_char) -> coffer_status {
    guarded(|| {
        let synced = strings::json(&database(db)?.sync_tier1()?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, synced.as_bytes()) }
    })
}

/// Registers the store as the master reference `database-persistence-layer`: documented as
/// registerDatabaseAsMasterReference.
///
/// `out_json` receives `{"registered": true, "ref_id": "database-persistence-layer@1", "name":
/// "database-persistence-layer", "holder": "party-optimizer", "about": {"version": "0.2.0", "provides":
/// ["character_roster", "equipment_sets", "party_configs"], "capabilities": ["read", "write", "sync",
/// "version_control"]}}`. If another handle on the store has registered it, `"registered"` is false, and the rest says who
/// holds it, as it does if a host's hub refuses. The reference goes when its holder closes its handle. NULL is allowed; it is yours: give it back with
/// `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`; with a host
/// `COFFER_ERROR_CALL_FAILED`, `COFFER_ERROR_TIMED_OUT`, `COFFER_ERROR_CALLS_TOO_DEEP`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_register_database_as_master_reference(
    db: coffer_db,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let registered = strings::json(&database(db)?.register_master_reference()?)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, registered.as_bytes()) }
    })
}

/// Looks references up.
///
/// - `name`: a reference's name, or NULL for all of them.
/// - `out_json`: receives one as `coffer_register_database_as_master_reference` tells it but for `"registered"`, or an
///   array of all by name. It is yours: give it back with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_NOT_FOUND`,
/// `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_references(
    db: coffer_db,
    name: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let found = match unsafe { strings::optional("name", name)? } {
            Some(name) => strings::json(&database.reference(name)?)?,
            None => strings::json(&database.references()?)?,
        };
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, found.as_bytes()) }
    })
}
