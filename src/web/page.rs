//! The pages: every tenant on a timeline and in a table, and a page for each with its history.

use maud::{DOCTYPE, Markup, html};
use pushcert_papers::{Time, watch::Level};

use super::{Shown, timeline::timeline};
use crate::{commands::StatusLine, forms::in_days};

/// The one style sheet.
pub const STYLE: &str = include_str!("style.css");

/// All tenants.
pub fn index(shown: &Shown) -> Markup {
    let Some(at) = shown.at else {
        return frame("Apple push certificates", &html! { p { "The first look has not ended yet." } });
    };
    let mut lines = shown.lines.clone();
    lines.sort_by_key(|line| (std::cmp::Reverse(line.level), line.not_after));
    frame(
        "Apple push certificates",
        &html! {
            p.summary { (summary(&lines)) " Looked at on " (time(at)) "." }
            @if !shown.well { p.alarm role="alert" { "The last look failed. What stands here is older." } }
            div.scroll tabindex="0" role="region" aria-label="The year ahead" { (timeline(&lines, at)) }
            div.scroll tabindex="0" role="region" aria-label="All tenants" {
                table {
                    caption { "All tenants, the most urgent first" }
                    thead { tr {
                        th scope="col" { "Tenant" } th scope="col" { "State" } th scope="col" { "Ends" } th scope="col" { "Next" }
                        th scope="col" { "Apple account" } th scope="col" { "Owner" } th scope="col" { "How we know" }
                    } }
                    tbody { @for line in &lines { (row(line)) } }
                }
            }
        },
    )
}

fn summary(lines: &[StatusLine]) -> String {
    let count = |level| lines.iter().filter(|line| line.level == level).count();
    let urgent = count(Level::Critical);
    match (urgent, count(Level::Warning) + count(Level::Unknown)) {
        (0, 0) => format!("All is well with {} tenants.", lines.len()),
        (0, due) => format!("{due} of {} tenants need attention.", lines.len()),
        (urgent, due) => format!("{urgent} of {} tenants are urgent, {due} more need attention.", lines.len()),
    }
}

fn row(line: &StatusLine) -> Markup {
    html! {
        tr {
            th scope="row" { a href={ "/tenant/" (line.tenant) } { (line.tenant) } }
            td data-label="State" { (badge(line)) }
            td data-label="Ends" { (ends(line)) }
            td data-label="Next" { (next(line)) }
            td data-label="Apple account" { (line.apple_account.as_deref().unwrap_or("not recorded")) }
            td data-label="Owner" { (line.owner.as_deref().unwrap_or("not recorded")) }
            td data-label="How we know" { (known(line)) }
        }
    }
}

/// The state by a sign, a word and a colour.
fn badge(line: &StatusLine) -> Markup {
    let (class, sign) = match line.level {
        Level::Ok => ("ok", "✓"),
        Level::Unknown => ("unknown", "?"),
        Level::Warning => ("warning", "▲"),
        Level::Critical => ("critical", "■"),
    };
    // A certificate of the wrong topic may last for months; it is never called well for that.
    let wrong = line.problems.contains(&"topic-changed");
    let word = if wrong { "wrong topic".to_owned() } else { line.state.replace('-', " ") };
    html! {
        span class={ "badge " (class) } { span aria-hidden="true" { (sign) " " } (word) }
        @for problem in line.problems.iter().filter(|problem| **problem != "topic-changed") {
            br; (problem.replace('-', " "))
        }
        @if line.stale { br; "the last look is too old" }
    }
}

fn next(line: &StatusLine) -> Markup {
    html! {
        (line.next.what)
        @match (&line.next.command, line.next.due) {
            (Some(command), _) => { br; code { (command) } }
            (None, Some(due)) => { " on " (time(due)) }
            (None, None) => {}
        }
    }
}

fn ends(line: &StatusLine) -> Markup {
    html! {
        @if let (Some(end), Some(days)) = (line.not_after, line.days_left) {
            (time(end)) br; (in_days(days))
        } @else {
            "not known"
        }
    }
}

fn known(line: &StatusLine) -> Markup {
    html! {
        (line.source)
        @if let Some(at) = line.seen_at { ", " (time(at)) }
        @if let Some(why) = &line.not_asked { br; "could not be asked: " (why) }
    }
}

/// A moment for people, and for programs that read pages.
fn time(at: Time) -> Markup {
    html! { time datetime=(at) { (at.date()) } }
}

/// A tenant and its history; `None` when there is no such tenant.
pub fn tenant(shown: &Shown, name: &str) -> Option<Markup> {
    let place = shown.lines.iter().position(|line| line.tenant.as_str() == name)?;
    let line = &shown.lines[place];
    let history = shown.history.get(place).map(Vec::as_slice).unwrap_or_default();
    let topic = |topic: &Option<pushcert_papers::Topic>| topic.as_ref().map_or("not known".into(), ToString::to_string);
    Some(frame(
        name,
        &html! {
            p { a href="/" { "All tenants" } }
            dl {
                dt { "State" } dd { (badge(line)) }
                dt { "Ends" } dd { (ends(line)) }
                dt { "Next" } dd { (next(line)) }
                dt { "Enrolled topic" } dd { code { (topic(&line.enrolled_topic)) } }
                dt { "Installed topic" } dd { code { (topic(&line.topic)) } }
                dt { "Serial number" } dd { (line.serial.as_ref().map_or("not known".into(), |serial| format!("{serial} ({})", serial.decimal()))) }
                dt { "Apple account" } dd { (line.apple_account.as_deref().unwrap_or("not recorded")) }
                dt { "Owner" } dd { (line.owner.as_deref().unwrap_or("not recorded")) }
                dt { "How we know" } dd { (known(line)) }
            }
            h2 { "History" }
            @if history.is_empty() { p { "Nothing is on record yet." } }
            ol.history reversed { @for entry in history.iter().rev() {
                li { (time(entry.entry.at)) " " (entry.entry.what) " · " (entry.entry.who)
                    @if let Some(reason) = &entry.entry.reason { " · " (reason) } }
            } }
        },
    ))
}

fn frame(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · pushcert" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                main { h1 { (title) } (content) }
                footer { p { "pushcert " (env!("CARGO_PKG_VERSION")) } }
            }
        }
    }
}
