//! What a date means today.

use serde::{Deserialize, Serialize};

use crate::{DAY, Time};

/// Days before (and after) the end at which a certificate's state changes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Time to plan the renewal.
    pub notice: i64,
    /// Time to renew.
    pub warning: i64,
    /// Drop everything else.
    pub critical: i64,
    /// From here on, remind daily.
    pub daily: i64,
    /// Days after the end in which Apple is said to allow a renewal still. Vendors disagree.
    pub grace: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { notice: 60, warning: 30, critical: 14, daily: 7, grace: 30 }
    }
}

/// A certificate's state, from its date alone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing to do.
    Ok,
    /// A renewal may be planned.
    Notice,
    /// A renewal is due.
    Warning,
    /// A renewal is urgent.
    Critical,
    /// It has ended, and a renewal may still be possible.
    ExpiredInGrace,
    /// It has ended.
    Expired,
    /// The server is known to hold none.
    NotInstalled,
    /// No date is known.
    Unknown,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Notice,
        Self::Warning,
        Self::Critical,
        Self::ExpiredInGrace,
        Self::Expired,
        Self::NotInstalled,
        Self::Unknown,
    ];

    /// The state of a certificate that ends then. A state begins when strictly less than its days are left.
    pub const fn of(not_after: Option<Time>, thresholds: &Thresholds, now: Time) -> Self {
        let Some(end) = not_after else { return Self::Unknown };
        let left = end.unix() - now.unix();
        match left {
            _ if left < -thresholds.grace * DAY => Self::Expired,
            _ if left < 0 => Self::ExpiredInGrace,
            _ if left < thresholds.critical * DAY => Self::Critical,
            _ if left < thresholds.warning * DAY => Self::Warning,
            _ if left < thresholds.notice * DAY => Self::Notice,
            _ => Self::Ok,
        }
    }

    /// One sentence on what it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "Sixty days or more are left, unless the tenant's thresholds say otherwise.",
            Self::Notice => "Less than sixty days are left: plan the renewal.",
            Self::Warning => "Less than thirty days are left: renew.",
            Self::Critical => "Less than fourteen days are left: renew now.",
            Self::ExpiredInGrace => {
                "It has ended, thirty days ago or less. Renew the same row now; vendors disagree whether Apple allows it."
            }
            Self::Expired => "It has ended more than thirty days ago. Look whether the row at Apple still has Renew.",
            Self::NotInstalled => "The server is known to hold no certificate.",
            Self::Unknown => "No date is known.",
        }
    }

    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::ExpiredInGrace => "expired-in-grace",
            Self::Expired => "expired",
            Self::NotInstalled => "not-installed",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_begins_when_strictly_less_is_left() {
        let end = Time::from_unix(1_800_000_000);
        let at = |left: i64| State::of(Some(end), &Thresholds::default(), end.plus(-left));
        let borders = [
            (60 * DAY, State::Ok),
            (60 * DAY - 1, State::Notice),
            (30 * DAY, State::Notice),
            (30 * DAY - 1, State::Warning),
            (14 * DAY, State::Warning),
            (14 * DAY - 1, State::Critical),
            (0, State::Critical),
            (-1, State::ExpiredInGrace),
            (-30 * DAY, State::ExpiredInGrace),
            (-30 * DAY - 1, State::Expired),
        ];
        for (left, state) in borders {
            assert_eq!(at(left), state, "{left} seconds left");
        }
        assert_eq!(State::of(None, &Thresholds::default(), end), State::Unknown);
    }
}
