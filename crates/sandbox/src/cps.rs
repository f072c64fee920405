//! The CPS interface of both products: devices by status, and forced check-ins.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    fleet::{Device, Platform},
    record::{Deed, with_deed},
    server::{self, Server},
    shared::Shared,
};

/// Which of the two servers a router serves.
pub(crate) type Choose = fn(&Shared) -> &Server;

/// The most devices of a page.
const PAGE: usize = 50;

/// The interface's addresses.
pub(crate) fn router(choose: Choose) -> Router<Arc<Shared>> {
    Router::new()
        .route("/msa/v1/cps/device/count", get(async move |state, query| count(state, query, choose)))
        .route(
            "/msa/v1/cps/device",
            get(async move |state, query| list(state, query, choose))
                .post(async move |state, body| some(state, body, choose)),
        )
        .route("/msa/v1/cps/device/application", post(async move |state, body| applications(state, body, choose)))
        .route("/msa/v1/cps/device/forceCheckin", post(async move |state, body| force_check_in(state, body, choose)))
}

#[derive(Deserialize)]
struct Page {
    status: Option<String>,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Page {
    /// The devices of the status that was asked for; all devices of the world are active.
    fn devices<'a>(&self, state: &'a server::State) -> impl Iterator<Item = &'a Device> + use<'a> {
        let asked = self.status.as_deref().is_none_or(|status| status == "ACTIVE");
        state.fleet.devices.iter().filter(move |_| asked)
    }
}

fn count(State(shared): State<Arc<Shared>>, Query(page): Query<Page>, choose: Choose) -> Response {
    let state = choose(&shared).state(&shared);
    Json(json!({ "result": page.devices(&state).count() })).into_response()
}

fn list(State(shared): State<Arc<Shared>>, Query(page): Query<Page>, choose: Choose) -> Response {
    let state = choose(&shared).state(&shared);
    let limit = page.limit.unwrap_or(PAGE).min(PAGE);
    let devices: Vec<_> = page.devices(&state).skip(page.offset).take(limit).map(device).collect();
    listed(&devices, page.offset, limit)
}

#[derive(Deserialize)]
struct Identifiers {
    identifiers: Vec<String>,
}

fn some(State(shared): State<Arc<Shared>>, Json(body): Json<Identifiers>, choose: Choose) -> Response {
    let state = choose(&shared).state(&shared);
    let wanted = |found: &&Device| body.identifiers.contains(&found.guid);
    let devices: Vec<_> = state.fleet.devices.iter().filter(wanted).map(device).collect();
    listed(&devices, 0, PAGE)
}

#[derive(Deserialize)]
struct InventoryOf {
    identifiers: Vec<String>,
    #[serde(default, rename = "identifierType")]
    kind: Option<String>,
}

/// The apps of devices. Unknown identifiers are passed over in silence; where none is known, nothing at all is answered.
fn applications(State(shared): State<Arc<Shared>>, Json(body): Json<InventoryOf>, choose: Choose) -> Response {
    if body.kind.as_deref().is_some_and(|kind| !matches!(kind, "MDM_IDENTIFIER" | "GUID"))
        || body.identifiers.is_empty()
    {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let state = choose(&shared).state(&shared);
    let hidden = shared.faults.is_on("apps-hidden");
    let wanted = |found: &&Device| body.identifiers.contains(&found.guid);
    let found: Vec<_> = state.fleet.devices.iter().filter(wanted).map(|device| inventory(device, hidden)).collect();
    if found.is_empty() {
        return with_deed(StatusCode::OK, Deed::of("apps-listed"));
    }
    with_deed(Json(found), Deed::of("apps-listed"))
}

/// A device's apps; none where its privacy hides them.
fn inventory(device: &Device, hidden: bool) -> Value {
    let apps = device.apps().into_iter().filter(|_| !hidden);
    let apps: Vec<_> = apps
        .map(|(identifier, name)| {
            json!({ "identifier": identifier, "name": name, "version": "1.0", "managed": true, "source": "PUBLIC" })
        })
        .collect();
    json!({ "identifier": device.guid, "applications": apps })
}

/// Unknown identifiers are passed over in silence.
fn force_check_in(State(shared): State<Arc<Shared>>, Json(body): Json<Identifiers>, choose: Choose) -> Response {
    let mut state = choose(&shared).state(&shared);
    let audible = state.audible(&shared);
    let now = shared.clock.now();
    let asked = body
        .identifiers
        .iter()
        .filter(|id| state.fleet.force_check_in(|device| device.guid == **id, audible, now))
        .count();
    with_deed(Json(json!({ "result": asked })), Deed::of("check-in-forced"))
}

/// `results` is how many devices are on this page: a client reads on until a short one.
fn listed(devices: &[Value], offset: usize, limit: usize) -> Response {
    let page = json!({ "searchResults": devices, "results": devices.len(), "offset": offset, "limit": limit });
    with_deed(Json(page), Deed::of("devices-listed"))
}

fn device(device: &Device) -> Value {
    json!({
        "identifier": device.guid,
        "status": "ACTIVE",
        "lastCheckInTime": device.last_check_in * 1_000,
        "compliant": true,
        "quarantined": false,
        "blocked": false,
        "compromised": false,
        "os": match device.platform { Platform::Ios => "iOS", Platform::Macos => "macOS", Platform::Android => "Android" },
    })
}
