//! How a deed fails: the kind decides the exit code, the hint says what to do now.

use std::fmt;

/// The kinds of failure, one for each exit code of the public interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// In a way that no other kind names.
    Failed,
    /// Wrong usage or configuration.
    Usage,
    /// A check found a blocking finding; nothing was changed.
    Refused,
    /// A person must act.
    Waiting,
    /// A server refused the sign-in.
    SignIn,
    /// A tenant, a file, a certificate or an interface is not there.
    NotFound,
    /// Unavailable or inconclusive for now; safe to try again.
    Temporary,
    /// Another run holds the tenant.
    Busy,
    /// `--fail-on` was reached.
    Due,
    /// A person or the system ended the run.
    Interrupted,
}

impl Kind {
    /// Every kind, in the order in which one outweighs another.
    pub const GRAVEST_FIRST: [Self; 10] = [
        Self::Interrupted,
        Self::Usage,
        Self::Refused,
        Self::Failed,
        Self::SignIn,
        Self::NotFound,
        Self::Temporary,
        Self::Busy,
        Self::Waiting,
        Self::Due,
    ];

    /// The graver of two outcomes, where several files or tenants had one each.
    pub fn graver(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        Self::GRAVEST_FIRST.into_iter().find(|kind| one == Some(*kind) || other == Some(*kind))
    }
}

/// A failure, with everything that its reader needs.
#[derive(Debug)]
pub struct Failure {
    /// Its kind.
    pub kind: Kind,
    /// A stable word for it.
    pub code: &'static str,
    /// What is wrong, where, with the facts.
    pub message: String,
    /// The next thing to do.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: Kind, code: &'static str, message: impl fmt::Display) -> Self {
        Self { kind, code, message: message.to_string(), hint: None }
    }

    /// The same, with the next thing to do.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_outcome_wins() {
        assert_eq!(Kind::graver(None, None), None);
        assert_eq!(Kind::graver(Some(Kind::Due), Some(Kind::Waiting)), Some(Kind::Waiting));
        assert_eq!(Kind::graver(Some(Kind::Failed), Some(Kind::Refused)), Some(Kind::Refused));
        assert_eq!(Kind::graver(None, Some(Kind::Temporary)), Some(Kind::Temporary));
    }
}
