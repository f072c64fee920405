//! PingOne: a worker application's sign-in, and the device requirements of the PingID app. A PUT replaces them: whatever part
//! it leaves out is cleared.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Form, Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use openssl::base64::encode_block;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    clock::{parse_rfc3339, rfc3339},
    record::{Deed, with_deed},
    server::token,
    shared::Shared,
};

/// The environment, and the PingID application in it.
pub(crate) const ENVIRONMENT: &str = "e1e1e1e1-0000-4000-8000-000000000001";
pub(crate) const APPLICATION: &str = "a1a1a1a1-0000-4000-8000-000000000002";
/// The worker application.
pub(crate) const CLIENT_ID: &str = "c1c1c1c1-0000-4000-8000-000000000003";

/// How long a token of the interface lives, in seconds.
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The part about device management.
const MDM: &str = "mobileDeviceManagementRequire";

/// What a client cannot set.
const READ_ONLY: [&str; 4] = ["_links", "application", "environment", "updatedAt"];

/// The parts of the resource, each in its own words.
type Parts = BTreeMap<String, Box<RawValue>>;

/// What PingOne holds.
pub(crate) struct PingOne {
    /// The worker application's secret.
    pub(crate) secret: String,
    state: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The resource; nothing where it was never set.
    parts: Option<Parts>,
    /// When it was changed last.
    updated: i64,
    /// Tokens of the interface, and when they end.
    tokens: BTreeMap<String, i64>,
}

impl PingOne {
    /// With one token, made 400 days ago, among settings with numbers and words that are easily lost.
    pub(crate) fn new(now: i64) -> Self {
        let made = rfc3339(now - 400 * DAY);
        let text = format!(
            r#"{{"{MDM}": {{"enabled": true, "effectiveDate": "{made}", "tokens": [ {{"token": "0d0d0d0d-0d0d-4d0d-8d0d-0d0d0d0d0d0d", "creationTime": "{made}"}} ]}},
            "deviceLockRequire": {{"enabled": true, "grace": 1.50}}, "rootedOrJailbrokenRequire": {{ "enabled":true }},
            "minimumOsVersionRequire": {{"ios": "17.0", "android": 12345678901234567890123, "note": null}}, "notDocumented": [1, "\u00e9", {{}}]}}"#
        );
        let parts = serde_json::from_str(&text).expect("JSON");
        let state = Held { parts: Some(parts), updated: now - 400 * DAY, tokens: BTreeMap::new() };
        Self { secret: format!("sandbox-{}", token()), state: Mutex::new(state) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resource as a client reads it; `None` where it was never set.
    pub(crate) fn document(&self) -> Option<String> {
        let held = self.held();
        let parts = held.parts.as_ref()?;
        let mut members: Vec<_> = parts.iter().map(|(name, value)| format!("\"{name}\":{}", value.get())).collect();
        members.push(format!("\"environment\":{{\"id\":\"{ENVIRONMENT}\"}}"));
        members.push(format!("\"application\":{{\"id\":\"{APPLICATION}\"}}"));
        members.push(format!("\"updatedAt\":\"{}\"", rfc3339(held.updated)));
        Some(format!("{{{}}}", members.join(",")))
    }
}

/// PingOne's addresses, for its interface and its sign-in alike.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/{environment}/as/token", post(sign_in))
        .route("/v1/environments/{environment}/applications/{application}/deviceRequirements", get(read).put(replace))
}

#[derive(Deserialize)]
struct Grant {
    #[serde(default)]
    grant_type: String,
}

async fn sign_in(
    State(shared): State<Arc<Shared>>,
    Path(environment): Path<String>,
    headers: HeaderMap,
    Form(grant): Form<Grant>,
) -> Response {
    let refuse = |status, error: &str, why: &str| {
        let answer = Json(json!({ "error": error, "error_description": why }));
        with_deed((status, answer), Deed::of("sign-in-refused"))
    };
    let right = format!("Basic {}", encode_block(format!("{CLIENT_ID}:{}", shared.pingone.secret).as_bytes()));
    if environment != ENVIRONMENT || text_of(&headers) != Some(right.as_str()) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client or client credentials");
    }
    if grant.grant_type != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported");
    }
    let fresh = token();
    shared.pingone.held().tokens.insert(fresh.clone(), shared.clock.now() + HOUR);
    let answer = json!({ "access_token": fresh, "token_type": "Bearer", "expires_in": HOUR });
    with_deed(Json(answer), Deed::of("sign-in"))
}

fn text_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
}

/// What stands between a client and the resource.
fn refusal(shared: &Shared, (environment, application): &(String, String), headers: &HeaderMap) -> Option<Response> {
    let bearer = text_of(headers).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let ends = shared.pingone.held().tokens.get(bearer).copied();
    if ends.is_none_or(|end| end <= shared.clock.now()) {
        return Some(error(StatusCode::UNAUTHORIZED, "ACCESS_FAILED", "The request could not be completed.", None));
    }
    let known = environment == ENVIRONMENT && application == APPLICATION;
    (!known).then(|| error(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource was not found.", None))
}

fn error(status: StatusCode, code: &str, message: &str, detail: Option<&str>) -> Response {
    let details = detail.map(|detail| json!([{ "code": "INVALID_VALUE", "message": detail }]));
    (status, Json(json!({ "id": token(), "code": code, "message": message, "details": details }))).into_response()
}

fn invalid(detail: &str) -> Response {
    error(
        StatusCode::BAD_REQUEST,
        "INVALID_DATA",
        "The request could not be completed. One or more validation errors.",
        Some(detail),
    )
}

async fn read(State(shared): State<Arc<Shared>>, Path(path): Path<(String, String)>, headers: HeaderMap) -> Response {
    if let Some(refusal) = refusal(&shared, &path, &headers) {
        return refusal;
    }
    if shared.faults.is_on("pingone-restless") {
        // Somebody else changes something between any two looks.
        let part = serde_json::value::to_raw_value(&token()).expect("a text");
        shared.pingone.held().parts.get_or_insert_default().insert("lastSetByAnother".into(), part);
    }
    match shared.pingone.document() {
        Some(document) => with_deed(as_json(document), Deed::of("requirements-read")),
        None => error(StatusCode::NOT_FOUND, "NOT_FOUND", "No device requirements are set.", None),
    }
}

fn as_json(document: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

/// Puts a body in the place of everything that was there.
async fn replace(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refusal(&shared, &path, &headers) {
        return refusal;
    }
    let Ok(mut parts) = serde_json::from_slice::<Parts>(&body) else { return invalid("body: must be an object") };
    parts.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
    if let Some(complaint) = parts.get(MDM).and_then(|part| complaint(part.get())) {
        return invalid(&complaint);
    }
    if shared.faults.is_on("pingone-forgetful") {
        parts.remove("rootedOrJailbrokenRequire");
    }
    if shared.faults.is_on("pingone-own-tokens") {
        rewrite(&mut parts);
    }
    let mut held = shared.pingone.held();
    held.parts = Some(parts);
    held.updated = shared.clock.now();
    drop(held);
    with_deed(as_json(shared.pingone.document().unwrap_or_default()), Deed::of("requirements-replaced"))
}

/// What is wrong with the part about device management: when it is on, it needs a date and tokens, and each token both of
/// its fields.
fn complaint(part: &str) -> Option<String> {
    let part: Value = serde_json::from_str(part).ok()?;
    let Some(enabled) = part["enabled"].as_bool() else { return Some(format!("{MDM}.enabled: must not be null")) };
    if !enabled {
        return None;
    }
    if part["effectiveDate"].as_str().and_then(parse_rfc3339).is_none() {
        return Some(format!("{MDM}.effectiveDate: must be a date"));
    }
    let Some(tokens) = part["tokens"].as_array().filter(|tokens| !tokens.is_empty()) else {
        return Some(format!("{MDM}.tokens: must not be empty"));
    };
    let lacks = |entry: &Value| {
        let token = entry["token"].as_str().is_some_and(|token| !token.is_empty());
        !token || entry["creationTime"].as_str().and_then(parse_rfc3339).is_none()
    };
    tokens.iter().any(lacks).then(|| format!("{MDM}.tokens: token and creationTime must not be null"))
}

/// Makes a token of its own in the place of the newest, as a server might.
fn rewrite(parts: &mut Parts) {
    let Some(mut part) = parts.get(MDM).and_then(|part| serde_json::from_str::<Value>(part.get()).ok()) else { return };
    if let Some(last) = part["tokens"].as_array_mut().and_then(|tokens| tokens.last_mut()) {
        last["token"] = json!(format!("of-the-server-{}", token()));
    }
    parts.insert(MDM.into(), serde_json::value::to_raw_value(&part).expect("JSON"));
}
