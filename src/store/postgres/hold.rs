//! The connection of a run, and the tenants that it holds: advisory locks of that very connection, which end with it.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use pushcert_papers::{Fingerprint, TenantName};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::{Client, Error};

use super::access::Way;
use crate::store::StoreError;

/// The connection that is used now, and the way to another one.
pub struct Link {
    pub way: Way,
    session: Mutex<Session>,
    /// The tenants that are held, each by the session of this number.
    held: RefCell<BTreeMap<TenantName, u64>>,
    /// Locks that could not be given back at once.
    left: RefCell<Vec<i64>>,
}

/// A connection, and its number among those of this run.
pub struct Session {
    pub client: Client,
    pub number: u64,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// As for [`Way::connect`].
    pub async fn open(way: Way) -> Result<Self, StoreError> {
        let client = way.connect().await?;
        let session = Mutex::new(Session { client, number: 1 });
        Ok(Self { way, session, held: RefCell::default(), left: RefCell::default() })
    }

    /// The connection, for this use alone; a fresh one where the last has ended, and all that it held with it.
    ///
    /// # Errors
    /// As for [`Way::connect`].
    pub async fn session(&self) -> Result<MutexGuard<'_, Session>, StoreError> {
        let mut session = self.session.lock().await;
        if session.client.is_closed() {
            *session = Session { client: self.way.connect().await?, number: session.number + 1 };
            self.left.borrow_mut().clear();
        }
        for number in self.left.take() {
            unlock(&session.client, number);
        }
        Ok(session)
    }

    /// Takes a tenant for this connection, and says so to whoever comes second; `false` where it is taken.
    ///
    /// The words are written before the lock is tried, and only kept with it: a second run, which must wait for that
    /// very row, never reads the words of the holder before.
    pub async fn take(self: &Rc<Self>, tenant: &TenantName, words: &str) -> Result<Option<Hold>, StoreError> {
        let mut session = self.session().await?;
        let lock = number(&format!("holds {tenant}"));
        // To the server this run is one: it would give the same lock to it twice.
        if self.held.borrow().get(tenant) == Some(&session.number) {
            return Ok(None);
        }
        let taken = taken(&mut session.client, tenant, words, lock).await;
        if !taken.map_err(|error| self.way.failure(&error))? {
            return Ok(None);
        }
        self.held.borrow_mut().insert(tenant.clone(), session.number);
        Ok(Some(Hold { tenant: tenant.clone(), lock, session: session.number, link: Rc::clone(self) }))
    }

    /// Whether a hold that this run believes to have is still that of this connection.
    ///
    /// # Errors
    /// [`StoreError::HoldLost`] when it ended with an earlier connection.
    pub fn still_holds(&self, tenant: &TenantName, session: &Session) -> Result<(), StoreError> {
        match self.held.borrow().get(tenant) {
            Some(number) if *number != session.number => Err(StoreError::HoldLost { tenant: tenant.clone() }),
            _ => Ok(()),
        }
    }
}

/// A tenant held by a connection of this run.
pub struct Hold {
    tenant: TenantName,
    lock: i64,
    session: u64,
    link: Rc<Link>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.link.held.borrow_mut().remove(&self.tenant);
        match self.link.session.try_lock() {
            Ok(session) if session.number == self.session => unlock(&session.client, self.lock),
            Ok(_) => {}
            Err(_) => self.link.left.borrow_mut().push(self.lock),
        }
    }
}

/// Gives a lock back. The answer is not waited for: the statements of a connection run in the order in which they were
/// sent.
fn unlock(client: &Client, lock: i64) {
    let sql = format!("SELECT pg_advisory_unlock({lock})");
    futures_util::FutureExt::now_or_never(client.simple_query_raw(&sql));
}

async fn taken(client: &mut Client, tenant: &TenantName, words: &str, lock: i64) -> Result<bool, Error> {
    let transaction = client.transaction().await?;
    let sql = "INSERT INTO holder (tenant, who) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET who = excluded.who";
    transaction.execute(sql, &[&tenant.as_str(), &words]).await?;
    let taken = transaction.query_one("SELECT pg_try_advisory_lock($1)", &[&lock]).await?.get(0);
    if taken {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(taken)
}

/// The number of an advisory lock.
pub fn number(name: &str) -> i64 {
    let digest = Fingerprint::of(format!("pushcert {name}").as_bytes());
    i64::from_be_bytes(digest.as_bytes()[..8].try_into().expect("a digest has more octets"))
}
