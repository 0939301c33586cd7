//! Which snapshots the store itself removes.
//!
//! Holds the rule alone. Invariant: only automatic snapshots that are not pinned ever go by themselves.

use super::record::{Kind, Snapshot};

/// The automatic snapshots to remove when one more is made, so that `kept` of them stay. `snapshots` come oldest first.
pub fn superfluous(snapshots: &[Snapshot], kept: u64) -> impl Iterator<Item = &Snapshot> {
    let may_go = |one: &&Snapshot| one.kind == Kind::Automatic && !one.pinned;
    let count = snapshots.iter().filter(may_go).count() as u64;
    snapshots.iter().filter(may_go).take((count + 1).saturating_sub(kept) as usize)
}
