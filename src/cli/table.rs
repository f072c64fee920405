//! Tables for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pushcert_papers::{
    TenantName, Time,
    credential::Credential,
    escape::printable,
    watch::{Level, Problem},
};

use crate::{commands::StatusLine, store::AuditLine};

const HEAD: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const LOOK: Style = AnsiColor::Yellow.on_default();

/// How tenants stand.
pub fn status(lines: &[StatusLine]) -> String {
    let rows: Vec<_> = lines.iter().map(cells).collect();
    let accounts_told = if rows.iter().all(|row| row[6].is_empty()) { "" } else { "APPLE ACCOUNT" };
    let head = ["TENANT", "ENDS", "LEFT", "STATE", "NEXT", "SEEN", accounts_told].map(str::to_owned);
    let mut text = aligned(&head, &rows);
    for line in lines {
        text.push_str(&beneath(line));
    }
    text.push_str(&accounts(lines));
    text.push_str(&not_looked_up(lines));
    text
}

/// Whose certificate may be revoked without anybody knowing.
fn not_looked_up(lines: &[StatusLine]) -> String {
    let names: Vec<_> = lines.iter().filter(|line| line.is_not_looked_up()).map(|line| line.tenant.as_str()).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "\nrevocation not looked up: {}\n  pushcert watch  does it daily, where the certificate's file is at hand; or:  pushcert check FILE --online\n",
        some(&names)
    )
}

/// The first of these names, and how many more there are.
fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// How many tenants are named before the others are only counted.
const NAMED: usize = 10;

/// What is wrong with Apple accounts: each thing once, for all tenants that it befalls.
fn accounts(lines: &[StatusLine]) -> String {
    let mut text = String::new();
    for problem in Problem::ALL.into_iter().filter(|problem| problem.is_of_the_account()) {
        let befallen = lines.iter().filter(|line| line.problems.contains(&problem.word()));
        let names: Vec<_> = befallen.map(|line| line.tenant.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{LOOK}{}:{LOOK:#} {}\n  {}\n", problem.word(), some(&names), problem.meaning());
    }
    text
}

fn cells(line: &StatusLine) -> [String; 7] {
    let unknown = || "?".to_owned();
    let days = |left: i64| if left == 1 { "1 day".into() } else { format!("{left} days").replace('-', "−") };
    let next = match (&line.next.command, line.next.due) {
        (None, Some(due)) => format!("{} on {}", line.next.what, due.date()),
        _ => line.next.what.clone(),
    };
    [
        line.tenant.to_string(),
        line.not_after.map_or_else(unknown, Time::date),
        line.days_left.map_or_else(unknown, days),
        state(line),
        next,
        seen(line),
        account(line),
    ]
}

/// What was published does not say whose it is; that is no news.
fn account(line: &StatusLine) -> String {
    let unknown = line.problems.contains(&Problem::AccountUnknown.word());
    let not_named = if unknown { "?  (account not recorded)" } else { "" };
    line.apple_account.clone().unwrap_or_else(|| not_named.into())
}

fn state(line: &StatusLine) -> String {
    if let Some(grave) = line.grave() {
        if grave == "topic-changed" { "wrong topic".into() } else { grave.into() }
    } else if line.stale && line.state == "ok" {
        "stale".into()
    } else {
        line.state.replace('-', " ")
    }
}

fn seen(line: &StatusLine) -> String {
    let Some(at) = line.seen_at else { return "never".into() };
    let when = match line.now.days_after(at) {
        0 => "today".into(),
        days @ 1..=6 => format!("{days} d ago"),
        _ => at.date(),
    };
    format!("{}, {when}", line.source)
}

/// What does not fit into a row, and must not be overlooked.
fn beneath(line: &StatusLine) -> String {
    let mut text = String::new();
    if let (true, Some(enrolled), Some(installed)) =
        (line.problems.contains(&"topic-changed"), &line.enrolled_topic, &line.topic)
    {
        let _ = write!(
            text,
            "\n{BAD}{}: the installed certificate has another topic than the devices listen to.{BAD:#}\n  devices    {enrolled}\n  installed  {installed}\n",
            line.tenant
        );
    }
    if let Some(why) = &line.not_asked {
        let _ = write!(
            text,
            "\n{LOOK}{}: the server could not be asked just now:{LOOK:#} {}\n",
            line.tenant,
            printable(why)
        );
    }
    for lost in &line.undelivered {
        let what = if lost.given_up { "could not be delivered" } else { "could not be delivered yet" };
        let alerts = if lost.count == 1 { "an alert".into() } else { format!("{} alerts", lost.count) };
        let why = printable(lost.why.as_deref().unwrap_or_default());
        let _ =
            write!(text, "\n{LOOK}{}: {alerts} {what} by {}:{LOOK:#} {why}\n", line.tenant, printable(&lost.channel));
    }
    for found in &line.credentials {
        text.push_str(&credential(&line.tenant, found));
    }
    if let Some(command) = &line.next.command {
        let _ = write!(text, "\n{}: {}\n  {command}\n", line.tenant, line.next.what);
    }
    text
}

/// A further credential: its age, when it is due, and what to do where something is.
fn credential(tenant: &TenantName, found: &Credential) -> String {
    let age = found.age_days.map_or_else(|| "age not known".into(), |days| format!("{days} days old"));
    let due = match (found.ends, found.due) {
        (Some(end), _) => format!(", ends {}", end.date()),
        (None, Some(due)) => format!(", due {}", due.date()),
        (None, None) => String::new(),
    };
    let step = found.step.map(|step| format!(", {step}")).unwrap_or_default();
    let style = if found.level() > Level::Ok { LOOK } else { Style::new() };
    let next = found.next.command.clone().or_else(|| found.later());
    let next = next.map(|next| format!("  {next}\n")).unwrap_or_default();
    format!("\n{style}{tenant}: {}:{style:#} {age}{due}{step}\n{next}", found.kind.title())
}

/// Lines of the record.
pub fn history(lines: &[(TenantName, AuditLine)]) -> String {
    let head = ["WHEN", "JOURNEY", "WHAT", "WHO", "CERTIFICATE OR FILE", "DETAILS"].map(str::to_owned);
    let rows: Vec<_> = lines.iter().map(|(tenant, line)| record(tenant, line)).collect();
    aligned(&head, &rows)
}

fn record(tenant: &TenantName, line: &AuditLine) -> [String; 6] {
    let entry = &line.entry;
    let digests = match (&entry.before, &entry.after) {
        (Some(before), Some(after)) => format!("{} → {}", before.short(), after.short()),
        (None, Some(one)) | (Some(one), None) => one.short(),
        (None, None) => String::new(),
    };
    let details = entry.details.iter().map(|(name, value)| format!("{name}: {}", printable(value)));
    let reason = entry.reason.iter().map(|reason| format!("reason: {}", printable(reason)));
    [
        entry.at.date_and_time(),
        entry.journey.clone().unwrap_or_else(|| tenant.to_string()),
        entry.what.clone(),
        printable(&entry.who),
        digests,
        details.chain(reason).collect::<Vec<_>>().join(", "),
    ]
}

/// Columns as wide as their widest cell; the last one is not padded.
fn aligned<const N: usize>(head: &[String; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().chain([head]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| line(row) + "\n");
    format!("{HEAD}{}{HEAD:#}\n{}", line(head), body.collect::<String>())
}
