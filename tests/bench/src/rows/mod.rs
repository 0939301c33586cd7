//! The rows of the table, one module each.
//!
//! A row makes its stores, measures, removes them, and adds its lines. Invariant: no row needs another to have run.

pub mod durable;
pub mod exchange;
pub mod frames;
pub mod gateway;
pub mod health;
pub mod hub;
pub mod load;
pub mod open;
pub mod overwrite;
pub mod saves;
pub mod snapshots;
pub mod threads;

/// Documents in the stores of most rows.
const MANY: usize = 100_000;
