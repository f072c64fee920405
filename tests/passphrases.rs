//! Passphrases that people choose, and programs that must take them.

use std::{fs, path::Path, process::Command};

use pushcert_papers::{PrivateKey, Secret};

use crate::shell::{has, home, run, succeeds, text};

const CERTIFICATE: &str = "fixtures/papers/renewal-after.pem";
const KEY: &str = "fixtures/papers/private-key.pem";

fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("written");
    path.display().to_string()
}

/// Packs the fixtures' certificate and key under the passphrase in this file.
fn pack(home: &Path, secret: &str, out: &str) -> (Option<i32>, String) {
    let trust = ["--authorities", "fixtures/papers/authorities.pem"];
    let pack = ["p12", "pack", CERTIFICATE, "--key", KEY, "--out", out, "--passphrase-file", secret];
    let output = run(home, &[&pack[..], &trust].concat());
    (output.status.code(), text(&output.stderr))
}

#[test]
fn what_would_lock_java_out_is_refused_before_anything_is_written() {
    let home = home();
    let out = home.path().join("push.p12").display().to_string();
    let long = "a".repeat(1_001);
    for secret in ["", "\n", "pässword", "снег", "tab\there", "two\nlines", "nul\0octet", &long] {
        let file = put(home.path(), "passphrase", secret);
        let (code, said) = pack(home.path(), &file, &out);
        assert_eq!(code, Some(2), "{secret:?}: {said}");
        assert!(said.contains("passphrase"), "{secret:?}: {said}");
        assert!(!Path::new(&out).exists(), "{secret:?}");
    }
    let latin = put(home.path(), "passphrase", b"p\xe4ssword\n");
    assert_eq!(pack(home.path(), &latin, &out).0, Some(2), "not UTF-8");
}

/// Every printable character, blanks at the ends and quotation marks included; with the line's end of Windows, too.
#[test]
fn every_printable_passphrase_opens_elsewhere() {
    if !has("openssl") || !has("keytool") {
        return;
    }
    let home = home();
    let every: String = (' '..='~').collect();
    for (number, secret) in [&every, " blanks at both ends ", "\"quoted\" 'twice' $HOME `id`"].into_iter().enumerate() {
        let out = home.path().join(format!("{number}.p12")).display().to_string();
        let file = put(home.path(), "passphrase", format!("{secret}\r\n"));
        assert_eq!(pack(home.path(), &file, &out).0, Some(0), "{secret}");
        let plain = put(home.path(), "plain", format!("{secret}\n"));
        let from = format!("file:{plain}");
        succeeds(Command::new("openssl").args(["pkcs12", "-in", &out, "-passin", &from, "-noenc", "-nocerts"]));
        succeeds(Command::new("keytool").args(["-list", "-keystore", &out, "-storepass:file", &plain]));
    }
}

/// A key of one's own opens by OpenSSL here and elsewhere; letters beyond ASCII are octets of UTF-8 in both.
#[test]
fn a_key_may_have_any_passphrase() {
    if !has("openssl") {
        return;
    }
    let home = home();
    for (number, secret) in ["pässword", "снег и лёд", "🔑 of gold"].into_iter().enumerate() {
        let file = put(home.path(), "passphrase", format!("{secret}\n"));
        let out = home.path().join(format!("{number}"));
        let folder = out.display().to_string();
        let new = ["csr", "new", "--out", &folder, "--country", "NL", "--passphrase-file", &file];
        assert_eq!(run(home.path(), &new).status.code(), Some(0), "{secret}");
        let key = out.join("private-key.pem");
        let from = format!("file:{file}");
        let place = key.display().to_string();
        succeeds(Command::new("openssl").args(["pkey", "-in", &place, "-passin", &from, "-noout"]));
        let read = PrivateKey::read(&fs::read(&key).expect("a key"), Some(&Secret::new(secret)));
        assert!(read.is_ok(), "{secret}: {read:?}");
    }
}

/// Files of other programs may have such passphrases; they are read with them.
#[test]
fn a_file_of_others_opens_with_letters_beyond_ascii() {
    if !has("openssl") {
        return;
    }
    let home = home();
    let secret = put(home.path(), "passphrase", "pässword\n");
    let file = home.path().join("theirs.p12").display().to_string();
    let from = format!("file:{secret}");
    let export = ["pkcs12", "-export", "-in", CERTIFICATE, "-inkey", KEY, "-passout", &from, "-out", &file];
    succeeds(Command::new("openssl").args(export));
    let found = run(home.path(), &["inspect", &file, "--passphrase-file", &secret, "-o", "json"]);
    assert!(text(&found.stdout).contains("\"opened\":true"), "{}", text(&found.stdout));
    let other = put(home.path(), "other", "password\n");
    let found = run(home.path(), &["check", &file, "--passphrase-file", &other, "-o", "json"]);
    assert!(text(&found.stdout).contains("wrong-password"), "{}", text(&found.stdout));
}

/// Each form of a private key that OpenSSL writes, unprotected and under a passphrase.
#[test]
fn every_form_of_openssls_keys_is_read() {
    if !has("openssl") {
        return;
    }
    let home = home();
    let at = |name: &str| home.path().join(name).display().to_string();
    let openssl = |arguments: &[&str]| succeeds(Command::new("openssl").args(arguments));
    let secret = Secret::new("correct horse");
    let from = ["-passout", "pass:correct horse"];
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    openssl(&[&["genpkey", "-out", &at("ec.pem")], &curve[..]].concat());
    for (kind, source) in [("rsa", KEY.to_owned()), ("ec", at("ec.pem"))] {
        let spki = openssl(&["pkey", "-in", &source, "-pubout", "-outform", "DER"]);
        let plain: [&[&str]; 4] = [
            &["pkey", "-outform", "PEM"],
            &["pkey", "-outform", "DER"],
            &["pkey", "-traditional"],
            &["pkey", "-traditional", "-outform", "DER"],
        ];
        let sealed: [&[&str]; 7] = [
            &["pkey", "-traditional", "-aes256"],
            &["pkey", "-traditional", "-aes-128-cbc"],
            &["pkey", "-traditional", "-des3"],
            &["pkcs8", "-topk8", "-v2", "aes-256-cbc"],
            &["pkcs8", "-topk8", "-v2", "des3", "-outform", "DER"],
            &["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"],
            &["pkcs8", "-topk8", "-scrypt"],
        ];
        let plain = plain.into_iter().map(|way| (way, false));
        for (number, (way, is_sealed)) in plain.chain(sealed.into_iter().map(|way| (way, true))).enumerate() {
            let out = at(&format!("{kind}-{number}"));
            let ends: &[&str] = if is_sealed { &from } else { &[] };
            openssl(&[way, &["-in", &source, "-out", &out], ends].concat());
            let bytes = fs::read(&out).expect("a key");
            let key = PrivateKey::read(&bytes, is_sealed.then_some(&secret));
            assert_eq!(key.map(|key| key.spki), Ok(spki.clone()), "{kind}, {way:?}");
            if is_sealed {
                assert!(PrivateKey::read(&bytes, None).is_err(), "{kind}, {way:?}");
                let wrong = PrivateKey::read(&bytes, Some(&Secret::new("wrong horse")));
                assert_eq!(wrong.map(|_| ()), Err(pushcert_papers::KeyError::WrongPassphrase), "{kind}, {way:?}");
            }
        }
    }
}
