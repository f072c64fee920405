//! The engine for teams and several machines: PostgreSQL, over verified TLS unless it is on this machine.
//!
//! One connection serves a run. Whoever uses it has it alone until done, so that no two changes share a transaction. The
//! hold on a tenant is an advisory lock of that very connection: it dies with the process, or with the connection.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;
use pushcert_papers::{Fingerprint, Secret, TenantName, Time, Topic, escape::printable, watch::Seen};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::{
    Client, Config, Error, NoTls, Row, Transaction,
    config::{Host, SslMode},
};
use tokio_postgres_rustls_improved::MakeRustlsConnect;

use super::{
    Announced, Artefact, AuditEntry, AuditLine, AuditState, Change, Guard, Leased, Letter, Settled, Store, StoreError,
    StoredJourney, Tally, TenantRecord,
    audit::{self, StoredLine},
    keyed,
    lock::this_run,
    pgpass::{self, Login},
};
use crate::world::{
    files,
    tls::{self, TlsError},
};

/// Each brings the form of the store from its number to the next. They are never edited once released.
const MIGRATIONS: [&str; 3] = [
    include_str!("migrations/postgres/0001-begin.sql"),
    include_str!("migrations/postgres/0002-outbox.sql"),
    include_str!("migrations/postgres/0003-kinds.sql"),
];

/// How long the server may take to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a statement may take, a wait for another run's transaction included.
const PATIENCE: &str = "SET statement_timeout = '30s'";

/// A file of passwords is never larger.
const PASSWORDS_LIMIT: u64 = 1 << 20;

/// Where the server is, and how we get in.
#[derive(Clone, Debug)]
pub struct Access {
    /// `postgres://USER@HOST/DATABASE`, without a password.
    pub address: String,
    /// The password, where PostgreSQL's own file of passwords does not hold it.
    pub password: Option<Secret>,
    /// That file: `PGPASSFILE`, or `~/.pgpass`.
    pub passwords: Option<PathBuf>,
    /// Trust these authorities, and no others.
    pub ca_file: Option<PathBuf>,
}

/// The engine for teams.
#[expect(missing_debug_implementations, reason = "a connection has nothing to show")]
pub struct Postgres {
    link: Rc<Link>,
    held: Rc<RefCell<BTreeSet<TenantName>>>,
}

/// The way to the server, and the connection that is used now.
struct Link {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    place: String,
    client: Mutex<Client>,
}

impl Postgres {
    /// Connects, and makes the store's tables where there are none.
    ///
    /// # Errors
    /// When the address cannot be used, the server does not answer or refuses us, or a newer release wrote the store.
    pub async fn open(access: &Access) -> Result<Self, StoreError> {
        let (config, tls, place) = prepared(access)?;
        let client = connect(&config, tls.as_ref(), &place).await?;
        let link = Link { config, tls, place, client: Mutex::new(client) };
        let store = Self { link: Rc::new(link), held: Rc::default() };
        store.migrate().await?;
        Ok(store)
    }

    /// Brings the form up to date; another machine may be doing the same.
    async fn migrate(&self) -> Result<(), StoreError> {
        let known = i64::try_from(MIGRATIONS.len()).expect("a few migrations");
        let mut client = self.link.client().await?;
        let migrated = async {
            // Reading comes first: the role of a watch may have no right to make tables.
            let found = form(&client).await?;
            if found >= known {
                return Ok(found);
            }
            let transaction = client.transaction().await?;
            transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&key("the form of the store")]).await?;
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
        let found = migrated.await.map_err(|source| self.link.database(&source))?;
        if found > known {
            return Err(StoreError::Newer { place: self.link.place.clone(), found, known });
        }
        Ok(())
    }

    async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.link.client().await?;
        client.query(sql, parameters).await.map_err(|source| self.link.database(&source))
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
        aws_lc_rs::rand::fill(&mut fresh).map_err(|_| self.link.damaged("no randomness"))?;
        let sql = "WITH made AS (INSERT INTO pepper (one, key) VALUES (1, $1) ON CONFLICT DO NOTHING RETURNING key)
            SELECT key FROM made UNION ALL SELECT key FROM pepper LIMIT 1";
        let rows = self.rows(sql, &[&&fresh[..]]).await?;
        Ok(rows.first().ok_or_else(|| self.link.damaged("no key of its own"))?.get(0))
    }

    /// The keyed fingerprint of a secret: without this store's key it tells nothing about the secret.
    async fn fingerprint(&self, secret: &Secret) -> Result<String, StoreError> {
        let mut keyed = self.pepper().await?;
        keyed.extend_from_slice(secret.reveal().as_bytes());
        let fingerprint = Fingerprint::of(&Fingerprint::of(&keyed).to_string().into_bytes()).to_string();
        zeroize::Zeroize::zeroize(&mut keyed);
        Ok(fingerprint)
    }

    /// The journey in the third and the following columns, if there is one.
    fn journey(&self, row: &Row) -> Result<Option<StoredJourney>, StoreError> {
        let Some(kind) = row.get(2) else { return Ok(None) };
        let small = |column| u32::try_from(row.get::<_, i64>(column)).map_err(|_| self.link.damaged("a journey"));
        Ok(Some(StoredJourney { kind, number: small(3)?, open: row.get(4), format: small(5)?, json: row.get(6) }))
    }

    fn tenant_name(&self, row: &Row, column: usize) -> Result<TenantName, StoreError> {
        TenantName::parse(row.get(column)).map_err(|_| self.link.damaged("a tenant's name"))
    }
}

impl Link {
    /// The connection, for this use alone; a fresh one where the server has ended the last.
    async fn client(&self) -> Result<MutexGuard<'_, Client>, StoreError> {
        let mut client = self.client.lock().await;
        if client.is_closed() {
            *client = connect(&self.config, self.tls.as_ref(), &self.place).await?;
        }
        Ok(client)
    }

    fn database(&self, source: &Error) -> StoreError {
        if source.as_db_error().is_none() {
            return StoreError::Unreachable { place: self.place.clone(), why: reason(source) };
        }
        StoreError::Database { place: self.place.clone(), source: reason(source).into() }
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged { place: self.place.clone(), what }
    }
}

/// The server's own words, or the innermost reason.
fn reason(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return printable(said.message());
    }
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    printable(&deepest.to_string())
}

/// The number of an advisory lock.
fn key(name: &str) -> i64 {
    let digest = Fingerprint::of(format!("pushcert {name}").as_bytes());
    i64::from_be_bytes(digest.as_bytes()[..8].try_into().expect("a digest has more octets"))
}

/// The form of the store; 0 where there is none yet.
async fn form(client: &Client) -> Result<i64, Error> {
    let there = client.query_one("SELECT to_regclass('pushcert_form') IS NOT NULL", &[]).await?.get(0);
    Ok(if there { client.query_one("SELECT form FROM pushcert_form", &[]).await?.get(0) } else { 0 })
}

fn prepared(access: &Access) -> Result<(Config, Option<MakeRustlsConnect>, String), StoreError> {
    let wrong = |why: String| StoreError::Address { why };
    // Whatever is asked for here, TLS is verified in full.
    let address = access.address.replace("sslmode=verify-full", "sslmode=require");
    let mut config: Config =
        address.parse().map_err(|error: Error| wrong(format!("cannot be understood: {}", reason(&error))))?;
    if config.get_password().is_some() {
        return Err(wrong(
            "must not hold the password; ~/.pgpass does, or  store = { url, password }  in the configuration".into(),
        ));
    }
    let Some(user) = config.get_user().map(str::to_owned) else { return Err(wrong("names no user".into())) };
    let database = config.get_dbname().unwrap_or(&user).to_owned();
    let hosts: Vec<String> = config.get_hosts().iter().map(name).collect();
    if hosts.is_empty() {
        return Err(wrong("names no host".into()));
    }
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let login = Login { hosts: &hosts, port, database: &database, user: &user };
    if let Some(password) = access.password.clone().or_else(|| of_the_file(access.passwords.as_deref()?, &login)) {
        config.password(password.reveal());
    }
    config.application_name("pushcert").connect_timeout(CONNECT).keepalives_idle(Duration::from_mins(1));
    let near = config.get_hosts().iter().all(is_near);
    let plain = near && config.get_ssl_mode() != SslMode::Require;
    config.ssl_mode(if plain { SslMode::Disable } else { SslMode::Require });
    let tls = (!plain).then(|| tls::config(access.ca_file.as_deref())).transpose();
    let tls = tls.map_err(|error: TlsError| wrong(format!("cannot be trusted: {error}")))?;
    let place = format!("postgres://{}/{database}", hosts.join(","));
    Ok((config, tls.map(MakeRustlsConnect::new), place))
}

fn of_the_file(path: &Path, login: &Login<'_>) -> Option<Secret> {
    // As for PostgreSQL's own programs, a file that others may read counts for nothing.
    let file = files::read_secret(path, PASSWORDS_LIMIT).ok()?;
    pgpass::password(&String::from_utf8(file).ok()?, login)
}

fn name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(_) => "localhost".into(),
    }
}

/// Whether nobody on a network stands between.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

async fn connect(config: &Config, tls: Option<&MakeRustlsConnect>, place: &str) -> Result<Client, StoreError> {
    let failed = |error: Error| StoreError::Unreachable { place: place.to_owned(), why: reason(&error) };
    // The connection does its work beside us, and ends with its client.
    let client = if let Some(tls) = tls {
        let (client, connection) = config.connect(tls.clone()).await.map_err(failed)?;
        tokio::spawn(connection);
        client
    } else {
        let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
        tokio::spawn(connection);
        client
    };
    client.batch_execute(PATIENCE).await.map_err(failed)?;
    Ok(client)
}

#[async_trait(?Send)]
impl Store for Postgres {
    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
        let sql = "SELECT t.version, t.confirmed_topic, j.kind, j.number, j.open, j.format, j.json FROM tenant t
            LEFT JOIN journey j ON j.tenant = t.name AND j.number IN
                (SELECT max(number) FROM journey WHERE tenant = $1 GROUP BY kind)
            WHERE t.name = $1 ORDER BY j.number";
        let rows = self.rows(sql, &[&tenant.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let topic: Option<&str> = row.get(1);
        let confirmed_topic = topic.map(Topic::parse).transpose().map_err(|_| self.link.damaged("a topic"))?;
        let journeys = rows.iter().filter_map(|row| self.journey(row).transpose()).collect::<Result<_, _>>()?;
        Ok(Some(TenantRecord::of(row.get::<_, i64>(0).cast_unsigned(), journeys, confirmed_topic)))
    }

    async fn commit(&self, tenant: &TenantName, from_version: u64, change: Change) -> Result<u64, StoreError> {
        let mut client = self.link.client().await?;
        let written = async {
            let transaction = client.transaction().await?;
            if !raised(&transaction, tenant, from_version).await? {
                return Ok(None);
            }
            write(&transaction, tenant, &change).await?;
            transaction.commit().await?;
            Ok(Some(from_version + 1))
        };
        let version = written.await.map_err(|source| self.link.database(&source))?;
        version.ok_or_else(|| StoreError::Changed { tenant: tenant.clone() })
    }

    async fn artefact(&self, digest: &Fingerprint) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.rows("SELECT bytes FROM artefact WHERE digest = $1", &[&digest.to_string()]).await?;
        match rows.first().map(|row| row.get::<_, Vec<u8>>(0)) {
            Some(bytes) if Fingerprint::of(&bytes) != *digest => Err(self.link.damaged("a file")),
            found => Ok(found),
        }
    }

    async fn audit(&self, tenant: &TenantName) -> Result<Vec<AuditLine>, StoreError> {
        let lines = self.lines(tenant).await?;
        lines.into_iter().map(|line| line.read().map_err(|what| self.link.damaged(what))).collect()
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

    async fn sighting(&self, tenant: &TenantName) -> Result<Option<Seen>, StoreError> {
        let sql = "SELECT json FROM sighting WHERE tenant = $1 ORDER BY at DESC, turn DESC LIMIT 1";
        let rows = self.rows(sql, &[&tenant.as_str()]).await?;
        let read = |row: &Row| serde_json::from_str(row.get(0)).map_err(|_| self.link.damaged("a sighting"));
        rows.first().map(read).transpose()
    }

    async fn refused_sign_in(&self, tenant: &TenantName, secret: &Secret) -> Result<Option<Time>, StoreError> {
        let fingerprint = self.fingerprint(secret).await?;
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
        let fingerprint = self.fingerprint(secret).await?;
        let sql = "INSERT INTO refused_sign_in (tenant, fingerprint, at) VALUES ($1, $2, $3)
            ON CONFLICT (tenant) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at";
        self.rows(sql, &[&tenant.as_str(), &fingerprint, &at.unix()]).await.map(drop)
    }

    async fn lock(&self, tenant: &TenantName, now: Time) -> Result<Guard, StoreError> {
        let number = key(&format!("holds {tenant}"));
        // To the server this run is one: it would give the same lock to it twice.
        let free = !self.held.borrow().contains(tenant);
        let taken = free && self.rows("SELECT pg_try_advisory_lock($1)", &[&number]).await?[0].get(0);
        if !taken {
            let rows = self.rows("SELECT who FROM holder WHERE tenant = $1", &[&tenant.as_str()]).await?;
            let holder = rows.first().map_or_else(|| "it does not say which".into(), |row| row.get(0));
            return Err(StoreError::Held { tenant: tenant.clone(), holder });
        }
        self.held.borrow_mut().insert(tenant.clone());
        let hold = Hold { tenant: tenant.clone(), number, link: Rc::clone(&self.link), held: Rc::clone(&self.held) };
        let sql =
            "INSERT INTO holder (tenant, who) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET who = excluded.who";
        self.rows(sql, &[&tenant.as_str(), &this_run(now)]).await?;
        Ok(Guard::on(hold))
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
        let mut client = self.link.client().await?;
        let written = async {
            let transaction = client.transaction().await?;
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
        written.await.map_err(|source| self.link.database(&source))
    }

    async fn lease(&self, now: Time, until: Time, most: u32) -> Result<Vec<Leased>, StoreError> {
        let sql = "UPDATE outbox SET leased = $2, attempts = attempts + 1 WHERE id IN (
                SELECT id FROM outbox WHERE state = 'waiting' AND due <= $1 AND leased <= $1
                ORDER BY due, id LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING id, tenant, matter, occasion, channel, json, due, attempts";
        let rows = self.rows(sql, &[&now.unix(), &until.unix(), &i64::from(most)]).await?;
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

    async fn tally(&self) -> Result<Vec<Tally>, StoreError> {
        let sql = "SELECT tenant, channel, state, count(*), max(why) FROM outbox
            WHERE state <> 'waiting' OR why IS NOT NULL GROUP BY tenant, channel, state ORDER BY tenant, channel, state";
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

/// A tenant held by this connection.
struct Hold {
    tenant: TenantName,
    number: i64,
    link: Rc<Link>,
    held: Rc<RefCell<BTreeSet<TenantName>>>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.borrow_mut().remove(&self.tenant);
        // The answer is not waited for: the statements of a connection run in the order in which they were sent.
        let Ok(client) = self.link.client.try_lock() else { return };
        let sql = format!("SELECT pg_advisory_unlock({})", self.number);
        futures_util::FutureExt::now_or_never(client.simple_query_raw(&sql));
    }
}

/// Raises the version, if it still is the one that the change was made on.
async fn raised(transaction: &Transaction<'_>, tenant: &TenantName, from: u64) -> Result<bool, Error> {
    let sql = "INSERT INTO tenant (name, version) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    transaction.execute(sql, &[&tenant.as_str()]).await?;
    let sql = "UPDATE tenant SET version = version + 1 WHERE name = $1 AND version = $2";
    Ok(transaction.execute(sql, &[&tenant.as_str(), &from.cast_signed()]).await? == 1)
}

async fn write(transaction: &Transaction<'_>, tenant: &TenantName, change: &Change) -> Result<(), Error> {
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
    for entry in &change.audit {
        append(transaction, tenant, entry).await?;
    }
    Ok(())
}

/// Chains a line to the end of the record. The tenant's row is ours until the transaction ends, and so is the end.
async fn append(transaction: &Transaction<'_>, tenant: &TenantName, entry: &AuditEntry) -> Result<(), Error> {
    let sql = "SELECT number, digest FROM audit WHERE tenant = $1 ORDER BY number DESC LIMIT 1";
    let last = transaction.query_opt(sql, &[&tenant.as_str()]).await?;
    let (number, previous) =
        last.map_or_else(|| (0, audit::genesis(tenant).to_string()), |row| (row.get::<_, i64>(0), row.get(1)));
    let line = serde_json::to_string(entry).expect("a line of the record is plain data");
    let digest = audit::chained(&previous, &line);
    let sql = "INSERT INTO audit (tenant, number, line, digest) VALUES ($1, $2, $3, $4)";
    transaction.execute(sql, &[&tenant.as_str(), &(number + 1), &line, &digest.to_string()]).await.map(drop)
}
