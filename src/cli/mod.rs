//! The faces: what may be said on the command line, and how it answers.

mod human;
mod json;
mod lessons;
mod progress;
mod table;

pub mod args;
pub mod exit;
pub mod help;
pub mod log;
pub mod manual;
pub mod printer;
pub mod prompt;

pub use human::text as for_people;
