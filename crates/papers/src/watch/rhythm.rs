//! When an alert is due again: by the date, or as long as something is wrong. An occasion is a text that everybody who
//! watches the same store makes alike, so that nobody announces it twice.

use super::{Announced, Severity, State, Thresholds};
use crate::{DAY, Time};

/// A week, in seconds.
pub const WEEK: i64 = 7 * DAY;

/// The step of the calm rhythm that a certificate has come to, as a word of its occasions; `None` while it is far from
/// its end.
pub fn step(end: Time, thresholds: &Thresholds, now: Time) -> Option<(String, Severity)> {
    let left = end.unix() - now.unix();
    let grace = thresholds.grace * DAY;
    let state = State::of(Some(end), thresholds, now);
    let severity = match state {
        State::Ok | State::Notice => Severity::Info,
        State::Warning => Severity::Warning,
        _ => Severity::Critical,
    };
    let word = match state {
        State::Expired => format!("week-{}", (-left - grace - 1) / WEEK),
        State::ExpiredInGrace => format!("grace-{}", -end.days_after(now)),
        _ if left < thresholds.daily * DAY => format!("day-{}", left / DAY),
        State::Ok => return None,
        state => state.word().into(),
    };
    Some((word, severity))
}

/// What becomes of something that is wrong, or not any more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Turn {
    /// It has begun.
    Begun(String),
    /// It still holds.
    Still(String),
    /// It is over.
    Over(String),
}

/// Whether something that is wrong is to be announced, again, or as over. What is wrong is told apart by a detail without
/// colons; reminders come after so many seconds.
pub fn turn(wrong: Option<&str>, last: Option<&Announced>, every: i64, now: Time) -> Option<Turn> {
    let (number, open) = last.map_or((0, None), |last| episode(&last.occasion));
    match (wrong, open) {
        (None, None) => None,
        (None, Some(_)) => Some(Turn::Over(format!("{number}:over"))),
        (Some(detail), Some((same, count))) if detail == same => {
            let due = last.is_some_and(|last| now.unix() - last.at.unix() >= every);
            due.then(|| Turn::Still(format!("{number}:{detail}:{}", count + 1)))
        }
        (Some(detail), _) => Some(Turn::Begun(format!("{}:{detail}:0", number + 1))),
    }
}

/// The number of an occasion's episode; and while it is open, its detail and how often it was announced again.
fn episode(occasion: &str) -> (u64, Option<(&str, u64)>) {
    let mut parts = occasion.split(':');
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let detail = parts.next();
    let count = parts.next().and_then(|count| count.parse().ok());
    (number, detail.zip(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn last(occasion: &str, days_ago: i64) -> Announced {
        Announced { matter: "x".into(), occasion: occasion.into(), at: NOW.plus(-days_ago * DAY) }
    }

    #[test]
    fn steps_by_the_date() {
        let at = |left: i64| step(NOW.plus(left), &Thresholds::default(), NOW).map(|(word, _)| word);
        let table = [
            (60 * DAY, None),
            (60 * DAY - 1, Some("notice")),
            (30 * DAY, Some("notice")),
            (30 * DAY - 1, Some("warning")),
            (14 * DAY - 1, Some("critical")),
            (7 * DAY, Some("critical")),
            (7 * DAY - 1, Some("day-6")),
            (DAY - 1, Some("day-0")),
            (0, Some("day-0")),
            (-1, Some("grace-1")),
            (-30 * DAY, Some("grace-30")),
            (-30 * DAY - 1, Some("week-0")),
            (-37 * DAY, Some("week-0")),
            (-37 * DAY - 1, Some("week-1")),
        ];
        for (left, word) in table {
            assert_eq!(at(left).as_deref(), word, "{left}");
        }
    }

    #[test]
    fn a_matter_begins_is_repeated_and_ends() {
        let table = [
            (None, None, None),
            (Some("a"), None, Some(Turn::Begun("1:a:0".into()))),
            (Some("a"), Some(last("1:a:0", 0)), None),
            (Some("a"), Some(last("1:a:0", 1)), Some(Turn::Still("1:a:1".into()))),
            (Some("b"), Some(last("1:a:7", 0)), Some(Turn::Begun("2:b:0".into()))),
            (None, Some(last("1:a:1", 0)), Some(Turn::Over("1:over".into()))),
            (None, Some(last("1:over", 9)), None),
            (Some("a"), Some(last("1:over", 0)), Some(Turn::Begun("2:a:0".into()))),
            (Some("a"), Some(last("what is this", 0)), Some(Turn::Begun("1:a:0".into()))),
        ];
        for (wrong, last, wanted) in table {
            assert_eq!(turn(wrong, last.as_ref(), DAY, NOW), wanted, "{wrong:?} after {last:?}");
        }
    }
}
