//! Which alerts are due: one pure function of how a tenant stands, what was announced, and the time.

mod certificate;
mod further;
mod watching;

use super::{
    Alert, Announced, Facts, Installed, Matter, Severity, Standing,
    rhythm::{self, Turn},
};
use crate::{Time, credential::Credential};

pub use watching::watch_trouble;

/// Everything that alerts depend on.
#[derive(Clone, Debug)]
pub struct Outlook<'a> {
    /// What the tenant's standing depends on.
    pub facts: &'a Facts<'a>,
    /// How it stands.
    pub standing: &'a Standing,
    /// How its further credentials stand.
    pub credentials: &'a [Credential],
    /// What was last announced of its matters.
    pub announced: &'a [Announced],
    /// Until when nobody wants to hear of it.
    pub muted_until: Option<Time>,
    /// Why its server could not be asked just now, where it could not.
    pub trouble: Option<&'a str>,
}

/// What is to be announced.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Due {
    /// The alerts, the gravest matter first.
    pub alerts: Vec<Alert>,
    /// What is to be remembered of each matter, with alerts or without.
    pub remembered: Vec<Announced>,
}

impl Due {
    fn remember(&mut self, matter: Matter, occasion: String, now: Time) {
        self.remembered.push(Announced { matter: matter.word().into(), occasion, at: now });
    }

    fn announce(&mut self, alert: Alert, now: Time) {
        self.remember(alert.matter, alert.occasion.clone(), now);
        self.alerts.push(alert);
    }
}

/// The words of an alert.
struct Words {
    title: String,
    what: String,
    action: String,
    command: Option<String>,
}

impl Words {
    fn new(title: impl Into<String>, what: impl Into<String>, action: impl Into<String>) -> Self {
        Self { title: title.into(), what: what.into(), action: action.into(), command: None }
    }

    fn with(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    fn of(self, matter: Matter, occasion: String, severity: Severity, recovered: bool) -> Alert {
        let Self { title, what, action, command } = self;
        Alert { matter, occasion, severity, recovered, title, what, action, command }
    }
}

/// The alerts that are due for a tenant.
pub fn due(outlook: &Outlook<'_>) -> Due {
    let mut due = Due::default();
    if outlook.muted_until.is_some_and(|until| outlook.facts.now < until) {
        return due;
    }
    certificate::topic(outlook, &mut due);
    certificate::revoked(outlook, &mut due);
    certificate::expiry(outlook, &mut due);
    certificate::not_installed(outlook, &mut due);
    certificate::changed(outlook, &mut due);
    watching::waiting(outlook, &mut due);
    watching::not_seen(outlook, &mut due);
    further::credentials(outlook, &mut due);
    due
}

/// What is told as long as it holds: of which matter, how often, and how grave it is.
struct Rule {
    matter: Matter,
    every: i64,
    severity: Severity,
}

/// Announces something that holds or does not, by its rule.
fn held(
    due: &mut Due,
    rule: &Rule,
    wrong: Option<&str>,
    announced: &[Announced],
    now: Time,
    words: impl FnOnce() -> Words,
) {
    let (occasion, recovered) = match rhythm::turn(wrong, last(announced, rule.matter), rule.every, now) {
        None => return,
        Some(Turn::Begun(occasion) | Turn::Still(occasion)) => (occasion, false),
        Some(Turn::Over(occasion)) => (occasion, true),
    };
    due.announce(words().of(rule.matter, occasion, rule.severity, recovered), now);
}

fn last(announced: &[Announced], matter: Matter) -> Option<&Announced> {
    announced.iter().find(|one| one.matter == matter.word())
}

impl Outlook<'_> {
    fn last(&self, matter: Matter) -> Option<&Announced> {
        last(self.announced, matter)
    }

    fn installed(&self) -> Option<&Installed> {
        self.facts.seen.and_then(|seen| seen.installed.as_ref())
    }

    fn renew(&self) -> String {
        format!("pushcert renew {}", self.facts.tenant)
    }

    fn held(&self, due: &mut Due, rule: &Rule, wrong: Option<&str>, words: impl FnOnce() -> Words) {
        held(due, rule, wrong, self.announced, self.facts.now, words);
    }
}
