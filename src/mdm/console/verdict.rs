//! What a console's answer means: the deed done, a refusal, a console that changed, or nothing that can be told.

use pushcert_papers::{
    Time,
    console::{self, From, Request, har, take},
    escape::printable,
};
use reqwest::Url;
use serde_json::Value;

use super::replay::{Console, Stake};
use crate::{
    mdm::MdmError,
    world::http::{Answer, HttpError},
};

impl Console {
    pub(super) fn judge(&self, request: &Request, answer: &Answer) -> Result<(), MdmError> {
        if request.refused.as_ref().is_some_and(|refused| answer.text().contains(&refused.text)) {
            return Err(self.refused(answer));
        }
        match answer.status {
            401 => return Err(self.not_signed_in()),
            403 => {
                return Err(MdmError::Forbidden {
                    host: self.host(),
                    username: self.sign_in.username.clone(),
                    what: "use this part of the console",
                    role: self.role(),
                    said: None,
                });
            }
            429 | 502..=504 => return Err(self.unavailable(answer)),
            // With words of its own, a server that finds fault with what it was sent has understood it.
            400 | 409 | 422 if words_of(answer).is_some() => return Err(self.refused(answer)),
            status if status != request.expect.status => {
                return Err(self.changed(&format!("it answers {} with status {status}", printable(&request.path))));
            }
            _ => {}
        }
        match &request.expect.content_type {
            Some(_) if answer.is_html() && request.expect.content_type.as_deref() != Some("text/html") => {
                Err(self.changed(&format!("it answers {} with a web page", printable(&request.path))))
            }
            Some(wanted) if *wanted != answer.content_type => Err(self.changed(&format!(
                "it answers {} with {}",
                printable(&request.path),
                printable(&answer.content_type)
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn taken(&self, wanted: &console::Take, request: &Request, answer: &Answer) -> Option<String> {
        match wanted.from {
            From::Cookie => self.http.cookie(&wanted.key, &request.path),
            From::Header => answer.header(&wanted.key),
            From::Html => take::html(&answer.text(), &wanted.key),
            From::Json => take::json(&serde_json::from_slice(&answer.body).ok()?, &wanted.key),
            From::Script => take::script(&answer.text(), &wanted.key),
        }
    }

    pub(super) fn document(&self, answer: &Answer) -> Result<Value, MdmError> {
        serde_json::from_slice(&answer.body).map_err(|_| self.changed("its answer is no JSON"))
    }

    /// A time as consoles write it: epoch milliseconds, ISO 8601, or a date.
    pub(super) fn moment(&self, text: &str) -> Result<Time, MdmError> {
        let milliseconds = text.parse::<i64>().map(|milliseconds| Time::from_unix(milliseconds.div_euclid(1_000)));
        milliseconds.ok().or_else(|| Time::parse(text).ok()).ok_or_else(|| self.changed("a date that it shows is none"))
    }

    fn host(&self) -> String {
        self.http.host().to_owned()
    }

    pub(super) fn changed(&self, what: &str) -> MdmError {
        MdmError::ConsoleChanged { host: self.host(), what: what.to_owned() }
    }

    /// The password was refused, and is not tried again.
    pub(super) fn sign_in_refused(&self) -> MdmError {
        self.sign_in.refuse();
        self.not_signed_in()
    }

    /// The server takes nobody to be signed in. Whether that speaks against the password, only the sign-in knows.
    fn not_signed_in(&self) -> MdmError {
        MdmError::SignInRefused { host: self.host(), username: self.sign_in.username.clone() }
    }

    /// What the server says when it says no, cut to a length that people read.
    pub(super) fn refused(&self, answer: &Answer) -> MdmError {
        let text = words_of(answer).unwrap_or_else(|| format!("status {}", answer.status));
        MdmError::Refused { host: self.host(), text: printable(&text).chars().take(200).collect() }
    }

    /// An answer to an upload that nobody understands: unless its status says that nothing was done, it may have been.
    pub(super) fn perhaps_taken(&self, error: MdmError, answer: &Answer) -> MdmError {
        let understood =
            matches!(error, MdmError::Refused { .. } | MdmError::SignInRefused { .. } | MdmError::Forbidden { .. });
        let undone = matches!(answer.status, 400..=499 | 503);
        if understood || undone {
            return error;
        }
        MdmError::Uncertain { host: self.host(), why: error.to_string() }
    }

    fn unavailable(&self, answer: &Answer) -> MdmError {
        let why = format!("it answers with status {}", answer.status);
        MdmError::Unavailable { host: self.host(), why, retry_after: answer.retry_after() }
    }

    pub(super) fn fault(&self, error: HttpError, stake: Stake) -> MdmError {
        match error {
            HttpError::Broken(_) | HttpError::TooLarge if stake != Stake::Nothing => {
                MdmError::Uncertain { host: self.host(), why: error.to_string() }
            }
            error => MdmError::of_http(self.http.host(), error),
        }
    }

    /// The role that the certificate's page takes, as far as the vendor's pages and public programs name it.
    fn role(&self) -> Option<&'static str> {
        match self.profile().mdm.as_str() {
            "mobileiron-cloud" => Some("System Management"),
            "mobileiron-core" => Some("Settings Management: View Settings to read, and more to change"),
            _ => None,
        }
    }
}

/// What an answer in JSON says to people.
fn words_of(answer: &Answer) -> Option<String> {
    let said: Value = serde_json::from_slice(&answer.body).ok()?;
    let places = ["message", "error", "errors.0.message", "result.message", "errors.globalErrors.0.message"];
    places.iter().find_map(|path| take::json(&said, path))
}

/// The host to which an answer sends people to be signed in, by the parameters of the protocols for that.
pub(super) fn signs_in_elsewhere(answer: &Answer) -> Option<String> {
    let url = Url::parse(&answer.header("location")?).ok()?;
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let protocol = har::protocol(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    Some(format!("{} ({protocol})", printable(url.host_str()?)))
}
