//! Snapshots as files: written for another machine, taken in from one, and the check of every byte that one needs.
//!
//! An exported snapshot is an image with the snapshot's record in it, and an imported one stays such an image, beside the
//! store's own. Invariant: a file is taken in only if every byte and every document in it is right, and its name is
//! certain before the record that names it.

use super::checkpoint::Published;
use super::commit::{Caller, Prepared, now_ms};
use super::keys::{RESTORABLE, TIER1};
use super::snapshots::{counters, record_of};
use super::states::LOST;
use super::states::State;
use super::{Core, validate};
use crate::disk;
use crate::document::{Collection, check_key};
use crate::error::{Error, Result};
use crate::hub::Outbox;
use crate::snapshots::{Kind, Point, Size, Snapshot, check_label};
use crate::store::{Entry, Found, Image, ImageWriter, file_name, verify};
use serde::Serialize;
use serde_json::{Map, json};
use std::path::Path;

/// The key of the record in an exported file, within `save_metadata`.
const RECORD: &str = "snapshot";

/// What to do about a damaged file that came from elsewhere.
const ANOTHER_COPY: &str = "take another copy of it";

/// What was written to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub id: String,
    pub path: String,
    pub sequence: u64,
    pub documents: u64,
    /// Of the documents' texts.
    pub bytes: u64,
    pub file_bytes: u64,
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub id: String,
    pub documents: u64,
    /// Of the documents' texts.
    pub bytes: u64,
    /// Files that were read again, but for the journal.
    pub files: u64,
    pub file_bytes: u64,
    /// Commits that were read again from the journal.
    pub journal_commits: u64,
}

/// The file name of the import with this number.
pub(super) fn import_name(number: u64) -> String {
    disk::numbered("import", number)
}

/// Whether a name is that of an import's file, finished or not.
pub(super) fn is_import(name: &str) -> bool {
    disk::number_in("import", name.strip_suffix(".tmp").unwrap_or(name)).is_some()
}

impl State<'_> {
    /// How much a collection holds.
    fn size_of(&self, collection: Collection) -> Size {
        let mut size = Size::default();
        for found in self.entries(collection).filter(|found| !found.entry().cleared) {
            size = Size { documents: size.documents + 1, bytes: size.bytes + found.text().len() as u64 };
        }
        size
    }

    /// How many versions of a Tier 1 document there were.
    pub(super) fn counter(&self, collection: Collection) -> u64 {
        self.entries(collection).map(|found| found.revision()).max().unwrap_or(0)
    }
}

impl Core {
    /// Writes the state that `name` means to a file of its own.
    pub(super) fn export_snapshot(&self, name: &str, path: &Path) -> Result<Exported> {
        self.check_target(path)?;
        let published = self.hold_files()?;
        let point = self.point(name)?;
        let chosen = self.choose(&point, &published)?;
        let snapshot = record_for_file(&point, &chosen.state, &chosen.side.id, chosen.side.sequence);
        let mut writer = ImageWriter::elsewhere(&*self.disk, path, chosen.side.sequence)?;
        let file_bytes = match fill(&mut writer, &chosen.state, &snapshot) {
            Ok(()) => writer.finish(0, Vec::new())?,
            Err(error) => {
                writer.abandon();
                return Err(error);
            }
        };
        Ok(Exported {
            id: chosen.side.id.clone(),
            path: path.display().to_string(),
            sequence: snapshot.sequence,
            documents: snapshot.documents,
            bytes: snapshot.bytes,
            file_bytes,
        })
    }

    /// A file of the store's own must not be replaced by an export.
    pub(super) fn check_target(&self, path: &Path) -> Result<()> {
        let Some(name) = self.disk.spelling(path) else {
            return Err(Error::InvalidArgument(format!("{:?} names no file", path.display().to_string())));
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if self.disk.is_special(path) {
            return Err(Error::InvalidArgument(format!("{} is a folder or a device and no file", path.display())));
        }
        let is_here = self.disk.canonical(folder).is_ok_and(|folder| folder == self.folder);
        if is_here && (name == "lock" || name.contains(".coffer")) {
            let reason = format!("{} is among the store's own files; export to another folder", path.display());
            return Err(Error::InvalidArgument(reason));
        }
        Ok(())
    }

    /// Takes in a file that `export_snapshot` wrote, as one more snapshot.
    pub(super) fn import_snapshot(&self, path: &Path, label: Option<&str>, source: &str) -> Result<Snapshot> {
        // First, so that subscribers are called when everything else here is given back.
        let mut outbox = Outbox::default();
        let log = self.log()?;
        let label = label.filter(|label| !label.is_empty()).map(|label| check_label(Some(label))).transpose()?;
        if path.as_os_str().is_empty() {
            return Err(Error::InvalidArgument("the file's path is empty; name a file".to_owned()));
        }
        if self.disk.is_special(path) {
            return Err(Error::InvalidArgument(format!("{} is no file", path.display())));
        }
        let image = Image::open(&*self.disk, path).map_err(|error| error.advise(ANOTHER_COPY))?;
        let mut snapshot = self.check_image(&image)?;
        let _published = self.hold_files()?;
        log.check()?;
        // Greater than that of every snapshot so far, and an import takes at least one commit.
        let number = log.last_sequence() + 1;
        let name = import_name(number);
        (snapshot.id, snapshot.kind, snapshot.pinned) = (Snapshot::import_id_of(number), Kind::Imported, false);
        (snapshot.reason, snapshot.file) = (None, Some(name.clone()));
        snapshot.created_at_ms = now_ms();
        snapshot.label = match label {
            Some(label) => label.to_owned(),
            // What a file says may be anything.
            None => check_label(Some(&snapshot.label)).or_else(|_| check_label(None))?.to_owned(),
        };
        let mut writer = ImageWriter::named(&*self.disk, &self.folder.join(&name), image.sequence())?;
        match fill(&mut writer, &State::Image(Box::new(image)), &snapshot) {
            Ok(()) => writer.finish(0, Vec::new())?,
            Err(error) => {
                writer.abandon();
                return Err(error);
            }
        };
        let (key, text) = record_of(&snapshot)?;
        let record = vec![Prepared::of_layer(&key, Some(&text))];
        self.commit_placed(log, log.begin()?, record, Caller::durable(source), &mut outbox)?;
        Ok(snapshot)
    }

    /// Checks that a file holds a snapshot, and documents that this store takes. Returns its record.
    fn check_image(&self, image: &Image) -> Result<Snapshot> {
        let mut record = None;
        for entry in (0..image.entries()).filter_map(|rank| image.ranked(rank)) {
            let wrong = |reason: &str| Error::corrupt(&image.path, 0, reason).advise(ANOTHER_COPY);
            let key = std::str::from_utf8(entry.key).map_err(|_| wrong("a key is not UTF-8"))?;
            let text = std::str::from_utf8(entry.text).map_err(|_| wrong("a document is not UTF-8"))?;
            check_key(key)?;
            if entry.collection == Collection::SaveMetadata as u8 {
                record = if key == RECORD { serde_json::from_str::<Snapshot>(text).ok() } else { record };
            } else if RESTORABLE.iter().all(|one| *one as u8 != entry.collection) {
                return Err(wrong("a document is in an unknown collection"));
            } else if !entry.cleared {
                validate::check_document(key, text, self.options.max_document_bytes, self.options.max_depth)?;
            }
        }
        let path = image.path.display();
        record.ok_or_else(|| Error::InvalidArgument(format!("{path} is no exported snapshot: it has no record of one")))
    }

    /// Reads again and checks every byte that a snapshot needs, and that its state is as large as its record says.
    pub(super) fn verify_snapshot(&self, name: &str) -> Result<Verified> {
        let published = self.hold_files()?;
        let snapshot = self.snapshot(name)?;
        let (files, file_bytes, journal_commits) = match &snapshot.file {
            Some(file) => (1, verify(&*self.disk, &self.folder.join(file)).map_err(|error| error.advise(LOST))?, 0),
            None => self.verify_files(&snapshot, &published)?,
        };
        let chosen = self.choose(&Point::Snapshot(Box::new(snapshot.clone())), &published)?;
        let mut total = Size::default();
        for collection in Collection::ALL {
            // A file has none of the layer's own records but its own.
            if snapshot.file.is_some() && collection == Collection::SaveMetadata {
                continue;
            }
            let (found, expected) = (chosen.state.size_of(collection), snapshot.size_of(collection.name()));
            if found != expected {
                let reason = format!(
                    "{} should hold {} documents with {} bytes in {}, and has {} with {}",
                    snapshot.id,
                    expected.documents,
                    expected.bytes,
                    collection.name(),
                    found.documents,
                    found.bytes
                );
                return Err(Error::corrupt(&self.folder, 0, reason).advise(LOST));
            }
            if RESTORABLE.contains(&collection) {
                total = Size { documents: total.documents + found.documents, bytes: total.bytes + found.bytes };
            }
        }
        let Size { documents, bytes } = total;
        Ok(Verified { id: snapshot.id, documents, bytes, files, file_bytes, journal_commits })
    }

    /// Reads the image and the journal behind it; the histories are read when the state is brought together.
    fn verify_files(&self, snapshot: &Snapshot, published: &Published) -> Result<(u64, u64, u64)> {
        let (mut files, mut bytes, mut commits) = (0, 0, 0);
        if let Some(image) = published.sequence {
            bytes += verify(&*self.disk, &self.folder.join(file_name(image)))?;
            files += 1;
        }
        for one in published.histories.iter().filter(|one| (one.oldest..one.newest).contains(&snapshot.sequence)) {
            bytes += one.length;
            files += 1;
        }
        if let Some(log) = &self.log {
            log.reread(published.sequence.unwrap_or(0), log.last_sequence(), &mut |_| {
                commits += 1;
                Ok(())
            })?;
        }
        Ok((files, bytes, commits))
    }
}

/// The record that goes into a file.
fn record_for_file(point: &Point, state: &State<'_>, id: &str, sequence: u64) -> Snapshot {
    let mut snapshot = match point {
        Point::Snapshot(snapshot) => (**snapshot).clone(),
        _ => Snapshot {
            id: id.to_owned(),
            label: format!("commit {sequence}"),
            kind: Kind::Manual,
            reason: None,
            pinned: false,
            sequence,
            created_at_ms: now_ms(),
            documents: 0,
            bytes: 0,
            collections: Map::new(),
            versions: Map::new(),
            file: None,
        },
    };
    snapshot.file = None;
    (snapshot.documents, snapshot.bytes) = (0, 0);
    for collection in Collection::ALL {
        let size = if RESTORABLE.contains(&collection) { state.size_of(collection) } else { Size::default() };
        snapshot.documents += size.documents;
        snapshot.bytes += size.bytes;
        snapshot.collections.insert(collection.name().to_owned(), json!(size));
    }
    snapshot.versions = counters(TIER1.into_iter().map(|collection| (collection, state.counter(collection))));
    snapshot
}

/// Writes a state's documents and its record, in the order of collections and keys.
fn fill(writer: &mut ImageWriter<'_>, state: &State<'_>, snapshot: &Snapshot) -> Result<()> {
    let (_, record) = record_of(snapshot)?;
    for collection in Collection::ALL {
        if collection == Collection::SaveMetadata {
            writer.add(&Entry {
                sequence: snapshot.sequence,
                revision: 1,
                time_ms: snapshot.created_at_ms,
                collection: collection as u8,
                cleared: false,
                key: RECORD.as_bytes(),
                text: record.as_bytes(),
            })?;
            continue;
        }
        // A cleared plug-in document is of no use elsewhere; that a Tier 1 document is cleared is part of the state.
        let is_part = |found: &Found<'_>| !found.entry().cleared || TIER1.contains(&collection);
        for found in state.entries(collection).filter(is_part) {
            writer.add(&found.entry())?;
        }
    }
    Ok(())
}
