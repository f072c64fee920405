//! Alerts: of which matter, how grave, and what to do now.

use serde::{Deserialize, Serialize};

use super::Problem;
use crate::{Fingerprint, TenantName, Time, credential::CredentialKind};

/// What alerts are about. One alert is about one matter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// The installed certificate has another topic than the devices listen to.
    TopicChanged,
    /// The installed certificate is revoked.
    Revoked,
    /// The installed certificate ends, or has ended.
    Expiry,
    /// The server is known to hold no certificate.
    NotInstalled,
    /// The server shows another certificate, and nobody renewed it here.
    CertificateChanged,
    /// A renewal waits for a person.
    RenewalWaiting,
    /// Nobody can tell any more what is installed.
    NotSeen,
    /// The PingID token is due for a new one.
    PingidToken,
    /// Google's token for binding ends.
    AndroidEmmToken,
    /// The service account's key is due for a new one.
    AndroidServiceKey,
    /// The configuration cannot be used; the watch goes on with the one before.
    Configuration,
    /// The watch cannot make its rounds.
    Rounds,
    /// Nothing: somebody wants to see whether alerts arrive.
    Test,
}

impl From<CredentialKind> for Matter {
    fn from(kind: CredentialKind) -> Self {
        match kind {
            CredentialKind::PingidToken => Self::PingidToken,
            CredentialKind::AndroidEmmToken => Self::AndroidEmmToken,
            CredentialKind::AndroidServiceKey => Self::AndroidServiceKey,
        }
    }
}

impl Matter {
    /// Every matter.
    pub const ALL: [Self; 13] = [
        Self::TopicChanged,
        Self::Revoked,
        Self::Expiry,
        Self::NotInstalled,
        Self::CertificateChanged,
        Self::RenewalWaiting,
        Self::NotSeen,
        Self::PingidToken,
        Self::AndroidEmmToken,
        Self::AndroidServiceKey,
        Self::Configuration,
        Self::Rounds,
        Self::Test,
    ];

    /// What it means, and what to do.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::TopicChanged => Problem::TopicChanged.meaning(),
            Self::Revoked => Problem::Revoked.meaning(),
            Self::Expiry => "The installed certificate ends soon, or has ended:  pushcert renew TENANT",
            Self::NotInstalled => "The server is known to hold no certificate.",
            Self::CertificateChanged => {
                "The server shows another certificate, and nobody renewed or recorded it here:  pushcert adopt TENANT FILE"
            }
            Self::RenewalWaiting => "A renewal has waited for a person for days:  pushcert renew TENANT",
            Self::NotSeen => "Nobody can tell any more what is installed: the last look is too old, or there was none.",
            Self::PingidToken => {
                "The PingID token is due for a new one; it still works:  pushcert pingid rotate TENANT"
            }
            Self::AndroidEmmToken => "Google's token for binding ends, and the server is not connected with it yet.",
            Self::AndroidServiceKey => "The service account's key is due for a new one; it still works.",
            Self::Configuration => "The changed configuration was refused; the watch goes on with the one before.",
            Self::Rounds => "The watch cannot look at tenants, or cannot publish what it found.",
            Self::Test => "Nothing: somebody wants to see whether alerts arrive.",
        }
    }

    /// The word in JSON, and in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TopicChanged => "topic-changed",
            Self::Revoked => "revoked",
            Self::Expiry => "expiry",
            Self::NotInstalled => "not-installed",
            Self::CertificateChanged => "certificate-changed",
            Self::RenewalWaiting => "renewal-waiting",
            Self::NotSeen => "not-seen",
            Self::PingidToken => CredentialKind::PingidToken.word(),
            Self::AndroidEmmToken => CredentialKind::AndroidEmmToken.word(),
            Self::AndroidServiceKey => CredentialKind::AndroidServiceKey.word(),
            Self::Configuration => "configuration",
            Self::Rounds => "rounds",
            Self::Test => "test",
        }
    }
}

/// How grave it is; the order is that of gravity.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should act.
    Warning,
    /// Somebody must act now.
    Critical,
    /// Devices are being lost at this moment.
    Emergency,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Critical, Self::Emergency];

    /// The word in JSON and in a configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Emergency => "emergency",
        }
    }
}

/// What was last announced of a matter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Announced {
    /// The matter, such as `expiry`.
    pub matter: String,
    /// Which occasion of it.
    pub occasion: String,
    /// When.
    pub at: Time,
}

/// An alert, before anybody knows by which channels it goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alert {
    /// What it is about.
    pub matter: Matter,
    /// Which occasion of it: the same for everybody who watches.
    pub occasion: String,
    /// How grave it is; of good news, how grave it was.
    pub severity: Severity,
    /// Whether it is over.
    pub recovered: bool,
    /// What it says in one line, without the tenant's name.
    pub title: String,
    /// What is the matter, in whole sentences.
    pub what: String,
    /// What to do now.
    pub action: String,
    /// The command for it, where there is one.
    pub command: Option<String>,
}

/// What makes an alert the same alert, wherever it arrives and however often: 32 hexadecimal digits.
pub fn identity(tenant: &TenantName, matter: Matter, occasion: &str) -> String {
    let whole = Fingerprint::of(format!("pushcert alert 1\n{tenant}\n{}\n{occasion}", matter.word()).as_bytes());
    whole.to_string()[..32].to_owned()
}

/// How often a channel that cannot be reached is tried.
const TRIES: u32 = 14;

/// How often a channel is tried that answers with a refusal. Somebody may yet put right what it refuses.
const TRIES_REFUSED: u32 = 6;

/// The longest pause between two tries, in seconds.
const LONGEST_PAUSE: i64 = 4 * 3_600;

/// The seconds to wait after a try that failed, the first being number 1; `None` when it is given up: after about a day,
/// or after half an hour of refusals.
pub fn pause(tries: u32, refused: bool) -> Option<i64> {
    let most = if refused { TRIES_REFUSED } else { TRIES };
    (tries < most).then(|| (60_i64 << tries.saturating_sub(1).min(16)).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_keeps_its_identity() {
        let acme = TenantName::parse("acme").expect("a name");
        let one = identity(&acme, Matter::Expiry, "2026-03-20:warning");
        assert_eq!(one, identity(&acme, Matter::Expiry, "2026-03-20:warning"));
        let others = [identity(&acme, Matter::Revoked, "2026-03-20:warning"), identity(&acme, Matter::Expiry, "")];
        assert!(one.len() == 32 && !others.contains(&one), "{one} {others:?}");
    }

    #[test]
    fn tries_are_spread_over_a_day_and_end() {
        let pauses: Vec<i64> = (1..).map_while(|tries| pause(tries, false)).collect();
        assert_eq!(pauses[..5], [60, 120, 240, 480, 960]);
        assert!(pauses.is_sorted() && (20 * 3_600..30 * 3_600).contains(&pauses.iter().sum::<i64>()), "{pauses:?}");
        let refused: i64 = (1..).map_while(|tries| pause(tries, true)).sum();
        assert_eq!(refused, 31 * 60);
        assert_eq!(pause(u32::MAX, false), None);
    }

    #[test]
    fn graver_is_greater() {
        assert!(Severity::ALL.is_sorted());
    }
}
