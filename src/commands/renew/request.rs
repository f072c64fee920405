//! The request for Apple's portal: fetched from the server, brought by a person, or made elsewhere.

use std::path::Path;

use pushcert_papers::{
    Fingerprint, Time, Verdict,
    certificate::{Authorities, Expectations},
    console::Deed,
    judge::{Judged, Want, judge},
    renewal::{HeldRequest, Journey, Origin, Request, Step},
    request::{self, Known, for_the_portal},
};

use super::{Flow, Run};
use crate::{
    commands::{
        Event, Failure, Kind, Looked, Mark, files,
        ledger::{Entry, Kept},
        shown,
    },
    mdm::MdmError,
};

/// The name under which a fetched request is handed to a person; the portal takes `.txt`.
const FILE_NAME: &str = "ApplePushInfo.txt";

impl Run<'_> {
    /// Whether a request in the person's hand has its place now.
    pub(super) fn takes_request(&self, step: &Step) -> bool {
        let place = matches!(
            step,
            Step::FetchRequest | Step::AskForRequest | Step::AskForSignature | Step::HandOff | Step::AwaitCertificate
        );
        place && self.wish.request.is_some()
    }

    /// Takes the request that a person brought.
    pub(super) async fn take_request(&mut self) -> Result<Flow, Failure> {
        let path = self.wish.request.take().expect("a request is in hand");
        let bytes = files::need(&path)?;
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        self.keep_request(bytes, &shown(&path), name.as_deref(), Origin::Person).await
    }

    /// Asks the server for a request. It may make a new key, so this is on record before it happens.
    pub(super) async fn fetch_request(&mut self) -> Result<Flow, Failure> {
        if !self.may_use(Deed::Fetch).await? {
            self.server.reach.fetch = false;
            return Ok(Flow::On);
        }
        let _held = self.ledger.lock().await?;
        let now = self.world.clock.now();
        let intended = Journey { request: Request::Intended { at: now }, ..self.journey() };
        self.ledger.commit(intended, vec![], Entry::of("request-intended")).await?;
        match self.server.mdm.fetch_request().await {
            Ok(bytes) => self.keep_request(bytes, FILE_NAME, Some(FILE_NAME), Origin::Server).await,
            Err(MdmError::ConsoleChanged { host, what }) => {
                self.console_changed(&host, &what);
                Ok(Flow::On)
            }
            Err(error) => Err(self.world.failed(self.tenant, error).await),
        }
    }

    pub(super) async fn keep_request(
        &mut self,
        bytes: Vec<u8>,
        path: &str,
        name: Option<&str>,
        origin: Origin,
    ) -> Result<Flow, Failure> {
        let now = self.world.clock.now();
        let bytes = for_the_portal(&bytes);
        let judged = self.judge_request(&bytes, name, None)?;
        let (Some(facts), true) = (&judged.request, judged.verdict != Verdict::Refuse) else {
            let hint = "download the request from the console again, and use the newest file";
            return Err(self.request_refused(path, &judged, hint));
        };
        let own_key = self.own_key_of(path, facts.public_key_sha256)?;
        self.refuse_older(path, &bytes).await?;
        let held = HeldRequest {
            artefact: Fingerprint::of(&bytes),
            file_name: upload_name(name),
            public_key: facts.public_key_sha256,
            vendor: facts.vendor.clone(),
            vendor_not_after: facts.vendor_not_after,
            at: now,
            origin,
            own_key,
        };
        let detail = request_detail(&held);
        let kept = Kept { kind: "request", name: held.file_name.clone(), bytes };
        let entry = Entry { after: Some(held.artefact), ..Entry::of("request-kept") };
        let journey = Journey { request: Request::Held(held), handed_off: None, ..self.journey() };
        self.ledger.commit(journey, vec![kept], entry).await?;
        self.world.tell(Event::Done { step: 1, mark: Mark::Sure, title: "Request checked", detail: &detail });
        Ok(Flow::On)
    }

    /// Judges a request for the portal, of which may be known when it came.
    pub(super) fn judge_request(
        &self,
        bytes: &[u8],
        name: Option<&str>,
        fetched: Option<Time>,
    ) -> Result<Judged, Failure> {
        let (authorities, now) = (self.authorities()?, self.world.clock.now());
        let mut judged = judge(bytes, name, Want::PushRequest, &Expectations::default(), &authorities, now);
        judged.findings.extend(request::age(&Known { fetched, ..Known::default() }, now));
        judged.verdict = Verdict::of(&judged.findings);
        Ok(judged)
    }

    /// A request that was kept before the one that is held now: the server may have replaced its key. Only a person who
    /// knows better goes back to it.
    async fn refuse_older(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let journey = self.journey();
        let digest = Fingerprint::of(bytes);
        let Some(held) = journey.held_request().filter(|held| held.artefact != digest) else { return Ok(()) };
        if !self.ledger.keeps(&digest).await? {
            return Ok(());
        }
        let known = Known { newer_fetched: Some(held.at), ..Known::default() };
        for finding in request::age(&known, self.world.clock.now()) {
            let words = format!("{}: {path}: {}. {}", finding.code, finding.message, finding.remedy);
            self.world.tell(Event::Note(&words));
        }
        if self.world.ask.confirm("Is it the newest one in the console all the same?") {
            return Ok(());
        }
        let code = pushcert_papers::Code::RequestSuperseded.word();
        let message = format!("{path} is older than the request of {}; nothing was handed on", held.at.date_and_time());
        let hint = format!("use the newest one; it was handed to you:  {}", self.command());
        Err(Failure::new(Kind::Waiting, code, message).hinted(hint))
    }

    pub(super) fn request_refused(&self, path: &str, judged: &Judged, hint: &str) -> Failure {
        let now = self.world.clock.now();
        self.world.tell(Event::NotTaken(&Looked { path, judged, authorities: None, now }));
        let code = judged
            .findings
            .iter()
            .max_by_key(|finding| finding.severity)
            .map_or(pushcert_papers::Code::UnknownKind.word(), |finding| finding.code.word());
        Failure::new(Kind::Refused, code, format!("{path} is not a request for Apple's portal; nothing was handed on"))
            .hinted(hint)
    }

    /// A certificate that comes before its request makes one of ours unnecessary: somebody renewed by hand.
    pub(super) async fn skip_request(&mut self) -> Result<(), Failure> {
        if matches!(self.journey().request, Request::Held(_) | Request::Elsewhere) {
            return Ok(());
        }
        let journey = Journey { request: Request::Elsewhere, ..self.journey() };
        self.ledger.commit(journey, vec![], Entry::of("request-made-elsewhere")).await
    }

    /// The authorities that this tenant's certificates are judged by: Apple's, unless it lives on a loopback address.
    pub(super) fn authorities(&self) -> Result<Authorities, Failure> {
        match &self.tenant.authorities {
            None => Ok(Authorities::apple()),
            Some(path) => crate::commands::authorities(path),
        }
    }
}

fn request_detail(held: &HeldRequest) -> String {
    let vendor = held.vendor.as_deref().unwrap_or("its vendor");
    let until = held.vendor_not_after.map(|end| format!(", its vendor certificate valid until {}", end.date()));
    format!("{}: signed by {vendor}{}", held.file_name, until.unwrap_or_default())
}

/// The portal refuses files by their ending; only `.txt` is in every list seen.
fn upload_name(name: Option<&str>) -> String {
    let stem = name.map(Path::new).and_then(Path::file_stem).and_then(|stem| stem.to_str()).unwrap_or("ApplePushInfo");
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
    format!("{}.txt", plain.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portal_gets_a_plain_name_that_ends_in_txt() {
        assert_eq!(upload_name(None), "ApplePushInfo.txt");
        assert_eq!(upload_name(Some("request.csr")), "request.txt");
        assert_eq!(upload_name(Some("..\u{1b}[2J/é.plist")), "_.txt");
    }
}
