#![no_main]

use std::path::Path;

use pushcert::config::Config;
use pushcert_papers::console::Profile;

// A configuration and a console profile are read or not; what is wrong is said.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Err(problems) = Config::parse(&text, Path::new("/etc/pushcert")) {
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| !problem.what.is_empty()));
    }
    if let Err(error) = Profile::parse(&text) {
        assert!(!error.to_string().is_empty());
    }
});
