//! The options that an API is registered with, and their JSON form.
//!
//! Invariant: an option that is unknown, of the wrong type or out of range is an error that names it.

use super::endpoints;
use super::limits::MOST;
use crate::error::{Error, Result, nearest};
use crate::options::read_object;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

/// The shortest token.
const SHORTEST_TOKEN: usize = 16;
const LONGEST_TOKEN: usize = 1024;
/// How many random bytes a token of ours has.
const RANDOM: usize = 32;
/// The largest `max_body_bytes`.
const LARGEST_BODY: u64 = 1 << 30;

/// How an API is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the built-in server listens; nowhere if left out.
    pub listen: Option<SocketAddr>,
    pub token: String,
    pub anonymous_read: bool,
    pub allow_write: bool,
    /// Requests per minute by the endpoint's id.
    pub limits: BTreeMap<String, u32>,
    pub max_body_bytes: u64,
    pub allow_remote: bool,
    /// As browsers send them: `https://editor.example:8080`.
    pub allow_origins: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Given {
    listen: Option<String>,
    token: Option<String>,
    anonymous_read: bool,
    allow_write: bool,
    limits: BTreeMap<String, u32>,
    max_body_bytes: u64,
    allow_remote: bool,
    allow_origins: Vec<String>,
}

impl Default for Given {
    fn default() -> Self {
        Given {
            listen: None,
            token: None,
            anonymous_read: false,
            allow_write: false,
            limits: BTreeMap::new(),
            max_body_bytes: 64 << 20,
            allow_remote: false,
            allow_origins: Vec::new(),
        }
    }
}

fn wrong(reason: String) -> Error {
    Error::InvalidOption(reason)
}

impl Options {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<Options> {
        let given = match json {
            Some(json) => read_object(json, r#"{"listen": "127.0.0.1:0"}"#)?,
            None => Given::default(),
        };
        let listen = given.listen.as_deref().map(|listen| address(listen, given.allow_remote)).transpose()?;
        given.limits.iter().try_for_each(|(id, limit)| check_limit(id, *limit))?;
        given.allow_origins.iter().try_for_each(|origin| check_origin(origin))?;
        if !(1..=LARGEST_BODY).contains(&given.max_body_bytes) {
            let reason = format!("max_body_bytes is {}; it goes from 1 to {LARGEST_BODY}", given.max_body_bytes);
            return Err(wrong(reason));
        }
        let token = match given.token {
            Some(token) => checked_token(token)?,
            None => random_token()?,
        };
        Ok(Options {
            listen,
            token,
            anonymous_read: given.anonymous_read,
            allow_write: given.allow_write,
            limits: given.limits,
            max_body_bytes: given.max_body_bytes,
            allow_remote: given.allow_remote,
            allow_origins: given.allow_origins,
        })
    }
}

fn address(listen: &str, allow_remote: bool) -> Result<SocketAddr> {
    let named = listen.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = named.as_deref().unwrap_or(listen).parse().map_err(|_| {
        wrong(format!("listen is {listen:?}; it is an address and a port such as \"127.0.0.1:0\", 0 for any port"))
    })?;
    if !address.ip().is_loopback() && !allow_remote {
        let reason = format!(
            "listen is {listen:?}, which other machines can reach; use 127.0.0.1, or \"allow_remote\": true if that is meant"
        );
        return Err(wrong(reason));
    }
    Ok(address)
}

/// Ids of plug-ins' endpoints are not known yet, and have limits of their own.
fn check_limit(id: &str, limit: u32) -> Result<()> {
    if !endpoints::ids().any(|known| known == id) {
        let known: Vec<String> = endpoints::ids().map(str::to_owned).collect();
        let nearest = nearest(id, &known).join(", ");
        return Err(wrong(format!("limits names {id:?}, which is no endpoint; the nearest are {nearest}")));
    }
    check_per_minute(id, limit)
}

/// Checks a limit of requests per minute.
pub fn check_per_minute(id: &str, limit: u32) -> Result<()> {
    if (1..=MOST).contains(&limit) {
        return Ok(());
    }
    Err(wrong(format!("the limit of {id:?} is {limit}; it goes from 1 to {MOST} requests a minute")))
}

fn check_origin(origin: &str) -> Result<()> {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let is_host = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if rest.is_some_and(is_host) {
        return Ok(());
    }
    Err(wrong(format!("allow_origins has {origin:?}; an origin is such as \"http://localhost:5173\", without a path")))
}

fn checked_token(token: String) -> Result<String> {
    // What RFC 6750 lets stand behind "Bearer".
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if (SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(is_allowed) {
        return Ok(token);
    }
    let reason = format!(
        "the token has {} bytes; it has {SHORTEST_TOKEN} to {LONGEST_TOKEN} letters, digits and -._~+/=",
        token.len()
    );
    Err(wrong(reason))
}

fn random_token() -> Result<String> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::InvalidArgument(format!("the system gives no random numbers ({error}); give a token"))
    })?;
    let mut token = String::with_capacity(2 * RANDOM);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        Options::parse(Some(json)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, named) in [
            (r#"{"lisen":"127.0.0.1:0"}"#, "lisen"),
            (r#"{"listen":"somewhere"}"#, "somewhere"),
            (r#"{"listen":"0.0.0.0:80"}"#, "allow_remote"),
            (r#"{"listen":"192.168.1.2:80"}"#, "allow_remote"),
            (r#"{"token":"short"}"#, "16"),
            (r#"{"token":"has spaces in its text"}"#, "letters"),
            (r#"{"limits":{"stats":5}}"#, "status"),
            (r#"{"limits":{"status":0}}"#, "status"),
            (r#"{"limits":{"status":1000001}}"#, "1000000"),
            (r#"{"max_body_bytes":0}"#, "max_body_bytes"),
            (r#"{"allow_origins":["localhost"]}"#, "localhost"),
            (r#"{"allow_origins":["http://a/b"]}"#, "a/b"),
            ("[]", "object"),
        ] {
            assert!(refusal(json).contains(named), "{json}: {}", refusal(json));
        }
    }

    #[test]
    fn loopback_is_the_default_and_others_need_a_word() {
        let listen = |json: &str| Options::parse(Some(json)).unwrap().listen.unwrap().to_string();
        assert_eq!(listen(r#"{"listen":"localhost:8321"}"#), "127.0.0.1:8321");
        assert_eq!(listen(r#"{"listen":"[::1]:0"}"#), "[::1]:0");
        assert_eq!(listen(r#"{"listen":"0.0.0.0:80","allow_remote":true}"#), "0.0.0.0:80");
        assert_eq!(Options::parse(None).unwrap().listen, None);
    }

    #[test]
    fn tokens_of_ours_are_random() {
        let (one, other) = (Options::parse(None).unwrap().token, Options::parse(None).unwrap().token);
        assert!(one != other && one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
