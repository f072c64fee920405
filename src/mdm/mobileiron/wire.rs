//! The documented shapes of both products' answers. Numbers are read as integers or text, never as floating point.

use pushcert_papers::Time;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::pages::Page;

/// Cloud's envelope.
#[derive(Debug, Deserialize)]
pub struct CloudAnswer<T> {
    /// What was asked for.
    pub result: T,
}

/// A page of Cloud's lists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudPage<T> {
    /// How many there are in all.
    pub total_count: u64,
    /// Those of this page.
    pub search_results: Vec<T>,
}

impl<T> CloudPage<T> {
    /// The page that begins at this row. A list ends where its total is reached.
    pub fn after(self, start: usize) -> Page<T> {
        let end = (start + self.search_results.len()) as u64;
        Page { last: end >= self.total_count, items: self.search_results }
    }
}

/// What a tenant is told of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenancy {
    /// The default space of devices.
    #[serde(deserialize_with = "text")]
    pub default_dm_partition_id: String,
}

/// A space of devices.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partition {
    /// Its identifier.
    #[serde(deserialize_with = "text")]
    pub id: String,
    /// Whether it is the default one.
    #[serde(default)]
    pub default_partition: bool,
}

/// A device in Cloud.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudDevice {
    /// Its identifier.
    #[serde(deserialize_with = "text")]
    pub id: String,
    /// `IOS`, `OSX`, `TVOS`, `ANDROID`, …
    #[serde(default)]
    pub platform_type: Option<String>,
    /// Its last check-in over the management channel.
    #[serde(default, deserialize_with = "moment")]
    pub last_checkin: Option<Time>,
}

/// What Cloud answers to a deed: 1, or in newer releases an object.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Done {
    /// 1 for done, 0 for failed.
    Count(i64),
    /// The newer form; what is in it is not described.
    Object(serde::de::IgnoredAny),
}

/// Core's envelope.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CorePage<T> {
    /// Those of this page. An answer without them is no page: it must not be taken for a server without devices.
    pub results: Vec<T>,
    /// How many there are in all.
    #[serde(default)]
    pub total_count: u64,
    /// Whether there are more.
    #[serde(default)]
    pub has_more: bool,
}

/// A device in Core.
#[derive(Debug, Deserialize)]
pub struct CoreDevice {
    /// Its identifier.
    #[serde(rename = "common.uuid")]
    pub uuid: String,
    /// `iOS 17.1`, `macOS 14`, `Android 14`, …
    #[serde(default, rename = "common.platform")]
    pub platform: Option<String>,
    /// Its last check-in over the management channel.
    #[serde(default, rename = "common.last_connected_at", deserialize_with = "moment")]
    pub last_connected_at: Option<Time>,
}

/// What Core answers to a forced check-in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WokenUp {
    /// A message key for each device.
    #[serde(default)]
    pub device_results: serde_json::Map<String, Value>,
    /// Whether it went well.
    #[serde(default)]
    pub successful: bool,
}

/// A page of CPS's list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CpsPage {
    /// Its devices.
    pub search_results: Vec<CpsDevice>,
    /// How many a full page has.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A device in CPS.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CpsDevice {
    /// Its identifier.
    #[serde(deserialize_with = "text")]
    pub identifier: String,
    /// `iOS`, `macOS`, `Android`, …
    #[serde(default)]
    pub os: Option<String>,
    /// Its last check-in.
    #[serde(default, deserialize_with = "moment")]
    pub last_check_in_time: Option<Time>,
}

/// How many devices CPS has asked.
#[derive(Debug, Deserialize)]
pub struct CpsCount {
    /// So many.
    pub result: u64,
}

/// A page of Core's older list.
#[derive(Debug, Deserialize)]
pub struct OlderPage {
    /// The list.
    pub devices: OlderDevices,
}

/// Core's older list.
#[derive(Debug, Deserialize)]
pub struct OlderDevices {
    /// Its devices.
    #[serde(default)]
    pub device: Vec<OlderDevice>,
}

/// One device of Core's older interface.
#[derive(Debug, Deserialize)]
pub struct OlderOne {
    /// The device.
    pub device: OlderDevice,
}

/// A device in Core's older interface.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OlderDevice {
    /// Its identifier.
    pub uuid: String,
    /// `iOS 17.1`, …; not on every release.
    #[serde(default)]
    pub platform: Option<String>,
    /// Whether it is managed by Apple's protocol.
    #[serde(default)]
    pub mdm_managed: bool,
    /// Its last check-in.
    #[serde(default, deserialize_with = "moment")]
    pub last_connected_at: Option<Time>,
}

impl OlderDevice {
    /// By its platform, where it says one; otherwise by Apple's protocol.
    pub fn is(&self, of: Of) -> bool {
        let managed = of == Of::Apple && self.mdm_managed;
        self.platform.as_deref().map_or(managed, |platform| of.has(Some(platform)))
    }
}

/// Which devices are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Of {
    /// All of Apple's.
    Apple,
    /// iPhones and iPads.
    Ios,
    /// Android.
    Android,
}

impl Of {
    /// Whether a platform is one of these, by either product's word for it.
    pub fn has(self, platform: Option<&str>) -> bool {
        let platform = platform.unwrap_or_default().to_ascii_lowercase();
        let words: &[&str] = match self {
            Self::Apple => &["ios", "ipados", "osx", "macos", "mac os", "tvos", "visionos", "watchos", "apple"],
            Self::Ios => &["ios", "ipados"],
            Self::Android => &["android"],
        };
        words.iter().any(|word| platform.starts_with(word))
    }
}

/// What a server complains of, in either product's form. Core's words are in the server's language; the key behind them
/// is what one can look for.
pub fn complaint(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let field = body.pointer("/errors/fieldErrors/0");
    let global = body.pointer("/errors/globalErrors/0");
    if let Some(error) = field.or(global) {
        let name = error.get("field").and_then(Value::as_str).map(|name| format!("{name}: ")).unwrap_or_default();
        let words = error.get("message").or_else(|| error.get("code")).and_then(Value::as_str)?;
        return Some(format!("{name}{words}"));
    }
    let message = body.pointer("/messages/0")?;
    let part = |name: &str| message.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (part("localizedMessage"), part("messageKey")) {
        (Some(words), Some(key)) => Some(format!("{words} ({key})")),
        (words, key) => words.or(key).map(str::to_owned),
    }
}

/// Text, or an integer as text: identifiers are both.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        _ => Err(de::Error::custom("neither text nor an integer")),
    }
}

/// A moment in either of the forms that one and the same field has had: epoch milliseconds, or ISO 8601.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Number(number) => match number.as_i64() {
            Some(milliseconds) => Ok(Some(Time::from_unix(milliseconds.div_euclid(1_000)))),
            None => Err(de::Error::custom("a time that is no integer")),
        },
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => iso(&text).map(Some).ok_or_else(|| de::Error::custom("a time in an unknown form")),
        _ => Err(de::Error::custom("a time in an unknown form")),
    }
}

/// ISO 8601 as servers write it: with a zone, with `+0000`, or without any, which means UTC.
fn iso(text: &str) -> Option<Time> {
    let spelled = text.strip_suffix("+0000").map(|text| format!("{text}Z"));
    Time::parse(spelled.as_deref().unwrap_or(text)).or_else(|_| Time::parse(&format!("{text}Z"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(last_checkin: &str) -> Result<CloudDevice, serde_json::Error> {
        serde_json::from_str(&format!(
            "{{\"id\": 9007199254740993, \"platformType\": \"IOS\", \"lastCheckin\": {last_checkin}}}"
        ))
    }

    #[test]
    fn both_forms_of_a_timestamp() {
        for form in
            ["1609459200000", "\"2021-01-01T00:00:00.000+0000\"", "\"2021-01-01T00:00:00Z\"", "\"2021-01-01T00:00:00\""]
        {
            let device = device(form).expect("a device");
            assert_eq!(
                (device.id.as_str(), device.last_checkin),
                ("9007199254740993", Some(Time::from_unix(1_609_459_200))),
                "{form}"
            );
        }
        assert_eq!(device("null").expect("a device").last_checkin, None);
        for wrong in ["1.5e12", "\"yesterday\"", "[]"] {
            assert!(device(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn complaints_of_both_products() {
        let cloud = br#"{"errors":{"globalErrors":null,"fieldErrors":[{"code":"Range","field":"rows","message":"must be between 1 and 500"}]}}"#;
        assert_eq!(complaint(cloud).as_deref(), Some("rows: must be between 1 and 500"));
        let core = br#"{"messages":[{"type":"Error","messageKey":"com.mobileiron.x","localizedMessage":"No."}]}"#;
        assert_eq!(complaint(core).as_deref(), Some("No. (com.mobileiron.x)"));
        assert_eq!(complaint(b"<html>"), None);
    }

    #[test]
    fn platforms() {
        for (platform, apple) in
            [("IOS", true), ("iOS 17.1", true), ("OSX", true), ("macOS 14", true), ("ANDROID", false), ("", false)]
        {
            assert_eq!(Of::Apple.has(Some(platform)), apple, "{platform}");
        }
        for (platform, ios, android) in
            [("iOS 17.1", true, false), ("IPADOS", true, false), ("OSX", false, false), ("Android 15", false, true)]
        {
            assert_eq!((Of::Ios.has(Some(platform)), Of::Android.has(Some(platform))), (ios, android), "{platform}");
        }
    }
}
