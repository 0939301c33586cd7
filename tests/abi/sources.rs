//! Which files hold the C ABI. The tests that generate from them or describe them share this one list; it holds nothing
//! else. Invariant: the order is that of the header.

use std::path::{Path, PathBuf};

const NAMES: [&str; 11] = [
    "status.rs",
    "library.rs",
    "lifecycle.rs",
    "documents.rs",
    "versions.rs",
    "snapshots.rs",
    "hub.rs",
    "plugins.rs",
    "exchange.rs",
    "health.rs",
    "gateway.rs",
];

/// The files' paths.
pub fn paths() -> impl Iterator<Item = PathBuf> {
    NAMES.iter().map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi").join(name))
}
