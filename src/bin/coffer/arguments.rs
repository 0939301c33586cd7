//! What the command understands: its commands in one list, and what belongs to all of them.
//!
//! The arguments of each command stand with it. Invariant: the first line of a command's help is what the README says of it.

use crate::outcome::{Outcome, codes};
use crate::output::{Output, stdout};
use crate::{diff, document, exchange, info, list, repair, restore, serve, snapshot, verify};
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use coffer::database::FORMATS;
use std::io::Write;
use std::sync::LazyLock;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} (ABI {}, image format {} reading from {}, journal format {})",
        env!("CARGO_PKG_VERSION"),
        coffer::ABI_VERSION,
        FORMATS.image,
        FORMATS.oldest_image,
        FORMATS.journal
    )
});

static AFTER_HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\nCommands that only read take no lock and change no byte, so a running game may have the store open.\n\n\
         Example: coffer get my-game.db slot-1",
        codes()
    )
});

/// Looks into Coffer stores, changes, checks and serves them.
#[derive(Parser)]
#[command(name = "coffer", version = VERSION.as_str(), after_help = AFTER_HELP.as_str(), arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Print one JSON document, errors too (on standard error)
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but results that were asked for, and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more on standard error
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

impl Arguments {
    pub fn output(&self) -> Output {
        Output { json: self.json, quiet: self.quiet, verbose: self.verbose }
    }
}

#[derive(Subcommand)]
pub enum Command {
    Info(info::Wish),
    List(list::Wish),
    Get(document::GetWish),
    Put(document::PutWish),
    Delete(document::DeleteWish),
    Export(exchange::ExportWish),
    Import(exchange::ImportWish),
    Snapshot(snapshot::Wish),
    Restore(restore::Wish),
    Diff(diff::Wish),
    Verify(verify::Wish),
    Repair(repair::Wish),
    Serve(serve::Wish),
    Completions(CompletionsWish),
}

/// Print the completion script of a shell
#[derive(Args)]
#[command(after_help = "Example: coffer completions bash > ~/.local/share/bash-completion/completions/coffer")]
pub struct CompletionsWish {
    shell: Shell,
}

pub fn completions(wish: &CompletionsWish) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(wish.shell, &mut Arguments::command(), "coffer", &mut script);
    let mut out = stdout();
    out.write_all(&script)?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
