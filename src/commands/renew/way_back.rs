//! The way back: the previous certificate again, where its key is known to be held still.

use pushcert_papers::{
    Code, Fingerprint, Severity,
    certificate::{Certificate, Expectations, InstalledFacts},
    judge::{CertificateFacts, Want, judge},
    pem,
    renewal::{Acceptance, Journey, Predecessor, Purpose, ReceivedCertificate, Request, Shown, shown},
};

use super::{Run, certificate::configured_topics};
use crate::commands::{
    Event, Failure, Kind,
    ledger::{Entry, Kept},
};

/// A certificate that may be put back.
pub(super) struct WayBack {
    certificate: Fingerprint,
    der: Vec<u8>,
    facts: CertificateFacts,
    own_key: Option<Fingerprint>,
    /// How it is known that the server can use it.
    held: &'static str,
}

impl Run<'_> {
    /// The way back, or why there is none.
    pub(super) async fn way_back(&self) -> Result<Result<WayBack, String>, Failure> {
        let Some(Predecessor { certificate, own_key }) = self.previous().await? else {
            return Ok(Err(format!("no earlier certificate of {} is on record", self.tenant.name)));
        };
        let Some(der) = self.world.store.artefact(&certificate).await? else {
            return Ok(Err(format!("the previous certificate ({}) is not kept here", certificate.short())));
        };
        let facts = match self.fit(&der)? {
            Ok(facts) => facts,
            Err(why) => return Ok(Err(why)),
        };
        Ok(match self.held(own_key, &facts).await? {
            Some(held) => Ok(WayBack { certificate, der, facts, own_key, held }),
            None if self.tenant.own_key.is_some() => Err("the key of the previous certificate is not kept here".into()),
            None => Err(
                "the server makes a key for each request, and may have given up that of the previous certificate; nobody can tell from here".into(),
            ),
        })
    }

    /// The newest certificate that was brought to the server, and is not the one that is there now. A renewal that was
    /// begun since knows of it only as of what it would replace.
    async fn previous(&self) -> Result<Option<Predecessor>, Failure> {
        let last = self.ledger.last_installation().await?;
        let Some(journey) = last.as_ref().or_else(|| self.ledger.latest_journey()) else { return Ok(None) };
        let is_there = |digest: Fingerprint| self.present().is_some_and(|present| present.certificate == Some(digest));
        let brought = journey.installed().filter(|certificate| {
            let shown_now = self.seen.as_ref().map_or(Shown::Unclear, |seen| shown(seen, certificate));
            shown_now == Shown::Other && !is_there(certificate.sha256)
        });
        Ok(brought.map(Predecessor::from).or(journey.before).filter(|before| !is_there(before.certificate)))
    }

    /// Whether it passes every check but those that a way back waives.
    fn fit(&self, der: &[u8]) -> Result<Result<CertificateFacts, String>, Failure> {
        let installed = self.present().map(InstalledFacts::from);
        let others = configured_topics(self.world, &self.tenant.name);
        let expected = Expectations {
            topic: self.ledger.enrolled_topic(),
            other_tenants: &others,
            installed: installed.as_ref(),
            ..Expectations::default()
        };
        let now = self.world.clock.now();
        let judged = judge(der, None, Want::PushCertificate, &expected, &self.authorities()?, now);
        let blocking = judged
            .findings
            .iter()
            .find(|finding| finding.severity == Severity::Refuse && finding.code != Code::EndsEarlier);
        Ok(match (blocking, judged.certificate) {
            (Some(finding), _) => {
                Err(format!("the previous certificate would be refused ({}): {}", finding.code, finding.message))
            }
            (None, Some(facts)) => Ok(facts),
            (None, None) => Err("what is kept of the previous certificate cannot be read".into()),
        })
    }

    /// How it is known that the key of this certificate is held still; `None` where it is not known.
    async fn held(
        &self,
        own_key: Option<Fingerprint>,
        facts: &CertificateFacts,
    ) -> Result<Option<&'static str>, Failure> {
        if let Some(key) = own_key {
            return Ok(self.ledger.keeps(&key).await?.then_some("own key, kept in the store"));
        }
        if self.tenant.keeps_keys {
            return Ok(Some("the configuration says that this server keeps earlier keys"));
        }
        let Some(present) = self.present().and_then(|present| present.certificate) else { return Ok(None) };
        let der = self.world.store.artefact(&present).await?;
        let key = der.and_then(|der| Certificate::from_der(&der).ok()).map(|present| present.public_key_sha256);
        Ok((key == Some(facts.public_key_sha256)).then_some("the installed certificate has the same key"))
    }

    /// Opens the journey back, once a person has confirmed it.
    pub(super) async fn roll_back(&mut self, back: WayBack, reason: String) -> Result<(), Failure> {
        let (end, held) = (back.facts.not_after.date(), back.held);
        self.world.tell(Event::Note(&format!("The previous certificate ends on {end}. Its key is held: {held}.")));
        self.confirm_rollback()?;
        self.give_up().await?;
        let bytes = pem("CERTIFICATE", &back.der).into_bytes();
        let journey = Journey {
            purpose: Purpose::Rollback,
            request: Request::Elsewhere,
            certificate: Some(self.again(&back, &bytes, &reason)),
            before: self.predecessor_of_present().await?,
            ..self.begun(self.ledger.enrolled_topic().cloned())
        };
        let entry = Entry {
            before: self.present().and_then(|present| present.certificate),
            after: Some(back.certificate),
            reason: Some(reason),
            ..Entry::of("rollback-begun").with("key", held).with("waived", Code::EndsEarlier.word())
        };
        let kept = Kept { kind: "certificate", name: format!("{}.pem", back.certificate.short()), bytes };
        self.ledger.commit(journey, vec![kept], entry).await
    }

    /// The previous certificate, received once more; what a way back waives is accepted with its reason.
    fn again(&self, back: &WayBack, pem: &[u8], reason: &str) -> ReceivedCertificate {
        let waived = |code, value: Fingerprint, reason: &str| Acceptance {
            code,
            value: value.to_string(),
            reason: reason.to_owned(),
        };
        let accepted = vec![
            waived(Code::EndsEarlier, back.certificate, reason),
            waived(Code::KeyNotCompared, back.facts.public_key_sha256, back.held),
        ];
        let topic = back.facts.topic.clone().expect("it has the enrolled topic");
        ReceivedCertificate { own_key: back.own_key, ..self.received(pem, &back.facts, topic, accepted) }
    }

    /// What is installed now, as the way forward again.
    async fn predecessor_of_present(&self) -> Result<Option<Predecessor>, Failure> {
        let Some(certificate) = self.present().and_then(|present| present.certificate) else { return Ok(None) };
        let last = self.ledger.last_installation().await?;
        let brought = last.as_ref().and_then(Journey::installed).filter(|brought| brought.sha256 == certificate);
        Ok(Some(Predecessor { certificate, own_key: brought.and_then(|brought| brought.own_key) }))
    }

    fn confirm_rollback(&self) -> Result<(), Failure> {
        let name = &self.tenant.name;
        let question = format!("Put it back? Then type the tenant's name ({name})");
        if self.wish.confirmed || self.world.ask.typed(&question, name.as_str()) {
            return Ok(());
        }
        Err(Failure::new(Kind::Waiting, "not-confirmed", "a rollback needs a typed confirmation")
            .hinted(format!("run it in a terminal; or say why:  pushcert rollback {name} --reason TEXT")))
    }
}
