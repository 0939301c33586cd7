//! The plain data types of the data model: collections, document identities, documents.
//!
//! Holds no storage and no I/O. Invariant: a collection's number on disk never changes once released.

use crate::error::{Error, Result};

/// The longest key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// The largest sequence number, revision and number of a file: a store with a million commits a second comes so far in
/// 292,000 years. Whatever names a larger one was not written by a store; whoever counts on from one stops here.
pub const LARGEST_NUMBER: u64 = i64::MAX as u64;

/// One of the five collections that every store has. The numbers are written to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Collection {
    CharacterRoster = 1,
    EquipmentSets = 2,
    PartyConfigs = 3,
    SaveMetadata = 4,
    PluginData = 5,
}

impl Collection {
    /// Every collection, in the order of their numbers.
    pub const ALL: [Collection; 5] = [
        Collection::CharacterRoster,
        Collection::EquipmentSets,
        Collection::PartyConfigs,
        Collection::SaveMetadata,
        Collection::PluginData,
    ];

    /// The collection with this number on disk.
    pub fn from_number(number: u8) -> Option<Collection> {
        Self::ALL.into_iter().find(|collection| *collection as u8 == number)
    }

    /// The documented name.
    pub fn name(self) -> &'static str {
        match self {
            Collection::CharacterRoster => "character_roster",
            Collection::EquipmentSets => "equipment_sets",
            Collection::PartyConfigs => "party_configs",
            Collection::SaveMetadata => "save_metadata",
            Collection::PluginData => "plugin_data",
        }
    }
}

/// Where a document lives: its collection and its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentId<'a> {
    pub collection: Collection,
    pub key: &'a str,
}

impl<'a> DocumentId<'a> {
    pub fn new(collection: Collection, key: &'a str) -> Self {
        DocumentId { collection, key }
    }

    /// The hash that places a document in memory and in an image's index: XXH3-64 of the key, seeded with the
    /// collection's number. It is part of the image format.
    pub fn hash(self) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(self.key.as_bytes(), self.collection as u64)
    }
}

/// Checks a key's length; that it is UTF-8 its type says.
pub fn check_key(key: &str) -> Result<()> {
    match key.len() {
        1..=MAX_KEY_BYTES => Ok(()),
        length => Err(Error::InvalidKey { length }),
    }
}

/// A document as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The JSON text, byte for byte as it was saved.
    pub text: String,
    /// 1, 2, 3 … per document, never reused.
    pub revision: u64,
    /// When it was saved, in milliseconds since the Unix epoch.
    pub saved_at_ms: u64,
}
