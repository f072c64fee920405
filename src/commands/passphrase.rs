//! Where a passphrase comes from: a file, a program, or whoever sits at the terminal.

use std::path::{Path, PathBuf};

use pushcert_papers::Secret;

use super::{Ask, Failure, Kind, files, shown};
use crate::config::{Program, SecretSource};

/// What the command line says about a passphrase.
#[derive(Clone, Debug, Default)]
pub struct Passphrase {
    /// The first line of this file.
    pub file: Option<PathBuf>,
    /// The line that this program prints: its name and arguments.
    pub command: Option<String>,
}

impl Passphrase {
    /// Whether the command line says one.
    pub const fn is_given(&self) -> bool {
        self.file.is_some() || self.command.is_some()
    }

    /// The passphrase, where the command line says one.
    ///
    /// # Errors
    /// When it cannot be had from there.
    pub fn given(&self) -> Result<Option<Secret>, Failure> {
        match (&self.file, &self.command) {
            (Some(path), _) => from_file(path).map(Some),
            (None, Some(command)) => SecretSource::Command(Program { words: words(command)?, env: vec![] })
                .resolve()
                .map(Some)
                .map_err(|error| Failure::new(Kind::Usage, "passphrase", error)),
            (None, None) => Ok(None),
        }
    }

    /// The passphrase that opens something, asked for where nothing says it.
    ///
    /// # Errors
    /// When there is nobody to ask.
    pub fn to_open(&self, what: &str, ask: &dyn Ask) -> Result<Secret, Failure> {
        match self.given()? {
            Some(secret) => Ok(secret),
            None => ask.secret(&format!("Passphrase of {what}")).ok_or_else(|| needed(what)),
        }
    }

    /// A passphrase to protect something new with, asked for twice where nothing says it.
    ///
    /// # Errors
    /// When there is nobody to ask, or what is typed differs.
    pub fn to_protect(&self, what: &str, ask: &dyn Ask) -> Result<Secret, Failure> {
        if let Some(secret) = self.given()? {
            return Ok(secret);
        }
        let first = ask.secret(&format!("New passphrase of {what}")).ok_or_else(|| needed(what))?;
        let second = ask.secret("Once more").ok_or_else(|| needed(what))?;
        if first == second {
            Ok(first)
        } else {
            Err(Failure::new(Kind::Usage, "passphrase", "the two passphrases differ").hinted("nothing was written"))
        }
    }
}

/// A file that its user names for this one run is taken as it is, whoever may read it.
fn from_file(path: &Path) -> Result<Secret, Failure> {
    let bytes = files::need(path)?;
    Secret::from_line(bytes).ok_or_else(|| {
        let message = format!("the passphrase in {} is empty, or not one line of text", shown(path));
        Failure::new(Kind::Usage, "passphrase", message)
    })
}

fn words(command: &str) -> Result<Vec<String>, Failure> {
    shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
        Failure::new(Kind::Usage, "passphrase", "--passphrase-command has an open quotation mark, or nothing in it")
    })
}

fn needed(what: &str) -> Failure {
    Failure::new(Kind::Usage, "passphrase-needed", format!("{what} needs a passphrase, and nobody is here to type it"))
        .hinted("give it with --passphrase-file FILE or --passphrase-command COMMAND")
}
