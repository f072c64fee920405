//! A message in plain text: what is the matter, what to do, and the facts beneath.

use std::fmt::Write as _;

use pushcert_papers::Time;

use super::Message;

/// The title with how it sounds before it, on one line.
pub fn headline(message: &Message) -> String {
    format!("[pushcert] {}: {}", message.sound().to_uppercase(), message.title)
}

/// The facts, each with its label.
pub fn facts(message: &Message) -> Vec<(&'static str, String)> {
    let end = message.not_after.map(|end| match message.days_left {
        Some(days) => format!("{} ({days} days left)", end.date_and_time()),
        None => end.date_and_time(),
    });
    let known = message.source.as_ref().map(|source| known(source, message.seen_at));
    let revoked = message.revocation.as_deref().map(|word| word.replace('-', " "));
    let record = message.head.as_ref().map(|head| format!("head {head}"));
    let account = message.apple_account.clone().unwrap_or_else(|| "not recorded".into());
    let facts = [
        ("Tenant", Some(message.tenant.clone())),
        ("Server", message.server.clone()),
        ("Ends", end),
        ("Apple account", message.source.as_ref().map(|_| account)),
        ("Owner", message.owner.clone()),
        ("Known by", known),
        ("Revocation", revoked),
        ("Record", record),
        ("Written", Some(message.at.date_and_time())),
        ("Alert", Some(message.id.clone())),
    ];
    facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

fn known(source: &str, at: Option<Time>) -> String {
    let at = at.map(Time::date_and_time).unwrap_or_default();
    match source {
        "console" => format!("seen in the console, {at}"),
        "core" => format!("read from the server, {at}"),
        "page" => format!("a saved page of the console, {at}"),
        "file" => format!("a file that was given, {at}"),
        "person" => format!("somebody said so, {at}"),
        _ => "not known".into(),
    }
}

/// The whole message for people who read plain text.
pub fn plain(message: &Message) -> String {
    let mut text = format!("{}.\n\n{}\n\nWhat to do now\n\n  {}\n", message.title, message.what, message.action);
    if let Some(command) = &message.command {
        let _ = write!(text, "\n    {command}\n");
    }
    text.push('\n');
    for (label, value) in facts(message) {
        let _ = writeln!(text, "{label:<15} {value}");
    }
    if message.test {
        text.push_str("\nThis is a test. Somebody ran  pushcert watch --test-alert\n");
    }
    text
}

#[cfg(test)]
pub mod tests {
    use pushcert_papers::watch::{Matter, Severity};

    use super::*;

    /// A message in which others have written what they should not.
    pub fn message() -> Message {
        Message {
            id: "0123456789abcdef0123456789abcdef".into(),
            tenant: "acme".into(),
            matter: Matter::Expiry,
            occasion: "2026-03-20:warning".into(),
            severity: Severity::Warning,
            recovered: false,
            test: false,
            title: "acme: the push certificate ends in 21 days, on 20 Mar 2026".into(),
            what: "When it ends, the server can reach no Apple device until it is renewed.".into(),
            action: "Renew it.".into(),
            command: Some("pushcert renew acme".into()),
            server: Some("MobileIron Core (Ivanti EPMM), core.example.com".into()),
            not_after: Some(Time::parse("2026-03-20T12:00:00Z").expect("a time")),
            days_left: Some(21),
            apple_account: Some("<!channel> @here *a*@acme.example & <at>all</at>".into()),
            owner: Some("IT [x](https://evil.example.com)".into()),
            source: Some("console".into()),
            seen_at: Some(Time::parse("2026-02-27").expect("a time")),
            revocation: Some("not-looked-up".into()),
            head: Some("3f2a".into()),
            at: Time::parse("2026-02-27T03:00:00Z").expect("a time"),
        }
    }

    #[test]
    fn whoever_is_woken_at_three_reads_first_what_to_do() {
        let text = plain(&message());
        let first: Vec<_> = text.lines().take(7).collect();
        assert_eq!(
            first,
            [
                "acme: the push certificate ends in 21 days, on 20 Mar 2026.",
                "",
                "When it ends, the server can reach no Apple device until it is renewed.",
                "",
                "What to do now",
                "",
                "  Renew it."
            ]
        );
        for part in [
            "    pushcert renew acme",
            "Ends            20 Mar 2026 12:00 UTC (21 days left)",
            "Known by        seen in the console, 27 Feb 2026 00:00 UTC",
            "Revocation      not looked up",
            "Record          head 3f2a",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn how_it_sounds() {
        let sound = |recovered, test| headline(&Message { recovered, test, ..message() });
        assert!(sound(false, false).starts_with("[pushcert] WARNING: acme: "));
        assert!(sound(true, false).starts_with("[pushcert] RECOVERED: "));
        assert!(sound(true, true).starts_with("[pushcert] TEST: "));
    }
}
