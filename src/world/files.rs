//! Files: those of others are read once, with a limit, without following a link at their name; our own are written
//! privately, and whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use pushcert_papers::Fingerprint;

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
    let file = open_paper(path)?;
    let metadata = file.metadata()?;
    if let Some(what) = not_a_file(metadata.file_type()) {
        return Err(FileError::NotAFile { what });
    }
    if metadata.len() > limit {
        return Err(FileError::TooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).map_or(0, |length| length + 1));
    read_into(&mut bytes, file, limit)?;
    Ok(bytes)
}

/// A file that is read piece by piece, because it may be large: opened once, and never read beyond the limit.
///
/// # Errors
/// When it is no file, too large, or cannot be opened.
pub fn open_long(path: &Path, limit: u64) -> Result<impl Read + use<>, FileError> {
    let file = open_paper(path)?;
    let metadata = file.metadata()?;
    if let Some(what) = not_a_file(metadata.file_type()) {
        return Err(FileError::NotAFile { what });
    }
    if metadata.len() > limit {
        return Err(FileError::TooLarge { limit });
    }
    Ok(file.take(limit))
}

/// Removes a file that a person no longer wants.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
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
    let mut bytes = vec![];
    read_into(&mut bytes, File::open(path).ok()?, u64::from(u32::MAX)).ok()?;
    Some(Fingerprint::of(&bytes))
}

fn read_guarded(path: &Path, limit: u64, open_to_others: fn(&fs::Metadata) -> bool) -> Result<Vec<u8>, Untrusted> {
    let path = fs::canonicalize(path).map_err(FileError::from)?;
    let file = open_paper(&path)?;
    let metadata = file.metadata().map_err(FileError::from)?;
    if let Some(what) = not_a_file(metadata.file_type()) {
        return Err(FileError::NotAFile { what }.into());
    }
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

/// Opens without following a link at the name, and without waiting for the other end of a pipe.
#[cfg(unix)]
fn open_paper(path: &Path) -> Result<File, FileError> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).map_err(|_| FileError::Unreadable(io::ErrorKind::InvalidInput.into()))?;
    OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
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

fn not_a_file(kind: fs::FileType) -> Option<&'static str> {
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

/// Writes a file that only its owner may read, whole or not at all, and on disk before this returns.
///
/// # Errors
/// When the folder cannot be written; what stood there before still does then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".pushcert-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // The bytes before the name: after a power cut the name leads to the old file or to the whole new one.
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

/// A private file beside another one, to be tried before it takes that one's place. It goes when it is dropped.
///
/// # Errors
/// When the folder cannot be written.
pub fn private_beside(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".pushcert-").tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Puts such a file in the place of the other one, which keeps nothing of its own but who may read it.
///
/// # Errors
/// When the folder cannot be written; what stood there before still does then.
pub fn settle(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    if let Ok(metadata) = fs::metadata(path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.persist(path)?;
    sync_folder(folder_of(path))
}

/// Writes a file that everybody may read, whole or not at all: for monitoring, which has an account of its own.
///
/// # Errors
/// When the folder cannot be written; what stood there before still does then.
pub fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".pushcert-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    make_public(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

#[cfg(unix)]
fn make_public(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_public(_: &File) -> io::Result<()> {
    Ok(())
}

/// Writes a file that only its owner may read, whole or not at all; never over another one.
///
/// # Errors
/// When something stands there already, or the folder cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".pushcert-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    sync_folder(folder)
}

/// The folder in which a file stands, or will.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes an empty file that only its owner may read, unless one stands there.
///
/// # Errors
/// When it cannot be made.
pub fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Which file stands at a path, whatever it is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileId {
    device: u64,
    number: u64,
}

/// Which file stands at this path; `None` where there is none, or this platform does not say.
#[cfg(unix)]
pub fn id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|found| FileId { device: found.dev(), number: found.ino() })
}

/// Which file stands at this path; not known on this platform.
#[cfg(not(unix))]
pub fn id(_: &Path) -> Option<FileId> {
    None
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a folder, and those above it, that only its owner may enter. One that stands there already must be a folder
/// of ours that nobody else may write to.
///
/// # Errors
/// When it cannot be made, is a link, or others may write to it.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
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

/// Whether somebody else than we and the system's administrator may write. An owner always may, whatever the mode says.
#[cfg(unix)]
pub fn writable_by_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o022 != 0 || is_anothers(metadata)
}

#[cfg(unix)]
fn is_anothers(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let ours = rustix::process::geteuid().as_raw();
    ![0, ours].contains(&metadata.uid())
}

/// Whether somebody else than the owner may write; not known on this platform.
#[cfg(not(unix))]
pub fn writable_by_others(_: &fs::Metadata) -> bool {
    false
}

/// Whether somebody else than we and the system's administrator may read.
#[cfg(unix)]
pub fn readable_by_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o077 != 0 || is_anothers(metadata)
}

/// Whether somebody else than the owner may read; not known on this platform.
#[cfg(not(unix))]
pub fn readable_by_others(_: &fs::Metadata) -> bool {
    false
}

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

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

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

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("changed");
        assert!(create_private_dir(folder.path()).is_err());
    }
}
