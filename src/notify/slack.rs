//! Slack, by an incoming webhook. Slack's own marks are written out, so that nobody's text calls anybody.

use async_trait::async_trait;
use pushcert_papers::{Time, watch::Severity};
use serde_json::{Value, json};

use super::{Channel, Message, Post, SendError, text};

/// A Slack channel.
pub struct Slack {
    post: Post,
}

impl Slack {
    /// The channel behind this webhook.
    pub const fn new(post: Post) -> Self {
        Self { post }
    }
}

#[async_trait(?Send)]
impl Channel for Slack {
    async fn send(&self, message: &Message, _now: Time) -> Result<(), SendError> {
        self.post.json(card(message).to_string().into_bytes(), &[]).await
    }
}

/// Texts in it are plain, and none is read as a mark; only the emergency's call to everybody is.
fn card(message: &Message) -> Value {
    let plain = |text: String| json!({ "type": "plain_text", "text": text, "emoji": false });
    let call = if is_loud(message) { "<!channel> " } else { "" };
    let mut action = format!("What to do now: {}", message.action);
    if let Some(command) = &message.command {
        action = format!("{action}\n{command}");
    }
    let facts: Vec<_> = text::facts(message).into_iter().map(|(label, value)| format!("{label}: {value}")).collect();
    json!({
        "text": format!("{call}{}", escaped(&text::headline(message))),
        "blocks": [
            { "type": "section", "text": { "type": "mrkdwn", "text": format!("{call}*{}*", escaped(&unmarked(&text::headline(message)))) } },
            { "type": "section", "text": plain(message.what.clone()) },
            { "type": "section", "text": plain(action) },
            { "type": "context", "elements": [plain(facts.join("\n"))] },
        ],
    })
}

fn is_loud(message: &Message) -> bool {
    message.severity == Severity::Emergency && !message.recovered && !message.test
}

/// Slack's three characters that begin a mark.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Without the characters that end bold print.
fn unmarked(text: &str) -> String {
    text.replace(['*', '_', '~', '`'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::text::tests::message;

    #[test]
    fn nobody_is_called_by_anybody_elses_text() {
        let shout = Message { title: "acme: <!channel> *x* <@U1>".into(), ..message() };
        let card = card(&shout);
        let marked = [&card["text"], &card["blocks"][0]["text"]["text"]].map(ToString::to_string).join("");
        assert!(!marked.contains('<') && marked.contains("&lt;!channel&gt;"), "{marked}");
        let rest = [&card["blocks"][1]["text"], &card["blocks"][2]["text"], &card["blocks"][3]["elements"][0]];
        assert!(rest.iter().all(|part| part["type"] == "plain_text"), "{card}");
    }

    #[test]
    fn an_emergency_calls_everybody_and_its_end_does_not() {
        let emergency = Message { severity: Severity::Emergency, ..message() };
        assert!(card(&emergency)["text"].as_str().is_some_and(|text| text.starts_with("<!channel> ")));
        assert!(!card(&Message { recovered: true, ..emergency }).to_string().contains("<!channel> [pushcert]"));
    }
}
