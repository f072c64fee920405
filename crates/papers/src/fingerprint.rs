//! SHA-256 digests: how certificates, keys and kept files are told apart.

use std::fmt;

use crate::as_text::is_text;
use aws_lc_rs::digest;

/// A SHA-256 digest; 64 lower-case hexadecimal digits wherever it is written.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 octets"))
    }

    /// The digest with these octets.
    pub const fn from_bytes(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Reads 64 hexadecimal digits of either case; colons and spaces between them, as OpenSSL prints, are ignored.
    ///
    /// # Errors
    /// [`NotAFingerprint`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, NotAFingerprint> {
        let mut digits = text.bytes().filter(|b| !matches!(b, b':' | b' '));
        let mut digit = || digits.next().ok_or(NotAFingerprint).and_then(nibble);
        let mut octets = [0; 32];
        for octet in &mut octets {
            *octet = digit()? << 4 | digit()?;
        }
        if digits.next().is_none() { Ok(Self(octets)) } else { Err(NotAFingerprint) }
    }

    /// Its 32 octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn digits(&self) -> [u8; 64] {
        let mut digits = [0; 64];
        for (pair, octet) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        }
        digits
    }

    /// The first twelve digits: enough for a person to tell two apart.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn nibble(digit: u8) -> Result<u8, NotAFingerprint> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(NotAFingerprint)
}

/// The text is not a SHA-256 digest in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a SHA-256 digest: it has 64 hexadecimal digits")]
pub struct NotAFingerprint;

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).expect("the digits are ASCII"))
    }
}

is_text!(Fingerprint);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        Self::from_hex(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_sha_256() {
        // The vector of FIPS 180-4 for "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of(b"abc").to_string(), abc);
        assert_eq!(Fingerprint::from_hex(&abc.to_uppercase()), Ok(Fingerprint::of(b"abc")));
        assert_eq!(Fingerprint::from_hex("ba78"), Err(NotAFingerprint));
        assert_eq!(Fingerprint::from_hex(&"g".repeat(64)), Err(NotAFingerprint));
    }
}
