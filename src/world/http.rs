//! The one factory of HTTP clients, and the one way of asking: TLS always verified, no redirect followed by itself, no
//! answer larger than a limit, nothing sent twice.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use percent_encoding::percent_decode_str;
use pushcert_papers::escape::printable;
use reqwest::{
    Client, RequestBuilder, Url,
    cookie::CookieStore,
    header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER},
    redirect, retry,
};
use tokio::sync::Semaphore;

pub use super::tls::{Tls, TlsError};
use super::{cookies::Cookies, tls};

/// Answers are never larger: a page of five hundred devices has about a megabyte.
const LIMIT: usize = 16 << 20;

/// How long a connection may take to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// How many requests one host gets from us at the same time, of all tenants together.
const AT_ONCE: usize = 4;

/// The turns at each host.
static TURNS: LazyLock<Mutex<HashMap<String, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);

/// A server that is asked.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    jar: Arc<Cookies>,
    base: Url,
    host: String,
    hidden: bool,
    turns: Arc<Semaphore>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, in lower case, without its parameters.
    pub content_type: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server's certificate is not trusted. Nothing was sent.
    #[error("{0}")]
    NotTrusted(String),
    /// There was no connection. Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke after something may have been sent.
    #[error("{0}")]
    Broken(String),
    /// The answer is too large to be one.
    #[error("the answer is larger than {} MiB", LIMIT >> 20)]
    TooLarge,
    /// The server sends us to another host.
    #[error("{0}")]
    RedirectedAway(String),
    /// The path is one that attackers ask for; nothing was sent.
    #[error("{0} is a path by which these servers are attacked; it is never asked")]
    NeverAsked(String),
}

impl Http {
    /// A client for the server at this address.
    ///
    /// # Errors
    /// When the files that it is to trust, or to show, cannot be used.
    pub fn connect(base: Url, tls: &Tls<'_>, timeout: Duration) -> Result<Self, TlsError> {
        let jar = Arc::new(Cookies::default());
        let mut config = tls::configured(tls)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut builder = Client::builder()
            .user_agent(concat!("pushcert/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .tls_backend_preconfigured(config)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .cookie_provider(Arc::clone(&jar))
            .connect_timeout(CONNECT.min(timeout))
            .timeout(timeout);
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| TlsError::Unusable { what: "the TLS configuration".into(), why: innermost(&error) })?;
        let host = host(&base);
        Ok(Self { client, jar, base, turns: turns(&host), host, hidden: false })
    }

    /// The same, for an address that is itself a secret: it is not logged.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// A POST to the server's very address, its query included.
    pub fn post(&self) -> RequestBuilder {
        self.client.post(self.base.clone())
    }

    /// The server's host, with its port where it is not the usual one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The origin, as browsers write it.
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// A request to this path below the server's address.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let below = url.path().trim_end_matches('/').to_owned();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{below}{path}"));
        url.set_query(query);
        self.client.request(method, url)
    }

    /// A request to this path and query on the server's origin, wherever below it the server's address is.
    pub fn request_at_origin(&self, method: reqwest::Method, target: &str) -> RequestBuilder {
        self.client.request(method, self.at_origin(target))
    }

    fn at_origin(&self, target: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// Sends it once, and reads the answer.
    ///
    /// # Errors
    /// See [`HttpError`]; a status is none of them.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, HttpError> {
        let request = request.build().map_err(|error| HttpError::Unreachable(innermost(&error)))?;
        if is_attacked(request.url().path()) {
            return Err(HttpError::NeverAsked(printable(request.url().path())));
        }
        let _turn = self.turns.acquire().await.expect("turns never end");
        let mut response = self.client.execute(request).await.map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let path = if self.hidden { "…" } else { response.url().path() };
        tracing::debug!(host = self.host, path, status, "asked");
        let mut body = vec![];
        while let Some(part) = response.chunk().await.map_err(|error| HttpError::Broken(innermost(&error)))? {
            if body.len() + part.len() > LIMIT {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status, content_type: media_type(&headers), headers, body })
    }

    /// Where a redirect leads, if it stays with this server; as a path with its query.
    ///
    /// # Errors
    /// When it leads elsewhere.
    pub fn redirect_target(&self, answer: &Answer) -> Result<Option<String>, HttpError> {
        let Some(location) = answer.header(LOCATION.as_str()) else { return Ok(None) };
        let target = self.base.join(&location).map_err(|_| HttpError::RedirectedAway(printable(&location)))?;
        if target.origin() != self.base.origin() {
            return Err(HttpError::RedirectedAway(printable(target.host_str().unwrap_or(&location))));
        }
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Some(format!("{}{query}", target.path())))
    }

    /// Forgets every cookie, as a new private window would.
    pub fn forget_cookies(&self) {
        self.jar.forget();
    }

    /// The value of this cookie, as last set, for requests to this path.
    pub fn cookie(&self, name: &str, path: &str) -> Option<String> {
        let header = self.jar.cookies(&self.at_origin(path))?;
        let pairs = header.to_str().ok()?.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).last()
    }
}

impl Answer {
    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The seconds after which the server asks to be tried again. It says so as a number, or as a time by its own clock
    /// (RFC 9110, section 10.2.3), which stands in its answer.
    pub fn retry_after(&self) -> Option<u64> {
        let asked = self.header(RETRY_AFTER.as_str())?;
        let asked = asked.trim();
        asked.parse().ok().or_else(|| {
            let now = httpdate::parse_http_date(&self.header(DATE.as_str())?).ok()?;
            let then = httpdate::parse_http_date(asked).ok()?;
            Some(then.duration_since(now).unwrap_or_default().as_secs())
        })
    }

    /// Whether it is a web page.
    pub fn is_html(&self) -> bool {
        let begins = self.body.trim_ascii_start().get(..9).unwrap_or_default().to_ascii_lowercase();
        self.content_type == "text/html" || begins.starts_with(b"<!doctype") || begins.starts_with(b"<html")
    }
}

/// Why a public file is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum PublicError {
    /// Anybody on the way could answer.
    #[error("only https protects the answer; http is for loopback addresses")]
    NotProtected,
    /// No answer.
    #[error("there is no answer: {0}")]
    Unreachable(String),
    /// Another answer than the file.
    #[error("the answer has status {0}")]
    Status(u16),
    /// Too much of an answer.
    #[error("the answer is too large")]
    TooLarge,
}

/// A file that is there for everybody who may reach it.
///
/// # Errors
/// When it is not to be had, or not by a way that protects it.
pub async fn public_file(address: &str, timeout: Duration, limit: u64) -> Result<Vec<u8>, PublicError> {
    let url = Url::parse(address).map_err(|error| PublicError::Unreachable(error.to_string()))?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(PublicError::NotProtected);
    }
    bounded(address, timeout, limit).await
}

/// What is at an address, no more of it than the limit, without a redirect.
pub(super) async fn bounded(address: &str, timeout: Duration, limit: u64) -> Result<Vec<u8>, PublicError> {
    let unreachable = |error: reqwest::Error| PublicError::Unreachable(innermost(&error));
    let mut builder = Client::builder().redirect(redirect::Policy::none()).timeout(timeout);
    if Url::parse(address).is_ok_and(|url| is_loopback(&url)) {
        builder = builder.no_proxy();
    }
    let mut answer = builder.build().map_err(unreachable)?.get(address).send().await.map_err(unreachable)?;
    if !answer.status().is_success() {
        return Err(PublicError::Status(answer.status().as_u16()));
    }
    let mut file = vec![];
    while let Some(part) = answer.chunk().await.map_err(unreachable)? {
        file.extend_from_slice(&part);
        if file.len() as u64 > limit {
            return Err(PublicError::TooLarge);
        }
    }
    Ok(file)
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The host of an address, with its port where it is not the usual one.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The turns at this host.
fn turns(host: &str) -> Arc<Semaphore> {
    let mut known = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
}

/// Whether this is a path of the known attacks on Core (CVE-2023-35078, CVE-2023-35082 and those after them), in whatever
/// spelling: whoever guards such a server would take us for an attacker.
pub fn is_attacked(path: &str) -> bool {
    let once = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let plain = percent_decode_str(&once).decode_utf8_lossy().to_ascii_lowercase();
    let steps = plain.split(['/', '\\']).map(|step| step.split(';').next().unwrap_or_default());
    let steps: Vec<_> = steps.filter(|step| !step.is_empty() && *step != ".").collect();
    let attacked = |step: &str| matches!(step, "aad" | "rs") || step.starts_with("asfv3");
    steps.windows(2).any(|pair| pair[0] == "mifs" && attacked(pair[1]))
}

fn broken(error: &reqwest::Error) -> HttpError {
    if let Some(why) = not_trusted(error) {
        return HttpError::NotTrusted(why);
    }
    let why = if error.is_timeout() { "it does not answer in time".to_owned() } else { innermost(error) };
    if error.is_connect() { HttpError::Unreachable(why) } else { HttpError::Broken(why) }
}

/// The reason behind a chain of errors, without addresses, which may hold what is private.
pub fn innermost(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    printable(&deepest.to_string())
}

/// What is wrong with a server's certificate, where an error of any client says that something is.
pub fn not_trusted(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    tls_error(error).and_then(certificate_fault)
}

/// The alert by which the server refused our certificate, if that is why a request failed.
pub fn certificate_alert(error: &reqwest::Error) -> Option<String> {
    use rustls::AlertDescription as Alert;
    let Some(rustls::Error::AlertReceived(alert)) = tls_error(error) else { return None };
    let of_ours = matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired
    );
    of_ours.then(|| format!("{alert:?}"))
}

/// The TLS library's own error, which lies inside of others: I/O errors hold theirs apart from the chain of sources.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match held {
        Some(held) => tls_error(held),
        None => error.source().and_then(tls_error),
    }
}

fn certificate_fault(error: &rustls::Error) -> Option<String> {
    use rustls::CertificateError as Fault;
    let rustls::Error::InvalidCertificate(fault) = error else { return None };
    Some(match fault {
        Fault::Expired | Fault::ExpiredContext { .. } => "it has expired".into(),
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => "it is not valid yet".into(),
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => "it is for another host name".into(),
        Fault::UnknownIssuer => "no authority that is trusted here issued it".into(),
        Fault::ApplicationVerificationFailure => "it is not the one that was pinned".into(),
        other => printable(&format!("{other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&'static str, &'static str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), reqwest::header::HeaderValue::from_static(value))
        });
        Answer { status: 503, content_type: String::new(), headers: headers.collect(), body: vec![] }
    }

    #[test]
    fn both_forms_of_a_wish_to_be_asked_later() {
        assert_eq!(answer(&[("retry-after", " 77 ")]).retry_after(), Some(77));
        let date = ("date", "Sun, 01 Mar 2026 12:00:00 GMT");
        let later = ("retry-after", "Sun, 01 Mar 2026 12:01:30 GMT");
        assert_eq!(answer(&[date, later]).retry_after(), Some(90), "by the server's own clock");
        assert_eq!(answer(&[later]).retry_after(), None, "whose clock?");
        assert_eq!(answer(&[("date", "Sun, 01 Mar 2026 13:00:00 GMT"), later]).retry_after(), Some(0));
        assert_eq!(answer(&[date, ("retry-after", "soon")]).retry_after(), None);
    }

    #[test]
    fn paths_of_attacks_in_every_spelling() {
        for path in [
            "/mifs/aad/api/v2/ping",
            "/mifs/asfV3/api/v2/ping",
            "/mifs/asfV3x/api/v2",
            "/rest/mifs/rs/api/v2/featureusage",
            "/mifs/%61ad/api",
            "/mifs/%2561ad/api",
            "//MIFS//;x/./aad;y/api",
            "/mifs;/rs/",
        ] {
            assert!(is_attacked(path), "{path}");
        }
        for path in
            ["/mifs/admin/ud.html", "/mifs/rsvp", "/api/v2/devices", "/aad/mifs", "/mifs/j_spring_security_check"]
        {
            assert!(!is_attacked(path), "{path}");
        }
    }
}
