//! A console profile: which requests of a console's own sign in, show the certificate, give out the request and take
//! the certificate. The form is described in docs/console-profiles.md.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The schema that this release reads.
const SCHEMA: &str = "pushcert/console/1";

/// Placeholders that the replay itself fills.
const GIVEN: [&str; 8] =
    ["username", "username_base64", "password", "origin", "now_ms", "certificate", "certificate_base64", "file_name"];

/// A profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    schema: String,
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

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// How the profile knows it.
    #[serde(rename = "evidence")]
    _evidence: Evidence,
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
    /// What the answer looks like.
    pub expect: Expect,
    /// What it looks like when the server says no.
    pub refused: Option<Refused>,
    /// What to pick up from it.
    #[serde(default)]
    pub take: Vec<Take>,
    /// What the deed came for.
    pub answer: Option<Answer>,
}

/// How a profile knows a request.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Evidence {
    Seen,
    Inferred,
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

/// A name and a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The value, with placeholders.
    pub value: String,
}

/// A part of a multipart body.
#[derive(Clone, Debug, Deserialize)]
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

/// What an answer looks like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status: of the first answer where it is a redirect, of the last one otherwise.
    pub status: u16,
    /// The media type.
    pub content_type: Option<String>,
}

/// What an answer looks like when the server says no.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// It holds this text.
    pub text: String,
}

/// A value to pick up.
#[derive(Clone, Debug, Deserialize)]
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

/// What a deed came for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Where the topic is, in JSON.
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

/// Why a text is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It is not of this form.
    #[error("{}", .0.trim())]
    Form(String),
    /// It is of a newer or unknown schema.
    #[error("its schema is {found:?}, and this release reads {SCHEMA:?}")]
    Schema {
        /// The schema found.
        found: String,
    },
    /// A path could lead elsewhere.
    #[error("the path {path:?} does not begin with a single /")]
    Path {
        /// The path.
        path: String,
    },
    /// A placeholder that nobody fills.
    #[error("nobody gives {{{name}}}, which {path:?} needs")]
    Placeholder {
        /// Its name.
        name: String,
        /// The request's path.
        path: String,
    },
    /// More than one body.
    #[error("{path:?} has more than one of form, json and multipart")]
    Bodies {
        /// The request's path.
        path: String,
    },
}

impl Profile {
    /// Reads a profile. Whatever could only fail later is looked at now.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text).map_err(|error| ProfileError::Form(error.to_string()))?;
        if profile.schema != SCHEMA {
            return Err(ProfileError::Schema { found: profile.schema });
        }
        let mut known: BTreeSet<String> = GIVEN.iter().map(|name| (*name).to_owned()).collect();
        look_through(&profile.sign_in, &mut known)?;
        for deed in [&profile.read, &profile.fetch, &profile.upload] {
            look_through(deed, &mut known.clone())?;
        }
        Ok(profile)
    }
}

fn look_through(requests: &[Request], known: &mut BTreeSet<String>) -> Result<(), ProfileError> {
    for request in requests {
        let path = || request.path.clone();
        if !request.path.starts_with('/') || request.path.starts_with("//") || request.path.contains('\\') {
            return Err(ProfileError::Path { path: path() });
        }
        let bodies = [request.form.is_some(), request.json.is_some(), request.multipart.is_some()];
        if bodies.into_iter().filter(|there| *there).count() > 1 {
            return Err(ProfileError::Bodies { path: path() });
        }
        for text in texts(request) {
            if let Some(name) = super::fill::names(text).find(|name| !known.contains(*name)) {
                return Err(ProfileError::Placeholder { name: name.to_owned(), path: path() });
            }
        }
        known.extend(request.take.iter().map(|take| take.name.clone()));
    }
    Ok(())
}

/// Every text of a request that may hold placeholders.
fn texts(request: &Request) -> impl Iterator<Item = &str> {
    let fields = request.headers.iter().chain(request.form.iter().flatten());
    let pairs = fields.flat_map(|field| [field.name.as_str(), field.value.as_str()]);
    let parts = request.multipart.iter().flatten();
    let parts = parts.flat_map(|part| [Some(part.value.as_str()), part.file_name.as_deref()]).flatten();
    [Some(request.path.as_str()), request.json.as_deref()].into_iter().flatten().chain(pairs).chain(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(rest: &str) -> Result<Profile, ProfileError> {
        Profile::parse(&format!("schema = \"pushcert/console/1\"\nmdm = \"mobileiron-cloud\"\n{rest}"))
    }

    const GET: &str = "evidence = \"seen\"\nmethod = \"GET\"\nexpect = { status = 200 }\n";

    #[test]
    fn what_signs_in_may_take_what_others_need() {
        let text = format!(
            "[[sign_in]]\n{GET}path = \"/login\"\ntake = [{{ name = \"csrf\", from = \"html\", key = \"_csrf\" }}]\n[[read]]\n{GET}path = \"/read\"\nheaders = [{{ name = \"X\", value = \"{{csrf}}\" }}]"
        );
        assert_eq!(profile(&text).expect("a profile").read.len(), 1);
    }

    #[test]
    fn what_could_only_fail_later_is_refused_now() {
        let path = |path: &str| profile(&format!("[[read]]\n{GET}path = \"{path}\""));
        assert!(path("/fine").is_ok());
        for wrong in ["https://elsewhere.example.com/", "//elsewhere.example.com/", "relative", "/a\\\\b"] {
            assert!(matches!(path(wrong), Err(ProfileError::Path { .. })), "{wrong}");
        }
        assert!(matches!(path("/{token}"), Err(ProfileError::Placeholder { .. })));
        assert!(matches!(profile("colour = 1"), Err(ProfileError::Form(_))));
        assert!(matches!(
            Profile::parse("schema = \"pushcert/console/9\"\nmdm = \"x\""),
            Err(ProfileError::Schema { .. })
        ));
        let bodies = format!("[[read]]\n{GET}path = \"/\"\njson = \"{{{{}}}}\"\nform = []");
        assert!(matches!(profile(&bodies), Err(ProfileError::Bodies { .. })));
    }
}
