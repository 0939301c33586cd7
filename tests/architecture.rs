//! One glance shows the architecture, and this keeps it so: which module imports which, how long files and functions
//! are, and that every file says what it is.
//!
//! Reads the sources as text. The rules are those of the crate's head comment.

use std::fs;
use std::path::{Path, PathBuf};

/// The plain data types, below everything; each may use the ones before it.
const DATA: [&str; 6] = ["error", "json", "document", "change", "options", "module"];
/// The parts, which know the data, the disk, and not each other.
const PARTS: [&str; 7] = ["store", "journal", "snapshots", "hub", "exchange", "analytics", "gateway"];
const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    assert!(paths.len() > 20, "the sources were not found");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The module of `src` that a file belongs to.
fn module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules that a text names as `crate::…`, and the ones that it lists as `use crate::{…}`.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for rest in code.flat_map(|line| line.split("crate::").skip(1)) {
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let end = name.trim().find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.trim().len());
            found.push(name.trim()[..end].to_owned());
        }
    }
    found
}

/// What the crate itself offers besides its modules.
const OF_THE_CRATE: [&str; 2] = ["ABI_VERSION", "status_name"];

/// What a program of ours may use of the library, as any other program would: never the parts, the disk or the C ABI.
fn allowed_to_programs(name: &str) -> bool {
    name == "database" || DATA.contains(&name) || OF_THE_CRATE.contains(&name)
}

/// The names that a program's text takes from the library, as `coffer::…`.
fn taken_from_library(text: &str) -> Vec<String> {
    assert!(!text.contains("use coffer::{"), "imports of the library stand one a line, so that this sees them");
    imports(&text.replace("crate::", "own::").replace("coffer::", "crate::"))
}

fn allowed(from: &str, to: &str) -> bool {
    let data = |name: &str| DATA.contains(&name);
    // The locks are below all that locks.
    from == to
        || (to == "sync" && !data(from))
        || match from {
            "lib" => true,
            // What the hub brings to receivers, the C ABI hands on.
            "ffi" => to == "database" || to == "hub" || data(to),
            "database" => PARTS.contains(&to) || to == "disk" || data(to),
            "disk" => false,
            part if PARTS.contains(&part) => to == "disk" || data(to),
            plain if data(plain) => {
                DATA.iter().position(|name| *name == to) < DATA.iter().position(|name| *name == plain) && data(to)
            }
            _ => false,
        }
}

#[test]
fn programs_use_the_library_as_others_do() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (name, text) in all_sources().into_iter().filter(|(name, _)| module(name) == "bin") {
        let taken = taken_from_library(&text);
        seen += taken.len();
        let others = taken.into_iter().filter(|one| !allowed_to_programs(one));
        wrong.extend(others.map(|other| format!("{name} uses {other}")));
    }
    assert!(seen > 20, "only {seen} uses were recognised");
    assert!(wrong.is_empty(), "{wrong:#?}");
    let sample = "use crate::output;\nuse coffer::database::Database;\nlet x = coffer::store::y();";
    assert_eq!(taken_from_library(sample), ["database", "store"]);
    assert!(!["store", "disk", "ffi", "snapshots", "gateway", "sync"].into_iter().any(allowed_to_programs));
}

#[test]
fn every_import_points_the_right_way() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (name, text) in all_sources().into_iter().filter(|(name, _)| module(name) != "bin") {
        for import in imports(&text) {
            seen += 1;
            if !allowed(module(&name), &import) {
                wrong.push(format!("{name} imports {import}"));
            }
        }
    }
    assert!(seen > 50, "only {seen} imports were recognised");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rule_notices_a_wrong_arrow() {
    for (from, to) in [
        ("store", "journal"),
        ("journal", "database"),
        ("disk", "error"),
        ("error", "options"),
        ("ffi", "store"),
        ("ffi", "disk"),
        ("snapshots", "store"),
    ] {
        assert!(!allowed(from, to), "{from} -> {to}");
    }
    assert_eq!(imports("use crate::{store::A, disk};\nlet x = crate::journal::b();"), ["store", "disk", "journal"]);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    for (name, text) in all_sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{name} has {lines} lines");
        assert!(text.starts_with("//!"), "{name} does not say what it is");
    }
}

#[test]
fn functions_are_short() {
    for (name, text) in all_sources() {
        let mut start: Option<(usize, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_start = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn ", "pub unsafe fn ", "pub const fn "]
                .iter()
                .any(|word| line.trim_start().starts_with(word));
            if is_start && start.is_none() {
                start = Some((number, indent));
            }
            if let Some((from, at)) = start
                && line.trim_end() == format!("{}}}", " ".repeat(at))
            {
                assert!(number - from < LONGEST_FUNCTION, "{name}:{} has {} lines", from + 1, number - from + 1);
                start = None;
            } else if start.is_some_and(|(from, _)| from == number) && line.trim_end().ends_with('}') {
                start = None;
            }
        }
    }
}

#[test]
fn only_the_disk_touches_files() {
    // The command's own way to the user's files, which are none of a store's.
    let has_files = |name: &str| module(name) == "disk" || name == "bin/coffer/files.rs";
    for (name, text) in all_sources().into_iter().filter(|(name, _)| !has_files(name)) {
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        let is_test = name.ends_with("tests.rs");
        assert!(is_test || !shipped.contains("std::fs"), "{name} goes to files past the disk");
    }
}
