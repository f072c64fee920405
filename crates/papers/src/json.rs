//! JSON as it was written: the members of an object in their order, each value's own text untouched. A number keeps its
//! digits, and a name that stands twice is seen twice.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// A member of an object.
pub(crate) type Member<'a> = (String, &'a RawValue);

/// How deep values are compared; beyond it their texts must be the same.
const DEEPEST: u32 = 32;

struct Members<'a>(Vec<Member<'a>>);

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = vec![];
        while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The members of the object in this text; `None` when it is no object.
pub(crate) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str(text).ok().map(|Members(members)| members)
}

/// The elements of the array in this text; `None` when it is no array.
pub(crate) fn elements(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// The text of the string in this text; `None` when it is no string.
pub(crate) fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// The value of a member.
pub(crate) fn member<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    members.iter().find(|(found, _)| found == name).map(|(_, value)| value.get())
}

/// The first name that stands twice in an object.
pub(crate) fn repeated<'m>(members: &'m [Member<'_>]) -> Option<&'m str> {
    let twice = |at: usize, name: &str| members[..at].iter().any(|(other, _)| other == name);
    members.iter().enumerate().find(|(at, (name, _))| twice(*at, name)).map(|(_, (name, _))| name.as_str())
}

/// An object with these members, each value as it is.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let quoted = |name: &str| serde_json::to_string(name).expect("a name is text");
    let members: Vec<_> = members.into_iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// Where two values differ, as paths below this one. Order of members and white space say nothing; a number is its text.
pub(crate) fn differences(path: &str, one: &str, other: &str) -> Vec<String> {
    let mut found = vec![];
    compare(path, one, other, 0, &mut found);
    found
}

fn compare(path: &str, one: &str, other: &str, depth: u32, found: &mut Vec<String>) {
    if one == other {
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if depth < DEEPEST {
        if let (Some(one), Some(other)) = (members(one), members(other)) {
            if repeated(&one).is_some() || repeated(&other).is_some() {
                return found.push(path.to_owned());
            }
            for (name, value) in &one {
                match member(&other, name) {
                    Some(there) => compare(&below(name), value.get(), there, depth + 1, found),
                    None => found.push(below(name)),
                }
            }
            found.extend(other.iter().filter(|(name, _)| member(&one, name).is_none()).map(|(name, _)| below(name)));
            return;
        }
        if let (Some(one), Some(other)) = (elements(one), elements(other)) {
            if one.len() != other.len() {
                return found.push(path.to_owned());
            }
            for (at, (one, other)) in one.iter().zip(&other).enumerate() {
                compare(&format!("{path}[{at}]"), one.get(), other.get(), depth + 1, found);
            }
            return;
        }
        if let (Some(one), Some(other)) = (string(one), string(other))
            && one == other
        {
            return;
        }
    }
    found.push(path.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_and_its_form() {
        let text = r#"{ "a": 1.0, "b": 12345678901234567890123, "a": {"x": [1, 2]} }"#;
        let members = members(text).expect("an object");
        assert_eq!(member(&members, "b"), Some("12345678901234567890123"));
        assert_eq!(repeated(&members), Some("a"));
        assert_eq!(object([("a", "1.0"), ("b", "{ }")]), r#"{"a":1.0,"b":{ }}"#);
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        let same = differences("", r#"{"a":{"b":"\u0041","c":[1]}}"#, r#"{ "a": { "c": [ 1 ], "b": "A" } }"#);
        assert_eq!(same, [""; 0]);
        let table = [
            (r#"{"a":1}"#, r#"{"a":1.0}"#, "a"),
            (r#"{"a":{"b":true}}"#, r#"{"a":{}}"#, "a.b"),
            (r#"{"a":{}}"#, r#"{"a":{"b":null}}"#, "a.b"),
            (r#"{"a":[1,2]}"#, r#"{"a":[1,3]}"#, "a[1]"),
            (r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, "a"),
        ];
        for (one, other, path) in table {
            assert_eq!(differences("", one, other), [path], "{one} {other}");
        }
    }

    #[test]
    fn nesting_without_end_is_compared_as_text() {
        let deep = |end: &str| format!("{}{end}{}", "[".repeat(20_000), "]".repeat(20_000));
        assert_eq!(differences("", &deep("1"), &deep("2")).len(), 1);
    }
}
