//! The embedded engine: one private file, in write-ahead mode, synced to disk with every change.

mod open;

use std::{cell::RefCell, path::PathBuf};

use async_trait::async_trait;
use pushcert_papers::{
    Fingerprint, Secret, TenantName, Time, Topic,
    watch::{Lookup, Seen, Source},
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, types::FromSqlError};

use super::{
    Announced, Artefact, AuditEntry, AuditLine, AuditState, Book, CERTIFICATE, Change, Guard, Leased, Letter, Settled,
    Store, StoreError, StoredJourney, Tally,
    audit::{self, StoredLine},
    keyed,
    lock::{self, NoLock},
};
use crate::world::files::{self, FileId};
use open::at;

/// The books of these tenants, with the latest journey of each kind.
const BOOKS: &str =
    "SELECT w.key, t.version, t.confirmed_topic, t.account_used, j.kind, j.number, j.open, j.format, j.json
    FROM json_each(?1) w JOIN tenant t ON t.name = w.value
    LEFT JOIN journey j ON j.tenant = t.name
        AND j.number = (SELECT max(number) FROM journey k WHERE k.tenant = j.tenant AND k.kind = j.kind)";

/// The journeys of one kind, the latest first.
const JOURNEYS: &str = "SELECT kind, number, open, format, json FROM journey WHERE tenant = ?1 AND kind = ?2
    ORDER BY number DESC";

/// What was last seen of these tenants.
const SIGHTINGS: &str = "SELECT w.key, s.json FROM json_each(?1) w JOIN sighting s ON s.tenant = w.value
    WHERE NOT EXISTS (SELECT 1 FROM sighting l WHERE l.tenant = s.tenant AND (l.at, l.rowid) > (s.at, s.rowid))";

/// What the list of revoked certificates said of these tenants'.
const LOOKUPS: &str = "SELECT w.key, l.json FROM json_each(?1) w JOIN lookup l ON l.tenant = w.value";

/// The embedded engine.
#[derive(Debug)]
pub struct Sqlite {
    connection: RefCell<Connection>,
    path: PathBuf,
    file: Option<FileId>,
    /// Whether it can only be read.
    read_only: bool,
}

impl Sqlite {
    /// Whether the file in use is still the one at its path: what is written to a removed one is lost.
    fn in_place(&self) -> Result<(), StoreError> {
        if files::id(&self.path) == self.file { Ok(()) } else { Err(StoreError::Moved { place: self.place() }) }
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn database(&self, source: rusqlite::Error) -> StoreError {
        at(&self.path, source)
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged { place: self.place(), what }
    }

    fn lines(&self, tenant: &TenantName) -> Result<Vec<StoredLine>, StoreError> {
        let connection = self.connection.borrow();
        let read = || {
            let mut query = connection
                .prepare_cached("SELECT number, line, digest FROM audit WHERE tenant = ?1 ORDER BY number")?;
            let rows = query.query_map([tenant.as_str()], |row| {
                Ok(StoredLine { number: row.get(0)?, line: row.get(1)?, digest: row.get(2)? })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|source| self.database(source))
    }

    /// This store's own key, for fingerprints of secrets.
    fn pepper(&self) -> Result<Vec<u8>, StoreError> {
        let connection = self.connection.borrow();
        let key = || {
            connection.execute("INSERT OR IGNORE INTO pepper (one, key) VALUES (1, randomblob(32))", [])?;
            connection.query_row("SELECT key FROM pepper", [], |row| row.get(0))
        };
        key().map_err(|source| self.database(source))
    }

    /// Reads each row that this gives for a list of names, in JSON, into the book of the place that begins the row.
    fn add_to_books(
        &self,
        books: &mut [Book],
        (sql, names): (&str, &str),
        read: impl Fn(&Row<'_>, &mut Book) -> Result<(), Unread>,
    ) -> Result<(), StoreError> {
        let connection = self.connection.borrow();
        let mut all = || {
            let mut query = connection.prepare_cached(sql)?;
            let mut rows = query.query([names])?;
            while let Some(row) = rows.next()? {
                read(row, &mut books[row.get::<_, usize>(0)?])?;
            }
            Ok(())
        };
        all().map_err(|unread| match unread {
            Unread::Database(source) => self.database(source),
            Unread::Damaged(what) => self.damaged(what),
        })
    }
}

/// Why a row does not go into a book.
enum Unread {
    Database(rusqlite::Error),
    /// This in it is not what we wrote.
    Damaged(&'static str),
}

impl From<rusqlite::Error> for Unread {
    fn from(source: rusqlite::Error) -> Self {
        Self::Database(source)
    }
}

impl From<FromSqlError> for Unread {
    fn from(source: FromSqlError) -> Self {
        Self::Database(source.into())
    }
}

/// Adds a row of [`BOOKS`].
fn record(row: &Row<'_>, book: &mut Book) -> Result<(), Unread> {
    let record = book.record.get_or_insert_default();
    let topic = row.get_ref(2)?.as_str_or_null()?.map(Topic::parse);
    record.version = row.get(1)?;
    record.confirmed_topic = topic.transpose().map_err(|_| Unread::Damaged("a topic"))?;
    record.account_used = row.get::<_, Option<_>>(3)?.map(Time::from_unix);
    if row.get::<_, Option<String>>(4)?.is_some() {
        record.add(journey(row, 4)?);
    }
    Ok(())
}

/// The journey in a row, whose columns begin here.
fn journey(row: &Row<'_>, first: usize) -> rusqlite::Result<StoredJourney> {
    Ok(StoredJourney {
        kind: row.get(first)?,
        number: row.get(first + 1)?,
        open: row.get(first + 2)?,
        format: row.get(first + 3)?,
        json: row.get(first + 4)?,
    })
}

#[async_trait(?Send)]
impl Store for Sqlite {
    async fn books(&self, tenants: &[&TenantName]) -> Result<Vec<Book>, StoreError> {
        let names = serde_json::to_string(tenants).expect("names are plain data");
        let mut books = vec![Book::default(); tenants.len()];
        self.add_to_books(&mut books, (BOOKS, &names), record)?;
        self.add_to_books(&mut books, (SIGHTINGS, &names), |row, book| {
            let seen = serde_json::from_str(row.get_ref(1)?.as_str()?);
            book.seen = Some(seen.map_err(|_| Unread::Damaged("a sighting"))?);
            Ok(())
        })?;
        self.add_to_books(&mut books, (LOOKUPS, &names), |row, book| {
            let lookup = serde_json::from_str(row.get_ref(1)?.as_str()?);
            book.lookup = Some(lookup.map_err(|_| Unread::Damaged("a lookup"))?);
            Ok(())
        })?;
        Ok(books)
    }

    async fn journeys(&self, tenant: &TenantName) -> Result<Vec<StoredJourney>, StoreError> {
        let connection = self.connection.borrow();
        let read = || {
            let mut query = connection.prepare_cached(JOURNEYS)?;
            let rows = query.query_map([tenant.as_str(), CERTIFICATE], |row| journey(row, 0))?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|source| self.database(source))
    }

    fn takes_changes(&self) -> Result<(), StoreError> {
        if self.read_only { Err(StoreError::ReadOnly { place: self.place() }) } else { Ok(()) }
    }

    async fn commit(&self, tenant: &TenantName, from_version: u64, change: Change) -> Result<u64, StoreError> {
        self.takes_changes()?;
        self.in_place()?;
        let mut connection = self.connection.borrow_mut();
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(|source| self.database(source))?;
        let Some(version) = raise(&transaction, tenant, from_version).map_err(|source| self.database(source))? else {
            return Err(StoreError::Changed { tenant: tenant.clone() });
        };
        let heads = write(&transaction, tenant, &change).map_err(|source| self.database(source))?;
        transaction.commit().map_err(|source| self.database(source))?;
        // Whoever took it away just now took this change along: nothing may follow from it.
        self.in_place()?;
        audit::log(tenant, &change, &heads);
        Ok(version)
    }

    async fn artefact(&self, digest: &Fingerprint) -> Result<Option<Vec<u8>>, StoreError> {
        let connection = self.connection.borrow();
        let read = || {
            let mut query = connection.prepare_cached("SELECT bytes FROM artefact WHERE digest = ?1")?;
            query.query_row([digest.to_string()], |row| row.get::<_, Vec<u8>>(0)).optional()
        };
        let found = read().map_err(|source| self.database(source))?;
        match found {
            Some(bytes) if Fingerprint::of(&bytes) != *digest => Err(self.damaged("a file")),
            found => Ok(found),
        }
    }

    async fn audit(&self, tenant: &TenantName) -> Result<Vec<AuditLine>, StoreError> {
        self.lines(tenant)?.into_iter().map(|line| line.read().map_err(|what| self.damaged(what))).collect()
    }

    async fn verify_audit(&self, tenant: &TenantName, head: Option<&str>) -> Result<AuditState, StoreError> {
        Ok(audit::verify(tenant, &self.lines(tenant)?, head))
    }

    async fn record_sighting(&self, tenant: &TenantName, seen: &Seen) -> Result<(), StoreError> {
        self.takes_changes()?;
        let json = serde_json::to_string(seen).expect("a sighting is plain data");
        let connection = self.connection.borrow();
        // What a server shows can be asked again after a power cut, and a round over ten thousand servers does not wait for
        // the disk ten thousand times. A file or a person's word is brought once.
        let can_be_asked_again = matches!(seen.source, Source::Console | Source::Core);
        let write = || {
            if can_be_asked_again {
                connection.pragma_update(None, "synchronous", "NORMAL")?;
            }
            let written = connection
                .prepare_cached(
                    "INSERT INTO sighting (tenant, source, at, json) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (tenant, source) DO UPDATE SET at = excluded.at, json = excluded.json
                    WHERE excluded.at >= sighting.at",
                )
                .and_then(|mut sql| sql.execute(params![tenant.as_str(), seen.source.word(), seen.at.unix(), json]));
            connection.pragma_update(None, "synchronous", "FULL")?;
            written
        };
        write().map(drop).map_err(|source| self.database(source))
    }

    async fn record_lookup(&self, tenant: &TenantName, lookup: &Lookup) -> Result<(), StoreError> {
        let json = serde_json::to_string(lookup).expect("a lookup is plain data");
        let sql = "INSERT OR REPLACE INTO lookup (tenant, json) VALUES (?1, ?2)";
        let written = self.connection.borrow().execute(sql, [tenant.as_str(), &json]);
        written.map(drop).map_err(|source| self.database(source))
    }

    async fn refused_sign_in(&self, tenant: &TenantName, secret: &Secret) -> Result<Option<Time>, StoreError> {
        let fingerprint = self.keyed_fingerprint(secret).await?.to_string();
        let sql = "SELECT at FROM refused_sign_in WHERE tenant = ?1 AND fingerprint = ?2";
        let found =
            self.connection.borrow().query_row(sql, [tenant.as_str(), &fingerprint], |row| row.get(0)).optional();
        Ok(found.map_err(|source| self.database(source))?.map(Time::from_unix))
    }

    async fn keyed_fingerprint(&self, secret: &Secret) -> Result<Fingerprint, StoreError> {
        Ok(keyed::fingerprint(&self.pepper()?, secret))
    }

    async fn remember_sign_in(&self, tenant: &TenantName, refused: Option<(&Secret, Time)>) -> Result<(), StoreError> {
        let written = match refused {
            Some((secret, at)) => {
                let fingerprint = self.keyed_fingerprint(secret).await?.to_string();
                let sql = "INSERT OR REPLACE INTO refused_sign_in (tenant, fingerprint, at) VALUES (?1, ?2, ?3)";
                self.connection.borrow().execute(sql, params![tenant.as_str(), fingerprint, at.unix()])
            }
            None => {
                self.connection.borrow().execute("DELETE FROM refused_sign_in WHERE tenant = ?1", [tenant.as_str()])
            }
        };
        written.map(drop).map_err(|source| self.database(source))
    }

    async fn lock(&self, tenant: &TenantName, now: Time) -> Result<Guard, StoreError> {
        self.takes_changes()?;
        self.in_place()?;
        let folder = files::folder_of(&self.path);
        lock::take(folder, tenant, now).map_err(|none| match none {
            NoLock::Held(holder) => StoreError::Held { tenant: tenant.clone(), holder },
            NoLock::Io(source) => StoreError::File { place: self.place(), source },
        })
    }

    async fn announced(&self, tenant: &TenantName) -> Result<Vec<Announced>, StoreError> {
        let connection = self.connection.borrow();
        let read = || {
            let mut query = connection.prepare_cached("SELECT name, occasion, at FROM matter WHERE tenant = ?1")?;
            let rows = query.query_map([tenant.as_str()], |row| {
                Ok(Announced { matter: row.get(0)?, occasion: row.get(1)?, at: Time::from_unix(row.get(2)?) })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|source| self.database(source))
    }

    async fn announce(
        &self,
        tenant: &TenantName,
        announced: &[Announced],
        letters: &[Letter],
    ) -> Result<(), StoreError> {
        let mut connection = self.connection.borrow_mut();
        let mut written = || {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for Announced { matter, occasion, at } in announced {
                let sql = "INSERT OR REPLACE INTO matter (tenant, name, occasion, at) VALUES (?1, ?2, ?3, ?4)";
                transaction.execute(sql, params![tenant.as_str(), matter, occasion, at.unix()])?;
            }
            for Letter { matter, occasion, channel, json, due } in letters {
                let sql = "INSERT OR IGNORE INTO outbox (tenant, matter, occasion, channel, json, due)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                transaction.execute(sql, params![tenant.as_str(), matter, occasion, channel, json, due.unix()])?;
            }
            transaction.commit()
        };
        written().map_err(|source| self.database(source))
    }

    async fn lease(&self, channel: &str, now: Time, until: Time, most: u32) -> Result<Vec<Leased>, StoreError> {
        let connection = self.connection.borrow();
        let read = || {
            let mut query = connection.prepare_cached(
                "UPDATE outbox SET leased = ?2, attempts = attempts + 1 WHERE id IN (
                    SELECT id FROM outbox WHERE state = 'waiting' AND channel = ?4 AND due <= ?1 AND leased <= ?1
                    ORDER BY due, id LIMIT ?3)
                RETURNING id, tenant, matter, occasion, channel, json, due, attempts",
            )?;
            let rows = query.query_map(params![now.unix(), until.unix(), most, channel], |row| {
                let letter = Letter {
                    matter: row.get(2)?,
                    occasion: row.get(3)?,
                    channel: row.get(4)?,
                    json: row.get(5)?,
                    due: Time::from_unix(row.get(6)?),
                };
                Ok((row.get(0)?, row.get::<_, String>(1)?, letter, row.get(7)?))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let rows = read().map_err(|source| self.database(source))?;
        let named = |(id, tenant, letter, attempts): (i64, String, Letter, u32)| {
            let tenant = TenantName::parse(&tenant).map_err(|_| self.damaged("a tenant's name"))?;
            Ok(Leased { id, tenant, letter, attempts })
        };
        rows.into_iter().map(named).collect()
    }

    async fn settle(&self, letter: &Leased, settled: &Settled) -> Result<(), StoreError> {
        let (state, due, why) = settled.columns();
        let due = due.unwrap_or(letter.letter.due).unix();
        let sql = "UPDATE outbox SET state = ?2, due = ?3, why = ?4, leased = 0 WHERE id = ?1 AND state = 'waiting'";
        let written = self.connection.borrow().execute(sql, params![letter.id, state, due, why]);
        written.map(drop).map_err(|source| self.database(source))
    }

    async fn prune(&self, before: Time) -> Result<u64, StoreError> {
        let mut connection = self.connection.borrow_mut();
        let mut pruned = || {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let counted = "INSERT INTO delivered (tenant, channel, count)
                SELECT tenant, channel, count(*) FROM outbox WHERE state = 'sent' AND due < ?1 GROUP BY tenant, channel
                ON CONFLICT (tenant, channel) DO UPDATE SET count = count + excluded.count";
            transaction.execute(counted, [before.unix()])?;
            let gone = transaction.execute("DELETE FROM outbox WHERE state = 'sent' AND due < ?1", [before.unix()])?;
            transaction.commit().map(|()| gone as u64)
        };
        pruned().map_err(|source| self.database(source))
    }

    async fn tally(&self) -> Result<Vec<Tally>, StoreError> {
        let connection = self.connection.borrow();
        let read = || {
            let mut query = connection.prepare_cached(
                "SELECT tenant, channel, state, sum(letters), max(why) FROM (
                    SELECT tenant, channel, state, 1 AS letters, why FROM outbox
                    WHERE state <> 'waiting' OR why IS NOT NULL
                    UNION ALL SELECT tenant, channel, 'sent', count, NULL FROM delivered)
                GROUP BY tenant, channel, state ORDER BY tenant, channel, state",
            )?;
            let rows = query.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let rows = read().map_err(|source| self.database(source))?;
        let named = |(tenant, channel, result, count, why): (String, _, _, _, _)| {
            let tenant = TenantName::parse(&tenant).map_err(|_| self.damaged("a tenant's name"))?;
            Ok(Tally { tenant, channel, result, count, why })
        };
        rows.into_iter().map(named).collect()
    }
}

/// Raises the version, if it still is the one that the change was made on.
fn raise(transaction: &Transaction<'_>, tenant: &TenantName, from: u64) -> rusqlite::Result<Option<u64>> {
    transaction.execute("INSERT OR IGNORE INTO tenant (name, version) VALUES (?1, 0)", [tenant.as_str()])?;
    let sql = "UPDATE tenant SET version = version + 1 WHERE name = ?1 AND version = ?2";
    let raised = transaction.execute(sql, params![tenant.as_str(), from])?;
    Ok((raised == 1).then_some(from + 1))
}

/// Writes it; the answer is the digests of the new lines of the record.
fn write(transaction: &Transaction<'_>, tenant: &TenantName, change: &Change) -> rusqlite::Result<Vec<Fingerprint>> {
    for Artefact { kind, name, bytes } in &change.artefacts {
        let sql = "INSERT OR IGNORE INTO artefact (digest, kind, name, bytes) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(sql, params![Fingerprint::of(bytes).to_string(), kind, name, bytes])?;
    }
    if let Some(StoredJourney { kind, number, open, format, json }) = &change.journey {
        let sql =
            "INSERT OR REPLACE INTO journey (tenant, kind, number, open, format, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        transaction.execute(sql, params![tenant.as_str(), kind, number, open, format, json])?;
    }
    if let Some(topic) = &change.confirmed_topic {
        let sql = "UPDATE tenant SET confirmed_topic = ?2 WHERE name = ?1";
        transaction.execute(sql, [tenant.as_str(), topic.as_str()])?;
    }
    if let Some(used) = change.account_used {
        let sql = "UPDATE tenant SET account_used = ?2 WHERE name = ?1";
        transaction.execute(sql, params![tenant.as_str(), used.unix()])?;
    }
    change.audit.iter().map(|entry| append(transaction, tenant, entry)).collect()
}

/// Chains a line to the end of the record.
fn append(transaction: &Transaction<'_>, tenant: &TenantName, entry: &AuditEntry) -> rusqlite::Result<Fingerprint> {
    let sql = "SELECT number, digest FROM audit WHERE tenant = ?1 ORDER BY number DESC LIMIT 1";
    let last =
        transaction.query_row(sql, [tenant.as_str()], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)));
    let (number, previous) = last.optional()?.unwrap_or_else(|| (0, audit::genesis(tenant).to_string()));
    let line = serde_json::to_string(entry).expect("a line of the record is plain data");
    let digest = audit::chained(&previous, &line);
    let sql = "INSERT INTO audit (tenant, number, line, digest) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(sql, params![tenant.as_str(), number + 1, line, digest.to_string()])?;
    Ok(digest)
}
