//! Values picked up from a console's answers: anti-forgery values above all. What a recording is searched with is what
//! the replay picks up with, so that a place that was found once is found again.

use serde_json::Value;

/// The text, integer or truth at a path such as `result.items.0.id`.
pub fn json(document: &Value, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(document, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        value => value.get(step),
    })?;
    scalar(found)
}

/// Whether a document says that there is nothing at a path: null or an empty text there, or null or an empty list on the
/// way. A path that is simply not there is another matter: the document is of another shape.
pub fn is_nothing(document: &Value, path: &str) -> bool {
    let mut value = document;
    for step in path.split('.') {
        let next = match value {
            Value::Array(items) if items.is_empty() => return true,
            Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            value => value.get(step),
        };
        match next {
            Some(Value::Null) => return true,
            Some(next) => value = next,
            None => return false,
        }
    }
    value.as_str().is_some_and(str::is_empty)
}

/// A text, an integer or a truth, as text.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The value of the `input`, or the content of the `meta`, of this name.
pub fn html(page: &str, name: &str) -> Option<String> {
    fields(page).find(|field| field.name == name).map(|field| field.value)
}

/// An `input` or a `meta` of a page.
#[derive(Debug, Eq, PartialEq)]
pub struct PageField {
    /// Its name.
    pub name: String,
    /// Its value, or its content.
    pub value: String,
    /// Its type, in lower case: `hidden`, `password`, `file` …
    pub kind: String,
}

/// The named `input`s and `meta`s of a page.
pub fn fields(page: &str) -> impl Iterator<Item = PageField> {
    page.split('<').skip(1).filter_map(|tag| {
        let element = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let known = element.eq_ignore_ascii_case("input") || element.eq_ignore_ascii_case("meta");
        let attributes = known.then(|| attributes(&tag[element.len()..]))?;
        let of = |wanted: &str| {
            let found = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| unescaped(value))
        };
        let value = of("value").or_else(|| of("content")).unwrap_or_default();
        Some(PageField { name: of("name")?, value, kind: of("type").unwrap_or_default().to_ascii_lowercase() })
    })
}

/// Whether a page asks for a password: it is a sign-in, whatever else it says.
pub fn asks_for_password(page: &str) -> bool {
    page.split('<').skip(1).any(|tag| {
        tag.get(..5).is_some_and(|element| element.eq_ignore_ascii_case("input"))
            && attributes(&tag[5..])
                .iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("type") && value.eq_ignore_ascii_case("password"))
    })
}

/// The attributes of a tag, up to its end.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut found = vec![];
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return found;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            found.push((name, ""));
            // A stray character such as = would stop us for ever.
            rest = if end == 0 { &rest[rest.chars().next().map_or(0, char::len_utf8)..] } else { behind };
            continue;
        };
        let (value, behind) = attribute_value(value.trim_start());
        found.push((name, value));
        rest = behind;
    }
}

/// A value with or without quotation marks, and what follows it.
fn attribute_value(text: &str) -> (&str, &str) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return text[1..].split_once(quote).unwrap_or((&text[1..], ""));
    }
    text.split_at(text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len()))
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'").replace("&lt;", "<");
    text.replace("&gt;", ">").replace("&amp;", "&")
}

/// The quoted text that is assigned to this variable or property.
pub fn script(page: &str, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    page.match_indices(name).find_map(|(at, _)| {
        let before = page[..at].chars().next_back();
        if before.is_some_and(is_of_name) {
            return None;
        }
        let rest = page[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        let rest = rest.strip_prefix(['=', ':'])?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next().map(str::to_owned)
    })
}

/// The quoted texts that a page's scripts assign, with the variable or property that gets them.
pub fn assignments(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.match_indices(['"', '\'']).filter_map(|(at, quote)| {
        let before = page[..at].trim_end().strip_suffix(['=', ':'])?.trim_end();
        let before = before.strip_suffix(['"', '\'']).unwrap_or(before);
        let begin = before.char_indices().rev().take_while(|(_, c)| is_of_name(*c)).last()?.0;
        let value = page[at + 1..].split(quote).next()?;
        Some((&before[begin..], value))
    })
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_pages() {
        let page = "<meta name='token' content='m&amp;m'><input type=\"hidden\" name=\"_csrf\" value=\"abc\">\
            <INPUT\n  value=def\n NAME=bare checked><input type=password name=p><input name";
        assert_eq!(html(page, "_csrf").as_deref(), Some("abc"));
        assert_eq!(html(page, "token").as_deref(), Some("m&m"));
        assert_eq!(html(page, "bare").as_deref(), Some("def"));
        assert_eq!(html(page, "csrf"), None);
        assert!(asks_for_password(page));
        assert!(!asks_for_password("<input type='text' placeholder='password'><p>type=password"));
        for broken in ["<input", "<input =", "<input ==='", "<input name=\"", "<input é=ü", "<meta /"] {
            assert_eq!(html(broken, "_csrf"), None, "{broken}");
        }
    }

    #[test]
    fn from_scripts() {
        let page = "var xcsrfNonce = 'no'; var csrfNonce = \"a\"; {csrfKey : 'X-K', \"other\":\"o\"}; csrfTime = 5;";
        assert_eq!(script(page, "csrfNonce").as_deref(), Some("a"));
        assert_eq!(script(page, "csrfKey").as_deref(), Some("X-K"));
        assert_eq!(script(page, "other").as_deref(), Some("o"));
        assert_eq!(script(page, "csrfTime"), None);
        let found: Vec<_> = assignments(page).collect();
        assert_eq!(found, [("xcsrfNonce", "no"), ("csrfNonce", "a"), ("csrfKey", "X-K"), ("other", "o")]);
        assert_eq!(assignments("'='é=\"\u{1f600}\" = '' : \"").count(), 1);
    }

    #[test]
    fn from_json_without_rounding() {
        let document = serde_json::json!({"result": [{"serial": 9_007_199_254_740_993_i64, "ok": true, "none": null}]});
        assert_eq!(json(&document, "result.0.serial").as_deref(), Some("9007199254740993"));
        assert_eq!(json(&document, "result.0.ok").as_deref(), Some("true"));
        assert_eq!(json(&document, "result.0.none"), None);
        assert_eq!(json(&document, "result.7.ok"), None);
    }

    #[test]
    fn nothing_is_said_and_not_only_missing() {
        let document = serde_json::json!({"result": null, "list": [], "text": "", "one": {"end": null, "on": "x"}});
        for nothing in ["result", "result.topic", "list.0.topic", "text", "one.end", "one.end.at"] {
            assert!(is_nothing(&document, nothing), "{nothing}");
        }
        for other in ["topic", "one.topic", "one.on", "one.on.at", "text.at"] {
            assert!(!is_nothing(&document, other), "{other}");
        }
    }
}
