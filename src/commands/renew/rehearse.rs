//! `rehearse`: the way to the row at Apple, walked once a year without renewing. What comes of it proves the account and
//! the row, and is kept as a backup.

use std::path::Path;

use pushcert_papers::{
    Code, DAY, Fingerprint, Severity, TenantName,
    certificate::{Expectations, Place},
    judge::{Judged, Want, judge},
    renewal::{Rehearsal, guide, rehearsed},
};

use super::{Brought, Run, Wish, certificate::codes, confirmed_topics, is_foreign, unreadable};
use crate::commands::{
    Event, Failure, Kind, Looked, Outcome, Rehearsed, World, files,
    ledger::{Entry, Kept},
    shown,
};

/// Guides a person to the row, and judges what they download there.
///
/// # Errors
/// When the file is of another row, or the store cannot be written.
pub async fn rehearse(world: &World<'_>, name: &TenantName, wish: Wish) -> Outcome {
    let mut run = Run::open(world, name, wish).await?;
    if run.ledger.enrolled_topic().is_none() {
        return Err(run.topic_unknown());
    }
    // It is about Apple's portal: a server that cannot be asked today is no reason to stop.
    if let Err(failure) = run.look().await {
        world.tell(Event::Note(&format!("The server could not be asked: {}.", failure.message)));
    }
    match run.brought.take() {
        Some(brought) => {
            let result = run.rehearsed_with(brought).await?;
            Ok((!result.proves_the_way()).then_some(Kind::Refused))
        }
        None => run.rehearse().await,
    }
}

impl Run<'_> {
    async fn rehearse(&mut self) -> Outcome {
        let topic = self.ledger.enrolled_topic().cloned().expect("it was looked for before");
        let facts = guide::Portal {
            address: self.tenant.portal.as_deref().unwrap_or(guide::PORTAL),
            apple_account: self.tenant.apple_account.as_deref(),
            topic: Some(&topic),
            vendor: self.tenant.product.vendor(),
            ends: self.present().and_then(|installed| installed.not_after),
            devices: None,
            request: None,
            keep_first: false,
            note: "",
            row_missing: &format!("{} --row-missing", self.command()),
        };
        self.world.tell(Event::Card(&guide::rehearse(&facts, &topic)));
        if let Some(folder) = self.folder_to_watch().filter(|_| self.world.ask.present()) {
            return self.watch_the_rehearsal(&folder).await.map(|()| None);
        }
        let how = format!("Then bring the file:  pushcert rehearse {} --certificate FILE", self.tenant.name);
        self.world.tell(Event::Note(&how));
        Ok(Some(Kind::Waiting))
    }

    /// Waits for the download. What is no push certificate of this row is named, and the wait goes on.
    async fn watch_the_rehearsal(&mut self, folder: &Path) -> Result<(), Failure> {
        let mut arrivals = self.world.portal.watch(folder).map_err(|error| unreadable(folder, &error))?;
        self.world.tell(Event::Alive(&format!(
            "Watching {} for the certificate; or bring it with --certificate FILE.",
            folder.display()
        )));
        loop {
            let path = arrivals.next().await.map_err(|error| unreadable(folder, &error))?;
            let Ok(bytes) = files::read(&path) else { continue };
            let judged = self.judge_rehearsal(&bytes).await?;
            if is_foreign(&judged) {
                continue;
            }
            let brought = Brought { bytes, path: shown(&path) };
            if blocking(&judged).is_some() {
                self.rehearsal_failed(&brought, &judged).await?;
            } else if self.rehearsed_with(brought).await?.proves_the_way() {
                return Ok(());
            }
        }
    }

    async fn rehearsed_with(&mut self, brought: Brought) -> Result<Rehearsal, Failure> {
        let judged = self.judge_rehearsal(&brought.bytes).await?;
        if let Some(code) = blocking(&judged) {
            self.rehearsal_failed(&brought, &judged).await?;
            let message =
                format!("{} is not from the row of {} ({code}); nothing was proved", brought.path, self.tenant.name);
            let hint = format!("is it the right Apple account, and the right row?  {} --row-missing", self.command());
            return Err(Failure::new(Kind::Refused, code.word(), message).hinted(hint));
        }
        let facts = judged.certificate.expect("a push certificate has facts");
        let topic = facts.topic.clone().expect("it has the enrolled topic");
        let result = rehearsed(self.seen.as_ref(), &self.received(&brought.bytes, &facts, topic, vec![]));
        let account = self.tenant.apple_account.clone().unwrap_or_default();
        let proves_the_account = result.proves_the_way();
        let what = if proves_the_account { "rehearsed" } else { "rehearsal-failed" };
        let entry = Entry {
            after: Some(facts.sha256),
            proves_the_account,
            ..Entry::of(what).with("found", result.word()).with("account", &account)
        };
        self.ledger.note(Kept::certificate(&brought.bytes, &facts), entry).await?;
        if self.is_present(&facts) {
            self.complete_present(&facts).await?;
        }
        let now = self.world.clock.now();
        self.world.tell(Event::Rehearsed(&Rehearsed {
            tenant: self.tenant.name.clone(),
            result,
            apple_account: self.tenant.apple_account.clone(),
            serial: facts.serial,
            not_after: facts.not_after,
            again: if proves_the_account { now.plus(365 * DAY) } else { now },
        }));
        Ok(result)
    }

    async fn judge_rehearsal(&self, bytes: &[u8]) -> Result<Judged, Failure> {
        let others = confirmed_topics(self.world, &self.tenant.name).await?;
        let expected = Expectations {
            topic: self.ledger.enrolled_topic(),
            other_tenants: &others,
            place: Place::Rehearsal,
            ..Expectations::default()
        };
        Ok(judge(bytes, None, Want::PushCertificate, &expected, &self.authorities()?, self.world.clock.now()))
    }

    async fn rehearsal_failed(&mut self, brought: &Brought, judged: &Judged) -> Result<(), Failure> {
        let now = self.world.clock.now();
        self.world.tell(Event::NotTaken(&Looked { path: &brought.path, judged, authorities: None, now }));
        let digest = judged.certificate.as_ref().map_or_else(|| Fingerprint::of(&brought.bytes), |facts| facts.sha256);
        let entry = Entry { after: Some(digest), ..Entry::of("rehearsal-failed").with("findings", &codes(judged)) };
        self.ledger.note(vec![], entry).await
    }
}

/// What keeps a file from proving the way. A certificate that has ended proves it as well as any.
fn blocking(judged: &Judged) -> Option<Code> {
    let refusing = judged.findings.iter().filter(|finding| finding.severity == Severity::Refuse);
    refusing.map(|finding| finding.code).find(|code| *code != Code::Expired)
}
