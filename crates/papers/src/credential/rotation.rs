//! How far the rotation of a PingID token has come. PingID takes several tokens at a time, so nobody is locked out while
//! the devices move from the old one to the new: add, switch, wait, revoke.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stamp;
use crate::{
    DAY, Fingerprint, Time,
    pingid::Platform,
    renewal::{Confirmation, record::Recorded},
};

/// One rotation of one tenant's token, or its first set-up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rotation {
    /// Its number among the tenant's journeys, from 1.
    pub number: u32,
    /// When it began.
    pub started: Time,
    /// What it is for.
    pub purpose: Purpose,
    /// How PingID is reached.
    pub place: Place,
    /// The platforms whose configuration is changed.
    pub platforms: Vec<Platform>,
    /// Days between the last switch and the end of the old token.
    pub soak_days: i64,
    /// When the token that is in use at the beginning was made, where that is known.
    pub previous_made: Option<Time>,
    /// The tokens that were there at the beginning, and go at the end; empty where they cannot be seen.
    pub old: Vec<KnownToken>,
    /// The new token, once there is one.
    pub token: Option<KnownToken>,
    /// The new token's way to PingID.
    pub added: Change,
    /// For a first set-up: from when on PingID asks for a token.
    pub effective_from: Option<Time>,
    /// The folder in which a person finds the configurations; none before they are written, and after they were removed.
    pub handed_off: Option<String>,
    /// The platforms whose configuration was changed.
    pub switched: BTreeMap<Platform, Stamp>,
    /// The old tokens' end.
    pub revoked: Change,
    /// Dangers that a person took upon themselves, with the reason.
    pub accepted: BTreeMap<String, String>,
    /// How it ended, once it has.
    pub end: Option<End>,
}

/// What a rotation is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A new token takes the place of the old one.
    Replacement,
    /// There was no token before.
    FirstSetUp,
}

/// How PingID is reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// By PingOne's interface.
    PingOne,
    /// A person does it on PingID's pages.
    Portal,
}

/// A token, known by its keyed fingerprint alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KnownToken {
    /// The fingerprint, by the store's own key.
    pub fingerprint: Fingerprint,
    /// When it was made, where that is known.
    pub made: Option<Time>,
}

/// A change at PingID. It is intended before it is sent, and done after it was read back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Change {
    /// Not begun.
    Wanted,
    /// About to be sent, or sent. Whoever finds this reads PingID before doing anything else.
    Intended {
        /// Since when.
        at: Time,
        /// What was read before it, sealed; kept in case that it must be put back.
        before: Fingerprint,
    },
    /// Done.
    Done {
        /// By whom, when, and what they saw.
        stamp: Stamp,
        /// How we know.
        confirmed: Confirmation,
    },
}

impl Change {
    /// When it was done, if it was.
    pub const fn done_at(&self) -> Option<Time> {
        match self {
            Self::Done { stamp, .. } => Some(stamp.at),
            Self::Wanted | Self::Intended { .. } => None,
        }
    }

    /// Whether it is done.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}

/// How a rotation ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct End {
    /// When.
    pub at: Time,
    /// How.
    pub outcome: Outcome,
    /// Why, where a person said so.
    pub reason: Option<String>,
}

/// The ways in which a rotation ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The new token alone is left.
    Rotated,
    /// A first token is in use.
    SetUp,
    /// A person gave it up; the old token stays in use.
    Aborted,
    /// Nothing was changed: a person said what is in use.
    Adopted,
}

/// Where a rotation stands, in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The new token is not at PingID yet.
    Planned,
    /// It is there; not every platform has it.
    Added,
    /// Every platform's configuration has it; devices are fetching it.
    Soaking,
    /// The old token may go.
    Ready,
    /// The old token is gone.
    Revoked,
    /// It is over.
    Closed,
}

impl Stage {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Added => "added",
            Self::Soaking => "soaking",
            Self::Ready => "ready",
            Self::Revoked => "revoked",
            Self::Closed => "closed",
        }
    }
}

impl Rotation {
    /// Whether something is left to do.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// The first platform whose configuration is still the old one.
    pub fn next_platform(&self) -> Option<Platform> {
        self.platforms.iter().copied().find(|platform| !self.switched.contains_key(platform))
    }

    /// When the last platform was switched, once all are.
    pub fn all_switched_at(&self) -> Option<Time> {
        if self.next_platform().is_some() {
            return None;
        }
        self.platforms.iter().filter_map(|platform| self.switched.get(platform)).map(|stamp| stamp.at).max()
    }

    /// When devices have had time enough, once every platform is switched.
    pub fn soaked_at(&self) -> Option<Time> {
        self.all_switched_at().map(|at| at.plus(self.soak_days * DAY))
    }

    /// Where it stands.
    pub fn stage(&self, now: Time) -> Stage {
        match (&self.end, self.soaked_at()) {
            (Some(_), _) => Stage::Closed,
            _ if self.revoked.is_done() => Stage::Revoked,
            _ if !self.added.is_done() => Stage::Planned,
            (None, None) => Stage::Added,
            (None, Some(until)) if now < until => Stage::Soaking,
            (None, Some(_)) => Stage::Ready,
        }
    }

    /// The token that devices use now, where it is known.
    pub fn in_use(&self) -> Option<&KnownToken> {
        match &self.end {
            Some(End { outcome: Outcome::Rotated | Outcome::SetUp | Outcome::Adopted, .. }) => self.token.as_ref(),
            _ => self.old.first(),
        }
    }

    /// When the token that devices use now was made, where that is known. Until the first platform is switched that is the
    /// old one; an age is never younger than the oldest token in use.
    pub fn in_use_made(&self) -> Option<Time> {
        let fresh = self.token.as_ref().and_then(|token| token.made).or_else(|| self.added.done_at());
        match &self.end {
            Some(End { outcome: Outcome::Rotated | Outcome::SetUp, .. }) => fresh,
            _ if self.purpose == Purpose::FirstSetUp && self.added.is_done() => fresh,
            _ => self.previous_made,
        }
    }
}

impl Recorded for Rotation {
    const KIND: &'static str = "pingid";
    const FORMAT: u32 = 1;

    fn number(&self) -> u32 {
        self.number
    }

    fn is_open(&self) -> bool {
        self.end.is_none()
    }
}
