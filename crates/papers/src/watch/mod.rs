//! The watch: what is installed, how that was learned, and what follows from the date.

mod account;
mod level;
mod seen;
mod standing;
mod state;

pub use account::{Account, EARLY};
pub use level::Level;
pub(crate) use seen::is_rounded;
pub use seen::{Installed, Seen, Source};
pub use standing::{Facts, Next, Problem, Standing, standing};
pub use state::{State, Thresholds};
