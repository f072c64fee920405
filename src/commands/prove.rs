//! `prove`: do devices answer? They are asked to check in, and it is looked who did.

use std::time::Duration;

use pushcert_papers::{
    DAY, TenantName, Time,
    renewal::{Install, Journey, Proof},
    watch::{AfterChange, Share, after_change},
};

use super::{
    Event, Failure, Kind, Outcome, World,
    devices::{fleet, gap},
    ledger::{Entry, Ledger},
    passphrase::Passphrase,
    push,
};
use crate::{
    config::Tenant,
    mdm::{Device, Mdm, MdmError},
};

/// How many devices are asked.
pub(super) const DEVICES: usize = 3;

/// The first pause between two looks; each is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Servers tell the times of check-ins in whole seconds.
const SECOND: Duration = Duration::from_secs(1);
/// How recent a check-in may be, in seconds and by our own clock, that falls into the second of the asking by the server's.
const RECENT: i64 = 30;

/// Under this name a line of the record says how many devices checked in on the day before a change.
pub(super) const DAY_BEFORE: &str = "checked-in-the-day-before";

/// What a person wants to know.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Ask these devices, and no others.
    pub devices: Vec<String>,
    /// Look at the whole fleet instead: how many checked in since the change.
    pub fleet: bool,
    /// How long to wait for answers, where not as usual.
    pub wait: Option<Duration>,
    /// What opens an own key, where the store holds one.
    pub passphrase: Passphrase,
}

/// How many of the devices that were asked checked in afterwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answers {
    /// How many did.
    pub answered: u32,
    /// How many were asked.
    pub asked: u32,
}

/// How a fleet answers since a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FleetAnswers {
    /// What it comes to.
    pub verdict: AfterChange,
    /// How many checked in since the change.
    pub after: Share,
    /// How many checked in on the day before it, where that is on record.
    pub before: Option<Share>,
    /// When the change was.
    pub changed: Time,
}

/// Asks devices of a tenant, and puts on record who answered. Silence is inconclusive: devices may be off. Where no device
/// can be asked and the store holds the certificate's own key, APNs is asked instead.
///
/// # Errors
/// When the server has no interface for it, does not answer, or the store cannot be written.
pub async fn prove(world: &World<'_>, name: &TenantName, wish: &Wish) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let server = world.servers.connect(tenant).await?;
    if wish.fleet {
        return prove_fleet(world, tenant, &mut ledger, &*server.mdm).await;
    }
    let own = push::own(&ledger).await?.filter(|_| !server.reach.devices && wish.devices.is_empty());
    if let Some(certificate) = own {
        return push::prove_own(world, tenant, &mut ledger, (&certificate, &wish.passphrase)).await;
    }
    let noted = match noted(world, &*server.mdm, &wish.devices).await {
        Ok(noted) => noted,
        Err(error) => return Err(world.failed(tenant, error).await),
    };
    all_are_there(name, &wish.devices, &noted)?;
    let answers = match ask(world, &*server.mdm, noted, wish.wait.unwrap_or(world.patience)).await {
        Ok(answers) => answers,
        Err(error) => return Err(world.failed(tenant, error).await),
    };
    keep(world, &mut ledger, answers).await?;
    world.tell(Event::Proved { tenant: name, answers });
    Ok((answers.answered == 0).then_some(Kind::Temporary))
}

/// The devices that are to be asked: those that were named, or else the ones that checked in last.
async fn noted(world: &World<'_>, mdm: &dyn Mdm, named: &[String]) -> Result<Vec<Device>, MdmError> {
    match named {
        [] => Ok(fleet(world, mdm).await?.recent(DEVICES)),
        named => mdm.devices(named).await,
    }
}

/// Whether the server knows every device that was named. One that it answers under another name has been found, too.
fn all_are_there(tenant: &TenantName, named: &[String], found: &[Device]) -> Result<(), Failure> {
    let is_known = |name: &str| found.iter().any(|device| device.id.eq_ignore_ascii_case(name));
    let absent: Vec<_> = named.iter().map(String::as_str).filter(|name| !is_known(name)).collect();
    if absent.is_empty() || found.len() >= named.len() {
        return Ok(());
    }
    let message = format!("{tenant} has no Apple device {}; none was asked", absent.join(", "));
    Err(Failure::new(Kind::NotFound, "device-unknown", message).hinted(
        "--device takes the name that the server's interface gives a device: a number at Cloud, a UUID at Core",
    ))
}

/// Asks devices, whose last check-ins were noted, to check in, and looks who does. The noted check-in is by the server's
/// clock, as the next one will be, so that no other clock matters.
pub(super) async fn ask(
    world: &World<'_>,
    mdm: &dyn Mdm,
    noted: Vec<Device>,
    patience: Duration,
) -> Result<Answers, MdmError> {
    let ids: Vec<String> = noted.iter().map(|device| device.id.clone()).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    if ids.is_empty() {
        return Ok(Answers { answered: 0, asked: 0 });
    }
    if checked_in_just_now(&noted, world.clock.now()) {
        tokio::time::sleep(SECOND).await;
    }
    mdm.force_check_in(&ids).await?;
    let begun = tokio::time::Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let now = match mdm.devices(&ids).await {
            // They were asked; a server that is busy for a moment does not make that undone.
            Err(MdmError::Unavailable { .. }) if begun.elapsed() + pause <= patience => vec![],
            now => now?,
        };
        let answered = noted.iter().filter(|device| checked_in_since(device, &now)).count();
        if answered == ids.len() || begun.elapsed() + pause > patience {
            return Ok(Answers { answered: count(answered), asked: count(ids.len()) });
        }
        let left = (patience.saturating_sub(begun.elapsed())).as_secs();
        let words = format!(
            "Asked {} devices to check in; {answered} answered so far. Looking for another {left} seconds at most.",
            ids.len()
        );
        world.tell(Event::Alive(&words));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether a device has answered somebody so recently that its next answer could fall into the same second, and would not be
/// told from the last one. A second later it cannot.
fn checked_in_just_now(noted: &[Device], now: Time) -> bool {
    let mut times = noted.iter().filter_map(|device| device.last_check_in);
    times.any(|at| (now.unix() - at.unix()).abs() < RECENT)
}

fn checked_in_since(noted: &Device, now: &[Device]) -> bool {
    now.iter().any(|device| device.id == noted.id && device.last_check_in > noted.last_check_in)
}

/// Puts it on record; in a renewal that waits for its proof, or whose devices were asked on its first day only, as that.
async fn keep(world: &World<'_>, ledger: &mut Ledger<'_>, answers: Answers) -> Result<(), Failure> {
    let Answers { answered, asked } = answers;
    let what = if answered > 0 { "devices-answered" } else { "devices-silent" };
    let entry = Entry::of(what).with("answered", &format!("{answered} of {asked}"));
    keep_proof(world, ledger, answers, entry).await
}

async fn keep_proof(
    world: &World<'_>,
    ledger: &mut Ledger<'_>,
    Answers { answered, asked }: Answers,
    entry: Entry,
) -> Result<(), Failure> {
    let waiting = ledger.latest_journey().filter(|journey| {
        let installed = matches!(journey.install, Install::Done { .. });
        installed && (journey.is_open() || matches!(journey.proof, Proof::Answered { .. }))
    });
    match waiting.cloned() {
        Some(journey) if answered > 0 => {
            let proof = Proof::Answered { at: world.clock.now(), answered, asked };
            ledger.commit(Journey { proof, ..journey }, vec![], entry).await
        }
        _ => ledger.note(vec![], entry).await,
    }
}

/// Looks how many of the fleet have checked in since the change, beside how many did on the day before it.
async fn prove_fleet(world: &World<'_>, tenant: &Tenant, ledger: &mut Ledger<'_>, mdm: &dyn Mdm) -> Outcome {
    let last = ledger.last_installation().await?;
    let Some(Install::Done { at: changed, .. }) = last.map(|journey| journey.install) else {
        let message = format!("no installation at {} is on record, so there is no change to look behind", tenant.name);
        return Err(Failure::new(Kind::NotFound, "no-change", message)
            .hinted(format!("ask some devices instead:  pushcert prove {}", tenant.name)));
    };
    let now = world.clock.now();
    let seen = match fleet(world, mdm).await {
        Ok(seen) => seen,
        Err(error) => return Err(world.failed(tenant, error).await),
    };
    if let Some(gap) = gap(&seen) {
        world.tell(Event::Note(&gap));
    }
    // Devices of a server whose clock is behind would seem to be silent, and those of one that is ahead to answer: a
    // check-in counts from a moment after the change, and a day is long beside a wrong clock.
    let after = Share::since(seen.devices.iter().map(|device| device.last_check_in), changed);
    let before = day_before(world, &tenant.name).await?;
    let verdict = after_change(before, after, changed, now);
    let answers = FleetAnswers { verdict, after, before, changed };
    let entry = Entry::of("fleet-looked-at").with("checked-in-since", &after.to_string());
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let proven = verdict == AfterChange::Answers && now >= changed.plus(DAY);
    let counted = Answers { answered: if proven { number(after.checked_in) } else { 0 }, asked: number(after.of) };
    keep_proof(world, ledger, counted, entry).await?;
    world.tell(Event::FleetProved { tenant: &tenant.name, answers });
    Ok((verdict != AfterChange::Answers).then_some(Kind::Temporary))
}

/// How many devices checked in on the day before the latest change, as the record says.
async fn day_before(world: &World<'_>, name: &TenantName) -> Result<Option<Share>, Failure> {
    let lines = world.store.audit(name).await?;
    let noted = |line: &crate::store::AuditLine| Share::parse(line.entry.details.get(DAY_BEFORE)?);
    Ok(lines.iter().rev().find_map(noted))
}
