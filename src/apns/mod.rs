//! APNs, asked itself: does it take this certificate? A push to a device token that nobody has shows it without reaching
//! any device. Only whoever holds the certificate's private key can ask.

use std::time::Duration;

use data_encoding::HEXLOWER;
use pushcert_papers::{Topic, apns::Reply, escape::printable};
use reqwest::{Client, Version, redirect, retry};
use serde_json::Value;

use crate::world::{
    http::{self, certificate_alert},
    tls::{self, Tls, TlsError},
};

/// Answers are never larger.
const LIMIT: usize = 64 << 10;

/// Where APNs is, unless a configuration says otherwise.
pub const HOST: &str = "api.push.apple.com:443";

/// Why APNs gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApnsError {
    /// The TLS configuration cannot be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It cannot be reached, or breaks off.
    #[error("{host} is unavailable: {why}")]
    Unavailable {
        /// The host and port.
        host: String,
        /// Why.
        why: String,
    },
    /// Something between us and APNs does not let HTTP/2 through.
    #[error("{host} does not speak HTTP/2: something stands between")]
    NotHttp2 {
        /// The host and port.
        host: String,
    },
    /// Its TLS certificate is not trusted.
    #[error("the TLS certificate of {host} is not trusted: {why}")]
    NotTrusted {
        /// The host and port.
        host: String,
        /// What is wrong with it.
        why: String,
    },
}

/// APNs, and the certificate that is shown to it.
pub struct Apns<'a> {
    /// Host and port.
    pub host: &'a str,
    /// How it is trusted, and what it is shown.
    pub tls: Tls<'a>,
    /// How long it may take to answer.
    pub timeout: Duration,
}

impl Apns<'_> {
    /// What it answers to a push under this topic, to a made-up device token.
    ///
    /// # Errors
    /// When there is no answer; a refusal is one.
    pub async fn ask(&self, topic: &Topic) -> Result<Reply, ApnsError> {
        match self.push(topic, self.tls).await {
            Err(ApnsError::Unavailable { .. }) => self.alert(topic).await,
            answered => answered,
        }
    }

    /// Asks once more by TLS 1.2. Newer TLS lets us in before our certificate is judged, and then says nothing of why the
    /// connection breaks; here the alert comes first.
    async fn alert(&self, topic: &Topic) -> Result<Reply, ApnsError> {
        self.push(topic, Tls { only_1_2: true, ..self.tls }).await
    }

    async fn push(&self, topic: &Topic, tls: Tls<'_>) -> Result<Reply, ApnsError> {
        let client = self.client(&tls)?;
        let token = made_up();
        let request = client
            .post(format!("https://{}/3/device/{token}", self.host))
            .header("apns-topic", topic.as_str())
            .header("apns-push-type", "mdm")
            .header("apns-expiration", "0")
            .body(format!("{{\"mdm\":\"{}\"}}", made_up()));
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return self.broken(&error),
        };
        if response.version() != Version::HTTP_2 {
            return Err(ApnsError::NotHttp2 { host: self.host.to_owned() });
        }
        let mut body = vec![];
        while let Some(part) = response.chunk().await.map_err(|error| self.unavailable(&error))? {
            body.extend_from_slice(&part);
            if body.len() > LIMIT {
                break;
            }
        }
        tracing::debug!(host = self.host, status = response.status().as_u16(), "asked APNs");
        Ok(Reply::Answer { status: response.status().as_u16(), reason: reason(&body) })
    }

    fn client(&self, tls: &Tls<'_>) -> Result<Client, ApnsError> {
        let mut config = tls::configured(tls)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let builder = Client::builder()
            .user_agent(concat!("pushcert/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .tls_backend_preconfigured(config)
            .http2_prior_knowledge()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            // Proxies that look into TLS cannot pass a client certificate on.
            .no_proxy()
            .timeout(self.timeout);
        builder.build().map_err(|error| self.unavailable(&error))
    }

    fn broken(&self, error: &reqwest::Error) -> Result<Reply, ApnsError> {
        if let Some(alert) = certificate_alert(error) {
            return Ok(Reply::Alert(alert));
        }
        match http::not_trusted(error) {
            Some(why) => Err(ApnsError::NotTrusted { host: self.host.to_owned(), why }),
            None => Err(self.unavailable(error)),
        }
    }

    fn unavailable(&self, error: &reqwest::Error) -> ApnsError {
        ApnsError::Unavailable { host: self.host.to_owned(), why: http::innermost(error) }
    }
}

/// Sixty-four hexadecimal digits, as long as a device token, and nobody's.
fn made_up() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    HEXLOWER.encode(&bytes)
}

fn reason(body: &[u8]) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let reason = said.get("reason").and_then(Value::as_str).unwrap_or_default();
    printable(reason).chars().take(64).collect()
}
