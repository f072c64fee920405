//! A certificate signing request (PKCS #10, RFC 2986).

use x509_parser::{certification_request::X509CertificationRequest, prelude::*};

use crate::{
    Fingerprint,
    certificate::{
        Key, ParseError,
        signature::{self, Method},
    },
};

/// A certificate signing request.
#[derive(Clone, Debug)]
pub struct Csr {
    /// All of it, as it came: the vendor signs these bytes.
    pub der: Vec<u8>,
    /// Its subject, for people. Of all this Apple keeps only the country.
    pub subject: String,
    /// The country.
    pub country: Option<String>,
    /// SHA-256 of the DER SubjectPublicKeyInfo.
    pub public_key_sha256: Fingerprint,
    /// The kind of key.
    pub key: Key,
    spki: Vec<u8>,
    signed: Vec<u8>,
    method: Option<Method>,
    signature: Vec<u8>,
}

impl Csr {
    /// Reads a DER signing request.
    ///
    /// # Errors
    /// [`ParseError`] when the bytes are not exactly one.
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        let (rest, parsed) = X509CertificationRequest::from_der(der).map_err(|_| ParseError)?;
        if !rest.is_empty() {
            return Err(ParseError);
        }
        let info = &parsed.certification_request_info;
        Ok(Self {
            subject: crate::certificate::readable(&info.subject),
            country: crate::certificate::attribute(&info.subject, &crate::certificate::COUNTRY),
            public_key_sha256: Fingerprint::of(info.subject_pki.raw),
            key: Key::of(&info.subject_pki),
            spki: info.subject_pki.raw.to_vec(),
            signed: info.raw.to_vec(),
            method: Method::of(&parsed.signature_algorithm),
            signature: parsed.signature_value.data.to_vec(),
            der: der.to_vec(),
        })
    }

    /// Whether its own key signed it, so that whoever made it holds that key.
    pub fn is_signed_by_itself(&self) -> bool {
        signature::verifies(self.method, &self.spki, &self.signed, &self.signature)
    }

    /// Whether that signature uses SHA-1.
    pub(crate) fn uses_sha1(&self) -> bool {
        self.method == Some(Method::RsaSha1)
    }
}
