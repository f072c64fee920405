//! A message by HTTPS: sent once, to an address that is a secret, and taken by the receiver or not.

use std::{path::Path, time::Duration};

use pushcert_papers::escape::printable;
use reqwest::{Url, header::CONTENT_TYPE};

use super::SendError;
use crate::world::http::{Answer, Http, HttpError, Tls, TlsError};

/// How much of a refusal is repeated.
const WORDS: usize = 120;

/// A receiver of messages.
#[derive(Clone, Debug)]
pub struct Post {
    http: Http,
}

impl Post {
    /// The receiver at this address, trusted by these authorities or the system's.
    ///
    /// # Errors
    /// When the authorities cannot be used.
    pub fn to(address: Url, ca_file: Option<&Path>, timeout: Duration) -> Result<Self, TlsError> {
        let tls = Tls { ca_file, ..Tls::default() };
        Ok(Self { http: Http::connect(address, &tls, timeout)?.hidden() })
    }

    /// Sends JSON with these headers.
    ///
    /// # Errors
    /// See [`SendError`]; whatever status is none of success is one.
    pub async fn json(&self, body: Vec<u8>, headers: &[(&str, String)]) -> Result<(), SendError> {
        let mut request = self.http.post().header(CONTENT_TYPE, "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = self.http.send(request).await.map_err(|error| match error {
            HttpError::NotTrusted(why) => SendError::Refused(format!("its certificate is not trusted: {why}")),
            HttpError::TooLarge | HttpError::RedirectedAway(_) | HttpError::NeverAsked(_) => {
                SendError::Refused(error.to_string())
            }
            HttpError::Unreachable(_) | HttpError::Broken(_) => SendError::Unavailable(error.to_string()),
        })?;
        taken(&answer)
    }
}

/// Whether the receiver took it.
fn taken(answer: &Answer) -> Result<(), SendError> {
    let status = answer.status;
    let words: String = printable(answer.text().trim()).chars().take(WORDS).collect();
    let why = if answer.is_html() || words.is_empty() {
        format!("it answered with status {status}")
    } else {
        format!("it answered with status {status}: {words}")
    };
    match status {
        200..=299 => Ok(()),
        408 | 425 | 429 | 500..=599 => Err(SendError::Unavailable(why)),
        _ => Err(SendError::Refused(why)),
    }
}
