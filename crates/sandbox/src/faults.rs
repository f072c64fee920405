//! Faults: the ways in which a network, a server and a person's session fail, switched on by request.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;
use serde_json::Value;

use crate::{authority::TlsKind, shared::Service};

/// A fault: where, on which requests, after how many, how often, and what happens then.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `cloud`, `core`, `portal`, `apns`, or `*`.
    #[serde(rename = "where", default = "anywhere")]
    pub place: String,
    /// The beginning of the path, or `*`. For faults of the connection and of TLS it does not matter.
    #[serde(rename = "match", default = "anywhere")]
    pub path: String,
    /// How many requests go well first.
    #[serde(default)]
    pub after: u64,
    /// How often it happens; always when left out.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens.
    #[serde(rename = "do")]
    pub what: What,
}

fn anywhere() -> String {
    "*".into()
}

/// What happens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct What {
    /// The connection is closed before anything is said.
    pub refuse: bool,
    /// The connection breaks after so many bytes of answers.
    pub reset_after: Option<usize>,
    /// Answers come at so many bytes a second.
    pub drip: Option<u32>,
    /// The TLS certificate: `wrong-name`, `expired` or `other-authority`.
    pub tls: Option<WrongTls>,
    /// The answer's status.
    pub status: Option<u16>,
    /// The answer's body.
    pub body: Option<String>,
    /// The answer's media type.
    pub content_type: Option<String>,
    /// Headers of the answer.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Where the answer redirects to.
    pub redirect: Option<String>,
    /// Milliseconds before the answer.
    pub delay_ms: Option<u64>,
    /// The true answer's body is cut after so many bytes.
    pub truncate: Option<usize>,
    /// The answer's body is so many bytes long, and says nothing.
    pub fill: Option<usize>,
    /// Instead of an answer the connection is closed: `before` what was asked is done, or `after` it.
    pub hang_up: Option<HangUp>,
    /// A lasting behaviour: `signed-out`, `strict`, `iso-times`, `list-of-50`, `single-sign-on`, `vendor-expired`,
    /// `json-upload`, `keeps-keys`, `new-issuer`, `download-by-form`, `console-changed`, `gdpr`, `object-results`,
    /// `two-spaces`, `same-page`, `raw-upload`, `server-page`, `two-step-sign-in`.
    pub switch: Option<String>,
    /// Whether the switch is on.
    pub on: Option<bool>,
}

impl What {
    /// Whether it befalls a connection, before anything is asked.
    const fn is_of_connection(&self) -> bool {
        self.refuse || self.reset_after.is_some() || self.drip.is_some() || self.tls.is_some()
    }

    /// Whether it befalls an answer.
    fn is_of_http(&self) -> bool {
        self.status.is_some()
            || self.redirect.is_some()
            || self.delay_ms.is_some()
            || self.truncate.is_some()
            || self.fill.is_some()
            || self.hang_up.is_some()
            || self.body.is_some()
            || self.content_type.is_some()
            || !self.headers.is_empty()
    }
}

/// How a TLS certificate is wrong.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrongTls {
    /// For another host.
    WrongName,
    /// Over.
    Expired,
    /// Of an authority that nobody trusts.
    OtherAuthority,
}

/// When a connection is closed instead of an answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum HangUp {
    /// Before anything was done.
    Before,
    /// After it was done.
    After,
}

impl From<WrongTls> for TlsKind {
    fn from(wrong: WrongTls) -> Self {
        match wrong {
            WrongTls::WrongName => Self::WrongName,
            WrongTls::Expired => Self::Expired,
            WrongTls::OtherAuthority => Self::OtherAuthority,
        }
    }
}

/// The switches there are.
const SWITCHES: [&str; 23] = [
    "apps-hidden",
    "console-changed",
    "download-by-form",
    "gdpr",
    "iso-times",
    "json-upload",
    "keeps-keys",
    "key-deleted",
    "list-of-50",
    "new-issuer",
    "object-results",
    "pingone-forgetful",
    "pingone-own-tokens",
    "pingone-restless",
    "raw-upload",
    "same-page",
    "server-page",
    "signed-out",
    "single-sign-on",
    "strict",
    "two-spaces",
    "two-step-sign-in",
    "vendor-expired",
];

/// Words that describe no fault.
#[derive(Debug, thiserror::Error)]
pub enum BadFault {
    /// They are not of the form.
    #[error("a fault is {{\"where\":…,\"match\":…,\"after\":n,\"times\":n,\"do\":{{…}}}}: {0}")]
    Form(#[from] serde_json::Error),
    /// There is no such switch.
    #[error("there is no switch {0:?}; there are {list}", list = SWITCHES.join(", "))]
    Switch(String),
    /// There is no such place.
    #[error("there is no place {0:?}: a fault is where cloud, core, portal, apns, identity, pingone, google or * is")]
    Place(String),
    /// An answer cannot have this status.
    #[error("{0} is not the status of an answer: that is 200 to 599")]
    Status(u16),
    /// It does nothing.
    #[error("nothing is to happen: \"do\" is empty")]
    Nothing,
}

impl Fault {
    /// Reads faults: one, or a list.
    ///
    /// # Errors
    /// When the words describe none.
    pub fn read(value: Value) -> Result<Vec<Self>, BadFault> {
        let list = if value.is_array() { value } else { Value::Array(vec![value]) };
        let faults: Vec<Self> = serde_json::from_value(list)?;
        faults.iter().try_for_each(Self::check)?;
        Ok(faults)
    }

    /// A fault that could never happen is a mistake of whoever wrote it, and silence would hide it.
    fn check(&self) -> Result<(), BadFault> {
        let what = &self.what;
        let known = |name: &str| name == "*" || Service::ALL.iter().any(|service| service.name() == name);
        if !known(&self.place) {
            return Err(BadFault::Place(self.place.clone()));
        }
        if let Some(status) = what.status.filter(|status| !(200..=599).contains(status)) {
            return Err(BadFault::Status(status));
        }
        match &what.switch {
            Some(name) if !SWITCHES.contains(&name.as_str()) => Err(BadFault::Switch(name.clone())),
            None if !what.is_of_connection() && !what.is_of_http() => Err(BadFault::Nothing),
            _ => Ok(()),
        }
    }
}

/// A fault that waits for its requests.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    seen: u64,
    done: u64,
}

/// The faults that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Mutex<Vec<Armed>>,
    switches: Mutex<BTreeSet<String>>,
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        if let Some(name) = fault.what.switch {
            let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
            if fault.what.on.unwrap_or(true) {
                switches.insert(name)
            } else {
                switches.remove(&name)
            };
            return;
        }
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push(Armed { fault, seen: 0, done: 0 });
    }

    pub(crate) fn clear(&self) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.switches.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn is_on(&self, switch: &str) -> bool {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner).contains(switch)
    }

    /// What befalls a new connection.
    pub(crate) fn on_connection(&self, place: &str) -> Option<What> {
        self.due(place, What::is_of_connection, None)
    }

    /// What befalls this request.
    pub(crate) fn on_request(&self, place: &str, path: &str) -> Option<What> {
        self.due(place, What::is_of_http, Some(path))
    }

    fn due(&self, place: &str, kind: impl Fn(&What) -> bool, path: Option<&str>) -> Option<What> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        for armed in armed.iter_mut() {
            let fault = &armed.fault;
            let here = fault.place == "*" || fault.place == place;
            let this = path.is_none_or(|path| fault.path == "*" || path.starts_with(&fault.path));
            if !(here && this && kind(&fault.what)) {
                continue;
            }
            armed.seen += 1;
            if armed.seen > fault.after && fault.times.is_none_or(|times| armed.done < times) {
                armed.done += 1;
                return Some(armed.fault.what.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Result<Vec<Fault>, BadFault> {
        Fault::read(serde_json::from_str(json).expect("JSON"))
    }

    #[test]
    fn happens_after_so_many_and_so_often() {
        let faults = Faults::default();
        faults.add(
            fault(r#"{"where":"cloud","match":"/api","after":1,"times":2,"do":{"status":500}}"#)
                .expect("a fault")
                .remove(0),
        );
        let hits: Vec<_> = (0..5).map(|_| faults.on_request("cloud", "/api/v1/device").is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        assert!(faults.on_request("core", "/api/v2/ping").is_none());
    }

    #[test]
    fn words_that_are_none() {
        assert!(fault(r#"{"do":{"explode":true}}"#).is_err());
        assert!(fault(r#"{"do":{"switch":"no-such"}}"#).is_err());
        assert!(fault(r#"{"where":"clod","do":{"status":500}}"#).is_err());
        assert!(fault(r#"{"where":"cloud","do":{"status":99}}"#).is_err());
        assert!(fault(r#"{"where":"cloud","do":{}}"#).is_err());
        assert!(fault("3").is_err());
    }
}
