//! What was seen to be installed: when, and by which source.

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, Serial, Time, Topic};

/// How we know what is installed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Read in the server's console by a console profile.
    Console,
    /// Read by MobileIron Core's own `getMDMCertificate` call.
    Core,
    /// Read from a saved page of the console.
    Page,
    /// Taken from a certificate file.
    File,
    /// A person said so.
    Person,
    /// Not known at all.
    None,
}

impl Source {
    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Core => "core",
            Self::Page => "page",
            Self::File => "file",
            Self::Person => "person",
            Self::None => "none",
        }
    }
}

/// One look at a server, or one word from a person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Seen {
    /// When.
    pub at: Time,
    /// How.
    pub source: Source,
    /// What is installed; `None` when the server is known to hold no certificate.
    pub installed: Option<Installed>,
}

/// The certificate a server holds, as far as its source shows it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Installed {
    /// The installed topic; a console may not show it.
    pub topic: Option<Topic>,
    /// The serial number, only where the source gives it exactly.
    pub serial: Option<Serial>,
    /// The serial number as a console shows it: decimal, and its last digits possibly rounded to zeros.
    pub shown_serial: Option<String>,
    /// The first second of validity.
    pub not_before: Option<Time>,
    /// The last second of validity. Consoles show dates without a time zone, so it may be a day off.
    pub not_after: Option<Time>,
    /// The certificate itself, where it was at hand.
    pub certificate: Option<Fingerprint>,
    /// The Apple account that somebody noted in the console.
    pub apple_account: Option<String>,
}
