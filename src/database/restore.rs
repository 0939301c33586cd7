//! Restoring a state: the documents that differ are brought back, in one commit that also names the state before.
//!
//! What is to change is found while others go on saving; what they changed meanwhile is looked at again under the commit
//! lock. Invariant: after the commit the chosen documents are exactly those of the state, and before it nothing changed.

use super::commit::{Caller, Prepared, check_size};
use super::states::{Named, State, compare};
use super::{Core, keys};
use crate::document::Collection;
use crate::error::{Error, Result};
use crate::hub::Outbox;
use crate::journal::Log;
use crate::module::Module;
use crate::options::read_object;
use crate::snapshots::{Point, Side};
use crate::store::{NOW, Older, View};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Which documents to restore, and whether to.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Names of collections; all of them if left out.
    collections: Option<Vec<String>>,
    /// Keys as users know them; all of them if left out.
    keys: Option<HashSet<String>>,
    /// Only say what would change.
    dry_run: bool,
}

impl Selection {
    /// Reads a selection from a JSON object; `None` stands for everything.
    pub fn parse(json: Option<&str>) -> Result<Selection> {
        Module::BackupRestore.need()?;
        let Some(json) = json else { return Ok(Selection::default()) };
        let read: Selection = read_object(json, r#"{"dry_run": true}"#)?;
        if let Some(unknown) = keys::not_restorable(read.collections.as_deref()) {
            return Err(Error::InvalidOption(format!(
                "{unknown:?} cannot be restored; there are character_roster, equipment_sets, party_configs and plugin_data"
            )));
        }
        Ok(read)
    }

    pub(super) fn dry_run(&self) -> bool {
        self.dry_run
    }

    fn has(&self, collection: Collection, key: &str) -> bool {
        keys::is_among(self.collections.as_deref(), collection)
            && self.keys.as_ref().is_none_or(|keys| keys.contains(key))
    }
}

/// What restoring did or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The state that was restored.
    pub id: String,
    pub sequence: u64,
    pub dry_run: bool,
    /// The commit that did it; none if nothing differed.
    pub commit: Option<u64>,
    /// How many documents were saved and cleared.
    pub saved: u64,
    pub cleared: u64,
    /// Of the texts that were saved.
    pub bytes: u64,
    /// The automatic snapshot of the state before.
    pub undo: Option<String>,
    /// Of a dry run: each document that would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Planned>>,
}

/// One change that a dry run announces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    pub key: String,
    /// `"save"` or `"clear"`.
    pub action: &'static str,
    /// Of the text that would be saved.
    pub bytes: u64,
}

/// A document that differs, and what it is to become.
struct Wanted<'v> {
    collection: Collection,
    key: String,
    to: Option<Named<'v>>,
}

impl<'v> Wanted<'v> {
    /// What has to be done with a document that is `to` in the state and `from` now; nothing if both have the same text.
    fn between(to: Option<Named<'v>>, from: Option<Named<'_>>) -> Option<Wanted<'v>> {
        if to.as_ref().map(Named::text) == from.as_ref().map(Named::text) {
            return None;
        }
        let (collection, key) = to.as_ref().or(from.as_ref()).map(|one| (one.collection, one.key().to_owned()))?;
        Some(Wanted { collection, key, to })
    }

    fn text(&self) -> Option<&str> {
        self.to.as_ref().map(Named::text)
    }

    fn size(&self) -> usize {
        self.key.len() + self.text().map_or(0, str::len)
    }

    fn prepared(&self) -> Prepared<'_> {
        Prepared::of_known(self.collection, &self.key, self.text())
    }

    fn planned(&self) -> Planned {
        let bytes = self.text().map_or(0, |text| text.len() as u64);
        Planned { key: self.key.clone(), action: if self.to.is_some() { "save" } else { "clear" }, bytes }
    }
}

/// Has the store note what is changed, until dropped.
pub(super) struct Watch<'c>(&'c Core);

impl<'c> Watch<'c> {
    pub(super) fn start(core: &'c Core, log: &Log) -> Result<Watch<'c>> {
        let _committer = log.begin()?;
        core.store.watch();
        Ok(Watch(core))
    }

    /// Collection and user's key of what was changed. The caller holds the commit lock.
    pub(super) fn end(&self) -> HashSet<(Collection, String)> {
        let user_key = |(collection, key)| match collection {
            Collection::PluginData => (collection, key),
            other => (other, other.name().to_owned()),
        };
        let restorable = |(collection, _): &(Collection, String)| keys::RESTORABLE.contains(collection);
        self.0.store.unwatch().into_iter().filter(restorable).map(user_key).collect()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.store.unwatch();
    }
}

impl Core {
    /// Brings back the state that `name` means, as far as it is selected.
    pub(super) fn restore(&self, name: &str, selection: &Selection, source: &str) -> Result<Restored> {
        // First, so that subscribers are called when everything else here is given back.
        let mut outbox = Outbox::default();
        let log = if selection.dry_run { None } else { Some(self.log()?) };
        log.map_or(Ok(()), Log::check)?;
        let published = self.hold_files()?;
        let point = self.point(name)?;
        if point == Point::Now {
            return Err(Error::InvalidArgument("the present is not restored; name a snapshot or a moment".to_owned()));
        }
        let target = self.choose(&point, &published)?;
        let now = State::View(View::new(&self.store, NOW, Older::Nothing));
        let watch = log.map(|log| Watch::start(self, log)).transpose()?;
        let mut wanted = Vec::new();
        compare(&target.state, &now, &mut |to, from| {
            let selected = to.as_ref().or(from.as_ref()).is_some_and(|one| selection.has(one.collection, one.key()));
            wanted.extend(if selected { Wanted::between(to, from) } else { None });
            Ok(())
        })?;
        let (Some(log), Some(watch)) = (log, &watch) else { return Ok(announce(&target.side, &wanted)) };
        check_size(wanted.iter().map(Wanted::size))?;
        let side = &target.side;
        let exchange = Exchange { core: self, log, target: &target.state, side, selection, now: &now, source };
        exchange.commit(&wanted, watch, &mut outbox)
    }
}

fn announce(side: &Side, wanted: &[Wanted<'_>]) -> Restored {
    let mut restored = nothing(side);
    (restored.dry_run, restored.changes) = (true, Some(wanted.iter().map(Wanted::planned).collect()));
    wanted.iter().for_each(|one| restored.count(one.text()));
    restored
}

fn nothing(side: &Side) -> Restored {
    Restored {
        id: side.id.clone(),
        sequence: side.sequence,
        dry_run: false,
        commit: None,
        saved: 0,
        cleared: 0,
        bytes: 0,
        undo: None,
        changes: None,
    }
}

impl Restored {
    fn count(&mut self, text: Option<&str>) {
        match text {
            Some(text) => (self.saved, self.bytes) = (self.saved + 1, self.bytes + text.len() as u64),
            None => self.cleared += 1,
        }
    }
}

/// A restore on its way into the log.
struct Exchange<'e, 'c> {
    core: &'c Core,
    log: &'e Log,
    target: &'e State<'c>,
    side: &'e Side,
    selection: &'e Selection,
    now: &'e State<'c>,
    source: &'e str,
}

impl Exchange<'_, '_> {
    fn commit(&self, wanted: &[Wanted<'_>], watch: &Watch<'_>, outbox: &mut Outbox) -> Result<Restored> {
        let core = self.core;
        let gone = core.superfluous_snapshots(Some(&self.side.id))?;
        let late: Vec<Wanted<'_>>;
        let mut prepared: Vec<Prepared<'_>> = wanted.iter().map(Wanted::prepared).collect();
        let committer = self.log.begin_large()?;
        let changed = watch.end();
        if !changed.is_empty() {
            prepared.retain(|one| {
                let (collection, key) = one.wanted();
                !changed.contains(&(collection, key.to_owned()))
            });
            late = changed.iter().filter_map(|(collection, key)| self.again(*collection, key)).collect();
            prepared.extend(late.iter().map(Wanted::prepared));
        }
        let mut restored = nothing(self.side);
        if prepared.is_empty() {
            // That the store is so already may itself not be certain yet.
            core.finish_idle(self.log, committer, Caller::durable(self.source))?;
            return Ok(restored);
        }
        prepared.iter().for_each(|one| restored.count(one.text()));
        let label = format!("before the restore of {}", self.side.id);
        let undo = core.describe(committer.last_sequence(), &label, Some("restore"));
        let committed = core.commit_naming(&undo, &gone, committer, prepared, self.source, outbox)?;
        core.forget_locked(&gone);
        (restored.commit, restored.undo) = (Some(committed.sequence), Some(undo.id));
        Ok(restored)
    }

    /// Looks again at a document that was changed meanwhile.
    fn again(&self, collection: Collection, key: &str) -> Option<Wanted<'_>> {
        if !self.selection.has(collection, key) {
            return None;
        }
        Wanted::between(self.target.document(collection, key), self.now.document(collection, key))
    }
}
