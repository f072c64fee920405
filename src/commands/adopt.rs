//! `adopt`: "this is installed now", or "this was installed". It records, and uploads nothing.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    DAY, Finding, Topic, Verdict,
    certificate::{Authorities, Expectations},
    judge::{CertificateFacts, Judged, Want, judge},
    page,
    renewal::{Confirmation, End, Install, Journey, Outcome as Ended, ReceivedCertificate},
    watch::{Installed, Seen, Source},
};

use super::{
    Event, Failure, Kind, Looked, Outcome, World,
    check::one_push_certificate,
    devices::{fleet, share_within, silence, silence_in_words},
    files,
    ledger::{Entry, Kept, Ledger},
    shown,
};
use crate::{config::Tenant, mdm::Fleet};

/// What is adopted.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A certificate file.
    File(PathBuf),
    /// The console's page, saved from a browser.
    Page(PathBuf),
    /// The text of the console's page, as a person pasted it.
    Pasted(String),
}

/// What was brought, once it was read and judged; nothing of it is recorded yet.
pub struct Brought {
    installed: Installed,
    source: Source,
    kept: Vec<Kept>,
    /// What is wrong with it all the same, and where it comes from.
    refused: Option<(String, Judged)>,
}

/// Reads what was brought, and judges it.
///
/// # Errors
/// When it is not what it should be, or has another topic than the one that is confirmed.
pub fn read(
    world: &World<'_>,
    name: &pushcert_papers::TenantName,
    evidence: &Evidence,
    confirmed: Option<&Topic>,
) -> Result<Brought, Failure> {
    let (place, brought) = match evidence {
        Evidence::File(path) => (shown(path), from_file(world, world.tenant(name)?, path)?),
        Evidence::Page(path) => (shown(path), from_page(files::need(path)?, &shown(path))?),
        Evidence::Pasted(text) => ("the pasted page".into(), from_page(text.clone().into_bytes(), "the pasted page")?),
    };
    is_the_confirmed_one(&place, &brought.installed, confirmed)?;
    Ok(brought)
}

/// Records what is installed.
///
/// # Errors
/// When it is not what it should be, or the store cannot be written.
pub async fn adopt(
    world: &World<'_>,
    name: &pushcert_papers::TenantName,
    evidence: &Evidence,
    confirmed: Option<Topic>,
) -> Outcome {
    let brought = read(world, name, evidence, confirmed.as_ref())?;
    record(world, name, brought, confirmed).await
}

/// Records what was brought.
///
/// # Errors
/// When the store cannot be written.
pub async fn record(
    world: &World<'_>,
    name: &pushcert_papers::TenantName,
    brought: Brought,
    confirmed: Option<Topic>,
) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let before = ledger.sighting().await?;
    let installed = keep(world, &mut ledger, brought).await?;
    let fleet = look_at_devices(world, tenant).await;
    warn_of_silence(world, fleet.as_ref(), &installed);
    // A first certificate that was awaited brings its topic along: nobody has to be asked about it.
    close_guided_upload(world, &mut ledger, &installed).await?;
    confirm(world, &mut ledger, &installed, fleet.as_ref(), confirmed).await?;
    close_overtaken(world, &mut ledger, before.as_ref(), &installed).await?;
    Ok(None)
}

/// Confirms the topic of the certificate that a console was seen to show.
///
/// # Errors
/// When the store cannot be written, or another topic is confirmed than the one that was seen.
pub async fn confirm_seen(
    world: &World<'_>,
    name: &pushcert_papers::TenantName,
    installed: &Installed,
    fleet: Option<&Fleet>,
    confirmed: Option<Topic>,
) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    warn_of_silence(world, fleet, installed);
    confirm(world, &mut ledger, installed, fleet, confirmed).await?;
    Ok(None)
}

/// The tenant's devices. A server that cannot be asked is no reason not to record.
async fn look_at_devices(world: &World<'_>, tenant: &Tenant) -> Option<Fleet> {
    let server = world.servers.connect(tenant).await.ok().filter(|server| server.reach.devices)?;
    match fleet(world, &*server.mdm).await {
        Ok(fleet) => Some(fleet),
        Err(error) => {
            let failure = world.failed(tenant, error).await;
            let words = format!("Whether devices answer could not be looked at: {}.", failure.message);
            world.tell(Event::Note(&words));
            None
        }
    }
}

/// Warns where devices fell silent after the first day of the installed certificate.
fn warn_of_silence(world: &World<'_>, fleet: Option<&Fleet>, installed: &Installed) {
    let Some((begins, fleet)) = installed.not_before.zip(fleet) else { return };
    if let Some(silence) = silence(fleet, Some(begins), world.clock.now()) {
        world.tell(Event::Note(&silence_in_words(silence, begins)));
    }
}

fn from_file(world: &World<'_>, tenant: &Tenant, path: &Path) -> Result<Brought, Failure> {
    let bytes = files::need(path)?;
    let authorities = tenant.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    let now = world.clock.now();
    let judged = judge(&bytes, None, Want::PushCertificate, &Expectations::default(), &authorities, now);
    let facts = match one_push_certificate(judged.clone()) {
        Ok(facts) => facts,
        Err(why) => return Err(not_adopted(world, path, &judged, &why)),
    };
    // An old certificate that has ended may be adopted all the same; what is wrong with it is said.
    let refused = (judged.verdict == Verdict::Refuse).then(|| (shown(path), judged));
    let kept = Kept::certificate(&bytes, &facts);
    Ok(Brought { installed: installed(&facts), source: Source::File, kept, refused })
}

fn not_adopted(world: &World<'_>, path: &Path, judged: &Judged, why: &Finding) -> Failure {
    let path = shown(path);
    world.tell(Event::NotTaken(&Looked { path: &path, judged, authorities: None, now: world.clock.now() }));
    let message = format!("{path} is not a push certificate; nothing was recorded");
    Failure::new(Kind::Refused, why.code.word(), message).hinted(
        "take the certificate from the row's Download at Apple's portal, or save the console's page and use --page",
    )
}

fn from_page(bytes: Vec<u8>, place: &str) -> Result<Brought, Failure> {
    let installed = page::read(&bytes).ok_or_else(|| {
        Failure::new(
            Kind::Refused,
            "page-not-understood",
            format!("{place}: neither a topic nor an end is shown there"),
        )
        .hinted("open the console's MDM certificate page, wait until it shows the certificate, and save it as a whole")
    })?;
    let kept = vec![Kept { kind: "page", name: "console.html".into(), bytes }];
    Ok(Brought { installed, source: Source::Page, kept, refused: None })
}

/// Whoever confirms one topic has not confirmed another. A page may show none; then it is compared with what is known.
fn is_the_confirmed_one(place: &str, installed: &Installed, confirmed: Option<&Topic>) -> Result<(), Failure> {
    let Some((confirmed, found)) = confirmed.zip(installed.topic.as_ref()) else { return Ok(()) };
    if confirmed == found {
        return Ok(());
    }
    let message = format!("--confirm-topic names {confirmed}, and {place} has the topic {found}");
    Err(Failure::new(Kind::Refused, "topic-differs", message)
        .hinted("nothing was recorded; look which certificate is installed, and which topic the devices listen to"))
}

/// Keeps what was brought, and says so.
async fn keep(world: &World<'_>, ledger: &mut Ledger<'_>, brought: Brought) -> Result<Installed, Failure> {
    let now = world.clock.now();
    let Brought { installed, source, kept, refused } = brought;
    let entry = Entry { after: installed.certificate, ..Entry::of("certificate-adopted") };
    ledger.note(kept, entry.with("source", source.word())).await?;
    let seen = ledger.saw(Seen { at: now, source, installed: Some(installed) }).await?;
    let installed = seen.installed.expect("a certificate was brought");
    world.tell(Event::Note(&recorded(&ledger.tenant().name, source, &installed)));
    if let Some((path, judged)) = &refused {
        world.tell(Event::NotTaken(&Looked { path, judged, authorities: None, now }));
    }
    Ok(installed)
}

fn recorded(tenant: &pushcert_papers::TenantName, source: Source, installed: &Installed) -> String {
    let end = installed.not_after.map_or_else(|| "an unknown day".into(), pushcert_papers::Time::date);
    match &installed.topic {
        Some(topic) if source == Source::File => format!("Recorded for {tenant}: {topic}, ends {end}."),
        _ => format!("Recorded from the page: ends {end} (dates of a console have no time zone)."),
    }
}

/// Compares with the enrolled topic, or has a person confirm it.
async fn confirm(
    world: &World<'_>,
    ledger: &mut Ledger<'_>,
    installed: &Installed,
    fleet: Option<&Fleet>,
    confirmed: Option<Topic>,
) -> Result<(), Failure> {
    let tenant = ledger.tenant();
    let Some(topic) = &installed.topic else {
        if confirmed.is_some() {
            world.tell(Event::Note("No topic is shown there, so none is confirmed: bring the certificate's file."));
        }
        return Ok(());
    };
    is_the_confirmed_one("what is recorded", installed, confirmed.as_ref())?;
    if let Some(enrolled) = ledger.enrolled_topic() {
        if enrolled != topic {
            let words = format!(
                "topic-changed: devices listen to {enrolled}, and this certificate has {topic}. If it is installed, no device hears the server: run  pushcert renew {}",
                tenant.name
            );
            world.tell(Event::Note(&words));
        }
        return Ok(());
    }
    let share = fleet.map(|fleet| share_within(fleet, DAY, world.clock.now()));
    let seen = share.map(|share| format!("{share} Apple devices checked in during the last day. ")).unwrap_or_default();
    let question = format!(
        "{seen}Do the devices of {} answer while this certificate is installed, so that {topic} is their topic?",
        tenant.name
    );
    let typed = confirmed.as_ref() == Some(topic);
    if typed || world.ask.confirm(&question) {
        let evidence =
            Entry { after: installed.certificate, ..Entry::of("topic-confirmed").with("topic", topic.as_str()) };
        let evidence =
            evidence.with("checked-in-the-day-before", &share.map(|share| share.to_string()).unwrap_or_default());
        return ledger.confirm_topic(topic.clone(), evidence).await;
    }
    let words = format!(
        "The enrolled topic is not confirmed yet. If devices answer with this certificate:  --confirm-topic {topic}"
    );
    world.tell(Event::Note(&words));
    Ok(())
}

/// "This is installed now" answers an upload that a person was guided through.
async fn close_guided_upload(world: &World<'_>, ledger: &mut Ledger<'_>, installed: &Installed) -> Result<(), Failure> {
    let Some(journey) = ledger.open_journey().cloned() else { return Ok(()) };
    let awaited = journey.certificate.as_ref().map(|certificate| certificate.sha256);
    if awaited.is_none() || awaited != installed.certificate || matches!(journey.install, Install::Done { .. }) {
        return Ok(());
    }
    let install = Install::Done { at: world.clock.now(), confirmed: Confirmation::Person };
    let entry = Entry { after: awaited, ..Entry::of("certificate-installed").with("known-by", "person") };
    ledger.installed(Journey { install, ..journey }, entry).await
}

/// How far back Apple dates its certificates, twice.
const DATED_BACK: i64 = 20 * 60;

/// A renewal that somebody overtook by hand is over: the adopted certificate has the enrolled topic, is none that was
/// known when the renewal began, and was issued since then, or ends later than what was installed.
async fn close_overtaken(
    world: &World<'_>,
    ledger: &mut Ledger<'_>,
    before: Option<&Seen>,
    installed: &Installed,
) -> Result<(), Failure> {
    let Some(journey) = ledger.open_journey().cloned().filter(|journey| journey.certificate.is_none()) else {
        return Ok(());
    };
    let later = before.and_then(|seen| seen.installed.as_ref()).is_some_and(|before| is_later(installed, before));
    let since = installed.not_before.is_some_and(|begin| begin.plus(DATED_BACK) >= journey.started);
    if !(later || since) || journey.topic.is_none() || journey.topic != installed.topic {
        return Ok(());
    }
    if was_known(ledger, &journey, before, installed).await? {
        return Ok(());
    }
    let name = format!("{}/{}", ledger.tenant().name, journey.number);
    let end = Some(End { at: world.clock.now(), outcome: Ended::Elsewhere, reason: None });
    let entry = Entry { after: installed.certificate, ..Entry::of("renewed-elsewhere") };
    ledger.commit(Journey { end, ..journey }, vec![], entry).await?;
    world.tell(Event::Note(&format!("The open renewal {name} is closed: it was made elsewhere.")));
    Ok(())
}

/// Whether it ends after the one before it, and is not the same, whose end a console shows in another time zone.
fn is_later(installed: &Installed, before: &Installed) -> bool {
    let ends = before.not_after.zip(installed.not_after);
    ends.is_some_and(|(before, now)| now > before) && !installed.may_be(before)
}

/// Whether this certificate was here before the renewal began: the tool had installed it, or it had been seen by then.
async fn was_known(
    ledger: &Ledger<'_>,
    journey: &Journey,
    before: Option<&Seen>,
    installed: &Installed,
) -> Result<bool, Failure> {
    let seen_by_then = before.filter(|seen| seen.at <= journey.started).and_then(|seen| seen.installed.clone());
    let replaced =
        journey.before.map(|before| Installed { certificate: Some(before.certificate), ..Installed::default() });
    let last = ledger.last_installation().await?.and_then(|last| last.certificate);
    let known = [seen_by_then, replaced, last.as_ref().map(brought)];
    Ok(known.iter().flatten().any(|known| installed.may_be(known)))
}

/// A certificate that the tool brought, as something installed.
fn brought(received: &ReceivedCertificate) -> Installed {
    Installed {
        topic: Some(received.topic.clone()),
        serial: Some(received.serial.clone()),
        not_before: Some(received.not_before),
        not_after: Some(received.not_after),
        certificate: Some(received.sha256),
        issuer: received.issuer.clone(),
        ..Installed::default()
    }
}

pub(super) fn installed(facts: &CertificateFacts) -> Installed {
    Installed {
        topic: facts.topic.clone(),
        serial: Some(facts.serial.clone()),
        shown_serial: None,
        not_before: Some(facts.not_before),
        not_after: Some(facts.not_after),
        certificate: Some(facts.sha256),
        issuer: Some(facts.issuer.clone()),
        apple_account: None,
    }
}
