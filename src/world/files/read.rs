//! Files of others: read once, with a limit, without following a link at their name.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use pushcert_papers::Fingerprint;

use super::rights::{readable_by_others, writable_by_others};

/// Why a file of somebody else cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing is there.
    #[error("there is no such file")]
    NotFound,
    /// It is no file.
    #[error("it is {what}, not a file")]
    NotAFile {
        /// What it is, with its article.
        what: &'static str,
    },
    /// It is larger than such a file may be.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// It cannot be opened or read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::IsADirectory => Self::NotAFile { what: "a folder" },
            _ => Self::Unreadable(error),
        }
    }
}

/// The bytes of a file. It is opened once, and what was opened is what is looked at and read.
///
/// # Errors
/// When it is no file, too large, or cannot be read. Never more than one byte beyond the limit is read.
pub fn read_paper(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let (file, length) = open_within(path, limit)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_or(0, |length| length + 1));
    read_into(&mut bytes, file, limit)?;
    Ok(bytes)
}

/// A file that is read piece by piece, because it may be large: opened once, and never read beyond the limit.
///
/// # Errors
/// When it is no file, too large, or cannot be opened.
pub fn open_long(path: &Path, limit: u64) -> Result<impl Read + use<>, FileError> {
    let (file, _) = open_within(path, limit)?;
    Ok(file.take(limit))
}

/// Why a file is not taken at its word.
#[derive(Debug, thiserror::Error)]
pub enum Untrusted {
    /// Others have a right to it that only its owner may have.
    #[error("others have rights to it that only its owner may have")]
    OpenToOthers,
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The bytes of a file that tells us what to do: nobody but its owner may write to it. Links are followed, since
/// configurations are often linked.
///
/// # Errors
/// When others may write to it, or it cannot be read.
pub fn read_trusted(path: &Path, limit: u64) -> Result<Vec<u8>, Untrusted> {
    read_guarded(path, limit, writable_by_others)
}

/// The bytes of a file that holds a secret: nobody but its owner may read it.
///
/// # Errors
/// When others may read it, or it cannot be read.
pub fn read_secret(path: &Path, limit: u64) -> Result<Vec<u8>, Untrusted> {
    read_guarded(path, limit, readable_by_others)
}

/// The digest of a file, to see whether it has changed; `None` when it cannot be read.
pub fn digest(path: &Path) -> Option<Fingerprint> {
    let (file, _) = open_file(&fs::canonicalize(path).ok()?).ok()?;
    Some(Fingerprint::of(&read_at_most(file, u64::from(u32::MAX)).ok()?))
}

fn read_guarded(path: &Path, limit: u64, open_to_others: fn(&fs::Metadata) -> bool) -> Result<Vec<u8>, Untrusted> {
    let path = fs::canonicalize(path).map_err(FileError::from)?;
    let (file, metadata) = open_file(&path)?;
    if open_to_others(&metadata) {
        return Err(Untrusted::OpenToOthers);
    }
    Ok(read_at_most(file, limit)?)
}

/// The bytes of standard input, within the same limit.
///
/// # Errors
/// When there are too many, or it cannot be read.
pub fn read_stdin(limit: u64) -> Result<Vec<u8>, FileError> {
    read_at_most(io::stdin().lock(), limit)
}

fn read_at_most(source: impl Read, limit: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = vec![];
    read_into(&mut bytes, source, limit)?;
    Ok(bytes)
}

fn read_into(bytes: &mut Vec<u8>, source: impl Read, limit: u64) -> Result<(), FileError> {
    source.take(limit + 1).read_to_end(bytes)?;
    if bytes.len() as u64 > limit { Err(FileError::TooLarge { limit }) } else { Ok(()) }
}

/// A file that is no longer than this, and its length.
fn open_within(path: &Path, limit: u64) -> Result<(File, u64), FileError> {
    let (file, metadata) = open_file(path)?;
    if metadata.len() > limit { Err(FileError::TooLarge { limit }) } else { Ok((file, metadata.len())) }
}

/// What was opened is what is looked at: the name may lead elsewhere by now.
fn open_file(path: &Path) -> Result<(File, fs::Metadata), FileError> {
    let file = open_paper(path)?;
    let metadata = file.metadata()?;
    match not_a_file(metadata.file_type()) {
        Some(what) => Err(FileError::NotAFile { what }),
        None => Ok((file, metadata)),
    }
}

/// Opens without following a link at the name, and without waiting for the other end of a pipe.
#[cfg(unix)]
fn open_paper(path: &Path) -> Result<File, FileError> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).map_err(|_| FileError::Unreadable(io::ErrorKind::InvalidInput.into()))?;
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
        // Linux answers ELOOP for a link that may not be followed, and ENXIO for a socket.
        match fs::symlink_metadata(path).ok().and_then(|metadata| not_a_file(metadata.file_type())) {
            Some(what) => FileError::NotAFile { what },
            None => error.into(),
        }
    })
}

#[cfg(not(unix))]
fn open_paper(path: &Path) -> Result<File, FileError> {
    if let Some(what) = not_a_file(fs::symlink_metadata(path)?.file_type()) {
        return Err(FileError::NotAFile { what });
    }
    Ok(File::open(path)?)
}

pub(super) fn not_a_file(kind: fs::FileType) -> Option<&'static str> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some("a folder");
    }
    if kind.is_symlink() {
        return Some("a symbolic link");
    }
    Some(special(kind))
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::folder;

    #[test]
    fn a_huge_file_is_not_read() {
        let folder = folder();
        let path = folder.path().join("huge");
        File::create(&path).and_then(|file| file.set_len(10 << 30)).expect("a sparse file");
        assert!(matches!(read_paper(&path, 1 << 20), Err(FileError::TooLarge { limit: 1_048_576 })));
    }

    #[test]
    fn what_is_no_file_is_named() {
        let folder = folder();
        let what = |path: &Path| match read_paper(path, 10) {
            Err(FileError::NotAFile { what }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(folder.path()), "a folder");
        assert!(matches!(read_paper(&folder.path().join("none"), 10), Err(FileError::NotFound)));
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("/etc/hostname", &link).expect("a link");
            assert_eq!(what(&link), "a symbolic link");
            let socket = folder.path().join("socket");
            let _listening = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
            assert_eq!(what(&socket), "a socket");
            let pipe = folder.path().join("pipe");
            rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).expect("a pipe");
            assert_eq!(what(&pipe), "a pipe");
            assert_eq!(what(Path::new("/dev/zero")), "a device");
        }
    }
}
