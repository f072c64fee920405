//! The last look before a profile is written: no password, cookie or token of the recording stands in it, in any form.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use super::{find, words};
use crate::console::{
    Deed, Profile, Request,
    har::{Exchange, parameters},
    take,
};

/// Shorter values are searched for as whole texts only: they are parts of everything.
const SHORTEST: usize = 6;

/// The most bytes of a page that are searched for secrets.
const LARGEST: usize = 1 << 20;

/// Something of a recording that nobody else may know.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub struct RecordedSecret {
    /// What it is, in words that do not tell it.
    pub what: String,
    value: String,
}

/// Every password, cookie and token of a recording.
pub fn all(exchanges: &[Exchange]) -> BTreeSet<RecordedSecret> {
    let mut found = BTreeSet::new();
    let paths: BTreeSet<&str> =
        exchanges.iter().flat_map(|exchange| [exchange.place(), exchange.path.as_str()]).collect();
    let mut add = |what: String, value: &str| {
        // A cookie that only says where to go is as public as that address.
        if !value.is_empty() && !paths.contains(value) {
            found.insert(RecordedSecret { what, value: value.to_owned() });
        }
    };
    for exchange in exchanges {
        for (name, value) in exchange.cookies.iter().chain(&exchange.set_cookies) {
            add(format!("the cookie {name}"), value);
        }
        for (name, value) in named(exchange) {
            if words::is_password(&name) {
                add(format!("the password in {name}"), &value);
            } else if words::is_secret(&name) && !words::is_word(&value) {
                add(format!("the value of {name}"), &value);
            }
        }
        if let Some((_, session)) = exchange.path.split_once(";jsessionid=") {
            add("the session in an address".into(), session.split(['?', '/', ';']).next().unwrap_or_default());
        }
    }
    found
}

/// Every named value of an exchange: headers, fields, and what its answer says by name.
fn named(exchange: &Exchange) -> Vec<(String, String)> {
    let mut found = find::fields(&exchange.content);
    let nested: Vec<_> = found.iter().filter_map(|(_, value)| serde_json::from_str(value).ok()).collect();
    for document in nested {
        find::leaves(&document, "", &mut found);
    }
    found.extend(exchange.path.split_once('?').map(|(_, query)| parameters(query)).unwrap_or_default());
    for (name, value) in exchange.headers.iter().chain(&exchange.answer_headers) {
        if name != "cookie" && name != "set-cookie" {
            let bare =
                value.split_once(' ').filter(|_| name == "authorization").map_or(value.as_str(), |(_, bare)| bare);
            found.push((name.clone(), bare.to_owned()));
        }
    }
    if exchange.body.as_ref().is_some_and(|body| body.len() <= LARGEST) {
        match exchange.json() {
            Some(document) => find::leaves(&document, "", &mut found),
            None if exchange.media.contains("html") || exchange.media.contains("script") => {
                let page = exchange.text();
                found.extend(take::fields(&page).map(|field| (field.name, field.value)));
                found.extend(take::assignments(&page).map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            None => {}
        }
    }
    found
}

/// The first secret that stands in a profile, if one does.
pub fn within<'a>(profile: &Profile, secrets: &'a BTreeSet<RecordedSecret>) -> Option<&'a RecordedSecret> {
    let requests = || Deed::ALL.into_iter().flat_map(|deed| profile.requests(deed));
    let mut texts: Vec<&str> = requests().flat_map(Request::texts).collect();
    for request in requests() {
        texts.extend(request.take.iter().flat_map(|take| [take.name.as_str(), take.key.as_str()]));
        texts.extend(request.literals.iter().flat_map(|literal| [literal.text.as_str(), literal.source.as_str()]));
        texts.extend(request.refused.as_ref().map(|refused| refused.text.as_str()));
    }
    let whole = profile.to_string();
    secrets.iter().find(|secret| {
        secret.forms().iter().any(|form| {
            texts.contains(&form.as_str())
                || (form.len() >= SHORTEST
                    && (whole.contains(form.as_str()) || texts.iter().any(|text| text.contains(form.as_str()))))
        })
    })
}

impl RecordedSecret {
    /// The ways in which it may be written.
    fn forms(&self) -> Vec<String> {
        let value = self.value.as_str();
        let decoded = parameters(&format!("x={}", value.replace('&', "%26"))).pop().map(|(_, decoded)| decoded);
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let mut forms = vec![value.to_owned(), encoded];
        if value.len() >= SHORTEST {
            forms.push(STANDARD.encode(value).trim_end_matches('=').to_owned());
        }
        forms.extend(decoded.filter(|decoded| !decoded.is_empty()));
        forms
    }
}
