//! A console profile: which requests of a console's own sign in, show the certificate, give out the request and take
//! the certificate. The form is described in docs/console-profiles.md.

use serde::Deserialize;

use super::check::{self, ProfileError};
use crate::watch::Installed;

/// The schema that this release reads and writes.
pub const SCHEMA: &str = "pushcert/console/1";

/// A profile.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its schema: [`SCHEMA`].
    pub(super) schema: String,
    /// The product whose console it is.
    pub mdm: String,
    /// What signs in.
    #[serde(default)]
    pub sign_in: Vec<Request>,
    /// What shows the installed certificate.
    #[serde(default)]
    pub read: Vec<Request>,
    /// What gives out the request for Apple.
    #[serde(default)]
    pub fetch: Vec<Request>,
    /// What takes the certificate.
    #[serde(default)]
    pub upload: Vec<Request>,
}

/// What a profile may know to do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Deed {
    /// Signing in.
    SignIn,
    /// Reading what is installed.
    Read,
    /// Fetching a request.
    Fetch,
    /// Uploading a certificate.
    Upload,
}

impl Deed {
    /// Every deed, in the order of a visit.
    pub const ALL: [Self; 4] = [Self::SignIn, Self::Read, Self::Fetch, Self::Upload];

    /// Its word in a profile.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Read => "read",
            Self::Fetch => "fetch",
            Self::Upload => "upload",
        }
    }

    /// What it does, as a verb phrase.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::Read => "read the installed certificate",
            Self::Fetch => "download the request",
            Self::Upload => "upload the certificate",
        }
    }
}

/// One request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// How the profile knows it.
    pub evidence: Evidence,
    /// The method.
    pub method: Method,
    /// Path and query, on the tenant's own origin.
    pub path: String,
    /// Headers.
    #[serde(default)]
    pub headers: Vec<Field>,
    /// Fields of a form.
    pub form: Option<Vec<Field>>,
    /// JSON, with placeholders.
    pub json: Option<String>,
    /// Parts of a multipart body.
    pub multipart: Option<Vec<Part>>,
    /// A body that is one text, such as the certificate itself.
    pub body: Option<Body>,
    /// What the answer looks like.
    pub expect: Expect,
    /// What it looks like when the server says no.
    pub refused: Option<Refused>,
    /// What to pick up from it.
    #[serde(default)]
    pub take: Vec<Take>,
    /// What the deed came for.
    pub answer: Option<Answer>,
    /// Where the words come from that stand in it as they are. For people: the replay does not need it.
    #[serde(default)]
    pub literals: Vec<Literal>,
}

/// How a profile knows a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The recording shows what it does.
    Seen,
    /// The recording left that out, and it was inferred.
    Inferred,
}

impl Evidence {
    /// Its word in a profile.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Inferred => "inferred",
        }
    }
}

/// The methods that a console uses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
}

impl Method {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// The method of this word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put].into_iter().find(|method| method.word() == word)
    }
}

/// A name and a value.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The value, with placeholders.
    pub value: String,
}

/// A part of a multipart body.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The name.
    pub name: String,
    /// The value, with placeholders.
    pub value: String,
    /// The file's name, with placeholders.
    pub file_name: Option<String>,
    /// The media type.
    pub content_type: Option<String>,
}

/// A body that is one text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The text, with placeholders.
    pub value: String,
    /// The media type.
    pub content_type: Option<String>,
}

/// What an answer looks like.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status: of the first answer where it is a redirect, of the last one otherwise.
    pub status: u16,
    /// The media type.
    pub content_type: Option<String>,
}

/// What an answer looks like when the server says no.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// It holds this text.
    pub text: String,
}

/// A value to pick up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// What to call it.
    pub name: String,
    /// Where it is.
    pub from: From,
    /// What it is called there.
    pub key: String,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// In a cookie.
    Cookie,
    /// In a header of the answer.
    Header,
    /// In an element of the page.
    Html,
    /// In JSON.
    Json,
    /// In a script of the page.
    Script,
}

impl From {
    /// Its word in a profile.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Header => "header",
            Self::Html => "html",
            Self::Json => "json",
            Self::Script => "script",
        }
    }

    /// The place, in words.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Cookie => "the cookie",
            Self::Header => "the answer's header",
            Self::Html => "the page's field",
            Self::Json => "the answer's",
            Self::Script => "the script's variable",
        }
    }
}

/// What a deed came for.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the answer, a page for people, shows beside the words that consoles use for it.
    #[serde(default)]
    pub page: Vec<OnPage>,
    /// Where the topic is, in JSON; a text around it may stand there too.
    pub topic: Option<String>,
    /// Where the serial number is.
    pub serial: Option<String>,
    /// Where the beginning is.
    pub not_before: Option<String>,
    /// Where the end is.
    pub not_after: Option<String>,
    /// Where the Apple account is.
    pub apple_account: Option<String>,
    /// Where the request file is: `body`, `json:PATH` or `json-base64:PATH`.
    pub file: Option<String>,
    /// Where the acceptance is.
    pub accepted: Option<String>,
    /// What stands there when it is one.
    pub value: Option<String>,
}

/// What a page for people shows of a certificate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum OnPage {
    /// The topic.
    Topic,
    /// The beginning.
    NotBefore,
    /// The end.
    NotAfter,
}

impl OnPage {
    /// Its word in a profile.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::NotBefore => "not_before",
            Self::NotAfter => "not_after",
        }
    }

    /// What it is, in words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Topic => "the topic",
            Self::NotBefore => "the beginning",
            Self::NotAfter => "the end",
        }
    }

    /// Everything that was read off a page.
    pub fn of(shown: &Installed) -> Vec<Self> {
        let seen = [
            (Self::Topic, shown.topic.is_some()),
            (Self::NotBefore, shown.not_before.is_some()),
            (Self::NotAfter, shown.not_after.is_some()),
        ];
        seen.into_iter().filter(|(_, seen)| *seen).map(|(what, _)| what).collect()
    }
}

/// A word that stands in a request as it is, and where the console shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Literal {
    /// The word.
    pub text: String,
    /// Where it comes from, in words.
    pub source: String,
}

/// Core's own request for its certificate, as a public program of 2016 asks it of releases 6 and 7. It reads one date,
/// and changes nothing. Whether today's releases still answer is not known.
const CORE_READ: &str = include_str!("core-read.toml");

impl Profile {
    /// A profile that knows nothing yet.
    pub fn new(mdm: &str) -> Self {
        Self { schema: SCHEMA.into(), mdm: mdm.into(), ..Self::default() }
    }

    /// The profile that is built in: it reads how long Core's certificate is valid, and does nothing else.
    pub fn core_read() -> Self {
        Self::parse(CORE_READ).expect("a profile of our own is one")
    }

    /// Reads a profile. Whatever could only fail later is looked at now.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text).map_err(|error| ProfileError::Form(error.to_string()))?;
        check::whole(&profile)?;
        Ok(profile)
    }

    /// The requests of a deed.
    pub fn requests(&self, deed: Deed) -> &[Request] {
        match deed {
            Deed::SignIn => &self.sign_in,
            Deed::Read => &self.read,
            Deed::Fetch => &self.fetch,
            Deed::Upload => &self.upload,
        }
    }
}

impl Request {
    /// Every text of it that may hold placeholders.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let fields = self.headers.iter().chain(self.form.iter().flatten());
        let pairs = fields.flat_map(|field| [field.name.as_str(), field.value.as_str()]);
        let parts = self.multipart.iter().flatten();
        let parts = parts
            .flat_map(|part| [Some(part.name.as_str()), Some(part.value.as_str()), part.file_name.as_deref()])
            .flatten();
        let body = self.body.as_ref().map(|body| body.value.as_str());
        [Some(self.path.as_str()), self.json.as_deref(), body].into_iter().flatten().chain(pairs).chain(parts)
    }
}
