//! The configuration file: TOML, read strictly. Whatever is wrong in it is reported together, with its line.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use pushcert_papers::{Fingerprint, TenantName, Time, Topic, watch::Thresholds};
use serde::Deserialize;

use super::{
    Channel, Config, Console, DeviceInterface, OwnKey, Problem, Product, SecretSource, Tenant, channel as channels,
    credentials::{Credentials, Pingid, RawAndroid, RawPingOne},
    nearest,
    store::RawStore,
};
use crate::world::http;

/// Apple's push service, and its two ports: the second is for firewalls.
const APNS: &str = "api.push.apple.com";
const APNS_PORTS: [u16; 2] = [443, 2197];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(default)]
    tenants: BTreeMap<String, toml::Spanned<toml::Value>>,
    store: Option<RawStore>,
    handoff: Option<PathBuf>,
    downloads: Option<PathBuf>,
    public_dir: Option<PathBuf>,
    #[serde(default)]
    channels: Vec<toml::Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTenant {
    mdm: String,
    url: Option<String>,
    username: Option<String>,
    password: Option<SecretSource>,
    ca_file: Option<PathBuf>,
    server_certificate_sha256: Option<Fingerprint>,
    client_certificate: Option<SecretSource>,
    client_certificate_passphrase: Option<SecretSource>,
    #[serde(default)]
    devices: DeviceInterface,
    space: Option<String>,
    cps_url: Option<String>,
    #[serde(default)]
    experimental_read: bool,
    apns: Option<String>,
    #[serde(default)]
    unattended_request: bool,
    stale_after: Option<String>,
    enrolled_topic: Option<Topic>,
    console: Option<RawConsole>,
    authorities: Option<PathBuf>,
    portal: Option<String>,
    revocation_list: Option<String>,
    apple_account: Option<String>,
    owner: Option<String>,
    deputy: Option<String>,
    mailbox: Option<String>,
    own_key: Option<RawOwnKey>,
    #[serde(default)]
    keeps_keys: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    retired: bool,
    muted_until: Option<toml::value::Datetime>,
    #[serde(default)]
    thresholds: Thresholds,
    pingid: Option<Pingid>,
    pingone: Option<RawPingOne>,
    android: Option<RawAndroid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConsole {
    profile: PathBuf,
    sha256: Fingerprint,
    #[serde(default)]
    allow: Vec<Allow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOwnKey {
    country: String,
    organization: Option<String>,
    email: Option<String>,
    passphrase: Option<SecretSource>,
}

impl RawOwnKey {
    /// Only a server of which we know nothing may take a key: both of MobileIron keep that of their own request.
    fn of(self, product: Option<Product>, folder: &Path) -> Result<OwnKey, String> {
        if matches!(product, Some(Product::Cloud | Product::Core)) {
            return Err("`own_key` is for servers that take a key; MobileIron keeps the key of its own request".into());
        }
        let country = self.country.parse().map_err(|error| format!("`own_key` has no country: {error}"))?;
        let passphrase = self.passphrase.map(|source| source.relative_to(folder));
        Ok(OwnKey { country, organization: self.organization, email: self.email, passphrase })
    }
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Allow {
    Fetch,
    Upload,
}

/// The configuration in this text. Relative paths in it are relative to this folder.
pub fn parse(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    let raw: RawConfig = toml::from_str(text).map_err(|error| vec![problem(text, &error)])?;
    let mut config = Config {
        store: raw.store.map(|store| store.relative_to(folder)),
        handoff: raw.handoff.map(|path| folder.join(path)),
        downloads: raw.downloads.map(|path| folder.join(path)),
        public_dir: raw.public_dir.map(|path| folder.join(path)),
        ..Config::default()
    };
    let mut problems = vec![];
    for (name, value) in raw.tenants {
        let line = line_of(text, value.span().start);
        match tenant(&name, value.into_inner(), folder) {
            Ok(tenant) => drop(config.tenants.insert(tenant.name.clone(), tenant)),
            Err(found) => {
                problems.extend(found.into_iter().map(|what| Problem {
                    line: line_of_key(text, &what, line),
                    what: format!("[tenants.{name}] {what}"),
                }));
            }
        }
    }
    for value in raw.channels {
        let line = line_of(text, value.span().start);
        match channels::read(value.into_inner(), folder).and_then(|channel| config.unique(channel)) {
            Ok(channel) => config.channels.push(channel),
            Err(found) => {
                problems.extend(found.into_iter().map(|what| Problem {
                    line: line_of_key(text, &what, line),
                    what: format!("[[channels]] {what}"),
                }));
            }
        }
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
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

/// The first second on which a tenant is no longer muted: a date begins at midnight, UTC.
fn moment(written: toml::value::Datetime) -> Result<Time, String> {
    let text = written.to_string();
    Time::parse(&text)
        .or_else(|_| Time::parse(&format!("{text}Z")))
        .map_err(|_| "`muted_until` is a day, such as 2026-12-24, or a moment, such as 2026-12-24T08:00:00Z".to_owned())
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

fn tenant(name: &str, value: toml::Value, folder: &Path) -> Result<Tenant, Vec<String>> {
    let name = TenantName::parse(name).map_err(|error| vec![error.to_string()])?;
    let raw: RawTenant = value.try_into().map_err(|error: toml::de::Error| vec![with_nearest(error.message())])?;
    let mut problems = vec![];
    let product = product(&raw.mdm).map_err(|problem| problems.push(problem)).ok();
    let url = raw.url.as_deref().map(address).transpose().map_err(|problem| problems.push(problem)).ok().flatten();
    let stale_after =
        raw.stale_after.as_deref().map(span).transpose().map_err(|problem| problems.push(problem)).ok().flatten();
    let muted_until = raw.muted_until.map(moment).transpose().map_err(|problem| problems.push(problem)).ok().flatten();
    if name.as_str() == crate::config::WATCH {
        problems.push("this name is kept for what the watch says of itself".into());
    }
    if matches!(product, Some(Product::Cloud | Product::Core)) && raw.url.is_none() {
        problems.push("`url` is missing: where is the server?".into());
    }
    if raw.portal.is_some() && raw.authorities.is_none() {
        problems.push(
            "`portal` is only for servers with `authorities` of their own: there is one portal of Apple's".into(),
        );
    }
    let portal =
        raw.portal.as_deref().map(address).transpose().map_err(|problem| problems.push(problem)).ok().flatten();
    problems.extend(list_problem(&raw));
    problems.extend(device_problems(&raw, product));
    let own_key = raw
        .own_key
        .map(|own| own.of(product, folder))
        .transpose()
        .map_err(|problem| problems.push(problem))
        .ok()
        .flatten();
    let mut hosts = url.iter().chain(&portal).peekable();
    if raw.authorities.is_some() && (hosts.peek().is_none() || !hosts.all(http::is_loopback)) {
        problems.push("`authorities` is only for servers on a loopback address: Apple's certificates are judged by Apple's authorities".into());
    }
    let cps_url =
        raw.cps_url.as_deref().map(address).transpose().map_err(|problem| problems.push(problem)).ok().flatten();
    problems.extend(apns_problem(raw.apns.as_deref(), raw.authorities.is_some()));
    let credentials = Credentials::of(raw.pingid, raw.pingone, raw.android, folder);
    let credentials = credentials.map_err(|problem| problems.push(problem)).unwrap_or_default();
    let (Some(product), true) = (product, problems.is_empty()) else { return Err(problems) };
    Ok(Tenant {
        name,
        product,
        host: url.as_ref().map(http::host),
        url,
        username: raw.username,
        password: raw.password.map(|source| source.relative_to(folder)),
        ca_file: raw.ca_file.map(|path| folder.join(path)),
        server_certificate_sha256: raw.server_certificate_sha256,
        client_certificate: raw.client_certificate.map(|source| source.relative_to(folder)),
        client_certificate_passphrase: raw.client_certificate_passphrase.map(|source| source.relative_to(folder)),
        devices: raw.devices,
        space: raw.space,
        cps_url,
        experimental_read: raw.experimental_read,
        apns: raw.apns,
        unattended_request: raw.unattended_request,
        stale_after,
        enrolled_topic: raw.enrolled_topic,
        console: raw.console.map(|console| Console {
            profile: folder.join(console.profile),
            sha256: console.sha256,
            fetch: console.allow.contains(&Allow::Fetch),
            upload: console.allow.contains(&Allow::Upload),
        }),
        authorities: raw.authorities.map(|path| folder.join(path)),
        portal: raw.portal,
        revocation_list: raw.revocation_list,
        apple_account: raw.apple_account,
        owner: raw.owner,
        deputy: raw.deputy,
        mailbox: raw.mailbox,
        own_key,
        keeps_keys: raw.keeps_keys,
        tags: raw.tags,
        retired: raw.retired,
        muted_until,
        thresholds: raw.thresholds,
        credentials,
    })
}

/// The list of revoked certificates is Apple's; another one is only for servers of a world of their own.
fn list_problem(raw: &RawTenant) -> Option<String> {
    let url = reqwest::Url::parse(raw.revocation_list.as_deref()?).ok();
    let local = raw.authorities.is_some() && url.is_some_and(|url| http::is_loopback(&url));
    (!local).then(|| {
        "`revocation_list` is only for servers with `authorities` of their own, and on a loopback address: there is one list of Apple's".into()
    })
}

/// What cannot be in how devices are looked at, and in Core's experimental read.
fn device_problems(raw: &RawTenant, product: Option<Product>) -> Vec<String> {
    let mut problems = vec![];
    let mut wrong = |is_wrong: bool, what: &str| {
        if is_wrong {
            problems.push(what.to_owned());
        }
    };
    let cps = raw.devices == DeviceInterface::Cps;
    wrong(cps && raw.space.is_some(), "`space` does not go with `devices = \"cps\"`: CPS shows the default space only");
    wrong(raw.cps_url.is_some() && !cps, "`cps_url` is only for `devices = \"cps\"`");
    wrong(
        raw.devices == DeviceInterface::V1 && product != Some(Product::Core),
        "`devices = \"v1\"` is only for Core: Cloud has no such interface",
    );
    wrong(
        raw.experimental_read && product != Some(Product::Core),
        "`experimental_read` is only for Core: of Cloud's console no request is public",
    );
    wrong(
        raw.experimental_read && raw.console.is_some(),
        "`experimental_read` and `console` are two ways to read the same; keep one",
    );
    wrong(
        raw.client_certificate_passphrase.is_some() && raw.client_certificate.is_none(),
        "`client_certificate_passphrase` is there, and no `client_certificate`",
    );
    problems
}

/// APNs is Apple's; another one is only for servers of a world of their own.
fn apns_problem(address: Option<&str>, own_world: bool) -> Option<String> {
    let url = reqwest::Url::parse(&format!("https://{}", address?)).ok();
    let known = APNS_PORTS.iter().any(|port| address == Some(&format!("{APNS}:{port}")));
    let local = own_world && url.as_ref().is_some_and(|url| http::is_loopback(url) && url.port().is_some());
    (!known && !local).then(|| format!("`apns` is {APNS}:443 or {APNS}:2197"))
}

fn product(word: &str) -> Result<Product, String> {
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
fn address(text: &str) -> Result<reqwest::Url, String> {
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
fn span(text: &str) -> Result<i64, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Vec<Problem>> {
        parse(text, Path::new("/etc/pushcert"))
    }

    fn wrong(text: &str) -> String {
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
    fn other_authorities_only_on_loopback() {
        let tenant = |url: &str| format!("[tenants.a]\nmdm = \"epmm\"\nurl = \"{url}\"\nauthorities = \"a.pem\"\n");
        assert!(wrong(&tenant("https://core.example.com")).contains("loopback"));
        for url in ["https://127.0.0.1:8443", "https://localhost", "https://[::1]:1"] {
            assert!(read(&tenant(url)).is_ok(), "{url}");
        }
        assert!(read(&tenant("https://localhost.example.com")).is_err());
    }

    #[test]
    fn an_own_key_only_where_a_server_takes_one() {
        let tenant = |mdm: &str, country: &str| {
            format!(
                "[tenants.a]\nmdm = \"{mdm}\"\nurl = \"https://a.example\"\nown_key = {{ country = \"{country}\" }}\n"
            )
        };
        assert!(read(&tenant("manual", "NL")).is_ok());
        assert!(wrong(&tenant("manual", "XX")).contains("no country"));
        assert!(wrong(&tenant("neurons", "NL")).contains("keeps the key of its own request"));
    }

    #[test]
    fn ways_to_devices_that_do_not_go_together() {
        let tenant = |mdm: &str, keys: &str| format!("[tenants.a]\nmdm = \"{mdm}\"\nurl = \"https://h\"\n{keys}\n");
        for (mdm, keys, word) in [
            ("neurons", "devices = \"v1\"", "`devices"),
            ("neurons", "experimental_read = true", "`experimental_read"),
            ("epmm", "devices = \"cps\"\nspace = \"5\"", "`space"),
            ("epmm", "cps_url = \"https://cps-na1.example.com\"", "`cps_url"),
            ("epmm", "client_certificate_passphrase = { env = \"X\" }", "`client_certificate_passphrase"),
            ("epmm", "apns = \"push.example.com:443\"", "`apns"),
            ("epmm", "apns = \"127.0.0.1:443\"", "`apns"),
        ] {
            assert!(wrong(&tenant(mdm, keys)).contains(word), "{keys}: {}", wrong(&tenant(mdm, keys)));
        }
        for (mdm, keys) in [
            ("epmm", "devices = \"v1\""),
            ("epmm", "experimental_read = true\nspace = \"5\""),
            ("neurons", "devices = \"cps\"\ncps_url = \"https://cps-na1.example.com\""),
            ("neurons", "apns = \"api.push.apple.com:2197\""),
        ] {
            assert!(read(&tenant(mdm, keys)).is_ok(), "{keys}");
        }
        assert!(wrong("[tenants.a]\nmdm = \"epmm\"\nurl = \"https://h/mifs/aad\"\n").contains("attacked"));
    }

    #[test]
    fn a_password_in_the_file_is_not_repeated() {
        for password in ["\"hunter2\"", "{ hunter2 = true }", "{ file = \"a\", hunter2 = \"b\" }", "[\"hunter2\"]"] {
            let said = wrong(&format!("[tenants.a]\nmdm = \"manual\"\npassword = {password}\n"));
            assert!(!said.contains("hunter2") && said.contains("where it comes from"), "{said}");
        }
    }

    #[test]
    fn an_address_holds_no_secret() {
        for url in ["https://user:secret@host", "https://host?token=1", "host", "ftp://host"] {
            assert!(address(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_nearest_tenant_is_named() {
        let config = read("[tenants.acme]\nmdm = \"manual\"\n").expect("a configuration");
        let error = config.tenant(&TenantName::parse("acne").expect("a name")).expect_err("no such tenant");
        assert_eq!(error.to_string(), "there is no tenant acne in the configuration; did you mean acme?");
    }
}
