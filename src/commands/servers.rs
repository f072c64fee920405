//! What a server's refusal or silence means to the person who ran the command.

use super::{Failure, Kind};
use crate::mdm::MdmError;

impl From<MdmError> for Failure {
    fn from(error: MdmError) -> Self {
        let (kind, code, hint) = meaning(&error);
        Self::new(kind, code, error).hinted(hint)
    }
}

fn meaning(error: &MdmError) -> (Kind, &'static str, String) {
    let fixed = |kind, code, hint: &str| (kind, code, hint.to_owned());
    match error {
        MdmError::NoInterface(_) => {
            fixed(Kind::NotFound, "no-interface", "a person does this step; run  pushcert renew")
        }
        MdmError::SignInRefused { .. } => fixed(
            Kind::SignIn,
            "sign-in-refused",
            "it was tried once, since accounts lock; look at the user name and password, and whether a second factor is on",
        ),
        MdmError::Forbidden { role: Some(role), username, .. } => (
            Kind::SignIn,
            "forbidden",
            format!(
                "the sign-in works, but {username} lacks a role: {role}; give it that role, or do the step by hand"
            ),
        ),
        MdmError::Forbidden { role: None, .. } => fixed(
            Kind::SignIn,
            "forbidden",
            "the account signs in, but lacks the role for this; give it the role, or do the step by hand",
        ),
        MdmError::Refused { .. } => {
            fixed(Kind::Failed, "server-refused", "nothing else was tried; look at the server's words")
        }
        MdmError::ConsoleChanged { .. } => fixed(
            Kind::NotFound,
            "console-changed",
            "do this step in the console by hand, and record the console again when there is time",
        ),
        MdmError::NotUnderstood { .. } => fixed(
            Kind::Failed,
            "not-understood",
            "is the address that of the server itself, without a proxy's sign-in page before it?",
        ),
        MdmError::NotThere { .. } => fixed(
            Kind::NotFound,
            "not-there",
            "is the address that of the server itself? The /rest of a hosted Core belongs to url",
        ),
        MdmError::NeverAsked { .. } => fixed(
            Kind::Usage,
            "path-never-asked",
            "whoever guards the server would take it for an attack; take that path out of url or the console profile",
        ),
        MdmError::RedirectedAway { .. } => fixed(
            Kind::Failed,
            "redirected-away",
            "no password goes to another host; if the server has moved, change its url",
        ),
        MdmError::NotTrusted { .. } => fixed(
            Kind::Failed,
            "not-trusted",
            "give the authority's certificate as ca_file, or the server's own as server_certificate_sha256",
        ),
        MdmError::Unavailable { retry_after: Some(seconds), .. } => (
            Kind::Temporary,
            "unavailable",
            format!("nothing was changed; the server asks to try again in {seconds} seconds"),
        ),
        MdmError::Unavailable { .. } => fixed(Kind::Temporary, "unavailable", "nothing was changed; try again later"),
        MdmError::Uncertain { .. } => fixed(
            Kind::Temporary,
            "uncertain",
            "run the same command again: it looks at the server before it does anything",
        ),
    }
}
