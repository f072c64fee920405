//! A saved page of a console: what it shows of the installed certificate.
//!
//! Nobody promises how such a page is built, so this looks for what must be there whatever the build: a topic, and
//! dates beside the words that consoles use for them. What it finds is what a person would read off the page.

use crate::{Time, topic, watch::Installed};

/// The words beside which consoles show the end, in lower case.
const END_LABELS: [&str; 6] = ["expires", "expiration", "expiry", "valid to", "valid until", "not after"];

/// The words beside which they show the beginning.
const BEGIN_LABELS: [&str; 4] = ["valid from", "not before", "issued on", "starts"];

/// How far behind its label a date may stand, in characters of text.
const NEAR: usize = 80;

/// What the page shows; `None` when it shows neither a topic nor an end.
pub fn read(bytes: &[u8]) -> Option<Installed> {
    let text = visible_text(&String::from_utf8_lossy(bytes));
    let lower = text.to_lowercase();
    let installed = Installed {
        topic: topic::within(&text),
        not_before: beside(&lower, &BEGIN_LABELS),
        not_after: beside(&lower, &END_LABELS),
        ..Installed::default()
    };
    (installed.topic.is_some() || installed.not_after.is_some()).then_some(installed)
}

/// Whether the page names the certificate of device management, beside whatever else it shows.
pub fn is_about_the_certificate(bytes: &[u8]) -> bool {
    let text = visible_text(&String::from_utf8_lossy(bytes)).to_lowercase();
    ["mdm certificate", "push certificate", "apns certificate"].iter().any(|name| text.contains(name))
}

/// The text between the tags, white space folded, scripts and styles left out; and the values of fields, in which
/// consoles show what may be copied.
fn visible_text(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        text.push(' ');
        let tag = &rest[open..];
        let close = tag.find('>').map_or(tag.len(), |at| at + 1);
        text.push_str(field_value(&tag[..close]).unwrap_or_default());
        text.push(' ');
        rest = &tag[hidden_until(tag).unwrap_or(close)..];
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("&#58;", ":").replace("&nbsp;", " ")
}

fn field_value(tag: &str) -> Option<&str> {
    let value = tag.strip_prefix("<input")?.split_once("value=\"")?.1;
    value.split('"').next()
}

/// Where a script or a style ends, if one begins here.
fn hidden_until(tag: &str) -> Option<usize> {
    ["script", "style"].iter().find_map(|name| {
        let begins = tag.get(1..=name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
        begins.then(|| tag.find(&format!("</{name}")).unwrap_or(tag.len()))
    })
}

fn beside(text: &str, labels: &[&str]) -> Option<Time> {
    labels.iter().find_map(|label| {
        text.match_indices(label).find_map(|(at, _)| {
            let behind = &text[at + label.len()..];
            let near: String = behind.chars().take(NEAR).collect();
            first_date(&near)
        })
    })
}

/// The first date in the text, in one of the forms that consoles write.
fn first_date(text: &str) -> Option<Time> {
    text.char_indices().find_map(|(at, c)| c.is_ascii_alphanumeric().then(|| date_at(&text[at..])).flatten())
}

fn date_at(text: &str) -> Option<Time> {
    let iso: String = text.chars().take("2026-03-20t00:00:00z".len()).collect();
    let iso = iso.to_uppercase();
    if let Ok(time) = Time::parse(&iso) {
        return Some(time);
    }
    let day: String = iso.chars().take("2026-03-20".len()).collect();
    if let Ok(time) = Time::parse(&day) {
        return Some(time);
    }
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).take(3).collect();
    let [first, second, third] = words.as_slice() else { return None };
    named(first, second, third).or_else(|| named(second, first, third))
}

/// `20 mar 2026`, with the month's name in English, whole or its first three letters.
fn named(day: &str, month: &str, year: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let day: u8 = day.parse().ok()?;
    let number = MONTHS.iter().position(|name| month.len() >= 3 && name.starts_with(month))? + 1;
    let year: String = year.chars().take_while(char::is_ascii_digit).collect();
    Time::parse(&format!("{year}-{number:02}-{day:02}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_person_would() {
        let page = b"<html><script>var expires = '1999-01-01';</script><dl><dt>Subject</dt>
            <dd>C=US, CN=APSP:980b, UID=com.apple.mgmt.External.980b6421-2edc</dd>
            <dt>Valid from</dt><dd>Mar 20, 2025 14:56</dd><dt>Expires</dt><dd>20 March 2026</dd></dl>";
        let installed = read(page).expect("a certificate is shown");
        assert_eq!(installed.topic.expect("a topic").as_str(), "com.apple.mgmt.External.980b6421-2edc");
        assert_eq!(installed.not_before.expect("a date").iso_date(), "2025-03-20");
        assert_eq!(installed.not_after.expect("a date").iso_date(), "2026-03-20");
    }

    #[test]
    fn reads_iso_dates_and_fields() {
        let page = b"<label>Expiration Date</label><input readonly value=\"2027-02-20T01:27:33Z\">";
        assert_eq!(read(page).and_then(|installed| installed.not_after), Time::parse("2027-02-20T01:27:33Z").ok());
    }

    #[test]
    fn a_page_without_a_certificate_is_none() {
        for page in [&b"<html>Sign in</html>"[..], b"", b"\xff\xfe<<<>>", b"<script", b"expires \xc3\xa9t\xc3\xa9"] {
            assert_eq!(read(page), None);
        }
    }
}
