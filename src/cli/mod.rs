//! The faces: what may be said on the command line, and how it answers.

mod args;
mod exit;
mod help;
mod human;
mod json;
mod log;
mod printer;
mod prompt;
mod run;
mod table;

pub use run::run;
