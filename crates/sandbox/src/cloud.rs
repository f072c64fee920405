//! MobileIron Cloud: the console that an administrator sees, and the documented interface.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use openssl::nid::Nid;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    authority::{subject_text, unix},
    clock::{rfc3339, us_date},
    fleet::{Device, Platform},
    html::{attachment, cookie, escaped, page, see_other},
    record::{Deed, with_deed},
    server::Upload,
    shared::{Shared, USERNAME},
};

const PLACE: &str = "MobileIron Cloud";
const SESSION: &str = "SANDBOX_SESSION";
const PAGE: &str = "/admin/apple/mdm-certificate";
/// The header that carries the anti-forgery value.
const GUARD: &str = "x-csrf-token";
/// The one space of devices.
const SPACE: u64 = 40_431;
/// The most rows of a list.
const ROWS: usize = 500;

/// Cloud's addresses.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { see_other(PAGE) }))
        .route("/admin/login", get(login_page).post(login))
        .route(PAGE, get(certificate_page))
        .route("/admin/api/mdm-certificate", get(certificate).post(upload))
        .route("/admin/api/mdm-certificate/request", axum::routing::post(fresh_request))
        .route("/api/v1/tenant/partition/device", get(partitions))
        .route("/api/v1/metadata/tenant", get(metadata))
        .route("/api/v1/device", get(devices))
        .route("/api/v1/device/{id}", get(one_device))
        .route("/api/v1/device/forceCheckin", put(force_check_in))
        .merge(crate::cps::router(|shared| &shared.cloud))
}

// The console

async fn login_page(State(shared): State<Arc<Shared>>) -> Response {
    if shared.faults.is_on("single-sign-on") {
        return page(PLACE, "Sign in with your organisation", "<p>This tenant signs in at its identity provider.</p>");
    }
    let (session, nonce) = shared.cloud.begin_session(&shared);
    let body = format!(
        "<form class=\"card\" method=\"post\" action=\"/admin/login\"><input type=\"hidden\" name=\"_csrf\" value=\"{nonce}\">\
         <p><label for=\"u\">User name</label><input id=\"u\" name=\"username\" autocomplete=\"username\"></p>\
         <p><label for=\"p\">Password</label><input id=\"p\" name=\"password\" type=\"password\" autocomplete=\"current-password\"></p>\
         <p><button class=\"main\">Sign in</button></p></form>"
    );
    let mut response = page(PLACE, "Sign in", &body);
    set_cookie(&mut response, &format!("PRE_{session}"));
    response
}

fn set_cookie(response: &mut Response, value: &str) {
    let cookie = format!("{SESSION}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
    #[serde(rename = "_csrf")]
    nonce: String,
}

async fn login(State(shared): State<Arc<Shared>>, headers: HeaderMap, Form(form): Form<Login>) -> Response {
    let before = cookie(&headers, SESSION).and_then(|value| value.strip_prefix("PRE_").map(str::to_owned));
    if shared.cloud.nonce(&shared, before.as_deref()).as_deref() != Some(&form.nonce) {
        return (StatusCode::FORBIDDEN, page(PLACE, "The form is too old", "")).into_response();
    }
    if form.username != USERNAME || form.password != shared.password {
        return with_deed(
            page(PLACE, "Sign in", "<p class=\"refused\">Sign-in failed: wrong user name or password.</p>"),
            Deed::of("sign-in-refused"),
        );
    }
    let (session, _) = shared.cloud.begin_session(&shared);
    let mut response = see_other(PAGE);
    set_cookie(&mut response, &session);
    response.extensions_mut().insert(Deed::of("sign-in"));
    response
}

/// The page: a script asks for the certificate, and sends the anti-forgery value that it was given.
async fn certificate_page(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(nonce) = session(&shared, &headers) else { return see_other("/admin/login") };
    let body = format!(
        "<div class=\"card\"><h2>1 Download</h2><p>Download the certificate signing request.</p><button id=\"download\">Download File</button></div>\
         <div class=\"card\"><h2>2 Get</h2><p>Get the certificate at Apple's portal, with last year's Apple account: Renew, never Create.</p>\
         <p><label for=\"account\">Apple ID</label><input id=\"account\" value=\"{}\"></p></div>\
         <div class=\"card\"><h2>3 Upload</h2><p><input id=\"file\" type=\"file\"> <button id=\"upload\" class=\"main\">Upload Certificate</button></p><p id=\"said\" role=\"status\"></p></div>\
         <h2>Certificate Info</h2><dl id=\"info\"></dl><noscript>This page needs a script.</noscript>\
         <script>var csrfToken = \"{nonce}\"; var jsonUpload = {};{SCRIPT}</script>",
        escaped(&shared.cloud.state(&shared).apple_account),
        shared.faults.is_on("json-upload"),
    );
    page(PLACE, "Admin › Apple › MDM Certificate", &body)
}

const SCRIPT: &str = r#"
const api = "/admin/api/mdm-certificate", guard = {"X-CSRF-Token": csrfToken};
async function show() {
  const r = (await (await fetch(api, {headers: guard})).json()).result || {};
  const names = {appleId: "Apple ID", status: "Status", serialNumber: "Serial number", subject: "Subject DN", validFrom: "Valid from", expires: "Expires"};
  info.replaceChildren(...Object.entries(names).flatMap(([key, name]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name; dd.textContent = /validFrom|expires/.test(key) && r[key] ? new Date(r[key]).toISOString().slice(0, 10) : r[key] ?? "";
    return [dt, dd];
  }));
}
download.onclick = async () => {
  const blob = await (await fetch(api + "/request", {method: "POST", headers: guard})).blob();
  const a = document.createElement("a"); a.href = URL.createObjectURL(blob); a.download = "ApplePushInfo.txt"; a.click();
};
upload.onclick = async () => {
  let init;
  if (jsonUpload) init = {method: "POST", headers: {...guard, "Content-Type": "application/json"}, body: JSON.stringify({certificate: await file.files[0].text(), appleId: account.value})};
  else { const form = new FormData(); form.append("file", file.files[0]); form.append("appleId", account.value); init = {method: "POST", headers: guard, body: form}; }
  const answer = await (await fetch(api, init)).json();
  said.textContent = answer.result === 1 ? "Saved." : answer.errors.globalErrors[0].message; show();
};
show();
"#;

/// The anti-forgery value of whoever is signed in.
fn session(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let session = cookie(headers, SESSION).filter(|value| !value.starts_with("PRE_"));
    shared.cloud.nonce(shared, session.as_deref())
}

/// What the script's calls are answered when something is missing.
fn guard(shared: &Shared, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let Some(nonce) = session(shared, headers) else { return Err(Box::new(see_other("/admin/login"))) };
    let given = headers.get(GUARD).and_then(|value| value.to_str().ok());
    if given == Some(&nonce) {
        Ok(())
    } else {
        Err(Box::new((StatusCode::FORBIDDEN, Json(json!({ "errors": "csrf" }))).into_response()))
    }
}

/// An integer as a console's script shows it: rounded to what a floating point number holds.
fn rounded(decimal: &str) -> String {
    let number: f64 = decimal.parse().unwrap_or(0.0);
    format!("{number}")
}

async fn certificate(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Err(response) = guard(&shared, &headers) {
        return *response;
    }
    let state = shared.cloud.state(&shared);
    let result = state.installed.as_ref().map(|(certificate, _)| {
        let text = |nid| subject_text(certificate, nid).unwrap_or_default();
        let serial =
            certificate.serial_number().to_bn().and_then(|serial| serial.to_dec_str().map(|text| text.to_string()));
        json!({
            "status": "Successfully installed",
            "appleId": state.apple_account,
            "topic": text(Nid::USERID),
            "subject": format!("C={}, CN={}, UID={}", text(Nid::COUNTRYNAME), text(Nid::COMMONNAME), text(Nid::USERID)),
            "serialNumber": rounded(&serial.unwrap_or_default()),
            "validFrom": unix(certificate.not_before()) * 1_000,
            "expires": unix(certificate.not_after()) * 1_000,
            "expiresOn": us_date(unix(certificate.not_after())),
        })
    });
    with_deed(Json(json!({ "errors": null, "result": result })), Deed::of("certificate-read"))
}

async fn fresh_request(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Err(response) = guard(&shared, &headers) {
        return *response;
    }
    match shared.cloud.fresh_request(&shared) {
        Ok(file) => with_deed(attachment("ApplePushInfo.txt", "text/plain", file), Deed::of("request-made")),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Takes a certificate in either of the two styles: as a file of a form, or as a text in JSON.
async fn upload(State(shared): State<Arc<Shared>>, headers: HeaderMap, request: Request) -> Response {
    if let Err(response) = guard(&shared, &headers) {
        return *response;
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let json = media.starts_with("application/json");
    let upload = if json { Upload::of_json(request).await } else { Upload::of_form(request).await };
    let installed = upload.ok_or("The file is missing.").and_then(|upload| shared.cloud.install(&shared, &upload));
    match installed {
        Ok(deed) => with_deed(Json(json!({ "errors": null, "result": 1 })), deed),
        Err(words) => {
            let complaint = json!({ "errors": { "globalErrors": [{ "code": "Invalid", "message": words }], "fieldErrors": null }, "message": words });
            (StatusCode::BAD_REQUEST, Json(complaint)).into_response()
        }
    }
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
