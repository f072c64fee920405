//! The forms in which people have a configuration, read into rows. Nothing is judged here but whether it can be read.

use plist::Value as List;
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};
use serde::Serialize;

use crate::{Code, Finding, Kind, json, property_list};

/// How deep an honest specification nests.
const DEEPEST: usize = 12;

/// The root element of the AppConfig community's specification.
const ROOT: &str = "managedAppConfiguration";

/// Lines end as in XML 1.0.
const VERSION: XmlVersion = XmlVersion::Implicit1_0;

/// The form of a configuration.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A property list in XML.
    Plist,
    /// A property list in Apple's binary form.
    BinaryPlist,
    /// The AppConfig community's specification.
    Appconfig,
    /// JSON.
    Json,
}

/// A setting's value, as far as it matters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Setting {
    /// A string.
    Text(String),
    /// Something else without parts: what it is, in words.
    Other(&'static str),
    /// A list or a dictionary.
    Nested,
}

/// A configuration, read.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) form: Form,
    pub(super) app: Option<String>,
    pub(super) version: Option<String>,
    pub(super) rows: Vec<(String, Setting)>,
}

impl Settings {
    fn of(form: Form, rows: Vec<(String, Setting)>) -> Self {
        Self { form, app: None, version: None, rows }
    }

    /// Every value of this key.
    pub(super) fn named(&self, key: &str) -> Vec<&Setting> {
        self.rows.iter().filter(|(name, _)| name == key).map(|(_, setting)| setting).collect()
    }

    /// The text of this key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.named(key).into_iter().find_map(|setting| match setting {
            Setting::Text(text) => Some(text.as_str()),
            Setting::Other(_) | Setting::Nested => None,
        })
    }

    pub(super) fn is_nested(&self, key: &str) -> bool {
        self.named(key).contains(&&Setting::Nested)
    }
}

/// What a file that is no configuration is.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    match begins(bytes) {
        Beginning::Nothing => Kind::Empty,
        Beginning::Html => Kind::Html,
        Beginning::Plist => Kind::Plist,
        Beginning::Json => Kind::Json,
        Beginning::Appconfig | Beginning::Other => Kind::Unknown,
    }
}

/// The settings in a file.
pub(super) fn read(bytes: &[u8]) -> Result<Settings, Box<Finding>> {
    let refuse = |code, message: &'static str, remedy: &'static str| Err(Box::new(Finding::new(code, message, remedy)));
    let again = "save it once more from where it was made, or make it anew:  pushcert pingid config";
    let read = match begins(bytes) {
        Beginning::Nothing => return refuse(Code::EmptyFile, "there is nothing in it", again),
        Beginning::Html => return refuse(Code::HtmlPage, "it is a page of HTML under another name", again),
        Beginning::Other => {
            let message = "it is no property list, no AppConfig specification and no JSON";
            return refuse(Code::UnknownKind, message, "bring the file that is meant for the console");
        }
        Beginning::Plist => property_list_settings(bytes),
        Beginning::Appconfig => specification(&text(bytes)),
        Beginning::Json => json_settings(&text(bytes)),
    };
    read.or_else(|why| match why {
        Unread::NoDictionary => {
            let remedy = "let it begin with a dictionary: keys and values";
            refuse(Code::RootNotDictionary, "its root is no dictionary of settings", remedy)
        }
        Unread::Damaged => {
            refuse(Code::Damaged, "it begins like a configuration, and cannot be read to its end", again)
        }
    })
}

/// Why there are no settings.
#[derive(Clone, Copy, Debug)]
enum Unread {
    Damaged,
    NoDictionary,
}

enum Beginning {
    Nothing,
    Html,
    Plist,
    Appconfig,
    Json,
    Other,
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn begins(bytes: &[u8]) -> Beginning {
    if property_list::is_binary(bytes) {
        return Beginning::Plist;
    }
    let text = text(bytes.get(..4_096).unwrap_or(bytes));
    let lower = text.to_ascii_lowercase();
    match lower.as_bytes() {
        [] => Beginning::Nothing,
        [b'{' | b'[' | b'"', ..] => Beginning::Json,
        _ if lower.starts_with("<!doctype html") || lower.starts_with("<html") => Beginning::Html,
        [b'<', ..] if text.contains(&format!("<{ROOT}")) => Beginning::Appconfig,
        [b'<', ..] if lower.contains("<plist") => Beginning::Plist,
        _ => Beginning::Other,
    }
}

fn property_list_settings(bytes: &[u8]) -> Result<Settings, Unread> {
    let form = if property_list::is_binary(bytes) { Form::BinaryPlist } else { Form::Plist };
    let list = property_list::read(bytes).ok_or(Unread::Damaged)?;
    let dictionary = list.as_dictionary().ok_or(Unread::NoDictionary)?;
    let rows = dictionary.iter().map(|(name, value)| (name.clone(), plist_setting(value)));
    Ok(Settings::of(form, rows.collect()))
}

fn plist_setting(value: &List) -> Setting {
    match value {
        List::String(text) => Setting::Text(text.clone()),
        List::Array(_) | List::Dictionary(_) => Setting::Nested,
        List::Boolean(_) => Setting::Other("a truth value"),
        List::Integer(_) | List::Real(_) => Setting::Other("a number"),
        List::Date(_) => Setting::Other("a date"),
        List::Data(_) => Setting::Other("data"),
        _ => Setting::Other("something else"),
    }
}

fn json_settings(text: &str) -> Result<Settings, Unread> {
    let Some(members) = json::members(text) else {
        let whole = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
        return Err(if whole { Unread::NoDictionary } else { Unread::Damaged });
    };
    let rows = members.into_iter().map(|(name, value)| (name, json_setting(value.get())));
    Ok(Settings::of(Form::Json, rows.collect()))
}

fn json_setting(value: &str) -> Setting {
    match value.as_bytes().first() {
        Some(b'"') => json::string(value).map_or(Setting::Other("a string that cannot be read"), Setting::Text),
        Some(b'{' | b'[') => Setting::Nested,
        Some(b't' | b'f') => Setting::Other("a truth value"),
        Some(b'n') => Setting::Other("nothing (null)"),
        _ => Setting::Other("a number"),
    }
}

/// The settings of a specification: `version`, `bundleId`, and in `dict` an element for each, named by `keyName`, with its
/// default value inside.
fn specification(text: &str) -> Result<Settings, Unread> {
    let found = Specification::read(text).ok_or(Unread::Damaged)?;
    if found.has_dictionary { Ok(found.settings()) } else { Err(Unread::NoDictionary) }
}

#[derive(Default)]
struct Specification {
    path: Vec<String>,
    text: String,
    begun: bool,
    has_dictionary: bool,
    app: Option<String>,
    version: Option<String>,
    rows: Vec<(String, Setting)>,
}

impl Specification {
    /// Reads to the end; `None` when the elements do not close, or nest too deep.
    fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut found = Self::default();
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => found.enter(&start)?,
                Event::Empty(start) => {
                    found.enter(&start)?;
                    found.leave();
                }
                Event::End(_) => found.leave(),
                Event::Text(part) => found.text.push_str(&part.xml_content(VERSION)),
                Event::CData(part) => found.text.push_str(&part.xml_content(VERSION)),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                    Some(c) => found.text.push(c),
                    // Entities of a document's own are not looked up: none belongs here.
                    None => found.text.push_str(resolve_xml_entity(&reference.xml_content(VERSION))?),
                },
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        (found.path.is_empty() && found.begun).then_some(found)
    }

    fn enter(&mut self, start: &BytesStart<'_>) -> Option<()> {
        let name = start.local_name();
        self.text.clear();
        self.path.push(AsRef::<str>::as_ref(&name).to_owned());
        self.begun = true;
        if self.path.len() > DEEPEST {
            return None;
        }
        match self.at().as_slice() {
            [ROOT, "dict"] => self.has_dictionary = true,
            [ROOT, "dict", kind] => {
                let setting = match *kind {
                    "string" => Setting::Text(String::new()),
                    "dict" | "array" | "stringArray" | "integerArray" | "floatArray" | "booleanArray" => {
                        Setting::Nested
                    }
                    "boolean" => Setting::Other("a truth value"),
                    "integer" | "float" => Setting::Other("a number"),
                    _ => Setting::Other("something else"),
                };
                let key = start.try_get_attribute("keyName").ok()?;
                let key = key.map(|key| key.normalized_value(VERSION).map(std::borrow::Cow::into_owned));
                self.rows.push((key.transpose().ok()?.unwrap_or_default(), setting));
            }
            _ => {}
        }
        Some(())
    }

    fn at(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    fn leave(&mut self) {
        let text = std::mem::take(&mut self.text);
        match self.at().as_slice() {
            [ROOT, "version"] => self.version = Some(text),
            [ROOT, "bundleId"] => self.app = Some(text),
            [ROOT, "dict", "string", "defaultValue", "value"] => {
                if let Some((_, setting @ Setting::Text(_))) = self.rows.last_mut() {
                    *setting = Setting::Text(text);
                }
            }
            _ => {}
        }
        self.path.pop();
    }

    fn settings(self) -> Settings {
        Settings { form: Form::Appconfig, app: self.app, version: self.version, rows: self.rows }
    }
}
