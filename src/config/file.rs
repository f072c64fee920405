//! The configuration file: TOML, read strictly. Whatever is wrong in it is reported together, with its line.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer},
};

use super::{Channel, Config, Problem, channel as channels, nearest, store::RawStore, written};

/// What is not a tenant's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    store: Option<RawStore>,
    handoff: Option<PathBuf>,
    downloads: Option<PathBuf>,
    public_dir: Option<PathBuf>,
    #[serde(default)]
    channels: Vec<toml::Spanned<toml::Value>>,
}

/// The configuration in this text. Relative paths in it are relative to this folder.
pub fn parse(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    let unreadable = |error| vec![problem(text, &error)];
    let mut document = DeTable::parse(text).map_err(unreadable)?;
    let tenants = tenants(document.get_mut()).map_err(unreadable)?;
    let raw = RawConfig::deserialize(Deserializer::from(document)).map_err(unreadable)?;
    let mut config = Config {
        store: raw.store.map(|store| store.relative_to(folder)),
        handoff: raw.handoff.map(|path| folder.join(path)),
        downloads: raw.downloads.map(|path| folder.join(path)),
        public_dir: raw.public_dir.map(|path| folder.join(path)),
        ..Config::default()
    };
    let mut problems = vec![];
    for (name, value) in tenants {
        let at = value.span().start;
        match written::tenant(name.get_ref(), value.into(), folder) {
            Ok(tenant) => drop(config.tenants.insert(tenant.name.clone(), Box::new(tenant))),
            Err(found) => problems.extend(placed(text, at, &format!("[tenants.{}]", name.get_ref()), found)),
        }
    }
    for value in raw.channels {
        let at = value.span().start;
        match channels::read(value.into_inner(), folder).and_then(|channel| config.unique(channel)) {
            Ok(channel) => config.channels.push(channel),
            Err(found) => problems.extend(placed(text, at, "[[channels]]", found)),
        }
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// Takes the tenants out of a document, as they are written: there may be ten thousand of them.
fn tenants<'a>(document: &mut DeTable<'a>) -> Result<DeTable<'a>, toml::de::Error> {
    match document.remove("tenants").map(Spanned::into_inner) {
        None => Ok(DeTable::new()),
        Some(DeValue::Table(tenants)) => Ok(tenants),
        Some(other) => Err(serde::de::Error::custom(format!("`tenants` is a table, not {}", other.type_str()))),
    }
}

impl Config {
    /// The channel, unless another has its name.
    fn unique(&self, channel: Channel) -> Result<Channel, Vec<String>> {
        if self.channels.iter().any(|known| known.name == channel.name) {
            return Err(vec![format!(
                "`name`: there are two channels {:?}; give each a name of its own",
                channel.name
            )]);
        }
        Ok(channel)
    }
}

/// What was found wrong in the table that begins at this octet.
fn placed(text: &str, at: usize, table: &str, found: Vec<String>) -> impl Iterator<Item = Problem> {
    let line = line_of(text, at);
    found.into_iter().map(move |what| Problem { line: line_of_key(text, &what, line), what: format!("{table} {what}") })
}

fn problem(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().and_then(|span| line_of(text, span.start));
    Problem { line, what: with_nearest(error.message()) }
}

fn line_of(text: &str, at: usize) -> Option<usize> {
    Some(text.get(..at)?.matches('\n').count() + 1)
}

/// The line of the key that a problem names, at or below the tenant's own line.
fn line_of_key(text: &str, what: &str, from: Option<usize>) -> Option<usize> {
    let from = from?;
    let key = what.split('`').nth(1)?;
    let below = text.lines().enumerate().skip(from - 1);
    let found = below.into_iter().find(|(_, line)| line.trim_start().starts_with(key));
    Some(found.map_or(from, |(at, _)| at + 1))
}

/// "unknown field `x`, expected one of …" with the nearest known one instead of all of them.
pub(super) fn with_nearest(message: &str) -> String {
    let words: Vec<&str> = message.split('`').collect();
    let (Some(unknown), true) = (words.get(1), message.starts_with("unknown field")) else { return message.to_owned() };
    let known = words.iter().skip(3).step_by(2).copied();
    match nearest::to(unknown, known) {
        Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
        None => format!("unknown key `{unknown}`; docs/configuration.md lists the keys"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use pushcert_papers::{TenantName, Time};

    use super::*;
    use crate::config::Product;

    pub fn read(text: &str) -> Result<Config, Vec<Problem>> {
        parse(text, Path::new("/etc/pushcert"))
    }

    pub fn wrong(text: &str) -> String {
        read(text)
            .expect_err("something is wrong")
            .iter()
            .map(|problem| format!("{:?} {}\n", problem.line, problem.what))
            .collect()
    }

    #[test]
    fn a_tenant_of_the_contract() {
        let config = read(
            r#"
            [tenants.acme]
            mdm = "neurons"
            url = "https://na1.example.com"
            username = "push-api@acme.example"
            password = { command = ["op", "read", "op://it/mobileiron/password"] }
            enrolled_topic = "com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b"
            stale_after = "3d"
            tags = ["emea"]
            muted_until = 2026-12-24
            thresholds = { notice = 90 }
            console = { profile = "acme.console.toml", sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", allow = ["fetch"] }
            [[channels]]
            kind = "hook"
            command = ["/usr/local/bin/alert"]
            severity = "critical"
            tags = ["emea"]
            "#,
        )
        .expect("a configuration");
        let acme = config.tenant(&TenantName::parse("acme").expect("a name")).expect("acme");
        assert_eq!((acme.product, acme.host.as_deref()), (Product::Cloud, Some("na1.example.com")));
        assert_eq!((acme.thresholds.notice, acme.thresholds.warning, acme.stale_after), (90, 30, Some(259_200)));
        assert_eq!(acme.muted_until, Time::parse("2026-12-24").ok());
        assert_eq!((config.channels[0].name.as_str(), &config.channels[0].tags), ("hook", &acme.tags));
        let console = acme.console.as_ref().expect("a console");
        assert_eq!(
            (console.profile.as_path(), console.fetch, console.upload),
            (Path::new("/etc/pushcert/acme.console.toml"), true, false)
        );
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_line_and_the_nearest() {
        let text = "[tenants.acme]\nmdm = \"manual\"\nuser_name = \"x\"\n";
        assert_eq!(wrong(text), "Some(3) [tenants.acme] unknown key `user_name`; did you mean `username`?\n");
    }

    #[test]
    fn a_mistake_in_a_channel_has_its_line() {
        let hook = "[[channels]]\nkind = \"hook\"\ncommand = [\"/bin/true\"]\n";
        let text = format!("{hook}[[channels]]\nkind = \"slack\"\nchanel = \"x\"\n");
        assert!(wrong(&text).starts_with("Some(6) [[channels]] unknown key `chanel`"), "{}", wrong(&text));
        let twice = format!("{hook}{hook}");
        assert!(wrong(&twice).contains("there are two channels \"hook\""), "{}", wrong(&twice));
        assert!(wrong("[tenants.pushcert-watch]\nmdm = \"manual\"\n").contains("kept for"));
        assert!(wrong("[tenants.a]\nmdm = \"manual\"\nmuted_until = 12:00:00\n").contains("is a day"));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let text = "[tenants.a]\nmdm = \"cloud\"\nurl = \"http://a\"\n[tenants.b]\nmdm = \"epmm\"\n[tenants.C]\nmdm = \"manual\"\n";
        let found = wrong(text);
        for part in ["`mdm` cannot be \"cloud\"", "must begin with https", "`url` is missing", "not a tenant's name"] {
            assert!(found.contains(part), "{part} in {found}");
        }
    }

    #[test]
    fn a_password_in_the_file_is_not_repeated() {
        for password in ["\"hunter2\"", "{ hunter2 = true }", "{ file = \"a\", hunter2 = \"b\" }", "[\"hunter2\"]"] {
            let said = wrong(&format!("[tenants.a]\nmdm = \"manual\"\npassword = {password}\n"));
            assert!(!said.contains("hunter2") && said.contains("where it comes from"), "{said}");
        }
    }

    #[test]
    fn the_nearest_tenant_is_named() {
        let config = read("[tenants.acme]\nmdm = \"manual\"\n").expect("a configuration");
        let error = config.tenant(&TenantName::parse("acne").expect("a name")).expect_err("no such tenant");
        assert_eq!(error.to_string(), "there is no tenant acne in the configuration; did you mean acme?");
    }
}
