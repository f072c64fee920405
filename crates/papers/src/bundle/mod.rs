//! PKCS #12 files (RFC 7292): a private key and its certificates behind a passphrase.

mod checks;
mod inner;
mod open;
mod outline;
mod pfx;

pub(crate) use checks::{closed, leaf};
pub(crate) use open::with_old_ciphers;

pub use checks::{BundleFacts, check};
pub use open::{Bundle, BundleError, open};
pub use outline::{Cipher, MOST_ROUNDS, Outline};
