//! What the world was asked: one line for each request. No password and no body is in it.

use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::clock::rfc3339;

/// A request, and what it did.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// When, by the world's clock.
    pub at: String,
    /// Of whom: `cloud`, `core`, `portal` or `apns`.
    pub tenant: &'static str,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// What was done, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deed: Option<&'static str>,
    /// SHA-256 of the certificate's DER, where one was concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

/// What a request did; handlers put it into their answer's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) what: &'static str,
    pub(crate) sha256: Option<String>,
    pub(crate) topic: Option<String>,
}

impl Deed {
    pub(crate) const fn of(what: &'static str) -> Self {
        Self { what, sha256: None, topic: None }
    }
}

/// An answer, and what was done for it.
pub(crate) fn with_deed(answer: impl IntoResponse, deed: Deed) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(deed);
    response
}

/// All requests so far.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Vec<Entry>>);

impl Record {
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add(&self, at: i64, tenant: &'static str, asked: (String, String), status: u16, deed: Option<Deed>) {
        let (what, sha256, topic) = deed.map_or((None, None, None), |deed| (Some(deed.what), deed.sha256, deed.topic));
        let (method, path) = asked;
        let entry = Entry { at: rfc3339(at), tenant, method, path, status, deed: what, sha256, topic };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }
}
