//! A PKCS #12 file taken apart (RFC 7292, section 4), as far as it goes without its passphrase. Nothing is passed over: a file
//! in which something is not where it belongs is refused, or a library might find in it what was not seen here.

use crate::der::{Element, one_sequence};

/// 1.2.840.113549.1.7.1 — data (RFC 5652).
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 1.2.840.113549.1.7.6 — encryptedData (RFC 5652).
const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";

/// A PKCS #12 file.
pub(super) struct Pfx<'a> {
    /// Its parts, each with bags of keys and certificates in it.
    pub(super) safes: Vec<Safe>,
    /// The code that guards the whole.
    pub(super) mac: Option<Element<'a>>,
}

/// A part of a file.
pub(super) enum Safe {
    /// One that is not encrypted as a whole: its `SafeContents`.
    Open(Vec<u8>),
    /// One that is.
    Sealed(Sealed),
}

/// Something encrypted.
pub(super) struct Sealed {
    /// What is in the `AlgorithmIdentifier`: how it is encrypted.
    pub(super) algorithm: Vec<u8>,
    /// What was encrypted.
    pub(super) content: Vec<u8>,
}

impl<'a> Pfx<'a> {
    /// The file that these bytes are.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        // PFX ::= SEQUENCE { version, authSafe ContentInfo, macData OPTIONAL }
        let parts = one_sequence(bytes)?.all()?;
        let (safes, mac) = match parts.as_slice() {
            [version, safes] if is_three(*version) => (*safes, None),
            [version, safes, mac] if is_three(*version) => (*safes, Some(*mac)),
            _ => return None,
        };
        let Safe::Open(safes) = safe(safes)? else { return None };
        let safes = one_sequence(&safes)?.all()?.into_iter().map(safe).collect::<Option<_>>()?;
        Some(Self { safes, mac })
    }
}

fn is_three(version: Element<'_>) -> bool {
    version.tag == 0x02 && version.content == [3]
}

/// `ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT }`
fn safe(info: Element<'_>) -> Option<Safe> {
    let (kind, content) = typed(info)?;
    match kind.content {
        DATA if matches!(content.tag, 0x04 | 0x24) => content.octets().map(Safe::Open),
        ENCRYPTED_DATA => sealed(content).map(Safe::Sealed),
        _ => None,
    }
}

/// `EncryptedData ::= SEQUENCE { version, EncryptedContentInfo, … }` (RFC 5652, section 8)
fn sealed(data: Element<'_>) -> Option<Sealed> {
    let parts = data.all()?;
    let info = parts.get(1).filter(|info| info.tag == 0x30)?.all()?;
    match info.as_slice() {
        [_, algorithm, content] if algorithm.tag == 0x30 && matches!(content.tag, 0x80 | 0xa0) => {
            Some(Sealed { algorithm: algorithm.content.to_vec(), content: content.octets()? })
        }
        _ => None,
    }
}

/// A SEQUENCE of an object identifier, a value under `[0]`, and perhaps more.
pub(super) fn typed(element: Element<'_>) -> Option<(Element<'_>, Element<'_>)> {
    let parts = element.all().filter(|_| element.tag == 0x30)?;
    let (kind, value) = (*parts.first()?, parts.get(1)?.all().filter(|_| parts[1].tag == 0xa0)?);
    match value.as_slice() {
        [value] if kind.tag == 0x06 => Some((kind, *value)),
        _ => None,
    }
}
