//! `init`: a tenant is written into the configuration, by questions or by flags.

use std::path::PathBuf;

use pushcert_papers::{Fingerprint, TenantName, Topic, renewal::guide, watch::Seen};

use super::{
    Ask, Event, Failure, Kind, Outcome, World,
    adopt::{self, Brought, Evidence},
    devices::{fleet, gap},
    ledger::Ledger,
};
use crate::{
    config::{Config, Product, Tenant},
    mdm::{Fleet, Mdm, MdmError, Scope},
};

/// What is known of the new tenant beforehand; what is missing is asked.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Its name.
    pub tenant: Option<TenantName>,
    /// The kind of its server, in a word of the configuration.
    pub mdm: Option<String>,
    /// Where the server is.
    pub url: Option<String>,
    /// Who signs in.
    pub username: Option<String>,
    /// Where the password comes from.
    pub password: Option<PasswordPlace>,
    /// The one TLS certificate that the server must show.
    pub server_certificate_sha256: Option<Fingerprint>,
    /// Authorities for the server's TLS.
    pub ca_file: Option<PathBuf>,
    /// The Apple account that owns the row.
    pub apple_account: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who stands in.
    pub deputy: Option<String>,
    /// The shared mailbox behind the Apple account.
    pub mailbox: Option<String>,
    /// No sign-in at all: every step of the server's is done by a person.
    pub guided: bool,
}

/// Where a password comes from; never the password itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasswordPlace {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// A program and its arguments, as a shell would read them.
    Command(String),
    /// A variable of the environment.
    Env(String),
    /// An entry of the keyring.
    Keyring(String),
    /// A credential of systemd.
    Credential(String),
}

impl PasswordPlace {
    /// The place that a person named: `command: …`, `env: …`, `keyring: …`, `credential: …`, or else a file.
    fn read(words: &str) -> Self {
        let named = words.split_once(':').map(|(kind, rest)| (kind.trim(), rest.trim().to_owned()));
        match named {
            Some(("command", rest)) => Self::Command(rest),
            Some(("env", rest)) => Self::Env(rest),
            Some(("keyring", rest)) => Self::Keyring(rest),
            Some(("credential", rest)) => Self::Credential(rest),
            _ => Self::File(words.into()),
        }
    }

    /// The source as the configuration writes it.
    fn source(&self) -> Result<String, Failure> {
        Ok(match self {
            Self::File(path) if path.as_os_str() == "-" => "{ stdin = true }".into(),
            Self::File(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("{{ file = {} }}", quoted(&path.display().to_string()))
            }
            Self::Command(command) => {
                let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
                    Failure::new(
                        Kind::Usage,
                        "password",
                        "the command for the password has an open quotation mark, or nothing in it",
                    )
                })?;
                format!("{{ command = {} }}", toml::Value::from(words))
            }
            Self::Env(name) => format!("{{ env = {} }}", quoted(name)),
            Self::Keyring(name) => format!("{{ keyring = {} }}", quoted(name)),
            Self::Credential(name) => format!("{{ credential = {} }}", quoted(name)),
        })
    }
}

/// A tenant that is about to be configured.
#[derive(Debug)]
pub struct Draft {
    /// Its name.
    pub name: TenantName,
    /// Its table in the configuration.
    pub table: String,
}

/// Gathers what must be known, asking for what is missing.
///
/// # Errors
/// When something that must be known is missing and nobody is there to ask, or cannot be used.
pub fn draft(ask: &dyn Ask, wish: &Wish, known: &Config) -> Result<Draft, Failure> {
    let name = match &wish.tenant {
        Some(name) => name.clone(),
        None => needed(ask, "TENANT", "A short name for the tenant, such as acme")?
            .parse()
            .map_err(|error| Failure::new(Kind::Usage, "tenant", error))?,
    };
    if known.tenants.contains_key(&name) {
        return Err(Failure::new(Kind::Usage, "exists", format!("{name} is configured already"))
            .hinted("change it in the configuration; pushcert config check  judges it afterwards"));
    }
    let mdm = given(ask, wish.mdm.as_deref(), "--mdm", "Its server: mobileiron-cloud, mobileiron-core or manual")?;
    let mut table = Table::new(&name);
    table.text("mdm", Some(&mdm));
    let manual = Product::WORDS.iter().any(|(word, product)| *word == mdm && *product == Product::Manual);
    if !manual {
        table.text("url", Some(&given(ask, wish.url.as_deref(), "--url", "The address of its console, https://…")?));
        table.path("ca_file", wish.ca_file.as_ref());
        table.text(
            "server_certificate_sha256",
            wish.server_certificate_sha256.map(|sha256| sha256.to_string()).as_deref(),
        );
    }
    if !manual && !wish.guided {
        let username =
            given(ask, wish.username.as_deref(), "--username", "The account of the interface (its user name)")?;
        table.text("username", Some(&username));
        password(&mut table, ask, wish)?;
    }
    table.text(
        "apple_account",
        optional(ask, wish.apple_account.as_ref(), "The Apple account that owns the row").as_deref(),
    );
    table
        .text("owner", optional(ask, wish.owner.as_ref(), "Who answers for it: a team with a mail address").as_deref());
    table.text("deputy", optional(ask, wish.deputy.as_ref(), "Who stands in").as_deref());
    table.text(
        "mailbox",
        optional(ask, wish.mailbox.as_ref(), "The shared mailbox behind the Apple account").as_deref(),
    );
    Ok(Draft { name, table: table.0 })
}

/// The password's place: without one it is asked for in every run.
fn password(table: &mut Table, ask: &dyn Ask, wish: &Wish) -> Result<(), Failure> {
    let question = "Where its password comes from: a file that only you may read, or  command: …  keyring: …  env: …  \
                    credential: …  (empty: it is asked for in every run)";
    let place = wish.password.clone().or_else(|| ask.words(question).map(|words| PasswordPlace::read(&words)));
    if let Some(place) = place {
        table.line("password", &place.source()?);
    }
    Ok(())
}

fn needed(ask: &dyn Ask, flag: &str, question: &str) -> Result<String, Failure> {
    ask.words(question).ok_or_else(|| {
        Failure::new(Kind::Usage, "missing", format!("{flag} is missing, and nobody is here to be asked"))
            .hinted("give it on the command line, or run the command in a terminal")
    })
}

fn given(ask: &dyn Ask, known: Option<&str>, flag: &str, question: &str) -> Result<String, Failure> {
    known.map_or_else(|| needed(ask, flag, question), |known| Ok(known.to_owned()))
}

fn optional(ask: &dyn Ask, known: Option<&String>, question: &str) -> Option<String> {
    known.cloned().or_else(|| ask.words(&format!("{question} (empty: not recorded)")))
}

/// A table of the configuration, written line by line.
struct Table(String);

impl Table {
    fn new(name: &TenantName) -> Self {
        Self(format!("[tenants.{name}]\n"))
    }

    fn line(&mut self, key: &str, value: &str) {
        self.0.extend([key, " = ", value, "\n"]);
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.line(key, &quoted(value));
        }
    }

    fn path(&mut self, key: &str, path: Option<&PathBuf>) {
        let absolute = path.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        self.text(key, absolute.map(|path| path.display().to_string()).as_deref());
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// What was learned of a new tenant.
#[derive(Debug, Default)]
pub struct Acquainted {
    /// What its console shows.
    pub seen: Option<Seen>,
    /// Its devices, as far as they can be looked at.
    pub fleet: Option<Fleet>,
}

/// Tries the sign-in of a tenant, and records what its server shows. Nothing is tried where nobody may sign in.
///
/// # Errors
/// When the server refuses the sign-in, or does not answer.
pub async fn acquaint(world: &World<'_>, name: &TenantName) -> Result<Acquainted, Failure> {
    let tenant = world.tenant(name)?;
    if tenant.username.is_none() && tenant.client_certificate.is_none() {
        world.tell(Event::Note("No sign-in: every step in the console is yours, guided by cards."));
        return Ok(Acquainted::default());
    }
    let server = world.servers.connect(tenant).await?;
    let fleet = match fleet(world, &*server.mdm).await {
        Ok(fleet) => fleet,
        Err(MdmError::NoInterface(_)) => {
            world.tell(Event::Note("No password was given, so the sign-in was not tried."));
            return Ok(Acquainted::default());
        }
        Err(error) => return Err(world.failed(tenant, error).await),
    };
    let count = guide::thousands(fleet.devices.len() as u64);
    world.tell(Event::Note(&format!("The sign-in works: {count} Apple devices{}.", place(&fleet))));
    if let Some(gap) = gap(&fleet) {
        world.tell(Event::Note(&gap));
    }
    let seen = if server.reach.read { look(world, tenant, &*server.mdm).await? } else { None };
    Ok(Acquainted { seen, fleet: Some(fleet) })
}

/// Has the installed certificate recorded and its topic confirmed: from what is in hand, from what the console showed, or
/// from what a person brings now.
///
/// # Errors
/// When what was brought is not what it should be, or the store cannot be written.
pub async fn adopt_installed(
    world: &World<'_>,
    name: &TenantName,
    given: Option<Brought>,
    known: &Acquainted,
    confirmed: Option<Topic>,
) -> Outcome {
    let shown = known.seen.as_ref().and_then(|seen| seen.installed.as_ref());
    let from_console = shown.filter(|installed| installed.topic.is_some() && given.is_none());
    if let Some(installed) = from_console {
        return adopt::confirm_seen(world, name, installed, known.fleet.as_ref(), confirmed).await;
    }
    if let Some(given) = given {
        return adopt::record(world, name, given, confirmed).await;
    }
    if let Some(evidence) = brought(world.ask) {
        return adopt::adopt(world, name, &evidence, confirmed).await;
    }
    world.tell(Event::Note(&format!("Next: say which certificate is installed:  pushcert adopt {name} FILE")));
    Ok(None)
}

/// What a person has of the installed certificate.
fn brought(ask: &dyn Ask) -> Option<Evidence> {
    let question = "The certificate that is installed now: its file, the console's page saved from the browser (.html), or  \
                    paste  to paste that page's text (empty: later)";
    let words = ask.words(question)?;
    let ending = std::path::Path::new(&words).extension().map(std::ffi::OsStr::to_ascii_lowercase);
    match ending.as_deref().and_then(std::ffi::OsStr::to_str) {
        _ if words == "paste" => ask
            .pasted("Paste the text of the page, and end it with a line that is a full stop alone:")
            .map(Evidence::Pasted),
        Some("html" | "htm" | "mhtml") => Some(Evidence::Page(words.into())),
        _ => Some(Evidence::File(words.into())),
    }
}

fn place(fleet: &Fleet) -> String {
    match fleet.scope {
        Scope::Spaces(count) if count > 1 => format!(" in {count} spaces"),
        _ => String::new(),
    }
}

/// Keeps what the console shows.
async fn look(world: &World<'_>, tenant: &Tenant, mdm: &dyn Mdm) -> Result<Option<Seen>, Failure> {
    match mdm.installed().await {
        Ok(seen) => Ledger::open(world, tenant).await?.saw(seen).await.map(Some),
        Err(error @ MdmError::SignInRefused { .. }) => Err(world.failed(tenant, error).await),
        Err(error) => {
            world.tell(Event::Note(&format!("The installed certificate could not be read: {error}.")));
            Ok(None)
        }
    }
}
