//! `pingid` and `android`: the commands of further credentials.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use pushcert_papers::{TenantName, Time};

/// `pingid`
#[derive(Debug, Subcommand)]
pub enum Pingid {
    /// Write the app's configuration with a token, in a form that the console takes
    Config(PingidConfig),
    /// Judge a configuration that somebody made
    Lint(PingidLint),
    /// Replace a tenant's token, or set the first one up: one step or many, as far as it goes today
    Rotate(PingidRotate),
    /// Record when the token in use was made, so that its age is watched
    Adopt(PingidAdopt),
}

/// A platform of the app.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Platform {
    /// iPhone and iPad
    Ios,
    /// Android
    Android,
}

/// A form of the configuration.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ConfigFormat {
    /// A flat property list (iOS)
    Plist,
    /// The AppConfig community's specification (iOS)
    Appconfig,
    /// A managed configuration (Android)
    Json,
    /// Key and value, to be typed
    Card,
}

/// `pingid config`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert pingid config --platform ios --token-file token.txt --out pingid.plist
  pushcert pingid config --platform ios --format appconfig --token-file token.txt --out pingid.xml
  op read op://it/pingid/token | \\
      pushcert pingid config --platform android --token-file - > pingid.json",
    after_help = "\
The token is asked for at the terminal, and not shown, where --token-file does not name its file. What is written holds the \
        token: it goes into a private file or a pipe, never onto a terminal."
)]
pub struct PingidConfig {
    /// The platform
    #[arg(long, value_enum)]
    pub platform: Platform,
    /// The form [default: plist for iOS, json for Android]
    #[arg(long, value_enum)]
    pub format: Option<ConfigFormat>,
    /// The file with the token, alone in one line; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The app's identifier, where it is not the usual one
    #[arg(long, value_name = "IDENTIFIER")]
    pub app: Option<String>,
    /// Write there; nothing is written over
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `pingid lint`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert pingid lint pingid.plist
  pushcert pingid lint --app com.example.pingid spec.xml",
    after_help = "\
Judged are property lists (XML and binary), AppConfig specifications and managed configurations in JSON. A refused file \
        exits 3. The token itself is never shown."
)]
pub struct PingidLint {
    /// The files; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The app's identifier on iOS, where it is not the usual one
    #[arg(long, value_name = "IDENTIFIER")]
    pub app: Option<String>,
    /// Refuse what is only worth a warning
    #[arg(long)]
    pub strict: bool,
}

/// What a person may say that they have done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RotateDone {
    /// The configuration for iOS has the new token
    SwitchedIos,
    /// The configuration for Android has the new token
    SwitchedAndroid,
    /// The old token is revoked on PingID's page
    Revoked,
}

/// What would lock people out, and what a person may take upon themselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LockoutWord {
    /// The new token is not at PingID
    NewTokenAbsent,
    /// No token would be left
    LastToken,
    /// A platform's configuration still has the old token
    LegNotDone,
    /// Devices have not had time enough to fetch the new one
    WindowOpen,
    /// Too many devices with PingID have not checked in since
    CoverageLow,
    /// How many have cannot be seen just now
    CoverageUnseen,
}

/// `pingid rotate`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert pingid rotate acme                                   # what is due now
  pushcert pingid rotate acme --token-file token.txt            # the new one, from PingID's page
  pushcert pingid rotate acme --done switched-ios --evidence 'saved 14:05, version 7'
  pushcert pingid rotate acme --first                           # there was no token before
  pushcert pingid rotate acme --abort --reason 'wrong tenant'   # until the old token is revoked",
    after_help = "\
Both tokens work side by side until the old one is revoked: add, switch each platform, wait, revoke. Run it again until it \
        says that it is done; it goes on from where it stopped, on any machine with the same store."
)]
pub struct PingidRotate {
    /// The tenant
    pub tenant: TenantName,
    /// The first set-up: there was no token before
    #[arg(long)]
    pub first: bool,
    /// These platforms only [default: those of the configuration]
    #[arg(long, value_enum)]
    pub platform: Vec<Platform>,
    /// The file with the new token, alone in one line; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// With --first: from when on PingID asks for the token, as chosen on its page
    #[arg(long, value_name = "DATE")]
    pub effective_date: Option<Time>,
    /// Where PingID holds several tokens: the day on which the one was made that is to go
    #[arg(long, value_name = "DATE")]
    pub replaces: Option<Time>,
    /// Say what you have done
    #[arg(long, value_enum, value_name = "STEP")]
    pub done: Vec<RotateDone>,
    /// What you saw; it goes on record
    #[arg(long, value_name = "TEXT")]
    pub evidence: Option<String>,
    /// Revoke the old token although people may be locked out
    #[arg(long, value_enum, value_name = "DANGER", requires = "reason")]
    pub accept_lockout: Vec<LockoutWord>,
    /// Why; it goes on record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Give the rotation up: the old token stays
    #[arg(long, requires = "reason")]
    pub abort: bool,
    /// Put back what PingOne held before the last change, where that went wrong
    #[arg(long, requires = "reason", conflicts_with = "abort")]
    pub put_back: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `pingid adopt`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert pingid adopt acme --made 2026-03-01")]
pub struct PingidAdopt {
    /// The tenant
    pub tenant: TenantName,
    /// The day on which the token was made, as PingID's page shows it
    #[arg(long, value_name = "DATE")]
    pub made: Time,
    /// The file with the token: its keyed fingerprint is kept, and not the token
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// `android`
#[derive(Debug, Subcommand)]
pub enum Android {
    /// Judge the JSON key of a Google service account
    Check(AndroidCheck),
    /// Go through the binding of Android Enterprise, task by task
    Enrol(AndroidEnrol),
}

/// How Google is asked about a key.
#[derive(Args, Clone, Debug, Default)]
pub struct AskGoogle {
    /// Ask Google whether it publishes the key's public half; nothing secret is sent
    #[arg(long)]
    pub online: bool,
    /// Trust these authorities for TLS instead of the system's (PEM)
    #[arg(long, value_name = "FILE", requires = "online")]
    pub ca_file: Option<PathBuf>,
}

/// `android check`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert android check key.json
  pushcert android check key.json --online              # does Google publish its public half?
  pushcert android check key.json --online --exchange   # and does it give a token for it?",
    after_help = "\
How long a key lives, what it may do and whether it was revoked is not in the file: nothing is said about that offline. A \
        refused file exits 3. The key itself is never shown."
)]
pub struct AndroidCheck {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How Google is asked
    #[command(flatten)]
    pub google: AskGoogle,
    /// Sign with the key, and ask Google for a token, which is thrown away
    #[arg(long, requires = "online")]
    pub exchange: bool,
    /// Refuse what is only worth a warning
    #[arg(long)]
    pub strict: bool,
}

/// `android enrol`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert android enrol acme                                    # the next task
  pushcert android enrol acme --done key-policy --evidence 'not enforced'
  pushcert android enrol acme --key key.json                     # it is judged first
  pushcert android enrol acme --done emm-token --on 2026-11-20   # thirty days begin
  pushcert android enrol acme --skip policy-back --reason 'nothing was overridden'",
    after_help = "\
The tasks are a person's, in Google's consoles and the server's; this keeps their order, the clock and the record. The call \
        that binds is the server's vendor's, and is never made here."
)]
pub struct AndroidEnrol {
    /// The tenant
    pub tenant: TenantName,
    /// A task that is done
    #[arg(long, value_name = "TASK")]
    pub done: Vec<String>,
    /// What you saw; it goes on record
    #[arg(long, value_name = "TEXT")]
    pub evidence: Option<String>,
    /// The day on which it was done [default: today]
    #[arg(long, value_name = "DATE")]
    pub on: Option<Time>,
    /// The service account's JSON key: it is judged, and not kept
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A task that is not needed here
    #[arg(long, value_name = "TASK", requires = "reason")]
    pub skip: Option<String>,
    /// A task that turned out not to be done
    #[arg(long, value_name = "TASK")]
    pub undo: Option<String>,
    /// Why; it goes on record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Give the open binding up and begin a new one; the record keeps both
    #[arg(long)]
    pub restart: bool,
    /// How Google is asked about the key
    #[command(flatten)]
    pub google: AskGoogle,
}
