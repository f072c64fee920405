//! What Apple publishes for everybody: its list of revoked push certificates.

use std::time::Duration;

use super::http::{PublicError, bounded};

/// The list of the authority that issues push certificates today. It is the only address that is ever asked: never one
/// that a file names.
pub const REVOCATION_LIST: &str = "http://crl.apple.com/aai2ca.crl";

/// The list grows with every revoked certificate; more than this is none.
pub const LIMIT: u64 = 64 << 20;

/// Apple's list of revoked certificates, as it is published: without TLS, because it is signed.
///
/// # Errors
/// When it cannot be had.
pub async fn revocation_list(timeout: Duration) -> Result<Vec<u8>, PublicError> {
    bounded(REVOCATION_LIST, timeout, LIMIT).await
}
