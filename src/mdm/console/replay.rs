//! The replay of a profile's requests.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use pushcert_papers::{Time, Topic, escape::printable, watch::Installed};
use reqwest::{
    Method as Verb, RequestBuilder,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    multipart::{Form, Part as Piece},
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    fill::{self, fill},
    profile::{self, From, Method, Profile, Request},
    take,
};
use crate::{
    mdm::{MdmError, SignIn},
    world::http::{Answer, Http, HttpError},
};

/// How often a redirect is followed.
const FARTHEST: usize = 10;

/// The name under which a certificate is uploaded.
const FILE_NAME: &str = "certificate.pem";

/// A console that is signed in to when it is first needed.
pub struct Console {
    http: Http,
    profile: Profile,
    sign_in: SignIn,
    /// The values taken at the sign-in, once it has happened.
    session: Mutex<Option<BTreeMap<String, String>>>,
}

/// What is sent along with a deed.
struct Errand<'a> {
    certificate: Option<&'a [u8]>,
    now: Time,
}

/// What a failed request means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stake {
    /// Nothing: it may be repeated.
    Nothing,
    /// The server may have made a new key.
    Key,
    /// The server may have taken the certificate.
    Certificate,
}

impl Console {
    /// A console at this server.
    pub fn new(http: Http, profile: Profile, sign_in: SignIn) -> Self {
        Self { http, profile, sign_in, session: Mutex::new(None) }
    }

    /// The profile.
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What the console shows of the installed certificate.
    ///
    /// # Errors
    /// See [`MdmError`].
    pub async fn read(&self, now: Time) -> Result<Option<Installed>, MdmError> {
        let (answer, came_for) =
            self.deed(&self.profile.read, &Errand { certificate: None, now }, Stake::Nothing).await?;
        let document = self.document(&answer)?;
        let text = |path: &Option<String>| {
            path.as_ref().and_then(|path| take::json(&document, path)).filter(|text| !text.is_empty())
        };
        let topic = text(&came_for.topic).map(|topic| Topic::parse(&topic)).transpose();
        let topic = topic.map_err(|_| self.changed("the topic that it shows is none"))?;
        let not_after = text(&came_for.not_after).map(|end| self.moment(&end)).transpose()?;
        if topic.is_none() && not_after.is_none() {
            return Ok(None);
        }
        Ok(Some(Installed {
            topic,
            serial: None,
            shown_serial: text(&came_for.serial),
            not_before: text(&came_for.not_before).map(|begin| self.moment(&begin)).transpose()?,
            not_after,
            certificate: None,
            apple_account: text(&came_for.apple_account),
        }))
    }

    /// The request file.
    ///
    /// # Errors
    /// See [`MdmError`].
    pub async fn fetch(&self, now: Time) -> Result<Vec<u8>, MdmError> {
        let (answer, came_for) = self.deed(&self.profile.fetch, &Errand { certificate: None, now }, Stake::Key).await?;
        let place = came_for.file.as_deref().unwrap_or("body");
        if place == "body" {
            return Ok(answer.body);
        }
        let document = self.document(&answer)?;
        let found =
            |path: &str| take::json(&document, path).ok_or_else(|| self.changed("its answer holds no request file"));
        match place.split_once(':') {
            Some(("json", path)) => Ok(found(path)?.into_bytes()),
            Some(("json-base64", path)) => {
                STANDARD.decode(found(path)?).map_err(|_| self.changed("the request file in its answer is no base64"))
            }
            _ => Err(self.changed("its profile does not say where the request file is")),
        }
    }

    /// Uploads a certificate: these bytes, unchanged.
    ///
    /// # Errors
    /// See [`MdmError`].
    pub async fn upload(&self, pem: &[u8], now: Time) -> Result<(), MdmError> {
        let (answer, came_for) =
            self.deed(&self.profile.upload, &Errand { certificate: Some(pem), now }, Stake::Certificate).await?;
        let (Some(path), Some(wanted)) = (&came_for.accepted, &came_for.value) else { return Ok(()) };
        let document = self.document(&answer).map_err(|error| self.perhaps_taken(error, &answer))?;
        let found = take::json(&document, path);
        if found.as_deref() == Some(wanted) { Ok(()) } else { Err(self.refused(&answer)) }
    }

    /// The requests of a deed, after the sign-in; the last answer, and what the deed came for.
    async fn deed(
        &self,
        requests: &[Request],
        errand: &Errand<'_>,
        stake: Stake,
    ) -> Result<(Answer, profile::Answer), MdmError> {
        let mut values = self.signed_in(errand.now).await?;
        if let Some(pem) = errand.certificate {
            values.insert("certificate".into(), String::from_utf8_lossy(pem).into_owned());
            values.insert("certificate_base64".into(), STANDARD.encode(pem));
            values.insert("file_name".into(), FILE_NAME.into());
        }
        let mut last = None;
        for (at, request) in requests.iter().enumerate() {
            let stake = if at + 1 == requests.len() { stake } else { Stake::Nothing };
            let answer = self.step(request, &mut values, errand, stake).await?;
            last = Some((answer, request.answer.clone().unwrap_or_default()));
        }
        last.ok_or_else(|| self.changed("its profile has no request for this"))
    }

    /// The values of the session; signs in the first time. A sign-in is tried once: accounts lock.
    async fn signed_in(&self, now: Time) -> Result<BTreeMap<String, String>, MdmError> {
        let mut session = self.session.lock().await;
        if let Some(values) = &*session {
            return Ok(values.clone());
        }
        let mut values = self.given(now);
        let errand = Errand { certificate: None, now };
        for request in &self.profile.sign_in {
            self.step(request, &mut values, &errand, Stake::Nothing).await.map_err(|error| match error {
                MdmError::Refused { .. } => self.sign_in_refused(),
                other => other,
            })?;
        }
        values.remove("password");
        *session = Some(values.clone());
        Ok(values)
    }

    fn given(&self, now: Time) -> BTreeMap<String, String> {
        let username = self.sign_in.username.clone();
        BTreeMap::from([
            ("username_base64".to_owned(), STANDARD.encode(&username)),
            ("username".to_owned(), username),
            ("password".to_owned(), self.sign_in.password.reveal().to_owned()),
            ("origin".to_owned(), self.http.origin()),
            ("now_ms".to_owned(), (now.unix().saturating_mul(1_000)).to_string()),
        ])
    }

    async fn step(
        &self,
        request: &Request,
        values: &mut BTreeMap<String, String>,
        errand: &Errand<'_>,
        stake: Stake,
    ) -> Result<Answer, MdmError> {
        let answer = self.ask(request, values, errand, stake).await?;
        self.judge(request, &answer)
            .map_err(|error| if stake == Stake::Certificate { self.perhaps_taken(error, &answer) } else { error })?;
        for wanted in &request.take {
            let value = self
                .taken(wanted, &answer)
                .ok_or_else(|| self.changed(&format!("there is no {} on it", printable(&wanted.key))))?;
            values.insert(wanted.name.clone(), value);
        }
        Ok(answer)
    }

    /// Asks, and follows redirects within the console, unless the profile expects the redirect itself.
    async fn ask(
        &self,
        request: &Request,
        values: &BTreeMap<String, String>,
        errand: &Errand<'_>,
        stake: Stake,
    ) -> Result<Answer, MdmError> {
        let built = self.build(request, values, errand)?;
        let first = self.http.send(built).await.map_err(|error| self.fault(error, stake))?;
        let mut answer = first.clone();
        for _ in 0..FARTHEST {
            if !(300..400).contains(&answer.status) {
                break;
            }
            let Some(target) = self.http.redirect_target(&answer).map_err(|error| self.fault(error, stake))? else {
                break;
            };
            let followed = self.http.send(self.http.request_at_origin(&target)).await;
            answer = followed.map_err(|error| self.fault(error, Stake::Nothing))?;
        }
        // The page behind an expected redirect is what values are taken from, under the first answer's status.
        if first.status == request.expect.status {
            answer.status = first.status;
        }
        Ok(answer)
    }

    fn build(
        &self,
        request: &Request,
        values: &BTreeMap<String, String>,
        errand: &Errand<'_>,
    ) -> Result<RequestBuilder, MdmError> {
        let text = |text: &str| fill(text, values, str::to_owned);
        let verb = match request.method {
            Method::Get => Verb::GET,
            Method::Post => Verb::POST,
            Method::Put => Verb::PUT,
        };
        let mut built = self.http.request(verb, &text(&request.path));
        for field in &request.headers {
            let name =
                HeaderName::try_from(text(&field.name)).map_err(|_| self.changed("it names a header that is none"))?;
            let mut value = HeaderValue::try_from(text(&field.value))
                .map_err(|_| self.changed("it gives a header that is none"))?;
            value.set_sensitive(true);
            built = built.header(name, value);
        }
        if let Some(form) = &request.form {
            let fields: Vec<_> = form.iter().map(|field| (text(&field.name), text(&field.value))).collect();
            built = built.form(&fields);
        }
        if let Some(json) = &request.json {
            built = built.header(CONTENT_TYPE, "application/json").body(fill(json, values, fill::json_escaped));
        }
        if let Some(parts) = &request.multipart {
            built = built.multipart(self.multipart(parts, values, errand)?);
        }
        Ok(built)
    }

    fn multipart(
        &self,
        parts: &[profile::Part],
        values: &BTreeMap<String, String>,
        errand: &Errand<'_>,
    ) -> Result<Form, MdmError> {
        let mut form = Form::new();
        for part in parts {
            // The certificate goes as the bytes that were judged, not as text made of them.
            let bytes = match (part.value.as_str(), errand.certificate) {
                ("{certificate}", Some(pem)) => pem.to_vec(),
                (value, _) => fill(value, values, str::to_owned).into_bytes(),
            };
            let mut piece = Piece::bytes(bytes);
            if let Some(name) = &part.file_name {
                piece = piece.file_name(fill(name, values, str::to_owned));
            }
            if let Some(media) = &part.content_type {
                piece =
                    piece.mime_str(media).map_err(|_| self.changed("its profile names a media type that is none"))?;
            }
            form = form.part(part.name.clone(), piece);
        }
        Ok(form)
    }

    fn judge(&self, request: &Request, answer: &Answer) -> Result<(), MdmError> {
        if request.refused.as_ref().is_some_and(|refused| answer.text().contains(&refused.text)) {
            return Err(self.refused(answer));
        }
        match answer.status {
            401 => return Err(self.sign_in_refused()),
            403 => {
                return Err(MdmError::Forbidden {
                    host: self.host(),
                    username: self.sign_in.username.clone(),
                    what: "use this part of the console",
                });
            }
            429 | 502..=504 => return Err(self.unavailable(answer)),
            status if status != request.expect.status => {
                return Err(self.changed(&format!("it answers {} with status {status}", printable(&request.path))));
            }
            _ => {}
        }
        match &request.expect.content_type {
            Some(_) if answer.is_html() && request.expect.content_type.as_deref() != Some("text/html") => {
                Err(self.changed(&format!("it answers {} with a web page", printable(&request.path))))
            }
            Some(wanted) if *wanted != answer.content_type => Err(self.changed(&format!(
                "it answers {} with {}",
                printable(&request.path),
                printable(&answer.content_type)
            ))),
            _ => Ok(()),
        }
    }

    fn taken(&self, wanted: &profile::Take, answer: &Answer) -> Option<String> {
        match wanted.from {
            From::Cookie => self.http.cookie(&wanted.key),
            From::Header => answer.header(&wanted.key),
            From::Html => take::html(&answer.text(), &wanted.key),
            From::Json => take::json(&serde_json::from_slice(&answer.body).ok()?, &wanted.key),
            From::Script => take::script(&answer.text(), &wanted.key),
        }
    }

    fn document(&self, answer: &Answer) -> Result<Value, MdmError> {
        serde_json::from_slice(&answer.body).map_err(|_| self.changed("its answer is no JSON"))
    }

    /// A time as consoles write it: epoch milliseconds, ISO 8601, or a date.
    fn moment(&self, text: &str) -> Result<Time, MdmError> {
        let milliseconds = text.parse::<i64>().map(|milliseconds| Time::from_unix(milliseconds.div_euclid(1_000)));
        milliseconds.ok().or_else(|| Time::parse(text).ok()).ok_or_else(|| self.changed("a date that it shows is none"))
    }

    fn host(&self) -> String {
        self.http.host().to_owned()
    }

    fn changed(&self, what: &str) -> MdmError {
        MdmError::ConsoleChanged { host: self.host(), what: what.to_owned() }
    }

    fn sign_in_refused(&self) -> MdmError {
        MdmError::SignInRefused { host: self.host(), username: self.sign_in.username.clone() }
    }

    /// What the server says when it says no, cut to a length that people read.
    fn refused(&self, answer: &Answer) -> MdmError {
        let said = serde_json::from_slice::<Value>(&answer.body).ok();
        let words = ["message", "error", "errors.0.message", "result.message"];
        let text = said.as_ref().and_then(|said| words.iter().find_map(|path| take::json(said, path)));
        let text = text.unwrap_or_else(|| format!("status {}", answer.status));
        MdmError::Refused { host: self.host(), text: printable(&text).chars().take(200).collect() }
    }

    /// An answer to an upload that nobody understands: unless its status says that nothing was done, it may have been.
    fn perhaps_taken(&self, error: MdmError, answer: &Answer) -> MdmError {
        let understood =
            matches!(error, MdmError::Refused { .. } | MdmError::SignInRefused { .. } | MdmError::Forbidden { .. });
        let undone = matches!(answer.status, 400..=499 | 503);
        if understood || undone {
            return error;
        }
        MdmError::Uncertain { host: self.host(), why: error.to_string() }
    }

    fn unavailable(&self, answer: &Answer) -> MdmError {
        let why = format!("it answers with status {}", answer.status);
        MdmError::Unavailable { host: self.host(), why, retry_after: answer.retry_after() }
    }

    fn fault(&self, error: HttpError, stake: Stake) -> MdmError {
        let host = self.host();
        match error {
            HttpError::NotTrusted(why) => MdmError::NotTrusted { host, why },
            HttpError::RedirectedAway(to) => MdmError::RedirectedAway { host, to },
            HttpError::Broken(why) if stake != Stake::Nothing => MdmError::Uncertain { host, why },
            HttpError::TooLarge if stake != Stake::Nothing => {
                MdmError::Uncertain { host, why: HttpError::TooLarge.to_string() }
            }
            error => MdmError::Unavailable { host, why: error.to_string(), retry_after: None },
        }
    }
}
