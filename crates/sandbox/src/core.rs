//! MobileIron Core: both documented interfaces; the console is in a room of its own.

mod console;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    clock::rfc3339,
    fleet::{Device, Platform},
    record::{Deed, with_deed},
    shared::Shared,
};

/// Core's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .merge(console::router())
        .merge(interfaces())
        // A Core that the vendor hosts has its interfaces below this.
        .nest("/rest", interfaces())
}

fn interfaces() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/v2/ping", get(ping))
        .route("/api/v2/devices/count", get(count))
        .route("/api/v2/devices", get(devices))
        .route("/api/v2/devices/appinventory", get(app_inventory))
        .route("/api/v2/devices/wakeup", put(wake_up))
        .route("/api/v1/dm/devices", get(devices_v1))
        .route("/api/v1/dm/devices/{uuid}", get(one_device_v1))
        .merge(crate::cps::router(|shared| &shared.core))
}

// The documented interfaces

fn complaint(status: StatusCode, key: &str, words: &str) -> Response {
    let message = json!({ "type": "Error", "messageKey": key, "localizedMessage": words });
    (status, Json(json!({ "messages": [message] }))).into_response()
}

async fn ping() -> Response {
    Json(json!({ "results": { "apiVersion": 2.0, "vspVersion": "VSP 11.12.0.0 Build 1 (sandbox)" } })).into_response()
}

#[derive(Deserialize)]
struct Search {
    #[serde(rename = "adminDeviceSpaceId")]
    space: Option<String>,
    query: Option<String>,
    fields: Option<String>,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Search {
    fn complaint(&self, fields: bool) -> Option<Response> {
        let missing = |name: &str| {
            complaint(StatusCode::BAD_REQUEST, "com.mobileiron.vsp.messages.validation", &format!("{name} is required"))
        };
        match self {
            Self { space: None, .. } => Some(missing("adminDeviceSpaceId")),
            Self { query: None, .. } => Some(missing("query")),
            Self { fields: None, .. } if fields => Some(missing("fields")),
            _ => None,
        }
    }

    /// `field="value"` parts, joined by AND.
    fn parts(&self) -> Vec<(&str, &str)> {
        let query = self.query.as_deref().unwrap_or_default();
        let parts = query.split(" AND ").filter_map(|part| part.trim().split_once('='));
        parts.map(|(field, value)| (field.trim(), value.trim().trim_matches('"'))).collect()
    }
}

/// Whether a device has what is searched for; all devices of the world are active.
fn matches(device: &Device, parts: &[(&str, &str)]) -> bool {
    parts.iter().all(|(field, value)| match *field {
        "common.status" => *value == "ACTIVE",
        "common.uuid" => device.guid == *value,
        _ => true,
    })
}

async fn count(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    if let Some(response) = search.complaint(false) {
        return response;
    }
    let parts = search.parts();
    let total = shared.core.state(&shared).fleet.devices.iter().filter(|device| matches(device, &parts)).count();
    Json(json!({ "results": null, "totalCount": total, "resultCount": 0, "hasMore": false })).into_response()
}

async fn devices(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    if let Some(response) = search.complaint(true) {
        return response;
    }
    let state = shared.core.state(&shared);
    let parts = search.parts();
    let matching: Vec<_> = state.fleet.devices.iter().filter(|device| matches(device, &parts)).collect();
    let limit = search.limit.unwrap_or(50).clamp(1, 500);
    let page: Vec<_> = matching.iter().skip(search.offset).take(limit).map(|found| device(found)).collect();
    let more = search.offset + page.len() < matching.len();
    with_deed(
        Json(json!({
            "results": page, "totalCount": matching.len(), "resultCount": page.len(), "searchTimeMillis": 3,
            "currentServerTimeMilliseconds": shared.clock.now() * 1_000, "hasMore": more,
        })),
        Deed::of("devices-listed"),
    )
}

fn device(device: &Device) -> Value {
    json!({
        "common.uuid": device.guid,
        "common.status": "ACTIVE",
        "common.platform": device.platform.core_words(),
        "common.last_connected_at": rfc3339(device.last_check_in).replace('Z', ".000Z"),
        "common.mdm_managed": true,
    })
}

/// The most devices whose apps are told at a time.
const INVENTORIES: usize = 25;

#[derive(Deserialize)]
struct InventoryOf {
    #[serde(rename = "adminDeviceSpaceId")]
    space: Option<String>,
    #[serde(rename = "deviceUuids")]
    uuids: Option<String>,
}

/// The apps of devices. That they stand in `appInventory` is known, and that each has a `name` and a `version`; the member
/// with the app's identifier is not public, and has a name of this world's own.
async fn app_inventory(State(shared): State<Arc<Shared>>, Query(wanted): Query<InventoryOf>) -> Response {
    let invalid = |words: &str| complaint(StatusCode::BAD_REQUEST, "com.mobileiron.vsp.messages.validation", words);
    let (Some(_), Some(uuids)) = (wanted.space, wanted.uuids) else {
        return invalid("adminDeviceSpaceId and deviceUuids are required");
    };
    let uuids: Vec<&str> = uuids.split(',').collect();
    if uuids.len() > INVENTORIES {
        return invalid("no more than 25 devices at a time");
    }
    let state = shared.core.state(&shared);
    let hidden = shared.faults.is_on("apps-hidden");
    let apps = |device: &Device| {
        let apps = device.apps().into_iter().filter(|_| !hidden);
        apps.map(|(id, name)| json!({ "name": name, "version": "1.0", "appIdentifier": id })).collect::<Vec<_>>()
    };
    let found = state.fleet.devices.iter().filter(|device| uuids.contains(&device.guid.as_str()));
    let results: Vec<_> =
        found.map(|device| json!({ "deviceUuid": device.guid, "appInventory": apps(device) })).collect();
    with_deed(
        Json(json!({ "results": results, "totalCount": results.len(), "hasMore": false })),
        Deed::of("apps-listed"),
    )
}

#[derive(Deserialize)]
struct WakeUp {
    #[serde(rename = "deviceUuids")]
    uuids: Vec<String>,
}

async fn wake_up(State(shared): State<Arc<Shared>>, Json(body): Json<WakeUp>) -> Response {
    let mut state = shared.core.state(&shared);
    let audible = state.audible(&shared);
    let now = shared.clock.now();
    let results: serde_json::Map<_, _> = body
        .uuids
        .iter()
        .map(|uuid| {
            let known = state.fleet.force_check_in(|device| device.guid == *uuid, audible, now);
            let key = if known {
                "com.mobileiron.vsp.messages.device.wakeup.successful"
            } else {
                "com.mobileiron.vsp.messages.device.not.found"
            };
            (uuid.clone(), json!(key))
        })
        .collect();
    with_deed(
        Json(json!({ "actionType": "WAKE_UP", "deviceResults": results, "successful": true })),
        Deed::of("check-in-forced"),
    )
}

#[derive(Deserialize)]
struct SearchV1 {
    status: Option<String>,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

/// The older interface: status 404 says that no device matched.
async fn devices_v1(State(shared): State<Arc<Shared>>, Query(search): Query<SearchV1>) -> Response {
    let active = search.status.as_deref().is_none_or(|status| status == "ACTIVE");
    let state = shared.core.state(&shared);
    let found = state.fleet.devices.iter().filter(|_| active).skip(search.offset).take(search.limit.unwrap_or(50));
    let devices: Vec<_> = found.map(device_v1).collect();
    if devices.is_empty() {
        return none_v1();
    }
    let answer = json!({ "totalCount": state.fleet.devices.len(), "devices": { "device": devices } });
    with_deed(Json(answer), Deed::of("devices-listed"))
}

async fn one_device_v1(State(shared): State<Arc<Shared>>, Path(uuid): Path<String>) -> Response {
    let state = shared.core.state(&shared);
    let found = state.fleet.devices.iter().find(|device| device.guid == uuid);
    found.map_or_else(none_v1, |found| Json(json!({ "device": device_v1(found) })).into_response())
}

fn none_v1() -> Response {
    complaint(StatusCode::NOT_FOUND, "com.mobileiron.vsp.messages.device.none", "No device matched.")
}

fn device_v1(device: &Device) -> Value {
    let seen = device.last_check_in * 1_000;
    let managed = device.platform != Platform::Android;
    json!({ "uuid": device.guid, "statusCode": 97, "mdmManaged": managed, "lastConnectedAt": seen })
}
