//! Apple's property lists, as XML or in their binary form, read within bounds. The reader of the library makes a value
//! anew wherever an object is named, and recurses into what nests; whoever wrote the file must not decide how much that is.

mod binary;

use plist::Value;

/// How deep arrays and dictionaries may nest. Requests are a dictionary of texts, and configurations are flat.
const DEEPEST: usize = 12;

/// A property list, in XML or in Apple's binary form. `None` when it is damaged, or asks for more than the bounds allow:
/// a binary one is read while it has at most a thousand values and a million bytes of them, each counted as often as it is
/// named; one in XML is never more than its own text.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    if !is_binary(bytes) {
        return read_xml(bytes);
    }
    binary::is_within_bounds(bytes).then(|| Value::from_reader(std::io::Cursor::new(bytes)).ok()).flatten()
}

/// A property list in XML.
pub(crate) fn read_xml(bytes: &[u8]) -> Option<Value> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins = [&b"<?xml"[..], b"<!DOCTYPE plist", b"<plist"].iter().any(|start| text.starts_with(start));
    if !begins || is_too_deep(text) {
        return None;
    }
    Value::from_reader_xml(std::io::Cursor::new(text)).ok()
}

/// Whether this is a property list in Apple's binary form.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(b"bplist0")
}

fn is_too_deep(xml: &[u8]) -> bool {
    let mut depth = 0_usize;
    for at in 0..xml.len() {
        let rest = &xml[at..];
        if behind_a_name(rest, [b"<dict", b"<array"])
            .is_some_and(|behind| !behind.trim_ascii_start().starts_with(b"/>"))
        {
            depth += 1;
        } else if behind_a_name(rest, [b"</dict", b"</array"]).is_some() {
            depth = depth.saturating_sub(1);
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// What stands behind one of these beginnings of a tag, where the text begins with one.
fn behind_a_name<'a>(text: &'a [u8], beginnings: [&[u8]; 2]) -> Option<&'a [u8]> {
    beginnings.into_iter().find_map(|beginning| text.strip_prefix(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(inside: &str) -> bool {
        read(format!("<plist><array>{inside}</array></plist>").as_bytes()).is_some()
    }

    #[test]
    fn what_is_empty_nests_nothing() {
        for empty in ["<array/>", "<dict/>", "<dict />", "<array\n/>", "<array></array>"] {
            assert!(is_read(&empty.repeat(100)), "{empty}");
        }
    }

    #[test]
    fn what_only_looks_empty_is_counted() {
        for open in ["<array>", "<dict><key>k</key>", "<array a=\"/>\">", "<array a='/'>", "<array a=\"\"/ >"] {
            assert!(!is_read(&open.repeat(1_000)), "{open}");
            assert!(is_too_deep(open.repeat(DEEPEST + 1).as_bytes()), "{open}");
        }
    }
}
