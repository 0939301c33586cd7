//! Plug-ins: registering, looking up, calling each other's methods, answering. And the host's own hub, which is asked and
//! answers in the same way.

use super::boundary::{Failure, guarded};
use super::context::Context;
use super::export::exported;
use super::handle::Table;
use super::hub::{c_string, coffer_free_callback};
use super::lifecycle::{coffer_db, database};
use super::owned::Owned;
use super::status::{COFFER_ERROR_INVALID_HANDLE, COFFER_ERROR_PENDING, coffer_status};
use super::strings;
use crate::database::{HostOptions, PluginWish, check_answer, usual_limit};
use crate::error::{self, Error};
use crate::hub::{Asked, Call, Callee};
use crate::sync::brief::Mutex;
use macro_rules_attribute::apply;
use safer_ffi::c_char;
use serde::Serialize;
use serde_json::value::RawValue;
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// A call as its caller knows it. 0 is never one. It ends when its outcome was told, or with the handle that it was made
/// through.
#[allow(non_camel_case_types)]
pub type coffer_call = u64;

/// A call as the one who is called knows it. 0 is never one. It ends when it was answered or refused.
#[allow(non_camel_case_types)]
pub type coffer_request = u64;

/// Called with each call of a plug-in's methods: the context, the request to answer, the option `plugin` of the handle that
/// calls, the method, and the argument as JSON. The texts live until it returns. Answer with `coffer_hub_answer` or
/// `coffer_hub_refuse`, now or later, from any thread. It may call every function of this library, also methods of other
/// plug-ins and what ends its own. It must not throw an exception or jump out.
#[allow(non_camel_case_types)]
pub type coffer_method_callback = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        request: coffer_request,
        caller: *const c_char,
        method: *const c_char,
        json: *const c_char,
    ),
>;

static CALLS: Owned<Call> = Owned::new(0xC2);
static REQUESTS: Requests = Requests { table: Table::new(0xC3), open: Mutex::new(Vec::new()) };

/// Calls as callees know them.
struct Requests {
    table: Table<Call>,
    open: Mutex<Vec<coffer_request>>,
}

/// So many requests that nobody answered are kept before those that are over are let go.
const UNANSWERED: usize = 1024;

impl Requests {
    fn insert(&self, call: Arc<Call>) -> coffer_request {
        let request = self.table.insert(call);
        let mut open = self.open.lock();
        open.push(request);
        if open.len() > UNANSWERED {
            open.retain(|one| {
                let is_over = self.table.get(*one).is_none_or(|call| call.is_over());
                if is_over {
                    drop(self.table.remove(*one));
                }
                !is_over
            });
        }
        request
    }

    fn remove(&self, request: coffer_request) -> Result<Arc<Call>, Failure> {
        let found = self.table.remove(request).ok_or_else(|| {
            let message = format!("{request:#x} is no request; it was answered or never given out");
            Failure::Argument { status: COFFER_ERROR_INVALID_HANDLE, message }
        })?;
        self.open.lock().retain(|one| *one != request);
        Ok(found)
    }
}

#[cold]
fn unknown(handle: coffer_call) -> Failure {
    let message = format!("{handle:#x} is no call; its outcome was told or it was never given out");
    Failure::Argument { status: COFFER_ERROR_INVALID_HANDLE, message }
}

/// Forgets the calls of a handle that is being closed.
pub(super) fn forget(db: coffer_db) {
    CALLS.forget(db);
}

/// A C callback with what belongs to it.
struct Callback {
    call: unsafe extern "C" fn(*mut c_void, coffer_request, *const c_char, *const c_char, *const c_char),
    context: Context,
}

impl Callee for Callback {
    fn call(&self, call: &Arc<Call>) {
        let request = REQUESTS.insert(call.clone());
        let (caller, method, json) = (c_string(&call.caller), c_string(&call.method), c_string(&call.json));
        let (caller, method, json) = (caller.as_ptr().cast(), method.as_ptr().cast(), json.as_ptr().cast());
        // SAFETY: whoever registered gave the two together, and the texts live until the call returns.
        unsafe { (self.call)(self.context.pointer(), request, caller, method, json) }
    }
}

/// Has `register` take a callback in; its context is ours from then on.
fn with_callback<T>(
    callback: coffer_method_callback,
    context: *mut c_void,
    free: coffer_free_callback,
    register: impl FnOnce(Option<Arc<dyn Callee>>) -> error::Result<T>,
) -> error::Result<T> {
    let Some(call) = callback else {
        let outcome = register(None)?;
        if let Some(free) = free {
            // SAFETY: whoever registered gave the two together, and without a callback nobody uses the context.
            unsafe { free(context) }
        }
        return Ok(outcome);
    };
    let callee = Arc::new(Callback { call, context: Context::new(context, free) });
    let outcome = register(Some(callee.clone()))?;
    callee.context.take();
    Ok(outcome)
}

/// Registers a plug-in, so that others find it and can call its methods.
///
/// - `plugin_json`: `{"name": "equipment-optimizer", "version": "1.2.0", "dependencies": {"roster-editor": "^1.0"},
///   "exports": ["optimize"], "direct": false}`; all but name and version may be left out. Names of plug-ins and methods
///   have 1 to 256 bytes without control characters; versions and requirements follow semver.org as Cargo reads them;
///   `"dependencies"` may also be an array of names. Dependencies are told, not enforced: plug-ins load in any order.
///   `"direct"`: the callback is called on the calling thread, by several at once; else calls wait until `coffer_hub_poll`
///   through this handle, which calls it on one thread at a time, or until `coffer_hub_next_call`.
/// - `callback`, `context`: what to call with each call. NULL if calls are asked for with `coffer_hub_next_call`, or if there
///   is nothing to call; a context is then of no use, and is freed before this function returns.
/// - `free_context`: called once with the context when the plug-in has ended; NULL is allowed. If this function fails it is
///   not called: the context stays yours.
///
/// The event `plugin_registered` is published with `{"name": ..., "version": ..., "exports": [...]}`, and `plugin_left` when
/// it ends: with `coffer_hub_unregister_plugin`, or with the handle.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_NAME_TAKEN` (the message says by whom),
/// `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_register_plugin(
    db: coffer_db,
    plugin_json: *const c_char,
    callback: coffer_method_callback,
    context: *mut c_void,
    free_context: coffer_free_callback,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let wish = PluginWish::parse(unsafe { strings::text("plugin_json", plugin_json)? })?;
        let register = |callee| database.register_plugin(wish, callee);
        Ok(with_callback(callback, context, free_context, register)?)
    })
}

/// Ends a plug-in of this handle. When this returns, its callback is not running and will not run again, and its context has
/// been freed; called from the callback itself, or while the callback waits for this thread, both are so when the callback
/// returns. Calls that it has not answered fail.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_UNKNOWN_PLUGIN`, `COFFER_ERROR_NAME_TAKEN` if another handle registered it, `COFFER_ERROR_MODULE_ABSENT`.
/// Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_unregister_plugin(db: coffer_db, name: *const c_char) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        Ok(database.unregister_plugin(unsafe { strings::text("name", name)? })?)
    })
}

/// Looks plug-ins up.
///
/// - `name`: a plug-in's name, or NULL for all of them.
/// - `out_json`: receives `{"name": "equipment-optimizer", "version": "1.2.0", "holder": "the option plugin of its handle",
///   "dependencies": [{"name": "roster-editor", "requires": "^1.0", "found": "1.4.2", "satisfied": true}], "exports":
///   ["optimize"], "direct": false}`, `"found"` null if there is none; or an array of all by name. It is yours: give it back
///   with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_UNKNOWN_PLUGIN`,
/// `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_plugins(
    db: coffer_db,
    name: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let found = match unsafe { strings::optional("name", name)? } {
            Some(name) => strings::json(&database.registered_plugin(name)?)?,
            None => strings::json(&database.registered_plugins()?)?,
        };
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, found.as_bytes()) }
    })
}

/// Calls a method of a plug-in and waits for the answer.
///
/// - `plugin`, `method`: as the plug-in registered them.
/// - `json`: the argument, any JSON value, limited like a document.
/// - `time_limit_ms`: how long to wait at most, in milliseconds; 0 for 1,000. A direct callback cannot be stopped, but an
///   answer that it gives later does not count.
/// - `out_json`: receives the answer; NULL drops it. It is yours: give it back with `coffer_string_free`.
///
/// A plug-in that is not direct answers when its own thread polls. Two that wait for each other on their only threads wait
/// until a limit is over; `coffer_hub_begin_call` lets a thread poll while it waits.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`, `COFFER_ERROR_UNKNOWN_PLUGIN`,
/// `COFFER_ERROR_CALL_FAILED` (the message is the plug-in's), `COFFER_ERROR_TIMED_OUT`, `COFFER_ERROR_CALLS_TOO_DEEP` (calls
/// within calls on this thread), `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_call(
    db: coffer_db,
    plugin: *const c_char,
    method: *const c_char,
    json: *const c_char,
    time_limit_ms: u32,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (plugin, method, json) = unsafe {
            (strings::text("plugin", plugin)?, strings::text("method", method)?, strings::text("json", json)?)
        };
        let call = database.begin_call(plugin, method, json, usual_limit(time_limit_ms))?;
        let answer = call.outcome()?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, answer.as_bytes()) }
    })
}

fn pending() -> Failure {
    let message = "there is no answer yet; ask again".to_owned();
    Failure::Argument { status: COFFER_ERROR_PENDING, message }
}

/// Calls a method of a plug-in without waiting: a game goes on with its frame and asks for the answer later. A direct
/// callback has run when this returns.
///
/// Arguments as for `coffer_hub_call`; `out_call` is not NULL. Ask with `coffer_hub_await_call`; a call that nobody asks for
/// is kept until the handle is closed.
///
/// Statuses: those of `coffer_hub_call` but for failure and time limit, and `COFFER_ERROR_INVALID_ARGUMENT` for more than
/// 65,536 calls under way. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_begin_call(
    db: coffer_db,
    plugin: *const c_char,
    method: *const c_char,
    json: *const c_char,
    time_limit_ms: u32,
    out_call: *mut coffer_call,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives NUL-terminated strings or NULL.
        let (plugin, method, json) = unsafe {
            (strings::text("plugin", plugin)?, strings::text("method", method)?, strings::text("json", json)?)
        };
        if out_call.is_null() {
            return Err(Failure::null("out_call"));
        }
        let (callee, call) = database.prepare_call(plugin, method, json, usual_limit(time_limit_ms))?;
        // First of all the handle: where there is none to give, nobody is called.
        let handle = CALLS.insert(db, call.clone())?;
        if let Err(error) = database.hand_over(&callee, &call) {
            drop(CALLS.remove(handle));
            return Err(error.into());
        }
        if CALLS.get(handle).is_none() {
            // The callee has closed the caller's handle.
            return Err(Error::Closed.into());
        }
        // SAFETY: not NULL, and the caller lets it be written.
        unsafe { strings::write(out_call, handle) };
        Ok(())
    })
}

/// Asks what came of a call. Whatever it says but `COFFER_ERROR_PENDING` ends the call.
///
/// - `wait_us`: how long to wait for the answer, in microseconds; 0 only looks.
/// - `out_json`: receives the answer; NULL drops it. It is yours: give it back with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_PENDING`, `COFFER_ERROR_CALL_FAILED` (the message is the
/// plug-in's), `COFFER_ERROR_TIMED_OUT`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_await_call(
    call: coffer_call,
    wait_us: u64,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let found = CALLS.get(call).ok_or_else(|| unknown(call))?;
        let outcome = match found.ask(Duration::from_micros(wait_us)) {
            Asked::Pending => return Err(pending()),
            Asked::ToldBefore => return Err(unknown(call)),
            Asked::Outcome(outcome) => outcome,
        };
        drop(CALLS.remove(call));
        let answer = outcome?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, answer.as_bytes()) }
    })
}

/// A call as `coffer_hub_next_call` tells it.
#[derive(Serialize)]
struct Told<'c> {
    plugin: &'c str,
    method: &'c str,
    caller: &'c str,
    argument: &'c RawValue,
}

/// Takes the next call that waits for a plug-in of this handle that has no callback.
///
/// - `out_request`: receives the request to answer; not NULL.
/// - `out_json`: receives `{"plugin": "equipment-optimizer", "method": "optimize", "caller": "party-optimizer", "argument":
///   {...}}`; NULL is allowed. It is yours: give it back with `coffer_string_free`.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_NOT_FOUND` if none waits,
/// `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_next_call(
    db: coffer_db,
    out_request: *mut coffer_request,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        if out_request.is_null() {
            return Err(Failure::null("out_request"));
        }
        let call = database.next_call()?.ok_or_else(|| Error::NotFound { what: "call waiting".to_owned() })?;
        let argument = serde_json::from_str(&call.json).unwrap_or(RawValue::NULL);
        let told = Told { plugin: &call.plugin, method: &call.method, caller: &call.caller, argument };
        let told = strings::json(&told)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, told.as_bytes())? };
        // SAFETY: not NULL, and the caller lets it be written.
        unsafe { strings::write(out_request, REQUESTS.insert(call)) };
        Ok(())
    })
}

/// Answers a request.
///
/// - `request`: it ends, unless `json` is refused.
/// - `json`: any JSON value, limited like a document of a store with the usual options.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`, `COFFER_ERROR_TIMED_OUT` if nobody waits any
/// more, `COFFER_ERROR_INVALID_ARGUMENT` if the plug-in left. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_answer(request: coffer_request, json: *const c_char) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let json = unsafe { strings::text("json", json)? };
        if let Some(call) = REQUESTS.table.get(request) {
            check_answer(&call, json)?;
        }
        Ok(REQUESTS.remove(request)?.answer(json)?)
    })
}

/// Refuses a request: the caller gets `COFFER_ERROR_CALL_FAILED` with your reason.
///
/// - `request`: it ends.
/// - `reason`: one line for the caller to read, UTF-8.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_TIMED_OUT` if nobody waits any more, `COFFER_ERROR_INVALID_ARGUMENT` if the plug-in left. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_refuse(request: coffer_request, reason: *const c_char) -> coffer_status {
    guarded(|| {
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let reason = unsafe { strings::text("reason", reason)? };
        Ok(REQUESTS.remove(request)?.refuse(reason)?)
    })
}

/// Supplies a hub of the host's own: from now on it is asked before anything is broadcast or registered through any handle
/// on the store, and what it refuses does not happen.
///
/// - `options_json`: NULL, or `{"version": "1.0.0", "changes": false, "data": false}`; each may be left out. `"version"`:
///   what `coffer_load_phase11` says. `"changes"`: it is handed each commit too, with `"data"` with the documents; nobody
///   waits for what it answers to these.
/// - `callback`, `context`: called with each operation like a direct plug-in, on whichever thread broadcasts or registers, by
///   several at once. NULL withdraws the hub that was supplied through this handle; so does closing the handle.
///   The method is `"broadcast"` with `{"topic": "database_sync", "sequence": 57, "source": "party-optimizer", "payload":
///   {...}}`, or `"register_reference"` with `{"name": "database-persistence-layer", "holder": "party-optimizer", "about":
///   {...}}`. It answers any JSON within a second; to a reference `{"registered": true, "ref_id": "ref-7"}`, or
///   `{"registered": false, "holder": "somebody else", "ref_id": "ref-3"}`. Subscribers of the store still hear what the
///   host does not refuse.
/// - `free_context`: called once with the context when the hub has been withdrawn; NULL is allowed. If this function fails it
///   is not called: the context stays yours.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
/// `COFFER_ERROR_NAME_TAKEN` if there is one, `COFFER_ERROR_NOT_FOUND` if there is none to withdraw,
/// `COFFER_ERROR_MODULE_ABSENT` for `"changes"` in a build without its own hub. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_hub_supply(
    db: coffer_db,
    options_json: *const c_char,
    callback: coffer_method_callback,
    context: *mut c_void,
    free_context: coffer_free_callback,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let options = HostOptions::parse(unsafe { strings::optional("options_json", options_json)? })?;
        if callback.is_none() {
            return Ok(database.withdraw_hub()?);
        }
        let supply =
            |callee: Option<Arc<dyn Callee>>| callee.map_or(Ok(()), |callee| database.supply_hub(&options, callee));
        Ok(with_callback(callback, context, free_context, supply)?)
    })
}
