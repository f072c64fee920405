//! A tenant as it is written: its keys, and what they must not say, alone and together.

use std::path::{Path, PathBuf};

use pushcert_papers::{Fingerprint, TenantName, Topic, watch::Thresholds};
use serde::Deserialize;
use toml::de::ValueDeserializer;

use super::{
    Console, DeviceInterface, OwnKey, Product, SecretSource, Tenant, WATCH,
    credentials::{Credentials, Pingid, RawAndroid, RawPingOne},
    file::with_nearest,
    words::{address, moment, product, span},
};
use crate::world::http;

/// Apple's push service, and its two ports: the second is for firewalls.
const APNS: &str = "api.push.apple.com";
const APNS_PORTS: [u16; 2] = [443, 2197];

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

impl RawConsole {
    fn of(self, folder: &Path) -> Console {
        Console {
            profile: folder.join(self.profile),
            sha256: self.sha256,
            fetch: self.allow.contains(&Allow::Fetch),
            upload: self.allow.contains(&Allow::Upload),
        }
    }
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Allow {
    Fetch,
    Upload,
}

/// What is wrong, gathered, so that all of it is said at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    /// What was read, if it could be.
    fn keep<T>(&mut self, read: Result<T, String>) -> Option<T> {
        read.map_err(|problem| self.0.push(problem)).ok()
    }

    fn when(&mut self, is_wrong: bool, what: &str) {
        if is_wrong {
            self.0.push(what.to_owned());
        }
    }
}

/// The tenant that this table describes, or all that is wrong in it.
pub(super) fn tenant(name: &str, table: ValueDeserializer<'_>, folder: &Path) -> Result<Tenant, Vec<String>> {
    let name = TenantName::parse(name).map_err(|error| vec![error.to_string()])?;
    let raw = RawTenant::deserialize(table).map_err(|error| vec![with_nearest(error.message())])?;
    let mut wrong = Wrong::default();
    wrong.when(name.as_str() == WATCH, "this name is kept for what the watch says of itself");
    let product = wrong.keep(product(&raw.mdm));
    let url = raw.url.as_deref().and_then(|url| wrong.keep(address(url)));
    let portal = raw.portal.as_deref().and_then(|url| wrong.keep(address(url)));
    let cps_url = raw.cps_url.as_deref().and_then(|url| wrong.keep(address(url)));
    let stale_after = raw.stale_after.as_deref().and_then(|text| wrong.keep(span(text)));
    let muted_until = raw.muted_until.and_then(|written| wrong.keep(moment(written)));
    servers_go_together(&raw, product, &[url.as_ref(), portal.as_ref()], &mut wrong);
    ways_to_devices_go_together(&raw, product, &mut wrong);
    let own_key = raw.own_key.and_then(|own| wrong.keep(own.of(product, folder)));
    let credentials = Credentials::of(raw.pingid, raw.pingone, raw.android, folder);
    let credentials = wrong.keep(credentials).unwrap_or_default();
    let (Some(product), true) = (product, wrong.0.is_empty()) else { return Err(wrong.0) };
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
        console: raw.console.map(|console| console.of(folder)),
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

/// Which servers are spoken to. Apple's own are Apple's alone: others count only in a world of its own on this machine.
fn servers_go_together(
    raw: &RawTenant,
    product: Option<Product>,
    addresses: &[Option<&reqwest::Url>],
    wrong: &mut Wrong,
) {
    let has_interface = matches!(product, Some(Product::Cloud | Product::Core));
    wrong.when(has_interface && raw.url.is_none(), "`url` is missing: where is the server?");
    let own_world = raw.authorities.is_some();
    let mut hosts = addresses.iter().flatten().peekable();
    wrong.when(
        own_world && (hosts.peek().is_none() || !hosts.all(|url| http::is_loopback(url))),
        "`authorities` is only for servers on a loopback address: Apple's certificates are judged by Apple's authorities",
    );
    wrong.when(
        raw.portal.is_some() && !own_world,
        "`portal` is only for servers with `authorities` of their own: there is one portal of Apple's",
    );
    let is_local = |url: &str| reqwest::Url::parse(url).is_ok_and(|url| http::is_loopback(&url));
    wrong.when(
        raw.revocation_list.as_deref().is_some_and(|url| !own_world || !is_local(url)),
        "`revocation_list` is only for servers with `authorities` of their own, and on a loopback address: there is one list of Apple's",
    );
    let is_apns = |address: &str| {
        let local = reqwest::Url::parse(&format!("https://{address}"))
            .is_ok_and(|url| own_world && http::is_loopback(&url) && url.port().is_some());
        local || APNS_PORTS.iter().any(|port| address == format!("{APNS}:{port}"))
    };
    wrong.when(
        raw.apns.as_deref().is_some_and(|address| !is_apns(address)),
        &format!("`apns` is {APNS}:{} or {APNS}:{}", APNS_PORTS[0], APNS_PORTS[1]),
    );
}

/// How devices are looked at, and Core's experimental read.
fn ways_to_devices_go_together(raw: &RawTenant, product: Option<Product>, wrong: &mut Wrong) {
    let cps = raw.devices == DeviceInterface::Cps;
    wrong.when(
        cps && raw.space.is_some(),
        "`space` does not go with `devices = \"cps\"`: CPS shows the default space only",
    );
    wrong.when(raw.cps_url.is_some() && !cps, "`cps_url` is only for `devices = \"cps\"`");
    wrong.when(
        raw.devices == DeviceInterface::V1 && product != Some(Product::Core),
        "`devices = \"v1\"` is only for Core: Cloud has no such interface",
    );
    wrong.when(
        raw.experimental_read && product != Some(Product::Core),
        "`experimental_read` is only for Core: of Cloud's console no request is public",
    );
    wrong.when(
        raw.experimental_read && raw.console.is_some(),
        "`experimental_read` and `console` are two ways to read the same; keep one",
    );
    wrong.when(
        raw.client_certificate_passphrase.is_some() && raw.client_certificate.is_none(),
        "`client_certificate_passphrase` is there, and no `client_certificate`",
    );
}

#[cfg(test)]
mod tests {
    use crate::config::file::tests::{read, wrong};

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
}
