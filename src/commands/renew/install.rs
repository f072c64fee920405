//! The upload, behind the guard: judged again at the last moment, intended before it is sent, read back afterwards.

use std::path::Path;

use pushcert_papers::{
    Code, Severity,
    renewal::{Confirmation, Install, Journey, ReceivedCertificate, Shown, guide, shown as shows},
    watch::{Installed, Seen, Source},
};

use super::{Flow, Run};
use crate::{
    commands::{Event, Failure, Kind, Looked, Mark, ledger::Entry, shown},
    mdm::MdmError,
    portal::Sheet,
};

impl Run<'_> {
    /// Sends the certificate to the server: exactly the bytes that pass the checks at this moment.
    pub(super) async fn install(&mut self, tries: u32) -> Result<Flow, Failure> {
        let _held = self.ledger.lock().await?;
        let journey = self.journey();
        let certificate = received(&journey);
        let pem = self.ledger.artefact(&certificate.artefact).await?;
        if self.guard(&pem, &certificate).await? == Guarded::InstalledAlready {
            return self.installed(Confirmation::ReadBack).await;
        }
        let now = self.world.clock.now();
        let before = self.installed_digest();
        let entry = Entry { before, after: Some(certificate.sha256), ..Entry::of("upload-intended") };
        self.ledger.commit(Journey { install: Install::Intended { at: now, tries }, ..journey }, vec![], entry).await?;
        match self.server.mdm.install(&pem).await {
            Ok(()) if self.server.reach.read => self.read_back().await,
            Ok(()) => Ok(Flow::On),
            Err(MdmError::Uncertain { host, why }) => {
                self.world.tell(Event::Note(&format!("It is uncertain whether {host} received it ({why}); looking.")));
                if self.server.reach.read { self.read_back().await } else { Ok(Flow::On) }
            }
            Err(error) => self.not_sent(error).await,
        }
    }

    /// The last look before the upload. What was judged days ago may have ended since, or somebody was quicker.
    async fn guard(&mut self, pem: &[u8], certificate: &ReceivedCertificate) -> Result<Guarded, Failure> {
        self.look().await?;
        if self.seen.as_ref().is_some_and(|seen| seen.source != Source::File && shows(seen, certificate) == Shown::This)
        {
            return Ok(Guarded::InstalledAlready);
        }
        let (judged, _) = self.judge_certificate(pem)?;
        let accepted = |code: Code| certificate.accepted.iter().any(|acceptance| acceptance.code == code);
        let blocking =
            judged.findings.iter().find(|finding| finding.severity == Severity::Refuse && !accepted(finding.code));
        match blocking {
            None => Ok(Guarded::MayBeSent),
            Some(finding) => {
                let path = format!("the certificate of {}", certificate.at.date());
                let now = self.world.clock.now();
                self.world.tell(Event::NotTaken(&Looked { path: &path, judged: &judged, authorities: None, now }));
                Err(Failure::new(
                    Kind::Refused,
                    finding.code.word(),
                    format!("{path} is refused now. Nothing was uploaded."),
                )
                .hinted(format!("begin again:  {} --restart", self.command())))
            }
        }
    }

    /// An error that says that nothing arrived: the upload is as if it had not begun.
    async fn not_sent(&mut self, error: MdmError) -> Result<Flow, Failure> {
        let journey = Journey { install: Install::Wanted, ..self.journey() };
        let entry = Entry::of("upload-refused").with("answer", &error.to_string());
        self.ledger.commit(journey, vec![], entry).await?;
        if let MdmError::ConsoleChanged { host, what } = error {
            self.console_changed(&host, &what);
            return Ok(Flow::On);
        }
        Err(self.world.failed(self.tenant, error).await)
    }

    /// Looks at the server, and at what it shows of the certificate that was sent.
    pub(super) async fn read_back(&mut self) -> Result<Flow, Failure> {
        self.look().await?;
        let journey = self.journey();
        let shown = self.seen.as_ref().map_or(Shown::Unclear, |seen| shows(seen, &received(&journey)));
        match shown {
            Shown::This => self.installed(Confirmation::ReadBack).await,
            Shown::Other | Shown::Unclear => Ok(Flow::On),
        }
    }

    /// Notes that the server holds the certificate.
    async fn installed(&mut self, confirmed: Confirmation) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let journey = self.journey();
        let certificate = received(&journey);
        let before = self.installed_digest().filter(|digest| *digest != certificate.sha256);
        let entry = Entry {
            before,
            after: Some(certificate.sha256),
            ..Entry::of("certificate-installed").with("known-by", known_by(confirmed))
        };
        self.ledger.commit(Journey { install: Install::Done { at: now, confirmed }, ..journey }, vec![], entry).await?;
        let source = match confirmed {
            Confirmation::ReadBack => self.seen.as_ref().map_or(Source::Console, |seen| seen.source),
            Confirmation::Person => Source::Person,
        };
        self.seen = Some(self.ledger.saw(Seen { at: now, source, installed: Some(known(&certificate)) }).await?);
        let end = certificate.not_after.date();
        let detail = match confirmed {
            Confirmation::ReadBack => format!("uploaded and read back: the server now shows {end}"),
            Confirmation::Person => format!("you told us so; the server should show {end}"),
        };
        self.world.tell(Event::Done { step: 4, mark: Mark::Sure, title: "Installed", detail: &detail });
        Ok(Flow::On)
    }

    /// Guides a person through the upload, and asks what the console shows then.
    pub(super) async fn guide_install(&mut self) -> Result<Flow, Failure> {
        let journey = self.journey();
        let certificate = received(&journey);
        if self.server.reach.read && self.seen.as_ref().is_some_and(|seen| shows(seen, &certificate) == Shown::This) {
            return self.installed(Confirmation::ReadBack).await;
        }
        let pem = self.ledger.artefact(&certificate.artefact).await?;
        if self.guard(&pem, &certificate).await? == Guarded::InstalledAlready {
            return self.installed(Confirmation::ReadBack).await;
        }
        let file = self.certificate_for_person(&journey, &pem)?;
        let console = self.tenant.product.console();
        let card = guide::upload(console, self.tenant.host.as_deref(), &file, self.tenant.apple_account.as_deref());
        self.world.tell(Event::Turn { step: 4, card: &card });
        let question = format!("Does the console now show an end of {}?", certificate.not_after.date());
        if self.world.ask.confirm(&question) {
            return self.installed(Confirmation::Person).await;
        }
        let how = format!("When it is uploaded, say so:  pushcert adopt {} {file}", self.tenant.name);
        self.world.tell(Event::Note(&how));
        Ok(Flow::Stop(Some(Kind::Waiting), Some("upload")))
    }

    /// The checked certificate under a name that says what it is: Apple's own is the same every year.
    fn certificate_for_person(&self, journey: &Journey, pem: &[u8]) -> Result<String, Failure> {
        let certificate = received(journey);
        let name = format!("{}-ends-{}.pem", self.tenant.name, certificate.not_after.iso_date());
        let folder = Path::new(self.tenant.name.as_str()).join(journey.started.iso_date());
        let written = self.world.portal.hand_off(&folder, &[Sheet { name: &name, bytes: pem }]);
        let path = written.map_err(|error| {
            Failure::new(Kind::Failed, "hand-off-failed", format!("the hand-off folder cannot be written: {error}"))
        })?;
        Ok(shown(&path.join(name)))
    }

    /// The end of an `install`: the certificate is there, and nothing else was asked for.
    pub(super) fn installed_alone(&self) -> Flow {
        self.world.tell(Event::Note(&format!("Whether devices answer is asked by  {}", self.command())));
        Flow::Stop(None, None)
    }

    fn installed_digest(&self) -> Option<pushcert_papers::Fingerprint> {
        self.seen.as_ref().and_then(|seen| seen.installed.as_ref()).and_then(|installed| installed.certificate)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Guarded {
    MayBeSent,
    InstalledAlready,
}

fn received(journey: &Journey) -> ReceivedCertificate {
    journey.certificate.clone().expect("an upload has a certificate")
}

fn known(certificate: &ReceivedCertificate) -> Installed {
    Installed {
        topic: Some(certificate.topic.clone()),
        serial: Some(certificate.serial.clone()),
        shown_serial: None,
        not_before: Some(certificate.not_before),
        not_after: Some(certificate.not_after),
        certificate: Some(certificate.sha256),
        apple_account: None,
    }
}

const fn known_by(confirmed: Confirmation) -> &'static str {
    match confirmed {
        Confirmation::ReadBack => "read-back",
        Confirmation::Person => "person",
    }
}
