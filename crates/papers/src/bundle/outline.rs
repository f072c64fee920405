//! What a protected file says in the clear: how it is encrypted, and how much work opening it asks for. It is read before
//! any library opens the file, for a file may ask for years of work.

use super::pfx::{Pfx, Safe, typed};
use crate::der::{Element, one_sequence};

/// The most rounds of key derivation that a file may ask for, all its parts together: a few seconds of work. The usual
/// files ask for two thousand to two million.
pub const MOST_ROUNDS: u64 = 6_000_000;

/// How deep boxes stand in boxes in an honest file.
const DEEPEST: usize = 32;

/// The most elements that are looked at.
const MOST_ELEMENTS: usize = 20_000;

/// What a PKCS #12 file (RFC 7292) or an encrypted private key (RFC 5958) says about its protection.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outline {
    /// Whether a message authentication code guards the whole.
    pub mac: bool,
    /// The ciphers, each once, in the order of the file.
    pub ciphers: Vec<Cipher>,
    /// The rounds of key derivation, all together.
    pub rounds: u64,
    left: usize,
}

/// A way of encryption.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cipher {
    /// AES (FIPS 197), under PBES2 (RFC 8018).
    Aes,
    /// Triple DES.
    TripleDes,
    /// RC2 with a key of 40 bits.
    Rc2Of40Bits,
    /// RC2 with a longer key.
    Rc2,
    /// RC4.
    Rc4,
    /// DES.
    Des,
    /// Camellia (RFC 3657).
    Camellia,
}

impl Cipher {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aes => "AES",
            Self::TripleDes => "3DES",
            Self::Rc2Of40Bits => "RC2-40",
            Self::Rc2 => "RC2",
            Self::Rc4 => "RC4",
            Self::Des => "DES",
            Self::Camellia => "Camellia",
        }
    }

    /// Whether nobody should use it for anything new.
    pub const fn is_old(self) -> bool {
        !matches!(self, Self::Aes | Self::Camellia)
    }
}

/// Ciphers by the beginning of their object identifiers, in DER.
const CIPHERS: [(&[u8], Cipher); 16] = [
    // 2.16.840.1.101.3.4.1.* — AES
    (b"\x60\x86\x48\x01\x65\x03\x04\x01", Cipher::Aes),
    // 1.2.840.113549.3.7 and .2 — 3DES and RC2 under PBES2
    (b"\x2a\x86\x48\x86\xf7\x0d\x03\x07", Cipher::TripleDes),
    (b"\x2a\x86\x48\x86\xf7\x0d\x03\x02", Cipher::Rc2),
    // 1.3.14.3.2.7 — DES under PBES2
    (b"\x2b\x0e\x03\x02\x07", Cipher::Des),
    // 1.2.392.200011.61.1.1.1.* — Camellia
    (b"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01", Cipher::Camellia),
    // 1.2.840.113549.1.12.1.1 to .6 — the ciphers of PKCS #12 itself (RFC 7292, appendix C)
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x01", Cipher::Rc4),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x02", Cipher::Rc4),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03", Cipher::TripleDes),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x04", Cipher::TripleDes),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05", Cipher::Rc2),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06", Cipher::Rc2Of40Bits),
    // 1.2.840.113549.1.5.1 to .11 — PBES1 (RFC 8018, A.3)
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x01", Cipher::Des),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x03", Cipher::Des),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x04", Cipher::Rc2),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x06", Cipher::Rc2),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a", Cipher::Des),
];

/// 1.2.840.113549.1.5.12 — PBKDF2 (RFC 8018, A.2).
pub(super) const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
/// 1.3.6.1.4.1.11591.4.11 — scrypt (RFC 7914).
pub(super) const SCRYPT: &[u8] = b"\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";

/// 1.2.840.113549.1.12.10.1.5 and .6 — a bag with a secret, and a bag of bags (RFC 7292, section 4.2).
const SECRET_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x05";
const BAG_OF_BAGS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06";

impl Outline {
    /// The outline of these bytes; `None` when they are no whole file of the kind, or too much of one.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut outline = Self { left: MOST_ELEMENTS, ..Self::default() };
        let Some(pfx) = Pfx::of(bytes) else {
            // EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData }, or a key that nothing protects.
            outline.look(one_sequence(bytes)?, 0)?;
            return Some(outline);
        };
        if let Some(mac) = pfx.mac {
            // MacData ::= SEQUENCE { mac, macSalt, iterations DEFAULT 1 }
            outline.mac = true;
            outline.count(mac.all()?.get(2).copied());
            outline.look(mac, 0)?;
        }
        for safe in &pfx.safes {
            match safe {
                Safe::Open(contents) => outline.bags(one_sequence(contents)?, 0)?,
                Safe::Sealed(sealed) => outline.look(Element { tag: 0x30, content: &sealed.algorithm }, 0)?,
            }
        }
        Some(outline)
    }

    /// The outline of what stood encrypted in a file.
    pub(super) fn of_contents(contents: &[u8]) -> Option<Self> {
        let mut outline = Self { left: MOST_ELEMENTS, ..Self::default() };
        outline.bags(one_sequence(contents)?, 0)?;
        Some(outline)
    }

    /// Whether opening it is too much work.
    pub(crate) const fn is_too_costly(&self) -> bool {
        self.rounds > MOST_ROUNDS
    }

    /// `SafeContents ::= SEQUENCE OF SafeBag`
    fn bags(&mut self, contents: Element<'_>, depth: usize) -> Option<()> {
        let bags = contents.all().filter(|_| depth < DEEPEST)?;
        bags.into_iter().try_for_each(|bag| {
            let (kind, value) = typed(bag)?;
            match kind.content {
                BAG_OF_BAGS => self.bags(value, depth + 1),
                SECRET_BAG => self.secret(value),
                _ => self.look(value, 0),
            }
        })
    }

    /// A secret may stand in a bag as an encrypted key in an OCTET STRING, which is how Java writes it.
    fn secret(&mut self, bag: Element<'_>) -> Option<()> {
        self.look(bag, 0)?;
        let (_, value) = typed(bag)?;
        let octets = value.octets().unwrap_or_default();
        one_sequence(&octets).map_or(Some(()), |inner| self.look(inner, 0))
    }

    /// Looks for algorithms in everything that is made of elements.
    fn look(&mut self, element: Element<'_>, depth: usize) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        if element.tag == 0x30 {
            self.algorithm(element);
        }
        if !element.is_constructed() {
            return Some(());
        }
        element.all()?.into_iter().try_for_each(|part| self.look(part, depth + 1))
    }

    /// `AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters }`
    fn algorithm(&mut self, element: Element<'_>) {
        let mut parts = element.parts();
        let Some(oid) = parts.next().filter(|part| part.tag == 0x06) else { return };
        if let Some((known, cipher)) = CIPHERS.iter().find(|(known, _)| oid.content.starts_with(known)) {
            if !self.ciphers.contains(cipher) {
                self.ciphers.push(*cipher);
            }
            // The older ciphers have salt and rounds beside them; PBES2's have only a vector.
            if known.starts_with(b"\x2a\x86\x48\x86\xf7\x0d\x01") {
                self.count(parts.next().and_then(|parameters| parameters.parts().nth(1)));
            }
        } else if oid.content == PBKDF2 {
            self.count(parts.next().and_then(|parameters| parameters.parts().nth(1)));
        } else if oid.content == SCRYPT {
            let numbers = parts.next().map_or(0, |parameters| {
                parameters.parts().skip(1).take(3).map(number).fold(1_u64, u64::saturating_mul)
            });
            // A step of scrypt is a few hundred times a round's work, and has its memory to fill besides.
            self.rounds = self.rounds.saturating_add(numbers.saturating_mul(16));
        }
    }

    fn count(&mut self, rounds: Option<Element<'_>>) {
        self.rounds = self.rounds.saturating_add(rounds.map_or(1, number));
    }
}

/// An INTEGER; one that is negative or beyond all bounds counts as the largest.
pub(super) fn number(element: Element<'_>) -> u64 {
    match element.content {
        octets @ [first, ..] if element.tag == 0x02 && octets.len() <= 8 && first & 0x80 == 0 => {
            octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
        }
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_all_bounds() {
        for (content, wanted) in [(&b"\x07\xd0"[..], 2_000), (b"\xff", u64::MAX), (b"", u64::MAX), (&[1; 9], u64::MAX)]
        {
            assert_eq!(number(Element { tag: 0x02, content }), wanted);
        }
    }

    #[test]
    fn what_is_no_sequence_has_no_outline() {
        for bytes in [&b""[..], b"\x30", b"\x04\x00", b"\x30\x00\x00"] {
            assert_eq!(Outline::of(bytes), None);
        }
    }
}
