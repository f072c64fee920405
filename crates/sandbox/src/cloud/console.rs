//! Cloud's console: a page that a script fills, by calls of its own with an anti-forgery header.
//!
//! The vendor publishes none of these calls; they are the sandbox's own, in the manner of such pages. They can be had
//! in three upload styles, with a download by a form, with a sign-in that asks on two pages, and in a second shape, as if
//! a new release had come.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form, Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use openssl::nid::Nid;
use serde_json::{Value, json};

use crate::{
    authority::{subject_text, unix},
    clock::us_date,
    html::{attachment, cookie, escaped, page, see_other},
    identity,
    record::{Deed, with_deed},
    server::Upload,
    shared::{Shared, USERNAME},
};

const PLACE: &str = "MobileIron Cloud";
const SESSION: &str = "SANDBOX_SESSION";
const PAGE: &str = "/admin/apple/mdm-certificate";
const SIGN_IN: &str = "/admin/login";
/// Where the name goes, and where the password is asked for, with the switch `two-step-sign-in`.
const NAME: &str = "/admin/login/name";
const PASSWORD: &str = "/admin/login/password";
/// Where the identity provider sends people back to.
const RETURN: &str = "/admin/saml/acs";

/// How a release of the console names things.
#[derive(Debug)]
struct Shape {
    /// Where the sign-in form goes.
    sign_in: &'static str,
    /// Its fields: user, password, anti-forgery value.
    fields: [&'static str; 3],
    /// The certificate's address; the request's is below it.
    api: &'static str,
    /// The header with the anti-forgery value, and the script's variable that holds it.
    guard: [&'static str; 2],
    /// Under which key an answer stands.
    result: &'static str,
}

/// The release of today.
const TODAY: Shape = Shape {
    sign_in: SIGN_IN,
    fields: ["username", "password", "_csrf"],
    api: "/admin/api/mdm-certificate",
    guard: ["X-CSRF-Token", "csrfToken"],
    result: "result",
};

/// The release that is there with the switch `console-changed`.
const CHANGED: Shape = Shape {
    sign_in: "/admin/session",
    fields: ["email", "passwd", "_token"],
    api: "/admin/api/v2/apple/push-certificate",
    guard: ["X-Request-Guard", "requestGuard"],
    result: "data",
};

impl Shape {
    fn now(shared: &Shared) -> &'static Self {
        if shared.faults.is_on("console-changed") { &CHANGED } else { &TODAY }
    }
}

/// The console's addresses, of both releases; those of the other one are not there.
pub(super) fn router() -> Router<Arc<Shared>> {
    let mut router = Router::new()
        .route("/", get(|| async { see_other(PAGE) }))
        .route(SIGN_IN, get(login_page).post(login))
        .route(NAME, post(named))
        .route(PASSWORD, get(password_page))
        .route(CHANGED.sign_in, post(login))
        .route(RETURN, post(signed_in_elsewhere))
        .route(PAGE, get(certificate_page));
    for shape in [&TODAY, &CHANGED] {
        router = router
            .route(shape.api, get(certificate).post(upload).put(upload))
            .route(&format!("{}/request", shape.api), post(fresh_request));
    }
    router
}

async fn login_page(State(shared): State<Arc<Shared>>) -> Response {
    if shared.faults.is_on("single-sign-on") {
        return identity::by_saml(&shared, shared.cloud.name, RETURN);
    }
    let shape = Shape::now(&shared);
    let [user, password, _] = shape.fields;
    let (session, nonce) = shared.cloud.begin_session(&shared);
    let user =
        format!("<p><label for=\"u\">User name</label><input id=\"u\" name=\"{user}\" autocomplete=\"username\"></p>");
    let body = if shared.faults.is_on("two-step-sign-in") {
        form(shape, NAME, &nonce, &user, "Next")
    } else {
        form(shape, shape.sign_in, &nonce, &(user + &password_field(password)), "Sign in")
    };
    let mut response = page(PLACE, "Sign in", &body);
    set_cookie(&mut response, &format!("PRE_{session}"));
    response
}

/// A form of the sign-in, with its anti-forgery value.
fn form(shape: &Shape, action: &str, nonce: &str, fields: &str, button: &str) -> String {
    format!(
        "<form class=\"card\" method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"{}\" value=\"{nonce}\">\
         {fields}<p><button class=\"main\">{button}</button></p></form>",
        shape.fields[2]
    )
}

fn password_field(name: &str) -> String {
    format!(
        "<p><label for=\"p\">Password</label><input id=\"p\" name=\"{name}\" type=\"password\" autocomplete=\"current-password\"></p>"
    )
}

/// The session of somebody who is about to sign in.
fn before_sign_in(headers: &HeaderMap) -> Option<String> {
    cookie(headers, SESSION).and_then(|value| value.strip_prefix("PRE_").map(str::to_owned))
}

/// Takes the name, before the password is asked for on a page of its own.
async fn named(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let [user, _, nonce] = Shape::now(&shared).fields.map(|name| form.get(name).map(String::as_str));
    let before = before_sign_in(&headers);
    if nonce.is_none() || shared.cloud.nonce(&shared, before.as_deref()).as_deref() != nonce {
        return (StatusCode::FORBIDDEN, page(PLACE, "The form is too old", "")).into_response();
    }
    shared.cloud.call(&shared, &before.unwrap_or_default(), user.unwrap_or_default());
    see_other(PASSWORD)
}

async fn password_page(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let before = before_sign_in(&headers);
    let (Some(nonce), Some(name)) =
        (shared.cloud.nonce(&shared, before.as_deref()), shared.cloud.called(&shared, before.as_deref()))
    else {
        return see_other(SIGN_IN);
    };
    let shape = Shape::now(&shared);
    let fields = format!("<p>{}</p>{}", escaped(&name), password_field(shape.fields[1]));
    page(PLACE, "Sign in", &form(shape, shape.sign_in, &nonce, &fields, "Sign in"))
}

fn set_cookie(response: &mut Response, value: &str) {
    let cookie = format!("{SESSION}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn not_there() -> Response {
    (StatusCode::NOT_FOUND, page(PLACE, "There is no such page", "")).into_response()
}

async fn login(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let shape = Shape::now(&shared);
    if shared.faults.is_on("single-sign-on") {
        return see_other(SIGN_IN);
    }
    if uri.path() != shape.sign_in {
        return not_there();
    }
    let [user, password, nonce] = shape.fields.map(|name| form.get(name).map(String::as_str));
    let before = before_sign_in(&headers);
    let called = shared.cloud.called(&shared, before.as_deref());
    let user = if shared.faults.is_on("two-step-sign-in") { called.as_deref() } else { user };
    if nonce.is_none() || shared.cloud.nonce(&shared, before.as_deref()).as_deref() != nonce {
        return (StatusCode::FORBIDDEN, page(PLACE, "The form is too old", "")).into_response();
    }
    if user != Some(USERNAME) || password != Some(&shared.password) {
        return with_deed(
            page(PLACE, "Sign in", "<p class=\"refused\">Sign-in failed: wrong user name or password.</p>"),
            Deed::of("sign-in-refused"),
        );
    }
    signed_in(&shared)
}

fn signed_in(shared: &Shared) -> Response {
    let (session, _) = shared.cloud.begin_session(shared);
    let mut response = see_other(PAGE);
    set_cookie(&mut response, &session);
    response.extensions_mut().insert(Deed::of("sign-in"));
    response
}

/// Somebody comes back from the identity provider.
async fn signed_in_elsewhere(State(shared): State<Arc<Shared>>, Form(form): Form<HashMap<String, String>>) -> Response {
    match form.get("SAMLResponse").filter(|assertion| identity::holds(&shared, assertion)) {
        Some(_) => signed_in(&shared),
        None => see_other(SIGN_IN),
    }
}

/// The page: a script asks for the certificate, and sends the anti-forgery value that it was given.
async fn certificate_page(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(nonce) = session(&shared, &headers) else { return see_other(SIGN_IN) };
    let shape = Shape::now(&shared);
    let [guard, variable] = shape.guard;
    let download = if shared.faults.is_on("download-by-form") {
        format!(
            "<form method=\"post\" action=\"{}/request\"><input type=\"hidden\" name=\"{}\" value=\"{nonce}\"><button id=\"download\">Download File</button></form>",
            shape.api, shape.fields[2]
        )
    } else {
        "<button id=\"download\">Download File</button>".to_owned()
    };
    let body = format!(
        "<div class=\"card\"><h2>1 Download</h2><p>Download the certificate signing request.</p>{download}</div>\
         <div class=\"card\"><h2>2 Get</h2><p>Get the certificate at Apple's portal, with last year's Apple account: Renew, never Create.</p>\
         <p><label for=\"account\">Apple ID</label><input id=\"account\" value=\"{}\"></p></div>\
         <div class=\"card\"><h2>3 Upload</h2><p><input id=\"file\" type=\"file\"> <button id=\"upload\" class=\"main\">Upload Certificate</button></p><p id=\"said\" role=\"status\"></p></div>\
         <h2>Certificate Info</h2><dl id=\"info\"></dl><noscript>This page needs a script.</noscript>\
         <script>var {variable} = \"{nonce}\"; var jsonUpload = {}, rawUpload = {};\n\
         const api = \"{}\", guard = {{\"{guard}\": {variable}}}, answer = async call => (await (await call).json()).{} || {{}};{SCRIPT}</script>",
        escaped(&shared.cloud.state(&shared).apple_account),
        shared.faults.is_on("json-upload"),
        shared.faults.is_on("raw-upload"),
        shape.api,
        shape.result,
    );
    page(PLACE, "Admin › Apple › MDM Certificate", &body)
}

const SCRIPT: &str = r#"
async function show() {
  const r = await answer(fetch(api, {headers: guard}));
  const names = {appleId: "Apple ID", status: "Status", serialNumber: "Serial number", subject: "Subject DN", validFrom: "Valid from", expires: "Expires"};
  info.replaceChildren(...Object.entries(names).flatMap(([key, name]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name; dd.textContent = /validFrom|expires/.test(key) && r[key] ? new Date(r[key]).toISOString().slice(0, 10) : r[key] ?? "";
    return [dt, dd];
  }));
}
if (!download.form) download.onclick = async () => {
  const blob = await (await fetch(api + "/request", {method: "POST", headers: guard})).blob();
  const a = document.createElement("a"); a.href = URL.createObjectURL(blob); a.download = "ApplePushInfo.txt"; a.click();
};
upload.onclick = async () => {
  let init;
  if (jsonUpload) init = {method: "POST", headers: {...guard, "Content-Type": "application/json"}, body: JSON.stringify({certificate: await file.files[0].text(), appleId: account.value})};
  else if (rawUpload) init = {method: "PUT", headers: {...guard, "Content-Type": "application/x-pem-file"}, body: file.files[0]};
  else { const form = new FormData(); form.append("file", file.files[0]); form.append("appleId", account.value); init = {method: "POST", headers: guard, body: form}; }
  const reply = await (await fetch(api, init)).json();
  said.textContent = reply.errors ? reply.errors.globalErrors[0].message : "Saved."; show();
};
show();
"#;

/// The anti-forgery value of whoever is signed in.
fn session(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let session = cookie(headers, SESSION).filter(|value| !value.starts_with("PRE_"));
    shared.cloud.nonce(shared, session.as_deref())
}

/// What a call is answered when something is missing: the release that knows its address, the session, the
/// anti-forgery value.
fn guard(shared: &Shared, uri: &Uri, headers: &HeaderMap, in_form: Option<&str>) -> Result<(), Box<Response>> {
    let shape = Shape::now(shared);
    if !uri.path().starts_with(shape.api) {
        return Err(Box::new(not_there()));
    }
    let Some(nonce) = session(shared, headers) else { return Err(Box::new(see_other(SIGN_IN))) };
    let given = headers.get(shape.guard[0]).and_then(|value| value.to_str().ok()).or(in_form);
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

fn answer(shared: &Shared, result: &Value) -> Response {
    Json(json!({ "errors": null, Shape::now(shared).result: result })).into_response()
}

async fn certificate(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    if let Err(response) = guard(&shared, &uri, &headers, None) {
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
    drop(state);
    with_deed(answer(&shared, &json!(result)), Deed::of("certificate-read"))
}

async fn fresh_request(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let in_form = Some(&body).filter(|_| shared.faults.is_on("download-by-form"));
    let in_form = in_form.and_then(|body| body.strip_prefix(Shape::now(&shared).fields[2])?.strip_prefix('='));
    if let Err(response) = guard(&shared, &uri, &headers, in_form) {
        return *response;
    }
    match shared.cloud.fresh_request(&shared) {
        Ok(file) => with_deed(attachment("ApplePushInfo.txt", "text/plain", file), Deed::of("request-made")),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Takes a certificate in each of the styles: as a file of a form, as a text in JSON, or as the body itself.
async fn upload(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, request: Request) -> Response {
    if let Err(response) = guard(&shared, &uri, &headers, None) {
        return *response;
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let upload = match media.split(';').next().unwrap_or_default() {
        "application/json" => Upload::of_json(request).await,
        "application/x-pem-file" if shared.faults.is_on("raw-upload") => Upload::of_file(request).await,
        _ => Upload::of_form(request).await,
    };
    let installed = upload.ok_or("The file is missing.").and_then(|upload| shared.cloud.install(&shared, &upload));
    match installed {
        Ok(deed) => with_deed(answer(&shared, &json!(1)), deed),
        Err(words) => {
            let complaint = json!({ "errors": { "globalErrors": [{ "code": "Invalid", "message": words }], "fieldErrors": null }, "message": words });
            (StatusCode::BAD_REQUEST, Json(complaint)).into_response()
        }
    }
}
