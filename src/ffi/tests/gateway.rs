//! The API over HTTP, without a socket: requests come from the host.

use super::*;
use crate::ffi::gateway::*;
use crate::ffi::status::COFFER_ERROR_NOT_FOUND;

// SAFETY (of every call in this file): texts are NULL or live for ever, and results are NULL or may be written.

const ENDPOINT: &CStr = c"{\"plugin\": \"p\", \"call\": \"m\", \"method\": \"POST\", \"path\": \"/x\", \"id\": \"x\"}";
const REQUEST: &CStr = c"{\"method\": \"GET\", \"target\": \"/api/database/status\"}";

#[test]
#[cfg_attr(miri, ignore = "it starts a thread with an event loop of the system's")]
fn an_api_is_registered_asked_and_ended() {
    let store = Store::new();
    // SAFETY: see above, for each.
    let register = |db, options, out| unsafe { coffer_register_database_api(db, options, out) };
    // SAFETY: see above.
    let add = |db, endpoint, out| unsafe { coffer_gateway_register_endpoint(db, endpoint, out) };
    // SAFETY: see above.
    let remove = |db, id| unsafe { coffer_gateway_unregister_endpoint(db, id) };
    // SAFETY: see above.
    let ask = |db, request, out| unsafe { coffer_gateway_handle_request(db, request, out) };
    // SAFETY: see above.
    let end = |db| unsafe { coffer_unregister_database_api(db) };
    fails(COFFER_ERROR_NOT_FOUND, |out| ask(store.0, c(REQUEST), out));
    assert!(given(|out| register(store.0, c(c"{\"anonymous_read\": true}"), out)).len() > 2);
    assert!(given(|out| add(store.0, c(ENDPOINT), out)).contains("\"endpoint_id\":\"x\""));
    assert!(given(|out| ask(store.0, c(REQUEST), out)).contains("\"status\":200"));
    works(ask(store.0, c(REQUEST), UNWANTED));
    checks_optional(&store, register);
    checks_text(&store, add);
    checks_text(&store, ask);
    checks_text(&store, |db, id, _| remove(db, id));
    works(remove(store.0, c(c"x")));
    works(end(store.0));
    fails(COFFER_ERROR_NOT_FOUND, |_| end(store.0));
    checks_handle(|db, _| end(db));
}
