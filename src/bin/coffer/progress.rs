//! How far a work is, for who waits, and Ctrl-C.
//!
//! Holds the bar on standard error and the one place that hears signals. Invariant: without a terminal not a byte is
//! written; the first Ctrl-C asks the work to end and lets it clear up, the second ends the process at once, which costs
//! no save either. While a question waits for its answer there is no work, so there the first ends the process.

use crate::outcome::{Code, Failure, Outcome};
use crate::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// Whether somebody asked this process to end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Whether all that goes on is that the user is asked something.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Begins to hear Ctrl-C and SIGTERM. `waiting` is woken by them.
pub fn hear_signals(waiting: Thread) -> Outcome {
    let heard = move || {
        // In this order, and the other way round where the question begins: one of the two sees the other.
        let is_again = INTERRUPTED.swap(true, Ordering::SeqCst);
        let is_asked = ASKING.load(Ordering::SeqCst);
        if is_asked {
            // Who reads no messages has the code.
            let _ = writeln!(io::stderr(), "\ncoffer: nothing was changed");
        }
        if is_again || is_asked {
            std::process::exit(i32::from(Code::Cancelled as u8));
        }
        waiting.unpark();
    };
    ctrlc::set_handler(heard).map_err(|error| Failure::new(Code::Failed, format!("cannot hear signals: {error}")))
}

pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Asks and waits for the answer; Ctrl-C ends the process meanwhile. Nothing is asked if it came before.
pub fn while_asked<T>(ask: impl FnOnce() -> T) -> Option<T> {
    ASKING.store(true, Ordering::SeqCst);
    let answer = (!is_interrupted()).then(ask);
    ASKING.store(false, Ordering::SeqCst);
    answer
}

/// A work under way.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows a work that is not measured.
    pub fn of(what: &'static str, output: Output) -> Progress {
        let bar = output.shows_progress().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner());
            bar.set_message(what);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.tick();
            bar
        });
        Progress { bar }
    }

    /// The same for a work that ends early on Ctrl-C.
    pub fn that_can_end(what: &'static str, output: Output) -> Outcome<Progress> {
        hear_signals(std::thread::current())?;
        Ok(Progress::of(what, output))
    }

    /// Takes note of how many bytes are done, and says whether to go on.
    pub fn tell(&mut self, done: u64, total: u64) -> bool {
        if let Some(bar) = &self.bar {
            if bar.length() != Some(total) {
                bar.set_style(measured());
                bar.set_length(total);
            }
            bar.set_position(done);
        }
        !is_interrupted()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn measured() -> ProgressStyle {
    ProgressStyle::with_template("{msg} [{bar:30}] {bytes} of {total_bytes}, {eta} left")
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "))
}
