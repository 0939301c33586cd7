//! The REST gateway: a store's operations over HTTP, for tools and people, without being able to hurt the store.
//!
//! Definitions. An *API* is what one registration offers. An *endpoint* is a method at a path, with a limit of its own. A
//! request comes by the built-in *server* or from a *host* that has a server of its own; both ways are the same from the
//! head on (`flow`).
//!
//! Invariants.
//! 1. The checks come in one order, and each refuses with a problem (RFC 9457) before anything of the store is touched.
//! 2. No part of a request ever names a file.
//! 3. When `stop` has returned, no thread of the gateway runs, no port is open, and the service has been closed.
//!
//! This part knows nothing of stores: it is handed a `Service`, which `database` implements.

mod body;
mod conditions;
mod endpoints;
mod flow;
mod guard;
mod handlers;
mod health;
mod inside;
mod inspector;
mod limits;
mod message;
mod openapi;
mod operations;
mod options;
mod plain;
mod problem;
mod router;
pub mod schema;
mod server;
mod service;
mod watched;

pub use endpoints::Wish;
pub use options::Options;
pub use service::{Created, Events, Exported, Handler, ImportWish, Page, Service, Stored, Told};

use crate::error::{Error, Result, nearest, quoted};
use crate::sync::Mutex;
use endpoints::Endpoint;
use flow::Shared;
use guard::Guard;
use router::Router;
use serde::Serialize;
use server::{Listener, Server};
use std::sync::Arc;

/// An endpoint, as whoever registers is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offered {
    pub endpoint_id: String,
    pub method: String,
    pub path: String,
    pub per_minute: u32,
    pub address: Option<String>,
}

/// What registering an API came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    pub endpoints: Vec<Offered>,
    pub address: Option<String>,
    pub token: String,
    pub inspector: Option<String>,
    pub status: Option<Offered>,
    pub export: Option<Offered>,
}

/// A registered API.
pub struct Gateway {
    shared: Arc<Shared>,
    token: String,
    /// Its lock is held until a stop is done, so that another one waits for it.
    server: Mutex<Option<Server>>,
}

impl Gateway {
    /// Begins to answer. The service is closed by `stop`.
    pub fn start(options: &Options, service: Arc<dyn Service>) -> Result<Gateway> {
        let listener = options.listen.map(Listener::bind).transpose()?;
        let bound = listener.as_ref().map(Listener::address);
        let guard = Guard::new(options, bound);
        let router = Router::new(endpoints::built_in(&options.limits))?;
        let address = bound.map(|bound| format!("http://{bound}"));
        let shared = Arc::new(Shared::new(service, guard, router, options.max_body_bytes, address));
        let server = listener.map(|listener| listener.serve(shared.clone())).transpose()?;
        Ok(Gateway { shared, token: options.token.clone(), server: Mutex::new(server) })
    }

    /// What whoever registered it is told.
    pub fn registered(&self) -> Registered {
        let offered: Vec<Offered> = self.shared.router().endpoints().iter().map(|one| self.offered(one)).collect();
        let find = |id: &str| offered.iter().find(|one| one.endpoint_id == id).cloned();
        let address = self.shared.address.clone();
        Registered {
            status: find("status"),
            export: find("export"),
            inspector: address.as_ref().map(|address| format!("{address}/#token={}", self.token)),
            token: self.token.clone(),
            address,
            endpoints: offered,
        }
    }

    fn offered(&self, endpoint: &Endpoint) -> Offered {
        Offered {
            endpoint_id: endpoint.id.clone(),
            method: endpoint.method.to_string(),
            path: endpoint.path.clone(),
            per_minute: endpoint.window.per_minute(),
            address: self.shared.address.as_ref().map(|address| format!("{address}{}", endpoint.path)),
        }
    }

    /// Adds an endpoint of a plug-in's.
    pub fn add(&self, endpoint: Endpoint) -> Result<Offered> {
        let endpoint = Arc::new(endpoint);
        self.shared.reroute(|router| {
            let all = router.endpoints();
            let is_same = |one: &&Arc<Endpoint>| {
                one.id == endpoint.id || one.method == endpoint.method && one.path == endpoint.path
            };
            if let Some(held) = all.iter().find(is_same) {
                let what = format!("endpoint {} {} {}", quoted(&endpoint.id), endpoint.method, endpoint.path);
                return Err(Error::NameTaken { what, holder: held.id.clone() });
            }
            Router::new(all.iter().cloned().chain([endpoint.clone()]).collect())
        })?;
        Ok(self.offered(&endpoint))
    }

    /// Removes an endpoint that this owner added.
    pub fn remove(&self, id: &str, owner: u64) -> Result<()> {
        self.shared.reroute(|router| {
            let is_gone = |one: &Arc<Endpoint>| one.id == id && one.owner == Some(owner);
            if !router.endpoints().iter().any(is_gone) {
                let owned = router.endpoints().iter().filter(|one| one.owner == Some(owner));
                let owned: Vec<String> = owned.map(|one| one.id.clone()).collect();
                let known = nearest(id, &owned).join(", ");
                let what = format!("endpoint {} of this handle's; it has {known:?}", quoted(id));
                return Err(Error::NotFound { what });
            }
            Router::new(router.endpoints().iter().filter(|one| !is_gone(one)).cloned().collect())
        })
    }

    /// Removes every endpoint of an owner.
    pub fn remove_all(&self, owner: u64) {
        // Fewer endpoints are never in each other's way.
        let _ = self.shared.reroute(|router| {
            Router::new(router.endpoints().iter().filter(|one| one.owner != Some(owner)).cloned().collect())
        });
    }

    /// Answers a request that a host's server has, both as JSON.
    pub fn handle(&self, request: &str) -> Result<String> {
        plain::handle(&self.shared, request)
    }

    /// Refuses to be stopped by a thread that is answering a request: it would wait for itself.
    pub fn check_may_stop(&self) -> Result<()> {
        if !self.shared.inside.is_here() {
            return Ok(());
        }
        let reason = "this thread is answering a request of the API; end the API when that has returned";
        Err(Error::InvalidArgument(reason.to_owned()))
    }

    /// Ends it. When this returns, no thread of it runs, no port is open, and the service has been closed.
    pub fn stop(&self) -> Result<()> {
        self.check_may_stop()?;
        let mut server = self.server.lock();
        self.shared.begin_stop();
        self.shared.inside.close();
        if let Some(server) = server.take() {
            server.stop();
        }
        self.shared.service.close();
        Ok(())
    }
}
