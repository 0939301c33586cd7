//! One event, and how it is told as JSON.
//!
//! Holds the facts; the JSON is made when somebody is called with it, not while somebody saves. Invariant: an event never
//! changes once it is published.

use serde::Serialize;
use serde_json::value::RawValue;

/// One change of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub collection: &'static str,
    /// As users know it: `character_roster` for a new version of the roster.
    pub key: Box<str>,
    pub revision: u64,
    /// The revision before; 0 if the document was not there.
    pub old_revision: u64,
    pub cleared: bool,
    /// The document's text, where anybody asked for it.
    #[serde(skip)]
    pub text: Option<Box<str>>,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON that was given.
    Json(Box<str>),
    /// What a commit changed.
    Changes(Vec<Changed>),
    /// What a subscriber missed: how many events, and the commits of the first and the last of them.
    Missed { events: u64, from_sequence: u64, to_sequence: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Counts all events of the store since it was opened; 0 for one that was brought back from the journal.
    pub id: u64,
    pub topic: Box<str>,
    /// The commit that it tells of, or else the newest one when it was published.
    pub sequence: u64,
    /// The name that the publisher gave when it opened the store.
    pub source: Box<str>,
    pub time_ms: u64,
    pub payload: Payload,
}

/// An event as a receiver is called with it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'e> {
    pub event: &'e Event,
    pub json: &'e str,
}

#[derive(Serialize)]
struct WithData<'e> {
    #[serde(flatten)]
    change: &'e Changed,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'e RawValue>,
}

#[derive(Serialize)]
struct Changes<'e> {
    changes: Vec<WithData<'e>>,
}

impl Event {
    /// What it says, as JSON; with the documents if they are wanted.
    pub fn json(&self, with_data: bool) -> String {
        let json = match &self.payload {
            Payload::Json(text) => Ok(text.to_string()),
            Payload::Changes(changes) => {
                let told = |change| WithData { change, data: data_of(change).filter(|_| with_data) };
                serde_json::to_string(&Changes { changes: changes.iter().map(told).collect() })
            }
            Payload::Missed { events, from_sequence, to_sequence } => serde_json::to_string(&serde_json::json!({
                "events": events, "from_sequence": from_sequence, "to_sequence": to_sequence
            })),
        };
        // Maps with text keys and numbers always have a JSON form.
        json.unwrap_or_else(|_| "null".to_owned())
    }
}

fn data_of(change: &Changed) -> Option<&RawValue> {
    serde_json::from_str(change.text.as_deref()?).ok()
}
