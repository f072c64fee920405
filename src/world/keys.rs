//! Fresh keys and sealed files: whatever needs randomness.

use data_encoding::HEXLOWER;
use openssl::{hash::MessageDigest, nid::Nid, pkcs12::Pkcs12, pkey::PKey, stack::Stack, x509::X509};
use pkcs8::{PrivateKeyInfoRef, pkcs5::pbes2};
use pushcert_papers::{Country, KeyError, PrivateKey, Secret, certificate::Certificate, pem};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use zeroize::Zeroizing;

/// Rounds of PBKDF2 with SHA-256 before a file of ours opens: OWASP's advice, a fraction of a second.
const ROUNDS: u32 = 600_000;

/// Rounds of the older derivation of PKCS #12: as many as other programs are known to write.
const OLD_ROUNDS: u32 = 10_000;

/// 1.2.840.113549.1.9.1 — emailAddress (RFC 2985).
const EMAIL: [u64; 7] = [1, 2, 840, 113_549, 1, 9, 1];

/// Whose a signing request is. Apple keeps only the country.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The country.
    pub country: Country,
    /// The common name.
    pub common_name: String,
    /// The organisation.
    pub organization: Option<String>,
    /// An address for mail.
    pub email: Option<String>,
}

/// A fresh key, and its signing request.
pub struct Fresh {
    /// The key.
    pub key: PrivateKey,
    /// The signing request: DER of PKCS #10 (RFC 2986).
    pub csr: Vec<u8>,
}

/// A random UUID (RFC 9562, version 4), as PingID makes its tokens.
///
/// # Errors
/// When the system gives no randomness.
pub fn fresh_uuid() -> Result<Secret, KeysError> {
    let mut octets = Zeroizing::new([0; 16]);
    aws_lc_rs::rand::fill(octets.as_mut_slice()).map_err(KeysError::library)?;
    octets[6] = octets[6] & 0x0f | 0x40;
    octets[8] = octets[8] & 0x3f | 0x80;
    let hex = Zeroizing::new(HEXLOWER.encode(octets.as_slice()));
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(Secret::new(parts.join("-")))
}

/// Why a key or a sealed file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The subject cannot be written.
    #[error("the subject cannot be written into a request: {0}")]
    Subject(String),
    /// A library failed, which is no fault of anything that was given.
    #[error("the library for keys failed: {0}")]
    Library(String),
    /// The passphrase would lock somebody out.
    #[error("the passphrase must be one to a thousand letters, digits and signs of ASCII: Java reads no others")]
    Passphrase,
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl KeysError {
    fn library(error: impl std::fmt::Display) -> Self {
        Self::Library(error.to_string())
    }
}

/// A fresh RSA key of 2048 bits, the size that every request that Apple is known to have taken has, and a signing request
/// for it.
///
/// # Errors
/// [`KeysError`] when the subject cannot be written, or the library fails.
pub fn fresh(subject: &Subject) -> Result<Fresh, KeysError> {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(KeysError::library)?;
    // It keeps its key as an encoding too, and wipes that only when it is told to.
    let pair = Zeroizing::new(pair);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name(subject)?;
    let csr = parameters.serialize_request(&*pair).map_err(|error| KeysError::Subject(error.to_string()))?;
    let key = PrivateKey::read(&Zeroizing::new(pair.serialize_der()), None)?;
    Ok(Fresh { key, csr: csr.der().to_vec() })
}

fn name(subject: &Subject) -> Result<DistinguishedName, KeysError> {
    let wrong = |error: rcgen::Error| KeysError::Subject(error.to_string());
    let mut name = DistinguishedName::new();
    let country = subject.country.as_str().try_into().map_err(wrong)?;
    name.push(DnType::CountryName, DnValue::PrintableString(country));
    if let Some(organization) = &subject.organization {
        name.push(DnType::OrganizationName, organization.as_str());
    }
    name.push(DnType::CommonName, subject.common_name.as_str());
    if let Some(email) = &subject.email {
        let email = email.as_str().try_into().map_err(wrong)?;
        name.push(DnType::CustomDnType(EMAIL.to_vec()), DnValue::Ia5String(email));
    }
    Ok(name)
}

/// The key as PKCS #8 in PEM, encrypted under this passphrase: AES-256, and PBKDF2 with SHA-256 (RFC 8018).
///
/// # Errors
/// [`KeysError`] when the passphrase is empty, or the library fails.
pub fn seal(key: &PrivateKey, passphrase: &Secret) -> Result<String, KeysError> {
    if passphrase.reveal().is_empty() {
        return Err(KeysError::Passphrase);
    }
    let (mut salt, mut vector) = ([0; 16], [0; 16]);
    aws_lc_rs::rand::fill(&mut salt).map_err(KeysError::library)?;
    aws_lc_rs::rand::fill(&mut vector).map_err(KeysError::library)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, vector);
    let info = PrivateKeyInfoRef::try_from(key.pkcs8()).map_err(KeysError::library)?;
    let sealed = info.encrypt_with_params(parameters.map_err(KeysError::library)?, passphrase.reveal());
    Ok(pem("ENCRYPTED PRIVATE KEY", sealed.map_err(KeysError::library)?.as_bytes()))
}

/// How a PKCS #12 file is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// AES-256 under PBES2, and a code with SHA-256: what today's programs read.
    Modern,
    /// Triple DES for key and certificate, and a code with SHA-1: what every program reads, old ones too.
    Compatible,
}

/// A PKCS #12 file with this key, its certificate, and the authorities above it. The friendly name of both is the topic.
///
/// # Errors
/// [`KeysError`] when the passphrase would lock Java out, or OpenSSL fails.
pub fn pack(
    key: &PrivateKey,
    certificate: &Certificate,
    above: &[Certificate],
    passphrase: &Secret,
    profile: Profile,
) -> Result<Vec<u8>, KeysError> {
    let text = passphrase.reveal();
    if text.is_empty() || text.len() > 1_000 || !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(KeysError::Passphrase);
    }
    packed(key, certificate, above, text, profile).map_err(KeysError::library)
}

fn packed(
    key: &PrivateKey,
    certificate: &Certificate,
    above: &[Certificate],
    passphrase: &str,
    profile: Profile,
) -> Result<Vec<u8>, openssl::error::ErrorStack> {
    let (cipher, digest, rounds) = match profile {
        Profile::Modern => (Nid::AES_256_CBC, MessageDigest::sha256(), ROUNDS),
        Profile::Compatible => (Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, MessageDigest::sha1(), OLD_ROUNDS),
    };
    let mut authorities = Stack::new()?;
    for certificate in above {
        authorities.push(X509::from_der(&certificate.der)?)?;
    }
    let topic = certificate.topic().map(|topic| topic.to_string());
    let name = topic.as_deref().or(certificate.common_name.as_deref()).unwrap_or("push certificate");
    let (key, leaf) = (PKey::private_key_from_pkcs8(key.pkcs8())?, X509::from_der(&certificate.der)?);
    let mut builder = Pkcs12::builder();
    builder.name(&name.replace('\0', " ")).pkey(&key).cert(&leaf).ca(authorities);
    builder.key_algorithm(cipher).cert_algorithm(cipher).key_iter(rounds).mac_iter(rounds).mac_md(digest);
    builder.build2(passphrase)?.to_der()
}
