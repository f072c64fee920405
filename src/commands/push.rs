//! APNs itself is asked whether it takes a certificate, where somebody holds its key: a person in a file, or the store.

use std::path::Path;

use pushcert_papers::{
    Secret, TenantName, Topic,
    apns::{Reading, Reply, reading},
    certificate::Certificate,
    kind::leaf_alone,
    renewal::ReceivedCertificate,
};

use super::{
    Event, Failure, Kind, Outcome, World, files,
    ledger::{Entry, Ledger},
    passphrase::Passphrase,
    shown,
};
use crate::{
    config::Tenant,
    world::tls::{Identity, IdentityError},
};

/// What APNs said.
#[derive(Clone, Debug)]
pub struct PushAnswer {
    /// The certificate's topic.
    pub topic: Topic,
    /// Its answer under that topic.
    pub own: Reply,
    /// Its answer under a made-up topic.
    pub made_up: Option<Reply>,
    /// What it comes to.
    pub reading: Reading,
}

/// Asks APNs with the certificate and the key in a file, and puts the answer on record.
///
/// # Errors
/// When the file holds no certificate with its key, the certificate has another topic than the enrolled one, or APNs gives
/// no answer.
pub async fn prove_push(world: &World<'_>, name: &TenantName, file: &Path, passphrase: &Passphrase) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let identity = identity(world, file, passphrase)?;
    outcome(&ask(world, tenant, &mut ledger, &identity, &shown(file)).await?)
}

/// The certificate and the key in a file. Where only a passphrase is missing, it is asked for.
fn identity(world: &World<'_>, file: &Path, passphrase: &Passphrase) -> Result<Identity, Failure> {
    let bytes = files::need(file)?;
    let read = match Identity::read(&bytes, passphrase.given()?.as_ref()) {
        Err(error) if error.may_want_a_passphrase() && !passphrase.is_given() => {
            Identity::read(&bytes, Some(&passphrase.to_open(&shown(file), world.ask)?))
        }
        read => read,
    };
    read.map_err(|error| {
        not_an_identity(&shown(file), &error).hinted(
            "it must hold the push certificate with its private key: PKCS #12, or both in PEM; --passphrase-file opens it",
        )
    })
}

/// Asks APNs with the installed certificate and its own key, both of the store.
///
/// # Errors
/// When the key does not open, or APNs gives no answer.
pub(super) async fn prove_own(
    world: &World<'_>,
    tenant: &Tenant,
    ledger: &mut Ledger<'_>,
    (certificate, passphrase): (&ReceivedCertificate, &Passphrase),
) -> Outcome {
    let secret = match at_hand(tenant, passphrase)? {
        Some(secret) => secret,
        None => passphrase.to_open(&format!("the own key of {}", tenant.name), world.ask)?,
    };
    outcome(&ask_with_own(world, tenant, ledger, (certificate, &secret)).await?)
}

/// The installed certificate, where the store holds its key.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn own(ledger: &Ledger<'_>) -> Result<Option<ReceivedCertificate>, Failure> {
    let brought = ledger.last_installation().await?.and_then(|journey| journey.certificate);
    Ok(brought.filter(|certificate| certificate.own_key.is_some()))
}

/// What opens an own key, where nobody has to be asked for it.
///
/// # Errors
/// When it cannot be had from where it should come.
pub(super) fn at_hand(tenant: &Tenant, passphrase: &Passphrase) -> Result<Option<Secret>, Failure> {
    let configured = tenant.own_key.as_ref().and_then(|own| own.passphrase.as_ref());
    match configured.filter(|_| !passphrase.is_given()) {
        None => passphrase.given(),
        Some(source) => source.resolve().map(Some).map_err(|error| {
            Failure::new(Kind::Usage, "passphrase", error).hinted("look at own_key in the configuration")
        }),
    }
}

/// Asks APNs with a certificate and its own key, both of the store, and puts the answer on record.
///
/// # Errors
/// As for [`prove_own`].
pub(super) async fn ask_with_own(
    world: &World<'_>,
    tenant: &Tenant,
    ledger: &mut Ledger<'_>,
    (certificate, passphrase): (&ReceivedCertificate, &Secret),
) -> Result<PushAnswer, Failure> {
    let what = format!("the own key of {}", tenant.name);
    let sealed = certificate.own_key.expect("an own certificate has an own key");
    let file = ledger.artefact(&certificate.artefact).await?;
    let leaf = leaf_alone(&file).map_or(file, String::into_bytes);
    let both = [leaf, ledger.artefact(&sealed).await?].join(&b'\n');
    let identity = Identity::read(&both, Some(passphrase)).map_err(|error| {
        not_an_identity(&what, &error).hinted("its passphrase is the one that was given when the key was made")
    })?;
    ask(world, tenant, ledger, &identity, &what).await
}

async fn ask(
    world: &World<'_>,
    tenant: &Tenant,
    ledger: &mut Ledger<'_>,
    identity: &Identity,
    what: &str,
) -> Result<PushAnswer, Failure> {
    let name = &tenant.name;
    let topic = topic(identity, what)?;
    if let Some(enrolled) = ledger.enrolled_topic().filter(|enrolled| **enrolled != topic) {
        let message = format!("{what} has the topic {topic}, and the devices of {name} listen to {enrolled}");
        return Err(Failure::new(Kind::Refused, "topic-changed", message)
            .hinted(format!("APNs was not asked; renew the enrolled row:  pushcert renew {name}")));
    }
    let own = world.servers.ask_apns(tenant, identity, &topic).await?;
    let made_up = match own {
        Reply::Answer { .. } => Some(world.servers.ask_apns(tenant, identity, &another()).await?),
        Reply::Alert(_) => None,
    };
    let reading = reading(&own, made_up.as_ref());
    let entry = Entry::of("apns-asked").with("answer", &own.words()).with("reading", reading.word());
    ledger.note(vec![], entry).await?;
    let answer = PushAnswer { topic, own, made_up, reading };
    world.tell(Event::PushTried { tenant: name, answer: &answer });
    Ok(answer)
}

fn topic(identity: &Identity, what: &str) -> Result<Topic, Failure> {
    let certificate = Certificate::from_der(identity.certificate()).ok();
    certificate.and_then(|certificate| certificate.topic()).ok_or_else(|| {
        let message = format!("{what} holds a certificate without a topic of device management");
        Failure::new(Kind::Refused, "topic-missing", message)
            .hinted("it must be the push certificate from Apple's portal")
    })
}

/// A topic of the right form that nobody has.
fn another() -> Topic {
    Topic::parse("com.apple.mgmt.External.00000000-0000-4000-8000-000000000000").expect("a topic by its form")
}

fn not_an_identity(what: &str, error: &IdentityError) -> Failure {
    let (kind, code) = match error {
        IdentityError::NotAPair => (Kind::Refused, "key-mismatch"),
        _ => (Kind::Refused, "not-an-identity"),
    };
    Failure::new(kind, code, format!("{what}: {error}"))
}

/// A refusal is one; an answer that says nothing is inconclusive.
pub(super) fn outcome(answer: &PushAnswer) -> Outcome {
    let said = answer.own.words();
    match answer.reading {
        Reading::Accepted => Ok(None),
        Reading::TopicNotLookedAt | Reading::Later | Reading::Unknown => Ok(Some(Kind::Temporary)),
        Reading::CertificateRefused => {
            Err(Failure::new(Kind::Refused, "certificate-refused", format!("APNs refuses this certificate ({said})"))
                .hinted("it has ended, was revoked, or is none for device management; renew the enrolled row"))
        }
        Reading::OtherTopic => Err(Failure::new(
            Kind::Refused,
            "topic-refused",
            format!("APNs does not let this certificate push to its own topic ({said})"),
        )
        .hinted("look at the certificate:  pushcert inspect FILE")),
        Reading::NotShown => Err(Failure::new(
            Kind::Failed,
            "certificate-not-shown",
            format!("our certificate did not reach APNs ({said}), so this says nothing about it"),
        )
        .hinted("something between here and APNs looks into TLS; try from another network")),
    }
}
