//! `coffer serve`: it answers, keeps to what it was told, and ends cleanly.
//!
//! That it ends is tested where there are signals.
#![cfg_attr(not(unix), allow(dead_code, unused_imports))]

use crate::{Fixture, command, started};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

struct Server {
    child: Child,
    address: String,
    token: String,
    inspector: String,
}

impl Server {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Server {
        let mut all = vec!["serve", "--json"];
        all.extend(arguments);
        let mut child = started(command().args(fixture.with_store(&all)));
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said {line:?}"));
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let address = text("address");
        let address = address.strip_prefix("http://").unwrap_or(&address).trim_end_matches('/').to_owned();
        Server { child, address, token: text("token"), inspector: text("inspector") }
    }

    /// The status of the answer, and the answer.
    fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n", self.address);
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()).unwrap();
        write!(stream, "Connection: close\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    #[cfg(unix)]
    fn end(mut self, with: &str) {
        crate::signal(with, self.child.id());
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{with}");
        assert!(TcpStream::connect(&self.address).is_err(), "the port is closed");
    }
}

const DOCUMENT: &str = "/api/database/documents/slot-2";

#[cfg(unix)]
#[test]
fn a_store_is_shown_and_not_changed() {
    let fixture = Fixture::usual();
    let before = fixture.files();
    let server = Server::start(&fixture, &["--port", "0"]);
    assert!(server.inspector.contains(&server.address), "{}", server.inspector);
    assert_eq!(server.ask("GET", "/", &server.token, "").0, 200);
    let (status, answer) = server.ask("GET", DOCUMENT, &server.token, "");
    assert!(status == 200 && answer.ends_with("{}"), "{answer}");
    assert_eq!(server.ask("GET", DOCUMENT, "0123456789abcdef", "").0, 401);
    assert_eq!(server.ask("PUT", DOCUMENT, &server.token, "1").0, 403);
    server.end("TERM");
    assert_eq!(before, fixture.files(), "not a byte was changed");
}

#[cfg(unix)]
#[test]
fn a_store_is_changed_if_that_was_said_and_closed_at_the_end() {
    let fixture = Fixture::usual();
    let server = Server::start(&fixture, &["--write", "--token", "0123456789abcdef-mine"]);
    assert_eq!(server.token, "0123456789abcdef-mine");
    assert!(fixture.run(&["put", "a", "1"]).failed(4).contains(&server.child.id().to_string()));
    let (status, answer) = server.ask("PUT", DOCUMENT, &server.token, "[7]");
    assert!((200..300).contains(&status), "{answer}");
    server.end("INT");
    assert_eq!(fixture.run(&["get", "slot-2"]).fine(), "[7]\n");
    let left = fixture.files().into_keys().any(|name| name.to_string_lossy().starts_with("journal-"));
    assert!(!left, "a clean close leaves no journal");
}

#[test]
fn what_cannot_be_served_is_told() {
    let fixture = Fixture::usual();
    assert!(fixture.run(&["serve", "--token", "short"]).failed(2).contains("16"));
    assert!(fixture.run(&["serve", "--host", "0.0.0.0"]).failed(2).contains("allow_remote"));
    assert!(fixture.run(&["serve", "--write", "--read-only"]).code == 2);
}
