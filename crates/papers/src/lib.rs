//! Judges MDM push certificates and the requests for them.
//!
//! Everything here is a pure function of bytes and a time: no file is opened, no clock is read, nothing is sent.
//! The words come first ([`Topic`], [`Serial`], [`Fingerprint`], [`Time`], [`Finding`]); papers are made of them;
//! judgement is passed on papers.

mod der;
mod fingerprint;
mod secret;
mod serial;
mod tenant;
mod time;
mod topic;

pub mod certificate;
pub mod escape;
pub mod finding;
pub mod judge;
pub mod kind;
pub mod page;
pub mod renewal;
pub mod request;
pub mod watch;

pub use finding::{Code, Finding, Severity, Verdict};
pub use fingerprint::{Fingerprint, NotAFingerprint};
pub use kind::Kind;
pub use secret::Secret;
pub use serial::{NotASerial, Serial};
pub use tenant::{NotATenantName, TenantName};
pub use time::{DAY, NotATime, Time};
pub use topic::{NotATopic, PREFIX as TOPIC_PREFIX, Topic};
