//! The proof: devices that check in after the change.

use std::time::Duration;

use pushcert_papers::{
    DAY, Time,
    renewal::{End, Journey, Outcome, Proof},
};

use super::{Flow, Run};
use crate::{
    commands::{Event, Failure, Mark, ledger::Entry},
    mdm::{Device, MdmError},
};

/// How many devices are asked.
const DEVICES: usize = 3;

/// The first pause between two looks; each is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Run<'_> {
    /// Asks devices to check in, and looks who did. Silence proves nothing: devices may be off.
    pub(super) async fn prove(&mut self) -> Result<Flow, Failure> {
        match self.ask_devices().await {
            Ok((answered, asked)) => self.proved(answered, asked).await,
            Err(error @ MdmError::SignInRefused { .. }) => Err(self.world.failed(self.tenant, error).await),
            Err(error) => {
                self.world.tell(Event::Note(&format!("Devices could not be asked: {error}.")));
                self.proved(0, 0).await
            }
        }
    }

    /// How many of how many devices checked in after they were asked.
    async fn ask_devices(&self) -> Result<(usize, usize), MdmError> {
        let noted = self.server.mdm.recent_devices(DEVICES).await?;
        let ids: Vec<String> = noted.iter().map(|device| device.id.clone()).collect();
        if ids.is_empty() {
            return Ok((0, 0));
        }
        self.server.mdm.force_check_in(&ids).await?;
        let begun = tokio::time::Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let now = self.server.mdm.devices(&ids).await?;
            let answered = noted.iter().filter(|device| checked_in_since(device, &now)).count();
            if answered == ids.len() || begun.elapsed() + pause > self.world.patience {
                return Ok((answered, ids.len()));
            }
            self.world
                .tell(Event::Alive(&format!("Asked {} devices to check in; {answered} answered so far.", ids.len())));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn proved(&mut self, answered: usize, asked: usize) -> Result<Flow, Failure> {
        let at = self.world.clock.now();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        if answered > 0 {
            let proof = Proof::Answered { at, answered: count(answered), asked: count(asked) };
            let entry = Entry::of("devices-answered").with("answered", &format!("{answered} of {asked}"));
            self.ledger.commit(Journey { proof, ..self.journey() }, vec![], entry).await?;
            let detail = format!("{answered} of {asked} checked in after the change");
            self.world.tell(Event::Done { step: 5, mark: Mark::Sure, title: "Devices answer", detail: &detail });
            return Ok(Flow::On);
        }
        let entry = Entry::of("devices-silent").with("asked", &asked.to_string());
        self.ledger
            .commit(Journey { proof: Proof::Pending { at, asked: count(asked) }, ..self.journey() }, vec![], entry)
            .await?;
        self.world.tell(Event::Done { step: 5, mark: Mark::Open, title: "Proof pending", detail: &silence(asked) });
        self.world.tell(Event::Note(&format!("Ask again later, and tomorrow:  {}", self.command())));
        Ok(Flow::Stop(None, None))
    }

    /// Ends the journey.
    pub(super) async fn close(&mut self) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let journey = self.journey();
        let unproven = matches!(journey.proof, Proof::Wanted | Proof::Pending { .. });
        let proof = if unproven { Proof::NoInterface } else { journey.proof.clone() };
        let ends = journey.certificate.as_ref().map(|certificate| certificate.not_after);
        if unproven {
            let detail = "there is no interface to ask devices; look in the console whether they check in";
            self.world.tell(Event::Done { step: 5, mark: Mark::Open, title: "Not proven", detail });
        }
        let end = Some(End { at: now, outcome: Outcome::Renewed, reason: None });
        self.ledger.commit(Journey { proof, end, ..journey }, vec![], Entry::of("renewal-closed")).await?;
        self.world.tell(Event::Closing(&self.closing(ends)));
        Ok(Flow::Stop(None, None))
    }

    fn closing(&self, ends: Option<Time>) -> String {
        let notice = self.tenant.thresholds.notice;
        let next = ends.map(|end| format!(" Next: {} ({notice} days before the end).", end.plus(-notice * DAY).date()));
        format!("{} is renewed.{} Nothing to do on the devices.", self.tenant.name, next.unwrap_or_default())
    }
}

fn silence(asked: usize) -> String {
    match asked {
        0 => "no Apple device could be asked".into(),
        asked => format!("none of {asked} devices answered yet; they may be off, so this proves nothing"),
    }
}

fn checked_in_since(noted: &Device, now: &[Device]) -> bool {
    now.iter().any(|device| device.id == noted.id && device.last_check_in > noted.last_check_in)
}
