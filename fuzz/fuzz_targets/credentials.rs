#![no_main]

#[path = "../promises.rs"]
#[allow(dead_code, reason = "each target keeps one promise")]
mod promises;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promises::credentials(bytes));
