//! `install`: the guarded upload alone. It is a renewal that begins with the certificate and ends with the read-back.

use std::path::PathBuf;

use pushcert_papers::TenantName;

use super::{
    Outcome, World,
    renew::{Accept, Wish, renew},
};

/// Uploads a certificate that passes every check.
///
/// # Errors
/// As for a renewal.
pub async fn install(world: &World<'_>, tenant: &TenantName, file: PathBuf, accept: Accept) -> Outcome {
    let wish = Wish { certificate: Some(file), install_only: true, accept, ..Wish::default() };
    renew(world, tenant, wish).await
}
