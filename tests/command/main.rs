//! The `coffer` command as its users meet it: the real program, run with arguments, pipes, a terminal and signals.
//!
//! Each file holds one side of it; this one holds what they share. Invariant tested: a command ends with the documented code,
//! prints its result on standard output and everything else on standard error, and changes a store only if it says so.

mod completion;
mod damage;
mod documents;
mod exchange;
mod held;
mod help;
mod serve;
mod snapshots;
#[cfg(unix)]
mod terminal;

use coffer::database::Database;
use coffer::options::Requested;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// What a run of the command came to.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The output of a run that worked and had nothing to complain of.
    #[track_caller]
    fn fine(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The one JSON document that such a run printed.
    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.fine()).expect("one JSON document")
    }

    /// The line of a run that failed with this code and printed nothing else.
    #[track_caller]
    fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        self.err
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.env_remove("COFFER_TOKEN").stdin(Stdio::null());
    command
}

/// Runs the command with these arguments.
fn run<A: AsRef<OsStr>>(arguments: &[A]) -> Ran {
    Ran::of(command().args(arguments).output().unwrap())
}

/// The same with this on its standard input.
fn run_with(input: &[u8], arguments: &[&str]) -> Ran {
    let mut child = started(command().args(arguments).stdin(Stdio::piped()));
    child.stdin.take().unwrap().write_all(input).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

fn started(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A folder with a store, made by the library itself.
struct Fixture {
    folder: TempDir,
    store: String,
}

impl Fixture {
    fn new(fill: impl FnOnce(&Database)) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("spiel stand.db");
        let database = open(&store);
        fill(&database);
        database.close().unwrap();
        Fixture { store: store.to_str().unwrap().to_owned(), folder }
    }

    /// Some documents of each kind.
    fn usual() -> Fixture {
        Fixture::new(|database| {
            for version in 1..=3 {
                database.save("party_configs", &format!("[{version}]"), None, None).unwrap();
            }
            database.save("slot-1", r#"{"hero":"Ash","gold":250}"#, None, None).unwrap();
            database.create_snapshot(Some("before the boss")).unwrap();
            database.save("slot-1", r#"{"hero":"Ash","gold":1.0}"#, None, None).unwrap();
            database.save("slot-2", "{}", None, None).unwrap();
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs an action on the store: `["get", "key"]` is `coffer get STORE key`.
    fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.with_store(arguments))
    }

    fn with_store<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let at = if arguments[0] == "snapshot" { 2 } else { 1 };
        let mut all = arguments.to_vec();
        all.insert(at, &self.store);
        all
    }

    /// Every file of the store with its bytes.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_in(Path::new(&self.store))
    }
}

fn files_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into(), fs::read(entry.path()).unwrap())).collect()
}

fn open(path: &Path) -> Database {
    Database::open(path, &Requested::default()).unwrap()
}

/// The names of an object's members, in their order.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Sends a signal, as the shell does.
#[cfg(unix)]
fn signal(name: &str, process: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(sent.success());
}
