//! The table of files and findings: every fixture provokes exactly what stands beside it.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests read their fixtures and their environment"
)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use pushcert_papers::{
    Code, KeyError, Kind, PrivateKey, Secret,
    Severity::{Note, Refuse, Warn},
    TenantName, Time, Topic, Verdict,
    android::judge_key,
    bundle::{self, BundleError},
    certificate::{Authorities, Certificate, Expectations, InstalledFacts, Place, RevocationList},
    judge::{CertificateFacts, Judged, Want, judge},
    kind::{Paper, leaf_alone, recognise},
    pingid::lint,
    request::{
        Known, SigningError, Vendor, check, for_the_portal,
        sealed::{self, SealedError},
    },
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/papers")
}

fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("a fixture")
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

const EVERYWHERE: [Want; 4] = [Want::Anything, Want::PushCertificate, Want::PushRequest, Want::Pkcs12];

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
        ("clock-skew.pem", "not-yet-valid"),
        ("form.der", ""),
        ("form-crlf.pem", ""),
        ("form-junk.pem", ""),
        ("form-base64.txt", ""),
        ("form-utf16.pem", ""),
        ("form-bom.pem", ""),
        ("form-base64-pem.txt", ""),
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
        ("private-key-old-encryption.pem", Kind::PrivateKey, "private-key"),
        ("private-key-curve.pem", Kind::PrivateKey, "private-key"),
        ("sign-in-page.pem", Kind::Html, "html-page"),
        ("page-part.pem", Kind::Html, "html-page"),
        ("answer.json", Kind::Json, "json-answer"),
        ("answer-with-pem.json", Kind::Json, "json-answer"),
        ("some.plist", Kind::Plist, "unknown-kind"),
        ("binary.plist", Kind::Plist, "unknown-kind"),
        ("empty.pem", Kind::Empty, "empty-file"),
        ("blank.pem", Kind::Empty, "empty-file"),
        ("letter.txt", Kind::Unknown, "unknown-kind"),
        ("letter-utf16.txt", Kind::Unknown, "unknown-kind"),
        ("archive.zip", Kind::Unknown, "unknown-kind"),
        ("request.rtf", Kind::Unknown, "unknown-kind"),
        ("letter-rtf.rtf", Kind::Unknown, "unknown-kind"),
        ("sealed-reply.p7", Kind::Unknown, "unknown-kind"),
        ("sealed-reply.der", Kind::Unknown, "unknown-kind"),
        ("signed.p7b", Kind::Unknown, "unknown-kind"),
        ("revoked.crl", Kind::Unknown, "unknown-kind"),
        ("bare.csr", Kind::Csr, "bare-csr"),
        ("damaged-cut.pem", Kind::Unknown, "damaged"),
        ("damaged-cut.der", Kind::Unknown, "damaged"),
        ("damaged-cut-request.txt", Kind::Unknown, "damaged"),
    ];
    for (file, kind, code) in table {
        for want in EVERYWHERE {
            let judged = judged(file, want, &Expectations::default());
            assert_eq!((judged.kind, codes(&judged).as_str()), (kind, code), "{file} where {want:?} is wanted");
            assert_eq!(judged.verdict, Verdict::Refuse, "{file}");
            assert!(judged.findings.iter().all(|finding| !finding.remedy.is_empty()), "{file}");
        }
    }
}

/// What a file looks like is said, where it is nothing that is wanted anywhere, and so is the way out of it.
#[test]
fn what_a_file_looks_like_is_said() {
    let table = [
        ("archive.zip", "a ZIP archive", "take the right file out of it"),
        ("request.rtf", "an RTF document", "save it anew as plain text"),
        ("letter-rtf.rtf", "an RTF document", "save it anew as plain text"),
        ("signed.p7b", "a PKCS #7 file", "openssl pkcs7"),
        ("sealed-reply.p7", "encrypted for somebody", "pushcert csr open"),
        ("sealed-reply.der", "encrypted for somebody", "pushcert csr open"),
        ("some.plist", "a property list", "bring"),
        ("binary.plist", "a property list", "bring"),
        ("private-key-encrypted.pem", "protected by a passphrase", "bring the right file"),
        ("private-key.der", "nothing protects it", "bring the right file"),
        ("damaged-cut-request.txt", "like a push certificate request", "download it once more"),
        ("damaged-cut.der", "like a certificate", "download it once more"),
    ];
    for (file, message, remedy) in table {
        let found = judged(file, Want::PushCertificate, &Expectations::default()).findings;
        assert!(found[0].message.contains(message), "{file}: {}", found[0].message);
        assert!(found[0].remedy.contains(remedy), "{file}: {}", found[0].remedy);
    }
}

/// A server gets the certificate alone, in PEM, whatever form it came in.
#[test]
fn a_server_gets_the_certificate_alone() {
    let alone = leaf_alone(&read("form.der"));
    let forms =
        ["form-crlf.pem", "form-junk.pem", "form-base64.txt", "form-base64-pem.txt", "form-utf16.pem", "form-bom.pem"];
    for file in forms.into_iter().chain(["renewal-after.pem", "with-chain.pem"]) {
        assert_eq!(leaf_alone(&read(file)), alone, "{file}");
    }
    for file in ["several.pem", "authorities.pem", "request.txt", "empty.pem"] {
        assert_eq!(leaf_alone(&read(file)), None, "{file}");
    }
}

#[test]
fn a_good_paper_in_the_wrong_place() {
    let table = [
        (
            "renewal-after.pem",
            [
                "topic-unknown key-not-compared",
                "topic-unknown key-not-compared",
                "other-certificate",
                "other-certificate",
            ],
        ),
        ("request.txt", ["", "push-request", "", "push-request"]),
        ("bundle.p12", ["topic-unknown", "private-key-included", "private-key-included", "topic-unknown"]),
    ];
    let passphrase = Secret::new(PASSPHRASE);
    let expected = Expectations { passphrase: Some(&passphrase), ..Expectations::default() };
    for (file, wanted) in table {
        for (want, wanted) in EVERYWHERE.into_iter().zip(wanted) {
            let judged = judged(file, want, &expected);
            assert_eq!(codes(&judged), wanted, "{file} where {want:?} is wanted");
            assert!(judged.findings.iter().all(|finding| !finding.remedy.is_empty()), "{file}");
        }
    }
}

/// What opens the PKCS #12 files of the fixtures.
const PASSPHRASE: &str = "correct horse";

#[test]
fn pkcs12_files() {
    let topic = facts("renewal-after.pem").topic.expect("a topic");
    let table = [
        ("bundle.p12", ""),
        ("bundle-base64.txt", ""),
        ("bundle-chain.p12", ""),
        ("bundle-no-mac.p12", "mac-missing"),
        ("bundle-key-missing.p12", "key-missing"),
        ("bundle-certificate-missing.p12", "certificate-missing"),
        ("bundle-key-mismatch.p12", "key-mismatch"),
        ("bundle-3des.p12", "old-encryption"),
        ("bundle-rc2.p12", "old-encryption"),
        ("bundle-unknown-cipher.p12", "unreadable-encryption"),
        ("bundle-costly.p12", "unreadable-encryption"),
        ("bundle-costly-inside.p12", "unreadable-encryption"),
        ("bundle-cut.p12", "damaged"),
        ("bundle-vendor.p12", "vendor-certificate"),
    ];
    let passphrase = Secret::new(PASSPHRASE);
    let expected = Expectations { topic: Some(&topic), passphrase: Some(&passphrase), ..Expectations::default() };
    for (file, wanted) in table {
        let judged = judged(file, Want::Anything, &expected);
        assert_eq!(codes(&judged), wanted, "{file}");
        if !wanted.starts_with("unreadable") && wanted != "damaged" {
            let pkcs12 = judged.pkcs12.expect("a PKCS #12 file");
            let (named, key) = (facts("renewal-after.pem"), pkcs12.public_key_sha256);
            assert_eq!(key.is_some(), wanted != "key-missing", "{file}");
            assert_eq!(key.is_some_and(|key| key != named.public_key_sha256), wanted == "key-mismatch", "{file}");
        }
    }
}

#[test]
fn passphrases_of_pkcs12_files() {
    let with = |file, passphrase: Option<&str>| {
        let passphrase = passphrase.map(Secret::new);
        let expected = Expectations { passphrase: passphrase.as_ref(), ..Expectations::default() };
        codes(&judged(file, Want::Anything, &expected))
    };
    for wrong in [None, Some(""), Some("Correct horse"), Some("correct horse "), Some("zero\0"), Some("\u{1f40e}")] {
        for file in ["bundle.p12", "bundle-3des.p12", "bundle-rc2.p12"] {
            assert_eq!(with(file, wrong), "wrong-password", "{file} {wrong:?}");
        }
    }
    for none in [None, Some("")] {
        assert_eq!(with("bundle-empty-password.p12", none), "empty-password topic-unknown");
    }
    assert_eq!(with("bundle-empty-password.p12", Some(PASSPHRASE)), "wrong-password");
}

#[test]
fn a_changed_pkcs12_file_is_never_taken() {
    let good = read("bundle.p12");
    let mut told = 0;
    for at in (0..good.len()).step_by(31) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x20;
        let found = bundle::open(&bytes, PASSPHRASE).err();
        // What is a valid file all the same: an attribute outside of what is guarded does not exist.
        assert!(found.is_some(), "byte {at}");
        told += usize::from(found == Some(BundleError::Changed));
    }
    assert!(told > good.len() / 31 / 4, "only {told} changes were told from a wrong passphrase");
}

#[test]
fn private_keys() {
    let passphrase = Secret::new(PASSPHRASE);
    let key = |file: &str, passphrase: Option<&Secret>| PrivateKey::read(&read(file), passphrase);
    let public = facts("renewal-after.pem").public_key_sha256;
    for file in ["private-key.pem", "private-key.der", "private-key-pkcs1.pem", "key-included.pem"] {
        assert_eq!(key(file, None).map(|key| key.public_key_sha256()), Ok(public), "{file}");
    }
    for file in ["private-key-encrypted.pem", "private-key-old-encryption.pem"] {
        assert_eq!(key(file, Some(&passphrase)).map(|key| key.public_key_sha256()), Ok(public), "{file}");
        assert_eq!(key(file, None).err(), Some(KeyError::PassphraseNeeded), "{file}");
        for wrong in ["wrong", "", "zero\0"] {
            assert_eq!(key(file, Some(&Secret::new(wrong))).err(), Some(KeyError::WrongPassphrase), "{file}");
        }
    }
    assert!(key("private-key-curve.pem", None).is_ok_and(|key| !key.kind.is_strong()));
    for file in ["renewal-after.pem", "bare.csr", "empty.pem", "letter.txt", "archive.zip"] {
        assert_eq!(key(file, None).err(), Some(KeyError::Missing), "{file}");
    }
    assert!(!format!("{:?}", key("private-key.pem", None)).contains(", 48,"), "a key shows itself");
}

#[test]
fn revocation() {
    let list = |file: &str| RevocationList::read(&read(file)).expect("a list");
    let found = |certificate: &str, list: &RevocationList, authorities: &Authorities| {
        let expected = Expectations { revocations: Some(list), ..Expectations::default() };
        let judged = judge(&read(certificate), None, Want::PushCertificate, &expected, authorities, now());
        let word = judged.certificate.as_ref().expect("a certificate").revocation.clone();
        (word, codes(&judged).contains("revoked"))
    };
    let (fresh, old) = (list("revoked.crl"), list("revoked-outdated.crl"));
    let table = [
        ("revoked.pem", &fresh, "revoked", true),
        ("revoked.pem", &old, "revoked", true),
        ("renewal-after.pem", &fresh, "good", false),
        ("renewal-after.pem", &old, "list-outdated", false),
        ("not-apple.pem", &fresh, "list-of-another-issuer", false),
    ];
    for (certificate, list, word, revoked) in table {
        assert_eq!(found(certificate, list, &authorities()), (word.into(), revoked), "{certificate}");
    }
    assert_eq!(found("revoked.pem", &fresh, &Authorities::apple()).0, "list-not-signed", "nobody vouches for the list");
    let mut forged = read("revoked.crl");
    let place = forged.len() / 2;
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    if let Ok(forged) = RevocationList::read(&forged) {
        assert_ne!(found("revoked.pem", &forged, &authorities()).0, "good");
    }
    for file in ["renewal-after.pem", "letter.txt", "bundle.p12"] {
        assert!(RevocationList::read(&read(file)).is_err(), "{file}");
    }
}

#[test]
fn an_own_key_instead_of_a_request() {
    let key = PrivateKey::read(&read("private-key.pem"), None).expect("a key").public_key_sha256();
    let expected = Expectations { public_key: Some(key), own_key: true, ..Expectations::default() };
    assert_eq!(codes(&judged("renewal-after.pem", Want::PushCertificate, &expected)), "topic-unknown");
    let other = judged("key-mismatch.pem", Want::PushCertificate, &expected);
    let mismatch = other.findings.iter().find(|finding| finding.code.word() == "key-mismatch").expect("a finding");
    assert!(mismatch.message.contains("private key"), "{}", mismatch.message);
}

#[test]
fn a_vendor_signs() {
    let csr = |file: &str| match recognise(&read(file)) {
        Paper::Csr(csr) => *csr,
        other => panic!("{file} is {:?}", other.kind()),
    };
    let certificates = |files: &[&str]| -> Vec<Certificate> {
        let papers = files.iter().map(|file| recognise(&read(file)));
        papers
            .flat_map(|paper| match paper {
                Paper::Certificates { leaves, authorities, .. } => [leaves, authorities].concat(),
                other => panic!("{:?}", other.kind()),
            })
            .collect()
    };
    let key = |file: &str| PrivateKey::read(&read(file), None).expect("a key");
    let all = ["vendor-chain.pem", "vendor.pem"];
    let vendor = Vendor::new(&certificates(&all), key("vendor.key")).expect("a vendor");
    let form = vendor.sign(&csr("bare.csr"), &authorities(), now()).expect("signed");
    assert!(!form.contains(&b'\n'), "on one line");
    let judged = judge(&form, Some("made.txt"), Want::PushRequest, &Expectations::default(), &authorities(), now());
    assert_eq!((codes(&judged).as_str(), judged.verdict), ("", Verdict::Accept));

    let wrong =
        |files: &[&str], holder: &str| Vendor::new(&certificates(files), key(holder)).map(|_| ()).unwrap_err().code;
    assert_eq!(wrong(&all, "private-key.pem"), Code::KeyMismatch);
    assert_eq!(wrong(&["vendor.pem"], "vendor.key"), Code::ChainBroken);
    assert_eq!(wrong(&["renewal-before.pem"], "private-key.pem"), Code::VendorMarkerMissing);
    let refused = |at: &str| match vendor.sign(&csr("bare.csr"), &authorities(), Time::parse(at).expect("a date")) {
        Err(SigningError::Refused(findings)) => findings[0].code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("2028-06-01"), Code::VendorExpired);
    let not_a_vendor =
        Vendor::new(&certificates(&["other-certificate.pem", "authorities.pem"]), key("private-key.pem"));
    match not_a_vendor.expect("a chain").sign(&csr("bare.csr"), &authorities(), now()) {
        Err(SigningError::Refused(findings)) => assert_eq!(findings[0].code, Code::VendorMarkerMissing),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sealed_reply_opens() {
    let key = PrivateKey::read(&read("private-key.pem"), None).expect("a key");
    for file in ["sealed-reply.p7", "sealed-reply.der"] {
        assert_eq!(sealed::open(&read(file), &key), Ok(read("request.txt")), "{file}");
    }
    let other = PrivateKey::read(&read("vendor.key"), None).expect("a key");
    assert_ne!(sealed::open(&read("sealed-reply.p7"), &other), Ok(read("request.txt")));
    assert_eq!(sealed::open(&read("letter.txt"), &key), Err(SealedError::NotSealed));
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
        ("request-bom.txt", "text-encoding"),
        ("request-utf16.txt", "text-encoding"),
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
fn other_layouts_are_brought_into_that_of_the_portal() {
    let odd = ["request-double.txt", "request-bare.txt", "request-bom.txt", "request-utf16.txt"];
    for file in [&["request.txt", "request-wrapped.txt"][..], &odd].concat() {
        let form = for_the_portal(&read(file));
        let judged = judge(&form, None, Want::PushRequest, &Expectations::default(), &authorities(), now());
        assert_eq!((codes(&judged).as_str(), form.is_ascii()), ("", true), "{file}");
    }
    assert_eq!(for_the_portal(&read("request-wrapped.txt")), read("request-wrapped.txt"), "a good one stays as it is");
    assert_eq!(for_the_portal(b"a letter"), b"a letter");
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

/// A request that lies about for long, and one that a newer one has followed.
#[test]
fn requests_grow_old() {
    let Paper::Request(request) = recognise(&read("request.txt")) else { panic!("a request") };
    let at = |days: i64| Some(now().plus(-days * 86_400));
    let found = |fetched: Option<Time>, newer_fetched: Option<Time>| {
        let known = Known { file_name: None, fetched, newer_fetched };
        let findings = check(&request, &known, &authorities(), now());
        findings.iter().map(|finding| finding.code.word()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(None, None), "");
    assert_eq!(found(at(1), None), "", "a day is not too long");
    assert_eq!(found(at(2), None), "request-old");
    assert_eq!(found(at(1), at(0)), "request-superseded");
    assert_eq!(found(at(0), at(1)), "", "the other one is older");
}

/// What is said of the fixtures of further credentials.
fn said_of_credentials() -> impl Iterator<Item = Code> {
    let files = fs::read_dir(folder().with_file_name("credentials")).expect("fixtures").flatten();
    files.filter_map(|entry| fs::read(entry.path()).ok()).flat_map(|bytes| {
        let judged = [lint(&bytes, "com.pingidentity.pingid.prod"), judge_key(&bytes).0];
        judged.into_iter().flat_map(|judged| judged.findings).map(|finding| finding.code)
    })
}

/// No finding is left without something that provokes it: every fixture, in every place, under every expectation.
#[test]
fn every_finding_is_provoked() {
    let (warning, passphrase, nothing) = (Some(400), Secret::new(PASSPHRASE), Secret::new(""));
    let list = RevocationList::read(&read("revoked.crl")).expect("a list");
    let mut seen: BTreeSet<Code> = said_of_credentials().collect();
    with_expectations(|gate| {
        let unprotected = Expectations { passphrase: Some(&nothing), ..Expectations::default() };
        let open = Expectations { passphrase: Some(&passphrase), warning_days: warning, ..Expectations::default() };
        let looked_up = Expectations { revocations: Some(&list), ..Expectations::default() };
        let installed = Expectations { awaiting_newer: false, ..*gate };
        for entry in fs::read_dir(folder()).expect("fixtures").flatten() {
            let name = entry.file_name().into_string().expect("a name");
            let looks = [
                (Want::Anything, &open),
                (Want::Anything, &unprotected),
                (Want::PushRequest, &Expectations::default()),
                (Want::PushCertificate, gate),
                (Want::PushCertificate, &looked_up),
                (Want::PushCertificate, &installed),
            ];
            for (want, expected) in looks {
                seen.extend(judged(&name, want, expected).findings.into_iter().map(|finding| finding.code));
            }
        }
    });
    // What is known of a file beside its bytes, from where it lies and from others: tried in `requests_grow_old`, and where
    // files are opened and others are asked.
    let elsewhere = [
        Code::InGit,
        Code::KeyNotPublished,
        Code::KeyRefused,
        Code::NotAFile,
        Code::PublicKeyDiffers,
        Code::ReadableByOthers,
        Code::RequestOld,
        Code::RequestSuperseded,
        Code::TooLarge,
        Code::Unreadable,
    ];
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(code) && !elsewhere.contains(code)).collect();
    assert!(
        missing.is_empty(),
        "nothing provokes {missing:?}: add a fixture in crates/sandbox/examples/make-fixtures, and its row to a table above; what no bytes show belongs into `elsewhere`"
    );
}

#[test]
fn ten_minutes_between_clocks_are_tolerated_and_said() {
    let weight =
        |file| judged(file, Want::Anything, &Expectations::default()).findings.last().map(|finding| finding.severity);
    assert_eq!([weight("clock-skew.pem"), weight("not-yet-valid.pem")], [Some(Note), Some(Refuse)]);
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
