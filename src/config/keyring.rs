//! The user's keyring: the Secret Service of a desktop, the keychain of macOS, the credentials of Windows.

use super::SecretError;

/// The name under which our entries stand there.
#[cfg(feature = "keyring")]
const SERVICE: &str = "pushcert";

/// What the entry of this name holds.
#[cfg(feature = "keyring")]
pub fn entry(name: &str) -> Result<Vec<u8>, SecretError> {
    let failed = |why: keyring::Error| SecretError::Keyring { name: name.to_owned(), why: why.to_string() };
    keyring::Entry::new(SERVICE, name).map_err(failed)?.get_secret().map_err(failed)
}

/// This build knows no keyring.
///
/// # Errors
/// Always.
#[cfg(not(feature = "keyring"))]
pub fn entry(name: &str) -> Result<Vec<u8>, SecretError> {
    let why =
        "this pushcert is built without a keyring (cargo build --features keyring); take a command or a file instead";
    Err(SecretError::Keyring { name: name.to_owned(), why: why.into() })
}
