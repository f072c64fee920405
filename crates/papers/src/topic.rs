//! The topic: what the devices of an enrolment listen to, for as long as they are enrolled.

use std::fmt;

use crate::as_text::is_text;

/// What every MDM topic begins with. Apple's are `com.apple.mgmt.External.<uuid>`; Profile Manager's were
/// `com.apple.mgmt.XServer.<uuid>`.
pub const PREFIX: &str = "com.apple.mgmt.";

/// The longest topic taken. Apple's have 60 characters.
const LONGEST: usize = 128;

/// The UID of a push certificate's subject (0.9.2342.19200300.100.1.1), known to be an MDM topic.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Topic(String);

impl Topic {
    /// Takes a text that is an MDM topic.
    ///
    /// # Errors
    /// [`NotATopic`] when it does not begin with [`PREFIX`], ends there, is too long, or holds anything but letters,
    /// digits, dots and hyphens.
    pub fn parse(text: &str) -> Result<Self, NotATopic> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        let begins = text.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty());
        if begins && text.len() <= LONGEST && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotATopic)
        }
    }

    /// The whole topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last dot: in Apple's topics a UUID, which the common name repeats behind `APSP:`.
    pub fn uuid(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }

    /// The common name that Apple gives a certificate of this topic, and that its portal shows in a row's details.
    pub fn common_name(&self) -> String {
        format!("APSP:{}", self.uuid())
    }
}

/// The first topic that stands in a text.
pub fn within(text: &str) -> Option<Topic> {
    text.match_indices(PREFIX).find_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(rest.len());
        Topic::parse(rest[..end].trim_end_matches('.')).ok()
    })
}

/// The text is not an MDM topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an MDM topic; one looks like com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b")]
pub struct NotATopic;

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Topic {
    type Err = NotATopic;

    fn from_str(text: &str) -> Result<Self, NotATopic> {
        Self::parse(text)
    }
}

is_text!(Topic);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_apple_issues_and_nothing_else() {
        let topic = Topic::parse("com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b").expect("a topic");
        assert_eq!(topic.common_name(), "APSP:980b6421-2edc-4d9a-aea7-10cd7610ad2b");
        for wrong in
            ["", "com.apple.mgmt.", "com.example.app", "com.apple.mgmt.External.a b", "com.apple.mgmt.\u{1b}[2J"]
        {
            assert_eq!(Topic::parse(wrong), Err(NotATopic), "{wrong:?}");
        }
        assert_eq!(Topic::parse(&format!("{PREFIX}{}", "a".repeat(LONGEST))), Err(NotATopic));
    }
}
