//! Any bytes as a sequence of C calls.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coffer_fuzz::calls::check(bytes));
