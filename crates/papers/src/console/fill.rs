//! Placeholders: `{name}` stands for a value, `{{` and `}}` for the braces themselves.

use std::collections::BTreeMap;

/// A piece of a text with placeholders.
enum Piece<'a> {
    Literal(&'a str),
    Name(&'a str),
    /// A brace that encloses nothing.
    Stray(&'a str),
}

/// The names that a text needs.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Literal(_) | Piece::Stray(_) => None,
    })
}

/// The text with its placeholders filled; a name that has no value is left empty.
pub fn fill(text: &str, values: &BTreeMap<String, String>, escape: fn(&str) -> String) -> String {
    let pieces = pieces(text).into_iter().map(|piece| match piece {
        Piece::Literal(literal) | Piece::Stray(literal) => literal.to_owned(),
        Piece::Name(name) => values.get(name).map(|value| escape(value)).unwrap_or_default(),
    });
    pieces.collect()
}

/// A literal text, as it stands among placeholders.
pub fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Whether every brace of a text encloses a name, or is one of two that stand for themselves.
pub fn is_balanced(text: &str) -> bool {
    let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    pieces(text).iter().all(|piece| match piece {
        Piece::Name(name) => plain(name),
        Piece::Literal(_) => true,
        Piece::Stray(_) => false,
    })
}

/// A value as it stands in JSON between quotation marks.
pub fn json_escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        pieces.push(Piece::Literal(&rest[..at]));
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            pieces.push(Piece::Literal(&brace[..1]));
            rest = &brace[2..];
        } else if let Some((name, after)) = brace[1..].split_once('}').filter(|_| brace.starts_with('{')) {
            pieces.push(Piece::Name(name));
            rest = after;
        } else {
            pieces.push(Piece::Stray(&brace[..1]));
            rest = &brace[1..];
        }
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_and_leaves_braces() {
        let values = BTreeMap::from([("user".to_owned(), "a\"b".to_owned())]);
        assert_eq!(fill("{user}-{{x}}-{none}", &values, str::to_owned), "a\"b-{x}-");
        assert_eq!(fill("{{\"u\":\"{user}\"}}", &values, json_escaped), "{\"u\":\"a\\\"b\"}");
        assert_eq!(fill("a } b { c", &values, str::to_owned), "a } b { c");
        assert!(is_balanced("{a}{{b}}") && is_balanced(&literal("{\"a\":{}}")));
        assert!(!is_balanced("{a") && !is_balanced("a}") && !is_balanced("{a b}") && !is_balanced("{\"a\":\"{b}\"}"));
        assert_eq!(names("{a}{{b}}{c}").collect::<Vec<_>>(), ["a", "c"]);
    }
}
