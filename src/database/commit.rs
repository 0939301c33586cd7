//! Commits: check, take a place in the order, journal, apply, and wait for what the caller asked for.
//!
//! What takes time (JSON, checksums, copies) is done before the commit lock is taken; what may wait for a disk (writing,
//! syncing) after it is given back. Under it, a commit gets its sequence number and revisions, goes into the log's
//! queue and into the store. Invariant: the order in the log, in the store and of the sequence numbers is one.

use super::Core;
use super::background::QUEUE_WAKES;
use super::keys::{self, Target};
use super::validate::{self, utf8};
use crate::change::{Action, Change};
use crate::document::{Collection, DocumentId, LARGEST_NUMBER, check_key};
use crate::error::{Error, Result};
use crate::hub::{CHANGED, Changed, Event, Outbox, Payload, Published};
use crate::journal::{Committer, Log};
use crate::module::Module;
use crate::options::Durability;
use crate::store::{Stamp, Standing, Version};
use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// A longer text is copied before the commit lock is taken.
const LONG: usize = 4096;
/// The largest batch, in bytes of documents: a record's lengths are 32 bits.
const BATCH_LIMIT: u64 = 1 << 31;

/// One wish in a batch.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    pub key: &'a str,
    /// The document's text, or `None` to clear it.
    pub text: Option<&'a str>,
    /// The revision that must be the current one, 0 for "must not exist"; `None` checks nothing.
    pub expected: Option<u64>,
}

/// Who commits, and how it is to last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    /// The name that was given when the handle was opened.
    pub source: &'a str,
    pub durability: Durability,
}

impl<'a> Caller<'a> {
    /// One whose commits may be lost with the last flush interval.
    pub fn behind(source: &'a str) -> Caller<'a> {
        Caller { source, durability: Durability::Behind }
    }

    /// One whose commits are durable.
    pub fn durable(source: &'a str) -> Caller<'a> {
        Caller { source, durability: Durability::Durable }
    }
}

/// Where key and text of an edit are.
enum Subject<'a> {
    /// With the caller. No text clears the document.
    Lent { key: &'a str, text: Option<&'a str> },
    /// Here, until they are in the store.
    Own(Version),
}

/// An edit that was checked and waits for its place in the order.
pub(super) struct Prepared<'a> {
    subject: Subject<'a>,
    expected: Option<u64>,
    collection: Collection,
    /// The stored key, if it is not the one that was asked for. That of a Tier 1 save is known only under the commit lock.
    stored: Option<String>,
    checksum: u32,
    hash: u64,
    made: Option<Version>,
    revision: u64,
    /// The revision before; 0 if the document is not there.
    old_revision: u64,
    /// There is nothing to clear.
    idle: bool,
    /// Key and revision are given, not chosen under the commit lock.
    is_fixed: bool,
}

/// A version of a Tier 1 document that goes because newer ones came.
struct AgedVersion {
    collection: Collection,
    key: String,
    version: u64,
}

impl AgedVersion {
    fn id(&self) -> DocumentId<'_> {
        DocumentId::new(self.collection, &self.key)
    }

    fn change(&self) -> Change<'_> {
        Change { id: self.id(), revision: self.version, action: Action::Clear }
    }
}

/// What a commit came to.
pub struct Committed {
    pub sequence: u64,
    /// The revision of the first document in it.
    pub revision: u64,
}

impl<'a> Prepared<'a> {
    /// Checks an edit of a user's.
    fn new(core: &Core, edit: Edit<'a>) -> Result<Prepared<'a>> {
        check_key(edit.key)?;
        let (collection, is_tier1) = match keys::target(edit.key) {
            Target::Plugin(_) => (Collection::PluginData, false),
            Target::Newest(collection) => (collection, true),
            Target::Counter(_) | Target::Version(..) | Target::Layer(_) => {
                return Err(Error::ReservedKey { key: edit.key.to_owned() });
            }
        };
        let hash = DocumentId::new(collection, edit.key).hash();
        core.store.prefetch(hash);
        if let Some(text) = edit.text {
            validate::check_document(edit.key, text, core.options.max_document_bytes, core.options.max_depth)?;
        }
        let Edit { key, text, expected } = edit;
        if let Some(long) = text.filter(|text| text.len() > LONG) {
            // That of a Tier 1 save is made after its record.
            Version::check_room(key, long, usize::from(is_tier1))?;
        }
        Ok(Prepared { expected, ..Prepared::of_checked((key, text), collection, is_tier1, hash) })
    }

    #[inline]
    fn of_checked(lent: (&'a str, Option<&'a str>), collection: Collection, is_tier1: bool, hash: u64) -> Prepared<'a> {
        let (key, text) = lent;
        let checksum = text.map_or(0, |text| crc32c::crc32c(text.as_bytes()));
        // The stored key of a Tier 1 save is not known yet, and a short text is copied in no time.
        let is_long = text.is_some_and(|text| text.len() > LONG) && !is_tier1;
        let made = is_long.then(|| Version::new(DocumentId::new(collection, key), Stamp::default(), text));
        Prepared { made, checksum, ..Prepared::of_subject(Subject::Lent { key, text }, collection, hash) }
    }

    #[inline]
    fn of_subject(subject: Subject<'a>, collection: Collection, hash: u64) -> Prepared<'a> {
        Prepared {
            subject,
            expected: None,
            collection,
            stored: None,
            checksum: 0,
            hash,
            made: None,
            revision: 0,
            old_revision: 0,
            idle: false,
            is_fixed: false,
        }
    }

    /// An edit that brings back what the store held before: a plug-in's document, or the newest of a Tier 1 document.
    pub(super) fn of_known(collection: Collection, key: &'a str, text: Option<&'a str>) -> Prepared<'a> {
        let hash = DocumentId::new(collection, key).hash();
        Prepared::of_checked((key, text), collection, is_tier1(collection), hash)
    }

    /// A document that this holds until it is in the store; `hash` is that of its collection and key.
    pub(super) fn of_own(collection: Collection, hash: u64, version: Version) -> Prepared<'a> {
        let checksum = crc32c::crc32c(version.text());
        Prepared { checksum, ..Prepared::of_subject(Subject::Own(version), collection, hash) }
    }

    /// The same for one version of a Tier 1 document, where the store has none.
    pub(super) fn of_own_version(collection: Collection, number: u64, version: Version) -> Prepared<'a> {
        let key = keys::version_key(collection, number);
        let hash = DocumentId::new(collection, &key).hash();
        let mut prepared = Prepared::of_own(collection, hash, version);
        if prepared.asked() != key {
            prepared.stored = Some(key);
        }
        Prepared { revision: number, old_revision: number.saturating_sub(1), is_fixed: true, ..prepared }
    }

    /// Says of a Tier 1 document, where the store has none, that it was cleared after this version.
    pub(super) fn of_cleared(collection: Collection, number: u64) -> Prepared<'a> {
        let prepared = Prepared::of_known(collection, collection.name(), None);
        Prepared { revision: number, old_revision: number, is_fixed: true, ..prepared }
    }

    /// A record of the layer itself.
    pub(super) fn of_layer(key: &'a str, text: Option<&'a str>) -> Prepared<'a> {
        Prepared::of_known(Collection::SaveMetadata, key, text)
    }

    /// Collection and key as they were asked for.
    pub(super) fn wanted(&self) -> (Collection, &str) {
        (self.collection, self.asked())
    }

    #[inline]
    fn asked(&self) -> &str {
        match &self.subject {
            Subject::Lent { key, .. } => key,
            Subject::Own(version) => utf8(version.key()),
        }
    }

    #[inline]
    pub(super) fn text(&self) -> Option<&str> {
        match &self.subject {
            Subject::Lent { text, .. } => *text,
            Subject::Own(version) => Some(utf8(version.text())),
        }
    }

    #[inline]
    fn clears(&self) -> bool {
        matches!(self.subject, Subject::Lent { text: None, .. })
    }

    fn is_tier1(&self) -> bool {
        is_tier1(self.collection)
    }

    #[inline]
    fn id(&self) -> DocumentId<'_> {
        DocumentId::new(self.collection, self.stored.as_deref().unwrap_or_else(|| self.asked()))
    }

    /// Checks the expectation and decides revision and key. The commit lock is held.
    fn place(&mut self, core: &Core) -> Result<()> {
        if self.is_fixed {
            return Ok(());
        }
        let standing = if self.is_tier1() {
            Some(core.tier1_standing(self.collection))
        } else {
            core.store.standing(self.id(), self.hash)
        };
        let standing =
            standing.unwrap_or(Standing { revision: core.store.revision_floor(), sequence: 0, exists: false });
        let current = if standing.exists { standing.revision } else { 0 };
        if let Some(expected) = self.expected.filter(|expected| *expected != current) {
            return Err(Error::Conflict { key: self.asked().to_owned(), expected, current });
        }
        self.old_revision = current;
        self.idle = self.clears() && !standing.exists;
        // Clearing takes no revision: it notes the one that was cleared.
        self.revision = standing.revision + u64::from(!self.clears());
        if self.revision > LARGEST_NUMBER {
            let key = crate::error::quoted(self.asked());
            let reason = format!("the revisions of {key} end at {LARGEST_NUMBER}");
            return Err(Error::corrupt(&core.folder, 0, reason));
        }
        if self.is_tier1() && !self.clears() {
            self.stored = Some(keys::version_key(self.collection, self.revision));
            self.hash = self.id().hash();
        }
        Ok(())
    }

    fn change(&self) -> Change<'_> {
        let action = match self.text() {
            Some(text) => Action::Put { text, checksum: self.checksum },
            None => Action::Clear,
        };
        Change { id: self.id(), revision: self.revision, action }
    }

    /// What subscribers are told; with the text if anybody wants it.
    fn told(&self, with_data: bool) -> Changed {
        let key = match self.collection {
            Collection::SaveMetadata => format!("{}/{}", self.collection.name(), self.asked()).into(),
            tier1 if is_tier1(tier1) => tier1.name().into(),
            _ => self.asked().into(),
        };
        Changed {
            collection: self.collection.name(),
            key,
            revision: self.revision,
            old_revision: self.old_revision,
            cleared: self.clears(),
            text: self.text().filter(|_| with_data).map(Into::into),
        }
    }

    /// Brings the change into the store. What it holds itself is given back at once: of a large commit nothing stands twice.
    fn apply(mut self, core: &Core, sequence: u64, time_ms: u64) {
        let stamp = Stamp { sequence, revision: self.revision, time_ms };
        let made = self.made.take();
        core.store.apply(self.id(), self.hash, stamp, self.text(), made);
    }
}

impl Core {
    /// Saves or clears one document.
    pub(super) fn commit_one(&self, edit: Edit<'_>, caller: Caller<'_>) -> Result<Committed> {
        let log = self.log()?;
        let mut prepared = Prepared::new(self, edit)?;
        if prepared.is_tier1() {
            return self.commit_prepared(log, vec![prepared], caller);
        }
        let mut committer = log.begin()?;
        prepared.place(self)?;
        if prepared.idle {
            return self.finish_idle(log, committer, caller);
        }
        let time_ms = now_ms();
        let sequence = committer.append(time_ms, &[prepared.change()])?;
        let (revision, told) = (prepared.revision, self.told(std::slice::from_ref(&prepared)));
        prepared.apply(self, sequence, time_ms);
        let announced = told.map(|told| self.announce(told, sequence, time_ms, caller.source));
        let outcome = self.finish(log, committer, sequence, caller.durability);
        if let Some(announced) = announced {
            announced.deliver();
        }
        outcome.map(|()| Committed { sequence, revision })
    }

    /// Saves and clears several documents, all or none.
    pub(super) fn commit_batch(&self, edits: &[Edit<'_>], caller: Caller<'_>) -> Result<Committed> {
        let log = self.log()?;
        check_batch(edits)?;
        let mut prepared = Vec::with_capacity(edits.len());
        for edit in edits {
            prepared.push(Prepared::new(self, *edit)?);
        }
        self.commit_prepared(log, prepared, caller)
    }

    fn commit_prepared(&self, log: &Log, prepared: Vec<Prepared<'_>>, caller: Caller<'_>) -> Result<Committed> {
        let mut outbox = Outbox::default();
        self.commit_placed(log, log.begin()?, prepared, caller, &mut outbox)
    }

    /// Commits what was prepared at the place that `committer` holds. Direct subscribers are called when the caller drops the
    /// outbox, which must be after the last lock that it holds.
    pub(super) fn commit_placed(
        &self,
        log: &Log,
        mut committer: Committer<'_>,
        mut prepared: Vec<Prepared<'_>>,
        caller: Caller<'_>,
        outbox: &mut Outbox,
    ) -> Result<Committed> {
        for one in &mut prepared {
            one.place(self)?;
        }
        prepared.retain(|one| !one.idle);
        let Some(revision) = prepared.first().map(|one| one.revision) else {
            return self.finish_idle(log, committer, caller);
        };
        let time_ms = now_ms();
        let aged: Vec<AgedVersion> = prepared.iter().flat_map(|one| self.versions_aged_by(one)).collect();
        let clears = aged.iter().map(AgedVersion::change);
        let changes: Vec<Change<'_>> = prepared.iter().map(Prepared::change).chain(clears).collect();
        let sequence = committer.append(time_ms, &changes)?;
        drop(changes);
        let told = self.told(&prepared);
        for one in prepared {
            one.apply(self, sequence, time_ms);
        }
        for one in &aged {
            let stamp = Stamp { sequence, revision: one.version, time_ms };
            self.store.apply(one.id(), one.id().hash(), stamp, None, None);
        }
        outbox.put(told.map(|told| self.announce(told, sequence, time_ms, caller.source)));
        self.finish(log, committer, sequence, caller.durability)?;
        Ok(Committed { sequence, revision })
    }

    /// What those who hear of a commit are told; nothing if nobody does.
    #[inline]
    fn told(&self, made: &[Prepared<'_>]) -> Option<Vec<Changed>> {
        if !Module::IntegrationHub.is_built_in() || !self.hub.hears_changes() {
            return None;
        }
        let with_data = self.hub.wants_data();
        Some(made.iter().map(|one| one.told(with_data)).collect())
    }

    /// Puts a commit into the queues of those who hear of it. The caller holds the commit lock, and calls the direct ones
    /// when it has given the lock back.
    fn announce(&self, told: Vec<Changed>, sequence: u64, time_ms: u64, source: &str) -> Published {
        let payload = Payload::Changes(told);
        let (topic, source) = (CHANGED.into(), source.into());
        self.hub.publish(|id| Event { id, topic, sequence, source, time_ms, payload })
    }

    /// The versions that a save pushes out: the ones before those that stay, as far back as they still exist. As a rule
    /// that is one; more if the option was lowered.
    fn versions_aged_by(&self, saved: &Prepared<'_>) -> Vec<AgedVersion> {
        let mut aged = Vec::new();
        if !saved.is_tier1() || saved.clears() {
            return aged;
        }
        let newest_to_go = saved.revision.saturating_sub(self.options.versions_kept);
        for version in (1..=newest_to_go).rev() {
            let one = AgedVersion {
                collection: saved.collection,
                key: keys::version_key(saved.collection, version),
                version,
            };
            if !self.store.standing(one.id(), one.id().hash()).is_some_and(|standing| standing.exists) {
                break;
            }
            aged.push(one);
        }
        aged
    }

    /// Nothing is to be committed, but that there is nothing may itself be a commit that is not yet as durable.
    pub(super) fn finish_idle(&self, log: &Log, committer: Committer<'_>, caller: Caller<'_>) -> Result<Committed> {
        let sequence = committer.last_sequence();
        self.finish(log, committer, sequence, caller.durability)?;
        Ok(Committed { sequence, revision: 0 })
    }

    /// Gives the commit lock back and waits for what the durability promises.
    fn finish(&self, log: &Log, committer: Committer<'_>, sequence: u64, durability: Durability) -> Result<()> {
        let queued = committer.queued_bytes();
        drop(committer);
        let outcome = match durability {
            // A flood fills no more than a segment before the savers themselves write.
            Durability::Behind if (queued as u64) < self.options.segment_bytes => Ok(()),
            Durability::Behind | Durability::Written => log.write_through(sequence),
            Durability::Durable => log.sync_through(sequence),
        };
        if log.take_attention() || queued > QUEUE_WAKES {
            self.signal.urge();
        } else {
            self.signal.dirty();
        }
        self.hold_back(log);
        outcome
    }

    /// Where a Tier 1 document stands: its counter, and whether the newest version is there to load.
    pub(super) fn tier1_standing(&self, collection: Collection) -> Standing {
        let revision = self.store.highest_revision(collection);
        let newest = DocumentId::new(collection, collection.name());
        let cleared_at = self.store.standing(newest, newest.hash());
        let is_cleared = cleared_at.is_some_and(|cleared| cleared.revision == revision);
        Standing {
            revision,
            sequence: cleared_at.map_or(0, |cleared| cleared.sequence),
            exists: revision > 0 && !is_cleared,
        }
    }
}

fn check_batch(edits: &[Edit<'_>]) -> Result<()> {
    let mut seen = HashSet::with_capacity(edits.len());
    if let Some(twice) = edits.iter().find(|edit| !seen.insert(edit.key)) {
        let key = crate::error::quoted(twice.key);
        return Err(Error::InvalidArgument(format!("{key} stands twice in the batch; keep the last one")));
    }
    check_size(edits.iter().map(|edit| edit.key.len() + edit.text.map_or(0, str::len)))
}

/// Checks that documents of these sizes fit one record.
pub(super) fn check_size(documents: impl Iterator<Item = usize>) -> Result<()> {
    let total: u64 = documents.map(|size| size as u64).sum();
    if total > BATCH_LIMIT {
        let reason = format!("{total} bytes in one commit are over the limit of {BATCH_LIMIT}; split it");
        return Err(Error::InvalidArgument(reason));
    }
    Ok(())
}

fn is_tier1(collection: Collection) -> bool {
    keys::TIER1.contains(&collection)
}

/// Milliseconds since the Unix epoch; 0 on a machine whose clock stands before it.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
