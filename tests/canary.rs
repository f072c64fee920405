//! The passwords of the embedded world are canaries: they look like nothing else, so whatever a test prints or leaves
//! behind can be searched for them.

use std::{fs, path::Path};

/// How every password of the embedded world begins; random hexadecimal digits follow.
const BEGINS: &[u8] = b"sandbox-";

/// So many digits are no accident.
const DIGITS: usize = 16;

/// Where a password stands in these bytes, if one does.
pub fn found_in(bytes: &[u8]) -> Option<usize> {
    let is_password = |at: &usize| {
        let digits = bytes[at + BEGINS.len()..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        digits >= DIGITS
    };
    let begins = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(BEGINS));
    begins.into_iter().find(is_password)
}

/// Nothing that was printed holds a password.
pub fn assert_none_in(bytes: &[u8], what: &str) {
    if let Some(at) = found_in(bytes) {
        // The password itself is not repeated here.
        panic!("a password was told by {what}, after:\n{}", String::from_utf8_lossy(&bytes[..at]));
    }
}

/// No file below this folder holds a password, but those that hold nothing else: there it was put.
pub fn assert_none_below(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kind = fs::symlink_metadata(&path).expect("it is there").file_type();
        if kind.is_dir() {
            assert_none_below(&path);
        } else if kind.is_file() {
            let Ok(bytes) = fs::read(&path) else { continue };
            let is_its_place = found_in(&bytes) == Some(0) && !bytes.trim_ascii().contains(&b'\n');
            assert!(is_its_place || found_in(&bytes).is_none(), "a password stands in {}", path.display());
        }
    }
}

#[test]
fn a_canary_is_known_when_it_is_seen() {
    assert_eq!(found_in(b"Authorization: sandbox-0123456789abcdef"), Some(15));
    assert_eq!(found_in(b"pushcert-sandbox-1 sandbox-0123 sandbox-"), None);
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("password"), "sandbox-0123456789abcdef\n").expect("written");
    assert_none_below(folder.path());
    fs::write(folder.path().join("log"), "it was sandbox-0123456789abcdef").expect("written");
    assert!(std::panic::catch_unwind(|| assert_none_below(folder.path())).is_err());
}
