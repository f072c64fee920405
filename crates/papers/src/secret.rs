//! Passwords and tokens: wiped when dropped, and never shown by accident.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. It has no `Display`; `Debug` is masked; its memory is wiped when it goes.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text into its care.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The one line of text in these bytes, without its line end; `None` when they are empty, several lines, or no text.
    pub fn from_line(bytes: Vec<u8>) -> Option<Self> {
        let mut line = String::from_utf8(bytes).ok()?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        (!line.is_empty() && !line.contains(['\r', '\n', '\0'])).then(|| Self::new(line))
    }

    /// The text itself, for the one place that must have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("correct horse")), "Secret(…)");
    }

    #[test]
    fn one_line_and_no_more() {
        let line = |bytes: &[u8]| Secret::from_line(bytes.to_vec()).map(|secret| secret.reveal().to_owned());
        assert_eq!(line(b" correct horse \r\n"), Some(" correct horse ".into()));
        for wrong in [&b""[..], b"\n", b"two\nlines", b"zero\0", b"\xff"] {
            assert_eq!(line(wrong), None, "{wrong:?}");
        }
    }
}
