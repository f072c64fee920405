//! Trees of folders.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::read::{FileError, not_a_file};

/// Something that stands in a tree of folders, other than a folder that can be entered.
#[derive(Debug)]
pub struct Walked {
    /// Where.
    pub path: PathBuf,
    /// Why there is nothing to read; nothing of it was opened.
    pub error: Option<FileError>,
}

/// Walks a tree of folders: every folder's names in their order, links not followed. No more than the names in the
/// folders above are in memory at a time. A path that is no folder is walked as itself.
pub fn walk(root: &Path) -> impl Iterator<Item = Walked> + use<> {
    let first = (root.as_os_str().to_owned(), fs::symlink_metadata(root).map(|metadata| metadata.file_type()));
    let mut folders = vec![Folder { path: PathBuf::new(), left: vec![first] }];
    std::iter::from_fn(move || {
        loop {
            let folder = folders.last_mut()?;
            let Some((name, kind)) = folder.left.pop() else {
                folders.pop();
                continue;
            };
            let path = folder.path.join(name);
            let error = match kind {
                Ok(kind) if kind.is_dir() => match names(&path) {
                    Ok(left) => {
                        folders.push(Folder { path, left });
                        continue;
                    }
                    Err(error) => Some(error.into()),
                },
                Ok(kind) => not_a_file(kind).map(|what| FileError::NotAFile { what }),
                Err(error) => Some(error.into()),
            };
            return Some(Walked { path, error });
        }
    })
}

/// A folder on the way, and what is left of it, the last name first.
struct Folder {
    path: PathBuf,
    left: Vec<(OsString, io::Result<fs::FileType>)>,
}

/// What stands in a folder, the last name first.
fn names(folder: &Path) -> io::Result<Vec<(OsString, io::Result<fs::FileType>)>> {
    let mut names: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| (entry.file_name(), entry.file_type())))
        .collect::<io::Result<_>>()?;
    names.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::folder;

    #[cfg(unix)]
    #[test]
    fn a_tree_is_walked_in_order_and_links_are_not_followed() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/inner")).expect("folders");
        for name in ["a.pem", "b/inner/z.pem", "b.pem", "c.pem"] {
            fs::write(at(name), name).expect("written");
        }
        std::os::unix::fs::symlink(folder.path(), at("b/loop")).expect("a link");
        rustix::fs::mkfifoat(rustix::fs::CWD, at("b/pipe"), rustix::fs::Mode::RUSR).expect("a pipe");
        let walked: Vec<_> = walk(folder.path())
            .map(|walked| {
                let name = walked.path.strip_prefix(folder.path()).expect("below").display().to_string();
                format!("{name} {}", walked.error.map(|error| error.to_string()).unwrap_or_default())
            })
            .collect();
        let wanted = [
            "a.pem ",
            "b/inner/z.pem ",
            "b/loop it is a symbolic link, not a file",
            "b/pipe it is a pipe, not a file",
            "b.pem ",
            "c.pem ",
        ];
        assert_eq!(walked, wanted);
        assert_eq!(walk(&at("a.pem")).count(), 1);
        assert!(matches!(walk(&at("none")).next(), Some(Walked { error: Some(FileError::NotFound), .. })));
    }
}
