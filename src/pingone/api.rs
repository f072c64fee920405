//! PingOne's interface, by its documentation: a worker application signs in by client credentials (RFC 6749, section 4.4),
//! and the requirements are one resource that a PUT replaces.

use std::{cell::RefCell, path::Path, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use pushcert_papers::{Secret, escape::printable, pingid::Requirements};
use reqwest::{Method, Url};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{DeviceRequirements, PingOneError};
use crate::world::http::{Answer, Http, HttpError, Tls, TlsError};

/// What the sealing is for: the same secret makes other keys elsewhere.
const SEALING: &[u8] = b"pushcert: device requirements before a change";

/// Where PingOne is, and how we get in.
#[derive(Debug)]
pub struct Access<'a> {
    /// Where the interface is.
    pub api: Url,
    /// Where its tokens are given.
    pub auth: Url,
    /// The environment.
    pub environment: &'a str,
    /// The PingID application in it.
    pub application: &'a str,
    /// The worker application that signs in.
    pub client_id: &'a str,
    /// With what.
    pub client_secret: Secret,
    /// Authorities to trust for its TLS, instead of the system's.
    pub ca_file: Option<&'a Path>,
}

/// The interface.
#[derive(Debug)]
pub struct Api {
    resources: Http,
    tokens: Http,
    token_path: String,
    path: String,
    client_id: String,
    client_secret: Secret,
    signed_in: RefCell<Option<Secret>>,
}

impl Api {
    /// An interface that will be asked. Nothing is sent yet.
    ///
    /// # Errors
    /// When the file of authorities cannot be used.
    pub fn new(access: Access<'_>, timeout: Duration) -> Result<Self, TlsError> {
        let tls = Tls { ca_file: access.ca_file, ..Tls::default() };
        let Access { environment, application, .. } = access;
        Ok(Self {
            resources: Http::connect(access.api, &tls, timeout)?,
            tokens: Http::connect(access.auth, &tls, timeout)?,
            token_path: format!("/{environment}/as/token"),
            path: format!("/v1/environments/{environment}/applications/{application}/deviceRequirements"),
            client_id: access.client_id.to_owned(),
            client_secret: access.client_secret,
            signed_in: RefCell::default(),
        })
    }

    /// The token of this run: one is asked for, and lives for an hour.
    async fn token(&self) -> Result<Secret, PingOneError> {
        if let Some(token) = self.signed_in.borrow().clone() {
            return Ok(token);
        }
        let request = self
            .tokens
            .request(Method::POST, &self.token_path)
            .basic_auth(&self.client_id, Some(self.client_secret.reveal()))
            .form(&[("grant_type", "client_credentials")]);
        let answer = self.tokens.send(request).await.map_err(|error| unavailable(&self.tokens, &error))?;
        let host = || self.tokens.host().to_owned();
        match answer.status {
            200 => {}
            400 | 401 | 403 => return Err(PingOneError::SignInRefused { host: host(), why: words(&answer) }),
            status => return Err(PingOneError::Unavailable { host: host(), why: format!("status {status}") }),
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(token) = body["access_token"].as_str().map(Secret::new) else {
            return Err(PingOneError::Unavailable { host: host(), why: "its answer holds no token".into() });
        };
        *self.signed_in.borrow_mut() = Some(token.clone());
        Ok(token)
    }

    async fn ask(&self, method: Method, body: Option<&Secret>) -> Result<Answer, PingOneError> {
        let writes = body.is_some();
        let request = self.resources.request(method, &self.path).bearer_auth(self.token().await?.reveal());
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.reveal().to_owned()),
            None => request,
        };
        let host = || self.resources.host().to_owned();
        let answer = self.resources.send(request).await.map_err(|error| match error {
            HttpError::Broken(_) | HttpError::TooLarge if writes => {
                PingOneError::Uncertain { host: host(), why: error.to_string() }
            }
            error => unavailable(&self.resources, &error),
        })?;
        match answer.status {
            401 => Err(PingOneError::SignInRefused { host: host(), why: words(&answer) }),
            403 => Err(PingOneError::Forbidden { host: host(), why: words(&answer) }),
            400 | 409 | 422 => Err(PingOneError::Refused { host: host(), why: words(&answer) }),
            500.. if writes => Err(PingOneError::Uncertain { host: host(), why: format!("status {}", answer.status) }),
            429 | 500.. => Err(PingOneError::Unavailable { host: host(), why: format!("status {}", answer.status) }),
            _ => Ok(answer),
        }
    }

    fn key(&self) -> Result<RandomizedNonceKey, PingOneError> {
        let secret = Salt::new(HKDF_SHA256, &[]).extract(self.client_secret.reveal().as_bytes());
        let mut key = Zeroizing::new([0; 32]);
        let filled = secret.expand(&[SEALING], Length).and_then(|okm| okm.fill(key.as_mut_slice()));
        filled.map_err(|_| PingOneError::Library)?;
        RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| PingOneError::Library)
    }
}

/// The length of a key for AES-256.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

#[async_trait(?Send)]
impl DeviceRequirements for Api {
    async fn read(&self) -> Result<Option<Requirements>, PingOneError> {
        let answer = self.ask(Method::GET, None).await?;
        let host = || self.resources.host().to_owned();
        match answer.status {
            200 => Requirements::read(answer.body)
                .map(Some)
                .map_err(|source| PingOneError::NotUnderstood { host: host(), source }),
            404 => Ok(None),
            status => Err(PingOneError::Unavailable { host: host(), why: format!("status {status}") }),
        }
    }

    async fn write(&self, body: &Secret) -> Result<(), PingOneError> {
        let answer = self.ask(Method::PUT, Some(body)).await?;
        match answer.status {
            200 | 201 | 204 => Ok(()),
            _ => Err(PingOneError::Refused { host: self.resources.host().to_owned(), why: words(&answer) }),
        }
    }

    fn seal(&self, text: &Secret) -> Result<Vec<u8>, PingOneError> {
        let mut sealed = text.reveal().as_bytes().to_vec();
        let nonce =
            self.key()?.seal_in_place_append_tag(Aad::empty(), &mut sealed).map_err(|_| PingOneError::Library)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn open(&self, sealed: &[u8]) -> Option<Secret> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self.key().ok()?.open_in_place(nonce, Aad::empty(), &mut rest).ok()?;
        std::str::from_utf8(text).ok().map(Secret::new)
    }
}

fn unavailable(http: &Http, error: &HttpError) -> PingOneError {
    PingOneError::Unavailable { host: http.host().to_owned(), why: error.to_string() }
}

/// The server's own words: `message` and the first of `details` (PingOne), or `error` and its description (RFC 6749).
fn words(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let texts = ["message", "error", "error_description"].map(|name| body[name].as_str());
    let detail = body["details"][0]["message"].as_str();
    let said: Vec<_> = texts.into_iter().chain([detail]).flatten().map(printable).collect();
    if said.is_empty() { format!("status {}", answer.status) } else { said.join(": ") }
}
