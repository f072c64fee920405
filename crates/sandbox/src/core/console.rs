//! Core's console: a form sign-in, the anti-forgery pair `csrfKey` and `csrfNonce` in a script, and `ud.html` calls.
//!
//! The calls that download the request and upload the certificate are not public; those here are the sandbox's own, and
//! say so in their names. With the switch `console-changed` they are named otherwise, as if a new release had come; with
//! `server-page` the page itself shows the certificate, and no script asks for it.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form, Json, Router,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use openssl::nid::Nid;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    authority::{subject_text, unix},
    clock::us_date,
    html::{cookie, escaped, page, see_other},
    identity,
    record::{Deed, with_deed},
    server::Upload,
    shared::{Shared, USERNAME},
};

const PLACE: &str = "MobileIron Core";
const SESSION: &str = "JSESSIONID";
const HOME: &str = "/mifs/admin/admin.html";
const SIGN_IN: &str = "/mifs/login.jsp";
/// Where the identity provider sends people back to.
const RETURN: &str = "/mifs/oidc/callback";
/// The name of the header that carries the anti-forgery value; the page tells it.
const GUARD: &str = "X-Sandbox-Csrf";

/// How a release of the console names things.
#[derive(Debug)]
struct Shape {
    /// The variables that hold the header's name and its value.
    variables: [&'static str; 2],
    /// Where calls go.
    calls: &'static str,
    /// The calls that read and that make a request.
    actions: [&'static str; 2],
    /// Where the certificate goes.
    upload: &'static str,
    /// Under which key the end stands.
    end: &'static str,
}

const TODAY: Shape = Shape {
    variables: ["csrfKey", "csrfNonce"],
    calls: "/mifs/admin/ud.html",
    actions: ["getMDMCertificate", "sandboxRequestMDMCertificate"],
    upload: "/mifs/admin/sandboxUploadMDMCertificate",
    end: "validity",
};

const CHANGED: Shape = Shape {
    variables: ["guardName", "guardValue"],
    calls: "/mifs/admin/rpc",
    actions: ["readPushCertificate", "sandboxMakePushRequest"],
    upload: "/mifs/admin/sandboxStorePushCertificate",
    end: "expires",
};

impl Shape {
    fn now(shared: &Shared) -> &'static Self {
        if shared.faults.is_on("console-changed") { &CHANGED } else { &TODAY }
    }
}

/// The console's addresses, of both releases; those of the other one are not there.
pub(super) fn router() -> Router<Arc<Shared>> {
    let mut router = Router::new()
        .route("/", get(|| async { see_other(HOME) }))
        .route(SIGN_IN, get(login_page))
        .route("/mifs/j_spring_security_check", post(login))
        .route(RETURN, get(signed_in_elsewhere))
        .route(HOME, get(home));
    for shape in [&TODAY, &CHANGED] {
        router = router.route(shape.calls, post(command)).route(shape.upload, post(upload));
    }
    router
}

async fn login_page(State(shared): State<Arc<Shared>>) -> Response {
    if shared.faults.is_on("single-sign-on") {
        return identity::by_oidc(&shared, shared.core.name, RETURN);
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
        return see_other(SIGN_IN);
    }
    if form.j_username != USERNAME || form.j_password != shared.password {
        return with_deed(page(PLACE, "Sign in", "<p class=\"refused\">Login Failed</p>"), Deed::of("sign-in-refused"));
    }
    signed_in(&shared)
}

fn signed_in(shared: &Shared) -> Response {
    let (session, _) = shared.core.begin_session(shared);
    let mut response = see_other(HOME);
    if let Ok(cookie) = format!("{SESSION}={session}; Path=/mifs; Secure; HttpOnly").parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(Deed::of("sign-in"));
    response
}

/// Somebody comes back from the identity provider.
async fn signed_in_elsewhere(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    match query.get("code").filter(|code| identity::holds(&shared, code)) {
        Some(_) => signed_in(&shared),
        None => see_other(SIGN_IN),
    }
}

fn session(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    shared.core.nonce(shared, cookie(headers, SESSION).as_deref())
}

async fn home(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(nonce) = session(&shared, &headers) else { return see_other(SIGN_IN) };
    let shape = Shape::now(&shared);
    let ([key, value], [read, make]) = (shape.variables, shape.actions);
    let by_server = shared.faults.is_on("server-page");
    let shown = if by_server { shown_by_the_server(&shared) } else { String::new() };
    let body = format!(
        "<p>Settings › iOS › MDM certificate</p><dl>{shown}<dt>Valid until</dt><dd id=\"until\">{}</dd></dl>\
         <p><button id=\"download\">Download the request (sandbox)</button></p>\
         <p><input id=\"file\" type=\"file\"> <button id=\"upload\" class=\"main\">Upload the certificate (sandbox)</button></p><p id=\"said\" role=\"status\"></p>\
         <script>var {key} = '{GUARD}'; var {value} = '{nonce}'; var releaseVersion = '11.12.0.0';\n\
         const guard = {{[{key}]: {value}, \"X-Requested-With\": \"XMLHttpRequest\"}};\n\
         const calls = \"{}\", place = \"{}\", end = \"{}\", read = \"{read}\", make = \"{make}\", byServer = {by_server};{SCRIPT}</script>",
        if by_server { end_of(&shared) } else { String::new() },
        shape.calls,
        shape.upload,
        shape.end,
    );
    let page = page(PLACE, "Settings", &body);
    if by_server { with_deed(page, Deed::of("certificate-read")) } else { page }
}

/// What the page itself says of the certificate, where no script asks for it.
fn shown_by_the_server(shared: &Shared) -> String {
    let state = shared.core.state(shared);
    let Some((certificate, _)) = state.installed.as_ref() else { return "<dt>Certificate</dt><dd>none</dd>".into() };
    let topic = subject_text(certificate, Nid::USERID).unwrap_or_default();
    format!(
        "<dt>Subject</dt><dd>UID={}</dd><dt>Valid from</dt><dd>{}</dd>",
        escaped(&topic),
        us_date(unix(certificate.not_before()))
    )
}

fn end_of(shared: &Shared) -> String {
    let state = shared.core.state(shared);
    let end = state.installed.as_ref().map(|(certificate, _)| us_date(unix(certificate.not_after())));
    end.unwrap_or_default()
}

const SCRIPT: &str = r#"
async function ud(action) {
  const cmd = JSON.stringify({id: action, action, _index: 0});
  return (await fetch(calls, {method: "POST", headers: guard, body: new URLSearchParams({format: "json", cmd})})).json();
}
async function show() { until.textContent = new Date(+(await ud(read))[end]).toISOString().slice(0, 10); }
download.onclick = async () => {
  const made = (await ud(make)).results[0];
  const a = document.createElement("a"); a.href = "data:text/plain," + encodeURIComponent(made.content); a.download = made.fileName; a.click();
};
upload.onclick = async () => {
  const form = new FormData(); form.append("file", file.files[0]);
  const answer = await (await fetch(place, {method: "POST", headers: guard, body: form})).json();
  said.textContent = answer.rc === 0 ? "Saved." : answer.message; if (!byServer) show();
};
if (!byServer) show();
"#;

/// What a call is answered when something is missing: the release that knows its address, the session, the
/// anti-forgery value.
fn guard(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let shape = Shape::now(shared);
    if ![shape.calls, shape.upload].contains(&uri.path()) {
        return Err(Box::new(StatusCode::NOT_FOUND.into_response()));
    }
    let Some(nonce) = session(shared, headers) else { return Err(Box::new(see_other(SIGN_IN))) };
    let given = headers.get(GUARD).and_then(|value| value.to_str().ok());
    if given == Some(&nonce) { Ok(()) } else { Err(Box::new(StatusCode::FORBIDDEN.into_response())) }
}

#[derive(Deserialize)]
struct Command {
    cmd: String,
}

async fn command(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<Command>,
) -> Response {
    if let Err(response) = guard(&shared, &uri, &headers) {
        return *response;
    }
    let action = serde_json::from_str::<Value>(&form.cmd).ok();
    let action = action.as_ref().and_then(|command| command.get("action")?.as_str());
    let [read, make] = Shape::now(&shared).actions;
    match action {
        Some(action) if action == read => validity(&shared),
        Some(action) if action == make => fresh_request(&shared),
        _ => Json(json!({ "rc": 1, "message": "unknown action" })).into_response(),
    }
}

fn validity(shared: &Shared) -> Response {
    let state = shared.core.state(shared);
    let ends = state.installed.as_ref().map(|(certificate, _)| (unix(certificate.not_after()) * 1_000).to_string());
    with_deed(Json(json!({ "rc": 0, Shape::now(shared).end: ends })), Deed::of("certificate-read"))
}

fn fresh_request(shared: &Shared) -> Response {
    let Ok(file) = shared.core.fresh_request(shared) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let made = json!({ "fileName": "ApplePushInfo.txt", "content": String::from_utf8_lossy(&file) });
    with_deed(Json(json!({ "rc": 0, "total": 1, "offset": 0, "results": [made] })), Deed::of("request-made"))
}

async fn upload(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, request: Request) -> Response {
    if let Err(response) = guard(&shared, &uri, &headers) {
        return *response;
    }
    let upload = Upload::of_form(request).await;
    match upload.ok_or("The file is missing.").and_then(|upload| shared.core.install(&shared, &upload)) {
        Ok(deed) => with_deed(Json(json!({ "rc": 0 })), deed),
        Err(words) => Json(json!({ "rc": 1, "message": words })).into_response(),
    }
}
