//! `p12 pack --tenant`: the own key that the store keeps and its certificate, once more, in one PKCS #12 file.

use std::path::PathBuf;

use pushcert_papers::{
    Fingerprint, KeyError, PrivateKey, TenantName,
    certificate::{Authorities, Expectations},
    judge::{Want, judge},
    renewal::{Journey, Outcome as Ended},
};

use super::{NewFile, accepted};
use crate::commands::{
    Event, Failure, Kind, Looked, Outcome, World,
    csr::vacant,
    ledger::{Entry, Ledger},
    passphrase::Passphrase,
    push::at_hand,
    shown,
};

/// `p12 pack --tenant`
#[derive(Debug)]
pub struct PackKept {
    /// Whose key.
    pub tenant: TenantName,
    /// What opens the key, where the configuration does not say it.
    pub key_passphrase: Passphrase,
    /// Other authorities than the tenant's.
    pub authorities: Option<PathBuf>,
    /// The file that is to be.
    pub file: NewFile,
}

/// Takes an own key and its certificate out of the store into a PKCS #12 file. That stands on record before the file is
/// written.
///
/// # Errors
/// When none is kept, the key does not open, something stands in the place of the file, or the store cannot be written.
pub async fn pack_kept(world: &World<'_>, wish: &PackKept) -> Outcome {
    let tenant = world.tenant(&wish.tenant)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    ledger.may_change()?;
    vacant(std::slice::from_ref(&wish.file.out))?;
    let (certificate, key) = kept(&ledger)?;
    let (bytes, key) = (ledger.artefact(&certificate).await?, open(world, &ledger, &key, wish).await?);
    let authorities = wish.authorities.as_deref().or(tenant.authorities.as_deref());
    let authorities = authorities.map_or_else(|| Ok(Authorities::apple()), crate::commands::authorities)?;
    let expected = Expectations {
        topic: ledger.enrolled_topic(),
        public_key: Some(key.public_key_sha256()),
        own_key: true,
        ..Expectations::default()
    };
    let now = world.clock.now();
    let judged = judge(&bytes, None, Want::PushCertificate, &expected, &authorities, now);
    let path = format!("the certificate of {} ({})", tenant.name, certificate.short());
    world.tell(Event::Judged(&Looked { path: &path, judged: &judged, authorities: None, now }));
    let Some(leaf) = accepted(&judged, &bytes) else { return Ok(Some(Kind::Refused)) };
    let packed = wish.file.packed(&key, &leaf, world.ask)?;
    let entry = Entry { after: Some(leaf.sha256), ..Entry::of("key-handed-out").with("file", &shown(&wish.file.out)) };
    ledger.note(vec![], entry).await?;
    wish.file.put(
        world.reporter,
        &packed,
        &leaf,
        &["Remove the file once the server has it; the store keeps the key."],
    )?;
    Ok(None)
}

/// The kept files of the newest certificate with an own key, and of that key. A renewal that was given up does not count.
fn kept(ledger: &Ledger<'_>) -> Result<(Fingerprint, Fingerprint), Failure> {
    let journey = ledger.latest_journey();
    let was_given_up = |journey: &&Journey| journey.end.as_ref().is_some_and(|end| end.outcome == Ended::Abandoned);
    let newest = journey
        .filter(|journey| !was_given_up(journey))
        .and_then(|journey| journey.certificate.as_ref())
        .and_then(|received| Some((received.artefact, received.own_key?)));
    let before = || journey?.before.and_then(|before| Some((before.certificate, before.own_key?)));
    newest.or_else(before).ok_or_else(|| none(ledger))
}

fn none(ledger: &Ledger<'_>) -> Failure {
    let name = &ledger.tenant().name;
    let failure =
        Failure::new(Kind::NotFound, "no-own-key", format!("no own key of {name} with a certificate is kept"));
    match ledger.tenant().own_key {
        Some(_) => {
            failure.hinted(format!("a renewal makes the key, and brings its certificate:  pushcert renew {name}"))
        }
        None => failure.hinted("this server keeps the key of its own request, and gives it to nobody"),
    }
}

/// Opens the kept key with what the command line says, or the configuration, or a person.
async fn open(
    world: &World<'_>,
    ledger: &Ledger<'_>,
    key: &Fingerprint,
    wish: &PackKept,
) -> Result<PrivateKey, Failure> {
    let sealed = ledger.artefact(key).await?;
    let what = format!("the own key of {}", wish.tenant);
    let passphrase = match at_hand(ledger.tenant(), &wish.key_passphrase)? {
        Some(passphrase) => passphrase,
        None => wish.file.passphrase.to_open(&what, world.ask)?,
    };
    PrivateKey::read(&sealed, Some(&passphrase)).map_err(|error| match error {
        KeyError::WrongPassphrase => Failure::new(Kind::Refused, "wrong-password", format!("{what}: {error}")).hinted(
            "it is the passphrase that was typed, or configured, when the key was made; give it with --key-passphrase-file",
        ),
        _ => Failure::new(Kind::Failed, "keys", format!("{what}: {error}")),
    })
}
