//! What papers say, in the form of the public interface.

use serde::{Deserialize, Serialize};

use crate::{
    Fingerprint, Serial, Time, Topic,
    certificate::{Certificate, Issuer, Revocation},
    request::{self, Csr, PushRequest},
    watch::{State, Thresholds},
};

/// A certificate in the form of the public interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The topic, if the UID is one.
    pub topic: Option<Topic>,
    /// The common name.
    pub common_name: Option<String>,
    /// The serial number.
    pub serial: Serial,
    /// The country.
    pub country: Option<String>,
    /// The issuer's name.
    pub issuer: String,
    /// First second of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// Whole days left.
    pub days_left: i64,
    /// The state by its date.
    pub state: State,
    /// SHA-256 of the DER.
    pub sha256: Fingerprint,
    /// SHA-256 of the DER SubjectPublicKeyInfo.
    pub public_key_sha256: Fingerprint,
    /// Whether it was found on a list of revoked certificates: a word of [`Revocation`].
    pub revocation: String,
    /// SHA-256 of the issuer's DER SubjectPublicKeyInfo, where the issuer came in the same file or is listed.
    pub issuer_public_key_sha256: Option<Fingerprint>,
}

/// A request in the form of the public interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RequestFacts {
    /// The subject of the signing request.
    pub csr_subject: Option<String>,
    /// Its country.
    pub country: Option<String>,
    /// SHA-256 of the DER SubjectPublicKeyInfo in it.
    pub public_key_sha256: Fingerprint,
    /// Who signed it for Apple.
    pub vendor: Option<String>,
    /// When that signer's certificate ends.
    pub vendor_not_after: Option<Time>,
}

/// What a certificate says, whatever is thought of it.
pub(super) fn of_certificate(
    certificate: &Certificate,
    companions: &[Certificate],
    issuer: &Issuer<'_>,
    revocation: Revocation,
    now: Time,
) -> CertificateFacts {
    CertificateFacts {
        topic: certificate.topic(),
        common_name: certificate.common_name.clone(),
        serial: certificate.serial.clone(),
        country: certificate.country.clone(),
        issuer: certificate.issuer.clone(),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        days_left: certificate.not_after.days_after(now),
        state: State::of(Some(certificate.not_after), &Thresholds::default(), now),
        sha256: certificate.sha256,
        public_key_sha256: certificate.public_key_sha256,
        revocation: revocation.word().to_owned(),
        issuer_public_key_sha256: issuer_key(certificate, companions, issuer),
    }
}

fn issuer_key(certificate: &Certificate, companions: &[Certificate], issuer: &Issuer<'_>) -> Option<Fingerprint> {
    match issuer {
        Issuer::Listed(authority) => Some(authority.public_key_sha256),
        Issuer::New { issuer, .. } => Some(issuer.public_key_sha256),
        Issuer::Unverified | Issuer::Stranger => companions
            .iter()
            .find(|companion| certificate.is_signed_by(companion.spki()))
            .map(|companion| companion.public_key_sha256),
        Issuer::Forged(_) => None,
    }
}

/// What a request says; `None` where its signing request cannot be read.
pub(super) fn of_request(request: &PushRequest) -> Option<RequestFacts> {
    let bare = of_csr(request.csr.as_ref()?);
    Some(RequestFacts {
        vendor: request.vendor().map(request::vendor_name),
        vendor_not_after: request.vendor().map(|vendor| vendor.not_after),
        ..bare
    })
}

/// What a bare signing request says.
pub(super) fn of_csr(csr: &Csr) -> RequestFacts {
    RequestFacts {
        csr_subject: Some(csr.subject.clone()),
        country: csr.country.clone(),
        public_key_sha256: csr.public_key_sha256,
        vendor: None,
        vendor_not_after: None,
    }
}
