//! A profile as text: as a person would write it, one request after the other, and the same for the same profile.

use std::fmt::{self, Write as _};

use super::profile::{Answer, Body, Deed, Field, Part, Profile, Request};

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "schema = {}\nmdm = {}", quoted(&self.schema), quoted(&self.mdm))?;
        for deed in Deed::ALL {
            for request in self.requests(deed) {
                write!(f, "\n[[{}]]\n{}", deed.word(), written(request))?;
            }
        }
        Ok(())
    }
}

fn written(request: &Request) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {value}");
        }
    };
    line("evidence", Some(quoted(request.evidence.word())));
    line("method", Some(quoted(request.method.word())));
    line("path", Some(quoted(&request.path)));
    line("headers", Some(&request.headers).filter(|list| !list.is_empty()).map(|fields| list(fields, field)));
    line("form", request.form.as_ref().map(|fields| list(fields, field)));
    line("json", request.json.as_deref().map(quoted));
    line("multipart", request.multipart.as_ref().map(|parts| list(parts, part)));
    line("body", request.body.as_ref().map(body));
    let media = request.expect.content_type.as_deref();
    let status = ("status", Some(request.expect.status.to_string()));
    line("expect", Some(table(&[status, ("content_type", media.map(quoted))])));
    line("refused", request.refused.as_ref().map(|refused| table(&[("text", Some(quoted(&refused.text)))])));
    let takes = list(&request.take, |take| {
        let (name, from, key) = (quoted(&take.name), quoted(take.from.word()), quoted(&take.key));
        table(&[("name", Some(name)), ("from", Some(from)), ("key", Some(key))])
    });
    line("take", (!request.take.is_empty()).then_some(takes));
    line("answer", request.answer.as_ref().filter(|answer| !answer.is_empty()).map(answer));
    let literals = list(&request.literals, |literal| {
        table(&[("text", Some(quoted(&literal.text))), ("source", Some(quoted(&literal.source)))])
    });
    line("literals", (!request.literals.is_empty()).then_some(literals));
    text
}

fn field(field: &Field) -> String {
    table(&[("name", Some(quoted(&field.name))), ("value", Some(quoted(&field.value)))])
}

fn part(part: &Part) -> String {
    table(&[
        ("name", Some(quoted(&part.name))),
        ("value", Some(quoted(&part.value))),
        ("file_name", part.file_name.as_deref().map(quoted)),
        ("content_type", part.content_type.as_deref().map(quoted)),
    ])
}

fn body(body: &Body) -> String {
    table(&[("value", Some(quoted(&body.value))), ("content_type", body.content_type.as_deref().map(quoted))])
}

fn answer(answer: &Answer) -> String {
    if !answer.page.is_empty() {
        let words: Vec<_> = answer.page.iter().map(|what| quoted(what.word())).collect();
        return table(&[("page", Some(format!("[{}]", words.join(", "))))]);
    }
    let words = [
        ("topic", &answer.topic),
        ("serial", &answer.serial),
        ("not_before", &answer.not_before),
        ("not_after", &answer.not_after),
        ("apple_account", &answer.apple_account),
        ("file", &answer.file),
        ("accepted", &answer.accepted),
        ("value", &answer.value),
    ];
    table(&words.map(|(key, value)| (key, value.as_deref().map(quoted))))
}

/// One entry on the line, several below each other.
fn list<T>(entries: &[T], one: impl Fn(&T) -> String) -> String {
    match entries {
        [] => "[]".into(),
        [only] => format!("[{}]", one(only)),
        entries => format!("[\n{}]", entries.iter().map(|entry| format!("  {},\n", one(entry))).collect::<String>()),
    }
}

fn table(pairs: &[(&str, Option<String>)]) -> String {
    let pairs = pairs.iter().filter_map(|(key, value)| Some(format!("{key} = {}", value.as_ref()?)));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = r#"schema = "pushcert/console/1"
mdm = "mobileiron-core"

[[sign_in]]
evidence = "inferred"
method = "POST"
path = "/mifs/j_spring_security_check"
headers = [{ name = "Referer", value = "{origin}/mifs/login.jsp" }]
form = [
  { name = "j_username", value = "{username}" },
  { name = "j_password", value = "{password}" },
]
expect = { status = 302 }
refused = { text = "Login Failed" }
take = [{ name = "csrf_nonce", from = "script", key = "csrfNonce" }]

[[read]]
evidence = "seen"
method = "POST"
path = "/mifs/admin/ud.html"
form = [{ name = "cmd", value = '{{"id":"getMDMCertificate"}}' }]
expect = { status = 200, content_type = "application/json" }
answer = { not_after = "validity" }
literals = [{ text = "getMDMCertificate", source = "script of /mifs/admin/admin.html" }]

[[read]]
evidence = "seen"
method = "GET"
path = "/page"
expect = { status = 200, content_type = "text/html" }
answer = { page = ["topic", "not_after"] }

[[upload]]
evidence = "seen"
method = "PUT"
path = "/raw"
body = { value = "{certificate}", content_type = "application/x-pem-file" }
expect = { status = 204 }

[[upload]]
evidence = "seen"
method = "POST"
path = "/upload"
multipart = [{ name = "file", value = "{certificate}", file_name = "{file_name}", content_type = "text/plain" }]
expect = { status = 200 }
answer = { accepted = "rc", value = "0" }
"#;
        let profile = Profile::parse(text).expect("a profile");
        assert_eq!(profile.to_string(), text);
        assert_eq!(Profile::parse(&profile.to_string()).expect("a profile"), profile);
    }

    #[test]
    fn odd_texts_survive() {
        let mut profile =
            Profile::parse("schema = \"pushcert/console/1\"\nmdm = \"a\\\"\\u0007'\\n\"").expect("a profile");
        profile.mdm.push_str("'''\"\"\"");
        assert_eq!(Profile::parse(&profile.to_string()).expect("a profile"), profile);
    }
}
