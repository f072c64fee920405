//! One suite of behaviours for every store, on both engines; and what only one of them can do.

mod behaviour;
pub mod cluster;
mod forms;
mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use pushcert::store::{Artefact, AuditEntry, Change, Sqlite, Store, StoreError, StoredJourney};
use pushcert_papers::{Fingerprint, TenantName, Time};

pub use cluster::{Database, PASSWORD, cluster};

/// Where a store is; it can be opened more than once.
pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(Database),
}

impl Place {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    /// `None` where PostgreSQL is not installed.
    pub async fn postgres() -> Option<Self> {
        Some(Self::Postgres(cluster()?.database().await))
    }

    pub async fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        match self {
            Self::Sqlite(folder) => Ok(Box::new(Sqlite::open(&folder.path().join("state/pushcert.sqlite"))?)),
            Self::Postgres(database) => Ok(Box::new(database.open().await?)),
        }
    }

    /// What somebody does to the store by the engine's own tools.
    pub async fn behind_our_back(&self, sqlite: &str, postgres: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(folder) => {
                std::fs::create_dir_all(folder.path().join("state")).expect("a folder");
                let raw = rusqlite::Connection::open(folder.path().join("state/pushcert.sqlite")).expect("the file");
                raw.execute_batch(sqlite).map_err(|error| error.to_string())
            }
            Self::Postgres(database) => {
                let done = database.raw().await.batch_execute(postgres).await;
                done.map_err(|error| error.as_db_error().map_or_else(String::new, |said| said.message().to_owned()))
            }
        }
    }
}

pub fn tenant() -> TenantName {
    TenantName::parse("acme").expect("a name")
}

pub fn at(seconds: i64) -> Time {
    Time::from_unix(seconds)
}

pub fn entry(what: &str) -> AuditEntry {
    AuditEntry {
        at: at(0),
        who: "somebody".into(),
        what: what.into(),
        before: None,
        after: Some(Fingerprint::of(b"after")),
        reason: None,
        journey: Some("acme/1".into()),
        details: BTreeMap::new(),
    }
}

pub fn journey(kind: &str, number: u32) -> StoredJourney {
    StoredJourney { kind: kind.into(), number, open: true, format: 1, json: "{}".into() }
}

/// A step, which keeps a file and leaves a line in the record.
pub fn change(what: &str) -> Change {
    Change {
        journey: Some(journey("certificate", 1)),
        artefacts: vec![Artefact { kind: "request".into(), name: "a.txt".into(), bytes: what.as_bytes().to_vec() }],
        audit: vec![entry(what)],
        confirmed_topic: None,
        account_used: None,
    }
}
