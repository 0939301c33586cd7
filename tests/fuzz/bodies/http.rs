//! Any text as requests of a client, given to the gateway the way a host's server does.
//!
//! No socket is opened: the text is cut into a head and a body here. Invariants checked: no request makes the gateway panic
//! or say that it did something wrong itself; every answer is well-formed, and every refusal is a problem as RFC 9457 has
//! them; what is refused or only reads changes no document, and a plain request for one document does what its answer says;
//! the store goes on.

use super::said;
use super::support::simulated_disk::SimulatedDisk;
use coffer::database::Database;
use coffer::error::Error;
use coffer::options::{Durability, Options};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const TOKEN: &str = "a-token-of-the-fuzzer";
/// Between one request and the next.
const NEXT: &str = "\n---\n";
const MOST: usize = 8;
const DOCUMENT: &str = "/api/database/documents/";

/// Text and revision of every document that can be loaded.
type Contents = BTreeMap<String, (String, u64)>;

/// Asks a store of its own. What is no UTF-8 cannot come from a host.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let database = served();
    for request in text.split(NEXT).take(MOST) {
        // A host may hand on what is no request at all.
        let request = if request.starts_with(['{', '[']) { request.to_owned() } else { asked(request) };
        let before = contents(&database);
        match database.handle_request(&request) {
            Ok(answer) => {
                check_answer(&request, &answer);
                check_change(&request, &answer, &before, &contents(&database));
            }
            Err(error @ (Error::InvalidOption(_) | Error::InvalidArgument(_))) => said::in_one_line(&error),
            Err(error) => panic!("{request}\n{error:?}"),
        }
    }
    let alive = database.handle_request(&asked("GET /api/database/limits")).expect("the API is registered");
    assert_eq!(member(&alive, "status"), 200, "the gateway does not go on: {alive}");
    database.unregister_api().expect("this handle registered it");
    database.close().expect("nothing is wrong with the disk");
}

fn served() -> Database {
    // As small as can be: every opening writes a whole segment.
    let options =
        Options { durability: Durability::Behind, background: false, segment_bytes: 64 << 10, ..Options::default() };
    let disk = Arc::new(SimulatedDisk::new(1));
    let database = Database::open_on(disk, Path::new("/store"), &options).expect("an empty disk");
    for (key, text) in [("slot/1", "{\"hp\": 10}"), ("é b", "[]"), ("party_configs", "[1]"), ("party_configs", "[2]")]
    {
        database.save(key, text, None, None).expect("a plain document");
    }
    database.create_snapshot(Some("first")).expect("the disk takes it");
    let options = json!({ "token": TOKEN, "allow_write": true, "max_body_bytes": 2048 });
    database.register_api(Some(&options.to_string())).expect("the options are right");
    database
}

/// A request in the host's form: `METHOD target`, lines of headers, an empty line, the body. The token is added unless
/// something else is said of it.
fn asked(text: &str) -> String {
    let (head, body) = match text.split_once("\n\n") {
        Some((head, body)) => (head, Some(body)),
        None => (text, None),
    };
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap_or_default().split_once(' ').unwrap_or(("GET", ""));
    let mut headers: Map<String, Value> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.into())).collect();
    if !headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
        headers.insert("authorization".to_owned(), format!("Bearer {TOKEN}").into());
    }
    json!({ "method": method, "target": target, "headers": headers, "body": body }).to_string()
}

fn contents(database: &Database) -> Contents {
    let keys = database.list_keys(None, None, 0).expect("the store is open");
    keys.into_iter()
        .filter_map(|key| database.load(&key).ok().map(|found| (key, (found.text, found.revision))))
        .collect()
}

/// Holds an answer against the documents before and after.
fn check_change(request: &str, answer: &str, before: &Contents, after: &Contents) {
    let status = member(answer, "status").as_u64().expect("a status is a number");
    let (method, body) = (member(request, "method"), member(request, "body"));
    let shown = || format!("{request}\n{answer}\n{before:?}\n{after:?}");
    if status >= 400 || method == "GET" || method == "HEAD" || method == "OPTIONS" {
        assert_eq!(before, after, "{}", shown());
    }
    let target = member(request, "target");
    let key = target.as_str().and_then(|target| target.strip_prefix(DOCUMENT)).unwrap_or_default();
    let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_".contains(&byte));
    let headers = member(request, "headers");
    let mut headers = headers.as_object().into_iter().flatten();
    let unconditional = headers.all(|(name, value)| {
        (name == "authorization" && *value == format!("Bearer {TOKEN}")) || name == "content-type"
    });
    if !is_plain || !unconditional {
        return;
    }
    if method == "GET" && body.is_null() {
        match before.get(key) {
            Some((text, _)) => assert!(status == 200 && member(answer, "body") == text.as_str(), "{}", shown()),
            None => assert_eq!(status, 404, "{}", shown()),
        }
    }
    if method == "PUT" && status < 300 {
        assert_eq!(status, if before.contains_key(key) { 204 } else { 201 }, "{}", shown());
        assert_eq!(after.get(key).map(|(text, _)| text.as_str()), body.as_str(), "{}", shown());
    }
    if method == "DELETE" && status < 300 {
        assert!(before.contains_key(key) && !after.contains_key(key), "{}", shown());
    }
}

fn member(answer: &str, name: &str) -> Value {
    serde_json::from_str::<Value>(answer).expect("an answer is JSON")[name].clone()
}

fn check_answer(request: &str, answer: &str) {
    let status = member(answer, "status").as_u64().expect("a status is a number");
    let (headers, body) = (member(answer, "headers"), member(answer, "body"));
    let body = body.as_str().expect("a body is a text");
    let header = |name: &str| headers[name].as_str().unwrap_or_default();
    let shown = || format!("{request}\n{answer}");
    assert!((200..600).contains(&status) && status != 500, "{}", shown());
    for (name, value) in headers.as_object().expect("headers are an object") {
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{name:?}: {}", shown());
        assert!(!value.as_str().expect("a header is a text").contains(['\r', '\n', '\0']), "{}", shown());
    }
    assert_eq!(header("x-content-type-options"), "nosniff", "{}", shown());
    let is_head = member(request, "method") == "HEAD";
    if is_head || matches!(status, 204 | 304) {
        assert!(body.is_empty(), "{}", shown());
        return;
    }
    let kind = header("content-type");
    if kind.starts_with("application/json") || kind.starts_with("application/problem+json") {
        let is_json = super::grammar::depth_of(body).is_some();
        // Part of a body is no document.
        assert!(is_json || status == 206, "{}", shown());
    }
    if status >= 400 {
        assert_eq!(kind, "application/problem+json", "{}", shown());
        let problem: Value = serde_json::from_str(body).expect("it was found to be JSON");
        assert_eq!(problem["status"], status, "{}", shown());
        assert!(["type", "title", "detail"].iter().all(|name| problem[*name].is_string()), "{}", shown());
    }
}
