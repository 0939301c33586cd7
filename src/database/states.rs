//! The states that can be named, brought together: a snapshot's, a moment's, the present, an imported file's.
//!
//! Holds how each is found and what is compared: the newest of each Tier 1 document, and the plug-in documents. Past
//! versions are history themselves and the layer's records are not the user's, so neither is part of a comparison.
//! Invariant: who looks at a past state holds the checkpoint lock from before its name was looked up, so that neither
//! files nor versions that it needs go away.

use super::checkpoint::{Published, Reach};
use super::keys::{self, TIER1, Target};
use super::validate::utf8;
use super::{Core, readout};
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result};
use crate::snapshots::{Point, Side, Snapshot};
use crate::store::{Found, Image, Older, Stamp, Total, View, file_name, history};

/// What to do about damage to what only snapshots need.
pub(super) const LOST: &str = "the store itself is whole; only snapshots that need this are lost, so delete those";

/// A state to look at.
pub(super) enum State<'c> {
    View(View<'c>),
    Image(Box<Image>),
}

/// A document under the name that users know.
pub(super) struct Named<'v> {
    pub collection: Collection,
    pub found: Found<'v>,
}

impl Named<'_> {
    pub fn key(&self) -> &str {
        match self.collection {
            Collection::PluginData => utf8(self.found.key()),
            tier1 => tier1.name(),
        }
    }

    pub fn text(&self) -> &str {
        utf8(self.found.text())
    }
}

type Boxed<'v, T> = Box<dyn Iterator<Item = T> + 'v>;

impl State<'_> {
    /// Every document of a collection, cleared ones included, in order.
    pub fn entries(&self, collection: Collection) -> Boxed<'_, Found<'_>> {
        let number = collection as u8;
        match self {
            State::View(view) => {
                Box::new(view.entries_from(number).take_while(move |found| found.entry().collection == number))
            }
            State::Image(image) => {
                let ranks = image.rank_of(number, &[], false)..image.rank_of(number + 1, &[], false);
                Box::new(ranks.filter_map(|rank| image.ranked(rank)).map(Found::Base))
            }
        }
    }

    /// The newest version of a Tier 1 document, unless it was cleared.
    pub fn newest(&self, collection: Collection) -> Option<Found<'_>> {
        let mut newest: Option<Found<'_>> = None;
        let mut cleared = 0;
        for found in self.entries(collection) {
            let entry = found.entry();
            let is_version =
                || std::str::from_utf8(entry.key).is_ok_and(|key| matches!(keys::target(key), Target::Version(..)));
            if entry.cleared && keys::is_tier1(entry.key) {
                cleared = entry.revision;
            } else if !entry.cleared
                && is_version()
                && newest.as_ref().is_none_or(|one| one.revision() < entry.revision)
            {
                newest = Some(found);
            }
        }
        newest.filter(|found| found.revision() > cleared)
    }

    /// The numbers of the versions of a Tier 1 document that exist, oldest first.
    pub fn versions(&self, collection: Collection) -> Vec<u64> {
        let number = |found: Found<'_>| match keys::target(std::str::from_utf8(found.key()).ok()?) {
            Target::Version(_, version) if !found.entry().cleared => Some(version),
            _ => None,
        };
        let mut versions: Vec<u64> = self.entries(collection).filter_map(number).collect();
        versions.sort_unstable();
        versions
    }

    /// One stored document, if it existed.
    pub fn get(&self, id: DocumentId<'_>) -> Option<Found<'_>> {
        match self {
            State::View(view) => view.get(id),
            State::Image(image) => image.get(id, id.hash()).filter(|entry| !entry.cleared).map(Found::Base),
        }
    }

    /// One document under the name that users know.
    pub fn document(&self, collection: Collection, key: &str) -> Option<Named<'_>> {
        let found = match collection {
            Collection::PluginData => self.get(DocumentId::new(collection, key)),
            tier1 => self.newest(tier1),
        };
        found.map(|found| Named { collection, found })
    }

    /// The documents that are compared and restored, in the order of collections and keys.
    pub fn documents(&self) -> impl Iterator<Item = Named<'_>> {
        let newest = |collection| self.newest(collection).map(|found| Named { collection, found });
        let plugin = self.entries(Collection::PluginData).filter(|found| !found.entry().cleared);
        let plugin = plugin.map(|found| Named { collection: Collection::PluginData, found });
        TIER1.into_iter().filter_map(newest).chain(plugin)
    }
}

/// Visits every document of two states: as it is in the one, and in the other.
pub(super) fn compare<'a, 'b>(
    one: &'a State<'_>,
    other: &'b State<'_>,
    visit: &mut dyn FnMut(Option<Named<'a>>, Option<Named<'b>>) -> Result<()>,
) -> Result<()> {
    let (mut ones, mut others) = (one.documents().peekable(), other.documents().peekable());
    loop {
        let order = match (ones.peek(), others.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(one), Some(other)) => (one.collection, one.key()).cmp(&(other.collection, other.key())),
        };
        let one = if order.is_le() { ones.next() } else { None };
        let other = if order.is_ge() { others.next() } else { None };
        visit(one, other)?;
    }
}

/// Keeps a state while it is looked at.
pub(super) struct Look<'c> {
    core: &'c Core,
    pub sequence: u64,
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.core.store.end_look(self.sequence);
    }
}

/// A state, what it is called, and what keeps it.
pub(super) struct Chosen<'c> {
    pub state: State<'c>,
    pub side: Side,
    _look: Option<Look<'c>>,
}

/// What each collection holds, in the order of `Collection::ALL`.
type Totals = [Total; Collection::ALL.len()];

impl Core {
    /// Brings a state together. `published` is what the checkpoint lock guards.
    pub(super) fn choose(&self, point: &Point, published: &Published) -> Result<Chosen<'_>> {
        match point {
            Point::Now => Ok(self.present()?.0),
            Point::Snapshot(snapshot) => self.snapshot_state(snapshot, published),
            Point::Sequence(sequence) => self.moment(*sequence, published),
            Point::Time(time_ms) => self.moment(self.sequence_at(*time_ms)?, published),
        }
    }

    /// The present state, kept as it is now, and how much it holds.
    pub(super) fn present(&self) -> Result<(Chosen<'_>, Totals)> {
        let mut totals = self.store.totals();
        let look = match &self.log {
            Some(log) => {
                let committer = log.begin()?;
                let sequence = committer.last_sequence();
                self.store.begin_look(sequence);
                totals = self.store.totals();
                Some(Look { core: self, sequence })
            }
            None => None,
        };
        let sequence = look.as_ref().map_or(self.opened_at, |look| look.sequence);
        let state = State::View(View::new(&self.store, sequence, Older::Nothing));
        Ok((Chosen { state, side: Side { id: "now".to_owned(), sequence }, _look: look }, totals))
    }

    fn snapshot_state(&self, snapshot: &Snapshot, published: &Published) -> Result<Chosen<'_>> {
        let side = Side { id: snapshot.id.clone(), sequence: snapshot.sequence };
        if let Some(file) = &snapshot.file {
            let image = Image::open(&*self.disk, &self.folder.join(file)).map_err(|error| error.advise(LOST))?;
            return Ok(Chosen { state: State::Image(Box::new(image)), side, _look: None });
        }
        let mut view = View::new(&self.store, snapshot.sequence, Older::Nothing);
        for one in &published.histories {
            if (one.oldest..one.newest).contains(&snapshot.sequence) {
                let taken = history::read(&*self.disk, &self.folder, one, &mut |past| {
                    view.take(past);
                    Ok(())
                });
                taken.map_err(|error| error.advise(LOST))?;
            }
        }
        Ok(Chosen { state: State::View(view), side, _look: None })
    }

    /// The state after a commit that the journal still has.
    pub(super) fn moment(&self, sequence: u64, published: &Published) -> Result<Chosen<'_>> {
        let log = self.journal()?;
        let reach = *self.reach.lock();
        // Under the commit lock, so that the newest commit is not only in the log but in the store too.
        let newest = log.begin()?.last_sequence();
        if sequence < reach.sequence || sequence > newest {
            return Err(out_of_reach(&format!("commit {sequence}"), reach, newest));
        }
        let older = match (published.sequence, self.store.base()) {
            (Some(image), base) if base.is_none_or(|base| base.sequence() != image) => {
                Older::Image(Box::new(Image::open(&*self.disk, &self.folder.join(file_name(image)))?))
            }
            _ => Older::Base,
        };
        let mut view = View::new(&self.store, sequence, older);
        log.reread(published.sequence.unwrap_or(0), sequence, &mut |commit| {
            for change in commit.changes {
                let stamp = Stamp { sequence: commit.sequence, revision: change.revision, time_ms: commit.time_ms };
                view.replay(change.id, stamp, readout::text_of(change));
            }
            Ok(())
        })?;
        let side = Side { id: format!("sequence:{sequence}"), sequence };
        Ok(Chosen { state: State::View(view), side, _look: None })
    }

    /// The newest commit that was made by this time.
    fn sequence_at(&self, time_ms: u64) -> Result<u64> {
        let log = self.journal()?;
        let reach = *self.reach.lock();
        if time_ms < reach.time_ms {
            return Err(out_of_reach(&format!("the time {time_ms}"), reach, log.last_sequence()));
        }
        let mut newest = reach.sequence;
        log.reread(reach.sequence, log.last_sequence(), &mut |commit| {
            if commit.time_ms <= time_ms {
                newest = commit.sequence;
            }
            Ok(())
        })?;
        Ok(newest)
    }

    fn journal(&self) -> Result<&crate::journal::Log> {
        let reason = "moments are read from the journal, which a store that was opened read-only does not follow";
        self.log.as_ref().ok_or_else(|| Error::InvalidArgument(reason.to_owned()))
    }
}

fn out_of_reach(moment: &str, reach: Reach, last: u64) -> Error {
    let reach = format!("commit {} to {last}, from the time {}", reach.sequence, reach.time_ms);
    Error::OutOfReach { moment: moment.to_owned(), reach }
}
