//! A console's own requests, replayed by a profile: sign in once, pick up the anti-forgery values, do the one thing, and
//! tell a console that changed from a server that says no.

mod fill;
mod profile;
mod replay;
mod take;

pub use profile::{Profile, ProfileError};
pub use replay::Console;
