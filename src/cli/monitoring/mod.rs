//! Answers for monitoring systems. All certificates stand in one answer.

mod ics;
mod junit;
mod nagios;
mod prometheus;

pub use ics::ics;
pub use junit::junit;
pub use nagios::{nagios, unknown};
pub use prometheus::prometheus;
