//! Lists of revoked certificates, for the watch.

use std::time::Duration;

use async_trait::async_trait;
use pushcert_papers::certificate::RevocationList;

use crate::{
    commands::revocations::Lists,
    world::{apple, http},
};

/// Lists as they are published: Apple's at the one address that is ever asked, and those of tenants in a world of their own.
pub struct PublishedLists {
    /// How long an answer may take.
    pub patience: Duration,
}

#[async_trait(?Send)]
impl Lists for PublishedLists {
    async fn revoked(&self, own: Option<&str>) -> Result<RevocationList, String> {
        let at = own.unwrap_or(apple::REVOCATION_LIST);
        let bytes = match own {
            None => apple::revocation_list(self.patience).await,
            Some(own) => http::public_file(own, self.patience, apple::LIMIT).await,
        };
        let bytes = bytes.map_err(|error| format!("{at}: {error}"))?;
        // It may be long, and nobody waits meanwhile.
        let read = tokio::task::spawn_blocking(move || RevocationList::read(&bytes)).await;
        read.ok()
            .and_then(Result::ok)
            .ok_or_else(|| format!("{at} answers with something that is no list of revoked certificates"))
    }
}
