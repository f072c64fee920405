//! MobileIron Cloud: the documented interface; the console that an administrator sees is in a room of its own.

mod console;

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, Query, State, rejection::QueryRejection},
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

/// The one space of devices.
const SPACE: u64 = 40_431;
/// The most rows of a list.
const ROWS: usize = 500;

/// Cloud's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .merge(console::router())
        .route("/api/v1/tenant/partition/device", get(partitions))
        .route("/api/v1/metadata/tenant", get(metadata))
        .route("/api/v1/device", get(devices))
        .route("/api/v1/device/{id}", get(one_device))
        .route("/api/v1/device/forceCheckin", put(force_check_in))
        .merge(crate::cps::router(|shared| &shared.cloud))
}

// The documented interface

fn envelope(results: &[Value], total: usize, offset: usize, limit: usize) -> Value {
    json!({ "errors": null, "result": { "totalCount": total, "searchResults": results, "offset": offset, "limit": limit } })
}

async fn partitions(State(shared): State<Arc<Shared>>) -> Response {
    let count = shared.cloud.state(&shared).fleet.devices.len();
    let space = json!({ "id": SPACE, "name": "Default Space", "defaultPartition": true, "priority": 0, "deviceCount": count, "configurationCount": 3 });
    Json(envelope(&[space], 1, 0, 50)).into_response()
}

async fn metadata() -> Response {
    Json(json!({ "errors": null, "result": { "defaultDmPartitionId": SPACE } })).into_response()
}

#[derive(Deserialize)]
struct Search {
    #[serde(rename = "dmPartitionId")]
    space: Option<u64>,
    rows: Option<String>,
    #[serde(default)]
    start: usize,
    #[serde(default)]
    fq: String,
}

async fn devices(State(shared): State<Arc<Shared>>, search: Result<Query<Search>, QueryRejection>) -> Response {
    let Ok(Query(search)) = search else { return field_error("start", "typeMismatch", "must be a number, once") };
    let rows = search.rows.as_deref().map_or(Ok(50), str::parse);
    let Ok(rows) = rows else { return field_error("rows", "typeMismatch", "must be a number") };
    if rows == 0 || rows > ROWS {
        return field_error("rows", "Range", "must be between 1 and 500");
    }
    if search.space != Some(SPACE) {
        return field_error("dmPartitionId", "NotNull", "must be a space of yours");
    }
    let iso = shared.faults.is_on("iso-times");
    let rows = if shared.faults.is_on("list-of-50") { rows.min(50) } else { rows };
    let state = shared.cloud.state(&shared);
    let matching: Vec<_> = state.fleet.devices.iter().filter(|device| matches(device, &search.fq)).collect();
    let page: Vec<_> = matching.iter().skip(search.start).take(rows).map(|found| device(found, iso)).collect();
    with_deed(Json(envelope(&page, matching.len(), search.start, rows)), Deed::of("devices-listed"))
}

/// `field=value` parts joined by "and", or the older `FIELD EQ value`; all devices of the world are active.
fn matches(device: &Device, filter: &str) -> bool {
    let filter = filter.replace(" AND ", " and ").replace(" EQ ", "=");
    let mut parts = filter.split(" and ").filter_map(|part| part.split_once('='));
    parts.all(|(field, value)| match field.trim().to_ascii_lowercase().as_str() {
        "platformtype" => device.platform.cloud_word() == value.trim(),
        "registrationstate" => value.trim() == "ACTIVE",
        _ => true,
    })
}

fn field_error(field: &str, code: &str, message: &str) -> Response {
    let error = json!({ "errors": { "globalErrors": null, "fieldErrors": [{ "code": code, "field": field, "message": message }] } });
    (StatusCode::BAD_REQUEST, Json(error)).into_response()
}

fn device(device: &Device, iso: bool) -> Value {
    let seen = if iso { json!(rfc3339(device.last_check_in)) } else { json!(device.last_check_in * 1_000) };
    json!({
        "id": device.id,
        "guid": device.guid,
        "platformType": device.platform.cloud_word(),
        "registrationState": "ACTIVE",
        "lastCheckin": seen,
        "clientLastCheckin": seen,
        "apnsCapable": device.platform != Platform::Android,
        "quarantined": false,
        "complianceState": true,
    })
}

async fn one_device(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let state = shared.cloud.state(&shared);
    let found = state.fleet.devices.iter().find(|device| device.id.to_string() == id || device.guid == id);
    match found {
        Some(found) => {
            Json(json!({ "errors": null, "result": device(found, shared.faults.is_on("iso-times")) })).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct Ids {
    #[serde(default)]
    ids: String,
}

async fn force_check_in(State(shared): State<Arc<Shared>>, Form(form): Form<Ids>) -> Response {
    let mut state = shared.cloud.state(&shared);
    let audible = state.audible(&shared);
    let known = state.fleet.force_check_in(
        |device| device.id.to_string() == form.ids || device.guid == form.ids,
        audible,
        shared.clock.now(),
    );
    with_deed(Json(json!({ "errors": null, "result": i32::from(known) })), Deed::of("check-in-forced"))
}
