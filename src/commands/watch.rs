//! `watch`: looks at all tenants, many at a time.

use super::{
    Failure, StatusLine, World,
    status::{self, Wish},
};
use crate::store::AuditLine;

/// Lines of a record that the page shows.
const SHOWN_LINES: usize = 50;

/// A round: how every tenant stands, in the order of their names.
///
/// # Errors
/// When the store cannot be read. A server that does not answer is no error.
pub async fn look(world: &World<'_>, wish: &Wish) -> Result<Vec<StatusLine>, Failure> {
    status::look(world, world.config.tenants.values().filter(|tenant| !tenant.retired).collect(), wish).await
}

/// The newest lines of the record of each of these tenants, oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn history(world: &World<'_>, lines: &[StatusLine]) -> Result<Vec<Vec<AuditLine>>, Failure> {
    let mut found = vec![];
    for line in lines {
        let mut record = world.store.audit(&line.tenant).await?;
        found.push(record.split_off(record.len().saturating_sub(SHOWN_LINES)));
    }
    Ok(found)
}
