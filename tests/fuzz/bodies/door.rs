//! Any text as a document to save.
//!
//! Invariants checked: a text is taken if and only if it is JSON by RFC 8259 and no deeper than the store allows, by every
//! way in; what is taken is loaded byte for byte; what is refused changes nothing and is called what it is.

use super::grammar;
use super::said;
use super::support::simulated_disk::SimulatedDisk;
use coffer::database::{Database, Edit};
use coffer::error::{Error, Result};
use coffer::options::{Durability, Options};
use serde::de::IgnoredAny;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

/// The depths that the two stores allow: the usual one, and one that short texts reach.
const DEPTHS: [usize; 2] = [128, 4];
/// A store is opened anew after so many texts, so that its journal does not grow for ever.
const TEXTS: usize = 1000;
const KEY: &str = "slot";
const BEFORE: &str = "[0]";

struct Doors {
    stores: [Database; 2],
    texts: usize,
}

impl Doors {
    fn new() -> Doors {
        let open = |max_depth| {
            let options =
                Options { max_depth, durability: Durability::Behind, background: false, ..Options::default() };
            Database::open_on(Arc::new(SimulatedDisk::new(1)), Path::new("/store"), &options).expect("an empty disk")
        };
        Doors { stores: DEPTHS.map(open), texts: 0 }
    }
}

thread_local! {
    static DOORS: RefCell<Option<Doors>> = const { RefCell::new(None) };
}

/// Holds a text against the judges and both stores against what they say. What is no UTF-8 is no text.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let depth = grammar::depth_of(text);
    let other = serde_json::from_str::<IgnoredAny>(text);
    assert_eq!(depth.is_some(), other.is_ok(), "the judges differ on {text:?}: {depth:?}, {other:?}");
    DOORS.with_borrow_mut(|doors| {
        // Taken out meanwhile: a store that a panic went through is not used again.
        let mut now = doors.take().filter(|doors| doors.texts < TEXTS).unwrap_or_else(Doors::new);
        now.texts += 1;
        for (database, limit) in now.stores.iter().zip(DEPTHS) {
            check_one(database, limit, text, depth);
        }
        *doors = Some(now);
    });
}

fn check_one(database: &Database, limit: usize, text: &str, depth: Option<usize>) {
    database.save(KEY, BEFORE, None, None).expect("a plain document");
    let batch = |text| {
        let edits = [("other", BEFORE), (KEY, text)].map(|(key, text)| Edit { key, text: Some(text), expected: None });
        database.save_batch(&edits, None).map(drop)
    };
    let single = database.save(KEY, text, None, None).map(drop);
    expect(database, limit, text, depth, &single);
    expect(database, limit, text, depth, &batch(text));
}

fn expect(database: &Database, limit: usize, text: &str, depth: Option<usize>, outcome: &Result<()>) {
    let found = database.load(KEY).expect("the document is there").text;
    match (outcome, depth) {
        (Ok(()), Some(depth)) if depth <= limit => assert_eq!(found, text),
        (Err(error @ Error::TooDeep { limit: told, .. }), depth) if *told == limit => {
            said::in_one_line(error);
            // Of a text that is no JSON either reason is true; it then has that many brackets at least.
            let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
            assert!(depth.map_or(brackets > limit, |depth| depth > limit), "not too deep: {text:?}");
            assert_eq!(found, BEFORE, "refused, and yet it changed something");
        }
        (Err(error @ Error::InvalidJson { .. }), None) => {
            said::in_one_line(error);
            assert_eq!(found, BEFORE, "refused, and yet it changed something");
        }
        _ => panic!("{text:?} has depth {depth:?}, allowed are {limit}: {outcome:?}"),
    }
}
