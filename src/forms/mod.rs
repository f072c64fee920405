//! The forms that answers have for monitoring systems, on standard output and over HTTP alike. All certificates stand in one
//! answer.

mod credentials;
mod ics;
mod junit;
mod nagios;
mod prometheus;
mod rounds;

pub use ics::ics;
pub use junit::junit;
pub use nagios::{nagios, unknown};
pub use prometheus::{metrics, prometheus};
pub use rounds::{Rounds, of_the_watch};

/// In how many days, or how many days ago.
pub fn in_days(days: i64) -> String {
    match days {
        0 => "today or tomorrow".into(),
        1 => "in 1 day".into(),
        days if days > 1 => format!("in {days} days"),
        -1 => "ended a day ago".into(),
        days => format!("ended {} days ago", -days),
    }
}
