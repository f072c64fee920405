//! What devices' check-ins say about the certificate that is installed.

use crate::{DAY, Time};

/// How many of how many devices checked in within a span.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share {
    /// How many did.
    pub checked_in: u64,
    /// How many there are.
    pub of: u64,
}

/// What the check-ins of the day after a change say, beside those of the day before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AfterChange {
    /// About as many devices check in as before.
    Answers,
    /// Devices check in, but clearly fewer than before.
    Fewer,
    /// No device checked in since the change.
    Silent,
    /// A day has not passed yet; until then devices that did not check in may just not have had their turn.
    TooEarly {
        /// When it has.
        from: Time,
    },
    /// There is no device.
    NoDevices,
}

/// Devices that checked in until an installed certificate's first day, and not since.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Silence {
    /// How many were there in the weeks before that day.
    pub known: u64,
    /// How many of them have checked in since.
    pub heard: u64,
}

/// Of a fleet that answers, at least this part checks in again: some devices lie in drawers.
const AS_BEFORE: (u64, u64) = (4, 5);

/// Less than this part is silence: a few devices may have been enrolled anew.
const HEARD: (u64, u64) = (1, 10);

/// How long before an installed certificate's first day devices count as having been there.
const BEFORE: i64 = 30 * DAY;

impl Share {
    /// Of these last check-ins, those after this moment.
    pub fn since(check_ins: impl Iterator<Item = Option<Time>>, moment: Time) -> Self {
        let mut share = Self { checked_in: 0, of: 0 };
        for check_in in check_ins {
            share.of += 1;
            share.checked_in += u64::from(check_in.is_some_and(|time| time > moment));
        }
        share
    }

    /// In hundredths, rounded down.
    pub fn percent(self) -> u64 {
        self.checked_in.saturating_mul(100).checked_div(self.of).unwrap_or(0)
    }

    /// The share in `12 of 34`.
    pub fn parse(text: &str) -> Option<Self> {
        let (checked_in, of) = text.split_once(" of ")?;
        let share = Self { checked_in: checked_in.parse().ok()?, of: of.parse().ok()? };
        (share.checked_in <= share.of).then_some(share)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.checked_in, self.of)
    }
}

/// What the share of devices that checked in since a change says. Before it, where that is known, so many did in a day.
pub fn after_change(before: Option<Share>, after: Share, changed: Time, now: Time) -> AfterChange {
    let from = changed.plus(DAY);
    let enough = match before {
        // The same part of the fleet: checked_in / of >= (before.checked_in / before.of) * 4/5, without division.
        Some(before) if before.of > 0 => {
            let product = |numbers: [u64; 3]| numbers.into_iter().map(u128::from).fold(1, u128::saturating_mul);
            product([after.checked_in, before.of, AS_BEFORE.1]) >= product([before.checked_in, after.of, AS_BEFORE.0])
        }
        _ => after.checked_in.saturating_mul(2) >= after.of,
    };
    match after {
        Share { of: 0, .. } => AfterChange::NoDevices,
        Share { checked_in: 1.., .. } if enough => AfterChange::Answers,
        _ if now < from => AfterChange::TooEarly { from },
        Share { checked_in: 0, .. } => AfterChange::Silent,
        _ => AfterChange::Fewer,
    }
}

/// Whether devices fell silent after the first day of the installed certificate, which then is likely to have another
/// topic than the one before: the last check-ins of all devices tell.
pub fn fell_silent(check_ins: &[Option<Time>], begins: Time, now: Time) -> Option<Silence> {
    let first_day_over = begins.plus(DAY);
    if now <= first_day_over {
        return None;
    }
    let known = check_ins.iter().flatten().filter(|time| **time >= begins.plus(-BEFORE)).count() as u64;
    let heard = check_ins.iter().flatten().filter(|time| **time > first_day_over).count() as u64;
    (known > 0 && heard * HEARD.1 < known * HEARD.0).then_some(Silence { known, heard })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn share(checked_in: u64, of: u64) -> Share {
        Share { checked_in, of }
    }

    #[test]
    fn the_day_after_beside_the_day_before() {
        let changed = NOW.plus(-DAY);
        for (before, after, wanted) in [
            (Some(share(90, 100)), share(88, 100), AfterChange::Answers),
            (Some(share(90, 100)), share(72, 100), AfterChange::Answers),
            (Some(share(90, 100)), share(71, 100), AfterChange::Fewer),
            (Some(share(9, 10)), share(0, 10), AfterChange::Silent),
            (Some(share(0, 0)), share(0, 0), AfterChange::NoDevices),
            (None, share(5, 10), AfterChange::Answers),
            (None, share(4, 10), AfterChange::Fewer),
            (Some(share(0, 10)), share(0, 10), AfterChange::Silent),
            (Some(share(u64::MAX, u64::MAX)), share(u64::MAX, u64::MAX), AfterChange::Answers),
        ] {
            assert_eq!(after_change(before, after, changed, NOW), wanted, "{before:?} {after:?}");
        }
    }

    #[test]
    fn an_early_look_proves_nothing_by_silence() {
        let changed = NOW.plus(-60);
        let early = AfterChange::TooEarly { from: changed.plus(DAY) };
        assert_eq!(after_change(Some(share(9, 10)), share(0, 10), changed, NOW), early);
        assert_eq!(after_change(Some(share(9, 10)), share(2, 10), changed, NOW), early);
        assert_eq!(after_change(Some(share(9, 10)), share(9, 10), changed, NOW), AfterChange::Answers);
    }

    #[test]
    fn shares_are_written_and_read() {
        assert_eq!(Share::parse(&share(12, 34).to_string()), Some(share(12, 34)));
        assert_eq!((share(12, 34).percent(), share(0, 0).percent()), (35, 0));
        for wrong in ["", "12", "12 of", "35 of 34", "-1 of 2"] {
            assert_eq!(Share::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn silence_after_the_first_day_of_a_certificate() {
        let begins = NOW.plus(-10 * DAY);
        let silent = vec![Some(begins.plus(-60)), Some(begins.plus(3_600)), None];
        assert_eq!(fell_silent(&silent, begins, NOW), Some(Silence { known: 2, heard: 0 }));
        assert_eq!(fell_silent(&[Some(NOW)], begins, NOW), None);
        assert_eq!(fell_silent(&silent, begins, begins.plus(DAY)), None, "the first day is not over");
        assert_eq!(fell_silent(&[], begins, NOW), None);
        assert_eq!(fell_silent(&[Some(begins.plus(-60 * DAY))], begins, NOW), None, "silent long before");
        let mut few = vec![Some(begins.plus(-60)); 30];
        few.extend([Some(NOW), Some(NOW)]);
        assert_eq!(fell_silent(&few, begins, NOW), Some(Silence { known: 32, heard: 2 }));
    }
}
