//! Who may ask: the addresses that a request names, and the token that it carries.
//!
//! A page of another site can make a browser send requests here; what it cannot do is forge `Host` and `Origin` or know the
//! token. Invariant: the token is compared in constant time, and no refusal says what would have been right.

use super::message::Head;
use super::options::Options;
use super::problem::{Outcome, Problem};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use std::net::{IpAddr, SocketAddr};
use subtle::ConstantTimeEq;

/// What a request does, as far as it matters who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Gets a file of the page, which holds no data.
    Page,
    Read,
    Write,
}

pub struct Guard {
    token: String,
    anonymous_read: bool,
    pub allow_write: bool,
    allow_origins: Vec<String>,
    /// Where the built-in server listens.
    bound: Option<SocketAddr>,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The value of a header that may stand once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_none() { Some(value) } else { None }
}

impl Guard {
    pub fn new(options: &Options, bound: Option<SocketAddr>) -> Guard {
        Guard {
            token: options.token.clone(),
            anonymous_read: options.anonymous_read,
            allow_write: options.allow_write,
            allow_origins: options.allow_origins.clone(),
            bound,
        }
    }

    /// Whether `host:port` is this server. A name that an attacker's name server leads here is not.
    fn is_own(&self, host: &str, usual_port: u16) -> bool {
        let Some(bound) = self.bound else { return false };
        let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
        let (name, port) = match host.rsplit_once(':') {
            Some((name, digits)) if !digits.ends_with(']') => (name, port(digits)),
            _ => (host, Some(usual_port)),
        };
        if port != Some(bound.port()) {
            return false;
        }
        let unbracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address: Option<IpAddr> = match unbracketed {
            Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
            None => name.parse().ok().filter(IpAddr::is_ipv4),
        };
        match address {
            // Where it listens on every address, each of them is its own; and a number cannot be rebound.
            Some(address) => {
                address == IpAddr::from([127, 0, 0, 1])
                    || address == IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16])
                    || address == bound.ip()
                    || bound.ip().is_unspecified()
            }
            None => name.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Refuses what was meant for somebody else.
    pub fn check_host(&self, head: &Head) -> Outcome<()> {
        let misdirected = || {
            let detail = "the request names another host; use the address that registering the API gave";
            Err(Problem::named(StatusCode::MISDIRECTED_REQUEST, "host", detail))
        };
        let named = only(&head.headers, header::HOST);
        if !named.is_some_and(|host| self.is_own(host, 80)) {
            return misdirected();
        }
        // A whole address in the request line comes before the header.
        match head.uri.authority() {
            Some(authority) if !self.is_own(authority.as_str(), 80) => misdirected(),
            _ => Ok(()),
        }
    }

    /// Refuses what a page of another site sends. Gives the origin if it is one of those that were allowed by name.
    pub fn check_origin(&self, headers: &HeaderMap) -> Outcome<Option<HeaderValue>> {
        let refused = || {
            let detail = "pages of other sites may not ask; name the page's origin in \"allow_origins\" if it is yours";
            Err(Problem::named(StatusCode::FORBIDDEN, "origin", detail))
        };
        if !headers.contains_key(header::ORIGIN) {
            let is_cross = headers.get_all(SEC_FETCH_SITE).iter().any(|site| site == "cross-site");
            return if is_cross { refused() } else { Ok(None) };
        }
        let Some(origin) = only(headers, header::ORIGIN) else { return refused() };
        if self.allow_origins.iter().any(|allowed| allowed == origin) {
            return Ok(HeaderValue::from_str(origin).ok());
        }
        let is_own = origin.strip_prefix("http://").is_some_and(|host| self.is_own(host, 80));
        if is_own { Ok(None) } else { refused() }
    }

    /// Refuses who does not have the token.
    pub fn check_token(&self, headers: &HeaderMap, access: Access) -> Outcome<()> {
        if access == Access::Page || access == Access::Read && self.anonymous_read {
            return Ok(());
        }
        let given = only(headers, header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        if given.is_some_and(|given| given.as_bytes().ct_eq(self.token.as_bytes()).into()) {
            return Ok(());
        }
        let detail = "the request needs the header Authorization: Bearer with the token that registering the API gave";
        let problem = Problem::named(StatusCode::UNAUTHORIZED, "token", detail);
        Err(problem.with(header::WWW_AUTHENTICATE, "Bearer realm=\"coffer\""))
    }

    /// Refuses changes where none are allowed.
    pub fn check_write(&self, access: Access) -> Outcome<()> {
        if access != Access::Write || self.allow_write {
            return Ok(());
        }
        let detail = "this API only reads; register it with \"allow_write\": true on a handle that is not read-only";
        Err(Problem::named(StatusCode::FORBIDDEN, "read-only", detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn guard(json: &str, bound: &str) -> Guard {
        let options = Options::parse(Some(json)).unwrap();
        Guard::new(&options, Some(bound.parse().unwrap()))
    }

    fn head(uri: &str, headers: &[(&str, &str)]) -> Head {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_own_names_with_the_port_are_hosts() {
        let guard = guard("{}", "127.0.0.1:8321");
        let check = |hosts: &[(&str, &str)]| guard.check_host(&head("/", hosts)).is_ok();
        for host in ["localhost:8321", "LOCALHOST:8321", "127.0.0.1:8321", "[::1]:8321"] {
            assert!(check(&[("host", host)]), "{host}");
        }
        for host in [
            "evil.example:8321",
            "localhost",
            "localhost:80",
            "localhost:8321.evil.example",
            "127.0.0.1.evil.example:8321",
            "localhost:+8321",
            "[localhost]:8321",
            "::1:8321",
            "127.0.0.2:8321",
            "",
        ] {
            assert!(!check(&[("host", host)]), "{host}");
        }
        assert!(!check(&[]) && !check(&[("host", "localhost:8321"), ("host", "localhost:8321")]));
        assert!(guard.check_host(&head("http://localhost:8321/", &[("host", "localhost:8321")])).is_ok());
        assert!(guard.check_host(&head("http://evil.example/", &[("host", "localhost:8321")])).is_err());
    }

    #[test]
    fn on_every_address_each_number_is_a_host_and_no_name() {
        let open = guard(r#"{"allow_remote":true}"#, "0.0.0.0:80");
        let check = |host: &str| open.check_host(&head("/", &[("host", host)])).is_ok();
        assert!(check("192.168.1.7") && check("192.168.1.7:80") && check("localhost"));
        assert!(!check("evil.example") && !check("192.168.1.7:81"));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let guard = guard(r#"{"allow_origins":["https://editor.example"]}"#, "127.0.0.1:8321");
        let check =
            |headers: &[(&str, &str)]| guard.check_origin(&head("/", headers).headers).map_err(|one| one.status);
        assert_eq!(check(&[]).unwrap(), None);
        assert_eq!(check(&[("origin", "http://localhost:8321"), ("sec-fetch-site", "same-origin")]).unwrap(), None);
        assert!(check(&[("origin", "https://editor.example"), ("sec-fetch-site", "cross-site")]).unwrap().is_some());
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "https://localhost:8321")],
            &[("origin", "http://localhost:8322")],
            &[("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("origin", "http://localhost:8321"), ("origin", "http://localhost:8321")],
        ] {
            assert_eq!(check(headers).unwrap_err(), 403, "{headers:?}");
        }
    }

    #[test]
    fn the_token_opens_and_nothing_else() {
        let check = |options: &str, token: Option<&str>, access| {
            let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
            guard(options, "127.0.0.1:1").check_token(&head("/", &headers).headers, access).is_ok()
        };
        let (closed, open) =
            (r#"{"token":"0123456789abcdef"}"#, r#"{"token":"0123456789abcdef","anonymous_read":true}"#);
        for token in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
            assert!(check(closed, Some(token), Access::Write) && check(open, Some(token), Access::Read));
        }
        for token in [
            None,
            Some("Bearer 0123456789abcdeF"),
            Some("Bearer 0123456789abcde"),
            Some("Basic 0123456789abcdef"),
            Some("0123456789abcdef"),
            Some("Bearer "),
        ] {
            assert!(!check(closed, token, Access::Read) && !check(closed, token, Access::Write), "{token:?}");
            assert!(check(closed, token, Access::Page) && check(open, token, Access::Read));
            assert!(!check(open, token, Access::Write), "{token:?}");
        }
    }
}
