//! A moment, to the second, in UTC: the only form of time below the ports.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::as_text::is_text;

/// Seconds in a day, as thresholds and validity periods count them.
pub const DAY: i64 = 86_400;

/// The moments that RFC 3339 can write: the first second of year 0 to the last of year 9999.
const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Seconds since 1970-01-01T00:00:00Z, always within the years that RFC 3339 can write.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Time(i64);

impl Time {
    /// The moment this many seconds after the epoch; beyond the years 0 to 9999 the nearest moment within them.
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds < *WRITABLE.start() {
            Self(*WRITABLE.start())
        } else if seconds > *WRITABLE.end() {
            Self(*WRITABLE.end())
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 (`2026-02-20T01:27:34Z`, any offset), or a bare date, which means its first second in UTC.
    ///
    /// # Errors
    /// [`NotATime`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let bare = text.len() == "2026-02-20".len();
        let whole = if bare { Cow::Owned(format!("{text}T00:00:00Z")) } else { Cow::Borrowed(text) };
        DateTime::parse_from_rfc3339(&whole).map(|moment| Self::from_unix(moment.timestamp())).map_err(|_| NotATime)
    }

    /// This moment and so many seconds more (or fewer).
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Whole days from `now` until this moment, rounded down: 23 hours are 0 days, an hour ago is -1.
    pub const fn days_after(self, now: Self) -> i64 {
        (self.0 - now.0).div_euclid(DAY)
    }

    /// The date in UTC as people read it: `20 Mar 2026`.
    pub fn date(self) -> String {
        self.chrono().format("%-d %b %Y").to_string()
    }

    /// The date in UTC as a path holds it: `2026-03-20`.
    pub fn iso_date(self) -> String {
        self.chrono().format("%Y-%m-%d").to_string()
    }

    /// Date and time in UTC as people read it, and saying so: `20 Mar 2026 14:56 UTC`.
    pub fn date_and_time(self) -> String {
        self.chrono().format("%-d %b %Y %H:%M UTC").to_string()
    }

    fn chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).expect("a Time stays within the years that chrono knows")
    }
}

/// The text is not a time that RFC 3339 knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a time; write it like 2026-02-20 or 2026-02-20T01:27:34Z")]
pub struct NotATime;

impl std::str::FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        Self::parse(text)
    }
}

/// RFC 3339 in UTC, to the second.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chrono().to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

is_text!(Time);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_round_down_on_both_sides_of_the_end() {
        let end = Time::from_unix(10 * DAY);
        assert_eq!(end.days_after(Time::from_unix(9 * DAY)), 1);
        assert_eq!(end.days_after(Time::from_unix(9 * DAY + 1)), 0);
        assert_eq!(end.days_after(Time::from_unix(10 * DAY + 1)), -1);
    }

    #[test]
    fn writes_and_reads_itself() {
        let moment = Time::parse("2026-02-20T02:27:34+01:00").expect("a time");
        assert_eq!(moment.to_string(), "2026-02-20T01:27:34Z");
        assert_eq!(moment.date(), "20 Feb 2026");
        assert_eq!(Time::parse("2026-02-20").expect("a date").to_string(), "2026-02-20T00:00:00Z");
        assert_eq!(Time::parse("yesterday"), Err(NotATime));
    }

    #[test]
    fn stays_within_the_years_that_can_be_written() {
        assert_eq!(Time::from_unix(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Time::from_unix(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    }
}
