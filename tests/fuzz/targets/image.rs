//! Any bytes as a store's image.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coffer_fuzz::image::check(bytes));
