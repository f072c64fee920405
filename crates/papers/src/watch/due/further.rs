//! Alerts on a tenant's further credentials.

use super::{Due, Outlook, Rule, Words};
use crate::{
    DAY, Time,
    credential::{Credential, CredentialKind},
    watch::{Severity, State, rhythm::WEEK},
};

/// A further credential that is due, or ends. What is merely too old is said weekly; what really ends, daily.
pub(super) fn credentials(outlook: &Outlook<'_>, due: &mut Due) {
    for kind in CredentialKind::ALL {
        let found = outlook.credentials.iter().find(|found| found.kind == kind);
        if found.is_some_and(|found| found.state == State::Unknown) {
            continue;
        }
        let loud = found.filter(|found| found.state != State::Ok);
        let every = if loud.is_some_and(|found| found.ends.is_some()) { DAY } else { WEEK };
        let severity = match loud.map(|found| found.state) {
            Some(State::Notice) => Severity::Info,
            Some(State::Warning) | None => Severity::Warning,
            Some(_) => Severity::Critical,
        };
        let rule = Rule { matter: kind.into(), every, severity };
        outlook.held(due, &rule, loud.map(|found| found.state.word()), || match loud {
            Some(found) => credential_due(found, outlook.facts.now),
            None => Words::new(
                format!("{}: in order again", kind.title()),
                "It was replaced, or has done its work.",
                "Nothing to do.",
            ),
        });
    }
}

fn credential_due(found: &Credential, now: Time) -> Words {
    let title = found.kind.title();
    let date = found.due.map_or_else(|| "a day that is not known".into(), Time::date);
    let over = found.due.is_some_and(|due| due < now);
    let (says, what) = match (found.ends.is_some(), over) {
        (true, false) => (format!("{title}: ends on {date}"), "What is to be done with it is not done yet."),
        (true, true) => (format!("{title}: has ENDED, on {date}"), "It can be used no more."),
        (false, false) => {
            (format!("{title}: due on {date}"), "It works on beyond that day; the tenant wants a new one by then.")
        }
        (false, true) => (
            format!("{title}: was due on {date}"),
            "It still works. The longer it is in use, the more people and backups have seen it.",
        ),
    };
    let words = Words::new(says, what, "The command says what is due, and each click.");
    match &found.next.command {
        Some(command) => words.with(command),
        None => words,
    }
}
