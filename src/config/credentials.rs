//! What is configured of a tenant's further credentials: the PingID token and Android's binding.

use std::path::{Path, PathBuf};

use pushcert_papers::{credential::Rules, pingid::Platform};
use serde::Deserialize;

use super::SecretSource;
use crate::world::http;

/// Days between the last switch and the end of an old token, unless the tenant says otherwise.
const SOAK_DAYS: i64 = 7;

/// How many of a hundred devices with the app must have checked in by then, unless the tenant says otherwise. Some always
/// lie in drawers.
const COVERAGE: u8 = 95;

/// The words for PingOne's regions, and the endings of their hosts.
const REGIONS: [(&str, &str); 10] = [
    ("na", "com"),
    ("com", "com"),
    ("eu", "eu"),
    ("ap", "asia"),
    ("asia", "asia"),
    ("ca", "ca"),
    ("au", "com.au"),
    ("com.au", "com.au"),
    ("sg", "sg"),
    ("singapore", "sg"),
];

/// A tenant's further credentials, as configured.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The PingID token.
    pub pingid: Pingid,
    /// PingOne's interface, where it may be used.
    pub pingone: Option<Box<PingOne>>,
    /// When the states of a service account's key change.
    pub key_rules: Rules,
}

/// The PingID token.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pingid {
    /// The platforms with a configuration of their own.
    pub platforms: Vec<Platform>,
    /// Days between the last switch and the end of the old token.
    pub soak_days: i64,
    /// How many of a hundred devices with the app must have checked in by then, where that can be seen; none for 0.
    pub coverage: u8,
    /// The app's identifier on iOS, where it is not the usual one.
    app_ios: Option<String>,
    /// The app's identifier on Android, where it is not the usual one.
    app_android: Option<String>,
    /// When the token's states change.
    pub thresholds: Rules,
}

impl Default for Pingid {
    fn default() -> Self {
        Self {
            platforms: Platform::ALL.to_vec(),
            soak_days: SOAK_DAYS,
            coverage: COVERAGE,
            app_ios: None,
            app_android: None,
            thresholds: Rules::default(),
        }
    }
}

impl Pingid {
    /// The app's identifier on a platform.
    pub fn app(&self, platform: Platform) -> &str {
        let named = match platform {
            Platform::Ios => self.app_ios.as_deref(),
            Platform::Android => self.app_android.as_deref(),
        };
        named.unwrap_or_else(|| platform.usual_app())
    }
}

/// PingOne's interface for the PingID app.
#[derive(Clone, Debug)]
pub struct PingOne {
    /// Where the interface is.
    pub api: reqwest::Url,
    /// Where its tokens are given.
    pub auth: reqwest::Url,
    /// The environment.
    pub environment: String,
    /// The PingID application in it.
    pub application: String,
    /// The worker application that signs in.
    pub client_id: String,
    /// With what.
    pub client_secret: SecretSource,
    /// Authorities to trust for its TLS, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPingOne {
    region: Option<String>,
    /// Another address than PingOne's; only on this machine.
    address: Option<String>,
    environment: String,
    application: String,
    client_id: String,
    client_secret: SecretSource,
    ca_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAndroid {
    thresholds: Rules,
}

impl Credentials {
    /// From what the file says; what is wrong with it in words.
    pub(super) fn of(
        pingid: Option<Pingid>,
        pingone: Option<RawPingOne>,
        android: Option<RawAndroid>,
        folder: &Path,
    ) -> Result<Self, String> {
        let pingid = pingid.unwrap_or_default();
        if pingid.platforms.is_empty() || pingid.soak_days < 0 {
            return Err("`pingid` needs a platform at least, and no negative number of `soak_days`".into());
        }
        if pingid.coverage > 100 {
            return Err("`coverage` of pingid is a number of devices of a hundred: 0 to 100".into());
        }
        let pingone = pingone.map(|raw| raw.judged(folder)).transpose()?.map(Box::new);
        Ok(Self { pingid, pingone, key_rules: android.unwrap_or_default().thresholds })
    }
}

impl RawPingOne {
    fn judged(self, folder: &Path) -> Result<PingOne, String> {
        for (name, value) in [("environment", &self.environment), ("application", &self.application)] {
            // They become parts of a path.
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(format!("`{name}` of pingone is an ID, as PingOne's console shows it"));
            }
        }
        let (api, auth) = self.addresses()?;
        Ok(PingOne {
            api,
            auth,
            environment: self.environment,
            application: self.application,
            client_id: self.client_id,
            client_secret: self.client_secret.relative_to(folder),
            ca_file: self.ca_file.map(|path| folder.join(path)),
        })
    }

    fn addresses(&self) -> Result<(reqwest::Url, reqwest::Url), String> {
        let url = |text: &str| reqwest::Url::parse(text).map_err(|error| format!("`address` of pingone: {error}"));
        match (&self.region, &self.address) {
            (None, Some(address)) => {
                let address = url(address)?;
                if address.scheme() != "https" || !http::is_loopback(&address) {
                    return Err(
                        "`address` of pingone is for this machine alone; PingOne itself is known by its `region`"
                            .into(),
                    );
                }
                Ok((address.clone(), address))
            }
            (Some(region), None) => {
                let found = REGIONS.iter().find(|(word, _)| word == region);
                let Some((_, ending)) = found else {
                    let known: Vec<_> = REGIONS.iter().map(|(word, _)| *word).collect();
                    return Err(format!("`region` of pingone cannot be {region:?}; it is one of {}", known.join(", ")));
                };
                Ok((url(&format!("https://api.pingone.{ending}"))?, url(&format!("https://auth.pingone.{ending}"))?))
            }
            _ => Err("`pingone` needs its `region`".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pingone(lines: &str) -> Result<PingOne, String> {
        let usual = "environment = \"0a-1b\"\napplication = \"2c-3d\"\nclient_id = \"worker\"\nclient_secret = { env = \"SECRET\" }\n";
        let raw: RawPingOne = toml::from_str(&format!("{usual}{lines}")).map_err(|error| error.to_string())?;
        let read = Credentials::of(None, Some(raw), None, Path::new("/etc/pushcert"))?;
        Ok(*read.pingone.expect("it was given"))
    }

    #[test]
    fn every_region_has_hosts_of_its_own() {
        for (region, ending) in
            [("na", "com"), ("eu", "eu"), ("ap", "asia"), ("ca", "ca"), ("au", "com.au"), ("sg", "sg")]
        {
            let found = pingone(&format!("region = \"{region}\"")).expect(region);
            assert_eq!(found.api.as_str(), format!("https://api.pingone.{ending}/"), "{region}");
            assert_eq!(found.auth.as_str(), format!("https://auth.pingone.{ending}/"), "{region}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_a_reason() {
        for (lines, why) in [
            ("", "needs its `region`"),
            ("region = \"mars\"", "it is one of na, com, eu"),
            ("region = \"eu\"\naddress = \"https://127.0.0.1:1\"", "needs its `region`"),
            ("address = \"https://pingone.example.com\"", "for this machine alone"),
            ("address = \"http://127.0.0.1:1\"", "for this machine alone"),
        ] {
            let refused = pingone(lines).expect_err(lines);
            assert!(refused.contains(why), "{lines}: {refused}");
        }
        let pingid = |lines: &str| {
            let read: Pingid = toml::from_str(lines).expect("it is TOML");
            Credentials::of(Some(read), None, None, Path::new("/")).map(|read| read.pingid.coverage)
        };
        assert_eq!((pingid(""), pingid("coverage = 0")), (Ok(COVERAGE), Ok(0)));
        for (lines, why) in
            [("coverage = 101", "0 to 100"), ("platforms = []", "a platform"), ("soak_days = -1", "soak_days")]
        {
            assert!(pingid(lines).expect_err(lines).contains(why), "{lines}");
        }
    }
}
