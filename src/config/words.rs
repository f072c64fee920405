//! Words of a tenant as they are written, each read into what it means.

use pushcert_papers::Time;

use super::{Product, nearest};
use crate::world::http;

/// The kind of a server.
pub(super) fn product(word: &str) -> Result<Product, String> {
    let found = Product::WORDS.into_iter().find(|(known, _)| *known == word);
    found.map(|(_, product)| product).ok_or_else(|| {
        let near = nearest::to(word, Product::WORDS.into_iter().map(|(known, _)| known));
        let hint = near.map_or_else(
            || "it is mobileiron-cloud, mobileiron-core or manual".into(),
            |near| format!("did you mean {near:?}?"),
        );
        format!("`mdm` cannot be {word:?}; {hint}")
    })
}

/// A server's address: `https`, a host, perhaps a port and a path, and nothing that could carry a secret.
pub(super) fn address(text: &str) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("`url` is no address: {error}"))?;
    if url.scheme() != "https" {
        return Err("`url` must begin with https://".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("`url` must not hold a user name or password; they have keys of their own".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("`url` must end before any ? or #".into());
    }
    if http::is_attacked(url.path()) {
        return Err("`url` leads to a path by which these servers are attacked; it ends at the host, or at the /rest of a hosted Core".into());
    }
    Ok(url)
}

/// `3d`, `12h`, `30m` or `90s`, in seconds.
pub(super) fn span(text: &str) -> Result<i64, String> {
    let wrong = || format!("`stale_after` cannot be {text:?}; write it like 12h or 3d");
    let number = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match &text[number.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number
        .parse::<i64>()
        .ok()
        .filter(|number| *number > 0)
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(wrong)
}

/// The first second on which a tenant is no longer muted: a date begins at midnight, UTC.
pub(super) fn moment(written: toml::value::Datetime) -> Result<Time, String> {
    let text = written.to_string();
    Time::parse(&text)
        .or_else(|_| Time::parse(&format!("{text}Z")))
        .map_err(|_| "`muted_until` is a day, such as 2026-12-24, or a moment, such as 2026-12-24T08:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_secret() {
        for url in ["https://user:secret@host", "https://host?token=1", "host", "ftp://host"] {
            assert!(address(url).is_err(), "{url}");
        }
    }
}
