//! The folders of a user, by the rules of the platform.

use std::{io, path::PathBuf};

use etcetera::BaseStrategy;

/// The folders that the platform gives a user.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Where configuration lies.
    pub config: PathBuf,
    /// Where state lies: it is not a cache, and is to be backed up.
    pub state: PathBuf,
    /// The user's home.
    pub home: PathBuf,
}

impl Folders {
    /// The folders of the user who runs this: XDG's, or the platform's own.
    ///
    /// # Errors
    /// When the system knows no home for the user.
    pub fn of_the_user() -> io::Result<Self> {
        let base = etcetera::choose_base_strategy().map_err(io::Error::other)?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(Self {
            config: base.config_dir().join("pushcert"),
            state: state.join("pushcert"),
            home: base.home_dir().to_owned(),
        })
    }

    /// Where browsers leave downloads.
    pub fn downloads(&self) -> PathBuf {
        self.home.join("Downloads")
    }
}
