//! The beginning of a run: what is installed, whether a renewal is due, and whether it may begin.

use pushcert_papers::{
    Time, Topic,
    certificate::Expectations,
    judge::{Want, judge},
    renewal::{End, Install, Journey, Outcome, Predecessor, Purpose, guide},
    watch::{Facts, Seen, Source, Standing, standing},
};

use super::{Flow, Run};
use crate::{
    commands::{
        Event, Failure, Kind, TenantHeading,
        devices::{fleet, gap},
        ledger::Entry,
    },
    mdm::{Capability, Fleet, MdmError},
};

impl Run<'_> {
    /// Looks at the server, where it shows what is installed. What was known before fills in what it does not show; the
    /// answer is the bare sight.
    pub(super) async fn look(&mut self) -> Result<Option<Seen>, Failure> {
        if !self.server.reach.read {
            return Ok(None);
        }
        match self.server.mdm.installed().await {
            Ok(seen) => {
                self.seen = Some(self.ledger.saw(seen.clone()).await?);
                Ok(Some(seen))
            }
            Err(MdmError::NoInterface(Capability::Read)) => {
                self.server.reach.read = false;
                Ok(None)
            }
            Err(MdmError::ConsoleChanged { host, what }) => {
                self.console_changed(&host, &what);
                Ok(None)
            }
            Err(error) => Err(self.world.failed(self.tenant, error).await),
        }
    }

    /// A console that changed is a console without an interface, until it is recorded anew.
    pub(super) fn console_changed(&mut self, host: &str, what: &str) {
        let note = format!("The console of {host} has changed ({what}); its steps are done by hand from here on.");
        self.world.tell(Event::Note(&note));
        self.server.reach =
            pushcert_papers::renewal::Reach { devices: self.server.reach.devices, ..Default::default() };
    }

    /// Says whose renewal this is, and how it stands.
    pub(super) async fn head(&mut self) -> Result<(), Failure> {
        self.fleet = self.look_at_devices().await?;
        self.devices = self.fleet.as_ref().and_then(Fleet::count);
        let installed = self.seen.as_ref().and_then(|seen| seen.installed.as_ref());
        let standing = self.standing();
        self.world.tell(Event::Tenant(&TenantHeading {
            tenant: &self.tenant.name,
            product: self.tenant.product.title(),
            host: self.tenant.host.as_deref(),
            enrolled_topic: self.ledger.enrolled_topic(),
            devices: self.devices,
            standing: &standing,
            installed_topic: installed.and_then(|installed| installed.topic.as_ref()),
            not_after: installed.and_then(|installed| installed.not_after),
            source: self.seen.as_ref().map_or(Source::None, |seen| seen.source),
            seen_at: self.seen.as_ref().map(|seen| seen.at),
            apple_account: self.tenant.apple_account.as_deref(),
            owner: self.tenant.owner.as_deref(),
            now: self.world.clock.now(),
        }));
        Ok(())
    }

    /// The devices that a mistake would lose. Only a refused sign-in ends the run: without them it goes on.
    async fn look_at_devices(&mut self) -> Result<Option<Fleet>, Failure> {
        if !self.server.reach.devices {
            return Ok(None);
        }
        match fleet(self.world, &*self.server.mdm).await {
            Ok(fleet) => {
                if let Some(gap) = gap(&fleet) {
                    self.world.tell(Event::Note(&gap));
                }
                Ok(Some(fleet))
            }
            Err(error @ MdmError::SignInRefused { .. }) => Err(self.world.failed(self.tenant, error).await),
            Err(error) => {
                let failure = Failure::from(error);
                let hint = failure.hint.unwrap_or_default();
                self.world.tell(Event::Note(&format!("Devices cannot be looked at: {}. ({hint})", failure.message)));
                self.server.reach.devices = false;
                Ok(None)
            }
        }
    }

    fn standing(&self) -> Standing {
        standing(&Facts {
            tenant: &self.tenant.name,
            seen: self.seen.as_ref(),
            enrolled: self.ledger.enrolled_topic(),
            journey: self.ledger.latest_journey(),
            account: Some(self.ledger.account()),
            lookup: None,
            thresholds: &self.tenant.thresholds,
            stale_after: self.tenant.stale_after,
            now: self.world.clock.now(),
        })
    }

    pub(super) fn not_due(&mut self, opens: Time) -> Flow {
        let note = format!(
            "Not due yet: a renewal begins on {}. The days left on the old certificate would be lost.",
            opens.date()
        );
        self.world.tell(Event::Note(&note));
        self.wanted = self.world.ask.confirm("Renew it now all the same?");
        if self.wanted { Flow::On } else { Flow::Stop(None, None) }
    }

    pub(super) fn installed_unknown(&self) -> Failure {
        let name = &self.tenant.name;
        Failure::new(Kind::Waiting, "installed-unknown", format!("it is not known what {name} has installed"))
            .hinted(format!("record the installed certificate:  pushcert adopt {name} FILE"))
    }

    pub(super) fn topic_unknown(&self) -> Failure {
        let name = &self.tenant.name;
        let message = format!("nobody has confirmed yet which topic the devices of {name} listen to");
        Failure::new(Kind::Waiting, "topic-unknown", message).hinted(format!(
            "record the certificate that is installed while devices answer, and confirm its topic:  pushcert adopt {name} FILE"
        ))
    }

    pub(super) async fn begin(&mut self) -> Result<Flow, Failure> {
        if self.wish.first {
            self.may_create()?;
        }
        let topic = if self.wish.first { None } else { self.ledger.enrolled_topic().cloned() };
        let journey = Journey { purpose: self.purpose, ..self.begun(topic) };
        self.ledger.commit(journey, vec![], Entry::of("renewal-begun")).await?;
        Ok(Flow::On)
    }

    /// The next journey at its beginning. What the one before it has installed is the way back, or the way back of one that
    /// was given up.
    pub(super) fn begun(&self, topic: Option<Topic>) -> Journey {
        let latest = self.ledger.latest_journey();
        let brought = latest.and_then(Journey::installed);
        let before = brought.map(Predecessor::from).or_else(|| latest?.before);
        Journey { before, ..Journey::begin(self.ledger.next_number(), topic, self.world.clock.now()) }
    }

    /// Whether an open journey is already a way back.
    pub(super) fn is_going_back(&self) -> bool {
        self.ledger.open_journey().is_some_and(|journey| journey.purpose == Purpose::Rollback)
    }

    /// There is no way back: the enrolled topic's row is renewed instead, and the record says why.
    pub(super) async fn renew_instead(&mut self, why: &str) -> Result<(), Failure> {
        self.world.tell(Event::Note(&format!(
            "Nothing is put back: {why}. Renewing the enrolled topic's row at Apple is as good: the topic stays, and no device is lost."
        )));
        if self.ledger.open_journey().and_then(Journey::installed).is_some() {
            self.give_up().await?;
        }
        let reason = self.wish.accept.reason.clone();
        let entry = Entry { reason, ..Entry::of("rollback-not-possible").with("why", why) };
        (self.wanted, self.purpose) = (true, Purpose::InsteadOfRollback);
        match self.ledger.open_journey().cloned() {
            Some(open) => self.ledger.commit(Journey { purpose: self.purpose, ..open }, vec![], entry).await,
            None => self.ledger.note(vec![], entry).await,
        }
    }

    /// Whether the certificate in hand is the installed one, so that nothing is left to do with it.
    pub(super) fn brought_what_is_installed(&self) -> Result<bool, Failure> {
        let Some(brought) = self.brought.as_ref().filter(|_| self.ledger.open_journey().is_none()) else {
            return Ok(false);
        };
        let (authorities, now) = (self.authorities()?, self.world.clock.now());
        let judged = judge(&brought.bytes, None, Want::PushCertificate, &Expectations::default(), &authorities, now);
        let Some(facts) = judged.certificate.filter(|facts| self.is_present(facts)) else { return Ok(false) };
        let topic_is_right = facts.topic.as_ref() == self.ledger.enrolled_topic();
        if topic_is_right {
            self.world.tell(Event::Note(&format!(
                "already-installed: {} is the very certificate that is installed, until {}. There is nothing to do.",
                brought.path,
                facts.not_after.date()
            )));
        }
        Ok(topic_is_right)
    }

    /// A first certificate creates a topic. That is right only where no device listens to another.
    fn may_create(&self) -> Result<(), Failure> {
        let name = &self.tenant.name;
        let refuse = |why: String| {
            Failure::new(Kind::Refused, "not-a-first-certificate", format!("--first is refused: {why}"))
                .hinted(format!("this is a renewal:  pushcert renew {name}"))
        };
        if let Some(topic) = self.ledger.enrolled_topic() {
            return Err(refuse(format!("devices of {name} are enrolled with {topic}")));
        }
        if self.seen.as_ref().is_some_and(|seen| seen.installed.is_some()) {
            return Err(refuse(format!("{name} has a certificate")));
        }
        let devices = self.fleet.as_ref().map(|fleet| fleet.devices.len() as u64);
        if let Some(count) = devices.filter(|count| *count > 0) {
            return Err(refuse(format!("{name} manages {} Apple devices", guide::thousands(count))));
        }
        let question =
            format!("No certificate and no Apple device was ever there? Then type the tenant's name ({name})");
        if self.world.ask.typed(&question, name.as_str()) {
            return Ok(());
        }
        Err(Failure::new(Kind::Waiting, "not-confirmed", "a first certificate needs a typed confirmation")
            .hinted("run it again in a terminal"))
    }

    /// Ends the open journey on a person's word.
    pub(super) async fn give_up(&mut self) -> Result<(), Failure> {
        let Some(open) = self.ledger.open_journey() else { return Ok(()) };
        let mut journey = open.clone();
        if matches!(journey.install, Install::Intended { .. }) {
            let message = "an upload of the open renewal is uncertain, and must be looked at first";
            return Err(Failure::new(Kind::Refused, "upload-uncertain", message).hinted(self.command()));
        }
        let reason = self.wish.accept.reason.clone();
        journey.end = Some(End { at: self.world.clock.now(), outcome: Outcome::Abandoned, reason: reason.clone() });
        self.ledger.commit(journey, vec![], Entry { reason, ..Entry::of("renewal-abandoned") }).await
    }

    /// The card for when the row is not in Apple's list.
    pub(super) fn row_missing(&self) -> Kind {
        if let Some(topic) = self.ledger.enrolled_topic() {
            let people = guide::People {
                apple_account: self.tenant.apple_account.as_deref(),
                owner: self.tenant.owner.as_deref(),
                deputy: self.tenant.deputy.as_deref(),
                mailbox: self.tenant.mailbox.as_deref(),
            };
            let card = guide::row_not_there(topic, &people);
            self.world.tell(Event::Turn { step: 2, card: &card });
            Kind::Waiting
        } else {
            self.world.tell(Event::Note("No enrolled topic is on record, so there is no row to look for."));
            Kind::NotFound
        }
    }
}
