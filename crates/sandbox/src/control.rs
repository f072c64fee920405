//! `/_sandbox/`: the clock, the faults and the record.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    clock::{parse_rfc3339, rfc3339},
    faults::Fault,
    shared::Shared,
};

/// The control's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sandbox/clock", post(clock))
        .route("/_sandbox/faults", post(faults))
        .route("/_sandbox/record", get(record))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Option<String>,
    #[serde(default)]
    advance_seconds: i64,
    #[serde(default)]
    advance_days: i64,
}

fn wrong(words: impl std::fmt::Display) -> Response {
    (StatusCode::BAD_REQUEST, format!("{words}\n")).into_response()
}

async fn clock(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let moved: Move = match serde_json::from_str(&body) {
        Ok(moved) => moved,
        Err(error) => {
            return wrong(format!(
                "{{\"now\":\"2026-02-27T12:00:00Z\"}}, {{\"advance_seconds\":n}} or {{\"advance_days\":n}}: {error}"
            ));
        }
    };
    if let Some(now) = &moved.now {
        let Some(unix) = parse_rfc3339(now) else { return wrong("now is a time such as 2026-02-27T12:00:00Z") };
        shared.clock.set(unix);
    }
    let days = moved.advance_days.clamp(-36_500, 36_500);
    shared.clock.advance(moved.advance_seconds.clamp(-3_153_600_000, 3_153_600_000) + days * 86_400);
    Json(json!({ "now": rfc3339(shared.clock.now()) })).into_response()
}

async fn faults(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let value: Value = match serde_json::from_str(&body) {
        Ok(value) => value,
        Err(error) => return wrong(format!("a fault is JSON: {error}")),
    };
    if value.get("clear").and_then(Value::as_bool) == Some(true) {
        shared.faults.clear();
        return Json(json!({ "faults": 0 })).into_response();
    }
    match Fault::read(value) {
        Ok(faults) => {
            let count = faults.len();
            for fault in faults {
                shared.faults.add(fault);
            }
            Json(json!({ "faults": count })).into_response()
        }
        Err(error) => wrong(error),
    }
}

async fn record(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.record.entries()).into_response()
}
