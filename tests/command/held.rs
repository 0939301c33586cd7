//! A store that a running game has open: reading works and disturbs nobody, changing is refused with the game's process id.
//!
//! The game is this very test program, run once more as a process of its own.

use crate::Fixture;
use coffer::database::Database;
use coffer::options::Requested;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

const STORE: &str = "COFFER_TEST_GAME";

/// Plays while its standard input is open, if it was started as a game: a save each millisecond.
#[test]
fn game() {
    let Ok(store) = std::env::var(STORE) else { return };
    let database = Database::open(Path::new(&store), &Requested::default()).unwrap();
    let mut frame = 0_u64;
    std::thread::spawn(|| {
        let _ = std::io::stdin().lines().count();
        let database = Database::open(Path::new(&std::env::var(STORE).unwrap()), &Requested::default()).unwrap();
        database.save("last words", "true", None, None).unwrap();
        drop(database);
    });
    while database.load("last words").is_err() {
        frame += 1;
        database.save(&format!("frame-{}", frame % 100), &format!("{{\"frame\":{frame}}}"), None, None).unwrap();
        if frame == 10 {
            database.flush().unwrap();
        }
        println!("saved {frame}");
        std::thread::sleep(Duration::from_millis(1));
    }
    database.close().unwrap();
    println!("played {frame}");
}

/// A game that is played in another process.
pub struct Game {
    child: Child,
    lines: Mutex<Lines<BufReader<ChildStdout>>>,
}

impl Game {
    pub fn start(store: &str) -> Game {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "held::game", "--nocapture", "--test-threads=1"])
            .env(STORE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = Mutex::new(BufReader::new(child.stdout.take().unwrap()).lines());
        Game { child, lines }
    }

    /// Waits until the game has saved so often since it was asked last.
    pub fn wait_for_saves(&self, count: usize) {
        let mut lines = self.lines.lock().unwrap();
        let saves = lines.by_ref().map(|line| line.unwrap()).filter(|line| line.contains("saved ")).take(count);
        assert_eq!(saves.count(), count, "the game ended");
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it and returns how often it saved.
    fn end(mut self) -> u64 {
        drop(self.child.stdin.take());
        let lines = self.lines.into_inner().unwrap().map(|line| line.unwrap());
        let played = lines.filter_map(|line| line.rsplit_once("played ")?.1.parse().ok()).last();
        assert!(self.child.wait().unwrap().success());
        played.expect("the game said how often it saved")
    }
}

#[test]
fn reading_works_beside_a_game_and_says_nothing_of_it() {
    let fixture = Fixture::usual();
    let game = Game::start(&fixture.store);
    game.wait_for_saves(20);
    let file = fixture.path("in.json");
    fs::write(&file, "{\"new\":1}").unwrap();
    for round in 0..5 {
        for arguments in [
            ["info"].as_slice(),
            &["list", "--long"],
            &["get", "frame-1"],
            &["get", "slot-1", "--at", "latest"],
            &["diff", "latest"],
            &["verify"],
            &["snapshot", "list"],
            &["snapshot", "verify", "before the boss"],
            &["export", &fixture.path("out.csv")],
            &["import", &file, "--dry-run"],
            &["restore", "latest", "--dry-run"],
        ] {
            let ran = fixture.run(arguments);
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "round {round}: {arguments:?}: {}", ran.out);
        }
        game.wait_for_saves(20);
    }
    let saved = game.end();
    let last = fixture.run(&["get", &format!("frame-{}", saved % 100)]).fine();
    assert_eq!(last, format!("{{\"frame\":{saved}}}\n"), "the game missed no save");
    fixture.run(&["verify"]).fine();
}

#[test]
fn what_was_just_saved_is_read_at_once() {
    let fixture = Fixture::new(|_| {});
    let game = Game::start(&fixture.store);
    game.wait_for_saves(100);
    let read = |key: &str| fixture.run(&["get", key, "--json"]).json()["value"]["frame"].as_u64().unwrap();
    let first = read("frame-7");
    game.wait_for_saves(200);
    assert!(read("frame-7") > first);
    game.end();
}

#[test]
fn changing_is_refused_with_the_games_process() {
    let fixture = Fixture::usual();
    let game = Game::start(&fixture.store);
    game.wait_for_saves(5);
    let pid = game.child.id().to_string();
    let file = fixture.path("in.json");
    fs::write(&file, "{\"new\":1}").unwrap();
    for arguments in [
        ["put", "slot-1", "1"].as_slice(),
        &["put", "slot-1", "1", "--create"],
        &["delete", "slot-1"],
        &["import", &file],
        &["restore", "latest", "--yes"],
        &["snapshot", "create"],
        &["snapshot", "delete", "latest"],
        &["snapshot", "pin", "latest"],
        &["serve", "--write"],
    ] {
        let line = fixture.run(arguments).failed(4);
        assert!(line.contains(&format!("process {pid};")), "{arguments:?}: {line}");
    }
    if cfg!(target_os = "linux") {
        assert_eq!(fixture.run(&["info", "--json"]).json()["open_in"].to_string(), pid);
        assert!(fixture.run(&["info"]).fine().contains(&format!("process {pid}")));
        assert!(fixture.run(&["get", "slot-1", "-v"]).err.contains(&format!("process {pid}")));
    }
    game.end();
    assert_eq!(fixture.run(&["info", "--json"]).json()["open_in"], json!(null));
    fixture.run(&["put", "slot-1", "1"]).fine();
}

// Elsewhere a file that a process has mapped cannot be spoiled by another.
#[cfg(unix)]
#[test]
fn a_damaged_store_that_is_open_elsewhere_is_not_repaired() {
    let fixture = Fixture::usual();
    let game = Game::start(&fixture.store);
    game.wait_for_saves(5);
    let image = fixture.files().into_keys().find(|name| name.to_string_lossy().starts_with("image-")).unwrap();
    let image = Path::new(&fixture.store).join(image);
    let mut bytes = fs::read(&image).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&image, bytes).unwrap();
    let line = fixture.run(&["repair", "--yes", "--json"]).failed(4);
    assert!(line.contains("COFFER_ERROR_BUSY"), "{line}");
    assert!(!Path::new(&fixture.path("spiel stand.db.before-repair")).exists());
    game.kill();
    fixture.run(&["repair", "--yes", "--quiet"]);
    fixture.run(&["verify"]).fine();
}
