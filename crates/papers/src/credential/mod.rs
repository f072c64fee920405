//! A tenant's further credentials: the PingID token and Android's binding. Like the certificate each has an age, is made on
//! somebody else's portal, is entered into the server by hand, and is forgotten; so each has a journey of the same kind.

pub mod checklist;
pub mod guide;

mod coverage;
mod enrolment;
mod lockout;
mod next;
mod rotation;
mod standing;

use serde::{Deserialize, Serialize};

pub use coverage::{Coverage, Leg};
pub use enrolment::{EMM_TOKEN_DAYS, Enrolment, KnownKey, Ticked};
pub use lockout::{Lockout, lockouts};
pub use next::{Situation, Step, next};
pub use rotation::{Change, End, KnownToken, Outcome, Place, Purpose, Rotation, Stage};
pub use standing::{Credential, CredentialKind, Rules, Standings, standings};

use crate::Time;

/// That somebody did something: who, when, and what they saw.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Stamp {
    /// When.
    pub at: Time,
    /// Who.
    pub who: String,
    /// What they saw, in their words.
    pub evidence: Option<String>,
}
