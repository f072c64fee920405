//! The port to Google: what it publishes of a service account's keys, and whether it gives a token for one. Nothing here
//! binds anything: that call is the server's vendor's.

mod online;

use async_trait::async_trait;
use pushcert_papers::{Time, android::ServiceAccountKey};

pub use online::{Online, host};

/// Google, as far as a key can be looked up there.
#[async_trait(?Send)]
pub trait Google {
    /// What is published for the key's account: nothing secret is sent.
    async fn published(&self, key: &ServiceAccountKey) -> Result<Vec<u8>, GoogleError>;

    /// Signs with the key, and asks for a token, which is thrown away.
    async fn exchange(&self, key: &ServiceAccountKey, now: Time) -> Result<(), GoogleError>;
}

/// Why Google did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum GoogleError {
    /// The file names an address that is neither Google's nor this machine's, so nothing is sent there.
    #[error("{address} is not an address of Google's, so nothing was sent there")]
    Elsewhere {
        /// The address.
        address: String,
    },
    /// The file names no such address.
    #[error("the file does not say where the public certificates are")]
    NoAddress,
    /// Google says no to the key.
    #[error("{host} refused the key: {why}")]
    Refused {
        /// Which host.
        host: String,
        /// Its words, made safe for a terminal.
        why: String,
    },
    /// The key cannot sign.
    #[error("the key cannot sign: {0}")]
    Key(String),
    /// There is no answer that can be used.
    #[error("{host} cannot be asked: {why}")]
    Unavailable {
        /// Which host.
        host: String,
        /// Why.
        why: String,
    },
}
