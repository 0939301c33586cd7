//! `bench`: how long Coffer takes, beside the bare file calls, LMDB and SQLite.
//!
//! Usage: `bench <row> [--quick] [--markdown]`, with a row named below, or `all`; `COFFER_LIBRARY` names the shared
//! library, `COFFER_BARE_LIBRARY` one that was built without its hub. The table goes to standard output. Needs Linux, since it asks `/proc`. Invariant: what is measured is the
//! shared library that ships, through its C ABI.

mod batcher;
mod coffer;
mod documents;
mod floor;
mod folder;
mod lmdb;
mod measure;
mod owned;
mod progress;
mod report;
mod rows;
mod sqlite;

use folder::Workplace;
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;

/// What every row gets.
pub struct Context {
    /// A smoke run: everything runs, and nothing can be concluded from the figures.
    pub quick: bool,
    pub workplace: Workplace,
}

impl Context {
    /// `full`, or in a smoke run `quick`.
    pub fn choose(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

type Row = fn(&Context, &mut Report);

const ROWS: [(&str, Row, &str); 13] = [
    ("durable", rows::durable::run, "one durable save of 200 B, one thread"),
    ("threads", rows::threads::run, "durable saves from 16 threads"),
    ("written", rows::saves::written, "written saves of 200 B, one commit each"),
    ("behind", rows::saves::behind, "behind saves of 200 B"),
    ("load", rows::load::run, "loads of 100,000 documents, random"),
    ("open", rows::open::run, "open 1,000,000 documents of 200 B"),
    ("frames", rows::frames::run, "a 60 Hz loop saving 20 documents a frame"),
    ("snapshots", rows::snapshots::run, "snapshots of 100,000 and 1,000,000 documents"),
    ("hub", rows::hub::run, "saves with subscribers, and polling"),
    ("exchange", rows::exchange::run, "export and import of 100,000 documents in three formats"),
    ("health", rows::health::run, "the health report of 100,000 documents, quick and full"),
    ("gateway", rows::gateway::run, "saves while clients flood the gateway"),
    ("overwrite", rows::overwrite::run, "1,000 keys overwritten 200 times each"),
];

fn usage() -> ExitCode {
    eprintln!("usage: bench ROW [--quick] [--markdown]     COFFER_LIBRARY: the shared library\n");
    for (name, _, says) in ROWS {
        eprintln!("  {name:<10} {says}");
    }
    eprintln!("  {:<10} all of them", "all");
    eprintln!("  {:<10} only saves, for a tracer of system calls (see the script `syncs`)", "traced");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let (flags, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let known = |flag: &String| flag == "--quick" || flag == "--markdown";
    let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let (Some(library), Some(bare)) = (named("COFFER_LIBRARY"), named("COFFER_BARE_LIBRARY")) else {
        eprintln!(
            "bench: COFFER_LIBRARY and COFFER_BARE_LIBRARY have to name the shared library and the one without its hub; \
             the script `run` sees to that"
        );
        return ExitCode::from(2);
    };
    if !flags.iter().all(known) {
        return usage();
    }
    if let Err(error) = coffer::load(&library, &bare) {
        eprintln!("bench: cannot load {} or {}: {error}", library.display(), bare.display());
        return ExitCode::from(2);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    match words.as_slice() {
        [rows::open::CHILD, what, folder] => rows::open::child(what, folder),
        ["traced"] => with_workplace(has("--quick"), rows::frames::traced),
        [name] => match chosen(name) {
            Some(chosen) => return measure_all(&chosen, has("--quick"), has("--markdown")),
            None => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn chosen(name: &str) -> Option<Vec<Row>> {
    let chosen: Vec<Row> =
        ROWS.iter().filter(|(row, ..)| name == "all" || name == *row).map(|(_, run, _)| *run).collect();
    (!chosen.is_empty()).then_some(chosen)
}

fn with_workplace(quick: bool, work: impl FnOnce(&Context)) {
    let workplace = Workplace::new().unwrap_or_else(|error| panic!("no folder to work in: {error}"));
    work(&Context { quick, workplace });
}

fn measure_all(chosen: &[Row], quick: bool, markdown: bool) -> ExitCode {
    let mut report = Report::default();
    with_workplace(quick, |context| {
        for row in chosen {
            row(context, &mut report);
        }
    });
    if markdown {
        print!("{}", report.markdown());
    } else {
        let documents = documents::Documents::new("slot", 1);
        let (key, text) = (documents.key(0).to_bytes().len(), documents.mean_text());
        let smoke = if quick { "; a smoke run: the figures mean nothing" } else { "" };
        println!("Coffer {}; keys of {key} B, JSON of {text:.0} B on average{smoke}\n", coffer::version());
        print!("{}", report.text());
        println!("\ntargets missed: {}", report.missed());
    }
    ExitCode::SUCCESS
}
