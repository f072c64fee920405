//! What is to be said about a PKCS #12 file.

use serde::{Deserialize, Serialize};

use super::{Bundle, BundleError, Cipher, MOST_ROUNDS, Outline};
use crate::{Code, Finding, Fingerprint, certificate::Certificate};

/// A PKCS #12 file in the form of the public interface. What stands behind the passphrase is `None` where it was not
/// opened.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct BundleFacts {
    /// The ciphers in it; none where nothing is encrypted.
    pub encryption: Vec<String>,
    /// Whether a code guards the whole against changes.
    pub mac: bool,
    /// The rounds of key derivation, all together.
    pub rounds: u64,
    /// Whether it was opened.
    pub opened: bool,
    /// The friendly name.
    pub friendly_name: Option<String>,
    /// How many certificates it holds.
    pub certificates: Option<usize>,
    /// SHA-256 of the DER SubjectPublicKeyInfo that belongs to its private key.
    pub public_key_sha256: Option<Fingerprint>,
}

impl BundleFacts {
    /// What the outline says, and what was found inside.
    pub fn of(outline: &Outline, inside: Option<&Bundle>) -> Self {
        Self {
            encryption: outline.ciphers.iter().map(|cipher| cipher.word().to_owned()).collect(),
            mac: outline.mac,
            rounds: outline.rounds,
            opened: inside.is_some(),
            friendly_name: inside.and_then(|bundle| bundle.friendly_name.clone()),
            certificates: inside.map(|bundle| bundle.certificates.len()),
            public_key_sha256: inside.and_then(|bundle| bundle.keys.first()).map(crate::PrivateKey::public_key_sha256),
        }
    }
}

/// Why it does not open. `given` tells whether there was a passphrase to try.
pub(crate) fn closed(error: BundleError, given: bool) -> Finding {
    match error {
        BundleError::WrongPassphrase if given => Finding::new(
            Code::WrongPassword,
            "the passphrase does not open the file; one that was damaged on its way looks the same",
            "look whether it is the passphrase of this very file: upper and lower case, a space at its end",
        ),
        BundleError::WrongPassphrase => Finding::new(
            Code::WrongPassword,
            "a passphrase protects the file, and none was given",
            "give it in a file:  --passphrase-file FILE",
        ),
        BundleError::Changed | BundleError::Damaged => {
            Finding::new(Code::Damaged, error.to_string(), "fetch the file once more from where it was made")
        }
        BundleError::UnknownEncryption => Finding::new(
            Code::UnreadableEncryption,
            "it is encrypted in a way that is not known here",
            "open it with the program that made it, and pack it anew:  pushcert p12 pack",
        ),
        BundleError::TooCostly(rounds) => Finding::new(
            Code::UnreadableEncryption,
            format!("it asks for {rounds} rounds of key derivation, more than any honest file"),
            "look where it comes from; pack it anew with its own program, if it is yours",
        )
        .comparing(format!("{MOST_ROUNDS} rounds at most"), rounds),
    }
}

/// Everything that is to be said about an open PKCS #12 file itself. Its certificate is judged by its own table.
pub fn check(bundle: &Bundle, outline: &Outline, empty_passphrase: bool) -> Vec<Finding> {
    let mut findings = held(bundle);
    if empty_passphrase {
        findings.push(Finding::new(
            Code::EmptyPassword,
            "it opens without a passphrase, so whoever has the file has the key",
            "pack it anew with a passphrase:  pushcert p12 pack",
        ));
    }
    if !outline.mac {
        findings.push(Finding::new(
            Code::MacMissing,
            "no code guards it against changes, so nobody can tell whether it is as it was made",
            "pack it anew:  pushcert p12 pack",
        ));
    }
    let old: Vec<_> = outline.ciphers.iter().filter(|cipher| cipher.is_old()).map(|cipher| cipher.word()).collect();
    if !old.is_empty() {
        let remedy = if outline.ciphers == [Cipher::TripleDes] {
            "every server reads it; where yours reads AES, pack it anew:  pushcert p12 pack --profile modern"
        } else {
            "pack it anew:  pushcert p12 pack"
        };
        findings.push(Finding::new(Code::OldEncryption, format!("it is encrypted with {}", old.join(" and ")), remedy));
    }
    findings
}

/// Whether a key and its certificate are in it.
fn held(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = vec![];
    if bundle.keys.is_empty() {
        findings.push(Finding::new(
            Code::KeyMissing,
            "there is no private key in it, so no server can use the certificate",
            "export it once more together with its key",
        ));
    }
    let Some(leaf) = leaf(bundle) else {
        findings.push(Finding::new(
            Code::CertificateMissing,
            "there is no certificate in it, only a key",
            "pack both together:  pushcert p12 pack",
        ));
        return findings;
    };
    let keys: Vec<_> = bundle.keys.iter().map(crate::PrivateKey::public_key_sha256).collect();
    if !keys.is_empty() && !keys.contains(&leaf.public_key_sha256) {
        findings.push(
            Finding::new(
                Code::KeyMismatch,
                "the private key in it belongs to another certificate",
                "find the key that was made for this certificate's request; no other one will do",
            )
            .comparing(leaf.public_key_sha256, keys[0]),
        );
    }
    findings
}

/// The certificate that the file is about: the one of its key, or else the first that is no authority's.
pub(crate) fn leaf(bundle: &Bundle) -> Option<&Certificate> {
    let of_a_key = |certificate: &&Certificate| {
        bundle.keys.iter().any(|key| key.public_key_sha256() == certificate.public_key_sha256)
    };
    let leaves = || bundle.certificates.iter().filter(|certificate| !certificate.is_authority);
    bundle.certificates.iter().find(of_a_key).or_else(|| leaves().next())
}
