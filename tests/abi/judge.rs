//! What a change of the C ABI means: a break, an addition, or nothing.
//!
//! Compares two descriptions, as plain text. It reads no files. Invariant: whatever was released and is not there word for
//! word is a break, except a parameter's new name; so a doubt costs a new ABI number, never a caller's crash.

use super::describe::{Description, Kind};
use std::collections::BTreeSet;

/// What differs between a release and what is there now, one line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub breaks: Vec<String>,
    pub additions: Vec<String>,
    pub renamed: Vec<String>,
}

pub fn changes(released: &Description, now: &Description) -> Changes {
    let mut changes = Changes::default();
    for ((kind, name), before) in &released.items {
        let title = format!("{} {name}", kind.word());
        match now.items.get(&(*kind, name.clone())) {
            None => changes.breaks.push(format!("{title} is gone")),
            Some(after) if after == before => {}
            Some(after) if is_only_renamed(*kind, before, after) => {
                changes.renamed.push(format!("{title} names its parameters {after}, not {before}"));
            }
            Some(after) => changes.breaks.push(format!("{title} was {before} and is {after}")),
        }
    }
    let new = now.items.iter().filter(|(key, _)| !released.items.contains_key(key));
    changes.additions = new.map(|((kind, name), what)| format!("{} {name} = {what}", kind.word())).collect();
    changes
}

/// Whether two signatures differ in the names of their parameters alone. Names that changed places are arguments that
/// changed places.
fn is_only_renamed(kind: Kind, before: &str, after: &str) -> bool {
    if !matches!(kind, Kind::Function | Kind::Callback) {
        return false;
    }
    let (Some((types, names)), Some((new_types, new_names))) = (parted(before), parted(after)) else { return false };
    let moved = names.iter().zip(&new_names).any(|(old, new)| old != new && names.contains(new));
    types == new_types && !moved
}

/// The types of a signature, its result first, and the names of its parameters.
fn parted(signature: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    let (result, parameters) = signature.strip_suffix(')')?.split_once(" (")?;
    let (mut types, mut names) = (vec![result], Vec::new());
    for parameter in parameters.split(", ") {
        let end = parameter.rfind([' ', '*']).map_or(0, |at| at + 1);
        let (kind, name) = parameter.split_at(end);
        types.push(kind);
        names.push(name);
    }
    Some((types, names))
}

/// Whether the sources may be what they are beside what was released: notes if they may, else the one reason in many
/// lines.
pub fn verdict(released: &Description, now: &Description) -> Result<Vec<String>, String> {
    let changes = changes(released, now);
    if now.abi < released.abi {
        return Err(format!("COFFER_ABI_VERSION is {}, and {} was released", now.abi, released.abi));
    }
    if !changes.breaks.is_empty() && now.abi == released.abi {
        return Err(format!(
            "the ABI {} of the release {} is broken; undo it, or raise COFFER_ABI_VERSION:\n  {}",
            released.abi,
            released.version,
            changes.breaks.join("\n  ")
        ));
    }
    let differs = now.abi != released.abi || !changes.additions.is_empty();
    if differs && now.version == released.version {
        return Err(format!(
            "{0} was released without these; raise the version in Cargo.toml (or, if {0} is not out yet, describe it: \
             COFFER_WRITE_ABI=1 cargo test --test abi):\n  {1}",
            released.version,
            [changes.breaks, changes.additions].concat().join("\n  ")
        ));
    }
    let lines = |what: &str, lines: Vec<String>| -> Vec<String> {
        lines.into_iter().map(|line| format!("{what} since {}: {line}", released.version)).collect()
    };
    let broken = lines("broken", changes.breaks);
    Ok([broken, lines("new", changes.additions), lines("renamed", changes.renamed)].concat())
}

/// Whether the sources may be written down as released.
pub fn may_be_written(released: &Description, now: &Description) -> Result<(), String> {
    let breaks = changes(released, now).breaks;
    if now.abi > released.abi || (breaks.is_empty() && now.abi == released.abi) {
        return Ok(());
    }
    Err(format!(
        "not written: COFFER_ABI_VERSION is {} as of {} and would have to go up for this:\n  {}",
        now.abi,
        released.version,
        breaks.join("\n  ")
    ))
}

/// What a library's exports lack of the functions that are described, and what they have beyond them.
pub fn exports(described: &Description, exported: &BTreeSet<String>) -> Result<(), String> {
    let names: BTreeSet<String> = described.names(Kind::Function).map(str::to_owned).collect();
    let (lacks, beyond): (Vec<_>, Vec<_>) =
        (names.difference(exported).collect(), exported.difference(&names).collect());
    if lacks.is_empty() && beyond.is_empty() {
        return Ok(());
    }
    Err(format!("the library does not export {lacks:?}, and exports {beyond:?}, which no header declares"))
}
