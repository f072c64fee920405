//! The one judge of signatures.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::{oid_registry as oid, prelude::*};

/// How a signature was made, as far as we know the ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Method {
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
}

impl Method {
    /// The method that a signature algorithm names (RFC 4055, RFC 5758); `None` for one that nothing of ours uses.
    pub(crate) fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        let known = [
            (oid::OID_PKCS1_SHA1WITHRSA, Self::RsaSha1),
            (oid::OID_PKCS1_SHA256WITHRSA, Self::RsaSha256),
            (oid::OID_PKCS1_SHA384WITHRSA, Self::RsaSha384),
            (oid::OID_PKCS1_SHA512WITHRSA, Self::RsaSha512),
            (oid::OID_SIG_ECDSA_WITH_SHA256, Self::EcdsaSha256),
            (oid::OID_SIG_ECDSA_WITH_SHA384, Self::EcdsaSha384),
        ];
        known.into_iter().find(|(known, _)| *known == algorithm.algorithm).map(|(_, method)| method)
    }

    fn verifier(self, key: &SubjectPublicKeyInfo<'_>) -> Option<&'static dyn VerificationAlgorithm> {
        let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        let on = |wanted| curve.as_ref() == Some(&wanted);
        Some(match self {
            Self::RsaSha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaSha256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Self::RsaSha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaSha512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            Self::EcdsaSha256 if on(oid::OID_EC_P256) => &signature::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaSha256 if on(oid::OID_NIST_EC_P384) => &signature::ECDSA_P384_SHA256_ASN1,
            Self::EcdsaSha384 if on(oid::OID_NIST_EC_P384) => &signature::ECDSA_P384_SHA384_ASN1,
            Self::EcdsaSha384 if on(oid::OID_EC_P256) => &signature::ECDSA_P256_SHA384_ASN1,
            Self::EcdsaSha256 | Self::EcdsaSha384 => return None,
        })
    }
}

/// A public key that signs much: it is made ready once, for the method that Apple uses today.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    spki: Vec<u8>,
    ready: Arc<OnceLock<Option<ParsedPublicKey>>>,
}

impl Signer {
    /// The key in a DER SubjectPublicKeyInfo.
    pub(crate) fn new(spki: Vec<u8>) -> Self {
        Self { spki, ready: Arc::default() }
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether it made this signature over this message.
    pub(crate) fn signed(&self, method: Option<Method>, message: &[u8], made: &[u8]) -> bool {
        if method != Some(Method::RsaSha256) {
            return verifies(method, &self.spki, message, made);
        }
        let ready = self.ready.get_or_init(|| {
            let (_, key) = SubjectPublicKeyInfo::from_der(&self.spki).ok()?;
            let verifier = &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
            ParsedPublicKey::new(verifier, &key.subject_public_key.data).ok()
        });
        ready.as_ref().is_some_and(|key| key.verify_sig(message, made).is_ok())
    }
}

impl PartialEq for Signer {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for Signer {}

/// Whether the key in this DER SubjectPublicKeyInfo made this signature over this message.
pub(crate) fn verifies(method: Option<Method>, spki: &[u8], message: &[u8], made: &[u8]) -> bool {
    let (Some(method), Ok((rest, key))) = (method, SubjectPublicKeyInfo::from_der(spki)) else { return false };
    let Some(verifier) = method.verifier(&key).filter(|_| rest.is_empty()) else { return false };
    UnparsedPublicKey::new(verifier, &key.subject_public_key.data).verify(message, made).is_ok()
}
