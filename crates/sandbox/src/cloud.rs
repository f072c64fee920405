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

/// The default space of devices; every device is in it, unless there are two spaces.
const SPACE: u64 = 40_431;
/// The other space, where there are two: every third device is in it.
const OTHER_SPACE: u64 = 40_932;
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
    let state = shared.cloud.state(&shared);
    let two = shared.faults.is_on("two-spaces");
    let space = |id: u64, name: &str| {
        let count = state.fleet.devices.iter().filter(|device| space_of(device, two) == id).count();
        json!({ "id": id, "name": name, "defaultPartition": id == SPACE, "priority": 0, "deviceCount": count, "configurationCount": 3 })
    };
    // The default one need not be the first.
    let spaces = if two {
        vec![space(OTHER_SPACE, "EMEA"), space(SPACE, "Default Space")]
    } else {
        vec![space(SPACE, "Default Space")]
    };
    Json(envelope(&spaces, spaces.len(), 0, 50)).into_response()
}

fn space_of(device: &Device, two: bool) -> u64 {
    if two && device.id.is_multiple_of(3) { OTHER_SPACE } else { SPACE }
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
    let two = shared.faults.is_on("two-spaces");
    if !(search.space == Some(SPACE) || two && search.space == Some(OTHER_SPACE)) {
        return field_error("dmPartitionId", "NotNull", "must be a space of yours");
    }
    let look = Look::of(&shared);
    let start = if shared.faults.is_on("same-page") { 0 } else { search.start };
    let rows = if shared.faults.is_on("list-of-50") { rows.min(50) } else { rows };
    let state = shared.cloud.state(&shared);
    let filter = filter(&search.fq);
    let here = |device: &&Device| Some(space_of(device, two)) == search.space && matches(device, &filter);
    let matching: Vec<_> = state.fleet.devices.iter().filter(here).collect();
    let page: Vec<_> = matching.iter().skip(start).take(rows).map(|found| device(found, look)).collect();
    with_deed(Json(envelope(&page, matching.len(), search.start, rows)), Deed::of("devices-listed"))
}

/// `field=value` parts joined by "and", or the older `FIELD EQ value`, as fields in lower case and their values.
fn filter(text: &str) -> Vec<(String, String)> {
    let text = text.replace(" AND ", " and ").replace(" EQ ", "=");
    let parts = text.split(" and ").filter_map(|part| part.split_once('='));
    parts.map(|(field, value)| (field.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// Whether a device has what a filter wants; all devices of the world are active.
fn matches(device: &Device, filter: &[(String, String)]) -> bool {
    filter.iter().all(|(field, value)| match field.as_str() {
        "platformtype" => device.platform.cloud_word() == value,
        "registrationstate" => value == "ACTIVE",
        _ => true,
    })
}

fn field_error(field: &str, code: &str, message: &str) -> Response {
    let error = json!({ "errors": { "globalErrors": null, "fieldErrors": [{ "code": code, "field": field, "message": message }] } });
    (StatusCode::BAD_REQUEST, Json(error)).into_response()
}

/// How devices are shown.
#[derive(Clone, Copy)]
struct Look {
    /// Times in ISO 8601 instead of epoch milliseconds.
    iso: bool,
    /// What is personal is masked, as accounts with the GDPR profile see it.
    masked: bool,
}

impl Look {
    fn of(shared: &Shared) -> Self {
        Self { iso: shared.faults.is_on("iso-times"), masked: shared.faults.is_on("gdpr") }
    }
}

fn device(device: &Device, look: Look) -> Value {
    let seen = if look.iso { json!(rfc3339(device.last_check_in)) } else { json!(device.last_check_in * 1_000) };
    let personal = |value: String| if look.masked { "********".to_owned() } else { value };
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
        "serialNumber": personal(format!("SBX{:09}", device.id % 1_000_000_000)),
        "imei": personal("490154203237518".into()),
        "emailAddress": personal("user@example.com".into()),
        "userId": if look.masked { json!("********") } else { json!(device.id) },
    })
}

async fn one_device(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(search): Query<Search>,
) -> Response {
    let state = shared.cloud.state(&shared);
    let two = shared.faults.is_on("two-spaces");
    let named = |device: &&Device| device.id.to_string() == id || device.guid == id;
    let found = state.fleet.devices.iter().find(named).filter(|found| search.space == Some(space_of(found, two)));
    match found {
        Some(found) => Json(json!({ "errors": null, "result": device(found, Look::of(&shared)) })).into_response(),
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
    // Newer releases answer with an object, whose content is not described.
    let result =
        if shared.faults.is_on("object-results") { json!({ "success": known }) } else { json!(i32::from(known)) };
    with_deed(Json(json!({ "errors": null, "result": result })), Deed::of("check-in-forced"))
}
