//! The person's turn at Apple's portal: what they get, and the wait for what they bring.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Code, Verdict,
    renewal::{HandOff, Journey, guide},
};

use super::{Flow, Run};
use crate::{
    commands::{Event, Failure, Kind, files, ledger::Entry, shown},
    portal::Sheet,
};

/// The card's name in the hand-off folder.
const CARD: &str = "card.txt";

impl Run<'_> {
    /// Puts the request and the card into a folder for the person.
    pub(super) async fn hand_off(&mut self) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let journey = self.journey();
        let held = journey.held_request().expect("a hand-off has a request");
        let bytes = self.ledger.artefact(&held.artefact).await?;
        let folder = PathBuf::from(self.tenant.name.as_str()).join(now.iso_date());
        let path = self.write_sheets(&folder, &held.file_name, &bytes)?;
        let handed_off = HandOff { at: now, folder: shown(&path) };
        let entry = Entry { after: Some(held.artefact), ..Entry::of("request-handed-off") };
        self.ledger.commit(Journey { handed_off: Some(handed_off), ..journey }, vec![], entry).await?;
        Ok(Flow::On)
    }

    fn write_sheets(&self, folder: &Path, file_name: &str, request: &[u8]) -> Result<PathBuf, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(Kind::Failed, "hand-off-failed", format!("the hand-off folder cannot be written: {error}"))
                .hinted("nothing is lost; make room or name another folder as  handoff  in the configuration, and run it again")
        };
        let request = Sheet { name: file_name, bytes: request };
        let path = self.world.portal.hand_off(folder, &[request]).map_err(failed)?;
        let card = as_text(&self.portal_card(Some(&shown(&path.join(file_name)))));
        self.world.portal.hand_off(folder, &[Sheet { name: CARD, bytes: card.as_bytes() }]).map_err(failed)
    }

    fn portal_card(&self, request: Option<&str>) -> guide::Card {
        let journey = self.journey();
        let installed = self.seen.as_ref().and_then(|seen| seen.installed.as_ref());
        let note = match &self.tenant.host {
            Some(host) => format!("{} · {host}", self.tenant.name),
            None => self.tenant.name.to_string(),
        };
        guide::portal(&guide::Portal {
            address: self.tenant.portal.as_deref().unwrap_or(guide::PORTAL),
            apple_account: self.tenant.apple_account.as_deref(),
            topic: journey.topic.as_ref(),
            vendor: self.tenant.product.vendor(),
            ends: installed.and_then(|installed| installed.not_after),
            devices: self.devices,
            request,
            note: &note,
            row_missing: &format!("{} --row-missing", self.command()),
        })
    }

    /// Takes the certificate that the person brings, from wherever they bring it.
    pub(super) async fn await_certificate(&mut self) -> Result<Flow, Failure> {
        if let Some(path) = self.wish.certificate.take() {
            let bytes = files::need(&path)?;
            return self.take_certificate(bytes, &shown(&path)).await;
        }
        let waiting = Flow::Stop(Some(Kind::Waiting), Some("certificate"));
        let folder = self.folder_to_watch();
        if let Some(folder) = &folder
            && let Some(flow) = self.take_what_is_there(folder).await?
        {
            return Ok(flow);
        }
        self.show_portal_card();
        match folder.filter(|_| self.world.ask.present()) {
            Some(folder) => self.watch(&folder).await,
            None => Ok(waiting),
        }
    }

    /// Takes the certificate out of what was downloaded since the hand-off. Where none of it will do, the newest
    /// certificate is named, since it may be what the person believes to have done.
    async fn take_what_is_there(&mut self, folder: &Path) -> Result<Option<Flow>, Failure> {
        let since = self.journey().handed_off.map_or(self.journey().started, |hand_off| hand_off.at);
        let found = self.world.portal.changed_since(folder, since).map_err(|error| unreadable(folder, &error))?;
        let mut newest = None;
        for path in found {
            let Ok(bytes) = files::read(&path) else { continue };
            let (judged, _) = self.judge_certificate(&bytes)?;
            if judged.verdict != Verdict::Refuse {
                return self.take_certificate(bytes, &shown(&path)).await.map(Some);
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
                let (judged, _) = self.judge_certificate(&bytes)?;
                self.not_taken(&bytes, &shown(&path), &judged).await?;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn show_portal_card(&self) {
        let journey = self.journey();
        let request = journey
            .handed_off
            .as_ref()
            .zip(journey.held_request())
            .map(|(hand_off, held)| shown(&Path::new(&hand_off.folder).join(&held.file_name)));
        self.world.tell(Event::Turn { step: 2, card: &self.portal_card(request.as_deref()) });
    }

    /// A folder that was named, or a present person's downloads.
    fn folder_to_watch(&self) -> Option<PathBuf> {
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
            let path = arrivals.next().await.map_err(|error| unreadable(folder, &error))?;
            // A file that vanished again was not meant for us.
            let Ok(bytes) = files::read(&path) else { continue };
            let (judged, _) = self.judge_certificate(&bytes)?;
            let request_again = judged.findings.iter().any(|finding| finding.code == Code::PushRequest);
            if request_again || is_foreign(&judged) {
                continue;
            }
            if judged.verdict != Verdict::Refuse {
                return self.take_certificate(bytes, &shown(&path)).await;
            }
            self.not_taken(&bytes, &shown(&path), &judged).await?;
        }
    }
}

fn unreadable(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::NotFound, "downloads-unreadable", format!("{}: {error}", folder.display()))
        .hinted("bring the certificate with  --certificate FILE")
}

/// Whether a download has nothing to do with certificates, so that a word about it would only disturb.
fn is_foreign(judged: &pushcert_papers::judge::Judged) -> bool {
    matches!(judged.kind, pushcert_papers::Kind::Unknown | pushcert_papers::Kind::Empty)
}

/// The card as plain text, for a folder that travels without this tool.
fn as_text(card: &guide::Card) -> String {
    let lines = card.lines.iter().map(|line| format!("  {:<10}{}\n", line.verb, line.text));
    let otherwise = card.otherwise.iter().map(|line| format!("{line}\n"));
    format!("{}\n\n{}\n{}", card.title, lines.collect::<String>(), otherwise.collect::<String>())
}
