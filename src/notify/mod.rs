//! The port to channels: mail, webhooks, chats, and programs that somebody wrote. A channel takes a message or says why
//! not; whether it is tried again is decided elsewhere.

mod hook;
mod mail;
mod ntfy;
mod post;
mod slack;
mod teams;
mod text;
mod webhook;

use async_trait::async_trait;
use pushcert_papers::{
    Time,
    watch::{Matter, Severity},
};
use serde::{Deserialize, Serialize};

pub use hook::Hook;
pub use mail::{Mail, MailError, MailServer, MailTls};
pub use ntfy::Ntfy;
pub use post::Post;
pub use slack::Slack;
pub use teams::Teams;
pub use webhook::Webhook;

/// A channel.
#[async_trait(?Send)]
pub trait Channel {
    /// Sends a message; it is sent when this returns, and may have been when this is given up.
    ///
    /// # Errors
    /// See [`SendError`].
    async fn send(&self, message: &Message, now: Time) -> Result<(), SendError>;
}

/// Why a message did not go, without the address, which may be a secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The channel was reached, and does not want it as it is.
    #[error("{0}")]
    Refused(String),
    /// The channel was not reached, or cannot take it now.
    #[error("{0}")]
    Unavailable(String),
}

/// What goes to a channel: `pushcert/alert/1`. Texts of others in it are free of control characters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Message {
    /// The same for the same alert, wherever it arrives and however often.
    pub id: String,
    /// The tenant; or the name under which the watch speaks of itself.
    pub tenant: String,
    /// What it is about.
    pub matter: Matter,
    /// Which occasion of it.
    pub occasion: String,
    /// How grave it is; of good news, how grave it was.
    pub severity: Severity,
    /// Whether it is over.
    pub recovered: bool,
    /// Whether somebody only wants to see whether it arrives.
    pub test: bool,
    /// What it says in one line, the tenant's name first.
    pub title: String,
    /// What is the matter.
    pub what: String,
    /// What to do now.
    pub action: String,
    /// The command for it.
    pub command: Option<String>,
    /// The tenant's server: its product, and its host where it has one.
    #[serde(default)]
    pub server: Option<String>,
    /// When the certificate ends.
    pub not_after: Option<Time>,
    /// Days left when this was written.
    pub days_left: Option<i64>,
    /// The Apple account.
    pub apple_account: Option<String>,
    /// Who answers for the tenant.
    pub owner: Option<String>,
    /// How it is known what is installed.
    pub source: Option<String>,
    /// Since when.
    pub seen_at: Option<Time>,
    /// What is known of its revocation.
    pub revocation: Option<String>,
    /// The digest of the last line of the tenant's record.
    pub head: Option<String>,
    /// When this was written.
    pub at: Time,
}

impl Message {
    /// One word for how it should sound: a severity, or `recovered`, or `test`.
    pub const fn sound(&self) -> &'static str {
        match (self.test, self.recovered) {
            (true, _) => "test",
            (_, true) => "recovered",
            _ => self.severity.word(),
        }
    }
}
