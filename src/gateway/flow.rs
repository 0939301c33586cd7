//! A request's way: the checks in their order, the endpoint's work, and what every response carries.
//!
//! Both ways to the gateway, its server and `handle_request`, go through `admit` and `answer`. Invariant: an endpoint's
//! work begins only after every check, and nothing begins once the gateway is being stopped.

use super::endpoints::{Answers, Endpoint, Takes};
use super::guard::Guard;
use super::handlers::{Call, plugins};
use super::inside::{Inside, Place, Streams};
use super::limits::whole_seconds;
use super::message::{Head, JSON, Response, empty, set};
use super::problem::{Outcome, Problem};
use super::router::{Named, Router};
use super::service::{Events, Service, Told};
use crate::sync::Mutex;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// One registered API, as its requests see it.
pub struct Shared {
    pub service: Arc<dyn Service>,
    pub guard: Guard,
    router: Mutex<Arc<Router>>,
    pub max_body_bytes: u64,
    /// Of the built-in server: `http://127.0.0.1:8321`.
    pub address: Option<String>,
    pub inside: Inside,
    pub streams: Arc<Streams>,
    connections: AtomicU64,
    stopping: AtomicBool,
}

/// A request that may go on to its endpoint.
pub struct Admitted {
    endpoint: Arc<Endpoint>,
    named: Named,
    origin: Option<HeaderValue>,
    /// The most bytes that its body may have; 0 if it takes none.
    pub max_body_bytes: u64,
}

/// Which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Server,
    /// A server of the host's own, which sends no streams.
    Host,
}

/// The media types that an import takes.
const FILES: [&str; 5] = [JSON, "text/csv", "application/xml", "text/xml", "application/octet-stream"];

impl Shared {
    pub fn new(
        service: Arc<dyn Service>,
        guard: Guard,
        router: Router,
        max_body_bytes: u64,
        address: Option<String>,
    ) -> Shared {
        Shared {
            service,
            guard,
            router: Mutex::new(Arc::new(router)),
            max_body_bytes,
            address,
            inside: Inside::default(),
            streams: Arc::default(),
            connections: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    pub fn router(&self) -> Arc<Router> {
        self.router.lock().clone()
    }

    /// Exchanges the endpoints for others made of them.
    pub fn reroute(&self, change: impl FnOnce(&Router) -> crate::error::Result<Router>) -> crate::error::Result<()> {
        let mut router = self.router.lock();
        *router = Arc::new(change(&router)?);
        Ok(())
    }

    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub fn note_connections(&self, count: u64) {
        self.connections.store(count, Ordering::Relaxed);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.service.stop();
    }

    /// Checks everything that can be checked before the body is there. What is refused has its response.
    pub fn admit(&self, head: &Head, way: Way) -> std::result::Result<Admitted, Box<Response>> {
        let mut origin = None;
        let admitted = self.check(head, way, &mut origin);
        let refused = |problem: Problem| Box::new(finish(problem.into_response(Some(head.uri.path())), origin.clone()));
        match admitted {
            Ok(Some((endpoint, named))) => {
                let max_body_bytes = if endpoint.takes == Takes::Nothing { 0 } else { self.max_body_bytes };
                Ok(Admitted { endpoint, named, origin, max_body_bytes })
            }
            Ok(None) => Err(Box::new(finish(preflight(&self.router(), head), origin))),
            Err(problem) => Err(refused(problem)),
        }
    }

    /// Nothing is left to do for a browser's question whether a page may ask.
    fn check(
        &self,
        head: &Head,
        way: Way,
        origin: &mut Option<HeaderValue>,
    ) -> Outcome<Option<(Arc<Endpoint>, Named)>> {
        if self.is_stopping() {
            return Err(Problem::closing());
        }
        if way == Way::Server {
            self.guard.check_host(head)?;
        }
        *origin = self.guard.check_origin(&head.headers)?;
        if origin.is_some() && head.method == Method::OPTIONS {
            return Ok(None);
        }
        let (endpoint, named) = self.router().find(head.uri.path(), &head.method)?;
        self.guard.check_token(&head.headers, endpoint.access)?;
        self.guard.check_write(endpoint.access)?;
        endpoint.window.take().map_err(|wait| {
            let (limit, seconds) = (endpoint.window.per_minute(), whole_seconds(wait));
            let detail = format!("{} takes {limit} requests a minute; the next one in {seconds} s", endpoint.id);
            let problem = Problem::named(StatusCode::TOO_MANY_REQUESTS, "limit", detail);
            problem.with(header::RETRY_AFTER, &seconds.to_string())
        })?;
        self.check_body(head, endpoint.takes)?;
        if way == Way::Host && endpoint.id == "events" {
            let detail = "a stream goes through the built-in server alone; poll a subscription of the library instead";
            return Err(Problem::named(StatusCode::NOT_IMPLEMENTED, "no-streams", detail));
        }
        Ok(Some((endpoint, named)))
    }

    /// What the head says of the body.
    fn check_body(&self, head: &Head, takes: Takes) -> Outcome<()> {
        let length = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let known: &[&str] = match takes {
            Takes::Nothing => return Ok(()),
            Takes::Json => &[JSON],
            Takes::File => &FILES,
        };
        if length.is_some_and(|length: u64| length > self.max_body_bytes) {
            return Err(too_large(self.max_body_bytes));
        }
        let Some(given) = head.headers.get(header::CONTENT_TYPE) else { return Ok(()) };
        let media_type = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if known.iter().any(|one| one.eq_ignore_ascii_case(media_type)) {
            return Ok(());
        }
        let detail = format!("the body is {media_type:?}; this takes {}", known.join(", "));
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).with(header::ACCEPT, &known.join(", ")))
    }

    /// Has the endpoint answer. Runs on a thread that may wait.
    pub fn answer(&self, admitted: &Admitted, head: &Head, body: &[u8]) -> Response {
        let outcome = self.inside.enter().and_then(|_inside| self.work(admitted, head, body));
        let response = outcome.unwrap_or_else(|problem| problem.into_response(Some(head.uri.path())));
        finish(response, admitted.origin.clone())
    }

    fn work(&self, admitted: &Admitted, head: &Head, body: &[u8]) -> Outcome<Response> {
        let endpoint = &admitted.endpoint;
        if body.len() as u64 > self.max_body_bytes {
            return Err(too_large(self.max_body_bytes));
        }
        let body = if endpoint.takes == Takes::Nothing { &[] } else { body };
        let query = endpoint.query(head.uri.query())?;
        let call = Call { api: self, head, named: &admitted.named, query: &query, body };
        match &endpoint.answers {
            Answers::Own { work, .. } => work(&call),
            Answers::Plugin(handler) => plugins::ask(&call, &endpoint.id, &**handler),
        }
    }

    /// A problem with the body, met while it came.
    pub fn refuse(&self, problem: Problem, admitted: &Admitted, head: &Head) -> Response {
        finish(problem.into_response(Some(head.uri.path())), admitted.origin.clone())
    }
}

/// Adds what every response carries.
fn finish(mut response: Response, origin: Option<HeaderValue>) -> Response {
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let exposed = HeaderValue::from_static("etag, location, retry-after, content-range, content-disposition");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    } else {
        set(&mut response, CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    }
    response
}

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The answer to a browser that asks whether a page, which may, may send a request.
fn preflight(router: &Router, head: &Head) -> Response {
    let mut response = empty(StatusCode::NO_CONTENT);
    if let Some(methods) = router.methods(head.uri.path()) {
        set(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, &methods);
        let allowed = "authorization, content-type, if-match, if-none-match, if-range, last-event-id, range";
        set(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        set(&mut response, header::ACCESS_CONTROL_MAX_AGE, "600");
    }
    response
}

/// What a client is told whose body is too long.
pub fn too_large(limit: u64) -> Problem {
    let detail = format!("the body has more than {limit} bytes; raise max_body_bytes or send less");
    Problem::named(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

/// A stream that gives its place back when it ends.
pub struct Counted {
    events: Box<dyn Events>,
    _place: Place,
}

impl Counted {
    pub fn new(events: Box<dyn Events>, place: Place) -> Counted {
        Counted { events, _place: place }
    }
}

impl Events for Counted {
    fn next(&mut self) -> Option<Told> {
        self.events.next()
    }
}
