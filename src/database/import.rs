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
    /// What the result and the record call the file, if its path is nobody's business.
    #[serde(skip)]
    pub called: Option<&'static str>,
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
            called: None,
        }
    }
}

impl ImportOptions {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<ImportOptions> {
        Module::ImportExport.need()?;
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
        // Looking changes nothing.
        let core = if options.dry_run { self.core()? } else { self.writable()? };
        core.import_from_external(path, format, options, self.plugin(), tell)
    }
}

/// What is to be done with one document.
enum Decision {
    Save,
    Clear,
    Unchanged,
    Skip,
    Nothing,
}

/// An import on its way into the log.
struct Import<'i> {
    core: &'i Core,
    source: &'i str,
    options: &'i ImportOptions,
    now: &'i State<'i>,
}

/// One change that is to be made.
enum Step {
    /// The item at this place of the file's is saved.
    Save(usize),
    /// The document that users know by this key is cleared.
    Clear(Collection, String),
}

impl Import<'_> {
    /// Decides about one document as it is now.
    fn decide(&self, collection: Collection, key: &str, item: Option<&Item>) -> Result<Decision> {
        let there = self.now.document(collection, key);
        Ok(match (item, there) {
            (None, Some(_)) if self.options.mode == Mode::Replace && self.options.has(collection) => Decision::Clear,
            (None, _) => Decision::Nothing,
            (Some(_), None) => Decision::Save,
            (Some(item), Some(there)) if json::same(item.text(), there.text()) => Decision::Unchanged,
            (Some(_), Some(there)) => match self.options.on_conflict {
                OnConflict::Overwrite => Decision::Save,
                OnConflict::Skip => Decision::Skip,
                OnConflict::Fail => {
                    let current = there.found.revision();
                    return Err(Error::Conflict { key: key.to_owned(), expected: 0, current });
                }
            },
        })
    }

    /// The step for a document that stands at `place` among the file's, if it has it.
    fn step(
        &self,
        intake: &Intake,
        collection: Collection,
        key: &str,
        place: Option<usize>,
        counts: &mut Counts,
    ) -> Result<Option<Step>> {
        let item = place.and_then(|place| intake.items.get(place));
        match (self.decide(collection, key, item)?, place) {
            (Decision::Save, Some(place)) => return Ok(Some(Step::Save(place))),
            (Decision::Clear, _) => return Ok(Some(Step::Clear(collection, key.to_owned()))),
            (Decision::Unchanged, _) => counts.unchanged += 1,
            (Decision::Skip, _) => counts.kept.push(key.to_owned()),
            (Decision::Save | Decision::Nothing, _) => {}
        }
        Ok(None)
    }

    /// Everything that is to change.
    fn plan(&self, intake: &Intake, counts: &mut Counts) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        for (place, item) in intake.items.iter().enumerate() {
            steps.extend(self.step(intake, item.collection, item.key(), Some(place), counts)?);
        }
        if self.options.mode == Mode::Replace {
            for there in self.now.documents() {
                if intake.find(there.collection, there.key()).is_none() {
                    steps.extend(self.step(intake, there.collection, there.key(), None, counts)?);
                }
            }
        }
        Ok(steps)
    }

    /// Looks again at the documents that others changed meanwhile.
    fn look_again(
        &self,
        steps: &mut Vec<Step>,
        intake: &Intake,
        changed: &HashSet<(Collection, String)>,
        counts: &mut Counts,
    ) -> Result<()> {
        if let Some((collection, key)) = changed.iter().find(|(one, _)| intake.versions.contains_key(one)) {
            // The store has versions of its own by now, behind which the file's have no place.
            let current = self.core.store.highest_revision(*collection);
            return Err(Error::Conflict { key: key.clone(), expected: 0, current });
        }
        if changed.is_empty() {
            return Ok(());
        }
        steps.retain(|step| match step {
            Step::Save(place) => {
                let item = intake.items.get(*place);
                item.is_some_and(|item| !changed.contains(&(item.collection, item.key().to_owned())))
            }
            Step::Clear(collection, key) => !changed.contains(&(*collection, key.clone())),
        });
        for (collection, key) in changed {
            let place = intake.find(*collection, key);
            steps.extend(self.step(intake, *collection, key, place, counts)?);
        }
        Ok(())
    }

    /// Commits what was planned, as far as it still stands. `watch` is over the log and the store.
    fn commit(
        &self,
        mut steps: Vec<Step>,
        intake: Intake,
        (log, watch): (&Log, &Watch<'_>),
        mut counts: Counts,
        result: &mut ImportedFile,
        outbox: &mut Outbox,
    ) -> Result<()> {
        let core = self.core;
        let has_undo = Module::BackupRestore.is_built_in();
        let gone = if has_undo { core.superfluous_snapshots(None)? } else { Vec::new() };
        let committer = log.begin_large()?;
        self.look_again(&mut steps, &intake, &watch.end(), &mut counts)?;
        result.count(&steps, &intake);
        result.note(counts);
        let mut prepared = prepared_of(&steps, intake);
        if prepared.is_empty() {
            core.finish_idle(log, committer, Caller::durable(self.source))?;
            return Ok(());
        }
        let undo = has_undo.then(|| {
            let name = Path::new(&result.path).file_name().and_then(|name| name.to_str()).unwrap_or("a file");
            let label: String = format!("before the import of {name}").chars().take(80).collect();
            core.describe(committer.last_sequence(), &label, Some("import"))
        });
        result.undo = undo.as_ref().map(|undo| undo.id.clone());
        result.commit = Some(committer.last_sequence() + 1);
        let record = result.record()?;
        prepared.push(Prepared::of_layer(RECORD, Some(&record)));
        match &undo {
            Some(undo) => core.commit_naming(undo, &gone, committer, prepared, self.source, outbox)?,
            None => core.commit_placed(log, committer, prepared, Caller::durable(self.source), outbox)?,
        };
        core.forget_locked(&gone);
        Ok(())
    }
}

/// What the steps commit. It holds the file's items from here on, and lets go of each as soon as the store has it.
fn prepared_of(steps: &[Step], mut intake: Intake) -> Vec<Prepared<'_>> {
    let mut prepared = Vec::with_capacity(steps.len());
    let mut items: Vec<Option<Item>> = intake.items.into_iter().map(Some).collect();
    let mut take = |place: usize| items.get_mut(place).and_then(Option::take);
    let mut numbers: BTreeMap<Collection, u64> = BTreeMap::new();
    for (collection, versions) in std::mem::take(&mut intake.versions) {
        numbers.insert(collection, versions.keys().next_back().copied().unwrap_or(0));
        let of_version = |(number, version)| Prepared::of_own_version(collection, number, version);
        prepared.extend(versions.into_iter().map(of_version));
    }
    for step in steps {
        prepared.extend(match step {
            Step::Save(place) => {
                take(*place).map(|Item { collection, hash, version }| match numbers.remove(&collection) {
                    // It comes behind the versions that came with it.
                    Some(last) => Prepared::of_own_version(collection, last + 1, version),
                    None => Prepared::of_own(collection, hash, version),
                })
            }
            Step::Clear(collection, key) => Some(Prepared::of_known(*collection, key, None)),
        });
    }
    // Of these the file has versions, and the newest was cleared.
    prepared.extend(numbers.into_iter().map(|(collection, last)| Prepared::of_cleared(collection, last)));
    prepared
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
        let log = if options.dry_run { None } else { Some(self.log()?) };
        log.map_or(Ok(()), Log::check)?;
        let mut intake = self.take_in(path, format, options, tell)?;
        let _published = self.hold_files()?;
        let now = State::View(View::new(&self.store, NOW, Older::Nothing));
        // From here on nothing changes that is not noticed below, so only now the store is looked at.
        let watch = log.map(|log| Watch::start(self, log)).transpose()?;
        self.drop_versions(&mut intake);
        let mut result = result_of(path, options, &intake)?;
        let import = Import { core: self, source, options, now: &now };
        let mut counts = Counts::default();
        let steps = import.plan(&intake, &mut counts)?;
        check_size(intake.sizes())?;
        if let (Some(log), Some(watch)) = (log, &watch) {
            import.commit(steps, intake, (log, watch), counts, &mut result, &mut outbox)?;
        } else {
            result.count(&steps, &intake);
            result.note(counts);
        }
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

impl Intake {
    fn sizes(&self) -> impl Iterator<Item = usize> {
        let items = self.items.iter().map(|item| item.version.key().len() + item.version.text().len());
        items.chain(self.versions.values().flat_map(|versions| versions.values().map(|one| one.text().len())))
    }
}

fn result_of(path: &Path, options: &ImportOptions, intake: &Intake) -> Result<ImportedFile> {
    let tier1 = intake.items.iter().filter(|item| item.collection != Collection::PluginData);
    let data = || {
        let raw = |item: &Item| Some((item.collection.name(), RawValue::from_string(item.text().to_owned()).ok()?));
        tier1.filter_map(raw).collect()
    };
    Ok(ImportedFile {
        path: options.called.map_or_else(|| path.display().to_string(), str::to_owned),
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

    fn count(&mut self, steps: &[Step], intake: &Intake) {
        let past: usize = intake.versions.values().map(BTreeMap::len).sum();
        let saved = steps.iter().filter(|step| matches!(step, Step::Save(_))).count();
        (self.saved, self.cleared) = ((saved + past) as u64, (steps.len() - saved) as u64);
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
