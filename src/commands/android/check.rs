//! `android check`: a service account's key, judged by what is in the file, and by Google where that is wanted.

use std::path::PathBuf;

use pushcert_papers::{
    Code, Finding, Time, Verdict,
    android::{ServiceAccountKey, judge_key, judge_published},
    judge::Judged,
};

use super::super::{Event, Kind, Looked, Outcome, Reporter, check::sharpen, files, shown};
use crate::{
    google::{Google, GoogleError, host},
    world::{files::FileError, surroundings::Surroundings},
};

/// What is wanted.
#[derive(Debug)]
pub struct Wish {
    /// The file.
    pub path: PathBuf,
    /// Refuse what is only worth a warning.
    pub strict: bool,
    /// Whether the key may sign, and be shown to Google.
    pub exchange: bool,
}

/// Judges a key. With Google at hand its public half is compared there.
///
/// # Errors
/// Never for what the file holds; that is what is told.
pub async fn check(reporter: &dyn Reporter, wish: &Wish, google: Option<&dyn Google>, now: Time) -> Outcome {
    let (mut judged, key, kind) = match files::read(&wish.path) {
        Ok(bytes) => {
            let (judged, key) = judge_key(&bytes);
            (judged, key, Kind::Refused)
        }
        Err(error @ FileError::NotFound) => (files::unreadable(&error), None, Kind::NotFound),
        Err(error) => (files::unreadable(&error), None, Kind::Refused),
    };
    if judged.service_account.is_some() {
        judged.findings.extend(around(Surroundings::of(&wish.path)));
    }
    let mut not_asked = None;
    if let (Some(google), Some(key)) = (google, &key) {
        let online = Online { reporter, google, key, now };
        not_asked = online.look(&mut judged, wish.exchange).await;
    }
    judged.verdict = Verdict::of(&judged.findings);
    if wish.strict {
        sharpen(&mut judged);
    }
    reporter.tell(Event::Judged(&Looked { path: &shown(&wish.path), judged: &judged, authorities: None, now }));
    if let Some(why) = &not_asked {
        reporter.tell(Event::Note(&format!("Google was not asked: {why}")));
    }
    let refused = (judged.verdict == Verdict::Refuse).then_some(kind);
    Ok(Kind::graver(refused, not_asked.map(|_| Kind::Temporary)))
}

/// What the place of the file says.
pub(super) fn around(found: Surroundings) -> Vec<Finding> {
    let readable = found.readable_by_others.then(|| {
        let message = "others on this machine may read the file, and with it speak for your organisation at Google";
        Finding::new(Code::ReadableByOthers, message, "take that right from them: chmod 600")
    });
    let git = found.in_git.then(|| {
        let message = "the file lies in a Git work tree, from where it may be published with the next commit";
        Finding::new(
            Code::InGit,
            message,
            "move it elsewhere; where it was committed, make a new key and delete this one",
        )
    });
    readable.into_iter().chain(git).collect()
}

/// A key, and Google.
pub(super) struct Online<'a> {
    pub(super) reporter: &'a dyn Reporter,
    pub(super) google: &'a dyn Google,
    pub(super) key: &'a ServiceAccountKey,
    pub(super) now: Time,
}

impl Online<'_> {
    /// Adds what Google says to what was found; the answer is why it could not be asked, if it could not.
    async fn look(&self, judged: &mut Judged, exchange: bool) -> Option<String> {
        let published = self.published().await;
        match published {
            Ok(Ok(made)) => self.reporter.tell(Event::Note(&format!(
                "{} publishes the public half of this key; its certificate begins on {}.",
                host(self.key.certificate_url.as_deref().unwrap_or_default()),
                made.date()
            ))),
            Ok(Err(finding)) => judged.findings.push(finding),
            Err(why) => return Some(why),
        }
        if !exchange {
            return None;
        }
        match self.google.exchange(self.key, self.now).await {
            Ok(()) => self.reporter.tell(Event::Note(&format!(
                "{} gives a token for this key: it is live, and the clock is right.",
                host(&self.key.token_uri)
            ))),
            Err(error @ GoogleError::Refused { .. }) => judged.findings.push(refused(&error)),
            Err(error) => return Some(error.to_string()),
        }
        None
    }

    /// When the published certificate of the key begins; a finding where the key is not the published one; or why nothing is
    /// known.
    pub(super) async fn published(&self) -> Result<Result<Time, Finding>, String> {
        match self.google.published(self.key).await {
            Ok(answer) => judge_published(&answer, self.key)
                .map(|found| found.map(|published| published.not_before))
                .map_err(|error| error.to_string()),
            Err(error @ GoogleError::Refused { .. }) => Ok(Err(refused(&error))),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn refused(error: &GoogleError) -> Finding {
    let remedy = "look at the account and its keys in Google's console, and at this machine's clock";
    Finding::new(Code::KeyRefused, error.to_string(), remedy)
}
