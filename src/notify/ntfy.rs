//! ntfy: a push message to telephones, by the JSON form of its interface.

use async_trait::async_trait;
use pushcert_papers::{Secret, Time, watch::Severity};
use reqwest::{Url, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::{Channel, Message, Post, SendError, text};

/// A topic of an ntfy server.
pub struct Ntfy {
    post: Post,
    topic: String,
    token: Option<Secret>,
}

impl Ntfy {
    /// The address of the server alone, and the topic, of an address such as `https://ntfy.example.com/alerts`; `None` when
    /// it names no topic.
    pub fn address(of_the_topic: &Url) -> Option<(Url, String)> {
        let topic = of_the_topic.path_segments()?.next_back().filter(|topic| !topic.is_empty())?.to_owned();
        let mut server = of_the_topic.clone();
        server.path_segments_mut().ok()?.pop();
        Some((server, topic))
    }

    /// A topic of the server that is posted to.
    pub const fn new(post: Post, topic: String, token: Option<Secret>) -> Self {
        Self { post, topic, token }
    }
}

#[async_trait(?Send)]
impl Channel for Ntfy {
    async fn send(&self, message: &Message, _now: Time) -> Result<(), SendError> {
        let bearer = self.token.as_ref().map(|token| (AUTHORIZATION.as_str(), format!("Bearer {}", token.reveal())));
        let headers: Vec<_> = bearer.into_iter().collect();
        self.post.json(note(message, &self.topic).to_string().into_bytes(), &headers).await
    }
}

fn note(message: &Message, topic: &str) -> Value {
    let priority = match (message.recovered || message.test, message.severity) {
        (true, _) | (_, Severity::Info) => 3,
        (_, Severity::Warning) => 4,
        _ => 5,
    };
    // A telephone shows few lines: the facts that nobody needs in bed are left to the mail.
    let command = message.command.as_ref().map(|command| format!("\n\n{command}")).unwrap_or_default();
    let account =
        message.apple_account.as_ref().map(|account| format!("\nApple account: {account}")).unwrap_or_default();
    let body = format!("{}\n\n{}{command}\n{account}\nAlert {}", message.what, message.action, message.id);
    json!({
        "topic": topic, "title": text::headline(message), "message": body, "priority": priority,
        "tags": [message.sound(), message.tenant],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::text::tests::message;

    #[test]
    fn the_topic_is_the_last_part_of_the_address() {
        let parts = |address: &str| {
            Ntfy::address(&Url::parse(address).expect("an address")).map(|(server, topic)| (server.to_string(), topic))
        };
        assert_eq!(
            parts("https://ntfy.example.com/alerts"),
            Some(("https://ntfy.example.com/".into(), "alerts".into()))
        );
        assert_eq!(parts("https://example.com/n/a"), Some(("https://example.com/n".into(), "a".into())));
        assert_eq!(parts("https://ntfy.example.com/"), None);
    }

    #[test]
    fn louder_as_it_is_graver() {
        let priority =
            |severity, recovered| note(&Message { severity, recovered, ..message() }, "t")["priority"].clone();
        let sounds = Severity::ALL.map(|severity| priority(severity, false));
        assert_eq!(sounds, [3, 4, 5, 5].map(Value::from));
        assert_eq!(priority(Severity::Emergency, true), 3);
    }
}
