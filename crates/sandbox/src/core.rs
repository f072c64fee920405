//! MobileIron Core: the console with its form sign-in and its `ud.html` calls, and both documented interfaces.
//!
//! The console's calls that download the request and upload the certificate are not public; those here are the
//! sandbox's own, and say so in their names.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    authority::unix,
    clock::rfc3339,
    fleet::Device,
    html::{cookie, page, see_other},
    record::{Deed, with_deed},
    server::Upload,
    shared::{Shared, USERNAME},
};

const PLACE: &str = "MobileIron Core";
const SESSION: &str = "JSESSIONID";
const HOME: &str = "/mifs/admin/admin.html";
/// The name of the header that carries the anti-forgery value; the page tells it.
const GUARD: &str = "X-Sandbox-Csrf";

/// Core's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { see_other(HOME) }))
        .route("/mifs/login.jsp", get(login_page))
        .route("/mifs/j_spring_security_check", post(login))
        .route(HOME, get(home))
        .route("/mifs/admin/ud.html", post(command))
        .route("/mifs/admin/sandboxUploadMDMCertificate", post(upload))
        .route("/api/v2/ping", get(ping))
        .route("/api/v2/devices/count", get(count))
        .route("/api/v2/devices", get(devices))
        .route("/api/v2/devices/wakeup", put(wake_up))
        .route("/api/v1/dm/devices", get(devices_v1))
        .route("/api/v1/dm/devices/{uuid}", get(one_device_v1))
        .merge(crate::cps::router(|shared| &shared.core))
}

// The console

async fn login_page(State(shared): State<Arc<Shared>>) -> Response {
    if shared.faults.is_on("single-sign-on") {
        return page(PLACE, "Sign in with your organisation", "<p>This server signs in at its identity provider.</p>");
    }
    page(
        PLACE,
        "Sign in",
        "<form class=\"card\" method=\"post\" action=\"/mifs/j_spring_security_check\">\
         <p><label for=\"u\">User name</label><input id=\"u\" name=\"j_username\" autocomplete=\"username\"></p>\
         <p><label for=\"p\">Password</label><input id=\"p\" name=\"j_password\" type=\"password\" autocomplete=\"current-password\"></p>\
         <input type=\"hidden\" name=\"spid\"><p><button class=\"main\" name=\"submit\" value=\"LOGIN\">Sign in</button></p></form>",
    )
}

#[derive(Deserialize)]
struct Login {
    j_username: String,
    j_password: String,
}

/// A wrong password is answered with status 200 and the words "Login Failed".
async fn login(State(shared): State<Arc<Shared>>, Form(form): Form<Login>) -> Response {
    if shared.faults.is_on("single-sign-on") {
        return see_other("/mifs/login.jsp");
    }
    if form.j_username != USERNAME || form.j_password != shared.password {
        return with_deed(page(PLACE, "Sign in", "<p class=\"refused\">Login Failed</p>"), Deed::of("sign-in-refused"));
    }
    let (session, _) = shared.core.begin_session(&shared);
    let mut response = see_other(HOME);
    if let Ok(cookie) = format!("{SESSION}={session}; Path=/mifs; Secure; HttpOnly").parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(Deed::of("sign-in"));
    response
}

fn session(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    shared.core.nonce(shared, cookie(headers, SESSION).as_deref())
}

async fn home(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(nonce) = session(&shared, &headers) else { return see_other("/mifs/login.jsp") };
    let body = format!(
        "<p>Settings › iOS › MDM certificate</p><dl><dt>Valid until</dt><dd id=\"until\"></dd></dl>\
         <p><button id=\"download\">Download the request (sandbox)</button></p>\
         <p><input id=\"file\" type=\"file\"> <button id=\"upload\" class=\"main\">Upload the certificate (sandbox)</button></p><p id=\"said\" role=\"status\"></p>\
         <script>var csrfKey = '{GUARD}'; var csrfNonce = '{nonce}'; var releaseVersion = '11.12.0.0';{SCRIPT}</script>"
    );
    page(PLACE, "Settings", &body)
}

const SCRIPT: &str = r#"
const guard = {[csrfKey]: csrfNonce, "X-Requested-With": "XMLHttpRequest"};
async function ud(action) {
  const cmd = JSON.stringify({id: action, action, _index: 0});
  return (await fetch("/mifs/admin/ud.html", {method: "POST", headers: guard, body: new URLSearchParams({format: "json", cmd})})).json();
}
async function show() { until.textContent = new Date(+(await ud("getMDMCertificate")).validity).toISOString().slice(0, 10); }
download.onclick = async () => {
  const made = (await ud("sandboxRequestMDMCertificate")).results[0];
  const a = document.createElement("a"); a.href = "data:text/plain," + encodeURIComponent(made.content); a.download = made.fileName; a.click();
};
upload.onclick = async () => {
  const form = new FormData(); form.append("file", file.files[0]);
  const answer = await (await fetch("/mifs/admin/sandboxUploadMDMCertificate", {method: "POST", headers: guard, body: form})).json();
  said.textContent = answer.rc === 0 ? "Saved." : answer.message; show();
};
show();
"#;

fn guard(shared: &Shared, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let Some(nonce) = session(shared, headers) else { return Err(Box::new(see_other("/mifs/login.jsp"))) };
    let given = headers.get(GUARD).and_then(|value| value.to_str().ok());
    if given == Some(&nonce) { Ok(()) } else { Err(Box::new(StatusCode::FORBIDDEN.into_response())) }
}

#[derive(Deserialize)]
struct Command {
    cmd: String,
}

async fn command(State(shared): State<Arc<Shared>>, headers: HeaderMap, Form(form): Form<Command>) -> Response {
    if let Err(response) = guard(&shared, &headers) {
        return *response;
    }
    let action = serde_json::from_str::<Value>(&form.cmd).ok();
    let action = action.as_ref().and_then(|command| command.get("action")?.as_str());
    match action {
        Some("getMDMCertificate") => validity(&shared),
        Some("sandboxRequestMDMCertificate") => fresh_request(&shared),
        _ => Json(json!({ "rc": 1, "message": "unknown action" })).into_response(),
    }
}

fn validity(shared: &Shared) -> Response {
    let state = shared.core.state(shared);
    let ends = state.installed.as_ref().map(|(certificate, _)| (unix(certificate.not_after()) * 1_000).to_string());
    with_deed(Json(json!({ "rc": 0, "validity": ends })), Deed::of("certificate-read"))
}

fn fresh_request(shared: &Shared) -> Response {
    let Ok(file) = shared.core.fresh_request(shared) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let made = json!({ "fileName": "ApplePushInfo.txt", "content": String::from_utf8_lossy(&file) });
    with_deed(Json(json!({ "rc": 0, "total": 1, "offset": 0, "results": [made] })), Deed::of("request-made"))
}

async fn upload(State(shared): State<Arc<Shared>>, headers: HeaderMap, request: Request) -> Response {
    if let Err(response) = guard(&shared, &headers) {
        return *response;
    }
    let upload = Upload::of_form(request).await;
    match upload.ok_or("The file is missing.").and_then(|upload| shared.core.install(&shared, &upload)) {
        Ok(deed) => with_deed(Json(json!({ "rc": 0 })), deed),
        Err(words) => Json(json!({ "rc": 1, "message": words })).into_response(),
    }
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
    fn matches(&self, device: &Device) -> bool {
        let query = self.query.as_deref().unwrap_or_default();
        query.split(" AND ").filter_map(|part| part.trim().split_once('=')).all(|(field, value)| {
            let value = value.trim().trim_matches('"');
            match field.trim() {
                "common.status" => value == "ACTIVE",
                "common.uuid" => device.guid == value,
                _ => true,
            }
        })
    }
}

async fn count(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    if let Some(response) = search.complaint(false) {
        return response;
    }
    let total = shared.core.state(&shared).fleet.devices.iter().filter(|device| search.matches(device)).count();
    Json(json!({ "results": null, "totalCount": total, "resultCount": 0, "hasMore": false })).into_response()
}

async fn devices(State(shared): State<Arc<Shared>>, Query(search): Query<Search>) -> Response {
    if let Some(response) = search.complaint(true) {
        return response;
    }
    let state = shared.core.state(&shared);
    let matching: Vec<_> = state.fleet.devices.iter().filter(|device| search.matches(device)).collect();
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
    json!({ "uuid": device.guid, "statusCode": 97, "mdmManaged": true, "lastConnectedAt": seen })
}
