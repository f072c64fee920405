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
        if rest.starts_with(b"<dict") || rest.starts_with(b"<array") {
            depth += 1;
        } else if rest.starts_with(b"</dict") || rest.starts_with(b"</array") {
            depth = depth.saturating_sub(1);
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}
