//! What every room of this floor may use: the clock, files, and the one factory of HTTP clients.

pub mod clock;
pub mod files;
pub mod http;

pub mod visitor;

mod pin;
