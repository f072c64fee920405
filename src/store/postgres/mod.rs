//! The engine for teams and several machines: PostgreSQL, over verified TLS unless it is on this machine.
//!
//! One connection serves a run. Whoever uses it has it alone until done, so that no two changes share a transaction. The
//! hold on a tenant is an advisory lock of that very connection: it dies with the process, or with the connection, and
//! nothing is committed under a hold that was lost.

mod access;
mod hold;
mod pgpass;

use std::{rc::Rc, time::Duration};

use async_trait::async_trait;
use pushcert_papers::{
    Fingerprint, Secret, TenantName, Time, Topic,
    watch::{Lookup, Seen},
};
use tokio_postgres::{Client, Error, Row, Transaction};

use super::{
    Announced, Artefact, AuditEntry, AuditLine, AuditState, Book, CERTIFICATE, Change, Guard, Leased, Letter, Settled,
    Store, StoreError, StoredJourney, Tally,
    audit::{self, StoredLine},
    keyed,
    lock::this_run,
};
pub use access::Access;
use access::Way;
use hold::Link;

/// Each brings the form of the store from its number to the next. They are never edited once released.
const MIGRATIONS: [&str; 7] = [
    include_str!("../migrations/postgres/0001-begin.sql"),
    include_str!("../migrations/postgres/0002-outbox.sql"),
    include_str!("../migrations/postgres/0003-kinds.sql"),
    include_str!("../migrations/postgres/0004-account.sql"),
    include_str!("../migrations/postgres/0005-lookup.sql"),
    include_str!("../migrations/postgres/0006-delivered.sql"),
    include_str!("../migrations/postgres/0007-refusals.sql"),
];

/// The books of these tenants, with the latest journey of each kind.
const BOOKS: &str =
    "SELECT w.place, t.version, t.confirmed_topic, t.account_used, j.kind, j.number, j.open, j.format, j.json
    FROM unnest($1::text[]) WITH ORDINALITY AS w (name, place) JOIN tenant t ON t.name = w.name
    LEFT JOIN journey j ON j.tenant = t.name
        AND j.number = (SELECT max(number) FROM journey k WHERE k.tenant = j.tenant AND k.kind = j.kind)";

/// The journeys of one kind, the latest first.
const JOURNEYS: &str = "SELECT kind, number, open, format, json FROM journey WHERE tenant = $1 AND kind = $2
    ORDER BY number DESC";

/// What was last seen of these tenants.
const SIGHTINGS: &str = "SELECT w.place, s.json
    FROM unnest($1::text[]) WITH ORDINALITY AS w (name, place) JOIN sighting s ON s.tenant = w.name
    WHERE NOT EXISTS (SELECT 1 FROM sighting l WHERE l.tenant = s.tenant AND (l.at, l.turn) > (s.at, s.turn))";

/// What the list of revoked certificates said of these tenants'.
const LOOKUPS: &str = "SELECT w.place, l.json
    FROM unnest($1::text[]) WITH ORDINALITY AS w (name, place) JOIN lookup l ON l.tenant = w.name";

/// How long a hold is tried for: a run that has just died may still be ending at the server.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// The engine for teams.
#[expect(missing_debug_implementations, reason = "a connection has nothing to show")]
pub struct Postgres {
    link: Rc<Link>,
}

impl Postgres {
    /// Connects, and makes the store's tables where there are none.
    ///
    /// # Errors
    /// When the address cannot be used, the server does not answer or refuses us, or a newer release wrote the store.
    pub async fn open(access: &Access) -> Result<Self, StoreError> {
        let store = Self { link: Rc::new(Link::open(Way::prepare(access)?).await?) };
        store.migrate().await?;
        Ok(store)
    }

    /// Brings the form up to date; another machine may be doing the same.
    async fn migrate(&self) -> Result<(), StoreError> {
        let known = i64::try_from(MIGRATIONS.len()).expect("a few migrations");
        let mut session = self.link.session().await?;
        let migrated = async {
            // Reading comes first: the role of a watch may have no right to make tables.
            let found = form(&session.client).await?;
            if found >= known {
                return Ok(found);
            }
            let transaction = session.client.transaction().await?;
            transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&hold::number("the form of the store")]).await?;
            let sql = "CREATE TABLE IF NOT EXISTS pushcert_form (one integer PRIMARY KEY CHECK (one = 1), form bigint NOT NULL)";
            transaction.batch_execute(sql).await?;
            let sql = "INSERT INTO pushcert_form (one, form) VALUES (1, 0) ON CONFLICT DO NOTHING";
            transaction.execute(sql, &[]).await?;
            let found: i64 = transaction.query_one("SELECT form FROM pushcert_form", &[]).await?.get(0);
            for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or_default()) {
                transaction.batch_execute(migration).await?;
            }
            let form = found.max(known);
            transaction.execute("UPDATE pushcert_form SET form = $1", &[&form]).await?;
            transaction.commit().await?;
            Ok(form)
        };
        let found = migrated.await.map_err(|source| self.link.way.failure(&source))?;
        if found > known {
            return Err(StoreError::Newer { place: self.link.way.place.clone(), found, known });
        }
        Ok(())
    }

    async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let session = self.link.session().await?;
        session.client.query(sql, parameters).await.map_err(|source| self.link.way.failure(&source))
    }

    async fn lines(&self, tenant: &TenantName) -> Result<Vec<StoredLine>, StoreError> {
        let sql = "SELECT number, line, digest FROM audit WHERE tenant = $1 ORDER BY number";
        let rows = self.rows(sql, &[&tenant.as_str()]).await?;
        let line = |row: Row| StoredLine {
            number: row.get::<_, i64>(0).cast_unsigned(),
            line: row.get(1),
            digest: row.get(2),
        };
        Ok(rows.into_iter().map(line).collect())
    }

    /// This store's own key, for fingerprints of secrets.
    async fn pepper(&self) -> Result<Vec<u8>, StoreError> {
        let mut fresh = [0; 32];
        aws_lc_rs::rand::fill(&mut fresh).map_err(|_| self.damaged("no randomness"))?;
        let sql = "WITH made AS (INSERT INTO pepper (one, key) VALUES (1, $1) ON CONFLICT DO NOTHING RETURNING key)
            SELECT key FROM made UNION ALL SELECT key FROM pepper LIMIT 1";
        let rows = self.rows(sql, &[&&fresh[..]]).await?;
        Ok(rows.first().ok_or_else(|| self.damaged("no key of its own"))?.get(0))
    }

    /// The journey in a row, whose columns begin here, if there is one.
    fn journey(&self, row: &Row, first: usize) -> Result<Option<StoredJourney>, StoreError> {
        let Some(kind) = row.get(first) else { return Ok(None) };
        let small = |column| u32::try_from(row.get::<_, i64>(column)).map_err(|_| self.damaged("a journey"));
        let (number, open, format, json) =
            (small(first + 1)?, row.get(first + 2), small(first + 3)?, row.get(first + 4));
        Ok(Some(StoredJourney { kind, number, open, format, json }))
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged { place: self.link.way.place.clone(), what }
    }

    fn tenant_name(&self, row: &Row, column: usize) -> Result<TenantName, StoreError> {
        TenantName::parse(row.get(column)).map_err(|_| self.damaged("a tenant's name"))
    }
}

/// The place of a row's tenant among those that were asked for; PostgreSQL counts from 1.
fn place(row: &Row) -> usize {
    usize::try_from(row.get::<_, i64>(0) - 1).expect("it is the place of one that was asked for")
}

/// The form of the store; 0 where there is none yet.
async fn form(client: &Client) -> Result<i64, Error> {
    let there = client.query_one("SELECT to_regclass('pushcert_form') IS NOT NULL", &[]).await?.get(0);
    Ok(if there { client.query_one("SELECT form FROM pushcert_form", &[]).await?.get(0) } else { 0 })
}

#[async_trait(?Send)]
impl Store for Postgres {
    async fn books(&self, tenants: &[&TenantName]) -> Result<Vec<Book>, StoreError> {
        let names: Vec<&str> = tenants.iter().map(|tenant| tenant.as_str()).collect();
        let mut books = vec![Book::default(); names.len()];
        for row in self.rows(BOOKS, &[&names]).await? {
            let record = books[place(&row)].record.get_or_insert_default();
            let topic: Option<&str> = row.get(2);
            record.version = row.get::<_, i64>(1).cast_unsigned();
            record.confirmed_topic = topic.map(Topic::parse).transpose().map_err(|_| self.damaged("a topic"))?;
            record.account_used = row.get::<_, Option<i64>>(3).map(Time::from_unix);
            if let Some(journey) = self.journey(&row, 4)? {
                record.add(journey);
            }
        }
        for row in self.rows(SIGHTINGS, &[&names]).await? {
            let seen = serde_json::from_str(row.get(1)).map_err(|_| self.damaged("a sighting"))?;
            books[place(&row)].seen = Some(seen);
        }
        for row in self.rows(LOOKUPS, &[&names]).await? {
            let lookup = serde_json::from_str(row.get(1)).map_err(|_| self.damaged("a lookup"))?;
            books[place(&row)].lookup = Some(lookup);
        }
        Ok(books)
    }

    async fn journeys(&self, tenant: &TenantName) -> Result<Vec<StoredJourney>, StoreError> {
        let rows = self.rows(JOURNEYS, &[&tenant.as_str(), &CERTIFICATE]).await?;
        rows.iter().filter_map(|row| self.journey(row, 0).transpose()).collect()
    }

    async fn commit(&self, tenant: &TenantName, from_version: u64, change: Change) -> Result<u64, StoreError> {
        let mut session = self.link.session().await?;
        self.link.still_holds(tenant, &session)?;
        let written = async {
            let transaction = session.client.transaction().await?;
            if !raised(&transaction, tenant, from_version).await? {
                return Ok(None);
            }
            let heads = write(&transaction, tenant, &change).await?;
            transaction.commit().await?;
            audit::log(tenant, &change, &heads);
            Ok(Some(from_version + 1))
        };
        let version = written.await.map_err(|source| self.link.way.failure(&source))?;
        version.ok_or_else(|| StoreError::Changed { tenant: tenant.clone() })
    }

    async fn artefact(&self, digest: &Fingerprint) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.rows("SELECT bytes FROM artefact WHERE digest = $1", &[&digest.to_string()]).await?;
        match rows.first().map(|row| row.get::<_, Vec<u8>>(0)) {
            Some(bytes) if Fingerprint::of(&bytes) != *digest => Err(self.damaged("a file")),
            found => Ok(found),
        }
    }

    async fn audit(&self, tenant: &TenantName) -> Result<Vec<AuditLine>, StoreError> {
        let lines = self.lines(tenant).await?;
        lines.into_iter().map(|line| line.read().map_err(|what| self.damaged(what))).collect()
    }

    async fn verify_audit(&self, tenant: &TenantName, head: Option<&str>) -> Result<AuditState, StoreError> {
        Ok(audit::verify(tenant, &self.lines(tenant).await?, head))
    }

    async fn record_sighting(&self, tenant: &TenantName, seen: &Seen) -> Result<(), StoreError> {
        let json = serde_json::to_string(seen).expect("a sighting is plain data");
        let sql = "INSERT INTO sighting (tenant, source, at, json) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant, source) DO UPDATE SET at = excluded.at, json = excluded.json WHERE excluded.at >= sighting.at";
        self.rows(sql, &[&tenant.as_str(), &seen.source.word(), &seen.at.unix(), &json]).await.map(drop)
    }

    async fn record_lookup(&self, tenant: &TenantName, lookup: &Lookup) -> Result<(), StoreError> {
        let json = serde_json::to_string(lookup).expect("a lookup is plain data");
        let sql = "INSERT INTO lookup (tenant, json) VALUES ($1, $2)
            ON CONFLICT (tenant) DO UPDATE SET json = excluded.json";
        self.rows(sql, &[&tenant.as_str(), &json]).await.map(drop)
    }

    async fn refused_sign_in(&self, tenant: &TenantName, secret: &Secret) -> Result<Option<Time>, StoreError> {
        let fingerprint = self.keyed_fingerprint(secret).await?.to_string();
        let sql = "SELECT at FROM refused_sign_in WHERE tenant = $1 AND fingerprint = $2";
        let rows = self.rows(sql, &[&tenant.as_str(), &fingerprint]).await?;
        Ok(rows.first().map(|row| Time::from_unix(row.get(0))))
    }

    async fn keyed_fingerprint(&self, secret: &Secret) -> Result<Fingerprint, StoreError> {
        Ok(keyed::fingerprint(&self.pepper().await?, secret))
    }

    async fn remember_sign_in(&self, tenant: &TenantName, refused: Option<(&Secret, Time)>) -> Result<(), StoreError> {
        let Some((secret, at)) = refused else {
            return self.rows("DELETE FROM refused_sign_in WHERE tenant = $1", &[&tenant.as_str()]).await.map(drop);
        };
        let fingerprint = self.keyed_fingerprint(secret).await?.to_string();
        let sql = "INSERT INTO refused_sign_in (tenant, fingerprint, at) VALUES ($1, $2, $3)
            ON CONFLICT (tenant) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at";
        self.rows(sql, &[&tenant.as_str(), &fingerprint, &at.unix()]).await.map(drop)
    }

    async fn lock(&self, tenant: &TenantName, now: Time) -> Result<Guard, StoreError> {
        let words = this_run(now);
        for _ in 0..TRIES {
            if let Some(hold) = self.link.take(tenant, &words).await? {
                return Ok(Guard::on(hold));
            }
            tokio::time::sleep(PAUSE).await;
        }
        let rows = self.rows("SELECT who FROM holder WHERE tenant = $1", &[&tenant.as_str()]).await?;
        let holder = rows.first().map_or_else(|| "it does not say which".into(), |row| row.get(0));
        Err(StoreError::Held { tenant: tenant.clone(), holder })
    }

    async fn announced(&self, tenant: &TenantName) -> Result<Vec<Announced>, StoreError> {
        let rows = self.rows("SELECT name, occasion, at FROM matter WHERE tenant = $1", &[&tenant.as_str()]).await?;
        let read = |row: &Row| Announced { matter: row.get(0), occasion: row.get(1), at: Time::from_unix(row.get(2)) };
        Ok(rows.iter().map(read).collect())
    }

    async fn announce(
        &self,
        tenant: &TenantName,
        announced: &[Announced],
        letters: &[Letter],
    ) -> Result<(), StoreError> {
        let mut session = self.link.session().await?;
        let written = async {
            let transaction = session.client.transaction().await?;
            for Announced { matter, occasion, at } in announced {
                let sql = "INSERT INTO matter (tenant, name, occasion, at) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (tenant, name) DO UPDATE SET occasion = excluded.occasion, at = excluded.at";
                transaction.execute(sql, &[&tenant.as_str(), matter, occasion, &at.unix()]).await?;
            }
            for Letter { matter, occasion, channel, json, due } in letters {
                let sql = "INSERT INTO outbox (tenant, matter, occasion, channel, json, due)
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
                transaction.execute(sql, &[&tenant.as_str(), matter, occasion, channel, json, &due.unix()]).await?;
            }
            transaction.commit().await
        };
        written.await.map_err(|source| self.link.way.failure(&source))
    }

    async fn lease(&self, channel: &str, now: Time, until: Time, most: u32) -> Result<Vec<Leased>, StoreError> {
        let sql = "UPDATE outbox SET leased = $2, attempts = attempts + 1 WHERE id IN (
                SELECT id FROM outbox WHERE state = 'waiting' AND channel = $4 AND due <= $1 AND leased <= $1
                ORDER BY due, id LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING id, tenant, matter, occasion, channel, json, due, attempts";
        let rows = self.rows(sql, &[&now.unix(), &until.unix(), &i64::from(most), &channel]).await?;
        let read = |row: &Row| {
            Ok(Leased {
                id: row.get(0),
                tenant: self.tenant_name(row, 1)?,
                letter: Letter {
                    matter: row.get(2),
                    occasion: row.get(3),
                    channel: row.get(4),
                    json: row.get(5),
                    due: Time::from_unix(row.get(6)),
                },
                attempts: u32::try_from(row.get::<_, i64>(7)).unwrap_or(u32::MAX),
            })
        };
        rows.iter().map(read).collect()
    }

    async fn settle(&self, letter: &Leased, settled: &Settled) -> Result<(), StoreError> {
        let (state, due, why) = settled.columns();
        let due = due.unwrap_or(letter.letter.due).unix();
        let sql = "UPDATE outbox SET state = $2, due = $3, why = $4, leased = 0 WHERE id = $1 AND state = 'waiting'";
        self.rows(sql, &[&letter.id, &state, &due, &why]).await.map(drop)
    }

    async fn prune(&self, before: Time) -> Result<u64, StoreError> {
        let sql = "WITH gone AS (DELETE FROM outbox WHERE state = 'sent' AND due < $1 RETURNING tenant, channel),
            counted AS (INSERT INTO delivered (tenant, channel, count)
                SELECT tenant, channel, count(*) FROM gone GROUP BY tenant, channel
                ON CONFLICT (tenant, channel) DO UPDATE SET count = delivered.count + excluded.count)
            SELECT count(*) FROM gone";
        let rows = self.rows(sql, &[&before.unix()]).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
    }

    async fn tally(&self) -> Result<Vec<Tally>, StoreError> {
        let sql = "SELECT tenant, channel, state, sum(letters)::bigint, max(why) FROM (
                SELECT tenant, channel, state, 1 AS letters, why FROM outbox WHERE state <> 'waiting' OR why IS NOT NULL
                UNION ALL SELECT tenant, channel, 'sent', count, NULL FROM delivered) AS letter
            GROUP BY tenant, channel, state ORDER BY tenant, channel, state";
        let rows = self.rows(sql, &[]).await?;
        let read = |row: &Row| {
            Ok(Tally {
                tenant: self.tenant_name(row, 0)?,
                channel: row.get(1),
                result: row.get(2),
                count: row.get::<_, i64>(3).cast_unsigned(),
                why: row.get(4),
            })
        };
        rows.iter().map(read).collect()
    }
}

/// Raises the version, if it still is the one that the change was made on.
async fn raised(transaction: &Transaction<'_>, tenant: &TenantName, from: u64) -> Result<bool, Error> {
    let sql = "INSERT INTO tenant (name, version) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    transaction.execute(sql, &[&tenant.as_str()]).await?;
    let sql = "UPDATE tenant SET version = version + 1 WHERE name = $1 AND version = $2";
    Ok(transaction.execute(sql, &[&tenant.as_str(), &from.cast_signed()]).await? == 1)
}

/// Writes it; the answer is the digests of the new lines of the record.
async fn write(transaction: &Transaction<'_>, tenant: &TenantName, change: &Change) -> Result<Vec<Fingerprint>, Error> {
    for Artefact { kind, name, bytes } in &change.artefacts {
        let sql = "INSERT INTO artefact (digest, kind, name, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[&Fingerprint::of(bytes).to_string(), kind, name, bytes]).await?;
    }
    if let Some(StoredJourney { kind, number, open, format, json }) = &change.journey {
        let sql = "INSERT INTO journey (tenant, kind, number, open, format, json) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (tenant, number) DO UPDATE SET open = excluded.open, format = excluded.format, json = excluded.json";
        let (number, format) = (i64::from(*number), i64::from(*format));
        transaction.execute(sql, &[&tenant.as_str(), kind, &number, open, &format, json]).await?;
    }
    if let Some(topic) = &change.confirmed_topic {
        let sql = "UPDATE tenant SET confirmed_topic = $2 WHERE name = $1";
        transaction.execute(sql, &[&tenant.as_str(), &topic.as_str()]).await?;
    }
    if let Some(used) = change.account_used {
        let sql = "UPDATE tenant SET account_used = $2 WHERE name = $1";
        transaction.execute(sql, &[&tenant.as_str(), &used.unix()]).await?;
    }
    let mut heads = vec![];
    for entry in &change.audit {
        heads.push(append(transaction, tenant, entry).await?);
    }
    Ok(heads)
}

/// Chains a line to the end of the record. The tenant's row is ours until the transaction ends, and so is the end.
async fn append(transaction: &Transaction<'_>, tenant: &TenantName, entry: &AuditEntry) -> Result<Fingerprint, Error> {
    let sql = "SELECT number, digest FROM audit WHERE tenant = $1 ORDER BY number DESC LIMIT 1";
    let last = transaction.query_opt(sql, &[&tenant.as_str()]).await?;
    let (number, previous) =
        last.map_or_else(|| (0, audit::genesis(tenant).to_string()), |row| (row.get::<_, i64>(0), row.get(1)));
    let line = serde_json::to_string(entry).expect("a line of the record is plain data");
    let digest = audit::chained(&previous, &line);
    let sql = "INSERT INTO audit (tenant, number, line, digest) VALUES ($1, $2, $3, $4)";
    transaction.execute(sql, &[&tenant.as_str(), &(number + 1), &line, &digest.to_string()]).await?;
    Ok(digest)
}
