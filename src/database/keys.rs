//! What a key means: the one place that knows the documented names.
//!
//! Invariant: every key has exactly one meaning, and it does not depend on what the store holds.

use crate::document::Collection;
use crate::error::{Error, Result};

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The newest version of a Tier 1 document, as in `character_roster`.
    Newest(Collection),
    /// A Tier 1 version counter, as in `character_roster_v`.
    Counter(Collection),
    /// One past version, as in `character_roster_v3`.
    Version(Collection, u64),
    /// A record of the layer itself, as in `save_metadata/…`.
    Layer(&'a str),
    /// Anything else: a document of `plugin_data`.
    Plugin(&'a str),
}

/// The three versioned documents, each the only one of its collection.
pub const TIER1: [Collection; 3] = [Collection::CharacterRoster, Collection::EquipmentSets, Collection::PartyConfigs];

/// The collections that users save to, and that a snapshot brings back.
pub const RESTORABLE: [Collection; 4] =
    [Collection::CharacterRoster, Collection::EquipmentSets, Collection::PartyConfigs, Collection::PluginData];

/// The first of these names that is none of a collection that users save to.
pub fn not_restorable(names: Option<&[String]>) -> Option<&String> {
    names.unwrap_or_default().iter().find(|name| RESTORABLE.iter().all(|one| one.name() != name.as_str()))
}

/// Whether a collection is among the ones that are named; no names stand for all.
pub fn is_among(names: Option<&[String]>, collection: Collection) -> bool {
    names.is_none_or(|names| names.iter().any(|name| name == collection.name()))
}

/// Keys that begin so belong to the layer.
const LAYER_PREFIX: &str = "save_metadata/";

/// The key under which a stored document is loaded.
pub fn loadable(collection: Collection, stored: &str) -> String {
    match collection {
        Collection::SaveMetadata => format!("{LAYER_PREFIX}{stored}"),
        _ => stored.to_owned(),
    }
}

/// Says what `key` stands for.
pub fn target(key: &str) -> Target<'_> {
    if let Some(rest) = key.strip_prefix(LAYER_PREFIX) {
        return Target::Layer(rest);
    }
    let named = TIER1.into_iter().find_map(|collection| Some((collection, key.strip_prefix(collection.name())?)));
    let Some((collection, rest)) = named else { return Target::Plugin(key) };
    match rest.strip_prefix("_v") {
        None if rest.is_empty() => Target::Newest(collection),
        Some("") => Target::Counter(collection),
        Some(digits) => canonical(digits).map_or(Target::Plugin(key), |version| Target::Version(collection, version)),
        None => Target::Plugin(key),
    }
}

/// Whether a stored key is the name of a Tier 1 document itself.
pub fn is_tier1(key: &[u8]) -> bool {
    TIER1.into_iter().any(|collection| collection.name().as_bytes() == key)
}

/// A number of 1 or more, written the one way that we write it.
fn canonical(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits).then_some(number)
}

/// The Tier 1 document of this name.
pub fn tier1(name: &str) -> Result<Collection> {
    TIER1.into_iter().find(|collection| collection.name() == name).ok_or_else(|| {
        Error::InvalidArgument(format!(
            "{name:?} is no versioned document; there are character_roster, equipment_sets and party_configs"
        ))
    })
}

/// The key under which a Tier 1 counter is read.
pub fn counter_key(collection: Collection) -> String {
    format!("{}_v", collection.name())
}

/// The key under which one version is stored and read.
pub fn version_key(collection: Collection, version: u64) -> String {
    format!("{}_v{version}", collection.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_documented_name_has_its_meaning() {
        let roster = Collection::CharacterRoster;
        for (key, meaning) in [
            ("character_roster", Target::Newest(roster)),
            ("character_roster_v", Target::Counter(roster)),
            ("character_roster_v3", Target::Version(roster, 3)),
            ("party_configs_v18446744073709551615", Target::Version(Collection::PartyConfigs, u64::MAX)),
            ("save_metadata/snapshot", Target::Layer("snapshot")),
        ] {
            assert_eq!(target(key), meaning, "{key}");
        }
    }

    #[test]
    fn whatever_only_looks_like_a_documented_name_is_a_plain_document() {
        for key in [
            "character_roster_v03",
            "character_roster_v0",
            "character_roster_v+3",
            "character_roster_v18446744073709551616",
            "character_rosters",
            "character_roster_",
            "Character_roster",
            "save_metadata",
            "plugin_data",
        ] {
            assert_eq!(target(key), Target::Plugin(key));
        }
    }
}
