//! Private keys: PKCS #8, PKCS #1 and SEC1, in PEM or DER, protected by a passphrase or not.

use openssl::pkey::{PKey, Private};
use x509_parser::{prelude::FromDer, x509::SubjectPublicKeyInfo};
use zeroize::Zeroizing;

use crate::{Fingerprint, Secret, bundle::Outline, certificate::Key, der::element, pem::blocks};

/// A private key. Its octets are wiped when it goes, and `Debug` does not show them.
#[derive(Clone)]
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    /// The DER SubjectPublicKeyInfo of its public half.
    pub spki: Vec<u8>,
    /// The kind of key.
    pub kind: Key,
}

/// Why a private key cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("it holds no private key")]
    Missing,
    /// A passphrase protects it, and none was given.
    #[error("a passphrase protects the key")]
    PassphraseNeeded,
    /// The passphrase does not open it. What was damaged inside looks the same.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// Opening it asks for too much work.
    #[error("the key asks for {0} rounds of work before it opens, which is more than any honest key")]
    TooCostly(u64),
    /// It cannot be read.
    #[error("the key is damaged, or of a kind that is not known here")]
    Damaged,
}

impl PrivateKey {
    /// Reads a private key, with the passphrase where it has one.
    ///
    /// # Errors
    /// [`KeyError`] when there is none, or it cannot be opened.
    pub fn read(bytes: &[u8], passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN ")) else {
            return Self::from_der(bytes, passphrase);
        };
        let blocks = blocks(text).map_err(|_| KeyError::Damaged)?;
        let block = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY")).ok_or(KeyError::Missing)?;
        if block.encrypted && !block.label.starts_with("ENCRYPTED") {
            return Self::old_encryption(text, passphrase);
        }
        Self::from_der(&block.der, passphrase)
    }

    /// The key in a DER PKCS #8 `PrivateKeyInfo`, or one of the older forms.
    fn from_der(der: &[u8], passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        if let Ok(key) = PKey::private_key_from_der(der) {
            return Self::of(&key);
        }
        let outline = Outline::of(der).ok_or(KeyError::Missing)?;
        if is_pkcs12(der) {
            return Err(KeyError::Missing);
        }
        if outline.ciphers.is_empty() {
            return Err(KeyError::Damaged);
        }
        if outline.is_too_costly() {
            return Err(KeyError::TooCostly(outline.rounds));
        }
        let passphrase = usable(passphrase)?;
        let key = crate::bundle::with_old_ciphers(|| PKey::private_key_from_pkcs8_passphrase(der, passphrase));
        Self::of(&key.map_err(|_| KeyError::WrongPassphrase)?)
    }

    /// The encryption of PEM's own headers (RFC 1421), as OpenSSL wrote it for years.
    fn old_encryption(pem: &str, passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        let passphrase = usable(passphrase)?;
        let key = crate::bundle::with_old_ciphers(|| PKey::private_key_from_pem_passphrase(pem.as_bytes(), passphrase));
        Self::of(&key.map_err(|_| KeyError::WrongPassphrase)?)
    }

    fn of(key: &PKey<Private>) -> Result<Self, KeyError> {
        let pkcs8 = Zeroizing::new(key.private_key_to_pkcs8().map_err(|_| KeyError::Damaged)?);
        let spki = key.public_key_to_der().map_err(|_| KeyError::Damaged)?;
        let kind = SubjectPublicKeyInfo::from_der(&spki).map_or(Key::Other, |(_, parsed)| Key::of(&parsed));
        Ok(Self { pkcs8, spki, kind })
    }

    /// The DER of its PKCS #8 `PrivateKeyInfo`, unprotected: for those who encrypt it, or sign with it.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// SHA-256 of the DER SubjectPublicKeyInfo of its public half.
    pub fn public_key_sha256(&self) -> Fingerprint {
        Fingerprint::of(&self.spki)
    }

    /// The same key for OpenSSL.
    pub(crate) fn openssl(&self) -> Result<PKey<Private>, openssl::error::ErrorStack> {
        PKey::private_key_from_pkcs8(&self.pkcs8)
    }
}

/// Whether this is a PKCS #12 file, which begins with its version (RFC 7292, section 4): a key may be in it, but it is none.
fn is_pkcs12(der: &[u8]) -> bool {
    let version = || element(element(der, 0x30)?.0, 0x02);
    version().is_some_and(|(version, _)| version == [3])
}

/// A passphrase that can open something: OpenSSL takes texts that end at a zero octet.
fn usable(passphrase: Option<&Secret>) -> Result<&[u8], KeyError> {
    let passphrase = passphrase.ok_or(KeyError::PassphraseNeeded)?.reveal();
    if passphrase.contains('\0') { Err(KeyError::WrongPassphrase) } else { Ok(passphrase.as_bytes()) }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({}, public key {})", self.kind.words(), self.public_key_sha256().short())
    }
}
