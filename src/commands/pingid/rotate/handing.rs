//! The configurations with the new token: private files for a person, removed as soon as both platforms are switched.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Secret,
    credential::{KnownToken, Rotation, guide},
    pingid::{Format, Platform, render},
};

use super::{Flow, Run};
use crate::{
    commands::{Failure, Kind, ledger::Entry, pingid::config::token, shown},
    portal::Sheet,
};

impl Run<'_> {
    /// Writes the configurations for every platform that is not switched yet.
    pub(super) async fn hand_off(&mut self) -> Result<Flow, Failure> {
        let mut rotation = self.open_rotation();
        let known = rotation.token.clone().expect("a token was added");
        let token = self.token_itself(&known).await?;
        let files = self.files(&rotation, &token);
        let sheets: Vec<_> = files.iter().map(|(name, text)| Sheet { name, bytes: text.reveal().as_bytes() }).collect();
        let folder = PathBuf::from(self.tenant.name.as_str()).join(format!("pingid-{}", rotation.started.iso_date()));
        let path = self.world.portal.hand_off(&folder, &sheets).map_err(|error| {
            Failure::new(Kind::Failed, "hand-off-failed", format!("the hand-off folder cannot be written: {error}"))
                .hinted("nothing is lost; make room, and run it again")
        })?;
        rotation.handed_off = Some(shown(&path));
        let entry = Entry { after: Some(known.fingerprint), ..Entry::of("pingid-configurations-written") };
        self.commit(rotation, entry).await?;
        Ok(Flow::On)
    }

    fn files(&self, rotation: &Rotation, token: &Secret) -> Vec<(&'static str, Secret)> {
        let forms = |platform| match platform {
            Platform::Ios => vec![
                (guide::card_file(platform), Format::Card),
                (guide::PLIST, Format::Plist),
                (guide::APPCONFIG, Format::Appconfig),
            ],
            Platform::Android => vec![(guide::card_file(platform), Format::Card), (guide::JSON, Format::Json)],
        };
        let of = |platform: Platform| {
            let app = self.tenant.credentials.pingid.app(platform);
            forms(platform).into_iter().map(move |(name, format)| (name, render(format, platform, app, token)))
        };
        rotation.platforms.iter().flat_map(|platform| of(*platform)).collect()
    }

    /// The new token itself: as this run made it or was given it, as PingOne holds it, or from a person once more.
    async fn token_itself(&mut self, known: &KnownToken) -> Result<Secret, Failure> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let held = self.sight.as_ref().and_then(|sight| sight.tokens().find(|(print, _)| *print == known.fingerprint));
        if let Some((_, held)) = held {
            return Ok(held.token);
        }
        let brought = token(self.wish.token.as_deref(), self.world.ask)?;
        if self.world.store.keyed_fingerprint(&brought).await? != known.fingerprint {
            let message = "this is another token than the one that was added";
            return Err(Failure::new(Kind::Refused, "token-differs", message)
                .hinted("copy the one with the newest date on PingID's page"));
        }
        Ok(brought)
    }

    /// Removes the configurations.
    pub(super) async fn clean_up(&mut self) -> Result<Flow, Failure> {
        let mut rotation = self.open_rotation();
        self.remove_files(&mut rotation)?;
        self.commit(rotation, Entry::of("pingid-configurations-removed")).await?;
        Ok(Flow::On)
    }

    /// Takes the configurations away, as far as they are still there.
    pub(super) fn remove_files(&self, rotation: &mut Rotation) -> Result<(), Failure> {
        let Some(folder) = rotation.handed_off.take() else { return Ok(()) };
        let names = [
            guide::card_file(Platform::Ios),
            guide::card_file(Platform::Android),
            guide::PLIST,
            guide::APPCONFIG,
            guide::JSON,
        ];
        self.world.portal.take_back(Path::new(&folder), &names).map_err(|error| {
            let message = format!("the configurations in {folder} hold the token, and cannot be removed: {error}");
            Failure::new(Kind::Failed, "not-removed", message).hinted("remove them by hand, and run it again")
        })
    }
}
