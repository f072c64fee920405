//! A person's turns in the server, and the wait for the devices.

use pushcert_papers::{
    Time,
    credential::{Lockout, Purpose, guide},
    pingid::Platform,
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

    /// The time is over, and too many devices are still missing: a person looks after them.
    pub(super) async fn await_devices(&self, missing: &[Lockout]) -> Flow {
        self.tell_coverage().await;
        for lockout in missing {
            self.world.tell(Event::Note(&format!("{}: {}.", lockout.word(), lockout.message())));
        }
        self.world
            .tell(Event::Note(&format!("Both tokens work. When more devices have checked in:  {}", self.command())));
        self.world.tell(Event::Note(&format!(
            "Who knows better says so, and why:  {} {} --reason TEXT",
            self.command(),
            accepting(missing)
        )));
        Flow::Stop(Some(Kind::Waiting), Some("devices"))
    }

    /// Says everything that would lock people out.
    pub(super) fn refuse(&self, against: &[Lockout]) -> Failure {
        for lockout in against {
            self.world.tell(Event::Note(&format!("{}: {}.", lockout.word(), lockout.message())));
        }
        let code = against.first().map_or("window-open", Lockout::word);
        Failure::new(
            Kind::Refused,
            code,
            "the old token is not revoked: people would be locked out. Nothing was changed",
        )
        .hinted(format!(
            "who knows better says so, and why:  {} {} --reason TEXT",
            self.command(),
            accepting(against)
        ))
    }
}

/// The flags by which a person takes these upon themselves.
fn accepting(against: &[Lockout]) -> String {
    let mut words: Vec<_> = against.iter().map(Lockout::word).collect();
    words.dedup();
    words.iter().map(|word| format!("--accept-lockout {word}")).collect::<Vec<_>>().join(" ")
}

const fn waiting_for(platform: Platform) -> &'static str {
    match platform {
        Platform::Ios => "switched-ios",
        Platform::Android => "switched-android",
    }
}
