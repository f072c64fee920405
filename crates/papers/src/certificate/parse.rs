//! A certificate, read once: the fields that are judged, and the bytes that are kept.

use std::ops::Range;

use x509_parser::{der_parser::oid::Oid, extensions::ParsedExtension, prelude::*, public_key::PublicKey};

use super::{apple, signature::Method};
use crate::{Fingerprint, Serial, Time, Topic, der::element, escape::printable};

/// A certificate (RFC 5280).
#[derive(Clone, Debug)]
pub struct Certificate {
    /// All of it, as it came.
    pub der: Vec<u8>,
    /// The UID of the subject, whatever it says.
    pub user_id: Option<String>,
    /// The common name of the subject.
    pub common_name: Option<String>,
    /// The country of the subject.
    pub country: Option<String>,
    /// The serial number.
    pub serial: Serial,
    /// The issuer's name, for people.
    pub issuer: String,
    /// First second of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// SHA-256 of the DER.
    pub sha256: Fingerprint,
    /// SHA-256 of the DER SubjectPublicKeyInfo.
    pub public_key_sha256: Fingerprint,
    /// The kind of key.
    pub key: Key,
    /// Whether it is an authority's (basicConstraints).
    pub is_authority: bool,
    /// Whether it may authenticate a client; true where no extended key usage limits it.
    pub client_auth: bool,
    /// Apple's mark of production push.
    pub production_push: bool,
    /// Apple's mark of development push.
    pub development_push: bool,
    /// Apple's list of topics, which app push certificates carry.
    pub topic_list: bool,
    /// Apple's mark of an MDM vendor.
    pub vendor: bool,
    /// Which key issued it, by its own words (authorityKeyIdentifier).
    pub authority_key: Option<Vec<u8>>,
    /// The identifier of its key (subjectKeyIdentifier).
    pub subject_key: Option<Vec<u8>>,
    issuer_name: Range<usize>,
    subject_name: Range<usize>,
    spki: Range<usize>,
    signed: Range<usize>,
    signature: Range<usize>,
    method: Option<Method>,
}

/// The kind of a public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Key {
    /// RSA, with the bits of its modulus.
    Rsa(usize),
    /// On an elliptic curve, with the bits of the field.
    Elliptic(usize),
    /// Something else.
    Other,
}

impl Key {
    /// The kind of the key in a SubjectPublicKeyInfo.
    pub(crate) fn of(spki: &SubjectPublicKeyInfo<'_>) -> Self {
        match spki.parsed() {
            Ok(PublicKey::RSA(key)) => Self::Rsa(key.key_size()),
            Ok(PublicKey::EC(point)) => Self::Elliptic(point.key_size()),
            _ => Self::Other,
        }
    }

    /// Whether Apple's portal is known to take it: RSA of 2048 bits or more.
    pub const fn is_strong(self) -> bool {
        matches!(self, Self::Rsa(bits) if bits >= 2048)
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Rsa(bits) => format!("RSA of {bits} bits"),
            Self::Elliptic(bits) => format!("an elliptic curve of {bits} bits"),
            Self::Other => "a key of another kind".into(),
        }
    }
}

/// The bytes are no certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the bytes are not one whole certificate")]
pub struct ParseError;

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// [`ParseError`] when the bytes are not exactly one certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| ParseError)?;
        if !rest.is_empty() || !says_twice_how_it_is_signed(der) || parsed.signature_value.unused_bits != 0 {
            return Err(ParseError);
        }
        let extensions = Extensions::of(&parsed)?;
        let subject = parsed.subject();
        Ok(Self {
            user_id: attribute(subject, &apple::USER_ID),
            common_name: attribute(subject, &apple::COMMON_NAME),
            country: attribute(subject, &apple::COUNTRY),
            serial: Serial::new(parsed.raw_serial()),
            issuer: readable(parsed.issuer()),
            not_before: Time::from_unix(parsed.validity().not_before.timestamp()),
            not_after: Time::from_unix(parsed.validity().not_after.timestamp()),
            sha256: Fingerprint::of(der),
            public_key_sha256: Fingerprint::of(parsed.public_key().raw),
            key: Key::of(parsed.public_key()),
            is_authority: extensions.is_authority,
            client_auth: extensions.client_auth,
            production_push: extensions.has(&apple::PRODUCTION_PUSH),
            development_push: extensions.has(&apple::DEVELOPMENT_PUSH),
            topic_list: extensions.has(&apple::TOPIC_LIST),
            vendor: extensions.has(&apple::MDM_VENDOR),
            authority_key: extensions.authority_key,
            subject_key: extensions.subject_key,
            issuer_name: place(der, parsed.issuer().as_raw())?,
            subject_name: place(der, subject.as_raw())?,
            spki: place(der, parsed.public_key().raw)?,
            signed: place(der, parsed.tbs_certificate.as_ref())?,
            signature: place(der, &parsed.signature_value.data)?,
            method: Method::of(&parsed.signature_algorithm),
            der: der.to_vec(),
        })
    }

    /// The topic, if the UID is one.
    pub fn topic(&self) -> Option<Topic> {
        self.user_id.as_deref().and_then(|text| Topic::parse(text).ok())
    }

    /// The DER of the issuer's name.
    pub(crate) fn issuer_name(&self) -> &[u8] {
        &self.der[self.issuer_name.clone()]
    }

    /// The DER SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.der[self.spki.clone()]
    }

    /// The part that is signed, and the signature over it.
    fn signed(&self) -> (&[u8], &[u8]) {
        (&self.der[self.signed.clone()], &self.der[self.signature.clone()])
    }

    /// Whether the key in this DER SubjectPublicKeyInfo signed it.
    pub(crate) fn is_signed_by(&self, spki: &[u8]) -> bool {
        let (message, signature) = self.signed();
        super::signature::verifies(self.method, spki, message, signature)
    }

    /// Whether this authority signed it.
    pub(crate) fn is_signed_by_authority(&self, authority: &super::Authority) -> bool {
        let (message, signature) = self.signed();
        authority.key.signed(self.method, message, signature)
    }

    /// Whether it names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.der[self.issuer_name.clone()] == self.der[self.subject_name.clone()]
    }
}

/// Where a part of these bytes stands in them.
fn place(whole: &[u8], part: &[u8]) -> Result<Range<usize>, ParseError> {
    let begin = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    let range = begin..begin.wrapping_add(part.len());
    if whole.get(range.clone()) == Some(part) { Ok(range) } else { Err(ParseError) }
}

/// A certificate says how it is signed inside what is signed, and once more outside. The two must be the same bytes
/// (RFC 5280, 4.1.1.2), or what is outside could be changed unnoticed.
fn says_twice_how_it_is_signed(der: &[u8]) -> bool {
    let twice = || {
        let (inside, _) = element(der, 0x30)?;
        let (signed, rest) = element(inside, 0x30)?;
        // TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber, signature, … }
        let behind_version = element(signed, 0xa0).map_or(signed, |(_, behind)| behind);
        let (_, behind_serial) = element(behind_version, 0x02)?;
        Some(whole(behind_serial)? == whole(rest)?)
    };
    twice().unwrap_or(false)
}

/// The sequence at the beginning, with its header.
fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let (_, behind) = element(bytes, 0x30)?;
    Some(&bytes[..bytes.len() - behind.len()])
}

/// A certificate with more extensions is no paper of ours. Each is compared with those before it, so they are counted
/// first.
const MOST_EXTENSIONS: usize = 100;

/// What the extensions say.
struct Extensions<'a> {
    present: Vec<Oid<'a>>,
    is_authority: bool,
    client_auth: bool,
    authority_key: Option<Vec<u8>>,
    subject_key: Option<Vec<u8>>,
}

impl<'a> Extensions<'a> {
    fn of(parsed: &X509Certificate<'a>) -> Result<Self, ParseError> {
        let mut found =
            Self { present: vec![], is_authority: false, client_auth: true, authority_key: None, subject_key: None };
        if parsed.extensions().len() > MOST_EXTENSIONS {
            return Err(ParseError);
        }
        for extension in parsed.extensions() {
            // Twice the same extension may be read in two ways, so it is no certificate (RFC 5280, 4.2).
            if found.present.contains(&extension.oid) {
                return Err(ParseError);
            }
            found.present.push(extension.oid.clone());
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(basic) => found.is_authority = basic.ca,
                ParsedExtension::ExtendedKeyUsage(usage) => found.client_auth = usage.client_auth || usage.any,
                ParsedExtension::AuthorityKeyIdentifier(key) => {
                    found.authority_key = key.key_identifier.as_ref().map(|key| key.0.to_vec());
                }
                ParsedExtension::SubjectKeyIdentifier(key) => found.subject_key = Some(key.0.to_vec()),
                ParsedExtension::ParseError { .. } => return Err(ParseError),
                _ => {}
            }
        }
        Ok(found)
    }

    fn has(&self, oid: &Oid<'_>) -> bool {
        self.present.contains(oid)
    }
}

/// The first value of this attribute in a name.
pub(crate) fn attribute(name: &X509Name<'_>, oid: &Oid<'_>) -> Option<String> {
    let found = name.iter_attributes().find(|attribute| attribute.attr_type() == oid)?;
    found.as_str().map(str::to_owned).ok()
}

/// A name for people.
pub(crate) fn readable(name: &X509Name<'_>) -> String {
    printable(&name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_certificate() {
        for bytes in [&b""[..], b"\x30", b"\x30\x80\x00\x00", b"-----BEGIN CERTIFICATE-----"] {
            assert_eq!(Certificate::from_der(bytes).err(), Some(ParseError));
        }
    }
}
