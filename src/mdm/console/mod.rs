//! A console's own requests, replayed by a profile: sign in once, pick up the anti-forgery values, do the one thing, and
//! tell a console that changed from a server that says no.

mod outgoing;
mod replay;
mod verdict;

pub use replay::Console;
