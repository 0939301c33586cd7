//! Any bytes as an XML file to import.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| coffer_fuzz::importing::import(coffer::exchange::Format::Xml, bytes));
