//! `prove --identity`: APNs itself is asked whether it takes a certificate, where somebody holds its key.

use std::path::Path;

use pushcert_papers::{
    Secret, TenantName, Topic,
    apns::{Reading, Reply, reading},
    certificate::Certificate,
};

use super::{
    Event, Failure, Kind, Outcome, World, files,
    ledger::{Entry, Ledger},
    shown,
};
use crate::world::tls::{Identity, IdentityError};

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

/// Asks APNs, and puts the answer on record.
///
/// # Errors
/// When the file holds no certificate with its key, the certificate has another topic than the enrolled one, or APNs gives
/// no answer.
pub async fn prove_push(world: &World<'_>, name: &TenantName, file: &Path, passphrase: Option<&Secret>) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let identity = Identity::read(&files::need(file)?, passphrase).map_err(|error| not_an_identity(file, &error))?;
    let topic = topic(&identity, file)?;
    if let Some(enrolled) = ledger.enrolled_topic().filter(|enrolled| **enrolled != topic) {
        let message = format!("{} has the topic {topic}, and the devices of {name} listen to {enrolled}", shown(file));
        return Err(Failure::new(Kind::Refused, "topic-changed", message)
            .hinted(format!("APNs was not asked; renew the enrolled row:  pushcert renew {name}")));
    }
    let own = world.servers.ask_apns(tenant, &identity, &topic).await?;
    let made_up = match own {
        Reply::Answer { .. } => Some(world.servers.ask_apns(tenant, &identity, &another()).await?),
        Reply::Alert(_) => None,
    };
    let reading = reading(&own, made_up.as_ref());
    let entry = Entry::of("apns-asked").with("answer", &own.words()).with("reading", reading.word());
    ledger.note(vec![], entry).await?;
    let answer = PushAnswer { topic, own, made_up, reading };
    world.tell(Event::PushTried { tenant: name, answer: &answer });
    outcome(&answer)
}

fn topic(identity: &Identity, file: &Path) -> Result<Topic, Failure> {
    let certificate = Certificate::from_der(identity.certificate()).ok();
    certificate.and_then(|certificate| certificate.topic()).ok_or_else(|| {
        let message = format!("{} holds a certificate without a topic of device management", shown(file));
        Failure::new(Kind::Refused, "topic-missing", message)
            .hinted("it must be the push certificate from Apple's portal")
    })
}

/// A topic of the right form that nobody has.
fn another() -> Topic {
    Topic::parse("com.apple.mgmt.External.00000000-0000-4000-8000-000000000000").expect("a topic by its form")
}

fn not_an_identity(file: &Path, error: &IdentityError) -> Failure {
    let (kind, code) = match error {
        IdentityError::NotAPair => (Kind::Refused, "key-mismatch"),
        _ => (Kind::Refused, "not-an-identity"),
    };
    Failure::new(kind, code, format!("{}: {error}", shown(file))).hinted(
        "it must hold the push certificate with its private key: PKCS #12, or both in PEM; --passphrase-file opens it",
    )
}

/// A refusal is one; an answer that says nothing is inconclusive.
fn outcome(answer: &PushAnswer) -> Outcome {
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
