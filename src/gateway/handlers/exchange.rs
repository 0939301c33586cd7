//! Files of other programs: the export as a download, the import as an upload.
//!
//! Invariant: a tag stands for the same bytes for ever, so that a download can be taken up again where it broke off.

use super::super::conditions::{self, Current, Part, Verdict};
use super::super::message::{FilePart, Payload, Response, empty, json, set};
use super::super::problem::{Outcome, Problem};
use super::super::service::ImportWish;
use super::{Call, mark};
use http::{StatusCode, header};

/// The formats, and their media types.
pub const FORMATS: [(&str, &str); 3] =
    [("json", "application/json"), ("csv", "text/csv; charset=utf-8"), ("xml", "application/xml")];

pub fn export(call: &Call<'_>) -> Outcome<Response> {
    let format = call.choice("format", &FORMATS.map(|(name, _)| name), "json")?;
    let media_type = FORMATS.iter().find(|(name, _)| *name == format).map_or("", |(_, media_type)| *media_type);
    let file = call.api.service.export(format)?;
    let current = Current::new(&file.tag, file.time_ms);
    let mut response = match conditions::check(call.head, Some(&current)) {
        Verdict::Go => match conditions::part(call.head, &current, file.length) {
            Part::All => Response::new(Payload::File(FilePart { file: file.file, offset: 0, length: file.length })),
            Part::From { offset, length } => {
                let mut response = Response::new(Payload::File(FilePart { file: file.file, offset, length }));
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let range = format!("bytes {offset}-{}/{}", offset + length - 1, file.length);
                set(&mut response, header::CONTENT_RANGE, &range);
                response
            }
            Part::None => {
                let detail = format!("the export has {} bytes, and none of them is in the range", file.length);
                let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail);
                return Err(problem.with(header::CONTENT_RANGE, &format!("bytes */{}", file.length)));
            }
        },
        Verdict::NotModified => empty(StatusCode::NOT_MODIFIED),
        Verdict::Failed => return Err(conditions::failed()),
    };
    mark(&mut response, &current, "no-cache");
    if response.status() != StatusCode::NOT_MODIFIED {
        set(&mut response, header::CONTENT_TYPE, media_type);
        set(&mut response, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{}\"", file.name));
        set(&mut response, header::ACCEPT_RANGES, "bytes");
    }
    Ok(response)
}

pub fn import(call: &Call<'_>) -> Outcome<Response> {
    let format = call.query.get("format").map(|_| call.choice("format", &FORMATS.map(|(name, _)| name), ""));
    let wish = ImportWish {
        format: format.transpose()?,
        mode: call.choice("mode", &["merge", "replace"], "merge")?,
        on_conflict: call.choice("on_conflict", &["overwrite", "skip", "fail"], "overwrite")?,
        dry_run: call.flag("dry_run")?,
    };
    if call.body.is_empty() {
        let detail = "the body is empty; it is the file to import";
        return Err(Problem::named(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", detail));
    }
    Ok(json(call.api.service.import(wish, call.body)?))
}
