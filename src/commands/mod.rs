//! The deeds: one command, one file. They use the ports of the world and the decisions of the papers, and speak
//! through [`Reporter`] and [`Ask`]; they never print, and know no exit code.

pub mod adopt;
pub mod alerts;
pub mod android;
pub mod check;
pub mod console;
pub mod csr;
pub mod errors;
pub mod files;
pub mod history;
pub mod init;
pub mod install;
pub mod p12;
pub mod passphrase;
pub mod pingid;
pub mod prove;
pub mod published;
pub mod push;
pub mod renew;
pub mod revocations;
pub mod status;
pub mod watch;

mod devices;
mod event;
mod failure;
mod ledger;
mod reports;
mod scan;
mod servers;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use pushcert_papers::{Secret, TenantName, Topic, apns::Reply, certificate::Authorities};

pub use alerts::{Channels, Delivery};
pub use event::{
    ConfigurationReport, Event, Looked, Made, Mark, Rehearsed, RenewalReport, STEPS, StatusLine, Telling,
    TenantHeading, Undelivered, Verified, Watched,
};
pub use failure::{Failure, Kind};
pub use reports::{EnrolmentReport, RotationReport};

use crate::{
    config::{Config, Tenant},
    mdm::{Mdm, MdmError},
    pingone::DeviceRequirements,
    portal::Portal,
    store::Store,
    world::{clock::Clock, tls::Identity},
};

/// What a deed came to when it did not fail: `None` is done; a kind is an outcome with an exit code of its own.
pub type Outcome = Result<Option<Kind>, Failure>;

/// Everything outside that a deed may use.
pub struct World<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// The configuration.
    pub config: &'a Config,
    /// What is kept.
    pub store: &'a dyn Store,
    /// The servers.
    pub servers: &'a dyn Servers,
    /// The channels for alerts.
    pub channels: &'a dyn Channels,
    /// The person at Apple's portal.
    pub portal: &'a dyn Portal,
    /// Where results and talk go.
    pub reporter: &'a dyn Reporter,
    /// Whom to ask.
    pub ask: &'a dyn Ask,
    /// How long devices' answers are awaited.
    pub patience: Duration,
    /// Who does this, for the record: a user's name.
    pub who: &'a str,
}

/// Makes the port to a tenant's server.
#[async_trait(?Send)]
pub trait Servers {
    /// The port to this tenant's server. Nothing is sent yet.
    async fn connect(&self, tenant: &Tenant) -> Result<Server, Failure>;

    /// The port to the tenant's PingOne, where the configuration names one.
    async fn pingone(&self, tenant: &Tenant) -> Result<Option<Box<dyn DeviceRequirements>>, Failure>;

    /// Remembers that the server has refused the tenant's sign-in, so that no job tries it again and locks the account.
    async fn sign_in_refused(&self, tenant: &Tenant) -> Result<(), Failure>;

    /// What APNs answers to whoever shows this certificate, and pushes under this topic to a device that nobody has.
    async fn ask_apns(&self, tenant: &Tenant, identity: &Identity, topic: &Topic) -> Result<Reply, Failure>;
}

/// A tenant's server, and what it lets us do.
pub struct Server {
    /// The port.
    pub mdm: Box<dyn Mdm>,
    /// Which of its capabilities can be used.
    pub reach: pushcert_papers::renewal::Reach,
}

/// Where results and talk go.
pub trait Reporter {
    /// Tells people, or programs, about this.
    fn tell(&self, event: Event<'_>);

    /// What is wanted of judged files.
    fn telling(&self) -> Telling {
        Telling::Each(|_, _| {})
    }
}

/// Whom to ask.
pub trait Ask {
    /// Whether there is somebody to ask.
    fn present(&self) -> bool;

    /// Asks a question that is answered by yes or no; anything but a clear yes is no.
    fn confirm(&self, question: &str) -> bool;

    /// Asks for a word to be typed; anything else is no.
    fn typed(&self, question: &str, word: &str) -> bool;

    /// Asks for words; `None` when nobody gives any.
    fn words(&self, _question: &str) -> Option<String> {
        None
    }

    /// Asks for a text of many lines; `None` when nobody gives any.
    fn pasted(&self, _question: &str) -> Option<String> {
        None
    }

    /// Asks for a secret, which is not shown while it is typed; `None` when nobody gives one.
    fn secret(&self, question: &str) -> Option<Secret>;
}

impl World<'_> {
    /// The tenant of this name.
    ///
    /// # Errors
    /// When the configuration has none.
    pub fn tenant(&self, name: &TenantName) -> Result<&Tenant, Failure> {
        self.config
            .tenant(name)
            .map_err(|error| Failure::new(Kind::NotFound, "tenant-unknown", &error).hinted(configured(self.config)))
    }

    /// What a server's error means; a refused sign-in is remembered.
    async fn failed(&self, tenant: &Tenant, error: MdmError) -> Failure {
        if matches!(error, MdmError::SignInRefused { .. })
            && let Err(failure) = self.servers.sign_in_refused(tenant).await
        {
            return failure;
        }
        error.into()
    }

    fn tell(&self, event: Event<'_>) {
        self.reporter.tell(event);
    }
}

/// The authorities in a PEM file.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn authorities(path: &Path) -> Result<Authorities, Failure> {
    let pem = files::need(path)?;
    Authorities::from_pem(&pem).map_err(|error| {
        Failure::new(Kind::Usage, "authorities", format!("{}: {error}", shown(path)))
            .hinted("it holds certificates of authorities in PEM, roots among them")
    })
}

/// Names that are listed where another was meant; there may be ten thousand.
const NAMES: usize = 20;

/// Who is configured, for whoever named somebody else.
fn configured(config: &Config) -> String {
    let names: Vec<_> = config.tenants.keys().map(TenantName::as_str).collect();
    let listed = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "no tenant is configured;  pushcert init  writes one into the configuration, and --config FILE names another".into(),
        count if count > NAMES => {
            format!("configured: {listed} and {} more;  pushcert config check  lists them all", count - NAMES)
        }
        _ => format!("configured: {listed}"),
    }
}

/// How a path is shown.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
