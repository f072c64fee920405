//! Where a private file lies: who may read it, and whether a version control system would take it in.

use std::path::Path;

use super::files::readable_by_others;

/// What is around a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Surroundings {
    /// Others than its owner may read it.
    pub readable_by_others: bool,
    /// It lies in a Git work tree.
    pub in_git: bool,
}

impl Surroundings {
    /// What is around this file; nothing for standard input.
    pub fn of(path: &Path) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let Ok(metadata) = whole.symlink_metadata() else { return Self::default() };
        let git = |folder: &Path| folder.join(".git").symlink_metadata().is_ok();
        Self { readable_by_others: readable_by_others(&metadata), in_git: whole.ancestors().skip(1).any(git) }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_private_file_outside_of_git_and_its_twin() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("below/key.json");
        fs::create_dir(folder.path().join("below")).expect("a folder");
        crate::world::files::write_private(&path, b"{}").expect("written");
        assert_eq!(Surroundings::of(&path), Surroundings::default());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
        fs::create_dir(folder.path().join(".git")).expect("a folder");
        assert_eq!(Surroundings::of(&path), Surroundings { readable_by_others: true, in_git: true });
        assert_eq!(Surroundings::of(Path::new("-")), Surroundings::default());
    }
}
