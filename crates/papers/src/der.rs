//! The outer shape of DER and BER (X.690): enough to look at how a file begins, and what it says in the clear.

/// How deep an honest file nests. A deeper one is not followed.
const DEEPEST: usize = 24;

/// An element: its tag, and what stands in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

impl Element<'_> {
    /// Whether it consists of other elements.
    pub(crate) const fn is_constructed(self) -> bool {
        self.tag & 0x20 != 0
    }

    /// Every element in it; `None` where something in it is no element.
    pub(crate) fn all(self) -> Option<Vec<Self>> {
        let mut rest = self.content;
        let mut found = vec![];
        while !rest.is_empty() {
            let (element, behind) = read(rest)?;
            found.push(element);
            rest = behind;
        }
        Some(found)
    }

    /// The octets of an OCTET STRING, which BER may cut into pieces; `None` where a piece is something else.
    pub(crate) fn octets(self) -> Option<Vec<u8>> {
        let mut octets = vec![];
        self.collect_octets(&mut octets, 0)?;
        Some(octets)
    }

    fn collect_octets(self, octets: &mut Vec<u8>, depth: usize) -> Option<()> {
        if !self.is_constructed() {
            octets.extend_from_slice(self.content);
            return Some(());
        }
        let pieces = self.all().filter(|_| depth < DEEPEST)?;
        pieces.into_iter().try_for_each(|piece| match piece.tag {
            0x04 | 0x24 => piece.collect_octets(octets, depth + 1),
            _ => None,
        })
    }

    /// The elements in it, as far as they can be read.
    pub(crate) fn parts(self) -> impl Iterator<Item = Self> {
        let mut rest = self.content;
        std::iter::from_fn(move || {
            let (element, behind) = read(rest)?;
            rest = behind;
            Some(element)
        })
    }
}

/// The element at the beginning, and what follows it.
pub(crate) fn read(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    read_at(bytes, 0)
}

/// The one SEQUENCE that these bytes are.
pub(crate) fn one_sequence(bytes: &[u8]) -> Option<Element<'_>> {
    read(bytes).filter(|(element, rest)| element.tag == 0x30 && rest.is_empty()).map(|(element, _)| element)
}

/// The content of the element with this tag at the beginning, and what follows it.
pub(crate) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    read(bytes).filter(|(element, _)| element.tag == tag).map(|(element, rest)| (element.content, rest))
}

/// A SEQUENCE with this content, its length in the fewest octets.
pub(crate) fn sequence(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    let header = match (significant, u8::try_from(significant.len())) {
        ([], _) => vec![0],
        ([short @ 0..0x80], _) => vec![*short],
        (long, Ok(count)) => [&[0x80 | count], long].concat(),
        (_, Err(_)) => unreachable!("a length has eight octets at most"),
    };
    [&[0x30], header.as_slice(), content].concat()
}

fn read_at(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let [tag, first, rest @ ..] = bytes else { return None };
    // Tags of several octets, and the end of contents, begin nothing of ours.
    if tag & 0x1f == 0x1f || *tag == 0 || depth > DEEPEST {
        return None;
    }
    let (length, rest) = match *first {
        0x80 => return indefinite(*tag, rest, depth),
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let count = usize::from(long & 0x7f);
            let octets = rest.get(..count).filter(|_| count <= 4)?;
            let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            (length, &rest[count..])
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag: *tag, content }, rest))
}

/// An element of indefinite length: it ends where two zero octets stand in the place of a next part.
fn indefinite(tag: u8, content: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let mut rest = content;
    loop {
        if let Some(behind) = rest.strip_prefix(&[0, 0]) {
            let content = &content[..content.len() - rest.len()];
            return Some((Element { tag, content }, behind));
        }
        rest = read_at(rest, depth + 1)?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definite_and_indefinite_lengths() {
        type Split = Option<(&'static [u8], &'static [u8])>;
        let table: [(&[u8], Split); 7] = [
            (b"\x30\x02\x05\x00\x07", Some((b"\x05\x00", b"\x07"))),
            (b"\x30\x81\x02\x05\x00", Some((b"\x05\x00", b""))),
            (b"\x30\x80\x05\x00\x00\x00\x07", Some((b"\x05\x00", b"\x07"))),
            (b"\x30\x80\x24\x80\x04\x01\x00\x00\x00\x00\x00", Some((b"\x24\x80\x04\x01\x00\x00\x00", b""))),
            (b"\x30\x80\x05\x00", None),
            (b"\x30\x05\x00", None),
            (b"\x3f\x01\x00", None),
        ];
        for (bytes, wanted) in table {
            assert_eq!(element(bytes, 0x30), wanted, "{bytes:02x?}");
        }
    }

    #[test]
    fn sequences_are_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            assert_eq!(element(&sequence(&content), 0x30), Some((content.as_slice(), &[][..])), "{length}");
        }
    }

    #[test]
    fn deep_nesting_ends() {
        let deep: Vec<u8> = [0x30, 0x80].repeat(100_000);
        assert_eq!(read(&deep), None);
    }
}
