//! The watch: what is installed, how that was learned, and what follows from the date.

mod seen;
mod state;

pub use seen::{Installed, Seen, Source};
pub use state::{State, Thresholds};
