//! Alerts on their way: a row for each alert and channel, so that whoever watches sends it, and nobody sends it twice by
//! intent. A crash between the sending and the note of it leads to a repeat, which its key lets the receiver recognise.

use pushcert_papers::{TenantName, Time};

pub use pushcert_papers::watch::Announced;

/// An alert for a channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// The matter.
    pub matter: String,
    /// Which occasion of it.
    pub occasion: String,
    /// The channel's name.
    pub channel: String,
    /// The alert itself, as JSON.
    pub json: String,
    /// When it may go.
    pub due: Time,
}

/// A letter that this run is to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leased {
    /// Its number in this store.
    pub id: i64,
    /// Whose it is.
    pub tenant: TenantName,
    /// What is to be sent, and where.
    pub letter: Letter,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

/// What became of a letter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Settled {
    /// The channel took it.
    Sent,
    /// It is tried again.
    Again {
        /// From when on.
        due: Time,
        /// Why it did not go.
        why: String,
    },
    /// It is given up.
    Dead {
        /// Why.
        why: String,
    },
}

impl Settled {
    /// The state, the time and the reason, as they are stored.
    pub(super) fn columns(&self) -> (&'static str, Option<Time>, Option<&str>) {
        match self {
            Self::Sent => ("sent", None, None),
            Self::Again { due, why } => ("waiting", Some(*due), Some(why)),
            Self::Dead { why } => ("dead", None, Some(why)),
        }
    }
}

/// How many letters of a tenant a channel has taken or refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tally {
    /// The tenant.
    pub tenant: TenantName,
    /// The channel.
    pub channel: String,
    /// `sent`, `waiting` (after a failure) or `dead`.
    pub result: String,
    /// How many.
    pub count: u64,
    /// Why the last of them did not go.
    pub why: Option<String>,
}
