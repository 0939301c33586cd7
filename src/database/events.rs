//! Events as a store publishes them: its commits, what plug-ins say to each other, the broadcast of the Tier 1 documents.
//!
//! Holds what the hub cannot know: the order of commits, and how the journal brings back what somebody missed. Invariant:
//! a subscriber that asks for everything since a commit hears each later one exactly once, in order, or is told which it
//! cannot hear any more.

use super::commit::now_ms;
use super::host::HostReference;
use super::keys::{self, TIER1, Target};
use super::states::State;
use super::{Core, Database, validate};
use crate::change::{Action, Change};
use crate::document::{Collection, DocumentId};
use crate::error::{Error, Result, quoted};
use crate::hub::{
    Budget, CHANGED, Changed, Event, OVERFLOW, Pattern, Payload, Receiver, Reference, SYNC, Subscriber, Wish,
    check_topic, poll,
};
use crate::module::Module;
use crate::options::read_object;
use crate::store::Found;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How many events wait for a subscriber that does not say.
const USUAL_QUEUE: usize = 4096;
const LARGEST_QUEUE: usize = 1 << 24;

/// How to subscribe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubscriptionOptions {
    /// Called on the publishing thread, or else when polled.
    pub direct: bool,
    /// Whether events of commits carry the documents.
    pub data: bool,
    /// Begin with what was committed after this commit.
    pub since: Option<u64>,
    /// How many events wait at most.
    pub queue: usize,
}

impl Default for SubscriptionOptions {
    fn default() -> Self {
        SubscriptionOptions { direct: false, data: false, since: None, queue: USUAL_QUEUE }
    }
}

impl SubscriptionOptions {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<SubscriptionOptions> {
        Module::IntegrationHub.need()?;
        let Some(json) = json else { return Ok(SubscriptionOptions::default()) };
        let read: SubscriptionOptions = read_object(json, r#"{"direct": true}"#)?;
        if !(1..=LARGEST_QUEUE).contains(&read.queue) {
            let reason = format!("queue is {}; it goes from 1 to {LARGEST_QUEUE}", read.queue);
            return Err(Error::InvalidOption(reason));
        }
        Ok(read)
    }
}

/// A subscription, to poll, to replay and to end.
pub struct Subscription {
    core: Arc<Core>,
    pub(super) subscriber: Arc<Subscriber>,
}

impl Subscription {
    /// The next event that waits, for one who is not called; none if there is none.
    pub fn take(&self) -> Option<(Arc<Event>, String)> {
        let event = self.subscriber.take()?;
        let json = event.json(self.subscriber.wish().with_data);
        Some((event, json))
    }

    /// Ends it, whatever became of the handle that it was made through.
    pub fn end(&self) {
        self.core.hub.unsubscribe(&self.subscriber);
    }

    /// Forgets what waits and goes on with everything that was committed after `since`.
    pub fn replay(&self, since: u64) -> Result<()> {
        self.core.newest().bring_back(&self.subscriber, since)
    }
}

/// The documented name of the store's own reference.
const MASTER_REFERENCE: &str = "database-persistence-layer";

/// What registering a reference came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// False if another handle holds the name.
    pub registered: bool,
    /// The reference as it is then, whoever holds it.
    #[serde(flatten)]
    pub reference: Reference,
}

impl Registered {
    pub(super) fn of(reference: Reference, owner: u64) -> Registered {
        Registered { registered: reference.owner == owner, reference }
    }

    /// What a host refused, with what it says of the holder.
    pub(super) fn elsewhere(name: &str, answer: HostReference, about: Value) -> Registered {
        let (ref_id, holder) = (answer.ref_id.unwrap_or_default(), answer.holder.unwrap_or_default());
        let reference = Reference { ref_id, name: name.to_owned(), holder, about, owner: 0 };
        Registered { registered: false, reference }
    }
}

/// What broadcasting the Tier 1 documents came to.
#[derive(Debug, Clone, Serialize)]
pub struct Synced {
    pub success: bool,
    pub event_id: u64,
    /// How many subscribers it went to.
    pub subscribers: u64,
    pub time_ms: u64,
    /// What the host answered, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Box<RawValue>>,
}

impl Database {
    /// Subscribes to the topics that `pattern` matches. Without a receiver, events are taken from the subscription.
    pub fn subscribe(
        &self,
        pattern: &str,
        options: &SubscriptionOptions,
        receiver: Option<Arc<dyn Receiver>>,
    ) -> Result<Subscription> {
        Module::IntegrationHub.need()?;
        let core = self.shared()?;
        let SubscriptionOptions { direct, data, since, queue } = *options;
        if direct && receiver.is_none() {
            return Err(Error::InvalidArgument("a direct subscription needs a callback".to_owned()));
        }
        let wish = Wish { pattern: Pattern::parse(pattern)?, direct, with_data: data, capacity: queue };
        let subscriber = core.hub.subscribe(wish, receiver, since.is_some());
        if let Some(since) = since
            && let Err(error) = core.bring_back(&subscriber, since)
        {
            core.hub.unsubscribe(&subscriber);
            return Err(error);
        }
        let is_open = {
            let mut subscribers = self.subscribers.lock();
            // Either closing finds it in the list, or this finds that the handle is closed.
            let is_open = self.core().is_ok();
            if is_open {
                subscribers.push(subscriber.clone());
            }
            is_open
        };
        if !is_open {
            core.hub.unsubscribe(&subscriber);
            return Err(Error::Closed);
        }
        Ok(Subscription { core, subscriber })
    }

    /// Ends a subscription that was made through this handle. When this returns, its receiver is not running and will not
    /// run again; called by the receiver itself, that is so when the receiver returns.
    pub fn unsubscribe(&self, subscription: &Subscription) {
        self.subscribers.lock().retain(|one| !Arc::ptr_eq(one, &subscription.subscriber));
        subscription.end();
    }

    /// Ends what was subscribed, registered and supplied through this handle.
    pub(super) fn leave_hub(&self) {
        let subscribers = std::mem::take(&mut *self.subscribers.lock());
        let core = self.newest_core();
        core.leave_as_host(self.id);
        core.leave_as_plugins(self.id);
        if Module::IntegrationHub.is_built_in() {
            subscribers.iter().for_each(|one| core.hub.unsubscribe(one));
        }
        core.hub.references.release(self.id);
    }

    /// Registers this store as the master reference of the Tier 1 documents, unless another handle has done so.
    pub fn register_master_reference(&self) -> Result<Registered> {
        let core = self.core()?;
        let about = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "provides": TIER1.map(Collection::name),
            "capabilities": ["read", "write", "sync", "version_control"],
        });
        core.register_reference(MASTER_REFERENCE, self.id, self.plugin(), about)
    }

    /// A reference by its name.
    pub fn reference(&self, name: &str) -> Result<Reference> {
        Module::IntegrationHub.need()?;
        let found = self.core()?.hub.references.get(name);
        found.ok_or_else(|| Error::NotFound { what: format!("reference {}", quoted(name)) })
    }

    /// Every reference, by name.
    pub fn references(&self) -> Result<Vec<Reference>> {
        Module::IntegrationHub.need()?;
        Ok(self.core()?.hub.references.all())
    }

    /// Calls this handle's polled plug-ins with the calls that wait, and the receivers of its polled subscriptions with
    /// their events, at most so many in all and for about so long. Returns how many there were.
    pub fn poll(&self, most: Option<usize>, time: Option<Duration>) -> Result<usize> {
        Module::IntegrationHub.need()?;
        let core = self.core()?;
        let polled = |one: &&Arc<Subscriber>| !one.wish().direct;
        let subscribers: Vec<Arc<Subscriber>> = self.subscribers.lock().iter().filter(polled).cloned().collect();
        let until = time.map(|time| Instant::now() + time);
        let all = &core.hub.plugins;
        Ok(poll(&all.owned(self.id), all, &subscribers, &Budget::new(most.unwrap_or(usize::MAX), until)))
    }

    /// Publishes an event of one's own, unless a host refuses it. Returns its number.
    pub fn publish(&self, topic: &str, json: &str) -> Result<u64> {
        let core = self.core()?;
        check_topic(topic)?;
        validate::check_document(topic, json, core.options.max_document_bytes, core.options.max_depth)?;
        core.ask_host_to_broadcast(topic, core.last_sequence(), json, self.plugin())?;
        Ok(core.publish_and_deliver(topic, core.last_sequence(), json, self.plugin()).0)
    }

    /// Broadcasts the Tier 1 documents, their versions and the time.
    pub fn sync_tier1(&self) -> Result<Synced> {
        self.core()?.sync_tier1(self.plugin())
    }
}

#[derive(Serialize)]
struct Broadcast<'b> {
    character_roster: Option<&'b RawValue>,
    equipment_sets: Option<&'b RawValue>,
    party_configs: Option<&'b RawValue>,
    versions: Map<String, Value>,
    timestamp_ms: u64,
}

impl Core {
    /// Returns the event's number and how many subscribers it went to. The caller holds no lock.
    pub(super) fn publish_and_deliver(&self, topic: &str, sequence: u64, json: &str, source: &str) -> (u64, u64) {
        if !Module::IntegrationHub.is_built_in() {
            return (0, 0);
        }
        let (topic, source, payload) = (topic.into(), source.into(), Payload::Json(json.into()));
        let time_ms = now_ms();
        let published = self.hub.publish(|id| Event { id, topic, sequence, source, time_ms, payload });
        let numbers = (published.id, published.heard_by);
        published.deliver();
        numbers
    }

    fn sync_tier1(&self, source: &str) -> Result<Synced> {
        let (sequence, found, versions) = {
            // All three as of one commit; the texts are copied when the lock is given back.
            let committer = self.log.as_ref().map(|log| log.begin()).transpose()?;
            let sequence = committer.as_ref().map_or(self.opened_at, |committer| committer.last_sequence());
            (sequence, TIER1.map(|collection| self.newest_found(collection)), self.counters())
        };
        let raw = |found: Option<Found<'_>>| -> Option<Box<RawValue>> { serde_json::from_slice(found?.text()).ok() };
        let [roster, equipment, party] = found.map(raw);
        let time_ms = now_ms();
        let broadcast = Broadcast {
            character_roster: roster.as_deref(),
            equipment_sets: equipment.as_deref(),
            party_configs: party.as_deref(),
            versions,
            timestamp_ms: time_ms,
        };
        let json = serde_json::to_string(&broadcast)
            .map_err(|error| Error::InvalidArgument(format!("the broadcast has no JSON form: {error}")))?;
        let host = self.ask_host_to_broadcast(SYNC, sequence, &json, source)?;
        let (event_id, subscribers) = self.publish_and_deliver(SYNC, sequence, &json, source);
        self.last_sync_ms.store(time_ms, Ordering::Relaxed);
        Ok(Synced { success: true, event_id, subscribers, time_ms, host })
    }

    fn newest_found(&self, collection: Collection) -> Option<Found<'_>> {
        let standing = self.tier1_standing(collection);
        let key = keys::version_key(collection, standing.revision);
        if standing.exists { self.store.get(DocumentId::new(collection, &key)) } else { None }
    }

    /// Has a subscriber hear everything that was committed after `since`, and then what comes.
    fn bring_back(&self, subscriber: &Arc<Subscriber>, since: u64) -> Result<()> {
        if !subscriber.wish().pattern.matches(CHANGED) {
            let reason = format!("only {CHANGED} can be heard since a commit; other events are not kept");
            return Err(Error::InvalidArgument(reason));
        }
        let published = self.hold_files()?;
        let log = self.log()?;
        let (waited, newest) = {
            let committer = log.begin()?;
            (subscriber.hold(), committer.last_sequence())
        };
        let reach = *self.reach.lock();
        let from = since.max(reach.sequence);
        let mut events = VecDeque::new();
        if from > since {
            let missed = Payload::Missed { events: from - since, from_sequence: since + 1, to_sequence: from };
            events.push_back(Arc::new(brought_back(OVERFLOW, from, reach.time_ms, missed)));
        }
        let outcome = if from < newest { self.reread_events(from, newest, &published, &mut events) } else { Ok(()) };
        // What cannot be read again must not cost what was waiting.
        subscriber.bring_back(if outcome.is_ok() { events } else { waited });
        drop(published);
        if subscriber.wish().direct {
            subscriber.drain();
        }
        outcome
    }

    fn reread_events(
        &self,
        from: u64,
        newest: u64,
        published: &super::checkpoint::Published,
        events: &mut VecDeque<Arc<Event>>,
    ) -> Result<()> {
        let before = self.moment(from, published)?;
        let mut past = Past { state: &before.state, revisions: HashMap::new() };
        self.log()?.reread(from, newest, &mut |commit| {
            let changes = commit.changes.iter().filter_map(|change| past.told(change)).collect();
            let payload = Payload::Changes(changes);
            events.push_back(Arc::new(brought_back(CHANGED, commit.sequence, commit.time_ms, payload)));
            Ok(())
        })
    }
}

fn brought_back(topic: &str, sequence: u64, time_ms: u64, payload: Payload) -> Event {
    Event { id: 0, topic: topic.into(), sequence, source: "".into(), time_ms, payload }
}

/// What the documents were before each commit that is read again.
struct Past<'s> {
    state: &'s State<'s>,
    /// The present revision of what was changed since the state; 0 for what was cleared.
    revisions: HashMap<(Collection, String), u64>,
}

impl Past<'_> {
    /// What subscribers are told of a change; nothing of versions that aged.
    fn told(&mut self, change: &Change<'_>) -> Option<Changed> {
        let collection = change.id.collection;
        let key = match (keys::target(change.id.key), change.action) {
            _ if collection == Collection::SaveMetadata => format!("{}/{}", collection.name(), change.id.key),
            (Target::Version(..), Action::Clear) => return None,
            (Target::Version(collection, _), Action::Put { .. }) => collection.name().to_owned(),
            _ => change.id.key.to_owned(),
        };
        let place = (collection, key.clone());
        let old_revision = match self.revisions.get(&place) {
            Some(revision) => *revision,
            None if TIER1.contains(&collection) => self.state.newest(collection).map_or(0, |found| found.revision()),
            None => self.state.get(change.id).map_or(0, |found| found.revision()),
        };
        let text = super::readout::text_of(change);
        self.revisions.insert(place, if text.is_some() { change.revision } else { 0 });
        Some(Changed {
            collection: collection.name(),
            key: key.into(),
            revision: change.revision,
            old_revision,
            cleared: text.is_none(),
            text: text.map(Into::into),
        })
    }
}
