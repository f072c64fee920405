//! A file judged: what it is, whether it is what this place wants, and everything that is wrong with it.

mod facts;
mod wrong;

use crate::{
    Finding, Kind, Time, Verdict,
    android::ServiceAccountFacts,
    bundle::{self, BundleFacts, Outline},
    certificate::{self, Authorities, Certificate, Expectations, Revocation, issuer},
    kind::{Paper, recognise},
    pingid::ConfigurationFacts,
    request::{self, Known},
};

pub use facts::{CertificateFacts, RequestFacts};
pub use wrong::misplaced;

/// What a place wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Want {
    /// A push certificate, a push certificate request or a PKCS #12 file, each judged by its own table.
    Anything,
    /// A push certificate.
    PushCertificate,
    /// A push certificate request.
    PushRequest,
    /// A PKCS #12 file with a push certificate and its key.
    Pkcs12,
    /// A signing request that no vendor has signed yet.
    Csr,
    /// A private key.
    PrivateKey,
    /// A certificate of whatever kind.
    AnyCertificate,
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
    /// What is known of it as a PKCS #12 file.
    pub pkcs12: Option<BundleFacts>,
    /// The configuration in it.
    pub configuration: Option<ConfigurationFacts>,
    /// The service account's key in it.
    pub service_account: Option<ServiceAccountFacts>,
    /// Everything that is to be said.
    pub findings: Vec<Finding>,
}

impl Judged {
    /// A file of this kind, about which nothing else is known than these findings.
    pub fn only(kind: Kind, findings: Vec<Finding>) -> Self {
        let verdict = Verdict::of(&findings);
        Self {
            kind,
            verdict,
            certificate: None,
            request: None,
            pkcs12: None,
            configuration: None,
            service_account: None,
            findings,
        }
    }
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
    let mut handed = Handed { want, expected, authorities, now, judged: Judged::only(paper.kind(), vec![]) };
    match &paper {
        Paper::Certificates { leaves, authorities: companions, key_beside } => {
            handed.certificates(leaves, companions, *key_beside);
        }
        Paper::Request(request) => {
            handed.judged.request = facts::of_request(request);
            if matches!(want, Want::Anything | Want::PushRequest) {
                let known = Known { file_name, ..Known::default() };
                handed.add(request::check(request, &known, authorities, now));
            } else {
                handed.add([wrong::wrong_kind(&paper, want, expected.place)]);
            }
        }
        Paper::Csr(csr) => {
            handed.judged.request = Some(facts::of_csr(csr));
            handed.add([wrong::wrong_kind(&paper, want, expected.place)]);
        }
        Paper::Pkcs12(inner) => handed.pkcs12(&paper, inner),
        _ => handed.add([wrong::wrong_kind(&paper, want, expected.place)]),
    }
    handed.judged.verdict = Verdict::of(&handed.judged.findings);
    handed.judged
}

/// A file handed in at some place, and what was found of it so far.
struct Handed<'a> {
    want: Want,
    expected: &'a Expectations<'a>,
    authorities: &'a Authorities,
    now: Time,
    judged: Judged,
}

impl Handed<'_> {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.judged.findings.extend(findings);
    }

    fn certificates(&mut self, leaves: &[Certificate], companions: &[Certificate], key_beside: bool) {
        if key_beside {
            self.add([wrong::key_included()]);
        }
        match leaves {
            [leaf] if self.judged.kind == Kind::PushCertificate && self.wants_a_certificate() => {
                self.push_certificate(leaf, companions, self.expected);
            }
            [leaf, ..] => self.show(leaf, companions),
            [] => companions.iter().take(1).for_each(|first| self.show(first, companions)),
        }
        match leaves {
            [_, _, ..] => self.add([wrong::several(leaves)]),
            [_] if self.judged.kind == Kind::PushCertificate && self.wants_a_certificate() => {}
            _ => self.add([wrong::wrong_certificate(self.judged.kind, self.want)]),
        }
    }

    const fn wants_a_certificate(&self) -> bool {
        matches!(self.want, Want::Anything | Want::PushCertificate)
    }

    /// Notes what a certificate says, without judgement on it.
    fn show(&mut self, certificate: &Certificate, companions: &[Certificate]) {
        let issuer = issuer(certificate, companions, self.authorities, self.now);
        let revocation = Revocation::NotLookedUp;
        self.judged.certificate = Some(facts::of_certificate(certificate, companions, &issuer, revocation, self.now));
    }

    /// Judges a push certificate, and notes what it says.
    fn push_certificate(&mut self, leaf: &Certificate, companions: &[Certificate], expected: &Expectations<'_>) {
        let (authorities, now) = (self.authorities, self.now);
        // A signature costs more than all else together, so it is verified once.
        let issuer = issuer(leaf, companions, authorities, now);
        let revocation =
            expected.revocations.map_or(Revocation::NotLookedUp, |list| list.on(leaf, companions, authorities, now));
        self.judged.certificate = Some(facts::of_certificate(leaf, companions, &issuer, revocation, now));
        self.add(certificate::check(leaf, &issuer, revocation, expected, now));
    }

    fn pkcs12(&mut self, paper: &Paper, bytes: &[u8]) {
        let outline = Outline::of(bytes);
        self.judged.pkcs12 = outline.as_ref().map(|outline| BundleFacts::of(outline, None));
        if !matches!(self.want, Want::Anything | Want::Pkcs12) {
            self.add([wrong::wrong_kind(paper, self.want, self.expected.place)]);
            return;
        }
        let given = self.expected.passphrase;
        let opened = bundle::open(bytes, given.map_or("", crate::Secret::reveal));
        let (Some(outline), Ok(bundle)) = (&outline, &opened) else {
            let error = opened.err().unwrap_or(bundle::BundleError::Damaged);
            self.add([bundle::closed(error, given.is_some())]);
            return;
        };
        self.judged.pkcs12 = Some(BundleFacts::of(outline, Some(bundle)));
        self.add(bundle::check(bundle, outline, given.is_none_or(|passphrase| passphrase.reveal().is_empty())));
        self.inside(bundle);
    }

    /// The certificate of a PKCS #12 file, by its own table. Its key is at hand, so nothing else is compared with it.
    fn inside(&mut self, bundle: &bundle::Bundle) {
        let Some(leaf) = bundle::leaf(bundle) else { return };
        let companions: Vec<_> = bundle.certificates.iter().filter(|held| held.is_authority).cloned().collect();
        let expected = Expectations { public_key: Some(leaf.public_key_sha256), ..*self.expected };
        match crate::kind::kind_of(leaf) {
            Kind::PushCertificate => self.push_certificate(leaf, &companions, &expected),
            kind => {
                self.show(leaf, &companions);
                self.add([wrong::wrong_certificate(kind, self.want)]);
            }
        }
    }
}
