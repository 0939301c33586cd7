//! Which endpoint a request is for.
//!
//! Holds the endpoints by path and method, and takes names and values out of an address. It knows nothing of files: a path
//! is only compared. Invariant: an id and a pair of path and method stand for one endpoint.

use super::endpoints::Endpoint;
use super::problem::{Outcome, Problem};
use crate::error::{Error, Result};
use http::{Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The endpoints at one time; replaced as a whole when one is added or removed.
#[derive(Default)]
pub struct Router {
    endpoints: Vec<Arc<Endpoint>>,
    by_path: matchit::Router<Vec<Arc<Endpoint>>>,
}

/// What an address says.
#[derive(Debug, Clone, Default)]
pub struct Named(Vec<(String, String)>);

impl Named {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub fn all(&self) -> BTreeMap<&str, &str> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

impl Router {
    pub fn new(endpoints: Vec<Arc<Endpoint>>) -> Result<Router> {
        let mut grouped: BTreeMap<&str, Vec<Arc<Endpoint>>> = BTreeMap::new();
        for endpoint in &endpoints {
            grouped.entry(endpoint.route.as_str()).or_default().push(endpoint.clone());
        }
        let mut by_path = matchit::Router::new();
        for (route, group) in grouped {
            by_path.insert(route, group).map_err(|error| {
                Error::InvalidArgument(format!("the path {route:?} cannot stand beside the others: {error}"))
            })?;
        }
        Ok(Router { endpoints, by_path })
    }

    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The endpoint for a path and a method, and the values of its parameters.
    pub fn find(&self, path: &str, method: &Method) -> Outcome<(Arc<Endpoint>, Named)> {
        let Ok(found) = self.by_path.at(path) else {
            let detail = "there is nothing at this path; /api/openapi.json says what there is";
            return Err(Problem::not_found(detail));
        };
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let Some(endpoint) = found.value.iter().find(|one| one.method == *wanted) else {
            return Err(not_allowed(method, found.value));
        };
        let values = found.params.iter().map(|(name, value)| Some((name.to_owned(), decoded(value)?)));
        let values = values.collect::<Option<Vec<_>>>();
        let detail = "the path is not UTF-8 in percent-encoding, or holds a NUL";
        let values = values.ok_or_else(|| Problem::not_found(detail))?;
        Ok((endpoint.clone(), Named(values)))
    }

    /// The methods that a path has; none if there is nothing.
    pub fn methods(&self, path: &str) -> Option<String> {
        self.by_path.at(path).ok().map(|found| allowed(found.value))
    }
}

fn allowed(endpoints: &[Arc<Endpoint>]) -> String {
    let mut methods: Vec<&str> = endpoints.iter().map(|one| one.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

fn not_allowed(method: &Method, endpoints: &[Arc<Endpoint>]) -> Problem {
    let allowed = allowed(endpoints);
    let detail = format!("{method} is nothing that this path takes; it takes {allowed}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).with(header::ALLOW, &allowed)
}

/// What a piece of a path says. A C string could not hold a NUL, so no key and no name has one.
fn decoded(text: &str) -> Option<String> {
    unescaped(text).filter(|text| !text.contains('\0'))
}

fn unescaped(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// The members of a query, of which only `known` ones are allowed, each once. Every name is allowed if there is no list.
pub fn query(text: Option<&str>, known: Option<&[&str]>) -> Outcome<Named> {
    let mut members: Vec<(String, String)> = Vec::new();
    for piece in text.unwrap_or_default().split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let plain = |text: &str| unescaped(&text.replace('+', " "));
        let (Some(name), Some(value)) = (plain(name), plain(value)) else {
            return Err(Problem::bad("the query is not UTF-8 in percent-encoding"));
        };
        if known.is_some_and(|known| !known.contains(&name.as_str())) {
            let known = known.filter(|known| !known.is_empty()).map(|known| known.join(", "));
            let known = known.map_or("it takes none".to_owned(), |known| format!("it takes {known}"));
            return Err(Problem::bad(format!("{name:?} is no query parameter of this endpoint; {known}")));
        }
        if members.iter().any(|(one, _)| *one == name) {
            return Err(Problem::bad(format!("the query parameter {name:?} stands twice")));
        }
        members.push((name, value));
    }
    Ok(Named(members))
}

#[cfg(test)]
mod tests {
    use super::super::endpoints;
    use super::*;

    fn found(method: &str, path: &str) -> std::result::Result<(String, BTreeMap<String, String>), u16> {
        let router = Router::new(endpoints::built_in(&BTreeMap::new())).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let found = router.find(path, &method).map_err(|problem| problem.status.as_u16());
        found.map(|(endpoint, named)| {
            let named = named.all().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            (endpoint.id.clone(), named.collect())
        })
    }

    #[test]
    fn paths_lead_to_endpoints_with_what_they_name() {
        for (method, path, id, named) in [
            ("GET", "/api/database/status", "status", None),
            ("HEAD", "/api/database/status", "status", None),
            ("PUT", "/api/database/documents/a/b%2Fc%20d", "save", Some(("key", "a/b/c d"))),
            ("GET", "/api/database/documents/%C3%A9%2e%2E/", "document", Some(("key", "é../"))),
            ("GET", "/api/database/versions/party_configs/diff", "version_diff", Some(("document", "party_configs"))),
            ("GET", "/api/database/versions/party_configs/7", "version", Some(("version", "7"))),
            ("GET", "/", "inspector", None),
        ] {
            let (found, all) = found(method, path).unwrap();
            assert_eq!(found, id, "{path}");
            if let Some((name, value)) = named {
                assert_eq!(all[name], value, "{path}");
            }
        }
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        for (method, path, status) in [
            ("GET", "/api/database/statuses", 404),
            ("GET", "/api/database/status/", 404),
            ("GET", "/api/database/documents/", 404),
            ("GET", "/api/database/documents/%ff", 404),
            ("GET", "/api/database/documents/a%00b", 404),
            ("GET", "/../etc/passwd", 404),
            ("DELETE", "/api/database/status", 405),
            ("BREW", "/api/database/documents/a", 405),
        ] {
            assert_eq!(found(method, path).unwrap_err(), status, "{method} {path}");
        }
    }

    #[test]
    fn a_refused_method_is_told_the_others() {
        let router = Router::new(endpoints::built_in(&BTreeMap::new())).unwrap();
        let problem = router.find("/api/database/documents/a", &Method::POST).err().unwrap();
        let allow = problem.into_response(None).headers()[header::ALLOW].to_str().unwrap().to_owned();
        assert!(["GET", "PUT", "DELETE", "HEAD"].iter().all(|method| allow.contains(method)), "{allow}");
    }

    #[test]
    fn a_query_has_known_names_once() {
        let known: Option<&[&str]> = Some(&["prefix", "limit"]);
        let read = query(Some("prefix=a%26b+c&limit=7"), known).unwrap();
        assert_eq!((read.get("prefix"), read.get("limit"), read.get("other")), (Some("a&b c"), Some("7"), None));
        for wrong in ["other=1", "limit=1&limit=2", "prefix=%ff", "%ff=1"] {
            assert_eq!(query(Some(wrong), known).unwrap_err().status, 400, "{wrong}");
        }
        assert!(query(Some("anything=1"), None).is_ok() && query(Some("x"), Some(&[])).is_err());
    }
}
