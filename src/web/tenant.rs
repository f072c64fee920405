//! A tenant's own page: how it stands, what to do, and its record with the digest that proves it.

use maud::{Markup, html};
use pushcert_papers::{
    Time,
    renewal::Stage,
    watch::{Level, Problem},
};

use super::{
    page::{badge, date, ends, frame, known, moment, next, plain},
    timeline,
};
use crate::{
    commands::{StatusLine, watch::Record},
    store::AuditLine,
};

/// The page.
pub fn tenant(line: &StatusLine, record: Option<&Record>, now: Time) -> Markup {
    frame(
        line.tenant.as_str(),
        Some(now),
        &html! {
            nav.path aria-label="Where you are" { a href="/" { "All tenants" } }
            h1 { (line.tenant) }
            p.standing { (badge(line)) " " (ends(line)) }
            figure.alone { (timeline::axis(now)) (timeline::bar(line, now)) }
            @for problem in &line.problems { (wrong(problem, line)) }
            section { h2 { "Next" } p.next { (next(line)) } (steps(line.step)) }
            section { h2 { "What is known" } (facts(line)) }
            @if !line.credentials.is_empty() { section { h2 { "Further credentials" } (credentials(line)) } }
            section { h2 { "History" } (history(line, record)) }
        },
    )
}

/// What a problem means. The wrong topic is the one that costs devices.
fn wrong(problem: &str, line: &StatusLine) -> Markup {
    let meaning = Problem::ALL.into_iter().find(|known| known.word() == problem).map_or("", Problem::meaning);
    let meaning = meaning.replace("TENANT", line.tenant.as_str());
    html! {
        p.problem.alarm[line.level == Level::Critical] { strong { (plain(problem)) } ": " (meaning) }
    }
}

/// The renewal in its five steps, while one is open.
fn steps(step: Stage) -> Markup {
    let steps = [
        (Stage::Request, "Request"),
        (Stage::Portal, "Apple’s portal"),
        (Stage::Check, "Check"),
        (Stage::Install, "Install"),
        (Stage::Prove, "Devices answer"),
    ];
    html! {
        @if !matches!(step, Stage::Idle | Stage::Done) {
            ol.steps aria-label="The renewal" {
                @for (one, name) in steps {
                    li.done[one < step] aria-current=[(one == step).then_some("step")] {
                        (name) @if one < step { span.aloud { ", done" } }
                    }
                }
            }
        }
    }
}

fn facts(line: &StatusLine) -> Markup {
    let topic = |topic: &Option<pushcert_papers::Topic>| topic.as_ref().map(ToString::to_string);
    let serial = line.serial.as_ref().map(|serial| format!("{serial} (decimal {})", serial.decimal()));
    let texts = [
        ("Apple account", line.apple_account.clone()),
        ("Owner", line.owner.clone()),
        ("Kind of server", Some(line.mdm.to_owned())),
        ("Enrolled topic", topic(&line.enrolled_topic)),
        ("Installed topic", topic(&line.topic)),
        ("Serial number", serial),
        ("Issuer", line.issuer.clone()),
    ];
    html! {
        dl {
            @for (name, text) in texts {
                dt { (name) }
                dd { @if let Some(text) = text { (text) } @else { span.faint { "not known" } } }
            }
            dt { "Begins" } dd { @if let Some(begin) = line.not_before { (date(begin)) } @else { span.faint { "not known" } } }
            dt { "Ends" } dd { (ends(line)) }
            dt { "How we know" } dd { (known(line)) }
            dt { "Revoked" } dd { (revocation(line)) }
            dt { "Row at Apple seen" }
            dd { @if let Some(at) = line.account_seen_at { (date(at)) } @else { span.faint { "not known" } } }
        }
    }
}

/// What the list of revoked certificates said; or that nobody looked.
fn revocation(line: &StatusLine) -> Markup {
    html! {
        @match (line.revocation, line.revocation_at) {
            ("revoked", Some(at)) => { strong { "yes" } ", since " (date(at)) }
            ("good", Some(at)) => { "no, by the list of revoked certificates on " (date(at)) }
            _ => span.faint { "not looked up" }
        }
    }
}

/// The credentials beside the certificate: how old, how long still, and what to do.
fn credentials(line: &StatusLine) -> Markup {
    html! {
        dl {
            @for found in &line.credentials {
                dt { (found.kind.title()) }
                dd {
                    strong { (plain(found.state.word())) }
                    @if let Some(made) = found.made { ", made " (date(made)) }
                    @if let Some(due) = found.due { @if found.ends.is_some() { ", ends " } @else { ", due " } (date(due)) }
                    @if let Some(step) = found.step { ", " (plain(step)) }
                    @if let Some(command) = &found.next.command { br; code { (command) } }
                    @if let Some(later) = found.later() { br; (later) }
                }
            }
        }
    }
}

fn history(line: &StatusLine, record: Option<&Record>) -> Markup {
    let Some(record) = record else {
        return html! { p { "The record cannot be read just now. Load this page again in a moment." } };
    };
    html! {
        @if record.newest.is_empty() { p { "Nothing is on record yet." } } @else {
            div.scroll tabindex="0" role="region" aria-label="The record" {
                // On narrow screens its rows become cards, so its parts are named for those who cannot see that.
                table.record role="table" {
                    caption { "The newest lines of " (record.lines) ", newest first" }
                    thead role="rowgroup" { tr role="row" {
                        @for head in ["When", "What", "Who", "Details"] { th role="columnheader" scope="col" { (head) } }
                    } }
                    tbody role="rowgroup" { @for entry in record.newest.iter().rev() { (entry_row(entry)) } }
                }
            }
        }
        @if let Some(head) = &record.head {
            p.head { "The record’s head: " code { (head) } }
            p.faint { "Nobody can change or cut the record without changing its head:  "
                code { "pushcert history " (line.tenant) " --verify --head " (head) } }
        }
    }
}

fn entry_row(line: &AuditLine) -> Markup {
    let entry = &line.entry;
    let details = entry.details.iter().map(|(name, value)| format!("{name}: {value}"));
    let reason = entry.reason.iter().map(|reason| format!("reason: {reason}"));
    html! {
        tr role="row" {
            td.when role="cell" { (moment(entry.at)) }
            td.what role="cell" { (plain(&entry.what)) @if let Some(journey) = &entry.journey { " " span.faint { (journey) } } }
            td.by role="cell" { (entry.who) }
            td.details role="cell" { (details.chain(reason).collect::<Vec<_>>().join(", ")) }
        }
    }
}
