//! Documents taken in from a file of another program, in one commit that also names the state before.
//!
//! What is to change is found while others go on saving; what they changed meanwhile is looked at again under the commit
//! lock, as in a restore. Invariant: after the commit the store holds what was planned, and before it, or on any error,
//! nothing changed.

use super::commit::{Caller, Prepared, check_size};
use super::export::{Tell, record_text};
use super::intake::{Intake, Item, Skipped};
use super::keys::{self, RESTORABLE, TIER1};
use super::restore::Watch;
use super::states::State;
use super::{Core, Database};
use crate::document::Collection;
use crate::error::{Error, Result};
use crate::exchange::Place;
use crate::hub::Outbox;
use crate::journal::Log;
use crate::json;
use crate::module::Module;
use crate::options::read_object;
use crate::store::{NOW, Older, View};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// The record of the last import, within `save_metadata`.
const RECORD: &str = "last_import";

/// What becomes of documents that the file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They stay.
    Merge,
    /// They are cleared.
    Replace,
}

/// What becomes of a document that is there and differs from the file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    Overwrite,
    Skip,
    Fail,
}

/// How to import.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportOptions {
    pub mode: Mode,
    pub on_conflict: OnConflict,
    /// Names of collections; all of them if left out.
    pub collections: Option<Vec<String>>,
    /// The column or member that holds the key of a record in a foreign file.
    pub key_column: Option<String>,
    /// The key of a document that the file gives none; the file's name if left out.
    pub key: Option<String>,
    pub dry_run: bool,
    pub lenient: bool,
    /// A JSON file is one document, whatever it holds.
    pub whole: bool,
    /// Whether the result carries the Tier 1 documents of the file.
    pub data: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        ImportOptions {
            mode: Mode::Merge,
            on_conflict: OnConflict::Overwrite,
            collections: None,
            key_column: None,
            key: None,
            dry_run: false,
            lenient: false,
            whole: false,
            data: false,
        }
    }
}

impl ImportOptions {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<ImportOptions> {
        let Some(json) = json else { return Ok(ImportOptions::default()) };
        let read: ImportOptions = read_object(json, r#"{"mode": "replace"}"#)?;
        if let Some(unknown) = keys::not_restorable(read.collections.as_deref()) {
            let known = RESTORABLE.map(Collection::name).join(", ");
            return Err(Error::InvalidOption(format!("{unknown:?} cannot be imported; there are {known}")));
        }
        Ok(read)
    }

    pub(super) fn has(&self, collection: Collection) -> bool {
        keys::is_among(self.collections.as_deref(), collection)
    }
}

/// What importing did or would do.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedFile {
    pub path: String,
    pub format: &'static str,
    pub file_bytes: u64,
    pub dry_run: bool,
    /// How many documents the file holds.
    pub documents: u64,
    /// How many were or would be saved, were there already, or are cleared since the file does not have them.
    pub saved: u64,
    pub unchanged: u64,
    pub cleared: u64,
    pub skipped: u64,
    /// The first of those that were skipped.
    pub skipped_documents: Vec<Skipped>,
    /// The commit that did it; none if nothing differed.
    pub commit: Option<u64>,
    /// The automatic snapshot of the state before.
    pub undo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<BTreeMap<&'static str, Box<RawValue>>>,
}

impl Database {
    /// Takes in the documents of a file.
    pub fn import_from_external(
        &self,
        path: &Path,
        format: Option<&str>,
        options: &ImportOptions,
        tell: Tell<'_>,
    ) -> Result<ImportedFile> {
        Module::ImportExport.need()?;
        self.writable()?.import_from_external(path, format, options, self.plugin(), tell)
    }
}

/// What is to be done with one document.
enum Decision<'i> {
    Save(&'i Item),
    Clear,
    Unchanged,
    Skip,
    Nothing,
}

/// An import on its way into the log.
struct Import<'i> {
    core: &'i Core,
    log: &'i Log,
    source: &'i str,
    intake: &'i Intake,
    options: &'i ImportOptions,
    now: &'i State<'i>,
}

/// One change, with the name that users know the document by.
struct Step<'i> {
    collection: Collection,
    key: Cow<'i, str>,
    text: Option<&'i str>,
}

impl<'i> Import<'i> {
    /// Decides about one document as it is now.
    fn decide(&self, collection: Collection, key: &str, item: Option<&'i Item>) -> Result<Decision<'i>> {
        let there = self.now.document(collection, key);
        Ok(match (item, there) {
            (None, Some(_)) if self.options.mode == Mode::Replace && self.options.has(collection) => Decision::Clear,
            (None, _) => Decision::Nothing,
            (Some(item), None) => Decision::Save(item),
            (Some(item), Some(there)) if json::same(&item.text, there.text()) => Decision::Unchanged,
            (Some(item), Some(there)) => match self.options.on_conflict {
                OnConflict::Overwrite => Decision::Save(item),
                OnConflict::Skip => Decision::Skip,
                OnConflict::Fail => {
                    let current = there.found.revision();
                    return Err(Error::Conflict { key: key.to_owned(), expected: 0, current });
                }
            },
        })
    }

    fn step(
        &self,
        collection: Collection,
        key: Cow<'i, str>,
        item: Option<&'i Item>,
        counts: &mut Counts,
    ) -> Result<Option<Step<'i>>> {
        Ok(match self.decide(collection, &key, item)? {
            Decision::Save(item) => Some(Step { collection, key, text: Some(item.text.as_str()) }),
            Decision::Clear => Some(Step { collection, key, text: None }),
            Decision::Unchanged => {
                counts.unchanged += 1;
                None
            }
            Decision::Skip => {
                counts.kept.push(key.into_owned());
                None
            }
            Decision::Nothing => None,
        })
    }

    /// Everything that is to change.
    fn plan(&self, counts: &mut Counts) -> Result<Vec<Step<'i>>> {
        let mut steps = Vec::new();
        for item in &self.intake.items {
            steps.extend(self.step(item.collection, Cow::Borrowed(&item.key), Some(item), counts)?);
        }
        if self.options.mode == Mode::Replace {
            for there in self.now.documents() {
                if self.intake.find(there.collection, there.key()).is_none() {
                    steps.extend(self.step(there.collection, Cow::Owned(there.key().to_owned()), None, counts)?);
                }
            }
        }
        Ok(steps)
    }

    /// What is to change of documents that others changed meanwhile.
    fn again(&self, changed: &HashSet<(Collection, String)>, counts: &mut Counts) -> Result<Vec<Step<'i>>> {
        let mut steps = Vec::new();
        for (collection, key) in changed {
            let item = self.intake.find(*collection, key);
            steps.extend(self.step(*collection, Cow::Owned(key.clone()), item, counts)?);
        }
        Ok(steps)
    }

    /// Commits what was planned, as far as it still stands.
    fn commit(
        &self,
        mut steps: Vec<Step<'i>>,
        watch: &Watch<'_>,
        counts: &mut Counts,
        result: &mut ImportedFile,
        outbox: &mut Outbox,
    ) -> Result<()> {
        let core = self.core;
        let has_undo = Module::BackupRestore.is_built_in();
        let gone = if has_undo { core.superfluous_snapshots(None)? } else { Vec::new() };
        let committer = self.log.begin()?;
        let changed = watch.end();
        if let Some((collection, key)) = changed.iter().find(|(one, _)| self.intake.versions.contains_key(one)) {
            // The store has versions of its own by now, behind which the file's have no place.
            let current = core.store.highest_revision(*collection);
            return Err(Error::Conflict { key: key.clone(), expected: 0, current });
        }
        if !changed.is_empty() {
            // Some were saved or cleared by others since they were looked at.
            steps.retain(|step| !changed.contains(&(step.collection, step.key.clone().into_owned())));
            steps.extend(self.again(&changed, counts)?);
        }
        result.count(&steps, self.intake);
        let versions = Versions::of(self.intake);
        let mut prepared = versions.prepared();
        prepared.extend(steps.iter().filter(|step| !versions.has(step.collection)).map(Step::prepared));
        if prepared.is_empty() {
            core.finish_idle(self.log, committer, Caller::durable(self.source))?;
            return Ok(());
        }
        let undo = has_undo.then(|| {
            let name = Path::new(&result.path).file_name().and_then(|name| name.to_str()).unwrap_or("a file");
            let label: String = format!("before the import of {name}").chars().take(80).collect();
            core.describe(committer.last_sequence(), &label, Some("import"))
        });
        result.undo = undo.as_ref().map(|undo| undo.id.clone());
        result.note(std::mem::take(counts));
        result.commit = Some(committer.last_sequence() + 1);
        let record = result.record()?;
        prepared.push(Prepared::of_layer(RECORD, Some(&record)));
        match &undo {
            Some(undo) => core.commit_naming(undo, &gone, committer, prepared, self.source, outbox)?,
            None => core.commit_placed(self.log, committer, prepared, Caller::durable(self.source), outbox)?,
        };
        core.forget_locked(&gone);
        Ok(())
    }
}

/// What is counted while deciding.
#[derive(Default)]
struct Counts {
    unchanged: u64,
    /// Keys of documents that stay as they are though the file has another text.
    kept: Vec<String>,
}

impl Core {
    fn import_from_external(
        &self,
        path: &Path,
        format: Option<&str>,
        options: &ImportOptions,
        source: &str,
        tell: Tell<'_>,
    ) -> Result<ImportedFile> {
        // First, so that subscribers are called when everything else here is given back.
        let mut outbox = Outbox::default();
        let log = self.log()?;
        log.check()?;
        let mut intake = self.take_in(path, format, options, tell)?;
        let _published = self.hold_files()?;
        let now = State::View(View::new(&self.store, NOW, Older::Nothing));
        // From here on nothing changes that is not noticed below, so only now the store is looked at.
        let watch = Watch::start(self, log)?;
        self.drop_versions(&mut intake);
        let mut result = result_of(path, options, &intake)?;
        let import = Import { core: self, log, source, intake: &intake, options, now: &now };
        let mut counts = Counts::default();
        let steps = import.plan(&mut counts)?;
        check_size(intake.sizes())?;
        if options.dry_run {
            result.count(&steps, &intake);
        } else {
            import.commit(steps, &watch, &mut counts, &mut result, &mut outbox)?;
        }
        result.note(counts);
        Ok(result)
    }

    /// Past versions are taken in only where there are none, and only as many as stay.
    fn drop_versions(&self, intake: &mut Intake) {
        for collection in TIER1 {
            let has_own = self.store.highest_revision(collection) > 0;
            let Some(versions) = intake.versions.get_mut(&collection) else { continue };
            let stay = if has_own { 0 } else { self.options.versions_kept.saturating_sub(1) };
            let surplus = versions.len().saturating_sub(usize::try_from(stay).unwrap_or(usize::MAX));
            let reason = if has_own { "the store has versions of its own" } else { "more versions than are kept" };
            let gone: Vec<u64> = versions.keys().take(surplus).copied().collect();
            gone.iter().for_each(|version| drop(versions.remove(version)));
            if versions.is_empty() {
                intake.versions.remove(&collection);
            }
            for version in gone {
                intake.skip(&keys::version_key(collection, version), Place::default(), reason);
            }
        }
    }
}

impl Step<'_> {
    fn prepared(&self) -> Prepared<'_> {
        Prepared::of_known(self.collection, &self.key, self.text)
    }
}

/// Tier 1 documents that come with their past versions: each with its number, and the newest behind the last of them.
struct Versions<'i>(Vec<(Collection, String, u64, Option<&'i str>)>);

impl<'i> Versions<'i> {
    fn of(intake: &'i Intake) -> Versions<'i> {
        let mut all = Vec::new();
        for (collection, versions) in &intake.versions {
            let past = versions.iter().map(|(number, text)| (*number, Some(text.as_str())));
            all.extend(past.map(|(number, text)| (*collection, keys::version_key(*collection, number), number, text)));
            let last = versions.keys().next_back().copied().unwrap_or(0);
            all.push(match intake.find(*collection, collection.name()) {
                Some(item) => {
                    (*collection, keys::version_key(*collection, last + 1), last + 1, Some(item.text.as_str()))
                }
                // There are versions, but the newest was cleared.
                None => (*collection, collection.name().to_owned(), last, None),
            });
        }
        Versions(all)
    }

    fn has(&self, collection: Collection) -> bool {
        self.0.iter().any(|(one, ..)| *one == collection)
    }

    fn prepared(&self) -> Vec<Prepared<'_>> {
        self.0
            .iter()
            .map(|(collection, key, number, text)| Prepared::of_version(*collection, key, *number, *text))
            .collect()
    }
}

impl Intake {
    fn sizes(&self) -> impl Iterator<Item = usize> {
        let items = self.items.iter().map(|item| item.key.len() + item.text.len());
        items.chain(self.versions.values().flat_map(|versions| versions.values().map(String::len)))
    }
}

fn result_of(path: &Path, options: &ImportOptions, intake: &Intake) -> Result<ImportedFile> {
    let tier1 = intake.items.iter().filter(|item| item.collection != Collection::PluginData);
    let data = || {
        let raw = |item: &Item| Some((item.collection.name(), RawValue::from_string(item.text.clone()).ok()?));
        tier1.filter_map(raw).collect()
    };
    Ok(ImportedFile {
        path: path.display().to_string(),
        format: intake.format.name(),
        file_bytes: intake.file_bytes,
        dry_run: options.dry_run,
        documents: intake.read,
        saved: 0,
        unchanged: 0,
        cleared: 0,
        skipped: intake.skipped,
        skipped_documents: intake.told.clone(),
        commit: None,
        undo: None,
        data: options.data.then(data),
    })
}

impl ImportedFile {
    /// The record of the import: everything but the documents.
    fn record(&mut self) -> Result<String> {
        let data = self.data.take();
        let text = record_text(self);
        self.data = data;
        text
    }

    fn count(&mut self, steps: &[Step<'_>], intake: &Intake) {
        let past: usize = intake.versions.values().map(BTreeMap::len).sum();
        self.saved = (steps.iter().filter(|step| step.text.is_some()).count() + past) as u64;
        self.cleared = steps.iter().filter(|step| step.text.is_none()).count() as u64;
    }

    fn note(&mut self, counts: Counts) {
        self.unchanged += counts.unchanged;
        self.skipped += counts.kept.len() as u64;
        let reason = "the store has another text under this key";
        let kept = counts.kept.into_iter().take(100_usize.saturating_sub(self.skipped_documents.len()));
        let skipped = |key| Skipped { key, line: 0, column: 0, reason: reason.to_owned() };
        self.skipped_documents.extend(kept.map(skipped));
    }
}
