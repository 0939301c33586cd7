//! What the built-in endpoints do, one file per resource.
//!
//! Holds what they share: a request that was let through, and how its values are read. Invariant: a handler decides nothing
//! about who may ask, and touches no file but through the service.

pub mod documents;
pub mod exchange;
pub mod inquiries;
pub mod plugins;
pub mod snapshots;
pub mod versions;

use super::conditions::{self, Current, Verdict};
use super::flow::Shared;
use super::message::{Head, JSON, Response, bytes, empty, set};
use super::problem::{Outcome, Problem};
use super::router::Named;
use super::service::Stored;
use headers::{HeaderMapExt, LastModified};
use http::{StatusCode, header};

/// The largest number of a query: what every reader of JSON holds exactly.
pub const LARGEST_NUMBER: u64 = (1 << 53) - 1;

/// A request that was let through.
pub struct Call<'c> {
    pub api: &'c Shared,
    pub head: &'c Head,
    /// What the path names.
    pub named: &'c Named,
    pub query: &'c Named,
    pub body: &'c [u8],
}

pub type Work = fn(&Call<'_>) -> Outcome<Response>;

impl Call<'_> {
    /// A value of the path. The router has found it.
    pub fn name(&self, name: &str) -> &str {
        self.named.get(name).unwrap_or_default()
    }

    /// A number of the query, within bounds.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Outcome<Option<u64>> {
        let Some(text) = self.query.get(name) else { return Ok(None) };
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Problem::bad(format!("{name} is {text:?}; it is a number from {least} to {most}"))),
        }
    }

    /// Yes or no in the query; no if it is not there.
    pub fn flag(&self, name: &str) -> Outcome<bool> {
        Ok(self.choice(name, &["false", "true"], "false")? == "true")
    }

    /// One of several words in the query.
    pub fn choice<'s>(&'s self, name: &str, words: &[&str], usual: &'s str) -> Outcome<&'s str> {
        let word = self.query.get(name).unwrap_or(usual);
        if words.contains(&word) {
            return Ok(word);
        }
        Err(Problem::bad(format!("{name} is {word:?}; there are {}", words.join(", "))))
    }

    /// The body as text; none if it is empty.
    pub fn text(&self) -> Outcome<Option<&str>> {
        let text = std::str::from_utf8(self.body)
            .map_err(|error| Problem::bad(format!("the body is not UTF-8: byte {} breaks it", error.valid_up_to())))?;
        Ok(Some(text).filter(|text| !text.trim_ascii().is_empty()))
    }
}

/// Marks a response as a thing with a tag and a time, which a client may keep and ask about.
fn mark(response: &mut Response, current: &Current, caching: &str) {
    response.headers_mut().typed_insert(current.tag.clone());
    if let Some(modified) = current.modified {
        response.headers_mut().typed_insert(LastModified::from(modified));
    }
    set(response, header::CACHE_CONTROL, caching);
}

/// A stored text, unless the client has it already.
fn stored(call: &Call<'_>, stored: Stored, caching: &str) -> Outcome<Response> {
    let current = Current::of_revision(stored.revision, stored.saved_at_ms);
    let mut response = match conditions::check(call.head, Some(&current)) {
        Verdict::Go => bytes(JSON, stored.text),
        Verdict::NotModified => empty(StatusCode::NOT_MODIFIED),
        Verdict::Failed => return Err(conditions::failed()),
    };
    mark(&mut response, &current, caching);
    Ok(response)
}
