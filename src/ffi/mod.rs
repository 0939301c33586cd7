//! The C ABI: one file per group of the header, and what they share.
//!
//! Every exported function runs the same steps: behind the panic boundary, check the arguments, make one safe call, write
//! the results on success only. Nothing is decided here. The header, the LuaJIT definitions and the C# imports are
//! generated from these files (`tests/bindings.rs`). Invariant: no exported function calls another one, no pointer is
//! used unchecked, no panic leaves.

mod boundary;
mod context;
mod export;
mod fork;
mod handle;
#[cfg(all(test, coffer_shuttle))]
mod interleavings;
mod owned;
mod strings;
#[cfg(all(test, not(coffer_shuttle)))]
mod tests;

pub mod documents;
pub mod exchange;
pub mod gateway;
pub mod health;
pub mod hub;
pub mod library;
pub mod lifecycle;
pub mod plugins;
pub mod snapshots;
pub mod status;
pub mod versions;
