//! Microsoft Teams, by a workflow that posts an Adaptive Card. Every text is a `TextRun`, in which nothing is a mark.

use async_trait::async_trait;
use pushcert_papers::{Time, watch::Severity};
use serde_json::{Value, json};

use super::{Channel, Message, Post, SendError, text};

/// A channel or chat in Teams.
pub struct Teams {
    post: Post,
}

impl Teams {
    /// Whatever the workflow behind this address posts to.
    pub const fn new(post: Post) -> Self {
        Self { post }
    }
}

#[async_trait(?Send)]
impl Channel for Teams {
    async fn send(&self, message: &Message, _now: Time) -> Result<(), SendError> {
        self.post.json(card(message).to_string().into_bytes(), &[]).await
    }
}

fn card(message: &Message) -> Value {
    let mut body = vec![
        paragraph(&[json!({
            "type": "TextRun", "text": text::headline(message), "weight": "bolder", "size": "large", "color": color(message),
        })]),
        paragraph(&[run(&message.what)]),
        paragraph(&[bold("What to do now: "), run(&message.action)]),
    ];
    if let Some(command) = &message.command {
        body.push(paragraph(&[json!({ "type": "TextRun", "text": command, "fontType": "monospace" })]));
    }
    let facts = text::facts(message);
    body.extend(facts.iter().map(|(label, value)| paragraph(&[bold(&format!("{label}: ")), run(value)])));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": text::headline(message),
                "msteams": { "width": "Full" },
                "body": body,
            },
        }],
    })
}

fn paragraph(runs: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs })
}

fn run(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text })
}

fn bold(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "weight": "bolder" })
}

const fn color(message: &Message) -> &'static str {
    match (message.recovered, message.severity) {
        (true, _) => "good",
        (_, Severity::Info) => "accent",
        (_, Severity::Warning) => "warning",
        _ => "attention",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::text::tests::message;

    #[test]
    fn every_text_is_a_run() {
        let card = card(&message());
        let content = &card["attachments"][0]["content"];
        let body = content["body"].as_array().expect("a body");
        let runs = body.iter().flat_map(|block| block["inlines"].as_array().expect("runs"));
        assert!(runs.clone().all(|run| run["type"] == "TextRun"), "{card}");
        assert!(runs.clone().any(|run| run["text"] == "pushcert renew acme"), "{card}");
        assert!(content.get("msteams").is_some_and(|marks| marks.get("entities").is_none()), "nobody is called");
    }
}
