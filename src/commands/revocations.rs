//! Installed certificates looked up in Apple's list of revoked ones, for the watch.

use async_trait::async_trait;
use pushcert_papers::{
    Fingerprint, TenantName,
    certificate::{Authorities, Certificate, Revocation, RevocationList},
    watch::Lookup,
};

use super::{Failure, World, authorities, ledger::Ledger, published};
use crate::config::Tenant;

/// Who gets the list.
#[async_trait(?Send)]
pub trait Lists {
    /// Apple's list of revoked push certificates; or why it cannot be had.
    async fn revoked(&self) -> Result<RevocationList, String>;
}

/// A certificate that a list may say something about.
struct Known {
    tenant: TenantName,
    name: Fingerprint,
    certificate: Certificate,
    authorities: Authorities,
}

/// Looks up what is installed. No list is got where Apple issued none of it, or no file of it was ever at hand. The answer
/// says why nothing could be learned, where nothing could.
///
/// # Errors
/// When the store cannot be used.
pub async fn look_up(world: &World<'_>, lists: &dyn Lists) -> Result<Option<String>, Failure> {
    let mut known = vec![];
    for tenant in world.config.tenants.values().filter(|tenant| !tenant.retired) {
        known.extend(at_hand(world, tenant).await?.filter(Known::is_issued_here));
        // There may be thousands of them, and others have something to do.
        tokio::task::yield_now().await;
    }
    if known.is_empty() {
        return Ok(None);
    }
    let list = match lists.revoked().await {
        Ok(list) => list,
        Err(why) => return Ok(Some(why)),
    };
    let mut trouble = None;
    for one in known {
        let at = world.clock.now();
        let revoked = match list.on(&one.certificate, &[], &one.authorities, at) {
            Revocation::Revoked(since) => Some(since),
            Revocation::Good(_) => None,
            other => {
                trouble =
                    Some(format!("the list says nothing about the certificate of {} ({})", one.tenant, other.word()));
                continue;
            }
        };
        world.store.record_lookup(&one.tenant, &Lookup { at, certificate: one.name, revoked }).await?;
    }
    Ok(trouble)
}

impl Known {
    /// Whether an authority that is trusted for the tenant says that it issued it.
    fn is_issued_here(&self) -> bool {
        let identifier = self.certificate.authority_key.as_deref().unwrap_or_default();
        self.authorities.with_key(identifier).next().is_some()
    }
}

/// The installed certificate, where its file was at hand.
async fn at_hand(world: &World<'_>, tenant: &Tenant) -> Result<Option<Known>, Failure> {
    let seen = Ledger::open(world, tenant).await?.sighting().await?;
    let Some(name) = seen.and_then(|seen| seen.installed?.certificate) else { return Ok(None) };
    let Some(certificate) = published::installed(world, tenant).await? else { return Ok(None) };
    let authorities = match &tenant.authorities {
        Some(path) => authorities(path)?,
        None => Authorities::apple(),
    };
    Ok(Some(Known { tenant: tenant.name.clone(), name, certificate, authorities }))
}
