//! Lists of revoked certificates (RFC 5280, section 5): taken from a file or from Apple, believed only when signed.

use x509_parser::{
    extensions::{ParsedExtension, X509Extension},
    prelude::{CertificateRevocationList, FromDer},
};

use super::{Authorities, Certificate, ParseError, signature::Method};
use crate::{Serial, Time, pem::blocks};

/// A list of revoked certificates.
#[derive(Clone, Debug)]
pub struct RevocationList {
    /// When it was made.
    pub this_update: Time,
    /// When the next one is due, where it says so.
    pub next_update: Option<Time>,
    revoked: Vec<(Serial, Time)>,
    issuer_name: Vec<u8>,
    authority_key: Option<Vec<u8>>,
    signed: Vec<u8>,
    method: Option<Method>,
    signature: Vec<u8>,
}

/// What is known about a certificate's revocation.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Revocation {
    /// Nobody looked.
    #[default]
    NotLookedUp,
    /// The list is of another authority, so it says nothing about this certificate.
    OtherIssuer,
    /// The authority did not sign the list, so nothing in it is believed.
    Forged,
    /// The certificate is not on the list; but a newer list is due since this time.
    Outdated(Time),
    /// The certificate is not on the list of this time.
    Good(Time),
    /// The certificate was revoked at this time.
    Revoked(Time),
}

impl Revocation {
    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotLookedUp => "not-looked-up",
            Self::OtherIssuer => "list-of-another-issuer",
            Self::Forged => "list-not-signed",
            Self::Outdated(_) => "list-outdated",
            Self::Good(_) => "good",
            Self::Revoked(_) => "revoked",
        }
    }

    /// The time that belongs to it: of the list, or of the revocation.
    pub const fn at(self) -> Option<Time> {
        match self {
            Self::NotLookedUp | Self::OtherIssuer | Self::Forged => None,
            Self::Outdated(at) | Self::Good(at) | Self::Revoked(at) => Some(at),
        }
    }
}

impl RevocationList {
    /// Reads a list in DER or PEM.
    ///
    /// # Errors
    /// [`ParseError`] when it is not exactly one whole list, or one that leaves things out (RFC 5280, 5.2.4 and 5.2.5).
    pub fn read(bytes: &[u8]) -> Result<Self, ParseError> {
        match std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN ")) {
            Some(text) => {
                let blocks = blocks(text).map_err(|_| ParseError)?;
                let list = blocks.iter().find(|block| block.label == "X509 CRL").ok_or(ParseError)?;
                Self::from_der(&list.der)
            }
            None => Self::from_der(bytes),
        }
    }

    fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        let (rest, parsed) = CertificateRevocationList::from_der(der).map_err(|_| ParseError)?;
        let partial = parsed.extensions().iter().any(leaves_things_out);
        if !rest.is_empty() || partial {
            return Err(ParseError);
        }
        let authority_key = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref().map(|key| key.0.to_vec()),
            _ => None,
        });
        let revoked = parsed
            .iter_revoked_certificates()
            .map(|entry| (Serial::new(entry.raw_serial()), Time::from_unix(entry.revocation_date.timestamp())));
        Ok(Self {
            this_update: Time::from_unix(parsed.last_update().timestamp()),
            next_update: parsed.next_update().map(|time| Time::from_unix(time.timestamp())),
            revoked: revoked.collect(),
            issuer_name: parsed.issuer().as_raw().to_vec(),
            authority_key,
            signed: parsed.tbs_cert_list.as_ref().to_vec(),
            method: Method::of(&parsed.signature_algorithm),
            signature: parsed.signature_value.data.to_vec(),
        })
    }

    /// What it says about this certificate. The companions are authorities that came with the certificate.
    pub fn on(
        &self,
        certificate: &Certificate,
        companions: &[Certificate],
        authorities: &Authorities,
        now: Time,
    ) -> Revocation {
        let same_key = self.authority_key.is_none() || self.authority_key == certificate.authority_key;
        if self.issuer_name != certificate.issuer_name() || !same_key {
            return Revocation::OtherIssuer;
        }
        // The key that signed the certificate is the one that may revoke it.
        let identifier = certificate.authority_key.as_deref().unwrap_or_default();
        let listed = authorities.with_key(identifier).map(super::Authority::spki);
        let mut keys = listed.chain(companions.iter().map(Certificate::spki));
        if !keys.any(|key| certificate.is_signed_by(key) && self.is_signed_by(key)) {
            return Revocation::Forged;
        }
        if let Some((_, at)) = self.revoked.iter().find(|(serial, _)| *serial == certificate.serial) {
            return Revocation::Revoked(*at);
        }
        match self.next_update {
            Some(due) if due < now => Revocation::Outdated(due),
            _ => Revocation::Good(self.this_update),
        }
    }

    fn is_signed_by(&self, spki: &[u8]) -> bool {
        super::signature::verifies(self.method, spki, &self.signed, &self.signature)
    }
}

/// Whether a list with this extension may lack certificates that are revoked: a list of changes only, of some reasons
/// only, of authorities only, or one with a condition that nobody here understands.
fn leaves_things_out(extension: &X509Extension<'_>) -> bool {
    match extension.parsed_extension() {
        ParsedExtension::IssuingDistributionPoint(point) => {
            point.only_contains_ca_certs
                || point.only_contains_attribute_certs
                || point.only_some_reasons.is_some()
                || point.indirect_crl
        }
        ParsedExtension::CRLNumber(_) | ParsedExtension::AuthorityKeyIdentifier(_) => false,
        _ => extension.critical,
    }
}
