//! `prove`: do devices answer? They are asked to check in, and it is looked who did.

use std::time::Duration;

use pushcert_papers::{
    TenantName,
    renewal::{Journey, Proof, Stage},
};

use super::{
    Event, Failure, Kind, Outcome, World,
    ledger::{Entry, Ledger},
};
use crate::mdm::{Device, Mdm, MdmError};

/// How many devices are asked.
const DEVICES: usize = 3;

/// The first pause between two looks; each is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How many of the devices that were asked checked in afterwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answers {
    /// How many did.
    pub answered: u32,
    /// How many were asked.
    pub asked: u32,
}

/// Asks devices of a tenant, and puts on record who answered. Silence is inconclusive: devices may be off.
///
/// # Errors
/// When the server has no interface for it, does not answer, or the store cannot be written.
pub async fn prove(world: &World<'_>, name: &TenantName) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let server = world.servers.connect(tenant).await?;
    let answers = match ask(world, &*server.mdm).await {
        Ok(answers) => answers,
        Err(error) => return Err(world.failed(tenant, error).await),
    };
    keep(world, &mut ledger, answers).await?;
    world.tell(Event::Proved { tenant: name, answers });
    Ok((answers.answered == 0).then_some(Kind::Temporary))
}

/// Asks some devices that were seen lately to check in, and looks who does.
pub(super) async fn ask(world: &World<'_>, mdm: &dyn Mdm) -> Result<Answers, MdmError> {
    let noted = mdm.recent_devices(DEVICES).await?;
    let ids: Vec<String> = noted.iter().map(|device| device.id.clone()).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    if ids.is_empty() {
        return Ok(Answers { answered: 0, asked: 0 });
    }
    mdm.force_check_in(&ids).await?;
    let begun = tokio::time::Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let now = mdm.devices(&ids).await?;
        let answered = noted.iter().filter(|device| checked_in_since(device, &now)).count();
        if answered == ids.len() || begun.elapsed() + pause > world.patience {
            return Ok(Answers { answered: count(answered), asked: count(ids.len()) });
        }
        world.tell(Event::Alive(&format!("Asked {} devices to check in; {answered} answered so far.", ids.len())));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn checked_in_since(noted: &Device, now: &[Device]) -> bool {
    now.iter().any(|device| device.id == noted.id && device.last_check_in > noted.last_check_in)
}

/// Puts it on record; in a renewal that waits for its proof, as that.
async fn keep(world: &World<'_>, ledger: &mut Ledger<'_>, answers: Answers) -> Result<(), Failure> {
    let Answers { answered, asked } = answers;
    let what = if answered > 0 { "devices-answered" } else { "devices-silent" };
    let entry = Entry::of(what).with("answered", &format!("{answered} of {asked}"));
    let waiting = ledger.latest_journey().filter(|journey| journey.is_open() && journey.stage() == Stage::Prove);
    match waiting.cloned() {
        Some(journey) if answered > 0 => {
            let proof = Proof::Answered { at: world.clock.now(), answered, asked };
            ledger.commit(Journey { proof, ..journey }, vec![], entry).await
        }
        _ => ledger.note(vec![], entry).await,
    }
}
