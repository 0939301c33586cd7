//! How a user names a state: by a snapshot's id or label, or as a moment.
//!
//! Holds the names and what is near to them. Invariant: an id always means the same snapshot, whatever labels there are;
//! a name that means nothing is an error that tells the nearest ones.

use super::record::Snapshot;
use crate::error::{Error, Result, nearest};

/// A state that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// The present.
    Now,
    Snapshot(Box<Snapshot>),
    /// The state after this commit.
    Sequence(u64),
    /// The state at this time, in milliseconds since the Unix epoch.
    Time(u64),
}

/// Finds what `name` means: an id; `latest`, the newest snapshot; `now`; `sequence:<number>`; `time:<milliseconds>`; or a
/// label, for the newest snapshot that has it. `snapshots` come oldest first.
pub fn find(name: &str, snapshots: &[Snapshot]) -> Result<Point> {
    let chosen = |snapshot: &Snapshot| Ok(Point::Snapshot(Box::new(snapshot.clone())));
    if let Some(snapshot) = snapshots.iter().find(|one| one.id == name) {
        return chosen(snapshot);
    }
    let number = |digits: &str| {
        digits.parse().map_err(|_| Error::InvalidArgument(format!("{name:?} needs a whole number behind the colon")))
    };
    match name.split_once(':') {
        Some(("sequence", digits)) => return number(digits).map(Point::Sequence),
        Some(("time", digits)) => return number(digits).map(Point::Time),
        _ => {}
    }
    let found = match name {
        "now" => return Ok(Point::Now),
        "latest" => snapshots.last(),
        label => snapshots.iter().rev().find(|one| one.label == label),
    };
    match found {
        Some(snapshot) => chosen(snapshot),
        None => {
            let names = snapshots.iter().rev().flat_map(|one| [&one.id, &one.label]);
            Err(Error::UnknownSnapshot { name: name.to_owned(), nearest: nearest(name, names) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshots::Kind;
    use serde_json::Map;

    fn snapshot(sequence: u64, label: &str) -> Snapshot {
        Snapshot {
            id: Snapshot::id_of(sequence),
            label: label.to_owned(),
            kind: Kind::Manual,
            reason: None,
            pinned: false,
            sequence,
            created_at_ms: 0,
            documents: 0,
            bytes: 0,
            collections: Map::new(),
            versions: Map::new(),
            file: None,
        }
    }

    fn sequence_of(name: &str, snapshots: &[Snapshot]) -> u64 {
        match find(name, snapshots).unwrap() {
            Point::Snapshot(found) => found.sequence,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn ids_come_first_then_words_then_labels() {
        let snapshots = [snapshot(3, "town"), snapshot(8, "snapshot-3"), snapshot(9, "town"), snapshot(12, "latest")];
        assert_eq!(sequence_of("snapshot-3", &snapshots), 3);
        assert_eq!(sequence_of("town", &snapshots), 9, "the newest with the label");
        assert_eq!(sequence_of("latest", &snapshots[..3]), 9);
        assert_eq!(find("now", &snapshots).unwrap(), Point::Now);
        assert_eq!(find("sequence:77", &snapshots).unwrap(), Point::Sequence(77));
        assert_eq!(find("time:1700000000000", &snapshots).unwrap(), Point::Time(1_700_000_000_000));
        assert!(matches!(find("sequence:x", &snapshots), Err(Error::InvalidArgument(_))));
    }

    #[test]
    fn what_is_not_there_names_what_is_near() {
        let snapshots = [snapshot(3, "before the boss"), snapshot(8, "town"), snapshot(21, "town")];
        let message = find("before teh boss", &snapshots).unwrap_err().to_string();
        assert!(message.contains("\"before the boss\""), "{message}");
        let Err(Error::UnknownSnapshot { nearest, .. }) = find("snapshot-2", &snapshots) else { panic!() };
        assert_eq!(nearest[0], "snapshot-21");
        assert!(matches!(find("latest", &[]), Err(Error::UnknownSnapshot { nearest, .. }) if nearest.is_empty()));
    }
}
