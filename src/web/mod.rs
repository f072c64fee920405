//! The page and its companions: read-only, server-rendered, nothing secret. Everything is answered from the last look.

mod page;
mod serve;
mod tenant;
mod timeline;
mod weeks;

use std::{
    cmp::Reverse,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Router,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode, Uri,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
            WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use pushcert_papers::{Secret, Time};
use tokio::sync::{mpsc, oneshot};

use crate::{
    commands::{
        StatusLine,
        watch::{Question, Record},
    },
    forms,
    store::Tally,
};
use page::Wanted;
pub use serve::serve;

/// How long a page waits for a tenant's record.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is shown: how all tenants stand, by the last look.
#[derive(Clone, Default)]
pub struct Shown {
    /// When it was looked; `None` before the first look has ended.
    at: Option<Time>,
    /// How every tenant stands, by name.
    lines: Arc<[StatusLine]>,
    /// Their places, the most urgent first.
    urgent: Arc<[usize]>,
    /// Whether the last look could be made at all.
    well: bool,
}

impl Shown {
    /// What this look has found.
    pub fn new(at: Time, lines: Vec<StatusLine>) -> Self {
        let mut urgent: Vec<usize> = (0..lines.len()).collect();
        urgent.sort_by_key(|place| (Reverse(lines[*place].level), lines[*place].not_after));
        Self { at: Some(at), lines: lines.into(), urgent: urgent.into(), well: true }
    }

    /// The same, after a look that could not be made.
    #[must_use]
    pub fn failed(&self) -> Self {
        Self { well: false, ..self.clone() }
    }

    fn by_urgency(&self) -> impl Iterator<Item = &StatusLine> {
        self.urgent.iter().map(|place| &self.lines[*place])
    }
}

/// What the watch tells of itself.
#[derive(Clone, Default)]
pub struct Own {
    /// What became of alerts.
    pub tally: Vec<Tally>,
    /// Whether the configuration that is there now was refused.
    pub refused: bool,
}

/// The board on which the watcher writes, and from which the page is read.
#[derive(Clone, Default)]
pub struct Board {
    shown: Arc<RwLock<Shown>>,
    own: Arc<RwLock<Own>>,
}

impl Board {
    /// What stands on it. Later looks do not change what was taken.
    pub fn shown(&self) -> Shown {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes this in the place of what stood there.
    pub fn write(&self, shown: Shown) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// What the watch tells of itself.
    pub fn own(&self) -> Own {
        self.own.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes what became of alerts.
    pub fn tally(&self, tally: Vec<Tally>) {
        self.own.write().unwrap_or_else(PoisonError::into_inner).tally = tally;
    }

    /// Writes whether the configuration that is there now was refused.
    pub fn refused(&self, refused: bool) {
        self.own.write().unwrap_or_else(PoisonError::into_inner).refused = refused;
    }
}

/// Who may read.
#[derive(Clone)]
pub struct Access {
    /// The address that is listened on.
    pub address: SocketAddr,
    /// What a reader must show; `None` where everybody who reaches the address may read.
    pub token: Option<Secret>,
    /// What a calendar program may show in its address; `None` where it must show what readers do.
    pub calendars: Option<Calendars>,
    /// Whether a proxy stands before it, which knows the names by which it is called.
    pub behind_proxy: bool,
}

/// The tokens of calendar links, as they are just now: one that is taken out opens nothing any more.
pub type Calendars = Arc<dyn Fn() -> Vec<Secret> + Send + Sync>;

#[derive(Clone)]
struct App {
    board: Board,
    access: Arc<Access>,
    records: mpsc::Sender<Question>,
}

/// The addresses, for whoever may read them.
pub fn router(board: Board, access: Access, records: mpsc::Sender<Question>) -> Router {
    let app = App { board, access: Arc::new(access), records };
    Router::new()
        .route("/", get(index))
        .route("/tenants/{name}", get(tenant))
        .route("/style.css", get(|| async { typed("text/css; charset=utf-8", page::STYLE) }))
        .route("/icon.svg", get(|| async { typed("image/svg+xml", page::ICON) }))
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
        Some(refused) => refused,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
                  frame-ancestors 'none'";
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(access: &Access, request: &Request) -> Option<Response> {
    // A page of somebody else, whose name was made to lead here, must not read this one.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !access.behind_proxy && !is_ours(host, access.address) {
        let why = "this is not the host that was asked for\n";
        return Some((StatusCode::MISDIRECTED_REQUEST, why).into_response());
    }
    if access.lets_in(request) {
        return None;
    }
    let why = "a token is needed: Authorization: Bearer …, or ?token=… for calendars\n";
    Some((StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], why).into_response())
}

impl Access {
    fn lets_in(&self, request: &Request) -> bool {
        let path = request.uri().path();
        let reader = self.token.as_ref().is_some_and(|token| is_shown(token, bearer(request)));
        match (&self.calendars, &self.token) {
            _ if matches!(path, "/healthz" | "/readyz") => true,
            (Some(calendars), _) if path == "/calendar.ics" => {
                reader || calendars().iter().any(|token| is_shown(token, from_query(request.uri())))
            }
            (_, Some(_)) => reader,
            (_, None) => true,
        }
    }
}

/// Whether a Host header names the address itself, or this machine where only this machine can call.
fn is_ours(host: &str, address: SocketAddr) -> bool {
    let name = host.strip_suffix(&format!(":{}", address.port())).unwrap_or(host);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let itself = bare.parse().is_ok_and(|ip: std::net::IpAddr| ip == address.ip() || address.ip().is_unspecified());
    itself || name == "localhost" && (address.ip().is_loopback() || address.ip().is_unspecified())
}

fn is_shown(token: &Secret, shown: Option<&str>) -> bool {
    shown.is_some_and(|shown| verify_slices_are_equal(shown.as_bytes(), token.reveal().as_bytes()).is_ok())
}

fn bearer(request: &Request) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Calendar programs can send nothing but an address.
fn from_query(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

async fn index(State(app): State<App>, Query(wanted): Query<Wanted>) -> Response {
    html(page::index(&app.board.shown(), &wanted))
}

async fn tenant(State(app): State<App>, Path(name): Path<String>) -> Response {
    let shown = app.board.shown();
    let line = shown.lines.iter().find(|line| line.tenant.as_str() == name);
    let Some((line, at)) = line.zip(shown.at) else {
        return (StatusCode::NOT_FOUND, "there is no such tenant\n").into_response();
    };
    html(tenant::tenant(line, app.record(line).await.as_ref(), at))
}

impl App {
    /// The tenant's record; `None` where nobody answers in time.
    async fn record(&self, line: &StatusLine) -> Option<Record> {
        let (answer, answered) = oneshot::channel();
        let question = Question { tenant: line.tenant.clone(), answer };
        let asked = async {
            self.records.send(question).await.ok()?;
            answered.await.ok()
        };
        tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
    }
}

async fn metrics(State(app): State<App>) -> Response {
    let (shown, own) = (app.board.shown(), app.board.own());
    let rounds = forms::Rounds { at: shown.at, well: shown.well };
    let of_the_watch = forms::of_the_watch(&rounds, !own.refused, &own.tally);
    in_pieces("text/plain; version=0.0.4; charset=utf-8", forms::metrics(shown.lines).chain([of_the_watch]))
}

async fn calendar(State(app): State<App>) -> Response {
    in_pieces("text/calendar; charset=utf-8", forms::calendar(app.board.shown().lines))
}

async fn status(State(app): State<App>) -> Response {
    let shown = app.board.shown();
    in_pieces("application/json", forms::list(shown.at, shown.lines))
}

/// Ten thousand tenants make many megabytes in every form, so these are written while they are sent.
fn in_pieces(kind: &'static str, pieces: impl Iterator<Item = String> + Send + 'static) -> Response {
    typed(kind, Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>))))
}

/// Ready once everybody has been looked at, and as long as looking works.
async fn ready(State(app): State<App>) -> Response {
    let shown = app.board.shown();
    if shown.at.is_some() && shown.well {
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
