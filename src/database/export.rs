//! Documents written to a file for other programs.
//!
//! Holds how the state of one moment is gone through in the order of the formats, and how the file comes to stand under its
//! name. Invariant: the target is what it was before, or all of the export; and whatever is saved meanwhile, the export is
//! of one sequence number.

use super::commit::{Caller, Prepared, now_ms};
use super::keys::{self, RESTORABLE, TIER1};
use super::states::State;
use super::validate::utf8;
use super::{Core, Database};
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result};
use crate::exchange::{self, Failure, Format, Head, Record, Source};
use crate::hub::{Outbox, this_thread};
use crate::module::Module;
use crate::store::{EXPORTING, StagedFile};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The record of the last export, within `save_metadata`.
const RECORD: &str = "last_export";
/// After so many bytes whoever waits is told how far it is.
const TELL_EVERY: u64 = 256 << 10;

/// What a format's writer or reader comes to.
pub(super) type Outcome = std::result::Result<(), Failure>;

/// Is told how far a work is, done and total, and says whether to go on.
pub type Tell<'t> = &'t mut dyn FnMut(u64, u64) -> bool;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedFile {
    pub path: String,
    pub format: &'static str,
    /// Of the file.
    pub bytes: u64,
    pub documents: u64,
    /// The last commit that is in it.
    pub sequence: u64,
    /// Of the file, in hexadecimal.
    pub sha256: String,
    pub time_ms: u64,
}

/// Which documents are exported: all of the present if everything is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportSelection {
    /// A state as restoring takes it: a snapshot's id or label, `latest`, or a moment.
    pub at: Option<String>,
    /// Names of collections.
    pub collections: Option<Vec<String>>,
    /// Keys as users know them.
    pub keys: Option<HashSet<String>>,
}

impl ExportSelection {
    fn is_all(&self) -> bool {
        *self == ExportSelection::default()
    }

    fn has(&self, collection: Collection, key: &str) -> bool {
        keys::is_among(self.collections.as_deref(), collection)
            && self.keys.as_ref().is_none_or(|keys| keys.contains(key))
    }

    fn check(&self) -> Result<()> {
        match keys::not_restorable(self.collections.as_deref()) {
            None => Ok(()),
            Some(unknown) => {
                let known = RESTORABLE.map(Collection::name).join(", ");
                Err(Error::InvalidArgument(format!("{unknown:?} cannot be exported; there are {known}")))
            }
        }
    }
}

impl Database {
    /// Writes every document of one moment to a file: in JSON unless a format is named, and in the store's folder under a
    /// name with the time unless a path is given.
    pub fn export_for_sharing(
        &self,
        format: Option<&str>,
        path: Option<&Path>,
        tell: Tell<'_>,
    ) -> Result<ExportedFile> {
        self.export_selected(format, path, &ExportSelection::default(), tell)
    }

    /// The same of some documents, or of an earlier state.
    pub fn export_selected(
        &self,
        format: Option<&str>,
        path: Option<&Path>,
        selection: &ExportSelection,
        tell: Tell<'_>,
    ) -> Result<ExportedFile> {
        Module::ImportExport.need()?;
        if selection.at.is_some() {
            Module::BackupRestore.need()?;
        }
        selection.check()?;
        let exported = self.core()?.export_for_sharing(format, path, selection, tell)?;
        if let Ok(core) = self.writable() {
            // Of a store that takes no changes any more an export is worth most.
            let _ = core.note(RECORD, &exported, self.plugin());
        }
        Ok(exported)
    }
}

/// The time as `20261123_140500`, UTC.
fn compact_time(time_ms: u64) -> String {
    exchange::timestamp(time_ms).trim_end_matches('Z').replace('T', "_").replace(['-', ':'], "")
}

impl Core {
    fn export_for_sharing(
        &self,
        format: Option<&str>,
        path: Option<&Path>,
        selection: &ExportSelection,
        tell: Tell<'_>,
    ) -> Result<ExportedFile> {
        let format = format.map_or(Ok(Format::Json), Format::parse)?;
        let time_ms = now_ms();
        let path = path.map_or_else(|| self.unused_name(time_ms, format), Path::to_path_buf);
        self.check_target(&path)?;
        self.write_file(format, &path, (selection, time_ms), tell)
    }

    /// The same under a name of the layer's own.
    #[cfg(feature = "api-gateway")]
    pub(super) fn write_export(&self, format: &str, path: &Path, tell: Tell<'_>) -> Result<ExportedFile> {
        self.write_file(Format::parse(format)?, path, (&ExportSelection::default(), now_ms()), tell)
    }

    fn write_file(
        &self,
        format: Format,
        path: &Path,
        (selection, time_ms): (&ExportSelection, u64),
        tell: Tell<'_>,
    ) -> Result<ExportedFile> {
        let published = self.hold_files()?;
        let (chosen, totals) = match &selection.at {
            Some(name) => (self.choose(&self.point(name)?, &published)?, None),
            None => self.present().map(|(chosen, totals)| (chosen, Some(totals)))?,
        };
        let (documents, bytes) = match totals.filter(|_| selection.is_all()) {
            Some(totals) => {
                let of_users = RESTORABLE.iter().filter_map(|one| totals.get(*one as usize - 1));
                of_users.fold((0, 0), |sum, one| (sum.0 + one.documents, sum.1 + one.bytes))
            }
            None => measure(&chosen.state, selection)?,
        };
        let sequence = chosen.side.sequence;
        let counters = TIER1.map(|one| (keys::counter_key(one), chosen.state.counter(one))).into();
        let head = Head { version: env!("CARGO_PKG_VERSION").to_owned(), sequence, time_ms, documents, counters };
        let passes = u64::from(format.passes());
        let mut telling = Telling { tell, core: self, done: 0, told: 0, total: bytes.saturating_mul(passes) };
        telling.say(0)?;
        let records = Records { state: &chosen.state, selection, telling: RefCell::new(telling) };
        let mut output = Output::create(self, path)?;
        let written = exchange::write(format, &records, &head, &mut output).and_then(|()| records.end());
        let (bytes, sha256) = output.finish(written)?;
        drop(chosen);
        drop(published);
        let path = path.display().to_string();
        Ok(ExportedFile { path, format: format.name(), bytes, documents, sequence, sha256, time_ms })
    }

    /// A name with the time, and with a number behind it if there is such a file already: nobody chose to replace that.
    fn unused_name(&self, time_ms: u64, format: Format) -> PathBuf {
        let stem = format!("database_export_{}", compact_time(time_ms));
        let first = std::iter::once(String::new());
        let names = first.chain((2_u64..).map(|number| format!("_{number}")));
        let mut paths = names.map(|number| self.folder.join(format!("{stem}{number}.{}", format.name())));
        paths.find(|path| self.disk.open(path).is_err()).unwrap_or_default()
    }

    /// Notes in `save_metadata` what was last done.
    pub(super) fn note<T: Serialize>(&self, record: &str, what: &T, source: &str) -> Result<()> {
        let mut outbox = Outbox::default();
        let text = record_text(what)?;
        let log = self.log()?;
        let prepared = vec![Prepared::of_layer(record, Some(&text))];
        self.commit_placed(log, log.begin()?, prepared, Caller::behind(source), &mut outbox)?;
        Ok(())
    }
}

/// A record as JSON.
pub(super) fn record_text<T: Serialize>(what: &T) -> Result<String> {
    serde_json::to_string(what).map_err(|error| Error::InvalidArgument(format!("the record has no JSON form: {error}")))
}

/// How far it is, and who is told.
struct Telling<'t> {
    tell: Tell<'t>,
    core: &'t Core,
    done: u64,
    told: u64,
    total: u64,
}

impl Telling<'_> {
    fn say(&mut self, done: u64) -> Result<()> {
        (self.done, self.told) = (done, done);
        self.core.telling.store(this_thread(), Ordering::Relaxed);
        let goes_on = (self.tell)(done, self.total);
        self.core.telling.store(0, Ordering::Relaxed);
        if goes_on { Ok(()) } else { Err(Error::Cancelled) }
    }

    fn pass(&mut self, bytes: usize) -> Outcome {
        self.done = (self.done + bytes as u64).min(self.total);
        if self.done - self.told < TELL_EVERY { Ok(()) } else { self.say(self.done).map_err(Failure::Ended) }
    }
}

/// A state as the formats want it: each Tier 1 document and then its past versions, oldest first, and the plug-ins'
/// documents by key.
struct Records<'s, 't> {
    state: &'s State<'s>,
    selection: &'s ExportSelection,
    telling: RefCell<Telling<'t>>,
}

impl Records<'_, '_> {
    /// All is written, however often the format looked at it.
    fn end(&self) -> Outcome {
        let mut telling = self.telling.borrow_mut();
        let total = telling.total;
        telling.say(total).map_err(Failure::Ended)
    }
}

impl Source for Records<'_, '_> {
    fn each(&self, visit: &mut dyn FnMut(Record<'_>) -> Outcome) -> Outcome {
        each(self.state, self.selection, &mut |collection, key, text| {
            visit(Record { collection: collection.name(), key, text })?;
            self.telling.borrow_mut().pass(text.len())
        })
    }
}

/// How many documents of a state are selected, and the bytes of their texts.
fn measure(state: &State<'_>, selection: &ExportSelection) -> Result<(u64, u64)> {
    let (mut documents, mut bytes) = (0, 0);
    let counted = each(state, selection, &mut |_, _, text| {
        (documents, bytes) = (documents + 1, bytes + text.len() as u64);
        Ok(())
    });
    counted.map_err(|failure| of_failure(failure, Path::new("")))?;
    Ok((documents, bytes))
}

/// Is handed a document: its collection, its key and its text.
type Visit<'v> = &'v mut dyn FnMut(Collection, &str, &str) -> Outcome;

/// Goes through the selected documents of a state in the order of the formats.
fn each(state: &State<'_>, selection: &ExportSelection, visit: Visit<'_>) -> Outcome {
    let mut show = |collection: Collection, key: &str, text: &[u8]| -> Outcome {
        if selection.has(collection, key) { visit(collection, key, utf8(text)) } else { Ok(()) }
    };
    for collection in TIER1 {
        let newest = state.newest(collection);
        let number = newest.as_ref().map(|found| found.revision());
        if let Some(found) = newest {
            show(collection, collection.name(), found.text())?;
        }
        for version in state.versions(collection).into_iter().filter(|one| Some(*one) != number) {
            let key = keys::version_key(collection, version);
            if let Some(found) = state.get(DocumentId::new(collection, &key)) {
                show(collection, &key, found.text())?;
            }
        }
    }
    for found in state.entries(Collection::PluginData).filter(|found| !found.entry().cleared) {
        let key = utf8(found.key());
        show(Collection::PluginData, key, found.text())?;
    }
    Ok(())
}

/// The file under way, and the hash of what is in it.
struct Output<'d> {
    file: StagedFile<'d>,
    hash: Sha256,
    /// What the file failed with; the formats know errors of streams only.
    failed: Option<Error>,
}

impl<'d> Output<'d> {
    fn create(core: &'d Core, path: &Path) -> Result<Output<'d>> {
        let file = StagedFile::create(&*core.disk, path, EXPORTING)?;
        Ok(Output { file, hash: Sha256::new(), failed: None })
    }

    fn write_out(&mut self) -> Result<()> {
        self.hash.update(&self.file.buffer);
        self.file.write_out()
    }

    /// Gives the file its name if everything was written. Returns its length and hash.
    fn finish(mut self, written: Outcome) -> Result<(u64, String)> {
        let outcome = match (self.failed.take(), written) {
            (Some(error), _) => Err(error),
            (None, Err(failure)) => Err(of_failure(failure, &PathBuf::new())),
            (None, Ok(())) => self.write_out(),
        };
        if let Err(error) = outcome {
            self.file.abandon();
            return Err(error);
        }
        let mut text = String::new();
        for byte in self.hash.finalize() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok((self.file.finish()?, text))
    }
}

impl io::Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.buffer.extend_from_slice(bytes);
        if self.file.is_full()
            && let Err(error) = self.write_out()
        {
            self.failed = Some(error);
            return Err(io::ErrorKind::Other.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a format's failure is to the caller.
pub(super) fn of_failure(failure: Failure, path: &Path) -> Error {
    match failure {
        Failure::Unreadable { place, reason } => {
            let reason = reason.replace(char::is_control, " ");
            Error::Unreadable { path: path.to_path_buf(), line: place.line, column: place.column, reason }
        }
        Failure::Io(source) => Error::io("read", path, source),
        Failure::Ended(error) => error,
    }
}
