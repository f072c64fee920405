//! The user's keyring: the Secret Service of a desktop, the keychain of macOS, the credentials of Windows.

use super::SecretError;

/// What the entry of this name holds.
///
/// # Errors
/// When there is no keyring, it is locked, or it has no such entry; each with what to do.
#[cfg(feature = "keyring")]
pub fn entry(name: &str) -> Result<Vec<u8>, SecretError> {
    let found = keyring::Entry::new(real::SERVICE, name).and_then(|entry| entry.get_secret());
    found.map_err(|error| SecretError::Keyring { name: name.to_owned(), why: real::why(name, &error) })
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

#[cfg(feature = "keyring")]
mod real {
    use keyring::{Entry, Error};
    use pushcert_papers::escape::printable;

    /// The name under which our entries stand there.
    pub const SERVICE: &str = "pushcert";

    /// How an entry is made, by the system's own program.
    const MAKING: &str = if cfg!(target_os = "macos") {
        "security add-generic-password -s pushcert -w -a"
    } else {
        "secret-tool store --label=pushcert service pushcert username"
    };

    /// What an error means, and what to do.
    pub fn why(name: &str, error: &Error) -> String {
        match error {
            Error::NoDefaultStore => {
                let status = Entry::store_status().as_ref().err().map(ToString::to_string).unwrap_or_default();
                format!(
                    "there is no keyring here ({}); where there is no desktop, take a command, a file or a credential of systemd instead",
                    printable(&status)
                )
            }
            Error::NoEntry if cfg!(windows) => format!("it has no entry of {SERVICE} for this user name"),
            Error::NoEntry => format!("it has no such entry; put it there:  {MAKING} {name}"),
            Error::NoStorageAccess(why) => {
                format!("it is locked ({}); unlock it, and run the command again", printable(&why.to_string()))
            }
            Error::Ambiguous(_) => format!("it has several entries of that name for {SERVICE}; leave one of them"),
            error => printable(&error.to_string()),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn each_error_says_what_to_do() {
            let words = |error: Error| why("acme", &error);
            assert!(words(Error::NoEntry).ends_with("pushcert username acme") || !cfg!(target_os = "linux"));
            assert!(words(Error::NoStorageAccess("locked\u{1b}[2J".into())).contains("(locked\\u{1b}[2J); unlock it"));
            assert!(words(Error::Ambiguous(vec![])).contains("leave one of them"));
            assert!(words(Error::NoDefaultStore).contains("take a command, a file"));
        }
    }
}
