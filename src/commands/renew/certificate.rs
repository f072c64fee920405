//! The certificate that came back: judged against everything that is known, before anything else happens to it.

use pushcert_papers::{
    Code, Fingerprint, Severity, TenantName, Topic, Verdict,
    certificate::{Expectations, InstalledFacts, Place},
    judge::{CertificateFacts, Judged, Want, judge},
    renewal::{Acceptance, Journey, ReceivedCertificate, guide},
};

use super::{Brought, Flow, Run};
use crate::commands::{
    Event, Failure, Kind, Looked, Mark, World,
    ledger::{Entry, Kept},
    shown,
};

/// The renewal goes on all the same: an expired certificate would be worse than one that cannot be taken back.
const NO_WAY_BACK: &str = "Today's certificate is not kept here, so it could not be put back later. Its row at Apple may still offer it under Download.";

/// What is said to somebody who brought today's certificate, for which the card asked first.
const STILL_TO_COME: &str = "Now press Renew on its row, and bring what Download gives you then.";

impl Run<'_> {
    /// Judges these bytes as the certificate of the open journey, less what the person accepted.
    pub(super) async fn judge_certificate(&self, bytes: &[u8]) -> Result<(Judged, Vec<Acceptance>), Failure> {
        let mut judged = self.judged(bytes, &configured_topics(self.world, &self.tenant.name))?;
        let has = |judged: &Judged, code: Code| judged.findings.iter().any(|finding| finding.code == code);
        if has(&judged, Code::TopicChanged) && !has(&judged, Code::OtherTenant) {
            // Only now is it worth asking the store about every tenant.
            judged = self.judged(bytes, &confirmed_topics(self.world, &self.tenant.name).await?)?;
        }
        Ok(self.accepting(judged))
    }

    fn judged(&self, bytes: &[u8], others: &[(TenantName, Topic)]) -> Result<Judged, Failure> {
        let journey = self.open_or_next();
        let installed = self.seen.as_ref().and_then(|seen| seen.installed.as_ref()).map(InstalledFacts::from);
        let expected = Expectations {
            topic: journey.topic.as_ref(),
            other_tenants: others,
            public_key: journey.held_request().map(|held| held.public_key),
            installed: installed.as_ref(),
            awaiting_newer: journey.held_request().is_some(),
            place: Place::Gate,
            ..Expectations::default()
        };
        Ok(judge(bytes, None, Want::PushCertificate, &expected, &self.authorities()?, self.world.clock.now()))
    }

    /// Takes the weight off the findings that a person accepted, by typing what they are about, and why.
    fn accepting(&self, mut judged: Judged) -> (Judged, Vec<Acceptance>) {
        let (Some(facts), Some(reason)) = (judged.certificate.clone(), self.wish.accept.reason.clone()) else {
            return (judged, vec![]);
        };
        let mut accepted = vec![];
        for finding in judged.findings.iter_mut().filter(|finding| finding.severity == Severity::Refuse) {
            if let Some(value) = self.accepts(finding.code, &facts) {
                finding.severity = Severity::Warn;
                accepted.push(Acceptance { code: finding.code, value, reason: reason.clone() });
            }
        }
        judged.verdict = Verdict::of(&judged.findings);
        (judged, accepted)
    }

    fn accepts(&self, code: Code, facts: &CertificateFacts) -> Option<String> {
        let accept = &self.wish.accept;
        match code {
            Code::KeyNotCompared => accept.key.filter(|key| *key == facts.public_key_sha256).map(|key| key.to_string()),
            Code::IssuerUnverified => {
                accept.issuer.filter(|key| Some(*key) == facts.issuer_public_key_sha256).map(|key| key.to_string())
            }
            Code::TopicChanged | Code::OtherTenant => {
                accept.topic_change.as_ref().filter(|topic| Some(*topic) == facts.topic.as_ref()).map(Topic::to_string)
            }
            _ => None,
        }
    }

    /// The open journey; or the one that would be opened, which no file that is refused opens.
    fn open_or_next(&self) -> Journey {
        let next = || self.begun(self.ledger.enrolled_topic().filter(|_| !self.wish.first).cloned());
        self.ledger.open_journey().cloned().unwrap_or_else(next)
    }

    /// Takes a certificate where it passes. Nothing is begun, and no request skipped, for one that does not.
    pub(super) async fn take_certificate(&mut self, bytes: Vec<u8>, path: &str) -> Result<Flow, Failure> {
        let Some((judged, accepted)) = self.passes(&bytes, path).await? else {
            return Ok(Flow::Stop(Some(Kind::Waiting), Some("certificate")));
        };
        if self.ledger.open_journey().is_none() {
            self.begin().await?;
        }
        self.skip_request().await?;
        self.keep_certificate(bytes, &judged, accepted).await
    }

    /// Whether a certificate that a person brought is the one that is awaited; `None` for today's, which is kept. What is
    /// wrong with another is named, put on record, and ends the run.
    async fn passes(&mut self, bytes: &[u8], path: &str) -> Result<Option<(Judged, Vec<Acceptance>)>, Failure> {
        let (mut judged, mut accepted) = self.judge_certificate(bytes).await?;
        self.ask_about_the_key(&mut judged, &mut accepted);
        if judged.verdict != Verdict::Refuse {
            return Ok(Some((judged, accepted)));
        }
        if self.is_todays(bytes, &judged).await? {
            self.world.tell(Event::Note(&format!("already-installed: {path} is today's certificate. {STILL_TO_COME}")));
            return Ok(None);
        }
        self.not_taken(bytes, path, &judged).await?;
        Err(self.refused(path, &judged))
    }

    /// Whether it is today's certificate, which is kept, and of the enrolled topic: where a wrong one is installed it is named.
    async fn is_todays(&mut self, bytes: &[u8], judged: &Judged) -> Result<bool, Failure> {
        let is_right = judged.certificate.as_ref().is_some_and(|facts| facts.topic == self.open_or_next().topic);
        Ok(self.keep_if_present(bytes, judged).await? && is_right)
    }

    /// A file for a step that lies behind. The certificate of the open journey once more is no mistake, nor is today's; another one is judged
    /// all the same, since its person believes to have done something.
    pub(super) async fn look_at_what_comes_late(&mut self) -> Result<(), Failure> {
        let its_own = self.ledger.open_journey().and_then(|journey| journey.certificate.clone());
        let Some(its_own) = its_own.filter(|_| !self.wish.dry_run) else { return Ok(()) };
        if let Some(path) = &self.wish.request {
            return Err(self.certificate_waiting(&shown(path), &its_own));
        }
        let Some(Brought { bytes, path }) = self.brought.take() else { return Ok(()) };
        let (judged, _) = self.judge_certificate(&bytes).await?;
        let is_its_own = judged.certificate.as_ref().is_some_and(|facts| facts.sha256 == its_own.sha256);
        if is_its_own || self.is_todays(&bytes, &judged).await? {
            return Ok(());
        }
        if judged.verdict == Verdict::Refuse {
            self.not_taken(&bytes, &path, &judged).await?;
            return Err(self.refused(&path, &judged));
        }
        Err(self.certificate_waiting(&path, &its_own))
    }

    fn certificate_waiting(&self, path: &str, its_own: &ReceivedCertificate) -> Failure {
        let message = format!(
            "{path} was not taken: the open renewal of {} has its certificate, which ends {}",
            self.tenant.name,
            its_own.not_after.date()
        );
        let hint = format!("go on with it:  {command}   or begin anew:  {command} --restart", command = self.command());
        Failure::new(Kind::Refused, "certificate-waiting", message).hinted(hint)
    }

    async fn keep_certificate(
        &mut self,
        bytes: Vec<u8>,
        judged: &Judged,
        accepted: Vec<Acceptance>,
    ) -> Result<Flow, Failure> {
        let facts = judged.certificate.clone().expect("an accepted certificate has facts");
        let topic = facts.topic.clone().expect("an accepted certificate has a topic");
        let received = self.received(&bytes, &facts, topic, accepted);
        let detail = self.detail(&facts);
        let before = self.predecessor().await?;
        let way_back = if before.is_none() && self.present().is_some() { "none" } else { "" };
        let entry = Entry {
            after: Some(facts.sha256),
            reason: self.wish.accept.reason.clone(),
            proves_the_account: self.journey().topic.is_none_or(|topic| Some(topic) == facts.topic),
            ..Entry::of("certificate-accepted").with("findings", &codes(judged)).with("way-back", way_back)
        };
        let mut kept = Kept::certificate(&bytes, &facts);
        kept.push(Kept { kind: "certificate", name: format!("{}.pem", facts.sha256.short()), bytes });
        let journey = Journey { certificate: Some(received), before, ..self.journey() };
        self.ledger.commit(journey, kept, entry).await?;
        self.world.tell(Event::Done { step: 3, mark: Mark::Sure, title: "Certificate checked", detail: &detail });
        for finding in judged.findings.iter().filter(|finding| finding.severity == Severity::Warn) {
            self.world.tell(Event::Note(&format!(
                "{}: {}. {}",
                finding.code,
                finding.message.trim_end_matches('.'),
                finding.remedy
            )));
        }
        if !way_back.is_empty() {
            self.world.tell(Event::Note(NO_WAY_BACK));
        }
        Ok(Flow::On)
    }

    /// Without a request at hand nobody can tell whether the server holds this key; a present person may know.
    fn ask_about_the_key(&self, judged: &mut Judged, accepted: &mut Vec<Acceptance>) {
        let blocking = |judged: &Judged| -> Vec<Code> {
            let refusing = judged.findings.iter().filter(|finding| finding.severity == Severity::Refuse);
            refusing.map(|finding| finding.code).collect()
        };
        let Some(facts) = judged.certificate.clone() else { return };
        if blocking(judged) != [Code::KeyNotCompared] {
            return;
        }
        let question = "There is no request to compare this certificate's key with. Was it made from the newest request of this very server?";
        if !self.world.ask.confirm(question) {
            return;
        }
        for finding in judged.findings.iter_mut().filter(|finding| finding.code == Code::KeyNotCompared) {
            finding.severity = Severity::Warn;
        }
        let value = facts.public_key_sha256.to_string();
        accepted.push(Acceptance { code: Code::KeyNotCompared, value, reason: "a person said yes".into() });
        judged.verdict = Verdict::of(&judged.findings);
    }

    pub(super) fn received(
        &self,
        bytes: &[u8],
        facts: &CertificateFacts,
        topic: Topic,
        accepted: Vec<Acceptance>,
    ) -> ReceivedCertificate {
        ReceivedCertificate {
            artefact: Fingerprint::of(bytes),
            sha256: facts.sha256,
            topic,
            serial: facts.serial.clone(),
            not_before: facts.not_before,
            not_after: facts.not_after,
            at: self.world.clock.now(),
            accepted,
            own_key: self.ledger.open_journey().and_then(Journey::held_request).and_then(|held| held.own_key),
            issuer: Some(facts.issuer.clone()),
        }
    }

    fn detail(&self, facts: &CertificateFacts) -> String {
        let journey = self.journey();
        let topic = match &journey.topic {
            Some(topic) if Some(topic) == facts.topic.as_ref() => "same topic",
            Some(_) => "another topic, accepted",
            None => "a first topic",
        };
        let key = if journey.held_request().is_some() { "answers our request" } else { "key not compared" };
        let issuer = if self.tenant.authorities.is_some() {
            "issued by the authority of the configuration"
        } else {
            "issued by Apple"
        };
        let days = facts.not_after.plus(1).days_after(facts.not_before);
        format!("{topic}, {key}, {issuer}, {days} days, ends {}", facts.not_after.date())
    }

    /// Says what is wrong with a file that was brought, and puts it on record.
    pub(super) async fn not_taken(&mut self, bytes: &[u8], path: &str, judged: &Judged) -> Result<(), Failure> {
        let now = self.world.clock.now();
        let authorities = self.tenant.authorities.as_deref().map(shown);
        self.world.tell(Event::NotTaken(&Looked { path, judged, authorities: authorities.as_deref(), now }));
        let digest = judged.certificate.as_ref().map_or_else(|| Fingerprint::of(bytes), |facts| facts.sha256);
        let entry = Entry { after: Some(digest), ..Entry::of("certificate-refused").with("findings", &codes(judged)) };
        match self.ledger.open_journey().cloned() {
            Some(open) => self.ledger.commit(open, vec![], entry).await,
            None => self.ledger.note(vec![], entry).await,
        }
    }

    fn refused(&self, path: &str, judged: &Judged) -> Failure {
        let worst = judged.findings.iter().find(|finding| finding.severity == Severity::Refuse);
        let code = worst.map_or(Code::UnknownKind, |finding| finding.code);
        let message = format!("{path} is refused ({code}). {}", guide::after_refusal(code));
        // What belongs to another tenant is sent there.
        let elsewhere = judged.findings.iter().find(|finding| finding.code == Code::OtherTenant);
        let hint = match elsewhere {
            Some(finding) => finding.remedy.replace("FILE", path),
            None => format!("then go on with  {} --certificate FILE", self.command()),
        };
        Failure::new(Kind::Refused, code.word(), message).hinted(hint)
    }
}

/// The topics of the other tenants, as far as the configuration says them.
pub(super) fn configured_topics(world: &World<'_>, own: &TenantName) -> Vec<(TenantName, Topic)> {
    let others = world.config.tenants.values().filter(|tenant| tenant.name != *own);
    others.filter_map(|tenant| Some((tenant.name.clone(), tenant.enrolled_topic.clone()?))).collect()
}

/// The topics of the other tenants, those that a person confirmed here among them.
pub(super) async fn confirmed_topics(world: &World<'_>, own: &TenantName) -> Result<Vec<(TenantName, Topic)>, Failure> {
    let mut topics = configured_topics(world, own);
    let unsaid = world.config.tenants.values().filter(|tenant| tenant.name != *own && tenant.enrolled_topic.is_none());
    for tenant in unsaid {
        let confirmed = world.store.tenant(&tenant.name).await?.and_then(|kept| kept.confirmed_topic);
        topics.extend(confirmed.map(|topic| (tenant.name.clone(), topic)));
    }
    Ok(topics)
}

pub(super) fn codes(judged: &Judged) -> String {
    let words: Vec<_> = judged.findings.iter().map(|finding| finding.code.word()).collect();
    words.join(" ")
}
