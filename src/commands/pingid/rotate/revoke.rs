//! The old token's end: by the interface, or by a person.

use pushcert_papers::{
    Secret,
    credential::{Change, Rotation, guide},
    renewal::Confirmation,
};

use super::{Done, Flow, Run, add::vanished};
use crate::commands::{Event, Failure, Kind, Mark, ledger::Entry};

impl Run<'_> {
    /// Takes the old tokens out, after a person has said so.
    pub(super) async fn revoke(&mut self) -> Result<Flow, Failure> {
        self.tell_coverage().await;
        let rotation = self.open_rotation();
        let name = &self.tenant.name;
        let question = format!(
            "Devices that still have the old token will be refused. Type the tenant's name ({name}) to revoke it"
        );
        if !self.world.ask.typed(&question, name.as_str()) {
            self.world.tell(Event::Note("The old token waits to be revoked by a person; a job never does it."));
            return Ok(Flow::Stop(Some(Kind::Waiting), Some("revoke")));
        }
        let _held = self.ledger.lock().await?;
        self.look().await?;
        let gone = self.old_tokens(&rotation);
        let body = self.sight.as_ref().ok_or_else(vanished)?.requirements.without_tokens(|token| gone.contains(token));
        self.intend("pingid-revocation-intended", rotation, |rotation, change| rotation.revoked = change).await?;
        self.put(&body, |rotation| rotation.revoked = Change::Wanted).await?;
        self.read_back_revoked().await
    }

    /// The old tokens that PingOne still holds.
    fn old_tokens(&self, rotation: &Rotation) -> Vec<Secret> {
        let old = |fingerprint| rotation.old.iter().any(|old| old.fingerprint == fingerprint);
        let tokens = self.sight.as_ref().map(|sight| sight.tokens().filter(|(print, _)| old(*print)));
        tokens.into_iter().flatten().map(|(_, held)| held.token).collect()
    }

    /// Looks whether the old tokens went, and they alone.
    pub(super) async fn read_back_revoked(&mut self) -> Result<Flow, Failure> {
        self.look().await?;
        let mut rotation = self.open_rotation();
        let changed = self.since(&rotation.revoked).await?;
        if self.old_tokens(&rotation).is_empty() {
            if !changed.is_only_removed(rotation.old.len()) {
                return Err(self.unexpected(&changed));
            }
            return self.revoked(rotation, Confirmation::ReadBack).await;
        }
        if !changed.is_none() {
            return Err(self.unexpected(&changed));
        }
        rotation.revoked = Change::Wanted;
        self.commit(rotation, Entry::of("pingid-revocation-not-arrived")).await?;
        let message = "PingOne still shows the old token, and everything else is as it was";
        Err(Failure::new(Kind::Temporary, "not-arrived", message).hinted("run the same command again"))
    }

    async fn revoked(&mut self, mut rotation: Rotation, confirmed: Confirmation) -> Result<Flow, Failure> {
        rotation.revoked = Change::Done { stamp: self.stamp(), confirmed };
        let before = rotation.old.first().map(|old| old.fingerprint);
        let last = Self::steps(&rotation);
        let detail = match confirmed {
            Confirmation::ReadBack => "revoked and read back: it went alone, and everything else is as it was",
            Confirmation::Person => "you told us so",
        };
        self.world.tell(Event::Ticked { at: (last, last), mark: Mark::Sure, title: "Old token revoked", detail });
        let evidence = self.wish.evidence.take().unwrap_or_default();
        let entry = Entry { before, ..Entry::of("pingid-token-revoked") }.with("evidence", &evidence);
        self.commit(rotation, entry).await?;
        Ok(Flow::On)
    }

    /// Guides a person to PingID's page.
    pub(super) async fn guide_revoke(&mut self) -> Result<Flow, Failure> {
        let rotation = self.open_rotation();
        let last = Self::steps(&rotation);
        if !self.wish.done.contains(&Done::Revoked) {
            self.tell_coverage().await;
            let card = guide::revoke(rotation.place, rotation.previous_made, &self.command());
            self.world.tell(Event::Task { at: (last, last), card: &card });
            if !self.world.ask.confirm("Is the old token revoked?") {
                return Ok(Flow::Stop(Some(Kind::Waiting), Some("revoke")));
            }
            self.ask_evidence();
        }
        self.revoked(rotation, Confirmation::Person).await
    }
}
