//! The person's turn at Apple's portal: what they get, and the wait for what they bring.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use pushcert_papers::{
    Code, DAY, Severity, Verdict,
    judge::Judged,
    renewal::{HandOff, Journey, guide},
};

use super::{Flow, Run};
use crate::commands::{Event, Failure, Kind, files, ledger::Entry, shown};

/// How often a run that waits looks whether another one has gone on.
const GLANCE: Duration = Duration::from_secs(2);

impl Run<'_> {
    /// Puts the request and the card into a folder for the person.
    pub(super) async fn hand_off(&mut self) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let journey = self.journey();
        let held = journey.held_request().expect("a hand-off has a request");
        let bytes = self.ledger.artefact(&held.artefact).await?;
        let folder = PathBuf::from(self.tenant.name.as_str()).join(now.iso_date());
        let card = self.portal_card(Some(&held.file_name)).await?;
        let files = std::iter::once((held.file_name.clone(), &*bytes));
        let path = self.write_handout("card", &folder, &card, files, &self.after_the_portal()).await?;
        let handed_off = HandOff { at: now, folder: shown(&path) };
        let entry = Entry { after: Some(held.artefact), ..Entry::of("request-handed-off") };
        self.ledger.commit(Journey { handed_off: Some(handed_off), ..journey }, vec![], entry).await?;
        Ok(Flow::On)
    }

    /// What to bring back from the portal, and how to look at it on the spot.
    fn after_the_portal(&self) -> Vec<String> {
        let topic = self.journey().topic;
        let subject =
            topic.map(|topic| format!(" Its subject must say UID={topic}; anything else would lose every device."));
        vec![
            "Bring back: the file that Download gives you, unchanged. Its name is like MDM_ MobileIron_Certificate.pem, every year the same.".into(),
            format!(
                "To look at it on the spot, where OpenSSL is:  openssl x509 -noout -subject -enddate -in FILE.{}",
                subject.unwrap_or_default()
            ),
            format!("Where pushcert is:  {} --certificate FILE", self.command()),
        ]
    }

    pub(super) async fn portal_card(&self, request: Option<&str>) -> Result<guide::Card, Failure> {
        let journey = self.journey();
        let note = match &self.tenant.host {
            Some(host) => format!("{} · {host}", self.tenant.name),
            None => self.tenant.name.to_string(),
        };
        Ok(guide::portal(&guide::Portal {
            address: self.tenant.portal.as_deref().unwrap_or(guide::PORTAL),
            apple_account: self.tenant.apple_account.as_deref(),
            topic: journey.topic.as_ref(),
            vendor: journey.held_request().and_then(|held| held.vendor.as_deref()).or(self.tenant.product.vendor()),
            ends: self.present().and_then(|installed| installed.not_after),
            devices: self.devices,
            request,
            keep_first: self.misses_present().await?,
            note: &note,
            row_missing: &format!("{} --row-missing", self.command()),
        }))
    }

    /// Takes the certificate that the person brings, from wherever they bring it.
    pub(super) async fn await_certificate(&mut self) -> Result<Flow, Failure> {
        let waiting = Flow::Stop(Some(Kind::Waiting), Some("certificate"));
        let folder = self.folder_to_watch();
        if let Some(folder) = &folder
            && let Some(flow) = self.take_what_is_there(folder).await?
        {
            return Ok(flow);
        }
        self.look_at_the_request().await?;
        self.say_if_overtaken();
        self.show_portal_card().await?;
        if let Some(folder) = folder.filter(|_| self.world.ask.present()) {
            return self.watch(&folder).await;
        }
        let bring = format!("Then bring what it gave you:  {} --certificate FILE", self.command());
        self.world.tell(Event::Note(&bring));
        Ok(waiting)
    }

    /// Takes the certificate out of what was downloaded since the hand-off. Where none of it will do, the newest
    /// certificate is named, since it may be what the person believes to have done.
    async fn take_what_is_there(&mut self, folder: &Path) -> Result<Option<Flow>, Failure> {
        let since = self.journey().handed_off.map_or(self.journey().started, |hand_off| hand_off.at);
        let found = self.world.portal.changed_since(folder, since).map_err(|error| unreadable(folder, &error))?;
        let mut newest = None;
        for path in found {
            let Ok(bytes) = files::read(&path) else { continue };
            let (judged, _) = self.judge_certificate(&bytes).await?;
            if judged.verdict != Verdict::Refuse {
                return self.take_certificate(bytes, &shown(&path)).await.map(Some);
            }
            if self.keep_if_present(&bytes, &judged).await? {
                continue;
            }
            if newest.is_none() && judged.kind == pushcert_papers::Kind::PushCertificate {
                newest = Some((path, bytes));
            }
        }
        match newest {
            Some((path, bytes)) if !self.world.ask.present() => {
                self.take_certificate(bytes, &shown(&path)).await.map(Some)
            }
            Some((path, bytes)) => {
                let (judged, _) = self.judge_certificate(&bytes).await?;
                self.not_taken(&bytes, &shown(&path), &judged).await?;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    async fn show_portal_card(&self) -> Result<(), Failure> {
        let journey = self.journey();
        let request = journey
            .handed_off
            .as_ref()
            .zip(journey.held_request())
            .map(|(hand_off, held)| shown(&Path::new(&hand_off.folder).join(&held.file_name)));
        self.world.tell(Event::Turn { step: 2, card: &self.portal_card(request.as_deref()).await? });
        self.open_link(self.tenant.portal.as_deref().unwrap_or(guide::PORTAL));
        Ok(())
    }

    /// A folder that was named, or a present person's downloads.
    pub(super) fn folder_to_watch(&self) -> Option<PathBuf> {
        let named = self.wish.downloads.clone();
        named.or_else(|| if self.world.ask.present() { self.world.portal.downloads_folder() } else { None })
    }

    /// Waits for the certificate in a folder. What else appears there is named, and the wait goes on.
    async fn watch(&mut self, folder: &Path) -> Result<Flow, Failure> {
        let mut arrivals = self.world.portal.watch(folder).map_err(|error| unreadable(folder, &error))?;
        let waiting = format!(
            "Watching {} for the certificate; or bring it with --certificate FILE. Ctrl-C is safe: run the same command to go on.",
            folder.display()
        );
        self.world.tell(Event::Alive(&waiting));
        loop {
            let Ok(arrived) = tokio::time::timeout(GLANCE, arrivals.next()).await else {
                // A store that is away for a while must not end the wait.
                match self.ledger.refresh().await {
                    Ok(true) => return Ok(self.overtaken()),
                    _ => continue,
                }
            };
            let path = arrived.map_err(|error| unreadable(folder, &error))?;
            if self.ledger.refresh().await? {
                return Ok(self.overtaken());
            }
            // A file that vanished again was not meant for us.
            let Ok(bytes) = files::read(&path) else { continue };
            let (judged, _) = self.judge_certificate(&bytes).await?;
            if judged.findings.iter().any(|finding| finding.code == Code::PushRequest) {
                self.warn_of_newer_request(&path, &bytes)?;
                continue;
            }
            if is_foreign(&judged) {
                continue;
            }
            if judged.verdict != Verdict::Refuse {
                return self.take_certificate(bytes, &shown(&path)).await;
            }
            if !self.keep_if_present(&bytes, &judged).await? {
                self.not_taken(&bytes, &shown(&path), &judged).await?;
            }
        }
    }

    /// Another run has gone on while this one waited: it goes on from there, where anything is left to do.
    fn overtaken(&self) -> Flow {
        self.world.tell(Event::Note(&format!("Another run has gone on with {}.", self.tenant.name)));
        if self.ledger.open_journey().is_some() { Flow::On } else { Flow::Stop(None, None) }
    }

    /// The request may have lain for weeks: whether Apple would still take it, and whether it is still the newest.
    async fn look_at_the_request(&mut self) -> Result<(), Failure> {
        let journey = self.journey();
        let Some(held) = journey.held_request() else { return Ok(()) };
        let bytes = self.ledger.artefact(&held.artefact).await?;
        let judged = self.judge_request(&bytes, Some(&held.file_name), Some(held.at))?;
        if judged.verdict == Verdict::Refuse {
            return Err(self.request_refused(
                &held.file_name,
                &judged,
                &format!("begin anew:  {} --restart", self.command()),
            ));
        }
        for finding in judged.findings.iter().filter(|finding| finding.severity == Severity::Warn) {
            self.world.tell(Event::Note(&format!("{}: {}. {}", finding.code, finding.message, finding.remedy)));
        }
        Ok(())
    }

    /// Says so where the server shows a certificate that was issued since this renewal began, past this tool.
    fn say_if_overtaken(&self) {
        let Some(present) = self.present().filter(|present| present.certificate.is_none()) else { return };
        let Some(end) = present.not_after.filter(|end| end.plus(-A_YEAR + DAY) >= self.journey().started) else {
            return;
        };
        self.world.tell(Event::Note(&format!(
            "The server shows an end of {}: somebody seems to have renewed it since this renewal began. If so, close it:  pushcert adopt {} FILE",
            end.date(),
            self.tenant.name
        )));
    }
}

/// What Apple's certificates last. The date of a console may be a day off.
const A_YEAR: i64 = 365 * DAY;

pub(super) fn unreadable(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::NotFound, "downloads-unreadable", format!("{}: {error}", folder.display()))
        .hinted("bring the certificate with  --certificate FILE")
}

/// Whether a download has nothing to do with certificates, so that a word about it would only disturb.
pub(super) fn is_foreign(judged: &Judged) -> bool {
    matches!(judged.kind, pushcert_papers::Kind::Unknown | pushcert_papers::Kind::Empty)
}
