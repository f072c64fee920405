//! A webhook: the message as JSON, signed, with a key by which a repeat is recognised.

use async_trait::async_trait;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use data_encoding::HEXLOWER;
use pushcert_papers::{Secret, Time};
use serde_json::{Value, json};

use super::{Channel, Message, Post, SendError};

/// A webhook.
pub struct Webhook {
    post: Post,
    secret: Option<Secret>,
}

impl Webhook {
    /// A webhook; what it gets is signed where there is a secret.
    pub const fn new(post: Post, secret: Option<Secret>) -> Self {
        Self { post, secret }
    }
}

#[async_trait(?Send)]
impl Channel for Webhook {
    async fn send(&self, message: &Message, now: Time) -> Result<(), SendError> {
        let body = document(message).to_string().into_bytes();
        let mut headers = vec![("Idempotency-Key", message.id.clone()), ("Pushcert-Timestamp", now.unix().to_string())];
        if let Some(secret) = &self.secret {
            headers.push(("Pushcert-Signature", signature(secret, now, &body)));
        }
        self.post.json(body, &headers).await
    }
}

/// The message with its schema's name first.
pub(super) fn document(message: &Message) -> Value {
    let mut document = json!({ "schema": "pushcert/alert/1" });
    if let (Value::Object(document), Ok(Value::Object(fields))) = (&mut document, serde_json::to_value(message)) {
        document.extend(fields);
    }
    document
}

/// HMAC-SHA256 over the timestamp, a full stop, and the body: an old message that is sent again by somebody else shows its
/// age.
fn signature(secret: &Secret, now: Time, body: &[u8]) -> String {
    let key = Key::new(HMAC_SHA256, secret.reveal().as_bytes());
    let signed = [format!("{}.", now.unix()).as_bytes(), body].concat();
    format!("sha256={}", HEXLOWER.encode(sign(&key, &signed).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_openssl_does() {
        // printf '1800000000.{}' | openssl dgst -sha256 -hmac 'correct horse'
        let found = signature(&Secret::new("correct horse"), Time::from_unix(1_800_000_000), b"{}");
        assert_eq!(found, "sha256=c942e83fc0c2dd3b156e5537a49b3f163143407950c33f8c5bcd318fc740c870");
    }
}
