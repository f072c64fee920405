//! The little DER that OpenSSL's builders do not write: Apple's extensions.

use openssl::{
    asn1::{Asn1Object, Asn1OctetString},
    error::ErrorStack,
    x509::X509Extension,
};

/// An element: tag, length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..=127) => bytes.push(short),
        Ok(length) => bytes.extend([0x81, length]),
        Err(_) => {
            let length = u16::try_from(content.len()).expect("an extension is short").to_be_bytes();
            bytes.extend([0x82, length[0], length[1]]);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// A sequence of elements.
pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// An object identifier, from its dotted form.
pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u32> = dotted.split('.').map(|arc| arc.parse().expect("an object identifier of our own")).collect();
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).expect("the first two arcs are small")];
    for arc in &arcs[2..] {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    element(0x06, &content)
}

/// A text that a certificate shows (`VisibleString` or `IA5String` have the same bytes).
pub(crate) fn text(tag: u8, text: &str) -> Vec<u8> {
    element(tag, text.as_bytes())
}

/// An extension that is not critical.
pub(crate) fn extension(dotted: &str, value: &[u8]) -> Result<X509Extension, ErrorStack> {
    let oid = Asn1Object::from_str(dotted)?;
    X509Extension::new_from_der(&oid, false, &*Asn1OctetString::new_from_bytes(value)?)
}
