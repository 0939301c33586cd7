//! Endpoints that plug-ins answer: over HTTP and through the host, and what happens when they do not.
#![cfg(all(feature = "api-gateway", feature = "integration-hub"))]

#[path = "gateway/client.rs"]
mod client;

use client::{Served, serve};
use coffer::database::{Database, PluginWish};
use coffer::error::Error;
use coffer::hub::{Call, Callee};
use coffer::options::Requested;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A method as a closure.
struct Method<F>(F);

impl<F: Fn(&Arc<Call>) + Send + Sync> Callee for Method<F> {
    fn call(&self, call: &Arc<Call>) {
        (self.0)(call);
    }
}

fn plugin(database: &Database, name: &str, direct: bool, method: impl Fn(&Arc<Call>) + Send + Sync + 'static) {
    let wish = json!({ "name": name, "version": "1.0.0", "exports": ["optimize"], "direct": direct });
    let wish = PluginWish::parse(&wish.to_string()).unwrap();
    database.register_plugin(wish, Some(Arc::new(Method(method)))).unwrap();
}

fn endpoint(database: &Database, plugin: &str, method: &str, path: &str) -> Value {
    let wish = json!({ "plugin": plugin, "call": "optimize", "method": method, "path": path, "id": format!("{method} {path}") });
    serde_json::from_str(&database.register_endpoint(&wish.to_string()).unwrap()).unwrap()
}

/// A store with an API, and another handle on it for a plug-in.
fn with_guest() -> (Served, Database) {
    let served = serve("{}");
    let requested = Requested::parse(Some(r#"{"plugin":"optimizer"}"#)).unwrap();
    let guest = Database::open(served.path(), &requested).unwrap();
    (served, guest)
}

#[test]
fn a_plugin_answers_requests() {
    let (served, guest) = with_guest();
    plugin(&guest, "equipment-optimizer", true, |call| {
        let asked: Value = serde_json::from_str(&call.json).unwrap();
        let answer = json!({ "status": 201, "body": { "asked": asked }, "headers": { "x-taste": "fine" } });
        call.answer(&answer.to_string()).unwrap();
    });
    let wish = r#"{"plugin":"equipment-optimizer","call":"optimize","method":"POST","path":"/equipment/{slot}/best",
                   "per_minute":3,"id":"best"}"#;
    let offered: Value = serde_json::from_str(&guest.register_endpoint(wish).unwrap()).unwrap();
    assert_eq!((&offered["endpoint_id"], &offered["per_minute"]), (&json!("best"), &json!(3)));
    assert!(offered["address"].as_str().unwrap().ends_with("/equipment/{slot}/best"));
    let line = "POST /equipment/a%20hat/best?level=3";
    let answer = served.ask(line, &[JSON], b"{\"x\": 1}");
    assert_eq!((answer.status, answer.header("x-taste")), (201, "fine"));
    let asked = json!({ "id": "best", "method": "POST", "path": "/equipment/a%20hat/best", "parameters": { "slot": "a hat" },
        "query": { "level": "3" }, "content_type": "application/json", "body": { "x": 1 } });
    assert_eq!(answer.json()["asked"], asked);
    assert_eq!(served.ask_host(line, &[JSON], "{\"x\": 1}").body, answer.body);
    assert!(served.ask(line, &[], b"").json()["asked"]["body"].is_null());
    assert_eq!(served.ask(line, &[], b"").status, 429);
    let described = served.get("/api/openapi.json").json();
    assert_eq!(described["paths"]["/equipment/{slot}/best"]["post"]["operationId"], "best");
    for (wish, what) in [
        (json!({ "plugin": "p", "call": "c", "method": "GET", "path": "/x", "id": "best" }), "id"),
        (json!({ "plugin": "p", "call": "c", "method": "POST", "path": "/equipment/{slot}/best" }), "path"),
        (json!({ "plugin": "p", "call": "c", "method": "GET", "path": "/x", "id": "status" }), "built in"),
    ] {
        assert!(matches!(guest.register_endpoint(&wish.to_string()), Err(Error::NameTaken { .. })), "{what}");
    }
    assert!(matches!(served.database.unregister_endpoint("best"), Err(Error::NotFound { .. })), "it is the guest's");
    guest.unregister_endpoint("best").unwrap();
    assert_eq!(served.ask(line, &[], b"").status, 404);
}

#[test]
fn what_goes_wrong_with_a_plugin_is_told() {
    let (served, guest) = with_guest();
    plugin(&guest, "refuses", true, |call| call.refuse("no such hero").unwrap());
    plugin(&guest, "babbles", true, |call| call.answer("[1]").unwrap());
    plugin(&guest, "sleeps", false, |_| {});
    for (name, status, says) in [
        ("absent", 503, "absent"),
        ("refuses", 502, "no such hero"),
        ("babbles", 502, "no response"),
        ("sleeps", 504, "1000 ms"),
    ] {
        endpoint(&guest, name, "GET", &format!("/{name}"));
        let answer = served.get(&format!("/{name}"));
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(answer.problem().contains(says), "{name}: {}", answer.text());
    }
    endpoint(&guest, "refuses", "POST", "/refuses");
    assert_eq!(served.ask("POST /refuses", &[JSON], b"{").status, 400);
    assert_eq!(served.ask("POST /refuses", &[("content-type", "text/plain")], b"{}").status, 415);
}

#[test]
fn endpoints_go_with_their_handle_and_the_handle_with_its_calls() {
    let (served, guest) = with_guest();
    plugin(&guest, "optimizer", false, |_| {});
    endpoint(&guest, "optimizer", "GET", "/best");
    std::thread::scope(|scope| {
        let pending = scope.spawn(|| served.get("/best"));
        std::thread::sleep(Duration::from_millis(200));
        guest.close().unwrap();
        let answer = pending.join().unwrap();
        assert_eq!(answer.status, 502, "the plug-in left: {}", answer.text());
    });
    assert_eq!(served.get("/best").status, 404);
}

#[test]
fn the_thread_that_a_plugin_polls_on_can_close_the_store() {
    let served = serve("{}");
    plugin(&served.database, "optimizer", false, |_| {});
    endpoint(&served.database, "optimizer", "GET", "/best");
    std::thread::scope(|scope| {
        let pending = scope.spawn(|| served.get("/best").status);
        std::thread::sleep(Duration::from_millis(200));
        let started = Instant::now();
        served.database.close().unwrap();
        assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
        assert!([0, 502, 503].contains(&pending.join().unwrap()));
    });
}

#[test]
fn a_callback_cannot_end_the_api_that_waits_for_it() {
    let served = serve("{}");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (database, told) = (served.database.clone(), seen.clone());
    plugin(&served.database, "optimizer", true, move |call| {
        let refused = |outcome| matches!(outcome, Err(Error::InvalidArgument(_)));
        let all = [refused(database.unregister_api()), refused(database.check_may_close()), refused(database.close())];
        told.lock().unwrap().extend(all);
        call.answer("{\"body\":1}").unwrap();
    });
    endpoint(&served.database, "optimizer", "GET", "/best");
    assert_eq!(served.get("/best").text(), "1");
    assert_eq!(served.ask_host("GET /best", &[], "").body, b"1");
    assert_eq!(*seen.lock().unwrap(), [true; 6]);
    served.database.unregister_plugin("optimizer").unwrap();
    served.database.close().unwrap();
}

#[test]
fn one_that_writes_needs_leave_to_write() {
    let served = serve(r#"{"allow_write":false}"#);
    plugin(&served.database, "optimizer", true, |call| call.answer("{}").unwrap());
    let wish = r#"{"plugin":"optimizer","call":"optimize","method":"POST","path":"/best","write":true}"#;
    served.database.register_endpoint(wish).unwrap();
    endpoint(&served.database, "optimizer", "GET", "/best/now");
    assert_eq!(served.ask("POST /best", &[], b"").status, 403);
    assert_eq!(served.get("/best/now").status, 204);
    served.database.unregister_api().unwrap();
    assert!(matches!(served.database.register_endpoint(wish), Err(Error::NotFound { .. })));
}
