//! Snapshots: listing, making, deleting, restoring, comparing.
//!
//! Invariant: what a snapshot is called in an address is what the library calls it: its id, its label, `latest`.

use super::super::message::{Response, empty, json, set};
use super::super::problem::{Outcome, Problem};
use super::super::schema::NewSnapshot;
use super::{Call, stored};
use crate::error::Error;
use http::{StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub fn list(call: &Call<'_>) -> Outcome<Response> {
    Ok(json(call.api.service.snapshots()?))
}

/// An object alone: a struct can also be read from a JSON array, by position, which is nobody's intent here.
fn object<'t>(text: &'t str, example: &str) -> Outcome<&'t str> {
    if text.trim_start().starts_with('{') {
        return Ok(text);
    }
    Err(Problem::bad(format!("the body is a JSON object such as {example}, or empty")))
}

pub fn create(call: &Call<'_>) -> Outcome<Response> {
    let wanted = match call.text()? {
        Some(text) => {
            let text = object(text, r#"{"label": "before the boss"}"#)?;
            serde_json::from_str(text).map_err(|error| Problem::bad(format!("the body: {error}")))?
        }
        None => NewSnapshot { label: None },
    };
    let made = call.api.service.create_snapshot(wanted.label.as_deref()).map_err(|error| match error {
        Error::InvalidArgument(reason) => Problem::named(StatusCode::UNPROCESSABLE_ENTITY, "label", reason),
        error => error.into(),
    })?;
    let mut response = json(made.json);
    *response.status_mut() = StatusCode::CREATED;
    let id = utf8_percent_encode(&made.id, NON_ALPHANUMERIC);
    set(&mut response, header::LOCATION, &format!("/api/database/snapshots/{id}").replace("%2D", "-"));
    Ok(response)
}

pub fn get(call: &Call<'_>) -> Outcome<Response> {
    Ok(json(call.api.service.snapshot(call.name("id"))?))
}

pub fn delete(call: &Call<'_>) -> Outcome<Response> {
    call.api.service.delete_snapshot(call.name("id"))?;
    Ok(empty(StatusCode::NO_CONTENT))
}

pub fn restore(call: &Call<'_>) -> Outcome<Response> {
    let selection = call.text()?.map(|text| object(text, r#"{"dry_run": true}"#)).transpose()?;
    Ok(json(call.api.service.restore_snapshot(call.name("id"), selection)?))
}

pub fn document(call: &Call<'_>) -> Outcome<Response> {
    stored(call, call.api.service.snapshot_document(call.name("id"), call.name("key"))?, "no-cache")
}

pub fn diff(call: &Call<'_>) -> Outcome<Response> {
    let from = call.query.get("from");
    let from = from.ok_or_else(|| Problem::bad("the query parameter from is missing; it is a snapshot's id"))?;
    Ok(json(call.api.service.snapshot_diff(from, call.query.get("to").unwrap_or("now"))?))
}
