//! A person's turns in the server, and the wait for the devices.

use pushcert_papers::{
    Time,
    credential::{Lockout, Purpose, guide},
    pingid::Platform,
    renewal::guide::thousands,
};

use super::{Done, Flow, Run};
use crate::commands::{Event, Failure, Kind, Mark, ledger::Entry};

impl Run<'_> {
    /// Guides a person through the configuration of a platform, and notes that they have changed it.
    pub(super) async fn guide_switch(&mut self, platform: Platform) -> Result<Flow, Failure> {
        let mut rotation = self.open_rotation();
        let at = (Self::step_of(&rotation, platform), Self::steps(&rotation));
        let told = self.wish.done.contains(&Done::Switched(platform));
        if !told {
            let folder = rotation.handed_off.clone().unwrap_or_default();
            let first = rotation.purpose == Purpose::FirstSetUp;
            let card = guide::switch(self.tenant.product.console(), platform, first, &folder);
            self.world.tell(Event::Task { at, card: &card });
            let question = format!("Does the server show the new value for {}, saved?", platform.title());
            if !self.world.ask.confirm(&question) {
                let how = format!("When it is saved, say so:  {} --done switched-{}", self.command(), platform.word());
                self.world.tell(Event::Note(&how));
                return Ok(Flow::Stop(Some(Kind::Waiting), Some(waiting_for(platform))));
            }
            self.ask_evidence();
        }
        let stamp = self.stamp();
        let entry = Entry::of("pingid-platform-switched")
            .with("platform", platform.word())
            .with("evidence", stamp.evidence.as_deref().unwrap_or_default());
        rotation.switched.insert(platform, stamp);
        let title = format!("{} switched", platform.title());
        self.world.tell(Event::Ticked { at, mark: Mark::Sure, title: &title, detail: "you told us so" });
        self.wish.evidence = None;
        self.commit(rotation, entry).await?;
        Ok(Flow::On)
    }

    pub(super) fn ask_evidence(&mut self) {
        if self.wish.evidence.is_none() {
            self.wish.evidence = self.world.ask.words("What does the page show? (goes on record; Enter for nothing)");
        }
    }

    /// Devices are fetching the new token: says until when, and what is seen of it.
    pub(super) async fn soak(&mut self, until: Time) -> Result<Flow, Failure> {
        let note = format!(
            "Devices have until {} to fetch the new token. Both tokens work; nothing is due before that.",
            until.date_and_time()
        );
        self.world.tell(Event::Note(&note));
        self.tell_coverage().await;
        self.world.tell(Event::Note(&format!("Then:  {}", self.command())));
        Ok(Flow::Stop(None, Some("time")))
    }

    /// How many devices the server has spoken with since the iOS configuration was changed. It proves that and no more.
    pub(super) async fn tell_coverage(&self) {
        let Some(since) = self.open_rotation().switched.get(&Platform::Ios).map(|stamp| stamp.at) else { return };
        match self.checked_in_since(since).await {
            Ok(Some((seen, all))) => self.world.tell(Event::Note(&format!(
                "{} of {} Apple devices have checked in since {}. That proves that the server spoke with them: not that PingID \
                 is on them, nor that it has read the token. Android devices are not looked at.",
                thousands(seen),
                thousands(all),
                since.date_and_time(),
            ))),
            Ok(None) => self.world.tell(Event::Note("How many devices have it is not known: the server offers no way to look.")),
            Err(failure) => self.world.tell(Event::Note(&format!("Devices cannot be looked at: {failure}."))),
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

    /// Says everything that would lock people out.
    pub(super) fn refuse(&self, against: &[Lockout]) -> Failure {
        for lockout in against {
            self.world.tell(Event::Note(&format!("{}: {}.", lockout.word(), lockout.message())));
        }
        let mut words: Vec<_> = against.iter().map(Lockout::word).collect();
        words.dedup();
        let code = words.first().copied().unwrap_or("window-open");
        let flags: Vec<_> = words.iter().map(|word| format!("--accept-lockout {word}")).collect();
        Failure::new(
            Kind::Refused,
            code,
            "the old token is not revoked: people would be locked out. Nothing was changed",
        )
        .hinted(format!(
            "who knows better says so, and why:  {} {} --reason TEXT",
            self.command(),
            flags.join(" ")
        ))
    }
}

const fn waiting_for(platform: Platform) -> &'static str {
    match platform {
        Platform::Ios => "switched-ios",
        Platform::Android => "switched-android",
    }
}
