//! The REST gateway: a store's API over HTTP, by the built-in server or by one of the host's own.

use super::boundary::guarded;
use super::export::exported;
use super::lifecycle::{coffer_db, database};
use super::status::coffer_status;
use super::strings;
use macro_rules_attribute::apply;
use safer_ffi::c_char;

/// Registers the API of the store over HTTP, and starts the built-in server when asked to listen: documented as
/// registerDatabaseAPI.
///
/// - `options_json`: NULL for the defaults, or a JSON object of which every member may be left out. `"listen"`: where the
///   built-in server listens, such as `"127.0.0.1:8321"`, port 0 for any that is free; left out, nothing listens and requests
///   come through `coffer_gateway_handle_request`. `"token"`: what clients have to know, 16 to 1,024 letters, digits and
///   `-._~+/=`; a random one. `"anonymous_read"` (false): reading needs no token. `"allow_write"` (false): changes are
///   allowed, unless the handle is read-only. `"limits"`: requests per minute by endpoint, `{"status": 60, "export": 30}`, 1 to
///   1,000,000. `"max_body_bytes"` (1 to 1,073,741,824; 67,108,864). `"allow_remote"` (false): other addresses than
///   loopback may be listened on; there is no encryption. `"allow_origins"` (`[]`): pages of other sites that may ask, such
///   as `"http://localhost:5173"`.
/// - `out_json`: receives `{"endpoints": [{"endpoint_id": "status", "method": "GET", "path": "/api/database/status",
///   "per_minute": 60, "address": "http://127.0.0.1:8321/api/database/status"}], "address": "http://127.0.0.1:8321",
///   "token": "...", "inspector": "http://127.0.0.1:8321/#token=...", "status": {the endpoint}, "export": {the endpoint}}`;
///   each `"address"` and `"inspector"` is null if nothing listens. Open `"inspector"` in a browser for a page that shows the
///   store. NULL is allowed; it is yours: give it back with `coffer_string_free`.
///
/// A store has one API, which every handle on it uses. It ends with `coffer_unregister_database_api`, or when this handle is
/// closed; requests that are under way are answered first. The server has a few threads of its own, at lower priority where
/// the platform can. GET /api/openapi.json describes every endpoint.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
/// `COFFER_ERROR_NAME_TAKEN` if the store has an API already, `COFFER_ERROR_IO` if the port is in use (the message names it),
/// `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_register_database_api(
    db: coffer_db,
    options_json: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let options = unsafe { strings::optional("options_json", options_json)? };
        let registered = database.register_api(options)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, registered.as_bytes()) }
    })
}

/// Ends the API that was registered through this handle. When this returns, no thread of it runs, its port is closed, and
/// streams have ended.
///
/// Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_NOT_FOUND` if none is registered, `COFFER_ERROR_NAME_TAKEN` if
/// another handle registered it, `COFFER_ERROR_INVALID_ARGUMENT` from a thread that is answering a request of it (such as the
/// callback of a plug-in), `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_unregister_database_api(db: coffer_db) -> coffer_status {
    guarded(|| Ok(database(db)?.unregister_api()?))
}

/// Adds an endpoint that a plug-in answers to the store's API.
///
/// - `endpoint_json`: `{"plugin": "equipment-optimizer", "call": "optimize", "method": "POST", "path":
///   "/equipment/{slot}/best", "per_minute": 120, "id": "best", "write": false}`. `"plugin"` and `"call"`: the plug-in and its
///   method, as for `coffer_hub_call`; it need not be there yet. `"method"`: GET, POST, PUT, PATCH or DELETE. `"path"`: names
///   of letters, digits and `-._~` between slashes, or parameters in braces; not under `/api/database`, `/api/openapi` and
///   `/inspector`. These may be left out: `"per_minute"` (6,000; 600 of one that writes), `"id"` (plugin.call), `"write"`
///   (false): it counts as a change, for which the API has to be registered with `"allow_write"`.
/// - `out_json`: receives `{"endpoint_id": "best", "method": "POST", "path": "/equipment/{slot}/best", "per_minute": 120,
///   "address": "http://127.0.0.1:8321/equipment/{slot}/best"}`, the address null if nothing listens. NULL is allowed; it is
///   yours: give it back with `coffer_string_free`.
///
/// A request calls the method with `{"id": "best", "method": "POST", "path": "/equipment/hat/best", "parameters": {"slot":
/// "hat"}, "query": {"level": "3"}, "content_type": "application/json", "body": {...}}`, `"content_type"` and `"body"` null
/// where there is none. The method answers `{"status": 200, "body": {...}, "headers": {}}`, all of which may be left out;
/// without a body the status is 204. A direct plug-in is called on a thread of the server. A plug-in that is not there
/// becomes 503, one that refuses 502, one that does not answer within a second 504.
///
/// The endpoint goes with `coffer_gateway_unregister_endpoint`, with this handle, or with the API.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT` if the path cannot stand beside another,
/// `COFFER_ERROR_NAME_TAKEN` if there is such an id or method and path, `COFFER_ERROR_NOT_FOUND` if the store has no API,
/// `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_gateway_register_endpoint(
    db: coffer_db,
    endpoint_json: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let endpoint = unsafe { strings::text("endpoint_json", endpoint_json)? };
        let offered = database.register_endpoint(endpoint)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, offered.as_bytes()) }
    })
}

/// Removes an endpoint that was added through this handle. Requests that it is answering are answered.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_NOT_FOUND`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_gateway_unregister_endpoint(db: coffer_db, id: *const c_char) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        Ok(database.unregister_endpoint(unsafe { strings::text("id", id)? })?)
    })
}

/// Answers a request that came to an HTTP server of the host's own, in the same way as the built-in server. The store's API
/// has to be registered, through any handle; it need not listen.
///
/// - `request_json`: `{"method": "GET", "target": "/api/database/status?x=1", "headers": {"authorization": "Bearer ..."},
///   "body": "text"}`, headers and body may be left out. The host's server checks `Host`.
/// - `out_json`: receives `{"status": 200, "headers": {"content-type": "application/json"}, "body": "text"}`, names of headers
///   in lower case. It is yours: give it back with `coffer_string_free`.
///
/// What is wrong with the request is told in the answer, not by the status. The stream of events is not to be had so.
///
/// Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
/// `COFFER_ERROR_INVALID_OPTION` and `COFFER_ERROR_INVALID_ARGUMENT` if `request_json` is not such a request,
/// `COFFER_ERROR_NOT_FOUND` if the store has no API, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
#[apply(exported!)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn coffer_gateway_handle_request(
    db: coffer_db,
    request_json: *const c_char,
    out_json: *mut *mut c_char,
) -> coffer_status {
    guarded(|| {
        let database = database(db)?;
        // SAFETY: the caller gives a NUL-terminated string or NULL.
        let request = unsafe { strings::text("request_json", request_json)? };
        let answer = database.handle_request(request)?;
        // SAFETY: the caller lets `out_json` be written, or it is NULL.
        unsafe { strings::give(out_json, answer.as_bytes()) }
    })
}
