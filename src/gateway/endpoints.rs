//! The endpoints: what is offered at which path, to whom and how often.
//!
//! Holds the table of the built-in ones, and checks what a plug-in wants to offer. Invariant: a plug-in's path lies apart
//! from every built-in one.

use super::guard::Access;
use super::handlers::{self, Work};
use super::limits::Window;
use super::options::check_per_minute;
use super::router::query;
use super::service::Handler;
use crate::error::{Error, Result};
use crate::options::read_object;
use http::Method;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an endpoint takes as a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Json,
    /// A file in one of the formats of an import.
    File,
}

/// A built-in endpoint.
#[derive(Clone, Copy)]
pub struct BuiltIn {
    pub id: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    per_minute: u32,
    pub access: Access,
    pub takes: Takes,
    pub queries: &'static [&'static str],
    work: Work,
}

/// Who answers.
pub enum Answers {
    Own { queries: &'static [&'static str], work: Work },
    Plugin(Arc<dyn Handler>),
}

/// An endpoint of one API.
pub struct Endpoint {
    pub id: String,
    pub method: Method,
    /// As users write it: `/a/{name}`.
    pub path: String,
    /// As the router takes it: a document's key is the rest of an address, slashes and all.
    pub route: String,
    pub access: Access,
    pub takes: Takes,
    pub window: Window,
    pub answers: Answers,
    /// The handle that registered it, of a plug-in's.
    pub owner: Option<u64>,
}

const USUAL_READ: u32 = 6000;
const USUAL_WRITE: u32 = 600;

const fn read(id: &'static str, path: &'static str, queries: &'static [&'static str], work: Work) -> BuiltIn {
    let (per_minute, access, takes) = (USUAL_READ, Access::Read, Takes::Nothing);
    BuiltIn { id, method: "GET", path, per_minute, access, takes, queries, work }
}

const fn page(id: &'static str, path: &'static str, work: Work) -> BuiltIn {
    BuiltIn { access: Access::Page, ..read(id, path, &[], work) }
}

const fn write(id: &'static str, method: &'static str, path: &'static str, takes: Takes, work: Work) -> BuiltIn {
    BuiltIn { id, method, path, per_minute: USUAL_WRITE, access: Access::Write, takes, queries: &[], work }
}

impl BuiltIn {
    const fn limited(self, per_minute: u32) -> BuiltIn {
        BuiltIn { per_minute, ..self }
    }

    const fn asking(self, queries: &'static [&'static str]) -> BuiltIn {
        BuiltIn { queries, ..self }
    }
}

/// Every built-in endpoint.
pub static BUILT_IN: [BuiltIn; 25] = {
    use handlers::{documents, exchange, inquiries, snapshots, versions};
    [
        read("status", "/api/database/status", &[], inquiries::status).limited(60),
        read("health", "/api/database/health", &["full", "quota"], inquiries::health).limited(60),
        read("collections", "/api/database/collections", &[], documents::collections),
        read(
            "documents",
            "/api/database/collections/{collection}/documents",
            &["prefix", "after", "limit"],
            documents::list,
        ),
        read("document", "/api/database/documents/{key}", &[], documents::get),
        write("save", "PUT", "/api/database/documents/{key}", Takes::Json, documents::save),
        write("clear", "DELETE", "/api/database/documents/{key}", Takes::Nothing, documents::clear),
        read("versions", "/api/database/versions/{document}", &[], versions::list),
        read("version_diff", "/api/database/versions/{document}/diff", &["from", "to"], versions::diff),
        read("version", "/api/database/versions/{document}/{version}", &[], versions::get),
        read("snapshots", "/api/database/snapshots", &[], snapshots::list),
        write("snapshot_create", "POST", "/api/database/snapshots", Takes::Json, snapshots::create),
        read("snapshot", "/api/database/snapshots/{id}", &[], snapshots::get),
        write("snapshot_delete", "DELETE", "/api/database/snapshots/{id}", Takes::Nothing, snapshots::delete),
        write("snapshot_restore", "POST", "/api/database/snapshots/{id}/restore", Takes::Json, snapshots::restore)
            .limited(60),
        read("snapshot_document", "/api/database/snapshots/{id}/documents/{key}", &[], snapshots::document),
        read("snapshot_diff", "/api/database/snapshot-diff", &["from", "to"], snapshots::diff),
        read("export", "/api/database/export", &["format"], exchange::export).limited(30),
        write("import", "POST", "/api/database/import", Takes::File, exchange::import).limited(30).asking(&[
            "format",
            "mode",
            "on_conflict",
            "dry_run",
        ]),
        read("events", "/api/database/events", &["since"], inquiries::events).limited(60),
        read("limits", "/api/database/limits", &[], inquiries::limits),
        read("openapi", "/api/openapi.json", &[], inquiries::openapi),
        page("inspector", "/", inquiries::page),
        page("inspector_page", "/inspector", inquiries::page),
        page("inspector_file", "/inspector/{file}", inquiries::page_file),
    ]
};

/// The ids of the built-in endpoints.
pub fn ids() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|one| one.id)
}

fn endpoint(one: &'static BuiltIn, limits: &BTreeMap<String, u32>) -> Arc<Endpoint> {
    Arc::new(Endpoint {
        id: one.id.to_owned(),
        method: Method::from_bytes(one.method.as_bytes()).unwrap_or_default(),
        path: one.path.to_owned(),
        route: one.path.replace("{key}", "{*key}"),
        access: one.access,
        takes: one.takes,
        window: Window::new(limits.get(one.id).copied().unwrap_or(one.per_minute)),
        answers: Answers::Own { queries: one.queries, work: one.work },
        owner: None,
    })
}

/// The built-in endpoints with the limits that were chosen.
pub fn built_in(limits: &BTreeMap<String, u32>) -> Vec<Arc<Endpoint>> {
    BUILT_IN.iter().map(|one| endpoint(one, limits)).collect()
}

/// An endpoint that a plug-in wants.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    pub plugin: String,
    pub call: String,
    pub method: String,
    pub path: String,
    pub per_minute: Option<u32>,
    pub id: Option<String>,
    #[serde(default)]
    pub write: bool,
}

/// The longest path and id, in bytes.
const LONGEST: usize = 256;
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const OWN_PATHS: [&str; 3] = ["/api/database", "/api/openapi", "/inspector"];

impl Wish {
    /// Reads it from a JSON object.
    pub fn parse(json: &str) -> Result<Wish> {
        read_object(
            json,
            r#"{"plugin": "equipment-optimizer", "call": "optimize", "method": "POST", "path": "/equipment/{slot}/best"}"#,
        )
    }

    /// Makes the endpoint.
    pub fn endpoint(self, owner: u64, handler: Arc<dyn Handler>) -> Result<Endpoint> {
        let method = METHODS.into_iter().find(|one| one.as_str() == self.method).ok_or_else(|| {
            let known = METHODS.map(|one| one.to_string()).join(", ");
            Error::InvalidOption(format!("method is {:?}; there are {known}", self.method))
        })?;
        check_path(&self.path)?;
        let id = self.id.unwrap_or_else(|| format!("{}.{}", self.plugin, self.call));
        if id.is_empty() || id.len() > LONGEST || id.contains(char::is_control) {
            let reason = format!("id is {id:?}; it has 1 to {LONGEST} bytes without control characters");
            return Err(Error::InvalidOption(reason));
        }
        let usual = if self.write { USUAL_WRITE } else { USUAL_READ };
        let per_minute = self.per_minute.unwrap_or(usual);
        check_per_minute(&id, per_minute)?;
        let takes = if method == Method::GET || method == Method::DELETE { Takes::Nothing } else { Takes::Json };
        Ok(Endpoint {
            id,
            method,
            route: self.path.clone(),
            path: self.path,
            access: if self.write { Access::Write } else { Access::Read },
            takes,
            window: Window::new(per_minute),
            answers: Answers::Plugin(handler),
            owner: Some(owner),
        })
    }
}

/// Pieces between slashes are names of letters, digits and `-._~`, or a parameter in braces.
fn check_path(path: &str) -> Result<()> {
    let wrong = |reason: &str| {
        let example = "a path is such as /equipment/{slot}/best";
        Err(Error::InvalidOption(format!("path is {path:?}: {reason}; {example}")))
    };
    if path.len() > LONGEST {
        return wrong("it has more than 256 bytes");
    }
    let Some(rest) = path.strip_prefix('/').filter(|rest| !rest.is_empty()) else {
        return wrong("it does not begin with a slash and a name");
    };
    if OWN_PATHS.iter().any(|own| path.starts_with(own)) {
        return wrong("/api/database, /api/openapi and /inspector are the library's own");
    }
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let is_parameter = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let mut parameters = Vec::new();
    for piece in rest.split('/') {
        match piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}')) {
            Some(name) if !name.is_empty() && is_parameter(name) && !parameters.contains(&name) => {
                parameters.push(name)
            }
            None if !piece.is_empty() && is_name(piece) && !matches!(piece, "." | "..") => {}
            _ => return wrong("its pieces are names, or parameters in braces with names of their own"),
        }
    }
    Ok(())
}

impl Endpoint {
    /// What the query of a request says, as far as this endpoint takes one.
    pub fn query(&self, text: Option<&str>) -> super::problem::Outcome<super::router::Named> {
        match &self.answers {
            Answers::Own { queries, .. } => query(text, Some(queries)),
            Answers::Plugin(_) => query(text, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Handler for Nobody {
        fn handle(&self, _: &str, _: &dyn Fn() -> bool) -> Result<String> {
            Ok("{}".to_owned())
        }
    }

    fn wished(json: &str) -> Result<Endpoint> {
        Wish::parse(json)?.endpoint(1, Arc::new(Nobody))
    }

    #[test]
    fn limits_are_the_documented_ones_unless_chosen() {
        let of = |limits: &BTreeMap<String, u32>, id: &str| {
            built_in(limits).iter().find(|one| one.id == id).unwrap().window.per_minute()
        };
        let chosen = BTreeMap::from([("status".to_owned(), 7)]);
        let usual = BTreeMap::new();
        assert_eq!((of(&usual, "status"), of(&usual, "export"), of(&chosen, "status")), (60, 30, 7));
        assert_eq!((of(&usual, "document"), of(&usual, "save"), of(&usual, "snapshot_restore")), (6000, 600, 60));
    }

    #[test]
    fn a_plugin_says_what_it_offers() {
        let offered =
            wished(r#"{"plugin":"p","call":"best","method":"POST","path":"/equipment/{slot}/best"}"#).unwrap();
        assert_eq!((offered.id.as_str(), offered.access, offered.takes), ("p.best", Access::Read, Takes::Json));
        assert_eq!(offered.window.per_minute(), USUAL_READ);
        let json = r#"{"plugin":"p","call":"c","method":"GET","path":"/x","write":true,"id":"i","per_minute":3}"#;
        let offered = wished(json).unwrap();
        assert_eq!((offered.id.as_str(), offered.access, offered.takes), ("i", Access::Write, Takes::Nothing));
        assert_eq!(offered.window.per_minute(), 3);
    }

    #[test]
    fn what_a_plugin_cannot_offer_is_refused() {
        for path in [
            "",
            "/",
            "x",
            "/api/database/status",
            "/api/databases",
            "/api/openapi.json",
            "/inspector/x",
            "//x",
            "/x/",
            "/a b",
            "/é",
            "/x?y",
            "/x/../y",
            "/{a}/{a}",
            "/{}",
            "/{*a}",
            "/x{a}",
            "/{a}b",
            "/{a-b}",
            "/%2e",
        ] {
            let json = serde_json::json!({"plugin": "p", "call": "c", "method": "GET", "path": path});
            assert!(wished(&json.to_string()).is_err(), "{path}");
        }
        for more in [
            r#""method":"BREW""#,
            r#""method":"GET","per_minute":0"#,
            r#""method":"GET","id":"""#,
            r#""method":"GET","x":1"#,
        ] {
            assert!(wished(&format!(r#"{{"plugin":"p","call":"c","path":"/x",{more}}}"#)).is_err(), "{more}");
        }
    }
}
