//! The gateway over real sockets, and by way of a host: every endpoint, every refusal, and what clients do that mean harm.
#![cfg(all(
    feature = "api-gateway",
    feature = "integration-hub",
    feature = "backup-restore",
    feature = "import-export"
))]

#[path = "gateway/client.rs"]
mod client;

use client::{Answer, Served, TOKEN, parse, serve, until};
use coffer::database::Database;
use coffer::document::Collection;
use coffer::error::Error;
use coffer::options::Requested;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A store with something of everything.
fn filled(options: &str) -> Served {
    let served = serve(options);
    let database = &served.database;
    for version in 1..=3 {
        database.save_newest(Collection::PartyConfigs, &json!({ "version": version }).to_string()).unwrap();
    }
    for key in ["slot/1", "slot/2", "é b", "..", "../../etc/passwd"] {
        database.save(key, &json!(key).to_string(), None, None).unwrap();
    }
    database.create_snapshot(Some("first")).unwrap();
    database.save("slot/1", "{\"hp\": 7}", None, None).unwrap();
    served
}

/// What differs from request to request, and what belongs to a connection.
fn comparable(answer: &Answer, is_host: bool) -> Answer {
    let mut answer = answer.clone();
    for name in ["date", "connection", "content-length"] {
        answer.headers.remove(name);
    }
    if is_host {
        assert!(!answer.headers.contains_key("connection"));
    }
    answer
}

#[test]
fn every_read_answers_the_same_both_ways() {
    let served = filled("{}");
    for (target, status, part) in [
        ("/api/database/status", 200, "\"status\":\"OK\""),
        ("/api/database/collections", 200, "\"name\":\"plugin_data\",\"documents\":5"),
        ("/api/database/collections/plugin_data/documents", 200, "\"key\":\"slot/1\",\"revision\":2"),
        ("/api/database/collections/plugin_data/documents?prefix=slot/&limit=1", 200, "\"next\":\"slot/1\""),
        ("/api/database/collections/plugin_data/documents?prefix=slot/&after=slot%2F1", 200, "slot/2"),
        ("/api/database/collections/party_configs/documents", 200, "party_configs_v3"),
        ("/api/database/collections/save_metadata/documents?prefix=save_meta", 200, "\"save_metadata/snapshots/snap"),
        ("/api/database/collections/save_metadata/documents?after=t", 200, "[]"),
        ("/api/database/collections/others/documents", 404, "others"),
        ("/api/database/documents/slot/1", 200, "{\"hp\": 7}"),
        ("/api/database/documents/slot%2F1", 200, "{\"hp\": 7}"),
        ("/api/database/documents/%C3%A9%20b", 200, "é b"),
        ("/api/database/documents/%2e%2e", 200, ".."),
        ("/api/database/documents/party_configs", 200, "{\"version\":3}"),
        ("/api/database/documents/party_configs_v1", 200, "{\"version\":1}"),
        ("/api/database/documents/party_configs_v", 200, "3"),
        ("/api/database/documents/nowhere", 404, "nowhere"),
        ("/api/database/versions/party_configs", 200, "{\"document\":\"party_configs\",\"versions\":[{\"version\":1"),
        ("/api/database/versions/slot", 404, "slot"),
        ("/api/database/versions/party_configs/2", 200, "{\"version\":2}"),
        ("/api/database/versions/party_configs/9", 404, "party_configs_v9"),
        ("/api/database/versions/party_configs/0", 404, "from 1 on"),
        ("/api/database/versions/party_configs/two", 404, "from 1 on"),
        ("/api/database/versions/party_configs/diff?from=1&to=2", 200, "[{\"op\":\"replace\",\"path\":\"/version\""),
        ("/api/database/versions/party_configs/diff?from=1", 200, "\"value\":3"),
        ("/api/database/versions/party_configs/diff", 400, "from"),
        ("/api/database/snapshots", 200, "\"label\":\"first\""),
        ("/api/database/snapshots/first", 200, "\"label\":\"first\""),
        ("/api/database/snapshots/last", 404, "last"),
        ("/api/database/snapshots/first/documents/slot/1", 200, "\"slot/1\""),
        ("/api/database/snapshots/first/documents/slot/9", 404, "slot/9"),
        ("/api/database/snapshot-diff?from=first", 200, "\"key\":\"slot/1\",\"patch\""),
        ("/api/database/snapshot-diff?from=first&to=first", 200, "\"changed\":[]"),
        ("/api/database/snapshot-diff", 400, "from"),
        ("/api/database/export", 200, "\"slot/2\""),
        ("/api/database/export?format=csv", 200, "slot/2"),
        ("/api/database/export?format=xml", 200, "slot/2"),
        ("/api/database/export?format=yaml", 400, "json, csv, xml"),
        ("/api/openapi.json", 200, "\"openapi\":\"3.1.0\""),
        ("/", 200, "<!doctype html>"),
        ("/inspector", 200, "<!doctype html>"),
        ("/inspector/main.js", 200, ""),
        ("/inspector/..%2fmod.rs", 404, "no such file"),
        ("/api/database/status?x=1", 400, "\\\"x\\\" is no query parameter"),
        ("/api/database/status?%ff", 400, "UTF-8"),
        ("/api/database/collections/plugin_data/documents?limit=0", 400, "1 to 1000"),
        ("/api/database/collections/plugin_data/documents?limit=1001", 400, "1 to 1000"),
        ("/api/database/collections/plugin_data/documents?limit=7&limit=8", 400, "twice"),
        ("/nothing", 404, "openapi.json"),
    ] {
        let (answer, hosts) = (served.get(target), served.ask_host(&format!("GET {target}"), &[], ""));
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
        assert!(answer.text().contains(part), "{target}: {}", answer.text());
        assert_eq!(comparable(&answer, false), comparable(&hosts, true), "{target}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{target}");
        if status >= 400 {
            answer.problem();
        }
        let head = served.ask(&format!("HEAD {target}"), &[], b"");
        assert_eq!((head.status, head.body.len()), (status, 0), "{target}");
        assert_eq!(head.header("content-length"), answer.header("content-length"), "{target}");
        assert_eq!(head.header("etag"), answer.header("etag"), "{target}");
    }
}

#[test]
fn documents_are_saved_and_cleared_as_their_conditions_say() {
    let served = serve("{}");
    let target = "/api/database/documents/a%2Fb";
    let put = |headers: &[(&str, &str)], body: &str| {
        let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
        let answer = served.ask(&format!("PUT {target}"), &headers, body.as_bytes());
        (answer.status, answer.header("etag").to_owned())
    };
    assert_eq!(put(&[("if-match", "*")], "1").0, 412);
    assert_eq!(put(&[("if-none-match", "*")], "1"), (201, "\"1\"".to_owned()));
    assert_eq!(put(&[("if-none-match", "*")], "2").0, 412);
    assert_eq!(put(&[("if-match", "\"7\"")], "2").0, 412);
    assert_eq!(put(&[("if-match", "\"1\"")], "2"), (204, "\"2\"".to_owned()));
    assert_eq!(put(&[("if-match", "*")], "3"), (204, "\"3\"".to_owned()));
    assert_eq!(put(&[], " {\"x\" : 1} "), (204, "\"4\"".to_owned()));
    assert_eq!(served.database.load("a/b").unwrap().text, " {\"x\" : 1} ", "byte for byte");
    for (body, status) in [("", 400), ("{", 400), ("\u{feff}1", 400)] {
        assert_eq!(put(&[], body).0, status, "{body}");
    }
    assert_eq!(served.ask(&format!("PUT {target}"), &[JSON], b"\xff").status, 400);
    for (key, status) in [("party_configs_v", 403), ("party_configs_v1", 403), ("save_metadata/x", 403)] {
        assert_eq!(served.ask(&format!("PUT /api/database/documents/{key}"), &[JSON], b"1").status, status, "{key}");
    }
    let long = format!("PUT /api/database/documents/{}", "x".repeat(1025));
    assert_eq!(served.ask(&long, &[JSON], b"1").status, 404);
    let clear = |headers: &[(&str, &str)]| served.ask(&format!("DELETE {target}"), headers, b"").status;
    assert_eq!(clear(&[("if-match", "\"1\"")]), 412);
    assert_eq!(clear(&[("if-match", "\"4\"")]), 204);
    assert_eq!((clear(&[]), clear(&[("if-match", "*")])), (404, 412));
    assert_eq!(put(&[], "1"), (201, "\"5\"".to_owned()), "a revision is never given out again");
}

#[test]
fn of_many_who_save_on_the_same_condition_one_succeeds() {
    let served = serve("{}");
    served.database.save("a", "0", None, None).unwrap();
    let won = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let saved = served.ask("PUT /api/database/documents/a", &[JSON, ("if-match", "\"1\"")], b"1");
                assert!([204, 412].contains(&saved.status), "{saved:?}");
                won.fetch_add(u32::from(saved.status == 204), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(won.into_inner(), 1);
}

#[test]
fn what_a_client_has_it_is_not_sent_again() {
    let served = filled("{}");
    for target in [
        "/api/database/documents/slot/1",
        "/api/database/versions/party_configs/2",
        "/api/database/export?format=xml",
        "/api/database/snapshots/first/documents/slot/1",
        "/inspector/style.css",
        "/",
    ] {
        let first = served.get(target);
        let tag = first.header("etag");
        assert!(tag.starts_with('"') && first.status == 200, "{target} {first:?}");
        let again = served.ask(&format!("GET {target}"), &[("if-none-match", tag)], b"");
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag), "{target}");
        assert_eq!(served.ask(&format!("GET {target}"), &[("if-none-match", "\"x\"")], b"").status, 200, "{target}");
        assert_eq!(served.ask(&format!("GET {target}"), &[("if-match", "\"x\"")], b"").status, 412, "{target}");
    }
    assert!(served.get("/api/database/versions/party_configs/2").header("cache-control").contains("immutable"));
    let modified = served.get("/api/database/documents/slot/1").header("last-modified").to_owned();
    let since = [("if-modified-since", modified.as_str())];
    assert_eq!(served.ask("GET /api/database/documents/slot/1", &since, b"").status, 304);
}

#[test]
fn an_export_stays_the_same_while_nothing_is_committed_and_can_be_taken_up_again() {
    let served = filled("{}");
    let ask = |headers: &[(&str, &str)]| served.ask("GET /api/database/export", headers, b"");
    let whole = ask(&[]);
    let tag = whole.header("etag").to_owned();
    std::thread::sleep(Duration::from_millis(1100));
    let again = ask(&[]);
    assert_eq!((again.header("etag"), &again.body), (tag.as_str(), &whole.body), "the time in it too");
    assert!(whole.header("content-disposition").starts_with("attachment; filename=\"coffer-"));
    let length = whole.body.len();
    for (range, from, to) in [("bytes=0-9", 0, 10), ("bytes=10-", 10, length), ("bytes=-7", length - 7, length)] {
        let part = ask(&[("range", range), ("if-range", &tag)]);
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[from..to]), "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{length}", to - 1));
        assert_eq!(
            comparable(&part, false),
            comparable(&served.ask_host("GET /api/database/export", &[("range", range)], ""), true)
        );
    }
    let beyond = ask(&[("range", "bytes=999999-")]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{length}").as_str()));
    beyond.problem();
    served.database.save("slot/9", "1", None, None).unwrap();
    let other = ask(&[("range", "bytes=0-9"), ("if-range", &tag)]);
    assert_eq!((other.status, other.header("etag") == tag), (200, false), "it is another file by now");
    let files = || {
        let names =
            std::fs::read_dir(served.path()).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("export-") || name.starts_with("spool-")).count()
    };
    served.get("/api/database/export?format=csv");
    assert_eq!(files(), 2, "one of each format");
    served.database.unregister_api().unwrap();
    assert_eq!(files(), 0);
    std::fs::write(served.path().join("export-0000000000000001.coffer.tmp"), "x").unwrap();
    std::fs::write(served.path().join("export-0000000000000002.coffer.tmp.coffer-export.tmp"), "x").unwrap();
    std::fs::write(served.path().join("spool-0000000000000003.coffer.tmp"), "x").unwrap();
    served.database.close().unwrap();
    Database::open(served.path(), &Requested::default()).unwrap().close().unwrap();
    assert_eq!(files(), 0, "what a crash left is removed at the next opening");
}

#[test]
fn files_are_imported() {
    let served = serve("{}");
    let import = |query: &str, kind: &str, body: &str| {
        served.ask(&format!("POST /api/database/import{query}"), &[("content-type", kind)], body.as_bytes())
    };
    let dry = import("?dry_run=true", "text/csv", "key,hp\nash,7\n");
    assert_eq!((dry.status, &dry.json()["saved"], dry.json()["commit"].is_null()), (200, &json!(1), true));
    let taken = import("?format=csv", "text/csv; charset=utf-8", "key,hp\nash,7\n");
    assert_eq!((taken.status, &taken.json()["saved"]), (200, &json!(1)));
    assert!(!taken.text().contains("spool"), "{}", taken.text());
    assert!(served.database.load("ash").unwrap().text.contains('7'));
    let refused = import("?format=csv&on_conflict=fail", "text/csv", "key,hp\nash,8\n");
    assert_eq!(refused.status, 409, "{}", refused.text());
    let unreadable = import("?format=json", "application/json", "{\"a\":\n!}");
    assert_eq!(unreadable.status, 422);
    assert!(unreadable.problem().starts_with("the body cannot be imported: line 2"), "{}", unreadable.text());
    assert_eq!(import("?mode=append", "text/csv", "key\na\n").status, 400);
    assert_eq!(import("", "image/png", "key\na\n").status, 415);
    assert_eq!(import("", "text/csv", "").status, 422);
    let exported = served.get("/api/database/export?format=xml");
    served.database.clear("ash", None, None).unwrap();
    assert_eq!(import("?mode=replace", "application/xml", exported.text()).status, 200);
    assert!(served.database.load("ash").is_ok());
}

#[test]
fn snapshots_are_made_restored_and_deleted() {
    let served = serve("{}");
    served.database.save("a", "1", None, None).unwrap();
    let made = served.ask("POST /api/database/snapshots", &[JSON], br#"{"label":"before the boss"}"#);
    assert_eq!((made.status, &made.json()["label"]), (201, &json!("before the boss")));
    let location = made.header("location").to_owned();
    assert_eq!(served.get(&location).json(), made.json());
    assert_eq!(served.ask("POST /api/database/snapshots", &[], b"").status, 201);
    assert_eq!(served.ask("POST /api/database/snapshots", &[JSON], b"{\"label\":\"now\"}").status, 422);
    for body in ["[]", "{\"name\":1}", "{"] {
        assert_eq!(served.ask("POST /api/database/snapshots", &[JSON], body.as_bytes()).status, 400, "{body}");
    }
    served.database.save("a", "2", None, None).unwrap();
    let dry = served.ask(&format!("POST {location}/restore"), &[JSON], br#"{"dry_run":true}"#);
    assert_eq!((dry.status, &dry.json()["changes"][0]["key"]), (200, &json!("a")));
    assert_eq!(served.ask(&format!("POST {location}/restore"), &[JSON], b"{\"keys\":[\"b\"]}").json()["saved"], 0);
    assert_eq!(served.ask(&format!("POST {location}/restore"), &[], b"").json()["saved"], 1);
    assert_eq!(served.database.load("a").unwrap().text, "1");
    assert_eq!(served.ask(&format!("DELETE {location}"), &[], b"").status, 204);
    assert_eq!(served.ask(&format!("DELETE {location}"), &[], b"").status, 404);
}

#[test]
fn checks_come_in_their_order_and_each_says_what_is_wrong() {
    let served = serve(r#"{"allow_write":false,"limits":{"status":1,"save":1},"max_body_bytes":100}"#);
    let bearer = format!("Bearer {TOKEN}");
    let token = ("authorization", bearer.as_str());
    let (host, origin) = (("host", "evil.example"), ("origin", "http://evil.example"));
    let status = "GET /api/database/status";
    let expect = |line: &str, headers: &[(&str, &str)], status: u16, says: &str| {
        let started = Instant::now();
        let answer = served.ask_bare(line, headers, b"");
        assert_eq!(answer.status, status, "{line} {headers:?}: {}", answer.text());
        assert!(answer.problem().contains(says), "{}", answer.text());
        assert!(started.elapsed() >= Duration::from_millis(20), "a refusal comes at once");
        answer
    };
    expect("GET /nothing", &[host, origin], 421, "another host");
    expect("GET /nothing", &[origin], 403, "other sites");
    expect("GET /nothing", &[("sec-fetch-site", "cross-site")], 403, "other sites");
    expect("GET /nothing", &[], 404, "nothing at this path");
    assert_eq!(expect("DELETE /api/database/status", &[], 405, "GET").header("allow"), "GET, HEAD");
    assert!(expect(status, &[], 401, "token").header("www-authenticate").starts_with("Bearer"));
    expect(status, &[("authorization", "Bearer 0123456789abcdeF")], 401, "token");
    expect("PUT /api/database/documents/a", &[], 401, "token");
    expect("PUT /api/database/documents/a", &[token, ("content-length", "101")], 403, "allow_write");
    assert_eq!(served.ask_bare(status, &[token], b"").status, 200);
    let limited = expect(status, &[token], 429, "1 requests a minute");
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((55..=60).contains(&wait), "{wait}");
    assert_eq!(served.ask_bare("GET /", &[], b"").status, 200, "the page needs no token");
}

#[test]
fn bodies_are_limited_and_of_known_kinds() {
    let served = serve(r#"{"max_body_bytes":100}"#);
    let put = "PUT /api/database/documents/a";
    let body = format!("\"{}\"", "x".repeat(98));
    assert_eq!(served.ask(put, &[JSON], body.as_bytes()).status, 201);
    assert_eq!(served.ask(put, &[JSON], format!("{body} ").as_bytes()).status, 413);
    assert_eq!(served.ask(put, &[JSON, ("content-length", "9999999999")], b"").status, 413, "before it is sent");
    let chunked = [JSON, ("transfer-encoding", "chunked")];
    assert_eq!(served.ask(put, &chunked, b"3\r\n\"a\"\r\n0\r\n\r\n").status, 204);
    assert_eq!(served.ask(put, &chunked, format!("ff\r\n{}\r\n0\r\n\r\n", "1".repeat(255)).as_bytes()).status, 413);
    assert_eq!(served.ask(put, &chunked, b"zz\r\n").status, 400);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"] {
        let answer = served.ask(put, &[("content-type", kind)], b"1");
        assert_eq!((answer.status, answer.header("accept")), (415, "application/json"), "{kind}");
    }
    assert_eq!(served.ask_host(put, &[JSON], &"1".repeat(101)).status, 413);
}

#[test]
fn without_a_token_only_reading_is_open_if_that_is_said() {
    let served = serve(r#"{"anonymous_read":true}"#);
    assert_eq!(served.ask_bare("GET /api/database/status", &[], b"").status, 200);
    assert_eq!(served.ask_bare("PUT /api/database/documents/a", &[JSON], b"1").status, 401);
    assert_eq!(served.ask("PUT /api/database/documents/a", &[JSON], b"1").status, 201);
}

#[test]
fn pages_that_were_allowed_by_name_may_ask() {
    let served = serve(r#"{"allow_origins":["http://localhost:5173"]}"#);
    let origin = ("origin", "http://localhost:5173");
    let answer = served.ask("GET /api/database/status", &[origin], b"");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, origin.1));
    let asked = [origin, ("access-control-request-method", "PUT")];
    let answer = served.ask_bare("OPTIONS /api/database/documents/a", &asked, b"");
    assert_eq!(answer.status, 204);
    assert!(answer.header("access-control-allow-methods").contains("PUT"), "{answer:?}");
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(served.ask("GET /api/database/status", &[("origin", "http://localhost:5174")], b"").status, 403);
    let own = format!("http://{}", served.address());
    assert_eq!(served.ask("GET /api/database/status", &[("origin", &own)], b"").status, 200);
}

#[test]
fn under_a_flood_exactly_the_limit_is_let_through() {
    let served = serve(r#"{"limits":{"status":60,"collections":500}}"#);
    for (target, limit) in [("/api/database/status", 60), ("/api/database/collections", 500)] {
        let (passed, refused) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..limit / 4 {
                        match served.get(target).status {
                            200 => passed.fetch_add(1, Ordering::Relaxed),
                            429 => refused.fetch_add(1, Ordering::Relaxed),
                            other => panic!("{other}"),
                        };
                    }
                });
            }
        });
        assert_eq!((passed.into_inner(), refused.into_inner()), (limit, limit));
        let told = served.get("/api/database/limits").json();
        let all = told["endpoints"].as_array().unwrap();
        let state = all.iter().find(|one| one["path"] == target).unwrap();
        assert_eq!(
            (&state["used"], &state["remaining"], &state["rejected"]),
            (&json!(limit), &json!(0), &json!(limit))
        );
    }
}

#[test]
fn events_come_as_they_happen_and_missed_ones_come_again() {
    let served = serve("{}");
    let ask = |more: &str| {
        let mut stream = served.connect();
        let address = served.address();
        write!(stream, "GET /api/database/events{more}\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
            .unwrap();
        stream
    };
    let mut stream = ask(" HTTP/1.1");
    let head = until(&mut stream, ": alive");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    served.database.save("a", "1", None, None).unwrap();
    let told = until(&mut stream, "\"key\":\"a\"");
    assert!(told.contains("id: 1\nevent: database_changed\ndata: {"), "{told}");
    served.database.publish("party.left", "{\n\"who\":\r\"Ash\"}").unwrap();
    let told = until(&mut stream, "Ash");
    assert!(told.contains("event: party.left\ndata: "), "{told}");
    drop(stream);
    served.database.save("b", "2", None, None).unwrap();
    served.database.save("c", "3", None, None).unwrap();
    let mut again = ask(" HTTP/1.1\r\nlast-event-id: 1");
    let told = until(&mut again, "\"key\":\"c\"");
    assert!(told.contains("\"key\":\"b\"") && !told.contains("\"key\":\"a\""), "{told}");
    let mut since = ask("?since=0 HTTP/1.1");
    assert!(until(&mut since, "\"key\":\"c\"").contains("\"key\":\"a\""));
    assert_eq!(served.ask("GET /api/database/events", &[("last-event-id", "x")], b"").status, 400);
    assert_eq!(served.ask_host("GET /api/database/events", &[], "").status, 501);
    drop((again, since));
    // Those that were dropped give their places back as soon as something is sent to them.
    let more: Vec<_> = (0..13).map(|_| ask(" HTTP/1.1")).map(|mut one| (until(&mut one, ": alive"), one)).collect();
    let last: Vec<_> = (0..4).map(|_| ask(" HTTP/1.1")).map(|mut one| (until(&mut one, "\r\n\r\n"), one)).collect();
    assert!(last.iter().any(|(head, _)| head.starts_with("HTTP/1.1 503")), "sixteen at once");
    served.database.unregister_api().unwrap();
    for (_, mut stream) in more {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(b"0\r\n\r\n") || rest.is_empty(), "a stream ends with the API");
    }
}

#[test]
fn no_path_of_a_request_reaches_a_file() {
    let served = filled("{}");
    std::fs::write(served.path().join("secret"), "hidden").unwrap();
    let folder = served.path().display().to_string();
    let before = names(&served);
    for target in [
        "/../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/inspector/../secret",
        "/inspector/%2e%2e%2fsecret",
        "/inspector//etc/passwd",
        "/inspector/%00",
        "/inspector/C:%5Csecret",
        "/api/database/documents/../secret",
        "/api/database/documents/secret",
        "/api/database/documents//etc/passwd",
        "/api/database/documents/%2Fetc%2Fpasswd",
        "/api/database/versions/..%2fsecret",
        "/api/database/versions/..%2fsecret/1",
        "/api/database/snapshots/..%2fsecret",
        "/api/database/snapshots/first/documents/..%2fsecret",
        "/api/database/export?format=../secret",
        "/api/database/snapshot-diff?from=/etc/passwd",
        "/api/database/collections/..%2f/documents",
        &format!("/{folder}/secret"),
        &format!("/inspector/{}", folder.replace('/', "%2f")),
    ] {
        let answer = served.get(target);
        assert!([400, 404].contains(&answer.status), "{target}: {answer:?}");
        assert!(!answer.text().contains("hidden") && !answer.text().contains("root:"), "{target}");
    }
    for key in ["..%2f..%2fevil", "%2ftmp%2fevil", "lock", "a\u{0}b"] {
        served.ask(&format!("PUT /api/database/documents/{key}"), &[JSON], b"1");
    }
    assert_eq!(names(&served), before, "keys are no files");
    assert_eq!(served.get("/api/database/documents/..%2f..%2fetc%2fpasswd").text(), "\"../../etc/passwd\"");
}

fn names(served: &Served) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(served.path()).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_no_http_is_refused_and_the_server_goes_on() {
    let served = serve("{}");
    let address = served.address();
    for (bytes, status) in [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400),
        (b"GET\r\n\r\n".to_vec(), 400),
        (format!("GET / HTTP/9.9\r\nhost: {address}\r\n\r\n").into_bytes(), 400),
        (format!("GET /\0 HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes(), 400),
        (format!("GET / HTTP/1.1\r\nhost: {address}\r\nbad header\r\n\r\n").into_bytes(), 400),
        (format!("GET / HTTP/1.1\r\nhost: {address}\r\nx: {}\r\n\r\n", "y".repeat(70_000)).into_bytes(), 431),
        (format!("GET / HTTP/1.1\r\nhost: {address}\r\n{}\r\n", "x: y\r\n".repeat(200)).into_bytes(), 431),
        (format!("GET /{} HTTP/1.1\r\nhost: {address}\r\n\r\n", "y".repeat(70_000)).into_bytes(), 431),
        (b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n".to_vec(), 421),
        (format!("GET http://evil.example/ HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\n\r\n").into_bytes(), 421),
        (format!("GET http://{address}/ HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\n\r\n").into_bytes(), 200),
        (format!("GET / HTTP/1.0\r\nhost: {address}\r\n\r\n").into_bytes(), 200),
        (format!("OPTIONS * HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\n\r\n").into_bytes(), 404),
        (
            format!("PUT /api/database/documents/a HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").into_bytes(),
            400,
        ),
    ] {
        let answer = served.raw(&bytes);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        assert_eq!(answer.status, status, "{shown}: {answer:?}");
    }
    assert_eq!(served.get("/api/database/status").status, 200);
}

#[test]
fn a_client_that_dawdles_is_dropped_and_holds_up_nobody() {
    let served = serve("{}");
    let started = Instant::now();
    let mut slow: Vec<_> = (0..40).map(|_| served.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    }
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(500));
        slow.iter_mut().for_each(|stream| drop(stream.write_all(b"x")));
        let asked = Instant::now();
        assert_eq!(served.get("/api/database/status").status, 200);
        assert!(asked.elapsed() < Duration::from_millis(500));
    }
    for mut stream in slow {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(parse(&rest).status != 200);
    }
    let took = started.elapsed();
    assert!((9..20).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_second_api_is_refused_and_a_port_in_use_is_named() {
    let served = serve("{}");
    let again = served.database.register_api(None);
    assert!(matches!(again, Err(Error::NameTaken { .. })), "{again:?}");
    let other = Database::open(served.path(), &Requested::default()).unwrap();
    assert!(matches!(other.register_api(None), Err(Error::NameTaken { .. })));
    assert!(matches!(other.unregister_api(), Err(Error::NameTaken { .. })));
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Database::open(folder.path(), &Requested::default()).unwrap();
    let listen = json!({ "listen": served.address() }).to_string();
    let taken = elsewhere.register_api(Some(&listen)).unwrap_err();
    assert!(matches!(taken, Error::Io { .. }) && taken.to_string().contains(&served.address()), "{taken}");
    assert!(elsewhere.register_api(None).is_ok(), "nothing of the attempt is left");
    assert!(matches!(elsewhere.handle_request("[]"), Err(Error::InvalidOption(_))));
    elsewhere.unregister_api().unwrap();
    assert!(matches!(elsewhere.unregister_api(), Err(Error::NotFound { .. })));
    assert!(matches!(elsewhere.handle_request("{}"), Err(Error::NotFound { .. })));
}

#[test]
fn registering_tells_where_everything_is() {
    let served = serve("{}");
    let told = &served.registered;
    let address = told["address"].as_str().unwrap();
    assert_eq!(told["inspector"], format!("{address}/#token={TOKEN}"));
    assert_eq!(
        told["status"],
        json!({ "endpoint_id": "status", "method": "GET", "path": "/api/database/status", "per_minute": 60, "address": format!("{address}/api/database/status") })
    );
    assert_eq!((&told["export"]["per_minute"], told["endpoints"].as_array().unwrap().len()), (&json!(30), 25));
    served.database.unregister_api().unwrap();
    let told: Value = serde_json::from_str(&served.database.register_api(None).unwrap()).unwrap();
    assert!(told["address"].is_null() && told["inspector"].is_null() && told["status"]["address"].is_null());
    assert_eq!(told["token"].as_str().unwrap().len(), 64);
}

#[test]
fn a_read_only_store_is_shown_and_not_changed() {
    let served = filled("{}");
    served.database.close().unwrap();
    let before = names(&served);
    let requested = Requested::parse(Some(r#"{"read_only":true}"#)).unwrap();
    let folder = served.folder;
    let database = std::sync::Arc::new(Database::open(folder.path(), &requested).unwrap());
    let registered = client::register(&database, "{}");
    let served = Served { database, registered, folder };
    for target in [
        "/api/database/documents/slot/1",
        "/api/database/snapshots",
        "/api/database/export",
        "/api/database/collections",
    ] {
        assert_eq!(served.get(target).status, 200, "{target}");
    }
    let status = served.get("/api/database/status").json();
    assert_eq!((&status["read_only"], &status["write_allowed"]), (&json!(true), &json!(false)));
    assert_eq!(served.ask("PUT /api/database/documents/a", &[JSON], b"1").status, 403);
    assert_eq!(served.ask("POST /api/database/import", &[("content-type", "text/csv")], b"key\na\n").status, 403);
    served.database.close().unwrap();
    assert_eq!(names(&served), before);
}

#[test]
fn a_handle_is_closed_while_requests_run() {
    for _ in 0..5 {
        let served = filled(r#"{"limits":{"export":100000,"save":100000,"status":100000}}"#);
        let ended = AtomicBool::new(false);
        let answered = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for number in 0..6 {
                let (served, ended, answered) = (&served, &ended, &answered);
                scope.spawn(move || {
                    while !ended.load(Ordering::Relaxed) {
                        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match number % 3 {
                            0 => served.get("/api/database/export").status,
                            1 => served.ask("PUT /api/database/documents/x", &[JSON], b"1").status,
                            _ => served.get("/api/database/status").status,
                        }));
                        // Nobody listens any more, or the connection was ended before the answer.
                        let Ok(status) = outcome else { break };
                        assert!([0, 200, 201, 204, 503].contains(&status), "{status}");
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(150));
            let started = Instant::now();
            served.database.close().unwrap();
            assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
            ended.store(true, Ordering::Relaxed);
        });
        assert!(answered.into_inner() > 5);
        // Nobody has the store any more.
        let again = Database::open(served.path(), &Requested::default()).unwrap();
        assert!(again.recovery_report().unwrap().recovered_records == 0, "the store was left clean");
        again.close().unwrap();
    }
}
