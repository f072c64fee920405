//! The outermost shape of DER and BER: enough to look at a file's beginning.

/// The content of the element with this tag at the beginning, and what follows it. Of an element of indefinite length
/// the content runs to the end.
pub(crate) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = bytes else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = match *first {
        0x80 => return Some((rest, &[])),
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let count = usize::from(long & 0x7f);
            let octets = rest.get(..count).filter(|_| count <= 4)?;
            let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            (length, &rest[count..])
        }
    };
    (length <= rest.len()).then(|| rest.split_at(length))
}
