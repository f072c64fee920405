//! The real channels: each is made anew for every letter, so that a changed secret counts at once.

use std::{rc::Rc, time::Duration};

use async_trait::async_trait;
use pushcert_papers::Secret;
use reqwest::Url;

use crate::{
    commands::{Channels, Failure, Kind},
    config::{
        Channel, SecretError, SecretSource,
        channel::{Address, Mail as MailConfig, MailTls as Protection, Way},
    },
    notify::{self, Hook, Mail, MailServer, MailTls, Ntfy, Post, Slack, Teams, Webhook},
};

/// What a hook sees of our environment: enough to find programs and its home.
const PASSED_ON: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "TZ"];

/// The channels of this world.
pub(super) struct RealChannels {
    /// How long a letter may be on its way.
    pub limit: Duration,
}

#[async_trait(?Send)]
impl Channels for RealChannels {
    async fn connect(&self, channel: &Channel) -> Result<Rc<dyn notify::Channel>, Failure> {
        Ok(match &channel.way {
            Way::Mail(mail) => Rc::new(self.mail(mail).await?),
            Way::Webhook { to, secret } => Rc::new(Webhook::new(self.post(to).await?, perhaps(secret.as_ref()).await?)),
            Way::Slack(to) => Rc::new(Slack::new(self.post(to).await?)),
            Way::Teams(to) => Rc::new(Teams::new(self.post(to).await?)),
            Way::Ntfy { to, token } => {
                let (server, topic) = Ntfy::address(&address(to).await?).ok_or_else(|| {
                    unusable("the address of ntfy names no topic, such as https://ntfy.example.com/topic")
                })?;
                Rc::new(Ntfy::new(self.at(server, to)?, topic, perhaps(token.as_ref()).await?))
            }
            Way::Hook(command) => Rc::new(Hook::new(command.clone(), environment(), self.limit)),
        })
    }

    fn limit(&self) -> Duration {
        self.limit
    }
}

impl RealChannels {
    async fn post(&self, to: &Address) -> Result<Post, Failure> {
        self.at(address(to).await?, to)
    }

    fn at(&self, address: Url, to: &Address) -> Result<Post, Failure> {
        Post::to(address, to.ca_file.as_deref(), self.limit).map_err(unusable)
    }

    async fn mail(&self, mail: &MailConfig) -> Result<Mail, Failure> {
        let sign_in = match &mail.sign_in {
            Some((name, source)) => Some((name.clone(), secret(source).await?)),
            None => None,
        };
        let server = MailServer {
            host: &mail.host,
            port: mail.port,
            tls: match mail.tls {
                Protection::StartTls => MailTls::StartTls,
                Protection::Implicit => MailTls::Implicit,
                Protection::None => MailTls::None,
            },
            ca_file: mail.ca_file.as_deref(),
            sign_in,
            timeout: self.limit,
        };
        Mail::by(&server, &mail.from, &mail.to).map_err(unusable)
    }
}

/// The address, which is a secret: an error does not repeat it.
async fn address(to: &Address) -> Result<Url, Failure> {
    let secret = secret(&to.url).await?;
    let url = Url::parse(secret.reveal()).map_err(|error| unusable(format!("its address is none: {error}")))?;
    if url.scheme() == "https" { Ok(url) } else { Err(unusable("its address must begin with https://")) }
}

async fn perhaps(source: Option<&SecretSource>) -> Result<Option<Secret>, Failure> {
    match source {
        Some(source) => secret(source).await.map(Some),
        None => Ok(None),
    }
}

/// A secret may come from a program that takes its time; nobody else waits for it.
async fn secret(source: &SecretSource) -> Result<Secret, Failure> {
    let source = source.clone();
    let found: Result<Secret, SecretError> = match tokio::task::spawn_blocking(move || source.resolve()).await {
        Ok(found) => found,
        Err(error) => return Err(unusable(error)),
    };
    found.map_err(unusable)
}

fn unusable(error: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Usage, "channel", error).hinted("docs/alerts.md describes every key of a channel")
}

#[expect(clippy::disallowed_methods, reason = "what a hook may see of it")]
fn environment() -> Vec<(String, String)> {
    PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}
