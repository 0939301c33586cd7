//! A tiny HTTP client that also says what no decent client would, and a store with an API to say it to.
//!
//! Invariant: what is sent is what is given, byte for byte.

// Each test uses its own part of it.
#![allow(dead_code)]

use coffer::database::Database;
use coffer::options::Requested;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const TOKEN: &str = "0123456789abcdef";

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What a problem says, once it is one.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let told = self.json();
        assert_eq!(told["status"], self.status);
        assert!(["type", "title", "detail"].iter().all(|member| told[member].is_string()), "{told}");
        told["detail"].as_str().unwrap().to_owned()
    }
}

/// A store with an API.
pub struct Served {
    pub database: Arc<Database>,
    pub registered: Value,
    pub folder: tempfile::TempDir,
}

pub fn serve(options: &str) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let requested = Requested::parse(Some(r#"{"plugin":"game"}"#)).unwrap();
    let database = Arc::new(Database::open(folder.path(), &requested).unwrap());
    let registered = register(&database, options);
    Served { database, registered, folder }
}

/// Options over those that tests want.
pub fn register(database: &Database, options: &str) -> Value {
    let mut all = serde_json::json!({ "listen": "127.0.0.1:0", "token": TOKEN, "allow_write": true });
    let given: Value = serde_json::from_str(options).unwrap();
    all.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    serde_json::from_str(&database.register_api(Some(&all.to_string())).unwrap()).unwrap()
}

impl Served {
    pub fn address(&self) -> String {
        self.registered["address"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn connect(&self) -> TcpStream {
        connect(&self.address())
    }

    /// Sends a request with the token, and headers besides.
    pub fn ask(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let token = format!("Bearer {TOKEN}");
        let all: Vec<_> = headers.iter().copied().chain([("authorization", token.as_str())]).collect();
        self.ask_bare(line, &all, body)
    }

    /// The same with these headers only, but for what HTTP itself needs.
    pub fn ask_bare(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let address = self.address();
        let mut text = format!("{line} HTTP/1.1\r\nconnection: close\r\n");
        let has = |name: &str| headers.iter().any(|(one, _)| *one == name);
        if !has("host") {
            text += &format!("host: {address}\r\n");
        }
        if !has("content-length") && !has("transfer-encoding") && !body.is_empty() {
            text += &format!("content-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        self.raw(&[text.as_bytes(), b"\r\n", body].concat())
    }

    pub fn get(&self, target: &str) -> Answer {
        self.ask(&format!("GET {target}"), &[], b"")
    }

    /// Sends bytes and takes what comes.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that refuses early closes before everything is sent.
        let _ = stream.write_all(bytes);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        parse(&all)
    }

    /// The same request by way of the host.
    pub fn ask_host(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, target) = line.split_once(' ').unwrap();
        let mut all: BTreeMap<&str, String> =
            headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        all.insert("authorization", format!("Bearer {TOKEN}"));
        let request = serde_json::json!({ "method": method, "target": target, "headers": all, "body": body });
        let answer: Value = serde_json::from_str(&self.database.handle_request(&request.to_string()).unwrap()).unwrap();
        let headers = answer["headers"].as_object().unwrap();
        Answer {
            status: answer["status"].as_u64().unwrap() as u16,
            headers: headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            body: answer["body"].as_str().unwrap().as_bytes().to_vec(),
        }
    }
}

pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Reads an answer; a status of 0 stands for none.
pub fn parse(all: &[u8]) -> Answer {
    let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Answer { status: 0, headers: BTreeMap::new(), body: all.to_vec() };
    };
    let head = std::str::from_utf8(&all[..end]).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = all[end + 4..].to_vec();
    Answer { status, headers, body }
}

/// Reads from a stream until it has said this.
pub fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = String::new();
    let mut room = [0; 4096];
    while !all.contains(text) {
        let length = stream.read(&mut room).unwrap_or_else(|error| panic!("{error}, so far {all:?}"));
        assert!(length > 0, "ended, so far {all:?}");
        all += &String::from_utf8_lossy(&room[..length]);
    }
    all
}
