//! What the server shows of the devices while they fetch the new token.

use pushcert_papers::{
    Time,
    credential::{Coverage, Leg, Purpose, Rotation},
    escape::printable,
    pingid::Platform,
    renewal::guide::thousands,
};

use super::Run;
use crate::{
    commands::{Event, Failure},
    mdm::{App, Holders, MdmError},
};

/// Silent devices that are named.
const NAMED: usize = 10;

impl Run<'_> {
    /// Asks the server once, from the last switch until the old token goes.
    pub(super) async fn look_at_devices(&mut self) {
        let waits = |rotation: &&Rotation| {
            rotation.is_open()
                && rotation.purpose == Purpose::Replacement
                && rotation.all_switched_at().is_some()
                && !rotation.revoked.is_done()
        };
        let Some(rotation) = self.rotation.as_ref().filter(waits) else { return };
        if self.coverage.is_none() {
            let seen = self.seen(rotation).await;
            self.coverage = Some(seen.unwrap_or_else(|failure| Coverage::NotSeen(failure.to_string())));
        }
    }

    async fn seen(&self, rotation: &Rotation) -> Result<Coverage, Failure> {
        let server = self.world.servers.connect(self.tenant).await?;
        if !server.reach.devices {
            return Ok(Coverage::NotOffered);
        }
        self.world.tell(Event::Alive("Looking which devices have PingID, and which of them have checked in."));
        let mut legs = vec![];
        for (platform, switched) in &rotation.switched {
            let app = App { platform: *platform, identifier: self.tenant.credentials.pingid.app(*platform) };
            match server.mdm.holders(&app, switched.at).await {
                Ok(found) => legs.push(leg(*platform, found)),
                Err(MdmError::NoInterface(_)) => return Ok(Coverage::NotOffered),
                Err(error) => return Err(self.world.failed(self.tenant, error).await),
            }
        }
        Ok(Coverage::Seen(legs))
    }

    /// Says what is seen of the devices, and what it proves.
    pub(super) async fn tell_coverage(&self) {
        let rotation = self.open_rotation();
        match &self.coverage {
            Some(Coverage::Seen(legs)) => {
                for leg in legs {
                    if let Some(stamp) = rotation.switched.get(&leg.platform) {
                        self.tell_leg(leg, stamp.at);
                    }
                }
                self.note(
                    "A check-in proves that the server could hand the token over, and not that PingID has read it.",
                );
            }
            Some(Coverage::NotSeen(why)) => self.note(&format!("Devices cannot be looked at: {}.", printable(why))),
            Some(Coverage::NotOffered) | None => self.tell_check_ins(&rotation).await,
        }
    }

    fn tell_leg(&self, leg: &Leg, since: Time) {
        let title = leg.platform.title();
        let Some(percent) = leg.percent() else {
            return self.note(&format!(
                "{title}: not known. The server shows PingID on none of {} devices: either none has it, or the server may not look.",
                thousands(leg.looked_at)
            ));
        };
        let sample = if leg.looked_at < leg.of {
            format!(" ({} of {} devices were looked at)", thousands(leg.looked_at), thousands(leg.of))
        } else {
            String::new()
        };
        self.note(&format!(
            "{title}: {} of {} devices with PingID have checked in since {} ({percent} of 100){sample}.",
            thousands(leg.heard),
            thousands(leg.heard + leg.silent),
            since.date_and_time(),
        ));
        if !leg.silent_devices.is_empty() {
            self.note(&format!(
                "Silent since, and refused once the old token is gone: {}.",
                named(&leg.silent_devices)
            ));
        }
    }

    /// Where nothing tells which devices have the app, check-ins of all of Apple's are better than nothing.
    async fn tell_check_ins(&self, rotation: &Rotation) {
        let Some(since) = rotation.switched.get(&Platform::Ios).map(|stamp| stamp.at) else { return };
        match self.checked_in_since(since).await {
            Ok(Some((seen, all))) => self.note(&format!(
                "{} of {} Apple devices have checked in since {}. That proves that the server spoke with them. Which devices have \
                 PingID is not known: this interface does not tell. Android devices are not looked at.",
                thousands(seen),
                thousands(all),
                since.date_and_time(),
            )),
            Ok(None) => self.note("How many devices have it is not known: the server offers no way to look."),
            Err(failure) => self.note(&format!("Devices cannot be looked at: {failure}.")),
        }
    }

    async fn checked_in_since(&self, since: Time) -> Result<Option<(u64, u64)>, Failure> {
        let server = self.world.servers.connect(self.tenant).await?;
        if !server.reach.devices {
            return Ok(None);
        }
        let fleet = match server.mdm.fleet().await {
            Ok(fleet) => fleet,
            Err(error) => return Err(self.world.failed(self.tenant, error).await),
        };
        let seen = fleet.devices.iter().filter(|device| device.last_check_in.is_some_and(|at| at >= since)).count();
        Ok(Some((seen as u64, fleet.devices.len() as u64)))
    }

    fn note(&self, words: &str) {
        self.world.tell(Event::Note(words));
    }
}

fn leg(platform: Platform, found: Holders) -> Leg {
    let Holders { heard, silent, silent_ids, looked_at, of } = found;
    Leg { platform, heard, silent, silent_devices: silent_ids, looked_at, of }
}

fn named(devices: &[String]) -> String {
    let some: Vec<_> = devices.iter().take(NAMED).map(|device| printable(device)).collect();
    let more = devices.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", some.join(", "))
}
