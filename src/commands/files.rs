//! Files that a person names: read once, and judged from those very bytes.

use std::path::Path;

use pushcert_papers::{Code, Finding, Kind as PaperKind, Severity, judge::Judged};

use super::{Failure, Kind, shown};
use crate::world::files::{self, FileError};

/// Papers are never larger; those that claim to be are not read.
pub const PAPER_LIMIT: u64 = 1 << 20;

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// When it is no file, is larger than a paper, or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_up_to(path, PAPER_LIMIT)
}

fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    if path == Path::new("-") { files::read_stdin(limit) } else { files::read_paper(path, limit) }
}

/// The bytes of a file that a deed cannot do without.
///
/// # Errors
/// As for [`read`], in the words of a deed.
pub fn need(path: &Path) -> Result<Vec<u8>, Failure> {
    need_up_to(path, PAPER_LIMIT)
}

/// The same, for files that may be larger than papers.
///
/// # Errors
/// As for [`need`].
pub fn need_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    read_up_to(path, limit).map_err(|error| not_to_be_had(path, &error))
}

/// A file that a deed cannot do without and cannot have.
pub fn not_to_be_had(path: &Path, error: &FileError) -> Failure {
    let kind = if matches!(error, FileError::NotFound) { Kind::NotFound } else { Kind::Refused };
    Failure::new(kind, code(error).word(), format!("{}: {error}", shown(path))).hinted(remedy(error))
}

/// What a file that cannot be read is judged to be.
pub fn unreadable(error: &FileError) -> Judged {
    let finding = Finding::new(code(error), error.to_string(), remedy(error)).weighing(Severity::Refuse);
    Judged::only(PaperKind::Unknown, vec![finding])
}

/// A file that cannot be used where it was handed in, by the finding that names it.
pub fn misplaced(path: &Path, kind: Kind, finding: Finding) -> Failure {
    Failure::new(kind, finding.code.word(), format!("{}: {}", shown(path), finding.message)).hinted(finding.remedy)
}

fn code(error: &FileError) -> Code {
    match error {
        FileError::NotAFile { .. } => Code::NotAFile,
        FileError::TooLarge { .. } => Code::TooLarge,
        FileError::NotFound | FileError::Unreadable(_) => Code::Unreadable,
    }
}

fn remedy(error: &FileError) -> &'static str {
    match error {
        FileError::NotAFile { .. } => "name the file itself",
        FileError::TooLarge { .. } => "a certificate has about 2 kB and a request about 10 kB; look which file this is",
        FileError::NotFound => "look at the path: nothing is there",
        FileError::Unreadable(_) => "look at who may read it",
    }
}
