//! Exit codes: a public interface that monitoring depends on. This page alone knows the numbers.

use std::process::ExitCode;

use crate::commands::Kind;

/// Done, judged, or nothing to do.
pub const DONE: u8 = 0;

/// The code of this kind of failure.
pub const fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Failed => 1,
        Kind::Usage => 2,
        Kind::Refused => 3,
        Kind::Waiting => 4,
        Kind::SignIn => 5,
        Kind::NotFound => 6,
        Kind::Temporary => 7,
        Kind::Busy => 8,
        Kind::Due => 9,
        Kind::Interrupted => 130,
    }
}

/// What a code means, for `pushcert help`.
pub const fn meaning(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "Done, judged, or nothing to do; warnings included.",
        1 => "Failed in a way that no other code names.",
        2 => "Wrong usage or configuration.",
        3 => "Refused: a check found a blocking finding, and nothing was changed.",
        4 => "Waiting: a person must act; run it again afterwards.",
        5 => "A server refused the sign-in, or does not allow this.",
        6 => "Not found: a tenant, a file, a certificate or an interface.",
        7 => "Temporarily unavailable or inconclusive; it is safe to try again.",
        8 => "Busy: another run holds this tenant, or has just changed it.",
        9 => "Due: the state given with --fail-on was reached, or a round of the watch found somebody who should act.",
        130 => "Interrupted, by Ctrl-C or SIGTERM; what is kept is safe.",
        _ => return None,
    })
}

/// What the process returns.
pub fn status(outcome: Option<Kind>) -> ExitCode {
    ExitCode::from(outcome.map_or(DONE, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_meaning() {
        for kind in Kind::GRAVEST_FIRST {
            assert!(meaning(code(kind)).is_some(), "{kind:?}");
        }
    }
}
