//! The table of configurations and service accounts' keys: every fixture provokes exactly what stands beside it.

#![allow(clippy::disallowed_methods, clippy::panic, reason = "tests read their fixtures")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use pushcert_papers::{
    Secret, Verdict,
    android::judge_key,
    judge::Judged,
    pingid::{Format, Platform, lint, render},
};

const APP: &str = "com.pingidentity.pingid.prod";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/credentials")
}

fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("a fixture")
}

fn codes(judged: &Judged) -> String {
    for finding in &judged.findings {
        assert!(!finding.remedy.is_empty() && !finding.message.is_empty(), "{finding:?}");
    }
    judged.findings.iter().map(|finding| finding.code.word()).collect::<Vec<_>>().join(" ")
}

const CONFIGURATIONS: [(&str, &str); 26] = [
    ("good.plist", ""),
    ("good-binary.plist", ""),
    ("good.xml", ""),
    ("good.json", ""),
    ("damaged.plist", "damaged"),
    ("bomb.xml", "damaged"),
    ("root-not-dictionary.plist", "root-not-dictionary"),
    ("configuration-nested.plist", "configuration-nested other-settings"),
    ("configuration-wrapped.plist", "configuration-wrapped"),
    ("configuration-wrapped.json", "configuration-wrapped"),
    ("token-key-missing.plist", "token-key-missing"),
    ("token-key-misspelt.plist", "token-key-misspelt"),
    ("token-repeated.json", "token-repeated"),
    ("token-not-string.plist", "token-not-string"),
    ("token-empty.plist", "token-empty"),
    ("token-white-space.plist", "token-white-space"),
    ("token-quoted.plist", "token-quoted"),
    ("token-control-character.plist", "token-control-character token-not-uuid"),
    ("token-labelled.plist", "token-labelled"),
    ("token-placeholder.plist", "token-placeholder"),
    ("token-variable.plist", "token-variable"),
    ("token-not-uuid.plist", "token-not-uuid"),
    ("version-missing.xml", "version-missing"),
    ("app-identifier-missing.xml", "app-identifier-missing"),
    ("app-identifier-differs.xml", "app-identifier-differs"),
    ("other-settings.plist", "other-settings"),
];

const KEYS: [(&str, &str); 21] = [
    ("good-key.json", ""),
    ("key-field-missing.json", "key-field-missing"),
    ("key-field-repeated.json", "key-field-repeated"),
    ("newlines-escaped.json", "newlines-escaped"),
    ("private-key-damaged.json", "private-key-damaged"),
    ("weak-key.json", "weak-key"),
    ("curve-key.json", "weak-key"),
    ("account-address.json", "account-address certificate-address"),
    ("project-differs.json", "project-differs"),
    ("account-number.json", "account-number"),
    ("key-name.json", "key-name"),
    ("token-address.json", "token-address"),
    ("certificate-address.json", "certificate-address"),
    ("oauth-client.json", "oauth-client"),
    ("oauth-client-installed.json", "oauth-client"),
    ("user-credential.json", "user-credential"),
    ("external-account.json", "external-account"),
    ("google-services.json", "google-services"),
    ("core-enrolment.json", "core-enrolment"),
    ("not-service-account.json", "not-service-account"),
    ("not-service-account-at-all.json", "not-service-account"),
];

#[test]
fn configurations() {
    for (name, expected) in CONFIGURATIONS {
        assert_eq!(codes(&lint(&read(name), APP)), expected, "{name}");
    }
}

#[test]
fn keys_of_service_accounts() {
    for (name, expected) in KEYS {
        let (judged, key) = judge_key(&read(name));
        assert_eq!(codes(&judged), expected, "{name}");
        assert!(judged.verdict != Verdict::Accept || key.is_some(), "{name}: a good key can be used");
    }
}

#[test]
fn every_fixture_stands_in_a_table() {
    let named: BTreeSet<_> = CONFIGURATIONS.iter().chain(&KEYS).map(|(name, _)| (*name).to_owned()).collect();
    let there = fs::read_dir(folder()).expect("a folder");
    let there: BTreeSet<_> = there.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(named, there);
}

#[test]
fn files_that_are_something_else_are_called_by_name() {
    let table: [(&[u8], &str, &str); 6] = [
        (b"", "empty-file", "empty-file"),
        (b" \n", "empty-file", "empty-file"),
        (b"<!DOCTYPE html><title>Sign in</title>", "html-page", "html-page"),
        (b"a letter", "unknown-kind", "unknown-kind"),
        (b"{\"a\":", "damaged", "damaged"),
        (b"[1]", "root-not-dictionary", "unknown-kind"),
    ];
    for (bytes, configuration, key) in table {
        assert_eq!((codes(&lint(bytes, APP)), codes(&judge_key(bytes).0)), (configuration.into(), key.into()));
    }
}

/// A list a hundred thousand dictionaries deep, in Apple's binary form: object n is an array of object n + 1.
#[test]
fn depth_without_end_is_refused() {
    let count = 60_000_u32;
    let mut bytes = b"bplist00".to_vec();
    let mut offsets = vec![];
    for at in 0..count {
        offsets.push(u32::try_from(bytes.len()).expect("small"));
        bytes.push(if at + 1 == count { 0xa0 } else { 0xa1 });
        if at + 1 < count {
            bytes.extend((at + 1).to_be_bytes());
        }
    }
    let table = bytes.len() as u64;
    bytes.extend(offsets.iter().flat_map(|offset| offset.to_be_bytes()));
    bytes.extend([0, 0, 0, 0, 0, 0, 4, 4]);
    for number in [u64::from(count), 0, table] {
        bytes.extend(number.to_be_bytes());
    }
    assert_eq!(codes(&lint(&bytes, APP)), "damaged");
}

#[test]
fn what_we_write_we_accept_and_other_tokens_come_back_as_they_are() {
    for token in ["6f1c2d3e-0a1b-4c2d-8e3f-9a0b1c2d3e4f", "our <own> & \"odd\" words é 2026"] {
        for platform in Platform::ALL {
            for format in Format::ALL.into_iter().filter(|format| format.suits(platform) && *format != Format::Card) {
                let file = render(format, platform, platform.usual_app(), &Secret::new(token));
                let judged = lint(file.reveal().as_bytes(), platform.usual_app());
                assert_ne!(judged.verdict, Verdict::Refuse, "{format:?} {:?}", judged.findings);
            }
        }
    }
}

/// No finding, and no fact, shows a secret.
#[test]
fn nothing_secret_is_shown() {
    for (name, _) in CONFIGURATIONS {
        let judged = lint(&read(name), APP);
        let said = format!("{:?} {:?}", judged.findings, judged.configuration);
        assert!(!said.contains("6f1c2d3e"), "{name}: {said}");
    }
    for (name, _) in KEYS {
        let (judged, key) = judge_key(&read(name));
        let said = format!("{:?} {:?} {key:?}", judged.findings, judged.service_account);
        assert!(!said.contains("MII") && !said.contains("PRIVATE KEY"), "{name}: {said}");
    }
}
