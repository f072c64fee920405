//! Apple's list of revoked certificates, for the watch.

use std::time::Duration;

use async_trait::async_trait;
use pushcert_papers::certificate::RevocationList;

use crate::{commands::revocations::Lists, world::apple};

/// The list as Apple publishes it, from the one address that is ever asked.
pub struct AppleList {
    /// How long Apple may take to answer.
    pub patience: Duration,
}

#[async_trait(?Send)]
impl Lists for AppleList {
    async fn revoked(&self) -> Result<RevocationList, String> {
        let at = apple::REVOCATION_LIST;
        let bytes = apple::revocation_list(self.patience).await.map_err(|error| format!("{at}: {error}"))?;
        // It may be long, and nobody waits meanwhile.
        let read = tokio::task::spawn_blocking(move || RevocationList::read(&bytes)).await;
        read.ok()
            .and_then(Result::ok)
            .ok_or_else(|| format!("{at} answers with something that is no list of revoked certificates"))
    }
}
