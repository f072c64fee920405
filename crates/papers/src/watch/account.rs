//! The Apple account: whether a renewal could be made with it, if it had to be today.
//!
//! A lost account is not found again in an afternoon: Apple takes up to ten working days to move a certificate to
//! another one. So what is wrong with it is said all the year, and is the next thing to do before a renewal is due.

use super::Problem;
use crate::{DAY, Time};

/// How long somebody's way to the row stays proved.
const A_YEAR: i64 = 365 * DAY;

/// How long before a renewal is due the account has to be in order: Apple's ten working days, twice, so that there is
/// time to ask around first.
pub(crate) const EARLY: i64 = 2 * 14 * DAY;

/// What is known of the Apple account that owns the row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Account<'a> {
    /// Its address.
    pub address: Option<&'a str>,
    /// When somebody was last seen to get to the row with it: by a rehearsal, or by a renewal.
    pub used: Option<Time>,
}

impl Account<'_> {
    /// What is wrong with it.
    pub(super) fn problem(self, now: Time) -> Option<Problem> {
        let Some(address) = self.address else { return Some(Problem::AccountUnknown) };
        if is_personal(address) {
            return Some(Problem::AccountPersonal);
        }
        let rehearsed = self.used.is_some_and(|used| now.unix() - used.unix() <= A_YEAR);
        (!rehearsed).then_some(Problem::AccountNotRehearsed)
    }
}

/// Whether an address looks like that of a person at home: a guess, by the domain alone.
fn is_personal(address: &str) -> bool {
    let domain = address.trim_end_matches('>').rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let (first, rest) = domain.split_once('.').unwrap_or((&domain, ""));
    CONSUMER_DOMAINS.contains(&domain.as_str())
        || (CONSUMER_NAMES.contains(&first) && !rest.is_empty() && rest.len() <= "com.au".len())
}

/// Domains under which anybody may have a mailbox.
const CONSUMER_DOMAINS: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "bluewin.ch",
    "comcast.net",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "googlemail.com",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rocketmail.com",
    "sfr.fr",
    "sky.com",
    "t-online.de",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xs4all.nl",
    "ziggo.nl",
];

/// Providers with a domain in many countries.
const CONSUMER_NAMES: &[&str] = &["gmx", "hotmail", "live", "outlook", "yahoo", "yandex"];

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000);

    #[test]
    fn consumers_mailboxes_look_personal() {
        for address in ["anna@gmail.com", "Anna <anna@GMX.de>", "a@yahoo.co.uk", "a@icloud.com", "a@live.nl"] {
            assert!(is_personal(address), "{address}");
        }
        for address in [
            "push@acme.example",
            "push@mail.acme.example",
            "push@live.acme-events.example",
            "gmail.com@acme.example",
            "",
        ] {
            assert!(!is_personal(address), "{address}");
        }
    }

    #[test]
    fn one_thing_at_a_time() {
        let at =
            |address, days: Option<i64>| Account { address, used: days.map(|days| NOW.plus(-days * DAY)) }.problem(NOW);
        assert_eq!(at(None, Some(1)), Some(Problem::AccountUnknown));
        assert_eq!(at(Some("a@gmail.com"), Some(1)), Some(Problem::AccountPersonal));
        assert_eq!(at(Some("push@acme.example"), None), Some(Problem::AccountNotRehearsed));
        assert_eq!(at(Some("push@acme.example"), Some(366)), Some(Problem::AccountNotRehearsed));
        assert_eq!(at(Some("push@acme.example"), Some(365)), None);
    }
}
