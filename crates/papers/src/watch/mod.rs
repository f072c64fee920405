//! The watch: what is installed, how that was learned, and what follows from the date.

mod seen;

pub use seen::{Installed, Seen, Source};
