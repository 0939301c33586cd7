//! Any bytes as a store's journal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coffer_fuzz::journal::check(bytes));
