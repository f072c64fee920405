//! Countries, as certificates name them.

use std::{fmt, str::FromStr};

/// The code of a country (ISO 3166-1 alpha-2): two capital letters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Country([u8; 2]);

/// The text is no country's code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not the two letters of a country, such as NL, DE or US")]
pub struct NotACountry;

impl Country {
    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the letters are ASCII")
    }
}

impl FromStr for Country {
    type Err = NotACountry;

    /// Reads the two letters, in either case. A code that no country has is refused: Apple writes it into the
    /// certificate as it stands.
    fn from_str(text: &str) -> Result<Self, NotACountry> {
        let letters: [u8; 2] = text.to_ascii_uppercase().into_bytes().try_into().map_err(|_| NotACountry)?;
        let known = ISO_3166.split_ascii_whitespace().any(|code| code.as_bytes() == letters);
        if known { Ok(Self(letters)) } else { Err(NotACountry) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Every code that is officially assigned.
const ISO_3166: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO \
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR \
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO \
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_countries() {
        assert_eq!("nl".parse::<Country>().map(|country| country.to_string()), Ok("NL".into()));
        for wrong in ["", "N", "NLD", "XX", "UK", "é"] {
            assert_eq!(wrong.parse::<Country>(), Err(NotACountry), "{wrong}");
        }
        assert_eq!(ISO_3166.split_ascii_whitespace().count(), 249);
    }
}
