//! When an API has ended nothing of it is left: no thread, no port, no file, whatever clients were doing.
//!
//! One test in a process of its own, since it counts the process's threads.
#![cfg(all(feature = "api-gateway", feature = "integration-hub", target_os = "linux"))]

#[path = "gateway/client.rs"]
mod client;

use client::{TOKEN, register, serve, until};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// The nice values of the threads named `coffer`, lowest priority first.
fn priorities() -> Vec<i64> {
    let stats = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = stats.filter_map(|one| std::fs::read_to_string(one.unwrap().path().join("stat")).ok());
    let fields = stats.filter(|stat| stat.contains("(coffer)"));
    let mut all: Vec<i64> = fields
        .map(|stat| stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap())
        .collect();
    all.sort_by(|one, other| other.cmp(one));
    all
}

#[test]
fn nothing_is_left_of_an_api_that_ended() {
    let served = serve(r#"{"listen":null}"#);
    served.database.save("a", &format!("\"{}\"", "x".repeat(30 << 20)), None, None).unwrap();
    let before = threads();
    served.database.unregister_api().unwrap();
    for round in 0..10 {
        let address =
            register(&served.database, "{}")["address"].as_str().unwrap().trim_start_matches("http://").to_owned();
        let ask = |target: &str| {
            let mut stream = TcpStream::connect(&address).unwrap();
            write!(stream, "GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
                .unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream
        };
        let mut idle = ask("/api/database/status");
        until(&mut idle, "\"OK\"");
        let mut stream = ask("/api/database/events");
        until(&mut stream, ": alive");
        let mut unread = ask("/api/database/documents/a");
        until(&mut unread, "xxxx");
        let mut download = ask("/api/database/export");
        until(&mut download, "xxxx");
        let silent = TcpStream::connect(&address).unwrap();
        let mut half = TcpStream::connect(&address).unwrap();
        half.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        let started = Instant::now();
        let running = priorities();
        assert!(running.iter().take(2).all(|nice| *nice >= 10), "{running:?}");
        served.database.unregister_api().unwrap();
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        assert_eq!(threads(), before, "round {round}");
        assert!(TcpStream::connect(&address).is_err(), "the port is closed");
        drop((idle, stream, unread, download, silent, half));
    }
    let names = std::fs::read_dir(served.path()).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.starts_with("export-") || name.starts_with("spool-")).collect();
    assert!(left.is_empty(), "{left:?}");
    served.database.close().unwrap();
}
