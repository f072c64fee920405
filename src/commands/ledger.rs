//! A tenant's book: its journeys, its record and what was seen, read once and then kept in step with the store.

use pushcert_papers::{
    Fingerprint, Time, Topic,
    certificate::Certificate,
    judge::CertificateFacts,
    kind::{Paper, recognise},
    renewal::{
        Journey,
        record::{self, RecordError, Recorded},
    },
    watch::{Account, Seen},
};

use super::{Failure, Kind, World};
use crate::{
    config::Tenant,
    store::{Artefact, AuditEntry, Change, Guard, StoreError, StoredJourney, TenantRecord},
};

/// A tenant's book, at the version at which it was read or last written.
pub struct Ledger<'a> {
    world: &'a World<'a>,
    tenant: &'a Tenant,
    version: u64,
    journey: Option<Journey>,
    /// Why the latest journey is not here: a newer release wrote it. Such a book is read, and not written to.
    newer: Option<RecordError>,
    others: Vec<StoredJourney>,
    confirmed_topic: Option<Topic>,
    account_used: Option<Time>,
}

/// A file to keep with a change.
pub struct Kept {
    /// What it is: `request`, `certificate`, `csr`, `page`, or `private-key`, which is encrypted.
    pub kind: &'static str,
    /// Its name for people.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Kept {
    /// The certificate in this file, alone: so it is found by its own digest, whatever it came wrapped in.
    pub fn certificate(bytes: &[u8], facts: &CertificateFacts) -> Vec<Self> {
        let Paper::Certificates { leaves, .. } = recognise(bytes) else { return vec![] };
        let leaf = leaves.into_iter().find(|leaf| leaf.sha256 == facts.sha256);
        let kept = |leaf: Certificate| Self {
            kind: "certificate",
            name: format!("{}.cer", leaf.sha256.short()),
            bytes: leaf.der,
        };
        leaf.map(kept).into_iter().collect()
    }
}

/// A line for the record; who and when are added.
#[derive(Default)]
pub struct Entry {
    /// What happened, as a stable word.
    pub what: &'static str,
    /// What was there before.
    pub before: Option<Fingerprint>,
    /// What is there after.
    pub after: Option<Fingerprint>,
    /// Why, in a person's words.
    pub reason: Option<String>,
    /// Facts beside it.
    pub details: Vec<(&'static str, String)>,
    /// Whether it shows that somebody gets to the row at Apple.
    pub proves_the_account: bool,
}

impl Entry {
    /// A line that says what happened.
    pub fn of(what: &'static str) -> Self {
        Self { what, ..Self::default() }
    }

    /// The same, with a fact beside it; an empty one says nothing.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.details.push((name, value.to_owned()));
        }
        self
    }
}

impl<'a> Ledger<'a> {
    /// Opens a tenant's book.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(world: &'a World<'a>, tenant: &'a Tenant) -> Result<Self, Failure> {
        Self::of(world, tenant, world.store.tenant(&tenant.name).await?)
    }

    /// A tenant's book out of what was read of it; an empty one at first.
    ///
    /// # Errors
    /// When the journey in it is none.
    pub fn of(world: &'a World<'a>, tenant: &'a Tenant, kept: Option<TenantRecord>) -> Result<Self, Failure> {
        let kept = kept.unwrap_or_default();
        let (journey, newer) = match kept.journey.map(|stored| read(&stored)).transpose() {
            Err(newer @ RecordError::Newer { .. }) => (None, Some(newer)),
            read => (read.map_err(unreadable)?, None),
        };
        Ok(Self {
            world,
            tenant,
            version: kept.version,
            journey,
            newer,
            others: kept.others,
            confirmed_topic: kept.confirmed_topic,
            account_used: kept.account_used,
        })
    }

    /// Reads the book again; whether another run has changed the journey meanwhile.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub async fn refresh(&mut self) -> Result<bool, Failure> {
        let fresh = Self::open(self.world, self.tenant).await?;
        let changed = fresh.journey != self.journey;
        *self = fresh;
        Ok(changed)
    }

    /// Whether a newer release wrote the latest journey.
    pub const fn is_newer(&self) -> bool {
        self.newer.is_some()
    }

    /// Whether this book may be written to.
    ///
    /// # Errors
    /// When a newer release wrote the latest journey, since what this one does not know would be lost; and when the store can
    /// only be read.
    pub fn may_change(&self) -> Result<(), Failure> {
        self.world.store.takes_changes()?;
        let Some(newer) = &self.newer else { return Ok(()) };
        Err(Failure::new(Kind::Failed, "journey-newer", newer)
            .hinted("nothing was changed; until then  pushcert status  and  pushcert history  show what is known"))
    }

    /// Whose book it is.
    pub const fn tenant(&self) -> &'a Tenant {
        self.tenant
    }

    /// The topic that devices listen to: as configured, or as a person confirmed it here.
    pub fn enrolled_topic(&self) -> Option<&Topic> {
        self.tenant.enrolled_topic.as_ref().or(self.confirmed_topic.as_ref())
    }

    /// The Apple account, and when it was last seen to work.
    pub fn account(&self) -> Account<'_> {
        Account { address: self.tenant.apple_account.as_deref(), used: self.account_used }
    }

    /// The latest journey, open or ended.
    pub const fn latest_journey(&self) -> Option<&Journey> {
        self.journey.as_ref()
    }

    /// The latest journey that brought a certificate to the server, open or ended: one that was begun since has not changed
    /// the server, and does not hide it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_installation(&self) -> Result<Option<Journey>, Failure> {
        if let Some(latest) = self.journey.as_ref().filter(|journey| journey.installed().is_some()) {
            return Ok(Some(latest.clone()));
        }
        for stored in self.world.store.journeys(&self.tenant.name).await? {
            let journey: Journey = read(&stored).map_err(unreadable)?;
            if journey.installed().is_some() {
                return Ok(Some(journey));
            }
        }
        Ok(None)
    }

    /// The latest journey of a further credential, open or ended.
    ///
    /// # Errors
    /// When a newer release wrote it, or it cannot be read.
    pub fn latest_of<J: Recorded>(&self) -> Result<Option<J>, Failure> {
        self.others
            .iter()
            .find(|stored| stored.kind == J::KIND)
            .map(|stored| read(stored))
            .transpose()
            .map_err(unreadable)
    }

    /// The number of the next journey: all kinds share their numbers.
    pub fn next_number(&self) -> u32 {
        let others = self.others.iter().map(|stored| stored.number);
        others.chain(self.journey.as_ref().map(|journey| journey.number)).max().map_or(1, |last| last + 1)
    }

    /// The journey that is open.
    pub fn open_journey(&self) -> Option<&Journey> {
        self.journey.as_ref().filter(|journey| journey.is_open())
    }

    /// Writes the journey, files and a line of the record: all of it or nothing.
    ///
    /// # Errors
    /// When another run wrote in between, or the store cannot be written.
    pub async fn commit(&mut self, journey: Journey, kept: Vec<Kept>, entry: Entry) -> Result<(), Failure> {
        self.write(Some(stored(&journey)), kept, entry, None).await?;
        self.journey = Some(journey);
        Ok(())
    }

    /// Notes that the server holds the open journey's certificate. Whatever device is enrolled after a first certificate
    /// listens to its topic, so that is on record in the same step.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub async fn installed(&mut self, journey: Journey, entry: Entry) -> Result<(), Failure> {
        let first = journey.certificate.as_ref().filter(|_| journey.is_first() && self.enrolled_topic().is_none());
        match first.map(|certificate| certificate.topic.clone()) {
            None => self.commit(journey, vec![], entry).await,
            Some(topic) => {
                let entry = entry.with("topic-confirmed", topic.as_str());
                self.write(Some(stored(&journey)), vec![], entry, Some(topic.clone())).await?;
                (self.journey, self.confirmed_topic) = (Some(journey), Some(topic));
                Ok(())
            }
        }
    }

    /// Writes the journey of a further credential, files and a line of the record: all of it or nothing.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub async fn commit_of<J: Recorded>(&mut self, journey: &J, kept: Vec<Kept>, entry: Entry) -> Result<(), Failure> {
        let stored = stored(journey);
        self.write(Some(stored.clone()), kept, entry, None).await?;
        self.others.retain(|other| other.kind != stored.kind);
        self.others.push(stored);
        Ok(())
    }

    /// Writes a line of the record that belongs to no journey.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub async fn note(&mut self, kept: Vec<Kept>, entry: Entry) -> Result<(), Failure> {
        self.write(None, kept, entry, None).await
    }

    /// Puts a person's word on record that devices listen to this topic.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub async fn confirm_topic(&mut self, topic: Topic, entry: Entry) -> Result<(), Failure> {
        self.write(None, vec![], entry, Some(topic.clone())).await?;
        self.confirmed_topic = Some(topic);
        Ok(())
    }

    async fn write(
        &mut self,
        journey: Option<StoredJourney>,
        kept: Vec<Kept>,
        entry: Entry,
        confirmed_topic: Option<Topic>,
    ) -> Result<(), Failure> {
        self.may_change()?;
        let artefacts =
            kept.into_iter().map(|kept| Artefact { kind: kept.kind.into(), name: kept.name, bytes: kept.bytes });
        let now = self.world.clock.now();
        let account_used = entry.proves_the_account.then_some(now);
        let audit = AuditEntry {
            at: now,
            who: self.world.who.to_owned(),
            what: entry.what.to_owned(),
            before: entry.before,
            after: entry.after,
            reason: entry.reason,
            journey: journey.as_ref().map(|journey| format!("{}/{}", self.tenant.name, journey.number)),
            details: entry.details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        let artefacts = artefacts.collect();
        let change = Change { journey, artefacts, audit: vec![audit], confirmed_topic, account_used };
        self.version = self.world.store.commit(&self.tenant.name, self.version, change).await?;
        self.account_used = account_used.or(self.account_used);
        Ok(())
    }

    /// Whether a file is kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keeps(&self, digest: &Fingerprint) -> Result<bool, Failure> {
        Ok(self.world.store.artefact(digest).await?.is_some())
    }

    /// The digest of the record's last line: whoever knows it can tell later whether the record was cut.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn head(&self) -> Result<Option<Fingerprint>, Failure> {
        Ok(self.world.store.verify_audit(&self.tenant.name, None).await?.head)
    }

    /// A kept file.
    ///
    /// # Errors
    /// When the store has lost it.
    pub async fn artefact(&self, digest: &Fingerprint) -> Result<Vec<u8>, Failure> {
        let found = self.world.store.artefact(digest).await?;
        found.ok_or_else(|| {
            let message = format!("the store has lost the file {}", digest.short());
            Failure::new(Kind::Failed, "artefact-lost", message)
                .hinted("bring it again with --request or --certificate")
        })
    }

    /// What was last seen to be installed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sighting(&self) -> Result<Option<Seen>, Failure> {
        Ok(self.world.store.sighting(&self.tenant.name).await?)
    }

    /// Keeps a sighting, filled in with what we know of the same certificate: a console shows a date, a file is whole.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn saw(&self, mut seen: Seen) -> Result<Seen, Failure> {
        if let (Some(shown), Some(known)) = (&seen.installed, self.sighting().await?.and_then(|seen| seen.installed)) {
            seen.installed = Some(shown.completed_by(&known));
        }
        self.world.store.record_sighting(&self.tenant.name, &seen).await?;
        Ok(seen)
    }

    /// Holds the tenant for a moment in which a server is changed.
    ///
    /// # Errors
    /// When another run holds it.
    pub async fn lock(&self) -> Result<Guard, Failure> {
        Ok(self.world.store.lock(&self.tenant.name, self.world.clock.now()).await?)
    }
}

fn stored<J: Recorded>(journey: &J) -> StoredJourney {
    StoredJourney {
        kind: J::KIND.into(),
        number: journey.number(),
        open: journey.is_open(),
        format: J::FORMAT,
        json: record::write(journey),
    }
}

fn read<J: Recorded>(stored: &StoredJourney) -> Result<J, RecordError> {
    record::read(&stored.json)
}

fn unreadable(error: RecordError) -> Failure {
    Failure::new(Kind::Failed, "journey-unreadable", error)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Held { .. } => {
                Self::new(Kind::Busy, "busy", &error).hinted("wait for it, and run the same command again")
            }
            StoreError::Changed { .. } => Self::new(Kind::Busy, "changed-meanwhile", &error)
                .hinted("another run went on with this tenant; run the same command again, it goes on from there"),
            StoreError::UnknownEngine { .. } | StoreError::Address { .. } => {
                Self::new(Kind::Usage, "store", &error).hinted("docs/teams.md shows stores for teams")
            }
            StoreError::Unreachable { .. } | StoreError::HoldLost { .. } => {
                Self::new(Kind::Temporary, "store-unreachable", &error).hinted(
                    "look at the database server, and run the same command again: it goes on from what was written",
                )
            }
            StoreError::SignIn { .. } => Self::new(Kind::SignIn, "store-sign-in", &error)
                .hinted("~/.pgpass holds the password (only its owner may read it), or  store = { url, password }  in the configuration"),
            StoreError::NotTrusted { .. } => Self::new(Kind::Failed, "store-not-trusted", &error)
                .hinted("give the certificate of the server's authority as  store = { url, ca_file }  in the configuration"),
            StoreError::Moved { .. } => Self::new(Kind::Failed, "store-moved", &error)
                .hinted("put it back, and run the same command again: it goes on from what is in it; without it a new one is begun"),
            StoreError::ReadOnly { .. } => Self::new(Kind::Failed, "store-read-only", &error)
                .hinted("nothing was changed; look at the folder's mode, and whether the disk is mounted read-only. Until then  pushcert status --offline  and  pushcert history  show what is known"),
            _ => Self::new(Kind::Failed, "store", &error)
                .hinted("nothing was half done; look at the store's folder and its free space"),
        }
    }
}
