//! The versions of the Tier 1 documents.
//!
//! Invariant: a version's text never changes, so a client that has it need not ask again.

use super::super::message::{Response, json, set, value};
use super::super::problem::{Outcome, Problem};
use super::super::schema::Versions;
use super::{Call, LARGEST_NUMBER, stored};
use http::header;

/// A version of one store must not be taken for that of another at the same address, which has another token.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

pub fn list(call: &Call<'_>) -> Outcome<Response> {
    let document = call.name("document");
    Ok(value(&Versions { document: document.to_owned(), versions: call.api.service.versions(document)? }))
}

pub fn get(call: &Call<'_>) -> Outcome<Response> {
    let text = call.name("version");
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let Some(number) = number.filter(|number| *number > 0) else {
        return Err(Problem::not_found(format!("there is no version {text:?}; versions are numbers from 1 on")));
    };
    let mut response = stored(call, call.api.service.version(call.name("document"), number)?, FOR_EVER)?;
    set(&mut response, header::VARY, "authorization");
    Ok(response)
}

pub fn diff(call: &Call<'_>) -> Outcome<Response> {
    let from = call.number("from", 0, LARGEST_NUMBER)?;
    let from =
        from.ok_or_else(|| Problem::bad("the query parameter from is missing; it is a version, 0 for the newest"))?;
    let to = call.number("to", 0, LARGEST_NUMBER)?.unwrap_or(0);
    Ok(json(call.api.service.version_diff(call.name("document"), from, to)?))
}
