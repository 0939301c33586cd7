//! What each fuzz target does with its bytes: one function each, for the targets and for the replay of their corpus.
//!
//! Nothing here depends on a fuzzer. Invariant: a function panics if and only if Coffer broke one of its promises, whatever
//! the bytes; the same bytes do the same every time.

pub mod arguments;
pub mod c;
pub mod calls;
pub mod door;
pub mod files;
pub mod grammar;
pub mod http;
pub mod image;
#[path = "../../support/importing.rs"]
pub mod importing;
pub mod journal;
pub mod rules;
pub mod said;
#[path = "../../support/mod.rs"]
pub mod support;
