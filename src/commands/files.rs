//! Files that a person names: read once, and judged from those very bytes.

use std::path::Path;

use pushcert_papers::{Code, Finding, Kind as PaperKind, Severity, Verdict, judge::Judged};

use super::{Failure, Kind, shown};
use crate::world::files::{self, FileError};

/// Papers are never larger; those that claim to be are not read.
pub const PAPER_LIMIT: u64 = 1 << 20;

/// The bytes of a file, or of standard input for `-`.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    if path == Path::new("-") { files::read_stdin(PAPER_LIMIT) } else { files::read_paper(path, PAPER_LIMIT) }
}

/// The bytes of a file that a deed cannot do without.
pub fn need(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path).map_err(|error| {
        let kind = if matches!(error, FileError::NotFound) { Kind::NotFound } else { Kind::Refused };
        Failure::new(kind, code(&error).word(), format!("{}: {error}", shown(path))).hinted(remedy(&error))
    })
}

/// What a file that cannot be read is judged to be.
pub fn unreadable(error: &FileError) -> Judged {
    let finding = Finding::new(code(error), error.to_string(), remedy(error)).weighing(Severity::Refuse);
    Judged {
        kind: PaperKind::Unknown,
        verdict: Verdict::Refuse,
        certificate: None,
        request: None,
        findings: vec![finding],
    }
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
