//! The upload, behind the guard: judged again at the last moment, intended before it is sent, read back afterwards.

use std::path::Path;

use pushcert_papers::{
    Code, DAY, Severity,
    console::Deed,
    kind::leaf_alone,
    renewal::{Confirmation, Install, Journey, ReceivedCertificate, Shown, guide, shown as shows},
    watch::{Installed, Seen, Source},
};

use super::{Flow, Run};
use crate::{
    commands::{Event, Failure, Kind, Looked, Mark, devices::share_within, ledger::Entry, prove::DAY_BEFORE, shown},
    mdm::MdmError,
};

impl Run<'_> {
    /// Sends the certificate to the server: exactly the bytes that pass the checks at this moment.
    pub(super) async fn install(&mut self, tries: u32) -> Result<Flow, Failure> {
        if !self.may_use(Deed::Upload).await? {
            self.server.reach.upload = false;
            return Ok(Flow::On);
        }
        let _held = self.ledger.lock().await?;
        let journey = self.journey();
        let certificate = received(&journey);
        let pem = self.ledger.artefact(&certificate.artefact).await?;
        if self.guard(&pem, &certificate).await? == Guarded::InstalledAlready {
            return self.installed(Confirmation::ReadBack).await;
        }
        let intended = Install::Intended { at: self.world.clock.now(), tries };
        let entry =
            Entry { before: self.installed_digest(), after: Some(certificate.sha256), ..Entry::of("upload-intended") };
        // Somebody may have put another one there since the certificate was accepted; the second try looks at the first's.
        let before = if tries == 1 { self.predecessor().await? } else { journey.before };
        self.ledger.commit(Journey { install: intended, before, ..journey }, vec![], entry).await?;
        match self.server.mdm.install(&alone(pem)).await {
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
        let (judged, _) = self.judge_certificate(pem).await?;
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

    /// Looks at the server, and at what it shows of the certificate that was sent. The bare sight counts: what was known
    /// before is of another certificate, which may end on the same day.
    pub(super) async fn read_back(&mut self) -> Result<Flow, Failure> {
        let sight = self.look().await?;
        let shown = sight.map_or(Shown::Unclear, |seen| shows(&seen, &received(&self.journey())));
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
        let sent = matches!(journey.install, Install::Intended { .. });
        let replaced = journey.before.map(|before| before.certificate).or_else(|| self.installed_digest());
        let before = replaced.filter(|digest| *digest != certificate.sha256);
        let entry = Entry {
            before,
            after: Some(certificate.sha256),
            ..Entry::of("certificate-installed").with("known-by", confirmed.word()).with(DAY_BEFORE, &self.day_before())
        };
        self.ledger.installed(Journey { install: Install::Done { at: now, confirmed }, ..journey }, entry).await?;
        let source = match confirmed {
            Confirmation::ReadBack => self.seen.as_ref().map_or(Source::Console, |seen| seen.source),
            Confirmation::Person => Source::Person,
        };
        self.seen = Some(self.ledger.saw(Seen { at: now, source, installed: Some(known(&certificate)) }).await?);
        let end = certificate.not_after.date();
        let detail = match confirmed {
            Confirmation::ReadBack if sent => format!("uploaded and read back: the server now shows {end}"),
            Confirmation::ReadBack => format!("read back: the server shows {end}; this tool sent nothing"),
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
        let (card, file) = self.hand_off_certificate(&journey, &pem).await?;
        self.world.tell(Event::Turn { step: 4, card: &card });
        self.open_console();
        let question = format!("Does the console now show an end of {}?", certificate.not_after.date());
        if self.world.ask.confirm(&question) {
            return self.installed(Confirmation::Person).await;
        }
        let how = format!("When it is uploaded, say so:  pushcert adopt {} {file}", self.tenant.name);
        self.world.tell(Event::Note(&how));
        Ok(Flow::Stop(Some(Kind::Waiting), Some("upload")))
    }

    /// Puts the checked certificate into the hand-off folder, with the card for the console, and with our own key where
    /// the server takes one; the answer is the card, and the certificate's path.
    async fn hand_off_certificate(&self, journey: &Journey, pem: &[u8]) -> Result<(guide::Card, String), Failure> {
        let certificate = received(journey);
        let key = match certificate.own_key {
            Some(digest) => Some(self.ledger.artefact(&digest).await?),
            None => None,
        };
        // Apple's own name for the file is the same every year.
        let stem = format!("{}-ends-{}", self.tenant.name, certificate.not_after.iso_date());
        let (file, key_file) = (format!("{stem}.pem"), format!("{stem}.key.pem"));
        let folder = Path::new(self.tenant.name.as_str()).join(journey.started.iso_date());
        let card = |file: &str, key: Option<&str>| {
            guide::upload(&guide::Upload {
                console: self.tenant.product.console(),
                host: self.tenant.host.as_deref(),
                file,
                key,
                apple_account: self.tenant.apple_account.as_deref(),
                ends: certificate.not_after,
            })
        };
        let alone = alone(pem.to_vec());
        let files =
            std::iter::once((file.clone(), alone.as_slice())).chain(key.as_deref().map(|key| (key_file.clone(), key)));
        let taken_along = card(&file, key.is_some().then_some(&*key_file));
        let back = self.after_the_upload(&certificate);
        let path = self.write_handout("upload", &folder, &taken_along, files, &back).await?;
        let (file, key_file) = (shown(&path.join(&file)), shown(&path.join(&key_file)));
        Ok((card(&file, key.is_some().then_some(&*key_file)), file))
    }

    fn after_the_upload(&self, certificate: &ReceivedCertificate) -> Vec<String> {
        let end = certificate.not_after.date();
        vec![
            format!("Bring back: the date that the console shows afterwards. It must be {end}, or a day beside it."),
            format!("Where pushcert is, say so:  pushcert adopt {} FILE", self.tenant.name),
            "FILE is the certificate of this folder. Or save the console's page, and bring it:  --page SAVED.html"
                .into(),
        ]
    }

    /// The end of an `install`: the certificate is there, and nothing else was asked for.
    pub(super) fn installed_alone(&self) -> Flow {
        self.world.tell(Event::Note(&format!("Whether devices answer is asked by  {}", self.command())));
        Flow::Stop(None, None)
    }

    /// How many devices checked in on the day before this run, to be compared with those of tomorrow.
    fn day_before(&self) -> String {
        let now = self.world.clock.now();
        self.fleet.as_ref().map(|fleet| share_within(fleet, DAY, now).to_string()).unwrap_or_default()
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

/// The certificate alone, in PEM: what came with it in the file that was judged is nothing for a server. Where nothing
/// did, it is the very file.
fn alone(file: Vec<u8>) -> Vec<u8> {
    match leaf_alone(&file) {
        Some(leaf) if leaf.trim_ascii().as_bytes() != file.trim_ascii() => leaf.into_bytes(),
        _ => file,
    }
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
        issuer: certificate.issuer.clone(),
        apple_account: None,
    }
}
