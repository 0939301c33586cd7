//! A bar on standard error, for a person who waits.
//!
//! Holds nothing when standard error is no terminal. Invariant: standard output gets nothing from here.

use std::cell::Cell;
use std::io::{IsTerminal, Write};

const WIDTH: usize = 30;

/// How far the current row is.
pub struct Progress {
    label: String,
    shown: bool,
    last: Cell<Option<usize>>,
}

impl Progress {
    pub fn new(label: &str) -> Self {
        let progress =
            Progress { label: label.to_owned(), shown: std::io::stderr().is_terminal(), last: Cell::new(None) };
        progress.show(0.0);
        progress
    }

    /// Shows that this share of the row is done.
    pub fn show(&self, share: f64) {
        let percent = (share.clamp(0.0, 1.0) * 100.0) as usize;
        if !self.shown || self.last.replace(Some(percent)) == Some(percent) {
            return;
        }
        let filled = percent * WIDTH / 100;
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH - filled));
        eprint!("\r{:<12} [{bar}] {percent:>3} %", self.label);
        // A bar that cannot be shown is no reason to stop.
        let _ = std::io::stderr().flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r{}\r", " ".repeat(WIDTH + 24));
        }
    }
}
