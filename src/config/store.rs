//! Where state is kept, as configured: an address, or an address with the password for it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::SecretSource;

/// Where state is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreAddress {
    /// A path, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`; never with a password in it.
    pub url: String,
    /// The password of the database's user, where PostgreSQL's own file of passwords does not hold it.
    pub password: Option<SecretSource>,
    /// Authorities to trust for the database's TLS, in PEM, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// `store = "…"`, or `store = { url = "…", password = …, ca_file = "…" }`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`store` is an address, or { url = …, password = …, ca_file = … }")]
pub(super) enum RawStore {
    Address(String),
    Server(RawServer),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    url: String,
    password: Option<SecretSource>,
    ca_file: Option<PathBuf>,
}

impl RawStore {
    /// The same, with paths relative to this folder made absolute.
    pub(super) fn relative_to(self, folder: &Path) -> StoreAddress {
        match self {
            Self::Address(url) => StoreAddress { url, password: None, ca_file: None },
            Self::Server(RawServer { url, password, ca_file }) => StoreAddress {
                url,
                password: password.map(|source| source.relative_to(folder)),
                ca_file: ca_file.map(|path| folder.join(path)),
            },
        }
    }
}
