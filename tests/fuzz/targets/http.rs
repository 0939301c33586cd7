//! Any text as requests to the gateway.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coffer_fuzz::http::check(bytes));
