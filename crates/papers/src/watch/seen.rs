//! What was seen to be installed: when, and by which source.

use serde::{Deserialize, Serialize};

use crate::{DAY, Fingerprint, Serial, Time, Topic};

/// How we know what is installed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Read in the server's console by a console profile.
    Console,
    /// Read by MobileIron Core's own `getMDMCertificate` call.
    Core,
    /// Read from a saved page of the console.
    Page,
    /// Taken from a certificate file.
    File,
    /// A person said so.
    Person,
    /// Not known at all.
    None,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 6] = [Self::Console, Self::Core, Self::Page, Self::File, Self::Person, Self::None];

    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Core => "core",
            Self::Page => "page",
            Self::File => "file",
            Self::Person => "person",
            Self::None => "none",
        }
    }
}

/// One look at a server, or one word from a person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Seen {
    /// When.
    pub at: Time,
    /// How.
    pub source: Source,
    /// What is installed; `None` when the server is known to hold no certificate.
    pub installed: Option<Installed>,
}

/// The certificate a server holds, as far as its source shows it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Installed {
    /// The installed topic; a console may not show it.
    pub topic: Option<Topic>,
    /// The serial number, only where the source gives it exactly.
    pub serial: Option<Serial>,
    /// The serial number as a console shows it: decimal, and its last digits possibly rounded to zeros.
    pub shown_serial: Option<String>,
    /// The first second of validity.
    pub not_before: Option<Time>,
    /// The last second of validity. Consoles show dates without a time zone, so it may be a day off.
    pub not_after: Option<Time>,
    /// The certificate itself, where it was at hand.
    pub certificate: Option<Fingerprint>,
    /// Its issuer, where the certificate was at hand.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The Apple account that somebody noted in the console.
    pub apple_account: Option<String>,
}

impl Installed {
    /// The same certificate with everything that is known of it: a console shows a date, a kept file is whole. Where
    /// what is known is another certificate, by its end or its topic, it adds nothing.
    #[must_use]
    pub fn completed_by(&self, known: &Self) -> Self {
        if self.certificate.is_some() || known.certificate.is_none() || !self.may_be(known) {
            return self.clone();
        }
        Self { shown_serial: self.shown_serial.clone(), apple_account: self.apple_account.clone(), ..known.clone() }
    }

    /// Whether this may be the certificate that is known, as far as both show it: by itself where both were at hand, and
    /// otherwise by its end, to the day, its topic and its serial number.
    pub fn may_be(&self, known: &Self) -> bool {
        if let Some((one, other)) = self.certificate.zip(known.certificate) {
            return one == other;
        }
        let same_end = self.not_after.zip(known.not_after).is_some_and(|(one, other)| one.is_same_day(other));
        let same_topic = self.topic.is_none() || self.topic == known.topic;
        // Two certificates of one day are told apart by their serial numbers, where a console shows them.
        let serials = self.shown_serial.as_ref().zip(known.serial.as_ref());
        same_end && same_topic && serials.is_none_or(|(shown, exact)| is_rounded(shown, &exact.decimal()))
    }
}

/// The digits of a serial number that are compared, and how far apart they may be: JavaScript rounds integers beyond
/// 2^53, so a console shows about fifteen digits of one, and rounding may carry into them.
const COMPARED_DIGITS: usize = 18;
const ROUNDING: u64 = 1_000;

/// Whether a serial number as a console shows it may be this one.
pub(crate) fn is_rounded(shown: &str, exact: &str) -> bool {
    let shown = shown.trim();
    let leading = |text: &str| text.get(..COMPARED_DIGITS.min(text.len()))?.parse::<u64>().ok();
    let (Some(one), Some(other)) = (leading(shown), leading(exact)) else { return false };
    shown.len() == exact.len() && one.abs_diff(other) <= ROUNDING
}

impl Time {
    /// Whether two dates without a time zone may be the same.
    pub(crate) const fn is_same_day(self, other: Self) -> bool {
        (self.unix() - other.unix()).abs() <= DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(topic: Option<&str>, end: i64, certificate: Option<&[u8]>) -> Installed {
        Installed {
            topic: topic.map(|last| Topic::parse(&format!("com.apple.mgmt.External.{last}")).expect("a topic")),
            not_after: Some(Time::from_unix(end * DAY)),
            certificate: certificate.map(Fingerprint::of),
            ..Installed::default()
        }
    }

    #[test]
    fn rounding_may_carry() {
        assert!(is_rounded("1234567890123460000", "1234567890123459999"));
        assert!(is_rounded("53236097223034430", "53236097223034427"));
        assert!(!is_rounded("1234567890123560000", "1234567890123459999"));
    }

    #[test]
    fn two_of_one_day_are_told_apart_by_their_serial_numbers() {
        let known = Installed { serial: Some(Serial::new(&[1, 2])), ..installed(Some("a"), 400, Some(b"kept")) };
        let shown = |serial: &str| Installed { shown_serial: Some(serial.into()), ..installed(Some("a"), 400, None) };
        assert_eq!(shown("258").completed_by(&known).certificate, known.certificate);
        assert_eq!(shown("90258").completed_by(&known).certificate, None);
    }

    #[test]
    fn a_date_is_completed_by_the_kept_file_of_that_date() {
        let known = installed(Some("a"), 400, Some(b"kept"));
        assert_eq!(installed(None, 400, None).completed_by(&known), known);
        assert_eq!(installed(Some("a"), 401, None).completed_by(&known), known);
        for other in [installed(None, 402, None), installed(Some("b"), 400, None)] {
            assert_eq!(other.completed_by(&known), other);
        }
    }
}
