//! Opening a PKCS #12 file, whoever wrote it. A reader in Rust tries first; what it does not know (the BER of NSS and
//! Bouncy Castle, old ciphers, odd passphrases) OpenSSL reads.

use std::sync::OnceLock;

use openssl::{error::ErrorStack, pkcs12::Pkcs12, provider::Provider};
use p12_keystore::{Pkcs12Archive, error::Error as ArchiveError};

use super::{MOST_ROUNDS, Outline, inner};
use crate::{PrivateKey, certificate::Certificate, der};

/// What was in a PKCS #12 file.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The certificates, in the order of the file; that of the key first, where OpenSSL had to read it.
    pub certificates: Vec<Certificate>,
    /// The private keys.
    pub keys: Vec<PrivateKey>,
    /// The friendly name of the key, or else of a certificate.
    pub friendly_name: Option<String>,
}

/// Why a PKCS #12 file does not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BundleError {
    /// The passphrase is another one. Damage inside may look the same.
    #[error("the passphrase does not open the file")]
    WrongPassphrase,
    /// The passphrase is right, and what it opens was changed.
    #[error("the file is damaged: its passphrase is right, and its content was changed")]
    Changed,
    /// It is no whole PKCS #12 file.
    #[error("the file is damaged, or not a whole PKCS #12 file")]
    Damaged,
    /// Its encryption is not known here.
    #[error("the file is encrypted in a way that is not known here")]
    UnknownEncryption,
    /// Opening it asks for too much work.
    #[error("the file asks for {0} rounds of work before it opens, which is more than any honest file")]
    TooCostly(u64),
}

/// Opens a PKCS #12 file with this passphrase, which may be empty.
///
/// # Errors
/// [`BundleError`] when it does not open.
pub fn open(bytes: &[u8], passphrase: &str) -> Result<Bundle, BundleError> {
    let outline = Outline::of(bytes).ok_or(BundleError::Damaged)?;
    if outline.is_too_costly() {
        return Err(BundleError::TooCostly(outline.rounds));
    }
    let rounds = outline.rounds.saturating_add(inner::rounds(bytes, passphrase)?);
    if rounds > MOST_ROUNDS {
        return Err(BundleError::TooCostly(rounds));
    }
    match Pkcs12Archive::from_pkcs12(bytes, passphrase) {
        Ok(archive) => of_archive(&archive),
        Err(ArchiveError::MacError(_)) => Err(why_refused(bytes, passphrase)),
        Err(_) => of_openssl(bytes, passphrase),
    }
}

/// The code over the whole does not match: the passphrase is wrong, unless it opens what stands inside.
fn why_refused(bytes: &[u8], passphrase: &str) -> BundleError {
    let opens = without_mac(bytes).and_then(|bare| Pkcs12Archive::from_pkcs12(&bare, passphrase).ok());
    if opens.is_some_and(|archive| !archive.keys.is_empty() || !archive.certs.is_empty()) {
        BundleError::Changed
    } else {
        BundleError::WrongPassphrase
    }
}

/// The same file without the code over the whole, which stands behind version and content (RFC 7292, section 4).
fn without_mac(bytes: &[u8]) -> Option<Vec<u8>> {
    let (whole, _) = der::read(bytes)?;
    let (_, behind_version) = der::read(whole.content)?;
    let (_, mac) = der::read(behind_version)?;
    Some(der::sequence(&whole.content[..whole.content.len() - mac.len()]))
}

fn of_archive(archive: &Pkcs12Archive) -> Result<Bundle, BundleError> {
    let certificates = archive.certs.iter().map(|bag| Certificate::from_der(bag.cert.as_der()));
    let keys = archive.keys.iter().map(|bag| PrivateKey::read(bag.key.as_der(), None));
    let named_key = archive.keys.iter().find_map(|bag| bag.friendly_name.clone());
    Ok(Bundle {
        certificates: certificates.collect::<Result<_, _>>().map_err(|_| BundleError::Damaged)?,
        keys: keys.collect::<Result<_, _>>().map_err(|_| BundleError::Damaged)?,
        friendly_name: named_key.or_else(|| archive.certs.iter().find_map(|bag| bag.friendly_name.clone())),
    })
}

fn of_openssl(bytes: &[u8], passphrase: &str) -> Result<Bundle, BundleError> {
    if passphrase.contains('\0') {
        return Err(BundleError::WrongPassphrase);
    }
    let file = Pkcs12::from_der(bytes).map_err(|_| BundleError::Damaged)?;
    let parsed = with_old_ciphers(|| file.parse2(passphrase)).map_err(|errors| meaning(&errors))?;
    let mut certificates = vec![];
    for certificate in parsed.cert.as_deref().into_iter().chain(parsed.ca.iter().flatten()) {
        let der = certificate.to_der().map_err(|_| BundleError::Damaged)?;
        certificates.push(Certificate::from_der(&der).map_err(|_| BundleError::Damaged)?);
    }
    let key = parsed.pkey.map(|key| key.private_key_to_pkcs8()).transpose().map_err(|_| BundleError::Damaged)?;
    let key = key.map(|der| PrivateKey::read(&zeroize::Zeroizing::new(der), None)).transpose();
    let alias = parsed.cert.and_then(|leaf| leaf.alias().map(|alias| String::from_utf8_lossy(alias).into_owned()));
    Ok(Bundle {
        certificates,
        keys: key.map_err(|_| BundleError::Damaged)?.into_iter().collect(),
        friendly_name: alias,
    })
}

/// What OpenSSL's complaint means: it names neither passphrase nor cipher in any other way than by its reasons.
fn meaning(errors: &ErrorStack) -> BundleError {
    let says = |words: &[&str]| {
        errors.errors().iter().any(|error| {
            error.reason().is_some_and(|reason| words.iter().any(|word| reason.to_lowercase().contains(word)))
        })
    };
    // OpenSSL 3.0 reads no file without a code, and says the same of it as of a wrong passphrase besides.
    if says(&["mac absent"]) {
        BundleError::UnknownEncryption
    } else if says(&["mac verify failure", "mac verify error"]) {
        BundleError::WrongPassphrase
    } else if says(&["unsupported", "unknown pbe algorithm", "unknown cipher", "unknown digest", "no cipher set"]) {
        BundleError::UnknownEncryption
    } else if says(&["bad decrypt", "cipherfinal error", "cipher final error", "decrypt error"]) {
        BundleError::WrongPassphrase
    } else {
        BundleError::Damaged
    }
}

/// Does something with OpenSSL; where that fails, once more with the ciphers that it has put aside as old.
pub(crate) fn with_old_ciphers<T>(attempt: impl Fn() -> Result<T, ErrorStack>) -> Result<T, ErrorStack> {
    static OLD: OnceLock<Option<Provider>> = OnceLock::new();
    attempt().or_else(|errors| {
        let there = OLD.get_or_init(|| Provider::try_load(None, "legacy", true).ok());
        if there.is_some() { attempt() } else { Err(errors) }
    })
}
