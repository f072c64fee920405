//! The page: every tenant on the year ahead, the most urgent first.

use maud::{DOCTYPE, Markup, html};
use pushcert_papers::{Time, watch::Level};
use serde::Deserialize;

use super::{
    Shown,
    timeline::{self, MARKS, mark, sign},
    weeks::weeks,
};
use crate::{commands::StatusLine, forms::in_days};

/// The one style sheet.
pub const STYLE: &str = include_str!("style.css");

/// The small picture that browsers show beside a page's name.
pub const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#14507a"/><path d="M2 8h8" stroke="#fff" stroke-width="3"/><circle cx="11" cy="8" r="3" fill="#ffb000"/></svg>"##;

/// Tenants on one page.
const ROWS: usize = 200;

/// From so many tenants on there is more to see from afar.
const MANY: usize = 25;

/// What of the list is wanted.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    /// Only tenants that have these letters in their name, account, owner or state.
    #[serde(default)]
    pub find: String,
    /// Leave out so many of the first.
    #[serde(default)]
    pub from: usize,
}

/// All tenants, or those that are wanted of them.
pub fn index(shown: &Shown, wanted: &Wanted) -> Markup {
    const TITLE: &str = "Apple push certificates";
    let Some(at) = shown.at else {
        return frame(
            TITLE,
            None,
            &html! { h1 { (TITLE) } p.verdict { "The first look has not ended yet. Load this page again in a moment." } },
        );
    };
    let found: Vec<&StatusLine> = shown.by_urgency().filter(|line| matches(line, &wanted.find)).collect();
    let rows: Vec<&StatusLine> = found.iter().skip(wanted.from).take(ROWS).copied().collect();
    frame(
        TITLE,
        Some(at),
        &html! {
            h1 { (TITLE) }
            p.verdict { (verdict(&shown.lines)) }
            (looked(shown, at))
            @if shown.lines.is_empty() { p { "Write one into the configuration:  " code { "pushcert init" } } }
            @if shown.lines.len() >= MANY { (weeks(&shown.lines, at)) (search(&wanted.find, found.len())) }
            @if !rows.is_empty() { (table(&rows, at)) (turn(wanted, found.len())) (legend()) }
        },
    )
}

fn matches(line: &StatusLine, letters: &str) -> bool {
    let letters = letters.trim().to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&letters);
    letters.is_empty()
        || has(line.tenant.as_str())
        || has(line.state)
        || line.problems.iter().any(|problem| has(problem))
        || [&line.apple_account, &line.owner].into_iter().flatten().any(|text| has(text))
}

fn verdict(lines: &[StatusLine]) -> String {
    let count = |level| lines.iter().filter(|line| line.level == level).count();
    let (all, urgent) = (lines.len(), count(Level::Critical));
    let need = |count: usize| if count == 1 { "needs" } else { "need" };
    match (urgent, count(Level::Warning) + count(Level::Unknown)) {
        (0, 0) if all == 0 => "No tenant is watched yet.".into(),
        (0, 0) if all == 1 => "All is well.".into(),
        (0, 0) => format!("All is well with {all} tenants."),
        (0, due) => format!("{due} of {all} {} attention.", need(due)),
        (urgent, 0) => format!("{urgent} of {all} {} you now.", need(urgent)),
        (urgent, due) => format!("{urgent} of {all} {} you now, {due} more {} attention.", need(urgent), need(due)),
    }
}

fn looked(shown: &Shown, at: Time) -> Markup {
    html! {
        p.looked { "Looked at on " (moment(at)) "." (not_looked_up(&shown.lines)) }
        @if !shown.well { p.alarm role="alert" { "The last look failed. What stands here is older; the log of  pushcert watch  says why." } }
    }
}

/// How many certificates may be revoked without anybody knowing.
fn not_looked_up(lines: &[StatusLine]) -> Markup {
    let installed = lines.iter().filter(|line| line.not_after.is_some()).count();
    let count = lines.iter().filter(|line| line.is_not_looked_up()).count();
    html! {
        @match count {
            0 => {}
            count if count == installed => { " Whether a certificate is revoked was not looked up." }
            count => { " Whether a certificate is revoked was not looked up for " (count) " of " (installed) "." }
        }
    }
}

/// A form without any script: it asks for this same page.
fn search(find: &str, found: usize) -> Markup {
    html! {
        form.search action="/" method="get" role="search" {
            label for="find" { "Find a tenant, an account, an owner or a state" }
            input #find type="search" name="find" value=(find) maxlength="64" autocomplete="off";
            button { "Find" }
            @if !find.is_empty() { span.found { (found) " found. " a href="/" { "Show all" } } }
        }
    }
}

/// The table. On narrow screens its rows become cards, so its parts are named for those who cannot see that.
fn table(rows: &[&StatusLine], now: Time) -> Markup {
    let heads = ["State", "The year ahead", "Ends", "Next", "Apple account, owner", "How we know"];
    html! {
        div.axis-alone { (timeline::axis(now)) }
        table.tenants role="table" {
            caption { "Tenants, the most urgent first" }
            thead role="rowgroup" { tr role="row" {
                th role="columnheader" scope="col" { "Tenant" }
                @for head in heads {
                    th role="columnheader" scope="col" { (head) @if head == "The year ahead" { (timeline::axis(now)) } }
                }
            } }
            tbody role="rowgroup" { @for line in rows { (row(line, now)) } }
        }
    }
}

fn row(line: &StatusLine, now: Time) -> Markup {
    html! {
        tr role="row" class=(mark(line)) {
            th.tenant role="rowheader" scope="row" { a href={ "/tenants/" (line.tenant) } { (line.tenant) } }
            td.state role="cell" { (badge(line)) (also(line)) }
            td.year role="cell" { (timeline::bar(line, now)) }
            td.ends role="cell" { (ends(line)) }
            td.next role="cell" { (next(line)) }
            td.who role="cell" {
                (line.apple_account.as_deref().unwrap_or("account not recorded")) " "
                span.faint { (line.owner.as_deref().map_or("owner not recorded", name)) }
            }
            td.known role="cell" { (known(line)) }
        }
    }
}

/// The name in `Name <address>`, which is all that a list has room for.
fn name(owner: &str) -> &str {
    owner.split(" <").next().filter(|name| !name.is_empty()).unwrap_or(owner)
}

/// How it stands: a shape, a word and a colour.
pub fn badge(line: &StatusLine) -> Markup {
    let word = graver(line).unwrap_or(match line.state {
        "ok" if line.stale => "stale",
        state => state,
    });
    html! { span class={ "badge " (mark(line)) } { (sign(mark(line))) " " (plain(word)) } }
}

/// A certificate of the wrong topic may last for months; it is never called well for that.
fn graver(line: &StatusLine) -> Option<&'static str> {
    let by_date = Level::of(timeline::state(line), false, &[]);
    line.problems.first().copied().filter(|_| line.level == Level::Critical && by_date < Level::Critical)
}

/// What else is wrong.
fn also(line: &StatusLine) -> Markup {
    let others = line.problems.iter().filter(|problem| Some(**problem) != graver(line));
    html! {
        @for problem in others { span.also { (plain(problem)) } }
        @if line.stale && line.state != "ok" { span.also { "the last look is too old" } }
    }
}

/// A word of programs as people write it; the tables of the command line do so, too.
pub fn plain(word: &str) -> String {
    if word == "topic-changed" { "wrong topic".into() } else { word.replace('-', " ") }
}

pub fn ends(line: &StatusLine) -> Markup {
    html! {
        @if let (Some(end), Some(days)) = (line.not_after, line.days_left) {
            (date(end)) " " span.faint { (in_days(days)) }
        } @else { span.faint { "not known" } }
    }
}

pub fn next(line: &StatusLine) -> Markup {
    html! {
        (line.next.what)
        @match (&line.next.command, line.next.due) {
            (Some(command), _) => { br; code { (command) } }
            (None, Some(due)) => { " on " (date(due)) }
            (None, None) => {}
        }
    }
}

pub fn known(line: &StatusLine) -> Markup {
    html! {
        (by(line.source))
        @if let Some(at) = line.seen_at { " " span.faint { (date(at)) } }
        @if let Some(why) = &line.not_asked { span.also { "could not be asked: " (why) } }
    }
}

/// How it is known, in words.
fn by(source: &str) -> &str {
    match source {
        "console" => "in the console",
        "core" => "by the server",
        "page" => "from a saved page",
        "file" => "from a file",
        "person" => "a person’s word",
        "none" => "never seen",
        other => other,
    }
}

/// A date for people, and for programs that read pages.
pub fn date(at: Time) -> Markup {
    html! { time datetime=(at) { (at.date()) } }
}

pub fn moment(at: Time) -> Markup {
    html! { time datetime=(at) { (at.date_and_time()) } }
}

/// The way to the rest of a long list.
fn turn(wanted: &Wanted, found: usize) -> Markup {
    let address = |from: usize| format!("/?find={}&from={from}", encoded(&wanted.find));
    let last = (wanted.from + ROWS).min(found);
    html! {
        @if found > ROWS {
            nav.turn aria-label="Parts of the list" {
                @if wanted.from > 0 { a href=(address(wanted.from.saturating_sub(ROWS))) rel="prev" { "More urgent" } }
                span { (wanted.from + 1) " to " (last) " of " (found) }
                @if last < found { a href=(address(last)) rel="next" { "Less urgent" } }
            }
        }
    }
}

/// A text as an address holds it.
fn encoded(text: &str) -> String {
    let byte =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

fn legend() -> Markup {
    let parts =
        [("", "calm"), ("url(#dots)", "time to plan"), ("url(#stripes)", "time to renew"), ("url(#grid)", "urgent")];
    html! {
        aside.legend aria-label="How to read the drawing" {
            p { "The upright line is today. A bar reaches to the certificate’s end." }
            ul {
                @for (fill, word) in parts { li {
                    svg width="28" height="12" aria-hidden="true" { rect class=(if fill.is_empty() { "calm" } else { "due" }) width="28" height="12" fill=[Some(fill).filter(|fill| !fill.is_empty())] {} }
                    " " (word)
                } }
                @for (name, word) in MARKS { li { (sign(name)) " " (word) } }
            }
        }
    }
}

/// What all pages share.
pub fn frame(title: &str, drawn: Option<Time>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · pushcert" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { "To the content" }
                header { nav aria-label="Pages" { a.home href="/" { "pushcert" }
                    ul { li { a href="/calendar.ics" { "Calendar" } } li { a href="/status.json" { "JSON" } } li { a href="/metrics" { "Metrics" } } }
                } }
                @if let Some(now) = drawn { (timeline::shared(now)) }
                main #content tabindex="-1" { (content) }
                footer { "pushcert " (env!("CARGO_PKG_VERSION")) " · all times are UTC · this page changes nothing" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_any_text() {
        assert_eq!(encoded("a&b=\"ü\""), "a%26b%3D%22%C3%BC%22");
    }
}
