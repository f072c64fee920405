//! Bytes that nobody meant: no input makes the judgement panic, and no change of a certificate goes unnoticed.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read their fixtures")]

#[path = "../../../fuzz/promises.rs"]
mod promises;

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use pushcert_papers::{
    Code, Time, Verdict,
    certificate::{Authorities, Expectations, Place},
    judge::{Judged, Want, judge},
    page, renewal,
};

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/papers");
    fs::read(folder.join(name)).expect("a fixture")
}

fn authorities() -> Authorities {
    Authorities::from_pem(&fixture("authorities.pem")).expect("authorities")
}

fn judged(bytes: &[u8], authorities: &Authorities) -> Judged {
    let now = Time::parse("2026-06-01").expect("a date");
    judge(bytes, Some("file.txt"), Want::Anything, &Expectations::default(), authorities, now)
}

fn verdict(bytes: &[u8], authorities: &Authorities) -> Verdict {
    judged(bytes, authorities).verdict
}

const PAPERS: [&str; 8] = [
    "bundle-3des.p12",
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
        renewal::record::read::<renewal::Journey>(&String::from_utf8_lossy(&bytes)).ok();
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

/// What the gate knows of the certificate that it awaits: nothing that is not its own passes.
fn at_the_gate(good: &[u8], authorities: &Authorities) -> impl Fn(&[u8]) -> Judged {
    let now = Time::parse("2026-06-01").expect("a date");
    let facts = judge(good, None, Want::Anything, &Expectations::default(), authorities, now).certificate;
    let awaited = facts.expect("a certificate");
    move |bytes| {
        let expected = Expectations {
            topic: awaited.topic.as_ref(),
            public_key: Some(awaited.public_key_sha256),
            place: Place::Gate,
            ..Expectations::default()
        };
        judge(bytes, None, Want::PushCertificate, &expected, authorities, now)
    }
}

/// Where nothing is sent, an authority that has Apple's name and a key that we do not carry is warned of: it may be new.
/// So a byte changed in that key's identifier cannot be told from it there.
fn is_seen(judged: &Judged) -> bool {
    judged.verdict == Verdict::Refuse || judged.findings.iter().any(|finding| finding.code == Code::IssuerUnverified)
}

#[test]
fn every_changed_byte_of_a_certificate_is_refused() {
    let authorities = authorities();
    let good = fixture("form.der");
    let gate = at_the_gate(&good, &authorities);
    assert_ne!(gate(&good).verdict, Verdict::Refuse);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x01;
        assert_eq!(gate(&bytes).verdict, Verdict::Refuse, "byte {at}");
        assert!(is_seen(&judged(&bytes, &authorities)), "byte {at}");
    }
}

#[test]
fn every_changed_byte_of_pem_is_refused_or_changes_nothing() {
    let authorities = authorities();
    let good = fixture("renewal-after.pem");
    let gate = at_the_gate(&good, &authorities);
    let sha256 = |judged: &Judged| judged.certificate.as_ref().map(|facts| facts.sha256);
    let known = sha256(&gate(&good));
    for at in 0..good.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            let found = gate(&bytes);
            assert!(found.verdict == Verdict::Refuse || sha256(&found) == known, "byte {at} ^ {change:#x}");
            let found = judged(&bytes, &authorities);
            assert!(is_seen(&found) || sha256(&found) == known, "byte {at} ^ {change:#x}");
        }
    }
}

/// What happens to a file between a browser, an editor and a mail program, at one place of it.
#[derive(Clone, Debug)]
enum Edit {
    Flip(u8),
    Cut(usize),
    Insert(Vec<u8>),
    Repeat(usize),
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (1_u8..).prop_map(Edit::Flip),
        (1_usize..40).prop_map(Edit::Cut),
        prop::collection::vec(any::<u8>(), 1..8).prop_map(Edit::Insert),
        (1_usize..40).prop_map(Edit::Repeat),
    ]
}

fn edited(good: &[u8], place: usize, edit: &Edit) -> Vec<u8> {
    let (before, after) = good.split_at(place);
    let within = |count: usize| count.min(after.len());
    let parts: [&[u8]; 3] = match edit {
        Edit::Flip(mask) => [before, &[after[0] ^ mask], &after[1..]],
        Edit::Cut(count) => [before, &after[within(*count)..], &[]],
        Edit::Insert(bytes) => [before, bytes, after],
        Edit::Repeat(count) => [before, &after[..within(*count)], after],
    };
    parts.concat()
}

proptest! {
    /// At the gate, an edited certificate is refused, or it is the very same certificate.
    #[test]
    fn an_edited_certificate_is_refused_or_the_same(
        name in prop::sample::select(vec!["form.der", "form-base64.txt", "issuer-new.pem", "renewal-after.pem"]),
        place in any::<prop::sample::Index>(),
        edit in edits(),
    ) {
        let authorities = authorities();
        let good = fixture(name);
        let gate = at_the_gate(&good, &authorities);
        let sha256 = |judged: &Judged| judged.certificate.as_ref().map(|facts| facts.sha256);
        let found = gate(&edited(&good, place.index(good.len()), &edit));
        prop_assert!(found.verdict == Verdict::Refuse || sha256(&found) == sha256(&gate(&good)), "{found:?}");
    }

    /// An edited request is refused, or says the very same.
    #[test]
    fn an_edited_request_is_refused_or_the_same(
        name in prop::sample::select(vec!["request.txt", "request-bare.txt"]),
        place in any::<prop::sample::Index>(),
        edit in edits(),
    ) {
        let authorities = authorities();
        let good = fixture(name);
        let facts = |judged: &Judged| judged.request.as_ref().map(|facts| format!("{facts:?}"));
        let whole = judged(&good, &authorities);
        prop_assert!(whole.verdict != Verdict::Refuse);
        let found = judged(&edited(&good, place.index(good.len()), &edit), &authorities);
        prop_assert!(found.verdict == Verdict::Refuse || facts(&found) == facts(&whole), "{found:?}");
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

/// What is promised of any bytes: it panics where the promise is broken.
type Promise = fn(&[u8]);

/// Every case that the fuzzer began with, or found, keeps its promise.
#[test]
fn the_fuzzers_corpus() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let targets: [(&str, Promise); 8] = [
        ("certificate", promises::certificate),
        ("request", promises::request),
        ("pkcs12", promises::pkcs12),
        ("key", promises::key),
        ("kind", promises::kind),
        ("page", promises::page),
        ("har", promises::har),
        ("credentials", promises::credentials),
    ];
    for (name, promise) in targets {
        let cases: Vec<_> = fs::read_dir(folder.join(name)).expect("a corpus").flatten().collect();
        assert!(!cases.is_empty(), "{name} has no corpus");
        for case in cases {
            promise(&fs::read(case.path()).expect("a case"));
        }
    }
}
