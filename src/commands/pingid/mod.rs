//! `pingid`: the token with which the PingID app shows that its device is managed.

mod adopt;
mod config;
mod lint;
pub mod rotate;

pub use adopt::adopt;
pub use config::{Wish, config};
pub use lint::lint;
