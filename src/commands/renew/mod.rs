//! `renew`: one verb, and each run does what is due.
//!
//! The loop asks the papers what comes next, carries it out, and commits it as one transaction; then it asks again. A
//! run may end after any step: the next one goes on from what is kept.

mod arrivals;
mod certificate;
mod fetch;
mod first_use;
mod hand_out;
mod install;
mod opening;
mod own_key;
mod portal;
mod present;
mod prove;
mod rehearse;
mod request;
mod way_back;

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Fingerprint, TenantName, Topic,
    renewal::{Journey, Purpose, Situation, Step, next},
    watch::Seen,
};

pub use fetch::fetch;
pub use rehearse::rehearse;

use certificate::confirmed_topics;
use portal::{is_foreign, unreadable};

use super::{
    Event, Failure, Kind, Outcome, RenewalReport, Server, World, files, ledger::Ledger, passphrase::Passphrase, shown,
};
use crate::{config::Tenant, mdm::Fleet};

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
    /// Stop once the request is kept.
    pub fetch_only: bool,
    /// Where a copy of the request goes, in a run that stops with it.
    pub copy: Option<PathBuf>,
    /// A rollback that needs no further question.
    pub confirmed: bool,
    /// What protects an own key, where the server takes one.
    pub passphrase: Passphrase,
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
    if run.brought_what_is_installed()? {
        return Ok(None);
    }
    run.look_at_what_comes_late().await?;
    run.run_on().await
}

/// Puts the previous certificate back, where its key is known to be held; otherwise it says why not, and renews the
/// enrolled topic's row instead.
///
/// # Errors
/// As for [`renew`], and when nobody confirms it.
pub async fn rollback(world: &World<'_>, name: &TenantName, reason: Option<String>, passphrase: Passphrase) -> Outcome {
    let accept = Accept { reason: reason.clone(), ..Accept::default() };
    let confirmed = reason.is_some() && !world.ask.present();
    let wish = Wish { confirmed, accept, passphrase, ..Wish::default() };
    let mut run = Run::open(world, name, wish).await?;
    run.look().await?;
    run.head().await?;
    if run.is_going_back() {
        return run.run_on().await;
    }
    match run.way_back().await? {
        Ok(back) => {
            let reason = reason.or_else(|| world.ask.words("Why? It goes on record"));
            run.roll_back(back, reason.unwrap_or_else(|| "not said".into())).await?;
        }
        Err(why) => run.renew_instead(&why).await?,
    }
    run.run_on().await
}

fn brought(path: &Path) -> Result<Brought, Failure> {
    Ok(Brought { bytes: files::need(path)?, path: shown(path) })
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
    fleet: Option<Fleet>,
    /// How many devices a mistake would lose, where all of them were seen.
    devices: Option<u64>,
    /// Whether a person wants it whatever the date.
    wanted: bool,
    /// What a journey that this run opens is for.
    purpose: Purpose,
    /// The certificate in hand: read once, judged and sent from these very bytes.
    brought: Option<Brought>,
    wish: Wish,
}

/// A file that a person brought.
struct Brought {
    bytes: Vec<u8>,
    path: String,
}

impl<'a> Run<'a> {
    async fn open(world: &'a World<'a>, name: &TenantName, wish: Wish) -> Result<Self, Failure> {
        let tenant = world.tenant(name)?;
        let brought = wish.certificate.as_deref().map(brought).transpose()?;
        let ledger = Ledger::open(world, tenant).await?;
        ledger.may_change()?;
        let server = world.servers.connect(tenant).await?;
        let seen = ledger.sighting().await?;
        let wanted = wish.request.is_some() || wish.certificate.is_some() || wish.first || wish.restart;
        let purpose = Purpose::Renewal;
        Ok(Self { world, tenant, server, ledger, seen, fleet: None, devices: None, wanted, purpose, brought, wish })
    }

    /// Does what is due, one thing after the other, until a person is needed or nothing is left.
    async fn run_on(&mut self) -> Outcome {
        loop {
            if let Flow::Stop(outcome, waiting_for) = self.go_on().await? {
                self.world.tell(Event::Renewal(&self.report(waiting_for)));
                return Ok(outcome);
            }
        }
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
            present: self.world.ask.present(),
            unattended_request: self.tenant.unattended_request,
            own_key: self.tenant.own_key.is_some(),
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
        if let Some(Brought { bytes, path }) = self.brought.take_if(|_| takes_certificate(&step)) {
            return self.take_certificate(bytes, &path).await;
        }
        match step {
            Step::NotDue { opens } => Ok(self.not_due(opens)),
            Step::LearnInstalled => Err(self.installed_unknown()),
            Step::ConfirmTopic => Err(self.topic_unknown()),
            Step::Begin => self.begin().await,
            Step::MakeKey => self.make_key().await,
            Step::AskForSignature => self.ask_for_signature().await,
            Step::FetchRequest => self.fetch_request().await,
            Step::AskForRequest => self.await_request().await,
            Step::HandOff | Step::AwaitCertificate if self.wish.fetch_only => self.fetched_alone().await,
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
        let file = file.or_else(|| journey.and_then(Journey::unsigned_request).map(|_| own_key::CSR.into()));
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

/// Whether a certificate in hand has its place now: where it is awaited, and where one makes a request unnecessary.
const fn takes_certificate(step: &Step) -> bool {
    matches!(step, Step::Begin | Step::FetchRequest | Step::AskForRequest | Step::MakeKey | Step::AwaitCertificate)
}

const fn words(step: &Step) -> &'static str {
    match step {
        Step::NotDue { .. } => "nothing, a renewal is not due yet",
        Step::LearnInstalled => "to learn what is installed",
        Step::ConfirmTopic => "to have a person confirm the enrolled topic",
        Step::Begin => "to open a renewal, and to get a request",
        Step::FetchRequest => "to fetch a request from the server",
        Step::AskForRequest => "to have a person bring the request",
        Step::MakeKey => "to make an own key and its signing request",
        Step::AskForSignature => "to have a person bring the signing request back, signed by a vendor",
        Step::HandOff => "to hand the request to a person",
        Step::AwaitCertificate => "to wait for the certificate from Apple's portal",
        Step::Install { .. } => "to upload the certificate",
        Step::ReadBack => "to look whether the certificate arrived",
        Step::GuideInstall => "to have a person upload the certificate",
        Step::Prove => "to ask devices to check in",
        Step::Close => "to close the renewal",
    }
}
