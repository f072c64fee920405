//! What is said of the installed certificate.

use super::{
    super::{
        Installed, Matter, Problem, Severity, Source, State,
        rhythm::{self, WEEK},
    },
    Due, Outlook, Rule, Words,
};
use crate::{DAY, Time, certificate::Revocation, renewal::Journey};

/// The loudest: every day on which it holds, devices may be lost.
pub(super) fn topic(outlook: &Outlook<'_>, due: &mut Due) {
    let installed = outlook.installed().and_then(|installed| installed.topic.as_ref());
    let (Some(installed), Some(enrolled)) = (installed, outlook.facts.enrolled) else { return };
    let wrong = (installed != enrolled).then(|| installed.as_str());
    let rule = Rule { matter: Matter::TopicChanged, every: DAY, severity: Severity::Emergency };
    outlook.held(due, &rule, wrong, || {
        if wrong.is_none() {
            return Words::new(
                "the right topic is installed again",
                format!("The installed certificate has the topic that the devices listen to: {enrolled}."),
                "See that devices answer.",
            )
            .with(format!("pushcert prove {}", outlook.facts.tenant));
        }
        Words::new(
            "WRONG TOPIC: the installed certificate cannot reach any enrolled device",
            format!("The devices listen to {enrolled}. The certificate on the server has {installed}: it came from another row, from Create, or from another Apple account."),
            "Renew the row of the topic that the devices listen to, at once, and install that certificate. Never press Create or Revoke, and do not enrol devices anew: they come back by themselves.",
        )
        .with(outlook.renew())
    });
}

pub(super) fn revoked(outlook: &Outlook<'_>, due: &mut Due) {
    let wrong = match outlook.standing.revocation {
        Revocation::Revoked(_) => Some("revoked"),
        Revocation::Good(_) => None,
        // Nobody looked, so nothing is known to have changed.
        _ => return,
    };
    let rule = Rule { matter: Matter::Revoked, every: DAY, severity: Severity::Critical };
    outlook.held(due, &rule, wrong, || {
        if wrong.is_none() {
            let what = "Apple's list of revoked certificates does not hold the certificate that is installed now.";
            return Words::new("the installed certificate is not revoked any more", what, "Nothing to do.");
        }
        let since = match outlook.standing.revocation {
            Revocation::Revoked(at) => format!(" since {}", at.date()),
            _ => String::new(),
        };
        Words::new(
            "REVOKED: the installed certificate is on Apple's list",
            format!("Apple's list of revoked certificates holds it{since}. Pushes to devices fail, or will."),
            "Look whether the row at Apple still has Renew; if so, renew it now. If the row is gone, ask Apple's support before anything else: a new row has another topic.",
        )
        .with(outlook.renew())
    });
}

pub(super) fn expiry(outlook: &Outlook<'_>, due: &mut Due) {
    let (now, last) = (outlook.facts.now, outlook.last(Matter::Expiry));
    let Some(end) = outlook.installed().and_then(|installed| installed.not_after) else { return };
    let announced = last.and_then(|last| last.occasion.split_once(':'));
    let before = announced.and_then(|(date, _)| Time::parse(date).ok());
    // A console shows a day, a file the second: the same end may have two dates.
    let same = before.filter(|before| (before.unix() - end.unix()).abs() <= 2 * DAY);
    let date = same.unwrap_or(end).iso_date();
    let open = announced.is_some_and(|(_, word)| !matches!(word, "over" | "quiet"));
    match rhythm::step(end, outlook.facts.thresholds, now) {
        Some((word, severity)) => {
            let occasion = format!("{date}:{word}");
            if last.is_none_or(|last| last.occasion != occasion) {
                due.announce(ending(outlook, end).of(Matter::Expiry, occasion, severity, false), now);
            }
        }
        None if open && same.is_some() => due.remember(Matter::Expiry, format!("{date}:quiet"), now),
        None if open => {
            let before = before.unwrap_or(end);
            let words = Words::new(
                format!("renewed: the certificate now ends on {}", end.date()),
                format!(
                    "The one before ended on {}. The server holds a certificate with {} days left.",
                    before.date(),
                    end.days_after(now)
                ),
                "Nothing to do.",
            );
            let occasion = format!("{}:over", before.iso_date());
            due.announce(words.of(Matter::Expiry, occasion, Severity::Critical, true), now);
        }
        None => {}
    }
}

fn ending(outlook: &Outlook<'_>, end: Time) -> Words {
    let (now, date) = (outlook.facts.now, end.date());
    let ends = match end.days_after(now) {
        0 => format!("ends today or tomorrow, on {date}"),
        1 => format!("ends tomorrow or the day after, on {date}"),
        days if days > 1 => format!("ends in {days} days, on {date}"),
        -1 => format!("has ENDED, on {date}"),
        days => format!("ENDED {} days ago, on {date}", -days),
    };
    let (what, action) = match outlook.standing.state {
        State::Ok | State::Notice => (
            "There is time. A person must renew it at Apple's portal, signed in with the right Apple account.",
            "Plan the renewal, and see that somebody can still sign in with the Apple account.",
        ),
        State::Warning | State::Critical => (
            "When it ends, the server can reach no Apple device until it is renewed.",
            "Renew it: about ten minutes, a person at Apple's portal among them. The command says each click.",
        ),
        State::ExpiredInGrace => (
            "The server can reach no Apple device. Apple is said to allow a renewal for thirty days after the end; vendors disagree, so do not wait.",
            "Renew the same row now. Never press Create: a new row has another topic, and every device would have to be enrolled anew.",
        ),
        _ => (
            "The server can reach no Apple device, and the time in which Apple is said to allow a renewal is over.",
            "Look whether the row at Apple still has Renew; if so, renew it. If this tenant is gone for good, say retired = true, or muted_until, in the configuration.",
        ),
    };
    Words::new(format!("the push certificate {ends}"), what, action).with(outlook.renew())
}

pub(super) fn not_installed(outlook: &Outlook<'_>, due: &mut Due) {
    // Where nothing is known, nothing is known to have changed.
    if outlook.facts.seen.is_none() {
        return;
    }
    let wrong = (outlook.standing.state == State::NotInstalled).then_some("none");
    let rule = Rule { matter: Matter::NotInstalled, every: WEEK, severity: Severity::Critical };
    outlook.held(due, &rule, wrong, || {
        if wrong.is_none() {
            return Words::new("a certificate is installed again", "The server holds a push certificate.", "Nothing to do.");
        }
        let (action, command) = match outlook.facts.enrolled {
            Some(topic) => (
                format!("Devices listen to {topic}. Put the certificate of that topic back, or renew its row at Apple. Never press Create."),
                outlook.renew(),
            ),
            None => ("If this server is new, create its first certificate.".into(), format!("{} --first", outlook.renew())),
        };
        Words::new(
            "the server holds no push certificate",
            "It cannot reach any Apple device.",
            action,
        )
        .with(command)
    });
}

/// A certificate that replaced another without us. Which one was last known stands in the store; a person's word, and what
/// we installed ourselves, are no news.
pub(super) fn changed(outlook: &Outlook<'_>, due: &mut Due) {
    let (Some(seen), Some(installed)) = (outlook.facts.seen, outlook.installed()) else { return };
    let Some(end) = installed.not_after else { return };
    let last = outlook.last(Matter::CertificateChanged);
    let (number, known) = last.map_or((0, None), |last| remembered(&last.occasion));
    let serial = installed.serial.as_ref().map(ToString::to_string);
    if known.as_ref().is_some_and(|known| known.is(end, serial.as_deref())) {
        return;
    }
    let (now, matter) = (outlook.facts.now, Matter::CertificateChanged);
    let occasion = format!("{}:{}:{}", number + 1, end.unix(), serial.as_deref().unwrap_or_default());
    let by_us = outlook.facts.journey.is_some_and(|journey| is_ours(journey, installed));
    let shown = matches!(seen.source, Source::Console | Source::Core);
    let louder = outlook.standing.problems.contains(&Problem::TopicChanged);
    let Some(known) = known.filter(|_| shown && !by_us && !louder) else {
        return due.remember(matter, occasion, now);
    };
    let words = Words::new(
        "another certificate was installed, and nobody renewed it here",
        format!("The server shows one that ends on {}; the last one known ended on {}.", end.date(), known.end.date()),
        "Ask who did it, and record the new certificate's file: its topic is compared with the one that devices listen to.",
    )
    .with(format!("pushcert adopt {} FILE", outlook.facts.tenant));
    due.announce(words.of(matter, occasion, Severity::Warning, false), now);
}

/// A certificate as it is remembered.
struct Remembered<'a> {
    end: Time,
    serial: Option<&'a str>,
}

impl Remembered<'_> {
    /// Whether it is the same: by the serial number where both are known, else by the day of its end.
    fn is(&self, end: Time, serial: Option<&str>) -> bool {
        match (self.serial, serial) {
            (Some(one), Some(other)) => one == other,
            _ => self.end.is_same_day(end),
        }
    }
}

fn remembered(occasion: &str) -> (u64, Option<Remembered<'_>>) {
    let mut parts = occasion.split(':');
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let end = parts.next().and_then(|end| end.parse().ok()).map(Time::from_unix);
    let serial = parts.next().filter(|serial| !serial.is_empty());
    (number, end.map(|end| Remembered { end, serial }))
}

fn is_ours(journey: &Journey, installed: &Installed) -> bool {
    journey.certificate.as_ref().is_some_and(|ours| match (&installed.serial, installed.not_after) {
        (Some(serial), _) => *serial == ours.serial,
        (None, Some(end)) => end.is_same_day(ours.not_after),
        (None, None) => false,
    })
}
