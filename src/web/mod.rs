//! The page and its companions: read-only, server-rendered, nothing secret. Everything is answered from the last look.

mod page;
mod timeline;

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{
        HeaderValue, StatusCode, Uri,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use pushcert_papers::{Secret, Time};
use serde_json::json;

use crate::{
    commands::{StatusLine, Watched},
    forms,
    store::AuditLine,
};

/// What is shown: how all tenants stand, by the last look.
#[derive(Default)]
pub struct Shown {
    /// When it was looked; `None` before the first look has ended.
    pub at: Option<Time>,
    /// How every tenant stands.
    pub lines: Vec<StatusLine>,
    /// The newest lines of every tenant's record, oldest first.
    pub history: Vec<Vec<AuditLine>>,
    /// Whether the last look could be made at all.
    pub well: bool,
}

/// The board on which the watcher writes, and from which the page is read.
pub type Board = Arc<RwLock<Shown>>;

/// Who may read.
#[derive(Clone)]
pub struct Access {
    /// The address that is listened on.
    pub address: SocketAddr,
    /// What a reader must show; `None` where everybody who reaches the address may read.
    pub token: Option<Secret>,
    /// Whether a proxy stands before it, which knows the names by which it is called.
    pub behind_proxy: bool,
}

#[derive(Clone)]
struct App {
    board: Board,
    access: Arc<Access>,
}

/// The addresses, for whoever may read them.
pub fn router(board: Board, access: Access) -> Router {
    let app = App { board, access: Arc::new(access) };
    Router::new()
        .route("/", get(index))
        .route("/tenant/{name}", get(tenant))
        .route("/style.css", get(style))
        .route("/metrics", get(metrics))
        .route("/status.json", get(status))
        .route("/calendar.ics", get(calendar))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Lets in whoever calls by a name of ours and shows the token, and sends strict headers.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&app.access, &request) {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                  frame-ancestors 'none'";
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(access: &Access, request: &Request) -> Option<(StatusCode, &'static str)> {
    // A page of somebody else, whose name was made to lead here, must not read this one.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !access.behind_proxy && !is_ours(host, access.address) {
        return Some((StatusCode::MISDIRECTED_REQUEST, "this is not the host that was asked for\n"));
    }
    let open = matches!(request.uri().path(), "/healthz" | "/readyz");
    match &access.token {
        Some(token) if !open && !shows(token, request) => {
            Some((StatusCode::UNAUTHORIZED, "a token is needed: Authorization: Bearer …, or ?token=… for calendars\n"))
        }
        _ => None,
    }
}

/// Whether a Host header names the address itself, or this machine where only this machine can call.
fn is_ours(host: &str, address: SocketAddr) -> bool {
    let name = host.strip_suffix(&format!(":{}", address.port())).unwrap_or(host);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let itself = bare.parse().is_ok_and(|ip: std::net::IpAddr| ip == address.ip() || address.ip().is_unspecified());
    itself || name == "localhost" && (address.ip().is_loopback() || address.ip().is_unspecified())
}

fn shows(token: &Secret, request: &Request) -> bool {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.strip_prefix("Bearer "));
    bearer
        .or_else(|| from_query(request.uri()))
        .is_some_and(|shown| verify_slices_are_equal(shown.as_bytes(), token.reveal().as_bytes()).is_ok())
}

/// Calendar programs can send nothing but an address.
fn from_query(uri: &Uri) -> Option<&str> {
    let query = uri.query().filter(|_| uri.path() == "/calendar.ics")?;
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

impl App {
    fn read<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        look(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn watched(&self) -> Vec<Watched> {
        self.read(|shown| shown.lines.iter().map(Watched::from).collect())
    }
}

async fn index(State(app): State<App>) -> Response {
    html(app.read(page::index))
}

async fn tenant(State(app): State<App>, Path(name): Path<String>) -> Response {
    match app.read(|shown| page::tenant(shown, &name)) {
        Some(page) => html(page),
        None => (StatusCode::NOT_FOUND, "there is no such tenant\n").into_response(),
    }
}

async fn style() -> Response {
    typed("text/css; charset=utf-8", page::STYLE)
}

async fn metrics(State(app): State<App>) -> Response {
    typed("text/plain; version=0.0.4; charset=utf-8", forms::prometheus(&app.watched()))
}

async fn calendar(State(app): State<App>) -> Response {
    typed("text/calendar; charset=utf-8", forms::ics(&app.watched()))
}

async fn status(State(app): State<App>) -> Json<serde_json::Value> {
    Json(app.read(|shown| json!({ "schema": "pushcert/status-list/1", "at": shown.at, "tenants": shown.lines })))
}

/// Ready once everybody has been looked at, and as long as looking works.
async fn ready(State(app): State<App>) -> Response {
    if app.read(|shown| shown.at.is_some() && shown.well) {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
    }
}

fn html(page: maud::Markup) -> Response {
    typed("text/html; charset=utf-8", page.into_string())
}

fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_address_are_ours() {
        let loopback: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        for host in ["127.0.0.1:8080", "localhost:8080", "localhost", "127.0.0.1"] {
            assert!(is_ours(host, loopback), "{host}");
        }
        for host in ["", "evil.example.com", "evil.example.com:8080", "192.0.2.1:8080", "localhost.example.com"] {
            assert!(!is_ours(host, loopback), "{host}");
        }
        assert!(!is_ours("localhost:8080", "192.0.2.7:8080".parse().expect("an address")));
    }
}
