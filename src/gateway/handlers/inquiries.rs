//! How the store and the gateway are: status, health, limits, the stream of events, the API's description, the page.
//!
//! Invariant: these change nothing.

use super::super::conditions::{self, Current, Verdict};
use super::super::flow::Counted;
use super::super::inspector;
use super::super::limits::Standing;
use super::super::message::{Payload, Response, bytes, empty, json, set, value};
use super::super::openapi;
use super::super::problem::{Outcome, Problem};
use super::super::schema::{LimitState, Limits, Status};
use super::{Call, LARGEST_NUMBER, mark};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{StatusCode, header};

pub fn status(call: &Call<'_>) -> Outcome<Response> {
    let write_allowed = call.api.guard.allow_write;
    Ok(value(&Status { write_allowed, ..call.api.service.status()? }))
}

pub fn health(call: &Call<'_>) -> Outcome<Response> {
    let quota = call.number("quota", 1, LARGEST_NUMBER)?;
    Ok(json(call.api.service.health(call.flag("full")?, quota)?))
}

pub fn limits(call: &Call<'_>) -> Outcome<Response> {
    let state = |endpoint: &std::sync::Arc<super::super::endpoints::Endpoint>| {
        let Standing { used, remaining, reset, rejected } = endpoint.window.standing();
        LimitState {
            id: endpoint.id.clone(),
            method: endpoint.method.to_string(),
            path: endpoint.path.clone(),
            per_minute: endpoint.window.per_minute(),
            used,
            remaining,
            reset_ms: u64::try_from(reset.as_millis()).unwrap_or(u64::MAX),
            rejected,
        }
    };
    let endpoints = call.api.router().endpoints().iter().map(state).collect();
    Ok(value(&Limits { endpoints, connections: call.api.connections() }))
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub fn events(call: &Call<'_>) -> Outcome<Response> {
    let since = match call.head.headers.get(LAST_EVENT_ID) {
        Some(id) => {
            let id = id.to_str().ok().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
            let wrong =
                || Problem::bad("Last-Event-ID is not the id of an event of this store; leave it out to begin now");
            Some(id.and_then(|id| id.parse().ok()).ok_or_else(wrong)?)
        }
        None => call.number("since", 0, LARGEST_NUMBER)?,
    };
    let place = call.api.streams.enter()?;
    let events = Counted::new(call.api.service.events(since)?, place);
    let mut response = Response::new(Payload::Events(Box::new(events)));
    set(&mut response, CONTENT_TYPE, "text/event-stream");
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(response)
}

pub fn openapi(call: &Call<'_>) -> Outcome<Response> {
    Ok(json(openapi::document(call.api.router().endpoints(), call.api.address.as_deref())))
}

pub fn page(call: &Call<'_>) -> Outcome<Response> {
    shown(call, inspector::INDEX)
}

pub fn page_file(call: &Call<'_>) -> Outcome<Response> {
    shown(call, call.name("file"))
}

fn shown(call: &Call<'_>, name: &str) -> Outcome<Response> {
    let file = inspector::find(name).ok_or_else(|| Problem::not_found("the inspector has no such file"))?;
    let current = Current::new(&file.tag(), 0);
    let mut response = match conditions::check(call.head, Some(&current)) {
        Verdict::Go => bytes(file.media_type, file.text),
        Verdict::NotModified => empty(StatusCode::NOT_MODIFIED),
        Verdict::Failed => return Err(conditions::failed()),
    };
    mark(&mut response, &current, "no-cache");
    set(&mut response, header::CONTENT_SECURITY_POLICY, inspector::POLICY);
    Ok(response)
}
