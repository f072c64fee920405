//! What PingOne holds, as it was read in this run.

use pushcert_papers::{
    Fingerprint,
    credential::KnownToken,
    pingid::{HeldToken, Requirements},
};

use super::{Kind, Run};
use crate::{commands::Failure, pingone::PingOneError};

/// The requirements, and the fingerprints of their tokens.
pub(super) struct Sight {
    pub(super) requirements: Requirements,
    fingerprints: Vec<Fingerprint>,
}

impl Sight {
    pub(super) fn fingerprints(&self) -> &[Fingerprint] {
        &self.fingerprints
    }

    /// The tokens with their fingerprints.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (Fingerprint, HeldToken)> {
        self.fingerprints.iter().copied().zip(self.requirements.tokens())
    }

    fn known(&self) -> Vec<KnownToken> {
        self.tokens().map(|(fingerprint, held)| KnownToken { fingerprint, made: held.made }).collect()
    }
}

impl Run<'_> {
    /// Reads what PingOne holds, where it may be asked.
    pub(super) async fn look(&mut self) -> Result<(), Failure> {
        let Some(pingone) = &self.pingone else { return Ok(()) };
        let Some(requirements) = pingone.read().await? else {
            self.sight = None;
            return Ok(());
        };
        let mut fingerprints = vec![];
        for held in requirements.tokens() {
            fingerprints.push(self.world.store.keyed_fingerprint(&held.token).await?);
        }
        self.sight = Some(Sight { requirements, fingerprints });
        Ok(())
    }

    /// Nothing, where PingID asks for no token yet.
    pub(super) fn may_be_first(&self) -> Result<Vec<KnownToken>, Failure> {
        match &self.sight {
            Some(sight) if sight.requirements.is_required() && !sight.known().is_empty() => {
                let message = "PingID asks for a token already, so this is no first set-up";
                Err(Failure::new(Kind::Refused, "token-there", message).hinted(self.command()))
            }
            _ => Ok(vec![]),
        }
    }

    /// The one token that is to go. Others may belong to another server, so of several a person names it.
    pub(super) fn tokens_to_replace(&self) -> Result<Vec<KnownToken>, Failure> {
        if self.pingone.is_none() {
            let known = self.rotation.as_ref().and_then(pushcert_papers::credential::Rotation::in_use);
            return Ok(known.into_iter().cloned().collect());
        }
        let known = self.sight.as_ref().filter(|sight| sight.requirements.is_required()).map(Sight::known);
        let known = known.unwrap_or_default();
        let wanted = |token: &&KnownToken| match self.wish.replaces {
            Some(day) => token.made.is_some_and(|made| made.iso_date() == day.iso_date()),
            None => true,
        };
        let found: Vec<_> = known.iter().filter(wanted).cloned().collect();
        match (known.as_slice(), found.as_slice()) {
            ([], _) => {
                let message = "PingID asks for no token, so there is none to replace";
                Err(Failure::new(Kind::Refused, "no-token", message).hinted(format!("{} --first", self.command())))
            }
            (_, [_]) => Ok(found),
            (all, _) => {
                let days: Vec<_> = all
                    .iter()
                    .map(|token| token.made.map_or_else(|| "unknown".into(), pushcert_papers::Time::iso_date))
                    .collect();
                let message = format!(
                    "PingID holds {} tokens, made on {}; others than this server's devices may use some of them",
                    all.len(),
                    days.join(", ")
                );
                Err(Failure::new(Kind::Waiting, "several-tokens", message)
                    .hinted("say which one is to go:  --replaces DATE, the day on which it was made"))
            }
        }
    }
}

impl From<PingOneError> for Failure {
    fn from(error: PingOneError) -> Self {
        let (kind, code, hint) = match &error {
            PingOneError::SignInRefused { .. } => {
                (Kind::SignIn, "sign-in-refused", "look at client_id and client_secret of pingone in the configuration")
            }
            PingOneError::Forbidden { .. } => {
                (Kind::SignIn, "forbidden", "look at the roles of the worker application in PingOne's console")
            }
            PingOneError::Refused { .. } => {
                (Kind::Failed, "pingone-refused", "nothing was changed; docs/pingid.md says what is known")
            }
            PingOneError::NotUnderstood { .. } => (
                Kind::Failed,
                "pingone-not-understood",
                "nothing was changed: what is not understood is not put back. Use PingID's page instead",
            ),
            PingOneError::Unavailable { .. } => {
                (Kind::Temporary, "pingone-unavailable", "nothing was changed; run the same command again")
            }
            PingOneError::Uncertain { .. } => {
                (Kind::Temporary, "pingone-uncertain", "run the same command again: it looks first")
            }
            PingOneError::Library => (Kind::Failed, "sealing", "nothing was changed"),
        };
        Self::new(kind, code, &error).hinted(hint)
    }
}
