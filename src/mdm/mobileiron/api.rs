//! The way of asking both products' interfaces: Basic sign-in sent beforehand, since neither server asks for it; one
//! vocabulary for what can go wrong.

use std::time::Duration;

use pushcert_papers::escape::printable;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;

use super::wire;
use crate::{
    mdm::{MdmError, SignIn},
    world::http::{Answer, Http, HttpError},
};

/// How often a question is asked again that changes nothing.
const TRIES: u32 = 3;

/// The longest that a server's wish to be asked later is granted within one run.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The first pause before asking again; the second is twice as long.
const PAUSE: Duration = Duration::from_millis(300);

/// A product's interface.
pub struct Api {
    http: Http,
    sign_in: SignIn,
}

impl Api {
    pub fn new(http: Http, sign_in: SignIn) -> Self {
        Self { http, sign_in }
    }

    /// Asks something that changes nothing; asked again where the server is busy.
    pub async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        what: &'static str,
    ) -> Result<T, MdmError> {
        let mut tried = 1;
        loop {
            let asked = self.once(self.http.request(Method::GET, path).query(query), path, what).await;
            match asked {
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
        what: &'static str,
    ) -> Result<T, MdmError> {
        let answer = self.once(request, path, what).await?;
        self.decoded(&answer, path)
    }

    /// A request that is to change something.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.http.request(Method::PUT, path)
    }

    async fn once(&self, request: RequestBuilder, path: &str, what: &'static str) -> Result<Answer, MdmError> {
        let request = request.basic_auth(&self.sign_in.username, Some(self.sign_in.password.reveal()));
        let answer = self.http.send(request).await.map_err(|error| self.fault(error))?;
        self.judged(answer, path, what)
    }

    fn judged(&self, answer: Answer, path: &str, what: &'static str) -> Result<Answer, MdmError> {
        let host = self.http.host().to_owned();
        let username = || self.sign_in.username.clone();
        match answer.status {
            200..=299 => Ok(answer),
            300..=399 => match self.http.redirect_target(&answer) {
                Err(error) => Err(self.fault(error)),
                Ok(_) => Err(self.not_understood(path, "a redirect, as a sign-in page would be".into())),
            },
            401 => Err(MdmError::SignInRefused { host, username: username() }),
            403 => Err(MdmError::Forbidden { host, username: username(), what }),
            429 | 500 | 502..=504 => {
                let why = format!("it answers with status {}", answer.status);
                Err(MdmError::Unavailable { host, why, retry_after: answer.retry_after() })
            }
            status => match wire::complaint(&answer.body) {
                Some(text) => Err(MdmError::Refused { host, text: printable(&text).chars().take(200).collect() }),
                None => Err(self.not_understood(path, format!("status {status}"))),
            },
        }
    }

    fn decoded<T: DeserializeOwned>(&self, answer: &Answer, path: &str) -> Result<T, MdmError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
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

    fn fault(&self, error: HttpError) -> MdmError {
        let host = self.http.host().to_owned();
        match error {
            HttpError::NotTrusted(why) => MdmError::NotTrusted { host, why },
            HttpError::RedirectedAway(to) => MdmError::RedirectedAway { host, to },
            error => MdmError::Unavailable { host, why: error.to_string(), retry_after: None },
        }
    }
}

fn worth_waiting(retry_after: Option<u64>) -> bool {
    retry_after.is_none_or(|seconds| Duration::from_secs(seconds) <= LONGEST_WAIT)
}

fn pause(tried: u32, retry_after: Option<u64>) -> Duration {
    retry_after.map_or(PAUSE * tried, Duration::from_secs)
}
