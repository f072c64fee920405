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

/// Records what is installed.
///
/// # Errors
/// When the file is not what it should be, or the store cannot be written.
pub async fn adopt(
    world: &World<'_>,
    name: &pushcert_papers::TenantName,
    evidence: &Evidence,
    confirmed: Option<Topic>,
) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let before = ledger.sighting().await?;
    let installed = match evidence {
        Evidence::File(path) => from_file(world, tenant, &mut ledger, path).await?,
        Evidence::Page(path) => from_page(world, &mut ledger, files::need(path)?, &shown(path)).await?,
        Evidence::Pasted(text) => from_page(world, &mut ledger, text.clone().into_bytes(), "the pasted page").await?,
    };
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
/// When the store cannot be written.
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

async fn from_file(
    world: &World<'_>,
    tenant: &Tenant,
    ledger: &mut Ledger<'_>,
    path: &Path,
) -> Result<Installed, Failure> {
    let bytes = files::need(path)?;
    let authorities = tenant.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    let now = world.clock.now();
    let judged = judge(&bytes, None, Want::PushCertificate, &Expectations::default(), &authorities, now);
    let facts = match one_push_certificate(judged.clone()) {
        Ok(facts) => facts,
        Err(why) => return Err(not_adopted(world, path, &judged, &why)),
    };
    let installed = installed(&facts);
    let entry = Entry { after: Some(facts.sha256), ..Entry::of("certificate-adopted").with("source", "file") };
    ledger.note(Kept::certificate(&bytes, &facts), entry).await?;
    ledger.saw(Seen { at: now, source: Source::File, installed: Some(installed.clone()) }).await?;
    world.tell(Event::Note(&format!(
        "Recorded for {}: {}, ends {}.",
        tenant.name,
        facts.topic.as_ref().map_or("", |topic| topic.as_str()),
        facts.not_after.date()
    )));
    if judged.verdict == Verdict::Refuse {
        // An old certificate that has ended may be adopted all the same; what is wrong with it is said.
        world.tell(Event::NotTaken(&Looked { path: &shown(path), judged: &judged, authorities: None, now }));
    }
    Ok(installed)
}

fn not_adopted(world: &World<'_>, path: &Path, judged: &Judged, why: &Finding) -> Failure {
    let path = shown(path);
    world.tell(Event::NotTaken(&Looked { path: &path, judged, authorities: None, now: world.clock.now() }));
    let message = format!("{path} is not a push certificate; nothing was recorded");
    Failure::new(Kind::Refused, why.code.word(), message).hinted(
        "take the certificate from the row's Download at Apple's portal, or save the console's page and use --page",
    )
}

async fn from_page(
    world: &World<'_>,
    ledger: &mut Ledger<'_>,
    bytes: Vec<u8>,
    place: &str,
) -> Result<Installed, Failure> {
    let installed = page::read(&bytes).ok_or_else(|| {
        Failure::new(
            Kind::Refused,
            "page-not-understood",
            format!("{place}: neither a topic nor an end is shown there"),
        )
        .hinted("open the console's MDM certificate page, wait until it shows the certificate, and save it as a whole")
    })?;
    let now = world.clock.now();
    ledger
        .note(
            vec![Kept { kind: "page", name: "console.html".into(), bytes }],
            Entry::of("certificate-adopted").with("source", "page"),
        )
        .await?;
    let seen = ledger.saw(Seen { at: now, source: Source::Page, installed: Some(installed) }).await?;
    let installed = seen.installed.expect("a page shows a certificate");
    let end = installed.not_after.map_or_else(|| "an unknown day".into(), pushcert_papers::Time::date);
    world.tell(Event::Note(&format!("Recorded from the page: ends {end} (dates of a console have no time zone).")));
    Ok(installed)
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
    let Some(topic) = &installed.topic else { return Ok(()) };
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
