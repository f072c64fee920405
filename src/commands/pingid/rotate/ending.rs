//! How a rotation ends: done, given up, or with what was there before put back.

use pushcert_papers::{
    Fingerprint, Secret,
    credential::{Change, End, Outcome as Ended, Purpose, Rotation},
    pingid::{Requirements, difference},
};

use super::{Flow, Run, add::vanished};
use crate::commands::{Event, Failure, Kind, Outcome, ledger::Entry};

impl Run<'_> {
    /// Notes that it is over.
    pub(super) async fn close(&mut self) -> Result<Flow, Failure> {
        let mut rotation = self.open_rotation();
        let outcome = if rotation.purpose == Purpose::FirstSetUp { Ended::SetUp } else { Ended::Rotated };
        rotation.end = Some(End { at: self.world.clock.now(), outcome, reason: None });
        let due = rotation.in_use_made().map(|made| {
            let days = self.tenant.credentials.pingid.thresholds.max_age;
            made.plus(days * pushcert_papers::DAY)
        });
        let next = due.map(|due| format!(" Next: {}.", due.date())).unwrap_or_default();
        let words = match rotation.effective_from {
            Some(day) => format!(
                "PingID's token of {} is set up; PingID asks for it from {}.{next}",
                self.tenant.name,
                day.date()
            ),
            None => format!("PingID's token of {} is rotated.{next}", self.tenant.name),
        };
        self.commit(rotation, Entry::of("pingid-rotation-closed")).await?;
        self.world.tell(Event::Closing(&words));
        Ok(Flow::Stop(None, None))
    }

    /// Gives the rotation up: the old token stays. The new one goes from PingOne, unless a platform has it already.
    pub(super) async fn abort(&mut self) -> Outcome {
        let reason = self.reason("gives a rotation up")?;
        let Some(rotation) = self.rotation.clone().filter(Rotation::is_open) else {
            return Err(Failure::new(Kind::NotFound, "no-rotation", "no rotation is open"));
        };
        if rotation.purpose == Purpose::Replacement && !matches!(rotation.revoked, Change::Wanted) {
            let message = "the old token is revoked, or may be: there is no way back any more";
            return Err(Failure::new(Kind::Refused, "too-late", message).hinted(self.command()));
        }
        self.take_back_token(&rotation).await?;
        let mut rotation = self.open_rotation();
        self.remove_files(&mut rotation)?;
        rotation.end = Some(End { at: self.world.clock.now(), outcome: Ended::Aborted, reason: Some(reason.clone()) });
        self.commit(rotation, Entry { reason: Some(reason), ..Entry::of("pingid-rotation-aborted") }).await?;
        self.world.tell(Event::Rotation(&self.report(None)));
        Ok(None)
    }

    /// Takes the new token out of PingOne, if it is there and no device can have it.
    async fn take_back_token(&mut self, rotation: &Rotation) -> Result<(), Failure> {
        let new = rotation.token.as_ref().map(|token| token.fingerprint);
        let there = self.sight.as_ref().and_then(|sight| sight.tokens().find(|(print, _)| Some(*print) == new));
        if !rotation.switched.is_empty() {
            let note = "A platform has the new token, so it stays at PingID beside the old one. Put the old value back in the \
                        server, or begin anew; revoke the new token only when no device has it.";
            self.world.tell(Event::Note(note));
            return Ok(());
        }
        let Some((_, held)) = there else {
            if rotation.added.is_done() {
                self.world.tell(Event::Note("The new token is still at PingID: revoke it there; no device has it."));
            }
            return Ok(());
        };
        let _held = self.ledger.lock().await?;
        let sight = self.sight.as_ref().ok_or_else(vanished)?;
        let body = sight.requirements.without_tokens(|token| *token == held.token);
        self.intend("pingid-removal-intended", rotation.clone(), |rotation, change| rotation.added = change).await?;
        self.put(&body, |rotation| rotation.added = Change::Wanted).await?;
        self.look().await?;
        let rotation = self.open_rotation();
        let changed = self.since(&rotation.added).await?;
        if changed.is_only_removed(1) { Ok(()) } else { Err(self.unexpected(&changed)) }
    }

    fn reason(&self, who: &str) -> Result<String, Failure> {
        let given = self.wish.reason.clone().filter(|reason| !reason.trim().is_empty());
        given.ok_or_else(|| {
            Failure::new(Kind::Usage, "reason", format!("whoever {who} says why")).hinted("add  --reason TEXT")
        })
    }

    /// What was read before a change.
    pub(super) async fn saved(&self, before: &Fingerprint) -> Result<Requirements, Failure> {
        let sealed = self.ledger.artefact(before).await?;
        let opened = self.pingone.as_ref().and_then(|pingone| pingone.open(&sealed));
        let unreadable = |why: &str| {
            Failure::new(Kind::Failed, "sealed", format!("what was read before the change cannot be opened: {why}"))
                .hinted("it was sealed with the client_secret of that day")
        };
        let text = opened.ok_or_else(|| unreadable("another secret has sealed it"))?;
        Requirements::read(text.reveal().as_bytes().to_vec()).map_err(|error| unreadable(&error.to_string()))
    }

    /// Puts back what was read before a change that went wrong, after a person has seen what differs.
    pub(super) async fn put_back(&mut self) -> Outcome {
        let reason = self.reason("puts settings back")?;
        let Some(mut rotation) = self.rotation.clone().filter(Rotation::is_open) else {
            return Err(Failure::new(Kind::NotFound, "no-rotation", "no rotation is open"));
        };
        let change = if matches!(rotation.revoked, Change::Intended { .. }) {
            &mut rotation.revoked
        } else {
            &mut rotation.added
        };
        let Change::Intended { before, .. } = *change else {
            let message = "the last change went well, so there is nothing to put back";
            return Err(Failure::new(Kind::NotFound, "nothing-to-put-back", message).hinted(self.command()));
        };
        *change = Change::Wanted;
        let _held = self.ledger.lock().await?;
        self.look().await?;
        let before = self.saved(&before).await?;
        let body: Secret = before.body();
        self.may_put_back(&before)?;
        let Some(pingone) = &self.pingone else { return Err(vanished()) };
        pingone.write(&body).await?;
        self.look().await?;
        let now = self.sight.as_ref().ok_or_else(vanished)?;
        let left = difference(&before, &now.requirements);
        if !left.is_none() {
            return Err(self.unexpected(&left));
        }
        self.commit(rotation, Entry { reason: Some(reason), ..Entry::of("pingone-put-back") }).await?;
        self.world.tell(Event::Note("PingOne shows what it showed before the change."));
        Ok(None)
    }

    fn may_put_back(&self, before: &Requirements) -> Result<(), Failure> {
        let now = self.sight.as_ref().ok_or_else(vanished)?;
        let changed = difference(&now.requirements, before);
        let others = changed.other.join(", ");
        let note = format!(
            "Putting back: {} tokens come, {} go; other settings: {}",
            changed.added.len(),
            changed.removed.len(),
            if others.is_empty() { "none" } else { &others }
        );
        self.world.tell(Event::Note(&note));
        let name = &self.tenant.name;
        if self.world.ask.typed(&format!("Type the tenant's name ({name}) to put it back"), name.as_str()) {
            return Ok(());
        }
        Err(Failure::new(Kind::Waiting, "not-confirmed", "putting settings back needs a typed confirmation")
            .hinted("run it again in a terminal"))
    }
}
