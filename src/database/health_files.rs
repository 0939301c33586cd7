//! What the store's files say of its health: by their looks, and read again to the last byte.
//!
//! Reading again keeps checkpoints from taking files away, and nothing else: saves go on. Invariant: it changes nothing, and
//! what a checkpoint or an import is just writing is not taken for damage.

use super::Core;
use super::checkpoint::Published;
use super::export::Tell;
use super::health_report::Checked;
use super::open::{is_at_work, is_unfinished};
use super::snapshots::imports;
use super::validate::{self, utf8};
use crate::analytics::{Cause, Severity};
use crate::error::{Error, Result};
use crate::hub::this_thread;
use crate::journal::{self, CheckLog, Extent, Log};
use crate::options::Recovery;
use crate::store::{self, Check, Entry, Image, file_name, history, sequences};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// After so many bytes whoever waits is told how far it is.
const TELL_EVERY: u64 = 1 << 20;
/// More than this is not told: who has that much damage needs no list of it.
const MOST_CAUSES: usize = 1000;
/// Deeper than any option allows documents to nest.
const DEEPEST: usize = 1024;

/// What the folder's listing says.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub causes: Vec<Cause>,
    pub disk_bytes: u64,
    pub image: Option<u64>,
    pub image_bytes: u64,
    pub segments: u64,
    /// Of all segments, unused room included.
    pub journal_bytes: u64,
}

fn cause(severity: Severity, file: &str, offset: u64, reason: impl Into<String>) -> Cause {
    Cause { file: file.to_owned(), offset, reason: reason.into(), severity }
}

impl Core {
    /// Lists the folder and holds it against what should be there.
    pub(super) fn look_at_folder(&self) -> Findings {
        let mut found = Findings::default();
        // Without it a checkpoint, an import or a check is under way, and files come and go.
        let published = self.published.try_lock();
        let sizes = match self.sizes() {
            Ok(sizes) => sizes,
            Err(error) => {
                found.causes.push(Cause::of_store(Severity::Documents, error.to_string()));
                return found;
            }
        };
        let is_segment = |name: &str| journal::number_in(name).is_some();
        found.disk_bytes = sizes.values().sum();
        found.journal_bytes = sizes.iter().filter(|(name, _)| is_segment(name)).map(|(_, bytes)| bytes).sum();
        found.segments = sizes.keys().filter(|name| is_segment(name)).count() as u64;
        found.image_bytes = match &self.log {
            Some(_) => self.image_length(),
            None => self.store.base().map_or(0, Image::length),
        };
        match published {
            Some(published) => {
                found.image = published.sequence;
                if self.log.is_some() {
                    self.hold_against(&published, &sizes, &mut found);
                }
            }
            None => found.image = sequences(&sizes.keys().cloned().collect::<Vec<_>>()).last().copied(),
        }
        if let Some(log) = &self.log {
            found.segments = log.paths().len() as u64;
        }
        found
    }

    /// Every file of the folder with its size.
    fn sizes(&self) -> Result<BTreeMap<String, u64>> {
        let names = self.disk.list(&self.folder).map_err(|source| Error::io("list", &self.folder, source))?;
        let size = |name: &str| self.disk.open(&self.folder.join(name)).and_then(|file| file.length());
        // What is gone by now, and folders, have no size.
        Ok(names.into_iter().map(|name| (size(&name).unwrap_or(0), name)).map(|(size, name)| (name, size)).collect())
    }

    fn hold_against(&self, published: &Published, sizes: &BTreeMap<String, u64>, into: &mut Findings) {
        let image = published.sequence.map(file_name);
        let mut wanted: Vec<(String, Option<u64>, Severity)> = Vec::new();
        wanted.extend(image.iter().map(|name| (name.clone(), Some(into.image_bytes), Severity::Documents)));
        let histories = published.histories.iter();
        wanted.extend(histories.map(|one| (history::name(one.number), Some(one.length), Severity::Beside)));
        let imported = imports(&self.store);
        wanted.extend(imported.iter().map(|name| (name.clone(), None, Severity::Beside)));
        let segments = self.log.as_ref().map(Log::paths).unwrap_or_default();
        let named = segments.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        wanted.extend(named.map(|name| (name, None, Severity::Documents)));
        for (name, length, severity) in &wanted {
            match (sizes.get(name), length) {
                (None, _) => into.causes.push(cause(*severity, name, 0, "the file is missing")),
                (Some(found), Some(length)) if found != length => {
                    let reason = format!("the file has {found} bytes and should have {length}");
                    into.causes.push(cause(*severity, name, *found.min(length), reason));
                }
                _ => {}
            }
        }
        // What the gateway or an export leaves behind goes at the next opening; until then it may be in use.
        for name in sizes.keys().filter(|name| !is_at_work(name)) {
            let is_other = |kind: &str| name.starts_with(kind) && !wanted.iter().any(|(one, ..)| one == name);
            let reason = if is_unfinished(name) {
                "a checkpoint or an import did not finish this file"
            } else if name.ends_with(".coffer.damaged") {
                "salvage set this damaged file aside"
            } else if name.ends_with(".coffer") && (is_other("image-") || is_other("history-") || is_other("import-")) {
                "nothing needs this file any more"
            } else {
                continue;
            };
            into.causes.push(cause(Severity::Untidy, name, 0, reason));
        }
    }

    /// Reads everything on the disk again and finds all that is wrong with it.
    pub(super) fn check_files(&self, tell: Tell<'_>) -> Result<(Vec<Cause>, Checked)> {
        let started = Instant::now();
        let published = self.hold_files()?;
        let imported = imports(&self.store);
        let extent = self.extent(&published);
        let sizes = self.sizes()?;
        let size = |name: &str| sizes.get(name).copied().unwrap_or(0);
        let image = published.sequence.map(file_name);
        let names = image.iter().chain(&imported).map(|name| size(name));
        let histories = published.histories.iter().map(|one| one.length);
        let segments =
            extent.paths.iter().filter_map(|path| path.file_name()).map(|name| size(&name.to_string_lossy()));
        let total = names.chain(histories).chain(segments).sum();
        let mut watch =
            Watch { core: self, tell, done: 0, told: 0, total, causes: Vec::new(), file: String::new(), files: 0 };
        watch.say()?;
        if let Some(name) = &image {
            watch.begin(name);
            store::check(&*self.disk, &self.folder.join(name), published.sequence, &mut watch)?;
        }
        for one in &published.histories {
            watch.begin(&history::name(one.number));
            history::check(&*self.disk, &self.folder, one, &mut watch)?;
        }
        for name in &imported {
            watch.begin(name);
            store::check(&*self.disk, &self.folder.join(name), None, &mut watch)?;
        }
        watch.files += extent.paths.len() as u64;
        if self.log.is_some() {
            journal::check(&*self.disk, &extent, &mut watch)?;
        } else {
            self.check_foreign_journal(&published, &sizes, &mut watch)?;
        }
        watch.total = watch.done;
        watch.say()?;
        drop(published);
        let took = started.elapsed().as_secs_f64();
        let bytes = watch.done;
        let mb_per_s = if took > 0.0 { bytes as f64 / 1e6 / took } else { 0.0 };
        Ok((watch.causes, Checked { bytes, files: watch.files, took_ms: took * 1e3, mb_per_s }))
    }

    /// What the journal's files have to hold. The caller holds the checkpoint lock.
    fn extent(&self, published: &Published) -> Extent {
        let after = published.sequence.unwrap_or(0);
        let Some(log) = &self.log else { return Extent { paths: Vec::new(), after, through: after } };
        // After a failed write or sync nobody knows what the disk has of what was not synced, which is told as such.
        let through = match log.write_through(log.last_sequence()).and_then(|()| log.check()) {
            Ok(()) => log.written(),
            Err(_) => log.synced(),
        };
        Extent { paths: log.paths(), after, through }
    }

    /// The journal of a store that was opened read-only, which another process may be writing: as an opening would read it.
    fn check_foreign_journal(
        &self,
        published: &Published,
        sizes: &BTreeMap<String, u64>,
        watch: &mut Watch<'_>,
    ) -> Result<()> {
        let names: Vec<String> = sizes.keys().cloned().collect();
        let after = published.sequence.unwrap_or(0);
        let read = journal::recover(&*self.disk, &self.folder, &names, after, Recovery::Strict, &mut |_| Ok(()));
        match read {
            Err(Error::Corrupt { path, offset, reason }) => CheckLog::flaw(watch, &path, offset, reason),
            Err(error @ (Error::Cancelled | Error::OutOfMemory { .. })) => return Err(error),
            // Its writer takes files away when they are of no more use.
            Err(_) | Ok(_) => {}
        }
        let segments: Vec<u64> =
            sizes.iter().filter(|(name, _)| journal::number_in(name).is_some()).map(|(_, bytes)| *bytes).collect();
        watch.files += segments.len() as u64;
        CheckLog::passed(watch, segments.iter().sum())?;
        // Whatever its writer replaced meanwhile is none of ours to judge.
        let newest = self.disk.list(&self.folder).ok().and_then(|names| sequences(&names).last().copied());
        if newest != published.sequence {
            watch.causes.clear();
        }
        Ok(())
    }
}

/// How far a check is, who is told, and what was found.
struct Watch<'t> {
    core: &'t Core,
    tell: Tell<'t>,
    done: u64,
    told: u64,
    total: u64,
    causes: Vec<Cause>,
    file: String,
    files: u64,
}

impl Watch<'_> {
    fn begin(&mut self, name: &str) {
        name.clone_into(&mut self.file);
        self.files += 1;
    }

    fn say(&mut self) -> Result<()> {
        self.told = self.done;
        self.core.telling.store(this_thread(), Ordering::Relaxed);
        let goes_on = (self.tell)(self.done.min(self.total), self.total);
        self.core.telling.store(0, Ordering::Relaxed);
        if goes_on { Ok(()) } else { Err(Error::Cancelled) }
    }

    fn add(&mut self, bytes: u64) -> Result<()> {
        self.done += bytes;
        if self.done - self.told < TELL_EVERY { Ok(()) } else { self.say() }
    }

    fn put(&mut self, cause: Cause) {
        if self.causes.len() < MOST_CAUSES {
            self.causes.push(cause);
        }
    }
}

impl Check for Watch<'_> {
    fn passed(&mut self, bytes: u64) -> Result<()> {
        self.add(bytes)
    }

    fn flaw(&mut self, offset: u64, reason: String) {
        // The image is what documents are read from; histories and imports are for snapshots.
        let severity = if self.file.starts_with("image-") { Severity::Documents } else { Severity::Beside };
        self.put(cause(severity, &self.file.clone(), offset, reason));
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Option<String> {
        if entry.cleared {
            return None;
        }
        let key = utf8(entry.key);
        let Ok(text) = std::str::from_utf8(entry.text) else { return Some("a document is not UTF-8".to_owned()) };
        validate::check_document(key, text, u64::MAX, DEEPEST).err().map(|error| error.to_string())
    }
}

impl CheckLog for Watch<'_> {
    fn passed(&mut self, bytes: u64) -> Result<()> {
        self.add(bytes)
    }

    fn flaw(&mut self, path: &Path, offset: u64, reason: String) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.put(cause(Severity::Documents, &name, offset, reason));
    }
}
