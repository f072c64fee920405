//! A certificate's serial number: octets for machines, a decimal number for people.

use std::{borrow::Cow, fmt};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use crate::as_text::is_text;

/// The octets of a certificate's serial number, as the certificate holds them (RFC 5280, 4.1.2.2).
///
/// Two serials are equal when their numbers are: a leading zero octet does not tell them apart.
#[derive(Clone, Debug)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// The longest serial taken, in octets: RFC 5280 allows 20, and some authorities write one more.
    const LONGEST: usize = 32;

    /// Takes the octets of an ASN.1 INTEGER; those beyond any honest length are cut off.
    pub fn new(octets: &[u8]) -> Self {
        Self(octets[..octets.len().min(Self::LONGEST)].to_vec())
    }

    /// Reads hexadecimal digits of either case, with or without leading zeros.
    ///
    /// # Errors
    /// [`NotASerial`] when there are none, too many, or others.
    pub fn from_hex(text: &str) -> Result<Self, NotASerial> {
        let even = if text.len() % 2 == 1 { Cow::Owned(format!("0{text}")) } else { Cow::Borrowed(text) };
        if even.is_empty() || even.len() > 2 * Self::LONGEST {
            return Err(NotASerial);
        }
        HEXLOWER_PERMISSIVE.decode(even.as_bytes()).map(Self).map_err(|_| NotASerial)
    }

    /// The number in decimal, as MobileIron's console shows it.
    pub fn decimal(&self) -> String {
        let mut digits = vec![0_u8];
        for octet in &self.0 {
            let mut carry = u32::from(*octet);
            for digit in &mut digits {
                let value = u32::from(*digit) * 256 + carry;
                *digit = (value % 10) as u8;
                carry = value / 10;
            }
            while carry > 0 {
                digits.push((carry % 10) as u8);
                carry /= 10;
            }
        }
        digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
    }

    fn significant(&self) -> &[u8] {
        let zeros = self.0.iter().take_while(|octet| **octet == 0).count();
        &self.0[zeros..]
    }
}

/// The text is not a serial number in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a serial number in hexadecimal digits")]
pub struct NotASerial;

impl PartialEq for Serial {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for Serial {}

/// Lower-case hexadecimal of the whole octet string.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl std::str::FromStr for Serial {
    type Err = NotASerial;

    fn from_str(text: &str) -> Result<Self, NotASerial> {
        Self::from_hex(text)
    }
}

is_text!(Serial);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_zero_is_kept_for_show_and_ignored_in_comparison() {
        let whole = Serial::new(&[0x00, 0xbd, 0x21, 0xf2, 0xc8, 0x35, 0x06, 0x3b]);
        assert_eq!(whole.to_string(), "00bd21f2c835063b");
        assert_eq!(whole, Serial::from_hex("BD21F2C835063B").expect("a serial"));
        assert_eq!(whole.decimal(), "53236097223034427");
        assert_eq!(Serial::new(&[]).decimal(), "0");
    }

    #[test]
    fn refuses_what_is_not_hexadecimal() {
        for wrong in ["", "xyz", "é0", &"a".repeat(80)] {
            assert_eq!(Serial::from_hex(wrong), Err(NotASerial), "{wrong:?}");
        }
    }
}
