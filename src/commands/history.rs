//! `history`: the record, and whether it is whole.

use pushcert_papers::{Fingerprint, TenantName};

use super::{Event, Failure, Kind, Outcome, Verified, World};

/// Shows the record of one tenant, or of all.
///
/// # Errors
/// When a tenant is not configured, or the store cannot be read.
pub async fn history(world: &World<'_>, tenant: Option<&TenantName>) -> Outcome {
    let mut lines = vec![];
    for name in names(world, tenant)? {
        let record = world.store.audit(&name).await?;
        lines.extend(record.into_iter().map(|line| (name.clone(), line)));
    }
    lines.sort_by_key(|(_, line)| line.entry.at);
    world.tell(Event::History(&lines));
    Ok(None)
}

/// Looks for edits in the record, and for a cut end where a digest is given.
///
/// # Errors
/// When a tenant is not configured, or the store cannot be read.
pub async fn verify(world: &World<'_>, tenant: Option<&TenantName>, head: Option<Fingerprint>) -> Outcome {
    let head = head.map(|head| head.to_string());
    let mut outcome = None;
    for name in names(world, tenant)? {
        let found = world.store.verify_audit(&name, head.as_deref()).await?;
        if found.broken.is_some() {
            outcome = Some(Kind::Refused);
        }
        world.tell(Event::Verified(&Verified {
            tenant: name,
            lines: found.lines,
            head: found.head,
            broken: found.broken,
        }));
    }
    Ok(outcome)
}

fn names(world: &World<'_>, tenant: Option<&TenantName>) -> Result<Vec<TenantName>, Failure> {
    match tenant {
        Some(name) => Ok(vec![world.tenant(name)?.name.clone()]),
        None => Ok(world.config.tenants.keys().cloned().collect()),
    }
}
