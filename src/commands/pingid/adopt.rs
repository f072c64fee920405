//! `pingid adopt`: a token that is in use already, so that its age is watched.

use std::{collections::BTreeMap, path::Path};

use pushcert_papers::{
    TenantName, Time,
    credential::{Change, End, KnownToken, Outcome as Ended, Place, Purpose, Rotation},
};

use super::{
    super::{
        Event, Failure, Kind, Outcome, World,
        ledger::{Entry, Ledger},
    },
    config::{accepted, token},
};

/// Records when the token in use was made; and its fingerprint, where the token is given.
///
/// # Errors
/// When a rotation is open, the day is still to come, or the store cannot be written.
pub async fn adopt(world: &World<'_>, name: &TenantName, made: Time, file: Option<&Path>) -> Outcome {
    let tenant = world.tenant(name)?;
    let mut ledger = Ledger::open(world, tenant).await?;
    let now = world.clock.now();
    if made > now {
        return Err(Failure::new(Kind::Usage, "made", "a token cannot have been made in the future")
            .hinted("--made is the day that PingID's page shows beside it"));
    }
    if ledger.latest_of::<Rotation>()?.is_some_and(|rotation| rotation.is_open()) {
        return Err(Failure::new(Kind::Refused, "rotation-open", "a rotation is open, and knows the token")
            .hinted(format!("go on with it:  pushcert pingid rotate {name}")));
    }
    let fingerprint = match file {
        Some(path) => {
            let token = token(Some(path), world.ask)?;
            accepted(&token)?;
            Some(world.store.keyed_fingerprint(&token).await?)
        }
        None => None,
    };
    let rotation = Rotation {
        number: ledger.next_number(),
        started: now,
        purpose: Purpose::Replacement,
        place: Place::Portal,
        platforms: vec![],
        soak_days: 0,
        previous_made: Some(made),
        old: vec![],
        token: fingerprint.map(|fingerprint| KnownToken { fingerprint, made: Some(made) }),
        added: Change::Wanted,
        effective_from: None,
        handed_off: None,
        switched: BTreeMap::new(),
        revoked: Change::Wanted,
        accepted: BTreeMap::new(),
        end: Some(End { at: now, outcome: Ended::Adopted, reason: None }),
    };
    let entry = Entry { after: fingerprint, ..Entry::of("pingid-token-adopted") }.with("made", &made.to_string());
    ledger.commit_of(&rotation, vec![], entry).await?;
    world.tell(Event::Note(&format!("The PingID token of {name} is {} days old.", now.days_after(made))));
    Ok(None)
}
