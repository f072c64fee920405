//! How far the binding to Android Enterprise has come: a checklist, since every step is a person's. Google's own call that
//! binds is the vendor's, and never ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Stamp,
    checklist::{self, Task},
};
use crate::{DAY, Fingerprint, Time, renewal::guide::Console, renewal::record::Recorded};

/// Days for which a token of Google's can be used to bind, by Google's documentation.
pub const EMM_TOKEN_DAYS: i64 = 30;

/// One binding of one tenant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Enrolment {
    /// Its number among the tenant's journeys, from 1.
    pub number: u32,
    /// When it began.
    pub started: Time,
    /// Whether the server is MobileIron Core, which binds in another way.
    pub core: bool,
    /// What was done, by the word of its task.
    pub ticked: BTreeMap<String, Ticked>,
    /// When Google made the token for binding.
    pub emm_token_made: Option<Time>,
    /// The service account's key.
    pub key: Option<KnownKey>,
    /// When everything was done, or given up.
    pub end: Option<Time>,
    /// Why it was given up; none when it was not.
    pub given_up: Option<String>,
}

/// A task that is off the list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ticked {
    /// By whom, when, and what they saw.
    pub stamp: Stamp,
    /// Why it was not needed; none when it was done.
    pub skipped: Option<String>,
}

/// A service account's key, its private half unknown.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KnownKey {
    /// The account's address.
    pub client_email: String,
    /// The key's name.
    pub key_id: String,
    /// SHA-256 of the DER SubjectPublicKeyInfo of its public half.
    pub public_key_sha256: Fingerprint,
    /// When it was made: by its public certificate where Google was asked, otherwise when the file was first judged here.
    pub made: Time,
    /// Whether that is only when the file was first judged here: the key is as old as that at least, and its age is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub age_unknown: bool,
}

impl Enrolment {
    /// A binding at its beginning.
    pub fn begin(number: u32, core: bool, now: Time) -> Self {
        Self {
            number,
            started: now,
            core,
            ticked: BTreeMap::new(),
            emm_token_made: None,
            key: None,
            end: None,
            given_up: None,
        }
    }

    /// Whether something is left to do.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Its tasks, in order.
    pub const fn tasks(&self) -> &'static [Task] {
        checklist::tasks(if self.core { Console::Core } else { Console::Cloud })
    }

    /// The first task that is not off the list.
    pub fn next(&self) -> Option<&'static Task> {
        self.tasks().iter().find(|task| !self.ticked.contains_key(task.word))
    }

    /// How many tasks are off the list.
    pub fn done(&self) -> usize {
        self.tasks().iter().filter(|task| self.ticked.contains_key(task.word)).count()
    }

    /// When the token for binding ends; nothing once the server is connected with it.
    pub fn emm_token_ends(&self) -> Option<Time> {
        let waits = self.is_open() && !self.ticked.contains_key(checklist::CONNECT);
        self.emm_token_made.filter(|_| waits).map(|made| made.plus(EMM_TOKEN_DAYS * DAY))
    }
}

impl Recorded for Enrolment {
    const KIND: &'static str = "android";
    const FORMAT: u32 = 1;

    fn number(&self) -> u32 {
        self.number
    }

    fn is_open(&self) -> bool {
        self.end.is_none()
    }
}
