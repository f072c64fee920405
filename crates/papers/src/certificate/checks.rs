//! Whether a push certificate is the one that was awaited: everything that is wrong with it, not the first thing.

use super::{Certificate, Issuer, Revocation, RevocationList};
use crate::{
    Code, DAY, Finding, Fingerprint, Secret, Serial, Severity, TenantName, Time, Topic, escape::printable,
    judge::CertificateFacts, watch::Installed,
};

/// How far clocks may differ: Apple itself dates certificates about ten minutes back for this reason.
const SKEW: i64 = 600;

/// How long Apple's push certificates are valid: 365 days, and the last second belongs to them.
const USUAL_VALIDITY: i64 = 365 * DAY - 1;

/// Where a certificate is judged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Place {
    /// Somebody looks at it.
    #[default]
    Look,
    /// It is about to be installed: what could not be proved blocks.
    Gate,
    /// It was downloaded to try the way to its row: nothing is renewed or installed.
    Rehearsal,
}

/// What is known of the certificate that is installed, or that the new one follows.
#[derive(Clone, Debug, Default)]
pub struct InstalledFacts {
    /// Its topic.
    pub topic: Option<Topic>,
    /// Its serial number.
    pub serial: Option<Serial>,
    /// Its end.
    pub not_after: Option<Time>,
    /// SHA-256 of its DER.
    pub sha256: Option<Fingerprint>,
}

impl From<&Installed> for InstalledFacts {
    fn from(installed: &Installed) -> Self {
        Self {
            topic: installed.topic.clone(),
            serial: installed.serial.clone(),
            not_after: installed.not_after,
            sha256: installed.certificate,
        }
    }
}

impl From<&CertificateFacts> for InstalledFacts {
    fn from(facts: &CertificateFacts) -> Self {
        Self {
            topic: facts.topic.clone(),
            serial: Some(facts.serial.clone()),
            not_after: Some(facts.not_after),
            sha256: Some(facts.sha256),
        }
    }
}

/// What a certificate is expected to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expectations<'a> {
    /// The topic that devices listen to.
    pub topic: Option<&'a Topic>,
    /// The topics of other tenants, to say whose a certificate is.
    pub other_tenants: &'a [(TenantName, Topic)],
    /// SHA-256 of the public key in the request that it answers.
    pub public_key: Option<Fingerprint>,
    /// The certificate that it follows.
    pub installed: Option<&'a InstalledFacts>,
    /// Whether a newer one than that is awaited, so that the same one again is a mistake.
    pub awaiting_newer: bool,
    /// Where it is judged.
    pub place: Place,
    /// Warn when it ends within so many days.
    pub warning_days: Option<i64>,
    /// Refuse when it ends within so many days.
    pub critical_days: Option<i64>,
    /// Whether the public key is that of a private key at hand, not of a request.
    pub own_key: bool,
    /// The list of revoked certificates to look it up in.
    pub revocations: Option<&'a RevocationList>,
    /// What opens a PKCS #12 file.
    pub passphrase: Option<&'a Secret>,
}

/// Everything that is to be said about a push certificate, of which is known who issued it and whether it was revoked.
pub fn check(
    certificate: &Certificate,
    issuer: &Issuer<'_>,
    revocation: Revocation,
    expected: &Expectations<'_>,
    now: Time,
) -> Vec<Finding> {
    let mut findings = topic(certificate, expected);
    findings.extend(key(certificate, expected));
    findings.extend(purpose(certificate));
    findings.extend(issued(certificate, issuer, expected.place));
    findings.extend(revoked(revocation));
    findings.extend(dates(certificate, expected, now));
    findings.extend(succession(certificate, expected));
    findings.extend(country(certificate));
    findings
}

fn topic(certificate: &Certificate, expected: &Expectations<'_>) -> Vec<Finding> {
    let Some(text) = &certificate.user_id else {
        return vec![Finding::new(
            Code::TopicMissing,
            "the certificate's subject has no UID, so it has no topic",
            "this is no MDM push certificate; download the right row at Apple's portal",
        )];
    };
    let Some(topic) = certificate.topic() else {
        return vec![
            Finding::new(
                Code::TopicPrefix,
                format!("the certificate's UID is {}, which is not an MDM topic", printable(text)),
                "this is no MDM push certificate; download the row Mobile Device Management at Apple's portal",
            )
            .comparing("com.apple.mgmt.…", printable(text)),
        ];
    };
    let mut findings = compared(&topic, expected);
    let usual = topic.common_name();
    if certificate.common_name.as_deref() != Some(usual.as_str()) {
        let found = printable(certificate.common_name.as_deref().unwrap_or("none"));
        let message = format!("the common name is {found}, where Apple writes {usual}");
        findings.push(
            Finding::new(Code::NameDiffers, message, "look at it: Apple has not issued such a one before")
                .comparing(usual, found),
        );
    }
    findings
}

fn compared(topic: &Topic, expected: &Expectations<'_>) -> Vec<Finding> {
    let Some(enrolled) = expected.topic else {
        let owner = expected.other_tenants.iter().find(|(_, other)| other == topic);
        if let Some((tenant, _)) = owner {
            return vec![other_tenant(tenant, topic, None, expected.place)];
        }
        return vec![Finding::new(
            Code::TopicUnknown,
            "there is nothing to compare the topic with",
            "to be sure that it is the renewed one, compare:  --against LAST_YEAR.pem  or  --topic TOPIC",
        )];
    };
    if topic == enrolled {
        return vec![];
    }
    let mut findings = vec![topic_changed(enrolled, topic, expected.place)];
    if let Some((tenant, _)) = expected.other_tenants.iter().find(|(_, other)| other == topic) {
        findings.push(other_tenant(tenant, topic, Some(enrolled), expected.place));
    }
    findings
}

/// The one disaster.
fn topic_changed(enrolled: &Topic, found: &Topic, place: Place) -> Finding {
    let message = "the certificate has another topic than the devices listen to. It is valid, and every server would \
                   accept it; but no enrolled device would ever hear the server again";
    let press = match place {
        Place::Look | Place::Gate => ("press Renew on", ", never Create, and download that row"),
        Place::Rehearsal => ("press Download in", ", and nothing else"),
    };
    let remedy = format!(
        "do not install it. At Apple's portal, signed in with the Apple account of last year, {} the row whose details say \
         {}{}",
        press.0,
        enrolled.common_name(),
        press.1
    );
    Finding::new(Code::TopicChanged, message, remedy).comparing(enrolled, found)
}

fn other_tenant(tenant: &TenantName, found: &Topic, enrolled: Option<&Topic>, place: Place) -> Finding {
    let message = format!("this is the certificate of the tenant {tenant}");
    let verb = if place == Place::Rehearsal { "rehearse" } else { "renew" };
    let remedy = format!("use it there:  pushcert {verb} {tenant} --certificate FILE");
    let finding = Finding::new(Code::OtherTenant, message, remedy);
    match enrolled {
        Some(enrolled) => finding.comparing(enrolled, found),
        None => finding,
    }
}

fn key(certificate: &Certificate, expected: &Expectations<'_>) -> Option<Finding> {
    let Some(wanted) = expected.public_key else { return key_not_compared(certificate, expected.place) };
    let (message, remedy) = if expected.own_key {
        (
            "the certificate does not belong to this private key",
            "find the key that was made with its request; if it is lost, make a new request and renew the same row with \
             it: the topic stays the same",
        )
    } else {
        (
            "the certificate answers another request than the newest one: the server does not hold its key",
            "renew the same row once more at Apple's portal, with the newest request; the topic stays the same",
        )
    };
    (wanted != certificate.public_key_sha256)
        .then(|| Finding::new(Code::KeyMismatch, message, remedy).comparing(wanted, certificate.public_key_sha256))
}

/// There is no request to compare with. Whose key it is matters where it is to be installed, and not for the way to its row.
fn key_not_compared(certificate: &Certificate, place: Place) -> Option<Finding> {
    let finding = |remedy: String| {
        let message =
            "no request is at hand, so nobody can tell here whether the server holds the key of this certificate";
        Finding::new(Code::KeyNotCompared, message, remedy)
    };
    match place {
        Place::Look => Some(finding("compare it with the file that was uploaded to Apple:  --request FILE".into())),
        Place::Gate => {
            let remedy = format!(
                "bring the request:  pushcert renew TENANT --request FILE; or, if you know that it was made from the newest \
                 request of this server, say so:  --accept-key {} --reason TEXT",
                certificate.public_key_sha256
            );
            Some(finding(remedy).weighing(Severity::Refuse))
        }
        Place::Rehearsal => None,
    }
}

fn purpose(certificate: &Certificate) -> Vec<Finding> {
    let mut findings = vec![];
    if certificate.development_push {
        findings.push(Finding::new(
            Code::DevelopmentPush,
            "the certificate is marked for development push",
            "device management needs a production certificate; Apple's push certificate portal issues no other",
        ));
    } else if !certificate.production_push {
        findings.push(Finding::new(
            Code::NotPush,
            "Apple's mark of a push certificate (1.2.840.113635.100.6.3.2) is missing",
            "download the row Mobile Device Management at Apple's portal",
        ));
    }
    if !certificate.client_auth {
        findings.push(Finding::new(
            Code::ClientAuthMissing,
            "the certificate is not for client authentication, so Apple's push service would not let the server in",
            "download the row Mobile Device Management at Apple's portal",
        ));
    }
    if !certificate.key.is_strong() {
        findings.push(
            Finding::new(
                Code::WeakKey,
                format!("its key is {}", certificate.key.words()),
                "make a new request with an RSA key of 2048 bits, and renew the same row with it",
            )
            .comparing("RSA of 2048 bits", certificate.key.words()),
        );
    }
    findings
}

fn issued(certificate: &Certificate, issuer: &Issuer<'_>, place: Place) -> Option<Finding> {
    match issuer {
        Issuer::Listed(_) => None,
        Issuer::Forged(authority) => Some(Finding::new(
            Code::SignatureInvalid,
            format!(
                "it names {} as its issuer, whose key did not sign it: the file is damaged, or forged",
                authority.name
            ),
            "download the row at Apple's portal once more",
        )),
        Issuer::New { issuer, root } => Some(Finding::new(
            Code::IssuerNew,
            format!(
                "it was issued by {}, which this release does not list; {} vouches for it",
                printable(issuer.common_name.as_deref().unwrap_or("an authority without a name")),
                root.name
            ),
            "that is in order; update pushcert when there is time",
        )),
        Issuer::Unverified => Some(unverified(certificate, place)),
        Issuer::Stranger => Some(
            Finding::new(
                Code::NotApple,
                format!("it was issued by {}, not by Apple", certificate.issuer),
                "download the row Mobile Device Management at Apple's portal",
            )
            .comparing("an authority of Apple", &certificate.issuer),
        ),
    }
}

fn unverified(certificate: &Certificate, place: Place) -> Finding {
    let message = format!(
        "its issuer calls itself {}, and is not among the authorities that this release knows: it may be a new one of \
         Apple, or a forgery",
        certificate.issuer
    );
    let finding = Finding::new(
        Code::IssuerUnverified,
        message,
        "update pushcert; or put the issuer's certificate, from Apple's page of authorities, into the same file",
    );
    match place {
        Place::Look | Place::Rehearsal => finding,
        Place::Gate => finding.weighing(Severity::Refuse),
    }
}

fn revoked(revocation: Revocation) -> Option<Finding> {
    let Revocation::Revoked(at) = revocation else { return None };
    Some(Finding::new(
        Code::Revoked,
        format!("its issuer revoked it on {}; Apple's push service refuses it", at.date_and_time()),
        "renew its row at Apple's portal if it is still there; revoking cannot be undone",
    ))
}

fn dates(certificate: &Certificate, expected: &Expectations<'_>, now: Time) -> Vec<Finding> {
    let (begin, end) = (certificate.not_before, certificate.not_after);
    let mut findings = vec![];
    findings.extend((now < begin).then(|| not_yet_valid(begin, now)));
    if now > end {
        findings.push(
            Finding::new(
                Code::Expired,
                format!("it ended on {}", end.date_and_time()),
                "renew its row at Apple's portal; if this was meant to be the new one, the old file was taken",
            )
            .comparing(now, end),
        );
    } else {
        findings.extend(ends_soon(end, expected, now));
    }
    let lasts = end.unix() - begin.unix();
    if (lasts - USUAL_VALIDITY).abs() > 1 {
        let days = |seconds: i64| format!("{} days", (seconds + 1).div_euclid(DAY));
        findings.push(
            Finding::new(
                Code::UnusualValidity,
                format!("it is valid for {}, where Apple gives 365", days(lasts)),
                "look at it: Apple has not issued such a one before",
            )
            .comparing(days(USUAL_VALIDITY), days(lasts)),
        );
    }
    findings
}

/// A certificate that begins later. Clocks differ a little, and that is no reason to refuse it.
fn not_yet_valid(begin: Time, now: Time) -> Finding {
    let when = begin.date_and_time();
    if now.plus(SKEW) < begin {
        let message = format!("it begins on {when}; ten minutes between clocks would be tolerated");
        let remedy = "look at this machine's clock first; if it is right, wait until then";
        return Finding::new(Code::NotYetValid, message, remedy).comparing(now, begin);
    }
    let message = format!("it begins on {when}, a few minutes ahead of this machine's clock; that is tolerated");
    let remedy = "nothing is to be done; setting the clock would do no harm";
    Finding::new(Code::NotYetValid, message, remedy).weighing(Severity::Note).comparing(now, begin)
}

fn ends_soon(end: Time, expected: &Expectations<'_>, now: Time) -> Option<Finding> {
    let within = |days: Option<i64>| days.filter(|days| end.unix() - now.unix() < days * DAY);
    let (limit, severity) = match (within(expected.critical_days), within(expected.warning_days)) {
        (Some(days), _) => (days, Severity::Refuse),
        (None, Some(days)) => (days, Severity::Warn),
        (None, None) => return None,
    };
    let left = end.days_after(now);
    let message = format!("it ends on {}, in {left} days; {limit} were asked for", end.date());
    Some(Finding::new(Code::EndsSoon, message, "renew it").weighing(severity).comparing(limit, left))
}

/// How it follows the certificate before it.
fn succession(certificate: &Certificate, expected: &Expectations<'_>) -> Option<Finding> {
    let before = expected.installed?;
    if before.sha256 == Some(certificate.sha256) {
        return Some(if expected.awaiting_newer {
            Finding::new(
                Code::SameCertificate,
                "this is the old certificate again, not a new one",
                "at Apple's portal press Renew on the row, upload the request, and download the row afterwards",
            )
        } else {
            Finding::new(Code::AlreadyInstalled, "this very certificate is installed", "there is nothing to do")
        });
    }
    let same_topic = before.topic.is_some() && before.topic == certificate.topic();
    let installed_end = before.not_after.filter(|end| same_topic && certificate.not_after < *end)?;
    Some(
        Finding::new(
            Code::EndsEarlier,
            format!("it ends on {}, before the one that it is to follow", certificate.not_after.date()),
            "this is an older certificate; download the row at Apple's portal, or its newest row if there are two",
        )
        .comparing(installed_end, certificate.not_after),
    )
}

fn country(certificate: &Certificate) -> Option<Finding> {
    (certificate.country.as_deref() == Some("US")).then(|| {
        Finding::new(
            Code::CountryDefault,
            "its country is US, which is also what Apple writes when a request names none",
            "nothing depends on it",
        )
    })
}
