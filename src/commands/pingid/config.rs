//! `pingid config`: the configuration in the forms that consoles take, from one token. It is a secret: it goes into a private
//! file or a pipe, and never onto a terminal.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Finding, Secret, Severity,
    pingid::{Format, Platform, judge_token, render},
};

use super::super::{Ask, Event, Failure, Kind, Outcome, Reporter, files, shown};
use crate::world::files as world_files;

/// What is wanted.
#[derive(Debug)]
pub struct Wish {
    /// For which platform.
    pub platform: Platform,
    /// In which form; the platform's usual one when not said.
    pub format: Option<Format>,
    /// The app's identifier, where it is not the usual one.
    pub app: Option<String>,
    /// The file with the token; asked for when not said.
    pub token: Option<PathBuf>,
    /// The file to write; standard output when not said.
    pub out: Option<PathBuf>,
    /// Whether standard output is a terminal.
    pub at_terminal: bool,
}

/// Writes the configuration.
///
/// # Errors
/// When the token is none, the form is not the platform's, or the file stands there already.
pub fn config(reporter: &dyn Reporter, ask: &dyn Ask, wish: &Wish) -> Outcome {
    let format = wish.format.unwrap_or(Format::usual(wish.platform));
    if !format.suits(wish.platform) {
        let message = format!("{} takes no configuration in this form", wish.platform.title());
        return Err(Failure::new(Kind::Usage, "format", message)
            .hinted("iOS takes plist, appconfig and card; Android takes json and card"));
    }
    if wish.out.is_none() && wish.at_terminal {
        let message = "a token is not shown on a terminal, where others may read it and which keeps what it showed";
        return Err(Failure::new(Kind::Usage, "terminal", message).hinted("name a file with --out FILE, or use a pipe"));
    }
    let token = token(wish.token.as_deref(), ask)?;
    for finding in accepted(&token)? {
        reporter.tell(Event::Aside(&format!("{}: {}. {}.", finding.code, finding.message, finding.remedy)));
    }
    let app = wish.app.as_deref().unwrap_or_else(|| wish.platform.usual_app());
    let text = render(format, wish.platform, app, &token);
    match &wish.out {
        None => reporter.tell(Event::Rendered(&text)),
        Some(path) => {
            world_files::write_new(path, text.reveal().as_bytes()).map_err(|error| unwritten(path, &error))?;
            reporter.tell(Event::Configured { path: &shown(path) });
        }
    }
    Ok(None)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(Kind::Failed, "cannot-write", format!("{} cannot be written: {error}", path.display()));
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return failure.hinted("nothing is written over; name another file, or remove that one");
    }
    failure.hinted("look at the folder, and at who may write there")
}

/// The token: from a file, or from whoever is here.
pub(super) fn token(file: Option<&Path>, ask: &dyn Ask) -> Result<Secret, Failure> {
    let Some(path) = file else {
        return ask.secret("The token from PingID's page").ok_or_else(|| {
            Failure::new(Kind::Waiting, "token-needed", "the token is needed, and nobody is here to enter it")
                .hinted("give it with --token-file FILE; - reads standard input")
        });
    };
    Secret::from_line(files::need(path)?).ok_or_else(|| {
        let message = format!("the token in {} is empty, or not one line of text", shown(path));
        Failure::new(Kind::Refused, "token-empty", message).hinted("the file holds the token alone, in one line")
    })
}

/// What is worth a word about a token that may be used.
///
/// # Errors
/// When it may not.
pub(super) fn accepted(token: &Secret) -> Result<Vec<Finding>, Failure> {
    let findings = judge_token(token.reveal());
    match findings.iter().find(|finding| finding.severity == Severity::Refuse) {
        Some(finding) => {
            Err(Failure::new(Kind::Refused, finding.code.word(), &finding.message).hinted(finding.remedy.as_ref()))
        }
        None => Ok(findings),
    }
}
