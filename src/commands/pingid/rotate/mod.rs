//! `pingid rotate`: one verb, as for the certificate, and each run does what is due: add a token, switch the platforms, wait,
//! revoke the old one. A run may end after any step.

mod add;
mod coverage;
mod ending;
mod guided;
mod handing;
mod revoke;
mod sight;

use std::path::PathBuf;

use pushcert_papers::{
    Secret, TenantName, Time,
    credential::{Coverage, Place, Purpose, Rotation, Situation, Step, next},
    pingid::Platform,
};

use super::super::{
    Event, Failure, Kind, Outcome, RotationReport, World,
    ledger::{Entry, Ledger},
};
use crate::{config::Tenant, pingone::DeviceRequirements};
use sight::Sight;

/// What a person wants of this run.
#[derive(Debug, Default)]
pub struct Wish {
    /// There was no token before.
    pub first: bool,
    /// These platforms only; the configured ones when empty.
    pub platforms: Vec<Platform>,
    /// The file with the new token.
    pub token: Option<PathBuf>,
    /// From when on PingID asks for the first token.
    pub effective_from: Option<Time>,
    /// The day on which the token was made that is to go, where PingID holds several.
    pub replaces: Option<Time>,
    /// What a person has done.
    pub done: Vec<Done>,
    /// What they saw.
    pub evidence: Option<String>,
    /// Dangers that they take upon themselves, by their words.
    pub accept: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Give the rotation up.
    pub abort: bool,
    /// Put back what was read before the last change.
    pub put_back: bool,
    /// Say what would be done.
    pub dry_run: bool,
}

/// What a person may say that they have done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    /// Changed this platform's configuration.
    Switched(Platform),
    /// Revoked the old token on PingID's page.
    Revoked,
}

/// Rotates a tenant's token, as far as it goes today.
///
/// # Errors
/// When something is refused, a server fails, or the store cannot be written; what was done before stays.
pub async fn rotate(world: &World<'_>, name: &TenantName, wish: Wish) -> Outcome {
    let mut run = Run::open(world, name, wish).await?;
    run.ledger.may_change()?;
    if run.wish.put_back {
        return run.put_back().await;
    }
    run.look().await?;
    if run.wish.abort {
        return run.abort().await;
    }
    run.accept().await?;
    loop {
        if let Flow::Stop(outcome, waiting_for) = run.go_on().await? {
            world.tell(Event::Rotation(&run.report(waiting_for)));
            return Ok(outcome);
        }
    }
}

/// Whether the loop goes on.
enum Flow {
    /// To the next step.
    On,
    /// The run ends here, perhaps waiting for something that a person must do.
    Stop(Option<Kind>, Option<&'static str>),
}

/// One run of `pingid rotate`.
struct Run<'a> {
    world: &'a World<'a>,
    tenant: &'a Tenant,
    ledger: Ledger<'a>,
    pingone: Option<Box<dyn DeviceRequirements>>,
    rotation: Option<Rotation>,
    sight: Option<Sight>,
    /// What the server shows of the devices, once it was asked.
    coverage: Option<Coverage>,
    /// The new token itself, as long as this run knows it.
    token: Option<Secret>,
    wish: Wish,
}

impl<'a> Run<'a> {
    async fn open(world: &'a World<'a>, name: &TenantName, wish: Wish) -> Result<Self, Failure> {
        let tenant = world.tenant(name)?;
        let ledger = Ledger::open(world, tenant).await?;
        let pingone = world.servers.pingone(tenant).await?;
        let rotation = ledger.latest_of::<Rotation>()?;
        Ok(Self { world, tenant, ledger, pingone, rotation, sight: None, coverage: None, token: None, wish })
    }

    /// Does the one thing that is due.
    async fn go_on(&mut self) -> Result<Flow, Failure> {
        self.look_at_devices().await;
        let coverage = self.coverage.as_ref().map(|seen| seen.against(self.tenant.credentials.pingid.coverage));
        let step = next(&Situation {
            rotation: self.rotation.as_ref(),
            held: self.sight.as_ref().map(Sight::fingerprints),
            coverage: &coverage.unwrap_or_default(),
            insists: !self.wish.accept.is_empty() || self.wish.done.contains(&Done::Revoked),
            now: self.world.clock.now(),
        });
        if self.wish.dry_run {
            self.world.tell(Event::Note(&format!("Next would be: {}. Nothing was done.", words(&step))));
            return Ok(Flow::Stop(None, None));
        }
        match step {
            Step::Begin => self.begin().await,
            Step::Add => self.add().await,
            Step::ReadBackAdded => self.read_back_added().await,
            Step::GuideAdd => self.guide_add().await,
            Step::HandOff => self.hand_off().await,
            Step::GuideSwitch(platform) => self.guide_switch(platform).await,
            Step::CleanUp => self.clean_up().await,
            Step::Soak { until } => self.soak(until).await,
            Step::Await(missing) => Ok(self.await_devices(&missing).await),
            Step::Refuse(against) => Err(self.refuse(&against)),
            Step::Revoke => self.revoke().await,
            Step::ReadBackRevoked => self.read_back_revoked().await,
            Step::GuideRevoke => self.guide_revoke().await,
            Step::Close => self.close().await,
        }
    }

    /// The open rotation, where a step needs one.
    fn open_rotation(&self) -> Rotation {
        self.rotation.clone().filter(Rotation::is_open).expect("this step is only due in an open rotation")
    }

    /// Writes the rotation and a line of the record.
    async fn commit(&mut self, rotation: Rotation, entry: Entry) -> Result<(), Failure> {
        self.ledger.commit_of(&rotation, vec![], entry).await?;
        self.rotation = Some(rotation);
        Ok(())
    }

    fn command(&self) -> String {
        format!("pushcert pingid rotate {}", self.tenant.name)
    }

    /// The dangers that a person takes upon themselves, written down before anything follows from it.
    async fn accept(&mut self) -> Result<(), Failure> {
        if self.wish.accept.is_empty() {
            return Ok(());
        }
        let Some(reason) = self.wish.reason.clone() else {
            return Err(
                Failure::new(Kind::Usage, "reason", "whoever accepts a danger says why").hinted("add  --reason TEXT")
            );
        };
        let Some(mut rotation) = self.rotation.clone().filter(Rotation::is_open) else {
            return Err(Failure::new(Kind::Usage, "no-rotation", "no rotation is open, so there is nothing to accept"));
        };
        rotation.accepted.extend(self.wish.accept.iter().map(|word| (word.clone(), reason.clone())));
        let words = self.wish.accept.join(", ");
        let entry = Entry { reason: Some(reason), ..Entry::of("pingid-danger-accepted") }.with("dangers", &words);
        self.commit(rotation, entry).await
    }

    fn report(&self, waiting_for: Option<&'static str>) -> RotationReport {
        let now = self.world.clock.now();
        let report = RotationReport::of(&self.tenant.name, self.rotation.as_ref(), waiting_for, now);
        let coverage = match &self.coverage {
            Some(Coverage::Seen(legs)) => Some(legs.clone()),
            _ => None,
        };
        RotationReport { coverage, ..report }
    }

    /// How many steps people see: the token, each platform, the end of the old one.
    fn steps(rotation: &Rotation) -> u8 {
        let ends = u8::from(rotation.purpose == Purpose::Replacement);
        u8::try_from(rotation.platforms.len()).unwrap_or(u8::MAX - 2) + 1 + ends
    }

    /// The place of a platform among the steps.
    fn step_of(rotation: &Rotation, platform: Platform) -> u8 {
        let at = rotation.platforms.iter().position(|other| *other == platform).unwrap_or_default();
        u8::try_from(at).unwrap_or_default() + 2
    }

    /// A new rotation: how, for which platforms, and which token is to go.
    async fn begin(&mut self) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let purpose = if self.wish.first { Purpose::FirstSetUp } else { Purpose::Replacement };
        let old = if self.wish.first { self.may_be_first()? } else { self.tokens_to_replace()? };
        let known = self.rotation.as_ref().and_then(Rotation::in_use_made);
        let pingid = &self.tenant.credentials.pingid;
        let platforms =
            if self.wish.platforms.is_empty() { pingid.platforms.clone() } else { self.wish.platforms.clone() };
        let rotation = Rotation {
            number: self.ledger.next_number(),
            started: now,
            purpose,
            place: if self.pingone.is_some() { Place::PingOne } else { Place::Portal },
            platforms,
            soak_days: pingid.soak_days,
            previous_made: old.first().and_then(|token| token.made).or(known),
            old,
            token: None,
            added: pushcert_papers::credential::Change::Wanted,
            effective_from: None,
            handed_off: None,
            switched: std::collections::BTreeMap::new(),
            revoked: pushcert_papers::credential::Change::Wanted,
            accepted: std::collections::BTreeMap::new(),
            end: None,
        };
        self.commit(rotation, Entry::of("pingid-rotation-begun")).await?;
        Ok(Flow::On)
    }
}

const fn words(step: &Step) -> &'static str {
    match step {
        Step::Begin => "to open a rotation, and to add a token at PingID",
        Step::Add => "to add a token at PingOne",
        Step::ReadBackAdded => "to look whether the new token arrived at PingOne",
        Step::GuideAdd => "to have a person add a token at PingID",
        Step::HandOff => "to write the configurations with the new token",
        Step::GuideSwitch(_) => "to have a person change a platform's configuration",
        Step::CleanUp => "to remove the configurations, which hold the token",
        Step::Soak { .. } => "nothing yet: devices are fetching the new token",
        Step::Await(_) => "nothing yet: too many devices have not checked in",
        Step::Refuse(_) => "refused: people would be locked out",
        Step::Revoke => "to revoke the old token at PingOne",
        Step::ReadBackRevoked => "to look whether the old token is gone from PingOne",
        Step::GuideRevoke => "to have a person revoke the old token at PingID",
        Step::Close => "to close the rotation",
    }
}
