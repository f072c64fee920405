//! The port to the person at Apple's portal: a folder with what they need, and a folder where their download appears.

mod desk;
mod downloads;
mod handout;

use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use pushcert_papers::Time;

pub use desk::Desk;
pub use downloads::Downloads;
pub use handout::Handout;

/// Where a person finds what they need, and leaves what they bring.
pub trait Portal {
    /// Puts these files into a private folder of this name for the person; the answer is its path. Files that stand
    /// there already are replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    fn hand_off(&self, folder: &Path, files: &[Sheet<'_>]) -> io::Result<PathBuf>;

    /// Removes these files from a folder that was handed over, and the folder once it is empty. What is gone already is no
    /// error.
    ///
    /// # Errors
    /// When one is there and cannot be removed.
    fn take_back(&self, folder: &Path, names: &[&str]) -> io::Result<()>;

    /// Opens a link in the person's browser; the answer is whether there is one.
    fn open(&self, link: &str) -> bool;

    /// The folder in which the person's browser leaves downloads, if there is one.
    fn downloads_folder(&self) -> Option<PathBuf>;

    /// Files in a folder that have changed since then, the newest first.
    ///
    /// # Errors
    /// When it cannot be read.
    fn changed_since(&self, folder: &Path, since: Time) -> io::Result<Vec<PathBuf>>;

    /// Watches a folder for files that appear from now on.
    ///
    /// # Errors
    /// When it cannot be read.
    fn watch(&self, folder: &Path) -> io::Result<Box<dyn Arrivals>>;
}

/// Files that appear in a folder.
#[async_trait(?Send)]
pub trait Arrivals {
    /// The next file that has appeared and is complete.
    async fn next(&mut self) -> io::Result<PathBuf>;
}

/// A file for the person.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
}
