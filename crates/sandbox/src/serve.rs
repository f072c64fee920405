//! Listening on loopback: TLS, HTTP, and the faults of both.

use std::{
    collections::HashMap,
    convert::Infallible,
    error::Error,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{self, HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, Sleep},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    StartError,
    apns::{self, Shown},
    authority::TlsKind,
    client::AnyClient,
    faults::{HangUp, What},
    record::Deed,
    shared::{Service, Shared},
    sign_in,
};

/// The largest body that is read: a paper.
const LIMIT: usize = 1 << 20;

/// Begins to serve; the answer is the address.
pub(crate) async fn spawn(
    tasks: &mut JoinSet<()>,
    service: Service,
    shared: Arc<Shared>,
) -> Result<SocketAddr, StartError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let door = Arc::new(Door::new(service, shared)?);
    tasks.spawn(async move {
        // Connections end with the world, and not when their clients like.
        let mut connections = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(connections.spawn(Arc::clone(&door).welcome(stream))),
                // Too many open files, most likely: some will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            while connections.try_join_next().is_some() {}
        }
    });
    Ok(address)
}

/// Where connections come in.
struct Door {
    service: Service,
    shared: Arc<Shared>,
    router: Router,
    right: Arc<ServerConfig>,
    /// Made when a fault first wants them.
    wrong: Mutex<HashMap<TlsKind, Arc<ServerConfig>>>,
}

impl Door {
    fn new(service: Service, shared: Arc<Shared>) -> Result<Self, StartError> {
        let right = tls(&shared, service, TlsKind::Right)?;
        Ok(Self { service, router: router(service, &shared), shared, right, wrong: Mutex::default() })
    }

    async fn welcome(self: Arc<Self>, stream: TcpStream) {
        let fault = self.shared.faults.on_connection(self.service.name()).unwrap_or_default();
        if fault.refuse {
            return;
        }
        let Some(config) = self.config(&fault) else { return };
        let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
        let router = self.router.clone().layer(Extension(Shown(shown)));
        let shaped = Shaped::new(stream, &fault);
        let service = ServiceExt::<http::Request<Incoming>>::map_result(router, said);
        // A connection that breaks is what half of the faults are for.
        drop(
            Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(shaped), TowerToHyperService::new(service))
                .await,
        );
    }

    fn config(&self, fault: &What) -> Option<Arc<ServerConfig>> {
        let Some(wrong) = fault.tls else { return Some(Arc::clone(&self.right)) };
        let kind = TlsKind::from(wrong);
        let mut made = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let std::collections::hash_map::Entry::Vacant(e) = made.entry(kind) {
            e.insert(tls(&self.shared, self.service, kind).ok()?);
        }
        made.get(&kind).cloned()
    }
}

/// Marks an answer that is never given: the connection is closed instead.
#[derive(Clone, Copy)]
struct NoAnswer;

/// What is said to a client: nothing, where the answer is marked so.
fn said(answer: Result<Response, Infallible>) -> Result<Response, Box<dyn Error + Send + Sync>> {
    let answer = answer.unwrap_or_else(|never| match never {});
    match answer.extensions().get::<NoAnswer>() {
        Some(NoAnswer) => Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
        None => Ok(answer),
    }
}

fn tls(shared: &Shared, service: Service, kind: TlsKind) -> Result<Arc<ServerConfig>, StartError> {
    let holder = shared.authorities.tls_certificate(kind, crate::clock::Clock::system().now())?;
    let chain = vec![CertificateDer::from(holder.certificate.to_der()?)];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(holder.key.private_key_to_pkcs8()?));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let mut config = match service {
        Service::Apns => builder
            .with_client_cert_verifier(Arc::new(AnyClient::new(provider, shared.clock.clone())))
            .with_single_cert(chain, key)?,
        _ => builder.with_no_client_auth().with_single_cert(chain, key)?,
    };
    config.alpn_protocols = match service {
        Service::Apns => vec![b"h2".to_vec()],
        _ => vec![b"http/1.1".to_vec()],
    };
    Ok(Arc::new(config))
}

fn router(service: Service, shared: &Arc<Shared>) -> Router {
    let routes = match service {
        Service::Cloud => crate::cloud::router(),
        Service::Core => crate::core::router(),
        Service::Portal => crate::portal::router(),
        Service::Apns => apns::router(),
        Service::Identity => crate::identity::router(),
        Service::PingOne => crate::pingone::router(),
        Service::Google => crate::google::router(),
    };
    routes
        .merge(crate::control::router())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), sign_in::required))
        .layer(DefaultBodyLimit::max(LIMIT))
        .layer(middleware::from_fn_with_state((service, Arc::clone(shared)), around))
        .with_state(Arc::clone(shared))
}

/// Around every request: only for a loopback name, with the faults of HTTP, and on record.
async fn around(State((service, shared)): State<(Service, Arc<Shared>)>, request: Request, next: Next) -> Response {
    if !is_for_us(&request) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    if path.starts_with("/_sandbox/") {
        return hardened(next.run(request).await);
    }
    let fault = shared.faults.on_request(service.name(), &path);
    let response = match fault {
        Some(fault) => failing(fault, request, next).await,
        None => next.run(request).await,
    };
    let deed = response.extensions().get::<Deed>().cloned();
    shared.record.add(shared.clock.now(), service.name(), (method, path), response.status().as_u16(), deed);
    hardened(response)
}

/// A page elsewhere must not be able to speak to this world through somebody's browser.
fn is_for_us(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = host.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
    let name = Uri::try_from(format!("https://{host}/")).ok().and_then(|uri| uri.host().map(str::to_owned));
    matches!(name.as_deref(), Some("127.0.0.1" | "localhost"))
}

/// What a browser is told about every answer: the pages need their own style and script, and nothing from elsewhere.
const HARDENING: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
         form-action 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
];

fn hardened(mut response: Response) -> Response {
    for (name, value) in HARDENING {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn failing(fault: What, request: Request, next: Next) -> Response {
    if let Some(delay) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay.min(600_000))).await;
    }
    if let Some(when) = fault.hang_up {
        let mut answer = if when == HangUp::After { next.run(request).await } else { Response::default() };
        answer.extensions_mut().insert(NoAnswer);
        return answer;
    }
    if let Some(to) = &fault.redirect {
        return crate::html::see_other(to);
    }
    if let Some(size) = fault.fill {
        return Response::new(Body::from(vec![b' '; size.min(256 << 20)]));
    }
    if let Some(size) = fault.truncate {
        return truncated(next.run(request).await, size).await;
    }
    let mut response = if fault.status.is_none() && fault.body.is_none() {
        next.run(request).await
    } else {
        let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
        (status, fault.body.unwrap_or_default()).into_response()
    };
    let media = fault.content_type.map(|media| ("content-type".to_owned(), media));
    for (name, value) in fault.headers.into_iter().chain(media) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The true answer with its end missing, and a length that fits.
async fn truncated(response: Response, size: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, 64 << 20).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..size.min(bytes.len()))))
}

/// The most drops a second of a stream that drips.
const DROPS: u32 = 100;

/// A stream that breaks after so many bytes of answers, or gives them slowly.
struct Shaped<S> {
    inner: S,
    left: Option<usize>,
    rate: Option<u32>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Shaped<S> {
    fn new(inner: S, fault: &What) -> Self {
        Self { inner, left: fault.reset_after, rate: fault.drip.map(|rate| rate.max(1)), pause: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Shaped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Shaped<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let mut allowed = bytes.len();
        if let Some(left) = self.left {
            if left == 0 {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            allowed = allowed.min(left);
        }
        if let Some(rate) = self.rate {
            // A timer is good to a millisecond: fast drips come in bigger drops.
            let drop = rate.div_ceil(DROPS);
            allowed = allowed.min(usize::try_from(drop).unwrap_or(usize::MAX));
            let beat = Duration::from_secs(1) * drop / rate;
            self.pause = Some(Box::pin(tokio::time::sleep_until(Instant::now() + beat)));
        }
        let written = std::task::ready!(Pin::new(&mut self.inner).poll_write(context, &bytes[..allowed]))?;
        self.left = self.left.map(|left| left - written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
