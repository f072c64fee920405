//! Installed certificates looked up in their authority's list of revoked ones, for the watch.

use std::collections::BTreeMap;

use async_trait::async_trait;
use pushcert_papers::{
    DAY, Fingerprint, TenantName, Time,
    certificate::{Authorities, Certificate, Revocation, RevocationList},
    watch::Lookup,
};

use super::{Failure, World, authorities, published};
use crate::{config::Tenant, store::Book};

/// After so long a certificate is looked up anew. Apple makes a new list every day.
const FRESH: i64 = DAY;

/// Who gets a list.
#[async_trait(?Send)]
pub trait Lists {
    /// Apple's list of revoked push certificates, or the one at a tenant's own address; or why it cannot be had.
    async fn revoked(&self, own: Option<&str>) -> Result<RevocationList, String>;
}

/// A certificate that a list may say something about.
struct Known<'a> {
    tenant: &'a Tenant,
    name: Fingerprint,
    certificate: Certificate,
    authorities: Authorities,
}

/// Looks up what is installed, where somebody's certificate was not looked up for a day. No list is got where Apple issued
/// none of it, or no file of it was ever at hand. The answer says why something could not be learned.
///
/// # Errors
/// When the store cannot be used.
pub async fn look_up(world: &World<'_>, lists: &dyn Lists) -> Result<Option<String>, Failure> {
    let now = world.clock.now();
    let tenants: Vec<_> = world.config.watched().collect();
    let books = world.store.books(&tenants.iter().map(|tenant| &tenant.name).collect::<Vec<_>>()).await?;
    let (due, others): (Vec<_>, Vec<_>) = tenants.into_iter().zip(books).partition(|(_, book)| is_due(book, now));
    let mut known = at_hand(world, due).await?;
    if known.is_empty() {
        return Ok(None);
    }
    // One list answers for all of them, so that tomorrow they are due together.
    known.extend(at_hand(world, others).await?);
    let mut by_list = BTreeMap::<_, Vec<_>>::new();
    for one in known {
        by_list.entry(one.tenant.revocation_list.as_deref()).or_default().push(one);
    }
    let mut trouble = None;
    for (own, known) in by_list {
        match lists.revoked(own).await {
            Ok(list) => trouble = note(world, &list, known).await?.or(trouble),
            Err(why) => trouble = Some(why),
        }
    }
    Ok(trouble)
}

/// Whether the installed certificate is to be looked up: nothing newer than a day is known of it. One that is revoked stays so.
fn is_due(book: &Book, now: Time) -> bool {
    let installed = book.seen.as_ref().and_then(|seen| seen.installed.as_ref()?.certificate);
    let known = book.lookup.as_ref().filter(|lookup| Some(lookup.certificate) == installed);
    installed.is_some() && known.is_none_or(|known| known.revoked.is_none() && now.unix() - known.at.unix() >= FRESH)
}

/// Writes down what a list says of these; the answer is of whom it says nothing.
async fn note(world: &World<'_>, list: &RevocationList, known: Vec<Known<'_>>) -> Result<Option<String>, Failure> {
    let mut silent: Option<(&TenantName, Revocation)> = None;
    for one in known {
        let at = world.clock.now();
        let revoked = match list.on(&one.certificate, &[], &one.authorities, at) {
            Revocation::Revoked(since) => Some(since),
            Revocation::Good(_) => None,
            other => {
                silent = Some((&one.tenant.name, other));
                continue;
            }
        };
        world.store.record_lookup(&one.tenant.name, &Lookup { at, certificate: one.name, revoked }).await?;
    }
    Ok(silent.map(|(tenant, why)| format!("the list says nothing about the certificate of {tenant} ({})", why.word())))
}

/// The certificates of these whose files were at hand, and which an authority issued that is trusted for the tenant.
async fn at_hand<'a>(world: &World<'_>, tenants: Vec<(&'a Tenant, Book)>) -> Result<Vec<Known<'a>>, Failure> {
    let mut found = vec![];
    for (tenant, book) in tenants {
        let Some(name) = book.seen.as_ref().and_then(|seen| seen.installed.as_ref()?.certificate) else { continue };
        if let Some(certificate) = published::of_book(world, tenant, book).await? {
            let authorities = match &tenant.authorities {
                Some(path) => authorities(path)?,
                None => Authorities::apple(),
            };
            found.push(Known { tenant, name, certificate, authorities });
        }
        // There may be thousands of them, and others have something to do.
        tokio::task::yield_now().await;
    }
    found.retain(Known::is_issued_here);
    Ok(found)
}

impl Known<'_> {
    /// Whether an authority that is trusted for the tenant says that it issued it.
    fn is_issued_here(&self) -> bool {
        let identifier = self.certificate.authority_key.as_deref().unwrap_or_default();
        self.authorities.with_key(identifier).next().is_some()
    }
}
