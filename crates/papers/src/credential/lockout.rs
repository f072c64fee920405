//! What would lock people out if the old token went now.

use super::{Place, Rotation};
use crate::{Fingerprint, Time, escape::printable, pingid::Platform, renewal::guide::thousands};

/// A reason not to revoke the old token yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lockout {
    /// The new token is not at PingID.
    NewTokenAbsent,
    /// No token would be left.
    LastToken,
    /// A platform's configuration still has the old token.
    LegNotDone(Platform),
    /// Devices have not had time enough to fetch the new one.
    WindowOpen {
        /// Until when; not known before every platform is switched.
        until: Option<Time>,
    },
    /// Too many devices with the app have not spoken with the server since.
    CoverageLow {
        /// Of which platform.
        platform: Platform,
        /// How many of a hundred have.
        percent: u64,
        /// How many have not.
        silent: u64,
        /// How many of a hundred are wanted.
        wanted: u8,
    },
    /// How many devices have spoken with the server could not be seen just now, for this reason.
    CoverageUnseen(String),
}

impl Lockout {
    /// Every word, for the help.
    pub const WORDS: [&'static str; 6] =
        ["new-token-absent", "last-token", "leg-not-done", "window-open", "coverage-low", "coverage-unseen"];

    /// The stable word with which a person takes it upon themselves.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NewTokenAbsent => "new-token-absent",
            Self::LastToken => "last-token",
            Self::LegNotDone(_) => "leg-not-done",
            Self::WindowOpen { .. } => "window-open",
            Self::CoverageLow { .. } => "coverage-low",
            Self::CoverageUnseen(_) => "coverage-unseen",
        }
    }

    /// What is wrong, with the facts.
    pub fn message(&self) -> String {
        match self {
            Self::NewTokenAbsent => "the new token is not at PingID: every device that has it would be refused".into(),
            Self::LastToken => "no token would be left: PingID would make one of its own, and refuse every device until the server has handed it out".into(),
            Self::LegNotDone(platform) => {
                format!("the configuration for {} still has the old token: its devices would be refused", platform.title())
            }
            Self::WindowOpen { until: Some(until) } => format!(
                "devices have until {} to fetch the new token: those that have not would be refused",
                until.date_and_time()
            ),
            Self::CoverageLow { platform, percent, silent, wanted } => format!(
                "{percent} of 100 {} devices with PingID have checked in since it was switched, and {wanted} are wanted: {} would be refused",
                platform.title(),
                thousands(*silent),
            ),
            Self::CoverageUnseen(why) => {
                format!("how many devices have checked in cannot be seen just now: {}", printable(why))
            }
            Self::WindowOpen { until: None } => "the time that devices have to fetch the new token has not begun".into(),
        }
    }
}

/// Everything that speaks against revoking now, but what a person has accepted. What PingID holds is `None` where it cannot
/// be seen.
pub fn lockouts(rotation: &Rotation, held: Option<&[Fingerprint]>, coverage: &[Lockout], now: Time) -> Vec<Lockout> {
    let mut found = vec![];
    let token = rotation.token.as_ref().map(|token| token.fingerprint);
    let there = match held {
        Some(held) => token.is_some_and(|token| held.contains(&token)),
        None => rotation.added.is_done() && rotation.place == Place::Portal,
    };
    if !there {
        found.push(Lockout::NewTokenAbsent);
    }
    let goes = |fingerprint: &Fingerprint| rotation.old.iter().any(|old| old.fingerprint == *fingerprint);
    if held.is_some_and(|held| held.iter().all(goes)) || (held.is_none() && !there) {
        found.push(Lockout::LastToken);
    }
    let missing = rotation.platforms.iter().filter(|platform| !rotation.switched.contains_key(platform));
    found.extend(missing.map(|platform| Lockout::LegNotDone(*platform)));
    match rotation.soaked_at() {
        Some(until) if now >= until => {}
        until => found.push(Lockout::WindowOpen { until }),
    }
    found.extend_from_slice(coverage);
    not_accepted(rotation, found)
}

/// Those of these that nobody has taken upon themselves.
pub(super) fn not_accepted(rotation: &Rotation, mut lockouts: Vec<Lockout>) -> Vec<Lockout> {
    lockouts.retain(|lockout| !rotation.accepted.contains_key(lockout.word()));
    lockouts
}
