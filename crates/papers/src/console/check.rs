//! What a profile may say. It is a program that gets a password, and somebody may have edited it: whatever could only
//! fail later, or do another thing than it seems to, is refused when it is read.

use std::collections::BTreeSet;

use super::{
    fill,
    profile::{Answer, Deed, Method, OnPage, Profile, Request, SCHEMA},
};

/// Placeholders that the replay itself fills, in every deed.
const ALWAYS: [&str; 5] = ["username", "username_base64", "origin", "now_ms", "apple_account"];

/// Those of the sign-in alone.
const SIGNING_IN: [&str; 1] = ["password"];

/// Those of the upload alone.
const UPLOADING: [&str; 3] = ["certificate", "certificate_base64", "file_name"];

/// The most requests of a deed.
const MOST: usize = 20;

/// Headers that belong to the connection, or to the cookies that the replay keeps itself.
const NOT_FOR_PROFILES: [&str; 7] =
    ["host", "cookie", "content-length", "transfer-encoding", "connection", "proxy-authorization", "te"];

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
    #[error(
        "the path {path:?} is none of the console's own: it begins with a single / and holds no blank or backslash"
    )]
    Path {
        /// The path.
        path: String,
    },
    /// A placeholder that nobody fills here.
    #[error("nobody gives {{{name}}}, which {path:?} needs for {deed}")]
    Placeholder {
        /// Its name.
        name: String,
        /// The request's path.
        path: String,
        /// The deed's word.
        deed: &'static str,
    },
    /// A brace that is not closed, or does not enclose a name.
    #[error("{text:?} has a brace that encloses no name; {{{{ and }}}} stand for the braces themselves")]
    Brace {
        /// The text.
        text: String,
    },
    /// A value is taken under a name that has a meaning already.
    #[error("{path:?} takes a value as {name:?}, which is no name of its own")]
    Name {
        /// The name.
        name: String,
        /// The request's path.
        path: String,
    },
    /// A header that is not for profiles.
    #[error("{path:?} sets the header {name:?}, which is not for profiles")]
    Header {
        /// The header.
        name: String,
        /// The request's path.
        path: String,
    },
    /// More than one body, or one that is never sent.
    #[error("{path:?} has more than one of form, json, multipart and body, or one of them with GET")]
    Bodies {
        /// The request's path.
        path: String,
    },
    /// A media type that is none.
    #[error("{path:?} sends the media type {media:?}, which is none")]
    Media {
        /// The request's path.
        path: String,
        /// The media type.
        media: String,
    },
    /// A status that no answer has.
    #[error("{path:?} expects status {status}, which no answer has")]
    Status {
        /// The request's path.
        path: String,
        /// The status.
        status: u16,
    },
    /// What the deed came for is not said, or not in a way that is known.
    #[error("{path:?} does not say where {what} stands in the answer")]
    Answer {
        /// The request's path.
        path: String,
        /// What.
        what: &'static str,
    },
    /// A deed of too many requests.
    #[error("{deed} has more than {MOST} requests")]
    TooMany {
        /// The deed's word.
        deed: &'static str,
    },
}

/// Looks through a whole profile.
pub fn whole(profile: &Profile) -> Result<(), ProfileError> {
    if profile.schema != SCHEMA {
        return Err(ProfileError::Schema { found: profile.schema.clone() });
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let mut session = names(&ALWAYS);
    session.extend(names(&SIGNING_IN));
    look_through(profile, Deed::SignIn, &mut session)?;
    session.remove(SIGNING_IN[0]);
    look_through(profile, Deed::Read, &mut session.clone())?;
    look_through(profile, Deed::Fetch, &mut session.clone())?;
    session.extend(names(&UPLOADING));
    look_through(profile, Deed::Upload, &mut session)?;
    [Deed::Read, Deed::Fetch, Deed::Upload].into_iter().try_for_each(|deed| purpose(profile.requests(deed), deed))
}

fn look_through(profile: &Profile, deed: Deed, known: &mut BTreeSet<String>) -> Result<(), ProfileError> {
    let requests = profile.requests(deed);
    if requests.len() > MOST {
        return Err(ProfileError::TooMany { deed: deed.word() });
    }
    for request in requests {
        shape(request)?;
        for text in request.texts() {
            if !fill::is_balanced(text) {
                return Err(ProfileError::Brace { text: text.to_owned() });
            }
            if let Some(name) = fill::names(text).find(|name| !known.contains(*name)) {
                let (name, path) = (name.to_owned(), request.path.clone());
                return Err(ProfileError::Placeholder { name, path, deed: deed.word() });
            }
        }
        for take in &request.take {
            if !is_name(&take.name) || take.key.is_empty() {
                return Err(ProfileError::Name { name: take.name.clone(), path: request.path.clone() });
            }
            known.insert(take.name.clone());
        }
    }
    Ok(())
}

/// What must hold of a request by itself.
fn shape(request: &Request) -> Result<(), ProfileError> {
    let path = || request.path.clone();
    let elsewhere = !request.path.starts_with('/') || request.path.starts_with("//");
    if elsewhere || request.path.contains(|c: char| c == '\\' || c == '#' || c.is_whitespace() || c.is_control()) {
        return Err(ProfileError::Path { path: path() });
    }
    let bodies = [request.form.is_some(), request.json.is_some(), request.multipart.is_some(), request.body.is_some()];
    let bodies = bodies.into_iter().filter(|there| *there).count();
    if bodies > usize::from(request.method != Method::Get) {
        return Err(ProfileError::Bodies { path: path() });
    }
    if !(200..400).contains(&request.expect.status) {
        return Err(ProfileError::Status { path: path(), status: request.expect.status });
    }
    if let Some(media) = media_types(request).find(|media| !is_media_type(media)) {
        return Err(ProfileError::Media { path: path(), media: media.to_owned() });
    }
    let forbidden = |name: &str| NOT_FOR_PROFILES.contains(&name.to_ascii_lowercase().as_str());
    match request.headers.iter().find(|field| forbidden(&field.name)) {
        Some(field) => Err(ProfileError::Header { name: field.name.clone(), path: path() }),
        None => Ok(()),
    }
}

fn media_types(request: &Request) -> impl Iterator<Item = &str> {
    let of_parts = request.multipart.iter().flatten().filter_map(|part| part.content_type.as_deref());
    of_parts.chain(request.body.as_ref().and_then(|body| body.content_type.as_deref()))
}

/// A media type without parameters (RFC 9110, section 8.3.1).
fn is_media_type(text: &str) -> bool {
    let is_token = |token: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c);
        !token.is_empty() && token.chars().all(plain)
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// What must hold of a deed's last request, whose answer the deed came for.
fn purpose(requests: &[Request], deed: Deed) -> Result<(), ProfileError> {
    let Some(last) = requests.last() else { return Ok(()) };
    let answer = last.answer.clone().unwrap_or_default();
    let what = match deed {
        Deed::Read if !answer.page.is_empty() && answer.is_in_json() => "it: on the page, or in JSON,",
        Deed::Read if !answer.shows_enough() => "the topic or the end",
        Deed::Fetch if !is_place(answer.file.as_deref()) => "the request file",
        Deed::Upload if answer.accepted.is_some() != answer.value.is_some() => "the acceptance",
        _ => return Ok(()),
    };
    Err(ProfileError::Answer { path: last.path.clone(), what })
}

fn is_place(file: Option<&str>) -> bool {
    match file {
        None | Some("body") => true,
        Some(place) => matches!(place.split_once(':'), Some(("json" | "json-base64", path)) if !path.is_empty()),
    }
}

/// A name of a profile's own: plain, and with no other meaning.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let taken = ALWAYS.iter().chain(&SIGNING_IN).chain(&UPLOADING).any(|given| *given == name);
    !name.is_empty() && name.chars().all(plain) && !taken
}

impl Answer {
    /// Whether it says where anything stands.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it says of anything where it stands in JSON.
    fn is_in_json(&self) -> bool {
        *self != Self { page: self.page.clone(), ..Self::default() }
    }

    /// Whether a certificate can be told from another one by it.
    fn shows_enough(&self) -> bool {
        let on_page = self.page.iter().any(|what| matches!(what, OnPage::Topic | OnPage::NotAfter));
        on_page || self.topic.is_some() || self.not_after.is_some()
    }
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
            "[[sign_in]]\n{GET}path = \"/login\"\ntake = [{{ name = \"csrf\", from = \"html\", key = \"_csrf\" }}]\n[[read]]\n{GET}path = \"/read\"\nheaders = [{{ name = \"X\", value = \"{{csrf}}\" }}]\nanswer = {{ topic = \"t\" }}"
        );
        assert_eq!(profile(&text).expect("a profile").read.len(), 1);
    }

    #[test]
    fn what_could_only_fail_later_is_refused_now() {
        let path = |path: &str| profile(&format!("[[fetch]]\n{GET}path = \"{path}\""));
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

    /// A profile whose one request is edited by hand in one place.
    fn edited(from: &str, to: &str) -> Result<Profile, ProfileError> {
        let text = "[[upload]]\nevidence = \"seen\"\nmethod = \"POST\"\npath = \"/up\"\n\
            headers = [{ name = \"X-One\", value = \"1\" }]\nform = [{ name = \"file\", value = \"{certificate}\" }]\n\
            expect = { status = 200 }\ntake = [{ name = \"next\", from = \"json\", key = \"next\" }]\n\
            answer = { accepted = \"result\", value = \"1\" }\n";
        assert!(text.contains(from), "{from}");
        profile(&text.replacen(from, to, 1))
    }

    #[test]
    fn nonsense_by_hand_has_a_name() {
        assert!(edited("X-One", "X-Two").is_ok());
        let error = |from: &str, to: &str| edited(from, to).expect_err(to);
        assert!(matches!(error("X-One", "Cookie"), ProfileError::Header { .. }));
        assert!(matches!(error("[[upload]]", "[[fetch]]"), ProfileError::Placeholder { .. }));
        assert!(matches!(error("{certificate}", "{password}"), ProfileError::Placeholder { .. }));
        assert!(matches!(error("{certificate}", "{certificate"), ProfileError::Brace { .. }));
        assert!(matches!(error("{certificate}", "{}"), ProfileError::Brace { .. }));
        assert!(matches!(error("\"next\"", "\"password\""), ProfileError::Name { .. }));
        assert!(matches!(error("\"next\"", "\"a b\""), ProfileError::Name { .. }));
        assert!(matches!(error("POST", "GET"), ProfileError::Bodies { .. }));
        assert!(matches!(error("200", "99"), ProfileError::Status { .. }));
        assert!(matches!(error("200", "500"), ProfileError::Status { .. }));
        assert!(matches!(error("200", "70000"), ProfileError::Form(_)));
        assert!(matches!(error("/up", "/a b"), ProfileError::Path { .. }));
        assert!(matches!(error(", value = \"1\" }\n", " }\n"), ProfileError::Answer { .. }));
        assert!(matches!(
            error("answer = { accepted = \"result\", value", "answer = { value"),
            ProfileError::Answer { .. }
        ));
        assert!(matches!(error("POST", "DELETE"), ProfileError::Form(_)));
        let body = |media: &str| format!("body = {{ value = \"{{certificate}}\", content_type = \"{media}\" }}\n");
        let form = "form = [{ name = \"file\", value = \"{certificate}\" }]\n";
        assert!(edited(form, &body("application/x-pem-file")).is_ok());
        for media in ["", "text", "a/b/c", "text/plain; x", "text/\\u001bplain"] {
            assert!(matches!(error(form, &body(media)), ProfileError::Media { .. }), "{media}");
        }
        assert!(matches!(error(form, &format!("{form}{}", body("text/plain"))), ProfileError::Bodies { .. }));
        assert!(matches!(error(form, "body = { value = \"{nobody}\" }\n"), ProfileError::Placeholder { .. }));
        let deeds = "[[fetch]]\nevidence = \"seen\"\nmethod = \"GET\"\npath = \"/f\"\nexpect = { status = 200 }\n";
        assert!(matches!(profile(&deeds.repeat(MOST + 1)), Err(ProfileError::TooMany { .. })));
        let place = format!("{deeds}answer = {{ file = \"xml:a\" }}\n");
        assert!(matches!(profile(&place), Err(ProfileError::Answer { .. })));
        assert!(matches!(profile(&deeds.replace("fetch", "read")), Err(ProfileError::Answer { .. })));
        let page = |answer: &str| profile(&format!("{}answer = {{ {answer} }}\n", deeds.replace("fetch", "read")));
        assert!(page("page = [\"topic\", \"not_after\"]").is_ok());
        assert!(matches!(page("page = [\"not_before\"]"), Err(ProfileError::Answer { .. })));
        assert!(matches!(page("page = [\"topic\"], topic = \"t\""), Err(ProfileError::Answer { .. })));
        assert!(matches!(page("page = [\"serial\"]"), Err(ProfileError::Form(_))));
    }
}
