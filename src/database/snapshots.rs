//! Making, listing, finding, pinning and deleting snapshots.
//!
//! A snapshot costs one commit: its record, at whose place the state before it is kept from then on. Invariant: whatever
//! snapshot a record names, the store keeps its state; and the state is kept before the record can be seen.

use super::commit::{Caller, Committed, Prepared, now_ms};
use super::keys::{RESTORABLE, TIER1};
use super::snapshot_files::import_name;
use super::{Core, keys};
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result};
use crate::hub::Outbox;
use crate::journal::Committer;
use crate::snapshots::{
    self, Kind, PREFIX, Point, Size, Snapshot, check_label, import_number, key_of, pinned_sequence,
};
use crate::store::{Store, Total};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What listing snapshots tells.
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotList {
    /// Oldest first.
    pub snapshots: Vec<Snapshot>,
    pub journal: JournalReach,
    /// Bytes of past versions on the disk, as of the last checkpoint.
    pub history_bytes: u64,
}

/// Which moments can be brought back without a snapshot.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct JournalReach {
    pub from_sequence: u64,
    pub from_time_ms: u64,
    pub to_sequence: u64,
}

impl Core {
    /// Makes a snapshot of now.
    pub(super) fn create_snapshot(&self, label: Option<&str>, source: &str) -> Result<Snapshot> {
        self.name_state(check_label(label)?, None, source)
    }

    /// Names the newest state. An automatic snapshot gives its reason, and makes the oldest of its kind go.
    pub(super) fn name_state(&self, label: &str, reason: Option<&str>, source: &str) -> Result<Snapshot> {
        let mut outbox = Outbox::default();
        let log = self.log()?;
        let gone = if reason.is_some() { self.superfluous_snapshots(None)? } else { Vec::new() };
        let committer = log.begin()?;
        let snapshot = self.describe(committer.last_sequence(), label, reason);
        self.commit_naming(&snapshot, &gone, committer, Vec::new(), source, &mut outbox)?;
        self.forget(&gone);
        Ok(snapshot)
    }

    /// Commits changes together with the record of the state before them, and without those of the snapshots that go, which
    /// the caller then forgets.
    pub(super) fn commit_naming(
        &self,
        before: &Snapshot,
        gone: &[Snapshot],
        committer: Committer<'_>,
        changes: Vec<Prepared<'_>>,
        source: &str,
        outbox: &mut Outbox,
    ) -> Result<Committed> {
        let (key, text) = record_of(before)?;
        let gone_keys: Vec<String> = gone.iter().map(|one| key_of(&one.id)).collect();
        self.store.pin(before.sequence);
        // Under a name that ends before the texts do.
        let mut prepared = changes;
        prepared.push(Prepared::of_layer(&key, Some(&text)));
        prepared.extend(self.removals(&gone_keys));
        self.commit_placed(self.log()?, committer, prepared, Caller::durable(source), outbox)
    }

    /// The record of the state at `sequence`, the newest commit. The caller holds the commit lock.
    pub(super) fn describe(&self, sequence: u64, label: &str, reason: Option<&str>) -> Snapshot {
        let totals = self.store.totals();
        let size = |total: &Total| json!(Size { documents: total.documents, bytes: total.bytes });
        let names = Collection::ALL.map(Collection::name);
        // The layer's own records are nothing that a user saved.
        let with_collection = Collection::ALL.into_iter().zip(&totals);
        let users = with_collection.filter(|(one, _)| RESTORABLE.contains(one)).map(|(_, total)| total);
        Snapshot {
            id: Snapshot::id_of(sequence),
            label: label.to_owned(),
            kind: if reason.is_some() { Kind::Automatic } else { Kind::Manual },
            reason: reason.map(str::to_owned),
            pinned: false,
            sequence,
            created_at_ms: now_ms(),
            documents: users.clone().map(|total| total.documents).sum(),
            bytes: users.map(|total| total.bytes).sum(),
            collections: names.into_iter().map(str::to_owned).zip(totals.iter().map(size)).collect(),
            versions: self.counters(),
            file: None,
        }
    }

    /// The Tier 1 counters by their names. Of one commit under the commit lock.
    pub(super) fn counters(&self) -> Map<String, Value> {
        counters(TIER1.into_iter().map(|collection| (collection, self.store.highest_revision(collection))))
    }

    /// Every snapshot, oldest first.
    pub(super) fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let mut found = Vec::new();
        let mut damaged = None;
        self.store.each_in(Collection::SaveMetadata, PREFIX, false, &mut |key, record| {
            if !key.starts_with(PREFIX) {
                return false;
            }
            match serde_json::from_slice::<Snapshot>(record.text()) {
                Ok(snapshot) => found.push(snapshot),
                Err(error) => damaged = Some(Error::corrupt(&self.folder, 0, format!("the record {key}: {error}"))),
            }
            true
        });
        found.sort_by_key(Snapshot::number);
        damaged.map_or(Ok(found), Err)
    }

    /// Every snapshot, and how far back the journal reaches.
    pub(super) fn list_snapshots(&self) -> Result<SnapshotList> {
        let reach = *self.reach.lock();
        let to_sequence = self.last_sequence();
        let journal = JournalReach { from_sequence: reach.sequence, from_time_ms: reach.time_ms, to_sequence };
        Ok(SnapshotList { snapshots: self.snapshots()?, journal, history_bytes: reach.history_bytes })
    }

    /// What a name means.
    pub(super) fn point(&self, name: &str) -> Result<Point> {
        snapshots::find(name, &self.snapshots()?)
    }

    /// The snapshot that a name means.
    pub(super) fn snapshot(&self, name: &str) -> Result<Snapshot> {
        match self.point(name)? {
            Point::Snapshot(snapshot) => Ok(*snapshot),
            _ => Err(Error::InvalidArgument(format!("{name:?} is a moment; this needs a snapshot's id or label"))),
        }
    }

    /// Removes a snapshot's record, and lets go of what only it needed.
    pub(super) fn delete_snapshot(&self, name: &str, source: &str) -> Result<()> {
        let mut outbox = Outbox::default();
        let log = self.log()?;
        let snapshot = self.snapshot(name)?;
        let key = key_of(&snapshot.id);
        self.commit_placed(
            log,
            log.begin()?,
            vec![Prepared::of_layer(&key, None)],
            Caller::durable(source),
            &mut outbox,
        )?;
        if let Some(file) = &snapshot.file {
            // Whoever restores it at this moment has read it already.
            let _published = self.hold_files()?;
            self.remove_superfluous(file)?;
        }
        self.forget(&[snapshot]);
        Ok(())
    }

    /// Keeps a snapshot for good, or no longer.
    pub(super) fn pin_snapshot(&self, name: &str, pinned: bool, source: &str) -> Result<Snapshot> {
        let mut outbox = Outbox::default();
        let log = self.log()?;
        let mut snapshot = self.snapshot(name)?;
        if snapshot.pinned == pinned {
            // That it is so already may itself not be certain yet.
            log.sync_through(log.last_sequence())?;
            return Ok(snapshot);
        }
        snapshot.pinned = pinned;
        let (key, text) = record_of(&snapshot)?;
        let committer = log.begin()?;
        let id = DocumentId::new(Collection::SaveMetadata, &key);
        if self.store.get(id).is_none() {
            // It was deleted meanwhile, and must not come back as a name without a state.
            drop(committer);
            return self.snapshot(name);
        }
        let record = vec![Prepared::of_layer(&key, Some(&text))];
        self.commit_placed(log, committer, record, Caller::durable(source), &mut outbox)?;
        Ok(snapshot)
    }

    /// The automatic snapshots that go when one more is made, except for the one that is being restored.
    pub(super) fn superfluous_snapshots(&self, except: Option<&str>) -> Result<Vec<Snapshot>> {
        let snapshots = self.snapshots()?;
        let superfluous = snapshots::superfluous(&snapshots, self.options.snapshots_kept);
        Ok(superfluous.filter(|one| Some(one.id.as_str()) != except).cloned().collect())
    }

    /// The removal of these records, but for those that were pinned meanwhile. The caller holds the commit lock.
    fn removals<'k>(&self, keys: &'k [String]) -> impl Iterator<Item = Prepared<'k>> {
        keys.iter().filter(|key| !self.is_pinned_by_now(key)).map(|key| Prepared::of_layer(key, None))
    }

    fn is_pinned_by_now(&self, key: &str) -> bool {
        let record = self.store.get(DocumentId::new(Collection::SaveMetadata, key));
        let snapshot = record.and_then(|record| serde_json::from_slice::<Snapshot>(record.text()).ok());
        snapshot.is_some_and(|snapshot| snapshot.pinned)
    }

    /// Lets go of what deleted snapshots kept, at once if nobody looks at a past state, else before the next checkpoint.
    pub(super) fn forget(&self, gone: &[Snapshot]) {
        self.note_forgotten(gone);
        if let Some(_published) = self.published.try_lock() {
            self.forget_now();
        }
    }

    /// The same for one who holds the checkpoint lock.
    pub(super) fn forget_locked(&self, gone: &[Snapshot]) {
        self.note_forgotten(gone);
        self.forget_now();
    }

    fn note_forgotten(&self, gone: &[Snapshot]) {
        let keys = gone.iter().map(|one| key_of(&one.id));
        // One that was pinned at the last moment is still there.
        let is_gone = |key: &String| self.store.get(DocumentId::new(Collection::SaveMetadata, key)).is_none();
        self.forgotten.lock().extend(keys.filter(is_gone).filter_map(|key| pinned_sequence(&key)));
    }

    /// Lets go of what waited for it; the caller holds the checkpoint lock.
    pub(super) fn forget_now(&self) {
        let forgotten = std::mem::take(&mut *self.forgotten.lock());
        for sequence in forgotten {
            self.store.forget(sequence);
        }
    }
}

/// The key and the text of a snapshot's record.
pub(super) fn record_of(snapshot: &Snapshot) -> Result<(String, String)> {
    let text = serde_json::to_string(snapshot)
        .map_err(|error| Error::InvalidArgument(format!("the snapshot's record has no JSON form: {error}")))?;
    Ok((key_of(&snapshot.id), text))
}

/// Keeps the states that the records in a store name.
pub(super) fn pin_known(store: &Store) {
    store.each_in(Collection::SaveMetadata, PREFIX, false, &mut |key, _| {
        if let Some(sequence) = pinned_sequence(key) {
            store.pin(sequence);
        }
        key.starts_with(PREFIX)
    });
}

/// The files of the imported snapshots in a store.
pub(super) fn imports(store: &Store) -> Vec<String> {
    let mut files = Vec::new();
    store.each_in(Collection::SaveMetadata, PREFIX, false, &mut |key, _| {
        files.extend(import_number(key).map(import_name));
        key.starts_with(PREFIX)
    });
    files
}

/// The counters of a state, by their names.
pub(super) fn counters(versions: impl Iterator<Item = (Collection, u64)>) -> Map<String, Value> {
    versions.map(|(collection, version)| (keys::counter_key(collection), json!(version))).collect()
}
