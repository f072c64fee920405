//! Files: those of others are read once, with a limit, without following a link at their name; our own are written
//! privately, and whole or not at all.

mod places;
mod read;
mod rights;
mod walk;
mod write;

pub use places::Folders;
pub use read::{FileError, Untrusted, digest, open_long, read_paper, read_secret, read_stdin, read_trusted};
pub use rights::{FileId, id, readable_by_others, writable_by_others};
pub use walk::{Walked, walk};
pub use write::{
    create_private, create_private_dir, folder_of, private_beside, remove, settle, write_new, write_private,
    write_public,
};

/// A folder that goes with its test.
#[cfg(test)]
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
