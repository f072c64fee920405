//! A tenant's name: it becomes a path, a label and an address, so it is kept plain.

use std::fmt;

use crate::as_text::is_text;

/// The name of a tenant: lower-case letters, digits and inner hyphens, at most 63 of them.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TenantName(String);

impl TenantName {
    const LONGEST: usize = 63;

    /// Takes a name of the form `[a-z0-9][a-z0-9-]{0,62}`.
    ///
    /// # Errors
    /// [`NotATenantName`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotATenantName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let good = !text.is_empty() && text.len() <= Self::LONGEST && !text.starts_with('-') && text.bytes().all(plain);
        good.then(|| Self(text.to_owned())).ok_or(NotATenantName)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text cannot name a tenant.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a tenant's name: lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit")]
pub struct NotATenantName;

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for TenantName {
    type Err = NotATenantName;

    fn from_str(text: &str) -> Result<Self, NotATenantName> {
        Self::parse(text)
    }
}

is_text!(TenantName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cannot_leave_its_folder() {
        for wrong in ["", ".", "..", "a/b", "A", "-a", "a b", "é", &"a".repeat(64)] {
            assert_eq!(TenantName::parse(wrong), Err(NotATenantName), "{wrong:?}");
        }
        assert_eq!(TenantName::parse("acme-2").expect("a name").as_str(), "acme-2");
    }
}
