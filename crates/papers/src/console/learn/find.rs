//! Which exchanges of a recording sign in, show the certificate, give out the request and take the certificate.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Hints, words};
use crate::{
    Kind, Time, Topic,
    console::{
        Answer, Evidence, Method, OnPage,
        har::{Content, Exchange, SentPart, of_disposition},
        take,
    },
    kind::recognise,
    page, topic,
};

/// An exchange that does a deed, and how that is known.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which exchange.
    pub at: usize,
    /// How it is known.
    pub evidence: Evidence,
    /// Why it is this one, in words.
    pub why: String,
    /// What the deed came for.
    pub answer: Answer,
}

/// The sign-in: the exchange that carries the password, and what it carries.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The exchange before it that carries the name alone, where the console asks for that first.
    pub named_at: Option<usize>,
    /// Which exchange.
    pub at: usize,
    /// The user's name.
    pub username: Option<String>,
    /// The password.
    pub password: String,
}

/// The names and values of a body, whatever its form.
pub fn fields(content: &Content) -> Vec<(String, String)> {
    match content {
        Content::Form(pairs) => pairs.clone(),
        Content::Multipart(parts) => parts.iter().map(|part| (part.name.clone(), part.value.clone())).collect(),
        Content::Json(document) => {
            let mut found = vec![];
            leaves(document, "", &mut found);
            found
        }
        Content::Other { text, .. } => vec![(String::new(), text.clone())],
        Content::Nothing | Content::LeftOut(_) => vec![],
    }
}

/// The leaves of a document, by their paths.
pub fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| leaves(item, &below(&number.to_string()), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| leaves(value, &below(name), found)),
        value => found.extend(take::scalar(value).map(|text| (path.to_owned(), text))),
    }
}

/// The last exchange that carried a password and was not refused: somebody may have mistyped it first.
pub fn sign_in(exchanges: &[Exchange], hints: &Hints<'_>) -> Option<SignIn> {
    let mut candidates = exchanges.iter().enumerate().filter_map(|(at, exchange)| {
        if Method::of(&exchange.method).is_none_or(|method| method == Method::Get) || exchange.status >= 400 {
            return None;
        }
        let fields = fields(&exchange.content);
        let password = fields.iter().find(|(name, value)| words::is_password(name) && !value.is_empty())?;
        let known = fields.iter().find(|(_, value)| hints.username == Some(value));
        let username = known.or_else(|| fields.iter().find(|(name, _)| words::is_username(name)));
        let username = username.map(|(_, value)| value.clone());
        Some(SignIn { named_at: None, at, username, password: password.1.clone() })
    });
    let sign_in = candidates.next_back()?;
    Some(match named_before(exchanges, &sign_in, hints) {
        Some((at, name)) => SignIn { named_at: Some(at), username: sign_in.username.or(Some(name)), ..sign_in },
        None => sign_in,
    })
}

/// The exchange before a password that sends a name alone, and that name: some consoles ask on two pages.
fn named_before(exchanges: &[Exchange], sign_in: &SignIn, hints: &Hints<'_>) -> Option<(usize, String)> {
    let known = sign_in.username.as_deref().or(hints.username);
    let mut before = exchanges[..sign_in.at].iter().enumerate().filter_map(|(at, exchange)| {
        if Method::of(&exchange.method).is_none_or(|method| method == Method::Get) || exchange.status >= 400 {
            return None;
        }
        let fields = fields(&exchange.content);
        let has_password = fields.iter().any(|(name, value)| words::is_password(name) && !value.is_empty());
        let name = fields.into_iter().find(|(name, value)| {
            words::is_username(name) && !value.is_empty() && known.is_none_or(|known| known == value)
        });
        name.filter(|_| !has_password).map(|(_, value)| (at, value))
    });
    before.next_back()
}

/// Where a second factor was asked for.
pub fn second_factor(exchanges: &[Exchange], after: usize) -> Option<usize> {
    let digits = |value: &str| (4..=8).contains(&value.len()) && value.chars().all(|c| c.is_ascii_digit());
    let asks = |exchange: &Exchange| {
        fields(&exchange.content).iter().any(|(name, value)| words::is_second_factor(name) && digits(value))
    };
    exchanges.iter().enumerate().skip(after).find(|(_, exchange)| asks(exchange)).map(|(at, _)| at)
}

/// The protocol of a sign-in that another host does, and that host.
pub fn federation(exchanges: &[Exchange]) -> Option<(&'static str, Option<String>)> {
    let sent_away = exchanges.iter().filter(|exchange| exchange.redirects()).find_map(|exchange| {
        let url = url::Url::parse(exchange.answer_header("location")?).ok()?;
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let protocol = crate::console::har::protocol(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        Some((protocol, url.host_str().map(str::to_owned)))
    });
    let came_back = || {
        exchanges.iter().find_map(|exchange| {
            let names = fields(&exchange.content);
            let saml = names.iter().any(|(name, _)| name == "SAMLResponse");
            let query = exchange.path.split_once('?').map(|(_, query)| crate::console::har::parameters(query));
            let has = |wanted: &str| query.iter().flatten().any(|(name, _)| name == wanted);
            match (saml, has("code") && has("state")) {
                (true, _) => Some(("SAML", None)),
                (_, true) => Some(("OpenID Connect", None)),
                _ => None,
            }
        })
    };
    sent_away.or_else(came_back)
}

/// The exchange whose answer shows the installed certificate: best with its topic, and otherwise with an end beside
/// words that are about certificates.
pub fn read(exchanges: &[Exchange], sign_in: usize) -> Option<Found> {
    let mut best: Option<(usize, Found)> = None;
    for (at, exchange) in exchanges.iter().enumerate().skip(sign_in).filter(|(_, exchange)| exchange.status == 200) {
        let Some((score, answer)) = in_json(exchange).or_else(|| on_page(exchange)) else { continue };
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            let topic = answer.topic.is_some() || answer.page.contains(&OnPage::Topic);
            let where_it_is = if answer.page.is_empty() { "its answer" } else { "its page" };
            let what = if topic { "a push topic" } else { "the end of a certificate" };
            let why = format!("{where_it_is} shows {what}");
            best = Some((score, Found { at, evidence: Evidence::Seen, why, answer }));
        }
    }
    best.map(|(_, found)| found)
}

/// Where an answer in JSON shows a certificate, and how much that is worth.
fn in_json(exchange: &Exchange) -> Option<(usize, Answer)> {
    let answer = shown(&exchange.json()?);
    let about = words::is_about_certificates(&exchange.path)
        || fields(&exchange.content).iter().any(|(_, value)| words::is_about_certificates(value));
    let worth = worth(answer.topic.is_some(), answer.not_after.is_some(), about)?;
    Some((worth + 1, answer))
}

/// What a page for people shows of a certificate; worth less than the same in JSON, where nothing is read off.
fn on_page(exchange: &Exchange) -> Option<(usize, Answer)> {
    let bytes = exchange.body.as_deref().filter(|_| exchange.media.contains("html"))?;
    let shown = page::read(bytes)?;
    let about = words::is_about_certificates(&exchange.path) || page::is_about_the_certificate(bytes);
    let worth = worth(shown.topic.is_some(), shown.not_after.is_some(), about)?;
    Some((worth, Answer { page: OnPage::of(&shown), ..Answer::default() }))
}

const fn worth(topic: bool, end: bool, about: bool) -> Option<usize> {
    match (topic, end) {
        (true, true) => Some(6),
        (true, false) => Some(4),
        (false, true) if about => Some(2),
        _ => None,
    }
}

/// Where a document shows what of a certificate.
fn shown(document: &Value) -> Answer {
    let mut found = vec![];
    leaves(document, "", &mut found);
    found.retain(|(path, value)| !value.is_empty() && take::json(document, path).as_ref() == Some(value));
    let exactly = found.iter().find(|(_, value)| Topic::parse(value).is_ok());
    let topic = exactly.or_else(|| found.iter().find(|(_, value)| topic::within(value).is_some()));
    // What stands beside the topic is about the same certificate.
    let beside = topic.map(|(path, _)| path.rsplit_once('.').map_or("", |(above, _)| above));
    let under = |names: &[&str], is: &dyn Fn(&str) -> bool| {
        let fits = |(path, value): &&(String, String), wanted: &str| {
            let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
            let name = name.replace(['_', '-'], "").to_ascii_lowercase();
            beside.is_none_or(|beside| beside == above) && name == wanted && is(value)
        };
        let first = names.iter().find_map(|wanted| found.iter().find(|leaf| fits(leaf, wanted)));
        first.map(|(path, _)| path.clone())
    };
    Answer {
        topic: topic.map(|(path, _)| path.clone()),
        serial: under(&["serialnumber", "serial", "certificateserial"], &|value| value.len() >= 4),
        not_before: under(&["validfrom", "notbefore", "issued", "issuedon", "startdate"], &is_moment),
        not_after: under(
            &[
                "expires",
                "notafter",
                "validto",
                "validuntil",
                "expirationdate",
                "expiration",
                "expiry",
                "expirydate",
                "validity",
                "enddate",
            ],
            &is_moment,
        ),
        apple_account: under(&["appleid", "appleaccount", "appleuser"], &|value| value.contains('@')),
        ..Answer::default()
    }
}

/// A time as consoles write it, within this century.
fn is_moment(text: &str) -> bool {
    let milliseconds = text.parse::<i64>().is_ok_and(|number| (946_684_800_000..4_102_444_800_000).contains(&number));
    milliseconds || Time::parse(text).is_ok()
}

/// The exchange whose answer is the request for Apple's portal.
pub fn fetch(exchanges: &[Exchange], sign_in: usize, hints: &Hints<'_>) -> Option<Found> {
    let later = || exchanges.iter().enumerate().skip(sign_in + 1).filter(|(_, exchange)| exchange.status == 200);
    let mut seen = later().filter_map(|(at, exchange)| {
        let file = request_within(exchange, hints)?;
        let answer = Answer { file: Some(file), ..Answer::default() };
        Some(Found { at, evidence: Evidence::Seen, why: "its answer is the request".into(), answer })
    });
    seen.next_back().or_else(|| {
        let scored = later().filter_map(|(at, exchange)| {
            let (score, why) = looks_like_the_request(exchange, hints)?;
            let answer = Answer { file: Some("body".into()), ..Answer::default() };
            Some((score, Found { at, evidence: Evidence::Inferred, why, answer }))
        });
        scored.max_by_key(|(score, _)| *score).map(|(_, found)| found)
    })
}

/// Where an answer holds a request, if it does.
fn request_within(exchange: &Exchange, hints: &Hints<'_>) -> Option<String> {
    let is_request = |bytes: &[u8]| {
        let given = hints.request.is_some_and(|file| !file.is_empty() && file.trim_ascii() == bytes.trim_ascii());
        given || matches!(recognise(bytes).kind(), Kind::PushRequest | Kind::Csr)
    };
    let body = exchange.body.as_deref()?;
    let Some(document) = exchange.json() else { return is_request(body).then(|| "body".to_owned()) };
    let mut found = vec![];
    leaves(&document, "", &mut found);
    found.into_iter().filter(|(path, value)| take::json(&document, path).as_ref() == Some(value)).find_map(
        |(path, value)| {
            if value.len() < 200 {
                return None;
            }
            // Base64 once more around it, or the file as it is: which is itself base64.
            let inner =
                STANDARD.decode(value.trim()).ok().filter(|inner| is_request(inner) && !inner.starts_with(b"<"));
            match inner {
                Some(inner) if !matches!(recognise(&inner).kind(), Kind::Csr) => Some(format!("json-base64:{path}")),
                _ => is_request(value.as_bytes()).then(|| format!("json:{path}")),
            }
        },
    )
}

/// How much an answer without its body looks like the request, and why.
fn looks_like_the_request(exchange: &Exchange, hints: &Hints<'_>) -> Option<(u8, String)> {
    if exchange.body.is_some() {
        return None;
    }
    let disposition = exchange.answer_header("content-disposition").unwrap_or_default();
    let attached = disposition.to_ascii_lowercase().starts_with("attachment");
    let name = of_disposition(disposition, "filename").unwrap_or_default();
    let ending =
        [".txt", ".plist", ".csr", ".b64", ".scsr"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
    let length = hints.request.map(|file| file.len() as u64);
    let same_length = length.is_some() && exchange.size == length;
    let about = words::is_about_certificates(&exchange.path) || words::is_about_certificates(&name);
    let plain = ["text/plain", "application/octet-stream", "application/x-plist"].contains(&exchange.media.as_str());
    let score = 3 * u8::from(same_length)
        + 2 * u8::from(attached && ending)
        + u8::from(attached)
        + u8::from(about)
        + u8::from(plain);
    let why = match () {
        () if same_length => "its answer, which the recording left out, has the length of the request file".to_owned(),
        () if attached => {
            format!("its answer, which the recording left out, is a download named {}", crate::escape::printable(&name))
        }
        () => "its answer, which the recording left out, has the media type of a download".to_owned(),
    };
    (score >= 3 || (about && score >= 2)).then_some((score, why))
}

/// The exchange that took the certificate.
pub fn upload(exchanges: &[Exchange], sign_in: usize, hints: &Hints<'_>) -> Option<Found> {
    let writes = |exchange: &Exchange| Method::of(&exchange.method).is_some_and(|method| method != Method::Get);
    let later = || exchanges.iter().enumerate().skip(sign_in + 1).filter(|(_, exchange)| writes(exchange));
    let of = |at, evidence, why: &str| Found { at, evidence, why: why.to_owned(), answer: accepted(&exchanges[at]) };
    let mut seen =
        later().filter(|(_, exchange)| fields(&exchange.content).iter().any(|(_, value)| is_certificate(value)));
    let named = || {
        later().filter(|(_, exchange)| match &exchange.content {
            Content::Multipart(parts) => parts.iter().any(|part| is_certificate_file(part, hints)),
            _ => false,
        })
    };
    let left_out = || {
        later().filter(|(_, exchange)| {
            let file = |kind: &str| kind == "multipart/form-data" || words::FILE_MEDIA.contains(&kind);
            let left_out = matches!(&exchange.content, Content::LeftOut(kind) if file(kind));
            left_out && words::is_about_certificates(&exchange.path)
        })
    };
    let seen = seen.next_back().map(|(at, _)| of(at, Evidence::Seen, "it sends a certificate"));
    let named = || {
        named().next_back().map(|(at, _)| of(at, Evidence::Inferred, "it sends a file that is named as a certificate"))
    };
    let left_out = || {
        left_out()
            .next_back()
            .map(|(at, _)| of(at, Evidence::Inferred, "it sends a file, which the recording left out"))
    };
    seen.or_else(named).or_else(left_out)
}

/// Whether a value is a certificate: PEM, or base64 of it.
pub fn is_certificate(value: &str) -> bool {
    value.contains("-----BEGIN CERTIFICATE-----") || is_certificate_in_base64(value)
}

/// Whether a value is a PEM certificate in base64.
pub fn is_certificate_in_base64(value: &str) -> bool {
    let decoded = value.starts_with("LS0t").then(|| STANDARD.decode(value.trim()).ok()).flatten();
    decoded.is_some_and(|pem| pem.starts_with(b"-----BEGIN CERTIFICATE-----"))
}

/// Whether a part is the certificate's file: by the name of the file that was given, or by its ending.
pub fn is_certificate_file(part: &SentPart, hints: &Hints<'_>) -> bool {
    let Some(name) = &part.file_name else { return false };
    let ending = [".pem", ".cer", ".crt", ".p7b"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
    ending || hints.certificate_name == Some(name)
}

/// What of an answer says that the certificate was taken, by the words that consoles use for it.
fn accepted(exchange: &Exchange) -> Answer {
    const WORDS: [(&str, &str); 6] = [
        ("result", "1"),
        ("rc", "0"),
        ("success", "true"),
        ("successful", "true"),
        ("status", "success"),
        ("status", "OK"),
    ];
    let document = exchange.json();
    let found = WORDS.iter().find(|(path, value)| {
        document.as_ref().and_then(|document| take::json(document, path)).as_deref() == Some(*value)
    });
    Answer {
        accepted: found.map(|(path, _)| (*path).to_owned()),
        value: found.map(|(_, value)| (*value).to_owned()),
        ..Answer::default()
    }
}
