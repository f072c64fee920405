//! What is said of a renewal that waits, of what nobody sees any more, and of the watch itself.

use super::{
    super::{Announced, Matter, Severity, rhythm::WEEK},
    Due, Outlook, Rule, Words, held,
};
use crate::{
    DAY, Time,
    renewal::{HandOff, Install, Journey, Request, Stage},
};

/// How long a renewal may wait for a person before anybody is told; and then it is said weekly.
const PATIENCE: i64 = 3 * DAY;

/// The occasion of a tenant of which nothing is known yet. It has a day.
const AWAITED: &str = "0:awaited";

pub(super) fn waiting(outlook: &Outlook<'_>, due: &mut Due) {
    let now = outlook.facts.now;
    let Some(journey) = outlook.facts.journey.filter(|journey| journey.is_open()) else { return };
    let Some((since, what, action)) = stopped_at(journey) else { return };
    let days = now.days_after(since);
    if days * DAY < PATIENCE {
        return;
    }
    let count = (days * DAY - PATIENCE) / WEEK;
    let occasion = format!("{}:{}:{count}", journey.number, journey.stage().word());
    if outlook.last(Matter::RenewalWaiting).is_some_and(|last| last.occasion == occasion) {
        return;
    }
    let words =
        Words::new(format!("a renewal has waited for a person for {days} days"), what, action).with(outlook.renew());
    due.announce(words.of(Matter::RenewalWaiting, occasion, Severity::Warning, false), now);
}

/// Since when a renewal stands where it stands, for what it waits, and what to do.
fn stopped_at(journey: &Journey) -> Option<(Time, &'static str, &'static str)> {
    let received = journey.certificate.as_ref().map(|certificate| certificate.at);
    Some(match journey.stage() {
        Stage::Idle | Stage::Done => return None,
        Stage::Request => {
            let since = match &journey.request {
                Request::Intended { at } => *at,
                _ => journey.started,
            };
            (since, "It waits for the request file from the server.", "Go on with it.")
        }
        Stage::Portal => {
            let handed_off = journey.handed_off.as_ref().map(|HandOff { at, .. }| *at);
            let since = handed_off.or_else(|| journey.held_request().map(|held| held.at)).unwrap_or(journey.started);
            (
                since,
                "The request is ready. It waits for somebody at Apple's portal.",
                "Go on with it: the command says which row, which button, and which file. The signature of a request does not last for ever.",
            )
        }
        Stage::Check | Stage::Install => (
            match journey.install {
                Install::Intended { at, .. } => at,
                _ => received?,
            },
            "The new certificate is here, and not on the server yet.",
            "Go on with it: install the certificate.",
        ),
        Stage::Prove => (
            match journey.install {
                Install::Done { at, .. } => at,
                _ => received?,
            },
            "The new certificate is installed, and no device has been seen to answer since.",
            "Go on with it: devices are asked again.",
        ),
    })
}

pub(super) fn not_seen(outlook: &Outlook<'_>, due: &mut Due) {
    let wrong = match outlook.facts.seen {
        Some(_) => outlook.standing.stale.then_some("stale"),
        None => Some("never"),
    };
    if wrong == Some("never") {
        match outlook.last(Matter::NotSeen) {
            // Whoever has just configured a tenant is about to say what is installed.
            None => return due.remember(Matter::NotSeen, AWAITED.into(), outlook.facts.now),
            Some(last) if last.occasion == AWAITED && outlook.facts.now.unix() - last.at.unix() < DAY => return,
            Some(_) => {}
        }
    }
    let rule = Rule { matter: Matter::NotSeen, every: WEEK, severity: Severity::Warning };
    outlook.held(due, &rule, wrong, || not_seen_words(outlook, wrong));
}

fn not_seen_words(outlook: &Outlook<'_>, wrong: Option<&str>) -> Words {
    let adopt = format!("pushcert adopt {} FILE", outlook.facts.tenant);
    let why = outlook.trouble.map(|why| format!(" It could not be asked: {why}")).unwrap_or_default();
    match (wrong, outlook.facts.seen) {
        (None, _) => Words::new("it is seen again what is installed", "The last look is fresh.", "Nothing to do."),
        (Some(_), Some(seen)) => Words::new(
            format!("nobody has seen what is installed since {}", seen.at.date()),
            format!("Dates are counted on from that look; a change since then would go unnoticed.{why}"),
            "See why the server cannot be asked; or look in its console yourself, and record what it shows.",
        )
        .with(format!("pushcert status {} --max-age 0s", outlook.facts.tenant)),
        (Some(_), None) => Words::new(
            "nobody has said which certificate is installed",
            format!("Without its date nobody can be warned.{why}"),
            "Record the certificate's file, or the console's saved page.",
        )
        .with(adopt),
    }
}

/// The alert that is due when the watch itself is in trouble, or no longer is.
pub fn watch_trouble(matter: Matter, trouble: Option<&str>, announced: &[Announced], now: Time) -> Due {
    let mut due = Due::default();
    let wrong = trouble.map(|_| "trouble");
    let words = || match (matter, trouble) {
        (Matter::Configuration, Some(why)) => Words::new(
            "the changed configuration was refused",
            format!("The watch goes on with the configuration that it had before. What is wrong: {why}"),
            "Put the file right; the watch reads it by itself within seconds.",
        )
        .with("pushcert config check"),
        (_, Some(why)) => Words::new(
            "the watch cannot make its rounds",
            format!("Tenants are not looked at, or what was found is not published: {why}"),
            "Look at the machine on which the watch runs, and at its log.",
        )
        .with("pushcert watch --once"),
        (Matter::Configuration, None) => Words::new(
            "the configuration is in use again",
            "The watch has read it, and nothing is wrong.",
            "Nothing to do.",
        ),
        (_, None) => Words::new("the watch makes its rounds again", "All tenants are looked at.", "Nothing to do."),
    };
    let rule = Rule { matter, every: DAY, severity: Severity::Critical };
    held(&mut due, &rule, wrong, announced, now, words);
    due
}
