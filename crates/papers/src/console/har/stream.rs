//! The archive as a stream: one entry after the other, each forgotten but for what is kept of it.

use std::{
    fmt,
    io::{BufReader, Read},
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, error::Category};
use url::Url;

use super::{Elsewhere, Exchange, HarError, KEPT, MOST_HOSTS, Recording, parameters};

/// A recording that is being read.
pub struct Reading<'a> {
    origin: &'a str,
    pub recording: Recording,
    kept: usize,
    has_entries: bool,
}

impl<'a> Reading<'a> {
    pub fn new(origin: &'a str) -> Self {
        Self { origin, recording: Recording::default(), kept: 0, has_entries: false }
    }

    fn entry(&mut self, mut entry: Value) {
        let address = entry.pointer("/request/url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
        match address {
            Some(url) if url.origin().ascii_serialization() == self.origin => self.keep(&url, &mut entry),
            Some(url) if matches!(url.scheme(), "https" | "http") => self.name(&url, &entry),
            _ => self.recording.skipped += 1,
        }
    }

    fn keep(&mut self, url: &Url, entry: &mut Value) {
        let mut exchange = Exchange::of(url, entry);
        let size = exchange.body.as_ref().map_or(0, Vec::len);
        if size > KEPT.0 || self.kept + size > KEPT.1 {
            exchange.body = None;
        } else {
            self.kept += size;
        }
        self.recording.exchanges.push(exchange);
    }

    fn name(&mut self, url: &Url, entry: &Value) {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let elsewhere = &mut self.recording.elsewhere;
        if !elsewhere.contains_key(&host) && elsewhere.len() >= MOST_HOSTS {
            return;
        }
        let found: &mut Elsewhere = elsewhere.entry(host).or_default();
        found.requests += 1;
        let form = entry.pointer("/request/postData/text").and_then(Value::as_str).map(parameters).unwrap_or_default();
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let names: Vec<&str> =
            names.iter().map(String::as_str).chain(form.iter().map(|(name, _)| name.as_str())).collect();
        found.signs_in = found.signs_in.or_else(|| protocol(&names));
    }
}

/// The protocol whose parameters these are, if they ask another host to sign somebody in.
pub fn protocol(names: &[&str]) -> Option<&'static str> {
    let has = |wanted: &str| names.contains(&wanted);
    match () {
        () if has("SAMLRequest") || has("SAMLResponse") => Some("SAML"),
        () if has("client_id") && (has("redirect_uri") || has("response_type")) => Some("OpenID Connect"),
        () if has("wtrealm") => Some("WS-Federation"),
        () => None,
    }
}

/// Reads the whole archive.
pub fn read(input: impl Read, reading: &mut Reading<'_>) -> Result<(), HarError> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, input));
    let read = Root(reading).deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| match error.classify() {
        Category::Io => HarError::Unreadable(error.into()),
        Category::Eof => HarError::CutOff,
        Category::Data => HarError::OtherJson,
        Category::Syntax => {
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default().to_owned();
            HarError::NotJson { why, line: error.line() }
        }
    })?;
    if reading.has_entries { Ok(()) } else { Err(HarError::OtherJson) }
}

/// A level of the archive: what stands under its keys.
macro_rules! level {
    ($name:ident, $($key:literal => $then:expr),+) => {
        struct $name<'a, 'b>(&'a mut Reading<'b>);

        impl<'de> DeserializeSeed<'de> for $name<'_, '_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_, '_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        $($key => $then(&mut *self.0, &mut map)?,)+
                        _ => { map.next_value::<IgnoredAny>()?; }
                    }
                }
                Ok(())
            }
        }
    };
}

level!(Root, "log" => |reading, map: &mut A| map.next_value_seed(Log(reading)));
level!(
    Log,
    "entries" => |reading, map: &mut A| map.next_value_seed(Entries(reading)),
    "creator" => creator
);

fn creator<'de, A: MapAccess<'de>>(reading: &mut Reading<'_>, map: &mut A) -> Result<(), A::Error> {
    let creator: Value = map.next_value()?;
    let word = |key: &str| creator.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{} {}", word("name"), word("version"));
    reading.recording.made_by = crate::escape::printable(name.trim()).chars().take(80).collect();
    Ok(())
}

/// The list of entries.
struct Entries<'a, 'b>(&'a mut Reading<'b>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.has_entries = true;
        while let Some(entry) = entries.next_element::<Value>()? {
            self.0.entry(entry);
        }
        Ok(())
    }
}
