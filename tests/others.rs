//! What other programs say of our files, and what we say of theirs. None of them is ours: OpenSSL, `GnuTLS`, Java, NSS and
//! Python's cryptography are the judges.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::prelude::{BASE64_STANDARD, Engine};
use pushcert_papers::{
    PrivateKey, Time,
    certificate::Authorities,
    kind::{Paper, recognise},
    request::Vendor,
};
use serde_json::Value;

use crate::shell::{has, home, run, skipped_unless, succeeds, text};

const PASSPHRASE: &str = "correct horse";
const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";
const PROFILES: [&str; 2] = ["modern", "compatible"];

/// A folder with a passphrase in a file.
struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { home: home() };
        fs::write(desk.at("passphrase"), format!("{PASSPHRASE}\n")).expect("written");
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    /// The tool, which must succeed.
    fn tool(&self, arguments: &[&str]) -> Vec<u8> {
        let secret = self.path("passphrase");
        let output = run(self.home.path(), &[arguments, &["--passphrase-file", &secret]].concat());
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
        output.stdout
    }

    /// The fixtures' certificate and key as a PKCS #12 file of this profile, their issuer with them.
    fn packed(&self, profile: &str) -> String {
        let out = self.path(&format!("{profile}.p12"));
        let (certificate, key) = ("fixtures/papers/renewal-after.pem", "fixtures/papers/private-key.pem");
        let trust = ["--authorities", "fixtures/papers/authorities.pem"];
        let chain = ["--chain", "fixtures/papers/authority-certificate.pem"];
        let pack = ["p12", "pack", certificate, "--key", key, "--out", &out, "--profile", profile];
        self.tool(&[&pack[..], &trust, &chain].concat());
        out
    }

    /// What the tool finds inside a PKCS #12 file: the key's public half, if it opens.
    fn inside(&self, file: &str) -> Value {
        let found = self.tool(&["inspect", file, "-o", "json"]);
        let line: Value = serde_json::from_slice(&found).expect("JSON");
        assert_eq!((line["kind"].as_str(), line["pkcs12"]["opened"].as_bool()), (Some("pkcs12"), Some(true)), "{line}");
        line
    }

    /// That our own certificate and key come out of this file.
    fn holds_ours(&self, file: &str) {
        let line = self.inside(file);
        let key = &line["certificate"]["public_key_sha256"];
        assert!(key.is_string() && *key == line["pkcs12"]["public_key_sha256"], "{file}: {line}");
        assert_eq!(line["certificate"]["topic"], TOPIC, "{file}");
    }
}

fn openssl(arguments: &[&str]) -> String {
    text(&succeeds(Command::new("openssl").args(arguments)))
}

fn python(script: &str, arguments: &[&str]) -> String {
    text(&succeeds(Command::new("python3").args(["-c", script]).args(arguments)))
}

/// Whether Python has the library.
fn has_cryptography() -> bool {
    let found = Command::new("python3").args(["-c", "import cryptography"]).output();
    skipped_unless(found.is_ok_and(|output| output.status.success()), "Python's cryptography")
}

#[test]
fn openssl_reads_our_pkcs12_files() {
    if !has("openssl") {
        return;
    }
    let desk = Desk::new();
    for profile in PROFILES {
        let file = desk.packed(profile);
        let shown = openssl(&["pkcs12", "-in", &file, "-passin", "pass:correct horse", "-noenc"]);
        assert_eq!(shown.matches(&format!("friendlyName: {TOPIC}")).count(), 2, "key and certificate: {shown}");
        assert_eq!(shown.matches("BEGIN CERTIFICATE").count(), 2, "with its issuer");
        let info = Command::new("openssl")
            .args(["pkcs12", "-in", &file, "-passin", "pass:correct horse", "-info", "-noout"])
            .output()
            .expect("openssl runs");
        let info = text(&info.stderr);
        let wanted: &[&str] = match profile {
            "modern" => {
                &["MAC: sha256, Iteration 600000", "PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256"]
            }
            _ => &["MAC: sha1, Iteration 10000", "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 10000"],
        };
        assert!(wanted.iter().all(|part| info.contains(part)), "{info}");
    }
}

#[test]
fn gnutls_reads_our_pkcs12_files_and_keys() {
    if !has("certtool") {
        return;
    }
    let desk = Desk::new();
    for profile in PROFILES {
        let file = desk.packed(profile);
        let shown = succeeds(Command::new("certtool").args([
            "--p12-info",
            "--inder",
            "--infile",
            &file,
            "--password",
            PASSPHRASE,
        ]));
        let shown = text(&shown);
        assert!(shown.contains("BEGIN CERTIFICATE") && shown.contains(TOPIC), "{shown}");
    }
    let out = desk.path("own");
    desk.tool(&["csr", "new", "--out", &out, "--country", "NL"]);
    let key = format!("{out}/private-key.pem");
    let shown = succeeds(Command::new("certtool").args(["--key-info", "--infile", &key, "--password", PASSPHRASE]));
    assert!(text(&shown).contains("RSA"), "{}", text(&shown));
    let shown = succeeds(Command::new("certtool").args(["--crq-info", "--infile", &format!("{out}/request.csr")]));
    assert!(text(&shown).contains("Self signature: verified"), "{}", text(&shown));
}

#[test]
fn java_reads_our_pkcs12_files_and_requests() {
    if !has("keytool") {
        return;
    }
    let desk = Desk::new();
    for profile in PROFILES {
        let file = desk.packed(profile);
        let shown = succeeds(Command::new("keytool").args([
            "-list",
            "-v",
            "-storetype",
            "PKCS12",
            "-keystore",
            &file,
            "-storepass",
            PASSPHRASE,
        ]));
        let shown = text(&shown);
        for part in ["PrivateKeyEntry", TOPIC, "Certificate chain length: 2"] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
    }
    let out = desk.path("own");
    desk.tool(&["csr", "new", "--out", &out, "--country", "NL", "--organization", "Zoë"]);
    let shown = succeeds(Command::new("keytool").args(["-printcertreq", "-file", &format!("{out}/request.csr")]));
    assert!(text(&shown).contains("C=NL"), "{}", text(&shown));
}

#[test]
fn nss_reads_our_pkcs12_files_and_we_read_its() {
    if !has("pk12util") || !has("certutil") {
        return;
    }
    let desk = Desk::new();
    let base = format!("sql:{}", desk.path("nss"));
    fs::create_dir(desk.at("nss")).expect("a folder");
    succeeds(Command::new("certutil").args(["-N", "-d", &base, "--empty-password"]));
    for profile in PROFILES {
        let file = desk.packed(profile);
        let shown = succeeds(Command::new("pk12util").args(["-l", &file, "-W", PASSPHRASE]));
        assert!(text(&shown).contains(TOPIC), "{}", text(&shown));
    }
    let file = desk.path("modern.p12");
    succeeds(Command::new("pk12util").args(["-i", &file, "-W", PASSPHRASE, "-d", &base, "-K", ""]));
    let theirs = desk.path("nss.p12");
    succeeds(Command::new("pk12util").args(["-o", &theirs, "-n", TOPIC, "-W", PASSPHRASE, "-d", &base, "-K", ""]));
    assert_eq!(&fs::read(&theirs).expect("a file")[..2], b"\x30\x80", "NSS writes BER of indefinite length");
    desk.holds_ours(&theirs);
}

#[test]
fn python_reads_our_pkcs12_files_keys_and_requests() {
    if !has("python3") || !has_cryptography() {
        return;
    }
    let desk = Desk::new();
    for profile in PROFILES {
        let file = desk.packed(profile);
        let script = "import sys; from cryptography.hazmat.primitives.serialization import pkcs12; \
             p = pkcs12.load_pkcs12(open(sys.argv[1], 'rb').read(), sys.argv[2].encode()); \
             assert p.key.public_key().public_numbers() == p.cert.certificate.public_key().public_numbers(); \
             print(p.cert.friendly_name.decode(), len(p.additional_certs))";
        assert_eq!(python(script, &[&file, PASSPHRASE]).trim(), format!("{TOPIC} 1"));
    }
    let out = desk.path("own");
    desk.tool(&["csr", "new", "--out", &out, "--country", "NL", "--email", "push@example.com"]);
    let script = "import sys; from cryptography import x509; \
         from cryptography.hazmat.primitives.serialization import load_pem_private_key; \
         k = load_pem_private_key(open(sys.argv[1] + '/private-key.pem', 'rb').read(), sys.argv[2].encode()); \
         r = x509.load_pem_x509_csr(open(sys.argv[1] + '/request.csr', 'rb').read()); \
         assert r.is_signature_valid and r.public_key().public_numbers() == k.public_key().public_numbers(); \
         print(k.key_size, r.subject.rfc4514_string(), r.signature_hash_algorithm.name)";
    let said = python(script, &[&out, PASSPHRASE]);
    assert_eq!(said.trim(), "2048 1.2.840.113549.1.9.1=push@example.com,CN=MDM push,C=NL sha256");
}

/// Files that OpenSSL writes, in every way that it is asked to in the field.
#[test]
fn we_read_openssls_pkcs12_files() {
    if !has("openssl") {
        return;
    }
    let desk = Desk::new();
    let ways: [&[&str]; 9] = [
        &[],
        &["-legacy"],
        &["-legacy", "-keypbe", "RC2-40-CBC", "-certpbe", "RC2-40-CBC"],
        &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        &["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha512"],
        &["-keypbe", "DES-EDE3-CBC", "-certpbe", "DES-EDE3-CBC"],
        &["-certpbe", "NONE"],
        &["-keypbe", "NONE", "-certpbe", "NONE"],
        &["-nomac"],
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let file = desk.path(&format!("{number}.p12"));
        let export = [
            "pkcs12",
            "-export",
            "-in",
            "fixtures/papers/renewal-after.pem",
            "-inkey",
            "fixtures/papers/private-key.pem",
            "-passout",
            "pass:correct horse",
            "-out",
            &file,
        ];
        openssl(&[&export[..], way].concat());
        desk.holds_ours(&file);
    }
    for (number, cipher) in ["aes256", "des3"].into_iter().enumerate() {
        let key = desk.path(&format!("{number}.key"));
        let sealed = ["-in", "fixtures/papers/private-key.pem", "-passout", "pass:correct horse", "-out", &key];
        openssl(&[&["rsa", "-traditional", &format!("-{cipher}")], &sealed[..]].concat());
        let check = ["check", "fixtures/papers/renewal-after.pem", "--key", &key, "--at", "2026-06-01"];
        desk.tool(&[&check[..], &["--authorities", "fixtures/papers/authorities.pem"]].concat());
    }
}

#[test]
fn we_read_gnutlss_pkcs12_files() {
    if !has("certtool") {
        return;
    }
    let desk = Desk::new();
    for cipher in ["aes-128", "aes-256", "3des-pkcs12", "3des", "rc2-40"] {
        let file = desk.path(&format!("{cipher}.p12"));
        succeeds(Command::new("certtool").args([
            "--to-p12",
            "--load-certificate",
            "fixtures/papers/renewal-after.pem",
            "--load-privkey",
            "fixtures/papers/private-key.pem",
            "--p12-name",
            "push",
            "--outder",
            "--password",
            PASSPHRASE,
            "--pkcs-cipher",
            cipher,
            "--outfile",
            &file,
        ]));
        desk.holds_ours(&file);
    }
}

#[test]
fn we_read_javas_pkcs12_files() {
    if !has("keytool") {
        return;
    }
    let desk = Desk::new();
    for (name, options) in [("today", &[][..]), ("legacy", &["-J-Dkeystore.pkcs12.legacy"])] {
        let (ours, theirs) = (desk.path("modern.p12"), desk.path(&format!("{name}.p12")));
        if !Path::new(&ours).exists() {
            desk.packed("modern");
        }
        succeeds(
            Command::new("keytool")
                .args(options)
                .args([
                    "-importkeystore",
                    "-srckeystore",
                    &ours,
                    "-srcstoretype",
                    "PKCS12",
                    "-srcstorepass",
                    PASSPHRASE,
                ])
                .args(["-destkeystore", &theirs, "-deststoretype", "PKCS12", "-deststorepass", PASSPHRASE]),
        );
        desk.holds_ours(&theirs);
    }
}

#[test]
fn we_read_pythons_pkcs12_files() {
    if !has("python3") || !has_cryptography() {
        return;
    }
    let desk = Desk::new();
    let script = "import sys; from cryptography import x509; \
         from cryptography.hazmat.primitives.serialization import pkcs12, load_pem_private_key, BestAvailableEncryption; \
         k = load_pem_private_key(open('fixtures/papers/private-key.pem', 'rb').read(), None); \
         c = x509.load_pem_x509_certificate(open('fixtures/papers/renewal-after.pem', 'rb').read()); \
         open(sys.argv[1], 'wb').write(pkcs12.serialize_key_and_certificates(b'push', k, c, None, \
         BestAvailableEncryption(sys.argv[2].encode())))";
    let file = desk.path("python.p12");
    python(script, &[&file, PASSPHRASE]);
    desk.holds_ours(&file);
}

/// A request that the fixtures' vendor signed, when its certificate was in date.
fn signed_by_the_vendor() -> Vec<u8> {
    let read = |name: &str| fs::read(Path::new("fixtures/papers").join(name)).expect("a fixture");
    let chain = [read("vendor-chain.pem"), read("vendor.pem")].concat();
    let (Paper::Certificates { leaves, authorities, .. }, Paper::Csr(csr)) =
        (recognise(&chain), recognise(&read("bare.csr")))
    else {
        panic!("the fixtures are what they were");
    };
    let key = PrivateKey::read(&read("vendor.key"), None).expect("a key");
    let trusted = Authorities::from_pem(&read("authorities.pem")).expect("authorities");
    let vendor = Vendor::new(&[leaves, authorities].concat(), key).expect("a vendor");
    vendor.sign(&csr, &trusted, Time::parse("2026-06-01").expect("a date")).expect("signed")
}

/// The upload form, octet by octet: the layout that Apple is known to have taken, on one line, the chain first.
#[test]
fn the_upload_form_is_what_it_is_said_to_be() {
    let form = signed_by_the_vendor();
    let xml = BASE64_STANDARD.decode(&form).expect("base64 on one line, and nothing behind it");
    let xml = String::from_utf8(xml).expect("UTF-8");
    let between = |from: &str, to: &str| xml.split(from).nth(1).and_then(|rest| rest.split(to).next()).expect("a part");
    let value = |key: &str| between(&format!("<key>{key}</key>\n\t<string>"), "</string>");
    let read = |name: &str| fs::read(Path::new("fixtures/papers").join(name)).expect("a fixture");
    let Paper::Csr(csr) = recognise(&read("bare.csr")) else { panic!("a signing request") };
    assert_eq!(value("PushCertRequestCSR"), BASE64_STANDARD.encode(&csr.der));
    let (chain, signature) = (value("PushCertCertificateChain"), value("PushCertSignature"));
    assert!(chain.lines().all(|line| line.len() <= 64), "PEM in lines of 64: {chain}");
    assert_eq!(signature.len(), 344, "256 octets of an RSA signature, on one line");
    assert_eq!(
        xml,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <plist version=\"1.0\">\n<dict>\n\
             \t<key>PushCertCertificateChain</key>\n\t<string>{chain}</string>\n\
             \t<key>PushCertRequestCSR</key>\n\t<string>{}</string>\n\
             \t<key>PushCertSignature</key>\n\t<string>{signature}</string>\n\
             </dict>\n</plist>",
            BASE64_STANDARD.encode(&csr.der)
        )
    );
    assert_eq!(form, signed_by_the_vendor(), "the same request gives the same form");
}

/// The upload form, taken apart by Python's property lists and verified by OpenSSL.
#[test]
fn others_verify_a_request_that_we_signed() {
    if !has("python3") || !has("openssl") {
        return;
    }
    let desk = Desk::new();
    let (form, parts) = (desk.path("signed.txt"), desk.path("parts"));
    fs::create_dir(desk.at("parts")).expect("a folder");
    fs::write(&form, signed_by_the_vendor()).expect("written");
    let script = "import base64, plistlib, sys; \
         raw = open(sys.argv[1], 'rb').read(); assert b'\\n' not in raw; \
         p = plistlib.loads(base64.b64decode(raw, validate=True)); \
         assert sorted(p) == ['PushCertCertificateChain', 'PushCertRequestCSR', 'PushCertSignature'], sorted(p); \
         assert all(type(v) is str for v in p.values()); d = sys.argv[2]; \
         open(d + '/csr.der', 'wb').write(base64.b64decode(p['PushCertRequestCSR'], validate=True)); \
         open(d + '/signature', 'wb').write(base64.b64decode(p['PushCertSignature'], validate=True)); \
         chain = p['PushCertCertificateChain'].split('-----BEGIN'); assert len(chain) == 4, len(chain); \
         [open(d + '/' + str(n) + '.pem', 'w').write('-----BEGIN' + c) for n, c in enumerate(chain[1:])]";
    python(script, &[&form, &parts]);
    let part = |name: &str| format!("{parts}/{name}");
    openssl(&["req", "-inform", "DER", "-in", &part("csr.der"), "-verify", "-noout"]);
    openssl(&["x509", "-in", &part("0.pem"), "-pubkey", "-noout", "-out", &part("vendor.pub")]);
    openssl(&["dgst", "-sha256", "-verify", &part("vendor.pub"), "-signature", &part("signature"), &part("csr.der")]);
    let at = ["-attime", "1780272000"];
    openssl(
        &[&["verify"], &at[..], &["-CAfile", &part("2.pem"), "-untrusted", &part("1.pem"), &part("0.pem")]].concat(),
    );
}

/// The signatures of every push certificate of the fixtures: OpenSSL and we agree, one by one.
#[test]
fn openssl_agrees_on_every_chain() {
    if !has("openssl") {
        return;
    }
    let desk = Desk::new();
    let trust = ["--authorities", "fixtures/papers/authorities.pem", "--at", "2026-06-01", "-o", "json"];
    let mut compared = 0;
    for entry in fs::read_dir("fixtures/papers").expect("fixtures").flatten() {
        let path = entry.path().display().to_string();
        let output = run(desk.home.path(), &[&["check", &path][..], &trust].concat());
        let line: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let name = entry.file_name().into_string().expect("a name");
        if line["kind"] != "push-certificate" || name.contains("utf16") || name.contains("base64") {
            continue;
        }
        let codes: Vec<_> = line["findings"].as_array().expect("findings").iter().map(|found| &found["code"]).collect();
        let ours = !codes
            .iter()
            .any(|code| ["signature-invalid", "not-apple", "issuer-unverified"].iter().any(|bad| *code == bad));
        let theirs = Command::new("openssl")
            .args([
                "verify",
                "-no_check_time",
                "-CAfile",
                "fixtures/papers/authorities.pem",
                "-untrusted",
                &path,
                &path,
            ])
            .output()
            .expect("openssl runs");
        assert_eq!(ours, theirs.status.success(), "{name}: {}", text(&theirs.stderr));
        compared += 1;
    }
    assert!(compared > 25, "{compared}");
}
