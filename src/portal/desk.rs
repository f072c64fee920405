//! The real desk: private folders below one root, and the platform's downloads folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use pushcert_papers::Time;

use super::{Arrivals, Downloads, Portal, Sheet, downloads};
use crate::world::{browser, files};

/// Hand-off folders below a root.
#[derive(Clone, Debug)]
pub struct Desk {
    root: PathBuf,
    downloads: Option<PathBuf>,
    browser: bool,
}

impl Desk {
    /// A desk whose folders lie below this root; with a browser, if links may be opened.
    pub const fn new(root: PathBuf, downloads: Option<PathBuf>, browser: bool) -> Self {
        Self { root, downloads, browser }
    }
}

impl Portal for Desk {
    fn hand_off(&self, folder: &Path, sheets: &[Sheet<'_>]) -> io::Result<PathBuf> {
        let path = self.root.join(folder);
        files::create_private_dir(&path)?;
        for sheet in sheets {
            files::write_private(&path.join(sheet.name), sheet.bytes)?;
        }
        Ok(path)
    }

    fn take_back(&self, folder: &Path, names: &[&str]) -> io::Result<()> {
        for name in names {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // Whatever a person has put there themselves keeps the folder.
        drop(fs::remove_dir(folder));
        Ok(())
    }

    fn open(&self, link: &str) -> bool {
        self.browser && browser::open(link)
    }

    fn downloads_folder(&self) -> Option<PathBuf> {
        self.downloads.clone().filter(|folder| folder.is_dir())
    }

    fn changed_since(&self, folder: &Path, since: Time) -> io::Result<Vec<PathBuf>> {
        downloads::changed_since(folder, since)
    }

    fn watch(&self, folder: &Path) -> io::Result<Box<dyn Arrivals>> {
        Ok(Box::new(Downloads::watch(folder)?))
    }
}
