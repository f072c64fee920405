//! What every room of this floor may use: the clock, files, fresh keys, and the one factory of HTTP clients.

pub mod apple;
pub mod browser;
pub mod clock;
pub mod files;
pub mod http;
pub mod keys;
pub mod surroundings;
pub mod tls;
pub mod visitor;

mod cookies;
mod pin;
