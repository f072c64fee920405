//! `watch`: looks at all tenants, many at a time.

use pushcert_papers::{Fingerprint, TenantName};
use tokio::sync::{mpsc, oneshot};

use super::{
    Failure, StatusLine, World, alerts,
    status::{self, Wish},
};
use crate::store::AuditLine;

/// Lines of a record that the page shows.
const SHOWN_LINES: usize = 50;

/// A round: how every tenant stands, in the order of their names. What is to be announced of a tenant lies in the outbox as
/// soon as it was looked at.
///
/// # Errors
/// When the store cannot be used. A server that does not answer is no error.
pub async fn look(world: &World<'_>, wish: &Wish) -> Result<Vec<StatusLine>, Failure> {
    let tenants = world.config.watched().collect();
    let announced = async |sight: &status::Sight<'_>| alerts::announce(world, sight).await;
    let mut lines = status::look(world, tenants, wish, announced).await?;
    status::undelivered(&world.store.tally().await?, &mut lines);
    Ok(lines)
}

/// A round for a timer: with nobody to look at it is none, since all would seem to be in order. A watch that goes on may
/// find somebody in a configuration that is read anew.
///
/// # Errors
/// When no tenant is configured, or as for [`look`].
pub async fn look_once(world: &World<'_>, wish: &Wish) -> Result<Vec<StatusLine>, Failure> {
    status::watched(world)?;
    look(world, wish).await
}

/// Somebody wants to see a tenant's record.
pub struct Question {
    /// Whose.
    pub tenant: TenantName,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Record>,
}

/// A tenant's record, as far as it is shown.
pub struct Record {
    /// Its newest lines, oldest first.
    pub newest: Vec<AuditLine>,
    /// How many lines it has.
    pub lines: usize,
    /// The digest of its last line.
    pub head: Option<Fingerprint>,
}

/// Answers whoever wants to see a record, until nobody can ask any more. Ten thousand records are not kept in memory for
/// the one that is looked at.
pub async fn answer(world: &World<'_>, questions: &mut mpsc::Receiver<Question>) {
    while let Some(Question { tenant, answer }) = questions.recv().await {
        // Without an answer the page says that the record cannot be read.
        if let Ok(mut record) = world.store.audit(&tenant).await {
            let lines = record.len();
            let newest = record.split_off(lines.saturating_sub(SHOWN_LINES));
            let head = newest.last().map(|line| line.digest);
            drop(answer.send(Record { newest, lines, head }));
        }
    }
}
