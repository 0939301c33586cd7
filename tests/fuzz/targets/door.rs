//! Any text as a document to save.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coffer_fuzz::door::check(bytes));
