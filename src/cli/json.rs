//! Results for programs: one object a line, each with its schema's name.

use pushcert_papers::judge::Judged;
use serde::Serialize;
use serde_json::{Value, json};

use crate::commands::{Event, Looked};

/// The lines of an event; `None` for talk, which programs do not get.
pub fn lines(event: &Event<'_>) -> Option<Vec<Value>> {
    match event {
        Event::Judged(looked) => Some(vec![judged("pushcert/check/1", looked)]),
        Event::Inspected(looked) => Some(vec![inspected(looked)]),
        Event::Renewal(report) => Some(vec![with_schema("pushcert/renew/1", report)]),
        Event::Status(lines) => Some(lines.iter().map(|line| with_schema("pushcert/status/1", line)).collect()),
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
        Event::Ready(announcement) => serde_json::from_str(announcement).ok().map(|value| vec![value]),
        Event::Tenant(_)
        | Event::Done { .. }
        | Event::Turn { .. }
        | Event::NotTaken(_)
        | Event::Note(_)
        | Event::Closing(_)
        | Event::Alive(_) => None,
    }
}

fn with_schema(schema: &str, body: &impl Serialize) -> Value {
    let mut line = json!({ "schema": schema });
    if let (Value::Object(line), Ok(Value::Object(body))) = (&mut line, serde_json::to_value(body)) {
        line.extend(body);
    }
    line
}

fn judged(schema: &str, looked: &Looked<'_>) -> Value {
    let Judged { kind, verdict, certificate, request, findings } = looked.judged;
    let mut line = json!({
        "schema": schema, "path": looked.path, "kind": kind.word(), "verdict": verdict,
        "certificate": certificate, "request": request, "pkcs12": null, "findings": findings,
    });
    if let Some(authorities) = looked.authorities {
        line["authorities"] = json!(authorities);
    }
    line
}

/// What a file is and holds, without any judgement on it.
fn inspected(looked: &Looked<'_>) -> Value {
    let Judged { kind, certificate, request, .. } = looked.judged;
    json!({
        "schema": "pushcert/inspect/1", "path": looked.path, "kind": kind.word(),
        "certificate": certificate, "request": request, "pkcs12": null,
    })
}
