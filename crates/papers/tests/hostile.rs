//! Bytes that nobody meant: no input makes the judgement panic, and no change of a certificate goes unnoticed.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read their fixtures")]

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use pushcert_papers::{
    Time, Verdict,
    certificate::{Authorities, Expectations},
    judge::{Want, judge},
    page, renewal,
};

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/papers");
    fs::read(folder.join(name)).expect("a fixture")
}

fn authorities() -> Authorities {
    Authorities::from_pem(&fixture("authorities.pem")).expect("authorities")
}

fn verdict(bytes: &[u8], authorities: &Authorities) -> Verdict {
    let now = Time::parse("2026-06-01").expect("a date");
    judge(bytes, Some("file.txt"), Want::Anything, &Expectations::default(), authorities, now).verdict
}

const PAPERS: [&str; 8] = [
    "bundle.p12",
    "form-utf16.pem",
    "form.der",
    "issuer-new.pem",
    "private-key-encrypted.pem",
    "renewal-after.pem",
    "request-bare.txt",
    "request.txt",
];

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        verdict(&bytes, &Authorities::apple());
        page::read(&bytes);
        renewal::record::read(&String::from_utf8_lossy(&bytes)).ok();
    }

    #[test]
    fn papers_with_a_change(
        name in prop::sample::select(PAPERS.to_vec()),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let authorities = authorities();
        let mut bytes = fixture(name);
        let place = at.index(bytes.len());
        bytes[place] ^= with;
        verdict(&bytes, &authorities);
        page::read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        verdict(&bytes, &authorities);
    }
}

#[test]
fn every_changed_byte_of_a_certificate_is_refused() {
    let authorities = authorities();
    let good = fixture("form.der");
    assert_ne!(verdict(&good, &authorities), Verdict::Refuse);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x01;
        assert_eq!(verdict(&bytes, &authorities), Verdict::Refuse, "byte {at}");
    }
}

#[test]
fn deep_nesting_is_not_followed() {
    let authorities = Authorities::apple();
    let plist = format!("<?xml version=\"1.0\"?><plist>{}", "<array>".repeat(100_000));
    let json = "[".repeat(500_000);
    let der: Vec<u8> = [0x30, 0x80].repeat(200_000);
    for bytes in [plist.into_bytes(), json.into_bytes(), der] {
        assert_eq!(verdict(&bytes, &authorities), Verdict::Refuse);
    }
}
