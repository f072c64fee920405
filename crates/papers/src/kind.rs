//! What is this file? One recogniser for everything that a person may hand over: by content, never by name.

use base64::Engine;
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use crate::{
    certificate::Certificate,
    der::{self, element},
    pem::{self, DamagedBlock, pem},
    property_list,
    request::{Csr, PushRequest, unwrap},
    text,
};

/// The kinds of file that are told apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A push certificate for device management.
    PushCertificate,
    /// A request for one, signed by an MDM vendor.
    PushRequest,
    /// A bare signing request.
    Csr,
    /// A PKCS #12 file.
    Pkcs12,
    /// A private key.
    PrivateKey,
    /// The certificate of an MDM vendor.
    VendorCertificate,
    /// The push certificate of an app.
    AppPushCertificate,
    /// The certificate of an authority.
    AuthorityCertificate,
    /// Any other certificate.
    OtherCertificate,
    /// A web page.
    Html,
    /// JSON.
    Json,
    /// Some property list.
    Plist,
    /// A managed app configuration, in any form.
    ManagedAppConfiguration,
    /// The key of a Google service account.
    ServiceAccountKey,
    /// Nothing.
    Empty,
    /// Something else.
    Unknown,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::PushCertificate,
        Self::PushRequest,
        Self::Csr,
        Self::Pkcs12,
        Self::PrivateKey,
        Self::VendorCertificate,
        Self::AppPushCertificate,
        Self::AuthorityCertificate,
        Self::OtherCertificate,
        Self::Html,
        Self::Json,
        Self::Plist,
        Self::ManagedAppConfiguration,
        Self::ServiceAccountKey,
        Self::Empty,
        Self::Unknown,
    ];

    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PushCertificate => "push-certificate",
            Self::PushRequest => "push-request",
            Self::Csr => "csr",
            Self::Pkcs12 => "pkcs12",
            Self::PrivateKey => "private-key",
            Self::VendorCertificate => "vendor-certificate",
            Self::AppPushCertificate => "app-push-certificate",
            Self::AuthorityCertificate => "authority-certificate",
            Self::OtherCertificate => "other-certificate",
            Self::Html => "html",
            Self::Json => "json",
            Self::Plist => "plist",
            Self::ManagedAppConfiguration => "managed-app-configuration",
            Self::ServiceAccountKey => "service-account-key",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }
}

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Paper {
    /// Certificates, perhaps with a private key beside them.
    Certificates {
        /// Those that are no authority's.
        leaves: Vec<Certificate>,
        /// Those of authorities.
        authorities: Vec<Certificate>,
        /// Whether a private key stands beside them.
        key_beside: bool,
    },
    /// A push certificate request.
    Request(Box<PushRequest>),
    /// A bare signing request.
    Csr(Box<Csr>),
    /// A private key.
    PrivateKey {
        /// Whether a passphrase protects it.
        encrypted: bool,
    },
    /// A PKCS #12 file: its bytes, taken out of whatever was wrapped around them.
    Pkcs12(Vec<u8>),
    /// A message encrypted for somebody (RFC 5652), such as mdmcert.download's reply.
    Sealed,
    /// A web page.
    Html,
    /// JSON.
    Json,
    /// Some other property list.
    Plist,
    /// Nothing.
    Empty,
    /// It begins like a paper that we know, and cannot be read to its end.
    Damaged {
        /// What it began as.
        like: &'static str,
    },
    /// Something else; a word on what it looks like, where it looks like something.
    Unknown {
        /// What it looks like.
        like: Option<&'static str>,
    },
}

impl Paper {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Certificates { leaves, authorities, .. } => match (leaves.first(), authorities.first()) {
                (Some(leaf), _) => kind_of(leaf),
                (None, Some(_)) => Kind::AuthorityCertificate,
                (None, None) => Kind::Unknown,
            },
            Self::Request(_) => Kind::PushRequest,
            Self::Csr(_) => Kind::Csr,
            Self::PrivateKey { .. } => Kind::PrivateKey,
            Self::Pkcs12(_) => Kind::Pkcs12,
            Self::Html => Kind::Html,
            Self::Json => Kind::Json,
            Self::Plist => Kind::Plist,
            Self::Empty => Kind::Empty,
            Self::Sealed | Self::Damaged { .. } | Self::Unknown { .. } => Kind::Unknown,
        }
    }
}

/// The one certificate in these bytes that is no authority's, alone and in PEM: what a server gets of a file that people
/// have. `None` where there is none, or more than one.
pub fn leaf_alone(bytes: &[u8]) -> Option<String> {
    match recognise(bytes) {
        Paper::Certificates { leaves, .. } => match leaves.as_slice() {
            [leaf] => Some(pem("CERTIFICATE", &leaf.der)),
            _ => None,
        },
        _ => None,
    }
}

/// The kind of a certificate that is no authority's.
pub(crate) fn kind_of(leaf: &Certificate) -> Kind {
    let named = |words: &[&str]| {
        leaf.common_name.as_deref().is_some_and(|name| words.iter().any(|word| name.starts_with(word)))
    };
    if leaf.vendor {
        Kind::VendorCertificate
    } else if leaf.topic().is_some() || named(&["APSP:"]) {
        Kind::PushCertificate
    } else if leaf.topic_list
        || named(&[
            "Apple Push Services:",
            "Apple Development IOS Push Services:",
            "Apple Production IOS Push Services:",
        ])
    {
        Kind::AppPushCertificate
    } else if leaf.production_push || leaf.development_push {
        Kind::PushCertificate
    } else {
        Kind::OtherCertificate
    }
}

/// What these bytes are.
pub fn recognise(bytes: &[u8]) -> Paper {
    let (plain, _) = text::plain(bytes);
    if plain.trim_ascii().is_empty() {
        return Paper::Empty;
    }
    if plain.first() == Some(&0x30) {
        return der(&plain);
    }
    if let Some(like) = magic(&plain) {
        return Paper::Unknown { like: Some(like) };
    }
    let text = std::str::from_utf8(&plain);
    // Most files are PEM, and begin with it. Elsewhere a property list may hold PEM, so it goes before.
    if let Some(text) = text.ok().filter(|text| text.starts_with("-----BEGIN ")) {
        return blocks(text);
    }
    if let Some((list, wrapping)) = unwrap(bytes) {
        return PushRequest::from_plist(&list, wrapping)
            .map_or(Paper::Plist, |request| Paper::Request(Box::new(request)));
    }
    if property_list::is_binary(&plain) {
        return Paper::Plist;
    }
    let Ok(text) = text else { return Paper::Unknown { like: None } };
    framed(text).unwrap_or_else(|| if text.contains("-----BEGIN ") { blocks(text) } else { words(text.trim()) })
}

/// Text in a form of its own, which may hold PEM only in that form.
fn framed(text: &str) -> Option<Paper> {
    let text = text.trim();
    if text.starts_with("{\\rtf") {
        return Some(Paper::Unknown { like: Some(RTF) });
    }
    let whole = text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    whole.then_some(Paper::Json)
}

/// DER, by what it is inside.
fn der(bytes: &[u8]) -> Paper {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        return certificates(vec![certificate], false);
    }
    if let Ok(csr) = Csr::from_der(bytes) {
        return Paper::Csr(Box::new(csr));
    }
    match shape(bytes) {
        Some(Shape::Pkcs12) => Paper::Pkcs12(bytes.to_vec()),
        Some(Shape::Key { encrypted }) => Paper::PrivateKey { encrypted },
        Some(Shape::Signed) => Paper::Unknown { like: Some(PKCS7) },
        Some(Shape::Sealed) => Paper::Sealed,
        None => Paper::Damaged { like: "a certificate" },
    }
}

/// What a DER or BER sequence that is neither certificate nor request begins like.
enum Shape {
    Pkcs12,
    Key { encrypted: bool },
    Signed,
    Sealed,
}

/// What these look like.
pub(crate) const PKCS7: &str = "a PKCS #7 file";
pub(crate) const RTF: &str = "an RTF document";
pub(crate) const ZIP: &str = "a ZIP archive";

/// 1.2.840.113549.1.7.2 — signedData (RFC 5652).
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.7.3 — envelopedData (RFC 5652).
const ENVELOPED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];

/// Looks at the first elements only.
fn shape(bytes: &[u8]) -> Option<Shape> {
    let (inside, _) = element(bytes, 0x30)?;
    // A version first: PFX has 3 (RFC 7292), PKCS #8 and PKCS #1 keys 0 or 1, SEC1 keys 1.
    if let Some((version, rest)) = element(inside, 0x02) {
        return match (version, rest.first()) {
            ([3], Some(0x30)) => Some(Shape::Pkcs12),
            ([0 | 1], Some(0x30 | 0x02 | 0x04)) => Some(Shape::Key { encrypted: false }),
            _ => None,
        };
    }
    if let Some((oid, _)) = element(inside, 0x06) {
        return match oid {
            _ if oid == SIGNED_DATA => Some(Shape::Signed),
            _ if oid == ENVELOPED_DATA => Some(Shape::Sealed),
            _ => None,
        };
    }
    // An algorithm and an octet string, and nothing else: EncryptedPrivateKeyInfo (RFC 5958).
    let (_, rest) = element(inside, 0x30)?;
    let (_, rest) = element(rest, 0x04)?;
    rest.is_empty().then_some(Shape::Key { encrypted: true })
}

fn blocks(text: &str) -> Paper {
    let blocks = match pem::blocks(text) {
        Ok(blocks) if blocks.is_empty() => return Paper::Damaged { like: "a PEM file" },
        Ok(blocks) => blocks,
        Err(DamagedBlock(label)) => return Paper::Damaged { like: like(&label) },
    };
    let key = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY"));
    let mut found = vec![];
    for block in &blocks {
        let der = match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => &block.der,
            "TRUSTED CERTIFICATE" => without_trust(&block.der),
            _ => continue,
        };
        match Certificate::from_der(der) {
            Ok(certificate) => found.push(certificate),
            Err(_) => return Paper::Damaged { like: "a certificate" },
        }
    }
    if !found.is_empty() {
        return certificates(found, key.is_some());
    }
    if let Some(key) = key {
        return Paper::PrivateKey { encrypted: key.encrypted };
    }
    let request = blocks.iter().find(|block| block.label.ends_with("CERTIFICATE REQUEST"));
    match request.map(|block| Csr::from_der(&block.der)) {
        Some(Ok(csr)) => Paper::Csr(Box::new(csr)),
        Some(Err(_)) => Paper::Damaged { like: "a certificate signing request" },
        None if blocks.iter().any(|block| matches!(block.label.as_str(), "PKCS7" | "CMS")) => {
            Paper::Unknown { like: Some(PKCS7) }
        }
        None => Paper::Unknown { like: Some("a PEM file of another kind") },
    }
}

/// OpenSSL notes behind a certificate what it is trusted for.
fn without_trust(der: &[u8]) -> &[u8] {
    der::read(der).map_or(der, |(_, trust)| &der[..der.len() - trust.len()])
}

fn like(label: &str) -> &'static str {
    match label {
        _ if label.ends_with("PRIVATE KEY") => "a private key",
        _ if label.ends_with("REQUEST") => "a certificate signing request",
        _ if label.ends_with("CERTIFICATE") => "a certificate",
        _ => "a PEM file",
    }
}

fn certificates(found: Vec<Certificate>, key_beside: bool) -> Paper {
    let (authorities, leaves) = found.into_iter().partition(|certificate| certificate.is_authority);
    Paper::Certificates { leaves, authorities, key_beside }
}

/// Text that is no PEM.
fn words(text: &str) -> Paper {
    let lower: String = text.chars().take(BEGINNING).collect::<String>().to_lowercase();
    if is_page(&lower) {
        return Paper::Html;
    }
    if text.starts_with(['{', '[']) {
        return Paper::Damaged { like: "JSON" };
    }
    if lower.starts_with("<?xml") || lower.starts_with("<plist") {
        return Paper::Damaged { like: "a property list" };
    }
    encoded(text).unwrap_or(Paper::Unknown { like: None })
}

/// The letters of a text that show what it is.
const BEGINNING: usize = 4096;

/// Whether this beginning of a text, in small letters, is that of a web page. Some begin in the middle.
fn is_page(lower: &str) -> bool {
    let tags = ["<html", "<head", "<body", "<script", "<title", "<meta"];
    lower.starts_with("<!doctype html") || lower.starts_with('<') && tags.iter().any(|tag| lower.contains(tag))
}

/// Base64 or hexadecimal digits without any frame: of DER, of PEM, or of a property list that was cut off.
fn encoded(text: &str) -> Option<Paper> {
    if let Some(inner) = hexadecimal(text.as_bytes()) {
        return (inner.first() == Some(&0x30)).then(|| der(&inner));
    }
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') || c.is_ascii_whitespace();
    if text.len() < 64 || !text.chars().all(is_base64) {
        return None;
    }
    let dense = pem::dense(text.as_bytes());
    // The beginning "<?xml" in base64: a request whose end is missing.
    if dense.starts_with(b"PD94bWwg") {
        return Some(Paper::Damaged { like: "a push certificate request" });
    }
    let inner = pem::BODY.decode(dense).ok()?;
    match std::str::from_utf8(&inner) {
        Ok(text) if text.starts_with("-----BEGIN ") => Some(blocks(text)),
        _ if property_list::is_binary(&inner) => Some(Paper::Plist),
        _ => (inner.first() == Some(&0x30)).then(|| der(&inner)),
    }
}

/// The octets that these hexadecimal digits write, white space between them left out; `None` for any other text.
pub(crate) fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let dense = pem::dense(text);
    if dense.is_empty() { None } else { HEXLOWER_PERMISSIVE.decode(&dense).ok() }
}

fn magic(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", ZIP),
        (b"PK\x05\x06", ZIP),
        (b"%PDF", "a PDF document"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x89PNG", "a picture"),
    ];
    known.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, like)| like)
}
