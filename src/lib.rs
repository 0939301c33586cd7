//! Coffer: the database persistence layer for native game engines and their plug-ins.
//!
//! One way through the crate, enforced by `tests/architecture.rs`:
//!
//! ```text
//! ffi → database → store, journal, snapshots, hub, exchange, analytics, gateway → disk
//!                  error, json, document, change, options, module   (plain data, below all of them)
//! ```
//!
//! - [`ffi`] is the C ABI: arguments in, statuses out, nothing else.
//! - [`database`] owns the parts and decides when they do what.
//! - [`store`] holds the documents in memory; [`journal`] holds the write-ahead log; [`snapshots`] knows what snapshots
//!   are and how two states differ; [`hub`] brings events to subscribers; [`exchange`] reads and writes other programs'
//!   files; [`analytics`] judges how a store fares; `gateway` answers over HTTP (cargo feature `api-gateway`).
//! - [`disk`] is the only way to files.
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::undocumented_unsafe_blocks)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

pub mod analytics;
pub mod change;
pub mod database;
pub mod disk;
pub mod document;
pub mod error;
pub mod exchange;
pub mod ffi;
#[cfg(feature = "api-gateway")]
pub mod gateway;
pub mod hub;
pub mod journal;
pub mod json;
pub mod module;
pub mod options;
pub mod snapshots;
pub mod store;
mod sync;

/// The shape of the C interface of this build.
pub const ABI_VERSION: u32 = ffi::library::COFFER_ABI_VERSION;

/// The name of the status that stands for an error, in every language: `"COFFER_ERROR_BUSY"`.
pub fn status_name(error: &error::Error) -> &'static str {
    ffi::status::name_of(ffi::status::status_of(error)).to_str().unwrap_or_default()
}
