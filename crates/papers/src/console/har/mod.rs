//! A recording of a visit: an HTTP archive (HAR 1.2) as browsers and their drivers write it.
//!
//! It is read as a stream, one request at a time. What was asked of other hosts than the tenant's is counted and not
//! kept; of the tenant's own answers pages, scripts and data are kept, and never more than a limit allows.

mod body;
mod exchange;
mod stream;
mod text;

use std::{collections::BTreeMap, io::Read};

pub use body::{Content, SentPart, of_disposition, parameters};
pub use exchange::Exchange;
pub use stream::protocol;

/// The most bytes of answers that are kept, of one and of all.
const KEPT: (usize, usize) = (8 << 20, 64 << 20);

/// The most other hosts that are told apart.
const MOST_HOSTS: usize = 100;

/// What a recording holds of the tenant's console.
#[derive(Debug, Default)]
pub struct Recording {
    /// The program that wrote it.
    pub made_by: String,
    /// What was asked of the tenant's own origin, in order.
    pub exchanges: Vec<Exchange>,
    /// What was asked of other hosts: not looked at, but named.
    pub elsewhere: BTreeMap<String, Elsewhere>,
    /// Entries that are no requests.
    pub skipped: usize,
}

/// What a recording holds of another host.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Elsewhere {
    /// How many requests.
    pub requests: usize,
    /// The protocol by which somebody was signed in there, if that is what happened.
    pub signs_in: Option<&'static str>,
}

/// Why a file is no recording to learn from.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is another kind of file.
    #[error("it is {what}, not a recording (HAR)")]
    OtherKind {
        /// What it is, with its article.
        what: &'static str,
    },
    /// It is no JSON.
    #[error("it is no JSON: {why} in line {line}")]
    NotJson {
        /// What is wrong.
        why: String,
        /// Where.
        line: usize,
    },
    /// It ends in the middle.
    #[error("it ends in the middle: it was not saved whole")]
    CutOff,
    /// It is JSON, and no recording.
    #[error("it is JSON, but no recording: a recording has a list of requests under log.entries")]
    OtherJson,
    /// Nothing was recorded.
    #[error("it holds no request")]
    NoRequests,
    /// Nothing was asked of the tenant.
    #[error("nothing in it was asked of {origin}; it holds requests to {}", hosts(elsewhere))]
    OtherHosts {
        /// The tenant's origin.
        origin: String,
        /// What it holds instead.
        elsewhere: BTreeMap<String, Elsewhere>,
    },
    /// It cannot be read any further.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
}

/// A few hosts, those with the most requests first.
pub fn hosts(elsewhere: &BTreeMap<String, Elsewhere>) -> String {
    let mut hosts: Vec<_> = elsewhere.iter().collect();
    hosts.sort_by_key(|(_, found)| std::cmp::Reverse(found.requests));
    let named: Vec<_> = hosts
        .iter()
        .take(5)
        .map(|(host, found)| format!("{} ({})", crate::escape::printable(host), found.requests))
        .collect();
    let more = hosts.len().saturating_sub(named.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", named.join(", "))
}

impl Recording {
    /// Reads a recording of a visit to the tenant at this origin (`https://host`, with a port where it is not 443).
    ///
    /// # Errors
    /// See [`HarError`].
    pub fn read(input: impl Read, origin: &str) -> Result<Self, HarError> {
        let mut reading = stream::Reading::new(origin);
        stream::read(text::plain(input)?, &mut reading)?;
        let mut recording = reading.recording;
        // A recording without a time in each entry is taken in its own order.
        if recording.exchanges.iter().all(|exchange| exchange.at.is_some()) {
            recording.exchanges.sort_by_key(|exchange| exchange.at);
        }
        match (recording.exchanges.is_empty(), recording.elsewhere.is_empty()) {
            (true, true) => Err(HarError::NoRequests),
            (true, false) => Err(HarError::OtherHosts { origin: origin.to_owned(), elsewhere: recording.elsewhere }),
            _ => Ok(recording),
        }
    }
}
