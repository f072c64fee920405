//! What a person takes along: the hand-off folder suffices on another machine, without this tool and without a network.

use std::path::{Path, PathBuf};

use pushcert_papers::{Fingerprint, renewal::guide::Card};

use super::Run;
use crate::{
    commands::{Failure, Kind},
    portal::{Handout, Sheet},
};

impl Run<'_> {
    /// Writes these files into a hand-off folder, with the card beside them as text and as a page; the answer is the
    /// folder's path. The card stands under this name.
    pub(super) async fn write_handout<'b>(
        &self,
        name: &str,
        folder: &Path,
        card: &Card,
        files: impl IntoIterator<Item = (String, &'b [u8])>,
        bring_back: &[String],
    ) -> Result<PathBuf, Failure> {
        let files: Vec<_> = files.into_iter().collect();
        let mut facts = self.who_and_what();
        facts.extend(files.iter().map(|(name, bytes)| ("File", format!("{name}, SHA-256 {}", Fingerprint::of(bytes)))));
        if let Some(head) = self.ledger.head().await? {
            facts.push(("Record so far", head.to_string()));
        }
        let title = format!("The Apple push certificate of {}", self.tenant.name);
        let handout = Handout { title: &title, facts: &facts, card, bring_back };
        let (text, page) = (handout.text(), handout.page());
        let (text_name, page_name) = (format!("{name}.txt"), format!("{name}.html"));
        let mut sheets: Vec<_> = files.iter().map(|(name, bytes)| Sheet { name, bytes }).collect();
        sheets.push(Sheet { name: &text_name, bytes: text.as_bytes() });
        sheets.push(Sheet { name: &page_name, bytes: page.as_bytes() });
        self.world.portal.hand_off(folder, &sheets).map_err(|error| {
            Failure::new(Kind::Failed, "hand-off-failed", format!("the hand-off folder cannot be written: {error}"))
                .hinted("nothing is lost; make room or name another folder as  handoff  in the configuration, and run it again")
        })
    }

    /// Whose it is, and whom to ask.
    fn who_and_what(&self) -> Vec<(&'static str, String)> {
        let server = [Some(self.tenant.product.title()), self.tenant.host.as_deref()];
        let server: Vec<_> = server.into_iter().flatten().collect();
        let topic = self.ledger.enrolled_topic().map(ToString::to_string);
        let rows = [
            ("Server", Some(server.join(" · "))),
            ("Enrolled topic", topic),
            ("Ends", self.present().and_then(|present| present.not_after).map(pushcert_papers::Time::date)),
            ("Apple account", self.tenant.apple_account.clone()),
            ("Owner", self.tenant.owner.clone()),
            ("Deputy", self.tenant.deputy.clone()),
            ("Mailbox", self.tenant.mailbox.clone()),
        ];
        rows.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
    }
}
