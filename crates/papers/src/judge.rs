//! A file judged: what it is, whether it is what this place wants, and everything that is wrong with it.

use serde::{Deserialize, Serialize};

use crate::{
    Code, Finding, Fingerprint, Kind, Serial, Time, Topic, Verdict,
    certificate::{self, Authorities, Certificate, Expectations, Issuer, issuer},
    escape::printable,
    kind::{Paper, recognise},
    request::{self, Known, PushRequest},
    watch::{State, Thresholds},
};

/// What a place wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Want {
    /// A push certificate or a push certificate request, each judged by its own table.
    Anything,
    /// A push certificate.
    PushCertificate,
    /// A push certificate request.
    PushRequest,
}

/// What a file was found to be.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its kind.
    pub kind: Kind,
    /// What the findings come to.
    pub verdict: Verdict,
    /// The certificate in it.
    pub certificate: Option<CertificateFacts>,
    /// The request in it.
    pub request: Option<RequestFacts>,
    /// Everything that is to be said.
    pub findings: Vec<Finding>,
}

/// A certificate in the form of the public interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
    /// SHA-256 of the issuer's DER SubjectPublicKeyInfo, where the issuer came in the same file or is listed.
    pub issuer_public_key_sha256: Option<Fingerprint>,
}

/// A request in the form of the public interface.
#[derive(Clone, Debug, Deserialize, Serialize)]
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

/// Judges a file.
pub fn judge(
    bytes: &[u8],
    file_name: Option<&str>,
    want: Want,
    expected: &Expectations<'_>,
    authorities: &Authorities,
    now: Time,
) -> Judged {
    let paper = recognise(bytes);
    let kind = paper.kind();
    let mut judged = Judged { kind, verdict: Verdict::Accept, certificate: None, request: None, findings: vec![] };
    match &paper {
        Paper::Certificates { leaves, authorities: companions, key_beside } => {
            certificates(&mut judged, leaves, companions, *key_beside, want, expected, authorities, now);
        }
        Paper::Request(request) => {
            judged.request = request_facts(request);
            if want == Want::PushCertificate {
                judged.findings.push(wrong_kind(&paper, want));
            } else {
                let known = Known { file_name, ..Known::default() };
                judged.findings = request::check(request, &known, authorities, now);
            }
        }
        Paper::Csr(csr) => {
            judged.request = Some(RequestFacts {
                csr_subject: Some(csr.subject.clone()),
                country: csr.country.clone(),
                public_key_sha256: csr.public_key_sha256,
                vendor: None,
                vendor_not_after: None,
            });
            judged.findings.push(wrong_kind(&paper, want));
        }
        _ => judged.findings.push(wrong_kind(&paper, want)),
    }
    judged.verdict = Verdict::of(&judged.findings);
    judged
}

#[expect(clippy::too_many_arguments, reason = "all of what a judgement depends on, and nothing is hidden")]
fn certificates(
    judged: &mut Judged,
    leaves: &[Certificate],
    companions: &[Certificate],
    key_beside: bool,
    want: Want,
    expected: &Expectations<'_>,
    authorities: &Authorities,
    now: Time,
) {
    if let Some(shown) = leaves.first().or(companions.first()) {
        judged.certificate = Some(certificate_facts(shown, companions, authorities, now));
    }
    if key_beside {
        judged.findings.push(key_included());
    }
    match leaves {
        [leaf] if judged.kind == Kind::PushCertificate && want != Want::PushRequest => {
            judged.findings.extend(certificate::check(leaf, companions, expected, authorities, now));
        }
        [_, _, ..] => judged.findings.push(several(leaves)),
        _ => judged.findings.push(wrong_certificate(judged.kind, want)),
    }
}

/// What a certificate says, whatever is thought of it.
fn certificate_facts(
    certificate: &Certificate,
    companions: &[Certificate],
    authorities: &Authorities,
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
        issuer_public_key_sha256: issuer_key(certificate, companions, authorities, now),
    }
}

fn issuer_key(
    certificate: &Certificate,
    companions: &[Certificate],
    authorities: &Authorities,
    now: Time,
) -> Option<Fingerprint> {
    match issuer(certificate, companions, authorities, now) {
        Issuer::Listed(authority) => Some(Fingerprint::of(&authority.spki)),
        Issuer::New { issuer, .. } => Some(issuer.public_key_sha256),
        Issuer::Unverified | Issuer::Stranger => companions
            .iter()
            .find(|companion| certificate.is_signed_by(&companion.spki))
            .map(|companion| companion.public_key_sha256),
        Issuer::Forged(_) => None,
    }
}

fn request_facts(request: &PushRequest) -> Option<RequestFacts> {
    let csr = request.csr.as_ref()?;
    Some(RequestFacts {
        csr_subject: Some(csr.subject.clone()),
        country: csr.country.clone(),
        public_key_sha256: csr.public_key_sha256,
        vendor: request.vendor().map(request::vendor_name),
        vendor_not_after: request.vendor().map(|vendor| vendor.not_after),
    })
}

fn key_included() -> Finding {
    Finding::new(
        Code::PrivateKeyIncluded,
        "a private key stands in the file beside the certificate",
        "keep the key to yourself: take the certificate alone into a file of its own, and use that",
    )
}

fn several(leaves: &[Certificate]) -> Finding {
    let names: Vec<_> =
        leaves.iter().map(|leaf| printable(leaf.common_name.as_deref().unwrap_or("nameless"))).collect();
    let message = format!("the file holds {} certificates: {}", leaves.len(), names.join(", "));
    Finding::new(Code::SeveralCertificates, message, "take the one that is meant into a file of its own")
}

/// What to bring instead.
const fn bring(want: Want) -> &'static str {
    match want {
        Want::PushCertificate => "bring the certificate: Download in its row at Apple's portal; it ends in .pem",
        Want::PushRequest => "bring the request that the server made, such as ApplePushInfo.txt",
        Want::Anything => "a push certificate or a push certificate request can be judged",
    }
}

fn wrong_certificate(kind: Kind, want: Want) -> Finding {
    let (code, message) = match kind {
        Kind::VendorCertificate => {
            (Code::VendorCertificate, "this is an MDM vendor's certificate, with which requests are signed")
        }
        Kind::AppPushCertificate => (
            Code::AppPushCertificate,
            "this is the push certificate of an app, from Apple's developer portal, not of device management",
        ),
        Kind::AuthorityCertificate => {
            (Code::AuthorityCertificate, "this is the certificate of an authority, not one that was issued to you")
        }
        Kind::PushCertificate => {
            (Code::OtherCertificate, "this is a push certificate, and a request for one is wanted")
        }
        _ => (Code::OtherCertificate, "this is a certificate, but not a push certificate"),
    };
    Finding::new(code, message, bring(want))
}

/// A paper that is not what the place wants.
fn wrong_kind(paper: &Paper, want: Want) -> Finding {
    let (code, message): (_, String) = match paper {
        Paper::Empty => (Code::EmptyFile, "there is nothing in it".into()),
        Paper::Html => (
            Code::HtmlPage,
            "it is a page of HTML under another name: Apple's session had ended when Download was pressed".into(),
        ),
        Paper::Json => (
            Code::JsonAnswer,
            "it is JSON: what the portal's upload answered to the browser, not the certificate".into(),
        ),
        Paper::Request(_) => {
            (Code::PushRequest, "it is the request for Apple's portal, not the certificate that comes back".into())
        }
        Paper::Csr(_) => {
            (Code::BareCsr, "it is a signing request without a vendor's signature; Apple's portal refuses it".into())
        }
        Paper::PrivateKey { encrypted: true } => {
            (Code::PrivateKey, "it is a private key, protected by a passphrase".into())
        }
        Paper::PrivateKey { encrypted: false } => {
            (Code::PrivateKey, "it is a private key, and nothing protects it".into())
        }
        Paper::Damaged { like } => (Code::Damaged, format!("it begins like {like}, and cannot be read to its end")),
        Paper::Pkcs12 => (Code::UnknownKind, "it is a PKCS #12 file; this release does not open them".into()),
        Paper::Plist => (Code::UnknownKind, "it is a property list, but not a push certificate request".into()),
        Paper::Unknown { like: Some(like) } => (Code::UnknownKind, format!("it is {like}")),
        Paper::Unknown { like: None } | Paper::Certificates { .. } => {
            (Code::UnknownKind, "it is nothing that is known here".into())
        }
    };
    Finding::new(code, message, remedy(paper, want))
}

fn remedy(paper: &Paper, want: Want) -> &'static str {
    match paper {
        Paper::Html => "sign in at Apple's portal again, and press Download once more",
        Paper::Json => "go back to the list at Apple's portal, and press Download in the row",
        Paper::Request(_) => {
            "upload it at Apple's portal with Renew on the right row, and bring what you download there"
        }
        Paper::Csr(_) => "download the request from the server itself: it comes signed by the vendor",
        Paper::PrivateKey { .. } => "it belongs to nobody else; put it away, and bring the right file",
        Paper::Damaged { .. } => "download it once more",
        _ => bring(want),
    }
}
