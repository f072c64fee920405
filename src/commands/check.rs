//! `check` and `inspect`: files judged, or only shown. Nothing else is awake: no runtime, no store, no network.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Code, Finding, Fingerprint, KeyError, PrivateKey, Secret, Severity, Time, Topic, Verdict,
    certificate::{Authorities, Expectations, InstalledFacts, Place, RevocationList},
    judge::{self, CertificateFacts, Judged, Want, judge},
    kind::recognise,
    watch::{Level, State, Thresholds},
};

use super::{
    Event, Failure, Kind, Looked, Outcome, Reporter, Telling, Watched, files, passphrase::Passphrase, scan, shown,
};
use crate::world::files::{FileError, Walked, walk};

/// Lists of revoked certificates are never larger.
const LIST_LIMIT: u64 = crate::world::apple::LIMIT;

/// What files are judged by.
#[derive(Debug, Default)]
pub struct Wish {
    /// The files, and folders of files.
    pub paths: Vec<PathBuf>,
    /// The certificate that the new one follows.
    pub against: Option<PathBuf>,
    /// The enrolled topic.
    pub topic: Option<Topic>,
    /// The request that the certificate must answer.
    pub request: Option<PathBuf>,
    /// The private key that the certificate must belong to.
    pub key: Option<PathBuf>,
    /// What opens that key, or a PKCS #12 file.
    pub passphrase: Passphrase,
    /// Other authorities than Apple's.
    pub authorities: Option<PathBuf>,
    /// Where to look up whether it is revoked.
    pub revocations: Revocations,
    /// Refuse what is only worth a warning.
    pub strict: bool,
    /// Warn when it ends within so many days.
    pub warning_days: Option<i64>,
    /// Refuse when it ends within so many days.
    pub critical_days: Option<i64>,
    /// What the files are meant to be.
    pub want: Option<Want>,
}

/// Where the list of revoked certificates comes from.
#[derive(Debug, Default)]
pub enum Revocations {
    /// From nowhere: it is not looked up.
    #[default]
    None,
    /// From this file.
    File(PathBuf),
    /// From Apple, just now: its bytes, or why there are none.
    Fetched(Result<Vec<u8>, String>),
}

/// Judges files, and every file in folders.
///
/// # Errors
/// When what they are compared with cannot be read, or is not what it should be.
pub fn check(reporter: &dyn Reporter, wish: &Wish, now: Time) -> Outcome {
    let authorities = wish.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    let passphrase = wish.passphrase.given()?;
    let old = wish.against.as_deref().map(|path| compared(path, &authorities, now)).transpose()?;
    let key = public_key(wish, passphrase.as_ref(), &authorities, now)?;
    let installed = old.as_ref().map(InstalledFacts::from);
    let revocations = wish.revocations.list()?;
    let expected = Expectations {
        topic: wish.topic.as_ref().or_else(|| old.as_ref().and_then(|old| old.topic.as_ref())),
        public_key: key,
        own_key: wish.key.is_some(),
        installed: installed.as_ref(),
        awaiting_newer: old.is_some(),
        place: Place::Look,
        warning_days: wish.warning_days,
        critical_days: wish.critical_days,
        revocations: revocations.as_ref(),
        passphrase: passphrase.as_ref(),
        ..Expectations::default()
    };
    let compares = old.is_some() || wish.topic.is_some() || key.is_some();
    let want = wish.want.unwrap_or(if compares { Want::PushCertificate } else { Want::Anything });
    let bench = Bench { wish, want, expected, authorities, now };
    let outcome = bench.judge_all(reporter);
    Ok(Kind::graver(outcome, wish.revocations.tell(reporter)))
}

impl Revocations {
    fn list(&self) -> Result<Option<RevocationList>, Failure> {
        let (place, bytes) = match self {
            Self::None | Self::Fetched(Err(_)) => return Ok(None),
            Self::File(path) => (shown(path), files::need_up_to(path, LIST_LIMIT)?),
            Self::Fetched(Ok(bytes)) => ("Apple's answer".to_owned(), bytes.clone()),
        };
        RevocationList::read(&bytes).map(Some).map_err(|_| {
            let message = format!("{place} is not a whole list of revoked certificates");
            Failure::new(Kind::Usage, "not-comparable", message)
                .hinted("--crl wants what http://crl.apple.com/aai2ca.crl answers")
        })
    }

    /// Says that nothing could be looked up; that is no verdict, and safe to try again.
    fn tell(&self, reporter: &dyn Reporter) -> Option<Kind> {
        let Self::Fetched(Err(why)) = self else { return None };
        reporter.tell(Event::Note(&format!("Whether they are revoked was not looked up: {why}")));
        Some(Kind::Temporary)
    }
}

/// Everything that a file is judged by.
struct Bench<'a> {
    wish: &'a Wish,
    want: Want,
    expected: Expectations<'a>,
    authorities: Authorities,
    now: Time,
}

/// Files, judged: what is said of them, and what it comes to.
#[derive(Default)]
struct Outturn {
    files: usize,
    text: String,
    facts: Vec<Watched>,
    outcome: Option<Kind>,
}

impl Bench<'_> {
    fn judge_all(&self, reporter: &dyn Reporter) -> Option<Kind> {
        let trusted = self.wish.authorities.as_deref().map(shown);
        let telling = reporter.telling();
        let judge = |files: Vec<Walked>| {
            let mut turn = Outturn { files: files.len(), ..Outturn::default() };
            for file in files {
                self.judge_file(file, trusted.as_deref(), telling, &mut turn);
            }
            turn
        };
        let (mut outcome, mut facts) = (None, vec![]);
        let mut tell = |turn: Outturn| {
            reporter.tell(Event::Scanned { files: turn.files, text: &turn.text });
            facts.extend(turn.facts);
            outcome = Kind::graver(outcome, turn.outcome);
        };
        // One file needs no threads, and most runs judge one file.
        match self.wish.paths.as_slice() {
            [one] if !is_folder(one) => tell(judge(vec![Walked { path: one.clone(), error: None }])),
            paths => {
                let all = || paths.iter().flat_map(|path| entries(path));
                reporter.tell(Event::Scanning { count: &|| all().count() });
                scan::in_order(all(), judge, tell);
                reporter.tell(Event::ScanOver);
            }
        }
        if matches!(telling, Telling::Together) {
            reporter.tell(Event::Watched(facts));
        }
        outcome
    }

    fn judge_file(&self, walked: Walked, authorities: Option<&str>, telling: Telling, turn: &mut Outturn) {
        let read = walked.error.map_or_else(|| files::read(&walked.path), Err);
        let (mut judged, kind) = match read {
            Ok(bytes) => {
                let name = name_of(&walked.path);
                (judge(&bytes, name, self.want, &self.expected, &self.authorities, self.now), Kind::Refused)
            }
            Err(error @ FileError::NotFound) => (files::unreadable(&error), Kind::NotFound),
            Err(error) => (files::unreadable(&error), Kind::Refused),
        };
        if self.wish.strict {
            sharpen(&mut judged);
        }
        let looked = Looked { path: &shown(&walked.path), judged: &judged, authorities, now: self.now };
        match telling {
            Telling::Each(say) => say(&looked, &mut turn.text),
            Telling::Together => turn.facts.push(self.watched(&looked)),
        }
        turn.outcome = Kind::graver(turn.outcome, (judged.verdict == Verdict::Refuse).then_some(kind));
    }
}

impl Bench<'_> {
    /// A file as monitoring sees it: a certificate by its date, and by whatever refuses it.
    fn watched(&self, looked: &Looked<'_>) -> Watched {
        let certificate = looked.judged.certificate.as_ref();
        let usual = Thresholds::default();
        let thresholds = Thresholds {
            warning: self.expected.warning_days.unwrap_or(usual.warning),
            critical: self.expected.critical_days.unwrap_or(usual.critical),
            ..usual
        };
        let not_after = certificate.map(|facts| facts.not_after);
        let state = State::of(not_after, &thresholds, self.now);
        // Dates have states of their own.
        let by_date = [Code::EndsSoon, Code::Expired];
        let refusing = looked.judged.findings.iter().filter(|finding| finding.severity == Severity::Refuse);
        let refusing: Vec<_> = refusing.filter(|finding| !by_date.contains(&finding.code)).collect();
        let wrong = certificate.is_some() && !refusing.is_empty();
        Watched {
            name: looked.path.to_owned(),
            is_file: true,
            level: if wrong { Level::Critical } else { Level::of(state, false, &[]) },
            state,
            problems: refusing.iter().map(|finding| finding.code.word()).collect(),
            why: refusing.first().map(|finding| finding.code.word()),
            topic: certificate.and_then(|facts| facts.topic.clone()),
            serial: certificate.map(|facts| facts.serial.clone()),
            issuer: certificate.map(|facts| facts.issuer.clone()),
            not_before: certificate.map(|facts| facts.not_before),
            not_after,
            days_left: certificate.map(|facts| facts.days_left),
            thresholds,
            step: None,
            seen: None,
            looked: certificate.is_some(),
            next: None,
            apple_account: None,
            credentials: vec![],
            now: self.now,
        }
    }
}

/// A file as itself, a folder as everything in it.
fn entries(path: &Path) -> Box<dyn Iterator<Item = Walked> + Send> {
    if is_folder(path) {
        Box::new(walk(path))
    } else {
        Box::new(std::iter::once(Walked { path: path.to_owned(), error: None }))
    }
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Shows what files are and hold.
///
/// # Errors
/// Never for what a file holds; that is what is shown.
pub fn inspect(reporter: &dyn Reporter, paths: &[PathBuf], passphrase: &Passphrase, now: Time) -> Outcome {
    let authorities = Authorities::apple();
    let passphrase = passphrase.given()?;
    let expected = Expectations { passphrase: passphrase.as_ref(), ..Expectations::default() };
    let mut outcome = None;
    for path in paths {
        let looked = match files::read(path) {
            Ok(bytes) => judge(&bytes, name_of(path), Want::Anything, &expected, &authorities, now),
            Err(error) => {
                outcome = Some(Kind::NotFound);
                files::unreadable(&error)
            }
        };
        reporter.tell(Event::Inspected(&Looked { path: &shown(path), judged: &looked, authorities: None, now }));
    }
    Ok(outcome)
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str()).filter(|name| *name != "-")
}

/// The old certificate. It may have ended; but it must be one push certificate, or a comparison with it proves nothing.
fn compared(path: &Path, authorities: &Authorities, now: Time) -> Result<CertificateFacts, Failure> {
    let bytes = files::need(path)?;
    let judged = judge(&bytes, name_of(path), Want::PushCertificate, &Expectations::default(), authorities, now);
    one_push_certificate(judged).map_err(|why| {
        let hint = format!("{}. --against wants the certificate that is installed, or was last year", why.remedy);
        files::misplaced(path, Kind::Usage, why).hinted(hint)
    })
}

/// What a file says that holds one push certificate with a topic, whatever else is wrong with it; or else what it is.
pub(super) fn one_push_certificate(judged: Judged) -> Result<CertificateFacts, Finding> {
    let several = judged.findings.iter().any(|finding| finding.code == Code::SeveralCertificates);
    match judged.certificate.filter(|facts| facts.topic.is_some() && !several) {
        Some(facts) => Ok(facts),
        None => Err(worst(judged.findings)),
    }
}

/// The finding that stands for all of them.
fn worst(findings: Vec<Finding>) -> Finding {
    let rank = |finding: &Finding| std::cmp::Reverse(finding.severity);
    findings.into_iter().min_by_key(rank).expect("what is not wanted has a finding")
}

/// The public key that the certificate must have: the request's, the private key's, or that of both.
fn public_key(
    wish: &Wish,
    passphrase: Option<&Secret>,
    authorities: &Authorities,
    now: Time,
) -> Result<Option<Fingerprint>, Failure> {
    let request = wish.request.as_deref().map(|path| answered(path, authorities, now)).transpose()?;
    let key = wish.key.as_deref().map(|path| own_key(path, passphrase)).transpose()?;
    if let (Some(request), Some(key)) = (request, key)
        && request != key
    {
        let message = "the request was not made with this key, so no certificate can fit both";
        return Err(
            Failure::new(Kind::Refused, "key-mismatch", message).hinted("look which of the two is the right one")
        );
    }
    Ok(request.or(key))
}

/// The public key of the request, or of a signing request alone.
fn answered(path: &Path, authorities: &Authorities, now: Time) -> Result<Fingerprint, Failure> {
    let bytes = files::need(path)?;
    let judged = judge(&bytes, name_of(path), Want::PushRequest, &Expectations::default(), authorities, now);
    match judged.request {
        Some(facts) => Ok(facts.public_key_sha256),
        None => Err(files::misplaced(path, Kind::Usage, worst(judged.findings))),
    }
}

/// The public half of a private key.
fn own_key(path: &Path, passphrase: Option<&Secret>) -> Result<Fingerprint, Failure> {
    let bytes = files::need(path)?;
    let key = PrivateKey::read(&bytes, passphrase);
    key.map(|key| key.public_key_sha256()).map_err(|error| key_failure(path, &bytes, error, Kind::Usage))
}

/// What it means that a private key cannot be used. What is none at all is named, and is of the kind that the place says.
pub(super) fn key_failure(path: &Path, bytes: &[u8], error: KeyError, misplaced: Kind) -> Failure {
    let (kind, code, hint) = match error {
        KeyError::PassphraseNeeded => (Kind::Usage, "passphrase-needed", "give it with --passphrase-file FILE"),
        KeyError::WrongPassphrase => {
            (Kind::Refused, "wrong-password", "look whether it is the passphrase of this very key")
        }
        KeyError::Damaged if matches!(recognise(bytes).kind(), pushcert_papers::Kind::PrivateKey) => {
            (Kind::Refused, "damaged", "bring the key as it was made")
        }
        KeyError::Missing | KeyError::Damaged => {
            return files::misplaced(path, misplaced, judge::misplaced(bytes, Want::PrivateKey));
        }
        KeyError::TooCostly(_) => (Kind::Refused, "damaged", "bring the key as it was made"),
    };
    Failure::new(kind, code, format!("{}: {error}", shown(path))).hinted(hint)
}

/// `--strict`: what is worth a warning is refused.
pub(super) fn sharpen(judged: &mut Judged) {
    for finding in judged.findings.iter_mut().filter(|finding| finding.severity == Severity::Warn) {
        finding.severity = Severity::Refuse;
    }
    judged.verdict = Verdict::of(&judged.findings);
}
