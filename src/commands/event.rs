//! What deeds tell: facts, not sentences laid out. The printer decides how each looks.

use pushcert_papers::{
    Fingerprint, Secret, Serial, TenantName, Time, Topic,
    certificate::Revocation,
    credential::Credential,
    judge::Judged,
    renewal::{Rehearsal, Stage, guide::Card},
    watch::{Level, Source, Standing, State, Thresholds},
};
use serde::Serialize;

use super::{
    EnrolmentReport, RotationReport,
    alerts::Delivery,
    console::ConsoleReport,
    prove::{Answers, FleetAnswers},
    push::PushAnswer,
};
use crate::store::AuditLine;

/// The steps of a renewal that people see.
pub const STEPS: u8 = 5;

/// Something to tell.
pub enum Event<'a> {
    /// A file was judged.
    Judged(&'a Looked<'a>),
    /// Many files are to be judged.
    Scanning {
        /// Counts them, for whoever wants to show how far it is.
        count: &'a dyn Fn() -> usize,
    },
    /// The same, for those that put all of them into one answer.
    Watched(Vec<Watched>),
    /// Some of them were: how many, and what the function in [`Telling::Each`] says of them.
    Scanned {
        /// How many.
        files: usize,
        /// What is said of them.
        text: &'a str,
    },
    /// The last of many files was judged.
    ScanOver,
    /// Files were made.
    Made(&'a Made<'a>),
    /// A file was looked at, without judgement.
    Inspected(&'a Looked<'a>),
    /// A renewal of this tenant is at hand.
    Tenant(&'a TenantHeading<'a>),
    /// A step of the renewal is done.
    Done {
        /// Which, from 1 to [`STEPS`].
        step: u8,
        /// How sure that is.
        mark: Mark,
        /// What was done.
        title: &'a str,
        /// How it came out.
        detail: &'a str,
    },
    /// It is a person's turn.
    Turn {
        /// Which step, from 1 to [`STEPS`].
        step: u8,
        /// What to do.
        card: &'a Card,
    },
    /// It is a person's turn, outside of a renewal.
    Card(&'a Card),
    /// The way to the row at Apple was rehearsed.
    Rehearsed(&'a Rehearsed),
    /// The same in the journey of a further credential.
    Task {
        /// Which step, and of how many.
        at: (u8, u8),
        /// What to do.
        card: &'a Card,
    },
    /// A step of such a journey is done.
    Ticked {
        /// Which step, and of how many.
        at: (u8, u8),
        /// How sure that is.
        mark: Mark,
        /// What was done.
        title: &'a str,
        /// How it came out.
        detail: &'a str,
    },
    /// A file that a person brought was not what was wanted, and why.
    NotTaken(&'a Looked<'a>),
    /// The configuration was judged.
    Configuration(&'a ConfigurationReport<'a>),
    /// A console profile, learned or shown.
    Console(&'a ConsoleReport<'a>),
    /// Devices were asked.
    Proved {
        /// Whose.
        tenant: &'a TenantName,
        /// Who answered.
        answers: Answers,
    },
    /// The fleet was looked at after a change.
    FleetProved {
        /// Whose.
        tenant: &'a TenantName,
        /// How it answers.
        answers: FleetAnswers,
    },
    /// APNs was asked about a certificate.
    PushTried {
        /// Whose.
        tenant: &'a TenantName,
        /// What it said.
        answer: &'a PushAnswer,
    },
    /// Worth saying.
    Note(&'a str),
    /// The closing words of a renewal.
    Closing(&'a str),
    /// Still waiting: for what.
    Alive(&'a str),
    /// How a renewal stands at the end of this run, for programs.
    Renewal(&'a RenewalReport),
    /// How a rotation stands at the end of this run, for programs.
    Rotation(&'a RotationReport),
    /// How a binding stands at the end of this run, for programs.
    Enrolment(&'a EnrolmentReport),
    /// A text that holds a secret, for a pipe.
    Rendered(&'a Secret),
    /// The same, in a private file.
    Configured {
        /// Its path.
        path: &'a str,
    },
    /// Worth saying, beside data that goes into a pipe.
    Aside(&'a str),
    /// How tenants stand.
    Status(&'a [StatusLine]),
    /// Lines of the record.
    History(&'a [(TenantName, AuditLine)]),
    /// The record was verified.
    Verified(&'a Verified),
    /// A marked alert was sent to a channel, or was not.
    Delivery(&'a Delivery<'a>),
    /// The first round has ended, and the page can be read at this address.
    Listening(std::net::SocketAddr),
    /// The sandbox is ready; its announcement as JSON.
    Ready(&'a str),
}

/// How sure a step is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mark {
    /// Done and seen.
    Sure,
    /// Done as far as it goes; something is still open.
    Open,
}

/// A certificate as monitoring sees it, a tenant's or a file's.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The tenant's name, or the file's path.
    pub name: String,
    /// Whether it is a file.
    pub is_file: bool,
    /// How serious it is.
    pub level: Level,
    /// From the date alone.
    pub state: State,
    /// What is wrong: words of problems, or of findings that refuse.
    pub problems: Vec<&'static str>,
    /// The gravest of it, where a date does not say it.
    pub why: Option<&'static str>,
    /// The installed topic.
    pub topic: Option<Topic>,
    /// The serial number.
    pub serial: Option<Serial>,
    /// The issuer, where it is known.
    pub issuer: Option<String>,
    /// First second of validity.
    pub not_before: Option<Time>,
    /// Last second of validity.
    pub not_after: Option<Time>,
    /// Days left.
    pub days_left: Option<i64>,
    /// When states change.
    pub thresholds: Thresholds,
    /// Where the renewal stands; `None` for files.
    pub step: Option<Stage>,
    /// How it is known, and since when; `None` for files.
    pub seen: Option<(&'static str, Option<Time>)>,
    /// Whether it could be looked at just now, where that was wanted.
    pub looked: bool,
    /// What comes next.
    pub next: Option<String>,
    /// The Apple account.
    pub apple_account: Option<String>,
    /// The further credentials of which anything is known.
    pub credentials: Vec<Credential>,
    /// The moment of judgement.
    pub now: Time,
}

/// What is wanted of many judged files.
#[derive(Clone, Copy)]
pub enum Telling {
    /// What this function writes of each, one after the other. It may be called from any thread.
    Each(fn(&Looked<'_>, &mut String)),
    /// Their facts, to be put into one answer.
    Together,
}

/// Files that were made.
pub struct Made<'a> {
    /// What each is, and its path.
    pub files: Vec<(&'static str, String)>,
    /// The topic that they are about.
    pub topic: Option<Topic>,
    /// SHA-256 of the DER SubjectPublicKeyInfo that they share.
    pub public_key_sha256: Fingerprint,
    /// The file of the authorities that were trusted, where they are not Apple's and no judgement has named them.
    pub authorities: Option<&'a str>,
    /// What to do with them, for people.
    pub next: &'a [&'a str],
}

/// A file, and what was found in it.
pub struct Looked<'a> {
    /// Its path, as given.
    pub path: &'a str,
    /// What was found.
    pub judged: &'a Judged,
    /// The file of the authorities that were trusted, where they are not Apple's.
    pub authorities: Option<&'a str>,
    /// The moment of judgement.
    pub now: Time,
}

/// A tenant at the head of its renewal.
pub struct TenantHeading<'a> {
    /// Its name.
    pub tenant: &'a TenantName,
    /// Its server's product, as people call it.
    pub product: &'a str,
    /// Its server's host.
    pub host: Option<&'a str>,
    /// The topic that devices listen to.
    pub enrolled_topic: Option<&'a Topic>,
    /// How many Apple devices there are.
    pub devices: Option<u64>,
    /// How it stands.
    pub standing: &'a Standing,
    /// The topic of the installed certificate.
    pub installed_topic: Option<&'a Topic>,
    /// When the installed certificate ends.
    pub not_after: Option<Time>,
    /// How that is known.
    pub source: Source,
    /// Since when.
    pub seen_at: Option<Time>,
    /// The Apple account.
    pub apple_account: Option<&'a str>,
    /// Whose it is.
    pub owner: Option<&'a str>,
    /// The time.
    pub now: Time,
}

/// The configuration, judged.
pub struct ConfigurationReport<'a> {
    /// Where it was looked for.
    pub looked: Vec<String>,
    /// Where of these it stands.
    pub there: Vec<String>,
    /// Who is configured; `None` where it cannot be read.
    pub tenants: Option<Vec<&'a TenantName>>,
    /// What is wrong, in words.
    pub problems: &'a [String],
}

/// `pushcert/renew/1`.
#[derive(Clone, Debug, Serialize)]
pub struct RenewalReport {
    /// The tenant.
    pub tenant: TenantName,
    /// Where the journey stands.
    pub step: Stage,
    /// What a person must bring or do; `None` when nothing.
    pub waiting_for: Option<&'static str>,
    /// The hand-off folder.
    pub handoff: Option<String>,
    /// The file for the portal.
    pub request: Option<String>,
    /// The enrolled topic.
    pub topic: Option<Topic>,
    /// Whether the certificate is installed and the journey complete.
    pub done: bool,
}

/// `pushcert/rehearse/1`.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// The tenant.
    pub tenant: TenantName,
    /// What the download proves.
    pub result: Rehearsal,
    /// The Apple account that is on record.
    pub apple_account: Option<String>,
    /// The serial number of what was downloaded.
    pub serial: Serial,
    /// Its end.
    pub not_after: Time,
    /// When to do it again.
    pub again: Time,
}

/// `pushcert/status/1`, with what people see beside it.
#[derive(Clone, Debug, Serialize)]
pub struct StatusLine {
    /// The tenant.
    pub tenant: TenantName,
    /// Its kind of server.
    pub mdm: &'static str,
    /// The topic that devices listen to.
    pub enrolled_topic: Option<Topic>,
    /// The installed topic.
    pub topic: Option<Topic>,
    /// The serial number, where it is known exactly.
    pub serial: Option<Serial>,
    /// First second of validity.
    pub not_before: Option<Time>,
    /// Last second of validity.
    pub not_after: Option<Time>,
    /// Days left.
    pub days_left: Option<i64>,
    /// The state's word.
    pub state: &'static str,
    /// Whether the last look is too old.
    pub stale: bool,
    /// What is wrong.
    pub problems: Vec<&'static str>,
    /// Its issuer, where its file was at hand.
    pub issuer: Option<String>,
    /// What a list of revoked certificates said of it, or that it was not looked up.
    pub revocation: &'static str,
    /// When that was looked up; where it is revoked, since when it is.
    pub revocation_at: Option<Time>,
    /// The Apple account.
    pub apple_account: Option<String>,
    /// When somebody was last seen to get to the row at Apple with it.
    pub account_seen_at: Option<Time>,
    /// Whose it is.
    pub owner: Option<String>,
    /// Where the journey stands.
    pub step: Stage,
    /// What comes next.
    pub next: pushcert_papers::watch::Next,
    /// How that is known.
    pub source: &'static str,
    /// Since when.
    pub seen_at: Option<Time>,
    /// The moment of judgement; for people only.
    #[serde(skip)]
    pub now: Time,
    /// How serious it is, for monitoring.
    #[serde(skip)]
    pub level: Level,
    /// When states change.
    pub thresholds: Thresholds,
    /// Seconds after which a look is too old, where the tenant says so itself.
    pub stale_after: Option<i64>,
    /// The further credentials of which anything is known.
    pub credentials: Vec<Credential>,
    /// Why the server could not be asked just now, where it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<String>,
    /// Alerts about it that did not arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undelivered: Vec<Undelivered>,
}

/// Alerts that a channel did not take.
#[derive(Clone, Debug, Serialize)]
pub struct Undelivered {
    /// The channel.
    pub channel: String,
    /// How many.
    pub count: u64,
    /// Whether they are given up; else they are tried again.
    pub given_up: bool,
    /// Why the last of them did not arrive.
    pub why: Option<String>,
}

impl StatusLine {
    /// Whether a certificate is installed that was not looked up in a list of revoked ones.
    pub fn is_not_looked_up(&self) -> bool {
        self.not_after.is_some() && self.revocation == Revocation::NotLookedUp.word()
    }

    /// A problem that costs devices, whatever the date says.
    pub fn grave(&self) -> Option<&'static str> {
        self.problems.iter().copied().find(|problem| matches!(*problem, "topic-changed" | "revoked"))
    }
}

/// What became of a record that was verified.
pub struct Verified {
    /// Whose.
    pub tenant: TenantName,
    /// How many lines it has.
    pub lines: usize,
    /// The digest of its last line.
    pub head: Option<Fingerprint>,
    /// Where it is broken, in words; `None` when it is whole.
    pub broken: Option<String>,
}

impl From<&StatusLine> for Watched {
    fn from(line: &StatusLine) -> Self {
        let state = State::ALL.into_iter().find(|state| state.word() == line.state);
        Self {
            name: line.tenant.to_string(),
            is_file: false,
            level: line.level,
            state: state.unwrap_or(State::Unknown),
            problems: line.problems.clone(),
            why: grave(line),
            topic: line.topic.clone(),
            serial: line.serial.clone(),
            issuer: line.issuer.clone(),
            not_before: line.not_before,
            not_after: line.not_after,
            days_left: line.days_left,
            thresholds: line.thresholds,
            step: Some(line.step),
            seen: Some((line.source, line.seen_at)),
            looked: line.not_asked.is_none(),
            next: Some(line.next.command.clone().unwrap_or_else(|| line.next.what.clone())),
            apple_account: line.apple_account.clone(),
            credentials: line.credentials.clone(),
            now: line.now,
        }
    }
}

/// What a date does not say.
fn grave(line: &StatusLine) -> Option<&'static str> {
    let loud = line.credentials.iter().find(|found| found.level() > Level::Ok);
    let stale = line.stale.then_some("the last look is too old");
    line.grave().or(stale).or(loud.map(|found| found.kind.alarm()))
}
