//! The reply of mdmcert.download: a push certificate request, encrypted for the certificate that was sent along with the
//! signing request. It comes as hexadecimal digits of a CMS message (RFC 5652, section 6).

use openssl::cms::CmsContentInfo;

use crate::{PrivateKey, kind::hexadecimal};

/// Why a sealed reply does not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SealedError {
    /// The bytes are no encrypted message.
    #[error("it is no encrypted message")]
    NotSealed,
    /// It was encrypted for somebody else, or changed since.
    #[error("the key does not open it: it was encrypted for another one, or was changed on its way")]
    OtherKey,
}

/// What is inside a sealed reply: hexadecimal digits, or the DER itself.
///
/// # Errors
/// [`SealedError`] when it is none, or the key does not open it.
pub fn open(bytes: &[u8], key: &PrivateKey) -> Result<Vec<u8>, SealedError> {
    let der = hexadecimal(bytes).unwrap_or_else(|| bytes.to_vec());
    let message = CmsContentInfo::from_der(&der).map_err(|_| SealedError::NotSealed)?;
    let key = key.openssl().map_err(|_| SealedError::OtherKey)?;
    let inner = crate::bundle::with_old_ciphers(|| message.decrypt_without_cert_check(&key));
    inner.map_err(|_| SealedError::OtherKey)
}
