//! What is different on a terminal: a bar while one waits, and a question before what is not taken back easily.
//!
//! `script` of util-linux gives the terminal.

use crate::Fixture;
use crate::damage::{file, spoil};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts the command on a terminal. Nothing if there is no `script`.
fn started(fixture: &Fixture, arguments: &[&str]) -> Option<Child> {
    let words = [vec![env!("CARGO_BIN_EXE_coffer")], fixture.with_store(arguments)].concat();
    let line: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let child = Command::new("script")
        .args(["-qec", &line.join(" "), "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    if child.is_err() {
        println!("SKIPPED what is different on a terminal: script of util-linux is not installed");
    }
    child.ok()
}

/// Runs the command on a terminal and gives what stood there, with how it ended.
fn on_terminal(fixture: &Fixture, arguments: &[&str], typed: &str) -> Option<(i32, String)> {
    let mut child = started(fixture, arguments)?;
    child.stdin.as_mut().unwrap().write_all(typed.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    Some((ran.status.code().unwrap_or(-1), String::from_utf8_lossy(&ran.stdout).into_owned()))
}

#[test]
fn a_bar_is_shown_on_a_terminal_only() {
    let fixture = Fixture::usual();
    let path = fixture.path("out.json");
    for (arguments, shown) in [
        (["verify"].as_slice(), "checking"),
        (&["export", path.as_str()], "exporting"),
        (&["import", path.as_str()], "importing"),
        (&["restore", "before the boss", "--yes"], "restoring"),
    ] {
        let quiet = [arguments, &["--quiet"]].concat();
        let Some((code, text)) = on_terminal(&fixture, arguments, "") else { return };
        assert!(code == 0 && text.contains(shown), "{arguments:?}: {code} {text:?}");
        let (code, text) = on_terminal(&fixture, &quiet, "").unwrap();
        assert_eq!((code, text.contains(shown)), (0, false), "{quiet:?}: {text:?}");
        assert_eq!(fixture.run(arguments).err, "", "without a terminal");
    }
}

#[test]
fn a_restore_is_done_for_a_yes_and_for_nothing_else() {
    let fixture = Fixture::usual();
    for (typed, code, gold) in [("n\n", 130, "1.0"), ("\n", 130, "1.0"), ("y\n", 0, "250")] {
        let Some((ended, text)) = on_terminal(&fixture, &["restore", "before the boss"], typed) else { return };
        assert!(text.contains("Restore snapshot-4? [y/N]"), "{text}");
        assert_eq!(ended, code, "{typed:?}: {text}");
        assert!(fixture.run(&["get", "slot-1"]).fine().contains(gold), "{typed:?}");
    }
}

/// Repairing listens to Ctrl-C while it works; at its question one is enough all the same.
#[test]
fn ctrl_c_at_a_question_is_a_no() {
    let fixture = Fixture::usual();
    spoil(&file(&fixture, "image-"), "{\"hero\":\"A");
    let Some(mut child) = started(&fixture, &["repair"]) else { return };
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"[y/N] ") {
        let read = child.stdout.as_mut().unwrap().read(&mut byte).unwrap();
        assert_eq!(read, 1, "it ended without a question: {}", String::from_utf8_lossy(&text));
        text.extend(byte);
    }
    let mut terminal = child.stdin.take().unwrap();
    // The control character of the key; the terminal makes the signal of it.
    terminal.write_all(b"\x03").unwrap();
    let asked = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(asked.elapsed() < Duration::from_secs(60), "it waits for an answer still");
        std::thread::sleep(Duration::from_millis(5));
    }
    let ran = child.wait_with_output().unwrap();
    let rest = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(130), "{rest}");
    assert!(rest.contains("coffer: nothing was changed"), "{rest}");
    assert!(!std::path::Path::new(&fixture.path("spiel stand.db.before-repair")).exists());
}
