//! The tool as a whole: one binary, so that it links once.

#![allow(clippy::disallowed_methods, clippy::panic, reason = "tests make the files they need")]

mod alerts;
mod attacks;
mod brought;
mod browser;
mod canary;
mod channels;
mod cmd;
mod configuration;
mod console;
#[cfg(target_os = "linux")]
mod crash;
mod credentials;
mod days;
mod docs;
mod etiquette;
mod fetch;
mod floors;
mod handover;
mod init;
mod journey;
#[cfg(feature = "keyring")]
mod keyring;
#[cfg(unix)]
mod matrix;
mod monitoring;
mod monitors;
mod others;
mod own_keys;
mod packaging;
mod papers;
mod passphrases;
mod program;
mod prometheus;
mod receivers;
mod record;
mod releases;
#[cfg(unix)]
mod revocations;
mod servers;
mod shell;
mod store;
mod terminal;
mod tidings;
mod trial;
mod two_runs;
mod visits;
mod watch;
mod way_back;
mod years;
