//! The embedded world, met from outside: by requests over TLS, as a browser or a script makes them.

#![allow(clippy::disallowed_methods, reason = "tests read the files of their world")]

mod apns;
mod faults;
mod papers;
mod portal;
mod renewal;
mod servers;
mod visit;
