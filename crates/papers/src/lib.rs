//! Judges MDM push certificates and the requests for them.
//!
//! Everything here is a pure function of bytes and a time: no file is opened, no clock is read, nothing is sent.
//! The words come first ([`Topic`], [`Serial`], [`Fingerprint`], [`Time`], [`Finding`]); papers are made of them;
//! judgement is passed on papers.
//!
//! ```
//! use pushcert_papers::{
//!     Code, Time,
//!     certificate::{Authorities, Expectations},
//!     judge::{Want, judge},
//! };
//! # let authorities = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/papers/authorities.pem"));
//! # let authorities = Authorities::from_pem(authorities).unwrap();
//! # let downloaded = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/papers/other-topic.pem"));
//! // let authorities = Authorities::apple();
//! let enrolled = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111".parse().unwrap();
//! let expected = Expectations { topic: Some(&enrolled), ..Expectations::default() };
//! let now = Time::parse("2026-06-01").unwrap();
//!
//! let judged = judge(downloaded, None, Want::PushCertificate, &expected, &authorities, now);
//! assert!(judged.findings.iter().any(|finding| finding.code == Code::TopicChanged));
//! ```

mod country;
mod der;
mod fingerprint;
mod json;
mod key;
mod pem;
mod property_list;
mod secret;
mod serial;
mod tenant;
mod text;
mod time;
mod topic;

pub mod android;
pub mod apns;
pub mod bundle;
pub mod certificate;
pub mod console;
pub mod credential;
pub mod escape;
pub mod finding;
pub mod judge;
pub mod kind;
pub mod page;
pub mod pingid;
pub mod renewal;
pub mod request;
pub mod watch;

pub use country::{Country, NotACountry};
pub use finding::{Code, Finding, Severity, Verdict};
pub use fingerprint::{Fingerprint, NotAFingerprint};
pub use key::{KeyError, PrivateKey};
pub use kind::Kind;
pub use pem::pem;
pub use secret::Secret;
pub use serial::{NotASerial, Serial};
pub use tenant::{NotATenantName, TenantName};
pub use text::Oddity;
pub use time::{DAY, NotATime, Time};
pub use topic::{NotATopic, PREFIX as TOPIC_PREFIX, Topic, within as topic_within};
