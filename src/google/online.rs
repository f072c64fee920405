//! Google by its public endpoints: the certificates of an account, and the exchange of a signed assertion (RFC 7523).

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use pushcert_papers::{
    Time,
    android::{ServiceAccountKey, is_googles},
    escape::printable,
};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::{Google, GoogleError};
use crate::world::http::{self, Answer, Http, Tls, is_loopback};

/// What a token is asked for: the interface that the binding uses. A token for it can do nothing by itself.
const SCOPE: &str = "https://www.googleapis.com/auth/androidenterprise";

/// How long an assertion lives, in seconds.
const LIFE: i64 = 120;

/// RFC 7523, section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Google itself, or what stands in for it on this machine.
#[derive(Clone, Debug)]
pub struct Online {
    /// How long it may take to answer.
    pub timeout: Duration,
    /// Authorities to trust for its TLS, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Online {
    fn connect(&self, address: &str) -> Result<(Http, String), GoogleError> {
        let elsewhere = || GoogleError::Elsewhere { address: printable(address) };
        let url = Url::parse(address).map_err(|_| elsewhere())?;
        if url.scheme() != "https" || !(is_googles(address) || is_loopback(&url)) {
            return Err(elsewhere());
        }
        let path = url.path().to_owned();
        let mut base = url;
        base.set_path("");
        base.set_query(None);
        let tls = Tls { ca_file: self.ca_file.as_deref(), ..Tls::default() };
        let host = base.host_str().unwrap_or_default().to_owned();
        let http = Http::connect(base, &tls, self.timeout)
            .map_err(|error| GoogleError::Unavailable { host, why: error.to_string() })?;
        Ok((http, path))
    }
}

#[async_trait(?Send)]
impl Google for Online {
    async fn published(&self, key: &ServiceAccountKey) -> Result<Vec<u8>, GoogleError> {
        let address = key.certificate_url.as_deref().ok_or(GoogleError::NoAddress)?;
        let (http, path) = self.connect(address)?;
        let answer = http.send(http.request(Method::GET, &path)).await;
        let answer = answer.map_err(|error| unavailable(&http, error.to_string()))?;
        match answer.status {
            200 => Ok(answer.body),
            404 => Err(GoogleError::Refused { host: http.host().to_owned(), why: "it knows no such account".into() }),
            status => Err(unavailable(&http, format!("the answer has status {status}"))),
        }
    }

    async fn exchange(&self, key: &ServiceAccountKey, now: Time) -> Result<(), GoogleError> {
        let (http, path) = self.connect(&key.token_uri)?;
        let assertion = assertion(key, now)?;
        let form = [("grant_type", GRANT), ("assertion", assertion.as_str())];
        let answer = http.send(http.request(Method::POST, &path).form(&form)).await;
        let answer = answer.map_err(|error| unavailable(&http, error.to_string()))?;
        match answer.status {
            200 if gives_a_token(&answer) => Ok(()),
            400 | 401 | 403 => Err(GoogleError::Refused { host: http.host().to_owned(), why: words(&answer) }),
            status => Err(unavailable(&http, format!("the answer has status {status} and no token"))),
        }
    }
}

/// Who answers at this address of a file: Google, or what stands in for it on this machine.
pub fn host(address: &str) -> String {
    Url::parse(address).map_or_else(|_| printable(address), |url| http::host(&url))
}

fn unavailable(http: &Http, why: String) -> GoogleError {
    GoogleError::Unavailable { host: http.host().to_owned(), why }
}

fn gives_a_token(answer: &Answer) -> bool {
    serde_json::from_slice::<Value>(&answer.body).is_ok_and(|body| body["access_token"].is_string())
}

/// The server's own words: `error` and `error_description` (RFC 6749, section 5.2).
fn words(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().map(printable);
    let said: Vec<_> = [text("error"), text("error_description")].into_iter().flatten().collect();
    if said.is_empty() { format!("status {}", answer.status) } else { said.join(": ") }
}

/// Who signs, for whom, and for how long; signed by the key.
fn assertion(key: &ServiceAccountKey, now: Time) -> Result<String, GoogleError> {
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": key.key_id });
    let claims = json!({
        "iss": key.client_email, "scope": SCOPE, "aud": key.token_uri, "iat": now.unix(), "exp": now.plus(LIFE).unix(),
    });
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let failed = |_| GoogleError::Key("it is no RSA key in PKCS #8".into());
    let pair = KeyPair::from_pkcs8(key.key.pkcs8()).map_err(failed)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| GoogleError::Key("the library refused".into()))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
