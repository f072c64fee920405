//! What Google publishes of a service account's keys: an object with a certificate in PEM under each key's name.

use super::ServiceAccountKey;
use crate::{
    Code, Finding, Time,
    certificate::Certificate,
    json::{member, members, string},
    pem::blocks,
};

/// A key as Google publishes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Published {
    /// The first second of its certificate.
    pub not_before: Time,
    /// The last second of its certificate. Whether Google ends the key with it is not documented.
    pub not_after: Time,
}

/// The answer is not what Google publishes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the answer is not a list of certificates")]
pub struct NotPublished;

/// Looks for a key in what Google publishes for its account.
///
/// # Errors
/// [`NotPublished`] when the answer is something else, so that it says nothing.
pub fn judge_published(answer: &[u8], key: &ServiceAccountKey) -> Result<Result<Published, Finding>, NotPublished> {
    let text = std::str::from_utf8(answer).map_err(|_| NotPublished)?;
    let members = members(text).ok_or(NotPublished)?;
    let Some(pem) = member(&members, &key.key_id) else { return Ok(Err(absent(members.len()))) };
    let pem = string(pem).ok_or(NotPublished)?;
    let blocks = blocks(&pem).map_err(|_| NotPublished)?;
    let der = blocks.first().map(|block| block.der.as_slice()).ok_or(NotPublished)?;
    let certificate = Certificate::from_der(der).map_err(|_| NotPublished)?;
    if certificate.public_key_sha256 != key.key.public_key_sha256() {
        return Ok(Err(differs(&certificate, key)));
    }
    Ok(Ok(Published { not_before: certificate.not_before, not_after: certificate.not_after }))
}

fn absent(others: usize) -> Finding {
    let message = format!(
        "Google publishes {others} other keys of this account, and none of this name: it was deleted or disabled, or is too new to be seen"
    );
    Finding::new(
        Code::KeyNotPublished,
        message,
        "where it is new, ask again in an hour; otherwise make a new key in Google's console",
    )
}

fn differs(published: &Certificate, key: &ServiceAccountKey) -> Finding {
    Finding::new(
        Code::PublicKeyDiffers,
        "under this name Google publishes another public key than the one that belongs to the file's private key",
        "the file was changed: take a fresh one from Google's console",
    )
    .comparing(published.public_key_sha256, key.key.public_key_sha256())
}
