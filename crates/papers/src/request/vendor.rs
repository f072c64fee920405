//! The vendor's part: who may sign requests, and the upload form that comes of it.

use openssl::{error::ErrorStack, hash::MessageDigest, sign::Signer};
use plist::{Dictionary, Value};

use super::{Csr, Known, Layout, Part, PushRequest, Wrapping, check, vendor_name};
use crate::{
    Code, Finding, PrivateKey, Severity, Time,
    certificate::{Authorities, Certificate},
    escape::printable,
    pem::pem,
};

/// An MDM vendor: the certificate that Apple gave it, those above it, and its key.
#[derive(Debug)]
pub struct Vendor {
    chain: Vec<Certificate>,
    key: PrivateKey,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// What was brought would not be taken by Apple's portal.
    #[error("Apple's portal would refuse the request")]
    Refused(Vec<Finding>),
    /// The signature could not be made.
    #[error("the signature could not be made: {why}")]
    Failed {
        /// In the library's words.
        why: String,
    },
}

impl From<Finding> for SigningError {
    fn from(finding: Finding) -> Self {
        Self::Refused(vec![finding])
    }
}

impl Vendor {
    /// The vendor whose key this is, among these certificates. They may come in any order: those above the vendor's own
    /// are put behind it, each behind the one that it signed, up to the root, which must be there.
    ///
    /// # Errors
    /// The finding that says what is wrong with them.
    pub fn new(certificates: &[Certificate], key: PrivateKey) -> Result<Self, Finding> {
        let own = certificates.iter().find(|certificate| certificate.spki() == key.spki);
        let own = own.ok_or_else(|| no_certificate_of(&key, certificates))?;
        let mut chain = vec![own.clone()];
        while let Some(last) = chain.last().filter(|last| !last.is_self_issued()) {
            let signer = certificates.iter().find(|above| above.is_authority && last.is_signed_by(above.spki()));
            // A circle of authorities, each signed by the next, has no root.
            match signer.filter(|signer| chain.iter().all(|known| known.der != signer.der)) {
                Some(signer) => chain.push(signer.clone()),
                None => return Err(incomplete(last)),
            }
        }
        Ok(Self { chain, key })
    }

    /// Signs a signing request: Apple's upload form in the layout that most of those have that Apple is known to have
    /// taken, on one line. What comes back passes every check of such a request at this time.
    ///
    /// # Errors
    /// [`SigningError`] when Apple's portal would refuse it, or OpenSSL cannot sign.
    pub fn sign(&self, csr: &Csr, authorities: &Authorities, now: Time) -> Result<Vec<u8>, SigningError> {
        let signature = self.signature(&csr.der).map_err(|error| SigningError::Failed { why: error.to_string() })?;
        let request = PushRequest {
            wrapping: Wrapping { layout: Layout::Base64, oddity: None },
            missing: vec![],
            csr: Some(csr.clone()),
            chain: self.chain.clone(),
            signature: Some(signature.clone()),
        };
        let mut findings = check(&request, &Known::default(), authorities, now);
        findings.retain(|finding| finding.severity == Severity::Refuse);
        if findings.is_empty() { Ok(self.form(csr, &signature)) } else { Err(SigningError::Refused(findings)) }
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over the DER of the signing request.
    fn signature(&self, der: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let key = self.key.openssl()?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
        signer.update(der)?;
        signer.sign_to_vec()
    }

    fn form(&self, csr: &Csr, signature: &[u8]) -> Vec<u8> {
        let base64 = |bytes: &[u8]| super::envelope::encoded(bytes);
        let chain: String = self.chain.iter().map(|certificate| pem("CERTIFICATE", &certificate.der)).collect();
        let parts = [(Part::Chain, chain), (Part::Csr, base64(&csr.der)), (Part::Signature, base64(signature))];
        let list: Dictionary =
            parts.into_iter().map(|(part, text)| (part.key().to_owned(), Value::String(text))).collect();
        let mut xml = vec![];
        Value::Dictionary(list).to_writer_xml(&mut xml).expect("a dictionary of texts can be written to memory");
        base64(&xml).into_bytes()
    }
}

/// None of the certificates belongs to the key.
fn no_certificate_of(key: &PrivateKey, certificates: &[Certificate]) -> Finding {
    match certificates.iter().find(|certificate| certificate.vendor) {
        Some(vendor) => Finding::new(
            Code::KeyMismatch,
            format!("the certificate of {} does not belong to this key", vendor_name(vendor)),
            "bring the key that was made for the vendor certificate's own request",
        )
        .comparing(vendor.public_key_sha256, key.public_key_sha256()),
        None => Finding::new(
            Code::VendorMarkerMissing,
            "none of the certificates is an MDM vendor's",
            "Apple gives it to members of its developer programme on request; it is called MDM CSR there",
        ),
    }
}

/// Nobody among the certificates signed this one.
fn incomplete(last: &Certificate) -> Finding {
    let name = printable(last.common_name.as_deref().unwrap_or("a certificate without a name"));
    Finding::new(
        Code::ChainBroken,
        format!("the chain ends at {name}: its issuer, {}, is not among the certificates", last.issuer),
        "add the missing one with --chain FILE: Apple publishes the intermediate of its developer relations and its root \
         on www.apple.com/certificateauthority",
    )
}
