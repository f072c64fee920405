//! The text of a recording, whatever its encoding; and what other files say of themselves in their first bytes.

use std::io::{self, Cursor, Read};

use super::HarError;

/// How many first bytes say what a file is.
const HEAD: usize = 512;

/// The text as UTF-8, without a mark at its beginning.
///
/// # Errors
/// When the first bytes are those of another kind of file.
pub fn plain<'a>(mut input: impl Read + 'a) -> Result<Box<dyn Read + 'a>, HarError> {
    let mut head = vec![];
    input.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(HarError::Unreadable)?;
    let wide = match head.as_slice() {
        [0xff, 0xfe, ..] => Some((2, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, ..] => Some((2, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        [b'{', 0, ..] => Some((0, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0, b'{', ..] => Some((0, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => None,
    };
    if let Some((mark, number)) = wide {
        let rest = Cursor::new(head.split_off(mark)).chain(input);
        return Ok(Box::new(Wide { inner: rest, number, odd: None, high: None, ready: Cursor::default() }));
    }
    let begin = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    look_at(&head[begin..])?;
    Ok(Box::new(Cursor::new(head.split_off(begin)).chain(input)))
}

fn look_at(head: &[u8]) -> Result<(), HarError> {
    let text = head.trim_ascii_start();
    let what = match text {
        [] => return Err(HarError::Empty),
        [b'P', b'K', 3 | 5, ..] => "a zip archive; unpack it, and give the .har file that is in it",
        [0x1f, 0x8b, ..] => "a gzip archive; unpack it first",
        [b'<', ..] => "a web page or XML",
        [b'-', b'-', b'-', ..] => "PEM",
        [b'{' | b'[' | b'"' | b'0'..=b'9' | b't' | b'f' | b'n', ..] => return Ok(()),
        _ if head.contains(&0) => "a binary file",
        _ => return Ok(()),
    };
    Err(HarError::OtherKind { what })
}

/// UTF-16, read as UTF-8. Halves of a pair that stand alone become the replacement character.
struct Wide<R> {
    inner: R,
    number: fn([u8; 2]) -> u16,
    odd: Option<u8>,
    high: Option<u16>,
    ready: Cursor<Vec<u8>>,
}

impl<R: Read> Wide<R> {
    /// Decodes some more; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 8 << 10];
        let read = self.inner.read(&mut bytes)?;
        let all: Vec<u8> = self.odd.take().into_iter().chain(bytes[..read].iter().copied()).collect();
        let (pairs, odd) = all.as_chunks::<2>();
        self.odd = odd.first().copied();
        let mut numbers: Vec<u16> =
            self.high.take().into_iter().chain(pairs.iter().map(|pair| (self.number)(*pair))).collect();
        if read > 0 && numbers.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            self.high = numbers.pop();
        }
        let text: String =
            char::decode_utf16(numbers).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.ready = Cursor::new(text.into_bytes());
        Ok(read > 0)
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.ready.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let more = self.more()?;
            if !more && self.ready.get_ref().is_empty() {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, HarError> {
        let mut text = String::new();
        plain(bytes)?.read_to_string(&mut text).map_err(HarError::Unreadable)?;
        Ok(text)
    }

    #[test]
    fn encodings() {
        let text = format!("{{\"a\": \"é😀{}\"}}", "x😀".repeat(9_000));
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.clone().into_bytes(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", little.as_slice()].concat(),
            [b"\xfe\xff", big.as_slice()].concat(),
            little.clone(),
            big,
        ] {
            assert_eq!(read(&bytes).expect("a text"), text);
        }
        assert_eq!(read(b"\xff\xfe{\0\x00\xd8").expect("half a pair"), "{\u{fffd}");
        assert_eq!(read(b"\xff\xfe{\0x").expect("half a character"), "{");
    }

    #[test]
    fn other_files_say_what_they_are() {
        let what = |bytes: &[u8]| match read(bytes) {
            Err(HarError::OtherKind { what }) => what,
            other => other.map_or("", |_| "taken"),
        };
        assert!(what(b"PK\x03\x04rest").contains("zip"));
        assert!(what(b"\x1f\x8b\x08").contains("gzip"));
        assert!(what(b"  <!doctype html>").contains("web page"));
        assert!(what(b"-----BEGIN").contains("PEM"));
        assert!(what(b"\x7fELF\0\0").contains("binary"));
        assert!(matches!(read(b" \n"), Err(HarError::Empty)));
    }
}
