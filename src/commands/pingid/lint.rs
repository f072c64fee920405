//! `pingid lint`: a configuration that somebody made, judged.

use std::path::PathBuf;

use pushcert_papers::{Time, Verdict, pingid};

use super::super::{Event, Kind, Looked, Outcome, Reporter, check::sharpen, files, shown};
use crate::world::files::FileError;

/// Judges configurations for the app of this identifier.
///
/// # Errors
/// Never for what a file holds; that is what is told.
pub fn lint(reporter: &dyn Reporter, paths: &[PathBuf], app: &str, strict: bool, now: Time) -> Outcome {
    let mut outcome = None;
    for path in paths {
        let (mut judged, kind) = match files::read(path) {
            Ok(bytes) => (pingid::lint(&bytes, app), Kind::Refused),
            Err(error @ FileError::NotFound) => (files::unreadable(&error), Kind::NotFound),
            Err(error) => (files::unreadable(&error), Kind::Refused),
        };
        if strict {
            sharpen(&mut judged);
        }
        reporter.tell(Event::Judged(&Looked { path: &shown(path), judged: &judged, authorities: None, now }));
        outcome = Kind::graver(outcome, (judged.verdict == Verdict::Refuse).then_some(kind));
    }
    Ok(outcome)
}
