//! Values picked up from a console's answers: anti-forgery values above all.

use serde_json::Value;

/// The text, integer or truth at a path such as `result.items.0.id`.
pub fn json(document: &Value, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(document, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        value => value.get(step),
    })?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The value of the `input`, or the content of the `meta`, of this name.
pub fn html(page: &str, name: &str) -> Option<String> {
    let tags = page.split('<').skip(1).filter_map(|tag| tag.split('>').next());
    let named = |tag: &&str| {
        let lower = tag.to_ascii_lowercase();
        (lower.starts_with("input") || lower.starts_with("meta"))
            && attribute(tag, "name").is_some_and(|found| found == name)
    };
    let tag = tags.into_iter().find(named)?;
    attribute(tag, "value").or_else(|| attribute(tag, "content")).map(|value| unescaped(&value))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    for quote in ['"', '\''] {
        let begin = format!(" {name}={quote}");
        if let Some((_, rest)) = tag.split_once(begin.as_str()) {
            return rest.split(quote).next().map(str::to_owned);
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'").replace("&lt;", "<");
    text.replace("&gt;", ">").replace("&amp;", "&")
}

/// The quoted text that is assigned to this variable or property.
pub fn script(page: &str, name: &str) -> Option<String> {
    page.match_indices(name).find_map(|(at, _)| {
        let before = page[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            return None;
        }
        let rest = page[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        let rest = rest.strip_prefix(['=', ':'])?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_pages() {
        let page = "<meta name='token' content='m&amp;m'><input type=\"hidden\" name=\"_csrf\" value=\"abc\">";
        assert_eq!(html(page, "_csrf").as_deref(), Some("abc"));
        assert_eq!(html(page, "token").as_deref(), Some("m&m"));
        assert_eq!(html(page, "csrf"), None);
    }

    #[test]
    fn from_scripts() {
        let page = "var xcsrfNonce = 'no'; var csrfNonce = \"a\"; {csrfKey : 'X-K', \"other\":\"o\"}; csrfTime = 5;";
        assert_eq!(script(page, "csrfNonce").as_deref(), Some("a"));
        assert_eq!(script(page, "csrfKey").as_deref(), Some("X-K"));
        assert_eq!(script(page, "other").as_deref(), Some("o"));
        assert_eq!(script(page, "csrfTime"), None);
    }

    #[test]
    fn from_json_without_rounding() {
        let document = serde_json::json!({"result": [{"serial": 9_007_199_254_740_993_i64, "ok": true, "none": null}]});
        assert_eq!(json(&document, "result.0.serial").as_deref(), Some("9007199254740993"));
        assert_eq!(json(&document, "result.0.ok").as_deref(), Some("true"));
        assert_eq!(json(&document, "result.0.none"), None);
        assert_eq!(json(&document, "result.7.ok"), None);
    }
}
