//! `init`: a tenant is written into the configuration, by questions or by flags.

use std::path::PathBuf;

use pushcert_papers::{TenantName, watch::Seen};

use super::{Ask, Event, Failure, Kind, World, ledger::Ledger};
use crate::config::{Config, Product};

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
    /// The file of the password.
    pub password_file: Option<PathBuf>,
    /// The program that prints the password.
    pub password_command: Option<String>,
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

/// The password's place, never the password: without a place it is asked for in every run.
fn password(table: &mut Table, ask: &dyn Ask, wish: &Wish) -> Result<(), Failure> {
    if let Some(command) = &wish.password_command {
        let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
            Failure::new(Kind::Usage, "password", "--password-command has an open quotation mark, or nothing in it")
        })?;
        table.line("password", &format!("{{ command = {} }}", toml::Value::from(words)));
        return Ok(());
    }
    let question = "The file with its password, which only you may read (empty: it is asked for in every run)";
    let asked = || ask.words(question).map(PathBuf::from);
    if let Some(path) = wish.password_file.clone().or_else(asked) {
        let path = std::path::absolute(&path).unwrap_or(path);
        table.line("password", &format!("{{ file = {} }}", quoted(&path.display().to_string())));
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

/// Tries the sign-in of a tenant, and records what its server shows. Nothing is tried where nobody may sign in.
///
/// # Errors
/// When the server refuses the sign-in, or does not answer.
pub async fn acquaint(world: &World<'_>, name: &TenantName) -> Result<(), Failure> {
    let tenant = world.tenant(name)?;
    if tenant.username.is_none() {
        world.tell(Event::Note("No sign-in: every step in the console is yours, guided by cards."));
        return Ok(());
    }
    let server = world.servers.connect(tenant).await?;
    let devices = match server.mdm.apple_devices().await {
        Ok(devices) => devices,
        Err(error) => return Err(world.failed(tenant, error).await),
    };
    world.tell(Event::Note(&format!("The sign-in works: {devices} Apple devices.")));
    if server.reach.read {
        match server.mdm.installed().await {
            Ok(seen) => look(world, tenant, seen, &*server.mdm).await?,
            Err(error) => world.tell(Event::Note(&format!("The installed certificate could not be read: {error}."))),
        }
    }
    Ok(())
}

/// Keeps what the console shows, and compares it with what devices do.
async fn look(
    world: &World<'_>,
    tenant: &crate::config::Tenant,
    seen: Seen,
    mdm: &dyn crate::mdm::Mdm,
) -> Result<(), Failure> {
    let ledger = Ledger::open(world, tenant).await?;
    let seen = ledger.saw(seen).await?;
    let Some(begin) = seen.installed.as_ref().and_then(|installed| installed.not_before) else { return Ok(()) };
    let Ok(recent) = mdm.recent_devices(1).await else { return Ok(()) };
    let last = recent.first().and_then(|device| device.last_check_in);
    if last.is_some_and(|last| last < begin) {
        world.tell(Event::Note(&format!(
            "No device has checked in since {}, the first day of the installed certificate: it may have another topic than the \
             one before. Look for that one before you confirm a topic.",
            begin.date()
        )));
    }
    Ok(())
}
