//! Requests of hosts that have an HTTP server of their own: a request and its answer as JSON texts.
//!
//! Invariant: what is answered here is what the built-in server would have sent, but for the headers that belong to a
//! connection.

use super::flow::{Shared, Way};
use super::message::{FilePart, Payload, Response};
use crate::error::{Error, Result};
use crate::options::read_object;
use http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    method: String,
    target: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Serialize)]
struct Answered {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Answers one request.
pub fn handle(shared: &Shared, request: &str) -> Result<String> {
    let asked: Asked = read_object(request, r#"{"method": "GET", "target": "/api/database/status", "headers": {}}"#)?;
    let wrong = |what: String| Error::InvalidArgument(format!("the request's {what}"));
    if !asked.target.starts_with('/') {
        return Err(wrong(format!("target is {:?}; it begins with a slash", asked.target)));
    }
    let mut request = http::Request::builder().method(asked.method.as_str()).uri(&asked.target);
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    let (head, ()) = request.body(()).map_err(|error| wrong(format!("head cannot be read: {error}")))?.into_parts();
    let response = match shared.admit(&head, Way::Host) {
        Ok(admitted) => shared.answer(&admitted, &head, asked.body.unwrap_or_default().as_bytes()),
        Err(refusal) => *refusal,
    };
    let answered = told(response, head.method == Method::HEAD)?;
    serde_json::to_string(&answered)
        .map_err(|error| Error::InvalidArgument(format!("the answer has no JSON form: {error}")))
}

fn told(response: Response, is_head: bool) -> Result<Answered> {
    let (parts, payload) = response.into_parts();
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        // Several of a name make a list.
        let joined = headers.entry(name.as_str().to_owned()).or_default();
        *joined = if joined.is_empty() { value } else { format!("{joined}, {value}") };
    }
    let body = match payload {
        _ if is_head => Vec::new(),
        Payload::Nothing | Payload::Events(_) => Vec::new(),
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::File(part) => read(&part)?,
    };
    let body = String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Answered { status: parts.status.as_u16(), headers, body })
}

/// All of a part of a file.
fn read(part: &FilePart) -> Result<Vec<u8>> {
    let out_of_memory = || Error::OutOfMemory { bytes: part.length };
    let length = usize::try_from(part.length).map_err(|_| out_of_memory())?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| out_of_memory())?;
    bytes.resize(length, 0);
    let read = part.file.read_at(&mut bytes, part.offset);
    let read = read.map_err(|source| Error::io("read", std::path::Path::new("the export"), source))?;
    bytes.truncate(read);
    Ok(bytes)
}
