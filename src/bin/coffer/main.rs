//! The `coffer` command: looks into stores, changes, checks and serves them, from a terminal or a script.
//!
//! Uses the library's Rust face as any other program would: `database` and the plain data, never the parts. Each command has
//! a file, with its arguments; `arguments` brings them together, `outcome` says how they end, `output` what they print.
//! Invariant: whatever happens, it ends with one of the documented codes and at most one line of error.
#![deny(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod arguments;
mod ask;
mod diff;
mod document;
mod exchange;
mod files;
mod info;
mod list;
mod outcome;
mod output;
mod pretty;
mod progress;
mod repair;
mod restore;
mod serve;
mod snapshot;
mod store;
mod verify;

use arguments::{Arguments, Command};
use clap::Parser;
use outcome::{Code, Failure, Outcome};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return refuse(&refusal),
    };
    let as_json = arguments.output().json;
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text(as_json) {
                let _ = writeln!(std::io::stderr(), "{text}");
            }
            ExitCode::from(failure.code as u8)
        }
    }
}

/// What could not be understood, or a page of help that was asked for.
fn refuse(refusal: &clap::Error) -> ExitCode {
    if !refusal.use_stderr() {
        // Standard output may be closed by now, as of `coffer help | head`.
        let _ = refusal.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = refusal.to_string();
        let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
        let told: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let told = told.join(" ");
        let failure = Failure::usage(told.strip_prefix("error: ").unwrap_or(&told));
        let _ = writeln!(std::io::stderr(), "{}", failure.text(true).unwrap_or_default());
    } else {
        let _ = refusal.print();
    }
    ExitCode::from(Code::Usage as u8)
}

fn run(arguments: Arguments) -> Outcome {
    let output = arguments.output();
    match arguments.command {
        Command::Info(wish) => info::run(&wish, output),
        Command::List(wish) => list::run(&wish, output),
        Command::Get(wish) => document::get(&wish, output),
        Command::Put(wish) => document::put(&wish, output),
        Command::Delete(wish) => document::delete(&wish, output),
        Command::Export(wish) => exchange::export(&wish, output),
        Command::Import(wish) => exchange::import(&wish, output),
        Command::Snapshot(wish) => snapshot::run(&wish.action, output),
        Command::Restore(wish) => restore::run(&wish, output),
        Command::Diff(wish) => diff::run(&wish, output),
        Command::Verify(wish) => verify::run(&wish, output),
        Command::Repair(wish) => repair::run(&wish, output),
        Command::Serve(wish) => serve::run(&wish, output),
        Command::Completions(wish) => arguments::completions(&wish),
    }
}
