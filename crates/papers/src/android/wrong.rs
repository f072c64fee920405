//! JSON that is no service account's key: which of the usual mistakes it is.

use crate::{
    Code, Finding,
    json::{Member, member, string},
};

const RIGHT_ONE: &str = "in Google's console: IAM and Admin, Service Accounts, the account, Keys, Add key, JSON";

/// What the file is instead, when it is not a service account's key.
pub(super) fn instead(members: &[Member<'_>]) -> Option<Finding> {
    let kind = member(members, "type").and_then(string);
    let has = |name: &str| member(members, name).is_some();
    let (code, message) = match kind.as_deref() {
        Some("service_account") => return None,
        Some("authorized_user") => {
            (Code::UserCredential, "this is a person's own sign-in, as Google's command-line tool keeps it")
        }
        Some("external_account" | "external_account_authorized_user" | "impersonated_service_account") => {
            (Code::ExternalAccount, "this is a federated sign-in: it points elsewhere and holds no key")
        }
        Some(_) => (Code::NotServiceAccount, "its type is another one than service_account"),
        None if has("web") || has("installed") => (
            Code::OauthClient,
            "this is the JSON of an OAuth client, which signs people in; consoles call both a JSON file",
        ),
        None if has("project_info") && has("client") => {
            (Code::GoogleServices, "this is google-services.json, which belongs into an Android app")
        }
        None if members.iter().any(|(name, _)| name.to_lowercase().contains("enterprise")) => (
            Code::CoreEnrolment,
            "this looks like the file with which MobileIron Core is enrolled, from the vendor's portal",
        ),
        None => (Code::NotServiceAccount, "this is JSON of another kind"),
    };
    let remedy = match code {
        Code::CoreEnrolment => {
            "it goes into Core's own page, as it is; a service account's key belongs to MobileIron Cloud's alternate set-up"
        }
        _ => RIGHT_ONE,
    };
    Some(Finding::new(code, message, remedy))
}
