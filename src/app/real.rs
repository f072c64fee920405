//! The real world, built once: the user's folders and configuration, the store, the servers, the clock.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;
use pushcert_papers::{
    Fingerprint, Secret, Topic, apns::Reply, console::Profile, escape::printable, renewal::Reach, watch::Source,
};

use super::channels::RealChannels;
use crate::{
    apns::{self, Apns, ApnsError},
    commands::{Ask, Failure, Kind, Reporter, Server, Servers, World},
    config::{
        Config, ConfigError, Console as ConsoleConfig, DeviceInterface, Product, SecretSource, StoreAddress, Tenant,
    },
    mdm::{
        SignIn,
        console::Console,
        manual::Manual,
        mobileiron::{self, Interface, KnownConsole, MobileIron, Way},
    },
    pingone::{self, DeviceRequirements},
    portal::Desk,
    store::{Access, Postgres, Sqlite, Store, StoreError},
    world::{
        clock::{Clock, SystemClock},
        files::{self, FileError, Folders},
        http::{Http, Tls, TlsError},
        tls::Identity,
    },
};

/// Profiles are never larger.
const PROFILE_LIMIT: u64 = 1 << 20;

/// How long devices' answers are awaited: a device that is on answers within seconds, as a rule.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the command line says about the world.
#[derive(Default)]
pub struct Settings {
    /// This configuration, and no other.
    pub config: Option<PathBuf>,
    /// This store.
    pub store: Option<String>,
    /// Hand-off folders below this one.
    pub handoff: Option<PathBuf>,
    /// How long a server may take to answer.
    pub timeout: Duration,
    /// Another clock than the system's.
    pub clock: Option<Rc<dyn Clock>>,
    /// How long devices' answers are awaited, where not as usual.
    pub patience: Option<Duration>,
    /// Whether links may be opened in the person's browser.
    pub browser: bool,
}

/// The real world.
pub struct Real {
    config: Config,
    store: Box<dyn Store>,
    desk: Desk,
    clock: Rc<dyn Clock>,
    who: String,
    timeout: Duration,
    patience: Duration,
}

/// The servers of this world, for one run.
struct RealServers<'a> {
    real: &'a Real,
    ask: &'a dyn Ask,
}

impl Real {
    /// Builds it.
    ///
    /// # Errors
    /// When the configuration cannot be used, or the store cannot be opened.
    pub async fn build(settings: &Settings) -> Result<Self, Failure> {
        let folders = folders()?;
        let config = configured(settings, &folders)?;
        let store = open_store(settings.store.as_deref(), config.store.as_ref(), &folders).await?;
        let handoff = settings
            .handoff
            .clone()
            .or_else(|| config.handoff.clone())
            .unwrap_or_else(|| folders.home.join("pushcert"));
        let downloads = config.downloads.clone().unwrap_or_else(|| folders.downloads());
        Ok(Self {
            desk: Desk::new(handoff, Some(downloads), settings.browser),
            config,
            store,
            clock: settings.clock.clone().unwrap_or_else(|| Rc::new(SystemClock)),
            who: who(),
            timeout: settings.timeout,
            patience: settings.patience.unwrap_or(PATIENCE),
        })
    }

    /// Does something in this world.
    pub async fn live<T>(&self, reporter: &dyn Reporter, ask: &dyn Ask, deed: impl AsyncFnOnce(&World<'_>) -> T) -> T {
        let servers = RealServers { real: self, ask };
        let channels = RealChannels { limit: self.timeout };
        let world = World {
            clock: &*self.clock,
            config: &self.config,
            store: &*self.store,
            servers: &servers,
            channels: &channels,
            portal: &self.desk,
            reporter,
            ask,
            patience: self.patience,
            who: &self.who,
        };
        deed(&world).await
    }
}

/// The user's folders.
///
/// # Errors
/// When the home is not known.
pub(super) fn folders() -> Result<Folders, Failure> {
    Folders::of_the_user().map_err(|error| Failure::new(Kind::Failed, "no-home", error))
}

/// The configuration of these settings.
///
/// # Errors
/// When it cannot be read, or says something that cannot be.
pub(super) fn configured(settings: &Settings, folders: &Folders) -> Result<Config, ConfigError> {
    match &settings.config {
        Some(path) => Config::read(path),
        None => Config::of_the_user(&folders.config),
    }
}

/// Opens the store that the command line names, or else the configuration, or else the user's own.
async fn open_store(
    named: Option<&str>,
    configured: Option<&StoreAddress>,
    folders: &Folders,
) -> Result<Box<dyn Store>, Failure> {
    let Some(address) = named.or_else(|| configured.map(|store| store.url.as_str())) else {
        return Ok(Box::new(Sqlite::open(&folders.state.join("pushcert.sqlite"))?));
    };
    match address.split_once(':') {
        Some(("postgres" | "postgresql", _)) => {
            let access = access(address, configured, folders)?;
            Ok(Box::new(Postgres::open(&access).await?))
        }
        Some(("sqlite", path)) => Ok(Box::new(Sqlite::open(Path::new(path.trim_start_matches("//")))?)),
        // One letter is a drive of Windows.
        Some((engine, _)) if engine.len() > 1 && engine.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            Err(StoreError::UnknownEngine { address: format!("{engine}:…") }.into())
        }
        _ => Ok(Box::new(Sqlite::open(Path::new(address))?)),
    }
}

/// How we get into the database. The configured password is for the configured address alone.
fn access(address: &str, configured: Option<&StoreAddress>, folders: &Folders) -> Result<Access, Failure> {
    let configured = configured.filter(|store| store.url == address);
    #[expect(clippy::disallowed_methods, reason = "PostgreSQL's own variable, as all of its programs read it")]
    let passwords = std::env::var_os("PGPASSFILE").map(PathBuf::from);
    Ok(Access {
        address: address.to_owned(),
        password: configured.and_then(|store| store.password.as_ref()).map(resolve).transpose()?,
        passwords: passwords.or_else(|| Some(folders.home.join(".pgpass"))),
        ca_file: configured.and_then(|store| store.ca_file.clone()),
    })
}

/// The user's name, for the record.
fn who() -> String {
    #[expect(clippy::disallowed_methods, reason = "only the name for the record")]
    let named = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    printable(&named.unwrap_or_else(number)).chars().take(64).collect()
}

/// The user's number, where no name is to be had.
#[cfg(unix)]
fn number() -> String {
    format!("user {}", rustix::process::getuid().as_raw())
}

/// Nothing is known of the user.
#[cfg(not(unix))]
fn number() -> String {
    "unknown".into()
}

#[async_trait(?Send)]
impl Servers for RealServers<'_> {
    async fn connect(&self, tenant: &Tenant) -> Result<Server, Failure> {
        let product = match tenant.product {
            Product::Cloud => mobileiron::Product::Cloud,
            Product::Core => mobileiron::Product::Core,
            Product::Manual => return Ok(Server { mdm: Box::new(Manual), reach: Reach::default() }),
        };
        let sign_in = self.sign_in(tenant).await?;
        // Without a sign-in there is nothing that a tool could ask, unless a certificate says who we are, as CPS takes it.
        let by_certificate = tenant.client_certificate.is_some() && tenant.devices == DeviceInterface::Cps;
        if sign_in.is_none() && !by_certificate {
            return Ok(Server { mdm: Box::new(Manual), reach: Reach::default() });
        }
        let console = sign_in.as_ref().map(|sign_in| self.known_console(tenant, sign_in)).transpose()?.flatten();
        let interface = match tenant.devices {
            DeviceInterface::Native => Interface::Native,
            DeviceInterface::Cps => Interface::Cps,
            DeviceInterface::V1 => Interface::V1,
        };
        let http = self.http(tenant, tenant.cps_url.as_ref())?;
        let way = Way { product, interface, space: tenant.space.clone(), sign_in };
        let server = MobileIron::new(way, http, console, Rc::clone(&self.real.clock));
        Ok(Server { reach: server.reach(), mdm: Box::new(server) })
    }

    async fn pingone(&self, tenant: &Tenant) -> Result<Option<Box<dyn DeviceRequirements>>, Failure> {
        let Some(pingone) = &tenant.credentials.pingone else { return Ok(None) };
        let access = pingone::Access {
            api: pingone.api.clone(),
            auth: pingone.auth.clone(),
            environment: &pingone.environment,
            application: &pingone.application,
            client_id: &pingone.client_id,
            client_secret: resolve(&pingone.client_secret)?,
            ca_file: pingone.ca_file.as_deref(),
        };
        let api = pingone::Api::new(access, self.real.timeout).map_err(|error| {
            Failure::new(Kind::Usage, "tls", error).hinted("look at ca_file of pingone in the configuration")
        })?;
        Ok(Some(Box::new(api)))
    }

    async fn sign_in_refused(&self, tenant: &Tenant) -> Result<(), Failure> {
        if let Some(secret) = tenant.password.as_ref().map(resolve).transpose()? {
            self.real.store.remember_sign_in(&tenant.name, Some((&secret, self.real.clock.now()))).await?;
        }
        Ok(())
    }

    async fn ask_apns(&self, tenant: &Tenant, identity: &Identity, topic: &Topic) -> Result<Reply, Failure> {
        // Apple's own service is trusted by the system's authorities, whoever signed the tenant's server.
        let ca_file = tenant.apns.as_ref().and(tenant.authorities.as_ref()).and(tenant.ca_file.as_deref());
        let tls = Tls { ca_file, identity: Some(identity), ..Tls::default() };
        let host = tenant.apns.as_deref().unwrap_or(apns::HOST);
        let apns = Apns { host, tls, timeout: self.real.timeout };
        apns.ask(topic).await.map_err(apns_failure)
    }
}

fn apns_failure(error: ApnsError) -> Failure {
    let (kind, code, hint) = match &error {
        ApnsError::Tls(_) => (Kind::Usage, "tls", "look at ca_file, and at the certificate that is shown"),
        ApnsError::Unavailable { .. } => (
            Kind::Temporary,
            "unavailable",
            "APNs is reached on port 443 or 2197 (apns = \"api.push.apple.com:2197\"); firewalls must let 17.0.0.0/8 out",
        ),
        ApnsError::NotHttp2 { .. } | ApnsError::NotTrusted { .. } => {
            (Kind::Failed, "not-trusted", "nothing that looks into TLS may stand between here and APNs")
        }
    };
    Failure::new(kind, code, error).hinted(hint)
}

impl RealServers<'_> {
    /// Who signs in, unless a server has refused this very password before and nobody is here to try it again. Where
    /// the configuration has no password, whoever is here may type it.
    async fn sign_in(&self, tenant: &Tenant) -> Result<Option<SignIn>, Failure> {
        let Some(username) = &tenant.username else { return Ok(None) };
        let password = match &tenant.password {
            Some(source) => Some(resolve(source)?),
            None => {
                self.ask.secret(&format!("Password of {username} at {}", tenant.host.as_deref().unwrap_or_default()))
            }
        };
        let Some(password) = password else { return Ok(None) };
        let refused = self.real.store.refused_sign_in(&tenant.name, &password).await?;
        if let Some(at) = refused.filter(|_| !self.ask.present()) {
            let message = format!(
                "{} refused this password on {}; it is not tried again, since accounts lock",
                tenant.name,
                at.date_and_time()
            );
            return Err(Failure::new(Kind::SignIn, "sign-in-refused-before", message)
                .hinted("change the password where it comes from, or run the command once in a terminal"));
        }
        if refused.is_some() {
            self.real.store.remember_sign_in(&tenant.name, None).await?;
        }
        Ok(Some(SignIn::new(username.clone(), password)))
    }

    /// The console, as far as one is known: by a profile, or by the request that is public.
    fn known_console(&self, tenant: &Tenant, sign_in: &SignIn) -> Result<Option<KnownConsole>, Failure> {
        if tenant.experimental_read {
            let console = Console::new(self.http(tenant, None)?, Profile::core_read(), sign_in.clone(), None);
            return Ok(Some(KnownConsole { console, fetch: false, upload: false, source: Source::Core }));
        }
        tenant.console.as_ref().map(|console| self.console(tenant, console, sign_in)).transpose()
    }

    /// The console, by its profile.
    fn console(&self, tenant: &Tenant, configured: &ConsoleConfig, sign_in: &SignIn) -> Result<KnownConsole, Failure> {
        let profile = profile(tenant, configured)?;
        let console = Console::new(self.http(tenant, None)?, profile, sign_in.clone(), tenant.apple_account.clone());
        Ok(KnownConsole { console, fetch: configured.fetch, upload: configured.upload, source: Source::Console })
    }

    fn http(&self, tenant: &Tenant, elsewhere: Option<&reqwest::Url>) -> Result<Http, Failure> {
        let url = elsewhere.or(tenant.url.as_ref()).cloned().expect("a MobileIron tenant has an address");
        let identity = identity(tenant)?;
        let tls = Tls {
            ca_file: tenant.ca_file.as_deref(),
            pin: tenant.server_certificate_sha256,
            identity: identity.as_ref(),
            only_1_2: false,
        };
        Http::connect(url, &tls, self.real.timeout).map_err(|error| {
            let hint = match &error {
                TlsError::Unreadable { .. } => "look at ca_file in the configuration, and at who may write to it",
                TlsError::Unusable { .. } => "look at ca_file and server_certificate_sha256 in the configuration",
                TlsError::Identity(_) => {
                    "client_certificate is a certificate with its key, in PEM or as PKCS #12; client_certificate_passphrase opens it"
                }
            };
            Failure::new(Kind::Usage, "tls", error).hinted(hint)
        })
    }
}

/// A console's profile, if it is the one that was confirmed.
///
/// # Errors
/// When it cannot be read, is another, or is for another kind of server.
pub(super) fn profile(tenant: &Tenant, configured: &ConsoleConfig) -> Result<Profile, Failure> {
    let path = configured.profile.display().to_string();
    let wrong = |why: String| Failure::new(Kind::Usage, "console-profile", format!("{path}: {why}"));
    let bytes = files::read_trusted(&configured.profile, PROFILE_LIMIT).map_err(|error| wrong(error.to_string()))?;
    let digest = Fingerprint::of(&bytes);
    if digest != configured.sha256 {
        return Err(wrong("this is not the profile that was confirmed".into()).hinted(format!(
            "look at it as at a program that gets your password; if it is right, confirm it in the configuration: sha256 = \"{digest}\""
        )));
    }
    let profile = Profile::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| wrong(error.to_string()))?;
    if profile.mdm != tenant.product.word() {
        return Err(wrong(format!(
            "it is for {}, and {} is {}",
            printable(&profile.mdm),
            tenant.name,
            tenant.product.word()
        )));
    }
    Ok(profile)
}

/// The certificate that the tenant's server is shown.
fn identity(tenant: &Tenant) -> Result<Option<Identity>, Failure> {
    let Some(source) = &tenant.client_certificate else { return Ok(None) };
    let bytes = source.resolve_whole().map_err(unresolved)?;
    let passphrase = tenant.client_certificate_passphrase.as_ref().map(resolve).transpose()?;
    let identity = Identity::read(&bytes, passphrase.as_ref());
    identity.map(Some).map_err(|error| {
        Failure::new(Kind::Usage, "client-certificate", format!("the client certificate cannot be used: {error}")).hinted(
            "client_certificate is a certificate with its key, in PEM or as PKCS #12; client_certificate_passphrase opens it",
        )
    })
}

fn resolve(source: &SecretSource) -> Result<Secret, Failure> {
    source.resolve().map_err(unresolved)
}

fn unresolved(error: crate::config::SecretError) -> Failure {
    Failure::new(Kind::Usage, "secret", error).hinted("look at where the configuration says that the secret is")
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let (kind, hint) = match &error {
            ConfigError::Unreadable { error, .. } => match error {
                FileError::NotFound => (Kind::NotFound, "look at the path given with --config"),
                FileError::NotAFile { .. } => (Kind::Usage, "name the file itself"),
                FileError::TooLarge { .. } => (Kind::Usage, "look which file this is"),
                FileError::Unreadable(_) => (Kind::Usage, "look at who may read it"),
            },
            ConfigError::WritableByOthers { .. } => (Kind::Usage, "take that right from them: chmod go-w"),
            ConfigError::Wrong { .. } => (Kind::Usage, "docs/configuration.md describes every key"),
        };
        Self::new(kind, "configuration", &error).hinted(hint)
    }
}
