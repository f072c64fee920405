//! How many of the devices with the app have spoken with the server since their platform was switched. It proves that they
//! could fetch the new token, and not that the app has read it.

use serde::Serialize;

use super::Lockout;
use crate::pingid::Platform;

/// What a server shows of the devices that have the app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Coverage {
    /// It offers no way to look.
    NotOffered,
    /// It offers one, and it failed just now, for this reason.
    NotSeen(String),
    /// By platform.
    Seen(Vec<Leg>),
}

/// The devices of one platform.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Leg {
    /// The platform.
    pub platform: Platform,
    /// How many have the app, and have checked in since the platform was switched.
    pub heard: u64,
    /// How many have the app, and have not.
    pub silent: u64,
    /// The latter by name, as far as the server tells.
    pub silent_devices: Vec<String>,
    /// At how many devices it was looked.
    pub looked_at: u64,
    /// Of how many.
    pub of: u64,
}

impl Leg {
    /// How many of a hundred devices with the app have checked in since, rounded down. Not known where no device shows the
    /// app: privacy settings hide it from the server's inventory.
    pub fn percent(&self) -> Option<u64> {
        (self.heard * 100).checked_div(self.heard + self.silent)
    }
}

impl Coverage {
    /// What of it speaks against the end of the old token, where so many of a hundred devices are wanted.
    pub fn against(&self, wanted: u8) -> Vec<Lockout> {
        match self {
            _ if wanted == 0 => vec![],
            Self::NotOffered => vec![],
            Self::NotSeen(why) => vec![Lockout::CoverageUnseen(why.clone())],
            Self::Seen(legs) => legs.iter().filter_map(|leg| low(leg, wanted)).collect(),
        }
    }
}

fn low(leg: &Leg, wanted: u8) -> Option<Lockout> {
    let percent = leg.percent().filter(|percent| *percent < u64::from(wanted))?;
    Some(Lockout::CoverageLow { platform: leg.platform, percent, silent: leg.silent, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(heard: u64, silent: u64) -> Leg {
        let all = heard + silent;
        Leg { platform: Platform::Ios, heard, silent, silent_devices: vec![], looked_at: all, of: all }
    }

    fn words(coverage: &Coverage, wanted: u8) -> Vec<&'static str> {
        coverage.against(wanted).iter().map(Lockout::word).collect()
    }

    #[test]
    fn what_is_known_counts_and_what_is_not_does_not() {
        for (heard, silent, against) in
            [(95, 5, false), (94, 6, true), (949, 51, true), (0, 1, true), (1, 0, false), (0, 0, false)]
        {
            let seen = Coverage::Seen(vec![leg(heard, silent)]);
            assert_eq!(!words(&seen, 95).is_empty(), against, "{heard} and {silent}");
            assert_eq!(words(&seen, 0), [""; 0], "nobody wants to know");
        }
        assert_eq!(words(&Coverage::NotOffered, 95), [""; 0], "time alone decides");
        assert_eq!(words(&Coverage::NotSeen("it is down".into()), 95), ["coverage-unseen"]);
    }

    #[test]
    fn one_platform_is_not_made_up_for_by_another() {
        let android = Leg { platform: Platform::Android, ..leg(1, 9) };
        let seen = Coverage::Seen(vec![leg(1_000, 0), android]);
        assert_eq!(words(&seen, 95), ["coverage-low"]);
    }
}
