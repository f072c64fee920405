//! A tenant, as configured: everything but its secrets, which are fetched when they are needed.

use std::path::PathBuf;

use pushcert_papers::{Country, Fingerprint, TenantName, Time, Topic, renewal::guide, watch::Thresholds};
use serde::Deserialize;

use super::{Credentials, SecretSource};

/// A tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// The kind of its server.
    pub product: Product,
    /// Where the server is: `https` and a host, perhaps a port and a path.
    pub url: Option<reqwest::Url>,
    /// The host, with its port where it is not the usual one.
    pub host: Option<String>,
    /// Who signs in.
    pub username: Option<String>,
    /// With what.
    pub password: Option<SecretSource>,
    /// Authorities to trust for the server's TLS, in PEM, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The one certificate that the server must show, by SHA-256 of its DER.
    pub server_certificate_sha256: Option<Fingerprint>,
    /// A certificate and key to show to the server, in PEM or as PKCS #12.
    pub client_certificate: Option<SecretSource>,
    /// What opens it, where a passphrase protects it.
    pub client_certificate_passphrase: Option<SecretSource>,
    /// By which interface devices are looked at.
    pub devices: DeviceInterface,
    /// The one space of devices that is looked at; all of them otherwise.
    pub space: Option<String>,
    /// Another address for CPS than the server's own.
    pub cps_url: Option<reqwest::Url>,
    /// Whether Core's own request for its certificate may be tried, which is public from old releases only.
    pub experimental_read: bool,
    /// Where APNs is asked, host and port; Apple's usual place when `None`.
    pub apns: Option<String>,
    /// Whether a request may be fetched while nobody is there.
    pub unattended_request: bool,
    /// Seconds after which a look at the server is too old.
    pub stale_after: Option<i64>,
    /// The topic that devices listen to, as a person confirmed it.
    pub enrolled_topic: Option<Topic>,
    /// How the console's own requests are replayed.
    pub console: Option<Console>,
    /// Other authorities than Apple's; only where the server is on a loopback address.
    pub authorities: Option<PathBuf>,
    /// Another portal than Apple's; only beside other authorities.
    pub portal: Option<String>,
    /// Another list of revoked certificates than Apple's; only beside other authorities.
    pub revocation_list: Option<String>,
    /// The Apple account that owns the row.
    pub apple_account: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who stands in.
    pub deputy: Option<String>,
    /// The shared mailbox behind the Apple account.
    pub mailbox: Option<String>,
    /// Whose an own key is, where the server takes one; `None` where the server keeps the key of its own request.
    pub own_key: Option<OwnKey>,
    /// Whether somebody has seen that the server goes on with the keys of earlier requests.
    pub keeps_keys: bool,
    /// Words to choose tenants by.
    pub tags: Vec<String>,
    /// Whether it is no longer watched.
    pub retired: bool,
    /// Until when nobody wants alerts of it.
    pub muted_until: Option<Time>,
    /// When its states change.
    pub thresholds: Thresholds,
    /// Its further credentials.
    pub credentials: Credentials,
}

impl Tenant {
    /// Whether its server may show a tool what is installed: there is a sign-in, and a way that is known.
    pub const fn can_be_read(&self) -> bool {
        self.username.is_some() && (self.console.is_some() || self.experimental_read)
    }
}

/// Whose the signing request of an own key is.
#[derive(Clone, Debug)]
pub struct OwnKey {
    /// The country: all of it that Apple keeps.
    pub country: Country,
    /// The organisation.
    pub organization: Option<String>,
    /// An address for mail.
    pub email: Option<String>,
    /// Where the passphrase that protects it comes from; asked for where nothing says it.
    pub passphrase: Option<SecretSource>,
}

/// A console profile, and what it may be used for besides reading.
#[derive(Clone, Debug)]
pub struct Console {
    /// The file.
    pub profile: PathBuf,
    /// The SHA-256 that a person confirmed: a changed file is another profile.
    pub sha256: Fingerprint,
    /// Whether a request may be fetched by it.
    pub fetch: bool,
    /// Whether a certificate may be uploaded by it.
    pub upload: bool,
}

/// By which interface devices are looked at.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum DeviceInterface {
    /// The product's own.
    #[default]
    Native,
    /// CPS, which both products have.
    Cps,
    /// Core's older one, for accounts with the role API alone.
    V1,
}

/// The kind of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Product {
    /// MobileIron Cloud, which is Ivanti Neurons for MDM.
    Cloud,
    /// MobileIron Core, which is Ivanti EPMM.
    Core,
    /// Any other: every step is done by a person.
    Manual,
}

impl Product {
    /// Every word for a product in a configuration, aliases included.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("mobileiron-cloud", Self::Cloud),
        ("mobileiron-core", Self::Core),
        ("manual", Self::Manual),
        ("neurons", Self::Cloud),
        ("epmm", Self::Core),
    ];

    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cloud => "mobileiron-cloud",
            Self::Core => "mobileiron-core",
            Self::Manual => "manual",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cloud => "MobileIron Cloud (Ivanti Neurons for MDM)",
            Self::Core => "MobileIron Core (Ivanti EPMM)",
            Self::Manual => "a server without an interface",
        }
    }

    /// The vendor that Apple's portal shows in its row.
    pub const fn vendor(self) -> Option<&'static str> {
        match self {
            Self::Cloud | Self::Core => Some("MobileIron"),
            Self::Manual => None,
        }
    }

    /// Whose console a person is guided through.
    pub const fn console(self) -> guide::Console {
        match self {
            Self::Cloud => guide::Console::Cloud,
            Self::Core => guide::Console::Core,
            Self::Manual => guide::Console::Other,
        }
    }
}
