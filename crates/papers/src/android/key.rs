//! The key file of a service account, judged by what is in it. How long the key lives, what it may do and whether it was
//! revoked is not in the file, so nothing here says so.

use serde::Serialize;

use super::wrong::instead;
use crate::{
    Code, Finding, Fingerprint, Kind, PrivateKey, Secret,
    certificate::Key,
    escape::printable,
    json::{Member, member, members, repeated, string},
    judge::Judged,
};

/// The texts without which a key cannot be used.
const NEEDED: [&str; 6] = ["project_id", "private_key_id", "private_key", "client_email", "client_id", "token_uri"];

/// What Google writes after an account's name.
const SUFFIX: &str = ".iam.gserviceaccount.com";

const MAKE_ANEW: &str = "make a new key in Google's console, and take the file as it is downloaded";

/// What is known of a service account's key, its private half left out.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceAccountFacts {
    /// The project.
    pub project_id: Option<String>,
    /// The account's address.
    pub client_email: Option<String>,
    /// The key's name.
    pub key_id: Option<String>,
    /// The kind of key, in words.
    pub key: Option<String>,
    /// SHA-256 of the DER SubjectPublicKeyInfo of its public half.
    pub public_key_sha256: Option<Fingerprint>,
}

/// A key that can be used: what the online checks need of it.
#[derive(Clone, Debug)]
pub struct ServiceAccountKey {
    /// The account's address.
    pub client_email: String,
    /// The key's name.
    pub key_id: String,
    /// Where tokens are given.
    pub token_uri: String,
    /// Where the public certificates are.
    pub certificate_url: Option<String>,
    /// The key.
    pub key: PrivateKey,
}

/// Judges a key file. Where it can be used, the key comes with the judgement.
pub fn judge_key(bytes: &[u8]) -> (Judged, Option<ServiceAccountKey>) {
    let unread = |kind, code, message: &'static str, remedy: &'static str| {
        (Judged::only(kind, vec![Finding::new(code, message, remedy)]), None)
    };
    let bring = "bring the JSON file that Google's console gave when the key was made";
    if bytes.trim_ascii().is_empty() {
        return unread(Kind::Empty, Code::EmptyFile, "there is nothing in it", bring);
    }
    if bytes.trim_ascii_start().starts_with(b"<") {
        return unread(Kind::Html, Code::HtmlPage, "it is a page of HTML under another name", bring);
    }
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.trim_start().starts_with('{')) else {
        return unread(Kind::Unknown, Code::UnknownKind, "it is no JSON object in UTF-8", bring);
    };
    let Some(members) = members(text) else {
        return unread(Kind::Json, Code::Damaged, "it begins like JSON, and cannot be read to its end", bring);
    };
    judge_members(&members)
}

fn judge_members(members: &[Member<'_>]) -> (Judged, Option<ServiceAccountKey>) {
    if let Some(finding) = instead(members) {
        return (Judged::only(Kind::Json, vec![finding]), None);
    }
    let fields = Fields(members);
    let mut findings = fields.missing();
    let key = fields.key().map_err(|finding| findings.extend(finding)).ok();
    findings.extend(fields.patterns());
    let mut judged = Judged::only(Kind::ServiceAccountKey, findings);
    judged.service_account = Some(fields.facts(key.as_ref()));
    let usable = key.and_then(|key| fields.usable(key));
    (judged, usable)
}

struct Fields<'m>(&'m [Member<'m>]);

impl Fields<'_> {
    /// A text that is there and not empty.
    fn text(&self, name: &str) -> Option<String> {
        member(self.0, name).and_then(string).filter(|text| !text.trim().is_empty())
    }

    fn missing(&self) -> Vec<Finding> {
        let mut found = vec![];
        if let Some(twice) = repeated(self.0) {
            let message = format!("the field {} stands there more than once", printable(twice));
            found.push(Finding::new(Code::KeyFieldRepeated, message, MAKE_ANEW));
        }
        let missing: Vec<_> = NEEDED.into_iter().filter(|name| self.text(name).is_none()).collect();
        if !missing.is_empty() {
            let message = format!("it has no text under {}", missing.join(", "));
            found.push(Finding::new(Code::KeyFieldMissing, message, MAKE_ANEW));
        }
        found
    }

    /// The private key; or what is wrong with it, if anything is there.
    fn key(&self) -> Result<PrivateKey, Option<Finding>> {
        let pem = Secret::new(self.text("private_key").ok_or(None)?);
        if pem.reveal().contains("\\n") {
            let message = "the line ends of the private key are written as \\\\n: the file was put through a program that escaped them once more";
            return Err(Some(Finding::new(Code::NewlinesEscaped, message, MAKE_ANEW)));
        }
        let damaged = |why: &str| {
            let message = format!("the private key in it cannot be used: {why}");
            Some(Finding::new(Code::PrivateKeyDamaged, message, MAKE_ANEW))
        };
        if pem.reveal().matches("-----BEGIN ").count() != 1 || !pem.reveal().contains("-----BEGIN PRIVATE KEY-----") {
            return Err(damaged("it is not one PKCS #8 block of PEM, as Google writes it"));
        }
        let key = PrivateKey::read(pem.reveal().as_bytes(), None).map_err(|error| damaged(&error.to_string()))?;
        if key.kind.is_strong() { Ok(key) } else { Err(Some(weak(key.kind))) }
    }

    /// Patterns that today's files follow. Older accounts, and those of a domain's own, look different.
    fn patterns(&self) -> Vec<Finding> {
        let mut found = vec![];
        let email = self.text("client_email").unwrap_or_default();
        match email.strip_suffix(SUFFIX).and_then(|rest| rest.split_once('@')) {
            _ if email.is_empty() => {}
            Some((_, project)) => found.extend(self.project_differs(project)),
            None => found.push(
                Finding::new(
                    Code::AccountAddress,
                    "the account's address does not look like name@project.iam.gserviceaccount.com",
                    "older accounts look different; compare it with the list of service accounts",
                )
                .comparing(format!("…@…{SUFFIX}"), printable(&email)),
            ),
        }
        found.extend(self.numbers());
        found.extend(self.addresses(&email));
        found
    }

    fn project_differs(&self, project: &str) -> Option<Finding> {
        let named = self.text("project_id").filter(|named| named != project)?;
        let message = "the account's address names another project than the file";
        let remedy = "look that nobody has changed the file by hand; accounts of a domain's own project look so, too";
        Some(Finding::new(Code::ProjectDiffers, message, remedy).comparing(printable(&named), printable(project)))
    }

    fn numbers(&self) -> Vec<Finding> {
        let mut found = vec![];
        if self.text("client_id").is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
            let message = "the account's number (client_id) is not made of digits";
            found.push(Finding::new(Code::AccountNumber, message, "look that nobody has changed the file by hand"));
        }
        if self.text("private_key_id").is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            let message = "the key's name (private_key_id) is not hexadecimal";
            found.push(Finding::new(Code::KeyName, message, "look that nobody has changed the file by hand"));
        }
        found
    }

    fn addresses(&self, email: &str) -> Vec<Finding> {
        let mut found = vec![];
        if let Some(uri) = self.text("token_uri").filter(|uri| !is_googles(uri)) {
            let message = "the file would have its key shown to a host that is not Google's";
            let remedy = "do not use it before you know who has changed it: take a fresh file from Google's console";
            let expected = "https://oauth2.googleapis.com/token";
            found.push(Finding::new(Code::TokenAddress, message, remedy).comparing(expected, printable(&uri)));
        }
        let url = self.text("client_x509_cert_url");
        if let Some(url) = url.filter(|url| !is_googles(url) || !url.ends_with(&percent_encoded(email))) {
            let message = "the address of the public certificates is not Google's for this account";
            let remedy = "look that nobody has changed the file by hand";
            let expected = format!("https://www.googleapis.com/robot/v1/metadata/x509/{}", percent_encoded(email));
            found.push(Finding::new(Code::CertificateAddress, message, remedy).comparing(expected, printable(&url)));
        }
        found
    }

    fn facts(&self, key: Option<&PrivateKey>) -> ServiceAccountFacts {
        let shown = |name| self.text(name).map(|text| printable(&text));
        ServiceAccountFacts {
            project_id: shown("project_id"),
            client_email: shown("client_email"),
            key_id: shown("private_key_id"),
            key: key.map(|key| key.kind.words()),
            public_key_sha256: key.map(PrivateKey::public_key_sha256),
        }
    }

    fn usable(&self, key: PrivateKey) -> Option<ServiceAccountKey> {
        Some(ServiceAccountKey {
            client_email: self.text("client_email")?,
            key_id: self.text("private_key_id")?,
            token_uri: self.text("token_uri")?,
            certificate_url: self.text("client_x509_cert_url"),
            key,
        })
    }
}

fn weak(key: Key) -> Finding {
    let message = "the private key is not RSA of at least 2048 bits";
    Finding::new(Code::WeakKey, message, MAKE_ANEW).comparing("RSA of 2048 bits", key.words())
}

/// Whether an address is by https on a host of Google's.
pub fn is_googles(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let below = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    below("googleapis.com") || below("google.com")
}

/// An address as a segment of a path, as Google writes it: everything but letters, digits and `-._~` in hexadecimal.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
