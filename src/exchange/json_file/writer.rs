//! Writes an export as JSON: one object, a line for each document.
//!
//! Holds nothing of the documents. The source is gone through twice, since past versions come last in the file and with
//! their documents in the source. Invariant: every record of the source is written or the export fails.

use super::{FORMAT, PAST_VERSIONS, PLUGIN_DATA, TIER1};
use crate::error::Error;
use crate::exchange::{Failure, Head, Record, Source};
use std::io::{self, Write};

/// Writes all documents of `source`.
pub fn write(source: &dyn Source, head: &Head, out: &mut dyn io::Write) -> Result<(), Failure> {
    let mut out = io::BufWriter::with_capacity(64 << 10, out);
    write!(out, "{{\"format\":\"{FORMAT}\",\"version\":")?;
    string(&mut out, &head.version)?;
    write!(out, ",\"timestamp\":{},\"sequence\":{}", head.time_ms / 1000, head.sequence)?;

    let mut plugin_data = Group::new(PLUGIN_DATA);
    let mut past = 0;
    source.each(&mut |record| match place_of(record)? {
        // The counters stand between them, so that these are over when plugin data begins.
        Place::Newest | Place::Past if plugin_data.is_open => Err(refused(record, "comes behind those of plugin_data")),
        Place::Newest => member(&mut out, ",\n", record.collection, record.text),
        Place::Past => {
            past += 1;
            Ok(())
        }
        Place::Plugin => {
            if !plugin_data.is_open {
                counters(&mut out, head)?;
            }
            plugin_data.add(&mut out, record)
        }
    })?;
    if !plugin_data.is_open {
        counters(&mut out, head)?;
    }
    plugin_data.close(&mut out)?;
    if past > 0 {
        past_versions(source, past, &mut out)?;
    }
    out.write_all(b"}\n")?;
    Ok(out.flush()?)
}

fn past_versions(source: &dyn Source, count: u64, out: &mut dyn Write) -> Result<(), Failure> {
    let mut group = Group::new(PAST_VERSIONS);
    let mut left = count;
    let outcome = source.each(&mut |record| {
        if place_of(record)? == Place::Past {
            group.add(out, record)?;
            left = left.saturating_sub(1);
        }
        // All that comes is plugin data: whoever gives the documents may as well stop.
        if left == 0 { Err(io::Error::from(io::ErrorKind::Interrupted).into()) } else { Ok(()) }
    });
    if left > 0 {
        outcome?;
    }
    group.close(out)
}

/// Where a record stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Newest,
    Past,
    Plugin,
}

fn place_of(record: Record<'_>) -> Result<Place, Failure> {
    match record.collection {
        PLUGIN_DATA => Ok(Place::Plugin),
        tier1 if !TIER1.contains(&tier1) => Err(refused(record, "has no place in a JSON export")),
        newest if newest == record.key => Ok(Place::Newest),
        _ => Ok(Place::Past),
    }
}

fn refused(record: Record<'_>, reason: &str) -> Failure {
    Failure::Ended(Error::InvalidArgument(format!("{}/{} {reason}", record.collection, record.key)))
}

/// An object with documents as its members, which is there only if it has some.
struct Group {
    name: &'static str,
    is_open: bool,
}

impl Group {
    fn new(name: &'static str) -> Group {
        Group { name, is_open: false }
    }

    fn add(&mut self, out: &mut dyn Write, record: Record<'_>) -> Result<(), Failure> {
        let is_first = !std::mem::replace(&mut self.is_open, true);
        if is_first {
            write!(out, ",\n\"{}\":{{", self.name)?;
        }
        member(out, if is_first { "\n" } else { ",\n" }, record.key, record.text)
    }

    fn close(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.is_open {
            out.write_all(b"\n}")?;
        }
        Ok(())
    }
}

fn counters(out: &mut dyn Write, head: &Head) -> Result<(), Failure> {
    out.write_all(b",\n\"versions\":{")?;
    for (at, (name, value)) in head.counters.iter().enumerate() {
        out.write_all(if at == 0 { b"" } else { b"," })?;
        string(out, name)?;
        write!(out, ":{value}")?;
    }
    Ok(out.write_all(b"}")?)
}

fn member(out: &mut dyn Write, before: &str, name: &str, text: &str) -> Result<(), Failure> {
    out.write_all(before.as_bytes())?;
    string(out, name)?;
    out.write_all(b":")?;
    Ok(out.write_all(text.as_bytes())?)
}

fn string(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    Ok(serde_json::to_writer(out, text).map_err(io::Error::from)?)
}
