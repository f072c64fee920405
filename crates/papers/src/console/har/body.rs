//! The body of a request, in the ways in which recordings write it, or leave it out.

use serde_json::Value;
use url::form_urlencoded;

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Content {
    /// Nothing.
    #[default]
    Nothing,
    /// Something that the recording left out; its media type.
    LeftOut(String),
    /// A form.
    Form(Vec<(String, String)>),
    /// A form of parts.
    Multipart(Vec<SentPart>),
    /// JSON.
    Json(Value),
    /// Anything else.
    Other {
        /// Its media type.
        kind: String,
        /// The text.
        text: String,
    },
}

/// A part of a form of parts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SentPart {
    /// Its name.
    pub name: String,
    /// The name of the file, where it is one.
    pub file_name: Option<String>,
    /// Its media type.
    pub media: Option<String>,
    /// What it holds; empty where the recording left out the file.
    pub value: String,
}

/// The pairs of a form, decoded.
pub fn parameters(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// The body of a recorded request.
pub fn sent(request: Option<&Value>, headers: &[(String, String)]) -> Content {
    let post = request.and_then(|request| request.get("postData"));
    let word = |key: &str| post.and_then(|post| post.get(key)).and_then(Value::as_str).unwrap_or_default();
    let header = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let media = Some(word("mimeType")).filter(|media| !media.is_empty()).or(header).unwrap_or_default();
    let kind = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = word("text");
    let listed = post.and_then(|post| post.get("params")).and_then(Value::as_array).filter(|list| !list.is_empty());
    if text.is_empty() && listed.is_none() {
        return left_out(request, headers, kind);
    }
    match kind.as_str() {
        "application/x-www-form-urlencoded" if text.is_empty() => {
            let parts = listed.map(|list| list.iter().filter_map(part).collect::<Vec<_>>()).unwrap_or_default();
            // Some browsers list the pairs as they were sent.
            Content::Form(parts.into_iter().map(|part| (decoded(&part.name), decoded(&part.value))).collect())
        }
        "application/x-www-form-urlencoded" => Content::Form(parameters(text)),
        "multipart/form-data" => {
            let parts = multipart(text, media).or_else(|| listed.map(|list| list.iter().filter_map(part).collect()));
            parts.map_or(Content::LeftOut(kind), Content::Multipart)
        }
        _ => match serde_json::from_str(text) {
            Ok(json @ (Value::Object(_) | Value::Array(_))) => Content::Json(json),
            _ => Content::Other { kind, text: text.to_owned() },
        },
    }
}

/// Whether there was a body that is not there.
fn left_out(request: Option<&Value>, headers: &[(String, String)], kind: String) -> Content {
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let recorded = request.and_then(|request| request.get("bodySize")).and_then(Value::as_i64);
    let sized = length.or(recorded).unwrap_or(0) > 0;
    if sized || kind == "multipart/form-data" { Content::LeftOut(kind) } else { Content::Nothing }
}

fn part(listed: &Value) -> Option<SentPart> {
    let word = |key: &str| listed.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(SentPart {
        name: word("name")?,
        file_name: word("fileName"),
        media: word("contentType"),
        value: word("value").unwrap_or_default(),
    })
}

fn decoded(text: &str) -> String {
    parameters(&format!("x={}", text.replace('&', "%26"))).pop().map(|(_, value)| value).unwrap_or_default()
}

/// The parts of a body of this media type.
fn multipart(text: &str, media: &str) -> Option<Vec<SentPart>> {
    let named = media.split_once("boundary=").map(|(_, rest)| rest.split(';').next().unwrap_or_default());
    let boundary = match named {
        Some(boundary) => format!("--{}", boundary.trim().trim_matches('"')),
        None => text.lines().next().filter(|line| line.starts_with("--"))?.trim_end().to_owned(),
    };
    let parts: Vec<_> = text.split(boundary.as_str()).skip(1).filter_map(sent_part).collect();
    (!parts.is_empty()).then_some(parts)
}

fn sent_part(text: &str) -> Option<SentPart> {
    let text = text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n'))?;
    let (head, value) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""));
    let mut part = SentPart {
        value: value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n')).unwrap_or(value).to_owned(),
        ..SentPart::default()
    };
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                part.name = of_disposition(value, "name").unwrap_or_default();
                part.file_name = of_disposition(value, "filename");
            }
            "content-type" => part.media = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    (!part.name.is_empty()).then_some(part)
}

/// A parameter of a Content-Disposition.
pub fn of_disposition(value: &str, wanted: &str) -> Option<String> {
    let parameters = value.split(';').filter_map(|parameter| parameter.split_once('='));
    let found = parameters.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(request: &Value) -> Content {
        sent(Some(request), &[])
    }

    #[test]
    fn forms_as_each_browser_writes_them() {
        let form = Content::Form(vec![("user".into(), "a@b".into()), ("empty".into(), String::new())]);
        let media = "application/x-www-form-urlencoded";
        assert_eq!(body(&json!({"postData": {"mimeType": media, "text": "user=a%40b&empty="}})), form);
        let listed = json!([{"name": "user", "value": "a%40b"}, {"name": "empty", "value": ""}]);
        assert_eq!(body(&json!({"postData": {"mimeType": media, "params": listed}})), form);
    }

    #[test]
    fn multipart_with_and_without_the_file() {
        let whole = "--xY\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pem\"\r\nContent-Type: text/plain\r\n\r\n\
            PEM\r\n--xY\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\na\r\nb\r\n--xY--\r\n";
        for (text, value) in [(whole.to_owned(), "PEM"), (whole.replace("PEM", ""), "")] {
            let sent = body(&json!({"postData": {"mimeType": "multipart/form-data; boundary=xY", "text": text}}));
            let parts = if let Content::Multipart(parts) = sent { parts } else { vec![] };
            assert_eq!((parts[0].name.as_str(), parts[0].value.as_str()), ("file", value));
            assert_eq!((parts[0].file_name.as_deref(), parts[0].media.as_deref()), (Some("a.pem"), Some("text/plain")));
            assert_eq!((parts[1].name.as_str(), parts[1].value.as_str()), ("note", "a\r\nb"));
        }
        let listed =
            json!({"postData": {"mimeType": "multipart/form-data", "params": [{"name": "file", "fileName": "a.pem"}]}});
        assert!(matches!(body(&listed), Content::Multipart(parts) if parts[0].file_name.as_deref() == Some("a.pem")));
        let left_out = json!({"postData": {"mimeType": "multipart/form-data; boundary=xY", "text": ""}});
        assert_eq!(body(&left_out), Content::LeftOut("multipart/form-data".into()));
    }

    #[test]
    fn anything_else() {
        assert_eq!(body(&json!({})), Content::Nothing);
        assert_eq!(body(&json!({"bodySize": 7})), Content::LeftOut(String::new()));
        assert_eq!(
            body(&json!({"postData": {"mimeType": "application/json", "text": "{\"a\":1}"}})),
            Content::Json(json!({"a": 1}))
        );
        assert_eq!(
            body(&json!({"postData": {"mimeType": "text/plain", "text": "words"}})),
            Content::Other { kind: "text/plain".into(), text: "words".into() }
        );
        assert_eq!(body(&json!({"postData": 3})), Content::Nothing);
    }
}
