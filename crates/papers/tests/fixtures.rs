//! The table of files and findings: every fixture provokes exactly what stands beside it.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read their fixtures and their environment")]

use std::{fs, path::PathBuf};

use pushcert_papers::{
    Kind,
    Severity::{Refuse, Warn},
    TenantName, Time, Topic, Verdict,
    certificate::{Authorities, Expectations, InstalledFacts, Place},
    judge::{CertificateFacts, Judged, Want, judge},
};

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/papers").join(name);
    fs::read(&path).expect("a fixture")
}

fn now() -> Time {
    Time::parse("2026-06-01").expect("a date")
}

fn authorities() -> Authorities {
    Authorities::from_pem(&read("authorities.pem")).expect("authorities")
}

fn judged(name: &str, want: Want, expected: &Expectations<'_>) -> Judged {
    judge(&read(name), Some(name), want, expected, &authorities(), now())
}

fn codes(judged: &Judged) -> String {
    judged.findings.iter().map(|finding| finding.code.word()).collect::<Vec<_>>().join(" ")
}

fn facts(name: &str) -> CertificateFacts {
    judged(name, Want::PushCertificate, &Expectations::default()).certificate.expect("a certificate")
}

/// What is known when the renewed certificate of the fixtures comes back.
fn with_expectations(test: impl FnOnce(&Expectations<'_>)) {
    let topic = facts("renewal-before.pem").topic.expect("a topic");
    let installed = InstalledFacts::from(&facts("renewal-before.pem"));
    let request = judged("request.txt", Want::PushRequest, &Expectations::default()).request.expect("a request");
    let others = [(TenantName::parse("globex").expect("a name"), facts("other-topic.pem").topic.expect("a topic"))];
    test(&Expectations {
        topic: Some(&topic),
        other_tenants: &others,
        public_key: Some(request.public_key_sha256),
        installed: Some(&installed),
        awaiting_newer: true,
        place: Place::Gate,
        ..Expectations::default()
    });
}

#[test]
fn push_certificates_at_the_gate() {
    let table = [
        ("renewal-after.pem", ""),
        ("with-chain.pem", ""),
        ("clock-skew.pem", ""),
        ("form.der", ""),
        ("form-crlf.pem", ""),
        ("form-junk.pem", ""),
        ("form-base64.txt", ""),
        ("form-utf16.pem", ""),
        ("renewal-before.pem", "key-mismatch same-certificate"),
        ("other-topic.pem", "topic-changed other-tenant"),
        ("key-mismatch.pem", "key-mismatch"),
        ("topic-missing.pem", "topic-missing"),
        ("topic-prefix.pem", "topic-prefix"),
        ("name-differs.pem", "name-differs"),
        ("not-push.pem", "not-push"),
        ("development-push.pem", "development-push"),
        ("client-auth-missing.pem", "client-auth-missing"),
        ("weak-key.pem", "key-mismatch weak-key"),
        ("expired.pem", "expired ends-earlier"),
        ("not-yet-valid.pem", "not-yet-valid"),
        ("unusual-validity.pem", "unusual-validity"),
        ("country-default.pem", "country-default"),
        ("ends-earlier.pem", "ends-earlier"),
        ("signature-invalid.der", "signature-invalid"),
        ("not-apple.pem", "not-apple"),
        ("issuer-new.pem", "issuer-new"),
        ("issuer-unverified.pem", "issuer-unverified"),
        ("several.pem", "several-certificates"),
        ("key-included.pem", "private-key-included"),
    ];
    with_expectations(|expected| {
        for (file, wanted) in table {
            let judged = judged(file, Want::PushCertificate, expected);
            assert_eq!(codes(&judged), wanted, "{file}");
            assert_eq!(judged.kind, Kind::PushCertificate, "{file}");
        }
    });
}

#[test]
fn what_is_not_a_push_certificate_has_a_name_in_every_place() {
    let table = [
        ("app-push-certificate.pem", Kind::AppPushCertificate, "app-push-certificate"),
        ("vendor-certificate.pem", Kind::VendorCertificate, "vendor-certificate"),
        ("authority-certificate.pem", Kind::AuthorityCertificate, "authority-certificate"),
        ("other-certificate.pem", Kind::OtherCertificate, "other-certificate"),
        ("private-key.pem", Kind::PrivateKey, "private-key"),
        ("private-key.der", Kind::PrivateKey, "private-key"),
        ("private-key-encrypted.pem", Kind::PrivateKey, "private-key"),
        ("private-key-pkcs1.pem", Kind::PrivateKey, "private-key"),
        ("bundle.p12", Kind::Pkcs12, "unknown-kind"),
        ("sign-in-page.pem", Kind::Html, "html-page"),
        ("answer.json", Kind::Json, "json-answer"),
        ("some.plist", Kind::Plist, "unknown-kind"),
        ("empty.pem", Kind::Empty, "empty-file"),
        ("blank.pem", Kind::Empty, "empty-file"),
        ("letter.txt", Kind::Unknown, "unknown-kind"),
        ("archive.zip", Kind::Unknown, "unknown-kind"),
        ("bare.csr", Kind::Csr, "bare-csr"),
        ("damaged-cut.pem", Kind::Unknown, "damaged"),
        ("damaged-cut.der", Kind::Unknown, "damaged"),
        ("damaged-cut-request.txt", Kind::Unknown, "damaged"),
    ];
    for (file, kind, code) in table {
        for want in [Want::Anything, Want::PushCertificate, Want::PushRequest] {
            let judged = judged(file, want, &Expectations::default());
            assert_eq!((judged.kind, codes(&judged).as_str()), (kind, code), "{file} where {want:?} is wanted");
            assert_eq!(judged.verdict, Verdict::Refuse, "{file}");
            assert!(judged.findings.iter().all(|finding| !finding.remedy.is_empty()), "{file}");
        }
    }
}

#[test]
fn a_request_where_a_certificate_is_wanted_and_the_other_way_round() {
    let request = judged("request.txt", Want::PushCertificate, &Expectations::default());
    assert_eq!(codes(&request), "push-request");
    let certificate = judged("renewal-after.pem", Want::PushRequest, &Expectations::default());
    assert_eq!(codes(&certificate), "other-certificate");
}

#[test]
fn requests() {
    let table = [
        ("request.txt", ""),
        ("request-wrapped.txt", ""),
        ("request-other-order.txt", ""),
        ("request-inner-wrapped.txt", ""),
        ("request-one-line-pem.txt", ""),
        ("request-double.txt", "double-base64"),
        ("request-bare.txt", "bare-plist"),
        ("request.csr", "file-name"),
        ("request-no-signature.txt", "missing-part"),
        ("request-sha1.txt", "csr-signature-sha1"),
        ("request-no-country.txt", "country-missing"),
        ("request-weak-key.txt", "weak-key"),
        ("request-csr-signature.txt", "csr-signature-invalid"),
        ("request-csr-damaged.txt", "csr-damaged"),
        ("request-vendor-sha1.txt", "vendor-signature-sha1"),
        ("request-vendor-signature.txt", "vendor-signature-invalid"),
        ("request-vendor-expired.txt", "vendor-expired"),
        ("request-vendor-soon.txt", "vendor-expires-soon"),
        ("request-vendor-marker.txt", "vendor-marker-missing"),
        ("request-chain-broken.txt", "chain-broken"),
        ("request-chain-not-apple.txt", "chain-not-apple"),
        ("request-chain-expired.txt", "chain-expired"),
    ];
    for (file, wanted) in table {
        let judged = judged(file, Want::PushRequest, &Expectations::default());
        assert_eq!((judged.kind, codes(&judged).as_str()), (Kind::PushRequest, wanted), "{file}");
        let vendor = judged.request.as_ref().and_then(|facts| facts.vendor.as_deref());
        assert_eq!(vendor, (wanted != "csr-damaged").then_some("Example"), "{file}");
    }
}

#[test]
fn without_anything_to_compare() {
    let bare = judged("renewal-after.pem", Want::Anything, &Expectations::default());
    assert_eq!((codes(&bare).as_str(), bare.verdict), ("topic-unknown key-not-compared", Verdict::Warn));
    let gate = Expectations { place: Place::Gate, ..Expectations::default() };
    assert_eq!(judged("renewal-after.pem", Want::Anything, &gate).verdict, Verdict::Refuse, "an uncompared key blocks");
}

#[test]
fn the_very_certificate_that_is_installed() {
    let installed = InstalledFacts::from(&facts("renewal-after.pem"));
    let topic = installed.topic.clone();
    let expected = Expectations { topic: topic.as_ref(), installed: Some(&installed), ..Expectations::default() };
    let judged = judged("renewal-after.pem", Want::PushCertificate, &expected);
    assert_eq!(codes(&judged), "key-not-compared already-installed");
}

#[test]
fn thresholds() {
    let expected = Expectations { warning_days: Some(356), critical_days: Some(354), ..Expectations::default() };
    let weight = |days: i64| {
        let later = now().plus(days * 86_400);
        let judged = judge(&read("renewal-after.pem"), None, Want::Anything, &expected, &authorities(), later);
        judged.findings.into_iter().find(|finding| finding.code.word() == "ends-soon").map(|finding| finding.severity)
    };
    assert_eq!([weight(-2), weight(0), weight(3)], [None, Some(Warn), Some(Refuse)]);
}

#[test]
fn what_apple_did_not_sign_is_not_apples() {
    let apple = Authorities::apple();
    let judged = judge(&read("renewal-after.pem"), None, Want::Anything, &Expectations::default(), &apple, now());
    assert!(codes(&judged).contains("not-apple"));
}

/// Certificates that Apple issued may not be published here; who has some can try them.
#[test]
fn certificates_that_apple_issued() {
    let Ok(folder) = std::env::var("PUSHCERT_APPLE_SAMPLES") else {
        println!("skipped: needs PUSHCERT_APPLE_SAMPLES, a folder with three certificates that Apple issued");
        return;
    };
    let read = |name: &str| fs::read(PathBuf::from(&folder).join(name)).expect("a sample");
    let apple = Authorities::apple();
    let at = Time::parse("2026-11-23").expect("a date");
    let plain = |name: &str| judge(&read(name), None, Want::PushCertificate, &Expectations::default(), &apple, at);
    let before = plain("renewal-before.pem").certificate.expect("a certificate");
    let installed = InstalledFacts::from(&before);
    let expected = Expectations {
        topic: before.topic.as_ref(),
        installed: Some(&installed),
        awaiting_newer: true,
        ..Expectations::default()
    };
    let against = |name: &str| judge(&read(name), None, Want::PushCertificate, &expected, &apple, at);
    assert_eq!(codes(&against("renewal-after.pem")), "key-not-compared");
    assert_eq!(codes(&against("other-topic.pem")), "topic-changed key-not-compared country-default");
    assert_eq!(codes(&plain("renewal-before.pem")), "topic-unknown key-not-compared expired");
    assert_eq!(before.topic, Topic::parse("com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b").ok());
}
