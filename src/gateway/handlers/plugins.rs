//! Endpoints that plug-ins registered: the request as JSON, and their answer as a response.
//!
//! Invariant: what a plug-in answers cannot break the framing of HTTP; an answer that is none is told as the plug-in's
//! failure.

use super::super::message::{JSON, Response, bytes, empty, set};
use super::super::problem::{Outcome, Problem};
use super::super::service::Handler;
use super::Call;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Asked<'a> {
    id: &'a str,
    method: &'a str,
    path: &'a str,
    parameters: BTreeMap<&'a str, &'a str>,
    query: BTreeMap<&'a str, &'a str>,
    content_type: Option<&'a str>,
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: Option<u16>,
    /// Null is a body too.
    #[serde(default, deserialize_with = "there")]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

fn there<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}

/// Headers that say how a message is sent, which is not the plug-in's.
const OURS: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::DATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

pub fn ask(call: &Call<'_>, id: &str, handler: &dyn Handler) -> Outcome<Response> {
    let body: Option<&RawValue> = call.text()?.map(serde_json::from_str).transpose().map_err(|error| {
        Problem::named(StatusCode::BAD_REQUEST, "invalid-json", format!("the body is not JSON: {error}"))
    })?;
    let asked = Asked {
        id,
        method: call.head.method.as_str(),
        path: call.head.uri.path(),
        parameters: call.named.all(),
        query: call.query.all(),
        content_type: call.head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()),
        body,
    };
    let asked = serde_json::to_string(&asked).unwrap_or_default();
    let answer = handler.handle(&asked, &|| call.api.is_stopping())?;
    response_of(&answer)
}

fn wrong(id: &str) -> Problem {
    let detail = format!("the plug-in's answer is no response: {id}");
    Problem::named(StatusCode::BAD_GATEWAY, "plugin-failed", detail)
}

fn response_of(answer: &str) -> Outcome<Response> {
    if !answer.trim_start().starts_with('{') {
        // An array would be taken for the members in their order.
        return Err(wrong("it is no object"));
    }
    let answer: Answered = serde_json::from_str(answer).map_err(|error| wrong(&error.to_string()))?;
    let usual = if answer.body.is_some() { 200 } else { 204 };
    let number = answer.status.unwrap_or(usual);
    let status = StatusCode::from_u16(number).ok().filter(|status| (200..600).contains(&status.as_u16()));
    let status = status.ok_or_else(|| wrong(&format!("its status is {number}; it goes from 200 to 599")))?;
    let has_body = status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED;
    let mut response = match answer.body.filter(|_| has_body) {
        Some(body) => bytes(JSON, body.get().to_owned()),
        None => empty(status),
    };
    *response.status_mut() = status;
    set(&mut response, header::CACHE_CONTROL, "no-store");
    for (name, value) in answer.headers {
        let parsed = name.parse::<HeaderName>().ok().filter(|name| !OURS.contains(name));
        let (Some(parsed), Ok(value)) = (parsed, HeaderValue::from_str(&value)) else {
            return Err(wrong(&format!("the header {name:?} is none that a plug-in can send")));
        };
        response.headers_mut().insert(parsed, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::super::super::message::Payload;
    use super::*;

    #[test]
    fn an_answer_becomes_a_response() {
        for (answer, status, body) in [
            (r#"{"body":[1, 2]}"#, 200, "[1, 2]"),
            (r#"{"body":null}"#, 200, "null"),
            ("{}", 204, ""),
            (r#"{"status":404}"#, 404, ""),
            (r#"{"status":201,"body":{"a":1},"headers":{"location":"/x"}}"#, 201, r#"{"a":1}"#),
            (r#"{"status":204,"body":1}"#, 204, ""),
        ] {
            let response = response_of(answer).ok().unwrap();
            assert_eq!(response.status(), status, "{answer}");
            let text = match response.into_body() {
                Payload::Bytes(text) => String::from_utf8(text.to_vec()).unwrap(),
                _ => String::new(),
            };
            assert_eq!(text, body, "{answer}");
        }
    }

    #[test]
    fn an_answer_that_is_none_is_the_plugins_failure() {
        for answer in [
            "1",
            "",
            r#"{"state":1}"#,
            r#"{"status":100}"#,
            r#"{"status":600}"#,
            r#"{"headers":{"content-length":"7"}}"#,
            r#"{"headers":{"Transfer-Encoding":"chunked"}}"#,
            r#"{"headers":{"a b":"c"}}"#,
            r#"{"headers":{"a":"b\r\nc: d"}}"#,
        ] {
            assert_eq!(response_of(answer).err().unwrap().status, 502, "{answer}");
        }
    }
}
