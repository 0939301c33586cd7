//! Collections and documents: listing, getting, saving, clearing.
//!
//! Invariant: a change that a client made conditional happens to the revision that the condition was held against, or not
//! at all.

use super::super::conditions::{self, Current, Verdict};
use super::super::message::{Response, empty, set, value};
use super::super::problem::{Outcome, Problem};
use super::super::schema::Collections;
use super::super::service::Page;
use super::{Call, stored};
use crate::error::{Error, Result};
use http::{StatusCode, header};

/// How often a change is tried again when another one came between.
const TRIES: usize = 16;
const USUAL_PAGE: u64 = 100;
const LARGEST_PAGE: u64 = 1000;

pub fn collections(call: &Call<'_>) -> Outcome<Response> {
    Ok(value(&Collections { collections: call.api.service.collections()? }))
}

pub fn list(call: &Call<'_>) -> Outcome<Response> {
    let limit = call.number("limit", 1, LARGEST_PAGE)?.unwrap_or(USUAL_PAGE);
    let page = Page {
        collection: call.name("collection"),
        prefix: call.query.get("prefix").unwrap_or_default(),
        after: call.query.get("after"),
        limit: usize::try_from(limit).unwrap_or_default(),
    };
    Ok(value(&call.api.service.documents(page)?))
}

pub fn get(call: &Call<'_>) -> Outcome<Response> {
    stored(call, call.api.service.document(call.name("key"))?, "no-cache")
}

/// The document as it is now; its revision is 0 if it is not there.
fn now(call: &Call<'_>) -> Outcome<(u64, Option<Current>)> {
    let found = call.api.service.revision(call.name("key"))?;
    let revision = found.map_or(0, |(revision, _)| revision);
    Ok((revision, found.map(|(revision, saved_at_ms)| Current::of_revision(revision, saved_at_ms))))
}

/// Makes a change to the revision that the conditions of the request allow it for.
fn change<T>(call: &Call<'_>, make: impl Fn(u64) -> Result<T>) -> Outcome<Option<(u64, T)>> {
    for _ in 0..TRIES {
        let (revision, current) = now(call)?;
        if conditions::check(call.head, current.as_ref()) != Verdict::Go {
            return Err(conditions::failed());
        }
        match make(revision) {
            Ok(made) => return Ok(Some((revision, made))),
            Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

pub fn save(call: &Call<'_>) -> Outcome<Response> {
    let text = call.text()?.ok_or_else(|| Problem::bad("the body is empty; it is the document, as JSON"))?;
    let service = &call.api.service;
    let changed = change(call, |revision| service.save(call.name("key"), text, Some(revision)))?;
    let (before, revision) = match changed {
        Some(changed) => changed,
        None if conditions::is_conditional(call.head) => return Err(conditions::failed()),
        // Others save it all the time, and whoever comes last wins.
        None => (1, service.save(call.name("key"), text, None)?),
    };
    let mut response = empty(if before == 0 { StatusCode::CREATED } else { StatusCode::NO_CONTENT });
    set(&mut response, header::ETAG, &format!("\"{revision}\""));
    if before == 0 {
        set(&mut response, header::LOCATION, call.head.uri.path());
    }
    Ok(response)
}

pub fn clear(call: &Call<'_>) -> Outcome<Response> {
    let clear = |revision| match revision {
        0 => Err(Error::NotFound { what: format!("document {}", crate::error::quoted(call.name("key"))) }),
        revision => call.api.service.clear(call.name("key"), revision),
    };
    match change(call, clear)? {
        Some(_) => Ok(empty(StatusCode::NO_CONTENT)),
        None => {
            Err(Problem::named(StatusCode::CONFLICT, "conflict", "others save the document all the time; try again"))
        }
    }
}
