//! SHA-256 digests: how certificates, keys and kept files are told apart.

use std::{borrow::Cow, fmt};

use aws_lc_rs::digest;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use crate::as_text::is_text;

/// A SHA-256 digest; 64 lower-case hexadecimal digits wherever it is written.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// How long it is in hexadecimal.
    const DIGITS: usize = 64;

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
        let bare = text.len() == Self::DIGITS;
        let digits = if bare { Cow::Borrowed(text) } else { Cow::Owned(text.replace([':', ' '], "")) };
        let mut octets = [0; 32];
        if digits.len() != Self::DIGITS || HEXLOWER_PERMISSIVE.decode_mut(digits.as_bytes(), &mut octets).is_err() {
            return Err(NotAFingerprint);
        }
        Ok(Self(octets))
    }

    /// Its 32 octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve digits: enough for a person to tell two apart.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// The text is not a SHA-256 digest in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a SHA-256 digest: it has 64 hexadecimal digits")]
pub struct NotAFingerprint;

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEXLOWER.encode_mut_str(&self.0, &mut [0; Self::DIGITS]))
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
        let printed: String = abc.to_uppercase().chars().flat_map(|digit| [digit, ':']).collect();
        assert_eq!(Fingerprint::from_hex(&printed), Ok(Fingerprint::of(b"abc")));
        assert_eq!(Fingerprint::from_hex("ba78"), Err(NotAFingerprint));
        assert_eq!(Fingerprint::from_hex(&"g".repeat(64)), Err(NotAFingerprint));
    }
}
