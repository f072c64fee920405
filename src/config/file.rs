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

/// So much of a text is read at a time, in octets.
const PIECE: usize = 64 << 10;

/// The configuration in this text. Relative paths in it are relative to this folder.
pub fn parse(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    in_pieces(text, folder, PIECE).map_or_else(|| whole(text, folder), Ok)
}

/// The same, some tenants at a time: there may be ten thousand, and all of them as a tree take ten times the room of their text.
/// `None` when there is one piece only, or when the whole text may say anything else.
///
/// A text that ends within a string or an array is refused. So, where every piece is taken, each has ended between two tables.
fn in_pieces(text: &str, folder: &Path, size: usize) -> Option<Config> {
    let mut pieces = pieces(text, size).filter(|pieces| pieces.len() > 1)?.into_iter();
    // What is neither a tenant's nor a channel's stands above all tables, and so in the first piece.
    let mut config = whole(pieces.next()?, folder).ok()?;
    for piece in pieces {
        let Config { tenants, channels, .. } = whole(piece, folder).ok()?;
        for (name, tenant) in tenants {
            config.tenants.insert(name, tenant).is_none().then_some(())?;
        }
        for channel in channels {
            config.channels.push(config.unique(channel).ok()?);
        }
    }
    Some(config)
}

/// The tables of this text, some tenants in each piece and at least so many octets; `None` where there are other tables than of
/// tenants and channels below the first tenant.
fn pieces(text: &str, size: usize) -> Option<Vec<&str>> {
    let mut pieces = vec![];
    let (mut begin, mut at, mut below_a_tenant) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        let of_a_tenant = line.starts_with("[tenants.");
        if below_a_tenant && line.trim_start().starts_with('[') && !of_a_tenant && !line.starts_with("[[channels]]") {
            return None;
        }
        if below_a_tenant && at - begin >= size && begins_a_tenant(line) {
            pieces.push(&text[begin..at]);
            begin = at;
        }
        below_a_tenant |= of_a_tenant;
        at += line.len();
    }
    pieces.push(&text[begin..]);
    Some(pieces)
}

/// Whether this is the head of a tenant's own table, and of none within it.
fn begins_a_tenant(line: &str) -> bool {
    let name = line.trim_end().strip_prefix("[tenants.").and_then(|rest| rest.strip_suffix(']'));
    name.is_some_and(|name| !name.contains(['.', '"', '\'', ' ', '\t']))
}

/// The configuration in a text that is read at once.
fn whole(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
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

    const SETTINGS: &str = "handoff = \"cards\"\nstore = \"keep.sqlite\"\n";
    const CHANNEL: &str = "[[channels]]\nkind = \"hook\"\ncommand = [\"/bin/true\"]\n";

    fn manual(name: &str) -> String {
        format!("[tenants.{name}]\nmdm = \"manual\"\n")
    }

    fn same(read: &Config, other: &Config) -> bool {
        format!("{read:?}") == format!("{other:?}")
    }

    #[test]
    fn many_tenants_are_read_in_pieces() {
        let text =
            [SETTINGS, &manual("a"), &manual("b"), "[tenants.b.thresholds]\nnotice = 90\n", &manual("c"), CHANNEL]
                .concat();
        assert_eq!(pieces(&text, 1).expect("pieces").len(), 3);
        let folder = Path::new("/etc/pushcert");
        let read = in_pieces(&text, folder, 1).expect("a configuration");
        assert!(same(&read, &whole(&text, folder).expect("a configuration")), "{read:?}");
        assert_eq!((read.tenants.len(), read.channels.len()), (3, 1));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        /// Whatever is taken in pieces is taken as a whole, and says the same.
        #[test]
        fn pieces_say_what_the_whole_says(parts in proptest::collection::vec(0..PARTS.len(), 0..10)) {
            let text: String = parts.into_iter().map(|part| PARTS[part]).collect();
            let folder = Path::new("/etc/pushcert");
            if let Some(read) = in_pieces(&text, folder, 1) {
                assert!(whole(&text, folder).is_ok_and(|whole| same(&read, &whole)), "{text}");
            }
        }
    }

    /// What a configuration may consist of, and what may lead a reader of pieces astray.
    const PARTS: [&str; 18] = [
        SETTINGS,
        CHANNEL,
        "[tenants.a]\nmdm = \"manual\"\n",
        "[tenants.b]\nmdm = \"manual\"\n",
        "[tenants.\"b\"]\nmdm = \"manual\"\n",
        "[tenants.c]\r\nmdm = \"manual\"\r\n",
        "[tenants.a.thresholds]\nnotice = 90\n",
        "[tenants.d]\nmdm = \"manual\"\nowner = \"\"\"\n[tenants.e]\n\"\"\"\n",
        "owner = \"\"\"\n",
        "\"\"\"\n",
        "[tenants.f]\nmdm = \"manual\"\ntags = [\n[tenants.g]\n]\n",
        "tags = [\n",
        "]\n",
        "[tenants]\n",
        " [tenants]\nh.mdm = \"manual\"\n",
        "tenants = { i = { mdm = \"manual\" } }\n",
        "tenants.j.mdm = \"manual\"\n",
        "[store]\nurl = \"keep.sqlite\"\n",
    ];

    #[test]
    fn the_nearest_tenant_is_named() {
        let config = read("[tenants.acme]\nmdm = \"manual\"\n").expect("a configuration");
        let error = config.tenant(&TenantName::parse("acne").expect("a name")).expect_err("no such tenant");
        assert_eq!(error.to_string(), "there is no tenant acne in the configuration; did you mean acme?");
    }
}
