//! What a file that is imported holds, sorted by what it means for this store.
//!
//! Reads the file once, from its beginning to its end, and looks at nothing else. Invariant: whatever was taken is a document
//! that this store would take from a user, under a name that a user may save to.

use super::Core;
use super::export::{Outcome, Tell, of_failure};
use super::import::ImportOptions;
use super::keys::{self, RESTORABLE, Target};
use super::validate::{self, utf8};
use crate::disk::DiskFile;
use crate::document::{Collection, DocumentId, check_key};
use crate::error::{Error, Result};
use crate::exchange::{self, Failure, Format, Found, Limits, Place, ReadOptions, Sink};
use crate::store::{Stamp, Version};
use hashbrown::HashTable;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// A store that saves a million versions a second for ten years has not come so far.
const LARGEST_VERSION: u64 = 1 << 48;
/// So many of what was skipped are told one by one.
const TOLD: usize = 100;
/// How much of a file is read at once.
const CHUNK: usize = 256 << 10;

/// A document of the file, in one piece of memory as the store's own.
pub(super) struct Item {
    pub collection: Collection,
    /// Of collection and key.
    pub hash: u64,
    pub version: Version,
}

/// One that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub key: String,
    pub line: u64,
    pub column: u64,
    pub reason: String,
}

/// Everything that a file holds.
pub(super) struct Intake {
    pub items: Vec<Item>,
    /// Where an item stands, by the hash of its collection and key.
    places: HashTable<usize>,
    /// Past versions of Tier 1 documents by their numbers.
    pub versions: BTreeMap<Collection, BTreeMap<u64, Version>>,
    /// How many documents the file holds, and how many of them were not taken.
    pub read: u64,
    pub skipped: u64,
    pub told: Vec<Skipped>,
    pub format: Format,
    pub file_bytes: u64,
}

/// Takes documents in as they are found.
struct Taking<'t> {
    core: &'t Core,
    options: &'t ImportOptions,
    /// The key of a document that the file gives none.
    usual_key: String,
    intake: Intake,
}

impl Core {
    /// Reads a file. Without a format it is told by its beginning.
    pub(super) fn take_in(
        &self,
        path: &Path,
        format: Option<&str>,
        options: &ImportOptions,
        tell: Tell<'_>,
    ) -> Result<Intake> {
        if path.as_os_str().is_empty() || self.disk.is_special(path) {
            return Err(Error::InvalidArgument(format!("{:?} is no file to import", path.display().to_string())));
        }
        let file = self.disk.open(path).map_err(|source| Error::io("open", path, source))?;
        let total = file.length().map_err(|source| Error::io("read", path, source))?;
        let format = match format {
            Some(name) => Format::parse(name)?,
            None => guess(&*file, path)?,
        };
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("import");
        let usual_key = options.key.clone().unwrap_or_else(|| stem.to_owned());
        let intake = Intake {
            items: Vec::new(),
            places: HashTable::new(),
            versions: BTreeMap::new(),
            read: 0,
            skipped: 0,
            told: Vec::new(),
            format,
            file_bytes: total,
        };
        let mut taking = Taking { core: self, options, usual_key, intake };
        let (max_document_bytes, max_depth) = (self.options.max_document_bytes, self.options.max_depth);
        let read = ReadOptions {
            key_column: options.key_column.clone(),
            lenient: options.lenient,
            whole: options.whole,
            limits: Limits::of_documents(max_document_bytes, max_depth),
        };
        let mut cancelled = false;
        let mut reader = FileReader { file, offset: 0, total, tell, cancelled: &mut cancelled };
        let mut buffered = BufReader::with_capacity(CHUNK, &mut reader);
        let outcome = exchange::read(format, &mut buffered, &read, &mut taking);
        drop(buffered);
        if cancelled {
            return Err(Error::Cancelled);
        }
        outcome.map_err(|failure| of_failure(failure, path))?;
        Ok(taking.intake)
    }
}

/// What a file's beginning looks like.
fn guess(file: &dyn DiskFile, path: &Path) -> Result<Format> {
    let mut start = [0; 4096];
    let length = file.read_at(&mut start, 0).map_err(|source| Error::io("read", path, source))?;
    Ok(Format::guess(start.get(..length).unwrap_or_default()))
}

/// A file as a stream that tells how far it is.
struct FileReader<'t> {
    file: Arc<dyn DiskFile>,
    offset: u64,
    total: u64,
    tell: Tell<'t>,
    cancelled: &'t mut bool,
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.offset)?;
        self.offset += length as u64;
        if (self.tell)(self.offset.min(self.total), self.total) {
            return Ok(length);
        }
        *self.cancelled = true;
        Err(io::Error::other("cancelled"))
    }
}

/// What a document of the file is here.
enum Meaning {
    Item(Collection),
    Version(Collection, u64),
    Skip(&'static str),
}

impl Sink for Taking<'_> {
    fn take(&mut self, found: Found) -> Outcome {
        self.intake.read += 1;
        let (place, text) = (found.place, found.text);
        let key = found.key.unwrap_or_else(|| self.usual_key.clone());
        let wrong = |error: Error| Failure::Unreadable { place, reason: error.to_string() };
        let collection = found.collection.as_deref().map(|name| self.named(name)).transpose().map_err(wrong)?;
        check_key(&key).map_err(wrong)?;
        let (limit, depth) = (self.core.options.max_document_bytes, self.core.options.max_depth);
        validate::check_document(&key, &text, limit, depth).map_err(wrong)?;
        match meaning(collection, &key) {
            Meaning::Skip(reason) => self.skip(&key, place, reason),
            Meaning::Item(collection) | Meaning::Version(collection, _) if !self.options.has(collection) => {
                self.skip(&key, place, "its collection was not asked for");
            }
            Meaning::Version(collection, version) => {
                let item = Item::new(collection, &keys::version_key(collection, version), &text);
                self.intake.versions.entry(collection).or_default().insert(version, item.version);
            }
            Meaning::Item(collection) => self.keep(Item::new(collection, &key, &text), place),
        }
        Ok(())
    }
}

/// What a key means that a file names, with or without a collection.
fn meaning(collection: Option<Collection>, key: &str) -> Meaning {
    match (keys::target(key), collection) {
        (Target::Newest(tier1), named) if named.is_none_or(|named| named == tier1) => Meaning::Item(tier1),
        (Target::Version(_, version), _) if version > LARGEST_VERSION => {
            Meaning::Skip("no store comes to such a version")
        }
        (Target::Version(tier1, version), named) if named.is_none_or(|named| named == tier1) => {
            Meaning::Version(tier1, version)
        }
        (Target::Plugin(_), None | Some(Collection::PluginData)) => Meaning::Item(Collection::PluginData),
        (_, Some(Collection::SaveMetadata)) => Meaning::Skip("the layer keeps its records itself"),
        (Target::Counter(_) | Target::Layer(_), _) => Meaning::Skip("this key belongs to the layer"),
        _ => Meaning::Skip("a document of this key cannot be in this collection"),
    }
}

impl Taking<'_> {
    fn named(&self, name: &str) -> Result<Collection> {
        Collection::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| {
            let known = RESTORABLE.map(Collection::name).join(", ");
            Error::InvalidArgument(format!("{name:?} is no collection; there are {known}"))
        })
    }

    fn skip(&mut self, key: &str, place: Place, reason: &str) {
        self.intake.skip(key, place, reason);
    }

    /// Of documents that stand twice the last counts.
    fn keep(&mut self, item: Item, place: Place) {
        let Intake { items, places, .. } = &mut self.intake;
        let hash = |item: &Item| item.hash;
        let at = |place: &usize| items.get(*place);
        let found = places.find(hash(&item), |place| at(place).is_some_and(|one| one.version.is(item.id())));
        match found.copied() {
            Some(earlier) => {
                let later = items.get_mut(earlier).map(|earlier| std::mem::replace(earlier, item));
                let key = later.as_ref().map(Item::key).unwrap_or_default();
                self.skip(key, place, "its key stands in the file before; this one counts");
            }
            None => {
                places.insert_unique(hash(&item), items.len(), |place| at(place).map_or(0, hash));
                items.push(item);
            }
        }
    }
}

impl Item {
    fn new(collection: Collection, key: &str, text: &str) -> Item {
        let id = DocumentId::new(collection, key);
        Item { collection, hash: id.hash(), version: Version::new(id, Stamp::default(), Some(text)) }
    }

    pub fn key(&self) -> &str {
        utf8(self.version.key())
    }

    pub fn text(&self) -> &str {
        utf8(self.version.text())
    }

    fn id(&self) -> DocumentId<'_> {
        DocumentId::new(self.collection, self.key())
    }
}

impl Intake {
    /// Where the document of this collection and key stands among the items, if the file has it.
    pub fn find(&self, collection: Collection, key: &str) -> Option<usize> {
        let id = DocumentId::new(collection, key);
        let is_it = |place: &usize| self.items.get(*place).is_some_and(|one| one.version.is(id));
        self.places.find(id.hash(), is_it).copied()
    }

    /// Counts a document that is not taken.
    pub fn skip(&mut self, key: &str, place: Place, reason: &str) {
        self.skipped += 1;
        if self.told.len() < TOLD {
            let Place { line, column } = place;
            self.told.push(Skipped { key: key.to_owned(), line, column, reason: reason.to_owned() });
        }
    }
}
