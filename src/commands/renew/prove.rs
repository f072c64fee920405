//! The proof: devices that check in after the change.

use pushcert_papers::{
    DAY, Time,
    renewal::{End, Journey, Outcome, Proof, Purpose},
};

use super::{Flow, Run};
use crate::{
    commands::{
        Event, Failure, Kind, Mark,
        devices::fleet,
        ledger::Entry,
        prove::{Answers, DEVICES, ask},
        push,
    },
    mdm::MdmError,
};

impl Run<'_> {
    /// Asks devices to check in, and looks who did. Silence proves nothing: devices may be off.
    pub(super) async fn prove(&mut self) -> Result<Flow, Failure> {
        match self.ask_devices().await {
            Ok(answers) => self.proved(answers).await,
            Err(error @ MdmError::SignInRefused { .. }) => Err(self.world.failed(self.tenant, error).await),
            Err(error) => {
                let failure = Failure::from(error);
                let hint = failure.hint.unwrap_or_default();
                self.world.tell(Event::Note(&format!("Devices could not be asked: {}. ({hint})", failure.message)));
                self.proved(Answers { answered: 0, asked: 0 }).await
            }
        }
    }

    async fn ask_devices(&self) -> Result<Answers, MdmError> {
        let noted = fleet(self.world, &*self.server.mdm).await?.recent(DEVICES);
        ask(self.world, &*self.server.mdm, noted, self.world.patience).await
    }

    async fn proved(&mut self, Answers { answered, asked }: Answers) -> Result<Flow, Failure> {
        let at = self.world.clock.now();
        if answered > 0 {
            let proof = Proof::Answered { at, answered, asked };
            let entry = Entry::of("devices-answered").with("answered", &format!("{answered} of {asked}"));
            self.ledger.commit(Journey { proof, ..self.journey() }, vec![], entry).await?;
            let detail = format!("{answered} of {asked} checked in after the change; to be asked again tomorrow");
            self.world.tell(Event::Done { step: 5, mark: Mark::Sure, title: "Devices answer", detail: &detail });
            return Ok(Flow::On);
        }
        if asked == 0 && self.journey().is_first() {
            let entry = Entry::of("no-device-yet");
            self.ledger.commit(Journey { proof: Proof::NoInterface, ..self.journey() }, vec![], entry).await?;
            let detail = "no device is enrolled yet; enrol one, and look whether it checks in";
            self.world.tell(Event::Done { step: 5, mark: Mark::Open, title: "Nothing to prove", detail });
            return Ok(Flow::On);
        }
        let entry = Entry::of("devices-silent").with("asked", &asked.to_string());
        self.ledger.commit(Journey { proof: Proof::Pending { at, asked }, ..self.journey() }, vec![], entry).await?;
        self.world.tell(Event::Done { step: 5, mark: Mark::Open, title: "Proof pending", detail: &silence(asked) });
        self.world.tell(Event::Note(&format!("Ask again later, and tomorrow:  {}", self.command())));
        Ok(Flow::Stop(None, None))
    }

    /// Ends the journey.
    pub(super) async fn close(&mut self) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let journey = self.journey();
        let unproven = matches!(journey.proof, Proof::Wanted | Proof::Pending { .. });
        if unproven && let Some(refused) = self.ask_apns().await? {
            return Ok(refused);
        }
        let proof = if unproven { Proof::NoInterface } else { journey.proof.clone() };
        let ends = journey.certificate.as_ref().map(|certificate| certificate.not_after);
        if unproven {
            let detail = if self.server.reach.devices {
                "no device answered until the next renewal was due"
            } else {
                "there is no interface to ask devices; look in the console whether they check in"
            };
            self.world.tell(Event::Done { step: 5, mark: Mark::Open, title: "Not proven", detail });
        }
        let end = Some(End { at: now, outcome: Outcome::Renewed, reason: None });
        self.ledger.commit(Journey { proof, end, ..journey }, vec![], Entry::of("renewal-closed")).await?;
        if unproven && self.server.reach.devices {
            // The next renewal is due, and goes on in this very run.
            return Ok(Flow::On);
        }
        self.world.tell(Event::Closing(&self.closing(ends)));
        Ok(Flow::Stop(None, None))
    }

    /// Asks APNs whether it takes the new certificate, where the store holds its key and nobody has to type what opens it.
    /// Only a refusal keeps the renewal open: everything else leaves it as it is.
    async fn ask_apns(&mut self) -> Result<Option<Flow>, Failure> {
        let Some(certificate) = push::own(&self.ledger).await? else { return Ok(None) };
        let again = format!("pushcert prove {}", self.tenant.name);
        let answer = match push::at_hand(self.tenant, &self.wish.passphrase) {
            Ok(Some(secret)) => {
                push::ask_with_own(self.world, self.tenant, &mut self.ledger, (&certificate, &secret)).await
            }
            Ok(None) => {
                self.world.tell(Event::Note(&format!("Whether APNs takes the new certificate is asked by  {again}")));
                return Ok(None);
            }
            Err(failure) => Err(failure),
        };
        let refusal = match answer {
            Ok(answer) => push::outcome(&answer).err().filter(|failure| failure.kind == Kind::Refused),
            Err(failure) => {
                self.world.tell(Event::Note(&format!("APNs was not asked: {failure}. Ask later:  {again}")));
                return Ok(None);
            }
        };
        Ok(refusal.map(|failure| {
            let hint = failure.hint.as_deref().unwrap_or_default();
            self.world.tell(Event::Note(&format!("It is installed, and no device will hear it: {failure}. ({hint})")));
            Flow::Stop(Some(Kind::Failed), None)
        }))
    }

    fn closing(&self, ends: Option<Time>) -> String {
        let notice = self.tenant.thresholds.notice;
        let again = format!("pushcert prove {} --fleet", self.tenant.name);
        let now = self.world.clock.now();
        let next = ends.map(|end| match end.plus(-notice * DAY) {
            opens if opens > now => format!(" Next: {} ({notice} days before the end).", opens.date()),
            _ => format!(" It ends on {}, so the next renewal is due already.", end.date()),
        });
        let is_back = self.ledger.latest_journey().is_some_and(|journey| journey.purpose == Purpose::Rollback);
        let what = if is_back { "has its previous certificate back" } else { "is renewed" };
        let tomorrow = if self.server.reach.devices { format!(" Tomorrow:  {again}") } else { String::new() };
        let next = next.unwrap_or_default();
        format!("{} {what}.{next} Nothing to do on the devices.{tomorrow}", self.tenant.name)
    }
}

fn silence(asked: u32) -> String {
    match asked {
        0 => "no Apple device could be asked".into(),
        asked => format!("none of {asked} devices answered yet; they may be off, so this proves nothing"),
    }
}
