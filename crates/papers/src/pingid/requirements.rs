//! PingOne's device requirements of the PingID app, as they were read, and with one token more or fewer.
//!
//! A PUT of the resource replaces all of it: whatever part is left out is cleared, the rules on jailbroken devices and on
//! versions among them. So everything that was read goes back in the words in which it came, what is unknown here too.

use crate::{
    Secret, Time,
    json::{Member, differences, elements, member, members, object, repeated, string},
};

/// The part about device management.
const MDM: &str = "mobileDeviceManagementRequire";
const TOKENS: &str = "tokens";

/// What the server writes itself, and does not take.
const READ_ONLY: [&str; 4] = ["_links", "application", "environment", "updatedAt"];

/// The device requirements. They hold tokens, so they are kept like a secret.
#[derive(Clone, Debug)]
pub struct Requirements {
    text: Secret,
}

/// A token at PingID.
#[derive(Clone, Debug)]
pub struct HeldToken {
    /// The token.
    pub token: Secret,
    /// When it was made, if the server says so in a way that is understood.
    pub made: Option<Time>,
}

/// Why the answer cannot be built on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequirementsError {
    /// It is no object, or its parts are not of the documented kinds.
    #[error("the answer is not what the device requirements are documented to be ({0})")]
    NotUnderstood(&'static str),
    /// A name stands twice, so that what would be put back is not certain.
    #[error("the answer says something twice")]
    Repeated,
    /// The token is there already.
    #[error("this token is there already")]
    AlreadyThere,
}

impl Requirements {
    /// The requirements in this answer.
    ///
    /// # Errors
    /// [`RequirementsError`] when it is not certain that all of it would be put back as it was.
    pub fn read(answer: Vec<u8>) -> Result<Self, RequirementsError> {
        let text = String::from_utf8(answer).map_err(|_| RequirementsError::NotUnderstood("no UTF-8"))?;
        let found = Self { text: Secret::new(text) };
        let whole = members(found.text.reveal()).ok_or(RequirementsError::NotUnderstood("no object"))?;
        let mdm = found.mdm();
        if repeated(&whole).or_else(|| repeated(&mdm)).is_some() {
            return Err(RequirementsError::Repeated);
        }
        if member(&whole, MDM).is_some_and(|part| members(part).is_none()) {
            return Err(RequirementsError::NotUnderstood(MDM));
        }
        if member(&mdm, TOKENS).is_some_and(|list| elements(list).is_none())
            || found.entries().iter().any(Option::is_none)
        {
            return Err(RequirementsError::NotUnderstood(TOKENS));
        }
        Ok(found)
    }

    /// The text as it was read.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    fn mdm(&self) -> Vec<Member<'_>> {
        let whole = members(self.text.reveal()).unwrap_or_default();
        member(&whole, MDM).and_then(members).unwrap_or_default()
    }

    /// The tokens with their own texts; nothing where an entry has no token.
    fn entries(&self) -> Vec<Option<(&str, HeldToken)>> {
        let mdm = self.mdm();
        let list = member(&mdm, TOKENS).and_then(elements).unwrap_or_default();
        list.into_iter().map(|entry| Some((entry.get(), held(entry.get())?))).collect()
    }

    /// The tokens, in the server's order.
    pub fn tokens(&self) -> Vec<HeldToken> {
        self.entries().into_iter().flatten().map(|(_, held)| held).collect()
    }

    /// Whether devices are asked for a token at all.
    pub fn is_required(&self) -> bool {
        member(&self.mdm(), "enabled") == Some("true")
    }

    /// From when on they are.
    pub fn effective_from(&self) -> Option<Time> {
        let text = member(&self.mdm(), "effectiveDate").and_then(string)?;
        Time::parse(&text).ok()
    }

    /// The same with one token more: the body of a PUT.
    ///
    /// # Errors
    /// When the token is there already.
    pub fn with_token(&self, token: &Secret, made: Time) -> Result<Secret, RequirementsError> {
        if self.tokens().iter().any(|held| held.token == *token) {
            return Err(RequirementsError::AlreadyThere);
        }
        let quoted = |text: &str| serde_json::to_string(text).expect("a text");
        let (token, made) = (quoted(token.reveal()), quoted(&made.to_string()));
        let entry = object([("token", token.as_str()), ("creationTime", made.as_str())]);
        let entries = self.entries();
        let kept = entries.iter().flatten().map(|(text, _)| *text);
        Ok(self.with_entries(kept.chain([entry.as_str()])))
    }

    /// The same without these tokens: the body of a PUT.
    pub fn without_tokens(&self, gone: impl Fn(&Secret) -> bool) -> Secret {
        let entries = self.entries();
        self.with_entries(entries.iter().flatten().filter(|(_, held)| !gone(&held.token)).map(|(text, _)| *text))
    }

    /// The same as it is: the body of a PUT that puts it back.
    pub fn body(&self) -> Secret {
        let entries = self.entries();
        self.with_entries(entries.iter().flatten().map(|(text, _)| *text))
    }

    fn with_entries<'a>(&'a self, entries: impl Iterator<Item = &'a str>) -> Secret {
        let mdm = self.mdm();
        let list = format!("[{}]", entries.collect::<Vec<_>>().join(","));
        let had_list = member(&mdm, TOKENS).is_some();
        let part = |(name, value): &(String, &'a serde_json::value::RawValue)| {
            (name.clone(), if name == TOKENS { list.clone() } else { value.get().to_owned() })
        };
        let mut parts: Vec<_> = mdm.iter().map(part).collect();
        if !had_list {
            parts.push((TOKENS.to_owned(), list.clone()));
        }
        let mdm = object(parts.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let whole = members(self.text.reveal()).unwrap_or_default();
        let writable = whole.iter().filter(|(name, _)| !READ_ONLY.contains(&name.as_str()));
        let mut body: Vec<(&str, &str)> = writable
            .map(|(name, value)| (name.as_str(), if name == MDM { mdm.as_str() } else { value.get() }))
            .collect();
        if member(&whole, MDM).is_none() {
            body.push((MDM, &mdm));
        }
        Secret::new(object(body))
    }
}

fn held(entry: &str) -> Option<HeldToken> {
    let members = members(entry).filter(|members| repeated(members).is_none())?;
    let token = member(&members, "token").and_then(string)?;
    let made = member(&members, "creationTime").and_then(string).and_then(|text| Time::parse(&text).ok());
    Some(HeldToken { token: Secret::new(token), made })
}

/// What is different in the requirements, what the server writes itself left out.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Tokens that came.
    pub added: Vec<Secret>,
    /// Tokens that went.
    pub removed: Vec<Secret>,
    /// Everything else, by its path.
    pub other: Vec<String>,
}

impl Difference {
    /// Whether nothing but this one token came.
    pub fn is_only_added(&self, token: &Secret) -> bool {
        self.other.is_empty() && self.removed.is_empty() && matches!(self.added.as_slice(), [one] if one == token)
    }

    /// Whether nothing but tokens went.
    pub fn is_only_removed(&self, gone: usize) -> bool {
        self.other.is_empty() && self.added.is_empty() && self.removed.len() == gone
    }

    /// Whether all is the same.
    pub fn is_none(&self) -> bool {
        self.other.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }
}

/// What has changed from one reading to another.
pub fn difference(before: &Requirements, after: &Requirements) -> Difference {
    let (old, new) = (before.entries(), after.entries());
    let only_in = |these: &[Option<(&str, HeldToken)>], others: &[Option<(&str, HeldToken)>]| -> Vec<Secret> {
        let is_there = |token: &Secret| others.iter().flatten().any(|(_, held)| held.token == *token);
        these.iter().flatten().map(|(_, held)| held.token.clone()).filter(|token| !is_there(token)).collect()
    };
    let mut other = differences("", &without_the_list(before), &without_the_list(after));
    for (at, (text, held)) in old.iter().flatten().enumerate() {
        if let Some((now, _)) = new.iter().flatten().find(|(_, there)| there.token == held.token) {
            other.extend(differences(&format!("{MDM}.{TOKENS}[{at}]"), text, now));
        }
    }
    Difference { added: only_in(&new, &old), removed: only_in(&old, &new), other }
}

/// The writable part, with an empty list of tokens.
fn without_the_list(requirements: &Requirements) -> String {
    requirements.with_entries(std::iter::empty()).reveal().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that may stand there, and more than is documented: numbers that no floating point number holds, nothing,
    /// white space, and a member nobody knows.
    const WHOLE: &str = r#"{
      "_links": {"self": {"href": "https://api.example.com/x"}},
      "mobileDeviceManagementRequire": {"enabled": true, "effectiveDate": "2025-01-01T00:00:00Z", "note": null,
        "tokens": [ {"token": "one", "creationTime": "2025-01-01T00:00:00.000Z", "x": 1.50} ]},
      "deviceLock": {"enabled": true, "levels": [1, 2.0, 12345678901234567890123]},
      "rootedOrJailbroken": { "block":true }, "unheardOf": [null, {"a": "\u0041"}],
      "updatedAt": "2026-01-01T00:00:00Z", "environment": {"id": "e"}, "application": {"id": "a"}
    }"#;

    fn read(text: &str) -> Requirements {
        Requirements::read(text.as_bytes().to_vec()).expect("requirements")
    }

    #[test]
    fn one_token_comes_and_everything_else_stays_letter_for_letter() {
        let before = read(WHOLE);
        let token = Secret::new("two");
        let body = before.with_token(&token, Time::from_unix(0)).expect("a body");
        for kept in [
            r#""levels": [1, 2.0, 12345678901234567890123]"#,
            r#"{"token": "one", "creationTime": "2025-01-01T00:00:00.000Z", "x": 1.50}"#,
            r#""rootedOrJailbroken":{ "block":true }"#,
            r#""unheardOf":[null, {"a": "\u0041"}]"#,
            r#""note":null"#,
        ] {
            assert!(body.reveal().contains(kept), "{kept} in {}", body.reveal());
        }
        assert!(!body.reveal().contains("updatedAt") && !body.reveal().contains("_links"));
        let after = read(body.reveal());
        assert!(difference(&before, &after).is_only_added(&token));
        assert_eq!(after.tokens().len(), 2);
        let back = read(after.without_tokens(|held| *held == token).reveal());
        assert!(difference(&before, &back).is_none());
        assert!(difference(&after, &back).is_only_removed(1));
    }

    #[test]
    fn whatever_else_changed_is_named() {
        let before = read(WHOLE);
        let table = [
            (WHOLE.replace("2.0", "2"), "deviceLock.levels[1]"),
            (WHOLE.replace("\"block\":true", "\"block\":false"), "rootedOrJailbroken.block"),
            (WHOLE.replace("1.50", "1.5"), "mobileDeviceManagementRequire.tokens[0].x"),
            (
                WHOLE.replace("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
                "mobileDeviceManagementRequire.effectiveDate",
            ),
        ];
        for (text, path) in table {
            assert_eq!(difference(&before, &read(&text)).other, [path]);
        }
        let touched = WHOLE.replace("2026-01-01", "2026-02-02");
        assert!(difference(&before, &read(&touched)).is_none(), "the server's own time says nothing");
    }

    #[test]
    fn what_is_not_certain_to_come_back_is_not_built_on() {
        let refused = |text: &str| Requirements::read(text.as_bytes().to_vec()).expect_err("refused");
        assert_eq!(refused("[]"), RequirementsError::NotUnderstood("no object"));
        assert_eq!(refused(r#"{"a":1,"a":2}"#), RequirementsError::Repeated);
        assert_eq!(
            refused(r#"{"mobileDeviceManagementRequire":{"tokens":{}}}"#),
            RequirementsError::NotUnderstood("tokens")
        );
        assert_eq!(
            refused(r#"{"mobileDeviceManagementRequire":{"tokens":["x"]}}"#),
            RequirementsError::NotUnderstood("tokens")
        );
        assert_eq!(
            refused(r#"{"mobileDeviceManagementRequire":7}"#),
            RequirementsError::NotUnderstood("mobileDeviceManagementRequire")
        );
        let there = read(WHOLE).with_token(&Secret::new("one"), Time::from_unix(0));
        assert_eq!(there.expect_err("there"), RequirementsError::AlreadyThere);
    }

    #[test]
    fn nothing_of_it_is_shown() {
        assert!(!format!("{:?}", read(WHOLE)).contains("one"));
    }
}
