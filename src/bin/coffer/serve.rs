//! `coffer serve`: a store in the browser and over HTTP, until Ctrl-C.
//!
//! Invariant: without `--write` nothing can be changed and no lock is taken; when it ends, no request is half done and the
//! store is closed.

use crate::outcome::{Code, Failure, Outcome};
use crate::output::{Output, stdout};
use crate::{progress, store};
use clap::Args;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// Show a store in the browser and over HTTP
#[derive(Args)]
#[command(
    after_help = "Prints the address of the page, with the token that it needs, and serves until Ctrl-C. A store that a game \
has open is shown as it was at the start; a game can serve its own live.\n\nExample: coffer serve my-game.db --port 8080"
)]
pub struct Wish {
    /// The store's folder
    store: PathBuf,
    /// The port on this machine; 0 finds a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Another address to listen on, such as [::1]
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,
    /// Let other machines in, if the address does
    #[arg(long)]
    allow_remote: bool,
    /// The token that requests have to bring, 16 letters or more; from COFFER_TOKEN if left out, else a random one
    #[arg(long)]
    token: Option<String>,
    /// Let anybody who reaches the address read, without a token
    #[arg(long)]
    anonymous_read: bool,
    /// Take no lock and let nothing be changed; this is so unless --write is given
    #[arg(long, conflicts_with = "write")]
    read_only: bool,
    /// Let requests with the token change documents and snapshots
    #[arg(long)]
    write: bool,
}

fn options(wish: &Wish) -> Value {
    let mut options = json!({
        "listen": format!("{}:{}", wish.host, wish.port),
        "allow_write": wish.write,
        "allow_remote": wish.allow_remote,
        "anonymous_read": wish.anonymous_read,
    });
    let from_environment = || std::env::var("COFFER_TOKEN").ok().filter(|token| !token.is_empty());
    if let (Some(token), Some(options)) = (wish.token.clone().or_else(from_environment), options.as_object_mut()) {
        options.insert("token".to_owned(), Value::String(token));
    }
    options
}

pub fn run(wish: &Wish, output: Output) -> Outcome {
    let database = if wish.write { store::write(&wish.store, None)? } else { store::read(&wish.store, output)? };
    progress::hear_signals(std::thread::current())?;
    let registered = database.register_api(Some(&options(wish).to_string()))?;
    tell(&registered, output)?;
    while !progress::is_interrupted() {
        std::thread::park();
    }
    output.detail("closing");
    Ok(database.close()?)
}

/// Tells where it is, also with `--quiet`: this is what was asked for.
fn tell(registered: &str, output: Output) -> Outcome {
    let mut out = stdout();
    if output.json {
        writeln!(out, "{registered}")?;
        return Ok(out.flush()?);
    }
    let unreadable = |error| Failure::new(Code::Failed, format!("the registration is no JSON: {error}"));
    let told: Value = serde_json::from_str(registered).map_err(unreadable)?;
    for (name, member) in [("page   ", "inspector"), ("address", "address"), ("token  ", "token")] {
        writeln!(out, "{name}  {}", told.get(member).and_then(Value::as_str).unwrap_or_default())?;
    }
    out.flush()?;
    output.note("Ctrl-C ends it");
    Ok(())
}
