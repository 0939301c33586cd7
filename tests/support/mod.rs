//! What the integration tests share: a disk that can crash and fail, and a plain model of what a store must hold.
//!
//! Nothing here knows how the library lays out its files: it sees file calls on one side and the public interface on
//! the other. Invariant: everything is decided by the seed, so that a failure can be run again.

// Each test file is a crate of its own and uses only a part of this.
#![allow(dead_code)]

pub mod crash_check;
pub mod crash_images;
pub mod faults;
pub mod file_system;
pub mod history;
pub mod lying_disk;
pub mod model;
pub mod random;
pub mod run;
pub mod script;
pub mod simulated_disk;
pub mod snapshots;
