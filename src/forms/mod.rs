//! The forms that answers have for monitoring systems, on standard output and over HTTP alike. All certificates stand in one
//! answer.

mod credentials;
mod ics;
mod junit;
mod list;
mod nagios;
mod prometheus;
mod rounds;

use std::ops::Range;

pub use ics::{calendar, ics};
pub use junit::junit;
pub use list::list;
pub use nagios::{nagios, unknown};
pub use prometheus::{metrics, prometheus};
pub use rounds::{Rounds, of_the_watch};

/// The places of all items, some at a time: what is long is written while it is sent.
fn pieces(all: usize, each: usize) -> impl Iterator<Item = Range<usize>> + Send + Clone + 'static {
    (0..all).step_by(each).map(move |from| from..all.min(from + each))
}

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
