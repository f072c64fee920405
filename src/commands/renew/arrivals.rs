//! What a person's browser leaves in the downloads folder: the request from the console, found by what it holds.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Kind as PaperKind, Verdict,
    judge::Judged,
    renewal::{Origin, guide, waits_for_a_person},
    request::for_the_portal,
};

use super::{Flow, Run, portal::unreadable};
use crate::commands::{Event, Failure, Kind, Looked, files, shown};

impl Run<'_> {
    /// Has a person bring the request: shows the way, and takes it out of the downloads folder as soon as it is whole.
    pub(super) async fn await_request(&mut self) -> Result<Flow, Failure> {
        let folder = self.folder_to_watch();
        if let Some(folder) = &folder
            && let Some((path, bytes)) = self.request_that_is_there(folder)?
        {
            return self.take_arrived(&path, bytes).await;
        }
        self.say_why_it_is_not_fetched();
        self.show_console_card();
        match folder.filter(|_| self.world.ask.present()) {
            Some(folder) => self.watch_for_request(&folder).await,
            None => Ok(Flow::Stop(Some(Kind::Waiting), Some("request"))),
        }
    }

    /// What the tenant allows unattended may not be right today.
    fn say_why_it_is_not_fetched(&self) {
        let could = self.server.reach.fetch && self.tenant.unattended_request;
        if could && !self.world.ask.present() && waits_for_a_person(&self.journey()) {
            let command = self.command();
            self.world.tell(Event::Note(&format!(
                "The request is not fetched while nobody is here, although  unattended_request  allows it: a fetch may replace the key that the server uses now, and then devices are silent until the renewal is complete. Run  {command}  in a terminal when somebody can finish it, or bring the request with --request FILE."
            )));
        }
    }

    fn show_console_card(&self) {
        let console = self.tenant.product.console();
        let card = guide::fetch(console, self.tenant.host.as_deref(), &self.command());
        self.world.tell(Event::Turn { step: 1, card: &card });
        self.open_console();
    }

    /// Opens the console where a person sits, as near to the page as its address is known.
    pub(super) fn open_console(&self) {
        let Some(url) = &self.tenant.url else { return };
        if let Some(link) = guide::console_link(self.tenant.product.console(), &url.origin().ascii_serialization()) {
            self.open_link(&link);
        }
    }

    /// Opens a link in the browser of a person who sits here.
    pub(super) fn open_link(&self, link: &str) {
        if self.world.ask.present() && self.world.portal.open(link) {
            self.world.tell(Event::Note(&format!("Opened in your browser: {link}")));
        }
    }

    /// The newest request that was downloaded since the renewal began.
    fn request_that_is_there(&self, folder: &Path) -> Result<Option<(PathBuf, Vec<u8>)>, Failure> {
        let since = self.journey().started;
        let found = self.world.portal.changed_since(folder, since).map_err(|error| unreadable(folder, &error))?;
        for path in found {
            let Ok(bytes) = files::read(&path) else { continue };
            if self.judge_arrived(&path, &bytes)?.kind == PaperKind::PushRequest {
                return Ok(Some((path, bytes)));
            }
        }
        Ok(None)
    }

    /// Waits for the request. What else appears is named where somebody may take it for one, and the wait goes on.
    async fn watch_for_request(&mut self, folder: &Path) -> Result<Flow, Failure> {
        let mut arrivals = self.world.portal.watch(folder).map_err(|error| unreadable(folder, &error))?;
        let waiting = format!(
            "Watching {} for the request; or bring it with --request FILE. Ctrl-C is safe: run the same command to go on.",
            folder.display()
        );
        self.world.tell(Event::Alive(&waiting));
        loop {
            let path = arrivals.next().await.map_err(|error| unreadable(folder, &error))?;
            // A file that vanished again was not meant for us.
            let Ok(bytes) = files::read(&path) else { continue };
            let judged = self.judge_arrived(&path, &bytes)?;
            if judged.kind == PaperKind::PushRequest && judged.verdict != Verdict::Refuse {
                return self.take_arrived(&path, bytes).await;
            }
            if is_meant(&judged, &path) {
                let now = self.world.clock.now();
                self.world.tell(Event::NotTaken(&Looked {
                    path: &shown(&path),
                    judged: &judged,
                    authorities: None,
                    now,
                }));
            }
        }
    }

    /// A request that was downloaded while a certificate is awaited: the server may hold another key since then.
    pub(super) fn warn_of_newer_request(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let found = self.judge_arrived(path, bytes)?.request.map(|facts| facts.public_key_sha256);
        let held = self.journey().held_request().map(|held| held.public_key);
        if found.is_some() && found != held {
            let words = format!(
                "{} is a newer request than the one that was handed off: the server may hold its key now. If you downloaded \
                 it from this server, go on with it:  {} --request FILE",
                shown(path),
                self.command()
            );
            self.world.tell(Event::Note(&words));
        }
        Ok(())
    }

    async fn take_arrived(&mut self, path: &Path, bytes: Vec<u8>) -> Result<Flow, Failure> {
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        self.keep_request(bytes, &shown(path), name.as_deref(), Origin::Person).await
    }

    fn judge_arrived(&self, path: &Path, bytes: &[u8]) -> Result<Judged, Failure> {
        self.judge_request(&for_the_portal(bytes), path.file_name().and_then(|name| name.to_str()), None)
    }
}

/// Whether somebody may have taken this file for the request: what it holds is near to one, or it has the name of one.
fn is_meant(judged: &Judged, path: &Path) -> bool {
    let near = matches!(judged.kind, PaperKind::PushRequest | PaperKind::Csr | PaperKind::Plist);
    let named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ApplePushInfo"));
    near || named
}
