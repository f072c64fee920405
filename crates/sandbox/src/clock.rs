//! The world's time, which can be moved.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// A clock; its handles show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Whether it runs with the system's clock; otherwise it stands.
    runs: bool,
    /// The time it stands at, or how far it is ahead of the system's.
    seconds: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that runs with the system's.
    pub fn system() -> Self {
        Self { runs: true, seconds: Arc::new(AtomicI64::new(0)) }
    }

    /// A clock that stands at this time, in seconds since 1970.
    pub fn fixed(unix: i64) -> Self {
        Self { runs: false, seconds: Arc::new(AtomicI64::new(unix)) }
    }

    /// The time, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.base() + self.seconds.load(Ordering::SeqCst)
    }

    /// Puts it to this time.
    pub fn set(&self, unix: i64) {
        self.seconds.store(unix - self.base(), Ordering::SeqCst);
    }

    /// Moves it.
    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    #[expect(clippy::disallowed_methods, reason = "the world has a clock of its own")]
    fn base(&self) -> i64 {
        if !self.runs {
            return 0;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs());
        i64::try_from(since).unwrap_or(i64::MAX)
    }
}

/// A time in RFC 3339, UTC.
pub(crate) fn rfc3339(unix: i64) -> String {
    let (year, month, day) = civil(unix.div_euclid(86_400));
    let second = unix.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// A date as Apple's portal writes it: `Mar 20, 2026`.
pub(crate) fn us_date(unix: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = civil(unix.div_euclid(86_400));
    format!("{} {day}, {year}", MONTHS[usize::try_from(month - 1).unwrap_or(0) % 12])
}

/// Reads RFC 3339 in UTC, to the second; anything else is `None`.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let marks = text.len() == 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let unix = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    // A day such as 30 February would come back as another one.
    (marks && rfc3339(unix) == text).then_some(unix)
}

/// Year, month and day of a day since 1970, by the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years that begin in March put the leap day last; 400 of them are an era of 146,097 days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_back_as_they_were() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_774_018_604, "2026-03-20T14:56:44Z"),
        ] {
            assert_eq!(rfc3339(unix), text);
            assert_eq!(parse_rfc3339(text), Some(unix));
        }
        assert_eq!(us_date(1_774_018_604), "Mar 20, 2026");
        for text in ["today", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+01:00", "äää"] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn a_fixed_clock_stands_until_it_is_moved() {
        let clock = Clock::fixed(100);
        let other = clock.clone();
        clock.advance(5);
        assert_eq!(other.now(), 105);
        other.set(7);
        assert_eq!(clock.now(), 7);
    }
}
