//! The port to a device management server: what may be asked of it, and how it may fail.
//!
//! No server offers everything. A capability that one lacks answers [`MdmError::NoInterface`], and the deed guides a
//! person through the console instead.

pub mod console;
pub mod manual;
pub mod mobileiron;

use std::{cell::Cell, rc::Rc};

use async_trait::async_trait;
use pushcert_papers::{Secret, Time, pingid::Platform, watch::Seen};

use crate::world::http::HttpError;

/// A device management server.
#[async_trait(?Send)]
pub trait Mdm {
    /// What the server shows of its installed push certificate.
    async fn installed(&self) -> Result<Seen, MdmError>;

    /// A fresh push certificate request: the bytes of the file for Apple's portal. The server may replace the key of
    /// an earlier request, so this counts as a write and is never repeated blindly.
    async fn fetch_request(&self) -> Result<Vec<u8>, MdmError>;

    /// Uploads a certificate: these bytes, unchanged. Sent once; an error may leave it uncertain whether it arrived.
    async fn install(&self, pem: &[u8]) -> Result<(), MdmError>;

    /// The Apple devices that the server manages.
    async fn fleet(&self) -> Result<Fleet, MdmError>;

    /// These devices again, as the server shows them now.
    async fn devices(&self, ids: &[String]) -> Result<Vec<Device>, MdmError>;

    /// Asks these devices to check in; the answer is how many the server has asked.
    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError>;

    /// Which devices have this app, by the server's own inventory, and which of them have checked in since then.
    async fn holders(&self, _app: &App<'_>, _since: Time) -> Result<Holders, MdmError> {
        Err(MdmError::NoInterface(Capability::Apps))
    }
}

/// An app on a platform.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// The platform.
    pub platform: Platform,
    /// Its identifier there.
    pub identifier: &'a str,
}

/// Devices that have an app, as far as a server's inventory shows them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Holders {
    /// How many have it and have checked in since.
    pub heard: u64,
    /// How many have it and have not.
    pub silent: u64,
    /// The latter, by the server's own names for them, as far as the inventory says whose it is.
    pub silent_ids: Vec<String>,
    /// At how many devices of the platform it was looked.
    pub looked_at: u64,
    /// Of how many.
    pub of: u64,
}

/// A managed Apple device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// The server's own name for it.
    pub id: String,
    /// Its last check-in over the management channel, by the server's clock; `None` if it never did.
    pub last_check_in: Option<Time>,
}

/// The Apple devices of a server, as far as they could be looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fleet {
    /// The devices.
    pub devices: Vec<Device>,
    /// Whether these are all: a list that takes too long is read in part.
    pub whole: bool,
    /// Where they were looked for.
    pub scope: Scope,
}

/// Where devices were looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Everywhere.
    Everything,
    /// In all spaces, of which there are so many.
    Spaces(usize),
    /// In the default space: the account may not list the others, or the interface shows no other.
    Default,
    /// In the space that the configuration names.
    Chosen(String),
}

impl Fleet {
    /// How many there are, where all of them were looked at.
    pub fn count(&self) -> Option<u64> {
        let everywhere = matches!(self.scope, Scope::Everything | Scope::Spaces(_));
        (self.whole && everywhere).then_some(self.devices.len() as u64)
    }

    /// Those that checked in most recently, newest first.
    pub fn recent(&self, at_most: usize) -> Vec<Device> {
        let mut devices: Vec<&Device> = self.devices.iter().collect();
        devices.sort_by_key(|device| std::cmp::Reverse(device.last_check_in));
        devices.into_iter().take(at_most).cloned().collect()
    }
}

/// What one may try at a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Capability {
    /// Reading what is installed.
    Read,
    /// Fetching a request.
    Fetch,
    /// Uploading a certificate.
    Upload,
    /// Looking at devices.
    Devices,
    /// Looking at the apps on devices.
    Apps,
}

/// Why a server did not do what was asked. Facts only; advice is added by whoever reports it.
#[derive(Debug, thiserror::Error)]
pub enum MdmError {
    /// The server has no interface for it that we may use.
    #[error("there is no interface for this")]
    NoInterface(Capability),
    /// The sign-in was refused.
    #[error("{host} refused the sign-in of {username}")]
    SignInRefused {
        /// The server's host and port.
        host: String,
        /// Who tried.
        username: String,
    },
    /// Signed in, and not allowed.
    #[error("{host} does not allow {username} to {what}{}", .said.as_ref().map(|said| format!(": {said}")).unwrap_or_default())]
    Forbidden {
        /// The server's host and port.
        host: String,
        /// Who tried.
        username: String,
        /// What was tried, as a verb phrase.
        what: &'static str,
        /// The role that it takes, as far as it is known.
        role: Option<&'static str>,
        /// The server's words, made safe for a terminal.
        said: Option<String>,
    },
    /// The server understood and said no.
    #[error("{host} refused: {text}")]
    Refused {
        /// The server's host and port.
        host: String,
        /// Its words, made safe for a terminal.
        text: String,
    },
    /// The console does not answer as its profile says.
    #[error("the console of {host} has changed: {what}")]
    ConsoleChanged {
        /// The server's host and port.
        host: String,
        /// What is different.
        what: String,
    },
    /// The answer is not what this interface answers.
    #[error("{host} answered {path} with {what}")]
    NotUnderstood {
        /// The server's host and port.
        host: String,
        /// What was asked.
        path: String,
        /// What came instead.
        what: String,
    },
    /// Nothing is at this address.
    #[error("{host} knows no {path}")]
    NotThere {
        /// The server's host and port.
        host: String,
        /// What was asked.
        path: String,
    },
    /// The address is one by which such servers are attacked, and was not asked.
    #[error("{path} is a path by which servers such as {host} are attacked; it is never asked")]
    NeverAsked {
        /// The server's host and port.
        host: String,
        /// What would have been asked.
        path: String,
    },
    /// The server sent us to another host, and we did not go.
    #[error("{host} redirects to another host, {to}")]
    RedirectedAway {
        /// The server's host and port.
        host: String,
        /// Where it wanted us to go, made safe for a terminal.
        to: String,
    },
    /// The server's certificate is not trusted.
    #[error("the TLS certificate of {host} is not trusted: {why}")]
    NotTrusted {
        /// The server's host and port.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server cannot be reached, is too slow, or says to try later.
    #[error("{host} is unavailable: {why}")]
    Unavailable {
        /// The server's host and port.
        host: String,
        /// Why.
        why: String,
        /// Seconds after which it asked to be tried again.
        retry_after: Option<u64>,
    },
    /// The request may or may not have arrived.
    #[error("it is uncertain whether {host} received it: {why}")]
    Uncertain {
        /// The server's host and port.
        host: String,
        /// What happened.
        why: String,
    },
}

impl MdmError {
    /// What a failed request means where nothing was changed by it.
    pub fn of_http(host: &str, error: HttpError) -> Self {
        let host = host.to_owned();
        match error {
            HttpError::NotTrusted(why) => Self::NotTrusted { host, why },
            HttpError::RedirectedAway(to) => Self::RedirectedAway { host, to },
            HttpError::NeverAsked(path) => Self::NeverAsked { host, path },
            HttpError::Unreachable(_) | HttpError::Broken(_) | HttpError::TooLarge => {
                Self::Unavailable { host, why: error.to_string(), retry_after: None }
            }
        }
    }
}

/// How one signs in. Copies of it know of each other: a password that the server has refused once is not tried again by
/// any of them, since accounts lock; and one that it has taken is not called wrong afterwards.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The user's name at the server.
    pub username: String,
    /// The password.
    pub password: Secret,
    standing: Rc<Cell<Standing>>,
}

/// What a server has made of a sign-in so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Standing {
    #[default]
    Untried,
    Accepted,
    Refused,
}

impl SignIn {
    /// A sign-in that has not been tried.
    pub fn new(username: String, password: Secret) -> Self {
        Self { username, password, standing: Rc::default() }
    }

    /// Notes that the server has refused it.
    pub fn refuse(&self) {
        self.standing.set(Standing::Refused);
    }

    /// Whether the server has refused it.
    pub fn was_refused(&self) -> bool {
        self.standing.get() == Standing::Refused
    }

    /// Notes that the server has taken it.
    pub fn accept(&self) {
        self.standing.set(Standing::Accepted);
    }

    /// Whether the server has taken it.
    pub fn was_accepted(&self) -> bool {
        self.standing.get() == Standing::Accepted
    }
}
