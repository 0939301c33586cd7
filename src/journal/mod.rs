//! The write-ahead log: commits in order, on disk, whole.
//!
//! Definitions. A *record* is one commit. A *segment* is a file of records; the *active* one is appended to, *sealed*
//! ones wait for a checkpoint to retire them. A commit is *queued* once it has its sequence number, *written* once the
//! operating system has it, *synced* once the disk has it.
//!
//! Invariants.
//! 1. Records are queued, written and synced in the order of their sequence numbers, which have no gap.
//! 2. A segment is never written to after a recovery, and no written byte is ever written again.
//! 3. Every record says up to where the log was synced when it was written. So whatever recovery finds behind a break
//!    either proves that the break is damage, or belongs to what a power cut may take.
//! 4. After a failed write or sync nothing more is written.
//!
//! `FORMAT.md` describes the bytes. This part knows nothing of the documents in memory and never decides when to
//! sync or to checkpoint: `database` does.
#![doc = include_str!("FORMAT.md")]

mod check;
#[cfg(test)]
mod check_tests;
#[cfg(all(test, coffer_shuttle))]
mod interleavings;
mod log;
mod record;
mod recovery;
#[cfg(test)]
mod recovery_tests;
mod reread;
mod segment;
mod writer;

pub use check::{CheckLog, Extent, check};
pub use log::{Committer, Log};
pub use record::{Record, decode, encode};
pub use recovery::{Loss, Recovered, Sealed, recover};
pub use segment::{FORMAT as SEGMENT_FORMAT, number_in};
