//! A token as a person hands it over: what is wrong with the text, before it reaches any device.
//!
//! PingID makes UUIDs, and lets organisations write their own text. So only what cannot be meant is refused.

use crate::{Code, Finding};

/// Words that stand for a token in somebody's template.
const STAND_INS: [&str; 12] = [
    "token",
    "yourtoken",
    "mytoken",
    "thetoken",
    "pingidtoken",
    "pingidmdmtoken",
    "mdmtoken",
    "newtoken",
    "tokenvalue",
    "tokenstringvalue",
    "changeme",
    "placeholder",
];

const COPY_AGAIN: &str = "copy the token alone from PingID's page, and enter it as it is";

/// Whether the text is a UUID, as PingID makes them.
pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex)
}

/// Everything that is wrong with a token. No finding shows any of it.
pub fn judge_token(text: &str) -> Vec<Finding> {
    if text.trim().is_empty() {
        return vec![Finding::new(Code::TokenEmpty, "the token is empty", COPY_AGAIN)];
    }
    let mut found = vec![];
    if text.trim() != text {
        let message =
            "white space stands before or after the token; the app sends it along, and PingID knows no such token";
        found.push(Finding::new(Code::TokenWhiteSpace, message, COPY_AGAIN));
    }
    let inner = text.trim();
    if inner.chars().any(|c| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}')) {
        let message = "the token holds a control character, or one that cannot be seen";
        found.push(Finding::new(Code::TokenControlCharacter, message, COPY_AGAIN));
    }
    if is_quoted(inner) {
        let message = "the token stands in quotation marks, which would belong to it";
        found.push(Finding::new(Code::TokenQuoted, message, COPY_AGAIN));
    }
    found.extend(shape(inner));
    found
}

/// What the text is, if it is no token: at most one thing.
fn shape(text: &str) -> Option<Finding> {
    let bare = text.trim_matches(is_quote);
    if is_variable(bare) {
        let message = "the value is a substitution variable, which the server fills in; whether it has a value there cannot be told from here";
        let remedy = "look in the server that the attribute exists, and that every device has it";
        return Some(Finding::new(Code::TokenVariable, message, remedy));
    }
    if is_placeholder(bare) {
        let message = "the value is a placeholder, not a token";
        return Some(Finding::new(Code::TokenPlaceholder, message, "put the token from PingID's page in its place"));
    }
    if is_labelled(bare) {
        let message = "the value begins with a label, as pages write it before a token";
        return Some(Finding::new(Code::TokenLabelled, message, COPY_AGAIN));
    }
    (!is_uuid(bare)).then(|| {
        let message =
            "the token is no UUID; PingID makes UUIDs, and an organisation may have written a text of its own";
        let remedy = "compare it with the token on PingID's page: it must be the same, letter for letter";
        Finding::new(Code::TokenNotUuid, message, remedy)
    })
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '»')
}

fn is_quoted(text: &str) -> bool {
    text.starts_with(is_quote) || text.ends_with(is_quote)
}

/// `${…}`, which MobileIron's servers fill in.
fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && !name.contains(['$', '{', '}']))
}

fn is_placeholder(text: &str) -> bool {
    let framed = [("<", ">"), ("{{", "}}"), ("%", "%"), ("[", "]"), ("$", "$"), ("${", "}"), ("{", "}"), ("@", "@")];
    let is_framed = framed
        .iter()
        .any(|(open, close)| text.len() > open.len() + close.len() && text.starts_with(open) && text.ends_with(close));
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let one_letter = letters.chars().all(|c| c == 'x' || c == '0');
    is_framed || one_letter || STAND_INS.contains(&letters.as_str())
}

/// `PINGID_MDM_TOKEN=…`, `Token: …` and their like.
fn is_labelled(text: &str) -> bool {
    let Some((label, rest)) = text.split_once(['=', ':']) else { return false };
    !rest.trim().is_empty() && label.to_lowercase().contains("token")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "6f1c2d3e-0a1b-4c2d-8e3f-9a0b1c2d3e4f";

    fn codes(text: &str) -> String {
        judge_token(text).iter().map(|finding| finding.code.word()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_way_to_hand_over_a_token_wrongly() {
        let table = [
            (TOKEN.to_owned(), ""),
            (TOKEN.to_uppercase(), ""),
            ("our own words 2026".into(), "token-not-uuid"),
            ("key=value".into(), "token-not-uuid"),
            (String::new(), "token-empty"),
            (" \t".into(), "token-empty"),
            (format!(" {TOKEN}"), "token-white-space"),
            (format!("{TOKEN}\n"), "token-white-space"),
            (format!("\"{TOKEN}\""), "token-quoted"),
            (format!("“{TOKEN}”"), "token-quoted"),
            (format!(" '{TOKEN}' "), "token-white-space token-quoted"),
            (format!("{TOKEN}\u{200b}"), "token-control-character token-not-uuid"),
            ("6f1c2d3e\u{7}".into(), "token-control-character token-not-uuid"),
            (format!("PINGID_MDM_TOKEN={TOKEN}"), "token-labelled"),
            (format!("Token: {TOKEN}"), "token-labelled"),
            ("${pingidToken}".into(), "token-variable"),
            ("${}".into(), "token-placeholder"),
            ("<your token>".into(), "token-placeholder"),
            ("{{ token }}".into(), "token-placeholder"),
            ("YOUR_TOKEN".into(), "token-placeholder"),
            ("PINGID_MDM_TOKEN".into(), "token-placeholder"),
            ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".into(), "token-placeholder"),
            ("00000000-0000-0000-0000-000000000000".into(), "token-placeholder"),
        ];
        for (text, expected) in table {
            assert_eq!(codes(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_finding_never_shows_a_token() {
        for text in [format!(" {TOKEN}"), format!("token={TOKEN}"), format!("'{TOKEN}'"), "secret words".into()] {
            let said = format!("{:?}", judge_token(&text));
            assert!(!said.contains(TOKEN) && !said.contains("secret words"), "{said}");
        }
    }
}
