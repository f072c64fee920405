//! `check` and `inspect`: files judged, or only shown. Nothing else is awake: no runtime, no store, no network.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Severity, Time, Topic, Verdict,
    certificate::{Authorities, Expectations, InstalledFacts, Place},
    judge::{Judged, Want, judge},
};

use super::{Event, Failure, Kind, Looked, Outcome, Reporter, files, shown};
use crate::world::files::FileError;

/// What files are judged by.
#[derive(Debug, Default)]
pub struct Wish {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// The certificate that the new one follows.
    pub against: Option<PathBuf>,
    /// The enrolled topic.
    pub topic: Option<Topic>,
    /// The request that the certificate must answer.
    pub request: Option<PathBuf>,
    /// Other authorities than Apple's.
    pub authorities: Option<PathBuf>,
    /// Refuse what is only worth a warning.
    pub strict: bool,
    /// Warn when it ends within so many days.
    pub warning_days: Option<i64>,
    /// Refuse when it ends within so many days.
    pub critical_days: Option<i64>,
    /// What the files are meant to be.
    pub want: Option<Want>,
}

/// Judges files.
///
/// # Errors
/// When what they are compared with cannot be read, or is not what it should be.
pub fn check(reporter: &dyn Reporter, wish: &Wish, now: Time) -> Outcome {
    let authorities = wish.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    let old = wish.against.as_deref().map(|path| compared(path, &authorities, now)).transpose()?;
    let request = wish.request.as_deref().map(|path| answered(path, &authorities, now)).transpose()?;
    let installed = old.as_ref().map(InstalledFacts::from);
    let expected = Expectations {
        topic: wish.topic.as_ref().or_else(|| old.as_ref().and_then(|old| old.topic.as_ref())),
        public_key: request,
        installed: installed.as_ref(),
        awaiting_newer: old.is_some(),
        place: Place::Look,
        warning_days: wish.warning_days,
        critical_days: wish.critical_days,
        ..Expectations::default()
    };
    let compares = wish.against.is_some() || wish.topic.is_some() || wish.request.is_some();
    let want = wish.want.unwrap_or(if compares { Want::PushCertificate } else { Want::Anything });
    let mut outcome = None;
    for path in &wish.paths {
        let (mut judged, missing) = judge_file(path, want, &expected, &authorities, now);
        if wish.strict {
            sharpen(&mut judged);
        }
        let trusted = wish.authorities.as_deref().map(shown);
        reporter.tell(Event::Judged(&Looked {
            path: &shown(path),
            judged: &judged,
            authorities: trusted.as_deref(),
            now,
        }));
        let refused =
            (judged.verdict == Verdict::Refuse).then_some(if missing { Kind::NotFound } else { Kind::Refused });
        outcome = Kind::graver(outcome, refused);
    }
    Ok(outcome)
}

/// Shows what files are and hold.
///
/// # Errors
/// Never for what a file holds; that is what is shown.
pub fn inspect(reporter: &dyn Reporter, paths: &[PathBuf], now: Time) -> Outcome {
    let authorities = Authorities::apple();
    let mut outcome = None;
    for path in paths {
        let looked = match files::read(path) {
            Ok(bytes) => judge(&bytes, name_of(path), Want::Anything, &Expectations::default(), &authorities, now),
            Err(error) => {
                outcome = Some(Kind::NotFound);
                files::unreadable(&error)
            }
        };
        reporter.tell(Event::Inspected(&Looked { path: &shown(path), judged: &looked, authorities: None, now }));
    }
    Ok(outcome)
}

/// What a file is judged to be, and whether there is none.
fn judge_file(
    path: &Path,
    want: Want,
    expected: &Expectations<'_>,
    authorities: &Authorities,
    now: Time,
) -> (Judged, bool) {
    match files::read(path) {
        Ok(bytes) => (judge(&bytes, name_of(path), want, expected, authorities, now), false),
        Err(error) => (files::unreadable(&error), matches!(error, FileError::NotFound)),
    }
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str()).filter(|name| *name != "-")
}

/// The old certificate. It may have ended; but it must be a push certificate, or a comparison with it proves nothing.
fn compared(
    path: &Path,
    authorities: &Authorities,
    now: Time,
) -> Result<pushcert_papers::judge::CertificateFacts, Failure> {
    let bytes = files::need(path)?;
    let judged = judge(&bytes, name_of(path), Want::PushCertificate, &Expectations::default(), authorities, now);
    let facts = judged.certificate.filter(|facts| facts.topic.is_some());
    facts.ok_or_else(|| {
        let message = format!(
            "{} is not a push certificate, so nothing can be compared with it ({})",
            shown(path),
            judged.kind.word()
        );
        Failure::new(Kind::Usage, "not-comparable", message)
            .hinted("--against wants the certificate that is installed, or was last year")
    })
}

/// The public key of the request.
fn answered(path: &Path, authorities: &Authorities, now: Time) -> Result<pushcert_papers::Fingerprint, Failure> {
    let bytes = files::need(path)?;
    let judged = judge(&bytes, name_of(path), Want::PushRequest, &Expectations::default(), authorities, now);
    judged.request.map(|facts| facts.public_key_sha256).ok_or_else(|| {
        let message = format!("{} is not a push certificate request ({})", shown(path), judged.kind.word());
        Failure::new(Kind::Usage, "not-comparable", message)
            .hinted("--request wants the file that was uploaded to Apple's portal")
    })
}

/// `--strict`: what is worth a warning is refused.
fn sharpen(judged: &mut Judged) {
    for finding in judged.findings.iter_mut().filter(|finding| finding.severity == Severity::Warn) {
        finding.severity = Severity::Refuse;
    }
    judged.verdict = Verdict::of(&judged.findings);
}
