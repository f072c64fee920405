//! Results for programs: one object a line, each with its schema's name.

use std::io::{self, Write};

use pushcert_papers::{
    Finding, Verdict,
    android::ServiceAccountFacts,
    apns::Reply,
    bundle::BundleFacts,
    judge::{CertificateFacts, Judged, RequestFacts},
    pingid::ConfigurationFacts,
    watch::{AfterChange, Share},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::commands::{Event, Looked, Made, Rehearsed, StatusLine, console::ConsoleReport};

/// The lines of an event; `None` for talk, which programs do not get, and for judged files and tenants, which have ways of
/// their own, since there may be many of them.
pub fn lines(event: &Event<'_>) -> Option<Vec<Value>> {
    match event {
        Event::Made(files) => Some(vec![made(files)]),
        Event::Inspected(looked) => Some(vec![inspected(looked)]),
        Event::Rehearsed(found) => Some(vec![rehearsed(found)]),
        Event::Renewal(report) => Some(vec![with_schema("pushcert/renew/1", report)]),
        Event::Rotation(report) => Some(vec![with_schema("pushcert/rotate/1", report)]),
        Event::Enrolment(report) => Some(vec![with_schema("pushcert/enrol/1", report)]),
        Event::Configured { path } => {
            Some(vec![json!({ "schema": "pushcert/made/1", "files": { "configuration": path } })])
        }
        Event::History(lines) => Some(
            lines
                .iter()
                .map(|(tenant, line)| {
                    with_schema(
                        "pushcert/history/1",
                        &json!({
                            "tenant": tenant, "number": line.number, "digest": line.digest, "entry": line.entry,
                        }),
                    )
                })
                .collect(),
        ),
        Event::Verified(found) => Some(vec![with_schema(
            "pushcert/history-verified/1",
            &json!({
                "tenant": found.tenant, "lines": found.lines, "head": found.head, "whole": found.broken.is_none(), "broken": found.broken,
            }),
        )]),
        Event::Console(report) => Some(vec![console(report)]),
        Event::Configuration(report) => Some(vec![json!({
            "schema": "pushcert/config/1", "tenants": report.tenants, "problems": report.problems,
        })]),
        Event::Proved { tenant, answers } => Some(vec![json!({
            "schema": "pushcert/prove/1", "tenant": tenant, "answered": answers.answered, "asked": answers.asked,
            "devices_answer": answers.answered > 0,
        })]),
        Event::Delivery(delivery) => Some(vec![json!({
            "schema": "pushcert/delivery/1", "channel": delivery.channel, "kind": delivery.way,
            "sent": delivery.why.is_none(), "why": delivery.why,
        })]),
        Event::PushTried { tenant, answer } => Some(vec![json!({
            "schema": "pushcert/prove-apns/1", "tenant": tenant, "topic": answer.topic,
            "answer": answer.own.words(), "answer_to_made_up_topic": answer.made_up.as_ref().map(Reply::words),
            "reading": answer.reading.word(),
        })]),
        Event::FleetProved { tenant, answers } => {
            let share = |share: Share| json!({ "checked_in": share.checked_in, "of": share.of });
            Some(vec![json!({
                "schema": "pushcert/prove-fleet/1", "tenant": tenant, "changed": answers.changed,
                "after": share(answers.after), "before": answers.before.map(share),
                "verdict": verdict(answers.verdict),
            })])
        }
        Event::Listening(address) => {
            Some(vec![json!({ "schema": "pushcert/watch/1", "page": format!("http://{address}/") })])
        }
        Event::Ready(announcement) => serde_json::from_str(announcement).ok().map(|value| vec![value]),
        Event::Judged(_)
        | Event::Status(_)
        | Event::Scanning { .. }
        | Event::Scanned { .. }
        | Event::ScanOver
        | Event::Watched(_)
        | Event::Tenant(_)
        | Event::Done { .. }
        | Event::Turn { .. }
        | Event::Card(_)
        | Event::Task { .. }
        | Event::Ticked { .. }
        | Event::Rendered(_)
        | Event::Aside(_)
        | Event::NotTaken(_)
        | Event::Note(_)
        | Event::Closing(_)
        | Event::Alive(_) => None,
    }
}

/// Writes the lines of tenants, each with its line end.
///
/// # Errors
/// When it cannot be written there.
pub fn statuses(lines: &[StatusLine], to: &mut dyn Write) -> io::Result<()> {
    let mut text = vec![];
    for line in lines {
        text.clear();
        serde_json::to_writer(&mut text, &WithSchema { schema: "pushcert/status/1", body: line })?;
        text.push(b'\n');
        to.write_all(&text)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct WithSchema<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

fn with_schema(schema: &'static str, body: &impl Serialize) -> Value {
    serde_json::to_value(WithSchema { schema, body }).expect("plain data")
}

/// `pushcert/check/1`, in the order in which it is documented.
#[derive(Serialize)]
struct Check<'a> {
    schema: &'static str,
    path: &'a str,
    kind: &'static str,
    verdict: Verdict,
    certificate: Option<&'a CertificateFacts>,
    request: Option<&'a RequestFacts>,
    pkcs12: Option<&'a BundleFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<&'a ConfigurationFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<&'a ServiceAccountFacts>,
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    authorities: Option<&'a str>,
}

/// The line of a judged file. There may be a hundred thousand of them, so it is written straight from the facts.
pub fn judged(looked: &Looked<'_>, lines: &mut String) {
    let judged = looked.judged;
    let line = Check {
        schema: "pushcert/check/1",
        path: looked.path,
        kind: judged.kind.word(),
        verdict: judged.verdict,
        certificate: judged.certificate.as_ref(),
        request: judged.request.as_ref(),
        pkcs12: judged.pkcs12.as_ref(),
        configuration: judged.configuration.as_ref(),
        service_account: judged.service_account.as_ref(),
        findings: &judged.findings,
        authorities: looked.authorities,
    };
    lines.push_str(&serde_json::to_string(&line).expect("facts are texts and numbers under texts"));
    lines.push('\n');
}

/// What a file is and holds, without any judgement on it.
fn inspected(looked: &Looked<'_>) -> Value {
    let Judged { kind, certificate, request, pkcs12, .. } = looked.judged;
    json!({
        "schema": "pushcert/inspect/1", "path": looked.path, "kind": kind.word(),
        "certificate": certificate, "request": request, "pkcs12": pkcs12,
    })
}

/// `pushcert/console-profile/1`: what a profile knows, and what was learned just now.
fn console(report: &ConsoleReport<'_>) -> Value {
    let learned = report.learned.as_ref().map(|lessons| {
        let known = lessons.known.iter().map(|(deed, evidence, request, why)| {
            json!({ "deed": deed.word(), "evidence": evidence.word(), "request": request, "why": why })
        });
        let missing = lessons
            .missing
            .iter()
            .map(|missing| json!({ "deed": missing.deed.word(), "what": missing.what, "remedy": missing.remedy }));
        json!({
            "from": lessons.from, "deeds": known.collect::<Vec<_>>(), "missing": missing.collect::<Vec<_>>(),
            "elsewhere": lessons.elsewhere, "configuration": lessons.line,
        })
    });
    json!({
        "schema": "pushcert/console-profile/1", "tenant": report.tenant, "profile": report.profile, "sha256": report.sha256,
        "allowed": report.allowed, "explained": report.explained, "learned": learned,
    })
}

/// What a rehearsal has proved.
fn rehearsed(found: &Rehearsed) -> Value {
    json!({
        "schema": "pushcert/rehearse/1", "tenant": found.tenant, "found": found.result.word(),
        "apple_account": found.apple_account, "serial": found.serial, "not_after": found.not_after, "again": found.again,
    })
}

/// Files that were made, each under what it is.
fn made(made: &Made<'_>) -> Value {
    let files: serde_json::Map<_, _> =
        made.files.iter().map(|(what, path)| ((*what).to_owned(), json!(path))).collect();
    let mut line = json!({
        "schema": "pushcert/made/1", "files": files, "topic": made.topic, "public_key_sha256": made.public_key_sha256,
    });
    if let Some(authorities) = made.authorities {
        line["authorities"] = json!(authorities);
    }
    line
}

const fn verdict(verdict: AfterChange) -> &'static str {
    match verdict {
        AfterChange::Answers => "answers",
        AfterChange::Fewer => "fewer",
        AfterChange::Silent => "silent",
        AfterChange::TooEarly { .. } => "too-early",
        AfterChange::NoDevices => "no-devices",
    }
}
