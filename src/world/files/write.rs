//! Our own files and folders: private, and whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::rights::{is_free_for_all, writable_by_others};

/// Writes a file that only its owner may read, whole or not at all, and on disk before this returns.
///
/// # Errors
/// When the folder cannot be written; what stood there before still does then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(private_beside(path, bytes)?, path)
}

/// Writes a file that everybody may read, whole or not at all: for monitoring, which has an account of its own.
///
/// # Errors
/// When the folder cannot be written; what stood there before still does then.
pub fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = private_beside(path, bytes)?;
    make_public(file.as_file())?;
    put(file, path)
}

#[cfg(unix)]
fn make_public(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on UNIX it can fail")]
fn make_public(_: &File) -> io::Result<()> {
    Ok(())
}

/// Writes a file that only its owner may read, whole or not at all; never over another one.
///
/// # Errors
/// When something stands there already, or the folder cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = private_beside(path, bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    sync_folder(folder_of(path))
}

/// A private file beside another one, to be tried before it takes that one's place. It goes when it is dropped.
///
/// # Errors
/// When the folder cannot be written.
pub fn private_beside(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".pushcert-").tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Puts such a file in the place of the other one, which keeps nothing of its own but who may read it.
///
/// # Errors
/// When the folder cannot be written; what stood there before still does then.
pub fn settle(file: NamedTempFile, path: &Path) -> io::Result<()> {
    if let Ok(metadata) = fs::metadata(path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    put(file, path)
}

/// The bytes before the name: after a power cut the name leads to the old file or to the whole new one.
fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder_of(path))
}

/// The folder in which a file stands, or will.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes an empty file that only its owner may read, unless a file stands there.
///
/// # Errors
/// When it cannot be made, or something else than a file stands there.
pub fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    at_once_and_private(&mut options)?;
    if options.open(path)?.metadata()?.is_file() { Ok(()) } else { Err(io::Error::other("it is not a file")) }
}

/// Nobody is waited for at the other end of a pipe.
#[cfg(unix)]
fn at_once_and_private(options: &mut OpenOptions) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    options.mode(0o600).custom_flags(flags);
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on UNIX it can fail")]
fn at_once_and_private(_: &mut OpenOptions) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on UNIX it can fail")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a folder, and those above it, that only its owner may enter. One that stands there already must be a folder
/// of ours that nobody else may write to, and that nobody else can put another one in the place of.
///
/// # Errors
/// When it cannot be made, is a link, others may write to it, or anybody may swap it.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    if let Some(open) = whence_it_can_be_swapped(path) {
        let said =
            format!("anybody may write to {}, and so put another folder in the place of one below it", open.display());
        return Err(io::Error::other(said));
    }
    make_private(path)?;
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::other(format!("{} is not a folder", path.display())));
    }
    if writable_by_others(&metadata) {
        return Err(io::Error::other(format!("others may write to {}; take that right from them", path.display())));
    }
    Ok(())
}

/// A folder on the way in which everybody may rename what is not theirs.
fn whence_it_can_be_swapped(path: &Path) -> Option<PathBuf> {
    let is_there = |folder: &&Path| !folder.as_os_str().is_empty() && folder.exists();
    let nearest = path.ancestors().skip(1).find(is_there).unwrap_or(Path::new("."));
    let real = fs::canonicalize(nearest).ok()?;
    real.ancestors().find(|folder| fs::metadata(folder).is_ok_and(|found| is_free_for_all(&found))).map(Path::to_owned)
}

/// Makes what is missing of these folders, each on disk before the next: after a power cut a file in the last one is
/// found again.
#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let missing: Vec<_> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().rev().try_for_each(|made| sync_folder(folder_of(made)))
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Removes a file that a person no longer wants.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::{folder, read_paper};

    #[cfg(unix)]
    #[test]
    fn what_we_write_is_private_and_whole() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let inner = folder.path().join("a/b");
        create_private_dir(&inner).expect("a folder");
        let path = inner.join("key");
        for text in ["first", "second"] {
            write_private(&path, text.as_bytes()).expect("written");
            assert_eq!(read_paper(&path, 100).expect("read"), text.as_bytes());
        }
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&inner)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&inner).expect("listed").count(), 1, "no temporary file is left");
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = folder();
        let path = folder.path().join("key");
        write_new(&path, b"first").expect("written");
        assert_eq!(write_new(&path, b"second").map_err(|error| error.kind()), Err(io::ErrorKind::AlreadyExists));
        assert_eq!(read_paper(&path, 100).expect("read"), b"first");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("changed");
        assert!(create_private_dir(folder.path()).is_err());
    }
}
