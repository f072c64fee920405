//! The port to what is kept: journeys, files, the record, and what was seen.
//!
//! One write, [`Store::commit`], takes whole values and does all of it or nothing; so both engines stay small, and a
//! crash leaves the step before or the step after.

mod audit;
mod keyed;
mod lock;
mod outbox;
mod postgres;
mod sqlite;

use async_trait::async_trait;
use pushcert_papers::{
    Fingerprint, Secret, TenantName, Time, Topic,
    renewal::{Journey, record::Recorded},
    watch::{Lookup, Seen},
};

pub use audit::{AuditEntry, AuditLine, AuditState};
pub use lock::Guard;
pub use outbox::{Announced, Leased, Letter, Settled, Tally};
pub use postgres::{Access, Postgres};
pub use sqlite::Sqlite;

/// The kind of the journeys that are about the certificate.
const CERTIFICATE: &str = <Journey as Recorded>::KIND;

/// What is kept.
#[async_trait(?Send)]
pub trait Store {
    /// The books of these tenants, in their order: as many questions to the store for ten thousand as for one.
    async fn books(&self, tenants: &[&TenantName]) -> Result<Vec<Book>, StoreError>;

    /// Whether this store takes changes at all, as it was when it was opened.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] when it can only be read.
    fn takes_changes(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// A tenant's book; `None` when nothing was ever kept for it.
    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
        Ok(self.books(&[tenant]).await?.pop().and_then(|book| book.record))
    }

    /// Every journey of a tenant's certificate, the latest first: what came before the one in its book.
    async fn journeys(&self, tenant: &TenantName) -> Result<Vec<StoredJourney>, StoreError>;

    /// The newest sighting of any source.
    async fn sighting(&self, tenant: &TenantName) -> Result<Option<Seen>, StoreError> {
        Ok(self.books(&[tenant]).await?.pop().and_then(|book| book.seen))
    }

    /// Writes a change on top of this version: all of it, or nothing. The answer is the new version.
    async fn commit(&self, tenant: &TenantName, from_version: u64, change: Change) -> Result<u64, StoreError>;

    /// A kept file, by its SHA-256.
    async fn artefact(&self, digest: &Fingerprint) -> Result<Option<Vec<u8>>, StoreError>;

    /// The record of a tenant, oldest line first.
    async fn audit(&self, tenant: &TenantName) -> Result<Vec<AuditLine>, StoreError>;

    /// Looks for edits in the record, and for a cut end where the digest of a later state is given.
    async fn verify_audit(&self, tenant: &TenantName, head: Option<&str>) -> Result<AuditState, StoreError>;

    /// Keeps a sighting: the newest of each source.
    async fn record_sighting(&self, tenant: &TenantName, seen: &Seen) -> Result<(), StoreError>;

    /// Keeps what the list of revoked certificates said of what is installed.
    async fn record_lookup(&self, tenant: &TenantName, lookup: &Lookup) -> Result<(), StoreError>;

    /// When a sign-in with this very secret was refused, if it was.
    async fn refused_sign_in(&self, tenant: &TenantName, secret: &Secret) -> Result<Option<Time>, StoreError>;

    /// The fingerprint of a secret by this store's own key: it tells two secrets apart, and tells nothing about either.
    async fn keyed_fingerprint(&self, secret: &Secret) -> Result<Fingerprint, StoreError>;

    /// Remembers that a sign-in with this secret was refused; `None` forgets.
    async fn remember_sign_in(&self, tenant: &TenantName, refused: Option<(&Secret, Time)>) -> Result<(), StoreError>;

    /// Holds a tenant while a server is changed. The hold ends with the guard, or with the process. Another run's hold is
    /// [`StoreError::Held`].
    async fn lock(&self, tenant: &TenantName, now: Time) -> Result<Guard, StoreError>;

    /// What was last announced of each matter of a tenant.
    async fn announced(&self, tenant: &TenantName) -> Result<Vec<Announced>, StoreError>;

    /// Notes what is announced now, and puts its letters into the outbox, together. A letter that is there already, of the
    /// same matter, occasion and channel, stays as it is.
    async fn announce(
        &self,
        tenant: &TenantName,
        announced: &[Announced],
        letters: &[Letter],
    ) -> Result<(), StoreError>;

    /// Takes letters for this channel that are due, for this run alone until the lease ends.
    async fn lease(&self, channel: &str, now: Time, until: Time, most: u32) -> Result<Vec<Leased>, StoreError>;

    /// Notes what became of a letter.
    async fn settle(&self, letter: &Leased, settled: &Settled) -> Result<(), StoreError>;

    /// Forgets letters that went and were due before this moment, and goes on counting them; how many they were.
    async fn prune(&self, before: Time) -> Result<u64, StoreError>;

    /// How many letters went, wait after a failure, or are given up.
    async fn tally(&self) -> Result<Vec<Tally>, StoreError>;
}

/// What is kept of a tenant, as far as its standing depends on it.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Its journeys; `None` when nothing was ever done for it.
    pub record: Option<TenantRecord>,
    /// The newest sighting of any source.
    pub seen: Option<Seen>,
    /// What the list of revoked certificates said when it was last asked.
    pub lookup: Option<Lookup>,
}

/// A tenant's journeys, and what a person has said; none at first.
#[derive(Clone, Debug, Default)]
pub struct TenantRecord {
    /// Raised by one with every change.
    pub version: u64,
    /// The latest journey of the certificate.
    pub journey: Option<StoredJourney>,
    /// The latest journey of each further credential.
    pub others: Vec<StoredJourney>,
    /// The topic that a person confirmed here.
    pub confirmed_topic: Option<Topic>,
    /// When somebody was last seen to get to the row at Apple.
    pub account_used: Option<Time>,
}

/// Everything that one step changes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The journey as it is now.
    pub journey: Option<StoredJourney>,
    /// Files to keep.
    pub artefacts: Vec<Artefact>,
    /// Lines for the record.
    pub audit: Vec<AuditEntry>,
    /// The topic that a person has just confirmed.
    pub confirmed_topic: Option<Topic>,
    /// When somebody was just seen to get to the row at Apple.
    pub account_used: Option<Time>,
}

/// A journey in the form in which it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredJourney {
    /// The word for what it is about: the certificate, or a further credential.
    pub kind: String,
    /// Its number among all journeys of the tenant.
    pub number: u32,
    /// Whether something is left to do.
    pub open: bool,
    /// The version of its form.
    pub format: u32,
    /// The document.
    pub json: String,
}

impl TenantRecord {
    /// The same with one more journey: the latest of its kind.
    fn add(&mut self, journey: StoredJourney) {
        if journey.kind == CERTIFICATE { self.journey = Some(journey) } else { self.others.push(journey) }
    }
}

/// A file to keep; it is named by its SHA-256.
#[derive(Clone, Debug)]
pub struct Artefact {
    /// What it is.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another run committed in between.
    #[error("another run has changed {tenant} in the meantime")]
    Changed {
        /// The tenant.
        tenant: TenantName,
    },
    /// Another run holds the tenant.
    #[error("{tenant} is held by another run ({holder})")]
    Held {
        /// The tenant.
        tenant: TenantName,
        /// Who, and since when.
        holder: String,
    },
    /// The connection that held the tenant has ended, and the hold with it; nothing more was written.
    #[error("the hold on {tenant} was lost with the connection to the store")]
    HoldLost {
        /// The tenant.
        tenant: TenantName,
    },
    /// A newer release wrote the store.
    #[error(
        "{place} was written by a newer pushcert (its form is {found}, this release knows {known}); update pushcert"
    )]
    Newer {
        /// Where it is.
        place: String,
        /// The form found.
        found: i64,
        /// The newest form known.
        known: i64,
    },
    /// The database refused.
    #[error("the store {place}: {source}")]
    Database {
        /// Where it is.
        place: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server of the store does not answer, or refuses us.
    #[error("the store {place}: {why}")]
    Unreachable {
        /// Where it is.
        place: String,
        /// Why.
        why: String,
    },
    /// The server of the store does not let us in.
    #[error("the store {place} does not let us in: {why}")]
    SignIn {
        /// Where it is.
        place: String,
        /// Why.
        why: String,
    },
    /// The server of the store does not prove who it is.
    #[error("the store {place} cannot be trusted: {why}")]
    NotTrusted {
        /// Where it is.
        place: String,
        /// Why.
        why: String,
    },
    /// The address of the store cannot be used.
    #[error("the store's address {why}")]
    Address {
        /// What is wrong with it.
        why: String,
    },
    /// A file or folder of the store cannot be used.
    #[error("the store {place}: {source}")]
    File {
        /// Where it is.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// It lies where nothing can be written; it was read, and nothing more.
    #[error("the store {place} cannot be written to: its folder, or the disk, is read-only")]
    ReadOnly {
        /// Where it is.
        place: String,
    },
    /// Somebody took the file away, or put another in its place, while it was in use.
    #[error("the store {place} was moved, removed or replaced while it was in use")]
    Moved {
        /// Where it was.
        place: String,
    },
    /// What is kept is not what was written.
    #[error("the store {place} holds {what} that cannot be read")]
    Damaged {
        /// Where it is.
        place: String,
        /// What.
        what: &'static str,
    },
    /// An address that no engine here takes.
    #[error("no store is known under {address}; give a path, sqlite:PATH, or postgres://USER@HOST/DATABASE")]
    UnknownEngine {
        /// The address, without a password.
        address: String,
    },
}
