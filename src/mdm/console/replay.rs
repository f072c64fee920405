//! The replay of a profile's requests.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use pushcert_papers::{
    Time,
    console::{self, OnPage, Profile, Request, fill, take},
    escape::printable,
    page, topic_within,
    watch::Installed,
};
use reqwest::Method as Verb;
use tokio::sync::Mutex;

use super::verdict::signs_in_elsewhere;
use crate::{
    mdm::{MdmError, SignIn},
    world::http::{Answer, Http},
};

/// How often a redirect is followed.
const FARTHEST: usize = 10;

/// The name under which a certificate is uploaded.
const FILE_NAME: &str = "certificate.pem";

/// What servers say when a sign-in is wrong, in lower case.
const REFUSALS: [&str; 6] = ["failed", "incorrect", "invalid", "wrong", "denied", "locked"];

/// How old a session may be, in seconds: servers end those that rest, and a person at Apple's portal takes their time.
const FRESH: i64 = 5 * 60;

/// A console that is signed in to when it is first needed.
pub struct Console {
    pub(super) http: Http,
    profile: Profile,
    pub(super) sign_in: SignIn,
    apple_account: Option<String>,
    session: Mutex<Option<Session>>,
}

/// What a sign-in has given.
struct Session {
    values: BTreeMap<String, String>,
    begun: Time,
}

/// What is sent along with a deed.
pub(super) struct Errand<'a> {
    pub(super) certificate: Option<&'a [u8]>,
    now: Time,
}

/// What a failed request means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stake {
    /// Nothing: it may be repeated.
    Nothing,
    /// The server may have made a new key.
    Key,
    /// The server may have taken the certificate.
    Certificate,
}

impl Console {
    /// A console at this server; some consoles want to be told the tenant's Apple account.
    pub fn new(http: Http, profile: Profile, sign_in: SignIn, apple_account: Option<String>) -> Self {
        Self { http, profile, sign_in, apple_account, session: Mutex::new(None) }
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
        if !came_for.page.is_empty() {
            return self.off_page(&answer, &came_for.page).map(Some);
        }
        let document = self.document(&answer)?;
        let text = |path: &Option<String>| {
            path.as_ref().and_then(|path| take::json(&document, path)).filter(|text| !text.is_empty())
        };
        let shown = text(&came_for.topic);
        let topic = shown.as_deref().and_then(topic_within);
        if shown.is_some() && topic.is_none() {
            return Err(self.changed("the topic that it shows is none"));
        }
        let not_after = text(&came_for.not_after).map(|end| self.moment(&end)).transpose()?;
        if topic.is_none() && not_after.is_none() {
            // Taken for none, an answer of another shape would have a certificate uploaded that is there already.
            let mut known = [&came_for.topic, &came_for.not_after].into_iter().flatten();
            let nothing = known.any(|path| take::is_nothing(&document, path));
            let changed = || self.changed("its answer shows neither a topic nor an end");
            return if nothing { Ok(None) } else { Err(changed()) };
        }
        Ok(Some(Installed {
            topic,
            serial: None,
            shown_serial: text(&came_for.serial),
            not_before: text(&came_for.not_before).map(|begin| self.moment(&begin)).transpose()?,
            not_after,
            certificate: None,
            issuer: None,
            apple_account: text(&came_for.apple_account),
        }))
    }

    /// What a page for people shows; everything that it showed when it was recorded must still be there.
    fn off_page(&self, answer: &Answer, wanted: &[OnPage]) -> Result<Installed, MdmError> {
        let Some(shown) = page::read(&answer.body) else {
            let signed_out = take::asks_for_password(&answer.text());
            return Err(self.changed(if signed_out {
                "it answers with its sign-in page"
            } else {
                "its page shows no certificate"
            }));
        };
        let there = OnPage::of(&shown);
        match wanted.iter().find(|what| !there.contains(what)) {
            Some(missing) => Err(self.changed(&format!("its page does not show {}", missing.what()))),
            None => Ok(shown),
        }
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
    ) -> Result<(Answer, console::Answer), MdmError> {
        let mut values = self.signed_in(errand.now).await?;
        if let Some(pem) = errand.certificate {
            values.insert("certificate".into(), String::from_utf8_lossy(pem).into_owned());
            values.insert("certificate_base64".into(), STANDARD.encode(pem));
            values.insert("file_name".into(), FILE_NAME.into());
        }
        let mut last = None;
        for (at, request) in requests.iter().enumerate() {
            let stake = if at + 1 == requests.len() { stake } else { Stake::Nothing };
            let step = self.step(request, &mut values, errand, stake).await;
            let answer = step.map_err(|(error, answer)| self.signed_in_already(request, error, answer.as_ref()))?;
            last = Some((answer, request.answer.clone().unwrap_or_default()));
        }
        last.ok_or_else(|| self.changed("its profile has no request for this"))
    }

    /// A sign-in that worked a moment ago is not refused now: the password is right, and the session is not enough for this.
    fn signed_in_already(&self, request: &Request, error: MdmError, answer: Option<&Answer>) -> MdmError {
        match (error, answer) {
            (MdmError::SignInRefused { .. }, _) => self.changed(&format!(
                "the sign-in works, and then it does not take the session for {}; or the account has lost a role",
                printable(&request.path)
            )),
            (MdmError::ConsoleChanged { .. }, Some(answer)) if take::asks_for_password(&answer.text()) => {
                self.changed(&format!("it answers {} with its sign-in page", printable(&request.path)))
            }
            (error, _) => error,
        }
    }

    /// The values of the session; signs in the first time, and again when the session is old. A password that was refused
    /// is not tried again: accounts lock.
    async fn signed_in(&self, now: Time) -> Result<BTreeMap<String, String>, MdmError> {
        let mut session = self.session.lock().await;
        if let Some(Session { values, begun }) = &*session
            && now < begun.plus(FRESH)
        {
            return Ok(values.clone());
        }
        if self.sign_in.was_refused() {
            return Err(self.sign_in_refused());
        }
        self.http.forget_cookies();
        let mut values = self.given(now);
        let errand = Errand { certificate: None, now };
        let mut sent = false;
        for request in &self.profile.sign_in {
            sent |= carries_password(request);
            let step = self.step(request, &mut values, &errand, Stake::Nothing).await;
            step.map_err(|(error, answer)| self.signing_in(request, sent, error, answer.as_ref()))?;
        }
        self.sign_in.accept();
        values.remove("password");
        *session = Some(Session { values: values.clone(), begun: now });
        Ok(values)
    }

    fn given(&self, now: Time) -> BTreeMap<String, String> {
        let username = self.sign_in.username.clone();
        BTreeMap::from([
            ("username_base64".to_owned(), STANDARD.encode(&username)),
            ("username".to_owned(), username),
            ("password".to_owned(), self.sign_in.password.reveal().to_owned()),
            ("origin".to_owned(), self.http.origin()),
            ("apple_account".to_owned(), self.apple_account.clone().unwrap_or_default()),
            ("now_ms".to_owned(), (now.unix().saturating_mul(1_000)).to_string()),
        ])
    }

    /// Makes a request, looks at the answer, and takes values from it. An error comes with the answer that it is about.
    async fn step(
        &self,
        request: &Request,
        values: &mut BTreeMap<String, String>,
        errand: &Errand<'_>,
        stake: Stake,
    ) -> Result<Answer, (MdmError, Option<Answer>)> {
        let answer = self.ask(request, values, errand, stake).await.map_err(|error| (error, None))?;
        if let Err(error) = self.judge(request, &answer) {
            let error = if stake == Stake::Certificate { self.perhaps_taken(error, &answer) } else { error };
            return Err((error, Some(answer)));
        }
        for wanted in &request.take {
            let Some(value) = self.taken(wanted, request, &answer) else {
                let what =
                    format!("there is no {} in its answer to {}", printable(&wanted.key), printable(&request.path));
                return Err((self.changed(&what), Some(answer)));
            };
            values.insert(wanted.name.clone(), value);
        }
        Ok(answer)
    }

    /// What an error means while signing in, before or after the password was sent. The request that carries it is the one
    /// that a server refuses, and a page that asks for it again is the most common way: that is no changed console, and must
    /// not be tried again.
    fn signing_in(&self, request: &Request, sent: bool, error: MdmError, answer: Option<&Answer>) -> MdmError {
        let asks_again = |answer: &Answer| {
            let text = answer.text();
            let lower = text.to_lowercase();
            let said = answer.status == 200 && REFUSALS.iter().any(|word| lower.contains(word));
            said || take::asks_for_password(&text)
        };
        match (&error, answer) {
            (MdmError::SignInRefused { .. }, _) if !sent => {
                self.changed(&format!("it wants a sign-in for {}, which was its first page", printable(&request.path)))
            }
            (MdmError::SignInRefused { .. } | MdmError::Refused { .. }, _) if sent => self.sign_in_refused(),
            (MdmError::ConsoleChanged { .. }, Some(answer)) if carries_password(request) && asks_again(answer) => {
                self.sign_in_refused()
            }
            _ => error,
        }
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
            if let Some(place) = signs_in_elsewhere(&answer) {
                return Err(self.changed(&format!("it now signs people in at {place}")));
            }
            let Some(target) = self.http.redirect_target(&answer).map_err(|error| self.fault(error, stake))? else {
                break;
            };
            let followed = self.http.send(self.http.request_at_origin(Verb::GET, &target)).await;
            answer = followed.map_err(|error| self.fault(error, Stake::Nothing))?;
        }
        // The page behind an expected redirect is what values are taken from, under the first answer's status.
        if first.status == request.expect.status {
            answer.status = first.status;
        }
        Ok(answer)
    }
}

/// Whether a request sends the password.
fn carries_password(request: &Request) -> bool {
    request.texts().any(|text| fill::names(text).any(|name| name == "password"))
}
