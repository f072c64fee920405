//! Judges MDM push certificates and the requests for them, and decides what a renewal needs next.
//!
//! Everything here is a pure function of bytes and a time: no file is opened, no clock is read, nothing is sent.
//! The words come first ([`Topic`], [`Serial`], [`Fingerprint`], [`Time`], [`Finding`]); papers are made of them;
//! judgement is passed on papers.
//!
//! # What is this file?
//!
//! People hand over whatever their browser saved. [`kind::recognise`] goes by what a file holds, never by its name:
//!
//! ```
//! use pushcert_papers::{Kind, kind::recognise};
//!
//! let saved = b"<!DOCTYPE html><title>Sign in</title>";
//! assert_eq!(recognise(saved).kind(), Kind::Html);
//! ```
//!
//! # May this certificate be installed?
//!
//! [`judge::judge`] gives every finding, not the first. A certificate of another topic than the devices listen to is valid, and would
//! lose every one of them:
//!
//! ```
//! use pushcert_papers::{
//!     Code, Time, Verdict,
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
//! assert_eq!(judged.verdict, Verdict::Refuse);
//! let why = judged.findings.iter().find(|finding| finding.code == Code::TopicChanged).unwrap();
//! println!("{}: {}. {}", why.code, why.message, why.remedy);
//! ```
//!
//! # Is it the renewed one?
//!
//! Beside last year's certificate and the request that went to Apple, there is nothing left to ask:
//!
//! ```
//! use pushcert_papers::{
//!     Time, Verdict,
//!     certificate::{Authorities, Expectations, InstalledFacts},
//!     judge::{Want, judge},
//! };
//! # let authorities = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/papers/authorities.pem"));
//! # let authorities = Authorities::from_pem(authorities).unwrap();
//! # let last_year = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/papers/renewal-before.pem"));
//! # let request = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/papers/request.txt"));
//! # let downloaded = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/papers/renewal-after.pem"));
//! let now = Time::parse("2026-06-01").unwrap();
//! let alone = Expectations::default();
//! let old = judge(last_year, None, Want::PushCertificate, &alone, &authorities, now).certificate.unwrap();
//! let request = judge(request, None, Want::PushRequest, &alone, &authorities, now).request.unwrap();
//!
//! let installed = InstalledFacts::from(&old);
//! let expected = Expectations {
//!     topic: old.topic.as_ref(),
//!     public_key: Some(request.public_key_sha256),
//!     installed: Some(&installed),
//!     awaiting_newer: true,
//!     ..Expectations::default()
//! };
//! let judged = judge(downloaded, None, Want::PushCertificate, &expected, &authorities, now);
//! assert_eq!(judged.verdict, Verdict::Accept);
//! ```
//!
//! # What does the renewal need next?
//!
//! [`renewal::next`] looks at the open journey, at what is installed and at what the server lets us do, and names one step. Whoever
//! carries it out asks again:
//!
//! ```
//! use pushcert_papers::{
//!     DAY, Time, Topic,
//!     renewal::{Journey, Reach, Situation, Step, next},
//!     watch::{Installed, Seen, Source, Thresholds},
//! };
//!
//! let now = Time::parse("2026-06-01").unwrap();
//! let enrolled: Topic = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111".parse().unwrap();
//! let installed = Installed {
//!     topic: Some(enrolled.clone()),
//!     not_after: Some(now.plus(21 * DAY)),
//!     ..Installed::default()
//! };
//! let seen = Seen { at: now, source: Source::Console, installed: Some(installed) };
//! let mut situation = Situation {
//!     journey: None,
//!     seen: Some(&seen),
//!     enrolled: Some(&enrolled),
//!     // Nothing: a person does every step in the console, and is told how.
//!     reach: Reach::default(),
//!     thresholds: &Thresholds::default(),
//!     wanted: false,
//!     first: false,
//!     present: true,
//!     unattended_request: false,
//!     own_key: false,
//!     now,
//! };
//! assert_eq!(next(&situation), Step::Begin);
//!
//! let journey = Journey::begin(1, Some(enrolled.clone()), now);
//! situation.journey = Some(&journey);
//! assert_eq!(next(&situation), Step::AskForRequest);
//! ```
//!
//! # What may be relied on
//!
//! Versions follow semantic versioning: until 1.0 a minor release may break what is shown here, and a patch release never does. Words
//! that only grow ([`Code`], [`Kind`], [`watch::Problem`], [`renewal::Step`], fields of facts) may grow with any release: match them
//! with a last arm for all others. The wording of messages, and the rooms that this documentation does not show, serve the tool
//! `pushcert` and may change at any time. No type of another crate shows; a test looks for them. `serde`'s traits are implemented for what is
//! written down.

mod as_text;
mod country;
mod der;
mod finding;
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

pub mod bundle;
pub mod certificate;
pub mod judge;
pub mod kind;
pub mod renewal;
pub mod request;
pub mod watch;

// These serve the tool alone, and may change with any release.
#[doc(hidden)]
pub mod android;
#[doc(hidden)]
pub mod apns;
#[doc(hidden)]
pub mod console;
#[doc(hidden)]
pub mod credential;
#[doc(hidden)]
pub mod escape;
#[doc(hidden)]
pub mod page;
#[doc(hidden)]
pub mod pingid;

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

/// The page about this library; its examples are tried with those above.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
struct Page;
