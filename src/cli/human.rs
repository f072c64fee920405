//! Results for people: short lines, aligned, dates that people read.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pushcert_papers::{
    Finding, Severity, TenantName, Time, Verdict,
    android::ServiceAccountFacts,
    apns::Reading,
    bundle::BundleFacts,
    escape::printable,
    judge::{CertificateFacts, RequestFacts},
    pingid::ConfigurationFacts,
    renewal::{
        Rehearsal,
        guide::{Card, thousands},
    },
    watch::{AfterChange, Share, Source},
};

use super::table;
use crate::{
    commands::{
        ConfigurationReport, Delivery, Event, Failure, Looked, Made, Mark, Rehearsed, STEPS, TenantHeading, Verified,
        prove::{Answers, FleetAnswers},
        push::PushAnswer,
    },
    forms::in_days,
};

pub const GOOD: Style = AnsiColor::Green.on_default();
pub const LOOK: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
pub const HEAD: Style = Style::new().bold();
pub const FAINT: Style = Style::new().dimmed();

/// The text of an event; `None` when there is nothing to say about it.
pub fn text(event: &Event<'_>, quiet: bool) -> Option<String> {
    match event {
        Event::Judged(looked) => {
            let mut text = String::new();
            let say = if quiet { judged_if_noteworthy } else { judged };
            say(looked, &mut text);
            Some(text)
        }
        Event::Inspected(looked) => Some(inspected(looked)),
        Event::NotTaken(looked) => Some(not_taken(looked)),
        Event::Turn { step, card } => Some(turn(&format!("{step} of {STEPS}  "), card)),
        Event::Card(card) => Some(turn("", card)),
        Event::Rehearsed(found) => Some(rehearsed(found)),
        Event::Task { at, card } => Some(turn(&format!("{} of {}  ", at.0, at.1), card)),
        Event::Configured { path } => {
            Some(format!("{} written, for you alone: {}\n", styled(GOOD, "✓"), printable(path)))
        }
        Event::Status(lines) => Some(table::status(lines)),
        Event::History(lines) => Some(table::history(lines)),
        Event::Verified(found) => Some(verified(found)),
        Event::Console(report) => Some(super::lessons::text(report)),
        Event::Proved { tenant, answers } => Some(proved(tenant, *answers)),
        Event::Delivery(delivery) => Some(delivered(delivery)),
        Event::PushTried { tenant, answer } => Some(push_tried(tenant, answer)),
        Event::FleetProved { tenant, answers } => Some(fleet_proved(tenant, answers)),
        Event::Listening(address) => Some(format!("Watching. The page is at http://{address}/\n")),
        Event::Ready(announcement) => Some(format!("{announcement}\n")),
        Event::Renewal(_)
        | Event::Rotation(_)
        | Event::Enrolment(_)
        | Event::Rendered(_)
        | Event::Aside(_)
        | Event::Scanning { .. }
        | Event::Scanned { .. }
        | Event::ScanOver
        | Event::Watched(_) => None,
        Event::Made(files) => Some(made(files)),
        _ if quiet => None,
        Event::Tenant(heading) => Some(tenant(heading)),
        Event::Done { step, mark, title, detail } => Some(done((*step, STEPS), *mark, title, detail)),
        Event::Ticked { at, mark, title, detail } => Some(done(*at, *mark, title, detail)),
        Event::Configuration(report) => configured(report),
        Event::Note(note) => Some(note.lines().map(|line| wrapped("  ", line)).collect()),
        Event::Closing(words) => Some(format!("\n{}\n", styled(HEAD, words))),
        Event::Alive(words) => Some(format!("  {}\n", styled(FAINT, words))),
    }
}

/// A failure, and what to do.
pub fn failure(failure: &Failure) -> String {
    let hint = failure.hint.as_ref().map(|hint| wrapped("  ", hint));
    let mut lines = failure.message.lines();
    let first = printable(lines.next().unwrap_or_default());
    let rest: String = lines.map(|line| format!("{}\n", printable(line))).collect();
    format!("{} {first}\n{rest}{}", styled(BAD, "pushcert:"), hint.unwrap_or_default())
}

/// Talk beside data.
pub fn aside(note: &str) -> String {
    wrapped("", note)
}

/// Below a finding's code.
const INDENT: &str = "          ";

/// The width of text where there is no terminal, and the widest that is pleasant to read.
const WIDEST: usize = 110;

/// A paragraph, as wide as the terminal allows, and no wider than is pleasant.
pub fn wrapped(indent: &str, text: &str) -> String {
    let options = textwrap::Options::new(width().clamp(40, WIDEST))
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&printable(text), options).trim_end().to_owned() + "\n"
}

/// What somebody has said that it be, or else the terminal's.
fn width() -> usize {
    #[expect(clippy::disallowed_methods, reason = "what the terminal's surroundings say of it")]
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    said.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))).unwrap_or(WIDEST)
}

pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A judged file, unless all is well with it.
pub fn judged_if_noteworthy(looked: &Looked<'_>, text: &mut String) {
    if looked.judged.verdict != Verdict::Accept {
        judged(looked, text);
    }
}

/// A judged file: what it is, and everything that is to be said about it.
pub fn judged(looked: &Looked<'_>, text: &mut String) {
    let judged = looked.judged;
    let (style, word) = match judged.verdict {
        Verdict::Accept => (GOOD, "accepted"),
        Verdict::Warn => (LOOK, "accepted, with something to look at"),
        Verdict::Refuse => (BAD, "refused"),
    };
    let _ = writeln!(text, "{}  {}", styled(HEAD, &printable(looked.path)), styled(style, word));
    text.push_str(&contents(looked));
    text.push_str(&findings(&judged.findings));
    if let Some(authorities) = looked.authorities {
        text.push_str(&judged_by(authorities));
    }
}

fn judged_by(authorities: &str) -> String {
    let words = format!("judged by the authorities in {}, not Apple's", printable(authorities));
    format!("  {}\n", styled(LOOK, &words))
}

fn inspected(looked: &Looked<'_>) -> String {
    let mut text = format!("{}  {}\n", styled(HEAD, &printable(looked.path)), looked.judged.kind.word());
    let body = contents(looked);
    let closed = looked.judged.pkcs12.as_ref().is_some_and(|facts| !facts.opened);
    if body.is_empty() {
        // What it is, without a word on whether that is good.
        text.extend(looked.judged.findings.iter().map(|finding| wrapped("  ", &finding.message)));
    }
    text.push_str(&body);
    if closed {
        let why = looked.judged.findings.iter().filter(|finding| finding.severity == Severity::Refuse);
        text.extend(why.map(|finding| wrapped("  ", &finding.message)));
    }
    text
}

fn contents(looked: &Looked<'_>) -> String {
    let certificate = looked.judged.certificate.as_ref().map(|facts| certificate(facts, looked.now));
    let request = looked.judged.request.as_ref().map(request);
    let bundle = looked.judged.pkcs12.as_ref().map(bundle);
    let configuration = looked.judged.configuration.as_ref().map(configuration);
    let account = looked.judged.service_account.as_ref().map(service_account);
    bundle.into_iter().chain(certificate).chain(request).chain(configuration).chain(account).collect()
}

fn configuration(facts: &ConfigurationFacts) -> String {
    let token = match facts.token {
        Some("uuid") => "a UUID, not shown",
        Some("variable") => "a variable of the server's",
        Some(_) => "there, not shown",
        None => "none",
    };
    let app = facts.app.as_deref().unwrap_or("not named in the file");
    row("app", app) + &row("settings", &facts.settings.to_string()) + &row("token", token)
}

fn service_account(facts: &ServiceAccountFacts) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
    let mut text = row("account", &shown(&facts.client_email));
    text.push_str(&row("project", &shown(&facts.project_id)));
    text.push_str(&row("key's name", &shown(&facts.key_id)));
    if let (Some(kind), Some(key)) = (&facts.key, &facts.public_key_sha256) {
        text.push_str(&row("key", &format!("{kind}, SHA-256 {key}")));
    }
    text.push_str(&row("valid until", "not in the file"));
    text
}

fn bundle(facts: &BundleFacts) -> String {
    let encryption = if facts.encryption.is_empty() { "none".into() } else { facts.encryption.join(", ") };
    let guarded = if facts.mac { "guarded against changes" } else { "not guarded against changes" };
    let mut text = row("encryption", &format!("{encryption}, {guarded}"));
    if facts.opened {
        text.push_str(&row("friendly name", facts.friendly_name.as_deref().unwrap_or("none")));
        let key = facts.public_key_sha256.map_or_else(|| "none".into(), |key| format!("SHA-256 {key}"));
        text.push_str(&row("private key", &key));
    }
    text
}

/// Files that were made: what each is, where it lies, and what comes next.
fn made(made: &Made<'_>) -> String {
    let mut text = String::new();
    for (what, path) in &made.files {
        let _ = writeln!(text, "{} {:<15}{}", styled(GOOD, "✓"), what.replace('_', " "), printable(path));
    }
    if let Some(topic) = &made.topic {
        text.push_str(&row("topic", topic.as_str()));
    }
    text.push_str(&row("key", &format!("SHA-256 {}", made.public_key_sha256)));
    text.extend(made.authorities.map(judged_by));
    text.extend(made.next.iter().map(|line| wrapped("  ", line)));
    text
}

pub fn row(label: &str, value: &str) -> String {
    format!("  {label:<15} {}\n", printable(value))
}

fn certificate(facts: &CertificateFacts, now: Time) -> String {
    let left = facts.not_after.days_after(now);
    let end = format!("{} ({})", facts.not_after.date_and_time(), in_days(left));
    let mut text = String::new();
    if let Some(topic) = &facts.topic {
        text.push_str(&row("topic", topic.as_str()));
    }
    text.push_str(&row("common name", facts.common_name.as_deref().unwrap_or("none")));
    text.push_str(&row("country", facts.country.as_deref().unwrap_or("none")));
    text.push_str(&row("begins", &facts.not_before.date_and_time()));
    text.push_str(&row("ends", &end));
    text.push_str(&row("issuer", &facts.issuer));
    text.push_str(&row("serial", &format!("{} ({})", facts.serial, facts.serial.decimal())));
    text.push_str(&row("key", &format!("SHA-256 {}", facts.public_key_sha256)));
    text.push_str(&row("certificate", &format!("SHA-256 {}", facts.sha256)));
    text.push_str(&row("revoked", revocation(&facts.revocation)));
    text
}

/// What is known of its revocation, in words.
fn revocation(word: &str) -> &str {
    match word {
        "not-looked-up" => "not looked up",
        "good" => "no, by its issuer's list",
        "revoked" => "yes",
        "list-outdated" => "not by the list given, which is out of date",
        "list-not-signed" => "not known: its issuer did not sign the list given",
        _ => "not known: the list given is of another issuer",
    }
}

fn request(facts: &RequestFacts) -> String {
    let vendor = match (&facts.vendor, facts.vendor_not_after) {
        (Some(vendor), Some(end)) => format!("{vendor}, its certificate valid until {}", end.date()),
        (Some(vendor), None) => vendor.clone(),
        _ => "not known".into(),
    };
    let mut text = row("signed by", &vendor);
    text.push_str(&row("subject", facts.csr_subject.as_deref().unwrap_or("none")));
    text.push_str(&row("country", facts.country.as_deref().unwrap_or("none")));
    text.push_str(&row("key", &format!("SHA-256 {}", facts.public_key_sha256)));
    text
}

/// Why it is refused comes first.
fn findings(findings: &[Finding]) -> String {
    let mut gravest: Vec<_> = findings.iter().collect();
    gravest.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    gravest.into_iter().map(finding).collect()
}

fn finding(finding: &Finding) -> String {
    let (style, word) = match finding.severity {
        Severity::Refuse => (BAD, "refuse"),
        Severity::Warn => (LOOK, "warn"),
        Severity::Note => (FAINT, "note"),
    };
    let mut text = format!("  {}  {}\n", styled(style, &format!("{word:<6}")), styled(style, finding.code.word()));
    text.push_str(&wrapped(INDENT, &finding.message));
    if let (Some(expected), Some(found)) = (&finding.expected, &finding.found) {
        let _ = writeln!(text, "          expected  {}\n          found     {}", printable(expected), printable(found));
    }
    if !finding.remedy.is_empty() {
        text.push_str(&wrapped(INDENT, &finding.remedy));
    }
    text
}

fn not_taken(looked: &Looked<'_>) -> String {
    format!("\n  {} {}\n{}\n", styled(BAD, "✗"), printable(looked.path), findings(&looked.judged.findings))
}

/// How it is known, and since when.
pub fn known(source: Source, at: Option<Time>, now: Time) -> String {
    let when = at.map_or_else(String::new, |at| match now.days_after(at) {
        0 => " today".into(),
        1 => " yesterday".into(),
        days if days > 1 => format!(" {days} days ago"),
        _ => format!(" on {}", at.date()),
    });
    match source {
        Source::Console => format!("seen in the console{when}"),
        Source::Core => format!("read from the server{when}"),
        Source::Page => format!("from a saved page of the console{when}"),
        Source::File => format!("from the file given{when}"),
        Source::Person => format!("somebody said so{when}"),
        Source::None => "not known".into(),
    }
}

fn tenant(heading: &TenantHeading<'_>) -> String {
    let place: Vec<_> = [Some(heading.product), heading.host].into_iter().flatten().collect();
    let mut text = format!("{} · {}\n", styled(HEAD, heading.tenant.as_str()), printable(&place.join(" · ")));
    let topic = heading.enrolled_topic.map_or("not confirmed yet", |topic| topic.as_str());
    let devices = heading.devices.map(|count| format!("   {} Apple devices", thousands(count))).unwrap_or_default();
    text.push_str(&row("enrolled topic", &format!("{topic}{devices}")));
    let other =
        heading.installed_topic.filter(|topic| heading.enrolled_topic.is_some_and(|enrolled| enrolled != *topic));
    if let Some(installed) = other {
        let words = format!("{installed}   not the topic that devices listen to");
        let _ = writeln!(text, "  {:<15} {}", "installed topic", styled(BAD, &words));
    }
    let end = heading.not_after.map_or_else(
        || "unknown".into(),
        |end| {
            let days = in_days(end.days_after(heading.now));
            format!("ends {}, {days}", end.date())
        },
    );
    text.push_str(&row("installed", &format!("{end} ({})", known(heading.source, heading.seen_at, heading.now))));
    let account = heading.apple_account.unwrap_or("not recorded");
    let owner = heading.owner.map(|owner| format!(" (owner: {owner})")).unwrap_or_default();
    text.push_str(&row("Apple account", &format!("{account}{owner}")));
    text.push('\n');
    text
}

fn done((step, of): (u8, u8), mark: Mark, title: &str, detail: &str) -> String {
    let sign = match mark {
        Mark::Sure => styled(GOOD, "✓"),
        Mark::Open => styled(LOOK, "…"),
    };
    format!("{sign} {step} of {of}  {title:<22}{}\n", printable(detail))
}

fn turn(step: &str, card: &Card) -> String {
    let mut text = format!("{} {step}{}\n\n", styled(LOOK, "●"), styled(HEAD, &card.title));
    for line in &card.lines {
        let words = printable(&line.text);
        let words = if line.grave { styled(HEAD, &words) } else { words };
        let _ = writeln!(text, "    {:<10}{words}", line.verb);
    }
    for line in &card.otherwise {
        let _ = write!(text, "\n    {}", printable(line));
    }
    text.push_str("\n\n");
    text
}

fn rehearsed(found: &Rehearsed) -> String {
    let sure = matches!(found.result, Rehearsal::Installed | Rehearsal::Row);
    let sign = if sure { styled(GOOD, "✓") } else { styled(LOOK, "…") };
    let what = if found.result.proves_the_way() { "rehearsed" } else { "not rehearsed yet" };
    let mut text = format!("{sign} {}  {what}\n", styled(HEAD, found.tenant.as_str()));
    text.push_str(&wrapped("  ", found.result.meaning()));
    text.push_str(&row("ends", &found.not_after.date()));
    text.push_str(&row("serial", &format!("{} ({})", found.serial, found.serial.decimal())));
    text.push_str(&row(
        "Apple account",
        found.apple_account.as_deref().unwrap_or("not recorded: write it into the configuration"),
    ));
    if found.result.proves_the_way() {
        text.push_str(&row("again", &format!("{} at the latest", found.again.date())));
    }
    text.push_str("  The file is kept: a backup, and the way back.\n");
    text
}

fn proved(tenant: &TenantName, answers: Answers) -> String {
    let Answers { answered, asked } = answers;
    let head = styled(HEAD, tenant.as_str());
    match (answered, asked) {
        (_, 0) => format!("{head}  no Apple device could be asked, which proves nothing\n"),
        (0, _) => format!("{head}  none of {asked} devices answered; they may be off, so this proves nothing\n"),
        _ => format!(
            "{head}  {} {answered} of {asked} checked in after they were asked. An old certificate that is still in date answers \
             too: ask again tomorrow\n",
            styled(GOOD, "devices answer:")
        ),
    }
}

/// Who is configured, and where. What is wrong is told as a failure is.
fn configured(report: &ConfigurationReport<'_>) -> Option<String> {
    let tenants = report.tenants.as_ref().filter(|_| report.problems.is_empty())?;
    let count = match tenants.len() {
        0 => "No tenant is".to_owned(),
        1 => "1 tenant is".to_owned(),
        count => format!("{count} tenants are"),
    };
    if report.there.is_empty() {
        let looked = report.looked.join(" and no ");
        return Some(wrapped("  ", &format!("{count} configured: there is no {looked}.")));
    }
    let names = tenants.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let said = wrapped("  ", &format!("{count} configured in {}; nothing is wrong.", report.there.join(" and ")));
    Some(if names.is_empty() { said } else { said + &wrapped("  ", &names) })
}

fn delivered(delivery: &Delivery<'_>) -> String {
    let channel = format!("{} ({})", printable(delivery.channel), delivery.way);
    match delivery.why {
        None => format!("{} {channel}\n", styled(GOOD, "✓ sent to")),
        Some(why) => format!("{} {channel}: {}\n", styled(BAD, "✗ not taken by"), printable(why)),
    }
}

fn fleet_proved(tenant: &TenantName, answers: &FleetAnswers) -> String {
    let FleetAnswers { verdict, after, before, changed } = answers;
    let head = styled(HEAD, tenant.as_str());
    let share = |share: &Share| {
        let (checked_in, of) = (thousands(share.checked_in), thousands(share.of));
        format!("{checked_in} of {of} ({} %)", share.percent())
    };
    let before = before.as_ref().map_or_else(
        || "how many did on the day before it is not on record".to_owned(),
        |before| format!("on the day before it {} did", share(before)),
    );
    let figures = format!("{} checked in since the change of {}; {before}", share(after), changed.date());
    let (style, title, advice) = match verdict {
        AfterChange::Answers => (GOOD, "the fleet answers", String::new()),
        AfterChange::Fewer => (
            BAD,
            "clearly fewer devices answer than before",
            "Look in the console whether commands are pending, and which topic is installed.".into(),
        ),
        AfterChange::Silent => (
            BAD,
            "no device answers",
            "They may all be off; if not, the installed certificate has another topic or key.".into(),
        ),
        AfterChange::TooEarly { from } => (
            LOOK,
            "too early to tell",
            format!("Devices check in by themselves within a day; ask again on {}.", from.date_and_time()),
        ),
        AfterChange::NoDevices => (LOOK, "there is no Apple device", "That proves nothing.".into()),
    };
    format!("{head}  {}\n{}", styled(style, title), wrapped("  ", &format!("{figures}. {advice}")))
}

fn push_tried(tenant: &TenantName, answer: &PushAnswer) -> String {
    let head = styled(HEAD, tenant.as_str());
    let (style, title, advice) = match answer.reading {
        Reading::Accepted => {
            (GOOD, "accepted by APNs", "No device was reached: whether devices answer is another question.")
        }
        Reading::TopicNotLookedAt => {
            (LOOK, "inconclusive", "A made-up topic got the same answer, so nobody looked at the topic.")
        }
        Reading::Later => (LOOK, "inconclusive", "Try again later."),
        Reading::Unknown => (LOOK, "inconclusive", "This answer is in nobody's list."),
        Reading::CertificateRefused | Reading::OtherTopic | Reading::NotShown => (BAD, "not accepted by APNs", ""),
    };
    let made_up = answer.made_up.as_ref().map(|reply| format!("; under a made-up topic: {}", reply.words()));
    let said = format!(
        "A push with its topic to a device that nobody has was answered {}{}. {advice}",
        answer.own.words(),
        made_up.unwrap_or_default()
    );
    format!("{head}  {}\n{}", styled(style, title), wrapped("  ", &said))
}

fn verified(found: &Verified) -> String {
    let head = found.head.map(|head| format!("; head {head}")).unwrap_or_default();
    match &found.broken {
        None => format!("{}  {} {} lines{head}\n", found.tenant, styled(GOOD, "whole:"), found.lines),
        Some(why) => format!("{}  {} {}\n", found.tenant, styled(BAD, "broken:"), printable(why)),
    }
}
