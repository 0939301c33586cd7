//! Conditional requests and ranges, by RFC 9110 sections 13 and 14.
//!
//! Holds which answer a request's conditions leave. Invariant: conditions are looked at in the order of section 13.2.2, and
//! a header that cannot be read is treated as the RFC says: a condition does not hold, a range is not there.

use super::message::Head;
use super::problem::Problem;
use headers::{ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince, LastModified};
use http::{Method, StatusCode, header};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A thing as it is now.
#[derive(Debug, Clone)]
pub struct Current {
    pub tag: ETag,
    pub modified: Option<SystemTime>,
}

impl Current {
    pub fn new(tag: &str, modified_ms: u64) -> Current {
        let tag: ETag = format!("\"{tag}\"").parse().unwrap_or_else(|_| weak_nothing());
        let modified = (modified_ms > 0).then(|| UNIX_EPOCH + Duration::from_millis(modified_ms));
        Current { tag, modified }
    }

    pub fn of_revision(revision: u64, saved_at_ms: u64) -> Current {
        Current::new(&revision.to_string(), saved_at_ms)
    }
}

/// Stands where a tag has no form; it matches nothing strongly.
fn weak_nothing() -> ETag {
    #[allow(clippy::expect_used, reason = "a constant that a test reads")]
    "W/\"\"".parse().expect("a tag")
}

/// What the conditions leave to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Go,
    NotModified,
    Failed,
}

fn has(head: &Head, name: header::HeaderName) -> bool {
    head.headers.contains_key(name)
}

/// Looks at the conditions of a request for a thing that is there, or is not.
pub fn check(head: &Head, current: Option<&Current>) -> Verdict {
    let is_read = head.method == Method::GET || head.method == Method::HEAD;
    if has(head, header::IF_MATCH) {
        let condition = head.headers.typed_get::<IfMatch>();
        let holds = |current: &Current| condition.as_ref().is_some_and(|one| one.precondition_passes(&current.tag));
        if !current.is_some_and(holds) {
            return Verdict::Failed;
        }
    } else if let Some(condition) = head.headers.typed_get::<IfUnmodifiedSince>()
        && let Some(modified) = current.and_then(|current| current.modified)
        && !condition.precondition_passes(seconds(modified))
    {
        return Verdict::Failed;
    }
    if has(head, header::IF_NONE_MATCH) {
        let condition = head.headers.typed_get::<IfNoneMatch>();
        let matches = |current: &Current| condition.as_ref().is_some_and(|one| !one.precondition_passes(&current.tag));
        if current.is_some_and(matches) {
            return if is_read { Verdict::NotModified } else { Verdict::Failed };
        }
    } else if is_read
        && let Some(condition) = head.headers.typed_get::<IfModifiedSince>()
        && let Some(modified) = current.and_then(|current| current.modified)
        && !condition.is_modified(seconds(modified))
    {
        return Verdict::NotModified;
    }
    Verdict::Go
}

/// HTTP's dates have whole seconds.
fn seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

/// Whether a request has any condition at all.
pub fn is_conditional(head: &Head) -> bool {
    [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_UNMODIFIED_SINCE].into_iter().any(|name| has(head, name))
}

/// What a client is told whose condition does not hold.
pub fn failed() -> Problem {
    let detail = "the condition of the request does not hold: the document is at another revision; load it again and redo the change";
    Problem::named(StatusCode::PRECONDITION_FAILED, "precondition-failed", detail)
}

/// Which part of something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    All,
    From {
        offset: u64,
        length: u64,
    },
    /// It has no such part.
    None,
}

/// The part that a request for `length` bytes wants. Several parts at once are not served: all of it is.
pub fn part(head: &Head, current: &Current, length: u64) -> Part {
    let range = head.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some(range) = range.filter(|_| head.method == Method::GET) else { return Part::All };
    if has(head, header::IF_RANGE) {
        let modified = current.modified.map(LastModified::from);
        let condition = head.headers.typed_get::<IfRange>();
        if condition.is_none_or(|one| one.is_modified(Some(&current.tag), modified.as_ref())) {
            return Part::All;
        }
    }
    read(range, length)
}

/// Reads a range by hand: `headers` takes a suffix that is longer than everything for one that cannot be had.
fn read(range: &str, length: u64) -> Part {
    let Some((unit, range)) = range.split_once('=') else { return Part::All };
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok());
    let bounds = range.trim().split_once('-').filter(|_| unit.eq_ignore_ascii_case("bytes"));
    // Whatever is no number at all, several ranges among it, is no range of ours.
    let Some((Some(first), Some(last))) = bounds.map(|(first, last)| (number(first), number(last))) else {
        return Part::All;
    };
    let (offset, end) = match (first, last) {
        (None, None) => return Part::All,
        (None, Some(suffix)) => (length - suffix.min(length), length),
        (Some(first), Some(last)) if last < first => return Part::All,
        (Some(first), last) => (first, last.map_or(length, |last| last.saturating_add(1)).min(length)),
    };
    if offset < end { Part::From { offset, length: end - offset } } else { Part::None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn head(method: Method, headers: &[(&str, &str)]) -> Head {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    /// Saved on the epoch's second day, at half a second.
    fn seventh() -> Current {
        Current::of_revision(7, 86_400_500)
    }

    #[test]
    fn conditions_are_taken_in_their_order() {
        let (get, put) = (Method::GET, Method::PUT);
        let (then, later) = ("Fri, 02 Jan 1970 00:00:00 GMT", "Fri, 02 Jan 1970 00:00:01 GMT");
        let earlier = "Thu, 01 Jan 1970 23:59:59 GMT";
        for (method, headers, expected) in [
            (&get, &[][..], Verdict::Go),
            (&get, &[("if-none-match", "\"7\"")], Verdict::NotModified),
            (&get, &[("if-none-match", "W/\"7\"")], Verdict::NotModified),
            (&get, &[("if-none-match", "\"6\", \"7\"")], Verdict::NotModified),
            (&get, &[("if-none-match", "*")], Verdict::NotModified),
            (&get, &[("if-none-match", "\"6\"")], Verdict::Go),
            (&put, &[("if-none-match", "*")], Verdict::Failed),
            (&put, &[("if-match", "\"7\"")], Verdict::Go),
            (&put, &[("if-match", "*")], Verdict::Go),
            (&put, &[("if-match", "\"6\", \"7\"")], Verdict::Go),
            (&put, &[("if-match", "\"6\"")], Verdict::Failed),
            (&put, &[("if-match", "W/\"7\"")], Verdict::Failed),
            (&put, &[("if-match", "seven")], Verdict::Failed),
            (&get, &[("if-modified-since", then)], Verdict::NotModified),
            (&get, &[("if-modified-since", later)], Verdict::NotModified),
            (&get, &[("if-modified-since", earlier)], Verdict::Go),
            (&get, &[("if-none-match", "\"6\""), ("if-modified-since", later)], Verdict::Go),
            (&put, &[("if-unmodified-since", earlier)], Verdict::Failed),
            (&put, &[("if-unmodified-since", then)], Verdict::Go),
            (&put, &[("if-match", "\"7\""), ("if-unmodified-since", earlier)], Verdict::Go),
        ] {
            assert_eq!(check(&head(method.clone(), headers), Some(&seventh())), expected, "{method} {headers:?}");
        }
        assert_eq!(check(&head(put.clone(), &[("if-none-match", "*")]), None), Verdict::Go);
        assert_eq!(check(&head(put, &[("if-match", "*")]), None), Verdict::Failed);
    }

    #[test]
    fn a_range_is_served_if_it_is_one() {
        let from = |offset, length| Part::From { offset, length };
        for (range, expected) in [
            ("bytes=0-4", from(0, 5)),
            ("bytes=95-", from(95, 5)),
            ("bytes=-5", from(95, 5)),
            ("bytes=-500", from(0, 100)),
            ("bytes=90-500", from(90, 10)),
            ("bytes=99-18446744073709551615", from(99, 1)),
            ("bytes=100-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=5-2", Part::All),
            ("bytes=0-1,5-6", Part::All),
            ("bytes=", Part::All),
            ("bytes=-", Part::All),
            ("bytes=a-b", Part::All),
            ("pages=1-2", Part::All),
        ] {
            assert_eq!(part(&head(Method::GET, &[("range", range)]), &seventh(), 100), expected, "{range}");
        }
        assert_eq!(read("bytes=0-", 0), Part::None);
    }

    #[test]
    fn a_range_holds_only_of_the_thing_that_it_was_asked_of() {
        let asked = |tag: &str| part(&head(Method::GET, &[("range", "bytes=0-4"), ("if-range", tag)]), &seventh(), 100);
        assert_eq!(asked("\"7\""), Part::From { offset: 0, length: 5 });
        assert_eq!((asked("\"6\""), asked("W/\"7\""), asked("nonsense")), (Part::All, Part::All, Part::All));
    }
}
