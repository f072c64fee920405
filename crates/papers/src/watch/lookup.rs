//! What a list of revoked certificates said of an installed certificate, and how long that is believed.

use serde::{Deserialize, Serialize};

use super::Seen;
use crate::{DAY, Fingerprint, Time, certificate::Revocation};

/// A certificate that was looked up in its authority's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lookup {
    /// When.
    pub at: Time,
    /// Which certificate, as [`Installed::certificate`](super::Installed::certificate) names it.
    pub certificate: Fingerprint,
    /// When it was revoked, if it was.
    pub revoked: Option<Time>,
}

/// How long a certificate that was not on the list is taken to be good still. Apple makes a new list every day.
const BELIEVED: i64 = 7 * DAY;

/// What is known of the revocation of what is installed. A revocation is for ever; everything else is forgotten.
pub fn known(lookup: Option<&Lookup>, seen: Option<&Seen>, now: Time) -> Revocation {
    let installed = seen.and_then(|seen| seen.installed.as_ref()).and_then(|installed| installed.certificate);
    match lookup {
        Some(found) if Some(found.certificate) != installed => Revocation::NotLookedUp,
        Some(Lookup { revoked: Some(at), .. }) => Revocation::Revoked(*at),
        Some(found) if is_believed(found.at, now) => Revocation::Good(found.at),
        _ => Revocation::NotLookedUp,
    }
}

/// Whether a certificate that was not on the list at that time is taken to be good still.
pub fn is_believed(at: Time, now: Time) -> bool {
    now.unix() - at.unix() <= BELIEVED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Installed, Source};

    #[test]
    fn a_revocation_is_for_ever_and_everything_else_is_forgotten() {
        let (now, one, other) = (Time::from_unix(100 * DAY), Fingerprint::of(b"one"), Fingerprint::of(b"other"));
        let installed = Installed { certificate: Some(one), ..Installed::default() };
        let seen = Seen { at: now, source: Source::File, installed: Some(installed) };
        let on = |certificate, days_ago: i64, revoked| {
            let lookup = Lookup { at: now.plus(-days_ago * DAY), certificate, revoked };
            known(Some(&lookup), Some(&seen), now)
        };
        assert_eq!(known(None, Some(&seen), now), Revocation::NotLookedUp);
        assert_eq!(on(one, 7, None), Revocation::Good(now.plus(-7 * DAY)));
        assert_eq!(on(one, 8, None), Revocation::NotLookedUp);
        assert_eq!(on(one, 90, Some(now)), Revocation::Revoked(now));
        assert_eq!(on(other, 0, Some(now)), Revocation::NotLookedUp, "it is about another certificate");
    }
}
