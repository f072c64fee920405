//! Text as editors save it: in UTF-8, with a byte order mark or without, or in UTF-16.

use std::borrow::Cow;

/// What an editor did to a text, so that programs which expect plain letters may stumble over it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oddity {
    /// Two octets for each letter.
    Utf16,
    /// Three octets before the first letter (Unicode, 23.8).
    ByteOrderMark,
}

impl Oddity {
    /// In words that follow "it".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Utf16 => "is saved as UTF-16, with two octets for each letter",
            Self::ByteOrderMark => "begins with a byte order mark, which an editor put before the text",
        }
    }
}

/// The same in UTF-8 without a mark, and what was odd about it. What is no text comes back as it is.
pub(crate) fn plain(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<Oddity>) {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return (Cow::Borrowed(rest), Some(Oddity::ByteOrderMark));
    }
    match from_utf16(bytes) {
        Some(text) => (Cow::Owned(text.into_bytes()), Some(Oddity::Utf16)),
        None => (Cow::Borrowed(bytes), None),
    }
}

/// What a Windows editor saved in UTF-16, with a byte order mark or without.
fn from_utf16(bytes: &[u8]) -> Option<String> {
    let (order, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        [1..=255, 0, 1..=255, 0, ..] => (u16::from_le_bytes, bytes),
        [0, 1..=255, 0, 1..=255, ..] => (u16::from_be_bytes, bytes),
        _ => return None,
    };
    let units = rest.chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| rest.len().is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_which_an_editor_saves_a_word() {
        let table: [(&[u8], &[u8], Option<Oddity>); 7] = [
            (b"word", b"word", None),
            (b"\xef\xbb\xbfword", b"word", Some(Oddity::ByteOrderMark)),
            (b"\xff\xfew\0o\0", b"wo", Some(Oddity::Utf16)),
            (b"\xfe\xff\0w\0o", b"wo", Some(Oddity::Utf16)),
            (b"w\0o\0", b"wo", Some(Oddity::Utf16)),
            (b"\0w\0o", b"wo", Some(Oddity::Utf16)),
            (b"\xff\xfew\0o", b"\xff\xfew\0o", None),
        ];
        for (saved, text, oddity) in table {
            assert_eq!(plain(saved), (Cow::Borrowed(text), oddity), "{saved:02x?}");
        }
    }
}
