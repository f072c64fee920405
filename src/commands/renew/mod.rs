//! `renew`: one verb, and each run does what is due.
//!
//! The loop asks the papers what comes next, carries it out, and commits it as one transaction; then it asks again. A
//! run may end after any step: the next one goes on from what is kept.

mod certificate;
mod install;
mod opening;
mod portal;
mod prove;
mod request;

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Fingerprint, TenantName, Topic,
    renewal::{Journey, Situation, Step, next},
    watch::Seen,
};

use super::{Event, Failure, Kind, Outcome, RenewalReport, Server, World, ledger::Ledger};
use crate::config::Tenant;

/// What a person wants of this run.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// A request in hand.
    pub request: Option<PathBuf>,
    /// A certificate in hand.
    pub certificate: Option<PathBuf>,
    /// Where to look for the certificate.
    pub downloads: Option<PathBuf>,
    /// The very first certificate.
    pub first: bool,
    /// The row is not in Apple's list.
    pub row_missing: bool,
    /// Give up the open journey.
    pub restart: bool,
    /// Say what would be done.
    pub dry_run: bool,
    /// Stop once the certificate is installed.
    pub install_only: bool,
    /// What the person takes upon themselves.
    pub accept: Accept,
}

/// Blocking findings that a person accepts, with the reason.
#[derive(Clone, Debug, Default)]
pub struct Accept {
    /// A public key that could not be compared.
    pub key: Option<Fingerprint>,
    /// The public key of an unknown authority.
    pub issuer: Option<Fingerprint>,
    /// Another topic.
    pub topic_change: Option<Topic>,
    /// Why.
    pub reason: Option<String>,
}

/// Renews a tenant's certificate, as far as it goes today.
///
/// # Errors
/// When something is refused, a server fails, or the store cannot be written; what was done before stays.
pub async fn renew(world: &World<'_>, name: &TenantName, wish: Wish) -> Outcome {
    let mut run = Run::open(world, name, wish).await?;
    if run.wish.row_missing {
        return Ok(Some(run.row_missing()));
    }
    run.look().await?;
    run.head().await?;
    if run.wish.restart && !run.wish.dry_run {
        run.give_up().await?;
    }
    loop {
        if let Flow::Stop(outcome, waiting_for) = run.go_on().await? {
            world.tell(Event::Renewal(&run.report(waiting_for)));
            return Ok(outcome);
        }
    }
}

/// Whether the loop goes on.
enum Flow {
    /// To the next step.
    On,
    /// The run ends here, perhaps waiting for something that a person must bring or do.
    Stop(Option<Kind>, Option<&'static str>),
}

/// One run of `renew`.
struct Run<'a> {
    world: &'a World<'a>,
    tenant: &'a Tenant,
    server: Server,
    ledger: Ledger<'a>,
    seen: Option<Seen>,
    devices: Option<u64>,
    /// Whether a person wants it whatever the date.
    wanted: bool,
    wish: Wish,
}

impl<'a> Run<'a> {
    async fn open(world: &'a World<'a>, name: &TenantName, wish: Wish) -> Result<Self, Failure> {
        let tenant = world.tenant(name)?;
        let ledger = Ledger::open(world, tenant).await?;
        ledger.may_change()?;
        let server = world.servers.connect(tenant).await?;
        let seen = ledger.sighting().await?;
        let wanted = wish.request.is_some() || wish.certificate.is_some() || wish.first || wish.restart;
        Ok(Self { world, tenant, server, ledger, seen, devices: None, wanted, wish })
    }

    fn situation(&self) -> Situation<'_> {
        Situation {
            journey: self.ledger.open_journey(),
            seen: self.seen.as_ref(),
            enrolled: self.ledger.enrolled_topic(),
            reach: self.server.reach,
            thresholds: &self.tenant.thresholds,
            wanted: self.wanted,
            first: self.wish.first,
            may_fetch: self.world.ask.present() || self.tenant.unattended_request,
            now: self.world.clock.now(),
        }
    }

    /// Does the one thing that is due.
    async fn go_on(&mut self) -> Result<Flow, Failure> {
        let step = next(&self.situation());
        if self.wish.dry_run {
            self.world.tell(Event::Note(&format!("Next would be: {}. Nothing was done.", words(&step))));
            return Ok(Flow::Stop(None, None));
        }
        if self.takes_request(&step) {
            return self.take_request().await;
        }
        match step {
            Step::NotDue { opens } => Ok(self.not_due(opens)),
            Step::LearnInstalled => Err(self.installed_unknown()),
            Step::ConfirmTopic => Err(self.topic_unknown()),
            Step::Begin => self.begin().await,
            Step::FetchRequest | Step::AskForRequest if self.skips_request() => self.skip_request().await,
            Step::FetchRequest => self.fetch_request().await,
            Step::AskForRequest => Ok(self.ask_for_request()),
            Step::HandOff => self.hand_off().await,
            Step::AwaitCertificate => self.await_certificate().await,
            Step::Install { tries } => self.install(tries).await,
            Step::ReadBack => self.read_back().await,
            Step::GuideInstall => self.guide_install().await,
            Step::Prove | Step::Close if self.wish.install_only => Ok(self.installed_alone()),
            Step::Prove => self.prove().await,
            Step::Close => self.close().await,
        }
    }

    /// The open journey, where a step needs one.
    fn journey(&self) -> Journey {
        self.ledger.open_journey().cloned().expect("this step is only due in an open journey")
    }

    fn command(&self) -> String {
        format!("pushcert renew {}", self.tenant.name)
    }

    fn report(&self, waiting_for: Option<&'static str>) -> RenewalReport {
        let journey = self.ledger.latest_journey();
        let handoff = journey.and_then(|journey| journey.handed_off.as_ref()).map(|hand_off| hand_off.folder.clone());
        let file = journey.and_then(Journey::held_request).map(|held| held.file_name.clone());
        let request =
            handoff.as_ref().zip(file).map(|(folder, file)| Path::new(folder).join(file).display().to_string());
        RenewalReport {
            tenant: self.tenant.name.clone(),
            step: journey.map_or(pushcert_papers::renewal::Stage::Idle, Journey::stage),
            waiting_for,
            handoff,
            request,
            topic: self.ledger.enrolled_topic().cloned(),
            done: journey.is_some_and(|journey| !journey.is_open()),
        }
    }
}

const fn words(step: &Step) -> &'static str {
    match step {
        Step::NotDue { .. } => "nothing, a renewal is not due yet",
        Step::LearnInstalled => "to learn what is installed",
        Step::ConfirmTopic => "to have a person confirm the enrolled topic",
        Step::Begin => "to open a renewal, and to get a request",
        Step::FetchRequest => "to fetch a request from the server",
        Step::AskForRequest => "to have a person bring the request",
        Step::HandOff => "to hand the request to a person",
        Step::AwaitCertificate => "to wait for the certificate from Apple's portal",
        Step::Install { .. } => "to upload the certificate",
        Step::ReadBack => "to look whether the certificate arrived",
        Step::GuideInstall => "to have a person upload the certificate",
        Step::Prove => "to ask devices to check in",
        Step::Close => "to close the renewal",
    }
}
