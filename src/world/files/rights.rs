//! Whose a file is, and who may do what with it.

use std::{fs, path::Path};

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

/// Whether everybody may rename what lies in this folder, whosever it is: in one that is sticky only the owner may.
#[cfg(unix)]
pub(super) fn is_free_for_all(folder: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    folder.mode() & 0o1002 == 0o0002
}

#[cfg(not(unix))]
pub(super) fn is_free_for_all(_: &fs::Metadata) -> bool {
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
