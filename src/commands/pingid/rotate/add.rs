//! The new token's way to PingID: by the interface, or by a person.

use pushcert_papers::{
    Fingerprint, Secret,
    credential::{Change, KnownToken, Purpose, Rotation, Stamp, guide},
    pingid::{Difference, difference},
    renewal::Confirmation,
};

use super::{Flow, Run};
use crate::{
    commands::{
        Event, Failure, Kind, Mark,
        ledger::{Entry, Kept},
        pingid::config::{accepted, token},
    },
    pingone::PingOneError,
    world::keys::fresh_uuid,
};

impl Run<'_> {
    /// Adds a fresh token: what was read goes back as it was, with one entry more.
    pub(super) async fn add(&mut self) -> Result<Flow, Failure> {
        let _held = self.ledger.lock().await?;
        let now = self.world.clock.now();
        let fresh = fresh_uuid().map_err(|error| Failure::new(Kind::Failed, "randomness", error))?;
        let fingerprint = self.world.store.keyed_fingerprint(&fresh).await?;
        self.look().await?;
        let Some(sight) = &self.sight else { return Err(vanished()) };
        let body = sight.requirements.with_token(&fresh, now);
        let body = body.map_err(|error| Failure::new(Kind::Failed, "pingone-not-understood", error))?;
        let rotation = Rotation { token: Some(KnownToken { fingerprint, made: Some(now) }), ..self.open_rotation() };
        self.token = Some(fresh);
        self.intend("pingid-token-intended", rotation, |rotation, change| rotation.added = change).await?;
        self.put(&body, |rotation| rotation.added = Change::Wanted).await?;
        self.read_back_added().await
    }

    /// Notes what is about to happen, with what was read before it, sealed.
    pub(super) async fn intend(
        &mut self,
        what: &'static str,
        mut rotation: Rotation,
        set: impl FnOnce(&mut Rotation, Change),
    ) -> Result<(), Failure> {
        let (Some(pingone), Some(sight)) = (&self.pingone, &self.sight) else { return Err(vanished()) };
        let sealed = pingone.seal(sight.requirements.text())?;
        let before = Fingerprint::of(&sealed);
        set(&mut rotation, Change::Intended { at: self.world.clock.now(), before });
        let kept = Kept { kind: "pingone-before", name: "device-requirements.sealed".into(), bytes: sealed };
        let after = rotation.token.as_ref().map(|token| token.fingerprint);
        self.ledger.commit_of(&rotation, vec![kept], Entry { after, ..Entry::of(what) }).await?;
        self.rotation = Some(rotation);
        Ok(())
    }

    /// Sends a body, if nobody has changed anything since it was made. Where nothing arrived, it is as if it had not begun.
    pub(super) async fn put(&mut self, body: &Secret, undo: impl FnOnce(&mut Rotation)) -> Result<(), Failure> {
        let before = self.sight.take().ok_or_else(vanished)?;
        self.look().await?;
        let (Some(pingone), Some(now)) = (&self.pingone, &self.sight) else { return Err(vanished()) };
        let changed = difference(&before.requirements, &now.requirements);
        let failure = if changed.is_none() {
            match pingone.write(body).await {
                Ok(()) => return Ok(()),
                Err(PingOneError::Uncertain { host, why }) => {
                    self.world
                        .tell(Event::Note(&format!("It is uncertain whether {host} received it ({why}); looking.")));
                    return Ok(());
                }
                Err(error) => error.into(),
            }
        } else {
            let message = "somebody has changed the device requirements in this very moment, so nothing was sent";
            Failure::new(Kind::Temporary, "changed-meanwhile", message).hinted("run the same command again")
        };
        let mut rotation = self.open_rotation();
        undo(&mut rotation);
        self.commit(rotation, Entry::of("pingone-not-changed").with("answer", &failure.message)).await?;
        Err(failure)
    }

    /// Looks whether the token arrived, and whether it alone did.
    pub(super) async fn read_back_added(&mut self) -> Result<Flow, Failure> {
        self.look().await?;
        let mut rotation = self.open_rotation();
        let token = rotation.token.clone().ok_or_else(vanished)?;
        let changed = self.since(&rotation.added).await?;
        let there = self.sight.as_ref().is_some_and(|sight| sight.fingerprints().contains(&token.fingerprint));
        if !there {
            if !changed.is_none() {
                return Err(self.unexpected(&changed));
            }
            rotation.added = Change::Wanted;
            rotation.token = None;
            self.commit(rotation, Entry::of("pingid-token-not-arrived")).await?;
            let message = "PingOne does not show the new token, and everything else is as it was";
            return Err(Failure::new(Kind::Temporary, "not-arrived", message).hinted("run the same command again"));
        }
        if !(changed.other.is_empty() && changed.removed.is_empty() && changed.added.len() == 1) {
            return Err(self.unexpected(&changed));
        }
        let held = self.sight.as_ref().and_then(|sight| sight.tokens().find(|(print, _)| *print == token.fingerprint));
        rotation.token = Some(KnownToken { made: held.and_then(|(_, held)| held.made).or(token.made), ..token });
        self.added(rotation, Confirmation::ReadBack).await
    }

    /// What has changed at PingOne since a change was intended.
    pub(super) async fn since(&self, change: &Change) -> Result<Difference, Failure> {
        let (Change::Intended { before, .. }, Some(sight)) = (change, &self.sight) else { return Err(vanished()) };
        let before = self.saved(before).await?;
        Ok(difference(&before, &sight.requirements))
    }

    /// More has changed than was meant: nothing more is done before a person has looked.
    pub(super) fn unexpected(&self, changed: &Difference) -> Failure {
        let others = if changed.other.is_empty() { "its tokens".to_owned() } else { changed.other.join(", ") };
        let message = format!(
            "PingOne shows another change than the one that was meant: {others} ({} tokens came, {} went)",
            changed.added.len(),
            changed.removed.len()
        );
        Failure::new(Kind::Failed, "pingone-unexpected", message).hinted(format!(
            "look at PingOne's console. What was read before the change is kept:  {} --put-back --reason TEXT",
            self.command()
        ))
    }

    async fn added(&mut self, mut rotation: Rotation, confirmed: Confirmation) -> Result<Flow, Failure> {
        let stamp = self.stamp();
        let after = rotation.token.as_ref().map(|token| token.fingerprint);
        rotation.added = Change::Done { stamp, confirmed };
        let entry = Entry { after, ..Entry::of("pingid-token-added") }.with("known-by", confirmed.word());
        let detail = match confirmed {
            Confirmation::ReadBack => "added and read back: it came alone, and everything else is as it was",
            Confirmation::Person => "you told us so; the old one still works beside it",
        };
        self.world.tell(Event::Ticked {
            at: (1, Self::steps(&rotation)),
            mark: Mark::Sure,
            title: "Token added",
            detail,
        });
        self.commit(rotation, entry).await?;
        Ok(Flow::On)
    }

    /// Guides a person to PingID's page, and takes the token that they bring.
    pub(super) async fn guide_add(&mut self) -> Result<Flow, Failure> {
        let mut rotation = self.open_rotation();
        let first = rotation.purpose == Purpose::FirstSetUp;
        let command = self.command();
        if self.wish.token.is_none() {
            let card =
                if first { guide::first_token(rotation.place, &command) } else { guide::add(rotation.place, &command) };
            self.world.tell(Event::Task { at: (1, Self::steps(&rotation)), card: &card });
            if !self.world.ask.present() {
                return Ok(Flow::Stop(Some(Kind::Waiting), Some("token")));
            }
        }
        if first {
            rotation.effective_from = Some(self.effective_from()?);
        }
        let brought = token(self.wish.token.as_deref(), self.world.ask)?;
        for finding in accepted(&brought)? {
            self.world.tell(Event::Note(&format!("{}: {}. {}.", finding.code, finding.message, finding.remedy)));
        }
        let fingerprint = self.world.store.keyed_fingerprint(&brought).await?;
        is_new(&rotation, fingerprint)?;
        rotation.token = Some(KnownToken { fingerprint, made: Some(self.world.clock.now()) });
        let confirmed = self.shown_at_pingone(fingerprint, rotation.effective_from).await?;
        self.token = Some(brought);
        self.added(rotation, confirmed).await
    }

    /// The day from which PingID asks for the first token: far enough for devices to have it by then.
    fn effective_from(&self) -> Result<pushcert_papers::Time, Failure> {
        let now = self.world.clock.now();
        let typed = || self.world.ask.words("The effective date that you chose (YYYY-MM-DD)");
        let day = self.wish.effective_from.or_else(|| typed()?.parse().ok());
        match day {
            Some(day) if day > now => Ok(day),
            Some(_) => {
                let message =
                    "the effective date is not in the future: everybody without the token is locked out from it on";
                Err(Failure::new(Kind::Refused, "effective-date-past", message)
                    .hinted("choose a later one on PingID's page, and run it again"))
            }
            None => Err(Failure::new(Kind::Waiting, "effective-date", "the effective date is needed")
                .hinted("add  --effective-date DATE, the one that you chose on PingID's page")),
        }
    }

    /// Whether PingOne, where it may be asked, shows what the person did there.
    async fn shown_at_pingone(
        &mut self,
        token: Fingerprint,
        effective: Option<pushcert_papers::Time>,
    ) -> Result<Confirmation, Failure> {
        if self.pingone.is_none() {
            return Ok(Confirmation::Person);
        }
        self.look().await?;
        let sight = self.sight.as_ref();
        if !sight.is_some_and(|sight| sight.fingerprints().contains(&token)) {
            let message = "PingOne does not show this token";
            return Err(
                Failure::new(Kind::Refused, "new-token-absent", message).hinted("save it on PingOne's page first")
            );
        }
        let shown = sight.and_then(|sight| sight.requirements.effective_from());
        match (shown, effective) {
            (Some(shown), Some(told)) if shown.iso_date() != told.iso_date() => {
                let message = format!("PingOne shows the effective date {}", shown.date());
                Err(Failure::new(Kind::Refused, "effective-date-differs", message)
                    .hinted("say the date that PingOne shows, or change it there"))
            }
            _ => Ok(Confirmation::ReadBack),
        }
    }

    /// That somebody did something now.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp { at: self.world.clock.now(), who: self.world.who.to_owned(), evidence: self.wish.evidence.clone() }
    }
}

/// The requirements are gone since they were read.
pub(super) fn vanished() -> Failure {
    Failure::new(Kind::Temporary, "pingone-vanished", "PingOne shows no device requirements any more")
        .hinted("nothing was changed; look at PingOne's console, and run it again")
}

/// That the token is not one of those in use.
fn is_new(rotation: &Rotation, fingerprint: Fingerprint) -> Result<(), Failure> {
    if rotation.old.iter().all(|old| old.fingerprint != fingerprint) {
        return Ok(());
    }
    let message = "this is the token that is in use already, not a new one";
    Err(Failure::new(Kind::Refused, "token-unchanged", message)
        .hinted("copy the one with the newest date on PingID's page"))
}
