//! A profile in words: what each request sends, and where it has it from.

use std::collections::BTreeMap;

use super::{
    fill,
    profile::{Answer, Deed, Profile, Request, Take},
};
use crate::escape::printable;

/// What the tool itself puts in, in words.
const GIVEN: [(&str, &str); 9] = [
    ("username", "the user name"),
    ("username_base64", "the user name in base64"),
    ("password", "the password"),
    ("origin", "the console's address"),
    ("now_ms", "the time"),
    ("apple_account", "the Apple account"),
    ("certificate", "the certificate"),
    ("certificate_base64", "the certificate in base64"),
    ("file_name", "the file's name"),
];

/// A profile in words, line by line.
pub fn lines(profile: &Profile) -> Vec<String> {
    let mut words: BTreeMap<String, String> =
        GIVEN.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect();
    let mut lines = vec![];
    for deed in Deed::ALL {
        let requests = profile.requests(deed);
        if requests.is_empty() {
            lines.push(format!("to {}: not known, a person does it", deed.phrase()));
            continue;
        }
        lines.push(format!("to {}:", deed.phrase()));
        for request in requests {
            lines.extend(of_request(request, &words).into_iter().map(|line| format!("  {line}")));
            words.extend(request.take.iter().map(|take| (take.name.clone(), place(take, &request.path))));
        }
    }
    lines
}

fn place(take: &Take, path: &str) -> String {
    format!("{} {} of {}", take.from.place(), printable(&take.key), printable(path))
}

fn of_request(request: &Request, words: &BTreeMap<String, String>) -> Vec<String> {
    let said = |text: &str| in_words(text, words);
    let path = request.path.split('?').next().unwrap_or_default();
    let mut lines = vec![format!("{} {}  ({})", request.method.word(), printable(path), request.evidence.word())];
    for field in &request.headers {
        lines.push(format!("  header {}: {}", said(&field.name), said(&field.value)));
    }
    for field in request.form.iter().flatten() {
        lines.push(format!("  field {}: {}", said(&field.name), said(&field.value)));
    }
    for part in request.multipart.iter().flatten() {
        lines.push(format!("  part {}: {}", said(&part.name), said(&part.value)));
    }
    if let Some(body) = &request.body {
        lines.push(format!("  body: {}", said(&body.value)));
    }
    if let Some(json) = &request.json {
        lines.push(format!("  JSON: {}", said(json)));
    }
    for literal in &request.literals {
        lines.push(format!("  the word {} is shown by {}", printable(&literal.text), printable(&literal.source)));
    }
    lines.extend(request.answer.as_ref().map(came_for).filter(|line| !line.is_empty()).map(|line| format!("  {line}")));
    lines
}

/// A text with its placeholders in words.
fn in_words(text: &str, words: &BTreeMap<String, String>) -> String {
    let marked: BTreeMap<String, String> =
        words.iter().map(|(name, words)| (name.clone(), format!("‹{words}›"))).collect();
    match printable(&fill::fill(text, &marked, str::to_owned)) {
        empty if empty.is_empty() => "empty".into(),
        said => said,
    }
}

/// What the deed finds in the answer.
fn came_for(answer: &Answer) -> String {
    let places = [
        ("the topic", &answer.topic),
        ("the serial number", &answer.serial),
        ("the beginning", &answer.not_before),
        ("the end", &answer.not_after),
        ("the Apple account", &answer.apple_account),
        ("the request file", &answer.file),
        ("the acceptance", &answer.accepted),
    ];
    if !answer.page.is_empty() {
        let shown: Vec<_> = answer.page.iter().map(|what| what.what()).collect();
        return format!("shows {} on its page", shown.join(", "));
    }
    let found = places.iter().filter_map(|(what, place)| Some(format!("{what} at {}", printable(place.as_deref()?))));
    let found: Vec<_> = found.collect();
    if found.is_empty() { String::new() } else { format!("answers {}", found.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_each_value_comes_from() {
        let profile = Profile::parse(
            r#"schema = "pushcert/console/1"
            mdm = "mobileiron-core"
            [[sign_in]]
            evidence = "seen"
            method = "POST"
            path = "/login"
            form = [{ name = "pw", value = "{password}" }]
            expect = { status = 302 }
            take = [{ name = "csrf", from = "script", key = "csrfNonce" }]
            [[read]]
            evidence = "inferred"
            method = "GET"
            path = "/read?_={now_ms}"
            headers = [{ name = "X-Guard", value = "{csrf}" }]
            expect = { status = 200 }
            answer = { not_after = "validity" }
            [[upload]]
            evidence = "seen"
            method = "PUT"
            path = "/up"
            body = { value = "{certificate}" }
            expect = { status = 200 }"#,
        );
        let lines = lines(&profile.expect("a profile")).join("\n");
        assert_eq!(
            lines,
            "to sign in:\n  POST /login  (seen)\n    field pw: ‹the password›\nto read the installed certificate:\n  \
             GET /read  (inferred)\n    header X-Guard: ‹the script's variable csrfNonce of /login›\n    answers the end at validity\n\
             to download the request: not known, a person does it\nto upload the certificate:\n  PUT /up  (seen)\n    body: ‹the certificate›"
        );
    }
}
