//! The watch: what is installed, how that was learned, what follows from the date, and who is to be told.

mod account;
mod alert;
mod due;
mod fleet;
mod level;
mod lookup;
mod rhythm;
mod seen;
mod standing;
mod state;

pub use account::Account;
// Alerts and the proof by the fleet serve the tool alone, and may change with any release.
#[doc(hidden)]
pub use alert::{Alert, Announced, Matter, Severity, identity, pause};
#[doc(hidden)]
pub use due::{Due, Outlook, due, watch_trouble};
#[doc(hidden)]
pub use fleet::{AfterChange, Share, Silence, after_change, fell_silent};
pub use level::Level;
pub use lookup::{Lookup, is_believed};
pub(crate) use seen::is_rounded;
pub use seen::{Installed, Seen, Source};
pub use standing::{Facts, Next, Problem, Standing, standing};
pub use state::{State, Thresholds};
