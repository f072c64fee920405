//! The way of asking both products' interfaces: Basic sign-in sent beforehand, since neither server asks for it; one
//! vocabulary for what can go wrong.

use std::time::Duration;

use pushcert_papers::escape::printable;
use reqwest::{Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};

use super::{pace::Pace, wire};
use crate::{
    mdm::{MdmError, SignIn},
    world::http::{Answer, Http, HttpError},
};

/// How often a question is asked again that changes nothing.
const TRIES: u32 = 3;

/// The longest that a server's wish to be asked later is granted within one run.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The first pause before asking again; each is twice as long as the one before, and some of it is left to chance, so
/// that many jobs that were refused together do not come back together.
const PAUSE: Duration = Duration::from_millis(300);

/// The words with which both products' sign-in pages refuse, under status 200.
const SIGN_IN_FAILED: &str = "Login Failed";

/// What a server says of itself is cut to a length that people read.
const LONGEST_WORDS: usize = 200;

/// What one does at an interface, and the role that it takes, as far as the vendor's pages name it.
#[derive(Clone, Copy, Debug)]
pub struct Deed {
    /// As a verb phrase.
    pub what: &'static str,
    /// The role.
    pub role: Option<&'static str>,
}

/// A product's interface.
pub struct Api {
    http: Http,
    /// Who signs in; nobody where a client certificate says who we are.
    sign_in: Option<SignIn>,
    /// How often it may be asked, where its guide says that.
    pace: Option<Pace>,
}

impl Api {
    pub const fn new(http: Http, sign_in: Option<SignIn>) -> Self {
        Self { http, sign_in, pace: None }
    }

    /// The same, asked no more than so many times within a time.
    #[must_use]
    pub fn paced(self, most: usize, within: Duration) -> Self {
        Self { pace: Some(Pace::at(self.http.host(), most, within)), ..self }
    }

    /// Asks something that changes nothing; asked again where the server is busy.
    pub async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        deed: Deed,
    ) -> Result<T, MdmError> {
        self.patiently(|| self.http.request(Method::GET, path).query(query), path, deed).await
    }

    /// The same, where what is asked for stands in a body.
    pub async fn read_by_post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        deed: Deed,
    ) -> Result<T, MdmError> {
        self.patiently(|| self.http.request(Method::POST, path).json(body), path, deed).await
    }

    async fn patiently<T: DeserializeOwned>(
        &self,
        request: impl Fn() -> RequestBuilder,
        path: &str,
        deed: Deed,
    ) -> Result<T, MdmError> {
        let mut tried = 1;
        loop {
            match self.once(request(), path, deed).await {
                Err(MdmError::Unavailable { retry_after, .. }) if tried < TRIES && worth_waiting(retry_after) => {
                    tokio::time::sleep(pause(tried, retry_after)).await;
                    tried += 1;
                }
                Err(error) => return Err(error),
                Ok(answer) => return self.decoded(&answer, path),
            }
        }
    }

    /// Asks for something to be done; never asked twice.
    pub async fn act<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        path: &str,
        deed: Deed,
    ) -> Result<T, MdmError> {
        let answer = self.once(request, path, deed).await?;
        self.decoded(&answer, path)
    }

    /// A request that is to change something.
    pub fn change(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path)
    }

    async fn once(&self, mut request: RequestBuilder, path: &str, deed: Deed) -> Result<Answer, MdmError> {
        if let Some(sign_in) = &self.sign_in {
            if sign_in.was_refused() {
                return Err(self.sign_in_refused());
            }
            request = request.basic_auth(&sign_in.username, Some(sign_in.password.reveal()));
        }
        if let Some(pace) = &self.pace {
            pace.turn().await;
        }
        let answer = self.http.send(request).await.map_err(|error| self.fault(error))?;
        self.judged(answer, path, deed)
    }

    fn judged(&self, answer: Answer, path: &str, deed: Deed) -> Result<Answer, MdmError> {
        let host = self.http.host().to_owned();
        match answer.status {
            200..=299 if answer.is_html() && answer.text().contains(SIGN_IN_FAILED) => Err(self.not_let_in(deed)),
            200..=299 => {
                self.sign_in.iter().for_each(SignIn::accept);
                Ok(answer)
            }
            300..=399 => match self.http.redirect_target(&answer) {
                Err(error) => Err(self.fault(error)),
                Ok(_) => Err(self.not_understood(path, "a redirect, as a sign-in page would be".into())),
            },
            401 => Err(self.not_let_in(deed)),
            403 => Err(self.forbidden(deed, words(&answer))),
            404 => Err(MdmError::NotThere { host, path: path.to_owned() }),
            429 | 500 | 502..=504 => {
                let why = format!("it answers with status {}", answer.status);
                Err(MdmError::Unavailable { host, why, retry_after: answer.retry_after() })
            }
            status => match words(&answer) {
                Some(text) => Err(MdmError::Refused { host, text }),
                None => Err(self.not_understood(path, format!("status {status}"))),
            },
        }
    }

    fn decoded<T: DeserializeOwned>(&self, answer: &Answer, path: &str) -> Result<T, MdmError> {
        // Nothing at all is an answer only where one may be missing.
        let body: &[u8] = if answer.body.is_empty() { b"null" } else { &answer.body };
        serde_json::from_slice(body).map_err(|error| {
            let what = match () {
                () if answer.is_html() => "a web page instead of JSON".to_owned(),
                () if answer.body.is_empty() => "nothing".to_owned(),
                () if error.is_eof() => "JSON that is cut off".to_owned(),
                () if error.is_data() => "JSON of another shape".to_owned(),
                () => "something that is no JSON".to_owned(),
            };
            self.not_understood(path, what)
        })
    }

    /// An answer that this interface does not give.
    pub fn not_understood(&self, path: &str, what: String) -> MdmError {
        MdmError::NotUnderstood { host: self.http.host().to_owned(), path: path.to_owned(), what }
    }

    /// The sign-in is not enough. Where the server has taken this very password a moment ago, it is not the password.
    fn not_let_in(&self, deed: Deed) -> MdmError {
        if self.sign_in.as_ref().is_some_and(SignIn::was_accepted) {
            let said = "it wants another sign-in for this, though it has taken this one".to_owned();
            return self.forbidden(deed, Some(said));
        }
        self.sign_in_refused()
    }

    fn forbidden(&self, deed: Deed, said: Option<String>) -> MdmError {
        let host = self.http.host().to_owned();
        MdmError::Forbidden { host, username: self.username(), what: deed.what, role: deed.role, said }
    }

    /// The refusal, remembered: this password is not tried again.
    fn sign_in_refused(&self) -> MdmError {
        if let Some(sign_in) = &self.sign_in {
            sign_in.refuse();
        }
        MdmError::SignInRefused { host: self.http.host().to_owned(), username: self.username() }
    }

    fn username(&self) -> String {
        self.sign_in.as_ref().map_or_else(|| "the client certificate".into(), |sign_in| sign_in.username.clone())
    }

    fn fault(&self, error: HttpError) -> MdmError {
        MdmError::of_http(self.http.host(), error)
    }
}

/// What the server says, made safe for a terminal and cut to a length that people read.
fn words(answer: &Answer) -> Option<String> {
    wire::complaint(&answer.body).map(|text| printable(&text).chars().take(LONGEST_WORDS).collect())
}

fn worth_waiting(retry_after: Option<u64>) -> bool {
    retry_after.is_none_or(|seconds| Duration::from_secs(seconds) <= LONGEST_WAIT)
}

fn pause(tried: u32, retry_after: Option<u64>) -> Duration {
    let wanted = retry_after.map_or(PAUSE * 2_u32.pow(tried - 1), Duration::from_secs);
    wanted + PAUSE.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_not_all_the_same() {
        for tried in 1..TRIES {
            let shortest = PAUSE * 2_u32.pow(tried - 1);
            let some: Vec<_> = (0..20).map(|_| pause(tried, None)).collect();
            assert!(some.iter().all(|pause| (shortest..=shortest + PAUSE).contains(pause)), "{some:?}");
            assert!(some.iter().any(|pause| *pause != some[0]), "{some:?}");
        }
        assert!(pause(1, Some(7)) >= Duration::from_secs(7));
        assert!(worth_waiting(Some(20)) && !worth_waiting(Some(21)));
    }
}
