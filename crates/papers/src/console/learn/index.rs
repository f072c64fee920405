//! Where the answers of a recording hold which values.

use std::collections::HashMap;

use serde_json::Value;

use super::words;
use crate::console::{From, har::Exchange, take};

/// Answers that are larger hold lists and programs, not the values of a session.
const LARGEST: usize = 1 << 20;

/// The most values that are looked at.
const MOST: usize = 400_000;

/// The longest value that a request carries on.
const LONGEST: usize = 4_096;

/// A place in an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Which exchange's answer.
    pub exchange: usize,
    /// Where in it.
    pub from: From,
    /// Under which name.
    pub key: String,
}

/// Values, and the places that hold them, in the order of the recording.
#[derive(Debug, Default)]
pub struct Index {
    places: HashMap<String, Vec<Place>>,
    /// Values without regard to case, for the names of headers.
    folded: HashMap<String, String>,
    count: usize,
}

impl Index {
    pub fn of(exchanges: &[Exchange]) -> Self {
        let mut index = Self::default();
        for (at, exchange) in exchanges.iter().enumerate() {
            index.answer(at, exchange);
        }
        index
    }

    /// The places that hold this very value.
    pub fn places(&self, value: &str) -> &[Place] {
        self.places.get(value).map_or(&[], Vec::as_slice)
    }

    /// A value that is this one but for its case.
    pub fn spelling(&self, value: &str) -> Option<&str> {
        self.folded.get(&value.to_ascii_lowercase()).map(String::as_str)
    }

    fn answer(&mut self, at: usize, exchange: &Exchange) {
        for (name, value) in &exchange.answer_headers {
            if words::is_secret(name) && name != "set-cookie" {
                self.add(at, From::Header, name, value);
            }
        }
        for (name, value) in &exchange.set_cookies {
            self.add(at, From::Cookie, name, value);
        }
        if exchange.body.as_ref().is_none_or(|body| body.len() > LARGEST) {
            return;
        }
        if let Some(document) = exchange.json() {
            self.leaves(at, &document, "");
            return;
        }
        if !(exchange.media.contains("html") || exchange.media.contains("script")) {
            return;
        }
        let page = exchange.text();
        for field in take::fields(&page) {
            if take::html(&page, &field.name).as_deref() == Some(&field.value) {
                self.add(at, From::Html, &field.name, &field.value);
            }
        }
        for (name, value) in take::assignments(&page) {
            // Only what the replay would find under this name.
            if take::script(&page, name).as_deref() == Some(value) {
                self.add(at, From::Script, name, value);
            }
        }
    }

    fn leaves(&mut self, at: usize, value: &Value, path: &str) {
        match value {
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(number, item)| self.leaves(at, item, &below(path, &number.to_string())));
            }
            Value::Object(fields) => {
                // A name with a dot in it cannot be said in a path.
                let plain = fields.iter().filter(|(name, _)| !name.contains('.'));
                plain.for_each(|(name, value)| self.leaves(at, value, &below(path, name)));
            }
            value => {
                if let Some(text) = take::scalar(value) {
                    self.add(at, From::Json, path, &text);
                }
            }
        }
    }

    fn add(&mut self, exchange: usize, from: From, key: &str, value: &str) {
        if value.is_empty() || value.len() > LONGEST || key.is_empty() || self.count >= MOST {
            return;
        }
        self.count += 1;
        self.folded.entry(value.to_ascii_lowercase()).or_insert_with(|| value.to_owned());
        self.places.entry(value.to_owned()).or_default().push(Place { exchange, from, key: key.to_owned() });
    }
}

fn below(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}
