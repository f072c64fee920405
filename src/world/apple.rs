//! What Apple publishes for everybody: its list of revoked push certificates.

use std::time::Duration;

use reqwest::{Client, redirect};

/// The list of the authority that issues push certificates today. It is the only address that is ever asked: never one
/// that a file names.
pub const REVOCATION_LIST: &str = "http://crl.apple.com/aai2ca.crl";

/// The list grows with every revoked certificate; more than this is none.
pub const LIMIT: usize = 64 << 20;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// No answer.
    #[error("{REVOCATION_LIST} does not answer: {0}")]
    Unreachable(String),
    /// Another answer than the list.
    #[error("{REVOCATION_LIST} answers with status {0}")]
    Status(u16),
    /// Too much of an answer.
    #[error("{REVOCATION_LIST} answers with more than {} MiB", LIMIT >> 20)]
    TooLarge,
}

/// Apple's list of revoked certificates, as it is published: without TLS, because it is signed.
///
/// # Errors
/// When it cannot be had.
pub async fn revocation_list(timeout: Duration) -> Result<Vec<u8>, PublishedError> {
    let unreachable = |error: reqwest::Error| PublishedError::Unreachable(super::http::innermost(&error));
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(timeout).build().map_err(unreachable)?;
    let mut answer = client.get(REVOCATION_LIST).send().await.map_err(unreachable)?;
    if !answer.status().is_success() {
        return Err(PublishedError::Status(answer.status().as_u16()));
    }
    let mut list = vec![];
    while let Some(part) = answer.chunk().await.map_err(unreachable)? {
        list.extend_from_slice(&part);
        if list.len() > LIMIT {
            return Err(PublishedError::TooLarge);
        }
    }
    Ok(list)
}
