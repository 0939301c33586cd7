//! Bodies on their way: requests' into memory, responses' onto the wire, events as a stream.
//!
//! Invariant: a request's body is never held beyond its limit, a file is sent a piece at a time, and a stream ends when the
//! gateway stops.

use super::flow::{Shared, too_large};
use super::message::{FilePart, Payload};
use super::problem::Problem;
use super::service::{Events, Told};
use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How long a body may take in all.
const BODY_TIME: Duration = Duration::from_secs(600);
/// How much of a file is read at once.
const PIECE: u64 = 256 << 10;
/// How often a stream looks for events.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// After so much silence a stream says that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// So much text of events is sent at once.
const MOST_EVENT_BYTES: usize = 64 << 10;

/// What came of a request's body.
pub enum Collected {
    Bytes(Vec<u8>),
    Refused(Problem),
}

/// Takes a body in, unless it is longer than the limit; nothing of it where the limit is 0.
pub async fn collect(body: Incoming, limit: u64) -> Collected {
    if limit == 0 {
        return Collected::Bytes(Vec::new());
    }
    match tokio::time::timeout(BODY_TIME, take_in(body, limit)).await {
        Ok(collected) => collected,
        Err(_) => Collected::Refused(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took more than ten minutes")),
    }
}

async fn take_in(mut body: Incoming, limit: u64) -> Collected {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else {
            return Collected::Refused(Problem::bad("the body broke off, or its framing is wrong"));
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() as u64 + data.len() as u64 > limit {
            return Collected::Refused(too_large(limit));
        }
        if bytes.try_reserve(data.len()).is_err() {
            let detail = "there is no memory for the body";
            return Collected::Refused(Problem::named(StatusCode::SERVICE_UNAVAILABLE, "out-of-memory", detail));
        }
        bytes.extend_from_slice(&data);
    }
    Collected::Bytes(bytes)
}

/// A response's body.
pub enum Reply {
    Whole(Option<Bytes>),
    File(Pieces),
    Events(Box<Stream>),
}

/// A file that is read piece by piece.
pub struct Pieces {
    part: FilePart,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

/// Events as they come.
pub struct Stream {
    events: Box<dyn Events>,
    ticks: Interval,
    last_sent: Instant,
    begun: bool,
    shared: Arc<Shared>,
}

impl Reply {
    pub fn new(payload: Payload, shared: Arc<Shared>) -> Reply {
        match payload {
            Payload::Nothing => Reply::Whole(None),
            Payload::Bytes(bytes) => Reply::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            Payload::File(part) => Reply::File(Pieces { part, reading: None }),
            Payload::Events(events) => {
                let mut ticks = tokio::time::interval(LOOK_EVERY);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                Reply::Events(Box::new(Stream { events, ticks, last_sent: Instant::now(), begun: false, shared }))
            }
        }
    }
}

type Next = Option<Result<Frame<Bytes>, io::Error>>;

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Next> {
        match self.get_mut() {
            Reply::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Reply::File(pieces) => pieces.poll_next(context),
            Reply::Events(stream) => stream.poll_next(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Reply::Whole(bytes) => bytes.is_none(),
            Reply::File(pieces) => pieces.part.length == 0,
            Reply::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Reply::File(pieces) => SizeHint::with_exact(pieces.part.length),
            Reply::Events(_) => SizeHint::default(),
        }
    }
}

impl Pieces {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        if self.part.length == 0 {
            return Poll::Ready(None);
        }
        let part = &self.part;
        let reading = self.reading.get_or_insert_with(|| {
            let piece = FilePart { length: part.length.min(PIECE), ..part.clone() };
            tokio::task::spawn_blocking(move || read(&piece))
        });
        let outcome = ready!(Pin::new(reading).poll(context)).unwrap_or_else(|error| Err(io::Error::other(error)));
        self.reading = None;
        if let Ok(bytes) = &outcome {
            self.part.offset += bytes.len() as u64;
            self.part.length = self.part.length.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(Some(outcome.map(Frame::data)))
    }
}

fn read(piece: &FilePart) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(piece.length).unwrap_or_default()];
    let read = piece.file.read_at(&mut bytes, piece.offset)?;
    bytes.truncate(read);
    if bytes.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes.into()) }
}

impl Stream {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        if !self.begun {
            // So that a client knows at once that it is heard, and how soon to come back.
            self.begun = true;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"retry: 1000\n: alive\n\n")))));
        }
        loop {
            if self.shared.is_stopping() {
                return Poll::Ready(None);
            }
            let mut text = String::new();
            while text.len() < MOST_EVENT_BYTES
                && let Some(event) = self.events.next()
            {
                push_event(&event, &mut text);
            }
            if text.is_empty() && self.last_sent.elapsed() >= ALIVE_EVERY {
                text.push_str(": alive\n\n");
            }
            if !text.is_empty() {
                self.last_sent = Instant::now();
                return Poll::Ready(Some(Ok(Frame::data(text.into()))));
            }
            ready!(self.ticks.poll_tick(context));
        }
    }
}

/// An event as a stream has it. JSON on its way here may hold line breaks between tokens, which would end a line of it.
fn push_event(event: &Told, into: &mut String) {
    let topic = event.topic.replace(char::is_control, " ");
    let _ = write!(into, "id: {}\nevent: {topic}\n", event.sequence);
    for line in event.json.split(['\n', '\r']) {
        let _ = writeln!(into, "data: {line}");
    }
    into.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_to_its_lines() {
        let mut text = String::new();
        let told = |topic: &str, json: &str| Told { sequence: 7, topic: topic.to_owned(), json: json.to_owned() };
        push_event(&told("a\nb", "{\"x\":\n1}"), &mut text);
        assert_eq!(text, "id: 7\nevent: a b\ndata: {\"x\":\ndata: 1}\n\n");
    }
}
