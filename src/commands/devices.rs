//! Devices, as deeds look at them: how many a mistake would lose, and which of them fell silent.

use std::time::Duration;

use pushcert_papers::{
    Time,
    renewal::guide::thousands,
    watch::{Share, Silence, fell_silent},
};

use super::{Event, World};
use crate::mdm::{Fleet, Mdm, MdmError, Scope};

/// After so long a person wants to know that something is still going on.
const SILENT: Duration = Duration::from_secs(1);

/// Reads the list of devices; says that it is alive where that takes its time.
pub async fn fleet(world: &World<'_>, mdm: &dyn Mdm) -> Result<Fleet, MdmError> {
    let reading = mdm.fleet();
    tokio::pin!(reading);
    tokio::select! {
        biased;
        fleet = &mut reading => return fleet,
        () = tokio::time::sleep(SILENT) => {}
    }
    world.tell(Event::Alive("Reading the list of devices; a large one comes in many pages."));
    reading.await
}

/// What is to be said of a list that does not show every device; nothing where it does.
pub fn gap(fleet: &Fleet) -> Option<String> {
    let seen = thousands(fleet.devices.len() as u64);
    if !fleet.whole {
        return Some(format!(
            "The list of devices was read in part, as far as {seen} Apple devices; there may be more."
        ));
    }
    match &fleet.scope {
        Scope::Everything | Scope::Spaces(_) => None,
        Scope::Default => Some(format!(
            "{seen} Apple devices are in the default space; whether other spaces have more cannot be seen by this account \
             or interface."
        )),
        Scope::Chosen(space) => Some(format!("Only space {space} was looked at, as configured: {seen} Apple devices.")),
    }
}

/// How many of the devices checked in within so many seconds.
pub fn share_within(fleet: &Fleet, seconds: i64, now: Time) -> Share {
    Share::since(fleet.devices.iter().map(|device| device.last_check_in), now.plus(-seconds))
}

/// Devices that fell silent after the first day of the certificate that begins then.
pub fn silence(fleet: &Fleet, begins: Option<Time>, now: Time) -> Option<Silence> {
    let check_ins: Vec<_> = fleet.devices.iter().map(|device| device.last_check_in).collect();
    fell_silent(&check_ins, begins?, now)
}

/// What such a silence is likely to mean.
pub fn silence_in_words(silence: Silence, begins: Time) -> String {
    let Silence { known, heard } = silence;
    format!(
        "Devices fell silent: {} checked in before {}, the first day of this certificate, and {} since. It may have another \
         topic than the one before it; look for that one before you confirm a topic.",
        thousands(known),
        begins.date(),
        if heard == 0 { "none".into() } else { format!("only {}", thousands(heard)) },
    )
}
