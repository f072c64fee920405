//! The embedded world: an Apple push portal, MobileIron Cloud and Core, APNs, and fleets of devices, on loopback.
//!
//! It is written from what the vendors document, and shares no code with the tool that is tried against it: two sides
//! that were written separately find each other's mistakes. It is unkind, as real servers are: it accepts a certificate
//! of another topic, or of another key, in silence, and its devices go quiet.
//!
//! [`World::start`] starts everything on the current tokio runtime; `/_sandbox/` on each address moves its clock, breaks
//! it on purpose and tells what it was asked.

mod apns;
mod authority;
mod client;
mod clock;
mod cloud;
mod control;
mod core;
mod cps;
mod der;
mod faults;
mod fleet;
mod folder;
mod google;
mod html;
mod identity;
mod pingone;
mod portal;
mod record;
mod request;
mod serve;
mod server;
mod shared;
mod sign_in;

use std::{path::PathBuf, sync::Arc};

use serde::Serialize;
use tokio::task::JoinSet;

pub use clock::Clock;
pub use faults::{BadFault, Fault};
pub use record::Entry;

use shared::{Service, Shared};

/// What the world is to be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its files are written; a temporary folder when `None`.
    pub state: Option<PathBuf>,
    /// Days until the installed certificates end; negative when they have.
    pub ends_in_days: i64,
    /// Apple devices of each server.
    pub devices: usize,
    /// Servers at their very beginning: no certificate, no Apple device, no row at the portal.
    pub bare: bool,
    /// Its time.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self { state: None, ends_in_days: 21, devices: 1_204, bare: false, clock: Clock::system() }
    }
}

/// What a started world announces: where everything is.
#[derive(Clone, Debug, Serialize)]
pub struct Announcement {
    /// `pushcert/sandbox/1`
    pub schema: &'static str,
    /// MobileIron Cloud.
    pub cloud: String,
    /// MobileIron Core.
    pub core: String,
    /// Apple's portal.
    pub portal: String,
    /// APNs, as host and port.
    pub apns: String,
    /// The authority behind the TLS certificates, in PEM.
    pub ca_file: PathBuf,
    /// A ready configuration.
    pub config: PathBuf,
    /// Who signs in to both servers.
    pub username: String,
    /// With what.
    pub password_file: PathBuf,
    /// The MDM vendor that the portal knows: its certificate with the authorities above it, in PEM. For those who sign
    /// requests of their own.
    pub vendor_certificate: PathBuf,
    /// The vendor's private key.
    pub vendor_key: PathBuf,
    /// PingOne: its interface and its sign-in.
    pub pingone: String,
    /// Google, as far as a service account's key is looked up there.
    pub google: String,
    /// The key of such an account.
    pub service_account_key: PathBuf,
}

/// A world that did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A key or certificate could not be made.
    #[error("a key or certificate could not be made: {0}")]
    Crypto(#[from] openssl::error::ErrorStack),
    /// An address or a folder could not be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A running world.
pub struct World {
    shared: Arc<Shared>,
    announcement: Announcement,
    tasks: JoinSet<()>,
    _temporary: Option<tempfile::TempDir>,
}

impl World {
    /// Starts a world on loopback addresses that the system chooses.
    ///
    /// # Errors
    /// [`StartError`] when keys, addresses or the folder cannot be had.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let temporary = options.state.is_none().then(tempfile::tempdir).transpose()?;
        let path = options.state.clone().or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
        let folder = folder::Folder::open(path.unwrap_or_default())?;
        let shared = Arc::new(Shared::build(&options)?);
        let mut tasks = JoinSet::new();
        let mut addresses = vec![];
        for service in Service::ALL {
            let address = serve::spawn(&mut tasks, service, Arc::clone(&shared)).await?;
            if let Ok(mut known) = shared.addresses.lock() {
                known.insert(service.name(), address);
            }
            addresses.push(address);
        }
        let announcement = folder.write(&shared, &addresses)?;
        Ok(Self { shared, announcement, tasks, _temporary: temporary })
    }

    /// Where everything is.
    pub const fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// What PingOne holds, as a client reads it.
    pub fn device_requirements(&self) -> Option<String> {
        self.shared.pingone.document()
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Everything that it was asked so far.
    pub fn record(&self) -> Vec<Entry> {
        self.shared.record.entries()
    }

    /// What nobody else may see: the password, and of everybody who is signed in the session and its anti-forgery value.
    pub fn secrets(&self) -> Vec<String> {
        let servers = [&self.shared.cloud, &self.shared.core];
        let sessions = servers.into_iter().flat_map(|server| server.secrets(&self.shared));
        sessions.chain([self.shared.password.clone()]).collect()
    }

    /// Breaks it on purpose.
    pub fn fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Ends every fault.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Ends it; its temporary folder goes.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}
