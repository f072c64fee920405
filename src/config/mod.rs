//! The configuration: which tenants there are, and where their secrets come from.
//!
//! A user's file comes before the system's. Each tenant is taken whole from one of them, never merged key by key; a
//! file that others may write to is refused; no file of the current folder is read by itself.

pub mod channel;
pub mod edit;
pub mod nearest;

mod credentials;
mod file;
mod keyring;
mod secret;
mod store;
mod tenant;
mod words;
mod written;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use pushcert_papers::TenantName;

pub use channel::Channel;
pub use credentials::{Credentials, PingOne, Pingid};
pub use secret::{Program, SecretError, SecretSource};
pub use store::StoreAddress;
pub use tenant::{Console, DeviceInterface, OwnKey, Product, Tenant};

use crate::world::files::{self, FileError};

/// The system's configuration.
pub const SYSTEM: &str = "/etc/pushcert/pushcert.toml";

/// The name under which the watch speaks of itself; no tenant has it.
pub const WATCH: &str = "pushcert-watch";

/// A configuration is never larger: ten thousand tenants, each with a console, take five million bytes.
const LIMIT: u64 = 16 << 20;

/// The configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The tenants, by name.
    pub tenants: BTreeMap<TenantName, Box<Tenant>>,
    /// Where journeys and records are kept.
    pub store: Option<StoreAddress>,
    /// Below which folder hand-off folders are made.
    pub handoff: Option<PathBuf>,
    /// Where browsers leave downloads.
    pub downloads: Option<PathBuf>,
    /// The folder in which every change leaves what monitoring accounts may read.
    pub public_dir: Option<PathBuf>,
    /// Where alerts go.
    pub channels: Vec<Channel>,
}

/// Something wrong in a configuration file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        error: FileError,
    },
    /// Others may write to it, so that what it says may not be its owner's word.
    #[error("{path} may be written to by others")]
    WritableByOthers {
        /// Which file.
        path: String,
    },
    /// It says something that cannot be.
    #[error("{path}{}", list(problems))]
    Wrong {
        /// Which file.
        path: String,
        /// What is wrong in it.
        problems: Vec<Problem>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// The tenant that was asked for is not configured.
#[derive(Debug, thiserror::Error)]
#[error("there is no tenant {name} in the configuration{meant}")]
pub struct NoSuchTenant {
    name: TenantName,
    meant: String,
}

impl Config {
    /// The configuration in this file, and in no other.
    ///
    /// # Errors
    /// When it cannot be read, others may write to it, or it says something that cannot be.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let bytes = files::read_trusted(path, LIMIT).map_err(|error| match error {
            files::Untrusted::OpenToOthers => ConfigError::WritableByOthers { path: shown.clone() },
            files::Untrusted::File(error) => ConfigError::Unreadable { path: shown.clone(), error },
        })?;
        let text =
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self::parse(&text, folder.parent().unwrap_or(Path::new("/")))
            .map_err(|problems| ConfigError::Wrong { path: shown, problems })
    }

    /// The configuration in this text; relative paths in it are relative to this folder. No file is opened.
    ///
    /// # Errors
    /// Everything that it says and that cannot be.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        file::parse(text, folder)
    }

    /// Where the user's file stands, with that folder, and the system's.
    pub fn places(folder: &Path) -> [PathBuf; 2] {
        [folder.join("pushcert.toml"), SYSTEM.into()]
    }

    /// The user's file and the system's, as far as they are there.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn of_the_user(folder: &Path) -> Result<Self, ConfigError> {
        let [user, system] = Self::places(folder);
        let system = Self::read_if_there(&system)?;
        let user = Self::read_if_there(&user)?;
        Ok(user.before(system))
    }

    fn read_if_there(path: &Path) -> Result<Self, ConfigError> {
        match Self::read(path) {
            Err(ConfigError::Unreadable { error: FileError::NotFound, .. }) => Ok(Self::default()),
            read => read,
        }
    }

    fn before(mut self, other: Self) -> Self {
        for (name, tenant) in other.tenants {
            self.tenants.entry(name).or_insert(tenant);
        }
        Self {
            tenants: self.tenants,
            store: self.store.or(other.store),
            handoff: self.handoff.or(other.handoff),
            downloads: self.downloads.or(other.downloads),
            public_dir: self.public_dir.or(other.public_dir),
            channels: if self.channels.is_empty() { other.channels } else { self.channels },
        }
    }

    /// The tenants that somebody still wants to know of: all but the retired.
    pub fn watched(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.values().map(Box::as_ref).filter(|tenant| !tenant.retired)
    }

    /// The tenant of this name.
    ///
    /// # Errors
    /// When there is none; the nearest name is part of the answer.
    pub fn tenant(&self, name: &TenantName) -> Result<&Tenant, NoSuchTenant> {
        self.tenants.get(name).map(Box::as_ref).ok_or_else(|| {
            let known = self.tenants.keys().map(TenantName::as_str);
            NoSuchTenant { name: name.clone(), meant: nearest::meant(name.as_str(), known) }
        })
    }
}
