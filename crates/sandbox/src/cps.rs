//! The CPS interface of both products: devices by status, and forced check-ins.

#![expect(clippy::needless_pass_by_value, reason = "handlers own what is extracted for them")]

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    fleet::{Device, Platform},
    record::Deed,
    server::Server,
    shared::{Shared, USERNAME},
};

/// Which of the two servers a router serves.
pub(crate) type Choose = fn(&Shared) -> &Server;

/// The most devices of a page.
const PAGE: usize = 50;

/// The interface's addresses.
pub(crate) fn router(choose: Choose) -> Router<Arc<Shared>> {
    Router::new()
        .route("/msa/v1/cps/device/count", get(async move |state, headers| count(state, headers, choose)))
        .route(
            "/msa/v1/cps/device",
            get(async move |state, headers, query| list(state, headers, query, choose))
                .post(async move |state, headers, body| some(state, headers, body, choose)),
        )
        .route(
            "/msa/v1/cps/device/forceCheckin",
            post(async move |state, headers, body| force_check_in(state, headers, body, choose)),
        )
}

/// Whether the header that is sent beforehand holds the right user and password.
pub(crate) fn signed_in(shared: &Shared, headers: &HeaderMap) -> bool {
    let given = headers.get(axum::http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let right =
        format!("Basic {}", openssl::base64::encode_block(format!("{USERNAME}:{}", shared.password).as_bytes()));
    given == Some(&right)
}

/// Neither server asks for a sign-in: 401 comes without a challenge.
pub(crate) fn not_signed_in() -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    response.extensions_mut().insert(Deed::of("sign-in-refused"));
    response
}

fn count(State(shared): State<Arc<Shared>>, headers: HeaderMap, choose: Choose) -> Response {
    if !signed_in(&shared, &headers) {
        return not_signed_in();
    }
    let count = choose(&shared).state(&shared).fleet.devices.len();
    Json(json!({ "result": count })).into_response()
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap, Query(page): Query<Page>, choose: Choose) -> Response {
    if !signed_in(&shared, &headers) {
        return not_signed_in();
    }
    let state = choose(&shared).state(&shared);
    let limit = page.limit.unwrap_or(PAGE).min(PAGE);
    let devices: Vec<_> = state.fleet.devices.iter().skip(page.offset).take(limit).map(device).collect();
    listed(Json(json!({ "results": devices.len(), "offset": page.offset, "limit": limit, "searchResults": devices })))
}

#[derive(Deserialize)]
struct Identifiers {
    identifiers: Vec<String>,
}

fn some(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Json<Identifiers>, choose: Choose) -> Response {
    if !signed_in(&shared, &headers) {
        return not_signed_in();
    }
    let state = choose(&shared).state(&shared);
    let wanted = |found: &&Device| body.identifiers.contains(&found.guid);
    let devices: Vec<_> = state.fleet.devices.iter().filter(wanted).map(device).collect();
    listed(Json(json!({ "results": devices.len(), "offset": 0, "limit": PAGE, "searchResults": devices })))
}

/// Unknown identifiers are passed over in silence.
fn force_check_in(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Json<Identifiers>,
    choose: Choose,
) -> Response {
    if !signed_in(&shared, &headers) {
        return not_signed_in();
    }
    let mut state = choose(&shared).state(&shared);
    let audible = state.audible(&shared);
    let now = shared.clock.now();
    let asked = body
        .identifiers
        .iter()
        .filter(|id| state.fleet.force_check_in(|device| device.guid == **id, audible, now))
        .count();
    let mut response = Json(json!({ "result": asked })).into_response();
    response.extensions_mut().insert(Deed::of("check-in-forced"));
    response
}

fn listed(body: Json<Value>) -> Response {
    let mut response = body.into_response();
    response.extensions_mut().insert(Deed::of("devices-listed"));
    response
}

fn device(device: &Device) -> Value {
    json!({
        "identifier": device.guid,
        "status": "ACTIVE",
        "lastCheckInTime": device.last_check_in * 1_000,
        "compliant": true,
        "quarantined": false,
        "blocked": false,
        "os": match device.platform { Platform::Ios => "iOS", Platform::Macos => "macOS", Platform::Android => "Android" },
    })
}
