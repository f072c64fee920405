//! A folder watched for downloads.
//!
//! Browsers write in parts, under other names first, and some create the final name empty before they fill it. So a
//! file counts once it is not empty and has kept its size and time over two looks. Looking is cheap and works on every
//! file system, network shares included.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use pushcert_papers::Time;

use super::Arrivals;

/// How often the folder is looked at.
const BEAT: Duration = Duration::from_millis(200);

/// The endings under which browsers save a certificate, a request, or what came in their place.
const ENDINGS: [&str; 9] = ["pem", "cer", "crt", "der", "txt", "json", "html", "htm", "p7b"];

/// The endings under which browsers keep what has come so far.
const PARTS: [&str; 4] = [".part", ".crdownload", ".download", ".opdownload"];

/// How a file looks from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Look {
    size: u64,
    changed: Option<SystemTime>,
}

/// A watched folder.
#[derive(Debug)]
pub struct Downloads {
    folder: PathBuf,
    settled: HashMap<PathBuf, Look>,
    growing: HashMap<PathBuf, Look>,
}

impl Downloads {
    /// Watches this folder; what is in it already does not count.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn watch(folder: &Path) -> io::Result<Self> {
        let folder = folder.to_owned();
        Ok(Self { settled: look(&folder)?, growing: HashMap::new(), folder })
    }

    /// One look: a file that has settled since the last one, if there is one. A folder that was deleted is awaited: what is
    /// in it when it is there again has arrived since.
    fn settled_since(&mut self) -> io::Result<Option<PathBuf>> {
        let seen = match look(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.settled.clear();
                HashMap::new()
            }
            seen => seen?,
        };
        let arrived = seen
            .iter()
            .filter(|(path, look)| look.size > 0 && self.settled.get(*path) != Some(look) && !is_in_parts(path))
            .find(|(path, look)| self.growing.get(*path) == Some(look))
            .map(|(path, look)| (path.clone(), *look));
        self.growing = seen;
        Ok(arrived.map(|(path, look)| {
            self.settled.insert(path.clone(), look);
            path
        }))
    }
}

#[async_trait(?Send)]
impl Arrivals for Downloads {
    async fn next(&mut self) -> io::Result<PathBuf> {
        loop {
            if let Some(path) = self.settled_since()? {
                return Ok(path);
            }
            tokio::time::sleep(BEAT).await;
        }
    }
}

/// Files that have changed since then, the newest first.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn changed_since(folder: &Path, since: Time) -> io::Result<Vec<PathBuf>> {
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(since.unix()).unwrap_or(0));
    let changed = |(path, look): (PathBuf, Look)| Some((look.changed?, path)).filter(|(changed, _)| *changed >= since);
    let mut found: Vec<_> = look(folder)?.into_iter().filter_map(changed).collect();
    found.sort();
    Ok(found.into_iter().rev().map(|(_, path)| path).collect())
}

fn look(folder: &Path) -> io::Result<HashMap<PathBuf, Look>> {
    let mut found = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A file may be renamed away between the listing and the look; it is then seen under its next name.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() && may_be_a_paper(&path) {
            found.insert(path, Look { size: metadata.len(), changed: metadata.modified().ok() });
        }
    }
    Ok(found)
}

/// Whether a browser is still at it: what has come so far stands beside the final name.
fn is_in_parts(path: &Path) -> bool {
    PARTS.iter().any(|ending| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        Path::new(&beside).exists()
    })
}

fn may_be_a_paper(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn what_was_there_before_does_not_count() {
        let folder = folder();
        fs::write(folder.path().join("old.pem"), "old").expect("written");
        let mut downloads = Downloads::watch(folder.path()).expect("watched");
        for _ in 0..3 {
            assert_eq!(downloads.settled_since().expect("a look"), None);
        }
    }

    #[test]
    fn a_file_counts_once_it_has_settled_and_only_once() {
        let folder = folder();
        let mut downloads = Downloads::watch(folder.path()).expect("watched");
        let path = folder.path().join("MDM_ MobileIron_Certificate.pem");
        fs::write(&path, "").expect("created empty, as some browsers do");
        assert_eq!(downloads.settled_since().expect("a look"), None);
        fs::write(&path, "part").expect("written");
        assert_eq!(downloads.settled_since().expect("a look"), None);
        fs::write(&path, "part and rest").expect("written");
        assert_eq!(downloads.settled_since().expect("a look"), None);
        assert_eq!(downloads.settled_since().expect("a look"), Some(path));
        assert_eq!(downloads.settled_since().expect("a look"), None);
    }

    #[test]
    fn a_second_download_under_the_same_name_counts_again() {
        let folder = folder();
        let path = folder.path().join("a.pem");
        let mut downloads = Downloads::watch(folder.path()).expect("watched");
        for text in ["first", "second, longer"] {
            fs::write(&path, text).expect("written");
            assert_eq!(downloads.settled_since().expect("a look"), None);
            assert_eq!(downloads.settled_since().expect("a look"), Some(path.clone()));
        }
    }

    #[test]
    fn a_file_whose_part_stands_beside_it_is_not_whole() {
        let folder = folder();
        let mut downloads = Downloads::watch(folder.path()).expect("watched");
        let (path, part) = (folder.path().join("ApplePushInfo.txt"), folder.path().join("ApplePushInfo.txt.part"));
        fs::write(&path, "placeholder").expect("written");
        fs::write(&part, "what has come so far").expect("written");
        for _ in 0..3 {
            assert_eq!(downloads.settled_since().expect("a look"), None);
        }
        fs::rename(&part, &path).expect("complete");
        assert_eq!(downloads.settled_since().expect("a look"), None);
        assert_eq!(downloads.settled_since().expect("a look"), Some(path));
    }

    #[test]
    fn a_folder_that_was_deleted_is_awaited() {
        let folder = folder();
        let place = folder.path().join("Downloads");
        fs::create_dir(&place).expect("a folder");
        fs::write(place.join("a.pem"), "old").expect("written");
        let mut downloads = Downloads::watch(&place).expect("watched");
        fs::remove_dir_all(&place).expect("deleted");
        assert_eq!(downloads.settled_since().expect("a look"), None);
        fs::create_dir(&place).expect("a folder again");
        fs::write(place.join("a.pem"), "old").expect("written");
        assert_eq!(downloads.settled_since().expect("a look"), None);
        assert_eq!(downloads.settled_since().expect("a look"), Some(place.join("a.pem")));
    }

    #[test]
    fn parts_and_other_files_are_passed_over() {
        let folder = folder();
        let mut downloads = Downloads::watch(folder.path()).expect("watched");
        for name in ["a.pem.crdownload", "b.part", "holiday.jpg", "noending"] {
            fs::write(folder.path().join(name), "x").expect("written");
        }
        for _ in 0..3 {
            assert_eq!(downloads.settled_since().expect("a look"), None);
        }
    }
}
