//! `init`: a tenant is written into the configuration, by questions or by flags.

use std::path::PathBuf;

use pushcert_papers::{TenantName, renewal::guide, watch::Seen};

use super::{
    Ask, Event, Failure, Kind, World,
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
