//! The port to PingOne: the device requirements of the PingID app, read and put back whole.

mod api;

use async_trait::async_trait;
use pushcert_papers::{
    Secret,
    pingid::{Requirements, RequirementsError},
};

pub use api::{Access, Api};

/// The device requirements of a tenant's PingID app.
#[async_trait(?Send)]
pub trait DeviceRequirements {
    /// What is required now; `None` where nothing was ever required.
    async fn read(&self) -> Result<Option<Requirements>, PingOneError>;

    /// Puts these in the place of what was there: all of it. Sent once; an error may leave it uncertain whether it arrived.
    async fn write(&self, body: &Secret) -> Result<(), PingOneError>;

    /// A text that holds tokens, sealed so that only whoever can sign in opens it.
    ///
    /// # Errors
    /// When the library for sealing fails.
    fn seal(&self, text: &Secret) -> Result<Vec<u8>, PingOneError>;

    /// What was sealed.
    fn open(&self, sealed: &[u8]) -> Option<Secret>;
}

/// Why PingOne did not do it.
#[derive(Debug, thiserror::Error)]
pub enum PingOneError {
    /// The worker application's sign-in was refused.
    #[error("{host} refused the sign-in of the worker application: {why}")]
    SignInRefused {
        /// Which host.
        host: String,
        /// Its words.
        why: String,
    },
    /// Signed in, and not allowed.
    #[error("{host} does not let the worker application do this: {why}")]
    Forbidden {
        /// Which host.
        host: String,
        /// Its words.
        why: String,
    },
    /// It understood, and said no.
    #[error("{host} refused: {why}")]
    Refused {
        /// Which host.
        host: String,
        /// Its words.
        why: String,
    },
    /// Its answer cannot be built on.
    #[error("{host}: {source}")]
    NotUnderstood {
        /// Which host.
        host: String,
        /// Why.
        source: RequirementsError,
    },
    /// It cannot be reached, or is not to be trusted; nothing was done.
    #[error("{host} is unavailable: {why}")]
    Unavailable {
        /// Which host.
        host: String,
        /// Why.
        why: String,
    },
    /// The request may or may not have arrived.
    #[error("it is uncertain whether {host} received it: {why}")]
    Uncertain {
        /// Which host.
        host: String,
        /// What happened.
        why: String,
    },
    /// The library for sealing failed.
    #[error("the library for sealing failed")]
    Library,
}
