//! The question before what is not taken back easily.
//!
//! Invariant: without a terminal nothing is asked and nothing is taken for a yes.

use crate::outcome::{Code, Failure, Outcome};
use crate::progress;
use std::io::{self, IsTerminal, Write};

/// Returns if the user agrees: by `--yes` or by an answer.
pub fn agreed(yes: bool, question: &str) -> Outcome {
    let refused = || Failure::new(Code::Cancelled, "nothing was changed");
    if progress::is_interrupted() {
        return Err(refused());
    }
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on; look at it with --dry-run, and do it with --yes"));
    }
    let mut answer = String::new();
    let read = progress::while_asked(|| {
        // If the question cannot be seen, the answer is not a yes.
        let _ = write!(io::stderr(), "{question} [y/N] ");
        io::stdin().read_line(&mut answer)
    });
    match (read, answer.trim().to_lowercase().as_str()) {
        (Some(Ok(_)), "y" | "yes") => Ok(()),
        _ => Err(refused()),
    }
}
