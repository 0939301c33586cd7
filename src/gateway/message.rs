//! Requests and responses as the gateway's own code sees them, whichever way they came.
//!
//! Holds their types and small help to write them. Invariant: a payload knows its length before it is sent, but for events.

use super::service::Events;
use crate::disk::DiskFile;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{StatusCode, header};
use serde::Serialize;
use std::sync::Arc;

/// A part of a file.
#[derive(Clone)]
pub struct FilePart {
    pub file: Arc<dyn DiskFile>,
    pub offset: u64,
    pub length: u64,
}

/// What comes behind a response's head.
pub enum Payload {
    Nothing,
    Bytes(Bytes),
    File(FilePart),
    Events(Box<dyn Events>),
}

impl Payload {
    /// How many bytes it has; unknown of events.
    pub fn length(&self) -> Option<u64> {
        match self {
            Payload::Nothing => Some(0),
            Payload::Bytes(bytes) => Some(bytes.len() as u64),
            Payload::File(part) => Some(part.length),
            Payload::Events(_) => None,
        }
    }
}

pub type Head = http::request::Parts;
pub type Response = http::Response<Payload>;

/// The media type of JSON.
pub const JSON: &str = "application/json";

/// Sets a header whose value is known to be one.
pub fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A response without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Payload::Nothing);
    *response.status_mut() = status;
    response
}

/// A response with text of a media type.
pub fn bytes(media_type: &str, text: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Payload::Bytes(text.into()));
    set(&mut response, CONTENT_TYPE, media_type);
    response
}

/// A response with JSON that changes from request to request.
pub fn json(text: String) -> Response {
    let mut response = bytes(JSON, text);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

/// A response with a value as JSON.
pub fn value<T: Serialize>(value: &T) -> Response {
    // Types of ours, with text keys, always have a JSON form.
    json(serde_json::to_string(value).unwrap_or_default())
}
