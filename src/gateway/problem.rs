//! What goes wrong, as RFC 9457 tells it.
//!
//! Holds the form of problems and which one stands for which error of the library. Invariant: every refusal and failure of
//! the gateway is one of these, with a sentence that says what was wrong and what would be right.

use super::message::{Payload, Response, set};
use crate::error::Error;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What a client is told.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// Tells it from others with the same status; empty where the status says all.
    name: &'static str,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem as JSON.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(deny_unknown_fields)]
#[schema(as = Problem)]
pub struct ProblemText {
    /// Names the kind of problem; `about:blank` where the status says all.
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    /// The path of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instance: Option<String>,
}

pub type Outcome<T> = std::result::Result<T, Problem>;

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, name: "", detail: detail.into(), headers: Vec::new() }
    }

    pub fn named(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Problem {
        Problem { name, ..Problem::new(status, detail) }
    }

    /// What the request says is not what it should be.
    pub fn bad(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// The gateway is being stopped.
    pub fn closing() -> Problem {
        Problem::named(
            StatusCode::SERVICE_UNAVAILABLE,
            "closing",
            "the store is being closed; ask again when it is open",
        )
    }

    pub fn with(mut self, name: HeaderName, value: &str) -> Problem {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    pub fn into_response(self, instance: Option<&str>) -> Response {
        let text = ProblemText {
            r#type: if self.name.is_empty() { "about:blank".to_owned() } else { format!("/problems/{}", self.name) },
            title: self.status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: instance.map(str::to_owned),
        };
        let body = serde_json::to_vec(&text).unwrap_or_default();
        let mut response = Response::new(Payload::Bytes(body.into()));
        *response.status_mut() = self.status;
        set(&mut response, CONTENT_TYPE, MEDIA_TYPE);
        set(&mut response, header::CACHE_CONTROL, "no-store");
        response.headers_mut().extend(self.headers);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (status, name) = kind_of(&error);
        Problem::named(status, name, error.to_string())
    }
}

/// The status and name for an error.
fn kind_of(error: &Error) -> (StatusCode, &'static str) {
    match error {
        // A key that cannot be is that of no document.
        Error::InvalidKey { .. } => (StatusCode::NOT_FOUND, "invalid-key"),
        Error::InvalidJson { .. } => (StatusCode::BAD_REQUEST, "invalid-json"),
        Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
        Error::TooDeep { .. } => (StatusCode::BAD_REQUEST, "too-deep"),
        Error::InvalidOption(_) | Error::InvalidArgument(_) => (StatusCode::BAD_REQUEST, ""),
        Error::NotFound { .. } | Error::UnknownSnapshot { .. } | Error::OutOfReach { .. } => {
            (StatusCode::NOT_FOUND, "")
        }
        Error::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
        Error::ReservedKey { .. } => (StatusCode::FORBIDDEN, "reserved-key"),
        Error::ReadOnly => (StatusCode::FORBIDDEN, "read-only"),
        Error::Unreadable { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
        Error::NameTaken { .. } => (StatusCode::CONFLICT, "name-taken"),
        Error::UnknownPlugin { .. } => (StatusCode::SERVICE_UNAVAILABLE, "plugin-missing"),
        Error::CallFailed { .. } => (StatusCode::BAD_GATEWAY, "plugin-failed"),
        Error::TimedOut { .. } => (StatusCode::GATEWAY_TIMEOUT, "plugin-timed-out"),
        Error::CallsTooDeep { .. } => (StatusCode::LOOP_DETECTED, "calls-too-deep"),
        Error::ModuleAbsent { .. } => (StatusCode::NOT_IMPLEMENTED, "module-absent"),
        Error::Closed | Error::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "closing"),
        Error::Failed { .. } => (StatusCode::SERVICE_UNAVAILABLE, "failed"),
        Error::OutOfMemory { .. } => (StatusCode::SERVICE_UNAVAILABLE, "out-of-memory"),
        Error::Background(cause) => kind_of(cause),
        Error::Corrupt { .. } | Error::Damaged { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        Error::Io { .. } | Error::Busy { .. } | Error::NoStore { .. } | Error::UnsupportedFormat { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "store")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_the_error_says() {
        let problem = Problem::from(Error::NotFound { what: "document \"a\"".to_owned() }).with(header::ALLOW, "GET");
        let response = problem.into_response(Some("/api/x"));
        assert_eq!(response.status(), 404);
        assert_eq!(
            (&response.headers()[CONTENT_TYPE], &response.headers()[header::ALLOW]),
            (&HeaderValue::from_static(MEDIA_TYPE), &HeaderValue::from_static("GET"))
        );
        let Payload::Bytes(text) = response.into_body() else { panic!() };
        let expected = r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"there is no document \"a\"","instance":"/api/x"}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn what_failed_behind_is_told_as_what_it_was() {
        let failed = Error::Background(std::sync::Arc::new(Error::ReadOnly));
        assert_eq!(Problem::from(failed).status, StatusCode::FORBIDDEN);
    }
}
