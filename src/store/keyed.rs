//! Fingerprints of secrets: two that are equal can be told to be, and neither can be guessed from what is kept.

use aws_lc_rs::hmac;
use pushcert_papers::{Fingerprint, Secret};

/// HMAC-SHA-256 (RFC 2104) of a secret under the store's own key.
pub(super) fn fingerprint(key: &[u8], secret: &Secret) -> Fingerprint {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, secret.reveal().as_bytes());
    Fingerprint::from_bytes(tag.as_ref().try_into().expect("SHA-256 has 32 octets"))
}
