//! The work that a PKCS #12 file asks for behind its passphrase. A protected key may stand in a part that is itself
//! encrypted; so each such part is opened here first, and looked at, before any library opens the file.

use openssl::{
    asn1::Asn1Object,
    hash::MessageDigest,
    nid::Nid,
    pkcs5::{pbkdf2_hmac, scrypt},
    symm::{self, Cipher},
};
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use sha1::Sha1;
use x509_parser::der_parser::oid::Oid;
use zeroize::Zeroizing;

use super::{
    BundleError, Outline,
    open::with_old_ciphers,
    outline::{PBKDF2, SCRYPT, number},
    pfx::{Pfx, Safe, Sealed},
};
use crate::der::Element;

/// The memory that scrypt may fill, in bytes: what OpenSSL allows by itself.
const SCRYPT_MEMORY: u64 = 32 << 20;

/// 1.2.840.113549.1.5.13 — PBES2 (RFC 8018, A.4).
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
/// 1.2.840.113549.1.12.1 — the ciphers of PKCS #12 itself (RFC 7292, appendix C): .1 to .6.
const OWN: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
/// 1.2.840.113549.2 — HMAC with a digest (RFC 8018, B.1.2): .7 to .11.
const HMAC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02";

/// The rounds of key derivation that stand in the encrypted parts of a file; none where the passphrase does not open them.
///
/// # Errors
/// [`BundleError`] when a part is encrypted in a way that is not known here, or holds something that belongs nowhere.
pub(super) fn rounds(bytes: &[u8], passphrase: &str) -> Result<u64, BundleError> {
    let file = Pfx::of(bytes).ok_or(BundleError::Damaged)?;
    let mut rounds = 0_u64;
    for safe in &file.safes {
        let Safe::Sealed(sealed) = safe else { continue };
        for contents in opened(sealed, passphrase)? {
            let outline = Outline::of_contents(&contents).ok_or(BundleError::Damaged)?;
            rounds = rounds.saturating_add(outline.rounds);
        }
    }
    Ok(rounds)
}

/// What comes out of a sealed part, if its passphrase is right. Chance lets a wrong one open a part to nonsense, too; that
/// does not begin as bags do.
fn opened(sealed: &Sealed, passphrase: &str) -> Result<Vec<Vec<u8>>, BundleError> {
    let keys = keys(&sealed.algorithm, passphrase).ok_or(BundleError::UnknownEncryption)?;
    let open = |key: &Key| with_old_ciphers(|| symm::decrypt(key.cipher, &key.octets, key.vector(), &sealed.content));
    let opened = keys.iter().filter_map(|key| open(key).ok());
    Ok(opened.filter(|contents| contents.first() == Some(&0x30)).collect())
}

/// A cipher, and what it is fed with.
struct Key {
    cipher: Cipher,
    octets: Zeroizing<Vec<u8>>,
    vector: Vec<u8>,
}

impl Key {
    fn vector(&self) -> Option<&[u8]> {
        self.cipher.iv_len().map(|_| self.vector.as_slice())
    }
}

/// The keys that a passphrase may give by this algorithm: an empty one is written in two ways.
fn keys(algorithm: &[u8], passphrase: &str) -> Option<Vec<Key>> {
    let parts = Element { tag: 0x30, content: algorithm }.all()?;
    let [kind, parameters] = parts.as_slice() else { return None };
    let parameters = parameters.all().filter(|_| parameters.tag == 0x30)?;
    if kind.content == PBES2 {
        return Some(vec![by_pbes2(&parameters, passphrase)?]);
    }
    let cipher = kind.content.strip_prefix(OWN).and_then(own_cipher)?;
    let mut spellings = vec![bmp(passphrase)];
    if passphrase.is_empty() {
        spellings.push(Zeroizing::new(vec![]));
    }
    spellings.iter().map(|spelling| by_pkcs12(cipher, &parameters, spelling)).collect()
}

fn own_cipher(last: &[u8]) -> Option<Cipher> {
    let nid = match last {
        [1] => Nid::RC4,
        [2] => Nid::RC4_40,
        [3] => Nid::DES_EDE3_CBC,
        [4] => Nid::DES_EDE_CBC,
        [5] => Nid::RC2_CBC,
        [6] => Nid::RC2_40_CBC,
        _ => return None,
    };
    Cipher::from_nid(nid)
}

/// A passphrase as PKCS #12 spells it: UTF-16, and two zero octets behind it (RFC 7292, B.1).
fn bmp(passphrase: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(passphrase.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
}

/// `pkcs-12PbeParams ::= SEQUENCE { salt, iterations }` (RFC 7292, appendix C)
fn by_pkcs12(cipher: Cipher, parameters: &[Element<'_>], passphrase: &[u8]) -> Option<Key> {
    let [salt, rounds] = parameters else { return None };
    let rounds = i32::try_from(number(*rounds)).ok()?;
    let derive = |purpose, length| derive_key::<Sha1>(passphrase, salt.content, purpose, rounds, length);
    let vector = cipher.iv_len().map(|length| derive(Pkcs12KeyType::Iv, length)).unwrap_or_default();
    Some(Key { cipher, octets: Zeroizing::new(derive(Pkcs12KeyType::EncryptionKey, cipher.key_len())), vector })
}

/// `PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }` (RFC 8018, A.4)
fn by_pbes2(parameters: &[Element<'_>], passphrase: &str) -> Option<Key> {
    let [derivation, scheme] = parameters else { return None };
    let (scheme, derivation) = (scheme.all()?, derivation.all()?);
    let ([scheme, vector], [derivation, parameters]) = (scheme.as_slice(), derivation.as_slice()) else { return None };
    let (cipher, vector) = cipher(*scheme, *vector)?;
    if cipher.iv_len() != Some(vector.len()) {
        return None;
    }
    let mut key = Zeroizing::new(vec![0; cipher.key_len()]);
    let parameters = parameters.all()?;
    match derivation.content {
        PBKDF2 => by_pbkdf2(&parameters, passphrase, &mut key)?,
        SCRYPT => by_scrypt(&parameters, passphrase, &mut key)?,
        _ => return None,
    }
    Some(Key { cipher, octets: key, vector: vector.to_vec() })
}

/// A cipher of PBES2 and its vector. RC2 says with it how much of its key counts (RFC 8018, B.2.3).
fn cipher<'a>(scheme: Element<'_>, parameters: Element<'a>) -> Option<(Cipher, &'a [u8])> {
    if parameters.tag == 0x04 {
        let dotted = Oid::new(scheme.content.into()).to_id_string();
        let nid = Asn1Object::from_str(&dotted).ok()?.nid();
        return Some((Cipher::from_nid(nid)?, parameters.content));
    }
    let parts = parameters.all()?;
    let [version, vector] = parts.as_slice() else { return None };
    let nid = match number(*version) {
        160 => Nid::RC2_40_CBC,
        120 => Nid::RC2_64_CBC,
        58 => Nid::RC2_CBC,
        _ => return None,
    };
    Some((Cipher::from_nid(nid)?, vector.content))
}

/// `PBKDF2-params ::= SEQUENCE { salt, iterationCount, keyLength OPTIONAL, prf DEFAULT hmacWithSHA1 }` (RFC 8018, A.2)
fn by_pbkdf2(parameters: &[Element<'_>], passphrase: &str, key: &mut [u8]) -> Option<()> {
    let [salt, rounds, more @ ..] = parameters else { return None };
    let digest = match more.last().filter(|last| last.tag == 0x30) {
        Some(function) => digest(function.all()?.first()?.content.strip_prefix(HMAC)?)?,
        None => MessageDigest::sha1(),
    };
    let rounds = usize::try_from(number(*rounds)).ok()?;
    pbkdf2_hmac(passphrase.as_bytes(), salt.content, rounds, digest, key).ok()
}

fn digest(last: &[u8]) -> Option<MessageDigest> {
    Some(match last {
        [7] => MessageDigest::sha1(),
        [8] => MessageDigest::sha224(),
        [9] => MessageDigest::sha256(),
        [10] => MessageDigest::sha384(),
        [11] => MessageDigest::sha512(),
        _ => return None,
    })
}

/// `scrypt-params ::= SEQUENCE { salt, costParameter, blockSize, parallelizationParameter, … }` (RFC 7914, 7.1)
fn by_scrypt(parameters: &[Element<'_>], passphrase: &str, key: &mut [u8]) -> Option<()> {
    let [salt, cost, block, parallel, ..] = parameters else { return None };
    let [cost, block, parallel] = [cost, block, parallel].map(|element| number(*element));
    scrypt(passphrase.as_bytes(), salt.content, cost, block, parallel, SCRYPT_MEMORY, key).ok()
}
