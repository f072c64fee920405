//! One request and its answer, as far as a recording has them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::Url;

use super::body::{self, Content};

/// Answers of these kinds hold nothing that a request is made of.
const NOT_KEPT: [&str; 6] = ["image/", "font/", "video/", "audio/", "text/css", "application/font"];

/// A request to the tenant's origin, and its answer.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// When it began, in epoch milliseconds.
    pub at: Option<i64>,
    /// Its method.
    pub method: String,
    /// Its path and query, as sent.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its cookies.
    pub cookies: Vec<(String, String)>,
    /// Its body.
    pub content: Content,
    /// The answer's status; 0 when there was none.
    pub status: u16,
    /// The answer's headers, names in lower case.
    pub answer_headers: Vec<(String, String)>,
    /// The cookies that it sets.
    pub set_cookies: Vec<(String, String)>,
    /// Its media type, in lower case, without parameters.
    pub media: String,
    /// Its body; `None` when the recording left it out.
    pub body: Option<Vec<u8>>,
    /// The length of its body, where that is known even so.
    pub size: Option<u64>,
}

impl Exchange {
    /// Takes an entry of an archive. What is missing or of another form is left out.
    pub fn of(url: &Url, entry: &mut Value) -> Self {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let began = text(entry, "/startedDateTime").and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
        let headers = pairs(entry.pointer("/request/headers"));
        let answer_headers = pairs(entry.pointer("/response/headers"));
        let mut cookies = verbatim(entry.pointer("/request/cookies"));
        cookies.extend(named(&headers, "cookie").flat_map(|line| line.split(';').filter_map(pair)));
        let mut set_cookies = verbatim(entry.pointer("/response/cookies"));
        let lines = named(&answer_headers, "set-cookie").flat_map(str::lines);
        set_cookies.extend(lines.filter_map(|line| pair(line.split(';').next().unwrap_or_default())));
        let media = text(entry, "/response/content/mimeType").unwrap_or_default().to_owned();
        let media = if media.is_empty() || media == "x-unknown" {
            named(&answer_headers, "content-type").next().unwrap_or_default().to_owned()
        } else {
            media
        };
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self {
            at: began.map(|began| began.timestamp_millis()),
            method: text(entry, "/request/method").unwrap_or_default().to_ascii_uppercase(),
            path: format!("{}{query}", url.path()),
            content: body::sent(entry.pointer("/request"), &headers),
            status: number(entry, "/response/status").and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
            size: size(entry, &answer_headers),
            body: if NOT_KEPT.iter().any(|kind| media.starts_with(kind)) { None } else { answered(entry) },
            headers,
            cookies,
            answer_headers,
            set_cookies,
            media,
        }
    }

    /// The path without the query.
    pub fn place(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The answer's body as text; empty when the recording left it out.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default())
    }

    /// The answer as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body.as_deref()?).ok()
    }

    /// A header of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// A header of the answer.
    pub fn answer_header(&self, name: &str) -> Option<&str> {
        first(&self.answer_headers, name)
    }

    /// Whether the answer sends the browser on.
    pub const fn redirects(&self) -> bool {
        matches!(self.status, 301..=303 | 307 | 308)
    }
}

fn text<'a>(entry: &'a Value, pointer: &str) -> Option<&'a str> {
    entry.pointer(pointer).and_then(Value::as_str)
}

fn number(entry: &Value, pointer: &str) -> Option<i64> {
    entry.pointer(pointer).and_then(Value::as_i64)
}

/// Names in lower case, with their values.
fn pairs(list: Option<&Value>) -> Vec<(String, String)> {
    verbatim(list).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

fn verbatim(list: Option<&Value>) -> Vec<(String, String)> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    let word = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    entries.filter_map(|entry| Some((word(entry, "name")?, word(entry, "value")?))).collect()
}

fn named<'a>(pairs: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    pairs.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

/// The length of the answer's body: as recorded, or as the server said.
fn size(entry: &Value, headers: &[(String, String)]) -> Option<u64> {
    let recorded = number(entry, "/response/content/size").filter(|size| *size > 0);
    let said = || named(headers, "content-length").next().and_then(|length| length.trim().parse().ok());
    recorded.and_then(|size| u64::try_from(size).ok()).or_else(said)
}

/// The answer's body. An empty text beside a length is a body that was left out.
fn answered(entry: &mut Value) -> Option<Vec<u8>> {
    let encoded = text(entry, "/response/content/encoding") == Some("base64");
    let Some(Value::String(body)) = entry.pointer_mut("/response/content/text").map(Value::take) else { return None };
    if body.is_empty() {
        return None;
    }
    if encoded { STANDARD.decode(body).ok() } else { Some(body.into_bytes()) }
}
