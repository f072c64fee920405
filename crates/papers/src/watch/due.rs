//! Which alerts are due: one pure function of how a tenant stands, what was announced, and the time.

use super::{
    Alert, Announced, Facts, Installed, Matter, Problem, Severity, Source, Standing, State,
    rhythm::{self, Turn, WEEK},
};
use crate::{
    DAY, Time,
    certificate::Revocation,
    renewal::{HandOff, Install, Journey, Request, Stage},
};

/// How long a renewal may wait for a person before anybody is told; and then it is said weekly.
const PATIENCE: i64 = 3 * DAY;

/// The occasion of a tenant of which nothing is known yet. It has a day.
const AWAITED: &str = "0:awaited";

/// Everything that alerts depend on.
#[derive(Clone, Debug)]
pub struct Outlook<'a> {
    /// What the tenant's standing depends on.
    pub facts: &'a Facts<'a>,
    /// How it stands.
    pub standing: &'a Standing,
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
    topic(outlook, &mut due);
    revoked(outlook, &mut due);
    expiry(outlook, &mut due);
    not_installed(outlook, &mut due);
    changed(outlook, &mut due);
    waiting(outlook, &mut due);
    not_seen(outlook, &mut due);
    due
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
        _ => Words::new("the watch works again", "What was wrong with the watch itself is over.", "Nothing to do."),
    };
    held(&mut due, matter, wrong, announced, DAY, Severity::Critical, now, words);
    due
}

/// Announces something that holds or does not, by its rhythm.
#[expect(clippy::too_many_arguments, reason = "each is one word of the sentence, and three callers say it")]
fn held(
    due: &mut Due,
    matter: Matter,
    wrong: Option<&str>,
    announced: &[Announced],
    every: i64,
    severity: Severity,
    now: Time,
    words: impl FnOnce() -> Words,
) {
    let (occasion, recovered) = match rhythm::turn(wrong, last(announced, matter), every, now) {
        None => return,
        Some(Turn::Begun(occasion) | Turn::Still(occasion)) => (occasion, false),
        Some(Turn::Over(occasion)) => (occasion, true),
    };
    due.announce(words().of(matter, occasion, severity, recovered), now);
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

    fn held(
        &self,
        due: &mut Due,
        matter: Matter,
        wrong: Option<&str>,
        every: i64,
        severity: Severity,
        words: impl FnOnce() -> Words,
    ) {
        held(due, matter, wrong, self.announced, every, severity, self.facts.now, words);
    }
}

/// The loudest: every day on which it holds, devices may be lost.
fn topic(outlook: &Outlook<'_>, due: &mut Due) {
    let installed = outlook.installed().and_then(|installed| installed.topic.as_ref());
    let (Some(installed), Some(enrolled)) = (installed, outlook.facts.enrolled) else { return };
    let wrong = (installed != enrolled).then(|| installed.as_str());
    outlook.held(due, Matter::TopicChanged, wrong, DAY, Severity::Emergency, || {
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

fn revoked(outlook: &Outlook<'_>, due: &mut Due) {
    let wrong = match outlook.standing.revocation {
        Revocation::Revoked(_) => Some("revoked"),
        Revocation::Good(_) => None,
        // Nobody looked, so nothing is known to have changed.
        _ => return,
    };
    outlook.held(due, Matter::Revoked, wrong, DAY, Severity::Critical, || {
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

fn expiry(outlook: &Outlook<'_>, due: &mut Due) {
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

fn not_installed(outlook: &Outlook<'_>, due: &mut Due) {
    // Where nothing is known, nothing is known to have changed.
    if outlook.facts.seen.is_none() {
        return;
    }
    let wrong = (outlook.standing.state == State::NotInstalled).then_some("none");
    outlook.held(due, Matter::NotInstalled, wrong, WEEK, Severity::Critical, || {
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
fn changed(outlook: &Outlook<'_>, due: &mut Due) {
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

fn waiting(outlook: &Outlook<'_>, due: &mut Due) {
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

fn not_seen(outlook: &Outlook<'_>, due: &mut Due) {
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
    outlook.held(due, Matter::NotSeen, wrong, WEEK, Severity::Warning, || not_seen_words(outlook, wrong));
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
