//! Who issued a certificate: by signature, not by name.

use super::{Authorities, Authority, Certificate};
use crate::Time;

/// Who issued a certificate.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// An authority that we list, and its signature holds.
    Listed(&'a Authority),
    /// An authority that we list, by its key identifier; but it did not sign this.
    Forged(&'a Authority),
    /// An authority that came along, and that a root of ours signed.
    New {
        /// The authority.
        issuer: &'a Certificate,
        /// The root.
        root: &'a Authority,
    },
    /// Nobody we can name with certainty; the name sounds like Apple's.
    Unverified,
    /// Somebody else.
    Stranger,
}

/// Who issued this certificate. The companions are authorities that came in the same file.
pub fn issuer<'a>(
    certificate: &'a Certificate,
    companions: &'a [Certificate],
    authorities: &'a Authorities,
    now: Time,
) -> Issuer<'a> {
    let identifier = certificate.authority_key.as_deref().unwrap_or_default();
    let mut claimed = None;
    for authority in authorities.with_key(identifier) {
        if certificate.is_signed_by_authority(authority) {
            return Issuer::Listed(authority);
        }
        claimed = Some(authority);
    }
    if let Some(authority) = claimed {
        return Issuer::Forged(authority);
    }
    if let Some(found) = new_issuer(certificate, companions, authorities, now) {
        return found;
    }
    if sounds_like_one_of(certificate, authorities) { Issuer::Unverified } else { Issuer::Stranger }
}

fn new_issuer<'a>(
    certificate: &'a Certificate,
    companions: &'a [Certificate],
    authorities: &'a Authorities,
    now: Time,
) -> Option<Issuer<'a>> {
    let may_issue =
        |companion: &&Certificate| companion.is_authority && !companion.is_self_issued() && now <= companion.not_after;
    let issuer = companions.iter().filter(may_issue).find(|companion| certificate.is_signed_by(companion.spki()))?;
    let root = authorities.roots().find(|root| issuer.is_signed_by_authority(root))?;
    Some(Issuer::New { issuer, root })
}

/// A guess by name alone: good enough to say "not verified" rather than "not Apple's", and for nothing else. Apple's
/// authorities all begin with Apple's name, as its roots do.
fn sounds_like_one_of(certificate: &Certificate, authorities: &Authorities) -> bool {
    let houses = authorities.roots().filter_map(|root| root.name.split_once(' ')).map(|(house, _)| house);
    let begins = |house: &str| certificate.issuer.contains(&format!("CN={house} "));
    houses.into_iter().any(begins) || certificate.issuer.contains("Apple Inc.")
}
