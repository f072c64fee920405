//! How loud monitoring should be: the four levels that every monitoring system knows.

use super::{Problem, State};

/// How serious it is. The order is that of seriousness: the worst of several is the greatest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Nothing is to be done yet.
    Ok,
    /// Nobody can tell.
    Unknown,
    /// Somebody should act.
    Warning,
    /// Somebody must act now.
    Critical,
}

impl Level {
    /// The level of a certificate in this state. Knowledge that is too old raises what looks well, and hides nothing.
    pub fn of(state: State, is_stale: bool, problems: &[Problem]) -> Self {
        if problems.iter().any(|problem| problem.is_grave()) {
            return Self::Critical;
        }
        match state {
            State::Ok | State::Notice if is_stale => Self::Warning,
            State::Ok | State::Notice => Self::Ok,
            State::Warning => Self::Warning,
            State::Critical | State::ExpiredInGrace | State::Expired | State::NotInstalled => Self::Critical,
            State::Unknown => Self::Unknown,
        }
    }

    /// The word that monitoring plug-ins write.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Unknown => "UNKNOWN",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }

    /// The exit code that monitoring plug-ins return.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_their_level() {
        let table = [
            (State::Ok, Level::Ok, Level::Warning),
            (State::Notice, Level::Ok, Level::Warning),
            (State::Warning, Level::Warning, Level::Warning),
            (State::Critical, Level::Critical, Level::Critical),
            (State::ExpiredInGrace, Level::Critical, Level::Critical),
            (State::Expired, Level::Critical, Level::Critical),
            (State::NotInstalled, Level::Critical, Level::Critical),
            (State::Unknown, Level::Unknown, Level::Unknown),
        ];
        for (state, fresh, stale) in table {
            assert_eq!((Level::of(state, false, &[]), Level::of(state, true, &[])), (fresh, stale), "{state:?}");
            let wrong = Level::of(state, false, &[Problem::ProofPending, Problem::TopicChanged]);
            assert_eq!(wrong, Level::Critical, "a wrong topic is never well");
        }
    }

    #[test]
    fn the_worst_of_several() {
        let order = [Level::Ok, Level::Unknown, Level::Warning, Level::Critical];
        assert!(order.is_sorted());
    }
}
