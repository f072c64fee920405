//! Channels for alerts, as configured: which kind, which alerts go there, and where its secrets come from.

use std::path::{Path, PathBuf};

use pushcert_papers::watch::Severity;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{SecretSource, file::with_nearest, nearest};

/// A channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Channel {
    /// Its name in records and metrics.
    pub name: String,
    /// Only alerts of tenants with one of these tags go there; of all tenants when it is empty.
    pub tags: Vec<String>,
    /// Only alerts that are at least so grave go there.
    pub severity: Severity,
    /// By which way.
    pub way: Way,
}

/// The ways to a channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// Mail by SMTP.
    Mail(Mail),
    /// JSON to a web address, signed where there is a secret.
    Webhook {
        /// The address and how it is trusted.
        to: Address,
        /// What it is signed with.
        secret: Option<SecretSource>,
    },
    /// Slack.
    Slack(Address),
    /// Microsoft Teams.
    Teams(Address),
    /// ntfy.
    Ntfy {
        /// The address of the topic, and how it is trusted.
        to: Address,
        /// The token of the access.
        token: Option<SecretSource>,
    },
    /// A program: its name and its arguments.
    Hook(Vec<String>),
}

impl Way {
    /// The words of a configuration.
    pub const WORDS: [&'static str; 6] = ["mail", "webhook", "slack", "teams", "ntfy", "hook"];

    /// Its word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Webhook { .. } => "webhook",
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::Ntfy { .. } => "ntfy",
            Self::Hook(_) => "hook",
        }
    }
}

/// A web address, which is a secret: whoever knows it may post there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// Where it comes from.
    pub url: SecretSource,
    /// Authorities to trust, in PEM, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A mail server, the sender and the receivers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub tls: MailTls,
    /// Who signs in, and with what.
    pub sign_in: Option<(String, SecretSource)>,
    /// Authorities to trust, in PEM, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

/// How the way to a mail server is protected.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// By STARTTLS, or nothing is sent.
    StartTls,
    /// From the first octet.
    Implicit,
    /// Not at all; only for a server on this machine.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAddress {
    url: SecretSource,
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWebhook {
    url: SecretSource,
    secret: Option<SecretSource>,
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNtfy {
    url: SecretSource,
    token: Option<SecretSource>,
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHook {
    command: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMail {
    host: String,
    port: Option<u16>,
    tls: Option<MailTls>,
    username: Option<String>,
    password: Option<SecretSource>,
    ca_file: Option<PathBuf>,
    from: String,
    to: Vec<String>,
}

/// Reads a channel; or says everything that is wrong with it.
pub(super) fn read(value: toml::Value, folder: &Path) -> Result<Channel, Vec<String>> {
    let toml::Value::Table(mut table) = value else { return Err(vec!["a channel is a table".into()]) };
    let kind = kind(table.remove("kind")).map_err(|problem| vec![problem])?;
    let mut problems = vec![];
    let name = take(&mut table, "name", &mut problems).unwrap_or_else(|| kind.to_owned());
    let tags = take(&mut table, "tags", &mut problems).unwrap_or_default();
    let severity = take(&mut table, "severity", &mut problems).unwrap_or(Severity::Info);
    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '"') {
        problems.push("`name` is a short text for records and metrics".into());
    }
    if matches!(table.get("url"), Some(toml::Value::String(_))) {
        problems.push("`url` is a secret, since whoever knows it may post there: say where it comes from, such as url = { file = \"…\" }".into());
        return Err(problems);
    }
    let way = way(kind, toml::Value::Table(table), folder).map_err(|problem| problems.push(problem));
    match way {
        Ok(way) if problems.is_empty() => Ok(Channel { name, tags, severity, way }),
        _ => Err(problems),
    }
}

fn kind(value: Option<toml::Value>) -> Result<&'static str, String> {
    let listed = Way::WORDS.join(", ");
    let Some(value) = value else { return Err(format!("`kind` is missing; it is one of {listed}")) };
    let word = value.as_str().unwrap_or_default();
    Way::WORDS.into_iter().find(|known| *known == word).ok_or_else(|| match nearest::to(word, Way::WORDS.into_iter()) {
        Some(near) => format!("`kind` cannot be {word:?}; did you mean {near:?}?"),
        None => format!("`kind` cannot be {word:?}; it is one of {listed}"),
    })
}

/// A key that every channel may have.
fn take<T: DeserializeOwned>(table: &mut toml::Table, key: &str, problems: &mut Vec<String>) -> Option<T> {
    let value = table.remove(key)?;
    value.try_into().map_err(|error: toml::de::Error| problems.push(format!("`{key}`: {}", error.message()))).ok()
}

fn keys<T: DeserializeOwned>(value: toml::Value) -> Result<T, String> {
    value.try_into().map_err(|error: toml::de::Error| with_nearest(error.message()))
}

fn way(kind: &str, value: toml::Value, folder: &Path) -> Result<Way, String> {
    let address = |url: SecretSource, ca_file: Option<PathBuf>| Address {
        url: url.relative_to(folder),
        ca_file: ca_file.map(|path| folder.join(path)),
    };
    let secret = |source: Option<SecretSource>| source.map(|source| source.relative_to(folder));
    Ok(match kind {
        "mail" => Way::Mail(mail(keys(value)?, folder)?),
        "webhook" => {
            let raw: RawWebhook = keys(value)?;
            Way::Webhook { to: address(raw.url, raw.ca_file), secret: secret(raw.secret) }
        }
        "ntfy" => {
            let raw: RawNtfy = keys(value)?;
            Way::Ntfy { to: address(raw.url, raw.ca_file), token: secret(raw.token) }
        }
        "hook" => {
            let RawHook { command } = keys(value)?;
            if command.first().is_none_or(|program| !Path::new(program).is_absolute()) {
                return Err("`command` is the program's whole path, and its arguments: no shell is involved".into());
            }
            Way::Hook(command)
        }
        chat => {
            let raw: RawAddress = keys(value)?;
            let to = address(raw.url, raw.ca_file);
            if chat == "slack" { Way::Slack(to) } else { Way::Teams(to) }
        }
    })
}

fn mail(raw: RawMail, folder: &Path) -> Result<Mail, String> {
    let tls = raw.tls.unwrap_or(MailTls::StartTls);
    let local = raw.host == "localhost" || raw.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if tls == MailTls::None && !local {
        return Err(
            "`tls` can be \"none\" only for a server on this machine; it is \"starttls\" or \"implicit\"".into()
        );
    }
    if raw.to.is_empty() {
        return Err("`to` is empty: who gets the mail?".into());
    }
    let wrong = raw.to.iter().chain([&raw.from]).find(|address| !is_mail_address(address));
    if let Some(address) = wrong {
        let key = if *address == raw.from { "from" } else { "to" };
        return Err(format!("`{key}`: {address:?} is no mail address; write IT <it@acme.example> or it@acme.example"));
    }
    let sign_in = match (raw.username, raw.password) {
        (Some(name), Some(source)) => Some((name, source.relative_to(folder))),
        (None, None) => None,
        _ => return Err("`username` and `password` belong together".into()),
    };
    if tls == MailTls::None && sign_in.is_some() {
        return Err("`password` is not sent without TLS".into());
    }
    let usual = match tls {
        MailTls::StartTls => 587,
        MailTls::Implicit => 465,
        MailTls::None => 25,
    };
    Ok(Mail {
        host: raw.host,
        port: raw.port.unwrap_or(usual),
        tls,
        sign_in,
        ca_file: raw.ca_file.map(|path| folder.join(path)),
        from: raw.from,
        to: raw.to,
    })
}

fn is_mail_address(text: &str) -> bool {
    text.parse::<lettre::message::Mailbox>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(text: &str) -> Result<Channel, Vec<String>> {
        read(toml::Value::Table(toml::from_str(text).expect("TOML")), Path::new("/etc/pushcert"))
    }

    const MAIL: &str =
        "kind = \"mail\"\nhost = \"smtp.acme.example\"\nfrom = \"a@acme.example\"\nto = [\"b@acme.example\"]\n";

    #[test]
    fn a_channel_of_each_kind() {
        let url = "url = { file = \"hook.url\" }";
        let texts = [
            MAIL.to_owned(),
            format!("kind = \"webhook\"\n{url}\nsecret = {{ env = \"S\" }}"),
            format!("kind = \"slack\"\n{url}\nca_file = \"ca.pem\""),
            format!("kind = \"teams\"\n{url}"),
            format!("kind = \"ntfy\"\n{url}\ntoken = {{ credential = \"ntfy\" }}"),
            "kind = \"hook\"\ncommand = [\"/usr/local/bin/alert\", \"--loud\"]".to_owned(),
        ];
        for (text, word) in texts.iter().zip(Way::WORDS) {
            let found = channel(text).expect("a channel");
            assert_eq!((found.way.word(), found.name.as_str(), found.severity), (word, word, Severity::Info));
        }
        let Way::Slack(to) = channel(&texts[2]).expect("a channel").way else { panic!("it is Slack") };
        assert_eq!(to.url, SecretSource::File("/etc/pushcert/hook.url".into()));
        assert_eq!(to.ca_file.as_deref(), Some(Path::new("/etc/pushcert/ca.pem")));
    }

    #[test]
    fn mail_is_protected_unless_it_stays_on_this_machine() {
        let with = |more: &str| channel(&format!("{MAIL}{more}"));
        let port = |more: &str| match with(more).expect("a channel").way {
            Way::Mail(mail) => (mail.tls, mail.port),
            other => panic!("{other:?}"),
        };
        assert_eq!(port(""), (MailTls::StartTls, 587));
        assert_eq!(port("tls = \"implicit\""), (MailTls::Implicit, 465));
        assert_eq!(port("port = 2525"), (MailTls::StartTls, 2525));
        assert!(with("tls = \"none\"").is_err());
        let local = MAIL.replace("smtp.acme.example", "localhost");
        assert!(channel(&format!("{local}tls = \"none\"")).is_ok());
        let signed = "username = \"a\"\npassword = { env = \"P\" }";
        assert!(channel(&format!("{local}tls = \"none\"\n{signed}")).is_err(), "no password without TLS");
        assert!(with(signed).is_ok() && with("username = \"a\"").is_err());
    }

    #[test]
    fn what_is_wrong_is_said_with_the_nearest_word() {
        let table = [
            ("", "`kind` is missing"),
            ("kind = \"email\"", "did you mean \"mail\"?"),
            ("kind = \"pager\"", "it is one of mail, webhook"),
            ("kind = \"slack\"\nurl = \"https://hooks.example.com/secret\"", "`url` is a secret"),
            ("kind = \"slack\"\nurl = { file = \"u\" }\nseverity = \"fatal\"", "`severity`"),
            ("kind = \"slack\"\nurl = { file = \"u\" }\ntoken = { file = \"t\" }", "unknown key `token`"),
            ("kind = \"mail\"\nhots = \"x\"", "unknown key `hots`; did you mean `host`?"),
            ("kind = \"hook\"\ncommand = [\"alert\"]", "whole path"),
            ("kind = \"hook\"\ncommand = []", "whole path"),
            (
                "kind = \"mail\"\nhost = \"h\"\nfrom = \"a\"\nto = [\"b@acme.example\"]",
                "`from`: \"a\" is no mail address",
            ),
        ];
        for (text, wanted) in table {
            let found = channel(text).expect_err("it is wrong").join("\n");
            assert!(found.contains(wanted), "{text}: {found}");
            assert!(!found.contains("hooks.example.com"), "the address is a secret");
        }
    }
}
