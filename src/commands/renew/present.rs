//! Today's certificate: kept before another one takes its place, so that there is a way back.
//!
//! It comes from wherever it can be had: from an earlier renewal or `adopt`, or from the row's Download at Apple, for
//! which the card asks before it says Renew. Where it cannot be had the renewal goes on, and the record says so: an
//! expired certificate would be worse than one that cannot be taken back.

use pushcert_papers::{
    judge::{CertificateFacts, Judged},
    renewal::{Predecessor, Shown, shown},
    watch::{Installed, Seen, Source},
};

use super::Run;
use crate::commands::{
    Event, Failure,
    adopt::installed,
    ledger::{Entry, Kept},
};

impl Run<'_> {
    /// What was last seen to be installed.
    pub(super) fn present(&self) -> Option<&Installed> {
        self.seen.as_ref().and_then(|seen| seen.installed.as_ref())
    }

    /// Whether the certificate that is installed is one that the row at Apple still hands out, and is not kept here.
    pub(super) async fn misses_present(&self) -> Result<bool, Failure> {
        let Some(present) = self.present() else { return Ok(false) };
        let of_the_row = present.topic.is_none() || present.topic.as_ref() == self.ledger.enrolled_topic();
        match present.certificate {
            Some(digest) if self.ledger.keeps(&digest).await? => Ok(false),
            _ => Ok(of_the_row),
        }
    }

    /// Whether this is the certificate that is installed.
    pub(super) fn is_present(&self, facts: &CertificateFacts) -> bool {
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.source != Source::None) else { return false };
        let Some(topic) = facts.topic.clone().filter(|_| seen.installed.is_some()) else { return false };
        shown(seen, &self.received(&[], facts, topic, vec![])) == Shown::This
    }

    /// Keeps a file that turns out to be the installed certificate; whether it is.
    pub(super) async fn keep_if_present(&mut self, bytes: &[u8], judged: &Judged) -> Result<bool, Failure> {
        let Some(facts) = judged.certificate.clone().filter(|facts| self.is_present(facts)) else { return Ok(false) };
        if !self.misses_present().await? {
            return Ok(true);
        }
        let entry = Entry { after: Some(facts.sha256), ..Entry::of("present-certificate-kept") };
        self.ledger.note(Kept::certificate(bytes, &facts), entry).await?;
        self.complete_present(&facts).await?;
        let words = "That is today's certificate. It is kept: the way back, should the new one have to be taken back.";
        self.world.tell(Event::Note(words));
        Ok(true)
    }

    /// Fills in what is known of the installed certificate, of which this is the file.
    pub(super) async fn complete_present(&mut self, facts: &CertificateFacts) -> Result<(), Failure> {
        if let Some(Seen { at, source, installed: Some(shown) }) = self.seen.clone() {
            let whole = shown.completed_by(&installed(facts));
            self.seen = Some(self.ledger.saw(Seen { at, source, installed: Some(whole) }).await?);
        }
        Ok(())
    }

    /// The way back from the certificate of the open journey.
    pub(super) async fn predecessor(&self) -> Result<Option<Predecessor>, Failure> {
        let Some(certificate) = self.present().and_then(|present| present.certificate) else { return Ok(None) };
        if !self.ledger.keeps(&certificate).await? {
            return Ok(None);
        }
        let known = self.ledger.open_journey().and_then(|journey| journey.before);
        let own_key = known.filter(|before| before.certificate == certificate).and_then(|before| before.own_key);
        Ok(Some(Predecessor { certificate, own_key }))
    }
}
