//! Any bytes as an XML file to import.
#![no_main]

#[path = "../../support/importing.rs"]
mod importing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| importing::import(coffer::exchange::Format::Xml, bytes));
